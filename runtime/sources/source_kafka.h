/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka.h -- topics of Kafka; see source_kafka.c. */
#ifndef SM_SOURCES_SOURCE_KAFKA_H
#define SM_SOURCES_SOURCE_KAFKA_H

#include "runtime/connect/source.h"

extern const sm_source_ops sm_source_kafka;

#endif
