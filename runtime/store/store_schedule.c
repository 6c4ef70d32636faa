/* SPDX-License-Identifier: Apache-2.0 */
/* store_schedule.c -- pauses and slots. */
#include "runtime/store/store_schedule.h"

#include "runtime/base/clock.h"
#include "runtime/base/log.h"
#include "runtime/store/store_int.h"

enum { AHEAD_MS = 60 * 1000 }; /* by which clocks of servers may differ */

static sm_code read_schedule(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_schedule_rec *)record = (sm_schedule_rec){
        .paused = sm_store__col_int(stmt, 0, 0) != 0,
        .paused_by = sm_store__col_text(stmt, 1, a),
        .changed_ms = sm_store__col_int(stmt, 2, 0),
        .slot_ms = sm_store__col_int(stmt, 3, 0),
    };
    return SM_OK;
}

sm_code sm_store_schedule(sm_store *s, sm_sv pipeline, sm_arena *a, sm_schedule_rec *out,
                          sm_error *err)
{
    sm_store__query q = {
        .sql = "select paused, paused_by, changed_ms, slot_ms from schedules where pipeline = ?",
        SM_STORE__WITH(sm_store__text(pipeline)),
        .read = read_schedule,
        .size = sizeof(sm_schedule_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = (sm_schedule_rec){ .paused_by = SM_SV("") };
    if (rc == SM_OK && rows.n > 0)
        *out = *(sm_schedule_rec *)rows.list;
    return rc;
}

sm_code sm_store_schedule_pause(sm_store *s, sm_sv pipeline, bool paused, sm_sv by, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "insert into schedules (pipeline, paused, paused_by, changed_ms) "
                       "values (?1, ?2, ?3, ?4) on conflict (pipeline) do update set "
                       "paused = ?2, paused_by = ?3, changed_ms = ?4",
                       SM_STORE__ARGS(sm_store__text(pipeline), sm_store__int(paused),
                                      sm_store__text(by), sm_store__int(sm_clock_now_ms())),
                       NULL, err);
    return sm_store__end(s, rc, err);
}

bool sm_slot_is_believed(int64_t slot_ms, int64_t now_ms)
{
    return slot_ms <= now_ms + AHEAD_MS;
}

sm_code sm_store_schedule_give_back(sm_store *s, sm_sv pipeline, int64_t slot_ms, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update schedules set slot_ms = slot_ms - 1 "
                       "where pipeline = ?1 and slot_ms = ?2",
                       SM_STORE__ARGS(sm_store__text(pipeline), sm_store__int(slot_ms)), NULL, err);
    return sm_store__end(s, rc, err);
}

static sm_code replace_future(sm_store *s, sm_sv pipeline, int64_t slot_ms, int64_t now_ms,
                              int64_t *changed, sm_error *err)
{
    sm_code rc =
        sm_store__run(s, "update schedules set slot_ms = ?2 where pipeline = ?1 and slot_ms > ?3",
                      SM_STORE__ARGS(sm_store__text(pipeline), sm_store__int(slot_ms),
                                     sm_store__int(now_ms + AHEAD_MS)),
                      changed, err);

    if (rc == SM_OK && *changed > 0)
        sm_log(SM_LOG_WARN, "schedule",
               "pipeline=%.*s its last slot was in the future, as of a clock that was ahead: "
               "replaced",
               SM_SV_ARG(pipeline));
    return rc;
}

sm_code sm_store_schedule_slot(sm_store *s, sm_sv pipeline, int64_t slot_ms, int64_t now_ms,
                               sm_error *err)
{
    int64_t changed = 0;
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "insert into schedules (pipeline, slot_ms) values (?1, ?2) "
                       "on conflict (pipeline) do update set slot_ms = ?2 where slot_ms < ?2",
                       SM_STORE__ARGS(sm_store__text(pipeline), sm_store__int(slot_ms)), &changed,
                       err);
    if (rc == SM_OK && changed == 0)
        rc = replace_future(s, pipeline, slot_ms, now_ms, &changed, err);
    if (rc == SM_OK && changed == 0)
        rc = sm_fail(err, SM_E_CONFLICT, 0,
                     "this slot of pipeline \"%.*s\", or a later one, has had its run already",
                     SM_SV_ARG(pipeline));
    return sm_store__end(s, rc, err);
}
