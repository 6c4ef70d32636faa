/* SPDX-License-Identifier: Apache-2.0 */
/* store_generations.c -- the lives of a flow's checkpoint.
 *
 *     reserved ──▶ current ──▶ old
 *         └──▶ dropped
 *
 * A flow has at most one current generation (a unique index says so).  Beginning another one
 * makes it old in the same transaction; its records stay for history, its files of state are
 * named for deletion by whoever begins the new one.  A full refresh reserves its generation
 * before its batch 0 and makes it current with the decision; one that died on the way is
 * dropped by the next. */
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

static sm_code end_state(sm_store *s, const sm_owner *o, sm_sv flow, const char *from,
                         const char *to, sm_error *err)
{
    return sm_store__run(s,
                         "update generations set state = ?, ended_ms = ? "
                         "where pipeline_id = ? and flow = ? and state = ?",
                         SM_STORE__ARGS(sm_store__text(sm_sv_cstr(to)),
                                        sm_store__int(sm_clock_now_ms()),
                                        sm_store__int(o->pipeline), sm_store__text(flow),
                                        sm_store__text(sm_sv_cstr(from))),
                         NULL, err);
}

static sm_code insert_generation(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                 const char *state, int64_t *id, sm_error *err)
{
    return sm_store__number(
        s,
        "insert into generations (pipeline_id, flow, target, uuid, number, why, state, "
        "started_ms, ended_ms) values (?1, ?2, ?3, ?4, (select ifnull(max(number), 0) + 1 "
        "from generations where pipeline_id = ?1 and flow = ?2), ?5, ?6, ?7, 0) returning id",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__text(w->flow),
                       sm_store__text(w->target), sm_store__text(w->uuid),
                       sm_store__text(sm_sv_cstr(whys[w->why])), sm_store__text(sm_sv_cstr(state)),
                       sm_store__int(sm_clock_now_ms())),
        0, id, err);
}

static sm_code use_reserved(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                            int64_t *id, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc =
        sm_store__run(s,
                      "update generations set state = 'current', started_ms = ? "
                      "where id = ? and pipeline_id = ? and flow = ? "
                      "and state = 'reserved'",
                      SM_STORE__ARGS(sm_store__int(sm_clock_now_ms()), sm_store__int(w->reserved),
                                     sm_store__int(o->pipeline), sm_store__text(w->flow)),
                      &changed, err);

    if (rc == SM_OK && changed != 1)
        rc = sm_store__refuse(err, "generation %lld of flow \"%.*s\" is not reserved",
                              (long long)w->reserved, SM_SV_ARG(w->flow));
    *id = w->reserved;
    return rc;
}

sm_code sm_store__put_generation(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                 int64_t *id, sm_error *err)
{
    sm_code rc = end_state(s, o, w->flow, "current", "old", err);

    if (rc != SM_OK)
        return rc;
    if (w->reserved > 0)
        return use_reserved(s, o, w, id, err);
    return insert_generation(s, o, w, "current", id, err);
}

sm_code sm_store_generation_reserve(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                    int64_t *id, sm_error *err)
{
    sm_code rc = sm_store__begin(s, o, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = end_state(s, o, w->flow, "reserved", "dropped", err)) == SM_OK)
        rc = insert_generation(s, o, w, "reserved", id, err);
    return sm_store__end(s, rc, err);
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
        .sql = flow.len ? GENERATION_COLUMNS
                   "where pipeline_id = ? and flow = ? and state in ('current', 'old') "
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
