/* SPDX-License-Identifier: Apache-2.0 */
/* store_position.c -- where flows stand: batch records read back.
 *
 * Manifests are megabytes, so only the questions of recovery fetch them. */
#include "runtime/store/store_int.h"

#include <inttypes.h>

#define BATCH_COLUMNS                                                                              \
    "select b.id, b.generation_id, g.flow, b.n, b.state, b.step, b.run_id, b.attempt, "            \
    "b.timestamp_ms, b.start_offsets, b.end_offsets, b.read_versions, b.watermarks, "              \
    "b.plan_fingerprint, b.schema_version, b.counters, b.expectations, b.started_ms, "             \
    "b.decided_ms, b.done_ms, b.lag, b.phases, b.cpu_us"
#define BATCH_FROM " from batches b join generations g on g.id = b.generation_id "
#define WITH_MANIFEST                                                                              \
    BATCH_COLUMNS                                                                                  \
    ", m.body, b.stages, b.lateness from batches b join generations g on g.id = b.generation_id "  \
    "left join manifests m on m.batch_id = b.id "
#define WITHOUT_MANIFEST BATCH_COLUMNS ", null, null, null" BATCH_FROM

static sm_code read_state(sm_sv word, sm_batch_state *out, sm_error *err)
{
    for (int i = SM_BATCH_INTENDED; i <= SM_BATCH_DONE; i++) {
        if (sm_sv_eq(word, sm_sv_cstr(sm_batch_state_name((sm_batch_state)i)))) {
            *out = (sm_batch_state)i;
            return SM_OK;
        }
    }
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "the control store holds the impossible batch state "
                   "\"%.*s\"",
                   SM_SV_ARG(word));
}

static sm_code read_batch(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    sm_batch_rec *b = record;

    *b = (sm_batch_rec){
        .id = sm_store__col_int(stmt, 0, 0),
        .generation = sm_store__col_int(stmt, 1, 0),
        .flow = sm_store__col_text(stmt, 2, a),
        .n = sm_store__col_int(stmt, 3, -1),
        .step = sm_store__col_int(stmt, 5, 0),
        .run = sm_store__col_int(stmt, 6, 0),
        .attempt = sm_store__col_int(stmt, 7, 0),
        .timestamp_ms = sm_store__col_int(stmt, 8, 0),
        .start_offsets = sm_store__col_text(stmt, 9, a),
        .end_offsets = sm_store__col_text(stmt, 10, a),
        .read_versions = sm_store__col_text(stmt, 11, a),
        .watermarks = sm_store__col_text(stmt, 12, a),
        .plan_fingerprint = sm_store__col_text(stmt, 13, a),
        .schema_version = sm_store__col_int(stmt, 14, 0),
        .counters = sm_store__col_text(stmt, 15, a),
        .expectations = sm_store__col_text(stmt, 16, a),
        .started_ms = sm_store__col_int(stmt, 17, 0),
        .decided_ms = sm_store__col_int(stmt, 18, 0),
        .done_ms = sm_store__col_int(stmt, 19, 0),
        .lag = sm_store__col_text(stmt, 20, a),
        .phases = sm_store__col_text(stmt, 21, a),
        .cpu_us = sm_store__col_int(stmt, 22, 0),
        .manifest = sm_store__col_text(stmt, 23, a),
        .stages = sm_store__col_text(stmt, 24, a),
        .lateness = sm_store__col_text(stmt, 25, a),
    };
    return read_state(sm_store__col_text(stmt, 4, a), &b->state, err);
}

static sm_code read_target(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_sv *)record = sm_store__col_text(stmt, 0, a);
    return SM_OK;
}

static sm_code read_targets(sm_store *s, sm_batch_rec *b, sm_arena *a, sm_error *err)
{
    sm_store__query q = {
        .sql = "select target from batch_targets where batch_id = ? order by target",
        SM_STORE__WITH(sm_store__int(b->id)),
        .read = read_target,
        .size = sizeof(sm_sv),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);

    b->targets = rows.list;
    b->n_targets = rows.n;
    return rc;
}

/* At most one batch, with its targets; inside a transaction. */
static sm_code find_batch(sm_store *s, const char *sql, const sm_store__arg *args, size_t n_args,
                          sm_arena *a, sm_batch_rec *out, bool *found, sm_error *err)
{
    sm_store__query q = {
        .sql = sql, .args = args, .n_args = n_args, .read = read_batch, .size = sizeof(sm_batch_rec)
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);

    *found = rc == SM_OK && rows.n > 0;
    if (!*found)
        return rc;
    *out = *(sm_batch_rec *)rows.list;
    return read_targets(s, out, a, err);
}

/* ---- one flow ---- */

static sm_code fill_position(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a, sm_position *p,
                             sm_error *err)
{
    sm_code rc =
        sm_store__current_generation(s, pipeline, flow, a, &p->generation, &p->has_generation, err);

    if (rc != SM_OK || !p->has_generation)
        return rc;
    rc =
        find_batch(s, WITH_MANIFEST "where b.generation_id = ? order by b.n desc limit 1",
                   SM_STORE__ARGS(sm_store__int(p->generation.id)), a, &p->last, &p->has_last, err);
    if (rc != SM_OK || !p->has_last)
        return rc;
    p->next = p->last.state == SM_BATCH_INTENDED ? p->last.n : p->last.n + 1;
    if (p->last.state == SM_BATCH_DONE) {
        p->last_done = p->last;
        p->has_done = true;
        return SM_OK;
    }
    return find_batch(s,
                      WITH_MANIFEST "where b.generation_id = ? and b.state = 'done' "
                                    "order by b.n desc limit 1",
                      SM_STORE__ARGS(sm_store__int(p->generation.id)), a, &p->last_done,
                      &p->has_done, err);
}

sm_code sm_store_position(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a, sm_position *out,
                          sm_error *err)
{
    sm_code rc;

    *out = (sm_position){ .next = 0 };
    if ((rc = sm_store__read(s, err)) != SM_OK)
        return rc;
    rc = fill_position(s, pipeline, flow, a, out, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_last_with_actions(sm_store *s, int64_t generation, sm_sv target, sm_arena *a,
                                   sm_batch_rec *out, int64_t *before, sm_error *err)
{
    bool found = false;
    sm_code rc;

    *out = (sm_batch_rec){ .n = -1 };
    *before = -1;
    if ((rc = sm_store__read(s, err)) != SM_OK)
        return rc;
    rc = find_batch(s,
                    WITH_MANIFEST "join batch_targets t on t.batch_id = b.id "
                                  "where t.generation_id = ? and t.target = ? "
                                  "and b.state = 'done' order by t.n desc limit 1",
                    SM_STORE__ARGS(sm_store__int(generation), sm_store__text(target)), a, out,
                    &found, err);
    if (rc == SM_OK && found)
        rc = sm_store__number(
            s,
            "select n from batch_targets where generation_id = ? and target = ? and n < ? "
            "order by n desc limit 1",
            SM_STORE__ARGS(sm_store__int(generation), sm_store__text(target),
                           sm_store__int(out->n)),
            -1, before, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_batch(sm_store *s, int64_t generation, int64_t n, sm_arena *a, sm_batch_rec *out,
                       sm_error *err)
{
    bool found = false;
    sm_code rc;

    if ((rc = sm_store__read(s, err)) != SM_OK)
        return rc;
    rc = find_batch(s, WITH_MANIFEST "where b.generation_id = ? and b.n = ?",
                    SM_STORE__ARGS(sm_store__int(generation), sm_store__int(n)), a, out, &found,
                    err);
    if (rc == SM_OK && !found)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "there is no batch %" PRId64, n);
    return sm_store__end(s, rc, err);
}

/* ---- lists ---- */

static sm_code list_batches(sm_store *s, const sm_store__query *q, sm_arena *a, sm_batch_rec **out,
                            size_t *n, sm_error *err)
{
    sm_store__rows rows = { .list = NULL };
    sm_code rc = sm_store__read(s, err);

    if (rc == SM_OK) {
        rc = sm_store__rows_in(s, q, a, &rows, err);
        for (size_t i = 0; i < rows.n && rc == SM_OK; i++)
            rc = read_targets(s, (sm_batch_rec *)rows.list + i, a, err);
        rc = sm_store__end(s, rc, err);
    }
    *out = rows.list;
    *n = rows.n;
    return rc;
}

/* One text for each index that serves the question. */
static const char *batches_sql(sm_sv flow, int64_t run)
{
    if (run > 0)
        return WITHOUT_MANIFEST "where g.pipeline_id = ?1 and b.run_id = ?3 and b.id < ?4 "
                                "and (?2 = '' or g.flow = ?2) order by b.id desc limit ?5";
    if (flow.len)
        return WITHOUT_MANIFEST "where g.pipeline_id = ?1 and g.flow = ?2 and b.id < ?4 "
                                "and ?3 = 0 order by g.number desc, b.n desc limit ?5";
    /* The plus keeps SQLite from starting at the pipeline and sorting its whole history. */
    return WITHOUT_MANIFEST "where +g.pipeline_id = ?1 and b.id < ?4 and ?2 = '' and ?3 = 0 "
                            "order by b.id desc limit ?5";
}

sm_code sm_store_batches(sm_store *s, int64_t pipeline, sm_sv flow, int64_t run, int64_t before,
                         size_t limit, sm_arena *a, sm_batch_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = batches_sql(flow, run),
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__text(flow), sm_store__int(run),
                       sm_store__int(before > 0 ? before : INT64_MAX),
                       sm_store__int(limit ? (int64_t)limit : 50)),
        .read = read_batch,
        .size = sizeof(sm_batch_rec),
    };

    return list_batches(s, &q, a, out, n, err);
}

sm_code sm_store_open_batches(sm_store *s, int64_t pipeline, sm_arena *a, sm_batch_rec **out,
                              size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = WITHOUT_MANIFEST "where g.pipeline_id = ? and g.state = 'current' "
                                "and b.state = 'decided' and b.state <> 'done' order by b.id",
        SM_STORE__WITH(sm_store__int(pipeline)),
        .read = read_batch,
        .size = sizeof(sm_batch_rec),
    };

    return list_batches(s, &q, a, out, n, err);
}
