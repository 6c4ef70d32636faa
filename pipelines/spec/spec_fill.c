/* SPDX-License-Identifier: Apache-2.0 */
/* spec_fill.c -- `${…}` in values: what it stands for.
 *
 *     ${var.x}                 a variable of the pipeline or the project
 *     ${env.X}  ${env.X:-y}    a variable of the process; y when X is not set, or empty
 *     ${target} ${pipeline}    the names of both
 *     ${secret.x}              refused here: a secret is never part of a text
 *     ${git.sha}               the commit of the project
 *     $$                       a dollar sign
 *
 * This happens after parsing and inside of one scalar: what comes out is never read as YAML
 * structure, and never becomes SQL. */
#include <string.h>

#include "pipelines/spec/spec_int.h"

#define MAX_FILLED ((size_t)1 << 20)

typedef struct filling {
    const sm_bind *b;
    sm_text text; /* the scalar as written */
    sm_buf out;
    bool ok;
} filling;

/* The reference at hand: `${` name [`:-` fallback] `}`. */
typedef struct reference {
    size_t at, len;
    sm_sv name, fallback;
    bool has_fallback;
} reference;

static sm_span place_of(const filling *f, const reference *r)
{
    return sm_text_span(&f->text, r->at, r->len);
}

/* ---- what may be referred to ------------------------------------------------------- */

static void tell_meaningless(filling *f, const reference *r)
{
    sm_diag_add(f->b->d, "SM0121", place_of(f, r), "`%.*s` means nothing", (int)r->len,
                f->text.text.ptr + r->at);
    sm_diag_hint(f->b->d, "there are ${var.name}, ${env.NAME}, ${env.NAME:-default}, ${target}, "
                          "${pipeline} and ${git.sha}; a literal \"${\" is written \"$${\"");
    f->ok = false;
}

static void tell_no_value(filling *f, const reference *r, const char *why, const char *hint)
{
    f->ok = false;
    if (f->b->lenient)
        return;
    sm_diag_add(f->b->d, "SM0143", place_of(f, r), "`%.*s` has no value: %s", (int)r->len,
                f->text.text.ptr + r->at, why);
    sm_diag_hint(f->b->d, "%s", hint);
}

/* A value from outside of the files; it goes into the key of a cached plan. */
static void add_outside(filling *f, sm_sv name, sm_sv value)
{
    sm_spec_reading *r = f->b->reading;

    if (r->n_outside == r->cap_outside) {
        size_t cap = r->cap_outside ? 2 * r->cap_outside : 8;
        sm_spec_given *grown = SM_NEW_N(f->b->a, sm_spec_given, cap);

        if (r->n_outside)
            memcpy(grown, r->outside, r->n_outside * sizeof *grown);
        r->outside = grown;
        r->cap_outside = cap;
    }
    r->outside[r->n_outside++] = (sm_spec_given){ name, value };
    sm_buf_add(&f->out, value);
}

static void fill_variable(filling *f, const reference *r, sm_sv name)
{
    const sm_spec_variable *v;

    if (!f->b->reading->ready) {
        tell_no_value(f, r, "a variable cannot stand in what comes before variables",
                      "write the value itself, or ${env.NAME}");
        return;
    }
    v = sm_spec__variable(f->b, place_of(f, r), name);
    f->ok = f->ok && v;
    if (v)
        sm_buf_add(&f->out, v->value);
}

static void fill_environment(filling *f, const reference *r, sm_sv name)
{
    const sm_spec_env *env = f->b->env;
    const char *value = env->variable ? env->variable(sm_arena_cstr(f->b->a, name)) : NULL;

    if (env->used)
        env->used(env->read_ctx, name, place_of(f, r));
    if (value && sm_spec__not_utf8(sm_sv_cstr(value)) < strlen(value))
        tell_no_value(f, r, "what the environment has is not UTF-8", "set it to a text");
    else if (r->has_fallback && (!value || !value[0]))
        add_outside(f, r->name, r->fallback);
    else if (value)
        add_outside(f, r->name, sm_arena_dup(f->b->a, sm_sv_cstr(value)));
    else
        tell_no_value(f, r, "the environment does not have it",
                      "set it, or write ${env.NAME:-default}");
}

static void fill_pipeline(filling *f, const reference *r)
{
    const sm_spec *spec = f->b->reading->spec;

    if (f->b->reading->ready && spec->pipeline.text.len > 0)
        sm_buf_add(&f->out, spec->pipeline.text);
    else
        tell_no_value(f, r, "the pipeline has no name yet", "write the name itself");
}

static void fill_commit(filling *f, const reference *r)
{
    const sm_spec_env *env = f->b->env;
    sm_sv commit = env->commit ? env->commit(f->b->file, f->b->a) : SM_SV("");

    if (commit.len > 0)
        add_outside(f, r->name, commit);
    else
        tell_no_value(f, r, "the file lies in no git repository with a commit",
                      "take it from the environment: ${env.GIT_SHA:-unknown}");
}

static void fill_target(filling *f, const reference *r)
{
    sm_sv target = f->b->reading->target;

    if (target.len > 0)
        add_outside(f, r->name, target);
    else
        tell_no_value(f, r, "no target is chosen",
                      "say -t NAME, or give a target of smelt.yml `default: true`");
}

/* Keys that may hold one are bound elsewhere. */
static void tell_secret(filling *f, const reference *r)
{
    sm_diag_add(f->b->d, "SM0901", place_of(f, r), "a secret cannot stand here");
    sm_diag_hint(f->b->d,
                 "secrets stand in connections of smelt.yml, in the keys that are made for "
                 "them, alone");
    f->ok = false;
}

static void fill_reference(filling *f, const reference *r)
{
    sm_sv var = SM_SV("var."), environment = SM_SV("env.");

    if (r->has_fallback && !sm_sv_starts(r->name, environment))
        tell_meaningless(f, r);
    else if (sm_sv_starts(r->name, var) && r->name.len > var.len)
        fill_variable(f, r, sm_sv_sub(r->name, var.len, r->name.len));
    else if (sm_sv_starts(r->name, environment) && r->name.len > environment.len)
        fill_environment(f, r, sm_sv_sub(r->name, environment.len, r->name.len));
    else if (sm_sv_eq(r->name, SM_SV("pipeline")))
        fill_pipeline(f, r);
    else if (sm_sv_eq(r->name, SM_SV("git.sha")))
        fill_commit(f, r);
    else if (sm_sv_eq(r->name, SM_SV("target")))
        fill_target(f, r);
    else if (sm_sv_starts(r->name, SM_SV("secret.")))
        tell_secret(f, r);
    else
        tell_meaningless(f, r);
}

/* ---- the walk ---------------------------------------------------------------------- */

/* The reference that begins at `at`; one that is not closed has no name. */
static reference read_reference(sm_sv t, size_t at)
{
    reference r = { .at = at, .name = SM_SV(""), .fallback = SM_SV("") };
    size_t end = at + 2;
    ptrdiff_t colon;

    while (end < t.len && t.ptr[end] != '}' && t.ptr[end] != '\n')
        end++;
    if (end == t.len || t.ptr[end] != '}') {
        r.len = end - at;
        return r;
    }
    r.len = end + 1 - at;
    r.name = sm_sv_sub(t, at + 2, end - at - 2);
    colon = sm_sv_find(r.name, SM_SV(":-"));
    if (colon >= 0) {
        r.has_fallback = true;
        r.fallback = sm_sv_sub(r.name, (size_t)colon + 2, r.name.len);
        r.name.len = (size_t)colon;
    }
    return r;
}

/* True when the text is one reference and nothing else. */
static bool fill_text(filling *f)
{
    sm_sv t = f->text.text;
    size_t references = 0, others = 0;

    for (size_t i = 0; i < t.len;) {
        char next = i + 1 < t.len ? t.ptr[i + 1] : '\0';

        if (t.ptr[i] == '$' && next == '{') {
            reference r = read_reference(t, i);

            fill_reference(f, &r);
            references++;
            i += r.len;
        } else {
            sm_buf_addc(&f->out, t.ptr[i]);
            others++;
            i += t.ptr[i] == '$' && next == '$' ? 2 : 1;
        }
    }
    return references == 1 && others == 0;
}

static bool needs_filling(sm_sv t)
{
    const char *dollar = t.len > 1 ? memchr(t.ptr, '$', t.len - 1) : NULL;

    while (dollar && dollar[1] != '{' && dollar[1] != '$')
        dollar = memchr(dollar + 1, '$', (size_t)(t.ptr + t.len - 1 - (dollar + 1)));
    return dollar != NULL;
}

const sm_yaml_node *sm_spec__filled(const sm_bind *b, const sm_yaml_node *n, bool typed)
{
    filling f = { .b = b, .ok = true };
    sm_error err;
    bool one;

    if (n->kind != SM_YAML_STRING || !needs_filling(n->text))
        return n;
    f.text = sm_yaml_text(n);
    sm_buf_init(&f.out, MAX_FILLED);
    one = fill_text(&f);
    if (f.ok && sm_buf_check(&f.out, "the text", &err) != SM_OK) {
        sm_diag_add(b->d, "SM0103", sm_yaml_span(n),
                    "with its references this text has more than "
                    "%zu bytes",
                    MAX_FILLED);
        f.ok = false;
    }
    n = f.ok ? sm_yaml_made(n, sm_arena_dup(b->a, sm_buf_sv(&f.out)), typed && one, b->a) : NULL;
    sm_buf_release(&f.out);
    return n;
}
