/* SPDX-License-Identifier: Apache-2.0 */
/* project_bucket.h -- tables and files in a bucket: where their image lies and who may ask for
 * them.
 *
 * Nothing is asked, and no secret read, before somebody opens a table. */
#ifndef SM_CLI_PROJECT_BUCKET_H
#define SM_CLI_PROJECT_BUCKET_H

#include "ui/cli/project.h"

enum { SM_IMAGE_MAX = 10 }; /* GiB that an image keeps on this machine */

/* Of a project whose `storage` is a bucket: p->storage_dir becomes the folder of its image, and
 * p->images knows it.  p->state_dir is set.  SM_E_INVALID: no bucket can have that name. */
sm_code sm_project_bucket(sm_project *p, sm_error *err);

/* Of each source whose files lie in a bucket: p->images knows how it is reached.  p->state_dir is
 * set, and nothing done where there is no pipeline.  SM_OK. */
sm_code sm_project_bucket_sources(sm_project *p);

/* The folder of copies of what `source`, one of those, reads. */
sm_sv sm_project_bucket_copies(sm_project *p, const sm_spec_source *source);

/* `p` reads tables of `other`, a project that lives as long. */
void sm_project_bucket_share(sm_project *p, sm_project *other);

/* After a run: what was used longest ago goes, where an image has become too large. */
void sm_project_bucket_trim(sm_project *p);

#endif
