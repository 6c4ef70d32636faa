/* SPDX-License-Identifier: Apache-2.0 */
/* http_int.h -- one request on its way through the server; this module only. */
#ifndef SM_HTTP_HTTP_INT_H
#define SM_HTTP_HTTP_INT_H

#include "runtime/base/json.h"
#include "runtime/store/store_tokens.h"
#include "ui/http/auth.h"
#include "ui/http/connections.h"
#include "ui/http/http.h"
#include "ui/http/hub.h"
#include "ui/http/routes.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

/* Ceilings of one request; those of connections are in connections.h, of guessing in auth.h. */
enum {
    SM_HTTP__TARGET_MAX = 8 * 1024,   /* request line */
    SM_HTTP__HEADERS_MAX = 32 * 1024, /* all of them */
    SM_HTTP__BODY_MAX = 1024 * 1024,
    SM_HTTP__PASSED_OVER = 64 * 1024, /* of a body whose request is refused */
    SM_HTTP__BODY_DEPTH = 32,
    SM_HTTP__IDLE_S = 20,             /* nothing moved on a connection */
    SM_HTTP__STACK = 8 * 1024 * 1024, /* of a thread: the engine parses on it */
    SM_HTTP__GZIP_LEVEL = 5,
    SM_HTTP__GZIP_LEAST = 1024, /* below it, packing costs more than it saves */
    SM_HTTP__ANSWER_HEADERS = 8,
};

typedef struct sm_answer_header {
    const char *name;
    sm_sv value;
} sm_answer_header;

/* What a handler leaves: a document, or bytes. */
typedef struct sm_answer {
    unsigned status;               /* 0: 200 */
    const sm_json *doc;            /* NULL: `body` */
    sm_sv body;                    /* lives in the call's arena, or for ever */
    const char *type;              /* of the body; NULL: application/json */
    bool packed;                   /* the body is gzip already, the client takes it */
    sm_sv etag;                    /* with its quotes; "" of a document: made of its text */
    struct MHD_Response *response; /* made by the handler: a stream; NULL: of the above */
    const char *cache; /* Cache-Control; NULL: no-cache, which means ask again with the ETag */
    sm_answer_header headers[SM_HTTP__ANSWER_HEADERS];
    size_t n_headers;
} sm_answer;

typedef struct sm_call {
    sm_http *server;
    struct MHD_Connection *connection;
    sm_connection *socket; /* NULL: it could not be counted */
    sm_arena *a;           /* the request's */
    const char *method;    /* NULL: the headers are not there yet */
    sm_sv target;          /* as it came */
    sm_buf raw;            /* of the body, as it comes */
    bool refused;          /* before its body was there */
    bool too_large;        /* the body is, and is passed over */
    sm_uri uri;
    const sm_route *route;
    sm_route_values values;
    sm_who who;
    sm_sv address;       /* of the client, behind proxies that are trusted */
    sm_sv host;          /* as the client calls us, with the port */
    bool https;          /* between the client and us, or the proxy */
    sm_sv base;          /* what stands before every path for the client: "" or "/data/smelt" */
    const sm_json *body; /* checked; NULL: none */
    sm_view view;        /* of the route's {pipeline} */
    void *hold;          /* of the view; NULL: none is open */
    sm_answer answer;
} sm_call;

struct sm_http {
    struct MHD_Daemon *daemon;
    const sm_site *site;
    sm_http_config config; /* texts in `a` */
    sm_arena *a;
    sm_store *store; /* tokens, sessions, audit */
    sm_connections *connections;
    sm_hub *hub;
    sm_auth auth;
    sm_atomic requests[6]; /* by the first digit of the status */
    int64_t started_ms;
    bool tls;
    const char *url, *login_link, *token_file, *warning;
};

/* ---- what handlers use ---- */

sm_sv sm_call__value(const sm_call *c, const char *name); /* of the path's {name} */
sm_sv sm_call__query(const sm_call *c, const char *name); /* "" when not given */
int64_t sm_call__query_int(const sm_call *c, const char *name, int64_t fallback);
bool sm_call__accepts_gzip(const sm_call *c);
sm_sv sm_call__header(const sm_call *c, const char *name); /* "" when not sent */
void sm_call__add_header(sm_call *c, const char *name, sm_sv value);
/* What the site and the scheduler know of a pipeline. */
sm_code sm_call__deployed(sm_call *c, sm_sv pipeline, sm_view_deployed *out, sm_error *err);
/* hide.c: the document without samples and values of rows, for those who may not see them. */
const sm_json *sm_http__hide_rows(const sm_json *doc, sm_arena *a);

/* ---- peer.c: who is at the other end, and how does it call us ---- */

/* Fills address, host, https and base; false after refusing a name that is not ours. */
bool sm_call__find_peer(sm_call *c);
/* Does only this machine reach that address ("127.0.0.1", "localhost", "::1")? */
bool sm_peer__is_loopback(sm_sv host);
/* "10.1.2.3" in "10.0.0.0/8"? */
bool sm_peer__in_range(sm_sv address, sm_sv range);

/* ---- call.c: one request ---- */

/* By its headers: who asks, for what, and may they?  False after refusing. */
bool sm_call__admit(sm_call *c);
void sm_call__handle(sm_call *c);
/* An act that has no row yet, and its outcome, into the log of what people did. */
void sm_call__write_down(sm_call *c, sm_sv act, sm_sv outcome);

/* ---- answer.c ---- */

/* The answer to a failure: {"error":{code, message, hint}}. */
void sm_call__refuse(sm_call *c, unsigned status, const char *code, sm_sv message, sm_sv hint);
void sm_call__fail(sm_call *c, const sm_error *err);
/* Bytes and headers of c->answer as a response; owned by the caller. */
struct MHD_Response *sm_call__response(sm_call *c);

/* ---- handlers, named in routes.c ---- */

sm_code sm_http__stream(sm_call *c, sm_error *err);
sm_code sm_http__metrics(sm_call *c, sm_error *err);
sm_code sm_http__openapi(sm_call *c, sm_error *err);
sm_code sm_http__readyz(sm_call *c, sm_error *err);
sm_code sm_http__list_tokens(sm_call *c, sm_error *err);
sm_code sm_http__create_token(sm_call *c, sm_error *err);
sm_code sm_http__revoke_token(sm_call *c, sm_error *err);
sm_code sm_http__audit(sm_call *c, sm_error *err);
sm_code sm_http__page(sm_call *c, sm_error *err);
sm_code sm_http__asset(sm_call *c, sm_error *err);
sm_code sm_http__healthz(sm_call *c, sm_error *err);
sm_code sm_http__overview(sm_call *c, sm_error *err);
sm_code sm_http__pipeline(sm_call *c, sm_error *err);
sm_code sm_http__status(sm_call *c, sm_error *err);
sm_code sm_http__runs(sm_call *c, sm_error *err);
sm_code sm_http__run(sm_call *c, sm_error *err);
sm_code sm_http__run_events(sm_call *c, sm_error *err);
sm_code sm_http__events(sm_call *c, sm_error *err);
sm_code sm_http__checkpoints(sm_call *c, sm_error *err);
sm_code sm_http__checkpoint(sm_call *c, sm_error *err);
sm_code sm_http__plan(sm_call *c, sm_error *err);
sm_code sm_http__dataset(sm_call *c, sm_error *err);

sm_code sm_http__why(sm_call *c, sm_error *err);
sm_code sm_http__watermarks(sm_call *c, sm_error *err);
sm_code sm_http__history(sm_call *c, sm_error *err);
sm_code sm_http__grid(sm_call *c, sm_error *err);
sm_code sm_http__quality(sm_call *c, sm_error *err);
sm_code sm_http__streaming(sm_call *c, sm_error *err);
sm_code sm_http__all_events(sm_call *c, sm_error *err);
sm_code sm_http__settings(sm_call *c, sm_error *err);
sm_code sm_http__start_run(sm_call *c, sm_error *err);
sm_code sm_http__ticket(sm_call *c, sm_error *err);
sm_code sm_http__hook(sm_call *c, sm_error *err);
sm_code sm_http__retry(sm_call *c, sm_error *err);
sm_code sm_http__stop_run(sm_call *c, sm_error *err);
sm_code sm_http__pause(sm_call *c, sm_error *err);
sm_code sm_http__resume(sm_call *c, sm_error *err);
sm_code sm_http__reload(sm_call *c, sm_error *err);
sm_code sm_http__replay(sm_call *c, sm_error *err);
sm_code sm_http__discard(sm_call *c, sm_error *err);
sm_code sm_http__reset(sm_call *c, sm_error *err);
sm_code sm_http__preview(sm_call *c, sm_error *err);
sm_code sm_http__quarantines(sm_call *c, sm_error *err);
sm_code sm_http__quarantine(sm_call *c, sm_error *err);

#endif
