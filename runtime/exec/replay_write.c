/* SPDX-License-Identifier: Apache-2.0 */
/* replay_write.c -- the files of a replay: of the table, and of the whole quarantine anew.
 *
 * Rows of the quarantine and rows that came of its records stand in relations of their own, since
 * their columns may have other types; each SELECT here takes from all of them. */
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/exec/replay_int.h"

#define JUDGED SM_REPLAY_JUDGED

/* The columns of the query, and behind them those that it gives no more: where table and quarantine
 * have kept one, its values are nowhere else once the row has left the quarantine. */
static sm_code find_target(sm_replay_run *r, sm_error *err)
{
    const sm_schema *query = &r->table->schema;
    sm_schema has = { .n = 0 };
    int64_t version;
    sm_code rc = r->what->columns(r->what->ctx, sm_replay__folder(r->q, r->a, r->table->path), r->a,
                                  &has, &version, err);

    if (rc != SM_OK && rc != SM_E_NOT_FOUND)
        return rc;
    r->target = (sm_schema){ .columns = SM_NEW_N(r->a, sm_column, query->n + has.n + 1) };
    for (size_t i = 0; i < query->n; i++)
        r->target.columns[r->target.n++] = query->columns[i];
    for (size_t i = 0; i < has.n; i++)
        if (sm_schema_find(query, has.columns[i].name) < 0 &&
            sm_schema_find(&r->stored, has.columns[i].name) >= 0 &&
            !sm_plan_is_quarantine_own(has.columns[i].name))
            r->target.columns[r->target.n++] = has.columns[i];
    r->f.sink.schema = &r->target;
    return SM_OK;
}

static sm_code prepare(sm_replay_run *r, sm_sink *k, sm_batch *batch, sm_buf *b, int64_t *rows,
                       int64_t *bytes, sm_error *err)
{
    sm_code rc = sm_buf_check(b, "the SQL of a replay", err);

    k->session = r->f.session;
    if (rc == SM_OK)
        rc = sm_sink_prepare(k, sm_buf_sv(b), batch->manifest, rows, bytes, err);
    k->session = NULL;
    sm_buf_release(b);
    return rc;
}

/* The column of rows that came of records, in its type; NULL where their query does not give it. */
static sm_code add_again_column(const sm_replay_run *r, const sm_replay_again *g,
                                const sm_column *c, sm_buf *b, sm_error *err)
{
    bool given = !sm_plan_is_quarantine_own(c->name) && sm_schema_find(&g->result, c->name) >= 0;
    sm_sqltype *type;

    if (sm_sqltype_parse(c->type, r->f.scratch, &type, err) != SM_OK)
        return err->code;
    sm_buf_adds(b, "CAST(");
    if (given)
        sm_sql_ident(b, c->name);
    else
        sm_buf_adds(b, "NULL");
    sm_buf_adds(b, " AS ");
    sm_buf_add(b, sm_sqltype_view_text(type, r->f.scratch));
    sm_buf_adds(b, ") AS ");
    sm_sql_ident(b, c->name);
    return SM_OK;
}

sm_code sm_replay__write_table(sm_replay_run *r, sm_batch *batch, sm_error *err)
{
    const sm_schema *s = &r->target;
    sm_buf b;
    sm_code rc;

    if (r->out->written == 0)
        return SM_OK;
    if ((rc = find_target(r, err)) != SM_OK)
        return rc;
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < s->n; i++) {
        sm_buf_adds(&b, i == 0 ? "SELECT " : ", ");
        sm_sql_ident(&b, s->columns[i].name);
    }
    sm_buf_adds(&b, " FROM " JUDGED " WHERE _smelt_fate = 'write'");
    for (size_t k = 0; rc == SM_OK && k < r->n_again; k++) {
        for (size_t i = 0; rc == SM_OK && i < s->n; i++) {
            sm_buf_adds(&b, i == 0 ? " UNION ALL SELECT " : ", ");
            rc = add_again_column(r, &r->again[k], &s->columns[i], &b, err);
        }
        sm_buf_addf(&b, " FROM %.*s WHERE _smelt_fate = 'write'", SM_SV_ARG(r->again[k].relation));
    }
    if (rc != SM_OK) {
        sm_buf_release(&b);
        return rc;
    }
    return prepare(r, &r->f.sink, batch, &b, &batch->counts.written, &batch->counts.bytes_out, err);
}

static void add_kept_column(sm_sv name, sm_buf *b)
{
    if (sm_sv_eq_str(name, "_rules"))
        sm_buf_adds(b, "CASE _smelt_fate WHEN 'broken' THEN _smelt_rules ELSE _rules END AS ");
    else if (sm_sv_eq_str(name, "_attempt"))
        sm_buf_adds(b, "_attempt + CASE WHEN _smelt_fate IN ('broken', 'undecoded') THEN 1 ELSE 0 "
                       "END AS ");
    sm_sql_ident(b, name);
}

/* A column of a row that came of a record and broke a rule. */
static sm_code add_new_column(const sm_replay_run *r, const sm_replay_again *g, const sm_column *c,
                              const sm_batch *batch, sm_buf *b, sm_error *err)
{
    if (sm_sv_eq_str(c->name, "_rules"))
        sm_buf_adds(b, "_smelt_rules");
    else if (sm_sv_eq_str(c->name, "_flow"))
        sm_sql_literal(b, g->flow);
    else if (sm_sv_eq_str(c->name, "_generation"))
        sm_sql_literal(b, g->generation);
    else if (sm_sv_eq_str(c->name, "_run_id"))
        sm_buf_addf(b, "%lld::BIGINT", (long long)g->run);
    else if (sm_sv_eq_str(c->name, "_quarantined_at"))
        sm_buf_addf(b, "make_timestamp(%lld)", (long long)batch->time_ms * 1000);
    else if (sm_sv_eq_str(c->name, "_row_id"))
        sm_buf_adds(b, "uuid()::VARCHAR");
    else if (sm_sv_eq_str(c->name, "_attempt"))
        sm_buf_addf(b, "%lld::INTEGER", (long long)g->attempt + 1);
    else
        return add_again_column(r, g, c, b, err);
    return SM_OK;
}

/* Columns that the table has and its quarantine has not yet: rows of today have values for them. */
static void grow_side(sm_replay_run *r)
{
    const sm_schema *t = &r->table->schema;
    sm_schema *s = &r->side.schema;

    *s = (sm_schema){ .columns = SM_NEW_N(r->f.scratch, sm_column, r->stored.n + t->n + 1) };
    for (size_t i = 0; i < r->stored.n; i++)
        s->columns[s->n++] = r->stored.columns[i];
    for (size_t i = 0; r->n_again > 0 && i < t->n; i++)
        if (sm_schema_find(&r->stored, t->columns[i].name) < 0)
            s->columns[s->n++] = t->columns[i];
    r->f.side_sink.replace_schema = s->n > r->stored.n;
}

sm_code sm_replay__write_side(sm_replay_run *r, sm_batch *batch, sm_error *err)
{
    const sm_schema *s = &r->side.schema;
    int64_t written, bytes;
    sm_code rc = SM_OK;
    sm_buf b;

    grow_side(r);
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < s->n; i++) {
        sm_buf_adds(&b, i == 0 ? "SELECT " : ", ");
        add_kept_column(s->columns[i].name, &b);
    }
    sm_buf_adds(&b, " FROM " JUDGED
                    " WHERE _smelt_fate IN ('left', 'earlier', 'stuck', 'undecoded', 'broken')");
    for (size_t k = 0; rc == SM_OK && k < r->n_again; k++) {
        for (size_t i = 0; rc == SM_OK && i < s->n; i++) {
            sm_buf_adds(&b, i == 0 ? " UNION ALL SELECT " : ", ");
            rc = add_new_column(r, &r->again[k], &s->columns[i], batch, &b, err);
        }
        sm_buf_addf(&b, " FROM %.*s WHERE _smelt_fate = 'broken'", SM_SV_ARG(r->again[k].relation));
    }
    if (rc != SM_OK) {
        sm_buf_release(&b);
        return rc;
    }
    return prepare(r, &r->f.side_sink, batch, &b, &written, &bytes, err);
}
