/* SPDX-License-Identifier: Apache-2.0 */
/* view_series.c -- micro-batches over time: what charts are made of. */
#include "runtime/base/clock.h"
#include "runtime/events/advice.h"
#include "runtime/events/phase.h"
#include "ui/view/view_int.h"

enum { PAGE = 200, BATCHES_MAX = 2000 };

/* Names and counts; samples are rows. */
static sm_json *rules_of(const sm_view *v, sm_sv text)
{
    static const char *const keys[] = { "name", "policy", "passed", "failed" };
    sm_json *list = sm_json_array(v->a), *parsed = NULL;
    sm_arena *a = sm_arena_new("rules");
    sm_error ignored;

    if (text.len > 0)
        (void)sm_json_parse(text, a, &parsed, &ignored);
    for (size_t i = 0; i < sm_json_len(parsed); i++) {
        const sm_json *e = sm_json_at(parsed, i);
        sm_json *o = sm_json_object(v->a);

        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            sm_json_set(o, keys[k], sm_json_copy(v->a, sm_json_get(e, keys[k])));
        sm_json_append(list, o);
    }
    sm_arena_free(a);
    return list;
}

static int64_t end_of(const sm_batch_rec *b)
{
    return b->done_ms != 0 ? b->done_ms : b->decided_ms;
}

/* Over all inputs: counts are added up, the seconds are those of the one that is most behind. */
static void add_lag(const sm_view *v, sm_sv text, sm_json *o)
{
    static const char *const counts[] = { "rows", "files", "bytes", "versions" };
    sm_json *inputs = NULL, *sum;
    int64_t seconds = -1;
    sm_error ignored;

    if (text.len == 0 || sm_json_parse(text, v->a, &inputs, &ignored) != SM_OK)
        return;
    sum = sm_json_object(v->a);
    for (sm_json_iter it = sm_json_first(inputs); sm_json_valid(&it); sm_json_next(&it)) {
        int64_t s = sm_json_get_int(it.value, "seconds", -1);

        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            if (sm_json_get(it.value, counts[i]) != NULL)
                sm_json_set_int(sum, counts[i],
                                sm_json_get_int(sum, counts[i], 0) +
                                    sm_json_get_int(it.value, counts[i], 0));
        seconds = s > seconds ? s : seconds;
    }
    if (seconds >= 0)
        sm_json_set_int(sum, "seconds", seconds);
    sm_json_set(o, "lag", sum);
}

static sm_json *batch_row(const sm_view *v, const sm_batch_rec *b)
{
    const sm_plan_flow *f = sm_plan_find_flow(v->plan, b->flow);
    sm_json *o = sm_json_object(v->a), *marks = NULL;
    sm_error ignored;

    sm_json_set_string(o, "flow", b->flow);
    if (f != NULL)
        sm_json_set_string(o, "table", v->plan->datasets[f->target].name);
    sm_json_set_int(o, "batch", b->n);
    sm_view__set_time(v, o, "timestamp", b->started_ms);
    sm_view__set_time(v, o, "decided", b->decided_ms);
    sm_view__set_time(v, o, "done", b->done_ms);
    if (b->started_ms != 0 && end_of(b) >= b->started_ms)
        sm_json_set_int(o, "duration_ms", end_of(b) - b->started_ms);
    sm_view__set_times(v, o, b->phases, b->cpu_us);
    sm_view__set_json(v, o, "counters", b->counters);
    add_lag(v, b->lag, o);
    sm_json_set(o, "expectations", rules_of(v, b->expectations));
    if (b->watermarks.len > 0 && sm_json_parse(b->watermarks, v->a, &marks, &ignored) == SM_OK &&
        sm_json_get(marks, "next") != NULL)
        sm_view__set_time(v, o, "watermark", sm_json_get_int(marks, "next", 0) / 1000);
    return o;
}

/* What each flow remembers now stands at its newest batch. */
static sm_code add_state(const sm_view *v, sm_json *batches, sm_error *err)
{
    sm_json *doc = NULL;
    const sm_json *flows;
    sm_code rc = sm_view_checkpoints(v, &doc, err);

    flows = sm_json_get(doc, "checkpoints");
    for (size_t i = 0; rc == SM_OK && i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i), *stages = sm_json_get(f, "stages");
        sm_json *state = sm_json_object(v->a), *row = NULL;
        int64_t rows = 0, bytes = 0;

        for (size_t k = 0; k < sm_json_len(stages); k++) {
            rows += sm_json_get_int(sm_json_at(stages, k), "rows", 0);
            bytes += sm_json_get_int(sm_json_at(stages, k), "bytes", 0);
        }
        for (size_t k = 0; k < sm_json_len(batches) && sm_json_len(stages) > 0; k++)
            if (sm_sv_eq(sm_json_get_sv(sm_json_at(batches, k), "flow", SM_SV("")),
                         sm_json_get_sv(f, "flow", SM_SV(""))))
                row = sm_json_at_mut(batches, k);
        if (row == NULL)
            continue;
        sm_json_set_int(state, "rows", rows);
        sm_json_set_int(state, "bytes", bytes);
        sm_json_set(row, "state", state);
    }
    return rc;
}

/* The newest ones that ended since then, newest first; *more: there were others. */
static sm_code collect(const sm_view *v, int64_t since_ms, sm_json *list, bool *more, sm_error *err)
{
    int64_t before = 0;
    sm_code rc = SM_OK;
    size_t n = PAGE;

    *more = false;
    while (rc == SM_OK && n == PAGE && !*more) {
        sm_arena *a = sm_arena_new("batches");
        sm_batch_rec *b;

        rc = sm_store_batches(v->store, v->pipeline, SM_SV(""), 0, before, PAGE, a, &b, &n, err);
        for (size_t i = 0; rc == SM_OK && i < n; i++) {
            before = b[i].id;
            if (end_of(&b[i]) < since_ms) {
                n = 0; /* ids grow with time: all others are older */
                break;
            }
            *more = sm_json_len(list) == BATCHES_MAX;
            if (*more)
                break;
            sm_json_append(list, batch_row(v, &b[i]));
        }
        sm_arena_free(a);
    }
    return rc;
}

/* ---- advice -------------------------------------------------------------------------- */

static int64_t time_of(const sm_json *o, const char *key)
{
    int64_t ms = 0;
    sm_error ignored;

    (void)sm_time_parse(sm_json_get_sv(o, key, SM_SV("")), &ms, &ignored);
    return ms;
}

/* Of the phases that take the longer the more rows there are, or of the others; -1: not known. */
static int64_t phases_us(const sm_json *batch, bool work)
{
    const sm_json *phases = sm_json_get(batch, "phases_us");
    int64_t sum = 0;

    for (int i = 0; i < SM_PHASES; i++)
        if (sm_phase_is_work((sm_phase)i) == work)
            sum += sm_json_get_int(phases, sm_phase_name((sm_phase)i), 0);
    return phases == NULL ? -1 : sum;
}

static sm_advice_batch numbers_of(const sm_json *batch)
{
    const sm_json *c = sm_json_get(batch, "counters"), *lag = sm_json_get(batch, "lag");
    int64_t started = time_of(batch, "timestamp"), files = sm_json_get_int(c, "files_out", 0);

    return (sm_advice_batch){
        .started_ms = started,
        .ended_ms = started + sm_json_get_int(batch, "duration_ms", 0),
        .work_us = phases_us(batch, true),
        .rest_us = phases_us(batch, false),
        .lag = sm_json_get_int(lag, "rows", sm_json_get_int(lag, "files", -1)),
        .lag_is_rows = sm_json_get(lag, "rows") != NULL,
        .read = sm_json_get_int(c, "read", 0),
        .late = sm_json_get_int(c, "late", 0),
        .quarantined = sm_json_get_int(c, "quarantined", 0),
        /* who wrote rows wrote a file at least */
        .files_out = files > 0 ? files : sm_json_get_int(c, "written", 0) > 0,
        .bytes_out = sm_json_get_int(c, "bytes_out", 0),
    };
}

static void add_row(const sm_view *v, const sm_advice_flow *f, const sm_advice *advice,
                    sm_json *list)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "flow", f->flow);
    sm_json_set_string(o, "table", f->table);
    sm_json_set_string(o, "kind", sm_sv_cstr(advice->kind));
    sm_json_set_string(o, "message", advice->message);
    if (sm_sv_starts(advice->command, SM_SV("smelt ")))
        sm_json_set_string(o, "command",
                           sm_arena_printf(v->a, "%.*s -p %.*s", SM_SV_ARG(advice->command),
                                           SM_SV_ARG(v->plan->pipeline)));
    sm_json_append(list, o);
}

/* What it did since it waits for rows: the run that goes on knows. */
static void add_waiting(const sm_run_flow_rec *flows, size_t n, sm_advice_flow *f)
{
    for (size_t i = 0; i < n; i++) {
        if (!sm_sv_eq(flows[i].flow, f->flow) || flows[i].started_ms == 0)
            continue;
        f->waits_ms = sm_clock_now_ms() - flows[i].started_ms;
        f->busy_ms = flows[i].duration_ms;
        f->cpu_us = flows[i].cpu_us;
        f->runs = flows[i].batches;
    }
}

/* Of a pipeline that waits for rows all day, and does so now; else none. */
static sm_code waiting_flows(const sm_view *v, const sm_view_deployed *d, sm_run_flow_rec **flows,
                             size_t *n, sm_error *err)
{
    sm_run_rec *run;
    size_t any = 0;
    sm_code rc = SM_OK;

    *n = 0;
    if (d == NULL || !d->continuous || !sm_view__has_run(v))
        return SM_OK;
    if ((rc = sm_store_runs(v->store, v->pipeline, 0, 1, v->a, &run, &any, err)) == SM_OK &&
        any > 0 && run->ended_ms == 0)
        rc = sm_store_run_flows(v->store, run->id, v->a, flows, n, err);
    return rc;
}

static void advise_flow(const sm_view *v, const sm_plan_flow *flow, const sm_view_deployed *d,
                        const sm_json *batches, const sm_run_flow_rec *waiting, size_t n_waiting,
                        sm_json *list)
{
    sm_advice_batch *numbers = SM_NEW_N(v->a, sm_advice_batch, sm_json_len(batches) + 1);
    sm_advice_flow f = { .flow = flow->name,
                         .table = v->plan->datasets[flow->target].name,
                         .batches = numbers,
                         .interval_ms = d == NULL ? 0 : d->interval_ms,
                         .price_per_cpu_hour = d == NULL ? 0 : d->price_per_cpu_hour };
    sm_advice *advice;
    size_t n;

    for (size_t i = 0; i < sm_json_len(batches); i++) {
        const sm_json *b = sm_json_at(batches, i), *state = sm_json_get(b, "state");

        if (!sm_sv_eq(sm_json_get_sv(b, "flow", SM_SV("")), flow->name))
            continue;
        numbers[f.n++] = numbers_of(b);
        f.has_watermark |= sm_json_get(b, "watermark") != NULL;
        f.state_rows = sm_json_get_int(state, "rows", f.state_rows);
        f.state_bytes = sm_json_get_int(state, "bytes", f.state_bytes);
    }
    add_waiting(waiting, n_waiting, &f);
    sm_advise(&f, v->a, &advice, &n);
    for (size_t i = 0; i < n; i++)
        add_row(v, &f, &advice[i], list);
}

sm_code sm_view_streaming(const sm_view *v, const sm_view_deployed *d, int64_t since_ms,
                          sm_json **out, sm_error *err)
{
    sm_json *advice = sm_json_array(v->a);
    sm_json *doc = sm_view__document(v), *newest = sm_json_array(v->a), *list;
    sm_run_flow_rec *waiting = NULL;
    size_t n_waiting = 0;
    bool more = false;
    sm_code rc = SM_OK;

    if (sm_view__has_run(v))
        rc = collect(v, since_ms, newest, &more, err);
    list = sm_json_array(v->a);
    for (size_t i = sm_json_len(newest); i > 0; i--)
        sm_json_append(list, sm_json_at(newest, i - 1));
    if (rc == SM_OK && sm_view__has_run(v))
        rc = add_state(v, list, err);
    if (rc == SM_OK)
        rc = waiting_flows(v, d, &waiting, &n_waiting, err);
    sm_view__set_time(v, doc, "since", since_ms);
    sm_json_set(doc, "batches", list);
    for (size_t i = 0; rc == SM_OK && i < v->plan->n_flows; i++)
        advise_flow(v, &v->plan->flows[i], d, list, waiting, n_waiting, advice);
    sm_json_set(doc, "advice", advice);
    sm_json_set_bool(doc, "truncated", more);
    *out = doc;
    return rc;
}
