/* SPDX-License-Identifier: Apache-2.0 */
/* kafka.h -- a client of Kafka brokers, for those who read topics by ranges of offsets.
 *
 *     settings ──open──▶ client ──look──▶ partitions, where each begins and ends
 *                           └────read──▶ reading ──take──▶ messages … 0 at the end
 *
 * No consumer groups: nobody but us remembers where we are, and nothing rebalances.  A range is
 * read from `begin` to before `end`; what is not there (control records, aborted transactions,
 * what a compacted topic has dropped) is no message, so a range may have fewer of them than
 * offsets, and still ends.
 *
 * A client belongs to one thread at a time, a reading to any number. */
#ifndef SM_IO_KAFKA_H
#define SM_IO_KAFKA_H

#include "runtime/base/connection.h"
#include "runtime/base/option.h"

enum {
    SM_KAFKA_ASK_MS = 10 * 1000,     /* for one answer of the brokers */
    SM_KAFKA_SILENCE_MS = 60 * 1000, /* without a message, while there must be some */
    SM_KAFKA_TAKE = 2048             /* messages at a time, at most */
};

/* What a client is opened with; all borrowed until then.  Either `connection` or `brokers`. */
typedef struct sm_kafka_settings {
    sm_sv brokers;    /* host:port, with commas; "" when a connection says it */
    sm_sv connection; /* the name of one; "" for none */
    const sm_connections *connections;
    const sm_json *options; /* of librdkafka by name, beside those of the connection; or NULL */
    bool uncommitted;       /* read what open and aborted transactions wrote, too */
} sm_kafka_settings;

/* SM_E_INVALID: what can be said of the settings without going out. */
sm_code sm_kafka_check(const sm_kafka_settings *s, sm_error *err);

typedef struct sm_kafka sm_kafka;

/* Goes nowhere yet.  SM_E_NOT_FOUND: there is no librdkafka.  Owned: sm_kafka_close(). */
sm_code sm_kafka_open(const sm_kafka_settings *s, sm_kafka **out, sm_error *err);
void sm_kafka_close(sm_kafka *k); /* after its readings; NULL is fine */

/* --- Where topics begin and end --- */

typedef struct sm_kafka_partition {
    sm_sv topic;
    int32_t partition;
    int64_t low; /* the first offset that is there */
    int64_t end; /* behind the last that may be read: that of no open transaction */
} sm_kafka_partition;

/* Which topics: those of the list, or those whose whole name matches the POSIX expression. */
typedef struct sm_kafka_which {
    sm_sv_list topics;
    sm_sv pattern; /* "": none */
} sm_kafka_which;

sm_code sm_kafka_check_pattern(sm_sv pattern, sm_error *err);

/* By topic and partition; both live in `a`.  SM_E_NOT_FOUND naming a topic that is not there;
 * SM_E_REMOTE, SM_E_TIMEOUT, SM_E_DENIED: what the brokers said, or that they said nothing. */
sm_code sm_kafka_look(sm_kafka *k, const sm_kafka_which *which, sm_arena *a,
                      sm_kafka_partition **out, size_t *n, sm_error *err);

/* --- Messages --- */

typedef struct sm_kafka_range {
    sm_sv topic;
    int32_t partition;
    int64_t begin, end; /* begin <= end */
} sm_kafka_range;

typedef enum sm_kafka_time {
    SM_KAFKA_TIME_NONE = -1,
    SM_KAFKA_TIME_CREATED = 0,  /* what the producer said; the numbers of Spark */
    SM_KAFKA_TIME_APPENDED = 1, /* when the broker took it */
} sm_kafka_time;

/* Borrowed until it is given back. */
typedef struct sm_kafka_message {
    size_t range; /* of the reading */
    int64_t offset;
    sm_sv key, value; /* ptr NULL: there is none */
    int64_t time_ms;
    sm_kafka_time time_is;
    void *handle;
} sm_kafka_message;

typedef struct sm_kafka_reading sm_kafka_reading;

/* Is whoever reads asked to stop?  Then taking fails with SM_E_CANCELLED.  NULL: never. */
typedef struct sm_kafka_stop {
    bool (*asked)(void *ctx);
    void *ctx;
} sm_kafka_stop;

/* `ranges` is borrowed until the end.  Owned: sm_kafka_reading_end(), after its last message was
 * given back. */
sm_code sm_kafka_read(sm_kafka *k, const sm_kafka_range *ranges, size_t n,
                      const sm_kafka_stop *stop, sm_kafka_reading **out, sm_error *err);
void sm_kafka_reading_end(sm_kafka_reading *r); /* NULL is fine */

/* Up to `max` messages, those of a range in order; *n == 0: all ranges are at their end.
 * SM_E_NOT_FOUND: a range begins at an offset that is not there any more. */
sm_code sm_kafka_take(sm_kafka_reading *r, sm_kafka_message *out, size_t max, size_t *n,
                      sm_error *err);
void sm_kafka_give_back(sm_kafka_message *messages, size_t n);

/* Header number `i`; false: there are no more.  value.ptr NULL: it has none. */
bool sm_kafka_header(const sm_kafka_message *m, size_t i, sm_sv *name, sm_sv *value);

#endif
