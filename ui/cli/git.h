/* SPDX-License-Identifier: Apache-2.0 */
/* git.h -- which commit of the project is at work. */
#ifndef SM_CLI_GIT_H
#define SM_CLI_GIT_H

#include "runtime/base/arena.h"

/* The commit checked out in the repository that holds `dir`, 40 digits; empty when there is
 * none or it cannot be told.  Reads .git itself: no program is started. Lives in `a`. */
sm_sv sm_git_commit(sm_sv dir, sm_arena *a);
/* The folder that holds the repository of `dir`, which is absolute; empty when there is none. */
sm_sv sm_git_root(sm_sv dir, sm_arena *a);

#endif
