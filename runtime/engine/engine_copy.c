/* SPDX-License-Identifier: Apache-2.0 */
/* engine_copy.c -- COPY … TO Parquet, and what RETURN_STATS says about the files.
 *
 * One row per file:
 *
 *     filename             /…/p=a%2Fb/<stem>-0.parquet
 *     count                rows; 0 for the one file of an empty result
 *     file_size_bytes
 *     footer_size_bytes
 *     column_statistics    {'"a"': {'min': …, 'max': …, 'null_count': …, 'has_nan': …}, …}
 *                          by leaf: '"point"."x"', '"tags"."element"', '"m"."key"'
 *     partition_keys       {p: 'a/b'}, unescaped; NULL without PARTITION_BY
 *
 * An empty result with PARTITION_BY gives no row and writes no file.
 */
#include "runtime/engine/engine_copy.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_int.h"

enum { COL_FILE, COL_COUNT, COL_BYTES, COL_FOOTER, COL_STATS, COL_PARTITION, COL_ALL };

/* ---- the statement ---- */

static void copy_target(const sm_copy_options *o, sm_buf *sql)
{
    sm_buf path;

    sm_buf_init(&path, o->folder.len + o->stem.len + 16);
    sm_buf_add(&path, o->folder);
    if (o->partition_count == 0) {
        sm_buf_addc(&path, '/');
        sm_buf_add(&path, o->stem);
        sm_buf_adds(&path, ".parquet");
    }
    sm_sql_literal(sql, sm_buf_sv(&path));
    sm_buf_release(&path);
}

static void copy_partitions(const sm_copy_options *o, sm_buf *sql)
{
    sm_buf pattern;

    if (o->partition_count == 0)
        return;
    sm_buf_adds(sql, ", PARTITION_BY (");
    for (size_t i = 0; i < o->partition_count; i++) {
        if (i > 0)
            sm_buf_adds(sql, ", ");
        sm_sql_ident(sql, o->partition_by[i]);
    }
    /* names are unique, so what lies there already is left alone */
    sm_buf_adds(sql, "), OVERWRITE_OR_IGNORE, FILENAME_PATTERN ");
    sm_buf_init(&pattern, o->stem.len + 16);
    sm_buf_add(&pattern, o->stem);
    sm_buf_adds(&pattern, "-{i}");
    sm_sql_literal(sql, sm_buf_sv(&pattern));
    sm_buf_release(&pattern);
}

static void copy_statement(sm_sv select, const sm_copy_options *o, sm_buf *sql)
{
    sm_buf_adds(sql, "COPY (");
    sm_buf_add(sql, select);
    sm_buf_adds(sql, "\n) TO ");
    copy_target(o, sql);
    sm_buf_adds(sql, " (FORMAT parquet, RETURN_STATS, COMPRESSION ");
    sm_sql_literal(sql, o->codec.len > 0 ? o->codec : SM_SV("snappy"));
    if (o->row_group_rows > 0)
        sm_buf_addf(sql, ", ROW_GROUP_SIZE %lld", (long long)o->row_group_rows);
    copy_partitions(o, sql);
    sm_buf_addc(sql, ')');
}

/* ---- its answer ---- */

/* One MAP value: entries [at, end) of key and value. */
typedef struct map_view {
    duckdb_vector key, value;
    size_t at, end;
} map_view;

static map_view map_of(duckdb_vector v, size_t row)
{
    const duckdb_list_entry *e = (const duckdb_list_entry *)sm_duck.vector_get_data(v) + row;
    duckdb_vector pairs = sm_duck.list_vector_get_child(v);

    if (sm_value__null(v, row))
        return (map_view){ .at = 0 };
    return (map_view){ .key = sm_duck.struct_vector_get_child(pairs, 0),
                       .value = sm_duck.struct_vector_get_child(pairs, 1),
                       .at = e->offset,
                       .end = e->offset + e->length };
}

/* '"a"."b ""c"""' -> {a, b "c"} */
static void stat_path(sm_sv text, sm_arena *a, sm_copy_stat *out)
{
    sm_sv *path = SM_NEW_N(a, sm_sv, text.len / 3 + 1);
    sm_buf part;

    sm_buf_init(&part, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '"')
            continue; /* the dot between parts */
        sm_buf_clear(&part);
        for (i++; i < text.len; i++) {
            if (text.ptr[i] == '"' && (i + 1 >= text.len || text.ptr[i + 1] != '"'))
                break;
            if (text.ptr[i] == '"')
                i++;
            sm_buf_addc(&part, text.ptr[i]);
        }
        path[out->path_len++] = sm_arena_dup(a, sm_buf_sv(&part));
    }
    sm_buf_release(&part);
    out->path = path;
}

static void stat_field(sm_sv name, sm_sv value, sm_arena *a, sm_copy_stat *out)
{
    if (sm_sv_eq_str(name, "min"))
        out->min = sm_arena_dup(a, value);
    else if (sm_sv_eq_str(name, "max"))
        out->max = sm_arena_dup(a, value);
    else if (sm_sv_eq_str(name, "has_nan"))
        out->has_nan = sm_sv_eq_str(value, "true") || sm_sv_eq_str(value, "1");
    else if (sm_sv_eq_str(name, "null_count") && !sm_sv_to_int64(value, &out->null_count))
        out->null_count = -1;
}

static void file_stats(duckdb_vector v, size_t row, sm_arena *a, sm_copy_file *f)
{
    map_view columns = map_of(v, row);
    sm_copy_stat *stats = SM_NEW_N(a, sm_copy_stat, columns.end - columns.at);

    for (; columns.at < columns.end; columns.at++) {
        sm_copy_stat *stat = &stats[f->n_stats++];
        map_view m = map_of(columns.value, columns.at);
        stat->null_count = -1;
        stat_path(sm_value__string(columns.key, columns.at), a, stat);
        for (; m.at < m.end; m.at++)
            if (!sm_value__null(m.value, m.at))
                stat_field(sm_value__string(m.key, m.at), sm_value__string(m.value, m.at), a, stat);
    }
    f->stats = stats;
}

static void file_partition(duckdb_vector v, size_t row, const sm_copy_options *o, sm_arena *a,
                           sm_copy_file *f)
{
    map_view m = map_of(v, row);
    sm_copy_value *values = SM_NEW_N(a, sm_copy_value, o->partition_count);

    for (size_t i = 0; i < o->partition_count; i++)
        values[i].column = o->partition_by[i];
    for (; m.at < m.end; m.at++) {
        sm_sv key = sm_value__string(m.key, m.at);
        for (size_t i = 0; i < o->partition_count; i++)
            if (sm_sv_eq_nocase(key, values[i].column) && !sm_value__null(m.value, m.at))
                values[i].value = sm_arena_dup(a, sm_value__string(m.value, m.at));
    }
    f->partition = values;
    f->n_partition = o->partition_count;
}

static void copy_file(duckdb_data_chunk chunk, size_t row, const sm_copy_options *o, sm_arena *a,
                      sm_copy_file *f)
{
    duckdb_vector v[COL_ALL];

    for (size_t i = 0; i < COL_ALL; i++)
        v[i] = sm_duck.data_chunk_get_vector(chunk, i);
    f->path = sm_arena_dup(a, sm_value__string(v[COL_FILE], row));
    f->rows = ((const int64_t *)sm_duck.vector_get_data(v[COL_COUNT]))[row];
    f->bytes = ((const int64_t *)sm_duck.vector_get_data(v[COL_BYTES]))[row];
    file_stats(v[COL_STATS], row, a, f);
    file_partition(v[COL_PARTITION], row, o, a, f);
}

static void copy_files(duckdb_data_chunk chunk, const sm_copy_options *o, sm_arena *a,
                       sm_copied *out)
{
    size_t n = sm_duck.data_chunk_get_size(chunk);
    sm_copy_file *files = SM_NEW_N(a, sm_copy_file, out->n_files + n);

    if (out->n_files > 0)
        memcpy(files, out->files, out->n_files * sizeof *files);
    for (size_t i = 0; i < n; i++) {
        sm_copy_file *f = &files[out->n_files + i];
        copy_file(chunk, i, o, a, f);
        out->rows += f->rows;
        out->bytes += f->bytes;
    }
    out->files = files;
    out->n_files += n;
}

sm_code sm_session_copy(sm_session *s, sm_sv select, const sm_copy_options *o, sm_arena *a,
                        sm_copied *out, sm_error *err)
{
    duckdb_result result = { 0 };
    duckdb_data_chunk chunk;
    sm_buf sql;
    sm_code rc;

    *out = (sm_copied){ .n_files = 0 };
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    copy_statement(select, o, &sql);
    if ((rc = sm_buf_check(&sql, "SQL of a batch", err)) == SM_OK)
        rc = sm_session__query(s, sm_buf_sv(&sql), &result, err);
    sm_buf_release(&sql);
    if (rc != SM_OK)
        return rc;
    if (sm_duck.column_count(&result) != COL_ALL)
        rc = sm_fail(err, SM_E_SQL, 0, "the engine's statistics have another form than expected");
    while (rc == SM_OK && (chunk = sm_duck.fetch_chunk(result)) != NULL) {
        copy_files(chunk, o, a, out);
        sm_duck.destroy_data_chunk(&chunk);
    }
    sm_duck.destroy_result(&result);
    return rc;
}
