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
      .choices = LIST("kafka"),
      .later = LIST("http", "files", "delta"),
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
    { .name = "brokers",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, brokers),
      .doc = "Addresses of brokers, host:port with commas; or say `connection`." },
    { .name = "connection",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, connection),
      .doc = "Name of a connection of smelt.yml." },
    { .name = "topic",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, topic),
      .required = true,
      .doc = "Topic that messages go to; it must be there." },
    { .name = "key",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, key),
      .doc = "Column that is the key of a message; without it messages have none." },
    { .name = "format",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, format),
      .fallback = "json",
      .choices = LIST("json"),
      .doc = "What a value is: an object of all columns, in JSON." },
    { .name = "delivery",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_sink, delivery),
      .fallback = "exactly_once",
      .choices = LIST("exactly_once", "at_least_once"),
      .doc = "Each batch in a transaction, for readers with read_committed; or without one, and "
             "perhaps twice after a crash." },
    { .name = "marks_topic",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_sink, marks_topic),
      .fallback = "smelt-marks",
      .doc = "Topic in which exactly_once keeps how far it came; made when it is not there." },
    { .name = "options",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_spec_sink, options),
      .doc = "Options of librdkafka, by its names; those that the guide to Kafka lists." },
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
