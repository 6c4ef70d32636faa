/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine_act.h -- replay and discard, for the command and for the server. */
#ifndef SM_CLI_QUARANTINE_ACT_H
#define SM_CLI_QUARANTINE_ACT_H

#include "runtime/exec/replay.h"
#include "ui/cli/project.h"

/* `what` has table, rule, row and discard.  {"table","act","taken","written",…,"left"}; lives in
 * `a`.  Fails as sm_replay() does. */
sm_code sm_quarantine_act(sm_project *p, const sm_replay_request *what, sm_arena *a, sm_json **out,
                          sm_error *err);

#endif
