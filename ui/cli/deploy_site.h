/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_site.h -- what is deployed, as the server of ui/http asks for it. */
#ifndef SM_CLI_DEPLOY_SITE_H
#define SM_CLI_DEPLOY_SITE_H

#include "runtime/base/turns.h"
#include "ui/cli/deploy.h"
#include "ui/http/site.h"

/* All are borrowed as long as the site is used. */
typedef struct sm_cli_site {
    sm_deploy *deploy;
    sm_scheduler *scheduler;
    sm_turns *readers; /* engines that read at a time: SM_SITE_READERS of them */
} sm_cli_site;

enum { SM_SITE_READERS = 3 };

sm_site sm_cli_make_site(sm_cli_site *s, sm_event_bus *bus);

#endif
