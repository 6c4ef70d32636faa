/* SPDX-License-Identifier: Apache-2.0 */
/* help.h -- help, printed from the command tables. */
#ifndef SM_CLI_HELP_H
#define SM_CLI_HELP_H

#include "ui/cli/cli.h"

int sm_help_all(const sm_cli *c);
int sm_help_command(const sm_cli *c, const sm_command *command);

#endif
