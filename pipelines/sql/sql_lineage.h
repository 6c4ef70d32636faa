/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lineage.h -- which columns of its inputs each column of a query comes from.
 *
 * Two kinds of dependence are told apart:
 *
 *     a column   what its value is computed of: SELECT a + b AS c, an aggregate, a CASE, the keys
 * of a window, through subqueries, CTEs, joins, set operations and * the rows   what decides which
 * rows there are: WHERE, ON, USING, GROUP BY, HAVING, QUALIFY, DISTINCT ON, ORDER BY with a LIMIT,
 * the right side of EXCEPT and INTERSECT
 *
 * It is told from the tree alone, nothing is bound.  What the tree does not tell (columns chosen by
 * a pattern, a struct that unnest() takes apart) is a gap.
 */
#ifndef SM_SQL_LINEAGE_H
#define SM_SQL_LINEAGE_H

#include "pipelines/sql/sql.h"

/* Column number `column` of the relation behind refs[ref]. */
typedef struct sm_sql_origin {
    size_t ref, column;
} sm_sql_origin;

typedef struct sm_sql_origins {
    sm_sql_origin *items; /* each once, in the order of the text */
    size_t n, cap;
} sm_sql_origins;

typedef struct sm_sql_lineage_column {
    sm_sv name; /* "" for an expression without a name */
    sm_sql_origins from;
} sm_sql_lineage_column;

typedef struct sm_sql_lineage {
    const sm_sql_lineage_column *columns;
    size_t n;
    sm_sql_origins rows;
    const char *gap; /* NULL: all is told; else what is not, and `columns` may be wrong */
} sm_sql_lineage;

/* schemas[i] has the columns of refs[i].  Lives in `a`. */
sm_sql_lineage sm_sql_lineage_of(const sm_sql_query *q, const sm_schema *const *schemas,
                                 sm_arena *a);

#endif
