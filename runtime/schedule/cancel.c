/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.c -- a flag, and what to call when it is set. */
#include "runtime/schedule/cancel.h"

#include <stdlib.h>

#include "runtime/base/arena.h"
#include "runtime/base/thread.h"

struct sm_cancel {
    sm_mutex mu;
    bool asked;
    void (*stop)(void *arg);
    void *arg;
};

sm_cancel *sm_cancel_new(void)
{
    sm_cancel *c = sm_xcalloc(1, sizeof *c);

    sm_mutex_init(&c->mu);
    return c;
}

void sm_cancel_free(sm_cancel *c)
{
    if (c == NULL)
        return;
    sm_mutex_release(&c->mu);
    free(c);
}

void sm_cancel_bind(sm_cancel *c, void (*stop)(void *arg), void *arg)
{
    sm_mutex_lock(&c->mu);
    c->stop = stop;
    c->arg = arg;
    if (c->asked)
        stop(arg);
    sm_mutex_unlock(&c->mu);
}

void sm_cancel_unbind(sm_cancel *c)
{
    sm_mutex_lock(&c->mu);
    c->stop = NULL;
    sm_mutex_unlock(&c->mu);
}

void sm_cancel_ask(sm_cancel *c)
{
    sm_mutex_lock(&c->mu);
    if (!c->asked && c->stop != NULL)
        c->stop(c->arg);
    c->asked = true;
    sm_mutex_unlock(&c->mu);
}

bool sm_cancel_asked(sm_cancel *c)
{
    bool asked;

    sm_mutex_lock(&c->mu);
    asked = c->asked;
    sm_mutex_unlock(&c->mu);
    return asked;
}
