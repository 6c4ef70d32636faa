/* SPDX-License-Identifier: Apache-2.0 */
/* steps_value.h -- is this value of the file that value of a table? */
#ifndef SM_CLI_STEPS_VALUE_H
#define SM_CLI_STEPS_VALUE_H

#include "ui/cli/steps_int.h"

/* The value of the file, ready to be compared with one of type `t`.  Lives in s->a. */
sm_code sm_steps__read_value(sm_steps *s, const sm_yaml_node *n, const sm_sqltype *t,
                             const sm_json **out, sm_error *err);
/* `found` as sm_view_rows() gives it. */
bool sm_steps__same_value(const sm_json *expected, const sm_json *found, const sm_sqltype *t,
                          sm_arena *a);

#endif
