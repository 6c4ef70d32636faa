/* SPDX-License-Identifier: Apache-2.0 */
/* delta_deleted.h -- the rows that deletion vectors take, as a relation of the engine. */
#ifndef SM_DELTA_DELETED_H
#define SM_DELTA_DELETED_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/error.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_log.h"

struct sm_session;

typedef struct sm_delta_deleted sm_delta_deleted;

/* Reads the vectors of `files`; a vector outside of the table's folder is refused unless
 * `anywhere`. *out is NULL when none of them has one.  Owned: free with sm_delta_deleted_free(),
 * after the last query over it. */
sm_code sm_delta_deleted_open(sm_delta_table *t, const sm_delta_file *const *files, size_t n,
                              bool anywhere, struct sm_session *session, sm_delta_deleted **out,
                              sm_error *err);
void sm_delta_deleted_free(sm_delta_deleted *d); /* NULL is fine */

/* What stands behind FROM: the columns "file" (number in `files`, from 0) and "row", BIGINT.
 * Lives as long as `d`; empty for NULL. */
sm_sv sm_delta_deleted_sql(const sm_delta_deleted *d);

#endif
