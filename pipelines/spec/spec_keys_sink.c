/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_sink.c -- keys of sinks.  Their names and values are those of the options that
 * `smelt sinks TYPE` prints. */
#include <stddef.h>

#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const sm_key sink_keys[] = {
    { .name = "type",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, type),
      .required = true,
      .choices = LIST("kafka", "files", "delta"),
      .later = LIST("http"),
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
      .doc = "Kafka: name of a connection of smelt.yml." },
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
      .choices = LIST("json", "csv", "parquet"),
      .doc = "Kafka: what a value is, an object of all columns in json. Files: what they are." },
    { .name = "delivery",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, delivery),
      .fallback = "exactly_once",
      .choices = LIST("exactly_once", "at_least_once"),
      .doc = "Kafka: each batch in a transaction, for readers with read_committed; or without one, "
             "and perhaps twice after a crash. Files are at_least_once, delta is exactly_once." },
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
    .later = LIST("headers", "batch", "retry"),
};
