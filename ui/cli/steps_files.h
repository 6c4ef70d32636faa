/* SPDX-License-Identifier: Apache-2.0 */
/* steps_files.h -- files of a test, for the real source of files. */
#ifndef SM_CLI_STEPS_FILES_H
#define SM_CLI_STEPS_FILES_H

#include "ui/cli/steps_int.h"

/* The path of the source below <folder of the test>/<kind>/<source>: what follows the first
 * wildcard stays as it is. */
sm_sv sm_steps__files_path(const sm_steps *s, const char *kind, const sm_spec_source *source);
/* Write files of an `ingest_files` below <kind>; faults of names are told. */
sm_code sm_steps__write_files(sm_steps *s, const char *kind, sm_sv source,
                              const sm_yaml_node *files, sm_error *err);
/* The columns of the first files that the test gives the source. */
sm_code sm_steps__infer_files(sm_steps *s, const sm_spec_source *source, sm_arena *a,
                              sm_schema *out, sm_error *err);

#endif
