/* SPDX-License-Identifier: Apache-2.0 */
/* plan_checks.c -- checks of whole tables: unique, foreign_key, row_count.
 *
 * They come from `expectations` and from column tests.  A table is checked when its last flow is
 * through, and what reads it waits for that; with a foreign key it also waits for the table that
 * the key refers to, which so cannot be made from it. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/suggest.h"

/* ---- from the file --------------------------------------------------------------- */

static sm_sv names_text(sm_arena *a, const sm_spec_texts *names)
{
    sm_sv text = SM_SV("(");

    for (size_t i = 0; i < names->n; i++)
        text = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(text), i > 0 ? ", " : "",
                               SM_SV_ARG(names->items[i].text));
    return sm_arena_printf(a, "%.*s)", SM_SV_ARG(text));
}

static void set_unique(plan_builder *b, sm_plan_check *c, plan_check_text *at,
                       const sm_spec_texts *columns)
{
    c->kind = SM_CHECK_UNIQUE;
    c->columns = sm_plan__list(b->a, columns);
    c->text = sm_arena_printf(b->a, "unique %.*s", SM_SV_ARG(names_text(b->scratch, columns)));
    at->columns = columns;
}

static void set_foreign_key(plan_builder *b, sm_plan_check *c, plan_check_text *at,
                            const sm_spec_texts *columns, const sm_text *to,
                            const sm_spec_texts *fields)
{
    c->kind = SM_CHECK_FOREIGN_KEY;
    c->columns = sm_plan__list(b->a, columns);
    c->fields = sm_plan__list(b->a, fields);
    c->text = sm_arena_printf(b->a, "foreign_key %.*s to %.*s %.*s",
                              SM_SV_ARG(names_text(b->scratch, columns)), SM_SV_ARG(to->text),
                              SM_SV_ARG(names_text(b->scratch, fields)));
    *at = (plan_check_text){ .columns = columns, .fields = fields, .to = to };
}

static void set_row_count(plan_builder *b, sm_plan_check *c, const sm_spec_row_count *n)
{
    c->kind = SM_CHECK_ROW_COUNT;
    c->min = n->min.at.line != 0 ? n->min.v : -1;
    c->max = n->max.at.line != 0 ? n->max.v : -1;
    if (c->max < 0)
        c->text = sm_arena_printf(b->a, "row_count of %lld or more", (long long)c->min);
    else if (c->min < 0)
        c->text = sm_arena_printf(b->a, "row_count of %lld or less", (long long)c->max);
    else
        c->text = sm_arena_printf(b->a, "row_count from %lld to %lld", (long long)c->min,
                                  (long long)c->max);
}

static void add_rule(plan_builder *b, size_t ds, const sm_spec_rule *r)
{
    sm_plan_dataset *table = &b->datasets[ds];
    sm_plan_check *c = (sm_plan_check *)(uintptr_t)&table->checks[table->n_checks];
    plan_check_text *at = &b->nodes[ds].checks[table->n_checks];
    bool unique = r->unique.at.line != 0, foreign = r->foreign_key.at.line != 0;

    if (r->broken || !(unique || foreign || r->row_count.at.line != 0))
        return;
    *c = (sm_plan_check){
        .name = r->name.text,
        .policy = sm_plan__policy_name(r->on_violation.v),
        .fail_if = r->fail_if.text,
        .warn_if = r->warn_if.text,
        .description = r->description.text,
        .tags = sm_plan__list(b->a, &r->tags),
        .place = sm_plan__place(&r->name.at),
    };
    if (unique)
        set_unique(b, c, at, &r->unique);
    else if (foreign)
        set_foreign_key(b, c, at, &r->foreign_key.columns, &r->foreign_key.to,
                        &r->foreign_key.field);
    else
        set_row_count(b, c, &r->row_count);
    table->n_checks++;
}

/* A list of one, as the file would have it. */
static const sm_spec_texts *one(plan_builder *b, const sm_text *name)
{
    sm_spec_texts *list = SM_NEW(b->scratch, sm_spec_texts);

    list->items = SM_NEW(b->scratch, sm_text);
    list->items[0] = *name;
    list->n = 1;
    list->at = name->at;
    return list;
}

static void add_test(plan_builder *b, size_t ds, const sm_spec_table_column *column,
                     const sm_spec_test *t)
{
    sm_plan_dataset *table = &b->datasets[ds];
    sm_plan_check *c = (sm_plan_check *)(uintptr_t)&table->checks[table->n_checks];
    plan_check_text *at = &b->nodes[ds].checks[table->n_checks];

    if (t->broken || column->broken || !sm_test_is_whole(t))
        return;
    *c = (sm_plan_check){
        .name = t->name.text,
        .policy = sm_plan__policy_name(t->on_violation.v),
        .fail_if = t->fail_if.text,
        .warn_if = t->warn_if.text,
        .description = t->description.text,
        .tags = sm_plan__list(b->a, &t->tags),
        .place = sm_plan__place(&t->at),
    };
    if (t->test.v == SM_TEST_UNIQUE)
        set_unique(b, c, at, one(b, &column->name));
    else
        set_foreign_key(b, c, at, one(b, &column->name), &t->to, one(b, &t->field));
    at->test = true;
    table->n_checks++;
}

void sm_plan__add_checks(plan_builder *b, size_t ds, const sm_spec_table *t)
{
    size_t most = t->expectations.n + sm_plan__count_tests(t);

    b->datasets[ds].checks = SM_NEW_N(b->a, sm_plan_check, most + 1);
    b->nodes[ds].checks = SM_NEW_N(b->scratch, plan_check_text, most + 1);
    for (size_t i = 0; i < t->expectations.n; i++)
        add_rule(b, ds, &t->expectations.items[i]);
    for (size_t i = 0; i < t->columns.n; i++)
        for (size_t k = 0; k < t->columns.items[i].tests.n; k++)
            add_test(b, ds, &t->columns.items[i], &t->columns.items[i].tests.items[k]);
}

/* ---- judged ---------------------------------------------------------------------- */

static void tell_column(plan_builder *b, const sm_plan_check *c, size_t ds, const sm_text *name)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    sm_sv *names = SM_NEW_N(b->scratch, sm_sv, table->schema.n + 1);
    size_t near;

    for (size_t i = 0; i < table->schema.n; i++)
        names[i] = table->schema.columns[i].name;
    sm_diag_add(b->d, "SM0611", name->at,
                "expectation \"%.*s\": table \"%.*s\" has no column \"%.*s\"", SM_SV_ARG(c->name),
                SM_SV_ARG(table->name), SM_SV_ARG(name->text));
    near = sm_suggest(name->text, names, table->schema.n);
    if (near < table->schema.n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
}

/* False after a diagnostic, or when the columns are not known. */
static bool judge_columns(plan_builder *b, const sm_plan_check *c, size_t ds,
                          const sm_spec_texts *names, bool told)
{
    bool ok = b->datasets[ds].known && !b->nodes[ds].failed;

    for (size_t i = 0; b->datasets[ds].known && i < names->n; i++) {
        if (sm_schema_find(&b->datasets[ds].schema, names->items[i].text) >= 0)
            continue;
        ok = false;
        if (!told)
            tell_column(b, c, ds, &names->items[i]);
    }
    return ok;
}

static bool is_number(const sm_sqltype *t)
{
    return t->kind >= SM_SQLTYPE_TINYINT && t->kind <= SM_SQLTYPE_DECIMAL;
}

static sm_sv type_of(const plan_builder *b, size_t ds, sm_sv column)
{
    const sm_schema *s = &b->datasets[ds].schema;

    return s->columns[sm_schema_find(s, column)].type;
}

static void judge_types(plan_builder *b, size_t ds, const sm_plan_check *c,
                        const plan_check_text *at)
{
    for (size_t i = 0; i < at->columns->n; i++) {
        const sm_text *column = &at->columns->items[i], *field = &at->fields->items[i];
        sm_sv one_type = type_of(b, ds, column->text), other = type_of(b, c->to, field->text);
        sm_sqltype *x, *y;
        sm_error ignored;

        if (sm_sqltype_parse(one_type, b->scratch, &x, &ignored) != SM_OK ||
            sm_sqltype_parse(other, b->scratch, &y, &ignored) != SM_OK || sm_sqltype_equal(x, y) ||
            (is_number(x) && is_number(y)))
            continue;
        sm_diag_add(
            b->d, "SM0613", field->at,
            "expectation \"%.*s\" compares %.*s, which is %.*s, with %.*s of \"%.*s\", which "
            "is %.*s",
            SM_SV_ARG(c->name), SM_SV_ARG(column->text), SM_SV_ARG(one_type),
            SM_SV_ARG(field->text), SM_SV_ARG(b->datasets[c->to].name), SM_SV_ARG(other));
        sm_diag_hint(b->d, "give both the same type with CAST in the query of one of the tables");
    }
}

static void tell_no_table(plan_builder *b, const sm_plan_check *c, const sm_text *to, size_t found)
{
    sm_sv *names = SM_NEW_N(b->scratch, sm_sv, b->plan->n_datasets + 1);
    size_t n = 0, near;

    if (found < b->plan->n_datasets) {
        sm_diag_add(b->d, "SM0612", to->at, "expectation \"%.*s\": \"%.*s\" is a %s, and no table",
                    SM_SV_ARG(c->name), SM_SV_ARG(to->text),
                    sm_dataset_kind_name(b->datasets[found].kind));
        sm_diag_hint(b->d, "write its rows to a table, and name that one");
        sm_diag_see(b->d, b->nodes[found].at, "it is defined here");
        return;
    }
    for (size_t i = 0; i < b->plan->n_datasets; i++)
        if (sm_dataset_is_table(&b->datasets[i]))
            names[n++] = b->datasets[i].name;
    sm_diag_add(b->d, "SM0612", to->at, "expectation \"%.*s\": there is no table \"%.*s\"",
                SM_SV_ARG(c->name), SM_SV_ARG(to->text));
    near = sm_suggest(to->text, names, n);
    if (sm_sv_find(to->text, SM_SV("ref(")) >= 0)
        sm_diag_hint(b->d, "there is no ref(): write the name of the table as it is");
    else if (near < n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
}

/* Fills c->to; false after a diagnostic. */
static bool find_table(plan_builder *b, sm_plan_check *c, const sm_text *to)
{
    size_t found = 0;

    while (found < b->plan->n_datasets && !sm_sql_same_name(b->datasets[found].name, to->text))
        found++;
    if (found < b->plan->n_datasets && sm_dataset_is_table(&b->datasets[found])) {
        c->to = found;
        return true;
    }
    tell_no_table(b, c, to, found);
    return false;
}

static void judge_check(plan_builder *b, size_t ds, sm_plan_check *c, const plan_check_text *at)
{
    bool ok;

    if (c->kind == SM_CHECK_ROW_COUNT)
        return;
    ok = judge_columns(b, c, ds, at->columns, at->test);
    if (c->kind == SM_CHECK_FOREIGN_KEY && find_table(b, c, at->to) &&
        judge_columns(b, c, c->to, at->fields, false) && ok)
        judge_types(b, ds, c, at);
}

/* ---- circles --------------------------------------------------------------------- */

typedef struct edges {
    const size_t **lists;
    size_t *counts;
} edges;

/* Who waits for whom: readers for what they read, tables for what their keys refer to. */
static edges collect_edges(plan_builder *b)
{
    size_t n = b->plan->n_datasets;
    edges e = { SM_NEW_N(b->scratch, const size_t *, n + 1), SM_NEW_N(b->scratch, size_t, n + 1) };

    for (size_t i = 0; i < n; i++) {
        const sm_plan_dataset *ds = &b->datasets[i];
        size_t *list = SM_NEW_N(b->scratch, size_t, ds->n_reads + ds->n_checks + 1);

        for (size_t k = 0; k < ds->n_reads; k++)
            list[e.counts[i]++] = ds->reads[k];
        if (sm_dataset_is_side(ds)) /* written by the flows of its table */
            list[e.counts[i]++] = ds->owner;
        for (size_t k = 0; k < ds->n_checks; k++)
            if (ds->checks[k].kind == SM_CHECK_FOREIGN_KEY && ds->checks[k].to != i)
                list[e.counts[i]++] = ds->checks[k].to;
        e.lists[i] = list;
    }
    return e;
}

/* The foreign key from dataset `from` to dataset `to`, if that is what joins them. */
static const plan_check_text *key_between(const plan_builder *b, size_t from, size_t to,
                                          const sm_plan_check **check)
{
    const sm_plan_dataset *ds = &b->datasets[from];

    for (size_t i = 0; i < ds->n_reads; i++)
        if (ds->reads[i] == to)
            return NULL;
    for (size_t i = 0; i < ds->n_checks; i++) {
        *check = &ds->checks[i];
        if ((*check)->kind == SM_CHECK_FOREIGN_KEY && (*check)->to == to)
            return &b->nodes[from].checks[i];
    }
    return NULL;
}

static void judge_circle(plan_builder *b)
{
    size_t n = b->plan->n_datasets, n_cycle = 0;
    size_t *order = SM_NEW_N(b->scratch, size_t, n + 1);
    const size_t *cycle = NULL;
    edges e = collect_edges(b);

    if (sm_plan__order(&(plan_graph){ n, e.lists, e.counts }, b->scratch, order, &cycle, &n_cycle))
        return;
    for (size_t i = 0; i + 1 < n_cycle; i++) {
        const sm_plan_check *c = NULL;
        const plan_check_text *at = key_between(b, cycle[i], cycle[i + 1], &c);

        if (at == NULL)
            continue;
        sm_diag_add(
            b->d, "SM0614", at->to->at,
            "expectation \"%.*s\" of \"%.*s\" waits for \"%.*s\", which itself waits for \"%.*s\"",
            SM_SV_ARG(c->name), SM_SV_ARG(b->datasets[cycle[i]].name),
            SM_SV_ARG(b->datasets[cycle[i + 1]].name), SM_SV_ARG(b->datasets[cycle[i]].name));
        sm_diag_see(b->d, b->nodes[cycle[i + 1]].at, "it is defined here");
        sm_diag_hint(b->d, "put the expectation at a table behind both");
        return;
    }
}

void sm_plan__judge_checks(plan_builder *b)
{
    size_t before = sm_diags_errors(b->d);
    bool keys = false;

    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &b->datasets[i];

        for (size_t k = 0; k < ds->n_checks; k++) {
            judge_check(b, i, (sm_plan_check *)(uintptr_t)&ds->checks[k], &b->nodes[i].checks[k]);
            keys |= ds->checks[k].kind == SM_CHECK_FOREIGN_KEY;
        }
    }
    if (keys && sm_diags_errors(b->d) == before)
        judge_circle(b);
}

const char *sm_check_kind_name(sm_check_kind kind)
{
    static const char *const names[] = { [SM_CHECK_UNIQUE] = "unique",
                                         [SM_CHECK_FOREIGN_KEY] = "foreign_key",
                                         [SM_CHECK_ROW_COUNT] = "row_count" };

    return names[kind];
}
