/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_int.h -- what the parts of the Kafka source share.
 *
 *     source_kafka.c           options, life, looks, the list of operations
 *     source_kafka_offsets.c   offsets as JSON: how far, where from, what is lost; pure
 *     source_kafka_anchor.c    is a topic still the one that was read
 *     source_kafka_read.c      a range as a relation
 *     source_kafka_chunk.c     messages to rows
 *     source_kafka_bad.c       messages that are no records
 *     source_kafka_infer.c     columns from messages */
#ifndef SM_SOURCES_SOURCE_KAFKA_INT_H
#define SM_SOURCES_SOURCE_KAFKA_INT_H

#include "runtime/base/thread.h"
#include "runtime/connect/decode_ndjson.h"
#include "runtime/connect/source.h"
#include "runtime/engine/engine_reader.h"
#include "runtime/io/kafka.h"

typedef enum sm_kafka_format {
    SM_KAFKA_JSON,  /* the fields of the value are columns */
    SM_KAFKA_TEXT,  /* key and value are VARCHAR */
    SM_KAFKA_BYTES, /* key and value are BLOB */
} sm_kafka_format;

typedef struct sm_kafka_config {
    sm_sv brokers, connection;
    sm_sv_list topics;
    sm_sv topic_pattern;
    const sm_json *assign;           /* {topic: [partition, …]}; empty: all */
    const sm_json *starting_offsets; /* "earliest", "latest" or {topic: {partition: offset}} */
    int64_t max_offsets;
    bool fail_on_data_loss;
    int isolation;    /* 1: uncommitted */
    int value_format; /* sm_kafka_format */
    bool include_headers;
    const sm_json *options;
    sm_sv rescued_column;
    bool infer_column_types;
} sm_kafka_config;

/* --- source_kafka_offsets.c --- */

/* {"topics": {topic: {partition: end}}, "low": {topic: {partition: first}}}; NULL when there is
 * nothing to begin with. */
sm_json *sm_kafka__newest(const sm_kafka_config *config, const sm_kafka_partition *found, size_t n,
                          sm_arena *a);

/* {"topics": {topic: {partition: end}}, "begin": …, "notices": …, anchors}: where a batch from
 * `start` ends. `begin` is of the partitions that do not begin where `start` ended, and `notices`
 * says why. `start` itself when nothing is new. */
sm_code sm_kafka__latest(const sm_kafka_config *config, const sm_json *start, const sm_json *until,
                         sm_arena *a, const sm_json **out, sm_error *err);

/* Put the anchor of a partition into an offset: one message, by its place and time. */
void sm_kafka__anchor(sm_json *of, sm_sv topic, sm_sv partition, int64_t offset, int64_t time_ms,
                      sm_arena *a);
/* Where the anchors of `start` would be, as far as `until` has such offsets, and their times. */
sm_kafka_range *sm_kafka__anchors(const sm_json *start, const sm_json *until, sm_arena *a,
                                  int64_t **times, size_t *n);

/* Offsets that `newest` has behind `end`. */
int64_t sm_kafka__unread(const sm_json *end, const sm_json *newest);

/* The ranges of (start, end], in `a`. */
sm_kafka_range *sm_kafka__ranges(const sm_json *start, const sm_json *end, sm_arena *a, size_t *n);

/* SM_E_INVALID: `starting_offsets` or `assign` is not of its form. */
sm_code sm_kafka__check_starting(const sm_json *starting, sm_error *err);
sm_code sm_kafka__check_assign(const sm_json *assign, sm_error *err);

/* --- source_kafka_anchor.c --- */

/* sm_kafka__latest(), but a topic that was made anew is told whatever its offsets are.  Goes to the
 * brokers for one message per partition, with the first batch that a flow reads after open(). */
sm_code sm_kafka__latest_anchored(sm_source *s, const sm_json *start, const sm_json *until,
                                  sm_arena *a, const sm_json **out, sm_error *err);

/* --- source_kafka_bad.c --- */

/* A message that is no record. */
typedef struct sm_kafka_bad {
    size_t range;
    int64_t offset;
    char *text, *reason; /* owned; what is no UTF-8 in `text` is U+FFFD */
    bool whole;          /* `text` is all of it, byte for byte */
} sm_kafka_bad;

typedef struct sm_kafka_bads {
    sm_kafka_bad *items;
    size_t n, cap, bytes;
    bool keep; /* all of them; else the first few */
    bool over; /* there were more than can be kept */
} sm_kafka_bads;

void sm_kafka__bads_add(sm_kafka_bads *b, const sm_kafka_message *m, const char *reason);
void sm_kafka__bads_move(sm_kafka_bads *from, sm_kafka_bads *to);
void sm_kafka__bads_clear(sm_kafka_bads *b);
/* [{file, line, reason, text}] of the first; NULL without any. */
const sm_json *sm_kafka__bads_samples(sm_kafka_bads *b, const sm_kafka_range *ranges, sm_arena *a);

/* --- source_kafka_chunk.c --- */

/* Columns of the message itself, behind those of its value. */
enum {
    SM_KAFKA_KEY,
    SM_KAFKA_VALUE,
    SM_KAFKA_TOPIC,
    SM_KAFKA_PARTITION,
    SM_KAFKA_OFFSET,
    SM_KAFKA_TIMESTAMP,
    SM_KAFKA_TIMESTAMP_TYPE,
    SM_KAFKA_HEADERS, /* JSON text: [{"key":…,"value": base64}] */
    SM_KAFKA_OWN
};

/* What is read: one per read(); borrowed by whoever decodes. */
typedef struct sm_kafka_what {
    sm_kafka_format format;
    const sm_kafka_range *ranges;
    size_t n_ranges;
    const sm_decode_column *columns; /* of the value; n_columns == 0 but for JSON */
    size_t n_columns;
    const sm_decode_column *rescued; /* of these; NULL: there is none */
    bool keep_bad;
} sm_kafka_what;

/* What became of the messages. */
typedef struct sm_kafka_tally {
    int64_t messages, bytes, undecodable, misfits;
    int64_t newest_ms; /* timestamp of the newest; -1: none has one */
    size_t n_unknown;  /* fields that no column has; the first: */
    sm_kafka_bads bads;
    sm_decode_tally *unknown; /* only its unknown fields; a place is (range, offset) */
} sm_kafka_tally;

void sm_kafka__tally_init(sm_kafka_tally *t, bool keep_bad);
void sm_kafka__tally_release(sm_kafka_tally *t);
/* Add `part` to `t`, and empty it. */
void sm_kafka__tally_merge(sm_kafka_tally *t, sm_kafka_tally *part);

typedef struct sm_kafka_decoder sm_kafka_decoder;

sm_kafka_decoder *sm_kafka__decoder_new(const sm_kafka_what *what);
void sm_kafka__decoder_free(sm_kafka_decoder *d);

/* Rows of some of the n messages, the first *used: as many as a chunk takes.  Strings of the chunk
 * point into the messages, which must stay until it is read. */
void sm_kafka__decode(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n,
                      sm_reader_chunk *chunk, size_t *n_rows, size_t *used);
sm_kafka_tally *sm_kafka__decoder_tally(sm_kafka_decoder *d);

/* --- source_kafka.c --- */

typedef struct sm_kafka_scan_result {
    sm_mutex mu;
    sm_kafka_tally tally; /* of the scan that saw most */
    bool any;
} sm_kafka_scan_result;

typedef struct sm_kafka_state {
    sm_kafka *looker;  /* NULL until somebody looks */
    int64_t looked_ms; /* since the machine started */
    sm_mutex mu;       /* guards the clients below */
    sm_kafka *idle[4];
    size_t n_idle;
    bool anchors_hold; /* since open() */

    sm_arena *read; /* what follows, of the last read() */
    sm_kafka_what what;
    sm_kafka_scan_result seen;
    sm_engine_reader *reader, *bad;
    const sm_source *source;
} sm_kafka_state;

/* A client for one reading; given back, or closed, by sm_kafka__give(). */
sm_code sm_kafka__take(sm_kafka_state *f, sm_kafka **out, sm_error *err);
void sm_kafka__give(sm_kafka_state *f, sm_kafka *k);
sm_kafka_stop sm_kafka__stop(const sm_source *s);

/* --- source_kafka_read.c --- */

sm_code sm_kafka__read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                       sm_error *err);
sm_code sm_kafka__verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err);
void sm_kafka__forget_read(sm_kafka_state *f);

sm_code sm_kafka__bad_records(sm_source *s, sm_sv view, sm_error *err);

/* --- source_kafka_infer.c --- */

sm_code sm_kafka__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);
/* The schema in force grown by what the range has besides: SM_E_AGAIN with report.grown. */
sm_code sm_kafka__grow(sm_source *s, sm_error *err);
/* The columns that text and bytes have. */
void sm_kafka__own_columns(const sm_kafka_config *config, sm_arena *a, sm_schema *out);

#endif
