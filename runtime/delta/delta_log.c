/* SPDX-License-Identifier: Apache-2.0 */
/* delta_log.c -- the folder _delta_log: which versions there are, what a commit says.
 *
 *     00000000000000000000.json … 00000000000000000012.json      commits, contiguous
 *     00000000000000000010.checkpoint.parquet                    the state at version 10
 *     00000000000000000010.checkpoint.<uuid>.json, .parquet      the same, V2: files in _sidecars
 *     00000000000000000010.crc                                   its small part, as JSON
 *     _last_checkpoint                                           a hint: {"version":10,…}
 *
 * Everything else there is none of our business and is not looked at.
 */
#include "runtime/delta/delta_log.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/json.h"
#include "runtime/delta/delta_path.h"
#include "runtime/io/object_images.h"

enum { LOG_PROBES = 64 }; /* versions looked for one by one before the folder is listed */

struct sm_delta_table {
    sm_arena *arena;
    sm_sv root, shown;
    sm_object_store *store;
};

sm_code sm_delta_open(sm_sv root, struct sm_images *images, sm_delta_table **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta table");
    sm_delta_table *t = SM_NEW(a, sm_delta_table);
    sm_code rc = SM_OK;

    *out = NULL;
    while (root.len > 1 && root.ptr[root.len - 1] == '/')
        root.len--;
    for (size_t i = 0; i < root.len && rc == SM_OK; i++)
        if (strchr("*?[", root.ptr[i]) != NULL) /* the engine would read a pattern */
            rc = sm_fail(err, SM_E_INVALID, 0, "folder \"%.*s\" of a table cannot contain * ? or [",
                         SM_SV_ARG(root));
    t->arena = a;
    t->root = sm_arena_dup(a, root);
    t->shown = sm_images_shown(images, t->root, a);
    if (rc == SM_OK)
        rc = sm_images_open(images, t->root, &t->store, err);
    if (rc == SM_OK)
        *out = t;
    else
        sm_arena_free(a);
    return rc;
}

void sm_delta_close(sm_delta_table *t)
{
    if (t == NULL)
        return;
    sm_object_store_close(t->store);
    sm_arena_free(t->arena);
}

sm_sv sm_delta_root(const sm_delta_table *t)
{
    return t->root;
}

sm_sv sm_delta_shown(const sm_delta_table *t)
{
    return t->shown;
}

struct sm_object_store *sm_delta_store(sm_delta_table *t)
{
    return t->store;
}

/* ---- one file ---- */

sm_code sm_delta_read_key(sm_delta_table *t, sm_sv key, sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_object_get(t->store, key, SM_DELTA_MAX_COMMIT, a, out, err);
}

sm_code sm_delta_read(sm_delta_table *t, int64_t version, sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_delta_read_key(t, sm_delta_commit_key(version, a), a, out, err);
}

sm_code sm_delta_each(sm_delta_table *t, int64_t version, sm_arena *a, sm_delta_action_fn fn,
                      void *ctx, sm_error *err)
{
    sm_sv text;
    sm_code rc;

    if ((rc = sm_delta_read(t, version, a, &text, err)) != SM_OK)
        return rc;
    if ((rc = sm_delta_actions_parse(text, a, fn, ctx, err)) != SM_OK)
        return sm_wrap(err, "version %lld", (long long)version);
    return SM_OK;
}

sm_code sm_delta_put_new(sm_delta_table *t, sm_sv key, sm_sv text, sm_error *err)
{
    return sm_object_put_if_absent(t->store, key, text, err);
}

sm_code sm_delta_put_key(sm_delta_table *t, sm_sv key, sm_sv text, sm_error *err)
{
    return sm_object_put(t->store, key, text, err);
}

/* Is there an object?  *mtime_ms is its time. */
static sm_code stat_key(sm_delta_table *t, sm_sv key, bool *there, int64_t *mtime_ms, sm_error *err)
{
    sm_object found;
    sm_error why;
    sm_code rc = sm_object_stat(t->store, key, &found, &why);

    *there = rc == SM_OK;
    *mtime_ms = rc == SM_OK ? found.mtime_ms : 0;
    if (rc == SM_OK || rc == SM_E_NOT_FOUND)
        return SM_OK;
    *err = why;
    return rc;
}

sm_code sm_delta_probe(sm_delta_table *t, int64_t version, bool *out, sm_error *err)
{
    int64_t ignored;

    return sm_delta_probe_time(t, version, out, &ignored, err);
}

sm_code sm_delta_probe_time(sm_delta_table *t, int64_t version, bool *out, int64_t *mtime_ms,
                            sm_error *err)
{
    sm_arena *a = sm_arena_new("delta probe");
    sm_code rc = stat_key(t, sm_delta_commit_key(version, a), out, mtime_ms, err);

    sm_arena_free(a);
    return rc;
}

/* ---- which versions there are ---- */

int64_t sm_delta_last_checkpoint(sm_delta_table *t)
{
    sm_arena *a = sm_arena_new("delta hint");
    int64_t version = -1;
    sm_error ignored;
    sm_json *j;
    sm_sv text;

    if (sm_delta_read_key(t, SM_SV("_delta_log/_last_checkpoint"), a, &text, &ignored) == SM_OK &&
        sm_json_parse(text, a, &j, &ignored) == SM_OK && sm_json_is_object(j))
        version = sm_json_get_int(j, "version", -1);
    sm_arena_free(a);
    return version < 0 ? -1 : version;
}

static sm_sv base_name(const sm_object *o)
{
    static const size_t folder = sizeof "_delta_log/" - 1;

    return (sm_sv){ o->key.ptr + folder, o->key.len - folder };
}

static sm_code newest_by_list(sm_delta_table *t, int64_t *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta list");
    sm_object *objects;
    size_t n;
    sm_code rc = sm_object_list(t->store, SM_SV("_delta_log"), SM_SV(""), a, &objects, &n, err);

    *out = -1;
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        int64_t version, part, parts;
        if (sm_delta_name_parse(base_name(&objects[i]), &version, &part, &parts) ==
                SM_DELTA_NAME_COMMIT &&
            version > *out)
            *out = version;
    }
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_newest(sm_delta_table *t, int64_t hint, int64_t *out, sm_error *err)
{
    int64_t last = sm_delta_last_checkpoint(t);
    bool there = false;
    sm_code rc;

    if (last > hint)
        hint = last;
    if (hint < 0)
        hint = 0;
    if ((rc = sm_delta_probe(t, hint, &there, err)) != SM_OK)
        return rc;
    if (!there)
        return newest_by_list(t, out, err);
    *out = hint;
    for (int i = 0; there; i++) {
        if (i == LOG_PROBES)
            return newest_by_list(t, out, err);
        if ((rc = sm_delta_probe(t, *out + 1, &there, err)) != SM_OK)
            return rc;
        if (there)
            ++*out;
    }
    return SM_OK;
}

static int by_version(const void *x, const void *y)
{
    const sm_object *o = x, *p = y;

    /* Names have twenty digits. */
    return memcmp(o->key.ptr, p->key.ptr, o->key.len < p->key.len ? o->key.len : p->key.len);
}

sm_code sm_delta_version_at(sm_delta_table *t, int64_t time_ms, int64_t *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta list");
    int64_t latest = INT64_MIN;
    sm_object *objects;
    size_t n;
    sm_code rc = sm_object_list(t->store, SM_SV("_delta_log"), SM_SV(""), a, &objects, &n, err);

    *out = 0;
    if (rc == SM_OK && n > 1)
        qsort(objects, n, sizeof *objects, by_version);
    for (size_t i = 0; rc == SM_OK && i < n && latest < time_ms; i++) {
        int64_t version, part, parts;
        if (sm_delta_name_parse(base_name(&objects[i]), &version, &part, &parts) !=
            SM_DELTA_NAME_COMMIT)
            continue;
        latest = objects[i].mtime_ms > latest ? objects[i].mtime_ms : latest + 1;
        *out = latest < time_ms ? version + 1 : version;
    }
    sm_arena_free(a);
    return rc;
}

/* ---- checkpoints ---- */

static sm_sv absolute(const sm_delta_table *t, sm_sv key, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/%.*s", SM_SV_ARG(t->root), SM_SV_ARG(key));
}

static sm_code fetch_parts(sm_delta_table *t, sm_delta_checkpoint_files *c, sm_arena *a,
                           sm_error *err)
{
    sm_object *objects = SM_NEW_N(a, sm_object, c->n + 1);

    for (size_t i = 0; i < c->n; i++)
        objects[i] = (sm_object){ .key = sm_sv_sub(c->paths[i], t->root.len + 1, c->paths[i].len),
                                  .size = -1 };
    return sm_object_fetch(t->store, objects, c->n, err);
}

static bool is_found(const sm_delta_checkpoint_files *c)
{
    return c->n > 0 || c->json.len > 0;
}

/* The parts of the checkpoint c->version, in order; n == 0 when some are missing.  Of several
 * sets the one with fewer parts wins, a single file above all. */
static void gather_parts(sm_delta_table *t, const sm_object *objects, size_t n, sm_arena *a,
                         sm_delta_checkpoint_files *c)
{
    int64_t version, part, parts, want = 0, have = 0;

    c->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (sm_delta_name_parse(base_name(&objects[i]), &version, &part, &parts) !=
                SM_DELTA_NAME_CHECKPOINT ||
            version != c->version || parts > (int64_t)n)
            continue;
        if (want == 0 || parts < want) {
            want = parts;
            have = 0;
            c->paths = SM_NEW_N(a, sm_sv, (size_t)parts);
        }
        if (parts == want && c->paths[part - 1].len == 0) {
            c->paths[part - 1] = absolute(t, objects[i].key, a);
            have++;
        }
    }
    if (want > 0 && have == want)
        c->n = (size_t)want;
}

/* Of a version that has no classic one: any of its V2 checkpoints, they say the same. */
static void gather_v2(sm_delta_table *t, const sm_object *objects, size_t n, sm_arena *a,
                      sm_delta_checkpoint_files *c)
{
    int64_t version, part, parts;

    for (size_t i = 0; i < n && !is_found(c); i++) {
        if (sm_delta_name_parse(base_name(&objects[i]), &version, &part, &parts) !=
                SM_DELTA_NAME_CHECKPOINT_V2 ||
            version != c->version)
            continue;
        if (sm_sv_ends(objects[i].key, SM_SV(".json"))) {
            c->json = sm_arena_dup(a, objects[i].key);
        } else {
            c->paths = SM_NEW_N(a, sm_sv, 1);
            c->paths[0] = absolute(t, objects[i].key, a);
            c->n = 1;
        }
    }
}

static sm_code find_by_list(sm_delta_table *t, int64_t version, sm_arena *a,
                            sm_delta_checkpoint_files *out, sm_error *err)
{
    sm_object *objects;
    size_t n;
    sm_code rc;

    if ((rc = sm_object_list(t->store, SM_SV("_delta_log"), SM_SV(""), a, &objects, &n, err)) !=
        SM_OK)
        return rc;
    for (int64_t below = version; !is_found(out); below = out->version - 1) {
        int64_t v, part, parts;
        out->version = -1;
        for (size_t i = 0; i < n; i++) {
            sm_delta_name kind = sm_delta_name_parse(base_name(&objects[i]), &v, &part, &parts);
            if ((kind == SM_DELTA_NAME_CHECKPOINT || kind == SM_DELTA_NAME_CHECKPOINT_V2) &&
                v <= below && v > out->version)
                out->version = v;
        }
        if (out->version < 0)
            break;
        gather_parts(t, objects, n, a, out);
        gather_v2(t, objects, n, a, out);
    }
    return SM_OK;
}

sm_code sm_delta_find_checkpoint(sm_delta_table *t, int64_t version, sm_arena *a,
                                 sm_delta_checkpoint_files *out, sm_error *err)
{
    int64_t hint = sm_delta_last_checkpoint(t), ignored;
    bool there = false;
    sm_code rc;

    *out = (sm_delta_checkpoint_files){ .version = -1, .json = { "", 0 } };
    if (hint >= 0 && hint <= version) {
        sm_sv key = sm_delta_checkpoint_key(hint, a);
        if ((rc = stat_key(t, key, &there, &ignored, err)) != SM_OK)
            return rc;
        if (there) {
            out->version = hint;
            out->paths = SM_NEW_N(a, sm_sv, 1);
            out->paths[0] = absolute(t, key, a);
            out->n = 1;
            return fetch_parts(t, out, a, err);
        }
    }
    rc = find_by_list(t, version, a, out, err);
    return rc == SM_OK ? fetch_parts(t, out, a, err) : rc;
}
