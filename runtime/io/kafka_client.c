/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_client.c -- one client: opened, asked where topics begin and end, and what it is told. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/io/kafka_int.h"

enum {
    SLICE_MS = 500,             /* of waiting, between looks at what the client was told */
    SCRAM_FIXED = 0x020601ff,   /* 2.6.1 */
    MAX_PARTITIONS = 100 * 1000 /* of all topics of a source */
};

/* --- What the client is told --- */

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    sm_kafka *k = opaque;

    (void)rk;
    sm_mutex_lock(&k->mu);
    if (k->why != RD_KAFKA_RESP_ERR__AUTHENTICATION) { /* what follows from it says less */
        k->why = (rd_kafka_resp_err_t)code;
        snprintf(k->said, sizeof k->said, "%s", reason);
    }
    sm_mutex_unlock(&k->mu);
}

/* Errors are told; the rest is for those who debug the library. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

/* The brokers answer: what was told before is no reason for what fails later. */
static sm_code answered(sm_kafka *k)
{
    sm_mutex_lock(&k->mu);
    k->why = RD_KAFKA_RESP_ERR_NO_ERROR;
    k->said[0] = '\0';
    sm_mutex_unlock(&k->mu);
    return SM_OK;
}

bool sm_kafka__is_refused(sm_kafka *k)
{
    bool refused;

    sm_rdkafka.poll(k->rk, 0); /* tells */
    sm_mutex_lock(&k->mu);
    refused = k->why == RD_KAFKA_RESP_ERR__AUTHENTICATION || k->why == RD_KAFKA_RESP_ERR__SSL;
    sm_mutex_unlock(&k->mu);
    return refused;
}

static sm_code code_of(rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return SM_E_NOT_FOUND;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return SM_E_DENIED;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return SM_E_INVALID;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
        return SM_E_TIMEOUT;
    default:
        return SM_E_REMOTE;
    }
}

sm_code sm_kafka__fail(sm_kafka *k, rd_kafka_resp_err_t e, sm_error *err, const char *what)
{
    bool vague = e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR__TRANSPORT ||
                 e == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    const char *hint = "";
    sm_code rc;

    sm_rdkafka.poll(k->rk, 0);
    sm_mutex_lock(&k->mu);
    if (vague && k->said[0] != '\0')
        e = k->why;
    if (e == RD_KAFKA_RESP_ERR__AUTHENTICATION && k->scram && sm_rdkafka.version() < SCRAM_FIXED)
        hint = "; brokers of Kafka 4 refuse SCRAM of librdkafka before 2.6.1, and here is ";
    rc = code_of(e);
    sm_fail(err, rc, (int)e, "%s: %s%s%s", what,
            e == k->why && k->said[0] != '\0' ? k->said : sm_rdkafka.err2str(e), hint,
            hint[0] != '\0' ? sm_rdkafka.version_str() : "");
    sm_mutex_unlock(&k->mu);
    return rc;
}

/* --- Life --- */

static sm_code set_reading(rd_kafka_conf_t *conf, const sm_kafka_settings *s, sm_error *err)
{
    const struct {
        const char *name, *value;
    } ours[] = {
        { "isolation.level", s->uncommitted ? "read_uncommitted" : "read_committed" },
        { "auto.offset.reset", "error" },
        { "enable.partition.eof", "true" },
        { "enable.auto.commit", "false" },
        { "enable.auto.offset.store", "false" },
    };
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < sizeof ours / sizeof *ours; i++)
        rc = sm_kafka__set(conf, ours[i].name, ours[i].value, err);
    return rc;
}

sm_code sm_kafka__make(const sm_kafka_settings *s, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                       sm_kafka **out, sm_error *err)
{
    sm_kafka *k = sm_xcalloc(1, sizeof *k);
    char why[300];

    sm_mutex_init(&k->mu);
    k->scram = sm_kafka__uses_scram(s);
    sm_rdkafka.conf_set_opaque(conf, k);
    sm_rdkafka.conf_set_error_cb(conf, on_error);
    sm_rdkafka.conf_set_log_cb(conf, on_log);
    if ((k->rk = sm_rdkafka.new(type, conf, why, sizeof why)) == NULL) {
        sm_rdkafka.conf_destroy(conf);
        sm_kafka_close(k);
        return sm_fail(err, SM_E_INVALID, 0, "the Kafka client could not be made: %s", why);
    }
    *out = k;
    return SM_OK;
}

sm_code sm_kafka_open(const sm_kafka_settings *s, sm_kafka **out, sm_error *err)
{
    rd_kafka_conf_t *conf;
    sm_code rc = sm_kafka__conf(s, &conf, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = set_reading(conf, s, err)) != SM_OK) {
        sm_rdkafka.conf_destroy(conf);
        return rc;
    }
    return sm_kafka__make(s, RD_KAFKA_CONSUMER, conf, out, err);
}

void sm_kafka_close(sm_kafka *k)
{
    if (k == NULL)
        return;
    if (k->rk != NULL)
        sm_rdkafka.destroy(k->rk);
    sm_mutex_release(&k->mu);
    free(k);
}

/* --- Topics --- */

/* Of whole names. */
static sm_code compile(sm_sv pattern, regex_t *re, sm_error *err)
{
    sm_arena *a = sm_arena_new("pattern");
    sm_sv whole = sm_arena_printf(a, "^(%.*s)$", SM_SV_ARG(pattern));
    int bad = regcomp(re, whole.ptr, REG_EXTENDED | REG_NOSUB);
    char why[200];

    sm_arena_free(a);
    if (bad == 0)
        return SM_OK;
    regerror(bad, re, why, sizeof why);
    return sm_fail(err, SM_E_INVALID, 0, "`topic_pattern` is no regular expression: %s", why);
}

sm_code sm_kafka_check_pattern(sm_sv pattern, sm_error *err)
{
    regex_t re;
    sm_code rc = compile(pattern, &re, err);

    if (rc == SM_OK)
        regfree(&re);
    return rc;
}

/* Ask for the metadata of `topic`, or of all topics, in slices: a login that is refused is told
 * between them. */
static sm_code ask_metadata(sm_kafka *k, rd_kafka_topic_t *topic,
                            const struct rd_kafka_metadata **out, sm_error *err)
{
    int64_t until = sm_clock_boot_ms() + SM_KAFKA_ASK_MS;
    rd_kafka_resp_err_t e;

    do {
        e = sm_rdkafka.metadata(k->rk, topic == NULL, topic, out, SLICE_MS);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
            return answered(k);
    } while ((e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR__TRANSPORT) &&
             !sm_kafka__is_refused(k) && sm_clock_boot_ms() < until);
    return sm_kafka__fail(k, e, err, "the brokers do not answer");
}

typedef struct found {
    sm_kafka_partition *items;
    size_t n, cap;
    sm_arena *a;
} found;

static sm_code add_topic(sm_kafka *k, found *f, const struct rd_kafka_metadata_topic *t,
                         sm_error *err)
{
    sm_sv name = sm_arena_dup(f->a, sm_sv_cstr(t->topic));
    char what[300];

    if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(what, sizeof what, "topic \"%s\"", t->topic);
        return sm_kafka__fail(k, t->err, err, what);
    }
    if (f->n + (size_t)t->partition_cnt > MAX_PARTITIONS)
        return sm_fail(err, SM_E_LIMIT, 0, "the topics have more than %d partitions",
                       MAX_PARTITIONS);
    for (int i = 0; i < t->partition_cnt; i++) {
        if (f->n == f->cap) {
            f->cap = f->cap * 2 + 16;
            f->items = sm_xrealloc(f->items, f->cap * sizeof *f->items);
        }
        f->items[f->n++] = (sm_kafka_partition){ name, t->partitions[i].id, 0, 0 };
    }
    return SM_OK;
}

static sm_code add_listed(sm_kafka *k, found *f, const sm_kafka_which *which, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < which->topics.n; i++) {
        const struct rd_kafka_metadata *m = NULL;
        rd_kafka_topic_t *topic =
            sm_rdkafka.topic_new(k->rk, sm_arena_cstr(f->a, which->topics.items[i]), NULL);

        if (topic == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no name of a topic",
                           SM_SV_ARG(which->topics.items[i]));
        if ((rc = ask_metadata(k, topic, &m, err)) == SM_OK) {
            rc = m->topic_cnt == 1 ? add_topic(k, f, &m->topics[0], err) : SM_OK;
            sm_rdkafka.metadata_destroy(m);
        }
        sm_rdkafka.topic_destroy(topic);
    }
    return rc;
}

/* Topics of the brokers themselves begin with two underscores. */
static bool is_internal(const char *topic)
{
    return strncmp(topic, "__", 2) == 0;
}

static sm_code add_matching(sm_kafka *k, found *f, sm_sv pattern, sm_error *err)
{
    const struct rd_kafka_metadata *m = NULL;
    regex_t re;
    sm_code rc = ask_metadata(k, NULL, &m, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = compile(pattern, &re, err)) != SM_OK) {
        sm_rdkafka.metadata_destroy(m);
        return rc;
    }
    for (int i = 0; rc == SM_OK && i < m->topic_cnt; i++)
        if (!is_internal(m->topics[i].topic) && regexec(&re, m->topics[i].topic, 0, NULL, 0) == 0)
            rc = add_topic(k, f, &m->topics[i], err);
    regfree(&re);
    sm_rdkafka.metadata_destroy(m);
    return rc;
}

static int compare(const void *x, const void *y)
{
    const sm_kafka_partition *p = x, *q = y;
    int by_topic = sm_sv_cmp(p->topic, q->topic);

    return by_topic != 0 ? by_topic : (p->partition > q->partition) - (p->partition < q->partition);
}

/* --- Offsets --- */

enum { AT_BEGIN = -2, AT_END = -1 }; /* in place of a time */

/* Where all partitions begin, or end; one request for each broker. */
static sm_code ask_offsets(sm_kafka *k, const found *f, int at, rd_kafka_topic_partition_list_t *l,
                           sm_error *err)
{
    int64_t until = sm_clock_boot_ms() + SM_KAFKA_ASK_MS;
    rd_kafka_resp_err_t e;
    char what[300] = "the brokers do not say where topics begin and end";

    do {
        for (size_t i = 0; i < f->n; i++)
            l->elems[i].offset = at;
        e = sm_rdkafka.offsets_for_times(k->rk, l, 4 * SLICE_MS);
    } while ((e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR__TRANSPORT) &&
             !sm_kafka__is_refused(k) && sm_clock_boot_ms() < until);
    for (size_t i = 0; e == RD_KAFKA_RESP_ERR_NO_ERROR && i < f->n; i++) {
        e = l->elems[i].err;
        if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
            snprintf(what, sizeof what, "partition %d of topic \"%s\"", l->elems[i].partition,
                     l->elems[i].topic);
    }
    return e == RD_KAFKA_RESP_ERR_NO_ERROR ? answered(k) : sm_kafka__fail(k, e, err, what);
}

static sm_code add_offsets(sm_kafka *k, found *f, sm_error *err)
{
    rd_kafka_topic_partition_list_t *l = sm_rdkafka.topic_partition_list_new((int)f->n);
    sm_code rc;

    for (size_t i = 0; i < f->n; i++)
        sm_rdkafka.topic_partition_list_add(l, f->items[i].topic.ptr, f->items[i].partition);
    if ((rc = ask_offsets(k, f, AT_BEGIN, l, err)) == SM_OK) {
        for (size_t i = 0; i < f->n; i++)
            f->items[i].low = l->elems[i].offset;
        rc = ask_offsets(k, f, AT_END, l, err);
    }
    for (size_t i = 0; rc == SM_OK && i < f->n; i++) /* retention may have moved in between */
        f->items[i].end =
            l->elems[i].offset > f->items[i].low ? l->elems[i].offset : f->items[i].low;
    sm_rdkafka.topic_partition_list_destroy(l);
    return rc;
}

sm_code sm_kafka_look(sm_kafka *k, const sm_kafka_which *which, sm_arena *a,
                      sm_kafka_partition **out, size_t *n, sm_error *err)
{
    found f = { .a = a };
    sm_code rc = which->pattern.len > 0 ? add_matching(k, &f, which->pattern, err)
                                        : add_listed(k, &f, which, err);

    if (rc == SM_OK && f.n > 0) {
        qsort(f.items, f.n, sizeof *f.items, compare);
        rc = add_offsets(k, &f, err);
    }
    *out = SM_NEW_N(a, sm_kafka_partition, f.n + 1);
    if (f.n > 0)
        memcpy(*out, f.items, f.n * sizeof *f.items);
    *n = f.n;
    free(f.items);
    return rc;
}
