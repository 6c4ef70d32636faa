/* SPDX-License-Identifier: Apache-2.0 */
/* since.h -- --changed-since REV: the files against those of a commit. */
#ifndef SM_CLI_SINCE_H
#define SM_CLI_SINCE_H

#include "ui/cli/project.h"

#define SM_SINCE_OPTION                                                                            \
    {                                                                                              \
        "--changed-since", NULL, "REV",                                                            \
            "compare with the files as of REV, a commit, branch or tag of\ngit, and not with the " \
            "tables that are there"                                                                \
    }

/* The document of sm_view_since(), when --changed-since is given, else NULL.  0, or the exit
 * status to end with, after saying why.  Files that were not there, or had faults, make everything
 * new; the latter is said. */
int sm_cli_since(const sm_cli *c, const sm_project *p, const sm_json **out);
/* The same for commands that select: 2 when nothing selects by state, so that the option would be
 * passed over. */
int sm_cli_since_select(const sm_cli *c, const sm_project *p, const sm_json **out);

#endif
