/* SPDX-License-Identifier: Apache-2.0 */
/* steps_look.c -- what must be true of a table now: each word of `expect` has its function.
 *
 * Rows are read from the Delta tables as any other reader would, by version; numbers of rows that
 * are nowhere (dropped ones) are those that runs told. */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/base/fs.h"
#include "runtime/delta/delta.h"
#include "runtime/sources/sources.h"
#include "ui/cli/steps_int.h"
#include "ui/cli/steps_print.h"
#include "ui/view/view.h"

enum { ROWS_MOST = 100 * 1000 };

/* ---- names ------------------------------------------------------------------------- */

static const sm_plan_dataset *find_table(const sm_steps *s, sm_sv name)
{
    const sm_plan_dataset *ds = sm_plan_find(s->plan, name);

    return ds != NULL && (sm_dataset_is_table(ds) || sm_dataset_is_side(ds)) ? ds : NULL;
}

/* The table that an expectation is about; told when there is none. */
static const sm_plan_dataset *judge_table(sm_steps *s, sm_sv name, sm_span at)
{
    const sm_plan_dataset *ds = find_table(s, name);
    sm_sv *names = SM_NEW_N(s->a, sm_sv, s->plan->n_datasets + 1);
    size_t n = 0;

    if (ds != NULL)
        return ds;
    for (size_t i = 0; i < s->plan->n_datasets; i++)
        if (sm_dataset_is_table(&s->plan->datasets[i]))
            names[n++] = s->plan->datasets[i].name;
    ds = sm_plan_find(s->plan, name);
    if (ds == NULL) {
        sm_steps__unknown(s, at, name, "table", names, n);
        return NULL;
    }
    sm_diag_add(s->d, "SM0154", at, "\"%.*s\" is no table that this test makes", SM_SV_ARG(name));
    if (ds->kind == SM_DATASET_SOURCE)
        sm_diag_hint(s->d, "it has the rows that the test gives it: look at a table that reads it");
    else
        sm_diag_hint(s->d, "a view is not stored: look at a table that reads it");
    return NULL;
}

static const sm_text *table_name(const sm_steps *s, const sm_suite_expect *e)
{
    return e->table.text.len > 0 ? &e->table : &s->q->test->table;
}

static bool needs_table(const sm_suite_expect *e)
{
    const sm_yaml_node *by_table[] = { e->dropped.v, e->quarantined.v, e->late.v, e->duplicates.v };
    bool needs = e->rows.v != NULL || e->emitted.v != NULL || e->last_batch.v != NULL ||
                 e->count.at.line != 0 || e->watermark.v != NULL || e->batch_watermark.v != NULL ||
                 e->state_rows.v != NULL;

    for (size_t i = 0; i < sizeof by_table / sizeof by_table[0]; i++)
        needs |= by_table[i] != NULL && by_table[i]->kind != SM_YAML_MAP;
    return needs;
}

static void want(const sm_steps *s, sm_sv name, bool *wanted)
{
    const sm_plan_dataset *ds = find_table(s, name);

    if (ds != NULL)
        wanted[sm_plan_index(s->plan, ds)] = true;
}

void sm_steps__wanted(const sm_steps *s, const sm_suite_expect *e, bool *wanted)
{
    const sm_yaml_node *maps[] = { e->dropped.v, e->quarantined.v, e->late.v, e->duplicates.v };

    want(s, table_name(s, e)->text, wanted);
    for (size_t k = 0; k < sizeof maps / sizeof maps[0]; k++)
        for (size_t i = 0; maps[k] != NULL && maps[k]->kind == SM_YAML_MAP && i < maps[k]->n; i++)
            want(s, maps[k]->items[2 * i]->text, wanted);
}

static sm_code judge_rows(sm_steps *s, const sm_plan_dataset *ds, const sm_yaml_node *list,
                          sm_error *err)
{
    const char *what;

    for (size_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i].files)
            return SM_OK; /* files may bring columns: they are looked at when they are there */
    if (ds == NULL || list == NULL || list->kind != SM_YAML_LIST || !ds->known)
        return SM_OK;
    what = sm_arena_printf(s->a, "table \"%.*s\"", SM_SV_ARG(ds->name)).ptr;
    return sm_steps__judge(s, list, &ds->schema, what, err);
}

/* The quarantine of a table; told when it has none. */
static const sm_plan_dataset *judge_aside(sm_steps *s, const sm_plan_dataset *table, sm_span at)
{
    const sm_plan_dataset *q = table == NULL ? NULL : sm_plan_quarantine_of(s->plan, table);

    if (table == NULL || q != NULL)
        return q;
    sm_diag_add(s->d, "SM0154", at, "table \"%.*s\" sets nothing aside", SM_SV_ARG(table->name));
    sm_diag_hint(s->d, "a rule with `on_violation: quarantine` does");
    return NULL;
}

static sm_code judge_by_table(sm_steps *s, const sm_yaml_node *map, bool aside, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && map != NULL && map->kind == SM_YAML_MAP && i < map->n; i++) {
        const sm_yaml_node *key = map->items[2 * i];
        const sm_plan_dataset *ds = judge_table(s, key->text, sm_yaml_span(key));

        if (aside)
            rc = judge_rows(s, judge_aside(s, ds, sm_yaml_span(key)), map->items[2 * i + 1], err);
    }
    return rc;
}

sm_code sm_steps__judge_expect(sm_steps *s, const sm_suite_expect *e, sm_error *err)
{
    const sm_text *name = table_name(s, e);
    const sm_plan_dataset *ds = NULL;
    sm_code rc;

    if (name->text.len > 0)
        ds = judge_table(s, name->text, name->at);
    else if (needs_table(e)) {
        sm_diag_add(s->d, "SM0112", e->at, "this expectation needs `table`");
        sm_diag_hint(s->d, "which table it looks at, here or for the whole test");
    }
    if ((rc = judge_rows(s, ds, e->rows.v, err)) != SM_OK ||
        (rc = judge_rows(s, ds, e->emitted.v, err)) != SM_OK ||
        (rc = judge_rows(s, ds, e->last_batch.v, err)) != SM_OK ||
        (rc = judge_by_table(s, e->dropped.v, false, err)) != SM_OK ||
        (rc = judge_by_table(s, e->late.v, false, err)) != SM_OK ||
        (rc = judge_by_table(s, e->duplicates.v, false, err)) != SM_OK ||
        (rc = judge_by_table(s, e->quarantined.v, true, err)) != SM_OK)
        return rc;
    if (e->quarantined.v != NULL && e->quarantined.v->kind != SM_YAML_MAP && ds != NULL)
        rc = judge_rows(s, judge_aside(s, ds, e->quarantined.at), e->quarantined.v, err);
    return rc;
}

/* ---- reading ----------------------------------------------------------------------- */

sm_code sm_steps__session(sm_steps *s, sm_error *err)
{
    sm_engine *e;
    sm_code rc;

    if (s->session != NULL)
        return SM_OK;
    rc = sm_project_engine(&s->p, &e, err);
    return rc == SM_OK ? sm_session_open(e, &s->session, err) : rc;
}

void sm_steps__fail(sm_steps *s, sm_span at, sm_json *diff, const char *fmt, ...)
{
    sm_json *f = sm_json_object(s->a);
    va_list ap;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    va_start(ap, fmt);
    sm_buf_addv(&b, fmt, ap);
    va_end(ap);
    sm_json_set_string(f, "file", sm_sv_cstr(s->q->suite->file));
    sm_json_set_int(f, "line", at.line);
    sm_json_set_int(f, "column", at.column);
    sm_json_set_string(f, "message", sm_buf_sv(&b));
    if (diff != NULL) {
        sm_json_set(f, "diff", diff);
        sm_json_set_string(f, "text", sm_steps_rows_text(s->q->c, f));
    }
    sm_json_append(s->failures, f);
    sm_buf_release(&b);
}

/* A SELECT of the rows of a version (-1: the newest); of none where there is no table. */
static sm_code relation(sm_steps *s, const sm_plan_dataset *ds, int64_t version, sm_sv *select,
                        int64_t *at, sm_error *err)
{
    sm_sv root = sm_sv_cstr(sm_path_join(s->a, s->p.storage_dir, ds->path));
    sm_delta_info info;
    sm_code rc = sm_delta_relation(root, NULL, version, s->session, s->a, &info, select, err);

    *at = rc == SM_OK ? info.version : -1;
    if (rc != SM_E_NOT_FOUND)
        return rc;
    return sm_plan_empty_select(&ds->schema, s->a, select, err);
}

/* Does each batch put out the whole table? */
static bool is_replaced_whole(const sm_steps *s, const sm_plan_dataset *ds)
{
    return ds->kind == SM_DATASET_MATERIALIZED_VIEW ||
           (ds->n_flows > 0 && s->plan->flows[ds->flow].output_mode == SM_STAGE_COMPLETE);
}

/* The rows of `now` that are not in `then`. */
static sm_code added(sm_steps *s, const sm_plan_dataset *ds, int64_t then, int64_t now,
                     sm_sv *select, sm_error *err)
{
    sm_sv before, after;
    int64_t version;

    if (now < 0 || now == then)
        return sm_plan_empty_select(&ds->schema, s->a, select, err);
    if (relation(s, ds, now, &after, &version, err) != SM_OK)
        return err->code;
    *select = after;
    if (then < 0 || is_replaced_whole(s, ds))
        return SM_OK;
    if (relation(s, ds, then, &before, &version, err) != SM_OK)
        return err->code;
    *select =
        sm_arena_printf(s->a, "(%.*s) EXCEPT ALL (%.*s)", SM_SV_ARG(after), SM_SV_ARG(before));
    return SM_OK;
}

/* ": 1 changed, 2 missing (3 expected, 2 there)" */
static sm_sv counts_of(const sm_steps *s, const sm_json *diff)
{
    static const char *const kinds[] = { "changed", "missing", "unexpected" };
    sm_sv text = SM_SV("");

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int64_t n = sm_json_get_int(diff, kinds[i], 0);

        if (n > 0)
            text = sm_arena_printf(s->a, "%.*s%s%lld %s", SM_SV_ARG(text),
                                   text.len == 0 ? ": " : ", ", (long long)n, kinds[i]);
    }
    return sm_arena_printf(s->a, "%.*s (%lld expected, %lld there)", SM_SV_ARG(text),
                           (long long)sm_json_get_int(diff, "expected", 0),
                           (long long)sm_json_get_int(diff, "found", 0));
}

static sm_code compare(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *list,
                       const char *what, sm_sv select, bool ordered, sm_error *err)
{
    sm_json *found = NULL, *diff;
    sm_code rc = sm_view_rows(s->session, select, ROWS_MOST, s->a, &found, err);

    if (rc == SM_OK)
        rc = sm_steps__compare(s, list->v, found, ordered, &diff, err);
    if (rc == SM_OK && diff != NULL)
        sm_steps__fail(s, list->at, diff, "%s of %.*s%.*s", what, SM_SV_ARG(ds->name),
                       SM_SV_ARG(counts_of(s, diff)));
    return rc;
}

static sm_code count_rows(sm_steps *s, const sm_plan_dataset *ds, int64_t *out, sm_error *err)
{
    sm_sv select;
    int64_t version;

    if (relation(s, ds, -1, &select, &version, err) != SM_OK)
        return err->code;
    select = sm_arena_printf(s->a, "SELECT count(*) FROM (%.*s)", SM_SV_ARG(select));
    return sm_session_int64(s->session, select, out, err);
}

/* ---- the words --------------------------------------------------------------------- */

static sm_code look_rows(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                         sm_error *err)
{
    sm_sv select;
    int64_t version;

    if (e->rows.v == NULL)
        return SM_OK;
    if (relation(s, ds, -1, &select, &version, err) != SM_OK)
        return err->code;
    return compare(s, ds, &e->rows, "rows", select, e->ordered.v, err);
}

/* What the flows of the table wrote since somebody looked. */
static sm_code look_emitted(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                            sm_error *err)
{
    sm_steps_table *t = &s->tables[sm_plan_index(s->plan, ds)];
    sm_sv select;
    int64_t now;
    sm_code rc;

    if ((rc = relation(s, ds, -1, &select, &now, err)) == SM_OK && e->emitted.v != NULL &&
        (rc = added(s, ds, t->seen, now, &select, err)) == SM_OK)
        rc = compare(s, ds, &e->emitted, "rows emitted", select, e->ordered.v, err);
    t->seen = now;
    return rc;
}

/* What the last batch of the table wrote. */
static sm_code look_last_batch(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                               sm_error *err)
{
    const sm_steps_table *t = &s->tables[sm_plan_index(s->plan, ds)];
    sm_sv select;
    sm_code rc;

    if (e->last_batch.v == NULL)
        return SM_OK;
    if ((rc = added(s, ds, t->before, t->version, &select, err)) == SM_OK)
        rc = compare(s, ds, &e->last_batch, "rows of the last batch", select, e->ordered.v, err);
    return rc;
}

void sm_steps__fail_number(sm_steps *s, const sm_plan_dataset *ds, sm_span at, const char *what,
                           int64_t expected, int64_t found)
{
    if (expected != found)
        sm_steps__fail(s, at, NULL, "%s of %.*s: expected %lld, found %lld", what,
                       SM_SV_ARG(ds->name), (long long)expected, (long long)found);
}

static sm_code look_count(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                          sm_error *err)
{
    int64_t n;

    if (e->count.at.line == 0)
        return SM_OK;
    if (count_rows(s, ds, &n, err) != SM_OK)
        return err->code;
    sm_steps__fail_number(s, ds, e->count.at, "count", e->count.v, n);
    return SM_OK;
}

/* Rows that rules have dropped since the test began. */
static sm_code look_dropped(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                            sm_error *err)
{
    (void)err;
    sm_steps__fail_number(s, ds, n->at, "dropped", n->v->integer,
                          s->tables[sm_plan_index(s->plan, ds)].dropped);
    return SM_OK;
}

/* Rows that stages left out since the test began: behind the watermark, */
static sm_code look_late(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                         sm_error *err)
{
    (void)err;
    sm_steps__fail_number(s, ds, n->at, "late", n->v->integer,
                          s->tables[sm_plan_index(s->plan, ds)].late);
    return SM_OK;
}

/* and with a key that had come before. */
static sm_code look_duplicates(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                               sm_error *err)
{
    (void)err;
    sm_steps__fail_number(s, ds, n->at, "duplicates", n->v->integer,
                          s->tables[sm_plan_index(s->plan, ds)].duplicates);
    return SM_OK;
}

/* What lies in the quarantine of the table. */
static sm_code look_quarantined(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                                sm_error *err)
{
    const sm_plan_dataset *q = sm_plan_quarantine_of(s->plan, ds);
    sm_sv select;
    int64_t found;

    if (n->v->kind == SM_YAML_LIST)
        return relation(s, q, -1, &select, &found, err) != SM_OK
                   ? err->code
                   : compare(s, q, n, "rows", select, false, err);
    if (count_rows(s, q, &found, err) != SM_OK)
        return err->code;
    sm_steps__fail_number(s, ds, n->at, "quarantined", n->v->integer, found);
    return SM_OK;
}

/* A word that takes one value for the table, or a map of them by table. */
static sm_code look_by_table(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n,
                             sm_code (*look)(sm_steps *s, const sm_plan_dataset *ds,
                                             const sm_spec_node *n, sm_error *err),
                             sm_error *err)
{
    sm_code rc = SM_OK;

    if (n->v == NULL)
        return SM_OK;
    if (n->v->kind != SM_YAML_MAP)
        return look(s, ds, n, err);
    for (size_t i = 0; rc == SM_OK && i < n->v->n; i++) {
        sm_spec_node one = { n->v->items[2 * i + 1], sm_yaml_span(n->v->items[2 * i]) };

        rc = look(s, find_table(s, n->v->items[2 * i]->text), &one, err);
    }
    return rc;
}

sm_code sm_steps__look(sm_steps *s, const sm_suite_expect *e, sm_error *err)
{
    const sm_plan_dataset *ds = find_table(s, table_name(s, e)->text);
    sm_code rc = sm_steps__session(s, err);

    if (rc == SM_OK && ds != NULL &&
        ((rc = look_rows(s, ds, e, err)) != SM_OK ||
         (rc = look_last_batch(s, ds, e, err)) != SM_OK ||
         (rc = look_emitted(s, ds, e, err)) != SM_OK || (rc = look_count(s, ds, e, err)) != SM_OK ||
         (rc = sm_steps__look_times(s, ds, e, err)) != SM_OK ||
         (rc = sm_steps__look_state(s, ds, e, err)) != SM_OK))
        return rc;
    if (rc == SM_OK && (rc = look_by_table(s, ds, &e->dropped, look_dropped, err)) == SM_OK &&
        (rc = look_by_table(s, ds, &e->late, look_late, err)) == SM_OK &&
        (rc = look_by_table(s, ds, &e->duplicates, look_duplicates, err)) == SM_OK)
        rc = look_by_table(s, ds, &e->quarantined, look_quarantined, err);
    return rc;
}
