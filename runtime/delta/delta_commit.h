/* SPDX-License-Identifier: Apache-2.0 */
/* delta_commit.h -- one batch into the log, put-if-absent. */
#ifndef SM_DELTA_COMMIT_H
#define SM_DELTA_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"

enum { SM_DELTA_COMMIT_TRIES = 200 };

/* What is to be committed: data only, as a manifest keeps it. */
typedef struct sm_delta_change {
    sm_sv app_id;           /* generation uuid */
    int64_t batch;          /* n */
    sm_sv txn_id;           /* of this change, the same at every try */
    const sm_json *actions; /* array: add, remove, metaData, protocol */
    bool overwrites;        /* what is there was read, and is removed: all of read_version */
    bool merges;            /* what is there was read, and some files of it are removed */
    int64_t read_version;   /* both: where the removes were listed; -1: there was no table */
    int64_t
        definition_version; /* the metaData that files were written for came with it; -1: unknown */
    bool creates;           /* metaData is meant for a table that was not there */
    const sm_schema *columns;    /* of the files, in stored types: metaData grows by those that the
                                  * table    has not; NULL: not known, metaData must be as it was */
    const sm_json *partition_by; /* array of names, with `columns` */
    sm_sv operation;             /* "STREAMING UPDATE" */
    const sm_json *parameters;   /* object; every value a string */
    const sm_json *metrics;      /* object; every value a string */
    const sm_json *smelt;        /* commitInfo.smelt */
    int64_t now_ms;
} sm_delta_change;

/* Make `c` a version of `t` and bring `h` forward.  *version_out is the version that holds
 * it; a batch that is there already is success.  SM_E_AGAIN: another writer touched what
 * was read, or metaData is not what the files were written for; nothing was published.
 * SM_E_CONFLICT: every try lost. */
sm_code sm_delta_commit(sm_delta_table *t, sm_delta_head *h, const sm_delta_change *c,
                        int64_t *version_out, sm_error *err);

#endif
