/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c -- the table, and how a request finds its row. */
#include "ui/http/routes.h"

#include "ui/http/http_int.h"

/* ---- parameters ---------------------------------------------------------------------- */

static const sm_param runs_query[] = {
    { "before", SM_PARAM_INT, 1, INT64_MAX, NULL, "Only runs with a lower number.", false },
    { "limit", SM_PARAM_INT, 1, 500, NULL, "How many, the newest first (50).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

#define EVENT_PARAMS                                                                               \
    { "after", SM_PARAM_INT, 0, INT64_MAX, NULL, "Only events with a greater id.", false },        \
        { "level", SM_PARAM_WORD,           0,                                                     \
          0,       "debug info warn error", "Only events of that level and worse (info).",         \
          false },                                                                                 \
        { "table", SM_PARAM_TEXT, 0, 256, NULL, "Only events of that dataset.", false },           \
    {                                                                                              \
        "limit", SM_PARAM_INT, 1, 1000, NULL, "How many, the newest (100).", false                 \
    }

static const sm_param run_events_query[] = {
    EVENT_PARAMS,
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param events_query[] = {
    EVENT_PARAMS,
    { "run", SM_PARAM_INT, 1, INT64_MAX, NULL, "Only events of that run.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param stream_query[] = {
    { "topics", SM_PARAM_TEXT, 0, 4096, NULL,
      "Names of pipelines with commas between them; all without it.", false },
    { "after", SM_PARAM_TEXT, 0, 2048, NULL,
      "An id that was sent: go on behind it.  The header Last-Event-ID wins.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param login_body[] = {
    { "code", SM_PARAM_TEXT, 0, 200, NULL, "The code of the link that smelt serve printed.",
      false },
    { "token", SM_PARAM_TEXT, 0, 200, NULL, "Instead of a code: a token.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param token_body[] = {
    { "role", SM_PARAM_WORD, 0, 0, "viewer operator admin", "What it may do.", true },
    { "name", SM_PARAM_TEXT, 0, 200, NULL, "What it is for.", false },
    { "days", SM_PARAM_INT, 1, 3650, NULL, "How long it is good for (90).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param audit_query[] = {
    { "before", SM_PARAM_INT, 1, INT64_MAX, NULL, "Only rows with a lower id.", false },
    { "limit", SM_PARAM_INT, 1, 500, NULL, "How many, the newest first (100).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param run_body[] = {
    { "select", SM_PARAM_TEXT, 0, 4096, NULL, "What to run, as on the command line.", false },
    { "exclude", SM_PARAM_TEXT, 0, 4096, NULL, "What not to run.", false },
    { "full_refresh", SM_PARAM_TEXT, 0, 4096, NULL,
      "What to rebuild from its sources; needs the role admin.", false },
    { "with_quarantine", SM_PARAM_BOOL, 0, 0, NULL,
      "With full_refresh: what was set aside goes too.", false },
    { "keep_downstream", SM_PARAM_BOOL, 0, 0, NULL,
      "Tables that read a rebuilt one by STREAM keep their rows.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param retry_body[] = {
    { "run", SM_PARAM_INT, 1, INT64_MAX, NULL, "The run that failed; the newest without it.",
      false },
    { "all", SM_PARAM_BOOL, 0, 0, NULL, "Everything, not only what failed.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param ticket_query[] = {
    { "wait", SM_PARAM_INT, 0, 30, NULL,
      "Seconds to wait for the end (0); not kept when many wait.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param limit_query[] = {
    { "limit", SM_PARAM_INT, 1, 1000, NULL, "How many rows (50).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param quarantine_query[] = {
    { "rule", SM_PARAM_TEXT, 0, 256, NULL, "Only rows that broke that rule.", false },
    { "row", SM_PARAM_TEXT, 0, 256, NULL, "Only the row of that id.", false },
    { "limit", SM_PARAM_INT, 1, 1000, NULL, "How many rows (50).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param quarantine_body[] = {
    { "rule", SM_PARAM_TEXT, 1, 256, NULL, "Only rows that broke that rule.", false },
    { "row", SM_PARAM_TEXT, 1, 256, NULL, "Only the row of that id.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param discard_body[] = {
    { "rule", SM_PARAM_TEXT, 1, 256, NULL, "Only rows that broke that rule.", false },
    { "row", SM_PARAM_TEXT, 1, 256, NULL, "Only the row of that id.", false },
    { "all", SM_PARAM_BOOL, 0, 0, NULL, "All rows: needed when neither rule nor row is given.",
      false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param grid_query[] = {
    { "runs", SM_PARAM_INT, 1, 100, NULL, "How many, the newest first (50).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param quality_query[] = {
    { "runs", SM_PARAM_INT, 1, 100, NULL, "How many, the newest (30).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param streaming_query[] = {
    { "since", SM_PARAM_INT, 1, 2592000, NULL, "Batches of the last so many seconds (3600).",
      false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param watermarks_query[] = {
    { "name", SM_PARAM_TEXT, 0, 256, NULL, "Only of that flow, table, source or view.", false },
    { "suggest", SM_PARAM_BOOL, 0, 0, NULL, "With what other delays would have cost.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param history_query[] = {
    { "limit", SM_PARAM_INT, 1, 1000, NULL, "How many versions, the newest (50).", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

static const sm_param all_events_query[] = {
    EVENT_PARAMS,
    { "pipeline", SM_PARAM_TEXT, 0, 256, NULL, "Only events of that pipeline.", false },
    { NULL, SM_PARAM_TEXT, 0, 0, NULL, NULL, false },
};

/* ---- the table ----------------------------------------------------------------------- */

#define PIPELINE "/api/v1/pipelines/{pipeline}"

static const sm_route routes[] = {
    { .method = "GET",
      .path = "/healthz",
      .role = SM_ROLE_NONE,
      .name = "getHealth",
      .summary = "Is the server alive?",
      .handle = sm_http__healthz,
      .answer_type = "text/plain" },
    { .method = "GET",
      .path = "/readyz",
      .role = SM_ROLE_NONE,
      .name = "getReadiness",
      .summary = "Can the server do its work?  Viewers get the reasons why not.",
      .handle = sm_http__readyz },
    { .method = "GET",
      .path = "/metrics",
      .role = SM_ROLE_VIEWER,
      .name = "getMetrics",
      .summary = "Numbers as Prometheus reads them.",
      .handle = sm_http__metrics,
      .answer_type = "text/plain" },
    { .method = "GET",
      .path = "/api/v1/openapi.json",
      .role = SM_ROLE_NONE,
      .name = "getOpenapi",
      .summary = "This document.",
      .handle = sm_http__openapi },
    { .method = "POST",
      .path = "/api/v1/login",
      .role = SM_ROLE_NONE,
      .name = "login",
      .summary = "Trade a one-time code or a token for a cookie.",
      .handle = sm_http__login,
      .body = login_body,
      .unaudited = true },
    { .method = "POST",
      .path = "/api/v1/logout",
      .role = SM_ROLE_NONE,
      .name = "logout",
      .summary = "End the session of the cookie.",
      .handle = sm_http__logout,
      .unaudited = true },
    { .method = "GET",
      .path = "/api/v1/me",
      .role = SM_ROLE_NONE,
      .name = "getMe",
      .summary = "Who is asking, and what may they?",
      .handle = sm_http__me },
    { .method = "GET",
      .path = "/api/v1/stream",
      .role = SM_ROLE_VIEWER,
      .name = "streamEvents",
      .summary = "Events as they happen, as text/event-stream.",
      .handle = sm_http__stream,
      .answer_type = "text/event-stream",
      .query = stream_query },
    { .method = "GET",
      .path = "/api/v1/tokens",
      .role = SM_ROLE_ADMIN,
      .name = "listTokens",
      .summary = "All tokens, without their secrets.",
      .handle = sm_http__list_tokens },
    { .method = "POST",
      .path = "/api/v1/tokens",
      .role = SM_ROLE_ADMIN,
      .name = "createToken",
      .summary = "A new token; its secret is shown this once.",
      .handle = sm_http__create_token,
      .answer_status = "201",
      .body = token_body },
    { .method = "DELETE",
      .path = "/api/v1/tokens/{token}",
      .role = SM_ROLE_ADMIN,
      .name = "revokeToken",
      .summary = "Make a token and its sessions worthless.",
      .handle = sm_http__revoke_token },
    { .method = "GET",
      .path = "/api/v1/audit",
      .role = SM_ROLE_ADMIN,
      .name = "listAudit",
      .summary = "Who did what, from where, and how it ended.",
      .handle = sm_http__audit,
      .query = audit_query },
    { .method = "GET",
      .path = "/api/v1/overview",
      .role = SM_ROLE_VIEWER,
      .name = "getOverview",
      .summary = "Is everything all right, and what needs a person?",
      .handle = sm_http__overview },
    { .method = "GET",
      .path = PIPELINE,
      .role = SM_ROLE_VIEWER,
      .name = "getPipeline",
      .summary = "One pipeline with its datasets and who reads whom.",
      .handle = sm_http__pipeline },
    { .method = "GET",
      .path = PIPELINE "/status",
      .role = SM_ROLE_VIEWER,
      .name = "getStatus",
      .summary = "How each table stands.",
      .handle = sm_http__status },
    { .method = "GET",
      .path = PIPELINE "/runs",
      .role = SM_ROLE_VIEWER,
      .name = "listRuns",
      .summary = "Runs, newest first.",
      .handle = sm_http__runs,
      .query = runs_query },
    { .method = "GET",
      .path = PIPELINE "/runs/{run}",
      .role = SM_ROLE_VIEWER,
      .name = "getRun",
      .summary = "One run with what its flows did.",
      .handle = sm_http__run },
    { .method = "GET",
      .path = PIPELINE "/runs/{run}/events",
      .role = SM_ROLE_VIEWER,
      .name = "listRunEvents",
      .summary = "What happened in one run.",
      .handle = sm_http__run_events,
      .query = run_events_query },
    { .method = "GET",
      .path = PIPELINE "/events",
      .role = SM_ROLE_VIEWER,
      .name = "listEvents",
      .summary = "What happened in a pipeline.",
      .handle = sm_http__events,
      .query = events_query },
    { .method = "GET",
      .path = PIPELINE "/checkpoints",
      .role = SM_ROLE_VIEWER,
      .name = "listCheckpoints",
      .summary = "Where each flow stands.",
      .handle = sm_http__checkpoints },
    { .method = "GET",
      .path = PIPELINE "/checkpoints/{flow}",
      .role = SM_ROLE_VIEWER,
      .name = "getCheckpoint",
      .summary = "One flow: its generations and newest batches.",
      .handle = sm_http__checkpoint },
    { .method = "GET",
      .path = PIPELINE "/plan",
      .role = SM_ROLE_VIEWER,
      .name = "getPlan",
      .summary = "What a run of the deployed files would do to the tables.",
      .handle = sm_http__plan },
    { .method = "GET",
      .path = PIPELINE "/datasets/{dataset}",
      .role = SM_ROLE_VIEWER,
      .name = "getDataset",
      .summary = "One dataset: columns, expectations, queries, neighbours.",
      .handle = sm_http__dataset },
    { .method = "POST",
      .path = PIPELINE "/runs",
      .role = SM_ROLE_OPERATOR,
      .name = "startRun",
      .summary = "Start a run; its end is asked for by the ticket.",
      .handle = sm_http__start_run,
      .body = run_body,
      .answer_status = "202" },
    { .method = "GET",
      .path = "/api/v1/tickets/{ticket}",
      .role = SM_ROLE_VIEWER,
      .name = "getTicket",
      .summary = "How the run of a ticket stands, or ended.",
      .handle = sm_http__ticket,
      .query = ticket_query },
    { .method = "POST",
      .path = PIPELINE "/retry",
      .role = SM_ROLE_OPERATOR,
      .name = "retryRun",
      .summary = "Run again what failed, and what stands behind it.",
      .handle = sm_http__retry,
      .body = retry_body,
      .answer_status = "202" },
    { .method = "POST",
      .path = PIPELINE "/stop",
      .role = SM_ROLE_OPERATOR,
      .name = "stopRun",
      .summary = "Stop the run; what is decided is finished.",
      .handle = sm_http__stop_run },
    { .method = "POST",
      .path = PIPELINE "/pause",
      .role = SM_ROLE_OPERATOR,
      .name = "pausePipeline",
      .summary = "Let triggers start nothing.",
      .handle = sm_http__pause },
    { .method = "POST",
      .path = PIPELINE "/resume",
      .role = SM_ROLE_OPERATOR,
      .name = "resumePipeline",
      .summary = "Let triggers start runs again.",
      .handle = sm_http__resume },
    { .method = "GET",
      .path = PIPELINE "/datasets/{dataset}/preview",
      .role = SM_ROLE_VIEWER,
      .name = "previewDataset",
      .summary = "Some rows.",
      .handle = sm_http__preview,
      .query = limit_query,
      .rows = true },
    { .method = "GET",
      .path = PIPELINE "/datasets/{dataset}/why",
      .role = SM_ROLE_VIEWER,
      .name = "explainDataset",
      .summary = "Why a table is as it is, and what is wrong above it.",
      .handle = sm_http__why },
    { .method = "GET",
      .path = PIPELINE "/watermarks",
      .role = SM_ROLE_VIEWER,
      .name = "listWatermarks",
      .summary = "How far event time has come, and how late rows are.",
      .handle = sm_http__watermarks,
      .query = watermarks_query },
    { .method = "GET",
      .path = PIPELINE "/quarantine",
      .role = SM_ROLE_VIEWER,
      .name = "listQuarantines",
      .summary = "How many rows were set aside, by table and rule.",
      .handle = sm_http__quarantines },
    { .method = "GET",
      .path = PIPELINE "/quarantine/{table}",
      .role = SM_ROLE_VIEWER,
      .name = "getQuarantine",
      .summary = "Rows that were set aside.",
      .handle = sm_http__quarantine,
      .query = quarantine_query,
      .rows = true },
    { .method = "POST",
      .path = PIPELINE "/quarantine/{table}/replay",
      .role = SM_ROLE_OPERATOR,
      .name = "replayQuarantine",
      .summary = "Judge rows that were set aside by the rules of today.",
      .handle = sm_http__replay,
      .body = quarantine_body },
    { .method = "POST",
      .path = PIPELINE "/quarantine/{table}/discard",
      .role = SM_ROLE_ADMIN,
      .name = "discardQuarantine",
      .summary = "Forget rows that were set aside.",
      .handle = sm_http__discard,
      .body = discard_body },
    { .method = "POST",
      .path = PIPELINE "/checkpoints/{flow}/reset",
      .role = SM_ROLE_ADMIN,
      .name = "resetCheckpoint",
      .summary = "Let a flow read its sources again from their beginning.",
      .handle = sm_http__reset },
    { .method = "POST",
      .path = "/api/v1/reload",
      .role = SM_ROLE_ADMIN,
      .name = "reload",
      .summary = "Deploy what the files say now, if it is valid.",
      .handle = sm_http__reload },
    { .method = "GET",
      .path = PIPELINE "/grid",
      .role = SM_ROLE_VIEWER,
      .name = "getGrid",
      .summary = "The newest runs over the tables.",
      .handle = sm_http__grid,
      .query = grid_query },
    { .method = "GET",
      .path = PIPELINE "/quality",
      .role = SM_ROLE_VIEWER,
      .name = "getQuality",
      .summary = "Expectations over the newest runs.",
      .handle = sm_http__quality,
      .query = quality_query },
    { .method = "GET",
      .path = PIPELINE "/streaming",
      .role = SM_ROLE_VIEWER,
      .name = "getStreaming",
      .summary = "Micro-batches over time, for charts.",
      .handle = sm_http__streaming,
      .query = streaming_query },
    { .method = "GET",
      .path = PIPELINE "/datasets/{dataset}/history",
      .role = SM_ROLE_VIEWER,
      .name = "getHistory",
      .summary = "Versions of a table.",
      .handle = sm_http__history,
      .query = history_query },
    { .method = "GET",
      .path = "/api/v1/events",
      .role = SM_ROLE_VIEWER,
      .name = "listAllEvents",
      .summary = "What happened in all pipelines.",
      .handle = sm_http__all_events,
      .query = all_events_query },
    { .method = "GET",
      .path = "/api/v1/settings",
      .role = SM_ROLE_ADMIN,
      .name = "getSettings",
      .summary = "How this server is set up.",
      .handle = sm_http__settings },
    { .method = "POST",
      .path = PIPELINE "/hooks/{hook}",
      .role = SM_ROLE_NONE,
      .name = "callHook",
      .summary = "Start a run; X-Smelt-Signature is the HMAC of X-Smelt-Timestamp and the body.",
      .handle = sm_http__hook,
      .answer_status = "202",
      .unaudited = true,
      .blind = true,
      .raw_body = true },
    { .method = NULL },
};

const sm_route *sm_routes(void)
{
    return routes;
}

/* What is no API is the page, or a file of it. */
static const sm_route asset_route = {
    .method = "GET", .path = "/assets/", .name = "getAsset", .handle = sm_http__asset, .page = true
};
static const sm_route page_route = {
    .method = "GET", .path = "/", .name = "getPage", .handle = sm_http__page, .page = true
};

/* ---- roles --------------------------------------------------------------------------- */

static const char *const role_names[] = {
    [SM_ROLE_NONE] = "none",
    [SM_ROLE_VIEWER] = "viewer",
    [SM_ROLE_OPERATOR] = "operator",
    [SM_ROLE_ADMIN] = "admin",
};

const char *sm_role_name(sm_role role)
{
    return role_names[role];
}

sm_code sm_role_parse(sm_sv name, sm_role *out, sm_error *err)
{
    for (int i = SM_ROLE_VIEWER; i <= SM_ROLE_ADMIN; i++) {
        if (sm_sv_eq_str(name, role_names[i])) {
            *out = (sm_role)i;
            return SM_OK;
        }
    }
    return sm_fail(err, SM_E_INVALID, 0, "role \"%.*s\" is not one of viewer, operator, admin",
                   SM_SV_ARG(name));
}

/* ---- finding ------------------------------------------------------------------------- */

static bool path_fits(const char *path, const sm_uri *u, sm_route_values *values)
{
    sm_sv rest = sm_sv_cstr(path + 1), part;
    size_t i = 0;

    values->n = 0;
    if (rest.len == 0)
        return u->n_segments == 0;
    while (sm_sv_next(&rest, '/', &part)) {
        if (i == u->n_segments)
            return false;
        if (part.ptr[0] == '{')
            values->items[values->n++] = u->segments[i];
        else if (!sm_sv_eq(part, u->segments[i]))
            return false;
        i++;
    }
    return i == u->n_segments;
}

static bool method_fits(const sm_route *r, const char *method)
{
    return strcmp(r->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

static bool first_is(const sm_uri *u, const char *name)
{
    return u->n_segments > 0 && sm_sv_eq_str(u->segments[0], name);
}

const sm_route *sm_route_find(const char *method, const sm_uri *u, sm_route_values *values,
                              bool *other)
{
    *other = false;
    for (const sm_route *r = routes; r->method != NULL; r++) {
        if (!path_fits(r->path, u, values))
            continue;
        if (method_fits(r, method))
            return r;
        *other = true;
    }
    values->n = 0;
    if (*other || first_is(u, "api"))
        return NULL;
    *other = !method_fits(&page_route, method);
    return *other ? NULL : first_is(u, "assets") ? &asset_route : &page_route;
}

void sm_route_methods(const sm_uri *u, sm_buf *out)
{
    sm_route_values ignored;

    for (const sm_route *r = routes; r->method != NULL; r++)
        if (path_fits(r->path, u, &ignored))
            sm_buf_addf(out, "%s%s", out->len > 0 ? ", " : "", r->method);
    if (out->len == 0)
        sm_buf_adds(out, page_route.method);
}

sm_sv sm_route_value(const sm_route *r, const sm_route_values *values, const char *name)
{
    sm_sv rest = sm_sv_cstr(r->path), part;
    size_t i = 0;

    while (sm_sv_next(&rest, '/', &part)) {
        if (part.len < 2 || part.ptr[0] != '{')
            continue;
        if (i < values->n && sm_sv_eq_str(sm_sv_sub(part, 1, part.len - 2), name))
            return values->items[i];
        i++;
    }
    return SM_SV("");
}
