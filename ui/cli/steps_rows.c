/* SPDX-License-Identifier: Apache-2.0 */
/* steps_rows.c -- rows of a test: from YAML to texts that SQL makes values of.
 *
 * Which columns a source without a schema has is asked of the code that would infer them from its
 * files, over all rows that the file of tests gives for it. */
#include <math.h>

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/suggest.h"
#include "runtime/sources/sources.h"
#include "ui/cli/steps_int.h"
#include "ui/cli/steps_source.h"

enum { ROWS_MAX = 64 * 1024 * 1024, MODE = 0600 };

/* ---- values ------------------------------------------------------------------------ */

static void add_json(sm_buf *b, const sm_yaml_node *n)
{
    switch (n->kind) {
    case SM_YAML_NULL:
        sm_buf_adds(b, "null");
        break;
    case SM_YAML_BOOL:
        sm_buf_adds(b, n->boolean ? "true" : "false");
        break;
    case SM_YAML_INT:
        sm_buf_addf(b, "%lld", (long long)n->integer);
        break;
    case SM_YAML_FLOAT:
        if (isfinite(n->real))
            sm_buf_addf(b, "%.17g", n->real);
        else
            sm_buf_add_json_string(b, n->text);
        break;
    case SM_YAML_STRING:
        sm_buf_add_json_string(b, n->text);
        break;
    case SM_YAML_LIST:
        for (size_t i = 0; i < n->n; i++) {
            sm_buf_addc(b, i == 0 ? '[' : ',');
            add_json(b, n->items[i]);
        }
        sm_buf_adds(b, n->n == 0 ? "[]" : "]");
        break;
    case SM_YAML_MAP:
        for (size_t i = 0; i < n->n; i++) {
            sm_buf_addc(b, i == 0 ? '{' : ',');
            sm_buf_add_json_string(b, n->items[2 * i]->text);
            sm_buf_addc(b, ':');
            add_json(b, n->items[2 * i + 1]);
        }
        sm_buf_adds(b, n->n == 0 ? "{}" : "}");
        break;
    }
}

sm_sv sm_steps__cell(const sm_steps *s, const sm_yaml_node *n)
{
    sm_sv text;
    sm_buf b;

    if (n->kind == SM_YAML_NULL)
        return (sm_sv){ NULL, 0 };
    if (n->kind == SM_YAML_STRING || n->kind == SM_YAML_BOOL)
        return n->text;
    if (n->kind == SM_YAML_FLOAT)
        return isinf(n->real)   ? n->real < 0 ? SM_SV("-inf") : SM_SV("inf")
                 : isnan(n->real) ? SM_SV("nan")
                                : n->text;
    sm_buf_init(&b, ROWS_MAX);
    add_json(&b, n);
    text = sm_arena_dup(s->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

const sm_yaml_node *sm_steps__value(const sm_yaml_node *row, const sm_schema *columns, sm_sv name)
{
    if (row->kind == SM_YAML_LIST) {
        ptrdiff_t at = sm_schema_find(columns, name);

        return at >= 0 && (size_t)at < row->n ? row->items[at] : NULL;
    }
    for (size_t i = 0; i < row->n; i++)
        if (sm_sv_eq_nocase(row->items[2 * i]->text, name))
            return row->items[2 * i + 1];
    return NULL;
}

/* ---- columns ----------------------------------------------------------------------- */

static void add_lines(sm_buf *b, const sm_yaml_node *inputs, sm_sv name)
{
    const sm_yaml_node *rows = NULL;

    for (size_t i = 0; inputs != NULL && i < inputs->n; i++)
        if (sm_sv_eq_nocase(inputs->items[2 * i]->text, name))
            rows = inputs->items[2 * i + 1];
    for (size_t i = 0; rows != NULL && rows->kind == SM_YAML_LIST && i < rows->n; i++) {
        if (rows->items[i]->kind != SM_YAML_MAP || rows->items[i]->n == 0)
            continue;
        add_json(b, rows->items[i]);
        sm_buf_addc(b, '\n');
    }
}

/* Every row that some test of the file gives for the input. */
static sm_code write_sample(sm_steps *s, sm_sv name, sm_sv *file, sm_error *err)
{
    const sm_suite_tests *tests = &s->q->suite->tests;
    sm_sv folder = sm_arena_printf(s->a, "%s/infer", s->q->folder);
    sm_code rc;
    sm_buf b;

    sm_buf_init(&b, ROWS_MAX);
    for (size_t i = 0; i < tests->n; i++) {
        const sm_suite_test *t = &tests->items[i];

        if (t->broken)
            continue;
        add_lines(&b, t->given.v, name);
        for (size_t k = 0; k < t->steps.n; k++)
            add_lines(&b, t->steps.items[k].ingest.v, name);
    }
    *file = sm_arena_printf(s->a, "%.*s/%.*s.json", SM_SV_ARG(folder), SM_SV_ARG(name));
    if ((rc = sm_fs_mkdirs(folder.ptr, 0700, err)) == SM_OK &&
        (rc = sm_buf_check(&b, "the rows of a test", err)) == SM_OK && b.len > 0)
        rc = sm_fs_write(file->ptr, sm_buf_sv(&b), MODE, err);
    if (b.len == 0)
        *file = SM_SV("");
    sm_buf_release(&b);
    return rc;
}

/* The options of the source, but for where and how its files are. */
static sm_json *sample_options(const sm_spec_source *spec, sm_sv file, sm_arena *a)
{
    static const char *const kept[] = { "infer_column_types", "rescued_data_column",
                                        "corrupt_record_column" };
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "path", file);
    sm_json_set_string(o, "format", SM_SV("json"));
    for (size_t i = 0; spec != NULL && i < sizeof kept / sizeof kept[0]; i++)
        if (sm_json_get(spec->options, kept[i]) != NULL)
            sm_json_set(o, kept[i], sm_json_copy(a, sm_json_get(spec->options, kept[i])));
    if (spec == NULL)
        sm_json_set_string(o, "rescued_data_column", SM_SV(""));
    return o;
}

sm_code sm_steps__infer_options(sm_steps *s, sm_sv name, sm_sv hints, const sm_json *options,
                                sm_arena *a, sm_schema *out, sm_error *err)
{
    sm_source src = { .ops = sm_source_find(sm_sources(), SM_SV("files")),
                      .name = name,
                      .base_dir = SM_SV("/"),
                      .schema = out,
                      .schema_hints = hints,
                      .arena = a };
    sm_code rc;

    src.config = sm_arena_alloc(a, src.ops->config_size, _Alignof(max_align_t), 1);
    if ((rc = sm_project_binder(&s->p, err)) != SM_OK ||
        (rc = sm_options_fill(src.ops->options, options, src.config, a, err)) != SM_OK)
        return rc;
    if ((rc = sm_source_open(&src, err)) == SM_OK) {
        src.session = s->p.binder;
        rc = sm_source_infer(&src, a, out, err);
        src.session = NULL;
    }
    sm_source_close(&src);
    return rc;
}

sm_code sm_steps__infer(sm_steps *s, sm_sv name, const sm_spec_source *spec, sm_arena *a,
                        sm_schema *out, sm_error *err)
{
    sm_sv file;
    sm_code rc = write_sample(s, name, &file, err);

    *out = (sm_schema){ 0 };
    if (rc != SM_OK || file.len == 0)
        return rc;
    return sm_steps__infer_options(s, name, spec == NULL ? SM_SV("") : spec->schema_hints.text,
                                   sample_options(spec, file, a), a, out, err);
}

/* ---- judging ----------------------------------------------------------------------- */

static void tell_column(sm_steps *s, const sm_yaml_node *key, const sm_schema *columns,
                        const char *what)
{
    sm_sv *names = SM_NEW_N(s->a, sm_sv, columns->n + 1), all = SM_SV("");
    size_t near;

    for (size_t i = 0; i < columns->n; i++) {
        names[i] = columns->columns[i].name;
        all = sm_arena_printf(s->a, "%.*s%s%.*s", SM_SV_ARG(all), i > 0 ? ", " : "",
                              SM_SV_ARG(names[i]));
    }
    near = sm_suggest(key->text, names, columns->n);
    sm_diag_add(s->d, "SM0154", sm_yaml_span(key), "%s has no column \"%.*s\"", what,
                SM_SV_ARG(key->text));
    if (near < columns->n)
        sm_diag_hint(s->d, "did you mean \"%.*s\"? Its columns are %.*s", SM_SV_ARG(names[near]),
                     SM_SV_ARG(all));
    else
        sm_diag_hint(s->d, "its columns are %.*s", SM_SV_ARG(all));
}

static void judge_names(sm_steps *s, const sm_yaml_node *row, const sm_schema *columns,
                        const char *what)
{
    for (size_t i = 0; row->kind == SM_YAML_MAP && i < row->n; i++)
        if (sm_schema_find(columns, row->items[2 * i]->text) < 0)
            tell_column(s, row->items[2 * i], columns, what);
    if (row->kind != SM_YAML_LIST || row->n <= columns->n)
        return;
    sm_diag_add(s->d, "SM0154", sm_yaml_span(row->items[columns->n]),
                "%s has %zu columns, and this row %zu values", what, columns->n, row->n);
}

/* The first value of the column that cannot be one of its type. */
static sm_code judge_column(sm_steps *s, const sm_yaml_node *list, const sm_schema *columns,
                            const sm_column *c, sm_error *err)
{
    size_t n = 0;
    int64_t bad;
    sm_code rc;
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT coalesce(min(i), -1) FROM (VALUES ");
    for (size_t i = 0; i < list->n; i++) {
        const sm_yaml_node *value = sm_steps__value(list->items[i], columns, c->name);
        sm_sv cell = value == NULL ? (sm_sv){ NULL, 0 } : sm_steps__cell(s, value);

        if (cell.ptr == NULL)
            continue;
        sm_buf_addf(&sql, "%s(%zu, ", n++ > 0 ? ", " : "", i);
        sm_sql_literal(&sql, cell);
        sm_buf_addc(&sql, ')');
    }
    sm_buf_adds(&sql, ") AS v(i, t) WHERE ");
    sm_steps_cast(&sql, SM_SV("t"), c->type, true, s->a);
    sm_buf_adds(&sql, " IS NULL");
    rc = n == 0 ? SM_OK : sm_buf_check(&sql, "the rows of a test", err);
    if (rc == SM_OK && n > 0 &&
        (rc = sm_session_int64(s->session, sm_buf_sv(&sql), &bad, err)) == SM_OK && bad >= 0) {
        const sm_yaml_node *value = sm_steps__value(list->items[bad], columns, c->name);

        sm_diag_add(s->d, "SM0155", sm_yaml_span(value), "%.*s cannot be a %.*s, which \"%.*s\" is",
                    SM_SV_ARG(sm_yaml_describe(value, s->a)), SM_SV_ARG(c->type),
                    SM_SV_ARG(c->name));
    }
    sm_buf_release(&sql);
    return rc;
}

sm_code sm_steps__judge(sm_steps *s, const sm_yaml_node *list, const sm_schema *columns,
                        const char *what, sm_error *err)
{
    size_t before = sm_diags_errors(s->d);
    sm_code rc = sm_steps__session(s, err);
    bool named;

    for (size_t i = 0; i < list->n; i++)
        judge_names(s, list->items[i], columns, what);
    named = sm_diags_errors(s->d) == before;
    for (size_t i = 0; rc == SM_OK && named && i < columns->n; i++)
        if (!sm_sv_eq_str(columns->columns[i].type, "VARCHAR"))
            rc = judge_column(s, list, columns, &columns->columns[i], err);
    return rc;
}

/* ---- giving ------------------------------------------------------------------------ */

sm_code sm_steps__append(sm_steps *s, const sm_steps_input *in, const sm_schema *columns,
                         const sm_yaml_node *list, sm_error *err)
{
    sm_sv file = sm_steps__rows_file(s, in->name);
    sm_code rc;
    sm_buf b;

    sm_buf_init(&b, ROWS_MAX);
    for (size_t i = 0; i < list->n; i++) {
        sm_json *row = sm_json_object(s->a);

        for (size_t k = 0; k < columns->n; k++) {
            const sm_yaml_node *value =
                sm_steps__value(list->items[i], columns, columns->columns[k].name);
            sm_sv cell = value == NULL ? (sm_sv){ NULL, 0 } : sm_steps__cell(s, value);

            if (cell.ptr != NULL)
                sm_json_set_sv(row, columns->columns[k].name, sm_json_string(s->a, cell));
        }
        sm_buf_add(&b, sm_json_text(row, s->a));
        sm_buf_addc(&b, '\n');
    }
    if ((rc = sm_buf_check(&b, "the rows of a test", err)) == SM_OK &&
        (rc = sm_fs_mkdirs(sm_arena_cstr(s->a, sm_path_dir(file)), 0700, err)) == SM_OK)
        rc = sm_fs_append(file.ptr, sm_buf_sv(&b), MODE, err);
    sm_buf_release(&b);
    return rc;
}
