/* SPDX-License-Identifier: Apache-2.0 */
/* engine_zone.h -- the time zones of the world, as the engine knows them. */
#ifndef SM_ENGINE_ENGINE_ZONE_H
#define SM_ENGINE_ENGINE_ZONE_H

#include "runtime/base/zone.h"
#include "runtime/engine/engine.h"

/* Is it Universal Time by one of its names?  Then nobody has to ask. */
bool sm_zone_is_utc(sm_sv name);

/* How `name` lies between two moments; *out lives in `a`.  SM_E_NOT_FOUND: there is no such zone.
 */
sm_code sm_session_zone(sm_session *s, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                        sm_zone *out, sm_error *err);
/* The zone whose name comes close; "" when none does. */
sm_code sm_session_zone_near(sm_session *s, sm_sv name, sm_arena *a, sm_sv *out, sm_error *err);

#endif
