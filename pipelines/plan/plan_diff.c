/* SPDX-License-Identifier: Apache-2.0 */
/* plan_diff.c -- a plan against what is live.
 *
 *     found                                            the table is
 *     ----------------------------------------------   ------------------------------------
 *     no table of that name, or an inactive one        new
 *     columns not known yet                            waiting
 *     partitioning changed; a column of the live       rebuild
 *     table has a type that it cannot grow to; a
 *     materialized view never: it is overwritten
 *     a flow's fingerprint changed, a flow came or     forward; a materialized view:
 *     went, columns came or are given no more          recompute
 *     nothing of this                                  unchanged
 *     live, and not in the plan                        inactive
 */
#include "pipelines/plan/plan_int.h"
#include "pipelines/sql/sql_stage_memory.h"
#include "runtime/base/limit.h"

void sm_plan__say(plan_reasons *r, const char *fmt, ...)
{
    sm_buf text;
    va_list args;

    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 4;
        sm_sv *grown = SM_NEW_N(r->a, sm_sv, cap);

        if (r->n)
            memcpy(grown, r->items, r->n * sizeof *grown);
        r->items = grown;
        r->cap = cap;
    }
    sm_buf_init(&text, 4096);
    va_start(args, fmt);
    sm_buf_addv(&text, fmt, args);
    va_end(args);
    r->items[r->n++] = sm_arena_dup(r->a, sm_buf_sv(&text));
    sm_buf_release(&text);
}

static const sm_plan_live_table *live_table(const sm_plan_live *live, sm_sv name)
{
    for (size_t i = 0; i < live->n_tables; i++) {
        if (sm_sql_same_name(live->tables[i].name, name))
            return &live->tables[i];
    }
    return NULL;
}

static const sm_plan_live_flow *live_flow(const sm_plan_live *live, sm_sv name)
{
    for (size_t i = 0; i < live->n_flows; i++) {
        if (sm_sql_same_name(live->flows[i].name, name))
            return &live->flows[i];
    }
    return NULL;
}

static bool same_list(const sm_plan_list *x, const sm_plan_list *y)
{
    for (size_t i = 0; x->n == y->n && i < x->n; i++) {
        if (!sm_sql_same_name(x->items[i], y->items[i]))
            return false;
    }
    return x->n == y->n;
}

/* Does a column of type `was` go on as `now`: a wider type, more fields in a STRUCT? */
static bool grows_to(const sm_column *was, const sm_column *now, sm_arena *a)
{
    sm_schema x = { (sm_column *)was, 1 }, y = { (sm_column *)now, 1 };
    sm_grown g;
    sm_error ignored;

    return sm_schema_grow(&x, &y, SM_GROW_WIDEN, a, &g, &ignored) == SM_OK && g.conflict < 0;
}

/* What of the live columns cannot go on; `gained` are those that come or grow, `left` those
 * that the query does not give any more.  A view is made anew: for it nothing is broken. */
static void compare_columns(const sm_plan_dataset *ds, const sm_plan_live_table *t,
                            plan_reasons *broken, plan_reasons *gained, plan_reasons *left)
{
    bool view = ds->kind == SM_DATASET_MATERIALIZED_VIEW;
    size_t before = gained->n;

    for (size_t i = 0; i < t->schema.n; i++) {
        const sm_column *old = &t->schema.columns[i];
        ptrdiff_t k = sm_schema_find(&ds->schema, old->name);
        const sm_column *now = k < 0 ? NULL : &ds->schema.columns[k];

        if (now == NULL && view)
            sm_plan__say(gained, "column \"%.*s\" is gone", SM_SV_ARG(old->name));
        else if (now == NULL)
            sm_plan__say(
                left, "column \"%.*s\" stays, and is NULL in new rows: the query does not give it",
                SM_SV_ARG(old->name));
        else if (!sm_sv_eq(now->type, old->type))
            sm_plan__say(view || grows_to(old, now, gained->a) ? gained : broken,
                         "column \"%.*s\" changes from %.*s to %.*s", SM_SV_ARG(old->name),
                         SM_SV_ARG(old->type), SM_SV_ARG(now->type));
    }
    for (size_t i = 0; i < ds->schema.n; i++) {
        if (sm_schema_find(&t->schema, ds->schema.columns[i].name) < 0)
            sm_plan__say(gained, "column \"%.*s\" is new", SM_SV_ARG(ds->schema.columns[i].name));
    }
    if (view && gained->n == before && !sm_schema_equal(&t->schema, &ds->schema))
        sm_plan__say(gained, "the order or the spelling of the columns changed");
}

/* A replay of its quarantine is a flow that no file has. */
static bool is_replay(sm_sv flow, const sm_plan_dataset *ds)
{
    sm_sv ending = SM_SV(SM_PLAN_QUARANTINE);

    return flow.len == ds->name.len + ending.len && sm_sv_ends(flow, ending) &&
           sm_sv_eq((sm_sv){ flow.ptr, ds->name.len }, ds->name);
}

static const sm_stage *stage_of(const sm_plan_flow *f, sm_sv name)
{
    for (size_t i = 0; i < f->n_stages; i++) {
        if (sm_stage_remembers(&f->stages[i]) && sm_sv_eq(f->stages[i].name, name))
            return &f->stages[i];
    }
    return NULL;
}

static void compare_stage(const sm_plan_flow *f, const sm_stage *now, const sm_json *was,
                          plan_reasons *broken)
{
    sm_buf why;

    sm_buf_init(&why, SM_LIMIT_SQL_BYTES);
    if (!sm_stage_goes_on(now, was, broken->a, &why))
        sm_plan__say(broken, "\"%.*s\" of flow \"%.*s\" %.*s, so what it remembers cannot go on",
                     SM_SV_ARG(now->name), SM_SV_ARG(f->name), SM_SV_ARG(sm_buf_sv(&why)));
    sm_buf_release(&why);
}

/* Can what the flow remembers go on?  A view that follows its input is computed anew by itself. */
static void compare_stages(const sm_plan_flow *f, const sm_plan_live_flow *old,
                           plan_reasons *broken)
{
    for (size_t i = 0; !f->follows && i < sm_json_len(old->stages); i++) {
        const sm_json *was = sm_json_at(old->stages, i);
        sm_sv name = sm_json_get_sv(was, "name", SM_SV(""));
        const sm_stage *now = stage_of(f, name);

        if (!now)
            sm_plan__say(broken, "what \"%.*s\" of flow \"%.*s\" remembers has no use any more",
                         SM_SV_ARG(name), SM_SV_ARG(f->name));
        else
            compare_stage(f, now, was, broken);
    }
    for (size_t i = 0; !f->follows && sm_json_len(old->stages) > 0 && i < f->n_stages; i++) {
        bool known = !sm_stage_remembers(&f->stages[i]);

        for (size_t k = 0; k < sm_json_len(old->stages); k++)
            known |= sm_sv_eq(sm_json_get_sv(sm_json_at(old->stages, k), "name", SM_SV("")),
                              f->stages[i].name);
        if (!known)
            sm_plan__say(broken,
                         "\"%.*s\" of flow \"%.*s\" is new, and would not know the rows before",
                         SM_SV_ARG(f->stages[i].name), SM_SV_ARG(f->name));
    }
}

static void compare_flows(const sm_plan *p, const sm_plan_dataset *ds, const sm_plan_live *live,
                          plan_reasons *changed, plan_reasons *broken)
{
    for (size_t i = 0; i < ds->n_flows; i++) {
        const sm_plan_flow *f = &p->flows[ds->flow + i];
        const sm_plan_live_flow *old = live_flow(live, f->name);

        if (!old)
            sm_plan__say(changed, "flow \"%.*s\" is new", SM_SV_ARG(f->name));
        else if (!sm_sv_eq(old->fingerprint, f->fingerprint))
            sm_plan__say(changed, "the query or the rules of flow \"%.*s\" changed",
                         SM_SV_ARG(f->name));
        if (old)
            compare_stages(f, old, broken);
    }
    for (size_t i = 0; i < live->n_flows; i++) {
        if (sm_sql_same_name(live->flows[i].table, ds->name) &&
            !is_replay(live->flows[i].name, ds) && !sm_plan_find_flow(p, live->flows[i].name))
            sm_plan__say(changed, "flow \"%.*s\" is gone", SM_SV_ARG(live->flows[i].name));
    }
}

static sm_plan_change compare_table(const sm_plan *p, const sm_plan_dataset *ds,
                                    const sm_plan_live *live, sm_arena *a)
{
    const sm_plan_live_table *t = live_table(live, ds->name);
    bool view = ds->kind == SM_DATASET_MATERIALIZED_VIEW;
    plan_reasons broken = { .a = a }, changed = { .a = a }, left = { .a = a };
    sm_plan_change out = { .table = ds->name, .kind = SM_CHANGE_UNCHANGED };

    if (!ds->known) {
        sm_plan__say(&changed, "its columns depend on a source that has no data yet");
        out.kind = SM_CHANGE_WAITING;
    } else if (!t || !t->active) {
        if (t)
            sm_plan__say(&changed, "it was in the file before, and its table is still there");
        out.kind = SM_CHANGE_NEW;
    } else {
        if (!same_list(&ds->partition_by, &t->partition_by))
            sm_plan__say(&broken, "`partition_by` changed");
        compare_columns(ds, t, &broken, &changed, &left);
        compare_flows(p, ds, live, &changed, &broken);
        for (size_t i = 0; i < left.n && changed.n > 0; i++) /* else this was told before */
            sm_plan__say(&changed, "%.*s", SM_SV_ARG(left.items[i]));
        out.kind = broken.n > 0     ? SM_CHANGE_REBUILD
                   : changed.n == 0 ? SM_CHANGE_UNCHANGED
                   : view           ? SM_CHANGE_RECOMPUTE
                                    : SM_CHANGE_FORWARD;
    }
    for (size_t i = 0; i < changed.n; i++)
        sm_plan__say(&broken, "%.*s", SM_SV_ARG(changed.items[i]));
    out.reasons = broken.items;
    out.n_reasons = broken.n;
    return out;
}

/* Nothing of what was sent can be compared: only what sends it. */
static sm_plan_change compare_sink(const sm_plan *p, const sm_plan_dataset *ds,
                                   const sm_plan_live *live, sm_arena *a)
{
    plan_reasons changed = { .a = a };
    sm_plan_change out = { .table = ds->name, .kind = SM_CHANGE_UNCHANGED };

    if (!ds->known)
        out.kind = SM_CHANGE_WAITING;
    else if (live_flow(live, ds->name) == NULL)
        out.kind = SM_CHANGE_NEW;
    else
        compare_flows(p, ds, live, &changed, &changed);
    if (changed.n > 0)
        out.kind = SM_CHANGE_FORWARD;
    out.reasons = changed.items;
    out.n_reasons = changed.n;
    return out;
}

void sm_plan_diff(const sm_plan *p, const sm_plan_live *live, sm_arena *a,
                  const sm_plan_change **out, size_t *n_out)
{
    sm_plan_change *changes = SM_NEW_N(a, sm_plan_change, p->n_datasets + live->n_tables + 1);
    size_t n = 0;

    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];

        if (sm_dataset_is_table(ds))
            changes[n++] = compare_table(p, ds, live, a);
        else if (ds->kind == SM_DATASET_SINK)
            changes[n++] = compare_sink(p, ds, live, a);
    }
    for (size_t i = 0; i < live->n_tables; i++) {
        const sm_plan_dataset *ds = sm_plan_find(p, live->tables[i].name);
        plan_reasons gone = { .a = a };

        if (ds && (sm_dataset_is_table(ds) || ds->kind == SM_DATASET_SINK))
            continue;
        sm_plan__say(&gone, "it is not in the file; the table is kept, readable, and not written");
        changes[n++] =
            (sm_plan_change){ live->tables[i].name, SM_CHANGE_INACTIVE, gone.items, gone.n };
    }
    *out = changes;
    *n_out = n;
}

const char *sm_plan_change_name(sm_plan_change_kind kind)
{
    switch (kind) {
    case SM_CHANGE_NEW:
        return "new";
    case SM_CHANGE_UNCHANGED:
        return "unchanged";
    case SM_CHANGE_FORWARD:
        return "forward";
    case SM_CHANGE_RECOMPUTE:
        return "recompute";
    case SM_CHANGE_REBUILD:
        return "rebuild";
    case SM_CHANGE_INACTIVE:
        return "inactive";
    case SM_CHANGE_WAITING:
        return "waiting";
    }
    return "";
}
