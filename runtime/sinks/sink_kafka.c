/* SPDX-License-Identifier: Apache-2.0 */
/* sink_kafka.c -- rows as messages of a topic.
 *
 *     prepare   the rows of the batch, as JSON, into an outbox: a file of ours, synced
 *     decided   the manifest names it
 *     publish   its messages and a mark, in one transaction; then the file goes
 *
 * The mark is a record of the topic `marks_topic`, which is compacted: under the generation of the
 * flow it has the number of its last batch and which attempt that was.  Whoever publishes opens
 * first, which ends what a dead writer left pending and shuts out a living one, then reads the
 * mark:
 *
 *     mark                          what happened                          then
 *     ---------------------------   ------------------------------------   -------------------
 *     none, or a batch before       the transaction was not committed      send
 *     this batch, this attempt      it was, and we were not told           done
 *     this batch or a later one     the control store is older than it     refuse
 *
 * The topic of marks is shared: a mark of ours stands behind those of other sinks, whose
 * transactions may be open still, and a careful reader sees nothing behind such a one.  So it is
 * waited for until all is seen that was there when the writer opened.
 *
 * So a batch is sent from a file that does not change: the query need not give the same rows twice.
 * With `delivery: at_least_once` there is no transaction and no mark; an empty file beside the
 * outbox says that it was sent, and a crash before that sends it again. */
#include "runtime/sinks/sink_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/io/kafka_writer.h"
#include "runtime/sinks/message_headers.h"
#include "runtime/sinks/outbox_batch.h"

typedef struct kafka_config {
    sm_sv brokers, connection, topic, key, headers, marks_topic;
    int format, delivery; /* the latter: sm_delivery, from its end */
    const sm_json *options;
} kafka_config;

enum { UUID_ROOM = 40, SHOWN = 200 /* bytes of a row that cannot be sent */ };

typedef struct kafka_state {
    sm_kafka_writer *writer; /* NULL until something is sent; with it, the mark is known */
    int64_t batch;           /* of the mark; -1: none */
    sm_sv attempt;           /* of the mark, in the sink's arena */
} kafka_state;

static const char *const formats[] = { "json", NULL };
static const char *const deliveries[] = { "exactly_once", "at_least_once", NULL };

static const sm_option kafka_options[] = {
    {
        .name = "brokers",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, brokers),
        .fallback = "",
        .doc = "Addresses of brokers, host:port with commas; or say `connection`.",
    },
    {
        .name = "connection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, connection),
        .fallback = "",
        .doc = "Name of a connection of smelt.yml, which has brokers and how to log in.",
    },
    {
        .name = "topic",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, topic),
        .doc = "Where messages go; it must be there.",
    },
    {
        .name = "key",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, key),
        .fallback = "",
        .doc = "Column that is the key of a message, as text; empty for messages without one.",
    },
    {
        .name = "headers",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, headers),
        .fallback = "",
        .doc = "Column that has the headers of a message and is no part of its value: a MAP, a "
               "STRUCT or JSON of names and texts, or headers as the source gives them.",
    },
    {
        .name = "format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(kafka_config, format),
        .choices = formats,
        .fallback = "json",
        .doc = "What a value is: json, an object of all columns but that of `headers`.",
    },
    {
        .name = "delivery",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(kafka_config, delivery),
        .choices = deliveries,
        .fallback = "exactly_once",
        .doc = "exactly_once sends each batch in a transaction, for readers with read_committed; "
               "at_least_once may send a batch twice after a crash.",
    },
    {
        .name = "marks_topic",
        .type = SM_TYPE_STRING,
        .offset = offsetof(kafka_config, marks_topic),
        .fallback = "smelt-marks",
        .doc = "Topic in which exactly_once keeps how far it came; made, compacted, when it is not "
               "there.",
    },
    {
        .name = "options",
        .type = SM_TYPE_MAP,
        .offset = offsetof(kafka_config, options),
        .fallback = "{}",
        .doc = "Options of librdkafka by their own names, as {compression.type: zstd}; those of "
               "the guide.",
    },
    { .name = NULL },
};

static bool is_exact(const sm_sink *k)
{
    const kafka_config *config = k->config;

    return config->delivery == 0;
}

static sm_kafka_settings settings_of(const sm_sink *k)
{
    const kafka_config *config = k->config;

    return (sm_kafka_settings){ .brokers = config->brokers,
                                .connection = config->connection,
                                .connections = k->connections,
                                .options = config->options };
}

/* --- Life --- */

static sm_code kafka_open(sm_sink *k, sm_error *err)
{
    sm_kafka_settings settings = settings_of(k);
    kafka_state *s = SM_NEW(k->arena, kafka_state);

    s->batch = -1;
    k->state = s;
    return sm_kafka_check(&settings, err);
}

static void close_writer(sm_sink *k)
{
    kafka_state *s = k->state;

    sm_kafka_writer_close(s->writer);
    s->writer = NULL; /* opened anew, the mark is read anew */
}

static void kafka_close(sm_sink *k)
{
    if (k->state != NULL)
        close_writer(k);
    k->state = NULL;
}

/* --- Marks --- */

/* The sink, whatever its generation is; to another topic it is another one. */
static sm_sv own_name(const sm_sink *k, sm_arena *a)
{
    const kafka_config *config = k->config;

    return sm_arena_printf(a, "%.*s/%.*s to %.*s", SM_SV_ARG(k->pipeline), SM_SV_ARG(k->flow),
                           SM_SV_ARG(config->topic));
}

/* What the marks say of a sink: of its generation, and of the last other one that it had. */
typedef struct marks {
    bool there;                 /* the topic is */
    int64_t batch, other_batch; /* -1: none */
    char attempt[UUID_ROOM], other[UUID_ROOM];
} marks;

static void take_mark(const sm_sink *k, const sm_kafka_message *m, sm_arena *a, marks *out)
{
    sm_json *j = NULL;
    sm_error ignored;
    bool ours = sm_sv_eq(m->key, k->generation);

    if (m->value.ptr == NULL || sm_json_parse(sm_arena_dup(a, m->value), a, &j, &ignored) != SM_OK)
        return;
    if (ours) {
        out->batch = sm_json_get_int(j, "batch", -1);
        snprintf(out->attempt, sizeof out->attempt, "%.*s",
                 SM_SV_ARG(sm_json_get_sv(j, "attempt", SM_SV(""))));
    } else if (sm_sv_eq(sm_json_get_sv(j, "sink", SM_SV("")), own_name(k, a))) {
        out->other_batch = sm_json_get_int(j, "batch", -1);
        snprintf(out->other, sizeof out->other, "%.*s", SM_SV_ARG(m->key));
    }
}

static sm_code read_range(const sm_sink *k, sm_kafka *client, const sm_kafka_partition *p,
                          marks *out, sm_error *err)
{
    sm_kafka_range range = { p->topic, p->partition, p->low, p->end };
    sm_kafka_message *messages = sm_xcalloc(SM_KAFKA_TAKE, sizeof *messages);
    sm_arena *a = sm_arena_new("mark");
    sm_kafka_reading *reading = NULL;
    size_t got = 1;
    sm_code rc = sm_kafka_read(client, &range, 1, NULL, &reading, err);

    while (rc == SM_OK && got > 0) {
        rc = sm_kafka_take(reading, messages, SM_KAFKA_TAKE, &got, err);
        for (size_t i = 0; i < got; i++) {
            sm_arena_reset(a);
            take_mark(k, &messages[i], a, out);
        }
        sm_kafka_give_back(messages, got);
    }
    sm_kafka_reading_end(reading);
    sm_arena_free(a);
    free(messages);
    return rc;
}

/* Where the marks end: those of transactions that are open, too, or before the first of them. */
static sm_code find_marks(const sm_sink *k, bool open_too, sm_arena *a, sm_kafka_partition **out,
                          sm_error *err)
{
    kafka_config *config = k->config;
    sm_kafka_settings settings = settings_of(k);
    sm_kafka_which which = { .topics = { &config->marks_topic, 1 } };
    size_t partitions = 0;
    sm_kafka *client = NULL;
    sm_code rc;

    settings.uncommitted = open_too;
    if ((rc = sm_kafka_open(&settings, &client, err)) == SM_OK)
        rc = sm_kafka_look(client, &which, a, out, &partitions, err);
    if (rc == SM_OK && partitions != 1)
        rc = sm_fail(err, SM_E_INVALID, 0, "topic \"%.*s\" has %zu partitions, and marks need one",
                     SM_SV_ARG(config->marks_topic), partitions);
    sm_kafka_close(client);
    return rc;
}

/* `all`: wait for whoever has a transaction open; nobody of our generation may. */
static sm_code read_marks(const sm_sink *k, bool all, marks *out, sm_error *err)
{
    sm_kafka_settings settings = settings_of(k);
    sm_arena *a = sm_arena_new("marks");
    sm_kafka_partition *found;
    sm_kafka *client = NULL;
    sm_code rc = find_marks(k, all, a, &found, err);

    *out = (marks){ .there = rc == SM_OK, .batch = -1, .other_batch = -1 };
    if (rc == SM_OK && (rc = sm_kafka_open(&settings, &client, err)) == SM_OK)
        rc = read_range(k, client, &found[0], out, err);
    else if (rc == SM_E_NOT_FOUND)
        rc = SM_OK;
    sm_kafka_close(client);
    sm_arena_free(a);
    return rc;
}

/* What somebody left is ended, and the mark is known. */
static sm_code need_mark(sm_sink *k, sm_error *err)
{
    const kafka_config *config = k->config;
    kafka_state *s = k->state;
    marks m;
    sm_code rc = read_marks(k, true, &m, err);

    if (rc == SM_OK && !m.there)
        rc = sm_kafka_make_compacted(s->writer, config->marks_topic, err);
    if (rc != SM_OK || m.batch < 0)
        return rc;
    s->batch = m.batch;
    s->attempt = sm_arena_dup(k->arena, sm_sv_cstr(m.attempt));
    return SM_OK;
}

static sm_code need_writer(sm_sink *k, sm_error *err)
{
    kafka_state *s = k->state;
    sm_kafka_settings settings = settings_of(k);
    sm_code rc;

    if (s->writer != NULL)
        return SM_OK;
    rc = sm_kafka_writer_open(&settings, is_exact(k) ? k->generation : SM_SV(""), &s->writer, err);
    if (rc == SM_OK && is_exact(k) && (rc = need_mark(k, err)) != SM_OK)
        close_writer(k);
    return rc;
}

/* --- Prepare --- */

/* Before anything is decided: a topic that is not there would stop the flow for good. */
static sm_code check_topic(const sm_sink *k, sm_error *err)
{
    kafka_config *config = k->config;
    sm_kafka_settings settings = settings_of(k);
    sm_kafka_which which = { .topics = { &config->topic, 1 } };
    sm_arena *a = sm_arena_new("topic");
    sm_kafka_partition *found;
    sm_kafka *client = NULL;
    size_t n;
    sm_code rc = sm_kafka_open(&settings, &client, err);

    if (rc == SM_OK)
        rc = sm_kafka_look(client, &which, a, &found, &n, err);
    if (client != NULL && rc == SM_E_NOT_FOUND)
        rc = sm_fail(
            err, rc, err->sys,
            "there is no topic \"%.*s\": make it first, only the topic of the marks is made "
            "by itself",
            SM_SV_ARG(config->topic));
    sm_kafka_close(client);
    sm_arena_free(a);
    return rc;
}

/* What could not be sent is found out before it is decided. */
static sm_code add_message(void *ctx, sm_outbox *o, const sm_outbox_message *m, sm_error *err)
{
    const kafka_config *config = ctx;
    sm_kafka_header_pair *headers;
    size_t n;
    sm_arena *a;
    sm_code rc;

    if (m->headers.len == 0)
        return sm_outbox_add(o, m, err);
    a = sm_arena_new("headers");
    rc = sm_message_headers_read(m->headers, a, &headers, &n, err);
    sm_arena_free(a);
    if (rc != SM_OK)
        return sm_wrap(err, "column \"%.*s\" of %.*s", SM_SV_ARG(config->headers),
                       SM_SV_ARG(sm_sv_sub(m->value, 0, SHOWN)));
    return sm_outbox_add(o, m, err);
}

static sm_code kafka_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    const kafka_config *config = k->config;
    const kafka_state *s = k->state;
    const sm_outbox_rows rows = {
        .key = config->key, .headers = config->headers, .take = add_message, .ctx = k->config
    };
    sm_code rc;

    *rows_out = *bytes_out = 0;
    if (s->writer == NULL && (rc = check_topic(k, err)) != SM_OK)
        return rc;
    return sm_outbox_prepare(k, select, &rows, m, rows_out, bytes_out, err);
}

/* --- Publish --- */

typedef struct sending {
    const sm_sink *k;
    sm_kafka_writer *writer;
} sending;

static sm_code send_one(void *ctx, const sm_outbox_message *m, sm_error *err)
{
    const sending *s = ctx;
    const kafka_config *config = s->k->config;
    sm_kafka_out out = { .topic = config->topic, .key = m->key, .value = m->value };
    sm_kafka_header_pair *headers;
    sm_arena *a;
    sm_code rc;

    if (m->headers.len == 0)
        return sm_kafka_writer_send(s->writer, &out, err);
    a = sm_arena_new("headers");
    if ((rc = sm_message_headers_read(m->headers, a, &headers, &out.n_headers, err)) == SM_OK) {
        out.headers = headers;
        rc = sm_kafka_writer_send(s->writer, &out, err);
    }
    sm_arena_free(a);
    return rc;
}

static sm_code send_mark(const sm_sink *k, int64_t n, sm_sv attempt, sm_error *err)
{
    const kafka_config *config = k->config;
    const kafka_state *s = k->state;
    sm_arena *a = sm_arena_new("mark");
    sm_json *o = sm_json_object(a);
    sm_kafka_out mark = { .topic = config->marks_topic, .key = k->generation };
    sm_code rc;

    sm_json_set_string(o, "sink", own_name(k, a));
    sm_json_set_int(o, "batch", n);
    sm_json_set_string(o, "attempt", attempt);
    mark.value = sm_json_text(o, a);
    rc = sm_kafka_writer_send(s->writer, &mark, err);
    sm_arena_free(a);
    return rc;
}

/* All of the batch, and its mark, or nothing. */
static sm_code send_batch(sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b, sm_error *err)
{
    kafka_state *s = k->state;
    sending to = { k, s->writer };
    sm_code rc = sm_kafka_writer_begin(s->writer, err);

    if (rc == SM_OK)
        rc = sm_outbox_each(b->path, b->bytes, send_one, &to, err);
    if (rc == SM_OK && is_exact(k))
        rc = send_mark(k, m->id.n, b->attempt, err);
    sm_failpoint("kafka.after_send");
    if (rc == SM_OK)
        rc = sm_kafka_writer_commit(s->writer, err);
    if (rc != SM_OK) {
        sm_kafka_writer_abort(s->writer);
        close_writer(k); /* opened anew, it is known what came through */
        return rc;
    }
    sm_failpoint("kafka.after_commit");
    s->batch = m->id.n;
    s->attempt = sm_arena_dup(k->arena, b->attempt);
    return SM_OK;
}

/* Is the batch there already? */
static sm_code is_there(const sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b, bool *out,
                        sm_error *err)
{
    const kafka_config *config = k->config;
    const kafka_state *s = k->state;

    *out = s->batch == m->id.n && sm_sv_eq(s->attempt, b->attempt);
    if (*out || s->batch < m->id.n)
        return SM_OK;
    return sm_fail(
        err, SM_E_CORRUPT, 0,
        "topic \"%.*s\" has batch %lld of this sink already, and the control store comes "
        "to batch %lld: it is older; bring the newer one",
        SM_SV_ARG(config->topic), (long long)s->batch, (long long)m->id.n);
}

static sm_code kafka_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    const sm_outbox_batch b = sm_outbox_of(k, m);
    bool there = false;
    sm_code rc = need_writer(k, err);

    if (rc == SM_OK && is_exact(k))
        rc = is_there(k, m, &b, &there, err);
    if (rc == SM_OK && !there)
        rc = sm_outbox_look(k, m, &b, is_exact(k), &there, err);
    if (rc == SM_OK && !there)
        rc = send_batch(k, m, &b, err);
    if (rc == SM_OK)
        rc = sm_outbox_clear(k, m, &b, is_exact(k), err);
    if (rc == SM_OK)
        *version_out = m->id.n;
    return rc;
}

/* --- Looks --- */

static sm_code kafka_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    marks m;
    sm_code rc;

    sm_outbox_inspect(k, out);
    if (!is_exact(k))
        return SM_OK;
    if ((rc = read_marks(k, false, &m, err)) != SM_OK)
        return rc;
    out->batch = m.batch;
    if (m.batch > out->version) /* a topic is not rolled back */
        out->version = m.batch;
    if (m.other_batch < 0)
        return SM_OK;
    out->other_generation = true;
    out->other_id = sm_arena_dup(a, sm_sv_cstr(m.other));
    out->other_batch = m.other_batch;
    return SM_OK;
}

/* What the topic has is looked at when something is published. */
static sm_code kafka_unchanged(sm_sink *k, bool *out, sm_error *err)
{
    (void)k;
    (void)err;
    *out = true;
    return SM_OK;
}

const sm_sink_ops sm_sink_kafka = {
    .name = "kafka",
    .summary = "A topic of Kafka.",
    .options = kafka_options,
    .config_size = sizeof(kafka_config),
    .strongest = SM_EXACTLY_ONCE,
    .open = kafka_open,
    .prepare = kafka_prepare,
    .publish = kafka_publish,
    .discard = sm_outbox_discard,
    .inspect = kafka_inspect,
    .unchanged = kafka_unchanged,
    .close = kafka_close,
};
