/* SPDX-License-Identifier: Apache-2.0 */
/* spec_schema.h -- the language as JSON Schema (draft 2020-12), from the tables that parse it. */
#ifndef SM_SPEC_SPEC_SCHEMA_H
#define SM_SPEC_SPEC_SCHEMA_H

#include "pipelines/spec/spec.h"

/* The schema of a whole file ("" or "pipeline") or of one block ("sources", "tables", "flows",
 * "expectations", "state", "engine", "column", or a source type).  NULL when there is no such
 * block.  Only what is supported appears.  Lives in `a`. */
sm_json *sm_spec_schema(const sm_spec_unit *units, sm_sv block, sm_arena *a);

/* The names of blocks, ending with NULL; source types come beside them.  Lives in `a`. */
const char *const *sm_spec_schema_blocks(sm_arena *a);

#endif
