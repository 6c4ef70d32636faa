/* SPDX-License-Identifier: Apache-2.0 */
/* store_notices.c -- see the header. */
#include "runtime/store/store_notices.h"

#include "runtime/store/store_int.h"

static sm_code read_notice(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_notice_rec *)record = (sm_notice_rec){
        .id = sm_store__col_text(stmt, 0, a),
        .target = sm_store__col_text(stmt, 1, a),
        .kind = sm_store__col_text(stmt, 2, a),
        .dataset = sm_store__col_text(stmt, 3, a),
        .message = sm_store__col_text(stmt, 4, a),
        .event = sm_store__col_int(stmt, 5, 0),
        .first_ms = sm_store__col_int(stmt, 6, 0),
        .last_ms = sm_store__col_int(stmt, 7, 0),
        .count = sm_store__col_int(stmt, 8, 0),
        .open = sm_store__col_int(stmt, 9, 0) != 0,
        .due_ms = sm_store__col_int(stmt, 10, 0),
        .told_ms = sm_store__col_int(stmt, 11, 0),
        .attempts = sm_store__col_int(stmt, 12, 0),
    };
    return SM_OK;
}

sm_code sm_store_notices(sm_store *s, sm_sv pipeline, sm_arena *a, sm_notice_rec **out, size_t *n,
                         int64_t *event, sm_error *err)
{
    sm_store__query q = {
        .sql = "select id, target, kind, dataset, message, event, first_ms, last_ms, count, open, "
               "due_ms, told_ms, attempts from notices where pipeline = ? order by first_ms, id",
        SM_STORE__WITH(sm_store__text(pipeline)),
        .read = read_notice,
        .size = sizeof(sm_notice_rec),
    };
    sm_store__rows rows = { .n = 0 };
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__number(s, "select event from notice_cursors where pipeline = ?",
                          SM_STORE__ARGS(sm_store__text(pipeline)), -1, event, err);
    if (rc == SM_OK)
        rc = sm_store__rows_in(s, &q, a, &rows, err);
    *out = rows.list;
    *n = rows.n;
    return sm_store__end(s, rc, err);
}

static sm_code put(sm_store *s, sm_sv pipeline, const sm_notice_rec *r, sm_error *err)
{
    return sm_store__run(
        s,
        "insert into notices (pipeline, id, target, kind, dataset, message, event, first_ms, "
        "last_ms, count, open, due_ms, told_ms, attempts) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        SM_STORE__ARGS(sm_store__text(pipeline), sm_store__text(r->id), sm_store__text(r->target),
                       sm_store__text(r->kind), sm_store__text(r->dataset),
                       sm_store__text(r->message), sm_store__int(r->event),
                       sm_store__int(r->first_ms), sm_store__int(r->last_ms),
                       sm_store__int(r->count), sm_store__int(r->open), sm_store__int(r->due_ms),
                       sm_store__int(r->told_ms), sm_store__int(r->attempts)),
        NULL, err);
}

sm_code sm_store_notices_keep(sm_store *s, sm_sv pipeline, const sm_notice_rec *list, size_t n,
                              int64_t event, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s, "delete from notices where pipeline = ?",
                       SM_STORE__ARGS(sm_store__text(pipeline)), NULL, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = put(s, pipeline, &list[i], err);
    if (rc == SM_OK)
        rc = sm_store__run(s,
                           "insert into notice_cursors (pipeline, event) values (?1, ?2) "
                           "on conflict (pipeline) do update set event = ?2",
                           SM_STORE__ARGS(sm_store__text(pipeline), sm_store__int(event)), NULL,
                           err);
    return sm_store__end(s, rc, err);
}
