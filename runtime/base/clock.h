/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h -- what time it is, and how times and durations are written.
 *
 * The wall clock can be set by tests (sm_clock_set_ms, or SM_CLOCK=<RFC 3339> in the
 * environment, which stops it there).  Timeouts and backoff use the boot clock, which
 * nobody sets.  This is one of the few places with global state. */
#ifndef SM_BASE_CLOCK_H
#define SM_BASE_CLOCK_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

int64_t sm_clock_now_ms(void);  /* wall, since 1970, UTC */
int64_t sm_clock_true_ms(void); /* the same, never set: what others compare with their clock */
int64_t sm_clock_boot_ms(void); /* monotonic, counts sleep */
int64_t sm_clock_boot_us(void);
int64_t sm_clock_cpu_us(void);    /* time of the processor that this process took */
void sm_clock_set_ms(int64_t ms); /* stop the wall clock there; < 0 lets it run again */

/* "2026-11-22T06:01:43.503Z"; lives in `a`. */
sm_sv sm_time_rfc3339(int64_t ms, sm_arena *a);
void sm_buf_add_time(sm_buf *b, int64_t ms);
/* RFC 3339 with zone, fraction optional. */
sm_code sm_time_parse(sm_sv text, int64_t *ms_out, sm_error *err);

/* "500ms" "10s" "5m" "2h" "1d" "10 minutes" "2 hours": milliseconds. */
sm_code sm_parse_duration(sm_sv text, int64_t *ms_out, sm_error *err);
/* "64MiB" "1GB" "512 kB" "1024": bytes. */
sm_code sm_parse_size(sm_sv text, int64_t *bytes_out, sm_error *err);

/* For people: "4.9 s", "38 ms", "2 min 3 s"; "1.2 MB"; "120,334". */
void sm_buf_add_duration(sm_buf *b, int64_t ms);
void sm_buf_add_size(sm_buf *b, int64_t bytes);
void sm_buf_add_count(sm_buf *b, int64_t n);

#endif
