/* SPDX-License-Identifier: Apache-2.0 */
/* source_generate.h -- made-up rows, the same ones each time. */
#ifndef SM_SOURCES_SOURCE_GENERATE_H
#define SM_SOURCES_SOURCE_GENERATE_H

#include "runtime/connect/source.h"

extern const sm_source_ops sm_source_generate;

#endif
