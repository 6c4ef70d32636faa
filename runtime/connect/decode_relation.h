/* SPDX-License-Identifier: Apache-2.0 */
/* decode_relation.h -- files of a text format as a relation of a session.
 *
 *     what ──▶ run (tallies) ──▶ smelt_read(n), physical columns ──▶ view, the schema's columns
 *
 * The view casts what the reader cannot deliver: nested columns arrive as canonical JSON.
 */
#ifndef SM_CONNECT_DECODE_RELATION_H
#define SM_CONNECT_DECODE_RELATION_H

#include "runtime/connect/decode_run.h"
#include "runtime/engine/engine_reader.h"

typedef struct sm_decode_relation sm_decode_relation;

/* Make the rows appear on `session` as the view `view`.  `what` is copied, what it points
 * to is borrowed.  Owned: free with sm_decode_relation_free(), after the last query. */
sm_code sm_decode_relation_new(const sm_decode_what *what, sm_session *session, sm_sv view,
                               sm_decode_relation **out, sm_error *err);
void sm_decode_relation_free(sm_decode_relation *r); /* NULL is fine */

/* The undecodable records that the queries met, which were to be kept, as the view `view`:
 * see decode_bad.h. */
sm_code sm_decode_relation_bad(sm_decode_relation *r, sm_session *session, sm_sv view,
                               sm_error *err);

/* Append the value of `c`, that the reader calls `name`, in the type that a view shows. */
void sm_decode_add_value(sm_buf *sql, const sm_decode_column *c, sm_sv name, sm_arena *a);

const sm_decode_run *sm_decode_relation_run(const sm_decode_relation *r);

#endif
