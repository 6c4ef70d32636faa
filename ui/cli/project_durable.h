/* SPDX-License-Identifier: Apache-2.0 */
/* project_durable.h -- what a pipeline decides and remembers, beside its tables in a bucket. */
#ifndef SM_CLI_PROJECT_DURABLE_H
#define SM_CLI_PROJECT_DURABLE_H

#include "runtime/io/object_images.h"
#include "ui/cli/project.h"

/* p->durable, below `prefix` of the bucket; `connect` and `ctx` are those of its image. */
void sm_project_durable(sm_project *p, sm_sv bucket, sm_sv prefix,
                        sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx);

/* After p->store was opened to write: its decisions go to the bucket, and what is there is taken
 * over unless a run of this machine is under way.  Nothing without p->durable. */
sm_code sm_project_durable_follow(sm_project *p, sm_error *err);
/* Before p->store, or the project, is closed. */
void sm_project_durable_end(sm_project *p);

/* For a run; NULL without p->durable. */
const sm_state_keeper *sm_project_keeper(const sm_project *p);

#endif
