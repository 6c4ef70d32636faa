/* SPDX-License-Identifier: Apache-2.0 */
/* plan_since.c -- a plan against an earlier one of the same pipeline, without any state.
 *
 *     not in the earlier plan                             new
 *     in the earlier plan only                            removed
 *     other columns, queries, rules, options, or          modified
 *     something of this in what it reads
 *     nothing of this; comments and spaces do not count   unchanged
 *
 * What a change would do to tables that the earlier plan wrote is plan_diff.c's answer. */
#include "pipelines/plan/plan_int.h"
#include "pipelines/sql/sql_stage_memory.h"

typedef struct pair {
    const sm_plan *plan, *old_plan;
    const sm_plan_dataset *ds, *old;
    sm_arena *a;
    plan_reasons *r;
} pair;

static bool same_sql(const pair *x, sm_sv p, sm_sv q)
{
    return sm_sv_eq(sm_sql_normal(p, x->a), sm_sql_normal(q, x->a));
}

static bool same_list(const sm_plan_list *p, const sm_plan_list *q)
{
    for (size_t i = 0; p->n == q->n && i < p->n; i++)
        if (!sm_sql_same_name(p->items[i], q->items[i]))
            return false;
    return p->n == q->n;
}

/* ---- rules ----------------------------------------------------------------------- */

static const sm_plan_rule *rule_named(const sm_plan_dataset *ds, sm_sv name)
{
    for (size_t i = 0; i < ds->n_rules; i++)
        if (sm_sql_same_name(ds->rules[i].name, name))
            return &ds->rules[i];
    return NULL;
}

static void compare_threshold(const pair *x, sm_sv rule, const char *key, sm_sv old, sm_sv now)
{
    if (!sm_sv_eq(old, now))
        sm_plan__say(x->r, "%s of rule \"%.*s\" changes from \"%.*s\" to \"%.*s\"", key,
                     SM_SV_ARG(rule), SM_SV_ARG(old), SM_SV_ARG(now));
}

static void compare_rules(const pair *x)
{
    for (size_t i = 0; i < x->ds->n_rules; i++) {
        const sm_plan_rule *now = &x->ds->rules[i], *old = rule_named(x->old, now->name);

        if (old == NULL) {
            sm_plan__say(x->r, "rule \"%.*s\" is new", SM_SV_ARG(now->name));
            continue;
        }
        if (!same_sql(x, old->expr, now->expr))
            sm_plan__say(x->r, "rule \"%.*s\" changes from %.*s to %.*s", SM_SV_ARG(now->name),
                         SM_SV_ARG(old->text), SM_SV_ARG(now->text));
        if (!sm_sv_eq(old->policy, now->policy))
            sm_plan__say(x->r, "on_violation of rule \"%.*s\" changes from %.*s to %.*s",
                         SM_SV_ARG(now->name), SM_SV_ARG(old->policy), SM_SV_ARG(now->policy));
        compare_threshold(x, now->name, "fail_if", old->fail_if, now->fail_if);
        compare_threshold(x, now->name, "warn_if", old->warn_if, now->warn_if);
    }
    for (size_t i = 0; i < x->old->n_rules; i++)
        if (rule_named(x->ds, x->old->rules[i].name) == NULL)
            sm_plan__say(x->r, "rule \"%.*s\" is gone", SM_SV_ARG(x->old->rules[i].name));
}

static const sm_plan_check *check_named(const sm_plan_dataset *ds, sm_sv name)
{
    for (size_t i = 0; i < ds->n_checks; i++)
        if (sm_sql_same_name(ds->checks[i].name, name))
            return &ds->checks[i];
    return NULL;
}

static void compare_checks(const pair *x)
{
    for (size_t i = 0; i < x->ds->n_checks; i++) {
        const sm_plan_check *now = &x->ds->checks[i], *old = check_named(x->old, now->name);

        if (old == NULL) {
            sm_plan__say(x->r, "rule \"%.*s\" is new", SM_SV_ARG(now->name));
            continue;
        }
        if (!sm_sv_eq(old->text, now->text))
            sm_plan__say(x->r, "rule \"%.*s\" changes from %.*s to %.*s", SM_SV_ARG(now->name),
                         SM_SV_ARG(old->text), SM_SV_ARG(now->text));
        if (!sm_sv_eq(old->policy, now->policy))
            sm_plan__say(x->r, "on_violation of rule \"%.*s\" changes from %.*s to %.*s",
                         SM_SV_ARG(now->name), SM_SV_ARG(old->policy), SM_SV_ARG(now->policy));
        compare_threshold(x, now->name, "fail_if", old->fail_if, now->fail_if);
        compare_threshold(x, now->name, "warn_if", old->warn_if, now->warn_if);
    }
    for (size_t i = 0; i < x->old->n_checks; i++)
        if (check_named(x->ds, x->old->checks[i].name) == NULL)
            sm_plan__say(x->r, "rule \"%.*s\" is gone", SM_SV_ARG(x->old->checks[i].name));
}

/* ---- queries --------------------------------------------------------------------- */

static void compare_flows(const pair *x)
{
    for (size_t i = 0; i < x->ds->n_flows; i++) {
        const sm_plan_flow *now = &x->plan->flows[x->ds->flow + i];
        const sm_plan_flow *old = sm_plan_find_flow(x->old_plan, now->name);

        if (old == NULL)
            sm_plan__say(x->r, "flow \"%.*s\" is new", SM_SV_ARG(now->name));
        else if (!same_sql(x, old->sql_text, now->sql_text))
            sm_plan__say(x->r, "the SQL of flow \"%.*s\" changed", SM_SV_ARG(now->name));
        else if (!same_sql(x, old->sql, now->sql))
            sm_plan__say(x->r, "what flow \"%.*s\" reads changed", SM_SV_ARG(now->name));
    }
    for (size_t i = 0; i < x->old->n_flows; i++) {
        sm_sv name = x->old_plan->flows[x->old->flow + i].name;

        if (sm_plan_find_flow(x->plan, name) == NULL)
            sm_plan__say(x->r, "flow \"%.*s\" is gone", SM_SV_ARG(name));
    }
}

static void compare_columns(const pair *x)
{
    const sm_schema *now = &x->ds->schema, *old = &x->old->schema;
    size_t before = x->r->n;

    for (size_t i = 0; i < old->n; i++) {
        ptrdiff_t k = sm_schema_find(now, old->columns[i].name);

        if (k < 0)
            sm_plan__say(x->r, "column \"%.*s\" is gone", SM_SV_ARG(old->columns[i].name));
        else if (!sm_sv_eq(now->columns[k].type, old->columns[i].type))
            sm_plan__say(x->r, "column \"%.*s\" changes from %.*s to %.*s",
                         SM_SV_ARG(old->columns[i].name), SM_SV_ARG(old->columns[i].type),
                         SM_SV_ARG(now->columns[k].type));
    }
    for (size_t i = 0; i < now->n; i++)
        if (sm_schema_find(old, now->columns[i].name) < 0)
            sm_plan__say(x->r, "column \"%.*s\" is new", SM_SV_ARG(now->columns[i].name));
    if (x->r->n == before && !sm_schema_equal(old, now))
        sm_plan__say(x->r, "the order or the spelling of the columns changed");
}

/* ---- sources --------------------------------------------------------------------- */

static void compare_options(const pair *x)
{
    sm_json_iter it;

    if (!sm_sv_eq(x->old->source_type, x->ds->source_type))
        sm_plan__say(x->r, "its type changes from %.*s to %.*s", SM_SV_ARG(x->old->source_type),
                     SM_SV_ARG(x->ds->source_type));
    for (it = sm_json_first(x->ds->source_config); sm_json_valid(&it); sm_json_next(&it)) {
        const sm_json *old = sm_json_get_by(x->old->source_config, it.key);

        if (!sm_json_equal(old, it.value))
            sm_plan__say(x->r, "`%.*s` changes from %.*s to %.*s", SM_SV_ARG(it.key),
                         SM_SV_ARG(sm_json_text(old, x->a)),
                         SM_SV_ARG(sm_json_text(it.value, x->a)));
    }
}

/* ---- watermarks, duplicates, what a batch does ---------------------------------------- */

static bool same_watermark(const pair *x, const sm_plan_watermark *p, const sm_plan_watermark *q)
{
    return sm_sql_same_name(x->old_plan->datasets[p->input].name,
                            x->plan->datasets[q->input].name) &&
           sm_sql_same_name(p->column, q->column) && p->delay_us == q->delay_us &&
           p->idle_us == q->idle_us && p->max_future_us == q->max_future_us;
}

static bool same_deduplicate(const sm_plan_deduplicate *p, const sm_plan_deduplicate *q)
{
    if (!p || !q)
        return p == q;
    return same_list(&p->keys, &q->keys) && p->within_watermark == q->within_watermark;
}

static void compare_streaming(const pair *x)
{
    const sm_plan_dataset *ds = x->ds, *old = x->old;
    bool same = ds->n_watermarks == old->n_watermarks;

    for (size_t i = 0; same && i < ds->n_watermarks; i++)
        same = same_watermark(x, &old->watermarks[i], &ds->watermarks[i]);
    if (!same)
        sm_plan__say(x->r, "`watermark` changed");
    if (!same_deduplicate(old->deduplicate, ds->deduplicate))
        sm_plan__say(x->r, "`deduplicate` changed");
    if (ds->n_flows == 0 || old->n_flows == 0)
        return;
    if (x->plan->flows[ds->flow].output_mode != x->old_plan->flows[old->flow].output_mode)
        sm_plan__say(x->r, "`output_mode` changed");
    if (x->plan->flows[ds->flow].watermark_max != x->old_plan->flows[old->flow].watermark_max)
        sm_plan__say(x->r, "`watermark_policy` changed");
    if (x->plan->flows[ds->flow].keeps_late != x->old_plan->flows[old->flow].keeps_late)
        sm_plan__say(x->r, "`late_rows` changed");
}

/* ---- all of it ------------------------------------------------------------------- */

static void compare(const pair *x)
{
    const sm_plan_dataset *ds = x->ds, *old = x->old;

    if (ds->kind != old->kind)
        sm_plan__say(x->r, "it was a %s and is a %s", sm_dataset_kind_name(old->kind),
                     sm_dataset_kind_name(ds->kind));
    if (ds->known && old->known)
        compare_columns(x);
    if (!same_list(&old->partition_by, &ds->partition_by))
        sm_plan__say(x->r, "`partition_by` changed");
    if (ds->kind == SM_DATASET_VIEW && !same_sql(x, old->sql_text, ds->sql_text))
        sm_plan__say(x->r, "its SQL changed");
    if (ds->kind == SM_DATASET_SOURCE && old->kind == SM_DATASET_SOURCE)
        compare_options(x);
    compare_streaming(x);
    compare_flows(x);
    compare_rules(x);
    compare_checks(x);
    if (x->r->n == 0 && !sm_sv_eq(old->fingerprint, ds->fingerprint))
        sm_plan__say(x->r, "what decides its rows changed");
}

/* What a flow would remember, as a record says it. */
static const sm_json *records_of(const sm_plan_flow *f, sm_arena *a)
{
    sm_json *rows = sm_json_array(a);

    for (size_t i = 0; i < f->n_stages; i++)
        if (sm_stage_remembers(&f->stages[i]))
            sm_json_append(rows, sm_stage_record(&f->stages[i], a));
    return rows;
}

/* The earlier plan as if each of its tables were there. */
static void make_live(const sm_plan *old, sm_arena *a, sm_plan_live *live)
{
    sm_plan_live_table *tables = SM_NEW_N(a, sm_plan_live_table, old->n_datasets + 1);
    sm_plan_live_flow *flows = SM_NEW_N(a, sm_plan_live_flow, old->n_flows + 1);

    *live = (sm_plan_live){ .tables = tables, .flows = flows };
    for (size_t i = 0; i < old->n_datasets; i++) {
        const sm_plan_dataset *ds = &old->datasets[i];

        if (sm_dataset_is_table(ds) && ds->known)
            tables[live->n_tables++] = (sm_plan_live_table){ .name = ds->name,
                                                             .schema = ds->schema,
                                                             .partition_by = ds->partition_by,
                                                             .active = true };
    }
    for (size_t i = 0; i < old->n_flows; i++)
        flows[live->n_flows++] =
            (sm_plan_live_flow){ old->flows[i].name, old->datasets[old->flows[i].target].name,
                                 old->flows[i].fingerprint, records_of(&old->flows[i], a) };
}

static sm_plan_change_kind effect_of(const sm_plan_change *changes, size_t n, sm_sv table)
{
    for (size_t i = 0; i < n; i++)
        if (sm_sql_same_name(changes[i].table, table))
            return changes[i].kind;
    return SM_CHANGE_UNCHANGED;
}

void sm_plan_since(const sm_plan *p, const sm_plan *old, sm_arena *a, const sm_plan_since_row **out,
                   size_t *n_out)
{
    sm_plan_since_row *rows = SM_NEW_N(a, sm_plan_since_row, p->n_datasets + old->n_datasets + 1);
    const sm_plan_change *changes;
    sm_plan_live live;
    size_t n = 0, n_changes;

    make_live(old, a, &live);
    sm_plan_diff(p, &live, a, &changes, &n_changes);
    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[p->order[i]];
        plan_reasons r = { .a = a };
        pair x = { p, old, ds, sm_plan_find(old, ds->name), a, &r };

        if (sm_dataset_is_side(ds)) /* follows its table */
            continue;
        if (x.old != NULL)
            compare(&x);
        rows[n++] = (sm_plan_since_row){
            .dataset = ds,
            .change = x.old == NULL ? SM_SINCE_NEW
                      : r.n > 0     ? SM_SINCE_MODIFIED
                                    : SM_SINCE_UNCHANGED,
            .effect = effect_of(changes, n_changes, ds->name),
            .reasons = r.items,
            .n_reasons = r.n,
        };
    }
    for (size_t i = 0; i < old->n_datasets; i++)
        if (!sm_dataset_is_side(&old->datasets[i]) &&
            sm_plan_find(p, old->datasets[i].name) == NULL)
            rows[n++] = (sm_plan_since_row){ .dataset = &old->datasets[i],
                                             .change = SM_SINCE_REMOVED,
                                             .effect = SM_CHANGE_INACTIVE };
    *out = rows;
    *n_out = n;
}

const char *sm_plan_since_name(sm_plan_since_kind kind)
{
    static const char *const names[] = {
        [SM_SINCE_UNCHANGED] = "unchanged",
        [SM_SINCE_NEW] = "new",
        [SM_SINCE_MODIFIED] = "modified",
        [SM_SINCE_REMOVED] = "removed",
    };

    return names[kind];
}
