/* SPDX-License-Identifier: Apache-2.0 */
/* view_doctor.c -- does what is stored fit together?
 *
 * Looks only: every finding names what to type next, and nothing is repaired here. */
#include "runtime/base/fs.h"
#include "ui/view/view_int.h"

void sm_view_check(sm_json *checks, sm_arena *a, const char *check, const char *state,
                   sm_sv message, const char *next)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "check", sm_sv_cstr(check));
    sm_json_set_string(o, "state", sm_sv_cstr(state));
    sm_json_set_string(o, "message", message);
    if (next != NULL)
        sm_json_set_string(o, "next", sm_sv_cstr(next));
    sm_json_append(checks, o);
}

static void check_file(const sm_view *v, sm_json *checks)
{
    sm_error err;

    if (v->store == NULL)
        sm_view_check(checks, v->a, "store", "ok",
                      SM_SV("there is none yet; the first run makes it"), "smelt run");
    else if (sm_store_check(v->store, &err) != SM_OK)
        sm_view_check(checks, v->a, "store", "fail", sm_arena_dup(v->a, sm_sv_cstr(err.msg)),
                      "restore the state folder from a backup, then smelt checkpoint adopt");
    else
        sm_view_check(checks, v->a, "store", "ok",
                      sm_arena_printf(v->a, "%s is sound (schema %lld)", sm_store_path(v->store),
                                      (long long)sm_store_version(v->store)),
                      NULL);
}

static void check_open_batches(const sm_view *v, sm_json *checks)
{
    sm_batch_rec *open;
    size_t n;
    sm_error err;

    if (sm_store_open_batches(v->store, v->pipeline, v->a, &open, &n, &err) != SM_OK)
        sm_view_check(checks, v->a, "batches", "fail", sm_arena_dup(v->a, sm_sv_cstr(err.msg)),
                      NULL);
    else if (n > 0)
        sm_view_check(checks, v->a, "batches", "warn",
                      sm_arena_printf(v->a,
                                      "%zu decided %s not published yet; the next run does it", n,
                                      n == 1 ? "batch is" : "batches are"),
                      "smelt run");
    else
        sm_view_check(checks, v->a, "batches", "ok", SM_SV("every decided batch is published"),
                      NULL);
}

/* Is there a flow on record that writes the table? */
static bool has_checkpoint(const sm_view *v, sm_sv table)
{
    sm_generation *g = NULL;
    size_t n = 0;
    sm_error ignored;

    if (sm_store_generations(v->store, v->pipeline, SM_SV(""), v->a, &g, &n, &ignored) != SM_OK)
        return true; /* told by another check */
    for (size_t i = 0; i < n; i++)
        if (sm_sql_same_name(g[i].target, table))
            return true;
    return false;
}

static void tell_foreign(const sm_view *v, sm_sv table, sm_json *checks)
{
    const sm_plan_dataset *ds = v->plan == NULL ? NULL : sm_plan_find(v->plan, table);

    sm_view_check(checks, v->a, "table", "fail",
                  sm_arena_printf(v->a,
                                  "%.*s was written under a checkpoint that is not here; a run "
                                  "refuses it",
                                  SM_SV_ARG(table)),
                  sm_arena_printf(v->a, "smelt %s %.*s",
                                  ds != NULL && sm_view__remembers(v, ds) ? "run --full-refresh"
                                                                          : "checkpoint adopt",
                                  SM_SV_ARG(table))
                      .ptr);
}

static bool is_side(const sm_view *v, sm_sv name)
{
    const sm_plan_dataset *ds = v->plan == NULL ? NULL : sm_plan_find(v->plan, name);

    return ds != NULL && sm_dataset_is_side(ds);
}

/* What the log of a table says, against what the control store remembers of it. */
static void check_table(const sm_view *v, const sm_table_rec *t, sm_json *checks)
{
    sm_view_live now;
    sm_error err;
    const char *state = "ok", *next = NULL;
    sm_sv text;
    sm_code rc = sm_view__look(v, t->path, SM_SV(""), &now, &err);

    if (rc == SM_OK && now.version >= 0 && t->version < 0 && !has_checkpoint(v, t->name)) {
        tell_foreign(v, t->name, checks);
        return;
    }
    if (rc == SM_OK && now.version < 0 && t->version < 0 && is_side(v, t->name))
        return; /* no row was set aside yet */
    if (rc != SM_OK) {
        text = sm_arena_printf(v->a, "%.*s: %s", SM_SV_ARG(t->name), err.msg);
        state = "fail";
        next = "restore the table's folder from a backup";
    } else if (now.version < 0 && t->version < 0) {
        text = sm_arena_printf(v->a, "%.*s was never written", SM_SV_ARG(t->name));
    } else if (now.version + 1 == t->version) {
        text = sm_arena_printf(
            v->a, "%.*s misses its newest commit; the next run publishes it again if it can",
            SM_SV_ARG(t->name));
        state = "warn";
        next = "smelt run";
    } else if (now.version < 0) {
        text = sm_arena_printf(v->a, "%.*s is gone: version %lld of it was seen",
                               SM_SV_ARG(t->name), (long long)t->version);
        state = "fail";
        next = sm_arena_printf(v->a, "smelt run --full-refresh %.*s", SM_SV_ARG(t->name)).ptr;
    } else if (now.version < t->version ||
               (t->table_id.len > 0 && !sm_sv_eq(t->table_id, now.id))) {
        text = sm_arena_printf(
            v->a, "%.*s was replaced or rolled back: version %lld of it was seen, %lld is there",
            SM_SV_ARG(t->name), (long long)t->version, (long long)now.version);
        state = "fail";
        next = sm_arena_printf(v->a, "smelt run --full-refresh %.*s", SM_SV_ARG(t->name)).ptr;
    } else {
        text = sm_arena_printf(v->a, "%.*s stands at version %lld", SM_SV_ARG(t->name),
                               (long long)now.version);
    }
    sm_view_check(checks, v->a, "table", state, text, next);
}

/* No run is on record: tables that are there nevertheless were written elsewhere. */
static void check_untracked(const sm_view *v, sm_json *checks)
{
    for (size_t i = 0; v->plan != NULL && i < v->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &v->plan->datasets[i];
        sm_view_live now;
        sm_error ignored;

        if (sm_dataset_is_table(ds) && sm_view__look_at(v, ds, &now, &ignored) == SM_OK &&
            now.version >= 0)
            tell_foreign(v, ds->name, checks);
    }
}

void sm_view_check_store(const sm_view *v, sm_json *checks)
{
    sm_table_rec *tables;
    size_t n;
    sm_error err;

    check_file(v, checks);
    if (!sm_view__has_run(v)) {
        check_untracked(v, checks);
        return;
    }
    check_open_batches(v, checks);
    if (sm_store_tables(v->store, v->pipeline, v->a, &tables, &n, &err) != SM_OK) {
        sm_view_check(checks, v->a, "tables", "fail", sm_arena_dup(v->a, sm_sv_cstr(err.msg)),
                      NULL);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (tables[i].path.len > 0)
            check_table(v, &tables[i], checks);
}
