/* SPDX-License-Identifier: Apache-2.0 */
/* sink_files.h -- rows as files of a folder. */
#ifndef SM_SINKS_SINK_FILES_H
#define SM_SINKS_SINK_FILES_H

#include "runtime/connect/sink.h"

extern const sm_sink_ops sm_sink_files;

#endif
