/* SPDX-License-Identifier: Apache-2.0 */
/* source_files.h -- files that appear in a folder, each read once. */
#ifndef SM_SOURCES_SOURCE_FILES_H
#define SM_SOURCES_SOURCE_FILES_H

#include "runtime/connect/source.h"

extern const sm_source_ops sm_source_files;

#endif
