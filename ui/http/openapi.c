/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.c -- see the header. */
#include "ui/http/openapi.h"

#include "ui/http/http_int.h"

static sm_json *object(sm_arena *a, const char *key, const sm_json *value)
{
    sm_json *o = sm_json_object(a);

    sm_json_set(o, key, value);
    return o;
}

static sm_json *typed(sm_arena *a, const char *type)
{
    return object(a, "type", sm_json_string(a, sm_sv_cstr(type)));
}

static sm_json *reference(sm_arena *a, const char *to)
{
    return object(a, "$ref", sm_json_string(a, sm_sv_cstr(to)));
}

/* ---- parameters ---------------------------------------------------------------------- */

static sm_json *words_of(const char *words, sm_arena *a)
{
    sm_sv rest = sm_sv_cstr(words), word;
    sm_json *list = sm_json_array(a);

    while (sm_sv_next(&rest, ' ', &word))
        sm_json_append_string(list, word);
    return list;
}

static sm_json *schema_of(const sm_param *p, sm_arena *a)
{
    sm_json *o = NULL;

    switch (p->type) {
    case SM_PARAM_TEXT:
        o = typed(a, "string");
        if (p->min > 0)
            sm_json_set_int(o, "minLength", p->min);
        sm_json_set_int(o, "maxLength", p->max);
        sm_json_set_string(o, "pattern", SM_SV("^[^\\x00]*$")); /* which no text of ours holds */
        break;
    case SM_PARAM_INT:
        o = typed(a, "integer");
        sm_json_set_int(o, "minimum", p->min);
        sm_json_set_int(o, "maximum", p->max);
        break;
    case SM_PARAM_BOOL:
        o = typed(a, "boolean");
        break;
    case SM_PARAM_WORD:
        o = typed(a, "string");
        sm_json_set(o, "enum", words_of(p->words, a));
        break;
    }
    return o;
}

static void add_path_params(const sm_route *r, sm_json *list, sm_arena *a)
{
    sm_sv rest = sm_sv_cstr(r->path), part;

    while (sm_sv_next(&rest, '/', &part)) {
        sm_json *o, *schema;
        sm_sv name = part.len < 2 ? part : sm_sv_sub(part, 1, part.len - 2);

        if (part.len == 0 || part.ptr[0] != '{')
            continue;
        schema = typed(a, "string");
        if (sm_sv_eq_str(name, "run") || sm_sv_eq_str(name, "ticket")) {
            schema = typed(a, "integer");
            sm_json_set_int(schema, "minimum", 1);
            sm_json_set_int(schema, "maximum", INT64_C(9007199254740991));
        }
        o = object(a, "name", sm_json_string(a, name));
        sm_json_set_string(o, "in", SM_SV("path"));
        sm_json_set_bool(o, "required", true);
        sm_json_set(o, "schema", schema);
        sm_json_append(list, o);
    }
}

static sm_json *params_of(const sm_route *r, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    add_path_params(r, list, a);
    for (const sm_param *p = r->query; p != NULL && p->name != NULL; p++) {
        sm_json *o = object(a, "name", sm_json_string(a, sm_sv_cstr(p->name)));

        sm_json_set_string(o, "in", SM_SV("query"));
        sm_json_set_string(o, "description", sm_sv_cstr(p->doc));
        if (p->required)
            sm_json_set_bool(o, "required", true);
        sm_json_set(o, "schema", schema_of(p, a));
        sm_json_append(list, o);
    }
    return list;
}

static sm_json *body_of(const sm_route *r, sm_arena *a)
{
    sm_json *schema = typed(a, "object"), *fields = sm_json_object(a), *needed = sm_json_array(a);
    sm_json *o;

    for (const sm_param *p = r->body; p != NULL && p->name != NULL; p++) {
        o = schema_of(p, a);
        sm_json_set_string(o, "description", sm_sv_cstr(p->doc));
        sm_json_set(fields, p->name, o);
        if (p->required)
            sm_json_append_string(needed, sm_sv_cstr(p->name));
    }
    sm_json_set(schema, "properties", fields);
    if (sm_json_len(needed) > 0)
        sm_json_set(schema, "required", needed);
    sm_json_set_bool(schema, "additionalProperties", false);
    o = object(a, "content", object(a, "application/json", object(a, "schema", schema)));
    if (sm_json_len(needed) > 0)
        sm_json_set_bool(o, "required", true);
    return o;
}

/* ---- answers ------------------------------------------------------------------------- */

static sm_json *answer(sm_arena *a, const char *text, const char *type, sm_json *schema)
{
    sm_json *o = object(a, "description", sm_json_string(a, sm_sv_cstr(text)));

    sm_json_set(o, "content", object(a, type, object(a, "schema", schema)));
    return o;
}

static sm_json *answers_of(const sm_route *r, sm_arena *a)
{
    sm_json *o = sm_json_object(a);
    bool text = r->answer_type != NULL;
    const char *status = r->answer_status != NULL ? r->answer_status : "200";

    sm_json_set(o, status,
                answer(a, "What was asked for.", text ? r->answer_type : "application/json",
                       typed(a, text ? "string" : "object")));
    sm_json_set(o, "default", reference(a, "#/components/responses/failure"));
    return o;
}

static sm_json *operation_of(const sm_route *r, sm_arena *a)
{
    sm_json *o = object(a, "operationId", sm_json_string(a, sm_sv_cstr(r->name)));
    sm_json *params = params_of(r, a);

    sm_json_set_string(o, "summary", sm_sv_cstr(r->summary));
    if (sm_json_len(params) > 0)
        sm_json_set(o, "parameters", params);
    if (strcmp(r->method, "POST") == 0 && !r->raw_body)
        sm_json_set(o, "requestBody", body_of(r, a));
    sm_json_set(o, "responses", answers_of(r, a));
    sm_json_set_string(o, "x-smelt-role", sm_sv_cstr(sm_role_name(r->role)));
    if (r->rows)
        sm_json_set_bool(o, "x-smelt-rows", true);
    if (r->role == SM_ROLE_NONE)
        sm_json_set(o, "security", sm_json_array(a));
    return o;
}

/* ---- the document -------------------------------------------------------------------- */

static sm_json *paths_of(sm_arena *a)
{
    sm_json *paths = sm_json_object(a);

    for (const sm_route *r = sm_routes(); r->method != NULL; r++) {
        static const char *const methods[][2] = { { "GET", "get" },
                                                  { "POST", "post" },
                                                  { "DELETE", "delete" } };
        sm_json *path = sm_json_get_mut(paths, r->path);

        if (path == NULL) {
            sm_json_set(paths, r->path, sm_json_object(a));
            path = sm_json_get_mut(paths, r->path);
        }
        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
            if (strcmp(r->method, methods[i][0]) == 0)
                sm_json_set(path, methods[i][1], operation_of(r, a));
    }
    return paths;
}

static sm_json *failure_of(sm_arena *a)
{
    sm_json *schema = typed(a, "object"), *error = typed(a, "object"), *fields = sm_json_object(a);
    sm_json *needed = sm_json_array(a), *outer = sm_json_array(a);

    sm_json_set(fields, "code", typed(a, "string"));
    sm_json_set(fields, "message", typed(a, "string"));
    sm_json_set(fields, "hint", typed(a, "string"));
    sm_json_append_string(needed, SM_SV("code"));
    sm_json_append_string(needed, SM_SV("message"));
    sm_json_set(error, "properties", fields);
    sm_json_set(error, "required", needed);
    sm_json_append_string(outer, SM_SV("error"));
    sm_json_set(schema, "properties", object(a, "error", error));
    sm_json_set(schema, "required", outer);
    return answer(a, "Why it was not done.", "application/json", schema);
}

static sm_json *components_of(sm_arena *a)
{
    sm_json *o = object(a, "responses", object(a, "failure", failure_of(a)));
    sm_json *bearer = typed(a, "http");

    sm_json_set_string(bearer, "scheme", SM_SV("bearer"));
    sm_json_set(o, "securitySchemes", object(a, "token", bearer));
    return o;
}

sm_json *sm_openapi(sm_sv base, sm_sv version, sm_arena *a)
{
    sm_json *doc = object(a, "openapi", sm_json_string(a, SM_SV("3.1.0")));
    sm_json *info = object(a, "title", sm_json_string(a, SM_SV("smelt")));
    sm_json *servers = sm_json_array(a), *security = sm_json_array(a);

    sm_json_set_string(info, "version", version.len > 0 ? version : SM_SV("0"));
    sm_json_set_string(info, "description",
                       SM_SV("What the page of `smelt serve` shows and does.  Documents are those "
                             "that the commands print with --json; fields are only ever added."));
    sm_json_set(doc, "info", info);
    sm_json_append(servers, object(a, "url", sm_json_string(a, base.len > 0 ? base : SM_SV("/"))));
    sm_json_set(doc, "servers", servers);
    sm_json_append(security, object(a, "token", sm_json_array(a)));
    sm_json_set(doc, "security", security);
    sm_json_set(doc, "paths", paths_of(a));
    sm_json_set(doc, "components", components_of(a));
    return doc;
}

sm_code sm_http__openapi(sm_call *c, sm_error *err)
{
    (void)err;
    c->answer.doc = sm_openapi(c->base, c->server->config.version, c->a);
    return SM_OK;
}
