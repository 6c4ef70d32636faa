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
 * So a batch is sent from a file that does not change: the query need not give the same rows twice.
 * With `delivery: at_least_once` there is no transaction and no mark; a crash between sending and
 * removing the file sends it again. */
#include "runtime/sinks/sink_kafka.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine.h"
#include "runtime/io/kafka_writer.h"
#include "runtime/sinks/outbox.h"

typedef struct kafka_config {
    sm_sv brokers, connection, topic, key, marks_topic;
    int format, delivery; /* the latter: sm_delivery, from its end */
    const sm_json *options;
} kafka_config;

typedef struct kafka_state {
    sm_kafka_writer *writer; /* NULL until something is sent */
    bool looked;             /* the mark below was read */
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
        .name = "format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(kafka_config, format),
        .choices = formats,
        .fallback = "json",
        .doc = "What a value is: json, an object of all columns.",
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
    s->writer = NULL;
    s->looked = false; /* somebody else may have written meanwhile */
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

/* All marks, the later ones of a key last; NULL-ended by *n. */
typedef struct mark {
    sm_sv generation, sink, attempt;
    int64_t batch;
} mark;

static void add_mark(const sm_kafka_message *m, mark *out, sm_arena *a)
{
    sm_json *j = NULL;
    sm_error ignored;

    *out = (mark){ .generation = sm_arena_dup(a, m->key), .batch = -1 };
    if (m->value.ptr == NULL || sm_json_parse(sm_arena_dup(a, m->value), a, &j, &ignored) != SM_OK)
        return;
    out->sink = sm_json_get_sv(j, "sink", SM_SV(""));
    out->attempt = sm_json_get_sv(j, "attempt", SM_SV(""));
    out->batch = sm_json_get_int(j, "batch", -1);
}

static sm_code read_range(sm_kafka *client, const sm_kafka_partition *p, sm_arena *a, mark **out,
                          size_t *n, sm_error *err)
{
    sm_kafka_range range = { p->topic, p->partition, p->low, p->end };
    sm_kafka_message *messages = sm_xcalloc(SM_KAFKA_TAKE, sizeof *messages);
    sm_kafka_reading *reading = NULL;
    size_t got = 1, most = (size_t)(p->end - p->low) + 1;
    sm_code rc = sm_kafka_read(client, &range, 1, NULL, &reading, err);

    *out = SM_NEW_N(a, mark, most);
    while (rc == SM_OK && got > 0) {
        rc = sm_kafka_take(reading, messages, SM_KAFKA_TAKE, &got, err);
        for (size_t i = 0; i < got && *n < most; i++)
            add_mark(&messages[i], &(*out)[(*n)++], a);
        sm_kafka_give_back(messages, got);
    }
    sm_kafka_reading_end(reading);
    free(messages);
    return rc;
}

static sm_code read_marks(const sm_sink *k, sm_arena *a, mark **out, size_t *n, sm_error *err)
{
    kafka_config *config = k->config;
    sm_kafka_settings settings = settings_of(k);
    sm_kafka_which which = { .topics = { &config->marks_topic, 1 } };
    sm_kafka_partition *found;
    size_t partitions = 0;
    sm_kafka *client = NULL;
    sm_code rc = sm_kafka_open(&settings, &client, err);

    *n = 0;
    if (rc == SM_OK && (rc = sm_kafka_look(client, &which, a, &found, &partitions, err)) == SM_OK)
        rc = partitions == 1 ? read_range(client, &found[0], a, out, n, err)
                             : sm_fail(err, SM_E_INVALID, 0,
                                       "topic \"%.*s\" has %zu partitions, and marks need one",
                                       SM_SV_ARG(config->marks_topic), partitions);
    else if (rc == SM_E_NOT_FOUND)
        rc = SM_OK;
    sm_kafka_close(client);
    return rc;
}

/* Open for sending: what somebody left is ended, and the mark is known. */
static sm_code need_writer(sm_sink *k, sm_error *err)
{
    const kafka_config *config = k->config;
    kafka_state *s = k->state;
    sm_kafka_settings settings = settings_of(k);
    mark *marks = NULL;
    size_t n;
    sm_code rc;

    if (s->writer != NULL)
        return SM_OK;
    rc = sm_kafka_writer_open(&settings, is_exact(k) ? k->generation : SM_SV(""), &s->writer, err);
    if (rc != SM_OK || !is_exact(k))
        return rc;
    if ((rc = sm_kafka_make_compacted(s->writer, config->marks_topic, err)) != SM_OK ||
        (rc = read_marks(k, k->arena, &marks, &n, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (!sm_sv_eq(marks[i].generation, k->generation))
            continue;
        s->batch = marks[i].batch;
        s->attempt = marks[i].attempt;
    }
    s->looked = true;
    return SM_OK;
}

/* --- Prepare --- */

/* SELECT key, value: a row is an object of all its columns. */
static void add_select(const sm_sink *k, sm_sv select, sm_buf *sql)
{
    const kafka_config *config = k->config;

    sm_buf_adds(sql, "SELECT ");
    if (config->key.len > 0) {
        sm_buf_adds(sql, "CAST(_smelt_row.");
        sm_sql_ident(sql, config->key);
        sm_buf_adds(sql, " AS VARCHAR)");
    } else {
        sm_buf_adds(sql, "NULL::VARCHAR");
    }
    sm_buf_adds(sql, ", CAST(to_json({");
    for (size_t i = 0; i < k->schema->n; i++) {
        sm_buf_adds(sql, i > 0 ? ", " : "");
        sm_sql_ident(sql, k->schema->columns[i].name);
        sm_buf_adds(sql, ": _smelt_row.");
        sm_sql_ident(sql, k->schema->columns[i].name);
    }
    sm_buf_adds(sql, "}) AS VARCHAR) FROM (");
    sm_buf_add(sql, select);
    sm_buf_adds(sql, ") AS _smelt_row");
}

static sm_code write_rows(sm_sink *k, sm_sv sql, sm_outbox *o, int64_t *n, sm_error *err)
{
    sm_rows *rows;
    sm_code rc = sm_session_query(k->session, sql, &rows, err);

    if (rc != SM_OK)
        return rc;
    while (rc == SM_OK && sm_rows_next(rows)) {
        rc = sm_outbox_add(o, sm_rows_sv(rows, 0), sm_rows_sv(rows, 1), err);
        ++*n;
    }
    sm_rows_free(rows);
    return rc;
}

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
    sm_kafka_close(client);
    sm_arena_free(a);
    return rc;
}

static const char *outbox_path(const sm_sink *k, const sm_manifest *m, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/%.*s-%lld.outbox", SM_SV_ARG(k->path), SM_SV_ARG(k->generation),
                           (long long)m->id.n)
        .ptr;
}

static sm_code add_action(sm_sink *k, sm_manifest *m, const char *path, int64_t rows, int64_t bytes,
                          sm_error *err)
{
    sm_json *action = sm_json_object(m->arena);
    sm_json_set_string(action, "outbox", sm_sv_cstr(path));
    sm_json_set_string(action, "attempt", sm_uuid4(m->arena));
    sm_json_set_int(action, "rows", rows);
    sm_json_set_int(action, "bytes", bytes);
    return sm_manifest_add_action(m, sm_manifest_target(m, SM_SV("kafka"), k->name), action, err);
}

static sm_code kafka_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    const kafka_state *s = k->state;
    const char *path = outbox_path(k, m, m->arena);
    sm_outbox *o = NULL;
    sm_buf sql;
    sm_code rc = SM_OK;

    *rows_out = *bytes_out = 0;
    if (s->writer == NULL && (rc = check_topic(k, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    add_select(k, select, &sql);
    if ((rc = sm_buf_check(&sql, "the query of a sink", err)) == SM_OK &&
        (rc = sm_fs_mkdirs(sm_arena_cstr(m->arena, k->path), 0700, err)) == SM_OK &&
        (rc = sm_outbox_new(path, &o, err)) == SM_OK)
        rc = write_rows(k, sm_buf_sv(&sql), o, rows_out, err);
    if (rc == SM_OK && *rows_out > 0)
        rc = sm_outbox_keep(o, bytes_out, err);
    if (rc == SM_OK && *rows_out > 0)
        rc = add_action(k, m, path, *rows_out, *bytes_out, err);
    sm_outbox_free(o);
    sm_buf_release(&sql);
    return rc;
}

static void kafka_discard(sm_sink *k, const sm_manifest *m)
{
    const sm_json *target = sm_manifest_find_target(m, k->name);
    sm_error ignored; /* the next attempt writes over it */

    for (size_t i = 0; i < sm_json_len(sm_json_get(target, "actions")); i++) {
        const sm_json *action = sm_json_at(sm_json_get(target, "actions"), i);

        (void)sm_fs_unlink(sm_arena_cstr(k->arena, sm_json_get_sv(action, "outbox", SM_SV(""))),
                           &ignored);
    }
}

/* --- Publish --- */

typedef struct sending {
    const sm_sink *k;
    sm_kafka_writer *writer;
} sending;

static sm_code send_one(void *ctx, sm_sv key, sm_sv value, sm_error *err)
{
    const sending *s = ctx;
    const kafka_config *config = s->k->config;

    return sm_kafka_writer_send(s->writer, config->topic, key, value, err);
}

static sm_code send_mark(const sm_sink *k, int64_t n, sm_sv attempt, sm_error *err)
{
    const kafka_config *config = k->config;
    const kafka_state *s = k->state;
    sm_arena *a = sm_arena_new("mark");
    sm_json *o = sm_json_object(a);
    sm_code rc;

    sm_json_set_string(o, "sink", own_name(k, a));
    sm_json_set_int(o, "batch", n);
    sm_json_set_string(o, "attempt", attempt);
    rc = sm_kafka_writer_send(s->writer, config->marks_topic, k->generation, sm_json_text(o, a),
                              err);
    sm_arena_free(a);
    return rc;
}

/* All of the batch, and its mark, or nothing. */
static sm_code send_batch(sm_sink *k, const sm_manifest *m, const sm_json *action, sm_error *err)
{
    kafka_state *s = k->state;
    sending to = { k, s->writer };
    const char *path = sm_arena_cstr(m->arena, sm_json_get_sv(action, "outbox", SM_SV("")));
    sm_sv attempt = sm_json_get_sv(action, "attempt", SM_SV(""));
    sm_code rc = sm_kafka_writer_begin(s->writer, err);

    if (rc == SM_OK)
        rc = sm_outbox_each(path, sm_json_get_int(action, "bytes", 0), send_one, &to, err);
    if (rc == SM_OK && is_exact(k))
        rc = send_mark(k, m->id.n, attempt, err);
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
    s->attempt = sm_arena_dup(k->arena, attempt);
    return SM_OK;
}

/* Is the batch there already? */
static sm_code is_there(const sm_sink *k, const sm_manifest *m, const sm_json *action, bool *out,
                        sm_error *err)
{
    const kafka_config *config = k->config;
    const kafka_state *s = k->state;

    *out =
        s->batch == m->id.n && sm_sv_eq(s->attempt, sm_json_get_sv(action, "attempt", SM_SV("")));
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
    const sm_json *target = sm_manifest_find_target(m, k->name);
    const sm_json *action = sm_json_at(sm_json_get(target, "actions"), 0);
    sm_json *memory = sm_json_object(k->arena);
    bool there = false;
    sm_code rc = need_writer(k, err);

    if (rc == SM_OK && is_exact(k))
        rc = is_there(k, m, action, &there, err);
    if (rc == SM_OK && !there)
        rc = send_batch(k, m, action, err);
    if (rc == SM_E_NOT_FOUND && !is_exact(k))
        rc = SM_OK; /* the file goes when all of it was sent */
    if (rc != SM_OK)
        return rc;
    kafka_discard(k, m);
    *version_out = m->id.n;
    sm_json_set_int(memory, "batch", m->id.n);
    k->memory = memory;
    return SM_OK;
}

/* --- Looks --- */

static sm_code kafka_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    mark *marks = NULL;
    size_t n = 0;
    sm_sv own = own_name(k, a);
    sm_code rc = is_exact(k) ? read_marks(k, a, &marks, &n, err) : SM_OK;

    *out = (sm_target_state){ .exists = true, .table_id = SM_SV(""), .batch = -1 };
    if (!is_exact(k))
        out->batch = sm_json_get_int(k->memory, "batch", -1);
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq(marks[i].generation, k->generation)) {
            out->batch = marks[i].batch;
        } else if (sm_sv_eq(marks[i].sink, own)) {
            out->other_generation = true;
            out->other_id = marks[i].generation;
            out->other_batch = marks[i].batch;
        }
    }
    out->version = out->batch;
    return rc;
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
    .discard = kafka_discard,
    .inspect = kafka_inspect,
    .unchanged = kafka_unchanged,
    .close = kafka_close,
};
