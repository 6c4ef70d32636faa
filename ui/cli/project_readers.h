/* SPDX-License-Identifier: Apache-2.0 */
/* project_readers.h -- tables of other pipelines that read what a full refresh would rebuild. */
#ifndef SM_CLI_PROJECT_READERS_H
#define SM_CLI_PROJECT_READERS_H

#include "ui/cli/project.h"

/* Flows of other pipelines of the project that have read rows of a table of `refresh` (by dataset)
 * as a stream: a rebuild stops them until they are rebuilt too.  SM_E_CONFLICT names them and says
 * what to do; with `keep` the same text goes to *told instead ("": there are none), in p->a.
 * Pipelines that are not valid cannot be asked, and are passed over. */
sm_code sm_project_check_readers(sm_project *p, const bool *refresh, bool with_quarantine,
                                 bool keep, sm_sv *told, sm_error *err);

#endif
