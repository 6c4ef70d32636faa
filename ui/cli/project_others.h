/* SPDX-License-Identifier: Apache-2.0 */
/* project_others.h -- the other pipelines of a project, loaded when somebody names them. */
#ifndef SM_CLI_PROJECT_OTHERS_H
#define SM_CLI_PROJECT_OTHERS_H

#include "ui/cli/project.h"
#include "ui/cli/project_files.h"

typedef struct sm_other {
    const char *file; /* as messages name it */
    sm_project p;     /* p.spec is NULL when nothing could be made of the file */
    bool planning;    /* its plan is being made, or was: p.plan is NULL while it is not there */
} sm_other;

/* Shared by a project and those that it loads; used by one thread. */
typedef struct sm_project_others sm_project_others;

void sm_project_others_free(sm_project_others *o); /* NULL is fine */

/* The pipeline behind a file of the project, loaded once. */
sm_other *sm_project_other_file(sm_project *p, const char *file);

/* What `schema.table` means for `p`.  A schema in force counts before one that stands in the file,
 * and that before the name of a pipeline; a pipeline that has the table before one that has not.
 * NULL: no other pipeline has that schema. SM_E_*: the project cannot be listed. */
sm_code sm_project_other_find(sm_project *p, sm_sv schema, sm_sv table, sm_other **out,
                              sm_error *err);

/* How many files p->files lists: those of the whole project, this one's among them. */
sm_code sm_project_others_count(sm_project *p, size_t *n, sm_error *err);

/* The schemas of the other pipelines, for a hint; in p->a. */
size_t sm_project_other_names(sm_project *p, const sm_sv **out);

/* Its table, enabled or not; NULL when it has none of that name. */
const sm_spec_table *sm_project_other_table(const sm_other *o, sm_sv name, bool *enabled);

/* The plan of the other pipeline; NULL when it has faults, or is being made: then `p` is on a way
 * that leads back to it. */
const sm_plan *sm_project_other_plan(sm_other *o);

/* Are these two the same file? */
bool sm_project_same_file(const sm_project *x, const sm_project *y);

#endif
