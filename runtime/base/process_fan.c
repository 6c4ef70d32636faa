/* SPDX-License-Identifier: Apache-2.0 */
/* process_fan.c -- copies of this process, each with a pipe back. */
#include "runtime/base/process_fan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct child {
    pid_t pid; /* 0: the place is free */
    int fd;
    size_t i;
    sm_buf out;
} child;

typedef struct fan {
    const sm_process_fan *f;
    child children[SM_PROCESS_FAN_MOST];
    size_t next;
    int working;
} fan;

static void write_all(int fd, sm_sv bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        bytes = sm_sv_sub(bytes, (size_t)n, bytes.len);
    }
}

/* In the copy.  _exit: what this process had in its buffers is the other's to print. */
static void be_child(const sm_process_fan *f, size_t i, int fd)
{
    sm_buf out;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sm_buf_init(&out, f->max);
    f->work(f->ctx, i, &out);
    write_all(fd, sm_buf_sv(&out));
    fflush(stderr);
    _exit(0);
}

static sm_code start(fan *w, child *c, sm_error *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return sm_fail_errno(err, errno, "could not make a pipe");
    fflush(stdout);
    fflush(stderr);
    c->pid = fork();
    if (c->pid == 0) {
        close(fds[0]);
        be_child(w->f, w->next, fds[1]);
    }
    close(fds[1]);
    if (c->pid < 0) {
        c->pid = 0;
        close(fds[0]);
        return sm_fail_errno(err, errno, "could not start a process");
    }
    c->fd = fds[0];
    c->i = w->next++;
    sm_buf_init(&c->out, w->f->max);
    w->working++;
    return SM_OK;
}

static sm_code start_some(fan *w, sm_error *err)
{
    for (int k = 0; k < w->f->at_once; k++) {
        if (w->next == w->f->n || (w->f->stopping != NULL && w->f->stopping(w->f->ctx)))
            return SM_OK;
        if (w->children[k].pid == 0 && start(w, &w->children[k], err) != SM_OK)
            return err->code;
    }
    return SM_OK;
}

static int reap(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What is there to read; at its end the child is done. */
static void take(fan *w, child *c)
{
    char bytes[16 * 1024];
    ssize_t n;
    int status;

    do
        n = read(c->fd, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        sm_buf_add(&c->out, (sm_sv){ bytes, (size_t)n });
        return;
    }
    close(c->fd);
    status = reap(c->pid);
    c->pid = 0;
    w->working--;
    w->f->done(w->f->ctx, c->i, sm_buf_sv(&c->out), status);
    sm_buf_release(&c->out);
}

static void wait_some(fan *w)
{
    struct pollfd fds[SM_PROCESS_FAN_MOST];
    child *of[SM_PROCESS_FAN_MOST];
    nfds_t n = 0;

    for (int k = 0; k < w->f->at_once; k++) {
        if (w->children[k].pid == 0)
            continue;
        of[n] = &w->children[k];
        fds[n++] = (struct pollfd){ .fd = w->children[k].fd, .events = POLLIN };
    }
    if (poll(fds, n, -1) < 0)
        return; /* a signal: the caller asks whether to stop */
    for (nfds_t k = 0; k < n; k++)
        if (fds[k].revents != 0)
            take(w, of[k]);
}

static void end_all(fan *w)
{
    for (int k = 0; k < w->f->at_once; k++)
        if (w->children[k].pid != 0)
            kill(w->children[k].pid, SIGKILL);
    while (w->working > 0)
        wait_some(w);
}

sm_code sm_process_fan_out(const sm_process_fan *f, sm_error *err)
{
    fan w = { .f = f };
    sm_code rc = start_some(&w, err);

    while (rc == SM_OK && w.working > 0) {
        wait_some(&w);
        if (f->stopping != NULL && f->stopping(f->ctx))
            end_all(&w);
        else
            rc = start_some(&w, err);
    }
    if (rc != SM_OK)
        end_all(&w);
    return rc;
}
