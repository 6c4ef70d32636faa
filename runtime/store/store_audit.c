/* SPDX-License-Identifier: Apache-2.0 */
/* store_audit.c -- see the header. */
#include "runtime/store/store_audit.h"

#include "runtime/store/store_int.h"

enum { OUTCOME_MAX = 480 };

sm_code sm_store_audit_begin(sm_store *s, sm_audit_rec *r, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__number(
        s,
        "insert into audit (time_ms, ended_ms, made_by, address, act, pipeline, subject, details, "
        "outcome) values (?, 0, ?, ?, ?, ?, ?, ?, '') returning id",
        SM_STORE__ARGS(
            sm_store__int(r->time_ms), sm_store__text(r->by), sm_store__text(r->address),
            sm_store__text(r->act), sm_store__text(r->pipeline), sm_store__text(r->subject),
            sm_store__text(r->details.len > SM_AUDIT_DETAILS_MAX ? SM_SV("{\"truncated\":true}")
                                                                 : r->details)),
        0, &r->id, err);
    return sm_store__end(s, rc, err);
}

sm_code sm_store_audit_end(sm_store *s, int64_t id, int64_t ended_ms, sm_sv outcome, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(
        s, "update audit set ended_ms = ?, outcome = ? where id = ? and outcome = ''",
        SM_STORE__ARGS(sm_store__int(ended_ms), sm_store__text(sm_sv_sub(outcome, 0, OUTCOME_MAX)),
                       sm_store__int(id)),
        NULL, err);
    return sm_store__end(s, rc, err);
}

static sm_code read_audit(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_audit_rec *)record = (sm_audit_rec){
        .id = sm_store__col_int(stmt, 0, 0),
        .time_ms = sm_store__col_int(stmt, 1, 0),
        .ended_ms = sm_store__col_int(stmt, 2, 0),
        .by = sm_store__col_text(stmt, 3, a),
        .address = sm_store__col_text(stmt, 4, a),
        .act = sm_store__col_text(stmt, 5, a),
        .pipeline = sm_store__col_text(stmt, 6, a),
        .subject = sm_store__col_text(stmt, 7, a),
        .details = sm_store__col_text(stmt, 8, a),
        .outcome = sm_store__col_text(stmt, 9, a),
    };
    return SM_OK;
}

sm_code sm_store_audit_list(sm_store *s, int64_t before, size_t limit, sm_arena *a,
                            sm_audit_rec **out, size_t *n, sm_error *err)
{
    sm_store__query q = {
        .sql = "select id, time_ms, ended_ms, made_by, address, act, pipeline, subject, details, "
               "outcome from audit where id < ? order by id desc limit ?",
        SM_STORE__WITH(sm_store__int(before > 0 ? before : INT64_MAX),
                       sm_store__int((int64_t)limit)),
        .read = read_audit,
        .size = sizeof **out,
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    return rc;
}

sm_code sm_store_audit_trim(sm_store *s, int64_t before_ms, sm_error *err)
{
    sm_code rc = sm_store__begin(s, NULL, SM_STORE__ORDERED, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__run(s, "delete from audit where time_ms < ?",
                       SM_STORE__ARGS(sm_store__int(before_ms)), NULL, err);
    return sm_store__end(s, rc, err);
}
