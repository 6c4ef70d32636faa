/* SPDX-License-Identifier: Apache-2.0 */
/* plan_rules.c -- rules against the row that they judge: its columns, and true or false. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/limit.h"

/* A rule's text inside of a SELECT over the row that it judges. */
static void add_rule_text(plan_builder *b, const plan_query *rule, sm_sql_text *out)
{
    sm_sql_text expr;

    if (!sm_sql_compile(rule->read, NULL, SM_SQL_PLAIN, b->scratch, b->d, &expr))
        expr = (sm_sql_text){ .text = SM_SV("") };
    *out = expr;
}

static sm_code bind_rule(plan_builder *b, const plan_query *rule, const sm_sql_text *expr,
                         const sm_schema *row, sm_error *err)
{
    const sm_sql_relation *relation = sm_plan__bind_relation(b, row);
    sm_sql_text text;
    sm_schema out = { 0 };
    bool ok = false;
    sm_code rc;

    sm_sql_enclose("SELECT TRY((", expr,
                   sm_arena_printf(b->scratch, ")) FROM %.*s", SM_SV_ARG(relation->name)).ptr,
                   b->scratch, &text);
    rc = sm_sql_bind(b->env->sql, rule->read, &text, relation, 1, b->scratch, b->d, &out, &ok, err);
    if (rc != SM_OK || !ok)
        return rc;
    if (out.n != 1 || !sm_sv_eq_nocase(out.columns[0].type, SM_SV("BOOLEAN"))) {
        sm_diag_add(b->d, "SM0601", sm_text_span(rule->text, 0, rule->text->text.len),
                    "%.*s gives %.*s, and a rule is true or false", SM_SV_ARG(rule->label),
                    SM_SV_ARG(out.n == 1 ? out.columns[0].type : SM_SV("several values")));
        sm_diag_hint(b->d, "Compare it with something, as in x > 0 or x IS NOT NULL.");
    }
    return SM_OK;
}

/* All rules of a table in one SELECT; only when something is wrong one by one. */
sm_code sm_plan__bind_rules(plan_builder *b, size_t ds, const sm_schema *row, sm_error *err)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    const plan_node *node = &b->nodes[ds];
    sm_sql_text *texts = SM_NEW_N(b->scratch, sm_sql_text, table->n_rules + 1);
    const sm_sql_relation *relation = sm_plan__bind_relation(b, row);
    sm_sql_error why = { 0 };
    sm_schema out = { 0 };
    sm_buf all;
    size_t n = 0;
    bool plain = true;
    sm_code rc = SM_OK;

    sm_buf_init(&all, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < table->n_rules; i++) {
        if (!node->rules[i].read)
            continue;
        add_rule_text(b, &node->rules[i], &texts[i]);
        sm_buf_addf(&all, "%s TRY((", n++ ? "," : "SELECT");
        sm_buf_add(&all, texts[i].text);
        sm_buf_adds(&all, "))");
    }
    sm_buf_addf(&all, " FROM %.*s", SM_SV_ARG(relation->name));
    if (n > 0) {
        rc = b->env->sql->bind(b->env->sql->ctx, sm_buf_sv(&all), relation, 1, b->scratch, &out,
                               &why, err);
        plain = rc == SM_OK && out.n == n;
        for (size_t i = 0; plain && i < n; i++)
            plain = sm_sv_eq_nocase(out.columns[i].type, SM_SV("BOOLEAN"));
        if (rc == SM_E_SQL)
            rc = SM_OK;
    }
    sm_buf_release(&all);
    for (size_t i = 0; rc == SM_OK && plain && i < table->n_rules; i++) {
        if (node->rules[i].read)
            sm_sql_judge_clock(node->rules[i].read, relation, 1, b->d);
    }
    for (size_t i = 0; rc == SM_OK && !plain && i < table->n_rules; i++) {
        if (node->rules[i].read)
            rc = bind_rule(b, &node->rules[i], &texts[i], row, err);
    }
    return rc;
}

void sm_plan__compile_rules(plan_builder *b, size_t ds)
{
    sm_plan_rule *rules = (sm_plan_rule *)b->datasets[ds].rules;

    for (size_t i = 0; i < b->datasets[ds].n_rules; i++) {
        sm_sql_text text = { .text = SM_SV("") };

        if (b->nodes[ds].rules[i].read)
            add_rule_text(b, &b->nodes[ds].rules[i], &text);
        rules[i].expr = sm_arena_dup(b->a, text.text);
    }
}
