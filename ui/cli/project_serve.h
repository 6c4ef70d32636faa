/* SPDX-License-Identifier: Apache-2.0 */
/* project_serve.h -- what a server does not let a pipeline do: folders and variables that
 * smelt.yml does not give it. */
#ifndef SM_CLI_PROJECT_SERVE_H
#define SM_CLI_PROJECT_SERVE_H

#include "ui/cli/project.h"

/* A variable of the environment that a document names. */
typedef struct sm_used_variable {
    struct sm_used_variable *next;
    sm_sv name;
    sm_span at;
} sm_used_variable;

/* `used` of a load; the project is its ctx. */
void sm_project_note_variable(void *project, sm_sv name, sm_span at);
/* Faults of a pipeline that a server would run, into p->diags; p->spec is there. */
void sm_project_check_served(sm_project *p);

/* A warning when the server could not use the certificate and the key that smelt.yml names. */
void sm_project_check_tls(sm_project *p);

#endif
