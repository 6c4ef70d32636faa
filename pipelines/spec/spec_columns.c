/* SPDX-License-Identifier: Apache-2.0 */
/* spec_columns.c -- what a table says of its columns: names, types, tests, the contract. */
#include "pipelines/spec/spec_int.h"
#include "runtime/base/strmap.h"

static bool check_twice(const sm_bind *b, sm_strmap *seen, const sm_spec_table_columns *columns,
                        size_t i)
{
    const sm_text *name = &columns->items[i].name;
    size_t first = 0;

    if (!sm_text_set(name) || sm_strmap_put(seen, name->text, i))
        return true;
    (void)sm_strmap_get(seen, name->text, &first);
    sm_diag_add(b->d, "SM0405", name->at, "column \"%.*s\" stands in `columns` twice",
                SM_SV_ARG(name->text));
    sm_diag_see(b->d, columns->items[first].name.at, "it stands here first");
    return false;
}

/* Expectations and tests of a table share their names: counts are by name. */
static bool take_name(const sm_bind *b, sm_strmap *names, const sm_text **list, size_t *n,
                      const sm_text *name, sm_span at)
{
    size_t first = 0;

    if (sm_strmap_put(names, name->text, *n)) {
        list[(*n)++] = name;
        return true;
    }
    (void)sm_strmap_get(names, name->text, &first);
    sm_diag_add(b->d, "SM0609", at, "there is an expectation \"%.*s\" already",
                SM_SV_ARG(name->text));
    sm_diag_hint(b->d, "give this test a name of its own: {test: …, name: …}");
    if (sm_text_set(list[first]))
        sm_diag_see(b->d, list[first]->at, "it stands here");
    return false;
}

static bool check_range(const sm_bind *b, const sm_spec_test *t)
{
    if (t->test.v != SM_TEST_ACCEPTED_RANGE || t->min_value.type || t->max_value.type)
        return true;
    sm_diag_add(b->d, "SM0112", t->at,
                "a column test `accepted_range` needs `min_value` or "
                "`max_value`");
    return false;
}

static void name_test(const sm_bind *b, const sm_spec_table_column *c, sm_spec_test *t)
{
    const sm_key *test = sm_key_find(&sm_block_test, SM_SV("test"));

    if (!sm_text_set(&t->name))
        t->name.text =
            sm_arena_printf(b->a, "%.*s_%s", SM_SV_ARG(c->name.text), test->choices[t->test.v]);
}

static bool check_test(const sm_bind *b, const sm_spec_table_column *c, sm_spec_test *t)
{
    if (t->broken)
        return false;
    name_test(b, c, t);
    t->broken = !check_range(b, t);
    if (sm_text_set(&t->name))
        t->broken = !sm_spec__check_name(b, &t->name, "the name of an expectation") || t->broken;
    t->broken = !sm_spec__check_threshold(b, &t->on_violation, &t->fail_if, "fail_if") || t->broken;
    t->broken = !sm_spec__check_threshold(b, &t->on_violation, &t->warn_if, "warn_if") || t->broken;
    if (sm_test_is_whole(t))
        t->broken =
            !sm_spec__check_whole(b, &t->on_violation, sm_block_test.keys->choices[t->test.v]) ||
            t->broken;
    return !t->broken;
}

static bool check_tests(const sm_bind *b, sm_spec_table *t)
{
    sm_strmap *names = sm_strmap_new_nocase(b->a);
    size_t n = 0, most = t->expectations.n;
    const sm_text **list;
    bool ok = true;

    for (size_t i = 0; i < t->columns.n; i++)
        most += t->columns.items[i].tests.n;
    list = SM_NEW_N(b->a, const sm_text *, most + 1);
    for (size_t i = 0; i < t->expectations.n; i++)
        if (sm_strmap_put(names, t->expectations.items[i].name.text, n))
            list[n++] = &t->expectations.items[i].name;
    for (size_t i = 0; i < t->columns.n; i++) {
        sm_spec_table_column *c = &t->columns.items[i];

        for (size_t k = 0; k < c->tests.n; k++) {
            sm_spec_test *test = &c->tests.items[k];

            ok = check_test(b, c, test) && take_name(b, names, list, &n, &test->name, test->at) &&
                 ok;
        }
    }
    return ok;
}

static bool check_contract(const sm_bind *b, const sm_spec_table *t)
{
    bool ok = true;

    if (t->contract.v == SM_CONTRACT_NONE || t->type.v == SM_TABLE_VIEW) /* told */
        return true;
    if (t->columns.at.line == 0) {
        sm_diag_add(b->d, "SM0112", t->contract.at, "a `contract` needs `columns`");
        sm_diag_hint(b->d, "it says which columns the query gives: {name: …, data_type: …}");
        return false;
    }
    for (size_t i = 0; i < t->columns.n; i++) {
        const sm_spec_table_column *c = &t->columns.items[i];

        if (c->broken || sm_text_set(&c->data_type))
            continue;
        sm_diag_add(b->d, "SM0112", c->at, "with a `contract`, column \"%.*s\" needs `data_type`",
                    SM_SV_ARG(c->name.text));
        sm_diag_see(b->d, t->contract.at, "the contract stands here");
        ok = false;
    }
    return ok;
}

bool sm_spec__check_columns(const sm_bind *b, sm_spec_table *t)
{
    sm_strmap *seen;
    bool ok = true;

    if (t->columns.at.line == 0) /* as most tables: no maps for them */
        return check_contract(b, t);
    if (t->columns.n == 0) {
        sm_diag_add(b->d, "SM0114", t->columns.at, "`columns` is empty");
        ok = false;
    }
    seen = sm_strmap_new_nocase(b->a);
    for (size_t i = 0; i < t->columns.n; i++) {
        sm_spec_table_column *c = &t->columns.items[i];

        if (sm_text_set(&c->data_type))
            c->broken = !sm_spec__check_type(b, &c->data_type, c->name.text, c->data_type.text) ||
                        c->broken;
        c->broken = !check_twice(b, seen, &t->columns, i) || c->broken;
        ok = ok && !c->broken;
    }
    ok = check_tests(b, t) && ok;
    return check_contract(b, t) && ok;
}
