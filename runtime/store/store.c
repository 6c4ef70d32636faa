// SPDX-License-Identifier: Apache-2.0
/* store.c -- the control store's file: open, check, close; the pipelines in it; kept plans.
 *
 *     <state.path>/control/smelt.db        SQLite, WAL; 0600 in a folder 0700
 *                          smelt.db-wal    its log while it is open, or after a crash
 *                          smelt.db-shm
 *                          ballast         16 MiB to give back when the disk is full
 *
 * One connection per process serves readers and writers, one call at a time: a call is a few
 * point look-ups or one small transaction.  Other processes (`smelt status` beside a run)
 * have their own connection; WAL lets them read while we write, and `begin immediate` with a
 * busy timeout makes writers wait for each other.
 *
 * Nothing here holds SQLite's read lock between two calls, so the log can always be folded
 * back and stays small. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char pragmas[] = "pragma journal_mode=wal;"
                              "pragma synchronous=full;"
                              "pragma foreign_keys=on;"
                              "pragma trusted_schema=off;"
                              "pragma temp_store=memory;"
                              "pragma journal_size_limit=4194304;";

static const char pragmas_of_readers[] = "pragma query_only=on;"
                                         "pragma trusted_schema=off;"
                                         "pragma temp_store=memory;";

/* ---- open and close ---- */

static sm_code make_paths(sm_store *s, sm_sv state_path, sm_buf *folder, sm_error *err)
{
    sm_buf_addf(folder, "%.*s/control", SM_SV_ARG(state_path));
    sm_buf_addf(&s->path, "%s/smelt.db", folder->ptr);
    sm_buf_addf(&s->ballast_path, "%s/ballast", folder->ptr);
    if (folder->over || s->path.over || s->ballast_path.over)
        return sm_fail(err, SM_E_LIMIT, 0, "state path has more than %d bytes", SM_PATH_MAX);
    return SM_OK;
}
