/* SPDX-License-Identifier: Apache-2.0 */
/* spec_hints.c -- `schema_hints`, as far as it can be judged without data: each fault at its
 * place in the list. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/sqlhints.h"
#include "runtime/base/strmap.h"

typedef struct hint_check {
    const sm_bind *b;
    const sm_text *text;
    sm_hints hints;
    sm_strmap *seen; /* path, with an end behind each part -> place in hints */
} hint_check;

static sm_span hint_span(const sm_text *text, sm_sv part)
{
    return sm_text_span(text, (size_t)(part.ptr - text->text.ptr), part.len);
}

/* The first `n` parts, each with an end. */
static sm_sv hint_key(sm_arena *a, const sm_hint *hint, size_t n)
{
    size_t len = 0;
    char *key, *at;

    for (size_t i = 0; i < n; i++)
        len += hint->path[i].len + 1;
    key = at = SM_NEW_N(a, char, len + 1); /* zeroed */
    for (size_t i = 0; i < n; i++) {
        memcpy(at, hint->path[i].ptr, hint->path[i].len);
        at += hint->path[i].len + 1;
    }
    return (sm_sv){ key, len };
}

static bool hint_twice(const hint_check *c, const sm_hint *hint, const sm_hint *first)
{
    sm_diag_add(c->b->d, "SM0405", hint_span(c->text, hint->name),
                "`%.*s` stands in these hints twice", SM_SV_ARG(hint->name));
    sm_diag_see(c->b->d, hint_span(c->text, first->name), "it stands here first");
    return false;
}

/* `part` is of the column, or of the part, that `whole` gives a type. */
static bool hint_in(const hint_check *c, const sm_hint *part, const sm_hint *whole)
{
    sm_hint rest = *part;

    rest.path += whole->n_path - 1;
    rest.n_path -= whole->n_path - 1;
    if (part < whole) {
        sm_diag_add(c->b->d, "SM0412", hint_span(c->text, whole->name),
                    "`%.*s` stands behind its part `%.*s`, and would take its type away",
                    SM_SV_ARG(whole->name), SM_SV_ARG(part->name));
        sm_diag_hint(c->b->d, "write the whole before its parts");
        return false;
    }
    if (sm_hint_judge(&rest, whole->type, NULL, NULL) != SM_HINT_NOWHERE)
        return true;
    sm_diag_add(c->b->d, "SM0412", hint_span(c->text, part->name),
                "`%.*s`: the type of `%.*s`, %.*s, has no such part", SM_SV_ARG(part->name),
                SM_SV_ARG(whole->name), SM_SV_ARG(whole->type_text));
    sm_diag_hint(c->b->d, "a STRUCT has fields by their names, a list `element`, a MAP `key` and "
                          "`value`");
    sm_diag_see(c->b->d, hint_span(c->text, whole->type_text), "its type stands here");
    return false;
}

static bool check_hint(const hint_check *c, const sm_hint *hint)
{
    sm_text type = { .text = hint->type_text, .at = hint_span(c->text, hint->type_text) };
    sm_arena *a = c->b->a;
    size_t other;
    bool ok = sm_spec__check_type(c->b, &type, hint->name, hint->type_text);

    if (sm_strmap_get(c->seen, hint_key(a, hint, hint->n_path), &other) &&
        &c->hints.items[other] != hint)
        return hint_twice(c, hint, &c->hints.items[other]);
    for (size_t n = 1; n < hint->n_path; n++)
        if (sm_strmap_get(c->seen, hint_key(a, hint, n), &other))
            ok = hint_in(c, hint, &c->hints.items[other]) && ok;
    return ok;
}

bool sm_spec__check_hints(const sm_bind *b, const sm_text *hints)
{
    hint_check c = { b, hints, { 0 }, sm_strmap_new_nocase(b->a) };
    sm_error err;
    sm_sv bad;
    bool ok = true;

    if (!sm_text_set(hints))
        return true;
    if (sm_hints_parse(hints->text, b->a, &c.hints, &bad, &err) != SM_OK) {
        sm_diag_add(b->d, "SM0406", hint_span(hints, bad),
                    "`schema_hints` is no list of columns and types: %s", err.msg);
        sm_diag_hint(b->d, "it is written as \"a BIGINT, b.c VARCHAR[]\"");
        return false;
    }
    for (size_t i = 0; i < c.hints.n; i++) {
        const sm_hint *hint = &c.hints.items[i];

        (void)sm_strmap_put(c.seen, hint_key(b->a, hint, hint->n_path), i);
    }
    for (size_t i = 0; i < c.hints.n; i++)
        ok = check_hint(&c, &c.hints.items[i]) && ok;
    return ok;
}
