/* SPDX-License-Identifier: Apache-2.0 */
/* delta_widen.c -- columns of a table take wider types.
 *
 *     the live files ── one COPY into new files ── synced ── one commit: metaData, remove and
 *                                                            add per file, no dataChange
 *
 * A file holds each column in one type, and other readers take the schema at its word; so
 * a wider type asks for new files.  No row changes by it, so the commit is no part of a
 * batch and needs no transaction: a crash before it leaves files that nothing names, a crash
 * after it a table whose types are a step ahead of its rows. */
#include "runtime/delta/delta_widen.h"

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/hash.h"
#include "runtime/delta/delta_commit.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_select.h"
#include "runtime/delta/delta_snapshot.h"
#include "runtime/delta/delta_write.h"

enum { WIDEN_TRIES = 8 };

typedef struct widening {
    sm_delta_table *t;
    sm_delta_head *h;
    struct sm_session *session;
    sm_arena *a; /* of one try */
    sm_grown grown;
    sm_delta_definition definition;
    sm_delta_snapshot *now;
    sm_sv stem;
    sm_copied copied;
} widening;

static sm_code check_size(const widening *w, int64_t limit, sm_error *err)
{
    if (w->now->bytes <= limit)
        return SM_OK;
    return sm_fail(err, SM_E_LIMIT, 0,
                   "wider types would write %lld MiB of the table again, and %lld MiB is the "
                   "limit; cast the columns to the types of the table in the query, or rebuild it "
                   "with --full-refresh",
                   (long long)(w->now->bytes >> 20), (long long)(limit >> 20));
}

/* Readers parse the values of partitions that stand in the log, also of files that are gone, by
 * the schema of today: "5" is a BIGINT like an INTEGER, and no DECIMAL(12,2). */
static sm_code check_partitions(const widening *w, sm_error *err)
{
    const sm_delta_definition *d = &w->definition;
    sm_schema was;
    sm_code rc = sm_delta_metadata_schema(&w->h->metadata, w->a, &was, err);

    for (size_t i = 0; rc == SM_OK && i < d->partition_count; i++) {
        ptrdiff_t at = sm_schema_find(d->schema, d->partition_by[i]);
        sm_sv now = at < 0 ? SM_SV("") : d->schema->columns[at].type;

        if (sm_sv_starts(now, SM_SV("DECIMAL")) && !sm_sv_eq(was.columns[at].type, now))
            rc = sm_fail(
                err, SM_E_INVALID, 0,
                "column \"%.*s\" of partitions is %.*s and cannot become %.*s, which other "
                "readers do not take for the values that are there; cast it in the query, "
                "give it another name, or rebuild the table with --full-refresh",
                SM_SV_ARG(d->partition_by[i]), SM_SV_ARG(was.columns[at].type), SM_SV_ARG(now));
    }
    return rc;
}

/* The rows that are there, in new files. */
static sm_code write_again(widening *w, sm_error *err)
{
    const sm_delta_definition *d = &w->definition;
    sm_sv root = sm_delta_root(w->t), select;
    int fault;
    sm_code rc;

    if (w->now->file_count == 0)
        return SM_OK;
    if ((rc = sm_delta_files_fetch(w->t, w->now->files, w->now->file_count, err)) != SM_OK ||
        (rc = sm_delta_files_select(root, d->schema, d->partition_by, d->partition_count,
                                    w->now->files, w->now->file_count, w->a, &select, err)) !=
            SM_OK ||
        (rc = sm_delta_write(root, d, select, w->stem, w->session, w->a, &w->copied, err)) !=
            SM_OK ||
        (rc = sm_delta_write_keep(w->t, &w->copied, w->a, err)) != SM_OK)
        return rc;
    if ((fault = sm_failpoint_err("delta.after_rewrite")) != 0)
        return sm_fail_errno(err, fault, "after the files of wider types");
    return SM_OK;
}

static sm_code list_actions(const widening *w, int64_t now_ms, sm_json **out, sm_error *err)
{
    sm_json *actions = sm_json_array(w->a);
    sm_delta_metadata m;
    sm_code rc = sm_delta_metadata_with(&w->h->metadata, &w->grown.schema, w->a, &m, err);

    if (rc != SM_OK)
        return rc;
    sm_json_append(actions, sm_delta_metadata_json(&m, w->a));
    for (size_t i = 0; i < w->now->file_count; i++)
        sm_json_append(actions, sm_delta_remove_json(w->now->files[i], now_ms, false, w->a));
    for (size_t i = 0; i < w->copied.n_files; i++)
        sm_json_append(actions, sm_delta_write_add(sm_delta_root(w->t), &w->definition,
                                                   &w->copied.files[i], now_ms, false, w->a));
    *out = actions;
    return SM_OK;
}

static sm_code commit(const widening *w, sm_error *err)
{
    sm_delta_change c = {
        .txn_id = sm_uuid4(w->a),
        .overwrites = true,
        .read_version = w->now->version,
        .definition_version = w->h->metadata_version,
        .operation = SM_SV("CHANGE COLUMN"),
        .now_ms = sm_clock_now_ms(),
    };
    sm_json *actions;
    int64_t version;
    sm_code rc = list_actions(w, c.now_ms, &actions, err);

    if (rc != SM_OK)
        return rc;
    c.actions = actions;
    return sm_delta_commit(w->t, w->h, &c, &version, err);
}

/* SM_E_AGAIN: another writer was in between, and nothing was published. */
static sm_code widen_once(widening *w, int64_t limit, sm_error *err)
{
    sm_delta_definition *d = &w->definition;
    sm_code rc;

    *d = (sm_delta_definition){ .schema = &w->grown.schema };
    w->stem = sm_arena_printf(w->a, "part-00000-%.*s", SM_SV_ARG(sm_uuid4(w->a)));
    if ((rc = sm_delta_metadata_partitions(&w->h->metadata, w->a, &d->partition_by,
                                           &d->partition_count, err)) != SM_OK ||
        (rc = check_partitions(w, err)) != SM_OK ||
        (rc = sm_delta_metadata_check(&w->h->metadata, true, w->a, err)) != SM_OK ||
        (rc = sm_delta_snapshot_load(w->t, w->h->version, w->session, &w->now, err)) != SM_OK ||
        (rc = check_size(w, limit, err)) != SM_OK)
        return rc;
    if ((rc = write_again(w, err)) == SM_OK && (rc = commit(w, err)) != SM_E_AGAIN)
        return rc; /* after another failure the commit may be there: its files stay */
    sm_delta_files_discard(w->t, w->stem, d->partition_count);
    return rc;
}

sm_code sm_delta_widen(sm_delta_table *t, sm_delta_head *h, const sm_schema *columns, int64_t limit,
                       struct sm_session *session, sm_error *err)
{
    sm_code rc = SM_E_AGAIN;

    for (int i = 0; rc == SM_E_AGAIN && i < WIDEN_TRIES; i++) {
        widening w = { .t = t, .h = h, .session = session, .a = sm_arena_new("delta widen") };

        if ((rc = sm_delta_head_advance(h, t, err)) == SM_OK &&
            (rc = sm_delta_grow(&h->metadata, columns, SM_GROW_WIDEN | SM_GROW_EITHER, w.a,
                                &w.grown, err)) == SM_OK &&
            w.grown.widened > 0)
            rc = widen_once(&w, limit, err);
        sm_delta_snapshot_free(w.now);
        sm_arena_free(w.a);
    }
    return rc;
}
