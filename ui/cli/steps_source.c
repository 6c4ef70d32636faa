/* SPDX-License-Identifier: Apache-2.0 */
/* steps_source.c -- the rows of a test, as a source.
 *
 * A row is a line of a file, a JSON object of texts by column; the offset is how many rows there
 * have been.  A text becomes the type of its column when it is read, as SQL casts it; nested values
 * are JSON.  A column without a text is NULL. */
#include "ui/cli/steps_source.h"

#include "pipelines/plan/plan.h"
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine.h"

enum { GIVEN_MAX = 256 * 1024 * 1024 };

typedef struct given_config {
    sm_sv path;
    sm_sv instead_of;
} given_config;

static const sm_option given_options[] = {
    { .name = "path",
      .type = SM_TYPE_STRING,
      .offset = offsetof(given_config, path),
      .doc = "The file of the rows." },
    { .name = "instead_of",
      .type = SM_TYPE_STRING,
      .offset = offsetof(given_config, instead_of),
      .fallback = "",
      .doc = "The type of the source whose place they take." },
    { .name = NULL },
};

static sm_code given_open(sm_source *s, sm_error *err)
{
    (void)s;
    (void)err;
    return SM_OK;
}

static void given_close(sm_source *s)
{
    (void)s;
}

/* The rows that there are; none while there is no file. */
static sm_code given_lines(const sm_source *s, sm_arena *a, sm_sv *out, sm_error *err)
{
    const given_config *config = s->config;
    sm_code rc = sm_fs_read(sm_arena_cstr(a, config->path), GIVEN_MAX, a, out, err);

    if (rc != SM_E_NOT_FOUND)
        return rc;
    *out = SM_SV("");
    return SM_OK;
}

static sm_code given_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    sm_json *o = sm_json_object(a);
    sm_sv text, line;
    int64_t rows = 0;

    if (given_lines(s, a, &text, err) != SM_OK)
        return err->code;
    while (sm_sv_next(&text, '\n', &line))
        rows += line.len > 0;
    sm_json_set_int(o, "rows", rows);
    *out = o;
    return SM_OK;
}

static sm_code given_latest(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                            const sm_json **out, sm_error *err)
{
    (void)s;
    (void)a;
    (void)err;
    *out = sm_json_get_int(until, "rows", 0) > sm_json_get_int(start, "rows", 0) ? until : start;
    return SM_OK;
}

/* A time with an offset is that instant in UTC: only TIMESTAMPTZ reads the offset. */
void sm_steps_cast(sm_buf *b, sm_sv value, sm_sv type, bool attempt, sm_arena *a)
{
    const char *cast = attempt ? "TRY_CAST(" : "CAST(";
    bool nested = false, times = false;
    sm_sqltype *t;
    sm_error ignored;

    if (sm_sqltype_parse(type, a, &t, &ignored) == SM_OK) {
        nested = t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_ARRAY ||
                 t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_MAP;
        times = sm_sqltype_has(t, SM_SQLTYPE_TIMESTAMP);
    }
    sm_buf_addf(b, "%s%s%s", cast, nested ? cast : "", times ? cast : "");
    sm_buf_add(b, value);
    if (nested)
        sm_buf_adds(b, " AS JSON)");
    if (times) {
        sm_buf_adds(b, " AS ");
        sm_buf_add(b, sm_sqltype_file_text(t, a));
        sm_buf_addc(b, ')');
    }
    sm_buf_adds(b, " AS ");
    sm_buf_add(b, type);
    sm_buf_addc(b, ')');
}

static void add_column(const sm_source *s, sm_buf *sql, const sm_column *c, size_t i, sm_arena *a)
{
    sm_buf_adds(sql, i > 0 ? ", " : "");
    if (s->metadata && sm_sv_eq_str(c->name, "_ingested_at"))
        sm_buf_addf(sql, "make_timestamp(%lld)", (long long)s->batch_time_ms * 1000);
    else
        sm_steps_cast(sql, sm_arena_printf(a, "c%zu", i), c->type, false, a);
    sm_buf_adds(sql, " AS ");
    sm_sql_ident(sql, c->name);
}

static void add_row(sm_buf *sql, const sm_schema *schema, const sm_json *row)
{
    for (size_t i = 0; i < schema->n; i++) {
        const sm_json *text = sm_json_get_by(row, schema->columns[i].name);

        sm_buf_adds(sql, i > 0 ? ", " : "(");
        if (sm_json_is_string(text))
            sm_sql_literal(sql, sm_json_sv(text));
        else
            sm_buf_adds(sql, "CAST(NULL AS VARCHAR)");
    }
    sm_buf_addc(sql, ')');
}

/* The rows (first, end]; one of NULLs, which is filtered, when there are none. */
static sm_code add_rows(const sm_source *s, sm_buf *sql, const sm_schema *schema, int64_t first,
                        int64_t end, int64_t *rows, sm_arena *a, sm_error *err)
{
    sm_sv text, line;
    sm_json *row;
    int64_t i = 0;

    *rows = 0;
    if (given_lines(s, a, &text, err) != SM_OK)
        return err->code;
    for (; sm_sv_next(&text, '\n', &line) && i < end; i++) {
        if (i < first || line.len == 0)
            continue;
        if (sm_json_parse(line, a, &row, err) != SM_OK)
            return err->code;
        sm_buf_adds(sql, (*rows)++ > 0 ? ", " : "");
        add_row(sql, schema, row);
    }
    if (*rows == 0)
        add_row(sql, schema, NULL);
    return SM_OK;
}

static sm_code given_view(sm_source *s, int64_t first, int64_t end, sm_sv view, sm_error *err)
{
    sm_arena *a = sm_arena_new("given");
    const given_config *config = s->config;
    const sm_schema *schema =
        s->metadata ? sm_plan_with_metadata(s->schema, config->instead_of, a) : s->schema;
    int64_t rows;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < schema->n; i++)
        add_column(s, &sql, &schema->columns[i], i, a);
    sm_buf_adds(&sql, " FROM (VALUES ");
    rc = add_rows(s, &sql, schema, first, end, &rows, a, err);
    sm_buf_adds(&sql, ") AS given(");
    for (size_t i = 0; i < schema->n; i++)
        sm_buf_addf(&sql, "%sc%zu", i > 0 ? ", " : "", i);
    sm_buf_adds(&sql, rows > 0 ? ")" : ") WHERE false");
    if (rc == SM_OK)
        rc = sm_buf_check(&sql, "the rows of a test", err);
    if (rc == SM_OK)
        sm_session_view(s->session, view, sm_buf_sv(&sql));
    s->report = (sm_read_report){ .read = rows };
    sm_buf_release(&sql);
    sm_arena_free(a);
    return rc;
}

static sm_code given_read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                          sm_error *err)
{
    return given_view(s, sm_json_get_int(start, "rows", 0), sm_json_get_int(end, "rows", 0), view,
                      err);
}

static sm_code given_snapshot(sm_source *s, const sm_json *position, sm_sv view, sm_error *err)
{
    return given_view(s, 0, sm_json_get_int(position, "rows", 0), view, err);
}

const sm_source_ops sm_steps_source = {
    .name = "given",
    .summary = "rows of a test",
    .options = given_options,
    .config_size = sizeof(given_config),
    .open = given_open,
    .newest = given_newest,
    .latest = given_latest,
    .read = given_read,
    .position = given_newest,
    .snapshot = given_snapshot,
    .close = given_close,
};
