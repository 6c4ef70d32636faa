/* SPDX-License-Identifier: Apache-2.0 */
/* store_sql.c -- statements, transactions, and SQLite's errors as ours.
 *
 * DURABILITY.  In WAL mode a commit appends to the log file; `synchronous=FULL` also waits for
 * the disk.  The log is one file read from its beginning up to the first broken frame, so a
 * durable commit makes everything before it durable.  That is why a commit that need not be
 * durable by itself runs under NORMAL and costs no wait: it can only be lost together with all
 * that came after it.
 *
 * FAULTS.  Each step asks the failpoint `store.step`, so the Nth SQLite call of a test fails;
 * `store.after_commit` makes a commit that happened look as if it had failed, which is what a
 * dying disk may do. */
#include "runtime/store/store_int.h"

#include "runtime/base/failpoint.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* SQLite's primary codes.  A code without a row is SM_E_IO. */
static const struct {
    int sqlite_code;
    sm_code code;
    int sys; /* errno that says the same; 0 = SQLite's own code */
} codes[] = {
    { SQLITE_BUSY, SM_E_CONFLICT, 0 },       { SQLITE_LOCKED, SM_E_CONFLICT, 0 },
    { SQLITE_FULL, SM_E_IO, ENOSPC },        { SQLITE_IOERR, SM_E_IO, EIO },
    { SQLITE_CORRUPT, SM_E_CORRUPT, 0 },     { SQLITE_NOTADB, SM_E_CORRUPT, 0 },
    { SQLITE_READONLY, SM_E_DENIED, EROFS }, { SQLITE_PERM, SM_E_DENIED, EACCES },
    { SQLITE_AUTH, SM_E_DENIED, EACCES },    { SQLITE_TOOBIG, SM_E_LIMIT, 0 },
    { SQLITE_INTERRUPT, SM_E_CANCELLED, 0 },
};

sm_code sm_store__fail(const sm_store *s, int sqlite_code, const char *doing, sm_error *err)
{
    sm_code code = SM_E_IO;
    int sys = sqlite_code;
    int os = s->db ? sqlite3_system_errno(s->db) : 0;
    const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(sqlite_code);

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].sqlite_code != (sqlite_code & 0xff))
            continue;
        code = codes[i].code;
        if (codes[i].sys != 0)
            sys = codes[i].sys;
    }
    if ((sqlite_code & 0xff) == SQLITE_IOERR && os != 0) {
        sys = os;
        why = strerrordesc_np(os); /* "disk I/O error" does not say that the disk is full */
    }
    if (code == SM_E_CONFLICT)
        why = "another process is writing to it";
    return sm_fail(err, code, sys, "could not %s control store \"%s\": %s", doing, s->path.ptr,
                   why);
}

/* ---- statements ---- */

static size_t cache_slot(const char *sql)
{
    uintptr_t h = (uintptr_t)sql;

    h ^= h >> 7;
    return (size_t)((h * 0x9e3779b97f4a7c15u) >> 40) & (SM_STORE__STATEMENTS - 1);
}

static sm_code find_statement(sm_store *s, const char *sql, sqlite3_stmt **out, sm_error *err)
{
    size_t i = cache_slot(sql);
    int rc;

    for (size_t tries = 0; s->cache[i].sql != NULL; tries++) {
        assert(tries < SM_STORE__STATEMENTS && "more literals than slots");
        if (s->cache[i].sql == sql) {
            *out = s->cache[i].stmt;
            return SM_OK;
        }
        i = (i + 1) & (SM_STORE__STATEMENTS - 1);
    }
    rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (rc != SQLITE_OK)
        return sm_store__fail(s, rc, "prepare a statement for", err);
    s->cache[i] = (sm_store__cached){ .sql = sql, .stmt = *out };
    return SM_OK;
}

static int bind_arg(sqlite3_stmt *stmt, int at, const sm_store__arg *arg)
{
    switch (arg->kind) {
    case SM_STORE__NULL:
        return sqlite3_bind_null(stmt, at);
    case SM_STORE__INT:
        return sqlite3_bind_int64(stmt, at, arg->i);
    case SM_STORE__TEXT:
        return sqlite3_bind_text64(stmt, at, arg->t.len ? arg->t.ptr : "", arg->t.len,
                                   SQLITE_STATIC, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

sm_code sm_store__prepare(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                          sqlite3_stmt **out, sm_error *err)
{
    sm_code rc = find_statement(s, sql, out, err);

    if (rc != SM_OK)
        return rc;
    assert(sqlite3_bind_parameter_count(*out) == (int)n);
    for (size_t i = 0; i < n; i++) {
        int bound = bind_arg(*out, (int)i + 1, &args[i]);

        if (bound != SQLITE_OK) {
            rc = sm_store__fail(s, bound, "pass a value to", err);
            sm_store__reset(*out);
            return rc;
        }
    }
    return SM_OK;
}

/* The step of a test's fault plan: SQLite's code for the errno, SQLITE_OK for none. */
static int injected(void)
{
    int e = sm_failpoint_err("store.step");

    if (e == 0)
        return SQLITE_OK;
    return e == ENOSPC ? SQLITE_FULL : SQLITE_IOERR;
}

static sm_code fail_injected(const sm_store *s, int code, sm_error *err)
{
    return sm_fail(err, SM_E_IO, code == SQLITE_FULL ? ENOSPC : EIO,
                   "could not use control store \"%s\": %s", s->path.ptr, sqlite3_errstr(code));
}

sm_code sm_store__step(sm_store *s, sqlite3_stmt *stmt, bool *row, sm_error *err)
{
    int code = injected();
    sm_code rc = SM_OK;

    *row = false;
    if (code != SQLITE_OK) {
        rc = fail_injected(s, code, err);
    } else {
        code = sqlite3_step(stmt);
        *row = code == SQLITE_ROW;
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            rc = sm_store__fail(s, code, sqlite3_stmt_readonly(stmt) ? "read" : "write to", err);
    }
    if (!*row)
        sm_store__reset(stmt);
    return rc;
}

void sm_store__reset(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt); /* the texts were borrowed */
}

sm_code sm_store__run(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                      int64_t *changed, sm_error *err)
{
    sqlite3_stmt *stmt;
    bool row;
    sm_code rc = sm_store__prepare(s, sql, args, n, &stmt, err);

    if (rc == SM_OK)
        rc = sm_store__step(s, stmt, &row, err);
    if (rc == SM_OK && row)
        sm_store__reset(stmt);
    if (rc == SM_OK && changed)
        *changed = sqlite3_changes64(s->db);
    return rc;
}

sm_code sm_store__number(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                         int64_t fallback, int64_t *out, sm_error *err)
{
    sqlite3_stmt *stmt;
    bool row;
    sm_code rc = sm_store__prepare(s, sql, args, n, &stmt, err);

    if (rc == SM_OK)
        rc = sm_store__step(s, stmt, &row, err);
    if (rc != SM_OK)
        return rc;
    *out = row ? sm_store__col_int(stmt, 0, fallback) : fallback;
    if (row)
        sm_store__reset(stmt);
    return SM_OK;
}

sm_code sm_store__script(sm_store *s, const char *sql, sm_error *err)
{
    int code = injected();

    if (code != SQLITE_OK)
        return fail_injected(s, code, err);
    code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? SM_OK : sm_store__fail(s, code, "set up", err);
}

void sm_store__finalize_all(sm_store *s)
{
    for (size_t i = 0; i < SM_STORE__STATEMENTS; i++)
        sqlite3_finalize(s->cache[i].stmt);
    memset(s->cache, 0, sizeof s->cache);
}

sm_sv sm_store__col_text(sqlite3_stmt *stmt, int col, sm_arena *a)
{
    const char *text = (const char *)sqlite3_column_text(stmt, col);
    int len = sqlite3_column_bytes(stmt, col);

    return text ? sm_arena_dup(a, (sm_sv){ text, (size_t)len }) : SM_SV("");
}

int64_t sm_store__col_int(sqlite3_stmt *stmt, int col, int64_t null)
{
    return sqlite3_column_type(stmt, col) == SQLITE_NULL ? null : sqlite3_column_int64(stmt, col);
}

/* ---- rows ---- */

/* Room for record n; the list moves when n reaches 8, 16, 32 … */
static void *grow(sm_arena *a, void *list, size_t n, size_t size)
{
    void *moved;

    if (n != 0 && (n < 8 || (n & (n - 1)) != 0))
        return list;
    moved = sm_arena_alloc(a, size, _Alignof(max_align_t), n ? 2 * n : 8);
    if (n != 0)
        memcpy(moved, list, n * size);
    return moved;
}

sm_code sm_store__rows_in(sm_store *s, const sm_store__query *q, sm_arena *a, sm_store__rows *out,
                          sm_error *err)
{
    sqlite3_stmt *stmt;
    bool row = false;
    sm_code rc;

    *out = (sm_store__rows){ .list = NULL };
    if ((rc = sm_store__prepare(s, q->sql, q->args, q->n_args, &stmt, err)) != SM_OK)
        return rc;
    while ((rc = sm_store__step(s, stmt, &row, err)) == SM_OK && row) {
        out->list = grow(a, out->list, out->n, q->size);
        rc = q->read(stmt, a, (char *)out->list + out->n * q->size, err);
        if (rc != SM_OK) {
            sm_store__reset(stmt);
            break;
        }
        out->n++;
    }
    return rc;
}

sm_code sm_store__rows_of(sm_store *s, const sm_store__query *q, sm_arena *a, sm_store__rows *out,
                          sm_error *err)
{
    sm_code rc;

    sm_mutex_lock(&s->mu);
    rc = sm_store__rows_in(s, q, a, out, err);
    sm_mutex_unlock(&s->mu);
    return rc;
}

/* ---- transactions ---- */

static sm_code set_sync(sm_store *s, int level, sm_error *err)
{
    sm_code rc;

    if (s->sync == level)
        return SM_OK;
    rc = sm_store__script(s, level == 2 ? "pragma synchronous=full" : "pragma synchronous=normal",
                          err);
    if (rc == SM_OK)
        s->sync = level;
    return rc;
}

static void roll_back(sm_store *s)
{
    /* Not through the failpoint: undoing is what must always work.  After some errors SQLite
     * has rolled back by itself. */
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
}

sm_code sm_store__check_epoch(sm_store *s, const sm_owner *o, sm_error *err)
{
    int64_t epoch = 0;
    sm_code rc = sm_store__number(s, "select epoch from pipelines where id = ?",
                                  SM_STORE__ARGS(sm_store__int(o->pipeline)), -1, &epoch, err);

    if (rc == SM_OK && epoch != o->epoch)
        rc = sm_store__refuse(err,
                              "another run took over the pipeline (its epoch is %lld, ours was "
                              "%lld)",
                              (long long)epoch, (long long)o->epoch);
    return rc;
}

sm_code sm_store__begin(sm_store *s, const sm_owner *o, sm_store__durability d, sm_error *err)
{
    sm_code rc;

    sm_mutex_lock(&s->mu);
    if (s->read_only) {
        rc = sm_fail(err, SM_E_DENIED, 0, "control store \"%s\" is open for reading only",
                     s->path.ptr);
        goto done;
    }
    if ((rc = set_sync(s, d == SM_STORE__DURABLE ? 2 : 1, err)) != SM_OK)
        goto done;
    if ((rc = sm_store__run(s, "begin immediate", NULL, 0, NULL, err)) != SM_OK)
        goto done;
    if (o && (rc = sm_store__check_epoch(s, o, err)) != SM_OK)
        goto done;
    s->writing = true;
    return SM_OK;
done:
    roll_back(s);
    sm_mutex_unlock(&s->mu);
    return rc;
}

sm_code sm_store__read(sm_store *s, sm_error *err)
{
    sm_code rc;

    sm_mutex_lock(&s->mu);
    rc = sm_store__run(s, "begin", NULL, 0, NULL, err);
    if (rc != SM_OK)
        sm_mutex_unlock(&s->mu);
    return rc;
}

sm_code sm_store__end(sm_store *s, sm_code rc, sm_error *err)
{
    int e;

    if (rc == SM_OK)
        rc = sm_store__run(s, "commit", NULL, 0, NULL, err);
    if (rc == SM_OK && s->writing && (e = sm_failpoint_err("store.after_commit")) != 0)
        rc = fail_injected(s, e == ENOSPC ? SQLITE_FULL : SQLITE_IOERR, err);
    roll_back(s);
    s->writing = false;
    sm_store__put_end(s, rc == SM_OK);
    sm_mutex_unlock(&s->mu);
    return rc;
}

/* ---- small helpers ---- */

sm_code sm_store__refuse(sm_error *err, const char *fmt, ...)
{
    char text[sizeof err->msg];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sm_fail(err, SM_E_CONFLICT, 0, "%s", text);
    err->retryable = false;
    return SM_E_CONFLICT;
}

sm_code sm_store__bounded(sm_sv text, size_t max, const char *what, sm_error *err)
{
    if (text.len <= max)
        return SM_OK;
    return sm_fail(err, SM_E_LIMIT, 0, "%s has %zu bytes; the limit is %zu", what, text.len, max);
}

sm_code sm_store__find_word(sm_sv word, const char *const *list, size_t n, size_t *out,
                            sm_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq(word, sm_sv_cstr(list[i]))) {
            *out = i;
            return SM_OK;
        }
    }
    return sm_fail(err, SM_E_CORRUPT, 0, "the control store holds the impossible word \"%.*s\"",
                   SM_SV_ARG(word));
}
