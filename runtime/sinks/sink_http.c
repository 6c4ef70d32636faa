/* SPDX-License-Identifier: Apache-2.0 */
/* sink_http.c -- rows as requests over HTTP: parts of a batch, one after the other.
 *
 *     prepare   the bodies of all requests of the batch into an outbox, synced
 *     decided   the manifest names it
 *     publish   each body with a key that is its own; a byte in ".parts" when it was taken
 *
 * A request whose answer did not come may have been taken, and whoever took it cannot be asked: so
 * it is sent again, the same bytes under the same key, and a receiver that knows the key takes each
 * row once.  The key is made of the generation, the batch, its attempt and the number of the
 * request.  The attempt is in it for a control store that was set back: there a batch of the same
 * number has other rows, and a receiver that knew its key would pass over them.
 *
 * Batches go in their order: a request that is refused holds back those behind it. */
#include "runtime/sinks/sink_http.h"

#include "runtime/base/failpoint.h"
#include "runtime/io/http_endpoint.h"
#include "runtime/sinks/outbox_batch.h"

enum { FORMAT_JSON, FORMAT_NDJSON, FORMAT_OBJECT };
enum { BODY_MAX = 16 * 1024 * 1024 - 64 }; /* an outbox takes no larger message */

typedef struct http_config {
    sm_sv url, connection;
    int method, format, delivery;
    const sm_json *headers, *batch, *retry;
} http_config;

static const char *const methods[] = { "POST", "PUT", NULL };
static const char *const formats[] = { "json", "ndjson", "object", NULL };
static const char *const deliveries[] = { "at_least_once", NULL };

static const sm_option http_options[] = {
    {
        .name = "url",
        .type = SM_TYPE_STRING,
        .offset = offsetof(http_config, url),
        .fallback = "",
        .doc = "Address to send to, with http or https; with `connection` what is added to its "
               "base_url.",
    },
    {
        .name = "connection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(http_config, connection),
        .fallback = "",
        .doc = "Name of a connection of smelt.yml of type http, which has base_url, headers and "
               "how to log in.",
    },
    {
        .name = "method",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(http_config, method),
        .choices = methods,
        .fallback = "POST",
        .doc = "How to send.",
    },
    {
        .name = "headers",
        .type = SM_TYPE_MAP,
        .offset = offsetof(http_config, headers),
        .fallback = "{}",
        .doc = "Headers of each request, as {Name: value}; none that is a secret.",
    },
    {
        .name = "format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(http_config, format),
        .choices = formats,
        .fallback = "json",
        .doc = "What a body is: json, an array of rows; ndjson, a row a line; object, one row.",
    },
    {
        .name = "batch",
        .type = SM_TYPE_MAP,
        .offset = offsetof(http_config, batch),
        .fallback = "{}",
        .doc = "How much a request has at most: {rows: 500, bytes: 1MiB}; a row that is larger "
               "goes alone.",
    },
    {
        .name = "retry",
        .type = SM_TYPE_MAP,
        .offset = offsetof(http_config, retry),
        .fallback = "{}",
        .doc = "How often a request is sent before the run fails, and how long it is waited "
               "between: {max_attempts: 5, backoff: 500ms, backoff_max: 1m}.",
    },
    {
        .name = "delivery",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(http_config, delivery),
        .choices = deliveries,
        .fallback = "at_least_once",
        .doc = "A request that had no answer is sent again, with the same Idempotency-Key.",
    },
    { .name = NULL },
};

typedef struct http_state {
    sm_http_endpoint end;
    sm_sv host; /* "hooks.example.com:443": the rest of an address may be a secret */
} http_state;

/* --- Life --- */

/* With one key for all requests a receiver would take the first one only. */
static sm_code check_headers(const sm_http_endpoint *end, sm_error *err)
{
    for (size_t i = 0; i < end->n_headers; i++) {
        sm_sv line = end->headers[i], name;

        if (sm_sv_next(&line, ':', &name) &&
            sm_sv_eq_nocase(sm_sv_trim(name), SM_SV("Idempotency-Key")))
            return sm_fail(err, SM_E_INVALID, 0,
                           "`headers`, also those of a connection, cannot have Idempotency-Key: "
                           "each request has one of its own");
    }
    return SM_OK;
}

static sm_code http_open(sm_sink *k, sm_error *err)
{
    const http_config *config = k->config;
    http_state *s = SM_NEW(k->arena, http_state);
    sm_code rc;

    k->state = s;
    if ((rc = sm_http_endpoint_open(&s->end, k->connections, config->connection, config->url,
                                    config->headers, k->arena, err)) != SM_OK ||
        (rc = check_headers(&s->end, err)) != SM_OK)
        return rc;
    return sm_http_check_url(s->end.url, k->arena, &s->host, err);
}

static void http_close(sm_sink *k)
{
    http_state *s = k->state;

    if (s != NULL)
        sm_http_endpoint_close(&s->end);
    k->state = NULL;
}

/* --- Prepare --- */

/* The body that is being filled. */
typedef struct filling {
    int format;
    int64_t max_rows;
    size_t max_bytes;
    sm_buf body;
    int64_t rows; /* in it */
    int64_t parts;
} filling;

static sm_code end_body(filling *f, sm_outbox *o, sm_error *err)
{
    sm_code rc;

    if (f->format == FORMAT_JSON)
        sm_buf_addc(&f->body, ']');
    rc = sm_outbox_add(o, &(sm_outbox_message){ .value = sm_buf_sv(&f->body) }, err);
    sm_buf_clear(&f->body);
    f->rows = 0;
    f->parts++;
    return rc;
}

static bool is_full(const filling *f, size_t more)
{
    return f->rows > 0 && (f->rows >= f->max_rows || f->body.len + more + 2 > f->max_bytes);
}

static sm_code take_row(void *ctx, sm_outbox *o, const sm_outbox_message *m, sm_error *err)
{
    const sm_sv row = m->value;
    filling *f = ctx;
    sm_code rc;

    if (row.len + 2 > BODY_MAX)
        return sm_fail(err, SM_E_LIMIT, 0,
                       "a row has %zu bytes as JSON, and a request may have %d: leave out of "
                       "`from` what is large",
                       row.len, BODY_MAX);
    if (is_full(f, row.len) && (rc = end_body(f, o, err)) != SM_OK)
        return rc;
    if (f->format == FORMAT_JSON)
        sm_buf_addc(&f->body, f->rows > 0 ? ',' : '[');
    sm_buf_add(&f->body, row);
    if (f->format == FORMAT_NDJSON)
        sm_buf_addc(&f->body, '\n');
    f->rows++;
    return SM_OK;
}

/* What a body is is decided with it: the pipeline may say something else when it is sent. */
static sm_code end_rows(void *ctx, sm_outbox *o, sm_json *action, sm_error *err)
{
    filling *f = ctx;
    sm_code rc = end_body(f, o, err);

    sm_json_set_int(action, "parts", f->parts);
    sm_json_set_string(action, "format", sm_sv_cstr(formats[f->format]));
    return rc;
}

static sm_code http_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                            int64_t *bytes_out, sm_error *err)
{
    const http_config *config = k->config;
    int64_t bytes = sm_json_get_int(config->batch, "bytes", 1024 * 1024);
    filling f = { .format = config->format,
                  .max_rows = sm_json_get_int(config->batch, "rows", 500),
                  .max_bytes = bytes < BODY_MAX ? (size_t)bytes : BODY_MAX };
    const sm_outbox_rows rows = { .take = take_row, .end = end_rows, .ctx = &f };
    sm_code rc;

    if (f.format == FORMAT_OBJECT)
        f.max_rows = 1;
    sm_buf_init(&f.body, BODY_MAX + 64);
    rc = sm_outbox_prepare(k, select, &rows, m, rows_out, bytes_out, err);
    sm_buf_release(&f.body);
    return rc;
}

/* --- Publish --- */

typedef struct sending {
    const sm_sink *k;
    const sm_manifest *m;
    const sm_outbox_batch *batch;
    int64_t part, done, parts;
} sending;

static sm_sv key_of(const sending *s, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s-%lld-%.*s-%lld", SM_SV_ARG(s->k->generation),
                           (long long)s->m->id.n, SM_SV_ARG(sm_sv_sub(s->batch->attempt, 0, 8)),
                           (long long)s->part);
}

/* Which request it is, and what becomes of it. */
static sm_code explain(const sending *s, sm_sv key, int status, sm_arena *a, sm_error *err)
{
    sm_sv name = s->k->name, advice = SM_SV("");
    sm_error why = *err;

    if (why.code == SM_E_CANCELLED)
        return why.code;
    if (status == 401 || status == 403)
        advice = SM_SV(": it does not know who asks, or who asks may not");
    else if (!why.retryable && status >= 400)
        advice = sm_arena_printf(a,
                                 ": let the receiver take it, or change `from` and begin anew with "
                                 "`smelt checkpoint reset %.*s`",
                                 SM_SV_ARG(name));
    sm_fail(err, why.code, why.sys,
            "request %lld of %lld (Idempotency-Key %.*s): %s; nothing is lost, the next run goes "
            "on with this request%.*s",
            (long long)s->part, (long long)s->parts, SM_SV_ARG(key), why.msg, SM_SV_ARG(advice));
    err->retryable = why.retryable;
    return err->code;
}

static sm_sv type_of(const sending *s)
{
    sm_sv format = sm_json_get_sv(s->batch->action, "format", SM_SV("json"));

    return sm_sv_eq(format, SM_SV("ndjson")) ? SM_SV("Content-Type: application/x-ndjson")
                                             : SM_SV("Content-Type: application/json");
}

static sm_code send_body(const sending *s, sm_sv body, sm_arena *a, sm_error *err)
{
    const http_config *config = s->k->config;
    const http_state *state = s->k->state;
    sm_sv key = key_of(s, a);
    const sm_sv lines[] = { type_of(s), SM_SV("User-Agent: smelt"),
                            sm_arena_printf(a, "Idempotency-Key: %.*s", SM_SV_ARG(key)) };
    const sm_http_ask ask = {
        .method = sm_sv_cstr(methods[config->method]),
        .url = state->end.url,
        .shown = state->host,
        .lines = lines,
        .n_lines = 3,
        .body = body,
        .tries = sm_json_get_int(config->retry, "max_attempts", 5),
        .pause_ms = sm_json_get_int(config->retry, "backoff", 500),
        .pause_max_ms = sm_json_get_int(config->retry, "backoff_max", 60 * 1000),
        .keyed = true,
        .answer_is_cut = true,
        .stopping = s->k->stopping,
        .stopping_ctx = s->k->stopping_ctx,
        .stop = s->k->give_up,
    };
    sm_http_answer answer = { 0 };

    if (sm_http_endpoint_ask(&state->end, &ask, a, &answer, err) != SM_OK)
        return explain(s, key, answer.status, a, err);
    return SM_OK;
}

static sm_code send_part(void *ctx, const sm_outbox_message *m, sm_error *err)
{
    sending *s = ctx;
    sm_arena *a;
    sm_code rc;

    if (s->part++ < s->done)
        return SM_OK;
    if (s->k->stopping != NULL && s->k->stopping(s->k->stopping_ctx))
        return sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
    a = sm_arena_new("request");
    sm_failpoint("http.before_send");
    if ((rc = send_body(s, m->value, a, err)) == SM_OK) {
        sm_failpoint("http.after_send"); /* it knows, and we do not yet */
        rc = sm_outbox_part_taken(s->batch, err);
    }
    sm_arena_free(a);
    return rc;
}

static sm_code http_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    const sm_outbox_batch b = sm_outbox_of(k, m);
    sending s = { .k = k,
                  .m = m,
                  .batch = &b,
                  .done = sm_outbox_parts(&b),
                  .parts = sm_json_get_int(b.action, "parts", 0) };
    bool there;
    sm_code rc = sm_outbox_look(k, m, &b, false, &there, err);

    if (rc == SM_OK && !there)
        rc = sm_outbox_each(b.path, b.bytes, send_part, &s, err);
    if (rc == SM_OK)
        rc = sm_outbox_clear(k, m, &b, false, err);
    if (rc == SM_OK)
        *version_out = m->id.n;
    return rc;
}

/* --- Looks --- */

/* A receiver does not say what it was sent. */
static sm_code http_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    (void)a;
    (void)err;
    sm_outbox_inspect(k, out);
    return SM_OK;
}

static sm_code http_unchanged(sm_sink *k, bool *out, sm_error *err)
{
    (void)k;
    (void)err;
    *out = true;
    return SM_OK;
}

const sm_sink_ops sm_sink_http = {
    .name = "http",
    .summary = "Requests over HTTP, such as webhooks.",
    .options = http_options,
    .config_size = sizeof(http_config),
    .strongest = SM_AT_LEAST_ONCE,
    .open = http_open,
    .prepare = http_prepare,
    .publish = http_publish,
    .discard = sm_outbox_discard,
    .inspect = http_inspect,
    .unchanged = http_unchanged,
    .close = http_close,
};
