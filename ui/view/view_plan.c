/* SPDX-License-Identifier: Apache-2.0 */
/* view_plan.c -- what a run of these files would do to what is there.
 *
 * Live is: the columns that a table's log has now, and the fingerprint of the plan that the
 * newest batch of each flow was made by.  Two things a run refuses, and so says this:
 *
 *     foreign   a table is there, and the control store has no batch of it: it was written
 *               under a checkpoint that is lost
 *     lost      the table went back, or another one stands in its place.  Only its newest commit
 *               missing is no loss: the run publishes that again. */
#include "ui/view/view_int.h"

typedef enum misfit { FITS, FOREIGN, FORGOTTEN, LOST } misfit;

typedef struct live {
    const sm_view *v;
    sm_plan_live_table *tables;
    sm_plan_live_flow *flows;
    sm_plan_live plan;
    const sm_view_live **looks; /* per live table */
    misfit *misfits;            /* per dataset of the plan */
} live;

static bool is_table_kind(sm_sv kind)
{
    return sm_sv_eq_str(kind, "streaming_table") || sm_sv_eq_str(kind, "materialized_view");
}

static void add_table(live *l, sm_sv name, bool active, const sm_view_live *look)
{
    l->looks[l->plan.n_tables] = look;
    l->tables[l->plan.n_tables++] = (sm_plan_live_table){
        .name = name,
        .schema = look->schema,
        .partition_by = look->partition_by,
        .active = active,
    };
}

static void check_seen(live *l, const sm_table_rec *rec, const sm_view_live *look)
{
    const sm_plan_dataset *ds = sm_plan_find(l->v->plan, rec->name);
    bool other = look->version >= 0 && rec->table_id.len > 0 && !sm_sv_eq(rec->table_id, look->id);

    if (ds != NULL && (other || look->version + 1 < rec->version))
        l->misfits[sm_plan_index(l->v->plan, ds)] = LOST;
}

/* The tables that the control store knows and that are there. */
static sm_code find_tables(live *l, sm_error *err)
{
    sm_table_rec *recs = NULL;
    size_t n = 0;
    sm_code rc = SM_OK;

    if (sm_view__has_run(l->v))
        rc = sm_store_tables(l->v->store, l->v->pipeline, l->v->a, &recs, &n, err);
    l->tables = SM_NEW_N(l->v->a, sm_plan_live_table, n + 1);
    l->looks = SM_NEW_N(l->v->a, const sm_view_live *, n + 1);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        sm_view_live *look = SM_NEW(l->v->a, sm_view_live);

        if (!is_table_kind(recs[i].kind))
            continue;
        rc = sm_view__look(l->v, recs[i].path, recs[i].delta_state, look, err);
        if (rc == SM_OK)
            check_seen(l, &recs[i], look);
        if (rc == SM_OK && look->version >= 0)
            add_table(l, recs[i].name, recs[i].active, look);
    }
    l->plan.tables = l->tables;
    return rc;
}

/* What the flow remembers; a record that cannot be read is the run's to tell. */
static const sm_json *stages_of(const sm_view *v, const sm_batch_rec *last)
{
    sm_json *record = NULL;
    sm_error ignored;

    if (last->stages.len == 0 || sm_json_parse(last->stages, v->a, &record, &ignored) != SM_OK)
        return NULL;
    return sm_json_get(record, "stages");
}

static sm_code find_flows(live *l, sm_error *err)
{
    const sm_view *v = l->v;
    sm_generation *g = NULL;
    size_t n = 0;
    sm_code rc = SM_OK;

    if (sm_view__has_run(v))
        rc = sm_store_generations(v->store, v->pipeline, SM_SV(""), v->a, &g, &n, err);
    l->flows = SM_NEW_N(v->a, sm_plan_live_flow, n + 1);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        sm_position pos;

        rc = sm_store_position(v->store, v->pipeline, g[i].flow, v->a, &pos, err);
        if (rc == SM_OK && pos.has_last)
            l->flows[l->plan.n_flows++] =
                (sm_plan_live_flow){ g[i].flow, g[i].target, pos.last.plan_fingerprint,
                                     stages_of(v, &pos.last) };
    }
    l->plan.flows = l->flows;
    return rc;
}

static bool has_flow(const live *l, sm_sv table)
{
    for (size_t i = 0; i < l->plan.n_flows; i++)
        if (sm_sql_same_name(l->flows[i].table, table))
            return true;
    return false;
}

static const sm_view_live *look_of(const live *l, sm_sv table)
{
    for (size_t i = 0; i < l->plan.n_tables; i++)
        if (sm_sql_same_name(l->tables[i].name, table))
            return l->looks[i];
    return NULL;
}

/* Tables of the plan that are there, while no batch of them is on record. */
static sm_code find_foreign(live *l, sm_error *err)
{
    const sm_plan *p = l->v->plan;
    sm_view_live look;
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < p->n_datasets; i++) {
        const sm_plan_dataset *ds = &p->datasets[i];

        if (!sm_dataset_is_table(ds) || has_flow(l, ds->name))
            continue;
        rc = sm_view__look_at(l->v, ds, &look, err);
        if (rc == SM_OK && look.version >= 0)
            l->misfits[i] = sm_view__remembers(l->v, ds) ? FORGOTTEN : FOREIGN;
    }
    return rc;
}

static const char *act_of(sm_plan_change_kind kind)
{
    switch (kind) {
    case SM_CHANGE_NEW:
        return "is made by the next run";
    case SM_CHANGE_UNCHANGED:
        return "goes on";
    case SM_CHANGE_FORWARD:
        return "new rows follow the new definition; rows that are there stay";
    case SM_CHANGE_RECOMPUTE:
        return "is computed again by the next run";
    case SM_CHANGE_REBUILD:
        return "cannot go on: needs --full-refresh";
    case SM_CHANGE_INACTIVE:
        return "is kept and not written";
    case SM_CHANGE_WAITING:
        return "waits for the first data of its source";
    }
    return "";
}

static const struct {
    const char *act, *reason, *next;
} refusals[] = {
    [FITS] = { "", "", "" },
    [FOREIGN] = { "a run refuses it: adopt the table or rebuild it",
                  "a table is there that was written under a checkpoint that is not here",
                  "smelt checkpoint adopt" },
    [FORGOTTEN] = { "a run refuses it: bring the state folder back or rebuild it",
                    "a table is there that was written under a checkpoint that is not here, and "
                    "what its query remembers is not in it",
                    "smelt run --full-refresh" },
    [LOST] = { "a run refuses it: bring the table back or rebuild it",
               "the table went back behind what was written, or is another one",
               "smelt run --full-refresh" },
};

static void set_next(const live *l, sm_json *o, const char *command, sm_sv table)
{
    sm_json_set_string(o, "next", sm_arena_printf(l->v->a, "%s %.*s", command, SM_SV_ARG(table)));
}

static void set_place(const live *l, sm_json *o, sm_sv table)
{
    const sm_plan_dataset *ds = sm_plan_find(l->v->plan, table);

    if (ds == NULL || ds->place.line == 0)
        return;
    sm_json_set_string(o, "file", ds->place.file);
    sm_json_set_int(o, "line", ds->place.line);
    sm_json_set_int(o, "column", ds->place.column);
}

static sm_json *refused_row(const live *l, sm_sv table, misfit why)
{
    sm_json *o = sm_json_object(l->v->a), *reasons = sm_json_array(l->v->a);

    sm_json_set_string(o, "table", table);
    sm_json_set_string(o, "change", SM_SV("refused"));
    set_place(l, o, table);
    sm_json_set_string(o, "act", sm_sv_cstr(refusals[why].act));
    sm_json_append_string(reasons, sm_sv_cstr(refusals[why].reason));
    sm_json_set(o, "reasons", reasons);
    set_next(l, o, refusals[why].next, table);
    return o;
}

/* What the sink of the dataset promises; `tables` is what that of tables does. */
static sm_sv delivery_of(const live *l, sm_sv name, const char *tables)
{
    const sm_plan_dataset *ds = sm_plan_find(l->v->plan, name);

    if (ds == NULL || ds->kind != SM_DATASET_SINK)
        return sm_sv_cstr(tables);
    return sm_json_get_sv(ds->source_config, "delivery", SM_SV(""));
}

static sm_json *change_row(const live *l, const sm_plan_change *c, const char *delivery)
{
    const sm_view_live *look = look_of(l, c->table);
    sm_json *o = sm_json_object(l->v->a), *reasons = sm_json_array(l->v->a);

    sm_json_set_string(o, "table", c->table);
    sm_json_set_string(o, "change", sm_sv_cstr(sm_plan_change_name(c->kind)));
    set_place(l, o, c->table);
    sm_json_set_string(o, "act", sm_sv_cstr(act_of(c->kind)));
    for (size_t i = 0; i < c->n_reasons; i++)
        sm_json_append_string(reasons, c->reasons[i]);
    sm_json_set(o, "reasons", reasons);
    if (c->kind != SM_CHANGE_INACTIVE)
        sm_json_set_string(o, "delivery", delivery_of(l, c->table, delivery));
    if (c->kind == SM_CHANGE_REBUILD)
        set_next(l, o, "smelt run --full-refresh", c->table);
    if (look != NULL)
        sm_json_set_int(o, "version", look->version);
    return o;
}

static sm_json *changes(const live *l, const char *delivery, bool *changed)
{
    const sm_plan_change *rows;
    sm_json *list = sm_json_array(l->v->a);
    size_t n;

    sm_plan_diff(l->v->plan, &l->plan, l->v->a, &rows, &n);
    for (size_t i = 0; i < n; i++) {
        const sm_plan_dataset *ds = sm_plan_find(l->v->plan, rows[i].table);
        misfit why = ds != NULL ? l->misfits[sm_plan_index(l->v->plan, ds)] : FITS;

        *changed |= why != FITS ||
                    (rows[i].kind != SM_CHANGE_UNCHANGED && rows[i].kind != SM_CHANGE_INACTIVE);
        sm_json_append(list, why != FITS ? refused_row(l, rows[i].table, why)
                                         : change_row(l, &rows[i], delivery));
    }
    return list;
}

sm_code sm_view_plan(const sm_view *v, const char *delivery, sm_json **out, sm_error *err)
{
    live l = { .v = v, .misfits = SM_NEW_N(v->a, misfit, v->plan->n_datasets + 1) };
    sm_json *doc = sm_view__document(v);
    bool changed = false;
    sm_code rc;

    if ((rc = find_tables(&l, err)) != SM_OK || (rc = find_flows(&l, err)) != SM_OK ||
        (rc = find_foreign(&l, err)) != SM_OK)
        return rc;
    sm_json_set(doc, "changes", changes(&l, delivery, &changed));
    sm_json_set_bool(doc, "changed", changed);
    *out = doc;
    return SM_OK;
}
