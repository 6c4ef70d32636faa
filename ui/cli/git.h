/* SPDX-License-Identifier: Apache-2.0 */
/* git.h -- which commit of the project is at work. */
#ifndef SM_CLI_GIT_H
#define SM_CLI_GIT_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

/* The commit checked out in the repository that holds `dir`, 40 digits; empty when there is
 * none or it cannot be told.  Reads .git itself: no program is started. Lives in `a`. */
sm_sv sm_git_commit(sm_sv dir, sm_arena *a);
/* The folder that holds the repository of `dir`, which is absolute; empty when there is none. */
sm_sv sm_git_root(sm_sv dir, sm_arena *a);
/* The files of a commit. */
typedef struct sm_git_tree {
    const char *root; /* absolute, the folder of the repository */
    sm_sv commit;     /* digits */
} sm_git_tree;

/* What `rev` names in the repository that holds `dir`, which is absolute.  SM_E_NOT_FOUND: there is
 * no git, no repository or no such commit.  Starts git.  Lives in `a`. */
sm_code sm_git_tree_find(sm_sv dir, const char *rev, sm_arena *a, sm_git_tree *out, sm_error *err);
/* The file (absolute, or from the working folder) as of that commit.  SM_E_NOT_FOUND: it was not
 * there, or lies outside of the repository. */
sm_code sm_git_read(const sm_git_tree *tree, const char *file, size_t max, sm_arena *a, sm_sv *out,
                    sm_error *err);

#endif
