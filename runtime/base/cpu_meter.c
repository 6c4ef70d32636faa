/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_meter.c -- see the header.
 *
 * `share` is what one piece of work would have got that went on since the meter was made; what one
 * got is by how much it grew meanwhile. */
#include "runtime/base/cpu_meter.h"

#include <assert.h>
#include <stdlib.h>

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "runtime/base/thread.h"

struct sm_cpu_meter {
    sm_mutex mu;
    int64_t n;     /* pieces of work that go on; guarded by mu, as all below */
    int64_t cpu;   /* of the process at the last look, us */
    int64_t share; /* us */
};

sm_cpu_meter *sm_cpu_meter_new(void)
{
    sm_cpu_meter *m = sm_xcalloc(1, sizeof *m);

    sm_mutex_init(&m->mu);
    return m;
}

void sm_cpu_meter_free(sm_cpu_meter *m)
{
    if (m == NULL)
        return;
    sm_mutex_release(&m->mu);
    free(m);
}

/* With mu held. */
static void look(sm_cpu_meter *m)
{
    int64_t now = sm_clock_cpu_us();

    if (m->n > 0)
        m->share += (now - m->cpu) / m->n;
    m->cpu = now;
}

int64_t sm_cpu_meter_enter(sm_cpu_meter *m)
{
    int64_t begun;

    sm_mutex_lock(&m->mu);
    look(m);
    m->n++;
    begun = m->share;
    sm_mutex_unlock(&m->mu);
    return begun;
}

int64_t sm_cpu_meter_read(sm_cpu_meter *m, int64_t begun)
{
    int64_t got;

    sm_mutex_lock(&m->mu);
    assert(m->n > 0);
    look(m);
    got = m->share - begun;
    sm_mutex_unlock(&m->mu);
    return got;
}

void sm_cpu_meter_leave(sm_cpu_meter *m)
{
    sm_mutex_lock(&m->mu);
    assert(m->n > 0);
    look(m);
    m->n--;
    sm_mutex_unlock(&m->mu);
}
