/* SPDX-License-Identifier: Apache-2.0 */
/* project_durable.c -- what a pipeline decides and remembers, beside its tables in a bucket.
 *
 *     <prefix>/_smelt/<pipeline>/decided/<20 digits>     the log of store_durable.h
 *     <prefix>/_smelt/<pipeline>/whole/<version>-<number>    all of it up to there
 *     <prefix>/_smelt/<pipeline>/flows/…                 files of state, as below state.path
 *
 * Both are reached through images: the folder `flows` of the state is one itself. */
#include "ui/cli/project_durable.h"

#include "runtime/base/fs.h"
#include "runtime/store/store_durable.h"

#define ENTRY_MAX ((size_t)SM_STORE_MANIFEST_MAX)

typedef struct durable {
    sm_project *p;
    sm_sv log, flows; /* folders of images */
    sm_state_keeper keeper;
} durable;

/* ---- the log ----------------------------------------------------------------------- */

static sm_sv key_of(int64_t number, sm_arena *a)
{
    return sm_arena_printf(a, "decided/%020lld", (long long)number);
}

static sm_code log_put(void *ctx, int64_t number, sm_sv bytes, sm_error *err)
{
    const durable *d = ctx;
    sm_arena *a = sm_arena_new("durable put");
    sm_object_store *s = NULL;
    sm_code rc = sm_images_open(d->p->images, d->log, &s, err);

    if (rc == SM_OK)
        rc = sm_object_put_if_absent(s, key_of(number, a), bytes, err);
    sm_object_store_close(s);
    sm_arena_free(a);
    return rc;
}

static sm_code log_get(void *ctx, int64_t number, sm_arena *a, sm_sv *out, sm_error *err)
{
    const durable *d = ctx;
    sm_object_store *s = NULL;
    sm_code rc = sm_images_open(d->p->images, d->log, &s, err);

    if (rc == SM_OK)
        rc = sm_object_get(s, key_of(number, a), ENTRY_MAX, a, out, err);
    sm_object_store_close(s);
    return rc;
}

/* Each is all of it, so one is enough; the one before may be read right now.  What is missed
 * costs room and no more. */
static void drop_older(sm_object_store *s, sm_sv prefix, sm_arena *a)
{
    sm_object *objects;
    sm_error ignored;
    size_t n = 0;

    if (sm_object_list(s, SM_SV("whole"), prefix, a, &objects, &n, &ignored) != SM_OK)
        return;
    while (n > 0 && !sm_sv_starts(objects[n - 1].key, prefix)) /* of another version */
        n--;
    for (size_t i = 0; i + 2 < n; i++)
        (void)sm_object_delete(s, objects[i].key, &ignored);
}

/* "whole/10-00000000000000000016": of this version of the schema the last one is the newest. */
static sm_code whole_put(void *ctx, int64_t version, int64_t number, sm_sv bytes, sm_error *err)
{
    const durable *d = ctx;
    sm_arena *a = sm_arena_new("durable whole");
    sm_sv prefix = sm_arena_printf(a, "whole/%lld-", (long long)version);
    sm_object_store *s = NULL;
    sm_code rc = sm_images_open(d->p->images, d->log, &s, err);

    if (rc == SM_OK)
        rc = sm_object_put(
            s, sm_arena_printf(a, "%.*s%020lld", SM_SV_ARG(prefix), (long long)number), bytes, err);
    if (rc == SM_OK)
        drop_older(s, prefix, a);
    sm_object_store_close(s);
    sm_arena_free(a);
    return rc;
}

static sm_code whole_get(void *ctx, int64_t version, sm_arena *a, sm_sv *out, sm_error *err)
{
    const durable *d = ctx;
    sm_sv prefix = sm_arena_printf(a, "whole/%lld-", (long long)version), newest = SM_SV("");
    sm_object_store *s = NULL;
    sm_object *objects;
    size_t n = 0;
    sm_code rc;

    if ((rc = sm_images_open(d->p->images, d->log, &s, err)) == SM_OK)
        rc = sm_object_list(s, SM_SV("whole"), prefix, a, &objects, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (sm_sv_starts(objects[i].key, prefix))
            newest = objects[i].key;
    if (rc == SM_OK)
        rc = newest.len > 0 ? sm_object_get(s, newest, ENTRY_MAX, a, out, err)
                            : sm_fail(err, SM_E_NOT_FOUND, 0, "nothing was put together yet");
    sm_object_store_close(s);
    return rc;
}

/* ---- files of state ---------------------------------------------------------------- */

static sm_sv below_flows(const durable *d, sm_sv path)
{
    return sm_sv_sub(path, d->flows.len + 1, path.len);
}

static sm_code keep_files(void *ctx, const sm_sv *paths, size_t n, sm_error *err)
{
    const durable *d = ctx;
    sm_arena *a = sm_arena_new("durable keep");
    sm_sv *keys = SM_NEW_N(a, sm_sv, n + 1);
    sm_object_store *s = NULL;
    sm_code rc = sm_images_open(d->p->images, d->flows, &s, err);

    for (size_t i = 0; i < n; i++)
        keys[i] = below_flows(d, paths[i]);
    if (rc == SM_OK)
        rc = sm_object_keep(s, keys, n, err);
    sm_object_store_close(s);
    sm_arena_free(a);
    return rc;
}

static sm_code fetch_files(void *ctx, const sm_sv *paths, const int64_t *sizes, size_t n,
                           sm_error *err)
{
    const durable *d = ctx;
    sm_arena *a = sm_arena_new("durable fetch");
    sm_object *objects = SM_NEW_N(a, sm_object, n + 1);
    sm_object_store *s = NULL;
    sm_code rc = sm_images_open(d->p->images, d->flows, &s, err);

    for (size_t i = 0; i < n; i++)
        objects[i] = (sm_object){ .key = below_flows(d, paths[i]), .size = sizes[i] };
    if (rc == SM_OK)
        rc = sm_object_fetch(s, objects, n, err);
    sm_object_store_close(s);
    sm_arena_free(a);
    return rc;
}

/* What is missed costs room and no more. */
static void drop_files(void *ctx, const sm_sv *paths, size_t n)
{
    const durable *d = ctx;
    sm_object_store *s = NULL;
    sm_error ignored;

    if (sm_images_open(d->p->images, d->flows, &s, &ignored) == SM_OK)
        for (size_t i = 0; i < n; i++)
            (void)sm_object_delete(s, below_flows(d, paths[i]), &ignored);
    sm_object_store_close(s);
}

/* ---- of a project ------------------------------------------------------------------ */

void sm_project_durable(sm_project *p, sm_sv bucket, sm_sv prefix,
                        sm_code (*connect)(void *ctx, sm_s3 **out, sm_error *err), void *ctx)
{
    durable *d = SM_NEW(p->a, durable);
    sm_sv root = sm_arena_printf(p->a, "%.*s%s_smelt/%.*s", SM_SV_ARG(prefix),
                                 prefix.len > 0 ? "/" : "", SM_SV_ARG(p->spec->pipeline.text));

    *d = (durable){ .p = p,
                    .log = sm_arena_printf(p->a, "%.*s/durable", SM_SV_ARG(p->state_dir)),
                    .flows = sm_arena_printf(p->a, "%.*s/flows", SM_SV_ARG(p->state_dir)),
                    .keeper = { keep_files, fetch_files, drop_files, d } };
    sm_images_add(p->images, d->log, bucket, root, connect, ctx);
    sm_images_add(p->images, d->flows, bucket, sm_arena_printf(p->a, "%.*s/flows", SM_SV_ARG(root)),
                  connect, ctx);
    p->durable = d;
}

const sm_state_keeper *sm_project_keeper(const sm_project *p)
{
    return p->durable == NULL ? NULL : &p->durable->keeper;
}

sm_code sm_project_durable_follow(sm_project *p, sm_error *err)
{
    const sm_store_log log = { log_put,   log_get,    whole_put,
                               whole_get, p->durable, p->spec->pipeline.text };
    const char *path;
    sm_fs_lock *lock;
    sm_code rc;

    if (p->durable == NULL)
        return SM_OK;
    sm_store_set_log(p->store, &log);
    path = sm_store_lock_path(p->a, p->state_dir, p->spec->pipeline.text);
    if ((rc = sm_fs_lock_take(path, &lock, err)) == SM_E_CONFLICT)
        return SM_OK; /* whoever runs here has followed it */
    if (rc != SM_OK)
        return rc;
    rc = sm_store_follow(p->store, err);
    sm_fs_lock_release(lock);
    return rc;
}

void sm_project_durable_end(sm_project *p)
{
    if (p->durable != NULL && p->store != NULL)
        sm_store_unset_log(p->store, p->durable);
}
