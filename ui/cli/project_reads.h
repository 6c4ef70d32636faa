/* SPDX-License-Identifier: Apache-2.0 */
/* project_reads.h -- the way back: what a table of another pipeline reads of this one. */
#ifndef SM_CLI_PROJECT_READS_H
#define SM_CLI_PROJECT_READS_H

#include "ui/cli/project_others.h"

/* Fills out->reads with the datasets of `p` that the rows of `table` come of, through any number
 * of tables and pipelines. */
sm_code sm_project_reads(sm_project *p, sm_other *o, const sm_spec_table *table, sm_arena *a,
                         sm_plan_other *out, sm_error *err);

#endif
