/* SPDX-License-Identifier: Apache-2.0 */
/* plan_columns.c -- what a table says of its columns, against what its query gives.
 *
 *     tests      become rules, written as SQL
 *     columns    are there, have the type that is said, and get their descriptions
 *     contract   and there are no others
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/suggest.h"

enum {
    SHOWN_TEXT = 300
}; /* of two definitions side by side; longer ones only by their differences */

/* ---- tests ----------------------------------------------------------------------- */

/* Text that we wrote for the user points back at the test, whatever byte of it is asked for. */
static sm_span test_span(const void *ctx, sm_sv text, size_t offset, size_t len)
{
    const sm_spec_test *test = ctx;

    (void)text;
    (void)offset;
    (void)len;
    return test->at;
}

/* A number as it stands, everything else in quotes, which the engine casts to the column. */
static void add_value(sm_buf *b, const sm_spec_scalar *v)
{
    sm_sv text = v->text.text;
    bool plain =
        sm_sv_eq_str(sm_sv_cstr(v->type), "BIGINT") || sm_sv_eq_str(sm_sv_cstr(v->type), "DOUBLE");

    for (size_t i = 0; i < text.len; i++)
        plain = plain && memchr("0123456789+-.eE", text.ptr[i], 15) != NULL;
    if (plain)
        sm_buf_add(b, text);
    else
        sm_sql_literal(b, text);
}

static void add_values(sm_buf *b, sm_sv column, const sm_spec_test *t)
{
    sm_sql_ident(b, column);
    sm_buf_adds(b, " IN (");
    for (size_t i = 0; i < t->values.n; i++) {
        sm_buf_adds(b, i > 0 ? ", " : "");
        add_value(b, &t->values.items[i]);
    }
    sm_buf_addc(b, ')');
}

static void add_bound(sm_buf *b, sm_sv column, const char *sign, const sm_spec_scalar *bound)
{
    sm_sql_ident(b, column);
    sm_buf_addf(b, " %s ", sign);
    add_value(b, bound);
}

static void add_range(sm_buf *b, sm_sv column, const sm_spec_test *t)
{
    bool both = t->min_value.type && t->max_value.type;

    sm_buf_adds(b, both ? "(" : "");
    if (t->min_value.type)
        add_bound(b, column, ">=", &t->min_value);
    sm_buf_adds(b, both ? " AND " : "");
    if (t->max_value.type)
        add_bound(b, column, "<=", &t->max_value);
    sm_buf_adds(b, both ? ")" : "");
}

/* The test as SQL over a row.  NULL passes all but not_null, as in dbt. */
static void add_test(sm_buf *b, sm_sv column, const sm_spec_test *t)
{
    sm_sql_ident(b, column);
    if (t->test.v == SM_TEST_NOT_NULL) {
        sm_buf_adds(b, " IS NOT NULL");
        return;
    }
    sm_buf_adds(b, " IS NULL OR ");
    switch ((sm_test_kind)t->test.v) {
    case SM_TEST_ACCEPTED_VALUES:
        add_values(b, column, t);
        break;
    case SM_TEST_ACCEPTED_RANGE:
        add_range(b, column, t);
        break;
    case SM_TEST_REGEX:
        sm_buf_adds(b, "regexp_matches(");
        sm_sql_ident(b, column);
        sm_buf_adds(b, ", ");
        sm_sql_literal(b, t->pattern.text);
        sm_buf_addc(b, ')');
        break;
    case SM_TEST_NOT_NULL:
    case SM_TEST_UNIQUE:
    case SM_TEST_RELATIONSHIPS:
        break;
    }
}

static const sm_text *test_text(plan_builder *b, sm_sv column, const sm_spec_test *t)
{
    sm_text *text = SM_NEW(b->a, sm_text);
    sm_buf sql;

    sm_buf_init(&sql, SM_LIMIT_SQL_BYTES);
    add_test(&sql, column, t);
    *text = (sm_text){
        .text = sm_arena_dup(b->a, sm_buf_sv(&sql)), .at = t->at, .map = test_span, .ctx = t
    };
    sm_buf_release(&sql);
    return text;
}

size_t sm_plan__count_tests(const sm_spec_table *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->columns.n; i++)
        n += t->columns.items[i].tests.n;
    return n;
}

size_t sm_plan__add_tests(plan_builder *b, size_t ds, const sm_spec_table *t, sm_plan_rule *rules,
                          plan_query *queries, size_t n)
{
    for (size_t i = 0; i < t->columns.n; i++) {
        const sm_spec_table_column *c = &t->columns.items[i];

        for (size_t k = 0; k < c->tests.n; k++) {
            const sm_spec_test *test = &c->tests.items[k];
            const sm_text *text;

            if (test->broken || c->broken || sm_test_is_whole(test))
                continue;
            text = test_text(b, c->name.text, test);
            rules[n] = (sm_plan_rule){
                .name = test->name.text,
                .text = text->text,
                .policy = sm_plan__policy_name(test->on_violation.v),
                .fail_if = test->fail_if.text,
                .warn_if = test->warn_if.text,
                .description = test->description.text,
                .tags = sm_plan__list(b->a, &test->tags),
                .place = sm_plan__place(&test->at),
            };
            queries[n++] = (plan_query){
                .text = text,
                .owner = ds,
                .rule = true,
                .column = c,
                .label = sm_arena_printf(b->scratch, "test \"%.*s\" of table \"%.*s\"",
                                         SM_SV_ARG(test->name.text), SM_SV_ARG(t->name.text)),
            };
        }
    }
    return n;
}

/* ---- columns --------------------------------------------------------------------- */

/* The type as the table would store it. */
static sm_sv stored_type(plan_builder *b, sm_sv declared)
{
    sm_sv stored = declared;
    sm_sqltype *type;
    sm_error ignored;

    if (sm_sqltype_parse(declared, b->scratch, &type, &ignored) == SM_OK)
        sm_sqltype_stored_text(sm_sqltype_print(type, b->scratch), b->scratch, &stored, &ignored);
    return stored;
}

static bool same_type(plan_builder *b, sm_sv declared, sm_sv given)
{
    sm_sqltype *x, *y;
    sm_error ignored;

    return sm_sqltype_parse(stored_type(b, declared), b->scratch, &x, &ignored) == SM_OK &&
           sm_sqltype_parse(given, b->scratch, &y, &ignored) == SM_OK && sm_sqltype_equal(x, y);
}

/* Tests of a column that is not there have nothing to bind to: what is wrong is told. */
static void drop_tests(plan_builder *b, size_t ds, const sm_spec_table_column *c)
{
    for (size_t i = 0; i < b->datasets[ds].n_rules; i++)
        if (b->nodes[ds].rules[i].column == c)
            b->nodes[ds].rules[i].read = NULL;
}

static void tell_missing(plan_builder *b, size_t ds, const sm_spec_table_column *c)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    sm_sv *names = SM_NEW_N(b->scratch, sm_sv, table->schema.n + 1);
    size_t near;

    for (size_t i = 0; i < table->schema.n; i++)
        names[i] = table->schema.columns[i].name;
    sm_diag_add(b->d, "SM0310", c->name.at, "table \"%.*s\": its query gives no column \"%.*s\"",
                SM_SV_ARG(table->name), SM_SV_ARG(c->name.text));
    near = sm_suggest(c->name.text, names, table->schema.n);
    if (near < table->schema.n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(b->d, "`smelt show %.*s` prints the columns, once `columns` agrees with them",
                     SM_SV_ARG(table->name));
}

static void tell_type(plan_builder *b, size_t ds, const sm_spec_table_column *c, size_t at)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    const sm_plan_flow *f = &b->flows[table->flow];

    sm_diag_add(b->d, "SM0311", c->data_type.at,
                "table \"%.*s\": column \"%.*s\" is %.*s here, and the query gives %.*s",
                SM_SV_ARG(table->name), SM_SV_ARG(c->name.text), SM_SV_ARG(c->data_type.text),
                SM_SV_ARG(table->schema.columns[at].type));
    sm_diag_hint(b->d, "cast it in the query: CAST(%.*s AS %.*s)", SM_SV_ARG(c->name.text),
                 SM_SV_ARG(c->data_type.text));
    if (at < f->result.n) /* a column of the first flow */
        sm_diag_see(b->d, sm_sql_column_span(b->nodes[ds].queries[0].read, at, f->result.n),
                    "the query gives it here");
}

/* ---- contract -------------------------------------------------------------------- */

/* "a BIGINT, b VARCHAR", both. */
static sm_sv declared_text(plan_builder *b, const sm_spec_table_columns *columns)
{
    sm_sv text = SM_SV("");

    for (size_t i = 0; i < columns->n && text.len <= SHOWN_TEXT; i++)
        text = sm_arena_printf(b->scratch, "%.*s%s%.*s %.*s", SM_SV_ARG(text), i > 0 ? ", " : "",
                               SM_SV_ARG(columns->items[i].name.text),
                               SM_SV_ARG(columns->items[i].data_type.text));
    return text;
}

static sm_sv given_text(plan_builder *b, const sm_schema *schema)
{
    sm_sv text = SM_SV("");

    for (size_t i = 0; i < schema->n && text.len <= SHOWN_TEXT; i++)
        text =
            sm_arena_printf(b->scratch, "%.*s%s%.*s %.*s", SM_SV_ARG(text), i > 0 ? ", " : "",
                            SM_SV_ARG(schema->columns[i].name), SM_SV_ARG(schema->columns[i].type));
    return text;
}

static bool is_declared(const sm_spec_table_columns *columns, sm_sv name)
{
    for (size_t i = 0; i < columns->n; i++)
        if (sm_sql_same_name(columns->items[i].name.text, name))
            return true;
    return false;
}

/* Where column `i` of the table is given: by its first flow, or by another one. */
static sm_span given_at(plan_builder *b, size_t ds, size_t i)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    size_t n = b->flows[table->flow].result.n;

    return i < n ? sm_sql_column_span(b->nodes[ds].queries[0].read, i, n) : b->nodes[ds].at;
}

/* Each difference as a note to the diagnostic, where it can be mended. */
static void add_differences(plan_builder *b, size_t ds)
{
    const sm_plan_dataset *table = &b->datasets[ds];
    const sm_spec_table_columns *columns = &b->nodes[ds].table->columns;
    const sm_schema *given = &table->schema;

    for (size_t i = 0; i < columns->n; i++) {
        const sm_spec_table_column *c = &columns->items[i];
        ptrdiff_t k = sm_schema_find(given, c->name.text);

        if (k < 0)
            sm_diag_see(b->d, c->name.at, "the query does not give this column");
        else if (!same_type(b, c->data_type.text, given->columns[k].type))
            sm_diag_see(b->d, c->data_type.at,
                        sm_arena_printf(b->scratch, "the query gives %.*s",
                                        SM_SV_ARG(given->columns[k].type))
                            .ptr);
    }
    for (size_t i = 0; i < given->n; i++)
        if (!is_declared(columns, given->columns[i].name))
            sm_diag_see(b->d, given_at(b, ds, i),
                        sm_arena_printf(b->scratch, "the query gives %.*s %.*s, which is not in it",
                                        SM_SV_ARG(given->columns[i].name),
                                        SM_SV_ARG(given->columns[i].type))
                            .ptr);
}

static void judge_contract(plan_builder *b, size_t ds)
{
    const sm_spec_table *t = b->nodes[ds].table;
    const sm_schema *given = &b->datasets[ds].schema;
    bool kept = given->n == t->columns.n;
    sm_sv says, gives;

    for (size_t i = 0; kept && i < t->columns.n; i++) {
        const sm_spec_table_column *c = &t->columns.items[i];
        ptrdiff_t k = sm_schema_find(given, c->name.text);

        kept = k >= 0 && same_type(b, c->data_type.text, given->columns[k].type);
    }
    if (kept)
        return;
    says = declared_text(b, &t->columns);
    gives = given_text(b, given);
    if (says.len + gives.len > SHOWN_TEXT)
        says = gives = SM_SV("…");
    sm_diag_add(b->d, t->contract.v == SM_CONTRACT_ENFORCED ? "SM0312" : "SM0313", t->contract.at,
                "table \"%.*s\" breaks its contract: `columns` has (%.*s), the query gives (%.*s)",
                SM_SV_ARG(t->name.text), SM_SV_ARG(says), SM_SV_ARG(gives));
    add_differences(b, ds);
}

void sm_plan__judge_columns(plan_builder *b, size_t ds)
{
    const sm_spec_table *t = b->nodes[ds].table;
    sm_schema *schema = &b->datasets[ds].schema;

    for (size_t i = 0; i < t->columns.n; i++) {
        const sm_spec_table_column *c = &t->columns.items[i];
        ptrdiff_t k = sm_schema_find(schema, c->name.text);

        if (k >= 0)
            schema->columns[k].description = c->description.text;
        else
            drop_tests(b, ds, c);
        /* under a contract it is one of its differences, but a test cannot do without it */
        if (k < 0 && (t->contract.v == SM_CONTRACT_NONE ||
                      (t->contract.v == SM_CONTRACT_WARN && c->tests.n > 0)))
            tell_missing(b, ds, c);
        if (k < 0 || t->contract.v != SM_CONTRACT_NONE)
            continue;
        if (sm_text_set(&c->data_type) && !same_type(b, c->data_type.text, schema->columns[k].type))
            tell_type(b, ds, c, (size_t)k);
    }
    if (t->contract.v != SM_CONTRACT_NONE)
        judge_contract(b, ds);
}
