/* SPDX-License-Identifier: Apache-2.0 */
/* spec_suite.c -- a file of tests becomes a suite: tree, bind, check. */
#include "pipelines/spec/spec_suite.h"

#include <stdio.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/clock.h"

/* Without a zone, as SQL prints it, it is in UTC. */
bool sm_suite_time(sm_sv text, int64_t *us)
{
    char zoned[64];
    sm_error ignored;
    int64_t ms;

    if (text.len + 2 > sizeof zoned)
        return false;
    snprintf(zoned, sizeof zoned, "%.*sZ", SM_SV_ARG(text));
    if (sm_time_parse(text, &ms, &ignored) != SM_OK &&
        sm_time_parse(sm_sv_cstr(zoned), &ms, &ignored) != SM_OK)
        return false;
    *us = ms * 1000;
    return true;
}

/* A list of maps and lists. */
static bool check_rows(const sm_bind *b, sm_pair p)
{
    bool ok = p.value->kind == SM_YAML_LIST;

    if (!ok)
        sm_spec__wrong_kind(b, p, "a list of rows");
    for (size_t i = 0; ok && i < p.value->n; i++) {
        const sm_yaml_node *row = p.value->items[i];

        if (row->kind == SM_YAML_MAP || row->kind == SM_YAML_LIST)
            continue;
        sm_spec__wrong_kind(b, (sm_pair){ NULL, row },
                            "a row, as {column: value} or [value, value],");
    }
    return ok;
}

/* {name: …}, each judged by `check`. */
static void check_named(const sm_bind *b, const sm_spec_node *n, const char *key,
                        bool (*check)(const sm_bind *b, sm_pair p))
{
    const sm_yaml_node *name = sm_yaml_made(n->v, sm_sv_cstr(key), false, b->a);

    if (n->v->kind != SM_YAML_MAP) {
        sm_spec__wrong_kind(b, (sm_pair){ name, n->v }, "a map of names");
        return;
    }
    for (size_t i = 0; i < n->v->n; i++)
        (void)check(b, (sm_pair){ n->v->items[2 * i], n->v->items[2 * i + 1] });
}

static bool check_input(const sm_bind *b, sm_pair p)
{
    return p.value->kind == SM_YAML_NULL || check_rows(b, p);
}

static bool check_text(const sm_bind *b, sm_pair p)
{
    if (p.value->kind == SM_YAML_STRING)
        return true;
    sm_spec__wrong_kind(b, p, "the text of the file");
    return false;
}

static bool check_files(const sm_bind *b, sm_pair p)
{
    const sm_spec_node files = { p.value, sm_yaml_span(p.key) };

    check_named(b, &files, sm_arena_cstr(b->a, p.key->text), check_text);
    return true;
}

static bool check_count(const sm_bind *b, sm_pair p)
{
    if (p.value->kind == SM_YAML_INT && p.value->integer >= 0)
        return true;
    sm_spec__wrong_kind(b, p, "a number of rows");
    return false;
}

static bool check_aside(const sm_bind *b, sm_pair p)
{
    return p.value->kind == SM_YAML_LIST ? check_rows(b, p) : check_count(b, p);
}

/* One value, or a map of them by table. */
static void check_by_table(const sm_bind *b, const sm_spec_node *n, const char *key,
                           bool (*check)(const sm_bind *b, sm_pair p))
{
    if (n->v == NULL)
        return;
    if (n->v->kind == SM_YAML_MAP)
        check_named(b, n, key, check);
    else
        (void)check(b, (sm_pair){ sm_yaml_made(n->v, sm_sv_cstr(key), false, b->a), n->v });
}

static void check_list(const sm_bind *b, const sm_spec_node *n, const char *key)
{
    if (n->v != NULL)
        (void)check_rows(b, (sm_pair){ sm_yaml_made(n->v, sm_sv_cstr(key), false, b->a), n->v });
}

static void check_time(const sm_bind *b, const sm_spec_node *n, const char *key)
{
    int64_t us;

    if (n->v == NULL || n->v->kind == SM_YAML_NULL ||
        (n->v->kind == SM_YAML_STRING && sm_suite_time(n->v->text, &us)))
        return;
    sm_spec__wrong_kind(b, (sm_pair){ sm_yaml_made(n->v, sm_sv_cstr(key), false, b->a), n->v },
                        "a time such as 2026-01-01T10:00:00Z, or null");
}

static void check_numbers(const sm_bind *b, const sm_spec_node *n, const char *key)
{
    const sm_yaml_node *name;

    if (n->v == NULL)
        return;
    name = sm_yaml_made(n->v, sm_sv_cstr(key), false, b->a);
    if (n->v->kind != SM_YAML_LIST)
        (void)check_count(b, (sm_pair){ name, n->v });
    for (size_t i = 0; n->v->kind == SM_YAML_LIST && i < n->v->n; i++)
        (void)check_count(b, (sm_pair){ name, n->v->items[i] });
}

static void check_error(const sm_bind *b, const sm_spec_scalar *error)
{
    bool code = sm_sv_starts(error->text.text, SM_SV("SM"));

    if (error->type == NULL || sm_sv_eq_str(error->text.text, "true"))
        return;
    if (code ? sm_diag_lookup(error->text.text) != NULL
             : sm_code_find(error->text.text.ptr) != SM_OK)
        return;
    sm_diag_add(b->d, "SM0115", error->text.at, "\"%.*s\" is no value of `error`",
                SM_SV_ARG(error->text.text));
    sm_diag_hint(b->d, "it is true, a code of `smelt explain`, or a kind of failure: rule, sql, "
                       "invalid, limit, conflict");
}

static bool says_nothing(const sm_suite_expect *e)
{
    return e->rows.v == NULL && e->emitted.v == NULL && e->last_batch.v == NULL &&
           e->count.at.line == 0 && e->dropped.v == NULL && e->quarantined.v == NULL &&
           e->late.v == NULL && e->duplicates.v == NULL && e->watermark.v == NULL &&
           e->batch_watermark.v == NULL && e->state_rows.v == NULL && e->error.type == NULL;
}

static void check_expect(const sm_bind *b, const sm_suite_expect *e)
{
    check_list(b, &e->rows, "rows");
    check_list(b, &e->emitted, "emitted");
    check_list(b, &e->last_batch, "last_batch");
    check_by_table(b, &e->dropped, "dropped", check_count);
    check_by_table(b, &e->quarantined, "quarantined", check_aside);
    check_by_table(b, &e->late, "late", check_count);
    check_by_table(b, &e->duplicates, "duplicates", check_count);
    check_time(b, &e->watermark, "watermark");
    check_time(b, &e->batch_watermark, "batch_watermark");
    check_numbers(b, &e->state_rows, "state_rows");
    check_error(b, &e->error);
}

/* An expectation that is always true is a mistake; what has another fault is not judged. */
static void check_empty(const sm_bind *b, const sm_suite_expect *e, size_t before)
{
    if (!says_nothing(e) || sm_diags_errors(b->d) > before)
        return;
    sm_diag_add(b->d, "SM0112", e->at, "an expectation of a test says nothing");
    sm_diag_hint(b->d, "it takes rows, count, dropped, quarantined, emitted, last_batch or error");
}

static void check_advance(const sm_bind *b, const sm_text *advance)
{
    sm_error err;
    int64_t ms;

    if (sm_text_set(advance) && sm_parse_duration(advance->text, &ms, &err) != SM_OK)
        sm_diag_add(b->d, "SM0116", advance->at, "`advance`: %s", err.msg);
}

static void check_step(const sm_bind *b, const sm_suite_step *s, bool faulty)
{
    size_t before = sm_diags_errors(b->d);

    if (s->ingest.v != NULL)
        check_named(b, &s->ingest, "ingest", check_input);
    if (s->ingest_files.v != NULL)
        check_named(b, &s->ingest_files, "ingest_files", check_files);
    check_advance(b, &s->advance);
    check_expect(b, &s->expect);
    if (s->expect.at.line != 0 && !faulty)
        check_empty(b, &s->expect, before);
}

static void check_test(const sm_bind *b, sm_suite_test *t)
{
    size_t before = sm_diags_errors(b->d);

    if (t->given.v != NULL)
        check_named(b, &t->given, "given", check_input);
    check_expect(b, &t->expect);
    if (t->given.v != NULL && t->expect.at.line == 0) {
        sm_diag_add(b->d, "SM0112", t->at, "a test with `given` needs `expect`");
        sm_diag_hint(b->d, "what must be true when these rows went through");
    } else if (t->expect.at.line != 0 && !t->broken) {
        check_empty(b, &t->expect, before);
    }
    if (t->expect.at.line != 0 && t->steps.n > 0) {
        sm_diag_add(b->d, "SM0123", t->expect.at, "a test with `steps` has its expectations there");
        sm_diag_hint(b->d, "write it as a step: - expect: {table: …, rows: …}");
    }
    for (size_t i = 0; i < t->steps.n; i++)
        check_step(b, &t->steps.items[i], t->broken);
    t->broken |= sm_diags_errors(b->d) > before;
}

static void check_names(const sm_bind *b, const sm_suite *s)
{
    for (size_t i = 0; i < s->tests.n; i++) {
        const sm_text *name = &s->tests.items[i].name;

        for (size_t k = 0; k < i && name->text.len > 0; k++) {
            if (!sm_sv_eq(s->tests.items[k].name.text, name->text))
                continue;
            sm_diag_add(b->d, "SM0120", name->at, "there is a test with this name already");
            sm_diag_see(b->d, s->tests.items[k].name.at, "the first one is here");
            break;
        }
    }
}

const sm_suite *sm_suite_parse(const char *file, sm_sv text, sm_arena *a, sm_diags *d)
{
    sm_spec_env env = { 0 };
    sm_spec_reading reading = { .spec = SM_NEW(a, sm_spec) };
    sm_bind b = { .file = file, .env = &env, .reading = &reading, .a = a, .d = d };
    const sm_yaml_node *root;
    sm_suite *s = SM_NEW(a, sm_suite);

    sm_spec__add_doc(&b, file, text);
    if ((root = sm_yaml_parse(file, text, a, d)) == NULL)
        return NULL;
    if (root->kind != SM_YAML_MAP) {
        sm_diag_add(d, "SM0104", sm_yaml_span(root), "a file of tests is a map of keys, not %.*s",
                    SM_SV_ARG(sm_yaml_describe(root, a)));
        sm_diag_hint(d, "it begins with \"version: 1\" and \"tests:\"");
        return NULL;
    }
    s->file = file;
    sm_spec__bind_block(&b, &sm_block_suite, (sm_pair){ NULL, root }, s);
    for (size_t i = 0; i < s->tests.n; i++)
        check_test(&b, &s->tests.items[i]);
    check_names(&b, s);
    return s;
}

bool sm_suite_is(sm_sv text, sm_arena *a)
{
    const sm_yaml_node *root = sm_yaml_parse("", text, a, sm_diags_new(a));

    return root != NULL && root->kind == SM_YAML_MAP && sm_yaml_get(root, "tests") != NULL;
}
