/* SPDX-License-Identifier: Apache-2.0 */
/* engine_watch.c -- see the header. */
#include "runtime/engine/engine_watch.h"

#include <stdlib.h>

#include "runtime/base/arena.h"
#include "runtime/base/thread.h"

enum { AGAIN_MS = 100 }; /* an interrupt between two statements is lost: say it again */

struct sm_watchdog {
    sm_mutex mu;
    sm_cond changed;
    sm_session *session;
    sm_thread *thread;
    int64_t ms;
    bool done, fired; /* guarded by mu */
};

static void watch(void *arg)
{
    sm_watchdog *w = arg;
    int64_t wait = w->ms;

    sm_mutex_lock(&w->mu);
    while (!w->done) {
        if (sm_cond_wait_ms(&w->changed, &w->mu, wait) || w->done)
            continue;
        w->fired = true;
        wait = AGAIN_MS;
        sm_session_interrupt(w->session);
    }
    sm_mutex_unlock(&w->mu);
}

static void free_watchdog(sm_watchdog *w)
{
    sm_cond_release(&w->changed);
    sm_mutex_release(&w->mu);
    free(w);
}

sm_code sm_watchdog_start(sm_session *s, int64_t ms, sm_watchdog **out, sm_error *err)
{
    sm_watchdog *w = sm_xcalloc(1, sizeof *w);
    sm_code rc;

    w->session = s;
    w->ms = ms;
    sm_mutex_init(&w->mu);
    sm_cond_init(&w->changed);
    rc = sm_thread_start("smelt-watchdog", watch, w, &w->thread, err);
    if (rc != SM_OK)
        free_watchdog(w);
    *out = rc == SM_OK ? w : NULL;
    return rc;
}

bool sm_watchdog_end(sm_watchdog *w)
{
    bool fired;

    if (w == NULL)
        return false;
    sm_mutex_lock(&w->mu);
    w->done = true;
    sm_cond_signal(&w->changed);
    sm_mutex_unlock(&w->mu);
    sm_thread_join(w->thread);
    fired = w->fired;
    free_watchdog(w);
    return fired;
}
