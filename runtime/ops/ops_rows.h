/* SPDX-License-Identifier: Apache-2.0 */
/* ops_rows.h -- rows of the user's in tables of ours, for kinds that keep them.
 *
 * Columns of the user's are c0, c1, … there, so that no name of theirs meets one of ours; hidden
 * columns have their own names; _smelt_i is the place of a row in the order of arrival, from 0. */
#ifndef SM_OPS_OPS_ROWS_H
#define SM_OPS_OPS_ROWS_H

#include "runtime/ops/ops_int.h"

/* What a SELECT of a stage gives. */
typedef struct sm_ops__rows {
    sm_sv select;
    const sm_schema *schema; /* hidden columns at its end */
    size_t n_hidden;
    sm_sv late_by; /* or "" */
    sm_sv table;   /* where they lie: temporary, of the batch */
    int64_t n;     /* how many, once they are made */
} sm_ops__rows;

/* Run the SELECT, once, into the table, and count what it gives. */
sm_code sm_ops__rows_make(sm_ops__rows *r, const sm_ops_batch *b, sm_error *err);
/* Count the rows that are late, and let sm_ops_late_rows() find them. */
sm_code sm_ops__rows_late(sm_ops__stage *s, const sm_ops__rows *r, const sm_ops_batch *b,
                          sm_error *err);
/* The condition that a row of the table is not late. */
void sm_ops__add_on_time(const sm_ops__stage *s, sm_sv late_by, sm_buf *sql);

/* c0 AS "id", c1 AS "ts": the columns of the user's under their names. */
void sm_ops__add_named(const sm_ops__rows *r, sm_buf *sql);
/* CAST(NULL AS BIGINT) AS c0, …, hidden columns too. */
void sm_ops__add_nulls(const sm_ops__rows *r, sm_buf *sql);

/* x.k0 IS NOT DISTINCT FROM y.k0 AND …: NULL is equal to NULL. */
void sm_ops__add_same(const char *x, const char *y, char letter, size_t n, sm_buf *sql);
/* The text that a buffer holds, as long as the stages (or the batch); releases the buffer. */
sm_sv sm_ops__taken(sm_arena *a, sm_buf *sql);

#endif
