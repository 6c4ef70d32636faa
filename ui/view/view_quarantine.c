/* SPDX-License-Identifier: Apache-2.0 */
/* view_quarantine.c -- see the header. */
#include "ui/view/view_quarantine.h"

#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/delta/delta.h"
#include "ui/view/view_int.h"

static sm_sv with_suffix(sm_arena *a, sm_sv text)
{
    return sm_arena_printf(a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(text));
}

/* Its rows as the view _smelt_side.  SM_E_NOT_FOUND: there is no table. */
static sm_code show_side(const sm_view *v, const sm_plan_dataset *table, sm_session *session,
                         sm_delta_info *info, sm_error *err)
{
    sm_sv folder = sm_sv_cstr(sm_path_join(v->a, v->storage_dir, with_suffix(v->a, table->path)));
    sm_sv select;
    sm_code rc = sm_delta_relation(folder, v->images, -1, session, v->a, info, &select, err);

    if (rc == SM_OK)
        sm_session_view(session, SM_SV("_smelt_side"), select);
    return rc;
}

/* ---- all of them ------------------------------------------------------------------- */

static sm_code count_rules(const sm_view *v, sm_session *session, sm_json *o, sm_error *err)
{
    sm_json *rules = sm_json_object(v->a);
    int64_t all = 0, records = 0;
    sm_rows *rows;
    sm_code rc;

    if ((rc = sm_session_int64(session, SM_SV("SELECT count(*) FROM _smelt_side"), &all, err)) !=
            SM_OK ||
        (rc = sm_session_int64(session, SM_SV("SELECT count(_raw) FROM _smelt_side"), &records,
                               err)) != SM_OK ||
        (rc = sm_session_query(session,
                               SM_SV("SELECT rule, count(*) FROM (SELECT unnest(_rules) AS rule "
                                     "FROM _smelt_side) GROUP BY rule ORDER BY rule"),
                               &rows, err)) != SM_OK)
        return rc;
    while (sm_rows_next(rows))
        sm_json_set_sv(rules, sm_arena_dup(v->a, sm_rows_sv(rows, 0)),
                       sm_json_int(v->a, sm_rows_int64(rows, 1)));
    sm_rows_free(rows);
    sm_json_set_int(o, "rows", all);
    sm_json_set_int(o, "undecodable", records);
    sm_json_set(o, "rules", rules);
    return SM_OK;
}

sm_code sm_view_quarantines(const sm_view *v, sm_session *session, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);

    *out = doc;
    for (size_t i = 0; i < v->plan->n_datasets; i++) {
        const sm_plan_dataset *table = &v->plan->datasets[i];
        sm_json *o = sm_json_object(v->a);
        sm_delta_info info;
        sm_code rc;

        if (!sm_dataset_is_table(table))
            continue;
        rc = show_side(v, table, session, &info, err);
        if (rc == SM_E_NOT_FOUND)
            continue;
        sm_json_set_string(o, "table", table->name);
        sm_json_set_string(o, "quarantine", with_suffix(v->a, table->name));
        if (rc != SM_OK || (rc = count_rules(v, session, o, err)) != SM_OK)
            return rc;
        sm_view__set_time(v, o, "newest", info.time_ms);
        sm_json_append(list, o);
    }
    sm_json_set(doc, "quarantines", list);
    return SM_OK;
}

/* ---- one of them -------------------------------------------------------------------- */

static void add_column(const sm_schema *s, const char *name, const char *instead, const char *as,
                       sm_buf *b)
{
    bool there = sm_schema_find(s, sm_sv_cstr(name)) >= 0;

    sm_buf_addf(b, "%s AS %s, ", there ? instead : "NULL", as);
}

/* Of a message.  Tables that were written before there were any have no such field. */
static void add_offset(const sm_schema *s, sm_buf *b)
{
    ptrdiff_t at = sm_schema_find(s, SM_SV("_source"));
    bool there = at >= 0 && sm_sv_find(s->columns[at].type, SM_SV("offset")) >= 0;

    sm_buf_adds(b, there ? "_source.\"offset\" AS \"offset\", " : "NULL AS \"offset\", ");
}

/* The columns of the table as one object, with those that its query gives no more. */
static void add_row(const sm_schema *s, sm_buf *b)
{
    bool any = false;

    for (size_t i = 0; i < s->n; i++) {
        if (sm_plan_is_quarantine_own(s->columns[i].name))
            continue;
        sm_buf_adds(b, any ? ", " : "{");
        sm_sql_literal(b, s->columns[i].name);
        sm_buf_adds(b, ": ");
        sm_sql_ident(b, s->columns[i].name);
        any = true;
    }
    sm_buf_adds(b, any ? "}" : "NULL");
    sm_buf_adds(b, " AS \"row\"");
}

static void add_where(const sm_view_quarantine_filter *filter, sm_buf *b)
{
    sm_buf_adds(b, " FROM _smelt_side WHERE true");
    if (filter->rule.len > 0) {
        sm_buf_adds(b, " AND list_contains(_rules, ");
        sm_sql_literal(b, filter->rule);
        sm_buf_addc(b, ')');
    }
    if (filter->row.len > 0) {
        sm_buf_adds(b, " AND _row_id = ");
        sm_sql_literal(b, filter->row);
    }
}

static void add_select(const sm_schema *s, const sm_view_quarantine_filter *filter, sm_buf *b)
{
    sm_buf_adds(b, "SELECT _row_id AS id, _rules AS rules, _attempt AS attempt, _run_id AS run, "
                   "_flow AS flow, _batch_id AS batch, _quarantined_at AS at, ");
    add_column(s, "_input", "_input", "input", b);
    add_column(s, "_source", "_source.path", "path", b);
    add_column(s, "_source", "_source.line", "line", b);
    add_offset(s, b);
    add_column(s, "_reason", "_reason", "reason", b);
    add_column(s, "_raw", "_raw", "raw", b);
    add_row(s, b);
    add_where(filter, b);
    sm_buf_adds(b, " ORDER BY _quarantined_at, path, line, \"offset\", _row_id");
}

/* What a rule of that name asks for today. */
static sm_json *rule_json(const sm_view *v, const sm_plan_dataset *table, sm_sv name)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "name", name);
    for (size_t i = 0; i < table->n_rules; i++) {
        if (!sm_sv_eq(table->rules[i].name, name))
            continue;
        sm_json_set_string(o, "expect", table->rules[i].text);
        sm_json_set_string(o, "policy", table->rules[i].policy);
    }
    return o;
}

static sm_json *row_json(const sm_view *v, const sm_plan_dataset *table, const sm_json *columns,
                         const sm_json *row)
{
    bool record = false;
    sm_json *o = sm_json_object(v->a), *rules = sm_json_array(v->a);

    for (size_t i = 0; i < sm_json_len(columns); i++) {
        sm_sv name = sm_json_get_sv(sm_json_at(columns, i), "name", SM_SV(""));
        const sm_json *value = sm_json_at(row, i);

        record |= sm_sv_eq_str(name, "raw") && !sm_json_is_null(value);
        if (sm_sv_eq_str(name, "rules")) {
            for (size_t k = 0; k < sm_json_len(value); k++)
                sm_json_append(rules, rule_json(v, table, sm_json_sv(sm_json_at(value, k))));
            sm_json_set(o, "rules", rules);
        } else if (!sm_json_is_null(value) && !(record && sm_sv_eq_str(name, "row"))) {
            sm_json_set_sv(o, name, sm_json_copy(v->a, value));
        }
    }
    return o;
}

sm_code sm_view_quarantine(const sm_view *v, const sm_plan_dataset *table, sm_session *session,
                           const sm_view_quarantine_filter *filter, sm_json **out, sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a), *found = NULL;
    sm_delta_info info;
    int64_t total = 0;
    sm_buf b;
    sm_code rc = show_side(v, table, session, &info, err);

    if (rc == SM_E_NOT_FOUND)
        return sm_fail(err, rc, 0, "nothing of table \"%.*s\" is in quarantine",
                       SM_SV_ARG(table->name));
    if (rc != SM_OK)
        return rc;
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    add_select(&info.schema, filter, &b);
    if ((rc = sm_buf_check(&b, "the SQL of a quarantine", err)) == SM_OK)
        rc = sm_view_rows(session, sm_buf_sv(&b), filter->limit, v->a, &found, err);
    sm_buf_clear(&b);
    sm_buf_adds(&b, "SELECT count(*)");
    add_where(filter, &b);
    if (rc == SM_OK)
        rc = sm_session_int64(session, sm_buf_sv(&b), &total, err);
    sm_buf_release(&b);
    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < sm_json_len(sm_json_get(found, "rows")); i++)
        sm_json_append(list, row_json(v, table, sm_json_get(found, "columns"),
                                      sm_json_at(sm_json_get(found, "rows"), i)));
    sm_json_set_string(doc, "table", table->name);
    sm_json_set_string(doc, "quarantine", with_suffix(v->a, table->name));
    sm_json_set_int(doc, "total", total);
    sm_json_set(doc, "rows", list);
    sm_json_set_bool(doc, "truncated", sm_json_get_bool(found, "truncated", false));
    *out = doc;
    return SM_OK;
}
