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

enum { FILE_MODE = 0600, FOLDER_MODE = 0700, UUID_ROOM = 40 };

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

/* Of one attempt: another may have been decided, and we were not told. */
static const char *outbox_path(const sm_sink *k, const sm_manifest *m, sm_sv attempt)
{
    return sm_arena_printf(m->arena, "%.*s/%.*s-%lld-%.*s.outbox", SM_SV_ARG(k->path),
                           SM_SV_ARG(k->generation), (long long)m->id.n, SM_SV_ARG(attempt))
        .ptr;
}

static sm_code add_action(sm_sink *k, sm_manifest *m, const char *path, sm_sv attempt, int64_t rows,
                          int64_t bytes, sm_error *err)
{
    sm_json *action = sm_json_object(m->arena);
    sm_json_set_string(action, "outbox", sm_sv_cstr(path));
    sm_json_set_string(action, "attempt", attempt);
    sm_json_set_int(action, "rows", rows);
    sm_json_set_int(action, "bytes", bytes);
    return sm_manifest_add_action(m, sm_manifest_target(m, SM_SV("kafka"), k->name), action, err);
}

static sm_code kafka_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    const kafka_state *s = k->state;
    sm_sv attempt = sm_uuid4(m->arena);
    const char *path = outbox_path(k, m, attempt);
    sm_outbox *o = NULL;
    sm_buf sql;
    sm_code rc = SM_OK;

    *rows_out = *bytes_out = 0;
    if (s->writer == NULL && (rc = check_topic(k, err)) != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    add_select(k, select, &sql);
    if ((rc = sm_buf_check(&sql, "the query of a sink", err)) == SM_OK &&
        (rc = sm_fs_mkdirs(sm_arena_cstr(m->arena, k->path), FOLDER_MODE, err)) == SM_OK &&
        (rc = sm_outbox_new(path, &o, err)) == SM_OK)
        rc = write_rows(k, sm_buf_sv(&sql), o, rows_out, err);
    if (rc == SM_OK && *rows_out > 0)
        rc = sm_outbox_keep(o, bytes_out, err);
    if (rc == SM_OK && *rows_out > 0)
        rc = add_action(k, m, path, attempt, *rows_out, *bytes_out, err);
    sm_outbox_free(o);
    sm_buf_release(&sql);
    return rc;
}

static void kafka_discard(sm_sink *k, const sm_manifest *m)
{
    const sm_json *target = sm_manifest_find_target(m, k->name);
    sm_error ignored; /* it goes with those of the next batch */

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

/* "<outbox>.sent": nothing is left to do with it. */
static const char *sent_path(const sm_manifest *m, const char *path)
{
    return sm_arena_printf(m->arena, "%s.sent", path).ptr;
}

/* *sent: it was, by an earlier life.  An outbox that is neither there nor sent is lost. */
static sm_code look_at_outbox(const sm_sink *k, const sm_manifest *m, const char *path, bool *sent,
                              sm_error *err)
{
    sm_fs_stat st;
    sm_error why;
    sm_code rc = sm_fs_stat_path(path, &st, &why);

    *sent = rc == SM_E_NOT_FOUND && !is_exact(k) && sm_fs_exists(sent_path(m, path));
    if (rc == SM_OK || *sent)
        return SM_OK;
    if (rc == SM_E_NOT_FOUND)
        return sm_fail(
            err, SM_E_CORRUPT, 0,
            "batch %lld was decided, and what it has to send is not there: \"%s\"; bring "
            "the state folder of the machine that decided it, or send all again with "
            "`smelt checkpoint reset %.*s`",
            (long long)m->id.n, path, SM_SV_ARG(k->name));
    *err = why;
    return rc;
}

/* The batch is sent: what there is of it and of dead attempts before it goes, but for the file
 * that says so. */
static sm_code clear_outbox(const sm_sink *k, const sm_manifest *m, const char *path, sm_error *err)
{
    sm_sv prefix = sm_arena_printf(m->arena, "%.*s-", SM_SV_ARG(k->generation));
    const char *sent = sent_path(m, path);
    sm_fs_entry *entries;
    sm_error ignored; /* they go with those of the next batch */
    size_t n = 0;
    sm_code rc = is_exact(k) ? SM_OK : sm_fs_write_durable(sent, SM_SV(""), FILE_MODE, err);

    if (rc == SM_OK && sm_fs_list(sm_arena_cstr(m->arena, k->path), false, m->arena, &entries, &n,
                                  &ignored) != SM_OK)
        n = 0;
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        const char *one = sm_path_join(m->arena, k->path, entries[i].name);

        if (sm_sv_starts(entries[i].name, prefix) && (is_exact(k) || strcmp(one, sent) != 0))
            (void)sm_fs_unlink(one, &ignored);
    }
    return rc;
}

static sm_code kafka_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    const sm_json *target = sm_manifest_find_target(m, k->name);
    const sm_json *action = sm_json_at(sm_json_get(target, "actions"), 0);
    const char *path = sm_arena_cstr(m->arena, sm_json_get_sv(action, "outbox", SM_SV("")));
    sm_json *memory = sm_json_object(k->arena);
    bool there = false;
    sm_code rc = need_writer(k, err);

    if (rc == SM_OK && is_exact(k))
        rc = is_there(k, m, action, &there, err);
    if (rc == SM_OK && !there)
        rc = look_at_outbox(k, m, path, &there, err);
    if (rc == SM_OK && !there)
        rc = send_batch(k, m, action, err);
    if (rc == SM_OK)
        rc = clear_outbox(k, m, path, err);
    if (rc != SM_OK)
        return rc;
    *version_out = m->id.n;
    sm_json_set_string(memory, "generation", k->generation);
    sm_json_set_int(memory, "batch", m->id.n);
    k->memory = memory;
    return SM_OK;
}

/* --- Looks --- */

static sm_code kafka_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    int64_t last = sm_json_get_int(k->memory, "batch", -1); /* of whatever generation */
    bool ours = sm_sv_eq(sm_json_get_sv(k->memory, "generation", SM_SV("")), k->generation);
    marks m = { .batch = ours ? last : -1, .other_batch = -1 };
    sm_code rc = is_exact(k) ? read_marks(k, false, &m, err) : SM_OK;

    *out = (sm_target_state){ .exists = true, .table_id = SM_SV(""), .batch = m.batch };
    if (m.other_batch >= 0) {
        out->other_generation = true;
        out->other_id = sm_arena_dup(a, sm_sv_cstr(m.other));
        out->other_batch = m.other_batch;
    }
    out->version = m.batch > last ? m.batch : last; /* a topic is not rolled back */
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
