/* SPDX-License-Identifier: Apache-2.0 */
/* project_connections.c -- from the keys of smelt.yml to what sources and sinks ask. */
#include "ui/cli/project_connections.h"

#include <string.h>

#include "pipelines/spec/spec_keys.h"
#include "runtime/base/fs.h"
#include "runtime/io/http_client.h"

/* Relative to the file that says it. */
static sm_sv path_of(const sm_spec_connection *c, sm_sv file, sm_arena *a)
{
    return sm_sv_cstr(sm_path_join(a, sm_path_dir(sm_sv_cstr(c->at.file)), file));
}

static bool is_file(const sm_key *k)
{
    return strcmp(k->name, "ca_file") == 0 || strcmp(k->name, "certificate") == 0;
}

/* One key of the connection, when it is there. */
static void put_value(sm_json *values, const sm_spec_connection *c, const sm_key *k, sm_arena *a)
{
    const char *from = (const char *)c + k->offset;
    const sm_text *text = (const void *)from;
    const sm_spec_enum *choice = (const void *)from;
    const sm_spec_bool *boolean = (const void *)from;
    const sm_spec_json *json = (const void *)from;

    if (k->kind == SM_KEY_TEXT && sm_text_set(text))
        sm_json_set_string(values, k->name, is_file(k) ? path_of(c, text->text, a) : text->text);
    else if (k->kind == SM_KEY_SECRET && sm_text_set(text))
        sm_json_set_string(values, k->name, text->text);
    else if (k->kind == SM_KEY_ENUM)
        sm_json_set_string(values, k->name, sm_sv_cstr(k->choices[choice->v]));
    else if (k->kind == SM_KEY_BOOL)
        sm_json_set_bool(values, k->name, boolean->v);
    else if (k->kind == SM_KEY_JSON && json->v != NULL)
        sm_json_set(values, k->name, sm_json_copy(a, json->v));
}

static sm_connection connection_of(const sm_spec_connection *c, sm_arena *a)
{
    const sm_key *type = sm_key_find(&sm_block_connection, SM_SV("type"));
    sm_json *values = sm_json_object(a);

    for (const sm_key *k = sm_block_connection.keys; k->name != NULL; k++)
        if (!(k->except >> c->type.v & 1U))
            put_value(values, c, k, a);
    return (sm_connection){ c->name.text, sm_sv_cstr(type->choices[c->type.v]), values };
}

static sm_secret_place place_of(const sm_spec_secret *s, sm_arena *a)
{
    sm_sv base = sm_path_dir(sm_sv_cstr(s->at.file));

    return (sm_secret_place){
        .name = s->name.text,
        .file = sm_text_set(&s->file) ? sm_path_join(a, base, s->file.text) : NULL,
        .environment = sm_text_set(&s->environment) ? sm_arena_cstr(a, s->environment.text) : NULL,
    };
}

/* Hosts of declared connections and of server: egress:, where a server may go. */
static void set_reach(const sm_spec *spec, sm_connections *c, sm_arena *a)
{
    sm_sv *reach = SM_NEW_N(a, sm_sv, spec->server.egress.n + c->n + 1), host;
    sm_error ignored;

    for (size_t i = 0; i < spec->server.egress.n; i++)
        reach[c->n_reach++] = spec->server.egress.items[i].text;
    for (size_t i = 0; i < c->n; i++)
        if (sm_http_check_url(sm_json_get_sv(c->items[i].values, "base_url", SM_SV("")), a, &host,
                              &ignored) == SM_OK)
            reach[c->n_reach++] = host;
    c->reach = reach;
}

const sm_connections *sm_project_connections(const sm_spec *spec, bool served, sm_arena *a)
{
    sm_connection *items = SM_NEW_N(a, sm_connection, spec->connections.n + 1);
    sm_secret_place *secrets = SM_NEW_N(a, sm_secret_place, spec->secrets.n + 1);
    sm_connections *c = SM_NEW(a, sm_connections);

    for (size_t i = 0; i < spec->connections.n; i++)
        items[i] = connection_of(&spec->connections.items[i], a);
    for (size_t i = 0; i < spec->secrets.n; i++)
        secrets[i] = place_of(&spec->secrets.items[i], a);
    *c = (sm_connections){ .items = items,
                           .n = spec->connections.n,
                           .secrets = secrets,
                           .n_secrets = spec->secrets.n,
                           .anywhere = !served };
    set_reach(spec, c, a);
    return c;
}
