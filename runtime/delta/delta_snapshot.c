/* SPDX-License-Identifier: Apache-2.0 */
/* delta_snapshot.c -- replay: a checkpoint and the commits after it, newest wins.
 *
 *     files    keyed by decoded path and deletion vector; an add inserts or replaces, a remove
 *              deletes
 *     txn      by application id; protocol and metaData as a whole
 *
 * Entries are not taken out of the list: a removed file is an entry that is not live, so
 * an index found in the map stays right.  What advances for days sees many files come and go, so
 * when the dead are more than half, the living move into new memory.
 */
#include "runtime/delta/delta_snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/strmap.h"
#include "runtime/delta/delta_checkpoint.h"
#include "runtime/delta/delta_schema.h"

enum { DEAD_FILES = 1024 }; /* fewer are not worth the move */

typedef struct replay_entry {
    sm_delta_file file;
    bool live;
} replay_entry;

struct sm_delta_replay {
    sm_arena *arena;  /* of all that replay keeps */
    sm_arena *listed; /* of the list that callers see */
    sm_strmap *index; /* key -> position in `entries` */
    replay_entry *entries;
    size_t n, cap;
};

static struct sm_delta_replay *replay_new(void)
{
    sm_arena *a = sm_arena_new("delta replay");
    struct sm_delta_replay *r = SM_NEW(a, struct sm_delta_replay);

    r->arena = a;
    r->listed = sm_arena_new("delta files");
    r->index = sm_strmap_new(a);
    return r;
}

static void replay_free(struct sm_delta_replay *r)
{
    sm_arena_free(r->listed);
    sm_arena_free(r->arena);
}

static sm_delta_snapshot *snapshot_new(void)
{
    sm_arena *a = sm_arena_new("delta snapshot");
    sm_delta_snapshot *s = SM_NEW(a, sm_delta_snapshot);

    s->arena = a;
    s->version = -1;
    s->replay = replay_new();
    return s;
}

void sm_delta_snapshot_free(sm_delta_snapshot *s)
{
    if (s == NULL)
        return;
    replay_free(s->replay);
    sm_arena_free(s->arena);
}

/* ---- replay ---- */

static replay_entry *replay_put(struct sm_delta_replay *r, sm_sv key)
{
    size_t at;

    if (sm_strmap_get(r->index, key, &at))
        return &r->entries[at];
    if (r->n == r->cap) {
        size_t cap = r->cap == 0 ? 64 : r->cap * 2;
        replay_entry *wider = SM_NEW_N(r->arena, replay_entry, cap);
        if (r->n > 0)
            memcpy(wider, r->entries, r->n * sizeof *wider);
        r->entries = wider;
        r->cap = cap;
    }
    sm_strmap_put(r->index, sm_arena_dup(r->arena, key), r->n);
    return &r->entries[r->n++];
}

static void replay_txn(sm_delta_snapshot *s, const sm_delta_txn *t)
{
    for (size_t i = 0; i < s->txn_count; i++) {
        if (sm_sv_eq(s->txns[i].app_id, t->app_id)) {
            s->txns[i].version = t->version;
            s->txns[i].updated_ms = t->updated_ms;
            return;
        }
    }
    if ((s->txn_count & (s->txn_count - 1)) == 0) {
        size_t cap = s->txn_count == 0 ? 1 : s->txn_count * 2;
        sm_delta_txn *wider = SM_NEW_N(s->replay->arena, sm_delta_txn, cap);
        if (s->txn_count > 0)
            memcpy(wider, s->txns, s->txn_count * sizeof *wider);
        s->txns = wider;
    }
    s->txns[s->txn_count] = *t;
    s->txns[s->txn_count++].app_id = sm_arena_dup(s->replay->arena, t->app_id);
}

/* Paths have no zero byte: sm_delta_path_decode() leaves %00 as it is. */
static sm_sv replay_key(const sm_delta_file *f, sm_arena *a)
{
    if (f->dv == NULL)
        return f->key;
    return sm_arena_printf(a, "%.*s%c%.*s", SM_SV_ARG(f->key), '\0',
                           SM_SV_ARG(sm_delta_dv_id(f->dv, a)));
}

static void replay_file(sm_delta_snapshot *s, const sm_delta_action *action)
{
    const sm_delta_file *f = &action->u.file;
    replay_entry *e = replay_put(s->replay, replay_key(f, s->replay->arena));

    e->live = action->kind == SM_DELTA_ADD;
    if (e->live)
        e->file = sm_delta_file_copy(f, s->replay->arena);
}

static sm_code replay_action(void *ctx, const sm_delta_action *action, sm_error *err)
{
    sm_delta_snapshot *s = ctx;

    switch (action->kind) {
    case SM_DELTA_ADD:
    case SM_DELTA_REMOVE:
        replay_file(s, action);
        break;
    case SM_DELTA_METADATA:
        s->metadata = sm_delta_metadata_copy(&action->u.metadata, s->replay->arena);
        break;
    case SM_DELTA_PROTOCOL:
        s->protocol = sm_delta_protocol_copy(&action->u.protocol, s->replay->arena);
        return sm_delta_protocol_check(&s->protocol, false, err);
    case SM_DELTA_TXN:
        replay_txn(s, &action->u.txn);
        break;
    case SM_DELTA_COMMIT_INFO:
    case SM_DELTA_SIDECAR:
    case SM_DELTA_OTHER:
        break;
    }
    return SM_OK;
}

static int by_time(const void *x, const void *y)
{
    const sm_delta_file *f = *(const sm_delta_file *const *)x;
    const sm_delta_file *g = *(const sm_delta_file *const *)y;

    if (f->time_ms != g->time_ms)
        return f->time_ms < g->time_ms ? -1 : 1;
    size_t n = f->key.len < g->key.len ? f->key.len : g->key.len;
    int c = memcmp(f->key.ptr, g->key.ptr, n);
    return c != 0 ? c : (f->key.len > g->key.len) - (f->key.len < g->key.len);
}

/* The living, and what stands beside them, in memory of their own. */
static void renew(sm_delta_snapshot *s)
{
    struct sm_delta_replay *was = s->replay, *now = replay_new();
    sm_delta_txn *txns = SM_NEW_N(now->arena, sm_delta_txn, s->txn_count * 2 + 1);

    for (size_t i = 0; i < was->n; i++) {
        if (!was->entries[i].live)
            continue;
        replay_entry *e = replay_put(now, replay_key(&was->entries[i].file, now->arena));
        e->file = sm_delta_file_copy(&was->entries[i].file, now->arena);
        e->live = true;
    }
    for (size_t i = 0; i < s->txn_count; i++) {
        txns[i] = s->txns[i];
        txns[i].app_id = sm_arena_dup(now->arena, s->txns[i].app_id);
    }
    s->txns = txns;
    s->metadata = sm_delta_metadata_copy(&s->metadata, now->arena);
    s->protocol = sm_delta_protocol_copy(&s->protocol, now->arena);
    s->replay = now;
    replay_free(was);
}

/* The list that callers see, from the entries that replay left. */
static void collect(sm_delta_snapshot *s)
{
    const struct sm_delta_replay *r = s->replay;
    const sm_delta_file **files;

    sm_arena_reset(r->listed);
    files = SM_NEW_N(r->listed, const sm_delta_file *, r->n + 1);
    s->file_count = 0;
    s->bytes = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (!r->entries[i].live)
            continue;
        sm_delta_file *copy = SM_NEW(r->listed, sm_delta_file);
        *copy = r->entries[i].file;
        files[s->file_count++] = copy;
        s->bytes += copy->size;
    }
    if (s->file_count > 1)
        qsort(files, s->file_count, sizeof *files, by_time);
    s->files = files;
}

static sm_code replay_commits(sm_delta_snapshot *s, sm_delta_table *t, int64_t version,
                              sm_error *err)
{
    sm_arena *scratch = sm_arena_new("delta commit");
    sm_code rc = SM_OK;

    for (int64_t v = s->version + 1; v <= version && rc == SM_OK; v++) {
        sm_arena_reset(scratch);
        rc = sm_delta_each(t, v, scratch, replay_action, s, err);
        if (rc == SM_OK)
            s->version = v;
        else if (rc == SM_E_NOT_FOUND)
            rc = sm_fail(err, SM_E_CORRUPT, 0, "version %lld of the log is missing", (long long)v);
    }
    sm_arena_free(scratch);
    if (rc == SM_OK && (s->metadata.id.len == 0 || s->protocol.min_reader == 0))
        rc = sm_fail(err, SM_E_CORRUPT, 0, "version %lld lacks protocol or metaData",
                     (long long)version);
    return rc;
}

/* ---- loading ---- */

sm_code sm_delta_snapshot_advance(sm_delta_snapshot *s, sm_delta_table *t, int64_t version,
                                  sm_error *err)
{
    sm_code rc;

    assert(version >= s->version);
    if (version == s->version)
        return SM_OK;
    if ((rc = replay_commits(s, t, version, err)) != SM_OK)
        return rc;
    collect(s);
    if (s->replay->n > 2 * s->file_count + DEAD_FILES) {
        renew(s);
        collect(s);
    }
    return SM_OK;
}

/* From the newest checkpoint if we can read it, else from the first commit. */
static sm_code load(sm_delta_snapshot *s, sm_delta_table *t, int64_t version,
                    struct sm_session *session, sm_error *err)
{
    sm_delta_checkpoint_files c = { .version = -1 };
    sm_code rc;

    if (session != NULL && (rc = sm_delta_find_checkpoint(t, version, s->arena, &c, err)) != SM_OK)
        return rc;
    if (c.version >= 0) {
        if ((rc = sm_delta_checkpoint_each(t, session, &c, true, replay_action, s, err)) != SM_OK)
            return sm_wrap(err, "checkpoint %lld", (long long)c.version);
        s->version = c.version;
    }
    return replay_commits(s, t, version, err);
}

sm_code sm_delta_snapshot_load(sm_delta_table *t, int64_t version, struct sm_session *session,
                               sm_delta_snapshot **out, sm_error *err)
{
    sm_delta_snapshot *s = snapshot_new();
    int64_t newest = -1;
    sm_code rc;

    *out = NULL;
    if ((rc = sm_delta_newest(t, version, &newest, err)) != SM_OK)
        goto done;
    if (newest < 0) {
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "there is no table");
        goto done;
    }
    if (version > newest) {
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "there is no version %lld; the newest is %lld",
                     (long long)version, (long long)newest);
        goto done;
    }
    if ((rc = load(s, t, version < 0 ? newest : version, session, err)) != SM_OK)
        goto done;
    collect(s);
done:
    if (rc != SM_OK) {
        sm_delta_snapshot_free(s);
        return rc;
    }
    *out = s;
    return SM_OK;
}
