/* SPDX-License-Identifier: Apache-2.0 */
/* plan_lineage.h -- which columns of its inputs each column of a dataset comes from, and which
 * columns of sources in the end.  See sql_lineage.h for what counts. */
#ifndef SM_PLAN_LINEAGE_H
#define SM_PLAN_LINEAGE_H

#include "pipelines/plan/plan.h"

typedef struct sm_lineage_origin {
    const sm_plan_dataset *dataset;
    sm_sv column;
} sm_lineage_origin;

typedef struct sm_lineage_origins {
    sm_lineage_origin *items; /* each once */
    size_t n, cap;
} sm_lineage_origins;

typedef struct sm_lineage_column {
    sm_sv name;
    sm_lineage_origins from;    /* of what the queries of the dataset name */
    sm_lineage_origins sources; /* the same, followed to sources and tables of other pipelines */
    bool made;                  /* by smelt: a column of a quarantine that its table has not */
} sm_lineage_column;

typedef struct sm_lineage {
    const sm_plan_dataset *dataset;
    sm_lineage_column *columns;
    size_t n;
    sm_lineage_origins
        rows;    /* what decides which rows there are, by columns named in the queries */
    sm_sv *gaps; /* sentences: what is not known, here or further up */
    size_t n_gaps;
} sm_lineage;

/* Of `ds` and, behind it, of all that it reads.  Parses the queries again, and binds nothing. Lives
 * in `a`. */
sm_code sm_plan_lineage(const sm_plan *p, const sm_sql_engine *sql, const sm_plan_dataset *ds,
                        sm_arena *a, const sm_lineage **out, sm_error *err);

void sm_plan_print_lineage(const sm_lineage *l, sm_buf *out);
/* {"name","columns":[{"name","from":[{"dataset","column"}],"sources":[…]}],"rows":[…],"gaps":[…]}
 */
sm_json *sm_plan_lineage_json(const sm_lineage *l, sm_arena *a);

#endif
