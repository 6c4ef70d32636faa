/* SPDX-License-Identifier: Apache-2.0 */
/* view_watermarks.c -- how far event time has come, how late rows came, which delay would do.
 *
 * What is suggested: the shortest round delay that at most one row in a thousand would have missed;
 * or, where that is at most twice as long, one that none would have.  Late by how much is what
 * lateness.h says: a window takes rows until its end, so of what would have been behind the
 * watermark some would not have been late. */
#include "runtime/base/clock.h"
#include "runtime/base/duration.h"
#include "runtime/base/lateness.h"
#include "runtime/base/suggest.h"
#include "ui/view/view_int.h"

enum { MISSED_IN = 1000, SURE = 1000, DELAYS_BELOW = 3, DELAYS_ABOVE = 2 };

#define S INT64_C(1000000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

/* Lengths that a person would write. */
static const int64_t round_us[] = {
    0,      1 * S,  2 * S,  5 * S,  10 * S, 15 * S, 30 * S, 1 * M,  2 * M,  3 * M,   5 * M,
    10 * M, 15 * M, 20 * M, 30 * M, 1 * H,  2 * H,  3 * H,  4 * H,  6 * H,  8 * H,   12 * H,
    1 * D,  2 * D,  3 * D,  5 * D,  7 * D,  14 * D, 30 * D, 60 * D, 90 * D, 180 * D, 365 * D,
};
enum { ROUND = sizeof round_us / sizeof round_us[0] };

/* ---- what was seen ------------------------------------------------------------------ */

static sm_json *input_row(const sm_view *v, const sm_stage *s, const sm_lateness *l)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "input", s->of);
    sm_json_set_string(o, "column", s->time_column);
    sm_json_set_string(o, "delay", sm_duration_text(s->delay_us, v->a));
    sm_json_set_int(o, "delay_us", s->delay_us);
    if (l->newest_us != SM_LATENESS_NO_TIME) {
        sm_json_set_string(o, "newest", sm_time_rfc3339(l->newest_us / 1000, v->a));
        sm_json_set_int(o, "gap_ms", sm_clock_now_ms() - l->newest_us / 1000);
    }
    sm_json_set_int(o, "rows", l->rows);
    sm_json_set_int(o, "timeless", l->timeless);
    sm_json_set_int(o, "first", l->first);
    sm_json_set_int(o, "compared", sm_lateness_compared(l));
    sm_json_set_int(o, "ahead", l->ahead);
    sm_json_set_int(o, "max_us", l->max_us);
    return o;
}

/* ---- which delay -------------------------------------------------------------------- */

static sm_json *quantiles(const sm_view *v, const sm_lateness *l)
{
    static const struct {
        const char *name;
        double share;
    } shares[] = {
        { "p50", 0.5 },     { "p90", 0.9 },       { "p99", 0.99 },
        { "p99.9", 0.999 }, { "p99.99", 0.9999 }, { "max", 1 },
    };
    sm_json *o = sm_json_object(v->a);

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        sm_json_set_int(o, shares[i].name, sm_lateness_quantile(l, shares[i].share));
    return o;
}

/* The shortest round delay that at most this many rows would have missed. */
static int64_t round_for(const sm_lateness *l, int64_t missed)
{
    for (size_t i = 1; i < ROUND; i++)
        if (sm_lateness_behind(l, round_us[i]) <= missed)
            return round_us[i];
    return (l->max_us / D + 1) * D;
}

/* From few rows nobody should take a shorter delay. */
static int64_t suggested(const sm_stage *s, const sm_lateness *l)
{
    int64_t most = round_for(l, sm_lateness_compared(l) / MISSED_IN), all = round_for(l, 0);
    int64_t us = all / 2 <= most ? all : most;

    return us < s->delay_us && sm_lateness_compared(l) < SURE ? s->delay_us : us;
}

static void add_delay(const sm_view *v, const sm_stage *s, const sm_lateness *l, int64_t delay_us,
                      sm_json *list)
{
    int64_t n = sm_lateness_behind(l, delay_us);
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "delay", sm_duration_text(delay_us, v->a));
    sm_json_set_int(o, "delay_us", delay_us);
    sm_json_set_int(o, "rows", n);
    sm_json_set_real(o, "share", (double)n / (double)sm_lateness_compared(l));
    sm_json_set_bool(o, "configured", delay_us == s->delay_us);
    sm_json_set_bool(o, "suggested", delay_us == suggested(s, l));
    sm_json_append(list, o);
}

/* In order, each once. */
static size_t insert(int64_t *list, size_t n, int64_t us)
{
    size_t at = n;

    while (at > 0 && list[at - 1] >= us)
        at--;
    if (at < n && list[at] == us)
        return n;
    memmove(list + at + 1, list + at, (n - at) * sizeof *list);
    list[at] = us;
    return n + 1;
}

/* The suggested and the configured one, that which nobody would have missed, and round ones around
 * the suggested one. */
static sm_json *delays(const sm_view *v, const sm_stage *s, const sm_lateness *l)
{
    int64_t list[DELAYS_BELOW + DELAYS_ABOVE + 4];
    int64_t none = round_for(l, 0), best = suggested(s, l);
    sm_json *out = sm_json_array(v->a);
    size_t n = 0, at = 0;

    while (at < ROUND && round_us[at] < best)
        at++;
    for (size_t i = at > DELAYS_BELOW ? at - DELAYS_BELOW : 0;
         i < ROUND && i <= at + DELAYS_ABOVE && round_us[i] <= none; i++)
        n = insert(list, n, round_us[i]);
    n = insert(list, n, none);
    n = insert(list, n, best);
    n = insert(list, n, s->delay_us);
    for (size_t i = 0; i < n; i++)
        add_delay(v, s, l, list[i], out);
    return out;
}

/* ---- as YAML ------------------------------------------------------------------------ */

static void add_word(sm_buf *b, sm_sv word)
{
    bool plain = word.len > 0;

    for (size_t i = 0; i < word.len; i++)
        plain &= (word.ptr[i] >= 'a' && word.ptr[i] <= 'z') ||
                 (word.ptr[i] >= 'A' && word.ptr[i] <= 'Z') || word.ptr[i] == '_' ||
                 (i > 0 && word.ptr[i] >= '0' && word.ptr[i] <= '9');
    if (plain)
        sm_buf_add(b, word);
    else
        sm_buf_add_json_string(b, word);
}

static void add_watermark(const sm_view *v, sm_sv column, int64_t delay_us, int64_t idle_us,
                          int64_t max_future_us, sm_buf *b)
{
    sm_buf_adds(b, "{column: ");
    add_word(b, column);
    sm_buf_addf(b, ", delay: %.*s", SM_SV_ARG(sm_duration_text(delay_us, v->a)));
    if (idle_us > 0)
        sm_buf_addf(b, ", idle_timeout: %.*s", SM_SV_ARG(sm_duration_text(idle_us, v->a)));
    if (max_future_us >= 0)
        sm_buf_addf(b, ", max_future: %.*s", SM_SV_ARG(sm_duration_text(max_future_us, v->a)));
    sm_buf_addc(b, '}');
}

/* The whole key as it stands in the file, with this delay for one input. */
static sm_sv as_yaml(const sm_view *v, const sm_plan_dataset *owner, const sm_stage *s,
                     int64_t delay_us)
{
    bool map = owner->n_watermarks > 1;
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, owner->kind == SM_DATASET_SOURCE ? "sources:\n  " : "tables:\n  ");
    add_word(&b, owner->name);
    sm_buf_adds(&b, map ? ":\n    watermark:" : ":\n    watermark: ");
    for (size_t i = 0; i < owner->n_watermarks; i++) {
        const sm_plan_watermark *w = &owner->watermarks[i];
        sm_sv input = v->plan->datasets[w->input].name;

        if (map) {
            sm_buf_adds(&b, "\n      ");
            add_word(&b, input);
            sm_buf_adds(&b, ": ");
        }
        add_watermark(v, w->column,
                      sm_sv_eq(input, s->of) && sm_sv_eq(w->column, s->time_column) ? delay_us
                                                                                    : w->delay_us,
                      w->idle_us, w->max_future_us, &b);
    }
    sm_buf_addc(&b, '\n');
    out = sm_arena_dup(v->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* Where the watermark stands in the file: at what is read, or at the table. */
static const sm_plan_dataset *owner_of(const sm_view *v, const sm_plan_flow *f, const sm_stage *s)
{
    const sm_plan_dataset *of = sm_plan_find(v->plan, s->of);

    return of != NULL && of->n_watermarks > 0 && of->kind != SM_DATASET_STREAMING_TABLE
               ? of
               : &v->plan->datasets[f->target];
}

static void add_advice(const sm_view *v, const sm_plan_flow *f, const sm_stage *s,
                       const sm_lateness *l, sm_json *row)
{
    const sm_plan_dataset *owner = owner_of(v, f, s);
    sm_json *o = sm_json_object(v->a);
    int64_t us = suggested(s, l);

    if (sm_lateness_compared(l) == 0)
        return;
    sm_json_set(row, "quantiles_us", quantiles(v, l));
    sm_json_set(row, "delays", delays(v, s, l));
    sm_json_set_string(o, "delay", sm_duration_text(us, v->a));
    sm_json_set_int(o, "delay_us", us);
    sm_json_set_int(o, "rows", sm_lateness_behind(l, us));
    sm_json_set_bool(o, "sure", sm_lateness_compared(l) >= SURE);
    sm_json_set_string(o, "yaml", as_yaml(v, owner, s, us));
    sm_json_set(row, "suggestion", o);
}

/* ---- documents ---------------------------------------------------------------------- */

void sm_view__watermark(const sm_view *v, const sm_plan_flow *f, const sm_batch_rec *last,
                        bool advises, sm_json *o)
{
    sm_json *inputs = sm_json_array(v->a), *marks = NULL, *record = NULL;
    sm_lateness *l = SM_NEW(v->a, sm_lateness);
    sm_error ignored;

    if (last != NULL && last->watermarks.len > 0 &&
        sm_json_parse(last->watermarks, v->a, &marks, &ignored) == SM_OK &&
        sm_json_get(marks, "next") != NULL)
        sm_json_set_string(o, "watermark",
                           sm_time_rfc3339(sm_json_get_int(marks, "next", 0) / 1000, v->a));
    if (last != NULL && last->lateness.len > 0 &&
        sm_json_parse(last->lateness, v->a, &record, &ignored) == SM_OK)
        sm_json_set_int(o, "late", sm_json_get_int(record, "late", 0));
    for (size_t i = 0; i < f->n_stages; i++) {
        sm_json *row;

        if (f->stages[i].kind != SM_STAGE_WATERMARK)
            continue;
        sm_lateness_read(l, sm_lateness_of(record, f->stages[i].name, f->stages[i].of,
                                           f->stages[i].time_column));
        row = input_row(v, &f->stages[i], l);
        if (advises)
            add_advice(v, f, &f->stages[i], l, row);
        sm_json_append(inputs, row);
    }
    if (sm_json_len(inputs) > 0)
        sm_json_set(o, "watermarks", inputs);
}

/* Has the table a watermark, or a source that it reads?  One that nothing in the query asks for is
 * not looked at, and no stage says so. */
static bool declares(const sm_view *v, const sm_plan_flow *f)
{
    const sm_plan_dataset *table = &v->plan->datasets[f->target];
    bool found = table->n_watermarks > 0;

    for (size_t i = 0; i < table->n_reads; i++) {
        const sm_plan_dataset *ds = &v->plan->datasets[table->reads[i]];

        found |= ds->n_watermarks > 0 && !sm_dataset_is_table(ds);
    }
    return found;
}

static sm_code flow_row(const sm_view *v, const sm_plan_flow *f, bool advises, sm_json **out,
                        sm_error *err)
{
    sm_json *o = sm_json_object(v->a);
    sm_position pos = { 0 };
    sm_code rc = SM_OK;

    *out = NULL;
    if (sm_view__has_run(v))
        rc = sm_store_position(v->store, v->pipeline, f->name, v->a, &pos, err);
    if (rc != SM_OK)
        return rc;
    sm_json_set_string(o, "flow", f->name);
    sm_json_set_string(o, "table", v->plan->datasets[f->target].name);
    sm_view__watermark(v, f, pos.has_last ? &pos.last : NULL, advises, o);
    if (sm_json_get(o, "watermarks") == NULL && !declares(v, f))
        return SM_OK;
    sm_json_set_string(o, "policy", f->watermark_max ? SM_SV("max") : SM_SV("min"));
    sm_json_set_bool(o, "used", sm_json_get(o, "watermarks") != NULL || !f->bound);
    *out = o;
    return SM_OK;
}

/* Is the flow asked for by this name, of its own, its table or a source or view in it? */
static bool is_named(const sm_view *v, const sm_plan_flow *f, sm_sv name)
{
    const sm_plan_dataset *ds = sm_plan_find(v->plan, name), *table = &v->plan->datasets[f->target];
    bool found = name.len == 0 || sm_plan_find_flow(v->plan, name) == f || ds == table;

    if (ds == NULL || sm_dataset_is_table(ds))
        return found;
    for (size_t i = 0; i < f->n_stages; i++)
        found |= f->stages[i].kind == SM_STAGE_WATERMARK && sm_sv_eq(f->stages[i].of, ds->name);
    for (size_t i = 0; i < table->n_reads; i++)
        found |= &v->plan->datasets[table->reads[i]] == ds;
    return found;
}

static sm_code check_name(const sm_view *v, sm_sv name, sm_error *err)
{
    size_t n = v->plan->n_datasets, close;
    sm_sv *names = SM_NEW_N(v->a, sm_sv, n + v->plan->n_flows + 1);

    if (name.len == 0 || sm_plan_find(v->plan, name) != NULL ||
        sm_plan_find_flow(v->plan, name) != NULL)
        return SM_OK;
    for (size_t i = 0; i < n; i++)
        names[i] = v->plan->datasets[i].name;
    for (size_t i = 0; i < v->plan->n_flows; i++)
        names[n++] = v->plan->flows[i].name;
    close = sm_suggest(name, names, n);
    if (close < n)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "there is no table or flow \"%.*s\"; did you mean \"%.*s\"?",
                       SM_SV_ARG(name), SM_SV_ARG(names[close]));
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "there is no table or flow \"%.*s\"; `smelt ls` prints them", SM_SV_ARG(name));
}

/* Nothing to advise: why. */
static sm_code check_found(sm_sv name, const sm_json *list, bool advises, sm_error *err)
{
    bool used = false;

    for (size_t i = 0; i < sm_json_len(list); i++)
        used |= sm_json_get_bool(sm_json_at(list, i), "used", false);
    if (used || name.len == 0 || (!advises && sm_json_len(list) > 0))
        return SM_OK;
    if (sm_json_len(list) == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "\"%.*s\" has no watermark: give it, or what it reads, `watermark: {column, "
                       "delay}`",
                       SM_SV_ARG(name));
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "\"%.*s\" has a watermark that its query does not need: no row of it can be "
                   "late, so none is looked at",
                   SM_SV_ARG(name));
}

sm_code sm_view_watermarks(const sm_view *v, sm_sv name, bool advises, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a), *row;
    sm_code rc = check_name(v, name, err);

    for (size_t i = 0; rc == SM_OK && i < v->plan->n_flows; i++) {
        if (!is_named(v, &v->plan->flows[i], name))
            continue;
        rc = flow_row(v, &v->plan->flows[i], advises, &row, err);
        if (rc == SM_OK && row != NULL)
            sm_json_append(list, row);
    }
    if (rc == SM_OK)
        rc = check_found(name, list, advises, err);
    sm_json_set(doc, "flows", list);
    *out = doc;
    return rc;
}
