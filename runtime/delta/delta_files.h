/* SPDX-License-Identifier: Apache-2.0 */
/* delta_files.h -- data files on disk: made durable, looked for, taken away. */
#ifndef SM_DELTA_FILES_H
#define SM_DELTA_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"

/* fsync each file (absolute paths below `root`), then each folder between them and `root`,
 * `root` included, once. */
sm_code sm_delta_files_sync(sm_sv root, const sm_sv *paths, size_t n, sm_error *err);

/* SM_E_CORRUPT when the file of an add is not there with its size. */
sm_code sm_delta_files_check(sm_sv root, const sm_delta_file *f, sm_error *err);

/* Remove every file whose name begins with `stem` in `folder` and, `depth` levels deep, in
 * its folders that begin neither with "_" nor with ".".  Best effort: what is missed is an
 * orphan that no reader sees. */
void sm_delta_files_remove(sm_sv folder, sm_sv stem, size_t depth);

/* Is `key` a path below the table's root?  Absolute paths and ".." are not. */
bool sm_delta_files_inside(sm_sv key);

#endif
