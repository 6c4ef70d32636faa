/* SPDX-License-Identifier: Apache-2.0 */
/* store_durable.c -- decisions that are kept outside too.
 *
 *     smelt.db     what this machine knows; ahead of the log by what came after a decision
 *     replica.db   what the log says, entry by entry; lost, it is made again from the log
 *     the log      entry n: what changed in the tables below between decisions n - 1 and n, as a
 *                  changeset of SQLite's session extension, whose format is documented and fixed
 *
 *     decide    in the transaction, before its commit: the difference between smelt.db and the
 *               replica is put as entry n + 1 ─ THIS PUT IS THE DECISION ─ commit ─ the replica
 *               takes the entry
 *     acquire   the replica takes what is new in the log; if that is more than smelt.db knows of,
 *               whoever put it, its tables become those of the replica
 *
 * found at acquiring                               then
 * ----------------------------------------------   ------------------------------------------
 * smelt.db and log at n                            go on
 * log at n + 1: put, and then killed, or refused   the tables of the replica: decided, as it was
 * put an empty machine                                 the same from entry 1 on log behind smelt.db
 * refuse: entries were removed
 *
 * What names runs and events stays on the machine where it happened. */
#define SQLITE_ENABLE_SESSION        1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1

#include "runtime/store/store_durable.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/store/store_int.h"

/* Parents first. */
static const char *const tables[] = { "datasets",     "schema_versions", "generations",
                                      "batches",      "manifests",       "batch_targets",
                                      "source_files", "source_streams",  "durable_log" };

enum { TABLES = sizeof tables / sizeof tables[0], REPLICA_MODE = 0600 };

void sm_store_set_log(sm_store *s, const sm_store_log *log)
{
    sm_mutex_lock(&s->mu);
    s->log = log == NULL ? (sm_store_log){ 0 } : *log;
    sm_mutex_unlock(&s->mu);
}

void sm_store_unset_log(sm_store *s, const void *ctx)
{
    sm_mutex_lock(&s->mu);
    if (s->log.ctx == ctx)
        s->log = (sm_store_log){ 0 };
    sm_mutex_unlock(&s->mu);
}

/* ---- the replica ------------------------------------------------------------------- */

static sm_code replica_fail(const sm_store *s, sqlite3 *db, const char *doing, sm_error *err)
{
    return sm_fail(err, SM_E_IO, sqlite3_extended_errcode(db),
                   "could not %s the replica of the log beside \"%s\": %s", doing, s->path.ptr,
                   sqlite3_errmsg(db));
}

static sm_code replica_script(const sm_store *s, const char *sql, sm_error *err)
{
    return sqlite3_exec(s->replica, sql, NULL, NULL, NULL) == SQLITE_OK
               ? SM_OK
               : replica_fail(s, s->replica, "write to", err);
}

/* A table of smelt.db in the replica, and nothing in it. */
static sm_code copy_table(sm_store *s, const char *name, sm_arena *a, sm_error *err)
{
    sm_sv sql;
    sqlite3_stmt *stmt;
    bool row;
    sm_code rc = sm_store__prepare(s, "select sql from sqlite_schema where name = ?",
                                   SM_STORE__ARGS(sm_store__text(sm_sv_cstr(name))), &stmt, err);

    if (rc != SM_OK || (rc = sm_store__step(s, stmt, &row, err)) != SM_OK)
        return rc;
    sql = row ? sm_store__col_text(stmt, 0, a) : SM_SV("");
    if (row)
        sm_store__reset(stmt);
    return replica_script(s, sm_arena_cstr(a, sql), err);
}

/* The file is made anew for each version of the schema: the log has all that it held. */
static const char *replica_path(const sm_store *s, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/replica-%lld.db", SM_SV_ARG(sm_path_dir(sm_buf_sv(&s->path))),
                           (long long)s->version)
        .ptr;
}

static bool has_tables(const sm_store *s)
{
    return sqlite3_table_column_metadata(s->replica, "main", "durable_log", NULL, NULL, NULL, NULL,
                                         NULL, NULL) == SQLITE_OK;
}

/* What others have put together spares reading each entry. */
static sm_code begin_with_whole(const sm_store *s, const char *path, sm_arena *a, sm_error *err)
{
    sm_error why;
    sm_sv whole;
    sm_code rc = s->log.get_whole(s->log.ctx, s->version, a, &whole, &why);

    if (rc == SM_OK)
        return sm_fs_write_durable(path, whole, REPLICA_MODE, err);
    if (rc == SM_E_NOT_FOUND || rc == SM_E_LIMIT)
        return SM_OK;
    *err = why;
    return rc;
}

static sm_code open_replica(sm_store *s, sm_arena *a, sm_error *err)
{
    const char *path = replica_path(s, a);
    sm_buf attach;
    sm_code rc;

    if (s->replica != NULL)
        return SM_OK;
    if (!sm_fs_exists(path) && (rc = begin_with_whole(s, path, a, err)) != SM_OK)
        return rc;
    if (sqlite3_open_v2(path, &s->replica, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        return replica_fail(s, s->replica, "open", err);
    sqlite3_busy_timeout(s->replica, SM_STORE_BUSY_MS);
    rc = replica_script(s, "pragma journal_mode=wal; pragma synchronous=normal", err);
    if (rc == SM_OK && !has_tables(s) && (rc = replica_script(s, "begin", err)) == SM_OK) {
        for (size_t i = 0; rc == SM_OK && i < TABLES; i++)
            rc = copy_table(s, tables[i], a, err);
        if (rc == SM_OK)
            rc = replica_script(s, "commit", err);
    }
    sm_buf_init(&attach, 64 * 1024);
    sm_buf_adds(&attach, "attach '");
    for (const char *p = path; *p != '\0'; p++)
        sm_buf_addf(&attach, *p == '\'' ? "''" : "%c", *p);
    sm_buf_adds(&attach, "' as replica");
    if (rc == SM_OK)
        rc = sm_store__script(s, attach.ptr, err);
    sm_buf_release(&attach);
    return rc;
}

void sm_store__close_replica(sm_store *s)
{
    sqlite3_close(s->replica);
    s->replica = NULL;
}

/* The replica is what the log says: what it has otherwise gives way. */
static int on_conflict(void *ctx, int kind, sqlite3_changeset_iter *it)
{
    (void)ctx;
    (void)it;
    return kind == SQLITE_CHANGESET_DATA || kind == SQLITE_CHANGESET_CONFLICT
               ? SQLITE_CHANGESET_REPLACE
               : SQLITE_CHANGESET_OMIT;
}

/* Of a table of the replica; 0: there is none. */
static int columns_of(const sm_store *s, const char *table)
{
    char *sql = sqlite3_mprintf("select * from \"%w\" limit 0", table);
    sqlite3_stmt *stmt = NULL;
    int n = sqlite3_prepare_v2(s->replica, sql, -1, &stmt, NULL) == SQLITE_OK
                ? sqlite3_column_count(stmt)
                : 0;

    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    return n;
}

/* SQLite passes over a table of which an entry knows more columns than are here, and with it over
 * a decision. */
static sm_code check_columns(const sm_store *s, sm_sv entry, sm_error *err)
{
    sqlite3_changeset_iter *it = NULL;
    char last[64] = "";
    const char *table;
    int n, op, indirect, known = 0;
    bool newer = false;

    if (sqlite3changeset_start(&it, (int)entry.len, (char *)entry.ptr) != SQLITE_OK)
        return SM_OK; /* applying it says why */
    while (!newer && sqlite3changeset_next(it) == SQLITE_ROW &&
           sqlite3changeset_op(it, &table, &n, &op, &indirect) == SQLITE_OK) {
        if (strcmp(table, last) != 0)
            known = columns_of(s, table);
        snprintf(last, sizeof last, "%s", table);
        newer = n > known;
    }
    sqlite3changeset_finalize(it);
    return newer ? sm_fail(err, SM_E_CORRUPT, 0,
                           "the log of decisions in the bucket was written by a newer smelt, which "
                           "knows more of \"%s\"; run the pipeline with that one",
                           last)
                 : SM_OK;
}

static sm_code apply(sm_store *s, sm_sv entry, sm_error *err)
{
    char *bytes = (char *)entry.ptr; /* it is read only */

    if (check_columns(s, entry, err) != SM_OK)
        return err->code;
    if (sqlite3changeset_apply(s->replica, (int)entry.len, bytes, NULL, on_conflict, NULL) !=
        SQLITE_OK)
        return replica_fail(s, s->replica, "apply an entry to", err);
    return SM_OK;
}

static sm_code number_of(sm_store *s, bool replica, int64_t *out, sm_error *err)
{
    return replica
               ? sm_store__number(s, "select number from replica.durable_log", NULL, 0, 0, out, err)
               : sm_store__number(s, "select number from main.durable_log", NULL, 0, 0, out, err);
}

/* ---- acquiring --------------------------------------------------------------------- */

static sm_code read_log(sm_store *s, sm_arena *a, sm_error *err)
{
    int64_t number = 0, before;
    sm_error why;
    sm_sv entry;
    sm_code rc;

    if ((rc = number_of(s, true, &number, err)) != SM_OK)
        return rc;
    while ((rc = s->log.get(s->log.ctx, number + 1, a, &entry, &why)) == SM_OK) {
        before = number;
        if ((rc = apply(s, entry, err)) != SM_OK ||
            (rc = number_of(s, true, &number, err)) != SM_OK)
            return rc;
        if (number != before + 1)
            return sm_fail(err, SM_E_CORRUPT, 0, "entry %lld of the log of decisions is none",
                           (long long)(before + 1));
        sm_arena_reset(a);
    }
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    *err = why;
    return rc;
}

/* smelt.db has what the replica has.  Runs of other machines are not here. */
static sm_code take_over(sm_store *s, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, 64 * 1024);
    sm_buf_adds(&sql, "pragma foreign_keys=off; begin immediate;");
    for (size_t i = TABLES; i-- > 0;)
        sm_buf_addf(&sql, "delete from main.%s;", tables[i]);
    for (size_t i = 0; i < TABLES; i++)
        sm_buf_addf(&sql, "insert into main.%s select * from replica.%s;", tables[i], tables[i]);
    sm_buf_adds(&sql, "update batches set run_id = null where run_id not in (select id from runs);"
                      "commit;");
    rc = sm_store__script(s, sql.ptr, err);
    sm_buf_release(&sql);
    if (rc != SM_OK && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
    sqlite3_exec(s->db, "pragma foreign_keys=on", NULL, NULL, NULL);
    return rc;
}

/* A machine that never ran it knows of it now: the columns of its sources count from here on. */
static sm_code name_pipeline(sm_store *s, sm_error *err)
{
    return sm_store__run(s,
                         "insert into pipelines (id, name, epoch, holder, acquired_ms, created_ms) "
                         "select min(pipeline_id), ?, 0, '', 0, 0 from datasets where true "
                         "on conflict do nothing",
                         SM_STORE__ARGS(sm_store__text(s->log.pipeline)), NULL, err);
}

sm_code sm_store_follow(sm_store *s, sm_error *err)
{
    sm_arena *a = sm_arena_new("store log");
    int64_t ours = 0, theirs = 0;
    sm_code rc = SM_OK;

    sm_mutex_lock(&s->mu);
    if (s->log.get == NULL)
        goto done;
    if ((rc = open_replica(s, a, err)) != SM_OK || (rc = read_log(s, a, err)) != SM_OK ||
        (rc = number_of(s, false, &ours, err)) != SM_OK ||
        (rc = number_of(s, true, &theirs, err)) != SM_OK)
        goto done;
    if (ours > theirs)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "the log of decisions in the bucket ends with %lld, and this machine knows "
                     "%lld; nothing was changed. Bring the bucket back as it was",
                     (long long)theirs, (long long)ours);
    else if (ours < theirs && (rc = take_over(s, err)) == SM_OK)
        rc = name_pipeline(s, err);
done:
    sm_mutex_unlock(&s->mu);
    sm_arena_free(a);
    return rc;
}

/* ---- deciding ---------------------------------------------------------------------- */

static sm_code difference(sm_store *s, void **bytes, int *n, sm_error *err)
{
    sqlite3_session *session = NULL;
    char *text = NULL;
    int code = sqlite3session_create(s->db, "main", &session);

    for (size_t i = 0; code == SQLITE_OK && i < TABLES; i++)
        if ((code = sqlite3session_attach(session, tables[i])) == SQLITE_OK)
            code = sqlite3session_diff(session, "replica", tables[i], &text);
    if (code == SQLITE_OK)
        code = sqlite3session_changeset(session, n, bytes);
    sqlite3session_delete(session);
    if (code != SQLITE_OK)
        sm_fail(err, SM_E_IO, code, "could not tell what a decision changes: %s",
                text != NULL ? text : sqlite3_errstr(code));
    sqlite3_free(text);
    return code == SQLITE_OK ? SM_OK : err->code;
}

sm_code sm_store__put_decision(sm_store *s, sm_error *err)
{
    int64_t number = 0;
    sm_error why;
    sm_code rc;

    if (s->log.put == NULL)
        return SM_OK;
    if (s->replica == NULL)
        return sm_fail(err, SM_E_CONFLICT, 0, "the pipeline was acquired before its log was known");
    if ((rc = number_of(s, true, &number, err)) != SM_OK ||
        (rc = sm_store__run(s,
                            "insert into durable_log (id, number) values (1, ?1) "
                            "on conflict (id) do update set number = excluded.number",
                            SM_STORE__ARGS(sm_store__int(number + 1)), NULL, err)) != SM_OK ||
        (rc = difference(s, &s->entry, &s->entry_len, err)) != SM_OK)
        return rc;
    if (s->entry_len > SM_STORE_MANIFEST_MAX)
        return sm_fail(err, SM_E_LIMIT, 0, "a decision changes more than %d MiB of records",
                       SM_STORE_MANIFEST_MAX >> 20);
    rc = s->log.put(s->log.ctx, number + 1, (sm_sv){ s->entry, (size_t)s->entry_len }, &why);
    if (rc == SM_E_CONFLICT)
        return sm_store__refuse(err,
                                "another machine has decided number %lld of this pipeline "
                                "meanwhile: it goes on there, or run again here when it has ended",
                                (long long)(number + 1));
    if (rc != SM_OK) {
        *err = why;
        return rc;
    }
    sm_failpoint("flow.after_remote_decided");
    return SM_OK;
}

/* Now and then, for machines that begin. */
static void put_whole(sm_store *s)
{
    int64_t number = 0;
    sqlite3_int64 size = 0;
    unsigned char *bytes;
    sm_error ignored;

    if (number_of(s, true, &number, &ignored) != SM_OK || number % SM_STORE_LOG_WHOLE != 0)
        return;
    bytes = sqlite3_serialize(s->replica, "main", &size, 0);
    if (bytes != NULL && size <= SM_STORE_MANIFEST_MAX) /* more would not be got back */
        (void)s->log.put_whole(s->log.ctx, s->version, number,
                               (sm_sv){ (const char *)bytes, (size_t)size }, &ignored);
    sqlite3_free(bytes);
}

void sm_store__put_end(sm_store *s, bool committed)
{
    sm_error ignored; /* the next acquiring reads it from the log */

    if (s->entry != NULL && committed &&
        apply(s, (sm_sv){ s->entry, (size_t)s->entry_len }, &ignored) == SM_OK)
        put_whole(s);
    sqlite3_free(s->entry);
    s->entry = NULL;
}
