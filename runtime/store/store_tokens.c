/* SPDX-License-Identifier: Apache-2.0 */
/* store_tokens.c -- see the header. */
#include "runtime/store/store_tokens.h"

#include "runtime/store/store_int.h"

/* A statement as a transaction of its own. */
static sm_code write_one(sm_store *s, sm_store__durability d, const char *sql,
                         const sm_store__arg *args, size_t n, int64_t *changed, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, d, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s, sql, args, n, changed, err);
    return sm_store__end(s, rc, err);
}

/* ---- tokens ---- */

#define TOKEN_COLUMNS                                                                              \
    "t.id, t.hash, t.role, t.label, t.made_by, t.created_ms, t.used_ms, t.expires_ms, "            \
    "t.revoked_ms"

static void token_at(sqlite3_stmt *stmt, int col, sm_arena *a, sm_token_rec *out)
{
    *out = (sm_token_rec){
        .id = sm_store__col_text(stmt, col, a),
        .hash = sm_store__col_text(stmt, col + 1, a),
        .role = sm_store__col_text(stmt, col + 2, a),
        .label = sm_store__col_text(stmt, col + 3, a),
        .by = sm_store__col_text(stmt, col + 4, a),
        .created_ms = sm_store__col_int(stmt, col + 5, 0),
        .used_ms = sm_store__col_int(stmt, col + 6, 0),
        .expires_ms = sm_store__col_int(stmt, col + 7, 0),
        .revoked_ms = sm_store__col_int(stmt, col + 8, 0),
    };
}

static sm_code read_token(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    token_at(stmt, 0, a, record);
    return SM_OK;
}

sm_code sm_store_token_add(sm_store *s, const sm_token_rec *t, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc = write_one(
        s, SM_STORE__DURABLE,
        "insert into tokens (id, hash, role, label, made_by, created_ms, used_ms, "
        "expires_ms, revoked_ms) values (?, ?, ?, ?, ?, ?, 0, ?, 0) on conflict do nothing",
        SM_STORE__ARGS(sm_store__text(t->id), sm_store__text(t->hash), sm_store__text(t->role),
                       sm_store__text(t->label), sm_store__text(t->by),
                       sm_store__int(t->created_ms), sm_store__int(t->expires_ms)),
        &changed, err);

    if (rc == SM_OK && changed == 0)
        rc = sm_fail(err, SM_E_CONFLICT, 0, "there is a token \"%.*s\" already", SM_SV_ARG(t->id));
    return rc;
}

static sm_code first_of(const sm_store__rows *rows, const char *what, sm_error *err)
{
    return rows->n > 0 ? SM_OK : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no such %s", what);
}

sm_code sm_store_token_by_hash(sm_store *s, sm_sv hash, sm_arena *a, sm_token_rec *out,
                               sm_error *err)
{
    sm_store__query q = { .sql = "select " TOKEN_COLUMNS " from tokens t where t.hash = ?",
                          SM_STORE__WITH(sm_store__text(hash)),
                          .read = read_token,
                          .size = sizeof *out };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    if (rc == SM_OK && (rc = first_of(&rows, "token", err)) == SM_OK)
        *out = *(const sm_token_rec *)rows.list;
    return rc;
}

sm_code sm_store_tokens(sm_store *s, sm_arena *a, sm_token_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = { .sql = "select " TOKEN_COLUMNS " from tokens t order by created_ms, id",
                          .read = read_token,
                          .size = sizeof **out };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_token_revoke(sm_store *s, sm_sv id, int64_t now_ms, sm_error *err)
{
    int64_t changed = 0;
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s,
                       "update tokens set revoked_ms = case revoked_ms when 0 then ?2 "
                       "else revoked_ms end where id = ?1",
                       SM_STORE__ARGS(sm_store__text(id), sm_store__int(now_ms)), &changed, err);
    if (rc == SM_OK && changed == 0)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "there is no token \"%.*s\"", SM_SV_ARG(id));
    if (rc == SM_OK)
        rc = sm_store__run(s, "delete from sessions where token_id = ?",
                           SM_STORE__ARGS(sm_store__text(id)), NULL, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_token_used(sm_store *s, sm_sv id, int64_t now_ms, sm_error *err)
{
    return write_one(s, SM_STORE__ORDERED, "update tokens set used_ms = ?2 where id = ?1",
                     SM_STORE__ARGS(sm_store__text(id), sm_store__int(now_ms)), NULL, err);
}

/* ---- sessions ---- */

typedef struct session_row {
    sm_session_rec session;
    sm_token_rec token;
} session_row;

static sm_code read_session(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    session_row *row = record;

    (void)err;
    row->session = (sm_session_rec){
        .hash = sm_store__col_text(stmt, 0, a),
        .token = sm_store__col_text(stmt, 1, a),
        .csrf = sm_store__col_text(stmt, 2, a),
        .created_ms = sm_store__col_int(stmt, 3, 0),
        .used_ms = sm_store__col_int(stmt, 4, 0),
    };
    token_at(stmt, 5, a, &row->token);
    return SM_OK;
}

sm_code sm_store_session_add(sm_store *s, const sm_session_rec *r, sm_error *err)
{
    return write_one(s, SM_STORE__DURABLE,
                     "insert into sessions (hash, token_id, csrf, created_ms, used_ms) "
                     "values (?, ?, ?, ?, ?)",
                     SM_STORE__ARGS(sm_store__text(r->hash), sm_store__text(r->token),
                                    sm_store__text(r->csrf), sm_store__int(r->created_ms),
                                    sm_store__int(r->used_ms)),
                     NULL, err);
}

sm_code sm_store_session_by_hash(sm_store *s, sm_sv hash, sm_arena *a, sm_session_rec *out,
                                 sm_token_rec *token, sm_error *err)
{
    sm_store__query q = {
        .sql = "select s.hash, s.token_id, s.csrf, s.created_ms, s.used_ms, " TOKEN_COLUMNS
               " from sessions s join tokens t on t.id = s.token_id where s.hash = ?",
        SM_STORE__WITH(sm_store__text(hash)),
        .read = read_session,
        .size = sizeof(session_row),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);
    const session_row *row = rows.list;

    if (rc != SM_OK || (rc = first_of(&rows, "session", err)) != SM_OK)
        return rc;
    *out = row->session;
    *token = row->token;
    return SM_OK;
}

sm_code sm_store_session_used(sm_store *s, sm_sv hash, int64_t now_ms, sm_error *err)
{
    return write_one(s, SM_STORE__ORDERED, "update sessions set used_ms = ?2 where hash = ?1",
                     SM_STORE__ARGS(sm_store__text(hash), sm_store__int(now_ms)), NULL, err);
}

sm_code sm_store_session_end(sm_store *s, sm_sv hash, sm_error *err)
{
    return write_one(s, SM_STORE__DURABLE, "delete from sessions where hash = ?",
                     SM_STORE__ARGS(sm_store__text(hash)), NULL, err);
}

sm_code sm_store_sessions_trim(sm_store *s, int64_t used_before_ms, int64_t created_before_ms,
                               sm_error *err)
{
    return write_one(
        s, SM_STORE__ORDERED, "delete from sessions where used_ms < ? or created_ms < ?",
        SM_STORE__ARGS(sm_store__int(used_before_ms), sm_store__int(created_before_ms)), NULL, err);
}

sm_code sm_store_sessions_keep(sm_store *s, sm_sv token, int64_t most, sm_error *err)
{
    return write_one(
        s, SM_STORE__ORDERED,
        "delete from sessions where token_id = ?1 and hash not in (select hash from "
        "sessions where token_id = ?1 order by used_ms desc, created_ms desc limit ?2)",
        SM_STORE__ARGS(sm_store__text(token), sm_store__int(most)), NULL, err);
}
