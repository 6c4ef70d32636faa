/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_reading.c -- ranges of offsets as messages, for several threads.
 *
 *     broker threads of the library ──▶ queue of this reading ──take, one at a time──▶ threads
 *
 * Whoever takes holds the lock while it waits, so that one thread sees the end of all ranges and
 * the others find it told; what is done with the messages happens outside.  The queue is this
 * reading's own: nothing of an earlier one can be in it.
 *
 * A range is at its end at the first message at or behind it, or when the broker says that there
 * is nothing more: its last offsets may be control records, aborted or compacted away. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/io/kafka_int.h"

enum { SLICE_MS = 100 }; /* of waiting */

typedef struct topic {
    sm_sv name;
    rd_kafka_topic_t *handle;
    size_t n;      /* partitions with a place in `range` */
    size_t *range; /* by partition: its range + 1; 0: none */
} topic;

struct sm_kafka_reading {
    sm_kafka *k;
    const sm_kafka_range *ranges;
    size_t n;
    sm_kafka_stop stop;
    rd_kafka_queue_t *queue;
    topic *topics;
    size_t n_topics;
    sm_mutex mu;   /* guards what follows */
    int64_t *next; /* per range: where it goes on; at its end it is stopped */
    bool *started;
    size_t left;     /* ranges that are not at their end */
    sm_error failed; /* code SM_OK: it did not */
};

/* --- Life --- */

static topic *topic_of(sm_kafka_reading *r, sm_sv name)
{
    for (size_t i = r->n_topics; i > 0; i--) /* ranges come topic by topic */
        if (sm_sv_eq(r->topics[i - 1].name, name))
            return &r->topics[i - 1];
    return NULL;
}

static sm_code add_topic(sm_kafka_reading *r, sm_sv name, topic **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("topic");
    topic *t = &r->topics[r->n_topics];

    *t = (topic){ .name = name,
                  .handle = sm_rdkafka.topic_new(r->k->rk, sm_arena_cstr(a, name), NULL) };
    sm_arena_free(a);
    if (t->handle == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no name of a topic", SM_SV_ARG(name));
    r->n_topics++;
    *out = t;
    return SM_OK;
}

static void put_range(topic *t, int32_t partition, size_t range)
{
    size_t at = (size_t)partition;

    if (at >= t->n) {
        t->range = sm_xrealloc(t->range, (at + 1) * sizeof *t->range);
        memset(t->range + t->n, 0, (at + 1 - t->n) * sizeof *t->range);
        t->n = at + 1;
    }
    t->range[at] = range + 1;
}

static sm_code start_range(sm_kafka_reading *r, size_t i, sm_error *err)
{
    const sm_kafka_range *x = &r->ranges[i];
    topic *t = topic_of(r, x->topic);
    sm_code rc;

    r->next[i] = x->begin;
    if (x->begin >= x->end)
        return SM_OK;
    if (t == NULL && (rc = add_topic(r, x->topic, &t, err)) != SM_OK)
        return rc;
    put_range(t, x->partition, i);
    if (sm_rdkafka.consume_start_queue(t->handle, x->partition, x->begin, r->queue) != 0)
        return sm_fail(err, SM_E_REMOTE, 0, "partition %d of topic \"%.*s\" could not be read",
                       x->partition, SM_SV_ARG(x->topic));
    r->started[i] = true;
    r->left++;
    return SM_OK;
}

static void stop_range(sm_kafka_reading *r, size_t i)
{
    const topic *t = topic_of(r, r->ranges[i].topic);

    if (r->started[i])
        (void)sm_rdkafka.consume_stop(t->handle, r->ranges[i].partition);
    r->started[i] = false;
}

sm_code sm_kafka_read(sm_kafka *k, const sm_kafka_range *ranges, size_t n,
                      const sm_kafka_stop *stop, sm_kafka_reading **out, sm_error *err)
{
    sm_kafka_reading *r = sm_xcalloc(1, sizeof *r);
    sm_code rc = SM_OK;

    r->k = k;
    r->ranges = ranges;
    r->n = n;
    if (stop != NULL)
        r->stop = *stop;
    r->topics = sm_xcalloc(n + 1, sizeof *r->topics);
    r->next = sm_xcalloc(n + 1, sizeof *r->next);
    r->started = sm_xcalloc(n + 1, sizeof *r->started);
    sm_mutex_init(&r->mu);
    r->queue = sm_rdkafka.queue_new(k->rk);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = start_range(r, i, err);
    if (rc != SM_OK) {
        sm_kafka_reading_end(r);
        return rc;
    }
    *out = r;
    return SM_OK;
}

void sm_kafka_reading_end(sm_kafka_reading *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        stop_range(r, i);
    for (size_t i = 0; i < r->n_topics; i++) {
        sm_rdkafka.topic_destroy(r->topics[i].handle);
        free(r->topics[i].range);
    }
    sm_rdkafka.queue_destroy(r->queue);
    sm_mutex_release(&r->mu);
    free(r->topics);
    free(r->next);
    free(r->started);
    free(r);
}

/* --- Taking --- */

/* The range of the message; r->n: it is of none. */
static size_t range_of(const sm_kafka_reading *r, const rd_kafka_message_t *m)
{
    for (size_t i = r->n_topics; i > 0; i--) {
        const topic *t = &r->topics[i - 1];

        if (t->handle == m->rkt && m->partition >= 0 && (size_t)m->partition < t->n &&
            t->range[m->partition] > 0)
            return t->range[m->partition] - 1;
    }
    return r->n;
}

static void end_range(sm_kafka_reading *r, size_t i)
{
    if (!r->started[i])
        return;
    stop_range(r, i);
    r->left--;
}

static sm_code fail_range(sm_kafka_reading *r, size_t i, const rd_kafka_message_t *m, sm_error *err)
{
    const sm_kafka_range *x = &r->ranges[i];

    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return sm_fail(err, SM_E_NOT_FOUND, (int)m->err,
                       "offset %lld of partition %d of topic \"%.*s\" is not there any more",
                       (long long)r->next[i], x->partition, SM_SV_ARG(x->topic));
    sm_kafka__fail(r->k, m->err, err, "cannot be read");
    return sm_wrap(err, "partition %d of topic \"%.*s\"", x->partition, SM_SV_ARG(x->topic));
}

/* The library goes on by itself after these. */
static bool passes(rd_kafka_resp_err_t e)
{
    return e == RD_KAFKA_RESP_ERR__TRANSPORT || e == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR__RESOLVE ||
           e == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           e == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* What is no message. */
static sm_code take_event(sm_kafka_reading *r, size_t i, const rd_kafka_message_t *m, sm_error *err)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (i < r->n && m->offset >= r->ranges[i].end)
            end_range(r, i);
        return SM_OK;
    }
    if (i < r->n && !r->started[i])
        return SM_OK;
    if (passes(m->err) && !sm_kafka__is_refused(r->k))
        return SM_OK;
    return i < r->n ? fail_range(r, i, m, err)
                    : sm_kafka__fail(r->k, m->err, err, "the brokers cannot be read");
}

static sm_kafka_message message_of(const rd_kafka_message_t *m, size_t range)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = sm_rdkafka.message_timestamp(m, &type);

    return (sm_kafka_message){
        .range = range,
        .offset = m->offset,
        .key = { m->key, m->key_len },
        .value = { m->payload, m->len },
        .time_ms = ms,
        .time_is = type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? SM_KAFKA_TIME_CREATED
                   : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? SM_KAFKA_TIME_APPENDED
                                                                : SM_KAFKA_TIME_NONE,
        .handle = (void *)(uintptr_t)m,
    };
}

/* One message of the queue: kept at *out, or seen and gone.  True: it is kept. */
static bool take_one(sm_kafka_reading *r, rd_kafka_message_t *m, sm_kafka_message *out)
{
    size_t i = range_of(r, m);
    bool keep = false;

    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (r->failed.code == SM_OK)
            (void)take_event(r, i, m, &r->failed);
    } else if (i < r->n && r->started[i] && m->offset >= r->next[i]) {
        keep = m->offset < r->ranges[i].end;
        r->next[i] = m->offset + 1;
        if (keep)
            *out = message_of(m, i);
        if (r->next[i] >= r->ranges[i].end)
            end_range(r, i);
    }
    if (!keep)
        sm_rdkafka.message_destroy(m);
    return keep;
}

/* Wait for one, then take what is there already. */
static size_t take_some(sm_kafka_reading *r, sm_kafka_message *out, size_t max)
{
    rd_kafka_message_t *got[SM_KAFKA_TAKE], *first;
    size_t n = 0;
    ssize_t more = 0;

    if ((first = sm_rdkafka.consume_queue(r->queue, SLICE_MS)) == NULL)
        return 0;
    n += take_one(r, first, &out[n]);
    if (max > 1)
        more = sm_rdkafka.consume_batch_queue(r->queue, 0, got, max - 1);
    for (ssize_t i = 0; i < more; i++)
        n += take_one(r, got[i], &out[n]);
    return n;
}

sm_code sm_kafka_take(sm_kafka_reading *r, sm_kafka_message *out, size_t max, size_t *n,
                      sm_error *err)
{
    int64_t until = sm_clock_boot_ms() + SM_KAFKA_SILENCE_MS;
    sm_code rc = SM_OK;

    *n = 0;
    max = max > SM_KAFKA_TAKE ? SM_KAFKA_TAKE : max;
    sm_mutex_lock(&r->mu);
    while (rc == SM_OK && *n == 0 && r->left > 0) {
        *n = take_some(r, out, max);
        if (r->failed.code != SM_OK) {
            *err = r->failed;
            rc = err->code;
        } else if (*n == 0 && r->stop.asked != NULL && r->stop.asked(r->stop.ctx)) {
            rc = sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
        } else if (*n == 0 && sm_clock_boot_ms() > until) {
            rc = sm_kafka__fail(r->k, RD_KAFKA_RESP_ERR__TIMED_OUT, err,
                                "the brokers gave no message for a minute");
        }
    }
    sm_mutex_unlock(&r->mu);
    if (rc != SM_OK) {
        sm_kafka_give_back(out, *n);
        *n = 0;
    }
    return rc;
}

void sm_kafka_give_back(sm_kafka_message *messages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sm_rdkafka.message_destroy(messages[i].handle);
}

bool sm_kafka_header(const sm_kafka_message *m, size_t i, sm_sv *name, sm_sv *value)
{
    rd_kafka_headers_t *headers;
    const char *key;
    const void *bytes;
    size_t len;

    if (sm_rdkafka.message_headers(m->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        sm_rdkafka.header_get_all(headers, i, &key, &bytes, &len) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    *name = sm_sv_cstr(key);
    *value = (sm_sv){ bytes, len };
    return true;
}
