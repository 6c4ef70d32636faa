/* SPDX-License-Identifier: Apache-2.0 */
/* decode_run.h -- files of one text format as rows, for the engine's threads.
 *
 *     run      what is read: files, format, columns        one per read() of a source
 *     scan     one pass over all of it                      one per use in a query
 *     worker   one thread's part of a scan
 *
 * A query may use the relation twice: each use is a scan with a tally of its own, and the
 * run keeps the one that saw most, so that records are counted once.
 */
#ifndef SM_CONNECT_DECODE_RUN_H
#define SM_CONNECT_DECODE_RUN_H

#include "runtime/connect/decode_constant.h"
#include "runtime/connect/decode_csv.h"
#include "runtime/connect/decode_ndjson.h"

typedef enum sm_decode_format {
    SM_DECODE_FORMAT_NDJSON,
    SM_DECODE_FORMAT_CSV,
    SM_DECODE_FORMAT_TEXT,
} sm_decode_format;

/* Values of the file beside those of its records. */
typedef struct sm_decode_extra {
    const sm_decode_constants *constants;
    const sm_sv *instead; /* per column: the name of the constant that is its value; "": none */
    const bool *only;     /* per column: what the records say of it is passed over */
    sm_sv behind;         /* ", expression AS name" over the constants, behind the columns */
} sm_decode_extra;

/* All borrowed until sm_decode_run_free(). */
typedef struct sm_decode_what {
    sm_decode_format format;
    const sm_decode_column *columns;
    size_t n_columns;
    const sm_decode_file *files;
    size_t n_files;
    const sm_csv_dialect *dialect; /* CSV */
    const sm_csv_fields *fields;   /* CSV: of each file */
    const sm_decode_extra *extra;  /* what comes from the file and not from its records; or NULL */
    sm_decode_aside aside;         /* JSON and CSV: columns that the data does not feed */
    bool strict_records; /* an undecodable record fails the scan at the end of its block */
    bool strict_fields;  /* so does an unknown field */
    bool keep_bad;       /* keep every undecodable record, for sm_decode_run_bads() */
    size_t block_size;   /* 0: chosen from the total */
} sm_decode_what;

typedef struct sm_decode_run sm_decode_run;
typedef struct sm_decode_scan sm_decode_scan;
typedef struct sm_decode_worker sm_decode_worker;

/* Owned: free with sm_decode_run_free(), after its scans. */
sm_decode_run *sm_decode_run_new(const sm_decode_what *what);
void sm_decode_run_free(sm_decode_run *run);
const sm_decode_what *sm_decode_run_what(const sm_decode_run *run);

/* What the fullest scan so far saw; borrowed until the run ends. */
const sm_decode_tally *sm_decode_run_tally(const sm_decode_run *run);

/* The undecodable records of that scan; NULL unless they are kept.  Borrowed until the run ends. */
sm_decode_bads *sm_decode_run_bads(const sm_decode_run *run);

/* SM_E_INVALID naming file, line and reason of the first undecodable record; SM_OK if there
 * is none. */
sm_code sm_decode_run_judge(const sm_decode_run *run, const sm_decode_tally *t, sm_error *err);

/* SM_E_INVALID naming the unknown fields and where the first was met; SM_OK without any. */
sm_code sm_decode_run_judge_fields(const sm_decode_run *run, const sm_decode_tally *t,
                                   sm_error *err);

/* SM_E_INVALID: a field that no column has, and how many others; where it was met first.
 * `twin`: the column that differs from it in case only, or "". */
sm_code sm_decode_unknown_field(sm_sv name, sm_sv twin, size_t others, const char *file,
                                long long line, sm_error *err);

/* Scans and workers: any thread.  A scan ends after its workers. */
sm_decode_scan *sm_decode_scan_new(sm_decode_run *run);
void sm_decode_scan_free(sm_decode_scan *scan);

/* The file of the rows that the last sm_decode_worker_rows() gave. */
size_t sm_decode_worker_file(const sm_decode_worker *w);

sm_decode_worker *sm_decode_worker_new(sm_decode_scan *scan);
void sm_decode_worker_free(sm_decode_worker *w);

/* Fill the vectors, one per column, zeroed before the first call; *rows is 0 at the end. */
sm_code sm_decode_worker_rows(sm_decode_worker *w, sm_decode_vector *vectors, size_t *rows,
                              sm_error *err);

#endif
