/* SPDX-License-Identifier: Apache-2.0 */
/* store_files.c -- the files a flow has seen of a source, numbered in the order they came.
 *
 * The table's key is (generation, source, seq), so a range of numbers is read in one walk; one
 * index finds a path.  Nothing here lists what it need not. */
#include "runtime/store/store_int.h"

enum { PATH_BYTES_MAX = 4096 };

#define KEY_ARGS(key) sm_store__int((key).generation), sm_store__text((key).source)

static sm_code last_seq(sm_store *s, sm_files_key key, int64_t *out, sm_error *err)
{
    return sm_store__number(
        s, "select max(seq) from source_files where generation_id = ? and source = ?",
        SM_STORE__ARGS(KEY_ARGS(key)), 0, out, err);
}

/* Numbers are handed out in a living generation only: an old one takes no files. */
static sm_code check_generation(sm_store *s, const sm_owner *o, int64_t generation, sm_error *err)
{
    int64_t found = 0;
    sm_code rc = sm_store__number(
        s,
        "select count(*) from generations where id = ? and pipeline_id = ? "
        "and state in ('current', 'reserved')",
        SM_STORE__ARGS(sm_store__int(generation), sm_store__int(o->pipeline)), 0, &found, err);

    if (rc == SM_OK && found == 0)
        rc = sm_store__refuse(err, "generation %lld is not a living one of this pipeline",
                              (long long)generation);
    return rc;
}

sm_code sm_store_files_add(sm_store *s, const sm_owner *o, sm_files_key key, sm_source_file *files,
                           size_t n, sm_error *err)
{
    int64_t seq = 0;
    sm_code rc;

    if (n == 0)
        return SM_OK;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    if ((rc = check_generation(s, o, key.generation, err)) != SM_OK)
        goto done;
    if ((rc = last_seq(s, key, &seq, err)) != SM_OK)
        goto done;
    for (size_t i = 0; i < n; i++) {
        const sm_source_file *f = &files[i];

        if ((rc = sm_store__bounded(f->path, PATH_BYTES_MAX, "path of a file", err)) != SM_OK)
            goto done;
        rc = sm_store__run(s,
                           "insert into source_files (generation_id, source, seq, path, size, "
                           "mtime_ns, inode, etag) values (?, ?, ?, ?, ?, ?, ?, ?)",
                           SM_STORE__ARGS(KEY_ARGS(key), sm_store__int(seq + 1 + (int64_t)i),
                                          sm_store__text(f->path), sm_store__int(f->size),
                                          sm_store__int(f->mtime_ns), sm_store__int(f->inode),
                                          sm_store__text_or_null(f->etag)),
                           NULL, err);
        if (rc != SM_OK)
            goto done;
    }
done:
    rc = sm_store__end(s, rc, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        files[i].seq = seq + 1 + (int64_t)i;
        files[i].batch = -1;
    }
    return rc;
}

sm_code sm_store_files_lookup(sm_store *s, sm_files_key key, const sm_sv *paths, size_t n,
                              int64_t *seqs, sm_error *err)
{
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; i < n && rc == SM_OK; i++)
        rc = sm_store__number(s,
                              "select max(seq) from source_files "
                              "where generation_id = ? and source = ? and path = ?",
                              SM_STORE__ARGS(KEY_ARGS(key), sm_store__text(paths[i])), 0, &seqs[i],
                              err);
    return sm_store__end(s, rc, err);
}

#define FILE_COLUMNS "select seq, path, size, mtime_ns, inode, etag, batch from source_files "

static sm_code read_file(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_source_file *)record = (sm_source_file){
        .seq = sm_store__col_int(stmt, 0, 0),
        .path = sm_store__col_text(stmt, 1, a),
        .size = sm_store__col_int(stmt, 2, 0),
        .mtime_ns = sm_store__col_int(stmt, 3, 0),
        .inode = sm_store__col_int(stmt, 4, 0),
        .etag = sm_store__col_text(stmt, 5, a),
        .batch = sm_store__col_int(stmt, 6, -1),
    };
    return SM_OK;
}

sm_code sm_store_file_by_path(sm_store *s, sm_files_key key, sm_sv path, sm_arena *a,
                              sm_source_file *out, sm_error *err)
{
    sm_store__query q = {
        .sql = FILE_COLUMNS "where generation_id = ? and source = ? and path = ? "
                            "order by seq desc limit 1",
        SM_STORE__WITH(KEY_ARGS(key), sm_store__text(path)),
        .read = read_file,
        .size = sizeof(sm_source_file),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc != SM_OK)
        return rc;
    if (rows.n == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "source \"%.*s\" has not seen file \"%.*s\"",
                       SM_SV_ARG(key.source), SM_SV_ARG(path));
    *out = *(sm_source_file *)rows.list;
    return SM_OK;
}

sm_code sm_store_files_range(sm_store *s, sm_files_key key, int64_t after, int64_t upto,
                             size_t limit, sm_arena *a, sm_source_file **out, size_t *n,
                             sm_error *err)
{
    sm_store__query q = {
        .sql = FILE_COLUMNS "where generation_id = ? and source = ? and seq > ? and seq <= ? "
                            "order by seq limit ?",
        SM_STORE__WITH(KEY_ARGS(key), sm_store__int(after), sm_store__int(upto),
                       sm_store__int(limit ? (int64_t)limit : 1000)),
        .read = read_file,
        .size = sizeof(sm_source_file),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_files_last(sm_store *s, sm_files_key key, int64_t *out, sm_error *err)
{
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    rc = last_seq(s, key, out, err);
    return sm_store__end(s, rc, err);
}

static sm_code read_sum(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)a;
    (void)err;
    *(sm_files_sum *)record = (sm_files_sum){
        .files = sm_store__col_int(stmt, 0, 0),
        .bytes = sm_store__col_int(stmt, 1, 0),
        .last = sm_store__col_int(stmt, 2, 0),
    };
    return SM_OK;
}

sm_code sm_store_files_backlog(sm_store *s, sm_files_key key, int64_t after, sm_files_sum *out,
                               sm_error *err)
{
    sm_store__query q = {
        .sql = "select count(*), sum(size), max(seq) from source_files "
               "where generation_id = ? and source = ? and seq > ?",
        SM_STORE__WITH(KEY_ARGS(key), sm_store__int(after)),
        .read = read_sum,
        .size = sizeof(sm_files_sum),
    };
    sm_arena *a = sm_arena_new("store backlog");
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc == SM_OK)
        *out = *(sm_files_sum *)rows.list; /* an aggregate always has its one row */
    sm_arena_free(a);
    return rc;
}
