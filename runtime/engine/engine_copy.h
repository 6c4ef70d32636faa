/* SPDX-License-Identifier: Apache-2.0 */
/* engine_copy.h -- the rows of a SELECT into Parquet files, and what is in them.
 *
 *     <folder>/<stem>….parquet                              without partition_by
 *     <folder>/<column>=<value>/…/<stem>….parquet           with it
 *
 * `stem` is the caller's and unique (a uuid), so nothing is ever overwritten and a failed
 * attempt is recognised by its names.  The files are not synced: the caller does that.
 */
#ifndef SM_ENGINE_COPY_H
#define SM_ENGINE_COPY_H

#include "runtime/engine/engine.h"

typedef struct sm_copy_options {
    sm_sv folder;              /* absolute, exists, allowed */
    sm_sv stem;                /* begins every file's name */
    sm_sv codec;               /* "zstd", "snappy", "uncompressed"; empty: snappy */
    const sm_sv *partition_by; /* columns of the SELECT; they are not stored in the files */
    size_t partition_count;
    int64_t row_group_rows; /* 0: DuckDB's 122,880 */
} sm_copy_options;

typedef struct sm_copy_stat {
    const sm_sv *path; /* of the leaf column: {"a"}, {"point", "x"}, {"tags", "element"} */
    size_t path_len;
    sm_sv min, max;     /* DuckDB's text; ptr NULL when it gives none */
    int64_t null_count; /* -1: not given */
    bool has_nan;
} sm_copy_stat;

typedef struct sm_copy_value {
    sm_sv column;
    sm_sv value; /* as text, unescaped; ptr NULL for NULL */
} sm_copy_value;

typedef struct sm_copy_file {
    sm_sv path; /* absolute, terminated */
    int64_t rows, bytes;
    const sm_copy_stat *stats;
    size_t n_stats;
    const sm_copy_value *partition; /* one per partition_by, in its order */
    size_t n_partition;
} sm_copy_file;

typedef struct sm_copied {
    sm_copy_file *files; /* also one without rows, which the caller removes */
    size_t n_files;
    int64_t rows, bytes;
} sm_copied;

/* Run `select` once.  Everything lives in `a`.  After a failure files may be left under
 * `stem`; nothing else was touched. */
sm_code sm_session_copy(sm_session *s, sm_sv select, const sm_copy_options *o, sm_arena *a,
                        sm_copied *out, sm_error *err);

#endif
