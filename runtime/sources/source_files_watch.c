/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_watch.c -- be told when files arrive, instead of listing again and again.
 *
 * Folders are watched before anybody lists them, so what comes in between is found by one or the
 * other.  A `path` that is one file, or whose folders are too many to watch, or lie in a bucket, is
 * only listed. */
#include "runtime/base/watch.h"
#include "runtime/sources/source_files_int.h"

typedef struct watch_walk {
    sm_watch *watch;
    size_t tag, watched;
    bool missed;
} watch_walk;

static void watch_folder(void *ctx, const char *path)
{
    watch_walk *walk = ctx;
    sm_error err;

    if (sm_watch_add(walk->watch, path, walk->tag, &err) == SM_OK)
        walk->watched++;
    else if (err.code != SM_E_NOT_FOUND)
        walk->missed = true;
}

sm_code sm_files__watch(sm_source *s, sm_watch *w, size_t tag, bool *told, sm_error *err)
{
    watch_walk walk = { .watch = w, .tag = tag };
    sm_code rc;

    *told = false;
    if (sm_files__in_bucket(s))
        return SM_OK;
    rc = sm_files__walk_folders(s, watch_folder, &walk, err);

    *told = rc == SM_OK && walk.watched > 0 && !walk.missed;
    return rc == SM_E_NOT_FOUND ? SM_OK : rc; /* the folder may come */
}
