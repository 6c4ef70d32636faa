/* SPDX-License-Identifier: Apache-2.0 */
/* ops_limit.c -- the first rows of all batches, then nothing more (F8).
 *
 * The log has how many rows each batch gave; their sum is all that is remembered. */
#include "runtime/ops/ops_rows.h"

#include <stdio.h>

#include "runtime/base/limit.h"

static void define(sm_ops__stage *s)
{
    sm_ops__log *l = sm_ops__log_new(s, "");

    l->empty = SM_SV("SELECT 0::BIGINT AS given, 0::BIGINT AS _n WHERE false");
    l->combine = SM_SV("SELECT sum(given)::BIGINT AS given, max(_n) AS _n FROM ");
    l->combine_tail = SM_SV(" HAVING count(*) > 0");
}

static sm_code left(sm_ops__stage *s, const sm_ops_batch *b, int64_t *out, sm_error *err)
{
    int64_t given = 0;
    char sql[128];
    sm_code rc;

    snprintf(sql, sizeof sql, "SELECT coalesce(sum(given), 0)::BIGINT FROM %.*s",
             SM_SV_ARG(s->logs[0].relation));
    rc = sm_session_int64(b->session, sm_sv_cstr(sql), &given, err);
    *out = given < s->plan->limit ? s->plan->limit - given : 0;
    return rc;
}

static sm_code run(sm_ops__stage *s, const sm_ops_batch *b, sm_error *err)
{
    int64_t most = 0;
    sm_buf sql;
    sm_code rc = left(s, b, &most, err);

    if (rc != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS FROM (",
                SM_SV_ARG(s->plan->relation));
    sm_ops__add_arrived(true, s->plan->rows, &sql);
    sm_buf_addf(&sql,
                "\n) AS _smelt_rows LIMIT %lld; CREATE OR REPLACE TEMPORARY TABLE %.*s AS SELECT "
                "count(*) AS given, %lld::BIGINT AS _n FROM %.*s HAVING count(*) > 0",
                (long long)most, SM_SV_ARG(s->logs[0].added), (long long)b->n,
                SM_SV_ARG(s->plan->relation));
    if ((rc = sm_ops__exec(b, &sql, err)) != SM_OK)
        return rc;
    return sm_ops__log_add(&s->logs[0], b, err);
}

const sm_ops__kind sm_ops__limit = { .name = "limit", .define = define, .run = run };
