/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_batch.c -- see the header. */
#include "runtime/sinks/outbox_batch.h"

#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/engine/engine.h"
#include "runtime/sinks/row_json.h"

enum { FILE_MODE = 0600, FOLDER_MODE = 0700 };

/* --- Prepare --- */

static sm_code write_rows(sm_sink *k, sm_sv sql, const sm_outbox_rows *rows, sm_outbox *o,
                          int64_t *n, sm_error *err)
{
    sm_rows *found;
    sm_code rc = sm_session_query(k->session, sql, &found, err);

    if (rc != SM_OK)
        return rc;
    while (rc == SM_OK && sm_rows_next(found)) {
        sm_outbox_message row = { .key = sm_rows_sv(found, 0),
                                  .value = sm_rows_sv(found, 1),
                                  .headers = sm_rows_sv(found, 2) };

        rc = rows->take(rows->ctx, o, &row, err);
        ++*n;
    }
    sm_rows_free(found);
    return rc;
}

/* Of one attempt: another may have been decided, and we were not told. */
static const char *path_of(const sm_sink *k, const sm_manifest *m, sm_sv attempt)
{
    return sm_arena_printf(m->arena, "%.*s/%.*s-%lld-%.*s.outbox", SM_SV_ARG(k->path),
                           SM_SV_ARG(k->generation), (long long)m->id.n, SM_SV_ARG(attempt))
        .ptr;
}

static sm_code keep(sm_sink *k, sm_outbox *o, const char *path, sm_json *action, sm_manifest *m,
                    int64_t *bytes, sm_error *err)
{
    sm_json *target;
    sm_code rc = sm_outbox_keep(o, bytes, err);

    if (rc != SM_OK)
        return rc;
    sm_failpoint("outbox.after_keep");
    target = sm_manifest_target(m, sm_sv_cstr(k->ops->name), k->name);
    sm_json_set_string(action, "outbox", sm_sv_cstr(path));
    sm_json_set_int(action, "bytes", *bytes);
    return sm_manifest_add_action(m, target, action, err);
}

sm_code sm_outbox_prepare(sm_sink *k, sm_sv select, const sm_outbox_rows *rows, sm_manifest *m,
                          int64_t *rows_out, int64_t *bytes_out, sm_error *err)
{
    sm_sv attempt = sm_uuid4(m->arena), sql;
    const char *path = path_of(k, m, attempt);
    sm_json *action = sm_json_object(m->arena);
    sm_outbox *o = NULL;
    sm_code rc;

    *rows_out = *bytes_out = 0;
    if ((rc = sm_row_json_select(k, select, rows->key, rows->headers, m->arena, &sql, err)) !=
            SM_OK ||
        (rc = sm_fs_mkdirs(sm_arena_cstr(m->arena, k->path), FOLDER_MODE, err)) != SM_OK ||
        (rc = sm_outbox_new(path, &o, err)) != SM_OK)
        return rc;
    rc = write_rows(k, sql, rows, o, rows_out, err);
    if (rc == SM_OK && *rows_out > 0 && rows->end != NULL)
        rc = rows->end(rows->ctx, o, action, err);
    sm_json_set_string(action, "attempt", attempt);
    sm_json_set_int(action, "rows", *rows_out);
    if (rc == SM_OK && *rows_out > 0)
        rc = keep(k, o, path, action, m, bytes_out, err);
    sm_outbox_free(o);
    return rc;
}

static const sm_json *actions_of(const sm_sink *k, const sm_manifest *m)
{
    return sm_json_get(sm_manifest_find_target(m, k->name), "actions");
}

void sm_outbox_discard(sm_sink *k, const sm_manifest *m)
{
    const sm_json *actions = actions_of(k, m);
    sm_error ignored; /* it goes with those of the next batch */

    for (size_t i = 0; i < sm_json_len(actions); i++) {
        sm_sv path = sm_json_get_sv(sm_json_at(actions, i), "outbox", SM_SV(""));

        (void)sm_fs_unlink(sm_arena_cstr(m->arena, path), &ignored);
    }
}

/* --- Publish --- */

sm_outbox_batch sm_outbox_of(const sm_sink *k, const sm_manifest *m)
{
    const sm_json *action = sm_json_at(actions_of(k, m), 0);
    sm_sv path = sm_json_get_sv(action, "outbox", SM_SV(""));

    return (sm_outbox_batch){
        .action = action,
        .path = sm_arena_cstr(m->arena, path),
        .sent = sm_arena_printf(m->arena, "%.*s.sent", SM_SV_ARG(path)).ptr,
        .parts = sm_arena_printf(m->arena, "%.*s.parts", SM_SV_ARG(path)).ptr,
        .attempt = sm_json_get_sv(action, "attempt", SM_SV("")),
        .bytes = sm_json_get_int(action, "bytes", 0),
    };
}

sm_code sm_outbox_look(const sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b,
                       bool marked, bool *sent, sm_error *err)
{
    sm_fs_stat st;
    sm_error why;
    sm_code rc = sm_fs_stat_path(b->path, &st, &why);

    *sent = !marked && (rc == SM_OK || rc == SM_E_NOT_FOUND) && sm_fs_exists(b->sent);
    if (rc == SM_OK || *sent)
        return SM_OK;
    if (rc == SM_E_NOT_FOUND)
        return sm_fail(
            err, SM_E_CORRUPT, 0,
            "batch %lld was decided, and what it has to send is not there: \"%s\"; bring "
            "the state folder of the machine that decided it, or send all again with "
            "`smelt checkpoint reset %.*s`",
            (long long)m->id.n, b->path, SM_SV_ARG(k->name));
    *err = why;
    return rc;
}

static void remember(sm_sink *k, const sm_manifest *m)
{
    sm_json *memory = sm_json_object(k->arena);

    sm_json_set_string(memory, "generation", k->generation);
    sm_json_set_int(memory, "batch", m->id.n);
    k->memory = memory;
}

sm_code sm_outbox_clear(sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b, bool marked,
                        sm_error *err)
{
    sm_sv prefix = sm_arena_printf(m->arena, "%.*s-", SM_SV_ARG(k->generation));
    sm_fs_entry *entries;
    sm_error ignored; /* they go with those of the next batch */
    size_t n = 0;
    sm_code rc = marked ? SM_OK : sm_fs_write_durable(b->sent, SM_SV(""), FILE_MODE, err);

    if (rc != SM_OK)
        return rc;
    sm_failpoint("outbox.after_sent");
    if (sm_fs_list(sm_arena_cstr(m->arena, k->path), false, m->arena, &entries, &n, &ignored) !=
        SM_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        const char *one = sm_path_join(m->arena, k->path, entries[i].name);

        if (sm_sv_starts(entries[i].name, prefix) && (marked || strcmp(one, b->sent) != 0))
            (void)sm_fs_unlink(one, &ignored);
    }
    remember(k, m);
    return SM_OK;
}

int64_t sm_outbox_parts(const sm_outbox_batch *b)
{
    sm_fs_stat st;
    sm_error ignored;

    return sm_fs_stat_path(b->parts, &st, &ignored) == SM_OK ? st.size : 0;
}

sm_code sm_outbox_part_taken(const sm_outbox_batch *b, sm_error *err)
{
    return sm_fs_append(b->parts, SM_SV("."), FILE_MODE, err);
}

/* --- Looks --- */

/* The batch that "<generation>-<batch>-<attempt>.outbox.sent" tells of; -1: another name. */
static int64_t sent_batch(sm_sv name, sm_sv prefix)
{
    sm_sv rest = sm_sv_sub(name, prefix.len, name.len), number;
    int64_t n;

    if (!sm_sv_starts(name, prefix) || !sm_sv_ends(name, SM_SV(".outbox.sent")) ||
        !sm_sv_next(&rest, '-', &number) || !sm_sv_to_int64(number, &n))
        return -1;
    return n;
}

/* The last batch that was sent, as its file says; -1: there is none. */
static int64_t last_sent(const sm_sink *k)
{
    sm_arena *a = sm_arena_new("outbox sent");
    sm_sv prefix = sm_arena_printf(a, "%.*s-", SM_SV_ARG(k->generation));
    sm_fs_entry *entries;
    sm_error ignored; /* no folder, nothing sent */
    int64_t last = -1;
    size_t n = 0;

    if (sm_fs_list(sm_arena_cstr(a, k->path), false, a, &entries, &n, &ignored) != SM_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t batch = sent_batch(entries[i].name, prefix);

        last = batch > last ? batch : last;
    }
    sm_arena_free(a);
    return last;
}

/* What is remembered is written when the batch is done already, and a crash may come before. */
void sm_outbox_inspect(const sm_sink *k, sm_target_state *out)
{
    int64_t last = sm_json_get_int(k->memory, "batch", -1); /* of whatever generation */
    bool ours = sm_sv_eq(sm_json_get_sv(k->memory, "generation", SM_SV("")), k->generation);
    int64_t sent = last_sent(k), batch = ours && last > sent ? last : sent;

    *out = (sm_target_state){ .exists = true,
                              .table_id = SM_SV(""),
                              .batch = batch,
                              .version = last > batch ? last : batch,
                              .other_batch = -1 };
}
