/* SPDX-License-Identifier: Apache-2.0 */
/* store_batches.c -- how the record of a micro-batch is written.
 *
 * THE LIFE OF A RECORD (the life of a batch is in runtime/exec/flow.c)
 *
 *     none ──intend──▶ intended ──decide──▶ decided ──done──▶ done
 *       └────────────────decide────────────────┘ │
 *       ◀───────────────────void─────────────────┘  nobody has published it
 *
 * Invariants, checked before each write, inside its transaction:
 *   (1) A record belongs to the current generation of its flow, in the owner's pipeline.
 *   (2) Numbers of a generation are 0, 1, 2 …; only the newest record is not done.
 *   (3) A decided record never changes but to done; its manifest is a row of its own.
 *   (4) The manifest of the last done batch with actions for a target is kept: a commit lost at a
 * power cut is published again from it. (5) Records decided in one transaction share a step, and
 * are closed or voided one by one (done) or together (void).
 *
 * One transaction may also close the step before, begin generations, name old state for
 * deletion, and write progress and events: what belongs together is written together. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

#include <inttypes.h>

static const char *const states[] = {
    [SM_BATCH_IDLE] = "idle",         [SM_BATCH_RUNNING] = "running",
    [SM_BATCH_INTENDED] = "intended", [SM_BATCH_DECIDED] = "decided",
    [SM_BATCH_DONE] = "done",
};

const char *sm_batch_state_name(sm_batch_state state)
{
    return states[state];
}

/* ---- what is there ---- */

/* The newest record of a generation. */
typedef struct newest {
    int64_t id, n; /* n = -1: there is none */
    sm_batch_state state;
    bool same_range; /* as the record in question */
} newest;

static sm_code read_newest(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    size_t state = 0;
    sm_code rc = SM_STORE__FIND_WORD(sm_store__col_text(stmt, 2, a), states, &state, err);

    *(newest *)record = (newest){
        .id = sm_store__col_int(stmt, 0, 0),
        .n = sm_store__col_int(stmt, 1, -1),
        .state = (sm_batch_state)state,
        .same_range = sm_store__col_int(stmt, 3, 0) != 0,
    };
    return rc;
}

static sm_code find_newest(sm_store *s, const sm_batch_rec *b, sm_arena *a, newest *out,
                           sm_error *err)
{
    sm_store__query q = {
        .sql = "select id, n, state, start_offsets = ? and end_offsets = ? from batches "
               "where generation_id = ? order by n desc limit 1",
        SM_STORE__WITH(sm_store__text(b->start_offsets), sm_store__text(b->end_offsets),
                       sm_store__int(b->generation)),
        .read = read_newest,
        .size = sizeof(newest),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);

    *out =
        rc == SM_OK && rows.n ? *(newest *)rows.list : (newest){ .n = -1, .state = SM_BATCH_DONE };
    return rc;
}

/* Invariant (1). */
static sm_code check_current(sm_store *s, const sm_owner *o, int64_t generation, sm_error *err)
{
    int64_t current = 0;
    sm_code rc = sm_store__number(
        s, "select state = 'current' from generations where id = ? and pipeline_id = ?",
        SM_STORE__ARGS(sm_store__int(generation), sm_store__int(o->pipeline)), -1, &current, err);

    if (rc != SM_OK || current == 1)
        return rc;
    if (current == 0)
        return sm_store__refuse(
            err, "generation %" PRId64 " is old: the flow has begun another one", generation);
    return sm_fail(err, SM_E_INVALID, 0, "this pipeline has no generation with id %" PRId64,
                   generation);
}

/* Invariant (2): may `b` be the next record?  `last->state` tells then whether it is new or
 * takes the place of its intent. */
static sm_code check_next(sm_store *s, const sm_owner *o, const sm_batch_rec *b, sm_arena *a,
                          newest *last, sm_error *err)
{
    sm_code rc;

    if ((rc = check_current(s, o, b->generation, err)) != SM_OK)
        return rc;
    if ((rc = find_newest(s, b, a, last, err)) != SM_OK)
        return rc;
    if (last->state == SM_BATCH_INTENDED && last->n == b->n) {
        if (last->same_range)
            return SM_OK;
        return sm_store__refuse(err, "batch %" PRId64 " was intended for another range", b->n);
    }
    if (last->state != SM_BATCH_DONE)
        return sm_store__refuse(err, "batch %" PRId64 " is %s and not done", last->n,
                                states[last->state]);
    if (b->n != last->n + 1)
        return sm_store__refuse(err, "batch %" PRId64 " cannot follow batch %" PRId64, b->n,
                                last->n);
    return SM_OK;
}

static sm_code check_texts(const sm_batch_rec *b, sm_error *err)
{
    sm_code rc;

    if ((rc = sm_store__bounded(b->manifest, SM_STORE_MANIFEST_MAX, "manifest", err)) != SM_OK)
        return rc;
    if ((rc = sm_store__bounded(b->start_offsets, SM_STORE_MANIFEST_MAX, "offsets", err)) != SM_OK)
        return rc;
    return sm_store__bounded(b->end_offsets, SM_STORE_MANIFEST_MAX, "offsets", err);
}

/* ---- write one record ---- */

static sm_code insert_batch(sm_store *s, sm_batch_rec *b, sm_error *err)
{
    return sm_store__number(
        s,
        "insert into batches (generation_id, n, state, step, run_id, attempt, timestamp_ms, "
        "start_offsets, end_offsets, read_versions, watermarks, plan_fingerprint, "
        "schema_version, counters, expectations, started_ms, decided_ms, done_ms, stages, "
        "lateness, lag) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "returning id",
        SM_STORE__ARGS(sm_store__int(b->generation), sm_store__int(b->n),
                       sm_store__text(sm_sv_cstr(states[b->state])), sm_store__int(b->step),
                       sm_store__id_or_null(b->run), sm_store__int(b->attempt),
                       sm_store__int(b->timestamp_ms), sm_store__text(b->start_offsets),
                       sm_store__text(b->end_offsets), sm_store__text_or_null(b->read_versions),
                       sm_store__text_or_null(b->watermarks), sm_store__text(b->plan_fingerprint),
                       sm_store__int(b->schema_version), sm_store__text_or_null(b->counters),
                       sm_store__text_or_null(b->expectations), sm_store__int(b->started_ms),
                       sm_store__int(b->decided_ms), sm_store__int(b->done_ms),
                       sm_store__text_or_null(b->stages), sm_store__text_or_null(b->lateness),
                       sm_store__text_or_null(b->lag)),
        0, &b->id, err);
}

/* The record before may still be needed, should this one be voided; what stood before that not. */
static sm_code forget_stages(sm_store *s, const sm_batch_rec *b, sm_error *err)
{
    if (b->stages.len == 0)
        return SM_OK;
    return sm_store__run(
        s,
        "update batches set stages = null, lateness = null where generation_id = ? and n = ? and "
        "state = 'done'",
        SM_STORE__ARGS(sm_store__int(b->generation), sm_store__int(b->n - 2)), NULL, err);
}

static sm_code put_manifest(sm_store *s, const sm_batch_rec *b, sm_error *err)
{
    sm_code rc = SM_OK;

    if (b->manifest.len)
        rc = sm_store__run(
            s, "insert into manifests (batch_id, generation_id, n, body) values (?, ?, ?, ?)",
            SM_STORE__ARGS(sm_store__int(b->id), sm_store__int(b->generation), sm_store__int(b->n),
                           sm_store__text(b->manifest)),
            NULL, err);
    for (size_t i = 0; i < b->n_targets && rc == SM_OK; i++)
        rc = sm_store__run(s,
                           "insert into batch_targets (generation_id, target, n, batch_id) "
                           "values (?, ?, ?, ?)",
                           SM_STORE__ARGS(sm_store__int(b->generation),
                                          sm_store__text(b->targets[i]), sm_store__int(b->n),
                                          sm_store__int(b->id)),
                           NULL, err);
    return rc;
}

/* The files of the ranges get the number of the batch. */
static sm_code mark_files(sm_store *s, const sm_batch_rec *b, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; i < b->n_files && rc == SM_OK; i++)
        rc = sm_store__run(s,
                           "update source_files set batch = ? where generation_id = ? "
                           "and source = ? and seq > ? and seq <= ?",
                           SM_STORE__ARGS(sm_store__int(b->n), sm_store__int(b->generation),
                                          sm_store__text(b->files[i].source),
                                          sm_store__int(b->files[i].from),
                                          sm_store__int(b->files[i].to)),
                           NULL, err);
    return rc;
}

/* ---- decide ---- */

/* `*step` is the id of the first record of the transaction, 0 before it. */
static sm_code decide_record(sm_store *s, const sm_owner *o, sm_batch_rec *b, int64_t *step,
                             sm_arena *a, sm_error *err)
{
    newest last;
    sm_code rc;

    if ((rc = check_texts(b, err)) != SM_OK)
        return rc;
    if ((rc = check_next(s, o, b, a, &last, err)) != SM_OK)
        return rc;
    if (last.state == SM_BATCH_INTENDED) { /* the decision takes the place of the intent */
        rc = sm_store__run(s, "delete from batches where id = ?",
                           SM_STORE__ARGS(sm_store__int(last.id)), NULL, err);
        if (rc != SM_OK)
            return rc;
    }
    b->decided_ms = sm_clock_now_ms();
    b->done_ms = b->state == SM_BATCH_DONE ? b->decided_ms : 0;
    b->step = *step;
    if ((rc = insert_batch(s, b, err)) != SM_OK || (rc = forget_stages(s, b, err)) != SM_OK)
        return rc;
    if (*step == 0) {
        *step = b->step = b->id;
        rc = sm_store__run(s, "update batches set step = id where id = ?",
                           SM_STORE__ARGS(sm_store__int(b->id)), NULL, err);
        if (rc != SM_OK)
            return rc;
    }
    if ((rc = put_manifest(s, b, err)) != SM_OK)
        return rc;
    return mark_files(s, b, err);
}

/* Begin the generations; records of a flow that switches get its new one. */
static sm_code apply_switches(sm_store *s, const sm_owner *o, sm_decision *d, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; i < d->n_switches && rc == SM_OK; i++) {
        int64_t id = 0;

        rc = sm_store__put_generation(s, o, &d->switches[i], &id, err);
        for (size_t k = 0; k < d->n_records && rc == SM_OK; k++) {
            sm_batch_rec *b = &d->records[k];

            if (sm_sv_eq(b->flow, d->switches[i].flow))
                b->generation = id;
        }
    }
    return rc;
}

static sm_code mark_one_done(sm_store *s, const sm_owner *o, sm_batch_key key, sm_error *err);

static sm_code decide_records(sm_store *s, const sm_owner *o, sm_decision *d, sm_error *err)
{
    sm_arena *a = sm_arena_new("store decide");
    int64_t step = 0;
    sm_code rc = SM_OK;

    for (size_t i = 0; i < d->n_records && rc == SM_OK; i++)
        rc = decide_record(s, o, &d->records[i], &step, a, err);
    sm_arena_free(a);
    return rc;
}

static sm_code decide_in(sm_store *s, const sm_owner *o, sm_decision *d, sm_error *err)
{
    sm_code rc;

    for (size_t i = 0; i < d->n_done; i++) {
        if ((rc = mark_one_done(s, o, d->done[i], err)) != SM_OK)
            return rc;
    }
    if ((rc = apply_switches(s, o, d, err)) != SM_OK)
        return rc;
    if ((rc = decide_records(s, o, d, err)) != SM_OK)
        return rc;
    rc = sm_store__put_deletions(s, o, d->delete_paths, d->n_delete_paths, d->delete_why, err);
    if (rc != SM_OK)
        return rc;
    if ((rc = sm_store__put_run_flows(s, o, 0, d->progress, d->n_progress, err)) != SM_OK)
        return rc;
    return sm_store__put_events(s, o, d->events, d->n_events, &d->last_event, err);
}

sm_code sm_store_decide(sm_store *s, const sm_owner *o, sm_decision *d, sm_error *err)
{
    sm_code rc;

    d->last_event = 0;
    for (size_t i = 0; i < d->n_records; i++) {
        const sm_batch_rec *b = &d->records[i];

        if (b->state != SM_BATCH_DECIDED && (b->state != SM_BATCH_DONE || b->n_targets != 0))
            return sm_fail(err, SM_E_INVALID, 0, "batch %" PRId64 " cannot be decided as %s", b->n,
                           states[b->state]);
    }
    if ((rc = sm_store__begin(s, o, SM_STORE__DURABLE, err)) != SM_OK)
        return rc;
    if ((rc = decide_in(s, o, d, err)) == SM_OK)
        rc = sm_store__put_decision(s, err);
    return sm_store__end(s, rc, err);
}

/* ---- intend ---- */

sm_code sm_store_intend(sm_store *s, const sm_owner *o, sm_batch_rec *b, sm_error *err)
{
    sm_arena *a = NULL;
    newest last;
    sm_code rc;

    if ((rc = check_texts(b, err)) != SM_OK)
        return rc;
    if ((rc = sm_store__begin(s, o, SM_STORE__DURABLE, err)) != SM_OK)
        return rc;
    a = sm_arena_new("store intend");
    if ((rc = check_next(s, o, b, a, &last, err)) != SM_OK)
        goto done;
    b->state = SM_BATCH_INTENDED;
    b->step = 0;
    b->decided_ms = b->done_ms = 0;
    if (last.state == SM_BATCH_INTENDED)
        b->id = last.id;
    else
        rc = insert_batch(s, b, err);
done:
    sm_arena_free(a);
    return sm_store__end(s, rc, err);
}

/* ---- done ---- */

/* Invariant (4): a batch with actions frees the manifests before it, but those which are the
 * last with actions for some target. */
static sm_code drop_old_manifests(sm_store *s, sm_batch_key key, sm_error *err)
{
    return sm_store__run(s,
                         "delete from manifests where generation_id = ?1 and n < ?2 and exists "
                         "(select 1 from batch_targets where batch_id = "
                         "(select id from batches where generation_id = ?1 and n = ?2)) "
                         "and not exists (select 1 from batch_targets t where t.batch_id = "
                         "manifests.batch_id and not exists (select 1 from batch_targets later "
                         "where later.generation_id = ?1 and later.target = t.target "
                         "and later.n > t.n and later.n <= ?2))",
                         SM_STORE__ARGS(sm_store__int(key.generation), sm_store__int(key.n)), NULL,
                         err);
}

static sm_code mark_one_done(sm_store *s, const sm_owner *o, sm_batch_key key, sm_error *err)
{
    int64_t changed = 0;
    int64_t done = 0;
    sm_code rc;

    rc = sm_store__run(s,
                       "update batches set state = 'done', done_ms = ?, phases = ?, "
                       "cpu_us = nullif(?, 0) "
                       "where generation_id = ? and n = ? and state = 'decided' and exists "
                       "(select 1 from generations where id = generation_id and pipeline_id = ?)",
                       SM_STORE__ARGS(sm_store__int(sm_clock_now_ms()),
                                      sm_store__text_or_null(key.phases), sm_store__int(key.cpu_us),
                                      sm_store__int(key.generation), sm_store__int(key.n),
                                      sm_store__int(o->pipeline)),
                       &changed, err);
    if (rc != SM_OK)
        return rc;
    if (changed == 1)
        return drop_old_manifests(s, key, err);
    rc = sm_store__number(s,
                          "select count(*) from batches where generation_id = ? and n = ? "
                          "and state = 'done'",
                          SM_STORE__ARGS(sm_store__int(key.generation), sm_store__int(key.n)), 0,
                          &done, err);
    if (rc == SM_OK && done == 0)
        rc = sm_store__refuse(err, "batch %" PRId64 " of generation %" PRId64 " is not decided",
                              key.n, key.generation);
    return rc;
}

sm_code sm_store_mark_done(sm_store *s, const sm_owner *o, sm_done *d, sm_error *err)
{
    sm_code rc;

    d->last_event = 0;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < d->n_keys && rc == SM_OK; i++)
        rc = mark_one_done(s, o, d->keys[i], err);
    if (rc == SM_OK)
        rc = sm_store__put_run_flows(s, o, 0, d->progress, d->n_progress, err);
    if (rc == SM_OK)
        rc = sm_store__put_events(s, o, d->events, d->n_events, &d->last_event, err);
    return sm_store__end(s, rc, err);
}

/* ---- void ---- */

static sm_code void_one(sm_store *s, const sm_owner *o, sm_batch_key key, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc;

    rc = sm_store__run(s,
                       "update source_files set batch = null where generation_id = ? "
                       "and batch = ?",
                       SM_STORE__ARGS(sm_store__int(key.generation), sm_store__int(key.n)), NULL,
                       err);
    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "delete from batches where generation_id = ?1 and n = ?2 "
                       "and state = 'decided' "
                       "and n = (select max(n) from batches where generation_id = ?1) "
                       "and exists (select 1 from generations where id = ?1 "
                       "and pipeline_id = ?3)",
                       SM_STORE__ARGS(sm_store__int(key.generation), sm_store__int(key.n),
                                      sm_store__int(o->pipeline)),
                       &changed, err);
    if (rc == SM_OK && changed != 1)
        rc = sm_store__refuse(
            err, "batch %" PRId64 " of generation %" PRId64 " is not the newest, or not decided",
            key.n, key.generation);
    return rc;
}

static sm_code put_void_event(sm_store *s, const sm_owner *o, sm_batch_key key, int64_t run,
                              sm_sv why, sm_error *err)
{
    sm_arena *a = sm_arena_new("store void");
    sm_generation g;
    sm_code rc = sm_store__generation(s, key.generation, a, &g, err);

    if (rc == SM_OK) {
        sm_event_rec e = {
            .run = run,
            .level = SM_EVENT_WARN,
            .type = SM_SV("batch_voided"),
            .dataset = g.target,
            .flow = g.flow,
            .batch = key.n,
            .message = why,
        };

        rc = sm_store__put_events(s, o, &e, 1, NULL, err);
    }
    sm_arena_free(a);
    return rc;
}

sm_code sm_store_void(sm_store *s, const sm_owner *o, const sm_batch_key *keys, size_t n,
                      int64_t run, sm_sv why, sm_error *err)
{
    sm_code rc = sm_store__begin(s, o, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < n && rc == SM_OK; i++) {
        if ((rc = void_one(s, o, keys[i], err)) == SM_OK)
            rc = put_void_event(s, o, keys[i], run, why, err);
    }
    return sm_store__end(s, rc, err);
}
