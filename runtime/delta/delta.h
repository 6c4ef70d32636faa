/* SPDX-License-Identifier: Apache-2.0 */
/* delta.h -- looking at a table from outside, in two calls.
 *
 * For those who show tables (ui/view) and do not care how a log is replayed; the parts are
 * in the other headers of this folder.
 */
#ifndef SM_DELTA_DELTA_H
#define SM_DELTA_DELTA_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

struct sm_images;
struct sm_session;

typedef struct sm_delta_info {
    int64_t version; /* -1: no table there */
    sm_sv id;
    sm_sv description;
    sm_schema schema;
    const sm_sv *partition_by;
    size_t partition_count;
    int64_t files, bytes;
    int64_t rows;        /* -1: some file does not say */
    int64_t time_ms;     /* of the newest commit; 0: it does not say */
    const sm_json *last; /* its commitInfo, or NULL */
} sm_delta_info;

/* What there is at `root` (sm_delta_open) at `version` (-1: newest).  `session` may be NULL, see
 * sm_delta_snapshot_load().  Lives in `a`. */
sm_code sm_delta_describe(sm_sv root, struct sm_images *images, int64_t version,
                          struct sm_session *session, sm_arena *a, sm_delta_info *out,
                          sm_error *err);

/* The same, and a SELECT that reads its rows. */
sm_code sm_delta_relation(sm_sv root, struct sm_images *images, int64_t version,
                          struct sm_session *session, sm_arena *a, sm_delta_info *info_out,
                          sm_sv *select_out, sm_error *err);

#endif
