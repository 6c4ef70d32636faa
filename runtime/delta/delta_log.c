/* SPDX-License-Identifier: Apache-2.0 */
/* delta_log.c -- the folder _delta_log: which versions there are, what a commit says.
 *
 *     00000000000000000000.json … 00000000000000000012.json      commits, contiguous
 *     00000000000000000010.checkpoint.parquet                    the state at version 10
 *     00000000000000000010.crc                                   its small part, as JSON
 *     _last_checkpoint                                           a hint: {"version":10,…}
 *
 * Everything else there is none of our business and is not looked at.
 */
#include "runtime/delta/delta_log.h"

#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/delta/delta_path.h"

enum { LOG_PROBES = 64 }; /* versions looked for one by one before the folder is listed */

struct sm_delta_table {
    sm_arena *arena;
    sm_sv root;
    const char *log; /* <root>/_delta_log */
};

sm_code sm_delta_open(sm_sv root, sm_delta_table **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta table");
    sm_delta_table *t = SM_NEW(a, sm_delta_table);

    while (root.len > 1 && root.ptr[root.len - 1] == '/')
        root.len--;
    for (size_t i = 0; i < root.len; i++) {
        if (strchr("*?[", root.ptr[i]) != NULL) { /* the engine would read a pattern */
            sm_arena_free(a);
            return sm_fail(err, SM_E_INVALID, 0,
                           "folder \"%.*s\" of a table cannot contain * ? or [", SM_SV_ARG(root));
        }
    }
    t->arena = a;
    t->root = sm_arena_dup(a, root);
    t->log = sm_path_join(a, t->root, SM_SV("_delta_log"));
    *out = t;
    return SM_OK;
}

void sm_delta_close(sm_delta_table *t)
{
    if (t != NULL)
        sm_arena_free(t->arena);
}

sm_sv sm_delta_root(const sm_delta_table *t)
{
    return t->root;
}

/* ---- one file ---- */

sm_code sm_delta_read_key(sm_delta_table *t, sm_sv key, sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_fs_read(sm_path_join(a, t->root, key), SM_DELTA_MAX_COMMIT, a, out, err);
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

sm_code sm_delta_put_commit(sm_delta_table *t, int64_t version, sm_sv text, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta put");
    const char *path = sm_path_join(a, t->root, sm_delta_commit_key(version, a));
    sm_code rc = SM_OK;

    if (version == 0)
        rc = sm_fs_mkdirs(t->log, 0777, err);
    if (rc == SM_OK)
        rc = sm_fs_put_if_absent(path, text, 0666, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_put_key(sm_delta_table *t, sm_sv key, sm_sv text, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta put");
    sm_code rc = sm_fs_write_durable(sm_path_join(a, t->root, key), text, 0666, err);

    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_probe(sm_delta_table *t, int64_t version, bool *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta probe");
    sm_fs_stat st;
    sm_error why;
    sm_code rc =
        sm_fs_stat_path(sm_path_join(a, t->root, sm_delta_commit_key(version, a)), &st, &why);

    *out = rc == SM_OK;
    sm_arena_free(a);
    if (rc == SM_OK || rc == SM_E_NOT_FOUND)
        return SM_OK;
    *err = why;
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

/* All names of the folder; none when it is not there. */
static sm_code list_log(sm_delta_table *t, sm_arena *a, sm_fs_entry **out, size_t *n, sm_error *err)
{
    sm_error why;
    sm_code rc = sm_fs_list(t->log, false, a, out, n, &why);

    if (rc == SM_E_NOT_FOUND) {
        *n = 0;
        return SM_OK;
    }
    if (rc != SM_OK)
        *err = why;
    return rc;
}

static sm_code newest_by_list(sm_delta_table *t, int64_t *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta list");
    sm_fs_entry *entries;
    size_t n;
    sm_code rc = list_log(t, a, &entries, &n, err);

    *out = -1;
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        int64_t version, part, parts;
        if (sm_delta_name_parse(entries[i].name, &version, &part, &parts) == SM_DELTA_NAME_COMMIT &&
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

/* ---- checkpoints ---- */

/* The parts of the checkpoint `version`, in order; n == 0 when some are missing.  A single
 * file wins over parts. */
static void gather_parts(sm_delta_table *t, const sm_fs_entry *entries, size_t n, sm_arena *a,
                         sm_delta_checkpoint_files *c)
{
    int64_t version, part, parts, want = 0, have = 0;

    c->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (sm_delta_name_parse(entries[i].name, &version, &part, &parts) !=
                SM_DELTA_NAME_CHECKPOINT ||
            version != c->version)
            continue;
        if (want == 0 || parts < want) { /* sets of different size: the smaller one */
            want = parts;
            have = 0;
            c->paths = parts <= (int64_t)n ? SM_NEW_N(a, sm_sv, (size_t)parts) : NULL;
        }
        if (parts == want && c->paths != NULL && c->paths[part - 1].len == 0) {
            c->paths[part - 1] = sm_sv_cstr(sm_path_join(a, sm_sv_cstr(t->log), entries[i].name));
            have++;
        }
    }
    if (want > 0 && have == want)
        c->n = (size_t)want;
}

sm_code sm_delta_find_checkpoint(sm_delta_table *t, int64_t version, sm_arena *a,
                                 sm_delta_checkpoint_files *out, sm_error *err)
{
    sm_fs_entry *entries;
    size_t n;
    sm_code rc;

    *out = (sm_delta_checkpoint_files){ .version = -1 };
    if ((rc = list_log(t, a, &entries, &n, err)) != SM_OK)
        return rc;
    for (int64_t below = version; out->n == 0;) {
        int64_t best = -1, v, part, parts;
        for (size_t i = 0; i < n; i++)
            if (sm_delta_name_parse(entries[i].name, &v, &part, &parts) ==
                    SM_DELTA_NAME_CHECKPOINT &&
                v <= below && v > best)
                best = v;
        out->version = best;
        if (best < 0)
            break;
        gather_parts(t, entries, n, a, out);
        below = best - 1;
    }
    return SM_OK;
}
