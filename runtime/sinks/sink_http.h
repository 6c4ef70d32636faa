/* SPDX-License-Identifier: Apache-2.0 */
/* sink_http.h -- requests over HTTP; see sink_http.c. */
#ifndef SM_SINKS_SINK_HTTP_H
#define SM_SINKS_SINK_HTTP_H

#include "runtime/connect/sink.h"

extern const sm_sink_ops sm_sink_http;

#endif
