/* SPDX-License-Identifier: Apache-2.0 */
/* delta_widen.h -- columns of a table take wider types: all its files are written again. */
#ifndef SM_DELTA_DELTA_WIDEN_H
#define SM_DELTA_DELTA_WIDEN_H

#include "runtime/delta/delta_grow.h"
#include "runtime/delta/delta_head.h"

struct sm_session;

/* A table with more bytes of files is not written again for wider types. */
#define SM_DELTA_WIDEN_BYTES ((int64_t)1024 * 1024 * 1024)

/* Let the columns of `t` take the types that `columns` (stored types) asks for, where those are
 * wider; nothing is done when none is.  `h` is brought forward.  The rows stay what they were: a
 * commit of its own removes every file and adds it again, all without dataChange, so that
 * streaming readers pass over it.  Done again when another writer was in between.
 * SM_E_LIMIT: the files have more than `limit` bytes. */
sm_code sm_delta_widen(sm_delta_table *t, sm_delta_head *h, const sm_schema *columns, int64_t limit,
                       struct sm_session *session, sm_error *err);

#endif
