/* SPDX-License-Identifier: Apache-2.0 */
/* view_overview.c -- the pipelines of a server: is everything all right, and what must I do?
 *
 * A pipeline is as bad as its worst table, and says so until a table that failed has succeeded. */
#include "runtime/base/clock.h"
#include "runtime/base/percent.h"
#include "ui/view/view_int.h"

enum { RUNS_SHOWN = 10 };

typedef struct tally {
    int64_t tables, failing, behind, warned, running;
    sm_json *names;      /* of those that fail */
    sm_json *stale;      /* names */
    sm_sv first;         /* the first of them */
    int64_t quarantined; /* rows set aside by the runs that are newest */
} tally;

static bool is(sm_sv text, const char *word)
{
    return sm_sv_eq_str(text, word);
}

static sm_sv state_of(const sm_json *o)
{
    return sm_json_get_sv(o, "state", SM_SV(""));
}

static void count_table(const sm_json *table, tally *t)
{
    sm_sv state = state_of(table), name = sm_json_get_sv(table, "name", SM_SV(""));

    sm_sv standing = sm_view_standing(table);

    t->tables++;
    if (is(standing, "stale"))
        sm_json_append_string(t->stale, name);
    if (is(state, "failed") || is(state, "interrupted") || is(state, "held_back")) {
        if (t->failing++ == 0)
            t->first = name;
        sm_json_append_string(t->names, name);
    }
    t->behind += is(state, "skipped");
    t->warned += is(state, "succeeded_with_warnings") || is(standing, "late");
    t->running += is(state, "running");
}

static tally count_tables(const sm_view *v, const sm_json *tables)
{
    tally t = { .names = sm_json_array(v->a), .stale = sm_json_array(v->a), .first = SM_SV("") };

    for (size_t i = 0; i < sm_json_len(tables); i++)
        count_table(sm_json_at(tables, i), &t);
    return t;
}

/* ---- what needs a person --------------------------------------------------------------- */

static sm_json *need(const sm_view *v, sm_json *list, const char *kind, sm_sv table, sm_sv message)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "kind", sm_sv_cstr(kind));
    sm_json_set_string(o, "pipeline", v->plan->pipeline);
    sm_view__set_text(o, "table", table);
    sm_json_set_string(o, "message", message);
    sm_json_append(list, o);
    return o;
}

static sm_sv page_of(const sm_view *v, const char *kind, sm_sv name)
{
    sm_sv p = sm_percent_encode(v->plan->pipeline, v->a);

    if (name.len == 0)
        return sm_arena_printf(v->a, "p/%.*s/%s", SM_SV_ARG(p), kind);
    return sm_arena_printf(v->a, "p/%.*s/%s/%.*s", SM_SV_ARG(p), kind,
                           SM_SV_ARG(sm_percent_encode(name, v->a)));
}

static void need_failed(const sm_view *v, const sm_json *table, int64_t run, sm_json *list)
{
    sm_sv name = sm_json_get_sv(table, "name", SM_SV(""));
    sm_sv error = sm_json_get_sv(table, "error", SM_SV("it failed"));
    sm_json *o;

    if (is(state_of(table), "interrupted"))
        error = SM_SV("the process that ran it ended");
    else if (is(state_of(table), "held_back"))
        error = sm_json_get_sv(table, "reason", error);
    else if (!is(state_of(table), "failed"))
        return;
    o = need(v, list, "failed", name, error);
    sm_json_set_string(o, "command",
                       sm_arena_printf(v->a, "smelt %s %.*s",
                                       is(state_of(table), "held_back") ? "resume" : "run",
                                       SM_SV_ARG(v->plan->pipeline)));
    sm_json_set_string(o, "href", page_of(v, "r", sm_arena_printf(v->a, "%lld", (long long)run)));
    sm_json_set_string(o, "act", SM_SV("retry"));
}

/* What a flow counted last: in its newest run, or, when that found nothing, in its newest batch. */
static const sm_json *last_counters(const sm_json *flow)
{
    const sm_json *counters = sm_json_get(flow, "counters");
    const sm_json *batch = sm_json_get(sm_json_get(flow, "last_batch"), "counters");

    return sm_json_get_int(counters, "read", 0) == 0 && batch != NULL ? batch : counters;
}

/* Rows that a table set aside last. */
static void need_quarantine(const sm_view *v, const sm_json *table, sm_json *list)
{
    const sm_json *flows = sm_json_get(table, "flows");
    sm_sv name = sm_json_get_sv(table, "name", SM_SV("")), page = page_of(v, "t", name);
    int64_t rows = 0;
    sm_json *o;

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *counters = last_counters(sm_json_at(flows, i));

        rows += sm_json_get_int(counters, "quarantined", 0) +
                sm_json_get_int(counters, "undecodable_kept", 0);
    }
    if (rows == 0 || sm_json_get(table, "quarantine") == NULL)
        return;
    o = need(v, list, "quarantine", name,
             sm_arena_printf(v->a, "%lld rows were set aside by the last run that read any",
                             (long long)rows));
    sm_json_set_int(o, "count", rows);
    sm_json_set_string(o, "command",
                       sm_arena_printf(v->a, "smelt quarantine show %.*s -p %.*s", SM_SV_ARG(name),
                                       SM_SV_ARG(v->plan->pipeline)));
    sm_json_set_string(o, "href", sm_arena_printf(v->a, "%.*s/quarantine", SM_SV_ARG(page)));
}

/* Rows that came behind the watermark, in the newest run or batch that read any. */
static void need_late(const sm_view *v, const sm_json *table, sm_json *list)
{
    const sm_json *flows = sm_json_get(table, "flows");
    sm_sv name = sm_json_get_sv(table, "name", SM_SV(""));
    int64_t rows = 0;
    sm_json *o;

    for (size_t i = 0; i < sm_json_len(flows); i++)
        rows += sm_json_get_int(last_counters(sm_json_at(flows, i)), "late", 0);
    if (rows == 0)
        return;
    o = need(v, list, "late_rows", name,
             sm_arena_printf(v->a, "%lld row%s came too late in the last run that read any",
                             (long long)rows, rows == 1 ? "" : "s"));
    sm_json_set_int(o, "count", rows);
    sm_json_set_string(o, "command",
                       sm_arena_printf(v->a, "smelt watermark suggest %.*s -p %.*s",
                                       SM_SV_ARG(name), SM_SV_ARG(v->plan->pipeline)));
    sm_json_set_string(o, "href", page_of(v, "streaming", SM_SV("")));
}

static void need_fresh(const sm_view *v, const sm_json *table, sm_json *list)
{
    sm_sv name = sm_json_get_sv(table, "name", SM_SV("")), standing = sm_view_standing(table);
    sm_json *o;

    if (!is(standing, "stale") && !is(standing, "late"))
        return;
    o = need(v, list, sm_arena_cstr(v->a, standing), name,
             sm_view_freshness_words(sm_json_get(table, "freshness"), v->a));
    sm_json_set_string(o, "command",
                       sm_arena_printf(v->a, "smelt why %.*s -p %.*s", SM_SV_ARG(name),
                                       SM_SV_ARG(v->plan->pipeline)));
    sm_json_set_string(o, "href", page_of(v, "t", name));
}

static sm_json *attention(const sm_view *v, const sm_view_deployed *d, const sm_json *tables,
                          int64_t run)
{
    sm_json *list = sm_json_array(v->a), *o;

    if (d->reload_error.len > 0) {
        o = need(v, list, "reload", SM_SV(""), d->reload_error);
        sm_json_set_string(o, "command", SM_SV("smelt validate"));
        sm_json_set_string(o, "href", page_of(v, "graph", SM_SV("")));
    }
    for (size_t i = 0; i < sm_json_len(tables); i++)
        need_failed(v, sm_json_at(tables, i), run, list);
    for (size_t i = 0; i < sm_json_len(tables); i++)
        need_fresh(v, sm_json_at(tables, i), list);
    for (size_t i = 0; i < sm_json_len(tables); i++)
        need_quarantine(v, sm_json_at(tables, i), list);
    for (size_t i = 0; i < sm_json_len(tables); i++)
        need_late(v, sm_json_at(tables, i), list);
    return list;
}

/* ---- a row of the overview ------------------------------------------------------------- */

static sm_sv pipeline_state(const sm_view_deployed *d, const tally *t, const sm_json *run)
{
    sm_sv state = state_of(run);

    if (t->failing > 0 || is(state, "failed") || is(state, "interrupted"))
        return SM_SV("failed");
    if (sm_json_len(t->stale) > 0)
        return SM_SV("stale");
    if (run != NULL && sm_json_get(run, "ended") == NULL)
        return SM_SV("running");
    if (d->paused)
        return SM_SV("paused");
    if (run == NULL)
        return SM_SV("never_run");
    return t->warned > 0 || d->reload_error.len > 0 ? SM_SV("degraded") : SM_SV("succeeded");
}

static sm_code add_runs(const sm_view *v, sm_json *o, const sm_json **newest, sm_error *err)
{
    sm_json *last = sm_json_array(v->a);
    sm_run_rec *runs;
    size_t n;
    sm_code rc = sm_view__runs_at_work(v, RUNS_SHOWN, &runs, &n, err);

    *newest = NULL;
    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < n && i < RUNS_SHOWN; i++) {
        static const char *const keys[] = { "number", "state", "warnings", "duration_ms", "ended" };
        const sm_json *run = sm_view__run(v, &runs[i]);
        sm_json *mark = sm_json_object(v->a);

        if (i == 0)
            *newest = run;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            if (sm_json_get(run, keys[k]) != NULL)
                sm_json_set(mark, keys[k], sm_json_get(run, keys[k]));
        sm_json_append(last, mark);
    }
    sm_json_set(o, "run", *newest);
    sm_json_set(o, "last_runs", last);
    return SM_OK;
}

static void add_next(const sm_view *v, const sm_view_deployed *d, sm_json *o)
{
    sm_json *next = NULL;

    if (d->next_cause.len > 0) { /* without a time: when something happens */
        next = sm_json_object(v->a);
        sm_view__set_time(v, next, "at", d->next_ms);
        sm_view__set_text(next, "cause", d->next_cause);
    }
    sm_json_set(o, "next", next);
    sm_view__set_time(v, o, "retry_at", d->retry_ms);
}

static void text_or_null(sm_json *o, const char *key, sm_sv text, sm_arena *a)
{
    sm_json_set(o, key, text.len > 0 ? sm_json_string(a, text) : sm_json_null(a));
}

static void add_deployed(const sm_view *v, const sm_view_deployed *d, sm_json *o)
{
    sm_json_set_string(o, "file", d->file);
    sm_view__set_text(o, "commit", d->commit);
    sm_view__set_text(o, "target", d->target);
    sm_view__set_text(o, "description", v->plan->description);
    sm_view__set_list(v, o, "tags", &v->plan->tags);
    sm_view__set_time(v, o, "loaded", d->loaded_ms);
    sm_view__set_text(o, "trigger", d->trigger);
    sm_json_set_string(o, "doing", d->doing.len > 0 ? d->doing : SM_SV("idle"));
    sm_json_set_int(o, "queued", d->queued);
    sm_json_set_bool(o, "paused", d->paused);
    sm_view__set_text(o, "paused_by", d->paused_by);
    text_or_null(o, "reload_error", d->reload_error, v->a);
    add_next(v, d, o);
}

static sm_code deployment(const sm_view *v, const sm_view_deployed *d, const sm_json *tables,
                          sm_json **out, sm_error *err)
{
    sm_json *o = sm_view__document(v);
    tally t = count_tables(v, tables);
    const sm_json *run = NULL, *fresh;
    sm_code rc;

    add_deployed(v, d, o);
    if ((rc = add_runs(v, o, &run, err)) != SM_OK)
        return rc;
    sm_json_set_string(o, "state", pipeline_state(d, &t, run));
    sm_json_set_int(o, "tables", t.tables);
    sm_json_set(o, "failing", t.names);
    sm_json_set(o, "stale", t.stale);
    sm_json_set_int(o, "behind", t.behind);
    fresh = sm_view__worst_freshness(tables);
    sm_json_set(o, "freshness", fresh == NULL ? NULL : sm_json_copy(v->a, fresh));
    sm_json_set(o, "rows_per_second", sm_json_array(v->a));
    sm_json_set(o, "attention", attention(v, d, tables, sm_json_get_int(run, "number", 0)));
    *out = o;
    return SM_OK;
}

sm_code sm_view_deployment(const sm_view *v, const sm_view_deployed *d, sm_json **out,
                           sm_error *err)
{
    sm_json *status;
    sm_code rc = sm_view_status(v, &status, err);

    return rc != SM_OK ? rc : deployment(v, d, sm_json_get(status, "tables"), out, err);
}

/* ---- the overview ---------------------------------------------------------------------- */

/* Worst first; the first state that a pipeline has is that of all. */
static const char *const by_badness[] = { "failed", "stale",     "degraded", "running",
                                          "paused", "succeeded", "never_run" };

static const sm_json *worst_of(const sm_json *rows)
{
    for (size_t k = 0; k < sizeof by_badness / sizeof by_badness[0]; k++)
        for (size_t i = 0; i < sm_json_len(rows); i++)
            if (is(state_of(sm_json_at(rows, i)), by_badness[k]))
                return sm_json_at(rows, i);
    return NULL;
}

static int64_t sum_of(const sm_json *rows, const char *key)
{
    int64_t n = 0;

    for (size_t i = 0; i < sm_json_len(rows); i++)
        n += sm_json_get_int(sm_json_at(rows, i), key, 0);
    return n;
}

/* How many names the lists of that `key` have. */
static int64_t named_in(const sm_json *rows, const char *key)
{
    int64_t n = 0;

    for (size_t i = 0; i < sm_json_len(rows); i++)
        n += (int64_t)sm_json_len(sm_json_get(sm_json_at(rows, i), key));
    return n;
}

static void say_stale(const sm_json *rows, const sm_json *worst, sm_buf *b)
{
    sm_sv first = sm_json_sv(sm_json_at(sm_json_get(worst, "stale"), 0));
    int64_t stale = named_in(rows, "stale");

    if (stale == 1)
        sm_buf_addf(b, "%.*s is stale", SM_SV_ARG(first));
    else
        sm_buf_addf(b, "%.*s and %lld more are stale", SM_SV_ARG(first), (long long)stale - 1);
}

static void say_failed(const sm_json *rows, const sm_json *worst, sm_buf *b)
{
    sm_sv first = sm_json_sv(sm_json_at(sm_json_get(worst, "failing"), 0));
    int64_t failing = named_in(rows, "failing"), behind = sum_of(rows, "behind");

    if (failing == 0) {
        sm_buf_addf(b, "The last run of %.*s failed",
                    SM_SV_ARG(sm_json_get_sv(worst, "pipeline", SM_SV(""))));
        return;
    }
    if (failing == 1)
        sm_buf_addf(b, "%.*s is failing", SM_SV_ARG(first));
    else
        sm_buf_addf(b, "%.*s and %lld more are failing", SM_SV_ARG(first), (long long)failing - 1);
    if (behind > 0)
        sm_buf_addf(b, ", %lld table%s behind %s", (long long)behind, behind == 1 ? "" : "s",
                    failing == 1 ? "it" : "them");
}

static void say(const sm_json *rows, const sm_json *worst, size_t needs, sm_buf *b)
{
    int64_t tables = sum_of(rows, "tables");
    sm_sv state = state_of(worst), name = sm_json_get_sv(worst, "pipeline", SM_SV(""));

    if (worst == NULL)
        sm_buf_adds(b, "No pipeline is deployed");
    else if (is(state, "failed"))
        say_failed(rows, worst, b);
    else if (is(state, "stale"))
        say_stale(rows, worst, b);
    else if (is(state, "degraded"))
        sm_buf_addf(b, "%.*s has warnings", SM_SV_ARG(name));
    else if (is(state, "never_run"))
        sm_buf_addf(b, "Nothing has run yet");
    else
        sm_buf_addf(b, "All %lld tables are well", (long long)tables);
    if (worst != NULL && !is(state, "failed") && !is(state, "never_run"))
        sm_buf_adds(b, needs == 0 ? ", nothing waits for a person" : "");
}

sm_json *sm_view_overview(const sm_json *rows, sm_arena *a)
{
    sm_json *doc = sm_json_object(a), *list = sm_json_array(a), *pipelines = sm_json_array(a);
    const sm_json *worst = worst_of(rows);
    sm_buf sentence;

    for (size_t i = 0; i < sm_json_len(rows); i++) {
        sm_json *row = sm_json_copy(a, sm_json_at(rows, i));
        const sm_json *needs = sm_json_get(row, "attention");

        for (size_t k = 0; k < sm_json_len(needs); k++)
            sm_json_append(list, sm_json_copy(a, sm_json_at(needs, k)));
        sm_json_remove(row, "attention");
        sm_json_append(pipelines, row);
    }
    sm_buf_init(&sentence, 4096);
    say(rows, worst, sm_json_len(list), &sentence);
    sm_json_set_string(doc, "sentence", sm_buf_sv(&sentence));
    sm_buf_release(&sentence);
    sm_json_set_string(doc, "state", worst == NULL ? SM_SV("never_run") : state_of(worst));
    sm_json_set_string(doc, "now", sm_time_rfc3339(sm_clock_now_ms(), a));
    sm_json_set(doc, "pipelines", pipelines);
    sm_json_set(doc, "attention", list);
    return doc;
}

/* ---- one pipeline ---------------------------------------------------------------------- */

static const sm_json *table_named(const sm_json *tables, sm_sv name)
{
    for (size_t i = 0; i < sm_json_len(tables); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(tables, i), "name", SM_SV("")), name))
            return sm_json_at(tables, i);
    return NULL;
}

/* Last counters and expectations of its flows, and how fast they worked. */
static void add_numbers(const sm_view *v, const sm_json *table, sm_json *o)
{
    const sm_json *flows = sm_json_get(table, "flows");
    int64_t passed = 0, failed = 0, read = 0, duration_ms = 0;
    sm_json *sums = sm_json_object(v->a);

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i), *rules = sm_json_get(f, "expectations");
        const sm_json *counters = last_counters(f);

        for (sm_json_iter it = sm_json_first(counters); sm_json_valid(&it); sm_json_next(&it)) {
            int64_t before = sm_json_int_value(sm_json_get_by(sums, it.key));

            sm_json_set_sv(sums, it.key, sm_json_int(v->a, before + sm_json_int_value(it.value)));
        }
        for (size_t k = 0; k < sm_json_len(rules); k++) {
            passed += sm_json_get_int(sm_json_at(rules, k), "passed", 0);
            failed += sm_json_get_int(sm_json_at(rules, k), "failed", 0);
        }
        read += sm_json_get_int(sm_json_get(f, "counters"), "read", 0);
        duration_ms += sm_json_get_int(f, "duration_ms", 0);
    }
    sm_json_set(o, "counters", sums);
    sm_json_set_int(o, "duration_ms", duration_ms);
    if (duration_ms > 0)
        sm_json_set_real(o, "rows_per_second", (double)(read * 1000) / (double)duration_ms);
    if (passed + failed > 0)
        sm_json_set_real(o, "pass", (double)passed / (double)(passed + failed));
}

static void add_standing(const sm_view *v, const sm_json *table, sm_json *o)
{
    static const char *const keys[] = { "state",   "reason",     "error",    "written",
                                        "version", "quarantine", "freshness" };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (sm_json_get(table, keys[i]) != NULL)
            sm_json_set(o, keys[i], sm_json_get(table, keys[i]));
    if (table == NULL)
        return;
    if (!sm_sv_eq(sm_view_standing(table), state_of(table))) {
        sm_json_set_string(o, "state", sm_view_standing(table));
        sm_json_set_string(o, "reason",
                           sm_view_freshness_words(sm_json_get(table, "freshness"), v->a));
    }
    add_numbers(v, table, o);
}

static sm_json *datasets_of(const sm_view *v, const sm_json *tables)
{
    bool *all = SM_NEW_N(v->a, bool, v->plan->n_datasets + 1);
    sm_json *list = sm_json_array(v->a);
    const sm_json *rows;

    for (size_t i = 0; i < v->plan->n_datasets; i++)
        all[i] = true;
    rows = sm_json_get(sm_view_list(v, all), "datasets");
    for (size_t i = 0; i < sm_json_len(rows); i++) {
        const sm_plan_dataset *ds = &v->plan->datasets[v->plan->order[i]];
        sm_json *o = sm_json_copy(v->a, sm_json_at(rows, i)), *place = sm_json_object(v->a);

        add_standing(v, table_named(tables, ds->name), o);
        sm_json_set_string(place, "file", ds->place.file);
        sm_json_set_int(place, "line", ds->place.line);
        sm_json_set(o, "place", place);
        sm_json_append(list, o);
    }
    return list;
}

sm_code sm_view_pipeline(const sm_view *v, const sm_view_deployed *d, sm_json **out, sm_error *err)
{
    sm_json *status;
    const sm_json *tables;
    sm_code rc = sm_view_status(v, &status, err);

    if (rc != SM_OK)
        return rc;
    tables = sm_json_get(status, "tables");
    if ((rc = deployment(v, d, tables, out, err)) != SM_OK)
        return rc;
    sm_json_set(*out, "datasets", datasets_of(v, tables));
    sm_json_set(*out, "edges", sm_json_get(sm_plan_graph_json(v->plan, v->a), "edges"));
    return SM_OK;
}
