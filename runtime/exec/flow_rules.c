/* SPDX-License-Identifier: Apache-2.0 */
/* flow_rules.c -- expectations, judged inside the one pass of SQL of a batch. */
#include "runtime/exec/flow_int.h"

#include <assert.h>

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static void render_row(const void *ctx, size_t i, sm_buf *b)
{
    sm_rules_rows_json(ctx, i, b);
}

static void judge_vector(void *ctx, const uint8_t *const *pass, size_t n_rows,
                         const sm_rules_rows *rows, uint8_t *mask)
{
    sm_mask_judge(ctx, pass, n_rows, render_row, rows, mask);
}

_Static_assert((int)SM_MASK_KEEP == (int)SM_RULES_KEEP &&
                   (int)SM_MASK_QUARANTINE == (int)SM_RULES_ASIDE,
               "the engine does with a row what the mask says");

static sm_mask *make_mask(const sm_flow *f)
{
    const sm_plan_dataset *t = f->target;
    sm_rule *rules = SM_NEW_N(f->arena, sm_rule, t->n_rules);

    for (size_t i = 0; i < t->n_rules; i++) {
        rules[i].name = t->rules[i].name;
        rules[i].expr = t->rules[i].text;
        if (!sm_policy_parse(t->rules[i].policy, &rules[i].policy))
            assert(0 && "a compiled plan has only policies that exist");
    }
    return sm_mask_new(rules, t->n_rules);
}

sm_code sm_flow__register_rules(sm_flow *f, sm_error *err)
{
    const sm_schema *result = &f->result;
    sm_rules_def def = { .n_rules = f->target->n_rules, .judge = judge_vector };
    sm_sv *columns;

    if (f->target->n_rules == 0 || f->rules != NULL)
        return SM_OK;
    columns = SM_NEW_N(f->arena, sm_sv, result->n);
    for (size_t i = 0; i < result->n; i++)
        columns[i] = result->columns[i].name;
    f->mask = make_mask(f);
    def.columns = columns;
    def.n_columns = result->n;
    def.ctx = f->mask;
    return sm_engine_rules_add(sm_session_engine(f->session), &def, &f->rules, err);
}

void sm_flow__unregister_rules(sm_flow *f)
{
    sm_engine_rules_remove(f->rules);
    sm_mask_free(f->mask);
    f->rules = NULL;
    f->mask = NULL;
}

void sm_flow__set_result(sm_flow *f)
{
    const sm_schema *given = &f->plan->result, *table = &f->target->schema;

    f->result = *given;
    if (f->target->n_flows < 2)
        return;
    f->result.columns = SM_NEW_N(f->arena, sm_column, given->n + table->n + 1);
    for (size_t i = 0; i < given->n; i++)
        f->result.columns[i] = given->columns[i];
    for (size_t i = 0; i < table->n; i++)
        if (sm_schema_find(given, table->columns[i].name) < 0)
            f->result.columns[f->result.n++] = table->columns[i];
}

sm_sv sm_flow__query(sm_flow *f)
{
    sm_buf b;
    sm_sv sql;

    if (f->result.n == f->plan->result.n)
        return f->plan->sql;
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&b, "SELECT *");
    for (size_t i = f->plan->result.n; i < f->result.n; i++) {
        sm_buf_adds(&b, ", CAST(NULL AS ");
        sm_buf_add(&b, f->result.columns[i].type);
        sm_buf_adds(&b, ") AS ");
        sm_sql_ident(&b, f->result.columns[i].name);
    }
    sm_buf_adds(&b, " FROM (\n");
    sm_buf_add(&b, f->plan->sql);
    sm_buf_adds(&b, "\n) AS _smelt_filled");
    sql = sm_arena_dup(f->scratch, sm_buf_sv(&b));
    sm_buf_release(&b);
    return sql;
}

sm_code sm_flow__select(sm_flow *f, sm_sv *out, sm_error *err)
{
    const sm_plan_dataset *t = f->target;
    sm_sv *exprs, query = sm_flow__query(f);
    sm_buf b;
    sm_code rc;

    *out = query;
    if (f->rules == NULL)
        return SM_OK;
    sm_mask_reset(f->mask);
    sm_engine_rules_forget(f->rules);
    exprs = SM_NEW_N(f->scratch, sm_sv, t->n_rules);
    for (size_t i = 0; i < t->n_rules; i++)
        exprs[i] = sm_rule_sql(t->rules[i].expr, f->scratch);
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_engine_rules_select(f->rules, query, exprs, &b);
    if ((rc = sm_buf_check(&b, "the SQL of a batch", err)) == SM_OK)
        *out = sm_arena_dup(f->scratch, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}

/* Does a stage make one row of many, or keep rows until others come? */
static bool holds_back(const sm_plan_flow *p)
{
    for (size_t i = 0; i < p->n_stages; i++)
        if (p->stages[i].kind == SM_STAGE_AGGREGATE || p->stages[i].kind == SM_STAGE_SESSION ||
            p->stages[i].kind == SM_STAGE_JOIN)
            return true;
    return false;
}

/* How many rows the query gave, and what became of the others where it holds rows back. */
static void count_result(sm_flow *f, sm_batch *b)
{
    sm_flow_counts *c = &b->counts;

    c->result = f->mask == NULL ? c->written : sm_mask_rows(f->mask);
    c->dropped = f->mask == NULL ? 0 : sm_mask_dropped(f->mask);
    c->quarantined = f->mask == NULL ? 0 : sm_mask_quarantined(f->mask);
    if (!holds_back(f->plan))
        c->combined = f->plan->kind == SM_FLOW_OVERWRITE ? sm_flow_counts_filtered(c) : 0;
    else if (f->plan->output_mode == SM_STAGE_APPEND)
        c->in_state = sm_flow_counts_filtered(c) - sm_flow_counts_expanded(c);
    else
        c->combined = sm_flow_counts_filtered(c) - sm_flow_counts_expanded(c);
}

/* The batch is given up: what broke it is in no sum, and told beside them. */
static void mark_stopped(sm_flow *f, const sm_batch *b)
{
    for (size_t i = 0; i < f->target->n_rules; i++)
        if (sm_sv_eq_str(f->target->rules[i].policy, "fail"))
            sm_flow__stopped_by(f, i, b->rules[i].failed);
}

sm_code sm_flow__judge(sm_flow *f, sm_batch *b, sm_error *err)
{
    count_result(f, b);
    if (f->mask == NULL) {
        b->expectations = sm_json_array(f->scratch);
        return SM_OK;
    }
    b->expectations = sm_verdict_report(f->mask, f->scratch);
    b->rules = SM_NEW_N(f->scratch, sm_rule_count, f->target->n_rules);
    for (size_t i = 0; i < f->target->n_rules; i++) {
        b->rules[i].failed = sm_mask_failed(f->mask, i);
        b->rules[i].passed = b->counts.result - b->rules[i].failed;
    }
    if (sm_verdict(f->mask, f->target->name, err) != SM_OK) {
        mark_stopped(f, b);
        return err->code;
    }
    return sm_flow__judge_batch(f, b, err);
}
