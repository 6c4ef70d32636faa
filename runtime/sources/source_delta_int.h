/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_int.h -- inside of the Delta source. */
#ifndef SM_SOURCES_SOURCE_DELTA_INT_H
#define SM_SOURCES_SOURCE_DELTA_INT_H

#include "runtime/connect/source.h"
#include "runtime/delta/delta_action.h"

typedef struct sm_delta_source_config {
    sm_sv path;
    int64_t max_files, max_bytes;
    bool skip_change_commits;
    int64_t starting_version; /* -1: not said */
    sm_sv starting_timestamp; /* empty: not said */
} sm_delta_source_config;

extern const sm_option sm_delta_source__options[];

/* SM_E_INVALID: options that do not go together. */
sm_code sm_delta_source__check_config(const sm_source *src, sm_error *err);

/* The columns of the table as a query sees them.  Lives in `a`. */
sm_code sm_delta_source__schema(const sm_delta_metadata *m, sm_arena *a, sm_schema *out,
                                sm_error *err);

typedef enum sm_delta_reader {
    SM_DELTA_LOOKS,  /* at all that is there; nothing grows */
    SM_DELTA_BEGINS, /* nothing was read yet, or it is to be read again from its begin */
    SM_DELTA_GOES_ON,
} sm_delta_reader;

/* Does the table of another writer still have the columns in force?  SM_E_AGAIN and
 * src->report.grown when it has more, and the source takes them in, or, for a reader that begins,
 * others.  SM_E_INVALID names a column that it lost, or has more, or has in another type. */
sm_code sm_delta_source__columns(sm_source *src, const sm_delta_metadata *m, sm_delta_reader reader,
                                 sm_arena *a, sm_error *err);

/* What helps a reader of a table of others that cannot go on: "; to read …", for the end of a
 * message; else "". */
sm_sv sm_delta_source__anew(const sm_source *src);
/* SM_E_CORRUPT: a reader that is slower than the clean-up of the log must not go on behind the gap.
 */
sm_code sm_delta_source__commit_gone(const sm_source *src, int64_t version, sm_error *err);
/* SM_E_INVALID: the commit took rows away. */
sm_code sm_delta_source__rows_removed(const sm_source *src, int64_t version, sm_sv operation,
                                      sm_error *err);

#endif
