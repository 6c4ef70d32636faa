/* SPDX-License-Identifier: Apache-2.0 */
/* spec_bucket.c -- tables and files in a bucket: which connection reaches it. */
#include "pipelines/spec/spec_int.h"
#include "runtime/base/suggest.h"

bool sm_spec_is_remote(const sm_spec *s)
{
    return sm_sv_starts(s->storage.text, SM_SV("s3://"));
}

/* Those of type s3; *out lives in `a`. */
static size_t candidates(const sm_spec *s, sm_arena *a, const sm_spec_connection ***out)
{
    size_t n = 0;

    *out = SM_NEW_N(a, const sm_spec_connection *, s->connections.n + 1);
    for (size_t i = 0; i < s->connections.n; i++)
        if (s->connections.items[i].type.v == SM_CONNECTION_S3)
            (*out)[n++] = &s->connections.items[i];
    return n;
}

bool sm_spec_source_is_remote(const sm_spec_source *s)
{
    return s->options != NULL &&
           sm_sv_starts(sm_json_get_sv(s->options, "path", SM_SV("")), SM_SV("s3://"));
}

bool sm_spec_source_is_outside(const sm_spec_source *s)
{
    return sm_spec_source_is_remote(s) || sm_sv_eq_str(s->type.text, "kafka") ||
           sm_sv_eq_str(s->type.text, "http");
}

/* The one of that name, "" the only one; NULL: there is none. */
static const sm_spec_connection *connection_of(const sm_spec *s, sm_sv named)
{
    const sm_spec_connection *only = NULL;

    for (size_t i = 0; i < s->connections.n; i++) {
        const sm_spec_connection *c = &s->connections.items[i];

        if (c->type.v != SM_CONNECTION_S3)
            continue;
        if (named.len == 0)
            only = c;
        else if (sm_sv_eq(c->name.text, named))
            return c;
    }
    return only;
}

const sm_spec_connection *sm_spec_storage_connection(const sm_spec *s)
{
    return connection_of(s, s->storage_connection.text);
}

static sm_sv named_by(const sm_spec_source *source)
{
    return sm_json_get_sv(source->options, "connection", SM_SV(""));
}

const sm_spec_connection *sm_spec_source_connection(const sm_spec *s, const sm_spec_source *source)
{
    return connection_of(s, named_by(source));
}

static sm_sv names_of(const sm_spec_connection *const *list, size_t n, sm_arena *a)
{
    sm_sv names = SM_SV("");

    for (size_t i = 0; i < n; i++)
        names = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(names), i > 0 ? ", " : "",
                                SM_SV_ARG(list[i]->name.text));
    return names;
}

static void check_named(const sm_bind *b, sm_sv named, sm_span at,
                        const sm_spec_connection *const *list, size_t n)
{
    sm_sv *names = SM_NEW_N(b->a, sm_sv, n + 1);
    size_t near;

    for (size_t i = 0; i < n; i++) {
        names[i] = list[i]->name.text;
        if (sm_sv_eq(names[i], named))
            return;
    }
    sm_diag_add(b->d, "SM0163", at, "there is no connection `%.*s` of type s3", SM_SV_ARG(named));
    near = sm_suggest(named, names, n);
    if (near < n)
        sm_diag_hint(b->d, "did you mean `%.*s`?", SM_SV_ARG(names[near]));
    else if (n == 0)
        sm_diag_hint(b->d, "connections stand in smelt.yml: connections: {%.*s: {type: s3, …}}",
                     SM_SV_ARG(named));
    else
        sm_diag_hint(b->d, "smelt.yml has %.*s", SM_SV_ARG(names_of(list, n, b->a)));
}

/* Half a key pair is none. */
static void check_keys(const sm_bind *b, const sm_spec_connection *c)
{
    bool id = c->access_key_id.text.len > 0, key = c->secret_access_key.text.len > 0;

    if (id == key)
        return;
    sm_diag_add(b->d, "SM0163", c->at, "connection `%.*s` has `%s` and no `%s`",
                SM_SV_ARG(c->name.text), id ? "access_key_id" : "secret_access_key",
                id ? "secret_access_key" : "access_key_id");
    sm_diag_hint(b->d, "give both, or neither: then AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                       "of the environment count");
}

/* `key` names the connection, as the text `named` does; "" is the only one. */
static void check_choice(const sm_bind *b, sm_sv named, sm_span at, const char *key,
                         const sm_spec_connection *const *list, size_t n)
{
    if (named.len > 0) {
        check_named(b, named, at, list, n);
    } else if (n > 1) {
        sm_diag_add(b->d, "SM0163", at, "several connections may reach the bucket: %.*s",
                    SM_SV_ARG(names_of(list, n, b->a)));
        sm_diag_hint(b->d, "name one beside it: %s: %.*s", key, SM_SV_ARG(list[0]->name.text));
    }
}

void sm_spec__check_source_buckets(const sm_bind *b, const sm_spec *s)
{
    const sm_spec_connection **list;
    size_t n = candidates(s, b->a, &list);
    bool any = false;

    for (size_t i = 0; i < s->sources.n; i++) {
        const sm_spec_source *source = &s->sources.items[i];

        if (source->broken || !sm_spec_source_is_remote(source))
            continue;
        check_choice(b, named_by(source), source->name.at, "connection", list, n);
        any = true;
    }
    for (size_t i = 0; any && !sm_spec_is_remote(s) && i < n; i++)
        check_keys(b, list[i]);
}

void sm_spec__check_bucket(const sm_bind *b, const sm_spec *s)
{
    const sm_spec_connection **list;
    size_t n = candidates(s, b->a, &list);

    if (!sm_text_set(&s->state.path)) {
        sm_diag_add(b->d, "SM0162", s->storage.at,
                    "the tables are in a bucket, and `state.path` does not say where this machine "
                    "keeps its state");
        sm_diag_hint(b->d, "add state: {path: .smelt}: a local folder for the control store, locks "
                           "and copies of files");
    }
    check_choice(b, s->storage_connection.text,
                 sm_text_set(&s->storage_connection) ? s->storage_connection.at : s->storage.at,
                 "storage_connection", list, n);
    for (size_t i = 0; i < n; i++)
        check_keys(b, list[i]);
}
