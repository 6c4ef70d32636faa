/* SPDX-License-Identifier: Apache-2.0 */
/* delta_commit.c -- one batch into the log, put-if-absent.
 *
 * A COMMIT IS ONE FILE, _delta_log/<version, 20 digits>.json, one action per line:
 *
 *     {"commitInfo":{"timestamp":…,"operation":…,"txnId":…,"smelt":{…}}}
 *     {"protocol":{…}} {"metaData":{…}}       only when the table is made or redefined
 *     {"txn":{"appId":<generation>,"version":<batch>,"lastUpdated":…}}
 *     {"remove":{…}} …  {"add":{…}} …
 *
 * It appears whole or not at all, and never replaces another: the object store writes a
 * temporary file, syncs it, and links it to the final name, which fails if that exists.
 *
 * ONE TRY, from the point of view of the log:
 *
 *     read what is new ──▶ txn(generation) >= n? ──yes──▶ success: it is there already
 *         │ no
 *         ▼
 *     metaData still what the files were written for?                ──no──▶ SM_E_AGAIN
 *     columns of ours that the newest metaData has not: it grows by them
 *     overwrite: nobody changed files since they were listed?        ──no──▶ SM_E_AGAIN
 *     merge: nobody added rows, or removed a file that we remove?    ──no──▶ SM_E_AGAIN
 *         │ yes
 *         ▼
 *     put version + 1 ──exists──▶ the next try (at most SM_DELTA_COMMIT_TRIES)
 *         │ done
 *         ▼
 *     apply our own lines to the head: nobody has to read them back
 *
 * Why a blind append never conflicts with another append: it read nothing, so whatever the
 * others added is as if it had been there first.  An overwrite did read: the list of files
 * that it removes.  It is void as soon as any data file came or went meanwhile.  A merge
 * read the rows of its keys: it is void when a file that it removes is gone (also by a
 * compaction), and when rows came, for one of its keys may be among them.  Rows that went from
 * other files, and compactions of other files, are none of its keys.  Void is also every batch
 * whose files were written for another definition of the table.  Nothing has been published
 * then, and the batch runs again.
 *
 * New columns go the same way: metaData is composed at each try, from the newest one, so
 * two flows that bring different columns both win, whoever is first.
 *
 * Invariants:
 *   (1) A version number is never skipped: the next one is always head + 1, and the head
 *       has seen every version up to its own.
 *   (2) The text of a try differs only in readVersion, timestamp and metaData, which is
 *       left out when the table is there already, or grown from the newest one; the txnId
 *       is the batch's own.
 *   (3) What this file returns as success is durable: file and directory are synced.
 *
 * It deliberately does not resolve conflicts of merges, or write log checkpoints
 * (delta_checkpoint.c does, between batches).
 */
#include "runtime/delta/delta_commit.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/strmap.h"
#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_grow.h"
#include "runtime/delta/delta_path.h"
#include "runtime/delta/delta_schema.h"

/* What one action of the manifest is, by its key. */
static const sm_json *body(const sm_json *action, const char *name)
{
    return sm_json_is_object(action) ? sm_json_get(action, name) : NULL;
}

static const sm_json *find_action(const sm_delta_change *c, const char *name)
{
    for (size_t i = 0; i < sm_json_len(c->actions); i++) {
        const sm_json *j = body(sm_json_at(c->actions, i), name);
        if (j != NULL)
            return j;
    }
    return NULL;
}

/* ---- is the ground still where it was? ---- */

/* Two flows may both have found no table and made it: the second keeps the first one's
 * metaData if it says the same. */
static sm_code check_created(const sm_delta_head *h, const sm_json *metadata, sm_arena *a,
                             sm_error *err)
{
    sm_json *wrapped = sm_json_object(a);
    sm_delta_action action;
    sm_schema ours, theirs;
    sm_code rc;

    sm_json_set(wrapped, "metaData", sm_json_copy(a, metadata));
    if ((rc = sm_delta_action_read(wrapped, a, &action, err)) != SM_OK ||
        (rc = sm_delta_metadata_schema(&action.u.metadata, a, &ours, err)) != SM_OK ||
        (rc = sm_delta_metadata_schema(&h->metadata, a, &theirs, err)) != SM_OK)
        return rc;
    if (!sm_schema_equal(&ours, &theirs) ||
        !sm_json_equal(action.u.metadata.partition_columns, h->metadata.partition_columns))
        return sm_fail(err, SM_E_AGAIN, 0,
                       "another writer made the table with other columns or partitions");
    return SM_OK;
}

/* *grown: the metaData that goes with the commit, NULL when it stays as it is. */
static sm_code grow_definition(const sm_delta_head *h, const sm_delta_change *c,
                               sm_delta_metadata **grown, sm_arena *a, sm_error *err)
{
    sm_grown g;
    sm_code rc;

    if ((rc = sm_delta_grow(&h->metadata, c->columns, 0, a, &g, err)) != SM_OK)
        return rc;
    if (g.conflict >= 0 || !sm_json_equal(c->partition_by, h->metadata.partition_columns))
        return sm_fail(err, SM_E_AGAIN, 0, "version %lld changed the table's definition",
                       (long long)h->metadata_version);
    if (g.added == 0)
        return SM_OK;
    *grown = SM_NEW(a, sm_delta_metadata);
    return sm_delta_metadata_with(&h->metadata, &g.schema, a, *grown, err);
}

/* The files were written for the metaData in force when they were written. */
static sm_code check_definition(const sm_delta_head *h, const sm_delta_change *c,
                                sm_delta_metadata **grown, sm_arena *a, sm_error *err)
{
    const sm_json *metadata = find_action(c, "metaData");
    sm_code rc;

    if (h->version < 0) {
        if (metadata == NULL)
            return sm_fail(err, SM_E_CORRUPT, 0, "the table is gone");
        return SM_OK;
    }
    if ((rc = sm_delta_protocol_check(&h->protocol, true, err)) != SM_OK)
        return rc;
    if (c->columns != NULL && (metadata == NULL || c->creates))
        return grow_definition(h, c, grown, a, err);
    if (metadata != NULL && c->creates)
        return check_created(h, metadata, a, err);
    if (c->definition_version >= 0 && h->metadata_version > c->definition_version)
        return sm_fail(err, SM_E_AGAIN, 0, "version %lld changed the table's definition",
                       (long long)h->metadata_version);
    return SM_OK;
}

typedef struct winner_walk {
    const sm_strmap *ours; /* a merge: the keys of the files that it removes; NULL: overwrite */
    bool changed;
} winner_walk;

static sm_code see_winner(void *ctx, const sm_delta_action *action, sm_error *err)
{
    winner_walk *w = ctx;
    const sm_delta_file *f = &action->u.file;
    size_t at;

    (void)err;
    if (action->kind == SM_DELTA_ADD)
        w->changed |= w->ours == NULL || f->data_change;
    else if (action->kind == SM_DELTA_REMOVE)
        w->changed |= w->ours == NULL || sm_strmap_get(w->ours, f->key, &at);
    return SM_OK;
}

/* The files that `c` removes, by their keys. */
static sm_code list_removed(const sm_delta_change *c, sm_arena *a, sm_strmap *out, sm_error *err)
{
    for (size_t i = 0; i < sm_json_len(c->actions); i++) {
        sm_delta_action action;
        sm_code rc = sm_delta_action_read(sm_json_at(c->actions, i), a, &action, err);

        if (rc != SM_OK)
            return rc;
        if (action.kind == SM_DELTA_REMOVE)
            (void)sm_strmap_put(out, action.u.file.key, i);
    }
    return SM_OK;
}

static sm_code see_version(sm_delta_table *t, int64_t version, winner_walk *w, sm_error *err)
{
    sm_arena *scratch = sm_arena_new("delta winner");
    sm_code rc = sm_delta_each(t, version, scratch, see_winner, w, err);

    sm_arena_free(scratch);
    if (rc == SM_OK && w->changed)
        rc = sm_fail(err, SM_E_AGAIN, 0, "version %lld changed files that were read",
                     (long long)version);
    return rc;
}

/* Removes were listed at read_version: what came or went since may void them. */
static sm_code check_files(sm_delta_table *t, const sm_delta_head *h, const sm_delta_change *c,
                           sm_arena *a, sm_error *err)
{
    sm_strmap *ours = NULL;
    winner_walk w = { 0 };
    sm_code rc;

    if ((!c->overwrites && !c->merges) || c->read_version >= h->version)
        return SM_OK;
    if (c->merges) {
        ours = sm_strmap_new(a);
        if ((rc = list_removed(c, a, ours, err)) != SM_OK)
            return rc;
    }
    w.ours = ours;
    for (int64_t v = c->read_version + 1; v <= h->version; v++)
        if ((rc = see_version(t, v, &w, err)) != SM_OK)
            return rc;
    return SM_OK;
}

/* ---- the text ---- */

static void put_line(sm_buf *text, const sm_json *action, sm_arena *a)
{
    sm_buf_add(text, sm_json_text(action, a));
    sm_buf_addc(text, '\n');
}

static sm_json *copy_or_empty(const sm_json *j, sm_arena *a)
{
    return j == NULL ? sm_json_object(a) : sm_json_copy(a, j);
}

static sm_json *commit_info(const sm_delta_head *h, const sm_delta_change *c, sm_arena *a)
{
    sm_json *info = sm_json_object(a), *line = sm_json_object(a);
    int64_t now = c->now_ms > h->time_ms ? c->now_ms : h->time_ms + 1;

    sm_json_set(info, "timestamp", sm_json_int(a, now));
    sm_json_set(info, "operation", sm_json_string(a, c->operation));
    sm_json_set(info, "operationParameters", copy_or_empty(c->parameters, a));
    if (h->version >= 0)
        sm_json_set(info, "readVersion", sm_json_int(a, h->version));
    sm_json_set(info, "isolationLevel", sm_json_string(a, SM_SV("Serializable")));
    sm_json_set(info, "isBlindAppend",
                sm_json_bool(a, !c->overwrites && !c->merges && find_action(c, "remove") == NULL));
    sm_json_set(info, "operationMetrics", copy_or_empty(c->metrics, a));
    sm_json_set(info, "engineInfo", sm_json_string(a, SM_SV("smelt")));
    sm_json_set(info, "txnId", sm_json_string(a, c->txn_id));
    if (c->smelt != NULL)
        sm_json_set(info, "smelt", sm_json_copy(a, c->smelt));
    sm_json_set(line, "commitInfo", info);
    return line;
}

static sm_code compose(const sm_delta_head *h, const sm_delta_change *c,
                       const sm_delta_metadata *grown, sm_arena *a, sm_buf *text, sm_error *err)
{
    bool skip_definition = c->creates && h->version >= 0;
    sm_delta_txn txn = { c->app_id, c->batch, c->now_ms };

    put_line(text, commit_info(h, c, a), a);
    if (grown != NULL)
        put_line(text, sm_delta_metadata_json(grown, a), a);
    if (c->app_id.len > 0)
        put_line(text, sm_delta_txn_json(&txn, a), a);
    for (size_t i = 0; i < sm_json_len(c->actions); i++) {
        const sm_json *action = sm_json_at(c->actions, i);
        bool definition = body(action, "metaData") != NULL || body(action, "protocol") != NULL;
        if (!(definition && skip_definition))
            put_line(text, action, a);
    }
    if (text->over)
        return sm_fail(err, SM_E_LIMIT, 0, "a commit is larger than %d MiB",
                       SM_DELTA_MAX_COMMIT / (1024 * 1024));
    return SM_OK;
}

/* ---- the tries ---- */

/* SM_E_CONFLICT from the put alone asks for another try: *lost tells it from the others. */
static sm_code try_once(sm_delta_table *t, sm_delta_head *h, const sm_delta_change *c, bool *lost,
                        sm_error *err)
{
    sm_arena *a = sm_arena_new("delta commit text");
    sm_delta_metadata *grown = NULL;
    int fault;
    sm_code rc;
    sm_buf text;

    sm_buf_init(&text, SM_DELTA_MAX_COMMIT);
    if ((rc = check_definition(h, c, &grown, a, err)) != SM_OK)
        goto done;
    if ((rc = check_files(t, h, c, a, err)) != SM_OK)
        goto done;
    if ((rc = compose(h, c, grown, a, &text, err)) != SM_OK)
        goto done;
    if ((rc = sm_delta_put_new(t, sm_delta_commit_key(h->version + 1, a), sm_buf_sv(&text), err)) !=
        SM_OK) {
        *lost = rc == SM_E_CONFLICT;
        goto done;
    }
    if ((fault = sm_failpoint_err("delta.after_link")) != 0) {
        rc = sm_fail_errno(err, fault, "after the commit of version %lld",
                           (long long)(h->version + 1));
        goto done;
    }
    rc = sm_delta_head_apply(h, h->version + 1, sm_buf_sv(&text), err);
done:
    sm_buf_release(&text);
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_commit(sm_delta_table *t, sm_delta_head *h, const sm_delta_change *c,
                        int64_t *version_out, sm_error *err)
{
    sm_code rc;

    for (int i = 0; i < SM_DELTA_COMMIT_TRIES; i++) {
        bool lost = false;
        const sm_delta_txn_at *txn;

        if ((rc = sm_delta_head_advance(h, t, err)) != SM_OK)
            return rc;
        txn = c->app_id.len == 0 ? NULL : sm_delta_head_txn(h, c->app_id);
        if (txn != NULL && txn->txn.version >= c->batch) {
            *version_out = txn->version >= 0 ? txn->version : h->version;
            return SM_OK;
        }
        rc = try_once(t, h, c, &lost, err);
        if (rc == SM_OK) {
            *version_out = h->version;
            return SM_OK;
        }
        if (!lost)
            return rc;
    }
    return sm_fail(err, SM_E_CONFLICT, 0, "other writers took %d versions in a row",
                   SM_DELTA_COMMIT_TRIES);
}
