/* SPDX-License-Identifier: Apache-2.0 */
/* process.h -- run another program and take what it prints.  No shell is in between. */
#ifndef SM_BASE_PROCESS_H
#define SM_BASE_PROCESS_H

#include "runtime/base/error.h"
#include "runtime/base/str.h"

/* Run argv[0], looked up in PATH, with nothing on its stdin, and wait for its end.  What it prints
 * is appended to `out` and `complaint` (stderr), up to their maxima; the rest is read and passed
 * over.  *status is its exit status, 128 + n after signal n.  SM_E_NOT_FOUND: there is no such
 * program. */
sm_code sm_process_run(const char *const *argv, sm_buf *out, sm_buf *complaint, int *status,
                       sm_error *err);

#endif
