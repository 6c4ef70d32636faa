/* SPDX-License-Identifier: Apache-2.0 */
/* project_tables.h -- tables of other pipelines, as the planner asks for them.
 *
 * Who a table is stands in the file of its pipeline.  Its columns are those that the Delta table
 * has now; before it was written, those that its pipeline's plan gives it. */
#ifndef SM_CLI_PROJECT_TABLES_H
#define SM_CLI_PROJECT_TABLES_H

#include "ui/cli/project.h"

/* A table that the plan of a project reads. */
typedef struct sm_project_table {
    sm_sv name;          /* of the dataset: <schema>.<table> */
    sm_sv table;         /* of that pipeline */
    const char *file;    /* of that pipeline */
    sm_sv folder;        /* absolute */
    bool replaced;       /* a materialized view, or its quarantine */
    const sm_json *head; /* sm_delta_head_to_json(); NULL: not written yet */
} sm_project_table;

/* `other` of sm_plan_env; the project is its ctx. */
sm_code sm_project_other(void *project, sm_sv schema, sm_sv name, sm_arena *a, sm_plan_other *out,
                         sm_error *err);

/* Are the tables that a kept plan reads what they were?  `doc` is what sm_project_tables_json()
 * gave; takes them over.  p->tables_moved: yes, and they have been written to. */
bool sm_project_tables_hold(sm_project *p, const sm_json *doc);
/* NULL when one was not written yet: then a plan is not kept. */
sm_json *sm_project_tables_json(const sm_project *p);

#endif
