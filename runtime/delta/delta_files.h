/* SPDX-License-Identifier: Apache-2.0 */
/* delta_files.h -- data files: fetched, looked for, taken away. */
#ifndef SM_DELTA_FILES_H
#define SM_DELTA_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_log.h"

/* Files that the engine is to read, which a bucket may have and its image not yet: call it before
 * the query.  SM_E_NOT_FOUND, SM_E_CORRUPT: the bucket has it not, or not of that size. */
sm_code sm_delta_files_fetch(sm_delta_table *t, const sm_delta_file *const *files, size_t n,
                             sm_error *err);

/* SM_E_CORRUPT when the file of an add is not there with its size. */
sm_code sm_delta_files_check(sm_delta_table *t, const sm_delta_file *f, sm_error *err);

/* Remove every file, and its object, whose name begins with `stem` in the root and, `depth` levels
 * deep, in its folders that begin neither with "_" nor with ".".  Best effort: what is missed is
 * an orphan that no reader sees. */
void sm_delta_files_discard(sm_delta_table *t, sm_sv stem, size_t depth);

/* Remove every file of this machine in `folder` whose name begins with `stem`. */
void sm_delta_files_remove(sm_sv folder, sm_sv stem);

/* Is `key` a path below the table's root?  Absolute paths and ".." are not. */
bool sm_delta_files_inside(sm_sv key);

#endif
