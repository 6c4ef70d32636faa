/* SPDX-License-Identifier: Apache-2.0 */
/* project_files.h -- the pipeline files of a project: what `include` of smelt.yml matches. */
#ifndef SM_CLI_PROJECT_FILES_H
#define SM_CLI_PROJECT_FILES_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_project_file {
    const char *file; /* as messages name it, from the working folder */
    sm_sv pipeline;   /* its name, as written */
    sm_sv schema;     /* the same; "" when it does not say */
} sm_project_file;

typedef struct sm_project_files {
    const sm_project_file *items; /* sorted by file */
    size_t n;
    const char *root; /* smelt.yml; NULL: there is none, and no files */
} sm_project_files;

/* Of the project that the working folder lies in.  A smelt.yml that cannot be read as YAML has
 * the files of the default: its faults are told with the first of them.  Lives in `a`. */
sm_code sm_project_list(sm_arena *a, sm_project_files *out, sm_error *err);

/* The same of the project of `root`, a smelt.yml. */
sm_code sm_project_list_of(const char *root, sm_arena *a, sm_project_files *out, sm_error *err);

#endif
