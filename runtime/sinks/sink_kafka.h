/* SPDX-License-Identifier: Apache-2.0 */
/* sink_kafka.h -- a topic of Kafka; see sink_kafka.c. */
#ifndef SM_SINKS_SINK_KAFKA_H
#define SM_SINKS_SINK_KAFKA_H

#include "runtime/connect/sink.h"

extern const sm_sink_ops sm_sink_kafka;

#endif
