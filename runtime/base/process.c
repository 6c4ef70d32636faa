/* SPDX-License-Identifier: Apache-2.0 */
/* process.c -- run another program and take what it prints. */
#include "runtime/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct pipes {
    int out[2], complaint[2]; /* read end, write end */
} pipes;

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close_end(&p->out[i]);
        close_end(&p->complaint[i]);
    }
}

static int spawn(const char *const *argv, const pipes *p, pid_t *pid)
{
    posix_spawn_file_actions_t act;
    int rc;

    posix_spawn_file_actions_init(&act);
    posix_spawn_file_actions_addopen(&act, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&act, p->out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&act, p->complaint[1], STDERR_FILENO);
    rc = posix_spawnp(pid, argv[0], &act, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&act);
    return rc;
}

/* Read what is there; at the end the pipe is closed. */
static void take(int *fd, sm_buf *to)
{
    char bytes[16 * 1024];
    ssize_t n;

    do
        n = read(*fd, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        sm_buf_add(to, (sm_sv){ bytes, (size_t)n });
    else
        close_end(fd);
}

static void take_all(pipes *p, sm_buf *out, sm_buf *complaint)
{
    while (p->out[0] >= 0 || p->complaint[0] >= 0) {
        struct pollfd fds[2] = { { .fd = p->out[0], .events = POLLIN },
                                 { .fd = p->complaint[0], .events = POLLIN } };

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (p->out[0] >= 0 && fds[0].revents != 0)
            take(&p->out[0], out);
        if (p->complaint[0] >= 0 && fds[1].revents != 0)
            take(&p->complaint[0], complaint);
    }
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

sm_code sm_process_run(const char *const *argv, sm_buf *out, sm_buf *complaint, int *status,
                       sm_error *err)
{
    pipes p = { { -1, -1 }, { -1, -1 } };
    pid_t pid;
    int rc;

    if (pipe2(p.out, O_CLOEXEC) != 0 || pipe2(p.complaint, O_CLOEXEC) != 0)
        rc = errno;
    else
        rc = spawn(argv, &p, &pid);
    if (rc != 0) {
        close_pipes(&p);
        return rc == ENOENT
                   ? sm_fail(err, SM_E_NOT_FOUND, rc, "there is no program \"%s\"", argv[0])
                   : sm_fail_errno(err, rc, "could not run \"%s\"", argv[0]);
    }
    close_end(&p.out[1]);
    close_end(&p.complaint[1]);
    take_all(&p, out, complaint);
    close_pipes(&p);
    *status = wait_for(pid);
    return SM_OK;
}
