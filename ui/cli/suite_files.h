/* SPDX-License-Identifier: Apache-2.0 */
/* suite_files.h -- which files of tests there are, and which pipeline each is for. */
#ifndef SM_CLI_SUITE_FILES_H
#define SM_CLI_SUITE_FILES_H

#include "pipelines/spec/spec_suite.h"
#include "ui/cli/cli.h"

typedef struct sm_suite_file {
    const char *file; /* as messages name it */
    sm_sv text;
    const sm_suite *suite; /* NULL: nothing could be made of it */
    const char *pipeline;  /* its file; NULL: told in `diags` */
    sm_diags *diags;
} sm_suite_file;

typedef struct sm_suite_files {
    sm_suite_file *items;
    size_t n, cap;
} sm_suite_files;

/* The files that the arguments of `c` mean: files of tests, pipelines (with a file, a folder or a
 * name), folders; without any, those of the project or of the pipeline here.  Beside a pipeline
 * they are NAME_test.yml and tests/NAME.yml.  SM_E_NOT_FOUND: an argument means nothing.  Lives in
 * c->a. */
sm_code sm_suite_files_find(const sm_cli *c, sm_suite_files *out, sm_error *err);

#endif
