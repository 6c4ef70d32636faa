/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka.c -- topics of Kafka.
 *
 * The offset is where each partition has been read to; the form is in source_kafka_offsets.c.
 * Nothing is committed to the brokers: the checkpoint of the flow is the only one who knows.
 * What is between two offsets does not change while it is there, so that a range can be read
 * again; retention can take it, and then that is told, and never passed over.
 *
 * The formats of a value: `json` makes its fields columns, with the schema, the evolution, the
 * rescued data and the quarantine of files; `text` and `bytes` give the columns of Spark. */
#include "runtime/sources/source_kafka.h"

#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/sources/source_kafka_int.h"

static const char *const isolations[] = { "read_committed", "read_uncommitted", NULL };
static const char *const formats[] = { "json", "text", "bytes", NULL };

static sm_code check_pattern(sm_sv text, sm_error *err)
{
    return text.len == 0 ? SM_OK : sm_kafka_check_pattern(text, err);
}

static sm_code check_word(sm_sv text, sm_error *err)
{
    if (sm_sv_eq_str(text, "earliest") || sm_sv_eq_str(text, "latest"))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "expected earliest, latest or a map {topic: {partition: offset}}");
}

static const sm_option kafka_options[] = {
    {
        .name = "brokers",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_kafka_config, brokers),
        .fallback = "",
        .doc = "Addresses of brokers, host:port with commas; or say `connection`.",
    },
    {
        .name = "connection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_kafka_config, connection),
        .fallback = "",
        .doc = "Name of a connection of smelt.yml, which has brokers and how to log in.",
    },
    {
        .name = "topics",
        .type = SM_TYPE_LIST,
        .offset = offsetof(sm_kafka_config, topics),
        .fallback = "[]",
        .doc = "Topics to read; one of `topics`, `topic_pattern` and `assign` is there.",
    },
    {
        .name = "topic_pattern",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_kafka_config, topic_pattern),
        .fallback = "",
        .check = check_pattern,
        .doc = "Topics whose whole name matches this regular expression (POSIX), also those that "
               "come later.",
    },
    {
        .name = "assign",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_kafka_config, assign),
        .fallback = "{}",
        .doc = "Only these partitions, as {topic: [0, 1]}.",
    },
    {
        .name = "starting_offsets",
        .type = SM_TYPE_WORD,
        .offset = offsetof(sm_kafka_config, starting_offsets),
        .fallback = "earliest",
        .check = check_word,
        .doc = "Where the first batch begins: earliest, latest or {topic: {partition: offset}}; "
               "later it says nothing, and new partitions are read from their earliest offset.",
    },
    {
        .name = "max_offsets_per_trigger",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_kafka_config, max_offsets),
        .fallback = "1000000",
        .min = 1,
        .max = 1000000000000,
        .doc = "Offsets of one batch, shared by the partitions according to what they have.",
    },
    {
        .name = "fail_on_data_loss",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_kafka_config, fail_on_data_loss),
        .fallback = "true",
        .doc = "Fail when retention took offsets that were not read; false goes on and tells it.",
    },
    {
        .name = "isolation",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_kafka_config, isolation),
        .choices = isolations,
        .fallback = "read_committed",
        .doc = "Whether messages of open and aborted transactions are read.",
    },
    {
        .name = "value_format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_kafka_config, value_format),
        .choices = formats,
        .doc = "What a value is: json, an object whose fields become columns; text or bytes, the "
               "columns key, value, topic, partition, offset, timestamp and timestamp_type.",
    },
    {
        .name = "include_headers",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_kafka_config, include_headers),
        .fallback = "false",
        .doc = "Text and bytes: the column headers too.",
    },
    {
        .name = "infer_column_types",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_kafka_config, infer_column_types),
        .fallback = "true",
        .doc = "JSON: infer types from the first messages; false makes columns VARCHAR.",
    },
    {
        .name = "rescued_data_column",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_kafka_config, rescued_column),
        .fallback = "_rescued_data",
        .doc = "JSON: the column for fields that no column has and values that do not fit theirs, "
               "as a JSON object; empty for none. With `schema` only if it is named here or "
               "`schema_evolution_mode` is rescue.",
    },
    {
        .name = "options",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_kafka_config, options),
        .fallback = "{}",
        .doc = "Options of librdkafka by their own names, as {fetch.min.bytes: 1}; those of the "
               "guide.",
    },
    { .name = NULL },
};

/* --- Clients --- */

static sm_kafka_settings settings_of(const sm_source *s)
{
    const sm_kafka_config *config = s->config;

    return (sm_kafka_settings){
        .brokers = config->brokers,
        .connection = config->connection,
        .connections = s->connections,
        .options = config->options,
        .uncommitted = config->isolation == 1,
    };
}

sm_code sm_kafka__take(sm_kafka_state *f, sm_kafka **out, sm_error *err)
{
    sm_kafka_settings settings = settings_of(f->source);

    *out = NULL;
    sm_mutex_lock(&f->mu);
    if (f->n_idle > 0)
        *out = f->idle[--f->n_idle];
    sm_mutex_unlock(&f->mu);
    return *out != NULL ? SM_OK : sm_kafka_open(&settings, out, err);
}

void sm_kafka__give(sm_kafka_state *f, sm_kafka *k)
{
    bool kept = false;

    sm_mutex_lock(&f->mu);
    if (f->n_idle < sizeof f->idle / sizeof *f->idle) {
        f->idle[f->n_idle++] = k;
        kept = true;
    }
    sm_mutex_unlock(&f->mu);
    if (!kept)
        sm_kafka_close(k);
}

sm_kafka_stop sm_kafka__stop(const sm_source *s)
{
    return (sm_kafka_stop){ s->stopping, s->stopping_ctx };
}

/* --- Life --- */

static sm_code check_topics(const sm_kafka_config *config, sm_error *err)
{
    int ways = (config->topics.n > 0) + (config->topic_pattern.len > 0) +
               (sm_json_len(config->assign) > 0);

    if (ways != 1)
        return sm_fail(err, SM_E_INVALID, 0, "give one of `topics`, `topic_pattern` and `assign`");
    return SM_OK;
}

/* What the columns of the message are called is not for the pipeline to say. */
static sm_code check_schema(const sm_source *s, sm_error *err)
{
    const sm_kafka_config *config = s->config;

    if (config->value_format == SM_KAFKA_JSON && config->include_headers)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`include_headers` is for `value_format: text` and bytes");
    if (config->value_format != SM_KAFKA_JSON && (s->schema_declared || s->schema_hints.len > 0))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`value_format: %s` has columns of its own: leave out `schema` and "
                       "`schema_hints`",
                       formats[config->value_format]);
    return SM_OK;
}

static sm_code kafka_open(sm_source *s, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    sm_kafka_settings settings = settings_of(s);
    sm_kafka_state *f = SM_NEW(s->arena, sm_kafka_state);
    sm_code rc;

    s->state = f;
    f->source = s;
    f->read = sm_arena_new("kafka read");
    sm_mutex_init(&f->mu);
    sm_mutex_init(&f->seen.mu);
    sm_kafka__tally_init(&f->seen.tally, false);
    if ((rc = check_topics(config, err)) != SM_OK ||
        (rc = sm_kafka__check_starting(config->starting_offsets, err)) != SM_OK ||
        (rc = sm_kafka__check_assign(config->assign, err)) != SM_OK ||
        (rc = check_schema(s, err)) != SM_OK)
        return rc;
    return sm_kafka_check(&settings, err);
}

static void kafka_close(sm_source *s)
{
    sm_kafka_state *f = s->state;

    if (f == NULL)
        return;
    sm_kafka__forget_read(f);
    sm_kafka__tally_release(&f->seen.tally);
    for (size_t i = 0; i < f->n_idle; i++)
        sm_kafka_close(f->idle[i]);
    sm_kafka_close(f->looker);
    sm_mutex_release(&f->mu);
    sm_mutex_release(&f->seen.mu);
    sm_arena_free(f->read);
    s->state = NULL;
}

/* --- Looks --- */

static sm_kafka_which which_of(const sm_kafka_config *config, sm_arena *a)
{
    sm_kafka_which which = { config->topics, config->topic_pattern };

    if (sm_json_len(config->assign) == 0)
        return which;
    which.topics.items = SM_NEW_N(a, sm_sv, sm_json_len(config->assign));
    for (sm_json_iter it = sm_json_first(config->assign); sm_json_valid(&it); sm_json_next(&it))
        which.topics.items[which.topics.n++] = it.key;
    return which;
}

static bool is_assigned(const sm_json *assign, const sm_kafka_partition *p)
{
    const sm_json *list = sm_json_get_by(assign, p->topic);

    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_json_int_value(sm_json_at(list, i)) == p->partition)
            return true;
    return sm_json_len(assign) == 0;
}

static sm_code kafka_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    sm_kafka_settings settings = settings_of(s);
    sm_kafka_state *f = s->state;
    sm_kafka_which which = which_of(config, a);
    sm_kafka_partition *found;
    size_t n, kept = 0;
    sm_code rc = f->looker != NULL ? SM_OK : sm_kafka_open(&settings, &f->looker, err);

    f->source = s;
    f->looked_ms = sm_clock_boot_ms();
    if (rc != SM_OK || (rc = sm_kafka_look(f->looker, &which, a, &found, &n, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (is_assigned(config->assign, &found[i]))
            found[kept++] = found[i];
    *out = sm_kafka__newest(config, found, kept, a);
    return SM_OK;
}

/* Seconds go by the newest message that was read: when the oldest unread one was written, only
 * reading it tells.  Offsets count as rows, those too that are no messages. */
static bool kafka_lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out)
{
    const sm_kafka_state *f = s->state;
    sm_arena *a = sm_arena_new("kafka lag");
    sm_error ignored;
    bool known = true;

    if (until == NULL || sm_clock_boot_ms() - f->looked_ms >= SM_SOURCE_LOOK_MS)
        known = kafka_newest(s, a, &until, &ignored) == SM_OK;
    if (known) {
        out->rows = sm_kafka__unread(end, until);
        out->since_ms = f->seen.any ? f->seen.tally.newest_ms : -1;
    }
    sm_arena_free(a);
    return known;
}

const sm_source_ops sm_source_kafka = {
    .name = "kafka",
    .summary = "topics of Kafka, by offsets",
    .options = kafka_options,
    .config_size = sizeof(sm_kafka_config),
    .metadata = true,
    .open = kafka_open,
    .infer = sm_kafka__infer,
    .newest = kafka_newest,
    .latest = sm_kafka__latest_anchored,
    .lag = kafka_lag,
    .read = sm_kafka__read,
    .verify = sm_kafka__verify,
    .bad_records = sm_kafka__bad_records,
    .close = kafka_close,
};
