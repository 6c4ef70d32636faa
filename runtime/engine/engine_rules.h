/* SPDX-License-Identifier: Apache-2.0 */
/* engine_rules.h -- rules judged inside the one pass of SQL.
 *
 *     SELECT <columns> FROM
 *       (SELECT q.*, smelt_rules(<id>, <rule 1>, …, q.<column 1>, …) AS _smelt_mask
 *        FROM (<query>) AS q)
 *     WHERE _smelt_mask = 0
 *
 * smelt_rules is a volatile scalar function: it hands each vector of rule results to judge()
 * and returns the mask.  It stands in the SELECT list, so DuckDB evaluates it for exactly the
 * rows that come out of <query>; the filter above it is an ordinary one.
 *
 * Rows whose mask is SM_RULES_ASIDE are copied while the query runs (engine_aside.c) and can be
 * read afterwards as a relation of their own.
 */
#ifndef SM_ENGINE_RULES_H
#define SM_ENGINE_RULES_H

#include "runtime/engine/engine.h"

#define SM_ENGINE_MASK   "_smelt_mask"
/* Of a row that was set aside: for each rule '1' where it does not hold, else '0'. */
#define SM_ENGINE_BROKEN "_smelt_broken"

enum { SM_RULES_KEEP = 0, SM_RULES_ASIDE = 2 }; /* any other mask: the row is left out */

/* The rows of one call of judge(). */
typedef struct sm_rules_rows sm_rules_rows;

/* Append row `i` as a JSON object of its columns. */
void sm_rules_rows_json(const sm_rules_rows *rows, size_t i, sm_buf *b);

typedef struct sm_rules_def {
    size_t n_rules;       /* at least 1 */
    const sm_sv *columns; /* of the query's result, in order; for samples and for the SELECT */
    size_t n_columns;
    void *ctx;
    /* Called by several threads at once.  pass[r][i] is 1 where rule r holds for row i, else 0
     * (false and NULL).  Writes mask[i]. */
    void (*judge)(void *ctx, const uint8_t *const *pass, size_t n_rows, const sm_rules_rows *rows,
                  uint8_t *mask);
} sm_rules_def;

typedef struct sm_engine_rules sm_engine_rules;

/* Let smelt_rules(<id>, …) find `def`, whose texts are copied.  Thread-safe.  `*out` is owned:
 * free with sm_engine_rules_remove(), after the last query that names it and before the
 * engine is closed. */
sm_code sm_engine_rules_add(sm_engine *e, const sm_rules_def *def, sm_engine_rules **out,
                            sm_error *err);
void sm_engine_rules_remove(sm_engine_rules *r); /* NULL is fine */

/* Append the SELECT of the head of this file: the rows of `query` that the mask keeps.
 * exprs[i] is the text of rule i over the columns of `query`, a BOOLEAN (expectations/rule.h);
 * n_rules of them. */
void sm_engine_rules_select(const sm_engine_rules *r, sm_sv query, const sm_sv *exprs, sm_buf *b);

/* After the query: the rows that were set aside, as many as judge() said.  *relation is "" when
 * there are none, else a name to read them by until they are forgotten, from any session:
 * def.columns, then SM_ENGINE_BROKEN.  Fails when a row could not be kept: then the query
 * failed too. */
sm_code sm_engine_rules_aside(sm_engine_rules *r, int64_t *rows, sm_sv *relation, sm_error *err);
void sm_engine_rules_forget(sm_engine_rules *r);

#endif
