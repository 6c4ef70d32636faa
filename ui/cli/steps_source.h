/* SPDX-License-Identifier: Apache-2.0 */
/* steps_source.h -- the rows of a test, as a source. */
#ifndef SM_CLI_STEPS_SOURCE_H
#define SM_CLI_STEPS_SOURCE_H

#include "runtime/connect/source.h"

/* Its only option is `path`, a file of rows; see steps_source.c. */
extern const sm_source_ops sm_steps_source;

/* Append SQL that makes the text `value` (an expression) a value of `type`; `attempt`: NULL where
 * that cannot be. */
void sm_steps_cast(sm_buf *b, sm_sv value, sm_sv type, bool attempt, sm_arena *a);

#endif
