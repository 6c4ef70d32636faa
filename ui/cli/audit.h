/* SPDX-License-Identifier: Apache-2.0 */
/* audit.h -- what a person did, in the event log. */
#ifndef SM_CLI_AUDIT_H
#define SM_CLI_AUDIT_H

#include "ui/cli/project.h"

/* Write a user_action event; `outcome` is empty before the act.  SM_OK when the pipeline never
 * ran: then there is no log.  A look that cannot be recorded is not allowed: callers end with
 * the error. */
sm_code sm_audit(const sm_project *p, sm_sv action, sm_sv dataset, sm_sv outcome, sm_error *err);

#endif
