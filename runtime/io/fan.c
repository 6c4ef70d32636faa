/* SPDX-License-Identifier: Apache-2.0 */
/* fan.c -- see the header. */
#include "runtime/io/fan.h"

#include "runtime/base/thread.h"

typedef struct fan {
    size_t n;
    sm_code (*work)(void *ctx, size_t i, sm_error *err);
    void *ctx;
    sm_atomic next, failed;
    sm_mutex mutex; /* guards why */
    sm_error why;   /* of the first failure */
} fan;

static void work_on(void *arg)
{
    fan *f = arg;
    sm_error why;
    int64_t i;

    while (sm_atomic_get(&f->failed) == 0 && (i = sm_atomic_add(&f->next, 1)) < (int64_t)f->n) {
        if (f->work(f->ctx, (size_t)i, &why) == SM_OK)
            continue;
        sm_mutex_lock(&f->mutex);
        if (sm_atomic_get(&f->failed) == 0)
            f->why = why;
        sm_atomic_set(&f->failed, 1);
        sm_mutex_unlock(&f->mutex);
    }
}

sm_code sm_fan(size_t n, sm_code (*work)(void *ctx, size_t i, sm_error *err), void *ctx,
               sm_error *err)
{
    fan f = { .n = n, .work = work, .ctx = ctx };
    sm_thread *threads[SM_FAN_WIDTH - 1] = { NULL };
    size_t more = n < SM_FAN_WIDTH ? (n > 0 ? n - 1 : 0) : SM_FAN_WIDTH - 1;
    sm_error ignored; /* with fewer threads it takes longer, no more */

    sm_mutex_init(&f.mutex);
    for (size_t i = 0; i < more; i++)
        if (sm_thread_start("fan", work_on, &f, &threads[i], &ignored) != SM_OK)
            break;
    work_on(&f);
    for (size_t i = 0; i < more; i++)
        sm_thread_join(threads[i]);
    sm_mutex_release(&f.mutex);
    if (sm_atomic_get(&f.failed) == 0)
        return SM_OK;
    *err = f.why;
    return err->code;
}
