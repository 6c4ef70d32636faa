/* SPDX-License-Identifier: Apache-2.0 */
/* routes.h -- the table of routes: method, path, least role, parameters, handler.
 *
 * The server, the OpenAPI document, the reference page and the test of roles are made from it. */
#ifndef SM_HTTP_ROUTES_H
#define SM_HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "ui/http/uri.h"

/* Each may do what those before it may. */
typedef enum sm_role {
    SM_ROLE_NONE,     /* anybody */
    SM_ROLE_VIEWER,   /* status and counts, no rows */
    SM_ROLE_OPERATOR, /* run, stop, pause, retry, quarantine; rows */
    SM_ROLE_ADMIN,    /* full refresh, reset, discard, tokens, settings */
} sm_role;

const char *sm_role_name(sm_role role); /* "viewer" */
/* SM_E_INVALID names the three. */
sm_code sm_role_parse(sm_sv name, sm_role *out, sm_error *err);

typedef enum sm_param_type {
    SM_PARAM_TEXT, /* from `min` to `max` bytes */
    SM_PARAM_INT,  /* from `min` to `max` */
    SM_PARAM_BOOL, /* true or false */
    SM_PARAM_WORD, /* one of `words` */
} sm_param_type;

/* A parameter of the query, or a field of the JSON body. */
typedef struct sm_param {
    const char *name; /* NULL ends a list */
    sm_param_type type;
    int64_t min, max;
    const char *words; /* "debug info warn error" */
    const char *doc;   /* a sentence */
    bool required;
} sm_param;

struct sm_call;

typedef struct sm_route {
    const char *method; /* NULL ends the table */
    const char *path;   /* "/api/v1/pipelines/{pipeline}/status" */
    sm_role role;
    const char *name; /* "getStatus": the operation's id */
    const char *summary;
    sm_code (*handle)(struct sm_call *c, sm_error *err);
    const sm_param *query, *body; /* NULL: none */
    bool rows;                    /* shows rows: a viewer may only if that is allowed; audited */
    bool unaudited;            /* login, logout: they write themselves down, once it is known who */
    const char *answer_type;   /* NULL: application/json */
    const char *answer_status; /* "202"; NULL: 200 */
    bool blind; /* no view of {pipeline} is opened: the handler does not tell whether it is there */
    bool raw_body; /* the handler reads the body as it came */
    bool page;     /* HTML or a file, no part of the API's document */
} sm_route;

const sm_route *sm_routes(void);

enum { SM_ROUTE_VALUES_MAX = 4 };

/* What stood for the {…} of a path, in order. */
typedef struct sm_route_values {
    sm_sv items[SM_ROUTE_VALUES_MAX];
    size_t n;
} sm_route_values;

/* The route of a request; NULL when there is none, then `*other` tells whether the path has one for
 * another method. */
const sm_route *sm_route_find(const char *method, const sm_uri *u, sm_route_values *values,
                              bool *other);
/* The methods of that path: "GET, POST". */
void sm_route_methods(const sm_uri *u, sm_buf *out);
/* The value of `{name}`; "" when the path has none. */
sm_sv sm_route_value(const sm_route *r, const sm_route_values *values, const char *name);

/* Check values against a list of parameters: SM_E_INVALID for an unknown name, a missing or a wrong
 * value. */
sm_code sm_params_check_query(const sm_param *list, const sm_uri *u, sm_error *err);
/* A JSON object nested at most `depth` deep; *out lives in `a`.  "" is an object without fields. */
sm_code sm_params_parse_body(const sm_param *list, sm_sv text, size_t depth, sm_arena *a,
                             const sm_json **out, sm_error *err);

#endif
