/* SPDX-License-Identifier: Apache-2.0 */
/* engine_aside.h -- rows set aside while a query runs; this module only.
 *
 * A table of the in-memory database, made when the first row comes.  Its rows keep their
 * values and types, and spill like any other when memory is short. */
#ifndef SM_ENGINE_ASIDE_H
#define SM_ENGINE_ASIDE_H

#include "runtime/engine/engine_int.h"

typedef struct sm_engine_aside sm_engine_aside;

/* For chunks whose columns from the `first`-th on are `columns` (borrowed).  `id` makes the
 * table's name unique.  Owned: free with sm_engine__aside_free(). */
sm_engine_aside *sm_engine__aside_new(sm_engine *e, int64_t id, size_t first, const sm_sv *columns,
                                      size_t n_columns);
void sm_engine__aside_free(sm_engine_aside *s); /* NULL is fine; the rows are gone */

/* Keep the n rows `at` of `chunk`, each with its text marks[i * width .. + width).  Any thread;
 * waits for others.  False: it could not, and sm_engine__aside_end() says why. */
bool sm_engine__aside_take(sm_engine_aside *s, duckdb_data_chunk chunk, const uint32_t *at,
                           size_t n, const char *marks, size_t width);

/* No more rows come: how many there are, and the name of their relation, borrowed, "" when
 * there is none: the columns, then SM_ENGINE_BROKEN. */
sm_code sm_engine__aside_end(sm_engine_aside *s, int64_t *rows, sm_sv *relation, sm_error *err);

/* Forget the rows. */
void sm_engine__aside_forget(sm_engine_aside *s);

#endif
