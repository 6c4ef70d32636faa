/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h -- commands that ask a server instead of the files here: --server URL --token-file F.
 *
 * A server's documents are those that a command makes itself, so they are printed by the same
 * functions. */
#ifndef SM_CLI_REMOTE_H
#define SM_CLI_REMOTE_H

#include "ui/cli/cli.h"

/* Option rows of the commands that can. */
#define SM_REMOTE_OPTIONS                                                                          \
    { "--server", NULL, "URL", "ask the server there instead of the files here" },                 \
    {                                                                                              \
        "--token-file", NULL, "F", "with --server: the file that has the token"                    \
    }

/* Is it a server that is to be asked? */
bool sm_remote_asked(const sm_cli *c);

/* All return SM_EXIT_DONE, or the exit status to end with after saying why.  `path` is below
 * /api/v1/; documents live in c->a. */
int sm_remote_get(const sm_cli *c, sm_sv path, sm_json **out);
int sm_remote_post(const sm_cli *c, sm_sv path, const sm_json *body, sm_json **out);
/* "pipelines/NAME" of the pipeline with that name, or (NULL) of the only one there. */
int sm_remote_pipeline(const sm_cli *c, const char *name, sm_sv *out);

/* Wait for the end of the run that an order began, and print it: its exit status. */
int sm_remote_follow(const sm_cli *c, sm_sv pipeline, const sm_json *order);

#endif
