/* SPDX-License-Identifier: Apache-2.0 */
/* source_http.h -- an endpoint that answers in pages of JSON; see source_http.c. */
#ifndef SM_SOURCES_SOURCE_HTTP_H
#define SM_SOURCES_SOURCE_HTTP_H

#include "runtime/connect/source.h"

extern const sm_source_ops sm_source_http;

#endif
