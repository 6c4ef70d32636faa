/* SPDX-License-Identifier: Apache-2.0 */
/* spec_sink.c -- which keys a sink may have, by its type. */
#include "pipelines/spec/spec_int.h"
#include "runtime/base/connection.h"

enum {
    KAFKA = 1 << SM_SINK_KAFKA,
    FILES = 1 << SM_SINK_FILES,
    DELTA = 1 << SM_SINK_DELTA,
    HTTP = 1 << SM_SINK_HTTP,
};

enum { EXACTLY_ONCE, AT_LEAST_ONCE, EITHER };

static const char *const promises[] = { "exactly_once", "at_least_once" };
static const char *const format_names[] = { "json", "csv", "parquet", "ndjson", "object" };

/* By sm_sink_type. */
static const struct sink_type {
    const char *name;
    int promise;
    unsigned formats; /* bit n: that one of `format_names` */
    const char *writes;
} types[] = {
    { "kafka", EITHER, 1U << 0, "json" },
    { "files", AT_LEAST_ONCE, 1U << 0 | 1U << 1 | 1U << 2, "json, csv or parquet" },
    { "delta", EXACTLY_ONCE, 0, "" },
    { "http", AT_LEAST_ONCE, 1U << 0 | 1U << 3 | 1U << 4, "json, ndjson or object" },
};

static const struct sink_key {
    const char *name;
    size_t offset; /* of its sm_text */
    unsigned types, needed_by;
} sink_keys[] = {
    { "path", offsetof(sm_spec_sink, path), FILES | DELTA, FILES | DELTA },
    { "topic", offsetof(sm_spec_sink, topic), KAFKA, KAFKA },
    { "brokers", offsetof(sm_spec_sink, brokers), KAFKA, 0 },
    { "connection", offsetof(sm_spec_sink, connection), KAFKA | HTTP, 0 },
    { "key", offsetof(sm_spec_sink, key), KAFKA, 0 },
    { "marks_topic", offsetof(sm_spec_sink, marks_topic), KAFKA, 0 },
    { "url", offsetof(sm_spec_sink, url), HTTP, 0 },
};

static bool not_of_type(const sm_bind *b, const sm_spec_sink *k, const char *key, const sm_span *at)
{
    const char *type = types[k->type.v].name;

    sm_diag_add(b->d, "SM0417", *at, "a sink of type %s has no `%s`", type, key);
    sm_diag_hint(b->d, "`smelt sinks %s` says which options there are", type);
    return false;
}

static bool check_texts(const sm_bind *b, const sm_spec_sink *k)
{
    unsigned type = 1u << k->type.v;
    bool ok = true;

    for (size_t i = 0; i < sizeof sink_keys / sizeof *sink_keys; i++) {
        const struct sink_key *row = &sink_keys[i];
        const sm_text *text = (const sm_text *)((const char *)k + row->offset);

        if ((row->types & type) == 0 && text->at.line != 0)
            ok = not_of_type(b, k, row->name, &text->at);
        if ((row->needed_by & type) == 0 || sm_text_set(text))
            continue;
        sm_diag_add(b->d, "SM0417", k->at, "sink \"%.*s\" lacks the key `%s`",
                    SM_SV_ARG(k->name.text), row->name);
        sm_diag_hint(b->d, "a sink of type %s needs it", types[k->type.v].name);
        ok = false;
    }
    return ok;
}

/* Keys that are no texts. */
static bool check_others(const sm_bind *b, const sm_spec_sink *k)
{
    const struct {
        const char *name;
        const sm_span *at;
        unsigned types;
    } others[] = {
        { "options", &k->options.at, KAFKA },
        { "method", &k->method.at, HTTP },
        { "batch", &k->batch.at, HTTP },
        { "retry", &k->retry.at, HTTP },
    };
    unsigned type = 1u << k->type.v;
    bool ok = true;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if ((others[i].types & type) == 0 && others[i].at->line != 0)
            ok = not_of_type(b, k, others[i].name, others[i].at);
    if (k->headers.v == NULL || type == HTTP)
        return ok;
    if (type != KAFKA)
        return not_of_type(b, k, "headers", &k->headers.at);
    if (sm_json_is_string(k->headers.v))
        return ok;
    sm_diag_add(b->d, "SM0417", k->headers.at, "`headers` of messages is the name of a column");
    sm_diag_hint(b->d, "the column has them for each row: a MAP, a STRUCT, or JSON");
    return false;
}

static bool check_format(const sm_bind *b, const sm_spec_sink *k)
{
    const struct sink_type *type = &types[k->type.v];

    if (k->format.at.line == 0 || (type->formats >> k->format.v & 1U) != 0)
        return true;
    if (type->formats == 0)
        return not_of_type(b, k, "format", &k->format.at);
    sm_diag_add(b->d, "SM0417", k->format.at, "a sink of type %s does not write %s", type->name,
                format_names[k->format.v]);
    sm_diag_hint(b->d, "it writes %s", type->writes);
    return false;
}

/* What a type cannot do is no matter of options. */
static bool check_delivery(const sm_bind *b, sm_spec_sink *k)
{
    const struct sink_type *type = &types[k->type.v];

    if (type->promise == EITHER)
        return true;
    if (k->delivery.at.line != 0 && k->delivery.v != type->promise) {
        sm_diag_add(b->d, "SM0417", k->delivery.at, "a sink of type %s delivers %s", type->name,
                    promises[type->promise]);
        if (k->type.v == SM_SINK_HTTP)
            sm_diag_hint(b->d, "a receiver does not say what it has; each request carries an "
                               "Idempotency-Key, by which it can take each row once: leave "
                               "`delivery` out");
        else
            sm_diag_hint(b->d, "leave `delivery` out");
        return false;
    }
    k->delivery.v = type->promise;
    return true;
}

/* ---- http ------------------------------------------------------------------------------- */

static bool has_scheme(sm_sv url)
{
    return sm_sv_starts(url, SM_SV("http://")) || sm_sv_starts(url, SM_SV("https://"));
}

static bool knows_connection(const sm_spec *s, sm_sv name)
{
    for (size_t i = 0; i < s->connections.n; i++)
        if (s->connections.items[i].type.v == SM_CONNECTION_HTTP &&
            sm_sv_eq(s->connections.items[i].name.text, name))
            return true;
    return false;
}

static bool check_address(const sm_bind *b, const sm_spec *s, const sm_spec_sink *k)
{
    bool by_name = sm_text_set(&k->connection), has_url = sm_text_set(&k->url);

    if (!by_name && !has_url) {
        sm_diag_add(b->d, "SM0417", k->at, "sink \"%.*s\" lacks `url` or `connection`",
                    SM_SV_ARG(k->name.text));
        sm_diag_hint(b->d, "`url: https://…` is whom it sends to");
        return false;
    }
    if (by_name && !knows_connection(s, k->connection.text)) {
        sm_diag_add(b->d, "SM0417", k->connection.at, "there is no connection `%.*s` of type http",
                    SM_SV_ARG(k->connection.text));
        sm_diag_hint(b->d, "connections stand in smelt.yml: connections: {%.*s: {type: http, …}}",
                     SM_SV_ARG(k->connection.text));
        return false;
    }
    if (by_name && has_url && sm_sv_find(k->url.text, SM_SV("://")) >= 0) {
        sm_diag_add(b->d, "SM0417", k->url.at, "`url` is a whole address beside `connection`");
        sm_diag_hint(b->d,
                     "with `connection` it is what is added to its base_url, such as /orders");
        return false;
    }
    if (!by_name && !has_scheme(k->url.text)) {
        sm_diag_add(b->d, "SM0417", k->url.at, "`url` is no address to send to");
        sm_diag_hint(b->d, "it begins with http:// or https://");
        return false;
    }
    return true;
}

static bool check_headers(const sm_bind *b, const sm_spec_sink *k)
{
    if (k->headers.v != NULL && !sm_json_is_object(k->headers.v)) {
        sm_diag_add(b->d, "SM0417", k->headers.at, "`headers` is no map of names and values");
        return false;
    }
    for (sm_json_iter it = sm_json_first(k->headers.v); sm_json_valid(&it); sm_json_next(&it)) {
        bool key = sm_sv_eq_nocase(it.key, SM_SV("Idempotency-Key"));

        if (!key && !sm_connection_says(it.key))
            continue;
        sm_diag_add(b->d, "SM0417", k->headers.at, "`headers` cannot have %.*s", SM_SV_ARG(it.key));
        sm_diag_hint(b->d, key ? "each request has one of its own"
                               : "who asks is said by `bearer`, or `username` and `password`, of a "
                                 "connection of smelt.yml");
        return false;
    }
    return true;
}

static bool check_http(const sm_bind *b, const sm_spec *s, const sm_spec_sink *k)
{
    bool ok = check_address(b, s, k);

    ok = check_headers(b, k) && ok;
    if (k->format.v == 4 && k->batch.rows.at.line != 0 && k->batch.rows.v != 1) {
        sm_diag_add(b->d, "SM0417", k->batch.rows.at, "a body that is an object has one row");
        sm_diag_hint(b->d, "leave `batch` out, or say `format: json`");
        ok = false;
    }
    if (k->retry.backoff.v > k->retry.backoff_max.v) {
        sm_diag_add(b->d, "SM0158",
                    k->retry.backoff.at.line != 0 ? k->retry.backoff.at : k->retry.backoff_max.at,
                    "`backoff` is longer than `backoff_max`, which is the longest");
        ok = false;
    }
    return ok;
}

bool sm_spec__check_sink(const sm_bind *b, const sm_spec *s, sm_spec_sink *k)
{
    bool ok = check_texts(b, k);

    ok = check_others(b, k) && ok;
    ok = check_format(b, k) && ok;
    if (k->type.v == SM_SINK_HTTP)
        ok = check_http(b, s, k) && ok;
    return check_delivery(b, k) && ok;
}
