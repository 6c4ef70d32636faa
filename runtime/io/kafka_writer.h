/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_writer.h -- messages to topics, in transactions or by themselves.
 *
 *     open ──▶ begin ── send, send, … ──▶ commit ──▶ begin …
 *                                    └──▶ abort
 *
 * With a transactional id, what is sent from begin to commit is there for careful readers all at
 * once, or not at all; opening ends what a writer of the same id left pending, and whoever has it
 * still cannot commit any more.  Without one, commit waits until the brokers have each message.
 *
 * A writer belongs to one thread at a time. */
#ifndef SM_IO_KAFKA_WRITER_H
#define SM_IO_KAFKA_WRITER_H

#include "runtime/io/kafka.h"

enum { SM_KAFKA_COMMIT_MS = 60 * 1000 }; /* for all that was sent */

typedef struct sm_kafka_writer sm_kafka_writer;

typedef struct sm_kafka_header_pair {
    sm_sv name, value; /* value.ptr NULL: it has none */
} sm_kafka_header_pair;

/* A message to be sent. */
typedef struct sm_kafka_out {
    sm_sv topic, key, value; /* key.ptr NULL: it has none */
    const sm_kafka_header_pair *headers;
    size_t n_headers;
} sm_kafka_out;

/* `transactional_id` "": none.  Goes out when there is one.  Owned: sm_kafka_writer_close(). */
sm_code sm_kafka_writer_open(const sm_kafka_settings *s, sm_sv transactional_id,
                             sm_kafka_writer **out, sm_error *err);
void sm_kafka_writer_close(sm_kafka_writer *w); /* NULL is fine */

sm_code sm_kafka_writer_begin(sm_kafka_writer *w, sm_error *err);
/* Bytes are copied.  SM_E_INVALID: the message is larger than may be. */
sm_code sm_kafka_writer_send(sm_kafka_writer *w, const sm_kafka_out *m, sm_error *err);
/* SM_E_CONFLICT: another writer of the id has come. */
sm_code sm_kafka_writer_commit(sm_kafka_writer *w, sm_error *err);
void sm_kafka_writer_abort(sm_kafka_writer *w); /* what fails ends at the next opening */

/* Make the topic, of one partition, that keeps the last message of each key; there already is
 * success. */
sm_code sm_kafka_make_compacted(sm_kafka_writer *w, sm_sv topic, sm_error *err);

#endif
