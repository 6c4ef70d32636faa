/* SPDX-License-Identifier: Apache-2.0 */
/* delta_merge.c -- rows of a table replaced by key.
 *
 *     touched keys ── a temporary table, once ── ranges of each part of the keys
 *                              │                              │
 *                              │             statistics, values of partitions (delta_prune.h)
 *                              ▼                              ▼
 *     files that hold one ◀── SEMI JOIN ── key columns of the files that may hold one
 *              │
 *              ▼
 *     rows whose key is not touched (ANTI JOIN), new rows ── COPY ── new files
 *
 * Everything is compared in the form of files (delta_select.h), so two keys are equal here when
 * they are equal once they are stored: an instant by its microsecond, a value of a partition by
 * its text.
 *
 * HOW FILES ARE LAID OUT.  The new rows and all small files become one new file; a large file
 * stays by itself.  Were all rows one stream, keys that lie together (those of one day) would be
 * mixed with each other more at every batch, and statistics would exclude nothing in the end.
 *
 * The engine spills what it joins; here, there are as many keys in memory as ranges tell of them.
 */
#include "runtime/delta/delta_merge.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_prune.h"
#include "runtime/delta/delta_select.h"
#include "runtime/delta/delta_write.h"

enum {
    SQL_MAX = 256 * 1024 * 1024,
    RANGES = 64,         /* per part of the keys */
    SORTED_KEYS = 20000, /* with more of them one range is cheaper */
    PARTITION_VALUES = 10000,
};

#define TOUCHED "\"_smelt_touched\""

static const char no_touched_key[] =
    "internal error: the batch has a row whose key is not among those that it touches";

typedef struct merging {
    const sm_delta_merge *m;
    struct sm_session *session;
    sm_arena *a;
    sm_schema keys; /* the key columns as the table has them, with `number` behind them */
    sm_sqltype **types;
    sm_sv number;              /* the column that tells which file */
    int64_t touched;           /* keys */
    sm_sv same_key;            /* r and t have the same key */
    const sm_delta_file **may; /* files that may hold a key */
    size_t may_count;
    const sm_delta_file **hit; /* those that do */
    int64_t *gone;             /* rows of each that go */
    size_t hit_count;
    sm_delta_merged *out;
} merging;

/* ---- SQL ---- */

static sm_delta_definition definition_of(const merging *g, const sm_schema *columns)
{
    const sm_delta_definition *d = g->m->definition;

    return (sm_delta_definition){
        .schema = columns,
        .partition_by = d->partition_by,
        .partition_count = d->partition_count,
    };
}

static sm_code finish(const merging *g, sm_buf *sql, sm_sv *out, sm_error *err)
{
    sm_code rc = sm_buf_check(sql, "SQL of a merge", err);

    if (rc == SM_OK)
        *out = sm_arena_dup(g->a, sm_buf_sv(sql));
    sm_buf_release(sql);
    return rc;
}

static void key_list(const merging *g, const char *of, sm_buf *sql)
{
    for (size_t i = 0; i < g->m->key_count; i++) {
        if (i > 0)
            sm_buf_adds(sql, ", ");
        sm_buf_adds(sql, of);
        sm_sql_ident(sql, g->keys.columns[i].name);
    }
}

/* Finds the key columns; a table that grows has them in `definition` already. */
static sm_code set_keys(merging *g, sm_error *err)
{
    const sm_schema *columns = g->m->definition->schema;
    size_t n = g->m->key_count;
    sm_buf same;
    sm_code rc;

    g->number = SM_SV("_smelt_file");
    g->keys = (sm_schema){ SM_NEW_N(g->a, sm_column, n + 1), n };
    g->types = SM_NEW_N(g->a, sm_sqltype *, n);
    sm_buf_init(&same, SQL_MAX);
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t at = sm_schema_find(columns, g->m->keys[i]);

        assert(at >= 0);
        g->keys.columns[i] = columns->columns[at];
        if ((rc = sm_sqltype_parse(columns->columns[at].type, g->a, &g->types[i], err)) != SM_OK) {
            sm_buf_release(&same);
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(g->m->keys[i]));
        }
        sm_buf_adds(&same, i > 0 ? " AND r." : "r.");
        sm_sql_ident(&same, columns->columns[at].name);
        sm_buf_adds(&same, " IS NOT DISTINCT FROM t.");
        sm_sql_ident(&same, columns->columns[at].name);
    }
    g->keys.columns[n] = (sm_column){ .name = g->number, .type = SM_SV("BIGINT") };
    return finish(g, &same, &g->same_key, err);
}

/* ---- touched keys ---- */

static sm_code touch(merging *g, sm_error *err)
{
    sm_delta_definition d = definition_of(g, &g->keys);
    sm_sv form, text;
    sm_buf sql;
    sm_code rc;

    if ((rc = sm_delta_select(&d, g->m->touched, g->a, &form, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SQL_MAX);
    sm_buf_adds(&sql, "CREATE OR REPLACE TEMP TABLE " TOUCHED " AS SELECT DISTINCT ");
    key_list(g, "", &sql);
    sm_buf_adds(&sql, ", true AS \"_smelt_there\" FROM (");
    sm_buf_add(&sql, form);
    sm_buf_adds(&sql, ") AS k");
    if ((rc = finish(g, &sql, &text, err)) != SM_OK ||
        (rc = sm_session_exec(g->session, text, err)) != SM_OK)
        return rc;
    return sm_session_int64(g->session, SM_SV("SELECT count(*) FROM " TOUCHED), &g->touched, err);
}

static void forget_touched(const merging *g)
{
    sm_error ignored;

    (void)sm_session_exec(g->session, SM_SV("DROP TABLE IF EXISTS " TOUCHED), &ignored);
}

/* ---- which files may hold one ---- */

typedef struct parts {
    sm_delta_part *list;
    size_t n, cap;
} parts;

static bool is_partition(const merging *g, sm_sv name)
{
    const sm_delta_definition *d = g->m->definition;

    for (size_t i = 0; i < d->partition_count; i++)
        if (sm_sv_eq_nocase(d->partition_by[i], name))
            return true;
    return false;
}

/* The value of a part: "w", struct_extract("w", 'start'). */
static void part_value(const sm_delta_part *p, sm_buf *sql)
{
    for (size_t i = 1; i < p->depth; i++)
        sm_buf_adds(sql, "struct_extract(");
    sm_sql_ident(sql, p->path[0]);
    for (size_t i = 1; i < p->depth; i++) {
        sm_buf_adds(sql, ", ");
        sm_sql_literal(sql, p->path[i]);
        sm_buf_addc(sql, ')');
    }
}

static sm_code part_query(const merging *g, const sm_delta_part *p, sm_sv *out, sm_error *err)
{
    sm_buf sql;

    sm_buf_init(&sql, SQL_MAX);
    sm_buf_adds(&sql,
                "SELECT CAST(min(v) AS VARCHAR), CAST(max(v) AS VARCHAR), count(*) > count(v) "
                "FROM (SELECT ");
    part_value(p, &sql);
    sm_buf_adds(&sql, " AS v, ");
    if (!p->partition && g->touched <= SORTED_KEYS) {
        sm_buf_addf(&sql, "ntile(%d) OVER (ORDER BY ", RANGES);
        part_value(p, &sql);
        sm_buf_addc(&sql, ')');
    } else if (p->partition) {
        sm_buf_adds(&sql, "v");
    } else {
        sm_buf_adds(&sql, "0");
    }
    sm_buf_adds(&sql, " AS g FROM " TOUCHED ") GROUP BY g");
    sm_buf_addf(&sql, " LIMIT %d", PARTITION_VALUES + 1);
    return finish(g, &sql, out, err);
}

/* Fills the ranges of `p`.  *fits is false when there are too many values to tell. */
static sm_code part_ranges(const merging *g, sm_delta_part *p, bool *fits, sm_error *err)
{
    size_t cap = p->partition ? PARTITION_VALUES : RANGES;
    sm_delta_range *ranges = SM_NEW_N(g->a, sm_delta_range, cap);
    sm_rows *rows;
    sm_sv sql;
    sm_code rc;

    *fits = true;
    if ((rc = part_query(g, p, &sql, err)) != SM_OK ||
        (rc = sm_session_query(g->session, sql, &rows, err)) != SM_OK)
        return rc;
    while (sm_rows_next(rows)) {
        p->has_null |= sm_rows_int64(rows, 2) != 0;
        if (sm_rows_null(rows, 0))
            continue;
        if (p->n == cap) {
            *fits = false;
            break;
        }
        ranges[p->n++] = (sm_delta_range){ sm_arena_dup(g->a, sm_rows_sv(rows, 0)),
                                           sm_arena_dup(g->a, sm_rows_sv(rows, 1)) };
    }
    p->ranges = ranges;
    sm_rows_free(rows);
    return SM_OK;
}

static sm_code add_part(const merging *g, parts *list, const sm_delta_part *part, sm_error *err)
{
    sm_delta_part p = *part;
    bool fits;
    sm_code rc;

    if (!sm_delta_prunes(p.type, p.partition))
        return SM_OK;
    if ((rc = part_ranges(g, &p, &fits, err)) != SM_OK || !fits)
        return rc;
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 8 : list->cap * 2;
        sm_delta_part *wider = SM_NEW_N(g->a, sm_delta_part, cap);
        if (list->n > 0)
            memcpy(wider, list->list, list->n * sizeof *wider);
        list->list = wider;
        list->cap = cap;
    }
    list->list[list->n++] = p;
    return SM_OK;
}

/* A column, or the fields of a STRUCT. */
static sm_code add_parts(const merging *g, parts *list, const sm_sv *path, size_t depth,
                         const sm_sqltype *type, sm_error *err)
{
    sm_delta_part p = { .path = path, .depth = depth, .type = type };
    sm_code rc = SM_OK;

    p.partition = depth == 1 && is_partition(g, path[0]);
    if (type->kind != SM_SQLTYPE_STRUCT)
        return add_part(g, list, &p, err);
    for (size_t i = 0; i < type->n && rc == SM_OK; i++) {
        sm_sv *deeper = SM_NEW_N(g->a, sm_sv, depth + 1);

        memcpy(deeper, path, depth * sizeof *deeper);
        deeper[depth] = type->fields[i].name;
        rc = add_parts(g, list, deeper, depth + 1, type->fields[i].type, err);
    }
    return rc;
}

static sm_code find_candidates(merging *g, sm_error *err)
{
    const sm_delta_snapshot *now = g->m->now;
    parts list = { 0 };
    sm_delta_prune *prune;
    sm_code rc;

    if (now == NULL || now->file_count == 0 || g->touched == 0)
        return SM_OK;
    for (size_t i = 0; i < g->m->key_count; i++)
        if ((rc = add_parts(g, &list, &g->keys.columns[i].name, 1, g->types[i], err)) != SM_OK)
            return rc;
    prune = sm_delta_prune_new(list.list, list.n, g->a);
    g->may = SM_NEW_N(g->a, const sm_delta_file *, now->file_count);
    for (size_t i = 0; i < now->file_count; i++)
        if (sm_delta_prune_keeps(prune, now->files[i]))
            g->may[g->may_count++] = now->files[i];
    g->out->files_looked_at = g->may_count;
    return SM_OK;
}

/* ---- which files do ---- */

/* SELECT of (file, rows of it whose key is touched), by file. */
static sm_code hits_query(const merging *g, sm_sv *out, sm_error *err)
{
    sm_schema numbered = { g->keys.columns, g->keys.n + 1 };
    sm_delta_definition d = definition_of(g, &numbered);
    sm_sv read, form;
    sm_buf sql;
    sm_code rc;

    if ((rc = sm_delta_files_numbered(sm_delta_root(g->m->table), &g->keys, d.partition_by,
                                      d.partition_count, g->may, g->may_count, g->number, g->a,
                                      &read, err)) != SM_OK ||
        (rc = sm_delta_select(&d, read, g->a, &form, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SQL_MAX);
    sm_buf_adds(&sql, "SELECT \"_smelt_file\", count(*) FROM (");
    sm_buf_add(&sql, form);
    sm_buf_adds(&sql, ") AS r SEMI JOIN " TOUCHED " AS t ON (");
    sm_buf_add(&sql, g->same_key);
    sm_buf_adds(&sql, ") GROUP BY \"_smelt_file\" ORDER BY \"_smelt_file\"");
    return finish(g, &sql, out, err);
}

static sm_code find_hits(merging *g, sm_error *err)
{
    sm_rows *rows;
    sm_sv sql;
    sm_code rc;

    if (g->may_count == 0)
        return SM_OK;
    if ((rc = sm_delta_files_fetch(g->m->table, g->may, g->may_count, err)) != SM_OK ||
        (rc = hits_query(g, &sql, err)) != SM_OK ||
        (rc = sm_session_query(g->session, sql, &rows, err)) != SM_OK)
        return rc;
    g->hit = SM_NEW_N(g->a, const sm_delta_file *, g->may_count);
    g->gone = SM_NEW_N(g->a, int64_t, g->may_count);
    while (sm_rows_next(rows)) {
        size_t at = (size_t)sm_rows_int64(rows, 0);

        assert(at < g->may_count && g->hit_count < g->may_count);
        g->hit[g->hit_count] = g->may[at];
        g->gone[g->hit_count++] = sm_rows_int64(rows, 1);
    }
    sm_rows_free(rows);
    g->out->removed = g->hit;
    g->out->removed_count = g->hit_count;
    return SM_OK;
}

/* ---- new files ---- */

/* The rows of the batch with all columns of the table. */
static sm_code all_columns(const merging *g, sm_sv *out, sm_error *err)
{
    const sm_schema *columns = g->m->definition->schema;
    sm_sqltype *type;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SQL_MAX);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < columns->n; i++) {
        const sm_column *c = &columns->columns[i];

        sm_buf_adds(&sql, i > 0 ? ", " : "");
        if (sm_schema_find(g->m->given, c->name) >= 0) {
            sm_sql_ident(&sql, c->name);
            continue;
        }
        if ((rc = sm_sqltype_parse(c->type, g->a, &type, err)) != SM_OK) {
            sm_buf_release(&sql);
            return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
        }
        sm_buf_adds(&sql, "CAST(NULL AS ");
        sm_buf_add(&sql, sm_sqltype_view_text(type, g->a));
        sm_buf_adds(&sql, ") AS ");
        sm_sql_ident(&sql, c->name);
    }
    sm_buf_adds(&sql, " FROM (\n");
    sm_buf_add(&sql, g->m->rows);
    sm_buf_adds(&sql, "\n) AS _smelt_rows");
    return finish(g, &sql, out, err);
}

/* The same in the form of files; a row whose key is not touched stops the query. */
static sm_code new_rows(const merging *g, sm_buf *sql, sm_error *err)
{
    const sm_schema *columns = g->m->definition->schema;
    sm_sv all, form;
    sm_code rc;

    if ((rc = all_columns(g, &all, err)) != SM_OK ||
        (rc = sm_delta_select(g->m->definition, all, g->a, &form, err)) != SM_OK)
        return rc;
    sm_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < columns->n; i++) {
        bool checks = sm_sv_eq(columns->columns[i].name, g->keys.columns[0].name);

        sm_buf_adds(sql, i > 0 ? ", " : "");
        if (checks) {
            sm_buf_adds(sql, "CASE WHEN t.\"_smelt_there\" IS NULL THEN error(");
            sm_sql_literal(sql, sm_sv_cstr(no_touched_key));
            sm_buf_adds(sql, ") ELSE ");
        }
        sm_buf_adds(sql, "r.");
        sm_sql_ident(sql, columns->columns[i].name);
        if (checks) {
            sm_buf_adds(sql, " END AS ");
            sm_sql_ident(sql, columns->columns[i].name);
        }
    }
    sm_buf_adds(sql, " FROM (");
    sm_buf_add(sql, form);
    sm_buf_adds(sql, ") AS r LEFT JOIN " TOUCHED " AS t ON (");
    sm_buf_add(sql, g->same_key);
    sm_buf_addc(sql, ')');
    return SM_OK;
}

static sm_code kept_rows(const merging *g, const sm_delta_file *const *files, size_t n, sm_buf *sql,
                         sm_error *err)
{
    const sm_delta_definition *d = g->m->definition;
    sm_sv read, form;
    sm_code rc;

    if ((rc = sm_delta_files_select(sm_delta_root(g->m->table), d->schema, d->partition_by,
                                    d->partition_count, files, n, g->a, &read, err)) != SM_OK ||
        (rc = sm_delta_select(d, read, g->a, &form, err)) != SM_OK)
        return rc;
    sm_buf_adds(sql, "SELECT r.* FROM (");
    sm_buf_add(sql, form);
    sm_buf_adds(sql, ") AS r ANTI JOIN " TOUCHED " AS t ON (");
    sm_buf_add(sql, g->same_key);
    sm_buf_addc(sql, ')');
    return SM_OK;
}

static void add_copied(merging *g, const sm_copied *more)
{
    sm_copied *all = &g->out->copied;
    sm_copy_file *files = SM_NEW_N(g->a, sm_copy_file, all->n_files + more->n_files + 1);

    if (all->n_files > 0)
        memcpy(files, all->files, all->n_files * sizeof *files);
    if (more->n_files > 0)
        memcpy(files + all->n_files, more->files, more->n_files * sizeof *files);
    all->files = files;
    all->n_files += more->n_files;
    all->rows += more->rows;
    all->bytes += more->bytes;
}

/* One COPY: what stays of `files`, and, in the first one, the new rows. */
static sm_code write_group(merging *g, const sm_delta_file *const *files, size_t n, size_t group,
                           sm_error *err)
{
    const sm_delta_merge *m = g->m;
    sm_sv stem =
        group == 0 ? m->stem : sm_arena_printf(g->a, "%.*s-%zu", SM_SV_ARG(m->stem), group);
    sm_copied copied;
    sm_buf sql;
    sm_sv text;
    sm_code rc = SM_OK;

    sm_buf_init(&sql, SQL_MAX);
    if (group == 0)
        rc = new_rows(g, &sql, err);
    if (rc == SM_OK && n > 0) {
        sm_buf_adds(&sql, group == 0 ? " UNION ALL " : "");
        rc = kept_rows(g, files, n, &sql, err);
    }
    if (rc != SM_OK) {
        sm_buf_release(&sql);
        return rc;
    }
    if ((rc = finish(g, &sql, &text, err)) != SM_OK ||
        (rc = sm_delta_write_form(sm_delta_root(m->table), m->definition, text, stem, g->session,
                                  g->a, &copied, err)) != SM_OK)
        return rc;
    add_copied(g, &copied);
    return SM_OK;
}

/* Small files first, as many as go together; then each large one. */
static sm_code write_files(merging *g, sm_error *err)
{
    const sm_delta_file **group = SM_NEW_N(g->a, const sm_delta_file *, g->hit_count + 1);
    size_t n = 0, groups = 0;
    int64_t bytes = 0;
    sm_code rc;

    for (size_t i = 0; i < g->hit_count; i++) {
        const sm_delta_file *f = g->hit[i];

        if (f->size >= SM_DELTA_SMALL_BYTES)
            continue;
        if (n > 0 && bytes + f->size > SM_DELTA_MERGE_BYTES) {
            if ((rc = write_group(g, group, n, groups++, err)) != SM_OK)
                return rc;
            n = 0;
            bytes = 0;
        }
        group[n++] = f;
        bytes += f->size;
    }
    if ((rc = write_group(g, group, n, groups++, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < g->hit_count; i++)
        if (g->hit[i]->size >= SM_DELTA_SMALL_BYTES &&
            (rc = write_group(g, &g->hit[i], 1, groups++, err)) != SM_OK)
            return rc;
    return SM_OK;
}

/* ---- what came of it ---- */

static sm_code file_rows(const merging *g, const sm_delta_file *f, int64_t *out, sm_error *err)
{
    sm_schema none = { g->keys.columns, 1 };
    const sm_delta_definition *d = g->m->definition;
    sm_sv read;
    sm_code rc;

    if ((*out = sm_delta_file_rows(f, g->a)) >= 0)
        return SM_OK;
    if ((rc = sm_delta_files_select(sm_delta_root(g->m->table), &none, d->partition_by,
                                    d->partition_count, &f, 1, g->a, &read, err)) != SM_OK)
        return rc;
    return sm_session_int64(g->session,
                            sm_arena_printf(g->a, "SELECT count(*) FROM (%.*s)", SM_SV_ARG(read)),
                            out, err);
}

static sm_code count_rows(merging *g, sm_error *err)
{
    sm_delta_merged *out = g->out;

    for (size_t i = 0; i < g->hit_count; i++) {
        int64_t rows;
        sm_code rc = file_rows(g, g->hit[i], &rows, err);

        if (rc != SM_OK)
            return rc;
        out->rows_gone += g->gone[i];
        out->rows_kept += rows - g->gone[i];
    }
    out->rows = out->copied.rows - out->rows_kept;
    return SM_OK;
}

sm_code sm_delta_merge_write(const sm_delta_merge *m, struct sm_session *session, sm_arena *a,
                             sm_delta_merged *out, sm_error *err)
{
    merging g = { .m = m, .session = session, .a = a, .out = out };
    sm_code rc;

    *out = (sm_delta_merged){ 0 };
    if ((rc = set_keys(&g, err)) != SM_OK)
        return rc;
    if ((rc = touch(&g, err)) == SM_OK && (rc = find_candidates(&g, err)) == SM_OK &&
        (rc = find_hits(&g, err)) == SM_OK && (rc = write_files(&g, err)) == SM_OK)
        rc = count_rows(&g, err);
    forget_touched(&g);
    return rc;
}
