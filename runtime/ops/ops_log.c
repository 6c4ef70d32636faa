/* SPDX-License-Identifier: Apache-2.0 */
/* ops_log.c -- a log of rows in memory: a temporary table that rows are only added to.
 *
 * Adding costs what is added, whatever is there already.  When more was added than there was
 * after the last time, the table is written anew, combined and without what is dead; so that
 * costs, over all batches, a small multiple of what was added. */
#include "runtime/ops/ops_int.h"

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

#include <assert.h>
#include <stdio.h>

enum { SHRINK_FROM = 8192 }; /* rows; below that there is nothing to gain */

sm_ops__log *sm_ops__log_new(sm_ops__stage *s, const char *suffix)
{
    sm_ops__log *l = &s->logs[s->n_logs++];

    assert(s->n_logs <= SM_OPS__LOGS);
    l->name = sm_arena_printf(s->arena, "%.*s%s", SM_SV_ARG(s->plan->name), suffix);
    l->relation = sm_arena_printf(s->arena, "_smelt_s_%zu%s", s->number, suffix);
    l->added = sm_arena_printf(s->arena, "_smelt_d_%zu%s", s->number, suffix);
    l->combine = l->combine_tail = SM_SV("");
    return l;
}

void sm_ops__log_keeps(sm_ops__stage *s, sm_ops__log *l, size_t i)
{
    l->eras.items = SM_NEW(s->arena, sm_stage_era);
    l->eras.items[0] = sm_stage_era_now(s->plan, i, s->arena);
    l->eras.n = 1;
}

void sm_ops__add_alive(const sm_ops__log *l, int64_t dead_us, sm_buf *sql)
{
    if (l->dies && dead_us != SM_OPS_NO_TIME)
        sm_buf_addf(sql, "(_smelt_t IS NULL OR _smelt_t > %lld)", (long long)dead_us);
    else
        sm_buf_adds(sql, "true");
}

void sm_ops__add_columns(const sm_ops__log *l, sm_buf *sql)
{
    for (size_t i = 0; i < l->schema.n; i++) {
        sm_buf_adds(sql, i > 0 ? ", " : "");
        sm_sql_ident(sql, l->schema.columns[i].name);
    }
}

void sm_ops__add_combined(const sm_ops__log *l, sm_sv relation, sm_buf *sql)
{
    sm_buf_add(sql, l->combine.len > 0 ? l->combine : SM_SV("SELECT * FROM "));
    sm_buf_add(sql, relation);
    sm_buf_add(sql, l->combine_tail);
}

static sm_code count_rows(sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    char sql[160];

    snprintf(sql, sizeof sql, "SELECT count(*) FROM %.*s", SM_SV_ARG(l->relation));
    return sm_session_int64(b->session, sm_sv_cstr(sql), &l->rows, err);
}

static sm_code make_table(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s AS ", SM_SV_ARG(l->relation));
    sm_buf_add(&sql, l->empty);
    if ((rc = sm_ops__exec(b, &sql, err)) != SM_OK || l->schema.n > 0)
        return rc;
    return sm_session_describe(
        b->session, sm_arena_printf(s->arena, "SELECT * FROM %.*s", SM_SV_ARG(l->relation)),
        s->arena, &l->schema, err);
}

sm_code sm_ops__log_load(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;
    sm_code rc = make_table(s, l, b, err);

    l->rows = l->merged = 0;
    if (rc != SM_OK || l->files.n == 0 || (rc = sm_ops__files_check(s, l, b, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "INSERT INTO %.*s SELECT * FROM (", SM_SV_ARG(l->relation));
    sm_ops__files_select(s, l, l->files.items, l->files.n, &sql);
    sm_buf_adds(&sql, ") WHERE ");
    sm_ops__add_alive(l, s->late_us, &sql);
    if ((rc = sm_ops__fill(b, &sql, &l->rows, err)) != SM_OK)
        return sm_ops__files_fault(s, err);
    l->merged = l->rows;
    return SM_OK;
}

sm_code sm_ops__log_shrink(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql, alive;
    sm_code rc;

    if (l->rows < SHRINK_FROM || l->rows <= 2 * l->merged || (l->combine.len == 0 && !l->dies))
        return SM_OK;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_init(&alive, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&alive, "(SELECT * FROM %.*s WHERE ", SM_SV_ARG(l->relation));
    sm_ops__add_alive(l, s->late_us, &alive);
    sm_buf_addc(&alive, ')');
    sm_buf_addf(&sql, "CREATE OR REPLACE TEMPORARY TABLE %.*s_ AS %.*s; INSERT INTO %.*s_ ",
                SM_SV_ARG(l->relation), SM_SV_ARG(l->empty), SM_SV_ARG(l->relation));
    sm_ops__add_combined(l, sm_buf_sv(&alive), &sql);
    sm_buf_addf(&sql, "; DROP TABLE %.*s; ALTER TABLE %.*s_ RENAME TO %.*s", SM_SV_ARG(l->relation),
                SM_SV_ARG(l->relation), SM_SV_ARG(l->relation));
    sm_buf_release(&alive);
    if ((rc = sm_ops__exec(b, &sql, err)) == SM_OK && (rc = count_rows(l, b, err)) == SM_OK)
        l->merged = l->rows;
    return rc;
}

sm_code sm_ops__log_add(sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&sql, "INSERT INTO %.*s SELECT ", SM_SV_ARG(l->relation));
    sm_ops__add_columns(l, &sql);
    sm_buf_addf(&sql, " FROM %.*s", SM_SV_ARG(l->added));
    if ((rc = sm_ops__fill(b, &sql, &l->n_added, err)) != SM_OK)
        return rc;
    if (l->rows == 0) /* what one batch adds is combined */
        l->merged = l->n_added;
    l->rows += l->n_added;
    return SM_OK;
}
