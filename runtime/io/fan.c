/* SPDX-License-Identifier: Apache-2.0 */
/* fan.c -- see the header. */
#include "runtime/io/fan.h"

#include <stdlib.h>

#include "runtime/base/str.h"
#include "runtime/base/thread.h"

struct sm_fan_run {
    size_t n;
    sm_fan_work work;
    void *ctx;
    sm_thread *threads[SM_FAN_WIDTH];
    sm_mutex mutex; /* guards all below */
    sm_cond moved;
    size_t next;
    bool *done;
    bool over;    /* no other begins */
    sm_error why; /* of the first failure; code SM_OK: there is none */
};

static void fan_init(sm_fan_run *r, size_t n, sm_fan_work work, void *ctx)
{
    *r = (sm_fan_run){ .n = n, .work = work, .ctx = ctx };
    r->done = sm_xcalloc(n + 1, sizeof *r->done);
    sm_mutex_init(&r->mutex);
    sm_cond_init(&r->moved);
}

static void fan_release(sm_fan_run *r)
{
    for (size_t i = 0; i < SM_FAN_WIDTH; i++)
        sm_thread_join(r->threads[i]);
    sm_cond_release(&r->moved);
    sm_mutex_release(&r->mutex);
    free(r->done);
}

/* With r->mutex. */
static void fan_note(sm_fan_run *r, size_t i, sm_code rc, const sm_error *why)
{
    r->done[i] = rc == SM_OK;
    if (rc != SM_OK && r->why.code == SM_OK)
        r->why = *why;
    r->over = r->over || rc != SM_OK;
    sm_cond_broadcast(&r->moved);
}

static void fan_work_on(void *arg)
{
    sm_fan_run *r = arg;
    sm_error why;

    sm_mutex_lock(&r->mutex);
    while (!r->over && r->next < r->n) {
        size_t i = r->next++;

        sm_mutex_unlock(&r->mutex);
        sm_code rc = r->work(r->ctx, i, &why);
        sm_mutex_lock(&r->mutex);
        fan_note(r, i, rc, &why);
    }
    sm_mutex_unlock(&r->mutex);
}

/* How many could be had: with fewer it takes longer, no more. */
static size_t fan_start(sm_fan_run *r, size_t most, sm_error *err)
{
    size_t n = 0;

    while (n < most && n < r->n &&
           sm_thread_start("fan", fan_work_on, r, &r->threads[n], err) == SM_OK)
        n++;
    return n;
}

sm_code sm_fan(size_t n, sm_fan_work work, void *ctx, sm_error *err)
{
    sm_fan_run r;
    sm_error ignored;

    if (n == 0)
        return SM_OK;
    fan_init(&r, n, work, ctx);
    (void)fan_start(&r, n < SM_FAN_WIDTH ? n - 1 : SM_FAN_WIDTH - 1, &ignored);
    fan_work_on(&r);
    fan_release(&r);
    if (r.why.code != SM_OK)
        *err = r.why;
    return r.why.code;
}

sm_code sm_fan_begin(size_t n, sm_fan_work work, void *ctx, sm_fan_run **out, sm_error *err)
{
    sm_fan_run *r = sm_xcalloc(1, sizeof *r);
    sm_code rc = SM_OK;

    fan_init(r, n, work, ctx);
    if (n > 0 && fan_start(r, SM_FAN_WIDTH, err) == 0)
        rc = err->code;
    if (rc != SM_OK) {
        sm_fan_end(r);
        r = NULL;
    }
    *out = r;
    return rc;
}

sm_code sm_fan_wait(sm_fan_run *r, size_t i, sm_error *err)
{
    bool done;

    sm_mutex_lock(&r->mutex);
    while (!r->done[i] && r->why.code == SM_OK)
        sm_cond_wait(&r->moved, &r->mutex);
    done = r->done[i];
    if (!done)
        *err = r->why;
    sm_mutex_unlock(&r->mutex);
    return done ? SM_OK : err->code;
}

sm_code sm_fan_judge(sm_fan_run *r, sm_error *err)
{
    sm_code rc;

    sm_mutex_lock(&r->mutex);
    if ((rc = r->why.code) != SM_OK)
        *err = r->why;
    sm_mutex_unlock(&r->mutex);
    return rc;
}

void sm_fan_end(sm_fan_run *r)
{
    if (r == NULL)
        return;
    sm_mutex_lock(&r->mutex);
    r->over = true;
    sm_mutex_unlock(&r->mutex);
    fan_release(r);
    free(r);
}
