/* SPDX-License-Identifier: Apache-2.0 */
/* delta_checkpoint.c -- the state of a table in one Parquet file, every ten commits.
 *
 * One row per action, one struct column per kind, the others null:
 *
 *     protocol, metaData      one row each
 *     txn                     every application's last version
 *     add                     every live file
 *     remove                  files that went in the last seven days (vacuum needs them)
 *
 * HOW IT IS MADE, at a cost of the commits since the last one and one pass of the engine:
 *
 *     checkpoint v-10 ─ rows whose path no later commit names ─┐
 *                                                              ├─ COPY ─▶ .tmp-…parquet
 *     commits v-9 … v ─ reduced to the last word on each path ─┘             │ fsync
 *                       written as JSON lines, read by the engine            │ link
 *                                                            v.checkpoint.parquet
 *                                                                 v.crc, _last_checkpoint
 *
 * ORDER ON DISK.  The file is durable under its final name before _last_checkpoint names it:
 * a hint to a file that is not there is fatal for some readers, and the reverse is only slow.
 * Commits are never deleted here.  Reading is in delta_checkpoint_read.c.
 */
#include "runtime/delta/delta_checkpoint.h"

#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/strmap.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_path.h"
#include "runtime/delta/delta_schema.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_copy.h"
#include "runtime/io/object_store.h"

bool sm_delta_checkpoint_due(const sm_delta_head *h, int64_t newest)
{
    return h->version - (newest > 0 ? newest : 0) >= SM_DELTA_CHECKPOINT_INTERVAL;
}

/* ---- the commits since the last one ---- */

typedef struct tail {
    sm_arena *a;
    sm_strmap *index; /* key -> entry */
    struct tail_entry {
        sm_delta_file file;
        bool live;
    } * entries;
    size_t n, cap;
} tail;

static sm_code tail_take(void *ctx, const sm_delta_action *action, sm_error *err)
{
    tail *t = ctx;
    size_t at;

    (void)err;
    if (action->kind != SM_DELTA_ADD && action->kind != SM_DELTA_REMOVE)
        return SM_OK;
    sm_delta_file file = sm_delta_file_copy(&action->u.file, t->a);
    if (!sm_strmap_get(t->index, file.key, &at)) {
        if (t->n == t->cap) {
            struct tail_entry *wider =
                SM_NEW_N(t->a, struct tail_entry, t->cap == 0 ? 64 : t->cap * 2);
            if (t->n > 0)
                memcpy(wider, t->entries, t->n * sizeof *wider);
            t->entries = wider;
            t->cap = t->cap == 0 ? 64 : t->cap * 2;
        }
        at = t->n++;
        sm_strmap_put(t->index, file.key, at);
    }
    t->entries[at].file = file;
    t->entries[at].live = action->kind == SM_DELTA_ADD;
    return SM_OK;
}

static sm_code tail_read(tail *t, sm_delta_table *table, int64_t from, int64_t to, sm_error *err)
{
    sm_arena *scratch = sm_arena_new("delta commit");
    sm_code rc = SM_OK;

    for (int64_t v = from; v <= to && rc == SM_OK; v++) {
        sm_arena_reset(scratch);
        rc = sm_delta_each(table, v, scratch, tail_take, t, err);
    }
    sm_arena_free(scratch);
    return rc;
}

/* ---- its text, for the engine ---- */

typedef struct checkpoint {
    sm_delta_table *table;
    const sm_delta_head *head;
    struct sm_session *session;
    int64_t now_ms;
    sm_arena *a;
    sm_delta_checkpoint_files before; /* version -1: none */
    tail tail;
    sm_sv lines_path; /* of the JSON lines */
    size_t longest;   /* of them, in bytes */
    sm_copied copied;
    int64_t files, bytes; /* live */
} checkpoint;

static void put_line(checkpoint *c, sm_buf *text, const sm_json *action, sm_arena *a)
{
    sm_sv line = sm_json_text(action, a);

    sm_buf_add(text, line);
    sm_buf_addc(text, '\n');
    if (line.len > c->longest)
        c->longest = line.len;
}

static bool is_tombstone(const checkpoint *c, int64_t deleted_ms)
{
    return deleted_ms >= c->now_ms - (int64_t)SM_DELTA_TOMBSTONE_DAYS * 86400 * 1000;
}

static void put_file(checkpoint *c, sm_buf *text, size_t i, sm_arena *a)
{
    const sm_delta_file *f = &c->tail.entries[i].file;

    if (c->tail.entries[i].live)
        put_line(c, text, sm_delta_add_json(f, a), a);
    else if (is_tombstone(c, f->time_ms))
        put_line(c, text, sm_delta_remove_json(f, f->time_ms, true, a), a);
}

/* The head and the tail as JSON lines; a `touched` line per path keeps older rows out. */
static sm_code write_lines(checkpoint *c, sm_error *err)
{
    sm_arena *line = sm_arena_new("delta checkpoint line");
    sm_code rc;
    sm_buf text;

    sm_buf_init(&text, SM_DELTA_MAX_COMMIT);
    put_line(c, &text, sm_delta_protocol_json(&c->head->protocol, line), line);
    put_line(c, &text, sm_delta_metadata_json(&c->head->metadata, line), line);
    for (size_t i = 0; i < c->head->txn_count; i++)
        put_line(c, &text, sm_delta_txn_json(&c->head->txns[i].txn, line), line);
    for (size_t i = 0; i < c->tail.n; i++) {
        sm_arena_reset(line);
        put_file(c, &text, i, line);
        sm_json *touched = sm_json_object(line);
        sm_json_set_string(touched, "touched", c->tail.entries[i].file.path);
        put_line(c, &text, touched, line);
    }
    rc = sm_buf_check(&text, "the text of a checkpoint", err);
    if (rc == SM_OK)
        rc = sm_fs_write(c->lines_path.ptr, sm_buf_sv(&text), 0600, err);
    sm_buf_release(&text);
    sm_arena_free(line);
    return rc;
}

#define MAP_TYPE "MAP(VARCHAR, VARCHAR)"

/* The columns of a checkpoint, with the types that readers insist on. */
static const struct checkpoint_column {
    const char *name, *type;
} checkpoint_columns[] = {
    { "txn", "STRUCT(\"appId\" VARCHAR, \"version\" BIGINT, \"lastUpdated\" BIGINT)" },
    { "add", "STRUCT(\"path\" VARCHAR, \"partitionValues\" " MAP_TYPE
             ", \"size\" BIGINT, \"modificationTime\" BIGINT, \"dataChange\" BOOLEAN, "
             "\"tags\" " MAP_TYPE ", \"stats\" VARCHAR)" },
    { "remove",
      "STRUCT(\"path\" VARCHAR, \"deletionTimestamp\" BIGINT, \"dataChange\" BOOLEAN, "
      "\"extendedFileMetadata\" BOOLEAN, \"partitionValues\" " MAP_TYPE ", \"size\" BIGINT)" },
    { "metaData", "STRUCT(\"id\" VARCHAR, \"name\" VARCHAR, \"description\" VARCHAR, "
                  "\"format\" STRUCT(\"provider\" VARCHAR, \"options\" " MAP_TYPE
                  "), \"schemaString\" VARCHAR, \"partitionColumns\" VARCHAR[], "
                  "\"configuration\" " MAP_TYPE ", \"createdTime\" BIGINT)" },
    { "protocol", "STRUCT(\"minReaderVersion\" INTEGER, \"minWriterVersion\" INTEGER, "
                  "\"readerFeatures\" VARCHAR[], \"writerFeatures\" VARCHAR[])" },
};

enum {
    CHECKPOINT_COLUMNS = sizeof checkpoint_columns / sizeof *checkpoint_columns,
    COLUMN_ADD = 1,
    COLUMN_REMOVE = 2,
};

/* read_json() of the lines, with every column's type said. */
static void lines_sql(const checkpoint *c, sm_buf *sql)
{
    sm_buf_add(sql, SM_SV("read_json("));
    sm_sql_literal(sql, c->lines_path);
    sm_buf_addf(sql, ", format='newline_delimited', maximum_object_size=%zu, columns={",
                c->longest * 2 + 65536);
    for (size_t i = 0; i < CHECKPOINT_COLUMNS; i++) {
        sm_sql_ident(sql, sm_sv_cstr(checkpoint_columns[i].name));
        sm_buf_add(sql, SM_SV(": "));
        sm_sql_literal(sql, sm_sv_cstr(checkpoint_columns[i].type));
        sm_buf_add(sql, SM_SV(", "));
    }
    sm_buf_add(sql, SM_SV("\"touched\": 'VARCHAR'})"));
}

/* UNION ALL BY NAME: the rows of column `i` of the checkpoint before, less what was touched. */
static void before_sql(const checkpoint *c, size_t i, sm_buf *sql)
{
    const struct checkpoint_column *column = &checkpoint_columns[i];

    sm_buf_addf(sql, "\nUNION ALL BY NAME SELECT CAST(b.%s AS %s) AS %s FROM read_parquet(",
                column->name, column->type, column->name);
    sm_sql_string_list(sql, c->before.paths, c->before.n);
    sm_buf_addf(sql,
                ") AS b WHERE b.%s IS NOT NULL AND url_decode(b.%s.path) NOT IN "
                "(SELECT url_decode(touched) FROM lines WHERE touched IS NOT NULL)",
                column->name, column->name);
    if (i == COLUMN_REMOVE)
        sm_buf_addf(sql, " AND b.\"remove\".\"deletionTimestamp\" >= %lld",
                    (long long)(c->now_ms - (int64_t)SM_DELTA_TOMBSTONE_DAYS * 86400 * 1000));
}

/* Does the checkpoint before have column `name`?  Other writers leave out what they lack. */
static sm_code has_column(const checkpoint *c, const char *name, bool *out, sm_error *err)
{
    sm_schema columns;
    sm_code rc;
    sm_buf sql;

    sm_buf_init(&sql, 16 * 1024 * 1024);
    sm_buf_add(&sql, SM_SV("SELECT * FROM read_parquet("));
    sm_sql_string_list(&sql, c->before.paths, c->before.n);
    sm_buf_add(&sql, SM_SV(")"));
    rc = sm_session_describe(c->session, sm_buf_sv(&sql), c->a, &columns, err);
    sm_buf_release(&sql);
    if (rc == SM_OK)
        *out = sm_schema_find(&columns, sm_sv_cstr(name)) >= 0;
    return rc;
}

static sm_code select_sql(const checkpoint *c, sm_buf *sql, sm_error *err)
{
    bool removes = false;
    sm_code rc = SM_OK;

    if (c->before.version >= 0 && (rc = has_column(c, "remove", &removes, err)) != SM_OK)
        return rc;
    sm_buf_add(sql, SM_SV("WITH lines AS MATERIALIZED (SELECT * FROM "));
    lines_sql(c, sql);
    sm_buf_add(sql, SM_SV(")\nSELECT * EXCLUDE (touched) FROM lines WHERE touched IS NULL"));
    if (c->before.version >= 0)
        before_sql(c, COLUMN_ADD, sql);
    if (removes)
        before_sql(c, COLUMN_REMOVE, sql);
    return sm_buf_check(sql, "the query of a checkpoint", err);
}

/* ---- the files ---- */

static sm_code copy_out(checkpoint *c, sm_sv stem, sm_error *err)
{
    sm_copy_options o = {
        .folder = sm_arena_printf(c->a, "%.*s/_delta_log", SM_SV_ARG(sm_delta_root(c->table))),
        .stem = stem,
        .codec = SM_SV("snappy"),
    };
    sm_code rc;
    sm_buf sql;

    sm_buf_init(&sql, 16 * 1024 * 1024);
    rc = select_sql(c, &sql, err);
    if (rc == SM_OK)
        rc = sm_session_copy(c->session, sm_buf_sv(&sql), &o, c->a, &c->copied, err);
    if (rc == SM_OK && c->copied.n_files != 1)
        rc = sm_fail(err, SM_E_IO, 0, "a checkpoint became %zu files", c->copied.n_files);
    sm_buf_release(&sql);
    return rc;
}

static sm_code count_files(checkpoint *c, sm_error *err)
{
    sm_rows *rows = NULL;
    sm_code rc;
    sm_buf sql;

    sm_buf_init(&sql, 65536);
    sm_buf_add(&sql, SM_SV("SELECT count(*), CAST(coalesce(sum(\"add\".size), 0) AS BIGINT) "
                           "FROM read_parquet("));
    sm_sql_literal(&sql, c->copied.files[0].path);
    sm_buf_add(&sql, SM_SV(") WHERE \"add\" IS NOT NULL"));
    rc = sm_session_query(c->session, sm_buf_sv(&sql), &rows, err);
    if (rc == SM_OK && sm_rows_next(rows)) {
        c->files = sm_rows_int64(rows, 0);
        c->bytes = sm_rows_int64(rows, 1);
    }
    sm_rows_free(rows);
    sm_buf_release(&sql);
    return rc;
}

/* The temporary file under its final name, durable; somebody else's is as good as ours. */
static sm_code link_file(checkpoint *c, sm_error *err)
{
    const char *from = c->copied.files[0].path.ptr;
    const char *to = sm_path_join(c->a, sm_delta_root(c->table),
                                  sm_delta_checkpoint_key(c->head->version, c->a));
    sm_error why;
    sm_code rc;

    if ((rc = sm_fs_fsync(from, err)) != SM_OK)
        return rc;
    rc = sm_fs_link(from, to, &why);
    if (rc != SM_OK && rc != SM_E_CONFLICT) {
        *err = why;
        return rc;
    }
    if (sm_object_store_is_remote(sm_delta_store(c->table))) {
        sm_sv key = sm_delta_checkpoint_key(c->head->version, c->a);

        return sm_object_keep(sm_delta_store(c->table), &key, 1, err);
    }
    return sm_fs_fsync_dir(sm_arena_cstr(c->a, sm_path_dir(sm_sv_cstr(to))), err);
}

/* {"txnId":…,"tableSizeBytes":…,"numFiles":…,…}: what a head needs, without the engine. */
static sm_code write_crc(checkpoint *c, sm_error *err)
{
    sm_json *j = sm_json_object(c->a), *txns = sm_json_array(c->a), *smelt = sm_json_object(c->a);
    sm_error why;
    sm_code rc;

    for (size_t i = 0; i < c->head->txn_count; i++)
        sm_json_append(txns, sm_json_get(sm_delta_txn_json(&c->head->txns[i].txn, c->a), "txn"));
    if (c->head->txn_id.len > 0)
        sm_json_set_string(j, "txnId", c->head->txn_id);
    sm_json_set_int(j, "tableSizeBytes", c->bytes);
    sm_json_set_int(j, "numFiles", c->files);
    sm_json_set_int(j, "numMetadata", 1);
    sm_json_set_int(j, "numProtocol", 1);
    sm_json_set(j, "setTransactions", txns);
    sm_json_set(j, "domainMetadata", sm_json_array(c->a));
    sm_json_set(j, "metadata",
                sm_json_get(sm_delta_metadata_json(&c->head->metadata, c->a), "metaData"));
    sm_json_set(j, "protocol",
                sm_json_get(sm_delta_protocol_json(&c->head->protocol, c->a), "protocol"));
    sm_delta_head_put_flows(c->head, smelt, c->a); /* a member that other readers pass over */
    sm_json_set(j, "smelt", smelt);
    rc = sm_delta_put_new(c->table, sm_delta_crc_key(c->head->version, c->a), sm_json_text(j, c->a),
                          &why);
    if (rc != SM_OK && rc != SM_E_CONFLICT) {
        *err = why;
        return rc;
    }
    return SM_OK;
}

static sm_code write_hint(checkpoint *c, sm_error *err)
{
    sm_json *j = sm_json_object(c->a);

    if (sm_delta_last_checkpoint(c->table) >= c->head->version)
        return SM_OK;
    sm_json_set_int(j, "version", c->head->version);
    sm_json_set_int(j, "size", c->copied.rows);
    sm_json_set_int(j, "sizeInBytes", c->copied.bytes);
    sm_json_set_int(j, "numOfAddFiles", c->files);
    return sm_delta_put_key(c->table, SM_SV("_delta_log/_last_checkpoint"), sm_json_text(j, c->a),
                            err);
}

static sm_code write_all(checkpoint *c, sm_sv stem, sm_error *err)
{
    sm_code rc;

    if ((rc = sm_delta_find_checkpoint(c->table, c->head->version - 1, c->a, &c->before, err)) !=
            SM_OK ||
        (rc = tail_read(&c->tail, c->table, c->before.version + 1, c->head->version, err)) !=
            SM_OK ||
        (rc = write_lines(c, err)) != SM_OK || (rc = copy_out(c, stem, err)) != SM_OK ||
        (rc = count_files(c, err)) != SM_OK || (rc = link_file(c, err)) != SM_OK)
        return rc;
    sm_failpoint("delta.after_checkpoint");
    if ((rc = write_crc(c, err)) != SM_OK)
        return rc;
    return write_hint(c, err);
}

sm_code sm_delta_checkpoint_write(sm_delta_table *t, const sm_delta_head *h, int64_t now_ms,
                                  struct sm_session *session, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta checkpoint");
    sm_sv stem = sm_arena_printf(a, ".tmp-%.*s", SM_SV_ARG(sm_uuid4(a)));
    checkpoint c = {
        .table = t,
        .head = h,
        .session = session,
        .now_ms = now_ms,
        .a = a,
        .before = { .version = -1 },
        .tail = { .a = a, .index = sm_strmap_new(a) },
        .lines_path = sm_arena_printf(a, "%.*s/_delta_log/%.*s.json", SM_SV_ARG(sm_delta_root(t)),
                                      SM_SV_ARG(stem)),
    };
    sm_code rc = sm_delta_protocol_check(&h->protocol, true, err);

    if (rc == SM_OK) /* an image may have no folder of the log yet */
        rc = sm_fs_mkdirs(sm_arena_cstr(a, sm_path_dir(c.lines_path)), 0750, err);
    if (rc == SM_OK)
        rc = write_all(&c, stem, err);
    sm_delta_files_remove(sm_path_dir(c.lines_path), stem);
    sm_arena_free(a);
    return rc == SM_OK ? rc : sm_wrap(err, "checkpoint %lld", (long long)h->version);
}
