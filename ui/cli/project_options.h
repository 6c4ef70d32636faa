/* SPDX-License-Identifier: Apache-2.0 */
/* project_options.h -- what only a source or a sink can tell of its options.  Faults are in
 * p->diags. */
#ifndef SM_CLI_PROJECT_OPTIONS_H
#define SM_CLI_PROJECT_OPTIONS_H

#include "ui/cli/project.h"

/* Before compiling: a source with a fault is broken. */
void sm_project_judge_sources(sm_project *p);
/* Afterwards: there is no plan when a sink has one. */
void sm_project_judge_sinks(sm_project *p);

#endif
