/* SPDX-License-Identifier: Apache-2.0 */
/* store_generations.c -- the lives of a flow's checkpoint.
 *
 * A flow has at most one current generation (a unique index says so).  Beginning another one
 * makes it old in the same transaction; its records stay for history, its files of state are
 * named for deletion by whoever begins the new one. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

static const char *const whys[] = {
    [SM_GENERATION_FIRST] = "first",
    [SM_GENERATION_FULL_REFRESH] = "full_refresh",
    [SM_GENERATION_RESET] = "reset",
    [SM_GENERATION_ADOPT] = "adopt",
};

const char *sm_generation_why_name(sm_generation_why why)
{
    return whys[why];
}

sm_code sm_store__put_generation(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                 int64_t *id, sm_error *err)
{
    int64_t number = 0;
    int64_t now = sm_clock_now_ms();
    sm_code rc;

    rc = sm_store__run(
        s,
        "update generations set state = 'old', ended_ms = ? "
        "where pipeline_id = ? and flow = ? and state = 'current'",
        SM_STORE__ARGS(sm_store__int(now), sm_store__int(o->pipeline), sm_store__text(w->flow)),
        NULL, err);
    if (rc != SM_OK)
        return rc;
    rc = sm_store__number(
        s, "select max(number) from generations where pipeline_id = ? and flow = ?",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(w->flow)), 0, &number, err);
    if (rc != SM_OK)
        return rc;
    return sm_store__number(
        s,
        "insert into generations (pipeline_id, flow, target, uuid, number, why, state, "
        "started_ms, ended_ms) values (?, ?, ?, ?, ?, ?, 'current', ?, 0) returning id",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(w->flow),
                       sm_store__text(w->target), sm_store__text(w->uuid),
                       sm_store__int(number + 1), sm_store__text(sm_sv_cstr(whys[w->why])),
                       sm_store__int(now)),
        0, id, err);
}

sm_code sm_store_generation_begin(sm_store *s, const sm_owner *o,
                                  const sm_generation_switch *switches, size_t n, int64_t *ids,
                                  sm_error *err)
{
    int64_t id = 0;
    sm_code rc = sm_store__begin(s, o, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < n && rc == SM_OK; i++) {
        rc = sm_store__put_generation(s, o, &switches[i], &id, err);
        if (ids)
            ids[i] = id;
    }
    return sm_store__end(s, rc, err);
}

static sm_code read_generation(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    size_t why = 0;
    sm_code rc = SM_STORE__FIND_WORD(sm_store__col_text(stmt, 5, a), whys, &why, err);

    *(sm_generation *)record = (sm_generation){
        .id = sm_store__col_int(stmt, 0, 0),
        .flow = sm_store__col_text(stmt, 1, a),
        .target = sm_store__col_text(stmt, 2, a),
        .uuid = sm_store__col_text(stmt, 3, a),
        .number = sm_store__col_int(stmt, 4, 0),
        .why = (sm_generation_why)why,
        .current = sm_store__col_int(stmt, 6, 0) != 0,
        .started_ms = sm_store__col_int(stmt, 7, 0),
        .ended_ms = sm_store__col_int(stmt, 8, 0),
    };
    return rc;
}

#define GENERATION_COLUMNS                                                                         \
    "select id, flow, target, uuid, number, why, state = 'current', started_ms, "                  \
    "ended_ms from generations "

sm_code sm_store_generations(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a,
                             sm_generation **out, size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = flow.len ? GENERATION_COLUMNS "where pipeline_id = ? and flow = ? "
                                             "order by number desc"
                        : GENERATION_COLUMNS "where pipeline_id = ? and ? = '' "
                                             "and state = 'current' order by flow",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(flow)),
        .read = read_generation,
        .size = sizeof(sm_generation),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store__generation(sm_store *s, int64_t id, sm_arena *a, sm_generation *out,
                             sm_error *err)
{
    sm_store__query q = {
        .sql = GENERATION_COLUMNS "where id = ?",
        SM_STORE__WITH(sm_store__int(id)),
        .read = read_generation,
        .size = sizeof(sm_generation),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);

    if (rc != SM_OK)
        return rc;
    if (rows.n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no generation with id %lld",
                       (long long)id);
    *out = *(sm_generation *)rows.list;
    return SM_OK;
}

sm_code sm_store__current_generation(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a,
                                     sm_generation *out, bool *found, sm_error *err)
{
    sm_store__query q = {
        .sql = GENERATION_COLUMNS "where pipeline_id = ? and flow = ? and state = 'current'",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(flow)),
        .read = read_generation,
        .size = sizeof(sm_generation),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);

    *found = rc == SM_OK && rows.n == 1;
    if (*found)
        *out = *(sm_generation *)rows.list;
    return rc;
}
