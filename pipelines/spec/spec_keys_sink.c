/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_sink.c -- keys of sinks.  Their names and values are those of the options that
 * `smelt sinks TYPE` prints. */
#include <stddef.h>

#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const sm_key batch_keys[] = {
    { .name = "rows",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_sink_batch, rows),
      .fallback = "500",
      .min = 1,
      .max = 1000000,
      .doc = "Rows of a request, at most." },
    { .name = "bytes",
      .kind = SM_KEY_SIZE,
      .offset = offsetof(sm_spec_sink_batch, bytes),
      .fallback = "1048576",
      .min = 1,
      .max = 16 * 1024 * 1024,
      .doc = "Bytes of its body, at most; a row that is larger goes alone." },
    { .name = NULL },
};

const sm_block sm_block_sink_batch = {
    .name = "batch",
    .what = "`batch`",
    .doc = "How much a request has.",
    .size = sizeof(sm_spec_sink_batch),
    .at = offsetof(sm_spec_sink_batch, at),
    .keys = batch_keys,
};

static const sm_key retry_keys[] = {
    { .name = "max_attempts",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_retry, max_attempts),
      .fallback = "5",
      .min = 1,
      .max = 100,
      .doc = "How often a request is sent before the run fails." },
    { .name = "backoff",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_retry, backoff),
      .fallback = "500000",
      .min = 1000,
      .doc = "How long the second attempt waits; each further one waits twice as long." },
    { .name = "backoff_max",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_retry, backoff_max),
      .fallback = "60000000",
      .min = 1000,
      .doc = "The longest that an attempt waits, also when the receiver asks for more." },
    { .name = NULL },
};

const sm_block sm_block_sink_retry = {
    .name = "retry",
    .what = "`retry`",
    .doc = "What becomes of a request that was not taken, and may be the next time.",
    .size = sizeof(sm_spec_retry),
    .at = offsetof(sm_spec_retry, at),
    .keys = retry_keys,
};

static const sm_key sink_keys[] = {
    { .name = "type",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, type),
      .required = true,
      .choices = LIST("kafka", "files", "delta", "http"),
      .doc = "What it is." },
    { .name = "from",
      .kind = SM_KEY_SQL,
      .offset = offsetof(sm_spec_sink, from),
      .required = true,
      .doc = "The table whose new rows go there, or a SELECT over STREAM(table)." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, description),
      .doc = "What it is for." },
    { .name = "path",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, path),
      .doc = "Files, delta: the folder, seen from the pipeline's file." },
    { .name = "brokers",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, brokers),
      .doc = "Kafka: addresses of brokers, host:port with commas; or say `connection`." },
    { .name = "connection",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, connection),
      .doc = "Kafka, http: name of a connection of smelt.yml of that type." },
    { .name = "url",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, url),
      .doc = "Http: address to send to; with `connection` what is added to its base_url." },
    { .name = "method",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, method),
      .fallback = "POST",
      .choices = LIST("POST", "PUT"),
      .doc = "Http: how to send." },
    { .name = "headers",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_spec_sink, headers),
      .doc =
          "Http: headers of each request, as {Name: value}; none that is a secret. Kafka: column "
          "that has the headers of a message, and is no part of its value." },
    { .name = "batch",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_sink, batch),
      .block = &sm_block_sink_batch,
      .doc = "Http: how much a request has." },
    { .name = "retry",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_sink, retry),
      .block = &sm_block_sink_retry,
      .doc = "Http: what becomes of a request that was not taken, and may be the next time." },
    { .name = "topic",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, topic),
      .doc = "Kafka: topic that messages go to; it must be there." },
    { .name = "key",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, key),
      .doc = "Kafka: column that is the key of a message; without it messages have none." },
    { .name = "format",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, format),
      .fallback = "json",
      .choices = LIST("json", "csv", "parquet", "ndjson", "object"),
      .doc =
          "Kafka: what a value is, an object of all columns in json. Files: json, csv or parquet. "
          "Http: what a body is, json for an array of rows, ndjson for a row a line, object for "
          "one row." },
    { .name = "delivery",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, delivery),
      .fallback = "exactly_once",
      .choices = LIST("exactly_once", "at_least_once"),
      .doc = "Kafka: each batch in a transaction, for readers with read_committed; or without one, "
             "and perhaps twice after a crash. Files and http are at_least_once, delta is "
             "exactly_once." },
    { .name = "marks_topic",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, marks_topic),
      .fallback = "smelt-marks",
      .doc =
          "Kafka: topic in which exactly_once keeps how far it came; made when it is not there." },
    { .name = "options",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_spec_sink, options),
      .doc = "Kafka: options of librdkafka, by its names; those that the guide to Kafka lists." },
    { .name = NULL },
};

const sm_block sm_block_sink = {
    .name = "sinks",
    .what = "a sink",
    .doc = "Where rows of a table go outside.",
    .size = sizeof(sm_spec_sink),
    .at = offsetof(sm_spec_sink, at),
    .broken = offsetof(sm_spec_sink, broken),
    .keys = sink_keys,
};
