/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_parquet.c -- Parquet files as a relation, by the engine's reader.
 *
 * A Parquet file says its columns itself, and they may differ from file to file.  Each
 * file is asked; files with the same columns become one SELECT, the SELECTs a UNION ALL:
 *
 *     SELECT CAST("a" AS BIGINT) AS "a", NULL::VARCHAR AS "b" FROM read_parquet([…])
 *     UNION ALL
 *     SELECT "a", "b" FROM read_parquet([…])
 *
 * A column that the schema has not becomes one, is ignored or is a fault, as
 * schema_evolution_mode says; one that the file has not is NULL; a type is cast only where
 * no value can change: to a wider one of its kind.  With a column for rescued data,
 * what would not fit goes there: columns of other types, and those that no column has. */
#include "runtime/sources/source_files_int.h"

#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/connect/decode_hints.h"

static void parquet_from(sm_buf *sql, const sm_sv *paths, size_t n)
{
    sm_buf_adds(sql, " FROM read_parquet(");
    sm_sql_string_list(sql, paths, n);
    sm_buf_adds(sql, ", hive_partitioning = false)");
}

/* The same beside the values of each file: (SELECT … filename) JOIN (VALUES …). */
static void parquet_from_with(sm_buf *sql, const sm_files_extra *x, const sm_sv *paths,
                              const size_t *files, size_t n)
{
    sm_buf_adds(sql, " FROM read_parquet(");
    sm_sql_string_list(sql, paths, n);
    sm_buf_adds(sql, ", hive_partitioning = false, filename = '_smelt_file') JOIN (VALUES ");
    for (size_t i = 0; i < n; i++) {
        sm_buf_adds(sql, i > 0 ? ", (" : "(");
        sm_sql_literal(sql, paths[i]);
        for (size_t c = 0; c < x->schema.n; c++) {
            sm_sv text = x->texts[c * x->n_files + files[i]];
            sm_buf_adds(sql, ", CAST(");
            if (text.ptr == NULL)
                sm_buf_adds(sql, "NULL");
            else
                sm_sql_literal(sql, text);
            sm_buf_addf(sql, " AS %.*s)", SM_SV_ARG(x->schema.columns[c].type));
        }
        sm_buf_addc(sql, ')');
    }
    sm_buf_adds(sql, ") AS _smelt_files(_smelt_path");
    for (size_t c = 0; c < x->schema.n; c++)
        sm_buf_addf(sql, ", %.*s", SM_SV_ARG(x->schema.columns[c].name));
    sm_buf_adds(sql, ") ON _smelt_path = _smelt_file");
}

/* The path as the engine takes it: absolute, and no pattern. */
static sm_code parquet_path(const sm_file *file, sm_arena *a, sm_sv *out, sm_error *err)
{
    if (!sm_sv_starts(sm_sv_cstr(file->name), SM_SV("s3://")) && strpbrk(file->name, "*?[") != NULL)
        return sm_fail(err, SM_E_INVALID, 0,
                       "file \"%s\" cannot be read: its name has one of * ? [", file->name);
    const char *path = sm_path_absolute(a, file->path, err);
    *out = sm_sv_cstr(path);
    return path == NULL ? err->code : SM_OK;
}

/* The columns that the file says it has. */
static sm_code parquet_describe(sm_source *s, const sm_file *file, sm_arena *a, sm_sv *path_out,
                                sm_schema *out, sm_error *err)
{
    sm_sv path;
    sm_buf sql;
    sm_code rc = parquet_path(file, a, &path, err);
    if (rc != SM_OK)
        return rc;
    *path_out = path;
    sm_buf_init(&sql, SM_LIMIT_SQL_BYTES);
    sm_buf_adds(&sql, "SELECT *");
    parquet_from(&sql, &path, 1);
    rc = sm_session_describe(s->session, sm_buf_sv(&sql), a, out, err);
    sm_buf_release(&sql);
    return rc == SM_OK ? rc : sm_wrap(err, "file \"%s\"", file->name);
}

/* --- Types --- */

static int parquet_rank(sm_sqltype_kind kind)
{
    static const signed char ranks[] = {
        [SM_SQLTYPE_TINYINT] = 1,  [SM_SQLTYPE_SMALLINT] = 3, [SM_SQLTYPE_INTEGER] = 5,
        [SM_SQLTYPE_BIGINT] = 7,   [SM_SQLTYPE_UTINYINT] = 2, [SM_SQLTYPE_USMALLINT] = 4,
        [SM_SQLTYPE_UINTEGER] = 6, [SM_SQLTYPE_UBIGINT] = 8,
    };
    return (size_t)kind < sizeof ranks ? ranks[kind] : 0;
}

static bool parquet_is_instant(sm_sqltype_kind kind)
{
    return kind == SM_SQLTYPE_TIMESTAMP || kind == SM_SQLTYPE_TIMESTAMPTZ ||
           kind == SM_SQLTYPE_TIMESTAMP_NTZ || kind == SM_SQLTYPE_TIMESTAMP_S ||
           kind == SM_SQLTYPE_TIMESTAMP_MS;
}

static bool parquet_widens(const sm_sqltype *from, const sm_sqltype *to);

/* Parts of nested types: the engine finds the fields of a STRUCT by name, one that is missing
 * is NULL. */
static bool parquet_parts_widen(const sm_sqltype *from, const sm_sqltype *to)
{
    for (size_t i = 0; i < from->n; i++) {
        size_t k = i;
        if (from->kind == SM_SQLTYPE_STRUCT)
            for (k = 0; k < to->n && !sm_sv_eq_nocase(from->fields[i].name, to->fields[k].name);)
                k++;
        if (k == to->n || !parquet_widens(from->fields[i].type, to->fields[k].type))
            return false;
    }
    return true;
}

/* Every value of type `from` is one of type `to`. */
static bool parquet_widens(const sm_sqltype *from, const sm_sqltype *to)
{
    int x = parquet_rank(from->kind), y = parquet_rank(to->kind);
    if (from->kind == to->kind && from->n > 0)
        return parquet_parts_widen(from, to);
    if (sm_sqltype_widens(from, to))
        return true;
    if (sm_sqltype_equal(from, to) ||
        (parquet_is_instant(from->kind) && parquet_is_instant(to->kind)))
        return true;
    if (x > 0 && y > 0) /* an unsigned type holds no negative number */
        return x <= y && (y % 2 == 1 || x % 2 == 0);
    if (from->kind == SM_SQLTYPE_FLOAT && to->kind == SM_SQLTYPE_DOUBLE)
        return true;
    return from->kind == SM_SQLTYPE_DECIMAL && to->kind == SM_SQLTYPE_DECIMAL &&
           from->scale <= to->scale && from->width - from->scale <= to->width - to->scale;
}

static sm_code parquet_types(sm_sv from, sm_sv to, sm_arena *a, sm_sqltype **x, sm_sqltype **y,
                             sm_error *err)
{
    sm_code rc = sm_sqltype_parse(from, a, x, err);
    return rc == SM_OK ? sm_sqltype_parse(to, a, y, err) : rc;
}

/* --- Inference --- */

/* Types as smelt's tables know them: an instant is a TIMESTAMP. */
static sm_sv parquet_type(sm_sv type)
{
    return sm_sv_eq_str(type, "TIMESTAMP WITH TIME ZONE") || sm_sv_eq_str(type, "TIMESTAMPTZ")
               ? SM_SV("TIMESTAMP")
               : type;
}

static sm_code parquet_merge(const sm_file *file, const sm_schema *found, sm_arena *a,
                             sm_schema *out, sm_error *err)
{
    sm_column *columns = SM_NEW_N(a, sm_column, out->n + found->n + 1);
    if (out->n > 0)
        memcpy(columns, out->columns, out->n * sizeof *columns);
    out->columns = columns;
    for (size_t i = 0; i < found->n; i++) {
        sm_sv type = parquet_type(found->columns[i].type);
        ptrdiff_t at = sm_schema_find(out, found->columns[i].name);
        sm_sqltype *x, *y;
        if (at < 0) {
            columns[out->n++] =
                (sm_column){ .name = found->columns[i].name, .type = type, .nullable = true };
            continue;
        }
        sm_code rc = parquet_types(type, columns[at].type, a, &x, &y, err);
        if (rc != SM_OK)
            return rc;
        if (parquet_widens(y, x))
            columns[at].type = type;
        else if (!parquet_widens(x, y))
            return sm_fail(err, SM_E_INVALID, 0,
                           "file \"%s\": column \"%.*s\" is %.*s, and %.*s in an earlier file",
                           file->name, SM_SV_ARG(columns[at].name), SM_SV_ARG(type),
                           SM_SV_ARG(columns[at].type));
    }
    return SM_OK;
}

sm_code sm_files__infer_parquet(sm_source *s, const sm_files *files, sm_arena *a, sm_schema *out,
                                sm_error *err)
{
    enum { LOOK_AT = 100 };
    for (size_t i = 0; i < files->n && i < LOOK_AT; i++) {
        sm_schema found;
        sm_sv path;
        sm_code rc;
        if (files->items[i].size == 0)
            continue;
        if ((rc = parquet_describe(s, &files->items[i], a, &path, &found, err)) != SM_OK ||
            (rc = parquet_merge(&files->items[i], &found, a, out, err)) != SM_OK)
            return rc;
    }
    return SM_OK;
}

/* --- Reading --- */

static void parquet_cast(const sm_column *found, const sm_sqltype *want, sm_arena *a, sm_buf *sql)
{
    sm_buf_adds(sql, "CAST(");
    if (found == NULL)
        sm_buf_adds(sql, "NULL");
    else
        sm_sql_ident(sql, found->name);
    sm_buf_adds(sql, " AS ");
    sm_buf_add(sql, sm_sqltype_view_text(want, a));
    sm_buf_addc(sql, ')');
}

/* Append column `c` as `found` (the file's, NULL: it has none) gives it; NULL when that has a type
 * that does not fit. */
static sm_code parquet_value(const sm_column *c, const sm_column *found, sm_arena *a, sm_buf *sql,
                             sm_error *err)
{
    sm_sqltype *have, *want;
    sm_code rc =
        parquet_types(found == NULL ? c->type : found->type, c->type, a, &have, &want, err);
    if (rc != SM_OK)
        return rc;
    bool fits = parquet_widens(have, want);
    if (fits && found != NULL && have->kind == SM_SQLTYPE_TIMESTAMPTZ &&
        parquet_is_instant(want->kind)) {
        sm_buf_adds(sql, "make_timestamp(epoch_us(");
        sm_sql_ident(sql, found->name);
        sm_buf_adds(sql, "))");
    } else {
        parquet_cast(fits ? found : NULL, want, a, sql);
    }
    return SM_OK;
}

/* Column i of the source: what the path says, then what the file says. */
static sm_code parquet_column(const sm_source *s, const sm_files_extra *x, size_t i,
                              const sm_column *found, sm_arena *a, sm_buf *sql, sm_error *err)
{
    const sm_column *c = &s->schema->columns[i];
    bool level = x->instead[i].len > 0;
    sm_sqltype *type;
    sm_code rc = sm_sqltype_parse(c->type, a, &type, err);
    if (rc != SM_OK)
        return rc;
    if (level)
        sm_buf_addf(sql, "%sCAST(%.*s AS %.*s)", x->only[i] ? "" : "COALESCE(",
                    SM_SV_ARG(x->instead[i]), SM_SV_ARG(sm_sqltype_view_text(type, a)));
    if (level && !x->only[i])
        sm_buf_adds(sql, ", ");
    if (!level || !x->only[i])
        rc = parquet_value(c, found, a, sql, err);
    if (level && !x->only[i])
        sm_buf_addc(sql, ')');
    sm_buf_adds(sql, " AS ");
    sm_sql_ident(sql, c->name);
    return rc;
}

/* --- Rescued data --- */

/* Where `schema` has the column; with a column for rescued data, another case is another column. */
static ptrdiff_t parquet_find(const sm_schema *schema, sm_sv name, bool rescues)
{
    ptrdiff_t at = sm_schema_find(schema, name);
    return at >= 0 && rescues && !sm_sv_eq(schema->columns[at].name, name) ? -1 : at;
}

/* The text `value` as a literal that holds JSON, between two others. */
static void parquet_json_literal(sm_buf *sql, const char *before, sm_sv value, const char *after,
                                 sm_arena *a)
{
    sm_sv json = sm_json_text(sm_json_string(a, value), a);
    sm_sql_literal(sql, sm_arena_printf(a, "%s%.*s%s", before, SM_SV_ARG(json), after));
}

/* Append one more member to rescue: the file's column `name`. */
static void parquet_rescue(sm_buf *members, sm_sv name, sm_arena *a)
{
    sm_buf_adds(members, ", CASE WHEN ");
    sm_sql_ident(members, name);
    sm_buf_adds(members, " IS NOT NULL THEN ");
    parquet_json_literal(members, "", name, ":", a);
    sm_buf_adds(members, " || CAST(to_json(");
    sm_sql_ident(members, name);
    sm_buf_adds(members, ") AS VARCHAR) END");
}

/* Append the column for rescued data: an object of the members, NULL when all are NULL. */
static void parquet_rescued(sm_buf *sql, const sm_buf *members, sm_sv column, const sm_file *file,
                            sm_arena *a)
{
    if (members->len == 0) {
        sm_buf_adds(sql, "CAST(NULL AS VARCHAR)");
    } else {
        sm_buf_adds(sql, "'{' || nullif(concat_ws(','");
        sm_buf_add(sql, sm_buf_sv(members));
        sm_buf_adds(sql, "), '') || ");
        parquet_json_literal(sql, ",\"" SM_DECODE_FILE_PATH "\":", sm_sv_cstr(file->name), "}", a);
    }
    sm_buf_adds(sql, " AS ");
    sm_sql_ident(sql, column);
}

/* The columns of the file that the schema has not: faults, passed over or rescued. */
static sm_code parquet_unknown(const sm_source *s, const sm_file *file, const sm_schema *found,
                               ptrdiff_t rescued, sm_arena *a, sm_buf *members, sm_error *err)
{
    for (size_t i = 0; i < found->n; i++) {
        sm_sv name = found->columns[i].name;
        ptrdiff_t at = parquet_find(s->schema, name, rescued >= 0);
        if (at >= 0 && at != rescued)
            continue;
        if (sm_schema_find(s->schema, name) < 0 && !sm_evolution_stays(s->evolution))
            return sm_fail(
                err, SM_E_INVALID, 0,
                "column \"%.*s\" appeared in file \"%s\", the schema in force does not "
                "have it; let it become a column with `schema_evolution_mode: "
                "add_new_columns` or by a line in `schema_hints`, or pass over it with `none`",
                SM_SV_ARG(name), file->name);
        if (rescued >= 0)
            parquet_rescue(members, name, a);
    }
    return SM_OK;
}

/* What of a file with the columns `found` has to be rescued. */
static sm_code parquet_members(const sm_source *s, const sm_files_extra *x, const sm_file *file,
                               const sm_schema *found, ptrdiff_t rescued, sm_arena *a,
                               sm_buf *members, sm_error *err)
{
    sm_sqltype *have, *want;
    sm_code rc = parquet_unknown(s, file, found, rescued, a, members, err);
    for (size_t i = 0; rc == SM_OK && i < s->schema->n; i++) {
        const sm_column *c = &s->schema->columns[i];
        ptrdiff_t at = (ptrdiff_t)i == rescued ? -1 : parquet_find(found, c->name, rescued >= 0);
        if (at < 0 || x->only[i] ||
            (rc = parquet_types(found->columns[at].type, c->type, a, &have, &want, err)) != SM_OK ||
            parquet_widens(have, want))
            continue;
        if (rescued < 0)
            return sm_fail(err, SM_E_INVALID, 0,
                           "file \"%s\": column \"%.*s\" is %.*s, the schema in force has %.*s",
                           file->name, SM_SV_ARG(c->name), SM_SV_ARG(found->columns[at].type),
                           SM_SV_ARG(c->type));
        parquet_rescue(members, found->columns[at].name, a);
    }
    return rc;
}

/* --- The SELECT list of a file with the columns `found` --- */

static sm_code parquet_list(const sm_source *s, const sm_files_extra *x, const sm_file *file,
                            const sm_schema *found, sm_arena *a, sm_buf *sql, sm_buf *members,
                            sm_error *err)
{
    const sm_files_config *config = s->config;
    ptrdiff_t rescued = sm_files__extra_column(s, config->rescued_column);
    sm_code rc = parquet_members(s, x, file, found, rescued, a, members, err);
    sm_buf_adds(sql, "SELECT ");
    for (size_t i = 0; rc == SM_OK && i < s->schema->n; i++) {
        const sm_column *c = &s->schema->columns[i];
        ptrdiff_t at = parquet_find(found, c->name, rescued >= 0);
        if (i > 0)
            sm_buf_adds(sql, ", ");
        if ((ptrdiff_t)i == rescued)
            parquet_rescued(sql, members, c->name, file, a);
        else
            rc = parquet_column(s, x, i, at < 0 ? NULL : &found->columns[at], a, sql, err);
    }
    sm_buf_add(sql, x->behind);
    return rc;
}

static sm_code parquet_select(const sm_source *s, const sm_files_extra *x, const sm_file *file,
                              const sm_schema *found, sm_arena *a, sm_buf *sql, sm_error *err)
{
    sm_buf members;
    sm_buf_init(&members, SM_LIMIT_BATCH_SQL);
    sm_code rc = parquet_list(s, x, file, found, a, sql, &members, err);
    sm_buf_release(&members);
    return rc;
}

/* Append the SELECT over one run of files with equal lists. */
static void parquet_add_group(sm_buf *sql, const sm_files_extra *x, sm_sv list, const sm_sv *paths,
                              const size_t *files, size_t n)
{
    if (n == 0)
        return;
    if (sql->len > 0)
        sm_buf_adds(sql, " UNION ALL ");
    sm_buf_add(sql, list);
    if (x->schema.n > 0)
        parquet_from_with(sql, x, paths, files, n);
    else
        parquet_from(sql, paths, n);
}

/* What the file has besides the schema goes into `more`. */
static sm_code parquet_new_columns(const sm_source *s, const sm_schema *found, sm_arena *a,
                                   sm_schema *more, sm_error *err)
{
    sm_schema known = { SM_NEW_N(a, sm_column, found->n + 1), found->n };
    sm_grown g;
    sm_code rc;
    for (size_t i = 0; i < found->n; i++)
        known.columns[i] = (sm_column){ .name = found->columns[i].name,
                                        .type = parquet_type(found->columns[i].type),
                                        .nullable = true };
    if ((rc = sm_schema_grow(s->schema, &known, sm_evolution_how(s->evolution), a, &g, err)) !=
            SM_OK ||
        g.added + g.widened == 0)
        return rc;
    rc = sm_schema_grow(more, &known, sm_evolution_how(SM_EVOLUTION_WIDEN) | SM_GROW_EITHER, a, &g,
                        err);
    *more = g.schema;
    return rc;
}

/* A file of the batch with rows, and what it says of itself. */
typedef struct parquet_part {
    const sm_file *file;
    sm_sv path;
    sm_schema found;
} parquet_part;

static sm_code parquet_parts(sm_source *s, parquet_part *parts, size_t *n, sm_error *err)
{
    const sm_files_state *f = s->state;
    for (size_t i = 0; i < f->files.n; i++) {
        parquet_part *p = &parts[*n];
        sm_code rc;
        p->file = &f->files.items[i];
        if (p->file->size == 0)
            continue; /* no footer, no rows */
        if ((rc = parquet_describe(s, p->file, f->read, &p->path, &p->found, err)) != SM_OK)
            return rc;
        ++*n;
    }
    return SM_OK;
}

/* SM_E_AGAIN when files of the batch have more columns than the schema. */
static sm_code parquet_grow(sm_source *s, const parquet_part *parts, size_t n, sm_error *err)
{
    const sm_files_state *f = s->state;
    sm_schema more = { 0 };
    sm_code rc = SM_OK;
    for (size_t i = 0; rc == SM_OK && i < n && sm_files__grows(s); i++)
        rc = parquet_new_columns(s, &parts[i].found, f->read, &more, err);
    if (rc == SM_OK && more.n > 0)
        rc = sm_decode_apply_hints(s->schema_hints, f->read, &more, err);
    return rc == SM_OK && more.n > 0 ? sm_files__grow(s, &more, err) : rc;
}

/* One SELECT for each run of files that have the same columns. */
static sm_code parquet_groups(const sm_source *s, const sm_files_extra *x,
                              const parquet_part *parts, size_t n, sm_sv *paths, sm_buf *sql,
                              sm_error *err)
{
    const sm_files_state *f = s->state;
    size_t *files = SM_NEW_N(f->read, size_t, f->files.n + 1);
    sm_sv last = { "", 0 };
    size_t from = 0;
    sm_buf list;
    sm_code rc = SM_OK;
    sm_buf_init(&list, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < n; i++) {
        sm_buf_clear(&list);
        if ((rc = parquet_select(s, x, parts[i].file, &parts[i].found, f->read, &list, err)) !=
            SM_OK)
            break;
        if (!sm_sv_eq(sm_buf_sv(&list), last)) {
            parquet_add_group(sql, x, last, paths + from, files + from, i - from);
            from = i;
            last = sm_arena_dup(f->read, sm_buf_sv(&list));
        }
        files[i] = (size_t)(parts[i].file - f->files.items);
        paths[i] = parts[i].path;
    }
    if (rc == SM_OK)
        parquet_add_group(sql, x, last, paths + from, files + from, n - from);
    sm_buf_release(&list);
    return rc;
}

/* No file has rows: an empty relation with the columns. */
static sm_code parquet_nothing(const sm_source *s, sm_files_extra *x, sm_arena *a, sm_buf *sql,
                               sm_error *err)
{
    static const sm_file none = { .name = "" };
    const sm_schema found = { 0 };
    sm_code rc = parquet_select(s, x, &none, &found, a, sql, err);
    if (x->schema.n > 0) {
        sm_buf_adds(sql, " FROM (SELECT ");
        for (size_t c = 0; c < x->schema.n; c++)
            sm_buf_addf(sql, "%sCAST(NULL AS %.*s) AS %.*s", c > 0 ? ", " : "",
                        SM_SV_ARG(x->schema.columns[c].type), SM_SV_ARG(x->schema.columns[c].name));
        sm_buf_addc(sql, ')');
    }
    sm_buf_adds(sql, " WHERE false");
    return rc;
}

static sm_code parquet_count(sm_source *s, const sm_sv *paths, size_t n, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_buf sql;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(");
    sm_sql_string_list(&sql, paths, n);
    sm_buf_addc(&sql, ')');
    sm_code rc = sm_session_int64(s->session, sm_buf_sv(&sql), &f->rows, err);
    sm_buf_release(&sql);
    return rc;
}

sm_code sm_files__read_parquet(sm_source *s, sm_sv view, sm_error *err)
{
    const sm_files_state *f = s->state;
    sm_sv *paths = SM_NEW_N(f->read, sm_sv, f->files.n + 1);
    parquet_part *parts = SM_NEW_N(f->read, parquet_part, f->files.n + 1);
    size_t n = 0;
    sm_files_extra x;
    sm_buf sql;
    sm_code rc;
    if ((rc = parquet_parts(s, parts, &n, err)) != SM_OK ||
        (rc = parquet_grow(s, parts, n, err)) != SM_OK ||
        (rc = sm_files__extra(s, f->read, &x, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    rc = parquet_groups(s, &x, parts, n, paths, &sql, err);
    if (rc == SM_OK && n == 0)
        rc = parquet_nothing(s, &x, f->read, &sql, err);
    else if (rc == SM_OK)
        rc = parquet_count(s, paths, n, err);
    if (rc == SM_OK)
        rc = sm_buf_check(&sql, "the SQL that reads the files", err);
    if (rc == SM_OK)
        sm_session_view(s->session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}
