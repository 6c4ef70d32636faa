/* SPDX-License-Identifier: Apache-2.0 */
/* project_connections.h -- the connections of a project, for those who go out. */
#ifndef SM_CLI_PROJECT_CONNECTIONS_H
#define SM_CLI_PROJECT_CONNECTIONS_H

#include "pipelines/spec/spec.h"
#include "runtime/base/connection.h"

/* What `spec` has in force; files as paths from here.  Lives in `a`; the texts are the spec's. */
const sm_connections *sm_project_connections(const sm_spec *spec, bool served, sm_arena *a);

#endif
