/* SPDX-License-Identifier: Apache-2.0 */
/* sinks.c -- the list of sinks. */
#include "runtime/sinks/sinks.h"

#include <stddef.h>

#include "runtime/sinks/sink_delta.h"
#include "runtime/sinks/sink_files.h"
#include "runtime/sinks/sink_http.h"
#include "runtime/sinks/sink_kafka.h"

#define SINKS(X) X(delta) X(files) X(http) X(kafka)

sm_sink_list sm_sinks(void)
{
#define SINK_OPS(name) &sm_sink_##name,
    static const sm_sink_ops *const list[] = { SINKS(SINK_OPS) NULL };
#undef SINK_OPS
    return list;
}
