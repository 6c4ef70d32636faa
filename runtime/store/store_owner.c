/* SPDX-License-Identifier: Apache-2.0 */
/* store_owner.c -- pipelines and who may write their records; compiled plans.
 *
 * The OFD lock keeps two runs of a pipeline apart on one host; the epoch keeps apart what the
 * lock cannot: a process that was stopped for hours, lost its lock with its file system, and
 * wakes up in the middle of a write.  The epoch only grows, and every writing transaction
 * compares it first. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

enum { KEY_MAX = 128 };

/* ---- acquire ---- */

static sm_code take_epoch(sm_store *s, sm_sv pipeline, sm_sv holder, sm_owner *out, sm_error *err)
{
    int64_t now = sm_clock_now_ms();
    sm_code rc = sm_store__number(
        s,
        "insert into pipelines (name, epoch, holder, acquired_ms, created_ms) "
        "values (?1, 1, ?2, ?3, ?3) on conflict (name) do update set epoch = epoch + 1, "
        "holder = excluded.holder, acquired_ms = excluded.acquired_ms returning id",
        SM_STORE__ARGS(sm_store__text(pipeline), sm_store__text(holder), sm_store__int(now)), 0,
        &out->pipeline, err);

    if (rc != SM_OK)
        return rc;
    return sm_store__number(s, "select epoch from pipelines where id = ?",
                            SM_STORE__ARGS(sm_store__int(out->pipeline)), 0, &out->epoch, err);
}

sm_code sm_store_acquire(sm_store *s, sm_sv pipeline, sm_sv holder, sm_owner *out, int64_t *closed,
                         sm_error *err)
{
    sm_code rc = sm_store_follow(s, err);

    if (rc != SM_OK || (rc = sm_store__begin(s, NULL, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    if ((rc = take_epoch(s, pipeline, holder, out, err)) == SM_OK)
        rc = sm_store__close_dead_runs(s, out, closed, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_owner_check(sm_store *s, const sm_owner *o, sm_error *err)
{
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__check_epoch(s, o, err);
    return sm_store__end(s, rc, err);
}

/* ---- pipelines ---- */

#define PIPELINE_COLUMNS "select id, name, epoch, holder, acquired_ms, created_ms from pipelines "

static sm_code read_pipeline(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_pipeline_rec *)record = (sm_pipeline_rec){
        .id = sm_store__col_int(stmt, 0, 0),
        .name = sm_store__col_text(stmt, 1, a),
        .epoch = sm_store__col_int(stmt, 2, 0),
        .holder = sm_store__col_text(stmt, 3, a),
        .acquired_ms = sm_store__col_int(stmt, 4, 0),
        .created_ms = sm_store__col_int(stmt, 5, 0),
    };
    return SM_OK;
}

sm_code sm_store_pipeline(sm_store *s, sm_sv name, sm_arena *a, sm_pipeline_rec *out, sm_error *err)
{
    sm_store__query q = {
        .sql = PIPELINE_COLUMNS "where name = ?",
        SM_STORE__WITH(sm_store__text(name)),
        .read = read_pipeline,
        .size = sizeof(sm_pipeline_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc != SM_OK)
        return rc;
    if (rows.n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" has not run here yet",
                       SM_SV_ARG(name));
    *out = *(sm_pipeline_rec *)rows.list;
    return SM_OK;
}

sm_code sm_store_pipelines(sm_store *s, sm_arena *a, sm_pipeline_rec **out, size_t *n,
                           sm_error *err)
{
    sm_store__query q = {
        .sql = PIPELINE_COLUMNS "order by name",
        .read = read_pipeline,
        .size = sizeof(sm_pipeline_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

/* ---- plans ---- */

static sm_code read_plan(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_sv *)record = sm_store__col_text(stmt, 0, a);
    return SM_OK;
}

const char *sm_store_lock_path(sm_arena *a, sm_sv state_path, sm_sv pipeline)
{
    return sm_arena_printf(a, "%.*s/control/%.*s.lock", SM_SV_ARG(state_path), SM_SV_ARG(pipeline))
        .ptr;
}

sm_code sm_store_plan_get(sm_store *s, sm_sv key, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_store__query q = {
        .sql = "select plan from plans where key = ?",
        SM_STORE__WITH(sm_store__text(key)),
        .read = read_plan,
        .size = sizeof(sm_sv),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc != SM_OK)
        return rc;
    if (rows.n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "the plan is not kept");
    *out = *(sm_sv *)rows.list;
    return SM_OK;
}

sm_code sm_store_plan_put(sm_store *s, sm_sv key, sm_sv plan, sm_error *err)
{
    sm_code rc;

    if ((rc = sm_store__bounded(key, KEY_MAX, "key of a plan", err)) != SM_OK)
        return rc;
    if ((rc = sm_store__bounded(plan, SM_STORE_MANIFEST_MAX, "plan", err)) != SM_OK)
        return rc;
    if ((rc = sm_store__begin(s, NULL, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    rc = sm_store__run(
        s,
        "insert or replace into plans (id, key, plan, created_ms) values "
        "((select ifnull(max(id), 0) + 1 from plans), ?, ?, ?)",
        SM_STORE__ARGS(sm_store__text(key), sm_store__text(plan), sm_store__int(sm_clock_now_ms())),
        NULL, err);
    if (rc == SM_OK)
        rc = sm_store__run(s,
                           "delete from plans where id not in "
                           "(select id from plans order by id desc limit ?)",
                           SM_STORE__ARGS(sm_store__int(SM_STORE_PLANS_KEPT)), NULL, err);
    return sm_store__end(s, rc, err);
}
