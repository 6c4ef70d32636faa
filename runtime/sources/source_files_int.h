/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_int.h -- what the parts of the files source share. */
#ifndef SM_SOURCES_SOURCE_FILES_INT_H
#define SM_SOURCES_SOURCE_FILES_INT_H

#include "runtime/connect/decode_relation.h"
#include "runtime/connect/source.h"
#include "runtime/io/s3_list.h"

enum { SM_FILES_CLEAN_OFF, SM_FILES_CLEAN_DELETE, SM_FILES_CLEAN_MOVE };

enum { SM_FILES_JSON, SM_FILES_CSV, SM_FILES_PARQUET, SM_FILES_TEXT };

/* Bytes in which the header of a CSV file has to begin, behind what is skipped. */
enum { SM_FILES_HEADER = 64 * 1024 };

typedef struct sm_files_config {
    sm_sv path;
    sm_sv connection; /* of a bucket; "": the only one, or the environment */
    int format;
    int64_t max_files, max_bytes;
    bool infer_column_types;
    bool header;
    sm_sv path_glob_filter;
    bool recursive_file_lookup;
    bool include_existing_files;
    bool allow_overwrites;
    bool use_incremental_listing;
    sm_sv modified_after, modified_before; /* RFC 3339, "" none */
    sm_sv_list partition_columns;
    int clean_source;
    int64_t clean_source_retention; /* ms */
    sm_sv clean_source_move_destination;
    int64_t backfill_interval; /* ms; of a local folder each look is a full listing */
    sm_sv detection;
    bool multi_line, trim_left, trim_right, primitives_as_string, prefers_decimal;
    int encoding;
    int64_t skip_rows;
    sm_sv sep, quote, escape, comment, null_value, empty_value;
    sm_sv nan_value, positive_inf, negative_inf;
    sm_sv rescued_column, corrupt_column; /* names; "": none */
} sm_files_config;

/* A file as it was when somebody looked. */
typedef struct sm_file {
    const char *name; /* below the base folder when `path` is relative: what is tracked */
    const char *path; /* what is opened; NULL where only numbers are handed out, and of an object
                       * until it is fetched */
    int64_t size, mtime_ns, inode;
    sm_sv etag;  /* of an object, of which `inode` is a number; "" of a file */
    int64_t seq; /* its number; 0 = none */
} sm_file;

typedef struct sm_files {
    sm_file *items;
    size_t n;
} sm_files;

typedef struct sm_files_state {
    sm_csv_dialect dialect;
    const sm_framing *framing;    /* NULL: a newline ends a record */
    const sm_framing *of_kept;    /* the same of records that were set aside: nothing is skipped */
    sm_arena *read;               /* of one read(): all below */
    const sm_kept *kept;          /* `files` are these records; NULL: they are files */
    sm_files files;               /* as they were before reading */
    struct sm_files_fetch *fetch; /* bucket: of `files`, some of them still on their way; or NULL */
    bool overwritten;             /* bucket: the read before found one that is another by now */
    bool infers;                  /* bucket: what is listed is listed again at once, by the look */
    sm_decode_relation *relation; /* text formats */
    int64_t rows;                 /* Parquet: as the footers say */
    bool unknown;                 /* CSV: a header has fields that the schema has not */
    int64_t listed_ms;            /* bucket: when it was last listed as a whole; 0: never */
    const char **faults;          /* CSV: why the header of a file is none; NULL: not known yet */
} sm_files_state;

/* --- source_files_list.c --- */

/* Files of one folder.  `name` and `path` end with a slash, or are "". */
typedef struct sm_files_folder {
    const char *name;                   /* as tracked */
    const char *path;                   /* as opened */
    const char *const *files;           /* names, sorted by their bytes */
    const sm_s3_object *const *objects; /* the same, of a bucket; else NULL */
    size_t n;
} sm_files_folder;

typedef sm_code (*sm_files_visit)(void *ctx, const sm_files_folder *folder, sm_error *err);

/* Show the files that `path` names now, folder by folder; what is shown lives until the visitor
 * returns.  Of a bucket only those whose names come behind `behind`, as it is tracked; "": all.
 * SM_E_NOT_FOUND when a folder before the first wildcard, or the file itself, is not there. */
sm_code sm_files__walk(const sm_source *s, sm_sv behind, sm_files_visit visit, void *ctx,
                       sm_error *err);

/* Show the folders that the walk would list. */
sm_code sm_files__walk_folders(const sm_source *s, void (*see)(void *ctx, const char *path),
                               void *ctx, sm_error *err);

/* Is it a `path` that can be walked?  The message completes "option: …". */
sm_code sm_files__check_path(sm_sv path, sm_error *err);

/* Bytes of `path` before the first part with a wildcard, without the slash. */
size_t sm_files__fixed_part(sm_sv path);

/* The path to open for the tracked name. */
const char *sm_files__path(const sm_source *s, sm_arena *a, sm_sv name);

/* Is the name of a folder one of `k=v`? */
bool sm_files__is_level(sm_sv name);

/* --- source_files_discover.c --- */

/* All files that are there now, tracked or not, by (time, name).  Lives in `a`. */
sm_code sm_files__list(const sm_source *s, sm_arena *a, sm_files *out, sm_error *err);

/* Number what is new, if there is an owner; *last is the greatest number then. */
sm_code sm_files__discover(sm_source *s, int64_t *last, sm_error *err);

/* Give the files numbers, in their order. */
sm_code sm_files__track(sm_source *s, const sm_files *files, sm_error *err);

/* --- source_files_bucket.c --- */

/* Is `path` one of a bucket?  Then names of files are s3://bucket/key. */
bool sm_files__in_bucket(const sm_source *s);

/* "s3://bucket/some/key" in two. */
void sm_files__bucket_split(sm_sv name, sm_sv *bucket, sm_sv *key);
/* Who reaches it, and where copies of its objects lie; borrowed. */
sm_code sm_files__bucket_client(const sm_source *s, sm_s3 **s3, sm_sv *folder, sm_error *err);

/* The message completes "option: …". */
sm_code sm_files__check_bucket(sm_sv path, sm_error *err);

/* Size, time and identity; without names. */
sm_file sm_files__of_object(const sm_s3_object *o);

/* What lies in the folder "s3://bucket/some/" (with its slash); with `behind` at least what comes
 * behind that name.  Lives in `a`. */
sm_code sm_files__list_bucket(const sm_source *s, const char *folder, sm_sv behind, sm_arena *a,
                              sm_s3_object **out, size_t *n, sm_error *err);

sm_code sm_files__stat_object(const sm_source *s, sm_sv name, sm_arena *a, sm_s3_object *out,
                              bool *there, sm_error *err);

/* --- source_files_fetch.c --- */

/* Copies of the objects on this machine, whose paths become those of `files`.  One that is another
 * than `files` says is taken as it is, and changed[i] set.  SM_E_NOT_FOUND: one is gone;
 * SM_E_AGAIN: one changes all the time.  What the files point to lives in `a`. */
sm_code sm_files__fetch(const sm_source *s, sm_arena *a, const sm_files *files, bool *changed,
                        sm_error *err);

/* The same behind the reader's back: paths are there at once, files when the gate says so.  An
 * object that is another than `files` says is SM_E_AGAIN.  Owned: sm_files__fetch_end(), before `a`
 * and `files` go. */
typedef struct sm_files_fetch sm_files_fetch;
sm_code sm_files__fetch_begin(const sm_source *s, sm_arena *a, const sm_files *files,
                              sm_files_fetch **out, sm_error *err);
const sm_decode_gate *sm_files__fetch_gate(const sm_files_fetch *x);
/* The first failure so far. */
sm_code sm_files__fetch_judge(const sm_files_fetch *x, sm_error *err);
/* Was an object another one?  NULL is fine. */
bool sm_files__fetch_end(sm_files_fetch *x);

/* --- source_files_look.c: s->state->files are set --- */

/* Take size and time of the files, or have them fetched.  One that changed since it was numbered is
 * remembered as it is read, before the batch can be decided: else it would be found changed, and
 * read, once more. */
sm_code sm_files__look(sm_source *s, sm_error *err);
/* After reading: SM_E_AGAIN when a file was rewritten meanwhile. */
sm_code sm_files__verify(const sm_source *s, sm_error *err);

/* A file that was promised to a batch is not there. */
sm_code sm_files__fail_gone(const char *name, sm_error *err);

/* --- source_files_watch.c --- */

sm_code sm_files__watch(sm_source *s, struct sm_watch *w, size_t tag, bool *told, sm_error *err);

/* --- source_files_clean.c --- */

/* SM_E_INVALID when what is asked for is not safe. */
sm_code sm_files__check_clean(const sm_source *s, sm_error *err);

/* Delete or move what may go, in the generation of `s`, which has an owner.  Failures are events.
 */
void sm_files__clean(sm_source *s);

/* --- source_files_path.c --- */

/* What the files of a read say beside their records: constants _smelt_0, _smelt_1, … */
typedef struct sm_files_extra {
    size_t n_files;
    sm_schema schema; /* of the constants; n == 0: nothing to say */
    sm_decode_constants *constants;
    sm_sv *texts;    /* [constant * n_files + file]; ptr NULL is NULL */
    size_t n_levels; /* columns of the source that come from the path */
    sm_sv *instead;  /* per column of the source: the constant, "" none */
    bool *only;      /* per column: the records have no say */
    sm_sv behind;    /* ", … AS _metadata, … AS _ingested_at" or "" */
} sm_files_extra;

/* Of the files in s->state.  Lives in `a`.  SM_E_INVALID naming the file and the folder whose
 * value does not fit its column. */
sm_code sm_files__extra(const sm_source *s, sm_arena *a, sm_files_extra *out, sm_error *err);

/* Add the columns that the paths of the files have to `out`. */
sm_code sm_files__infer_levels(const sm_source *s, const sm_files *files, sm_arena *a,
                               sm_schema *out, sm_error *err);

/* --- source_files_read.c: s->state->files are set --- */

sm_code sm_files__read_text(sm_source *s, bool at_once, sm_sv view, sm_error *err);

/* After the query: the report, and the fault of the records if there is one. */
sm_code sm_files__judge_text(sm_source *s, sm_error *err);

/* The fields of a file's header line; without header, column_0 and so on.  Returns why the header
 * is none, which lives in `a`, or NULL. */
const char *sm_files__csv_names(const sm_files_state *f, sm_decode_block *block, sm_arena *a,
                                sm_sv **names, size_t *n);
/* A name that stands twice among them; n: none does. */
size_t sm_files__csv_twice(const sm_sv *names, size_t n, sm_arena *a);

/* SM_E_INVALID when a file's name says that it is compressed in a way that we cannot read. */
sm_code sm_files__refuse_compressed(int format, const sm_files *files, sm_error *err);

/* The files as the decoders want them. */
sm_decode_file *sm_files__decode_files(const sm_files_state *f, const sm_files *files, sm_arena *a);

/* --- source_files_parquet.c --- */

sm_code sm_files__read_parquet(sm_source *s, sm_sv view, sm_error *err);
sm_code sm_files__infer_parquet(sm_source *s, const sm_files *files, sm_arena *a, sm_schema *out,
                                sm_error *err);

/* Are fields that the schema has not to become columns?  Only a flow can let it grow. */
bool sm_files__grows(const sm_source *s);

/* --- source_files_dialect.c --- */

/* An option that is one character, "\\t" or empty. */
sm_code sm_files__check_character(sm_sv text, sm_error *err);

sm_code sm_files__dialect(const sm_files_config *config, sm_arena *a, sm_csv_dialect *out,
                          sm_error *err);

/* NULL when a newline ends each record; lives in `a`. */
const sm_framing *sm_files__framing(const sm_files_config *config, const sm_csv_dialect *d,
                                    int64_t skip_rows, sm_arena *a);

/* --- source_files_infer.c --- */

/* The column of that name in the schema in force, if it is one for text; -1: there is none. */
ptrdiff_t sm_files__extra_column(const sm_source *s, sm_sv name);

sm_code sm_files__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);

/* The columns of all records of the batch in s->state->files, hints applied. */
sm_code sm_files__infer_batch(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);

/* --- source_files_grow.c --- */

/* SM_E_AGAIN, with s->report.grown, when `found` (NULL: what the records of the batch have)
 * asks for more than the schema in force; SM_OK when there is nothing to grow by. */
sm_code sm_files__grow(sm_source *s, const sm_schema *found, sm_error *err);

/* source_files_lag.c: the operation `lag`. */
bool sm_files__lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out);

#endif
