/* SPDX-License-Identifier: Apache-2.0 */
/* run_remote.h -- a run on a server, waited for: smelt run --server URL. */
#ifndef SM_CLI_RUN_REMOTE_H
#define SM_CLI_RUN_REMOTE_H

#include "ui/cli/remote.h"

/* Ask for the run, say how it goes, print what it did.  Its exit status. */
int sm_run_remote(sm_cli *c, sm_remote *r);
/* The same for a ticket that the server gave already. */
int sm_run_remote_wait(sm_remote *r, int64_t ticket);

#endif
