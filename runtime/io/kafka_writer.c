/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_writer.c -- see the header.  A fatal error, such as being fenced, ends the client: the
 * writer is to be closed then. */
#include "runtime/io/kafka_writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/io/kafka_int.h"

enum { SLICE_MS = 200, MOST_TOPICS = 4 };

typedef struct topic {
    sm_sv name;
    rd_kafka_topic_t *handle;
} topic;

struct sm_kafka_writer {
    sm_kafka *k;
    bool transactions, begun;
    sm_arena *a;
    topic topics[MOST_TOPICS];
    size_t n_topics;
    rd_kafka_resp_err_t lost; /* the first message that was not delivered: why */
    int64_t n_lost;
};

/* Called from poll and flush, by the thread of the writer. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    sm_kafka_writer *w = ((sm_kafka *)opaque)->user;

    (void)rk;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (w->n_lost++ == 0)
        w->lost = m->err;
}

/* What a call of the transactional kind said; `e` is freed. */
static sm_code result_of(sm_kafka_writer *w, rd_kafka_error_t *e, sm_error *err, const char *what)
{
    rd_kafka_resp_err_t code;
    sm_code rc;

    if (e == NULL)
        return SM_OK;
    code = sm_rdkafka.error_code(e);
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
        code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
        rc = sm_fail(err, SM_E_CONFLICT, (int)code,
                     "%s: another process writes as the same sink now", what);
    else if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        rc = sm_kafka__fail(w->k, code, err, what);
    else
        rc = sm_fail(err, SM_E_REMOTE, (int)code, "%s: %s", what, sm_rdkafka.error_string(e));
    sm_rdkafka.error_destroy(e);
    return rc;
}

/* --- Life --- */

static sm_code set_writing(rd_kafka_conf_t *conf, sm_sv id, sm_error *err)
{
    sm_arena *a = sm_arena_new("kafka writer");
    sm_code rc = sm_kafka__set(conf, "enable.idempotence", "true", err);

    if (rc == SM_OK && id.len > 0)
        rc = sm_kafka__set(conf, "transactional.id", sm_arena_cstr(a, id), err);
    sm_rdkafka.conf_set_dr_msg_cb(conf, on_delivery);
    sm_arena_free(a);
    return rc;
}

sm_code sm_kafka_writer_open(const sm_kafka_settings *s, sm_sv transactional_id,
                             sm_kafka_writer **out, sm_error *err)
{
    rd_kafka_conf_t *conf;
    sm_kafka_writer *w;
    sm_code rc = sm_kafka__conf(s, &conf, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = set_writing(conf, transactional_id, err)) != SM_OK) {
        sm_rdkafka.conf_destroy(conf);
        return rc;
    }
    w = sm_xcalloc(1, sizeof *w);
    w->a = sm_arena_new("kafka writer");
    w->transactions = transactional_id.len > 0;
    if ((rc = sm_kafka__make(s, RD_KAFKA_PRODUCER, conf, &w->k, err)) == SM_OK) {
        w->k->user = w;
        if (w->transactions)
            rc = result_of(w, sm_rdkafka.init_transactions(w->k->rk, SM_KAFKA_ASK_MS), err,
                           "the brokers do not let transactions begin");
    }
    if (rc != SM_OK) {
        sm_kafka_writer_close(w);
        return rc;
    }
    *out = w;
    return SM_OK;
}

void sm_kafka_writer_close(sm_kafka_writer *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n_topics; i++)
        sm_rdkafka.topic_destroy(w->topics[i].handle);
    if (w->k != NULL)
        (void)sm_rdkafka.purge(w->k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    sm_kafka_close(w->k);
    sm_arena_free(w->a);
    free(w);
}

/* --- Sending --- */

static sm_code topic_of(sm_kafka_writer *w, sm_sv name, rd_kafka_topic_t **out, sm_error *err)
{
    topic *t = &w->topics[w->n_topics];

    for (size_t i = 0; i < w->n_topics; i++)
        if (sm_sv_eq(w->topics[i].name, name)) {
            *out = w->topics[i].handle;
            return SM_OK;
        }
    if (w->n_topics == MOST_TOPICS)
        return sm_fail(err, SM_E_LIMIT, 0, "a writer has at most %d topics", MOST_TOPICS);
    t->name = sm_arena_dup(w->a, name);
    if ((t->handle = sm_rdkafka.topic_new(w->k->rk, t->name.ptr, NULL)) == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no name of a topic", SM_SV_ARG(name));
    w->n_topics++;
    *out = t->handle;
    return SM_OK;
}

sm_code sm_kafka_writer_begin(sm_kafka_writer *w, sm_error *err)
{
    w->n_lost = 0;
    if (!w->transactions)
        return SM_OK;
    w->begun = true;
    return result_of(w, sm_rdkafka.begin_transaction(w->k->rk), err,
                     "a transaction could not begin");
}

static rd_kafka_headers_t *headers_of(const sm_kafka_out *m)
{
    rd_kafka_headers_t *headers = sm_rdkafka.headers_new(m->n_headers);

    for (size_t i = 0; i < m->n_headers; i++)
        (void)sm_rdkafka.header_add(headers, m->headers[i].name.ptr,
                                    (ssize_t)m->headers[i].name.len, m->headers[i].value.ptr,
                                    (ssize_t)m->headers[i].value.len);
    return headers;
}

/* The headers go to the library with the message, and stay ours without. */
static rd_kafka_resp_err_t produce_with_headers(rd_kafka_t *rk, rd_kafka_topic_t *to,
                                                const sm_kafka_out *m)
{
    rd_kafka_headers_t *headers = headers_of(m);
    const rd_kafka_vu_t parts[] = {
        { .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = to },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY,
          .u.mem = { (void *)(uintptr_t)m->key.ptr, m->key.ptr == NULL ? 0 : m->key.len } },
        { .vtype = RD_KAFKA_VTYPE_VALUE,
          .u.mem = { (void *)(uintptr_t)m->value.ptr, m->value.len } },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    rd_kafka_error_t *failed = sm_rdkafka.produceva(rk, parts, sizeof parts / sizeof *parts);
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (failed == NULL)
        return e;
    e = sm_rdkafka.error_code(failed);
    sm_rdkafka.error_destroy(failed);
    sm_rdkafka.headers_destroy(headers);
    return e;
}

static rd_kafka_resp_err_t produce(rd_kafka_t *rk, rd_kafka_topic_t *to, const sm_kafka_out *m)
{
    if (m->n_headers > 0)
        return produce_with_headers(rk, to, m);
    if (sm_rdkafka.produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                           (void *)(uintptr_t)m->value.ptr, m->value.len, m->key.ptr, m->key.len,
                           NULL) == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    return sm_rdkafka.last_error();
}

sm_code sm_kafka_writer_send(sm_kafka_writer *w, const sm_kafka_out *m, sm_error *err)
{
    int64_t until = sm_clock_boot_ms() + SM_KAFKA_COMMIT_MS;
    rd_kafka_topic_t *handle = NULL;
    rd_kafka_resp_err_t e;
    sm_code rc = topic_of(w, m->topic, &handle, err);

    while (rc == SM_OK) {
        if ((e = produce(w->k->rk, handle, m)) == RD_KAFKA_RESP_ERR_NO_ERROR)
            return SM_OK;
        if (e == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
            return sm_fail(err, SM_E_INVALID, (int)e,
                           "a message of %zu bytes is larger than `message.max.bytes`",
                           m->value.len);
        if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL || sm_clock_boot_ms() > until)
            return sm_kafka__fail(w->k, e, err, "a message could not be sent");
        sm_rdkafka.poll(w->k->rk, SLICE_MS); /* the queue is full: let some go */
    }
    return rc;
}

static sm_code fail_lost(sm_kafka_writer *w, sm_error *err)
{
    char what[100];

    snprintf(what, sizeof what, "%lld messages were not taken, the first because of",
             (long long)w->n_lost);
    return sm_kafka__fail(w->k, w->lost, err, what);
}

sm_code sm_kafka_writer_commit(sm_kafka_writer *w, sm_error *err)
{
    rd_kafka_resp_err_t e = sm_rdkafka.flush(w->k->rk, SM_KAFKA_COMMIT_MS);
    sm_code rc;

    if (w->n_lost > 0)
        return fail_lost(w, err);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        return sm_kafka__fail(w->k, e, err, "the brokers did not take all messages in time");
    if (!w->transactions)
        return SM_OK;
    rc = result_of(w, sm_rdkafka.commit_transaction(w->k->rk, SM_KAFKA_COMMIT_MS), err,
                   "the transaction could not be committed");
    w->begun = rc != SM_OK;
    return rc;
}

void sm_kafka_writer_abort(sm_kafka_writer *w)
{
    sm_error ignored;

    (void)sm_rdkafka.purge(w->k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (w->begun)
        (void)result_of(w, sm_rdkafka.abort_transaction(w->k->rk, SM_KAFKA_ASK_MS), &ignored, "");
    w->begun = false;
}

/* --- Topics --- */

static sm_code result_of_topic(rd_kafka_event_t *event, sm_sv name, sm_error *err)
{
    size_t n = 0;
    const rd_kafka_topic_result_t **results;
    rd_kafka_resp_err_t e = sm_rdkafka.event_error(event);

    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        return sm_fail(err, SM_E_REMOTE, (int)e, "topic \"%.*s\" could not be made: %s",
                       SM_SV_ARG(name), sm_rdkafka.event_error_string(event));
    results =
        sm_rdkafka.CreateTopics_result_topics(sm_rdkafka.event_CreateTopics_result(event), &n);
    e = n == 1 ? sm_rdkafka.topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR || e == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return SM_OK;
    return sm_fail(
        err, e == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? SM_E_DENIED : SM_E_REMOTE, (int)e,
        "topic \"%.*s\" could not be made: %s; make it with one partition and "
        "cleanup.policy=compact",
        SM_SV_ARG(name), sm_rdkafka.err2str(e));
}

sm_code sm_kafka_make_compacted(sm_kafka_writer *w, sm_sv name, sm_error *err)
{
    char why[200];
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    rd_kafka_NewTopic_t *t =
        sm_rdkafka.NewTopic_new(sm_arena_cstr(w->a, name), 1, -1, why, sizeof why);
    sm_code rc;

    if (t == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "topic \"%.*s\" could not be made: %s",
                       SM_SV_ARG(name), why);
    (void)sm_rdkafka.NewTopic_set_config(t, "cleanup.policy", "compact");
    queue = sm_rdkafka.queue_new(w->k->rk);
    sm_rdkafka.CreateTopics(w->k->rk, &t, 1, NULL, queue);
    event = sm_rdkafka.queue_poll(queue, SM_KAFKA_ASK_MS);
    rc = event == NULL
             ? sm_kafka__fail(w->k, RD_KAFKA_RESP_ERR__TIMED_OUT, err, "a topic could not be made")
             : result_of_topic(event, name, err);
    if (event != NULL)
        sm_rdkafka.event_destroy(event);
    sm_rdkafka.queue_destroy(queue);
    sm_rdkafka.NewTopic_destroy(t);
    return rc;
}
