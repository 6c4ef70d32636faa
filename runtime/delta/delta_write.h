/* SPDX-License-Identifier: Apache-2.0 */
/* delta_write.h -- rows of a SELECT as data files of a table, and the actions that add them.
 *
 * The files count for nothing until a commit names them: delta_commit.h. */
#ifndef SM_DELTA_DELTA_WRITE_H
#define SM_DELTA_DELTA_WRITE_H

#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_schema.h"
#include "runtime/engine/engine_copy.h"

/* One COPY of `select`, which gives the columns of `d`, into files below `root` whose names
 * begin with `stem`; a file without rows is removed at once.  Not durable.  `out` lives in
 * `a`.  After a failure files may be left under `stem`. */
sm_code sm_delta_write(sm_sv root, const sm_delta_definition *d, sm_sv select, sm_sv stem,
                       struct sm_session *session, sm_arena *a, sm_copied *out, sm_error *err);

/* The same for a `select` that is in the form of files already: delta_select.h. */
sm_code sm_delta_write_form(sm_sv root, const sm_delta_definition *d, sm_sv select, sm_sv stem,
                            struct sm_session *session, sm_arena *a, sm_copied *out, sm_error *err);

/* Make the files objects of the table, durable with their names. */
sm_code sm_delta_write_keep(sm_delta_table *t, const sm_copied *files, sm_arena *a, sm_error *err);

/* {"add":{…}} of a file written so, with values of partition columns and statistics. */
sm_json *sm_delta_write_add(sm_sv root, const sm_delta_definition *d, const sm_copy_file *f,
                            int64_t time_ms, bool data_change, sm_arena *a);

#endif
