/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c -- POSIX threads, with the checks in one place. */
#include "runtime/base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/str.h"

enum { PAUSE_LOOK_MS = 50 };

struct sm_thread {
    pthread_t id;
    void (*fn)(void *);
    void *arg;
};

static void must(int rc, const char *what)
{
    if (rc != 0) {
        fprintf(stderr, "smelt: %s failed with %d\n", what, rc);
        abort();
    }
}

void sm_mutex_init(sm_mutex *m)
{
    must(pthread_mutex_init(&m->m, NULL), "pthread_mutex_init");
}

void sm_mutex_lock(sm_mutex *m)
{
    must(pthread_mutex_lock(&m->m), "pthread_mutex_lock");
}

void sm_mutex_unlock(sm_mutex *m)
{
    must(pthread_mutex_unlock(&m->m), "pthread_mutex_unlock");
}

void sm_mutex_release(sm_mutex *m)
{
    must(pthread_mutex_destroy(&m->m), "pthread_mutex_destroy");
}

void sm_cond_init(sm_cond *c)
{
    pthread_condattr_t attr;

    must(pthread_condattr_init(&attr), "pthread_condattr_init");
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), "pthread_condattr_setclock");
    must(pthread_cond_init(&c->c, &attr), "pthread_cond_init");
    pthread_condattr_destroy(&attr);
}

void sm_cond_wait(sm_cond *c, sm_mutex *m)
{
    must(pthread_cond_wait(&c->c, &m->m), "pthread_cond_wait");
}

bool sm_cond_wait_ms(sm_cond *c, sm_mutex *m, int64_t timeout_ms)
{
    struct timespec until;
    int rc;

    if (timeout_ms < 0) {
        sm_cond_wait(c, m);
        return true;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    rc = pthread_cond_timedwait(&c->c, &m->m, &until);
    if (rc == ETIMEDOUT)
        return false;
    must(rc, "pthread_cond_timedwait");
    return true;
}

bool sm_pause_ms(int64_t ms, bool (*enough)(const void *ctx), const void *ctx)
{
    for (; ms > 0; ms -= PAUSE_LOOK_MS) {
        int64_t step = ms < PAUSE_LOOK_MS ? ms : PAUSE_LOOK_MS;
        struct timespec left = { .tv_nsec = (long)step * 1000000L };

        while (nanosleep(&left, &left) != 0 && errno == EINTR)
            continue;
        if (enough(ctx))
            return false;
    }
    return true;
}

void sm_cond_signal(sm_cond *c)
{
    must(pthread_cond_signal(&c->c), "pthread_cond_signal");
}

void sm_cond_broadcast(sm_cond *c)
{
    must(pthread_cond_broadcast(&c->c), "pthread_cond_broadcast");
}

void sm_cond_release(sm_cond *c)
{
    must(pthread_cond_destroy(&c->c), "pthread_cond_destroy");
}

void sm_once_run(sm_once *o, void (*fn)(void))
{
    must(pthread_once(&o->o, fn), "pthread_once");
}

static void *thread_main(void *arg)
{
    sm_thread *t = arg;

    t->fn(t->arg);
    return NULL;
}

/* A fault of the thread itself must reach its handler in the thread. */
static void fill_with_asynchronous(sigset_t *set)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

    sigfillset(set);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(set, faults[i]);
}

sm_code sm_thread_start(const char *name, void (*fn)(void *), void *arg, sm_thread **out,
                        sm_error *err)
{
    sm_thread *t = sm_xcalloc(1, sizeof *t);
    char shown[16]; /* the kernel keeps no more */
    sigset_t all, old;
    int rc;

    *out = NULL;
    t->fn = fn;
    t->arg = arg;
    fill_with_asynchronous(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    rc = pthread_create(&t->id, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        free(t);
        return sm_fail_errno(err, rc, "could not start thread \"%s\"", name);
    }
    snprintf(shown, sizeof shown, "%s", name);
    pthread_setname_np(t->id, shown);
    *out = t;
    return SM_OK;
}

void sm_thread_join(sm_thread *t)
{
    if (t == NULL)
        return;
    must(pthread_join(t->id, NULL), "pthread_join");
    free(t);
}

int sm_cpu_count(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1 : n;
}
