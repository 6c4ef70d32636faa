/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_meter.h -- how much of the time of the processor a piece of work took.
 *
 * The system counts it for the whole process, whose threads work for whoever asks.  So it is
 * shared: while n pieces of work go on, each gets an n-th of what passes.
 *
 *     begun = enter(m) ... read(m, begun) ... leave(m)
 *
 * Thread-safe. */
#ifndef SM_BASE_CPU_METER_H
#define SM_BASE_CPU_METER_H

#include <stdint.h>

typedef struct sm_cpu_meter sm_cpu_meter;

sm_cpu_meter *sm_cpu_meter_new(void);    /* owned: sm_cpu_meter_free() */
void sm_cpu_meter_free(sm_cpu_meter *m); /* NULL is fine */

int64_t sm_cpu_meter_enter(sm_cpu_meter *m);
/* Microseconds since it was entered, of who got `begun` and has not left. */
int64_t sm_cpu_meter_read(sm_cpu_meter *m, int64_t begun);
void sm_cpu_meter_leave(sm_cpu_meter *m);

#endif
