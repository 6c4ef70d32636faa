/* SPDX-License-Identifier: Apache-2.0 */
/* sink_delta.h -- batches into a Delta table. */
#ifndef SM_SINKS_SINK_DELTA_H
#define SM_SINKS_SINK_DELTA_H

#include "runtime/connect/sink.h"

extern const sm_sink_ops sm_sink_delta;

#endif
