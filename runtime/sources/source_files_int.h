/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_int.h -- what the parts of the files source share. */
#ifndef SM_SOURCES_SOURCE_FILES_INT_H
#define SM_SOURCES_SOURCE_FILES_INT_H

#include "runtime/connect/decode_relation.h"
#include "runtime/connect/source.h"

enum { SM_FILES_JSON, SM_FILES_CSV, SM_FILES_PARQUET, SM_FILES_TEXT };

typedef struct sm_files_config {
    sm_sv path;
    int format;
    int64_t max_files, max_bytes;
    bool infer_column_types;
    bool header;
    sm_sv sep, quote, escape, null_value;
} sm_files_config;

/* A file as it was when somebody looked. */
typedef struct sm_file {
    const char *name; /* below the base folder when `path` is relative: what is tracked */
    const char *path; /* what is opened */
    int64_t size, mtime_ns, inode;
} sm_file;

typedef struct sm_files {
    sm_file *items;
    size_t n;
} sm_files;

typedef struct sm_files_state {
    sm_csv_dialect dialect;
    sm_arena *read;               /* of one read(): all below */
    sm_files files;               /* as they were before reading */
    sm_decode_relation *relation; /* text formats */
    int64_t rows;                 /* Parquet: as the footers say */
} sm_files_state;

/* --- source_files_list.c --- */

/* The files that `path` names now, in no order, without size and time.  SM_E_NOT_FOUND when
 * a folder before the first wildcard, or the file itself, is not there.  Lives in `a`. */
sm_code sm_files__list(const sm_source *s, sm_arena *a, sm_files *out, sm_error *err);

/* Fill in size, time and inode; what is gone since is left out.  Sorts by (time, name). */
sm_code sm_files__stat(sm_files *files, sm_error *err);

/* The path to open for the tracked name. */
const char *sm_files__path(const sm_source *s, sm_arena *a, sm_sv name);

/* --- source_files_read.c: s->state->files are set --- */

sm_code sm_files__read_text(sm_source *s, bool at_once, sm_sv view, sm_error *err);

/* After the query: the report, and the fault of the records if there is one. */
sm_code sm_files__judge_text(sm_source *s, sm_error *err);

/* The fields of a file's header line; without header, column_0 and so on. */
sm_code sm_files__csv_names(const sm_files_state *f, const sm_decode_file *files, size_t file,
                            sm_decode_block *block, sm_arena *a, sm_sv **names, size_t *n,
                            sm_error *err);

/* SM_E_INVALID when a file's name says that it is compressed in a way that we cannot read. */
sm_code sm_files__refuse_compressed(int format, const sm_files *files, sm_error *err);

/* The files as the decoders want them. */
sm_decode_file *sm_files__decode_files(const sm_files *files, sm_arena *a);

/* --- source_files_parquet.c --- */

sm_code sm_files__read_parquet(sm_source *s, sm_sv view, sm_error *err);
sm_code sm_files__infer_parquet(sm_source *s, const sm_files *files, sm_arena *a, sm_schema *out,
                                sm_error *err);

/* --- source_files_infer.c --- */

sm_code sm_files__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);

#endif
