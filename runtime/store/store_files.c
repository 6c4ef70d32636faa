/* SPDX-License-Identifier: Apache-2.0 */
/* store_files.c -- the files a flow has seen of a source, numbered in the order they came.
 *
 * The table's key is (generation, source, seq), so a range of numbers is read in one walk; one
 * index finds a path.  Nothing here lists what it need not.
 *
 * Files that are seen and never read have the numbers -1, -2, …: out of the way of every range. */
#include "runtime/store/store_int.h"

#include <string.h>

#include "runtime/base/clock.h"

enum { PATH_BYTES_MAX = 4096 };

#define KEY_ARGS(key) sm_store__int((key).generation), sm_store__text((key).source)

static sm_code last_seq(sm_store *s, sm_files_key key, int64_t *out, sm_error *err)
{
    return sm_store__number(
        s, "select max(max(seq), 0) from source_files where generation_id = ? and source = ?",
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

static sm_code insert_file(sm_store *s, sm_files_key key, const sm_source_file *f, int64_t seq,
                           sm_error *err)
{
    sm_code rc = sm_store__bounded(f->path, PATH_BYTES_MAX, "path of a file", err);

    if (rc != SM_OK)
        return rc;
    return sm_store__run(s,
                         "insert into source_files (generation_id, source, seq, path, size, "
                         "mtime_ns, inode, etag, found_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         SM_STORE__ARGS(KEY_ARGS(key), sm_store__int(seq), sm_store__text(f->path),
                                        sm_store__int(f->size), sm_store__int(f->mtime_ns),
                                        sm_store__int(f->inode), sm_store__text_or_null(f->etag),
                                        sm_store__int(sm_clock_now_ms())),
                         NULL, err);
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
    if ((rc = check_generation(s, o, key.generation, err)) == SM_OK)
        rc = last_seq(s, key, &seq, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = insert_file(s, key, &files[i], seq + 1 + (int64_t)i, err);
    rc = sm_store__end(s, rc, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        files[i].seq = seq + 1 + (int64_t)i;
        files[i].batch = -1;
    }
    return rc;
}

sm_code sm_store_files_skip(sm_store *s, const sm_owner *o, sm_files_key key,
                            const sm_source_file *files, size_t n, sm_error *err)
{
    int64_t seq = 0;
    sm_code rc;

    if (n == 0)
        return SM_OK;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    if ((rc = check_generation(s, o, key.generation, err)) == SM_OK)
        rc = sm_store__number(s,
                              "select min(seq, 0) from source_files where generation_id = ? "
                              "and source = ? order by seq limit 1",
                              SM_STORE__ARGS(KEY_ARGS(key)), 0, &seq, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = insert_file(s, key, &files[i], seq - 1 - (int64_t)i, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_files_refresh(sm_store *s, const sm_owner *o, sm_files_key key,
                               const sm_source_file *files, size_t n, sm_error *err)
{
    sm_code rc;

    if (n == 0)
        return SM_OK;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    rc = check_generation(s, o, key.generation, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = sm_store__run(
            s,
            "update source_files set size = ?4, mtime_ns = ?5, inode = ?6, etag = ?7 "
            "where generation_id = ?1 and source = ?2 and seq = ?3 "
            "and batch is null",
            SM_STORE__ARGS(KEY_ARGS(key), sm_store__int(files[i].seq), sm_store__int(files[i].size),
                           sm_store__int(files[i].mtime_ns), sm_store__int(files[i].inode),
                           sm_store__text_or_null(files[i].etag)),
            NULL, err);
    return sm_store__end(s, rc, err);
}

/* ---- the first look ---- */

sm_code sm_store_files_begun(sm_store *s, sm_files_key key, bool *begun, sm_error *err)
{
    int64_t found = 0;
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__number(
        s, "select count(*) from source_streams where generation_id = ? and source = ?",
        SM_STORE__ARGS(KEY_ARGS(key)), 0, &found, err);
    *begun = found > 0;
    return sm_store__end(s, rc, err);
}

sm_code sm_store_files_begin(sm_store *s, const sm_owner *o, sm_files_key key, sm_error *err)
{
    sm_code rc = sm_store__begin(s, o, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = check_generation(s, o, key.generation, err)) == SM_OK)
        rc = sm_store__run(s,
                           "insert or ignore into source_streams (generation_id, source, begun_ms) "
                           "values (?, ?, ?)",
                           SM_STORE__ARGS(KEY_ARGS(key), sm_store__int(sm_clock_now_ms())), NULL,
                           err);
    return sm_store__end(s, rc, err);
}

/* ---- which of these names are known ---- */

/* Along the index by path; `details` needs the row itself too. */
#define MATCH_FROM                                                                                 \
    " from source_files indexed by source_files_path "                                             \
    "where generation_id = ? and source = ? and path >= ? order by path, seq"

enum { MATCH_STEPS = 16 /* rows passed over before the place is looked up anew */ };

typedef struct match_walk {
    sm_store *s;
    sm_files_key key;
    sm_sv folder;
    bool details;
    sm_buf path; /* what the walk began with */
    sqlite3_stmt *stmt;
    bool row; /* the statement stands on one */
} match_walk;

static sm_code match_seek(match_walk *w, const char *name, sm_error *err)
{
    static const char *const plain = "select path, seq" MATCH_FROM;
    static const char *const full = "select path, seq, size, mtime_ns, inode, batch" MATCH_FROM;
    sm_code rc;

    if (w->stmt != NULL)
        sm_store__reset(w->stmt);
    sm_buf_clear(&w->path);
    sm_buf_add(&w->path, w->folder);
    sm_buf_adds(&w->path, name);
    w->row = false;
    rc = sm_store__prepare(w->s, w->details ? full : plain,
                           SM_STORE__ARGS(KEY_ARGS(w->key), sm_store__text(sm_buf_sv(&w->path))),
                           &w->stmt, err);
    return rc == SM_OK ? sm_store__step(w->s, w->stmt, &w->row, err) : rc;
}

/* The path of the row against folder + name, by bytes; a walk that is through is behind all. */
static int match_compare(const match_walk *w, const char *name)
{
    size_t len, head = w->folder.len, rest = strlen(name), both;
    const char *path;
    int order;

    if (!w->row)
        return 1;
    path = (const char *)sqlite3_column_text(w->stmt, 0);
    len = (size_t)sqlite3_column_bytes(w->stmt, 0);
    both = len < head ? len : head;
    if ((order = memcmp(path, w->folder.ptr, both)) != 0)
        return order;
    if (len < head)
        return -1;
    both = len - head < rest ? len - head : rest;
    order = memcmp(path + head, name, both);
    return order != 0 ? order : (len - head > rest) - (len - head < rest);
}

static sm_code match_one(match_walk *w, const char *name, sm_file_seen *out, sm_error *err)
{
    sm_code rc = SM_OK;
    int order = match_compare(w, name);

    for (int i = 0; rc == SM_OK && order < 0; i++) {
        rc = i < MATCH_STEPS ? sm_store__step(w->s, w->stmt, &w->row, err)
                             : match_seek(w, name, err);
        order = match_compare(w, name);
    }
    for (; rc == SM_OK && order == 0; order = match_compare(w, name)) {
        out->seq = sm_store__col_int(w->stmt, 1, 0);
        if (w->details) {
            out->size = sm_store__col_int(w->stmt, 2, 0);
            out->mtime_ns = sm_store__col_int(w->stmt, 3, 0);
            out->inode = sm_store__col_int(w->stmt, 4, 0);
            out->waits = out->seq > 0 && sm_store__col_int(w->stmt, 5, -1) < 0;
        }
        rc = sm_store__step(w->s, w->stmt, &w->row, err);
    }
    return rc;
}

sm_code sm_store_files_match(sm_store *s, sm_files_key key, sm_sv folder, const char *const *names,
                             size_t n, bool details, sm_file_seen *out, sm_error *err)
{
    match_walk w = { .s = s, .key = key, .folder = folder, .details = details };
    sm_code rc = SM_OK;

    memset(out, 0, n * sizeof *out);
    if (n == 0 || (rc = sm_store__read(s, err)) != SM_OK)
        return rc;
    sm_buf_init(&w.path, (size_t)4 * PATH_BYTES_MAX);
    rc = match_seek(&w, names[0], err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = match_one(&w, names[i], &out[i], err);
    if (w.stmt != NULL)
        sm_store__reset(w.stmt);
    sm_buf_release(&w.path);
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

sm_code sm_store_files_greatest(sm_store *s, sm_files_key key, sm_arena *a, sm_sv *out,
                                sm_error *err)
{
    sm_store__query q = {
        .sql = FILE_COLUMNS "where generation_id = ? and source = ? order by path desc limit 1",
        SM_STORE__WITH(KEY_ARGS(key)),
        .read = read_file,
        .size = sizeof(sm_source_file),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc == SM_OK)
        *out = rows.n == 0 ? SM_SV("") : ((const sm_source_file *)rows.list)->path;
    return rc;
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

/* ---- what became of them ---- */

static sm_code read_state(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    sm_file_state *f = record;

    f->source = sm_store__col_text(stmt, 7, a);
    f->found_ms = sm_store__col_int(stmt, 8, 0);
    f->processed_ms = sm_store__col_int(stmt, 9, 0);
    f->committed_ms = sm_store__col_int(stmt, 10, 0);
    f->cleaned_ms = sm_store__col_int(stmt, 11, 0);
    f->cleaned_to = sm_store__col_text(stmt, 12, a);
    return read_file(stmt, a, &f->file, err);
}

sm_code sm_store_files_states(sm_store *s, int64_t generation, sm_sv source, int64_t seq,
                              size_t limit, sm_arena *a, sm_file_state **out, size_t *n,
                              sm_error *err)
{
    sm_store__query q = {
        .sql = "select f.seq, f.path, f.size, f.mtime_ns, f.inode, f.etag, f.batch, f.source, "
               "f.found_ms, b.started_ms, b.done_ms, f.cleaned_ms, f.cleaned_to "
               "from source_files f left join batches b "
               "on b.generation_id = f.generation_id and b.n = f.batch "
               "where f.generation_id = ? and (f.source, f.seq) > (?, ?) "
               "order by f.source, f.seq limit ?",
        SM_STORE__WITH(sm_store__int(generation), sm_store__text(source), sm_store__int(seq),
                       sm_store__int((int64_t)limit)),
        .read = read_state,
        .size = sizeof(sm_file_state),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

/* A batch whose record was trimmed was done long ago. */
sm_code sm_store_files_cleanable(sm_store *s, sm_files_key key, int64_t until_ms, int64_t after,
                                 size_t limit, sm_arena *a, sm_source_file **out, size_t *n,
                                 sm_error *err)
{
    sm_store__query q = {
        .sql = "select f.seq, f.path, f.size, f.mtime_ns, f.inode, f.etag, f.batch "
               "from source_files f left join batches b "
               "on b.generation_id = f.generation_id and b.n = f.batch "
               "where f.generation_id = ?1 and f.source = ?2 and f.seq > ?4 and f.seq > 0 "
               "and f.cleaned_ms = 0 and coalesce(b.done_ms, 0) <= ?3 "
               "and f.batch < (select max(n) from batches "
               "where generation_id = ?1 and state = 'done') order by f.seq limit ?5",
        SM_STORE__WITH(KEY_ARGS(key), sm_store__int(until_ms), sm_store__int(after),
                       sm_store__int((int64_t)limit)),
        .read = read_file,
        .size = sizeof(sm_source_file),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_files_cleaned(sm_store *s, const sm_owner *o, sm_files_key key, int64_t seq,
                               sm_sv to, sm_error *err)
{
    sm_code rc = sm_store__begin(s, o, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update source_files set cleaned_ms = ?4, cleaned_to = ?5 "
                       "where generation_id = ?1 and source = ?2 and seq = ?3",
                       SM_STORE__ARGS(KEY_ARGS(key), sm_store__int(seq),
                                      sm_store__int(sm_clock_now_ms()), sm_store__text_or_null(to)),
                       NULL, err);
    return sm_store__end(s, rc, err);
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
        SM_STORE__WITH(KEY_ARGS(key), sm_store__int(after > 0 ? after : 0)),
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
