/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c -- the handler writes a byte, a thread reads it and cancels the run: cancelling
 * takes a mutex, which a handler must not. */
#include "ui/cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/thread.h"

enum { END = 0 }; /* no signal has this number */

static sm_thread *watcher;
static int first_signal = END; /* written by the watcher, read when it has been joined */
static int pipe_fds[2] = { -1, -1 };

static void send(int number)
{
    unsigned char byte = (unsigned char)number;
    int saved = errno;
    ssize_t ignored = write(pipe_fds[1], &byte, 1);

    (void)ignored;
    errno = saved;
}

static int receive(void)
{
    unsigned char byte = END;

    while (read(pipe_fds[0], &byte, 1) < 0 && errno == EINTR)
        continue;
    return byte;
}

static void watch(void *arg)
{
    sm_run *run = arg;
    int number = receive();

    first_signal = number;
    if (number == END)
        return;
    fprintf(stderr, "\nsmelt: stopping: what is decided is finished; Ctrl-C again stops now\n");
    sm_run_cancel(run);
    if ((number = receive()) == END)
        return;
    fprintf(stderr, "\nsmelt: stopped; the next run goes on where this one was\n");
    _exit(128 + number);
}

static void handle(int number, void (*fn)(int))
{
    struct sigaction act = { .sa_handler = fn, .sa_flags = SA_RESTART };

    sigemptyset(&act.sa_mask);
    sigaction(number, &act, NULL);
}

void sm_signals_begin(sm_run *run)
{
    sm_error ignored;

    if (pipe(pipe_fds) != 0)
        return; /* then a signal ends the process at once, which loses nothing */
    if (sm_thread_start("smelt-signals", watch, run, &watcher, &ignored) != SM_OK)
        return;
    handle(SIGINT, send);
    handle(SIGTERM, send);
}

int sm_signals_end(void)
{
    if (watcher == NULL)
        return END;
    handle(SIGINT, SIG_DFL);
    handle(SIGTERM, SIG_DFL);
    send(END);
    sm_thread_join(watcher);
    watcher = NULL;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return first_signal;
}
