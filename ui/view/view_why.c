/* SPDX-License-Identifier: Apache-2.0 */
/* view_why.c -- why is this table as it is?  Its own last run, then what is wrong above it, nearest
 * first. */
#include "ui/view/view_int.h"

typedef struct why {
    const sm_view *v;
    const sm_json *tables; /* of sm_view_status() */
    bool *seen;            /* per dataset */
    sm_json *because;
} why;

static bool is(sm_sv text, const char *word)
{
    return sm_sv_eq_str(text, word);
}

static const sm_json *row_of(const why *w, sm_sv name)
{
    for (size_t i = 0; i < sm_json_len(w->tables); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(w->tables, i), "name", SM_SV("")), name))
            return sm_json_at(w->tables, i);
    return NULL;
}

static sm_sv state_of(const sm_json *row)
{
    return sm_json_get_sv(row, "state", SM_SV("never_run"));
}

/* A sentence of a state, without the name of the table. */
static sm_sv words_of(const sm_view *v, const sm_json *row)
{
    static const struct {
        const char *state, *words;
    } plain[] = {
        { "never_run", "it was not run yet" },
        { "interrupted", "the process that ran it ended; the next run goes on where it was" },
        { "running", "it is being written now" },
        { "stopped", "its last run was stopped before it was through" },
        { "succeeded", "it has what its inputs had when it was last run" },
        { "succeeded_with_warnings",
          "it has what its inputs had when it was last run, and rows of it break rules" },
        { "idle", "nothing was new in its inputs when it was last run" },
    };
    sm_sv state = state_of(row), error = sm_json_get_sv(row, "error", SM_SV("")),
          reason = sm_json_get_sv(row, "reason", SM_SV(""));

    if (error.len > 0)
        return error;
    if (reason.len > 0)
        return reason;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (is(state, plain[i].state))
            return sm_sv_cstr(plain[i].words);
    return sm_arena_dup(v->a, state);
}

static sm_json *describe(const sm_view *v, sm_sv name, const sm_json *row)
{
    sm_json *o = sm_json_object(v->a);
    const sm_json *flow = sm_json_at(sm_json_get(row, "flows"), 0);

    sm_json_set_string(o, "table", name);
    sm_json_set_string(o, "state", state_of(row));
    sm_json_set_string(o, "message", words_of(v, row));
    sm_view__set_text(o, "since", sm_json_get_sv(flow, "ended", SM_SV("")));
    return o;
}

static bool is_bad(sm_sv state)
{
    return is(state, "failed") || is(state, "interrupted") || is(state, "stopped") ||
           is(state, "skipped") || is(state, "held_back");
}

/* What stands above a dataset, and above that, as far as something is wrong. */
static void walk_up(why *w, const sm_plan_dataset *ds)
{
    const sm_plan *p = w->v->plan;

    for (size_t i = 0; i < ds->n_flows; i++) {
        const sm_plan_flow *f = &p->flows[ds->flow + i];

        for (size_t k = 0; k < f->n_inputs; k++) {
            const sm_plan_dataset *up = &p->datasets[f->inputs[k].dataset];
            const sm_json *row = row_of(w, up->name);

            if (w->seen[f->inputs[k].dataset] || row == NULL)
                continue;
            w->seen[f->inputs[k].dataset] = true;
            if (is_bad(state_of(row)))
                sm_json_append(w->because, describe(w->v, up->name, row));
            walk_up(w, up);
        }
    }
}

sm_code sm_view_why(const sm_view *v, const sm_plan_dataset *table, sm_json **out, sm_error *err)
{
    sm_json *status, *doc = sm_view__document(v);
    why w = { .v = v, .seen = SM_NEW_N(v->a, bool, v->plan->n_datasets + 1) };
    const sm_json *row;
    sm_code rc = sm_view_status(v, &status, err);

    if (rc != SM_OK)
        return rc;
    w.tables = sm_json_get(status, "tables");
    w.because = sm_json_array(v->a);
    row = row_of(&w, table->name);
    walk_up(&w, table);
    sm_json_set_string(doc, "table", table->name);
    sm_json_set_string(doc, "state", state_of(row));
    sm_json_set_string(doc, "message", words_of(v, row));
    sm_view__set_text(doc, "written", sm_json_get_sv(row, "written", SM_SV("")));
    if (sm_json_get(row, "freshness") != NULL)
        sm_json_set(doc, "freshness", sm_json_copy(v->a, sm_json_get(row, "freshness")));
    sm_json_set(doc, "because", w.because);
    if (sm_json_get(status, "paused") != NULL)
        sm_json_set(doc, "paused", sm_json_copy(v->a, sm_json_get(status, "paused")));
    if (v->paused)
        sm_json_set_bool(doc, "paused_by_file", true);
    *out = doc;
    return SM_OK;
}
