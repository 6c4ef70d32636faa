/* SPDX-License-Identifier: Apache-2.0 */
/* store_runs.c -- runs and what each flow did in them.
 *
 * The order of the states is the order of the enum; a run moves to the right and stops at the
 * first final state.  A run whose process died is closed by the next owner of the pipeline:
 * only that one knows, by the lock it holds, that nobody is there any more. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

#include <stdio.h>

static const char *const run_states[] = {
    [SM_RUN_QUEUED] = "queued",
    [SM_RUN_INITIALIZING] = "initializing",
    [SM_RUN_SETTING_UP_TABLES] = "setting_up_tables",
    [SM_RUN_RUNNING] = "running",
    [SM_RUN_STOPPING] = "stopping",
    [SM_RUN_COMPLETED] = "completed",
    [SM_RUN_FAILED] = "failed",
    [SM_RUN_CANCELED] = "canceled",
};

static const char *const flow_states[] = {
    [SM_RUN_FLOW_WAITING] = "waiting",     [SM_RUN_FLOW_RUNNING] = "running",
    [SM_RUN_FLOW_SUCCEEDED] = "succeeded", [SM_RUN_FLOW_WARNINGS] = "succeeded_with_warnings",
    [SM_RUN_FLOW_FAILED] = "failed",       [SM_RUN_FLOW_SKIPPED] = "skipped",
    [SM_RUN_FLOW_STOPPED] = "stopped",     [SM_RUN_FLOW_IDLE] = "idle",
    [SM_RUN_FLOW_EXCLUDED] = "excluded",   [SM_RUN_FLOW_HELD] = "held_back",
};

const char *sm_run_state_name(sm_run_state state)
{
    return run_states[state];
}

bool sm_run_state_final(sm_run_state state)
{
    return state >= SM_RUN_COMPLETED;
}

const char *sm_run_flow_state_name(sm_run_flow_state state)
{
    return flow_states[state];
}

/* ---- write ---- */

sm_code sm_store_run_create(sm_store *s, const sm_owner *o, sm_run_rec *r, sm_error *err)
{
    int64_t number = 0;
    int64_t now = sm_clock_now_ms();
    sm_code rc;

    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    rc = sm_store__number(s, "select max(number) from runs where pipeline_id = ?",
                          SM_STORE__ARGS(sm_store__int(o->pipeline)), 0, &number, err);
    if (rc != SM_OK)
        goto done;
    rc = sm_store__number(
        s,
        "insert into runs (pipeline_id, number, state, warnings, cause, git_commit, target, "
        "selection, options, plan_fingerprint, created_ms, started_ms, ended_ms) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) returning id",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__int(number + 1),
                       sm_store__text(sm_sv_cstr(run_states[r->state])), sm_store__int(r->warnings),
                       sm_store__text(r->cause), sm_store__text_or_null(r->commit),
                       sm_store__text_or_null(r->target), sm_store__text_or_null(r->selection),
                       sm_store__text_or_null(r->options),
                       sm_store__text_or_null(r->plan_fingerprint), sm_store__int(now),
                       sm_store__int(r->state == SM_RUN_QUEUED ? 0 : now)),
        0, &r->id, err);
    if (rc != SM_OK)
        goto done;
    r->pipeline = o->pipeline;
    r->number = number + 1;
    r->created_ms = now;
    r->started_ms = r->state == SM_RUN_QUEUED ? 0 : now;
done:
    return sm_store__end(s, rc, err);
}

static sm_code put_run_flow(sm_store *s, const sm_owner *o, int64_t run, const sm_run_flow_rec *f,
                            sm_error *err)
{
    return sm_store__run(
        s,
        "insert into run_flows (pipeline_id, run_id, flow, dataset, state, reason, counters, "
        "expectations, batches, started_ms, ended_ms, duration_ms, error, phases, cpu_us) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0)) "
        "on conflict (run_id, flow) do update set dataset = excluded.dataset, "
        "state = excluded.state, reason = excluded.reason, counters = excluded.counters, "
        "expectations = excluded.expectations, batches = excluded.batches, "
        "started_ms = excluded.started_ms, ended_ms = excluded.ended_ms, "
        "duration_ms = excluded.duration_ms, error = excluded.error, "
        "phases = excluded.phases, cpu_us = excluded.cpu_us",
        SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__int(run), sm_store__text(f->flow),
                       sm_store__text(f->dataset),
                       sm_store__text(sm_sv_cstr(flow_states[f->state])),
                       sm_store__text_or_null(sm_store__cut(f->reason, SM_STORE_TEXT_MAX)),
                       sm_store__text_or_null(f->counters), sm_store__text_or_null(f->expectations),
                       sm_store__int(f->batches), sm_store__int(f->started_ms),
                       sm_store__int(f->ended_ms), sm_store__int(f->duration_ms),
                       sm_store__text_or_null(sm_store__cut(f->error, SM_STORE_TEXT_MAX)),
                       sm_store__text_or_null(f->phases), sm_store__int(f->cpu_us)),
        NULL, err);
}

sm_code sm_store__put_run_flows(sm_store *s, const sm_owner *o, int64_t run,
                                const sm_run_flow_rec *flows, size_t n, sm_error *err)
{
    sm_code rc;

    for (size_t i = 0; i < n; i++) {
        rc = put_run_flow(s, o, run > 0 ? run : flows[i].run, &flows[i], err);
        if (rc != SM_OK)
            return rc;
    }
    return SM_OK;
}

static sm_code read_run_state(sm_store *s, const sm_owner *o, int64_t run, size_t *state,
                              sm_error *err)
{
    sqlite3_stmt *stmt;
    sm_sv word;
    bool row;
    sm_code rc = sm_store__prepare(s, "select state from runs where id = ? and pipeline_id = ?",
                                   SM_STORE__ARGS(sm_store__int(run), sm_store__int(o->pipeline)),
                                   &stmt, err);

    if (rc == SM_OK)
        rc = sm_store__step(s, stmt, &row, err);
    if (rc != SM_OK)
        return rc;
    if (!row)
        return sm_fail(err, SM_E_INVALID, 0, "this pipeline has no run with id %lld",
                       (long long)run);
    word = sm_sv_cstr((const char *)sqlite3_column_text(stmt, 0));
    rc = SM_STORE__FIND_WORD(word, run_states, state, err);
    sm_store__reset(stmt);
    return rc;
}

static sm_code move_run(sm_store *s, const sm_owner *o, const sm_run_change *c, sm_error *err)
{
    size_t state;
    sm_code rc = read_run_state(s, o, c->run, &state, err);

    if (rc != SM_OK)
        return rc;
    if (sm_run_state_final((sm_run_state)state))
        return sm_fail(err, SM_E_INVALID, 0, "the run has ended (%s) and cannot change",
                       run_states[state]);
    if (c->set_state && (size_t)c->state < state)
        return sm_fail(err, SM_E_INVALID, 0, "a run cannot go from %s back to %s",
                       run_states[state], run_states[c->state]);
    if (c->set_state)
        state = (size_t)c->state;
    return sm_store__run(
        s,
        "update runs set state = ?2, warnings = max(warnings, ?3), "
        "summary = coalesce(?4, summary), error = coalesce(?5, error), "
        "started_ms = case when started_ms = 0 and ?2 <> 'queued' then ?6 else started_ms end, "
        "ended_ms = case when ?7 then ?6 else ended_ms end where id = ?1",
        SM_STORE__ARGS(sm_store__int(c->run), sm_store__text(sm_sv_cstr(run_states[state])),
                       sm_store__int(c->warnings), sm_store__text_or_null(c->summary),
                       sm_store__text_or_null(sm_store__cut(c->error, SM_STORE_TEXT_MAX)),
                       sm_store__int(sm_clock_now_ms()),
                       sm_store__int(sm_run_state_final((sm_run_state)state))),
        NULL, err);
}

sm_code sm_store_run_change(sm_store *s, const sm_owner *o, sm_run_change *c, sm_error *err)
{
    bool run_too = c->set_state || c->warnings || c->summary.len || c->error.len;
    sm_code rc;

    c->last_event = 0;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    if (run_too && (rc = move_run(s, o, c, err)) != SM_OK)
        goto done;
    if ((rc = sm_store__put_run_flows(s, o, c->run, c->flows, c->n_flows, err)) != SM_OK)
        goto done;
    rc = sm_store__put_events(s, o, c->events, c->n_events, &c->last_event, err);
done:
    return sm_store__end(s, rc, err);
}

static sm_code close_dead_run(sm_store *s, const sm_owner *o, int64_t run, int64_t number,
                              sm_error *err)
{
    char details[96];
    sm_event_rec e = {
        .run = run,
        .level = SM_EVENT_ERROR,
        .type = SM_SV("run_finished"),
        .batch = -1,
        .message = SM_SV("the process ended before the run did"),
    };
    sm_code rc;

    rc = sm_store__run(s,
                       "update run_flows set state = 'failed', error = 'the process ended', "
                       "ended_ms = ?2 where run_id = ?1 and state in ('waiting', 'running')",
                       SM_STORE__ARGS(sm_store__int(run), sm_store__int(sm_clock_now_ms())), NULL,
                       err);
    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update runs set state = 'failed', error = 'the process ended', "
                       "ended_ms = ?2 where id = ?1",
                       SM_STORE__ARGS(sm_store__int(run), sm_store__int(sm_clock_now_ms())), NULL,
                       err);
    if (rc != SM_OK)
        return rc;
    snprintf(details, sizeof details, "{\"number\":%lld,\"state\":\"failed\"}", (long long)number);
    e.details = sm_sv_cstr(details);
    return sm_store__put_events(s, o, &e, 1, NULL, err);
}

sm_code sm_store__close_dead_runs(sm_store *s, const sm_owner *o, int64_t *closed, sm_error *err)
{
    int64_t n = 0;
    sm_code rc;

    for (;;) { /* one at a time: mostly there is none, now and then one */
        sqlite3_stmt *stmt;
        int64_t run;
        int64_t number;
        bool row;

        rc = sm_store__prepare(s,
                               "select id, number from runs where pipeline_id = ? "
                               "and ended_ms = 0 order by id limit 1",
                               SM_STORE__ARGS(sm_store__int(o->pipeline)), &stmt, err);
        if (rc == SM_OK)
            rc = sm_store__step(s, stmt, &row, err);
        if (rc != SM_OK || !row)
            break;
        run = sqlite3_column_int64(stmt, 0);
        number = sqlite3_column_int64(stmt, 1);
        sm_store__reset(stmt);
        if ((rc = close_dead_run(s, o, run, number, err)) != SM_OK)
            break;
        n++;
    }
    if (closed)
        *closed = n;
    return rc;
}

/* ---- stop ---- */

sm_code sm_store_run_going(sm_store *s, sm_sv pipeline, int64_t *run, sm_error *err)
{
    return sm_store__number(s,
                            "select r.id from runs r join pipelines p on p.id = r.pipeline_id "
                            "where p.name = ? and r.ended_ms = 0 order by r.id desc limit 1",
                            SM_STORE__ARGS(sm_store__text(pipeline)), 0, run, err);
}

sm_code sm_store_run_ask_stop(sm_store *s, int64_t run, sm_sv by, bool *asked, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__ORDERED, err);

    *asked = false;
    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update runs set stop_by = ?2 where id = ?1 and ended_ms = 0 and stop_by is "
                       "null",
                       SM_STORE__ARGS(sm_store__int(run), sm_store__text(by)), &changed, err);
    rc = sm_store__end(s, rc, err);
    *asked = rc == SM_OK && changed > 0;
    return rc;
}

static sm_code read_stop(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_sv *)record = sm_store__col_text(stmt, 0, a);
    return SM_OK;
}

sm_code sm_store_run_stop(sm_store *s, int64_t run, sm_arena *a, sm_sv *by, sm_error *err)
{
    sm_store__query q = {
        .sql = "select stop_by from runs where id = ? and stop_by is not null",
        SM_STORE__WITH(sm_store__int(run)),
        .read = read_stop,
        .size = sizeof(sm_sv),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *by = rc == SM_OK && rows.n > 0 ? *(sm_sv *)rows.list : SM_SV("");
    return rc;
}

/* ---- read ---- */

#define RUN_COLUMNS                                                                                \
    "select id, pipeline_id, number, state, warnings, cause, git_commit, target, selection, "      \
    "options, plan_fingerprint, created_ms, started_ms, ended_ms, summary, error from runs "

static sm_code read_run(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    size_t state = 0;
    sm_code rc = SM_STORE__FIND_WORD(sm_store__col_text(stmt, 3, a), run_states, &state, err);

    *(sm_run_rec *)record = (sm_run_rec){
        .id = sm_store__col_int(stmt, 0, 0),
        .pipeline = sm_store__col_int(stmt, 1, 0),
        .number = sm_store__col_int(stmt, 2, 0),
        .state = (sm_run_state)state,
        .warnings = sm_store__col_int(stmt, 4, 0) != 0,
        .cause = sm_store__col_text(stmt, 5, a),
        .commit = sm_store__col_text(stmt, 6, a),
        .target = sm_store__col_text(stmt, 7, a),
        .selection = sm_store__col_text(stmt, 8, a),
        .options = sm_store__col_text(stmt, 9, a),
        .plan_fingerprint = sm_store__col_text(stmt, 10, a),
        .created_ms = sm_store__col_int(stmt, 11, 0),
        .started_ms = sm_store__col_int(stmt, 12, 0),
        .ended_ms = sm_store__col_int(stmt, 13, 0),
        .summary = sm_store__col_text(stmt, 14, a),
        .error = sm_store__col_text(stmt, 15, a),
    };
    return rc;
}

sm_code sm_store_runs(sm_store *s, int64_t pipeline, int64_t before, size_t limit, sm_arena *a,
                      sm_run_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = RUN_COLUMNS "where pipeline_id = ? and number < ? order by number desc limit ?",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__int(before > 0 ? before : INT64_MAX),
                       sm_store__int(limit ? (int64_t)limit : 50)),
        .read = read_run,
        .size = sizeof(sm_run_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_runs_at_work(sm_store *s, int64_t pipeline, size_t limit, sm_arena *a,
                              sm_run_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = RUN_COLUMNS
        "where pipeline_id = ? and (state <> 'completed' or warnings or exists (select 1 from "
        "run_flows f where f.run_id = runs.id and f.batches > 0)) order by number desc limit ?",
        SM_STORE__WITH(sm_store__int(pipeline), sm_store__int((int64_t)limit)),
        .read = read_run,
        .size = sizeof(sm_run_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_run(sm_store *s, int64_t pipeline, int64_t number, sm_arena *a, sm_run_rec *out,
                     sm_error *err)
{
    sm_run_rec *list;
    size_t n;
    sm_code rc = sm_store_runs(s, pipeline, number > 0 && number < INT64_MAX ? number + 1 : number,
                               1, a, &list, &n, err);

    if (rc != SM_OK)
        return rc;
    if (n == 0 || (number > 0 && list[0].number != number))
        return number > 0
                   ? sm_fail(err, SM_E_NOT_FOUND, 0, "there is no run %lld", (long long)number)
                   : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no run yet");
    *out = list[0];
    return SM_OK;
}

#define RUN_FLOW_COLUMNS                                                                           \
    "select f.run_id, f.flow, f.dataset, f.state, f.reason, f.counters, f.expectations, "          \
    "f.batches, f.started_ms, f.ended_ms, f.duration_ms, f.error, f.phases, f.cpu_us "             \
    "from run_flows f "

static sm_code read_run_flow(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    size_t state = 0;
    sm_code rc = SM_STORE__FIND_WORD(sm_store__col_text(stmt, 3, a), flow_states, &state, err);

    *(sm_run_flow_rec *)record = (sm_run_flow_rec){
        .run = sm_store__col_int(stmt, 0, 0),
        .flow = sm_store__col_text(stmt, 1, a),
        .dataset = sm_store__col_text(stmt, 2, a),
        .state = (sm_run_flow_state)state,
        .reason = sm_store__col_text(stmt, 4, a),
        .counters = sm_store__col_text(stmt, 5, a),
        .expectations = sm_store__col_text(stmt, 6, a),
        .batches = sm_store__col_int(stmt, 7, 0),
        .started_ms = sm_store__col_int(stmt, 8, 0),
        .ended_ms = sm_store__col_int(stmt, 9, 0),
        .duration_ms = sm_store__col_int(stmt, 10, 0),
        .error = sm_store__col_text(stmt, 11, a),
        .phases = sm_store__col_text(stmt, 12, a),
        .cpu_us = sm_store__col_int(stmt, 13, 0),
    };
    return rc;
}

static sm_code list_run_flows(sm_store *s, const char *sql, int64_t id, sm_arena *a,
                              sm_run_flow_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = { .sql = sql,
                          SM_STORE__WITH(sm_store__int(id)),
                          .read = read_run_flow,
                          .size = sizeof(sm_run_flow_rec) };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_run_flows(sm_store *s, int64_t run, sm_arena *a, sm_run_flow_rec **out, size_t *n,
                           sm_error *err)
{
    return list_run_flows(s, RUN_FLOW_COLUMNS "where f.run_id = ? order by f.id", run, a, out, n,
                          err);
}

sm_code sm_store_flow_states(sm_store *s, int64_t pipeline, sm_arena *a, sm_run_flow_rec **out,
                             size_t *n, sm_error *err)
{
    return list_run_flows(s,
                          RUN_FLOW_COLUMNS
                          "join (select flow, max(run_id) as run_id from run_flows "
                          "where pipeline_id = ? and state <> 'excluded' group by flow) l "
                          "on f.run_id = l.run_id and f.flow = l.flow order by f.flow",
                          pipeline, a, out, n, err);
}
