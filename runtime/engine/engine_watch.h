/* SPDX-License-Identifier: Apache-2.0 */
/* engine_watch.h -- a session that has only so much time. */
#ifndef SM_ENGINE_ENGINE_WATCH_H
#define SM_ENGINE_ENGINE_WATCH_H

#include "runtime/engine/engine.h"

typedef struct sm_watchdog sm_watchdog;

/* From `ms` on, whatever the session runs is interrupted, until the end.  The session is borrowed
 * until then; *out is owned: sm_watchdog_end(). */
sm_code sm_watchdog_start(sm_session *s, int64_t ms, sm_watchdog **out, sm_error *err);
/* Did the time run out?  NULL is fine: no. */
bool sm_watchdog_end(sm_watchdog *w);

#endif
