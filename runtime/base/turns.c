/* SPDX-License-Identifier: Apache-2.0 */
/* turns.c -- see the header. */
#include "runtime/base/turns.h"

#include "runtime/base/clock.h"

void sm_turns_init(sm_turns *t, int n)
{
    *t = (sm_turns){ .left = n };
    sm_mutex_init(&t->mu);
    sm_cond_init(&t->freed);
}

void sm_turns_release(sm_turns *t)
{
    sm_cond_release(&t->freed);
    sm_mutex_release(&t->mu);
}

bool sm_turns_take(sm_turns *t, int64_t timeout_ms)
{
    int64_t until = sm_clock_boot_ms() + timeout_ms, rest;
    bool mine;

    sm_mutex_lock(&t->mu);
    while (t->left == 0 && (rest = until - sm_clock_boot_ms()) > 0)
        (void)sm_cond_wait_ms(&t->freed, &t->mu, rest);
    mine = t->left > 0;
    t->left -= mine;
    sm_mutex_unlock(&t->mu);
    return mine;
}

void sm_turns_give(sm_turns *t)
{
    sm_mutex_lock(&t->mu);
    t->left++;
    sm_cond_signal(&t->freed);
    sm_mutex_unlock(&t->mu);
}
