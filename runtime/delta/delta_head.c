/* SPDX-License-Identifier: Apache-2.0 */
/* delta_head.c -- what an append must know of a table: all but its files.
 *
 * AS JSON, in the control store ("memory") and, in Delta's words with our flows as the member
 * "smelt", in the .crc file that we write beside each checkpoint:
 *
 *     {"version":12, "table_id":…, "txn_id":…, "time":ms, "metadata_version":0, "flows_from":0,
 *      "protocol":{…}, "metaData":{…}, "txns":[{"appId":…,"version":…,"at":12}],
 *      "flows":[{"flow":…,"generation":…,"batch":…,"version":…,"end_offsets":{…}}]}
 *
 * Invariants; head_check() asserts what is cheap to see:
 *   (1) version == -1 if and only if there is no table, and then nothing else is set;
 *   (2) a table has a protocol and a metaData;
 *   (3) application ids and flows are unique.
 *
 * A line of a file action is not even parsed: a head costs the same for a commit of one
 * file and of a thousand.
 */
#include "runtime/delta/delta_head.h"

#include <assert.h>
#include <string.h>

#include "runtime/delta/delta_checkpoint.h"
#include "runtime/delta/delta_path.h"

static void head_check(const sm_delta_head *h)
{
    assert(h->version >= -1);
    assert((h->version == -1) == (h->metadata.id.len == 0));
    for (size_t i = 1; i < h->txn_count; i++)
        assert(!sm_sv_eq(h->txns[i].txn.app_id, h->txns[0].txn.app_id));
}

sm_delta_head *sm_delta_head_new(void)
{
    sm_arena *a = sm_arena_new("delta head");
    sm_delta_head *h = SM_NEW(a, sm_delta_head);

    h->arena = a;
    h->version = -1;
    h->metadata_version = -1;
    return h;
}

void sm_delta_head_free(sm_delta_head *h)
{
    if (h != NULL)
        sm_arena_free(h->arena);
}

/* ---- lists ---- */

const sm_delta_txn_at *sm_delta_head_txn(const sm_delta_head *h, sm_sv app_id)
{
    for (size_t i = 0; i < h->txn_count; i++)
        if (sm_sv_eq(h->txns[i].txn.app_id, app_id))
            return &h->txns[i];
    return NULL;
}

/* Room for one more: lists grow at each power of two. */
static void *grown(sm_arena *a, void *list, size_t n, size_t size)
{
    if ((n & (n - 1)) != 0)
        return list;
    void *wider = sm_arena_alloc(a, size, _Alignof(max_align_t), n == 0 ? 1 : n * 2);
    if (n > 0)
        memcpy(wider, list, n * size);
    return wider;
}

static void put_txn(sm_delta_head *h, const sm_delta_txn *t, int64_t version)
{
    for (size_t i = 0; i < h->txn_count; i++) {
        sm_delta_txn_at *known = &h->txns[i];
        if (sm_sv_eq(known->txn.app_id, t->app_id)) {
            known->txn.version = t->version;
            known->txn.updated_ms = t->updated_ms;
            known->version = version;
            return;
        }
    }
    h->txns = grown(h->arena, h->txns, h->txn_count, sizeof *h->txns);
    h->txns[h->txn_count] = (sm_delta_txn_at){ *t, version };
    h->txns[h->txn_count++].txn.app_id = sm_arena_dup(h->arena, t->app_id);
}

static sm_delta_flow *find_flow(sm_delta_head *h, sm_sv flow)
{
    for (size_t i = 0; i < h->flow_count; i++)
        if (sm_sv_eq(h->flows[i].flow, flow))
            return &h->flows[i];
    return NULL;
}

/* `j` is commitInfo.smelt; ours if it has the fields. */
static bool read_flow(const sm_json *j, int64_t version, sm_delta_flow *out)
{
    if (j == NULL || !sm_json_is_object(j))
        return false;
    const sm_json *end = sm_json_get(j, "end_offsets");
    *out = (sm_delta_flow){
        .flow = sm_json_get_sv(j, "flow", SM_SV("")),
        .generation = sm_json_get_sv(j, "generation", SM_SV("")),
        .batch = sm_json_get_int(j, "batch", -1),
        .version = version,
        .end_offsets = end != NULL && sm_json_is_object(end) ? end : NULL,
    };
    return out->flow.len > 0 && out->generation.len > 0;
}

static void put_flow(sm_delta_head *h, const sm_delta_flow *f)
{
    sm_delta_flow *known = find_flow(h, f->flow);

    if (known == NULL) {
        h->flows = grown(h->arena, h->flows, h->flow_count, sizeof *h->flows);
        known = &h->flows[h->flow_count++];
        *known = (sm_delta_flow){ .flow = sm_arena_dup(h->arena, f->flow), .version = -1 };
    }
    if (f->version < known->version)
        return;
    if (!sm_sv_eq(known->generation, f->generation))
        known->generation = sm_arena_dup(h->arena, f->generation);
    known->batch = f->batch;
    known->version = f->version;
    known->end_offsets = f->end_offsets == NULL ? NULL : sm_json_copy(h->arena, f->end_offsets);
}

/* ---- one commit ---- */

static void put_info(sm_delta_head *h, const sm_json *info, int64_t version)
{
    sm_delta_flow flow;

    h->txn_id = sm_arena_dup(h->arena, sm_json_get_sv(info, "txnId", SM_SV("")));
    h->time_ms = sm_json_get_int(info, "timestamp", h->time_ms);
    if (read_flow(sm_json_get(info, "smelt"), version, &flow))
        put_flow(h, &flow);
}

static void put_action(sm_delta_head *h, const sm_delta_action *action, int64_t version)
{
    switch (action->kind) {
    case SM_DELTA_METADATA:
        h->metadata = sm_delta_metadata_copy(&action->u.metadata, h->arena);
        h->metadata_version = version;
        break;
    case SM_DELTA_PROTOCOL:
        h->protocol = sm_delta_protocol_copy(&action->u.protocol, h->arena);
        break;
    case SM_DELTA_TXN:
        put_txn(h, &action->u.txn, version);
        break;
    case SM_DELTA_COMMIT_INFO:
        put_info(h, action->u.info, version);
        break;
    case SM_DELTA_ADD:
    case SM_DELTA_REMOVE:
    case SM_DELTA_SIDECAR:
    case SM_DELTA_OTHER:
        break;
    }
}

static bool is_file_action(sm_sv line)
{
    static const char *const starts[] = { "{\"add\":", "{\"remove\":", "{\"cdc\":" };

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(starts[i]);
        if (line.len > n && memcmp(line.ptr, starts[i], n) == 0)
            return true;
    }
    return false;
}

sm_code sm_delta_head_apply(sm_delta_head *h, int64_t version, sm_sv text, sm_error *err)
{
    sm_arena *scratch = sm_arena_new("delta commit");
    sm_sv rest = text, line;
    sm_code rc = SM_OK;

    assert(version == h->version + 1);
    h->txn_id = (sm_sv){ "", 0 };
    for (size_t number = 1; sm_delta_next_line(&rest, &line); number++) {
        sm_delta_action action;
        if (is_file_action(line))
            continue;
        if ((rc = sm_delta_action_parse(line, scratch, &action, err)) != SM_OK) {
            sm_wrap(err, "version %lld, line %zu", (long long)version, number);
            goto done;
        }
        put_action(h, &action, version);
    }
    if (h->metadata.id.len == 0 || h->protocol.min_reader == 0) {
        rc = sm_fail(err, SM_E_CORRUPT, 0, "version %lld of the table lacks protocol or metaData",
                     (long long)version);
        goto done;
    }
    h->version = version;
    head_check(h);
done:
    sm_arena_free(scratch);
    return rc;
}

sm_code sm_delta_head_advance(sm_delta_head *h, sm_delta_table *t, sm_error *err)
{
    bool there = true;
    sm_code rc = SM_OK;

    if (h->version >= 0 && (rc = sm_delta_probe(t, h->version, &there, err)) != SM_OK)
        return rc;
    if (!there)
        return sm_fail(err, SM_E_CORRUPT, 0, "version %lld of the table is gone",
                       (long long)h->version);
    while (rc == SM_OK) {
        sm_arena *scratch = sm_arena_new("delta commit");
        sm_error why;
        sm_sv text;

        rc = sm_delta_read(t, h->version + 1, scratch, &text, &why);
        if (rc == SM_OK)
            rc = sm_delta_head_apply(h, h->version + 1, text, err);
        else if (rc != SM_E_NOT_FOUND)
            *err = why;
        sm_arena_free(scratch);
    }
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

/* ---- as JSON ---- */

static sm_json *body_of(sm_json *action, const char *name, sm_arena *a)
{
    const sm_json *body = sm_json_get(action, name);

    return sm_json_copy(a, body);
}

static sm_json *txns_to_json(const sm_delta_head *h, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < h->txn_count; i++) {
        sm_json *j = body_of(sm_delta_txn_json(&h->txns[i].txn, a), "txn", a);
        sm_json_set(j, "at", sm_json_int(a, h->txns[i].version));
        sm_json_append(list, j);
    }
    return list;
}

static sm_json *flows_to_json(const sm_delta_head *h, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < h->flow_count; i++) {
        const sm_delta_flow *f = &h->flows[i];
        sm_json *j = sm_json_object(a);
        sm_json_set(j, "flow", sm_json_string(a, f->flow));
        sm_json_set(j, "generation", sm_json_string(a, f->generation));
        sm_json_set(j, "batch", sm_json_int(a, f->batch));
        sm_json_set(j, "version", sm_json_int(a, f->version));
        if (f->end_offsets != NULL)
            sm_json_set(j, "end_offsets", sm_json_copy(a, f->end_offsets));
        sm_json_append(list, j);
    }
    return list;
}

void sm_delta_head_put_flows(const sm_delta_head *h, sm_json *j, sm_arena *a)
{
    sm_json_set(j, "flows_from", sm_json_int(a, h->flows_from));
    sm_json_set(j, "flows", flows_to_json(h, a));
}

sm_json *sm_delta_head_to_json(const sm_delta_head *h, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set(j, "version", sm_json_int(a, h->version));
    if (h->version < 0)
        return j;
    sm_json_set(j, "table_id", sm_json_string(a, h->metadata.id));
    sm_json_set(j, "txn_id", sm_json_string(a, h->txn_id));
    sm_json_set(j, "time", sm_json_int(a, h->time_ms));
    sm_json_set(j, "metadata_version", sm_json_int(a, h->metadata_version));
    sm_json_set(j, "protocol", body_of(sm_delta_protocol_json(&h->protocol, a), "protocol", a));
    sm_json_set(j, "metaData", body_of(sm_delta_metadata_json(&h->metadata, a), "metaData", a));
    sm_json_set(j, "txns", txns_to_json(h, a));
    sm_delta_head_put_flows(h, j, a);
    return j;
}

static void put_txns(sm_delta_head *h, const sm_json *list, sm_arena *scratch)
{
    for (size_t i = 0; list != NULL && sm_json_is_array(list) && i < sm_json_len(list); i++) {
        sm_json *j = sm_json_object(scratch);
        sm_delta_action action;
        sm_error ignored;

        sm_json_set(j, "txn", sm_json_copy(scratch, sm_json_at(list, i)));
        if (sm_delta_action_read(j, scratch, &action, &ignored) == SM_OK &&
            action.kind == SM_DELTA_TXN)
            put_txn(h, &action.u.txn, sm_json_get_int(sm_json_at(list, i), "at", -1));
    }
}

/* protocol and metaData of `j`, whose names differ between our JSON and a .crc file. */
static bool put_definition(sm_delta_head *h, const sm_json *protocol, const sm_json *metadata,
                           sm_arena *scratch)
{
    sm_json *p = sm_json_object(scratch), *m = sm_json_object(scratch);
    sm_delta_action action;
    sm_error ignored;

    if (protocol == NULL || metadata == NULL)
        return false;
    sm_json_set(p, "protocol", sm_json_copy(scratch, protocol));
    sm_json_set(m, "metaData", sm_json_copy(scratch, metadata));
    if (sm_delta_action_read(p, scratch, &action, &ignored) != SM_OK ||
        action.kind != SM_DELTA_PROTOCOL)
        return false;
    put_action(h, &action, -1);
    if (sm_delta_action_read(m, scratch, &action, &ignored) != SM_OK ||
        action.kind != SM_DELTA_METADATA)
        return false;
    put_action(h, &action, -1);
    return true;
}

/* What sm_delta_head_put_flows() wrote of version h->version; `in` may be NULL. */
static void read_flows(sm_delta_head *h, const sm_json *in)
{
    const sm_json *list = sm_json_get(in, "flows");

    h->flows_from = sm_json_get_int(in, "flows_from", h->version + 1);
    for (size_t i = 0; list != NULL && sm_json_is_array(list) && i < sm_json_len(list); i++) {
        const sm_json *j = sm_json_at(list, i);
        sm_delta_flow flow;
        if (read_flow(j, sm_json_is_object(j) ? sm_json_get_int(j, "version", -1) : -1, &flow))
            put_flow(h, &flow);
    }
}

/* NULL when `j` is not what sm_delta_head_to_json() writes. */
static sm_delta_head *head_from_json(const sm_json *j)
{
    sm_delta_head *h = sm_delta_head_new();
    sm_arena *scratch = sm_arena_new("delta memory");
    int64_t version = -1;
    bool ok = j != NULL && sm_json_is_object(j);

    if (ok)
        version = sm_json_get_int(j, "version", -1);
    ok = ok && version >= 0 &&
         put_definition(h, sm_json_get(j, "protocol"), sm_json_get(j, "metaData"), scratch);
    if (ok) {
        h->version = version;
        h->txn_id = sm_arena_dup(h->arena, sm_json_get_sv(j, "txn_id", SM_SV("")));
        h->time_ms = sm_json_get_int(j, "time", 0);
        h->metadata_version = sm_json_get_int(j, "metadata_version", -1);
        put_txns(h, sm_json_get(j, "txns"), scratch);
        read_flows(h, j);
    }
    sm_arena_free(scratch);
    if (ok)
        return h;
    sm_delta_head_free(h);
    return NULL;
}

/* ---- is a remembered version still that version? ---- */

typedef struct identity {
    sm_sv txn_id;
    int64_t time_ms;
    const sm_json *info;
} identity;

/* commitInfo of commit `version`; zeroes when it has none. */
static sm_code read_identity(sm_delta_table *t, int64_t version, sm_arena *a, identity *out,
                             sm_error *err)
{
    sm_sv text, line;
    sm_code rc;

    *out = (identity){ .txn_id = { "", 0 } };
    if ((rc = sm_delta_read(t, version, a, &text, err)) != SM_OK)
        return rc;
    while (out->info == NULL && sm_delta_next_line(&text, &line)) {
        sm_delta_action action;
        if (is_file_action(line))
            continue;
        if ((rc = sm_delta_action_parse(line, a, &action, err)) != SM_OK)
            return sm_wrap(err, "version %lld", (long long)version);
        if (action.kind != SM_DELTA_COMMIT_INFO)
            continue;
        out->info = action.u.info;
        out->txn_id = sm_json_get_sv(action.u.info, "txnId", SM_SV(""));
        out->time_ms = sm_json_get_int(action.u.info, "timestamp", 0);
    }
    return SM_OK;
}

static sm_code still_there(sm_delta_table *t, int64_t version, sm_sv txn_id, int64_t time_ms,
                           bool *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta identity");
    sm_error why;
    identity id;
    sm_code rc = read_identity(t, version, a, &id, &why);

    *out = rc == SM_OK && sm_sv_eq(id.txn_id, txn_id) && id.time_ms == time_ms;
    if (rc == SM_E_NOT_FOUND || rc == SM_E_CORRUPT)
        rc = SM_OK;
    if (rc != SM_OK)
        *err = why;
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_unchanged(sm_delta_table *t, const sm_json *memory, bool *out, sm_error *err)
{
    bool more = false;
    sm_code rc;

    *out = false;
    if (memory == NULL || !sm_json_is_object(memory))
        return SM_OK;
    int64_t version = sm_json_get_int(memory, "version", -1);
    if ((rc = sm_delta_probe(t, version + 1, &more, err)) != SM_OK || more)
        return rc;
    if (version < 0) {
        *out = true;
        return SM_OK;
    }
    return still_there(t, version, sm_json_get_sv(memory, "txn_id", SM_SV("")),
                       sm_json_get_int(memory, "time", 0), out, err);
}

/* ---- loading ---- */

/* The state of a checkpoint from the .crc beside it; NULL when there is none, or it leaves
 * out what we need (setTransactions is optional there). */
static sm_delta_head *head_from_crc(sm_delta_table *t, int64_t version)
{
    sm_arena *a = sm_arena_new("delta crc");
    sm_delta_head *h = sm_delta_head_new();
    sm_error ignored;
    sm_json *j;
    sm_sv text;
    bool ok = sm_delta_read_key(t, sm_delta_crc_key(version, a), a, &text, &ignored) == SM_OK &&
              sm_json_parse(text, a, &j, &ignored) == SM_OK && sm_json_is_object(j) &&
              sm_json_get(j, "setTransactions") != NULL &&
              sm_json_is_array(sm_json_get(j, "setTransactions")) &&
              put_definition(h, sm_json_get(j, "protocol"), sm_json_get(j, "metadata"), a);

    if (ok) {
        put_txns(h, sm_json_get(j, "setTransactions"), a);
        h->version = version;
        read_flows(h, sm_json_get(j, "smelt"));
    }
    sm_arena_free(a);
    if (ok)
        return h;
    sm_delta_head_free(h);
    return NULL;
}

static sm_code take_row(void *ctx, const sm_delta_action *action, sm_error *err)
{
    (void)err;
    put_action(ctx, action, -1);
    return SM_OK;
}

static sm_code head_from_checkpoint(sm_delta_table *t, const sm_delta_checkpoint_files *c,
                                    struct sm_session *session, sm_delta_head **out, sm_error *err)
{
    sm_delta_head *h = sm_delta_head_new();
    sm_code rc = sm_delta_checkpoint_each(t, session, c, false, take_row, h, err);

    if (rc == SM_OK && (h->metadata.id.len == 0 || h->protocol.min_reader == 0))
        rc = sm_fail(err, SM_E_CORRUPT, 0, "checkpoint %lld lacks protocol or metaData",
                     (long long)c->version);
    if (rc != SM_OK) {
        sm_delta_head_free(h);
        return rc;
    }
    h->version = c->version;
    h->flows_from = c->version + 1;
    *out = h;
    return SM_OK;
}

/* A checkpoint does not say when its commit was written and by which transaction, and a head
 * that does not know is taken for that of another table at the next look. */
static sm_code identify(sm_delta_head *h, sm_delta_table *t, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta identity");
    identity id = { .txn_id = { "", 0 } };
    sm_error why;
    sm_code rc = SM_OK;

    if (h->version >= 0 && (rc = read_identity(t, h->version, a, &id, &why)) == SM_OK) {
        h->txn_id = sm_arena_dup(h->arena, id.txn_id);
        h->time_ms = id.time_ms;
    } else if (rc != SM_OK && rc != SM_E_NOT_FOUND) { /* that it is gone is told by the next step */
        *err = why;
    }
    sm_arena_free(a);
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

/* Where to begin when nothing is remembered: the newest checkpoint, or version 0. */
static sm_code head_begin(sm_delta_table *t, struct sm_session *session, sm_delta_head **out,
                          sm_error *err)
{
    sm_arena *a = sm_arena_new("delta begin");
    sm_delta_checkpoint_files c;
    bool first = false;
    sm_code rc;

    *out = NULL;
    if ((rc = sm_delta_find_checkpoint(t, INT64_MAX, a, &c, err)) != SM_OK)
        goto done;
    if (c.version >= 0 && (*out = head_from_crc(t, c.version)) != NULL)
        goto done;
    if (c.version >= 0 && (session != NULL || !sm_delta_checkpoint_needs_engine(&c))) {
        rc = head_from_checkpoint(t, &c, session, out, err);
        goto done;
    }
    if (c.version >= 0 && (rc = sm_delta_probe(t, 0, &first, err)) != SM_OK)
        goto done;
    if (c.version >= 0 && !first)
        rc = sm_fail(err, SM_E_CORRUPT, 0,
                     "the log of \"%.*s\" begins at checkpoint %lld, which has no .crc file",
                     SM_SV_ARG(sm_delta_root(t)), (long long)c.version);
    else
        *out = sm_delta_head_new();
done:
    sm_arena_free(a);
    return rc;
}

sm_code sm_delta_head_load(sm_delta_table *t, const sm_json *memory, struct sm_session *session,
                           sm_delta_head **out, sm_error *err)
{
    sm_delta_head *h = head_from_json(memory);
    sm_code rc = SM_OK;

    *out = NULL;
    if (h != NULL) {
        bool same;
        if ((rc = still_there(t, h->version, h->txn_id, h->time_ms, &same, err)) != SM_OK)
            goto done;
        if (!same) {
            sm_delta_head_free(h);
            h = NULL;
        }
    }
    if (h == NULL &&
        ((rc = head_begin(t, session, &h, err)) != SM_OK || (rc = identify(h, t, err)) != SM_OK))
        goto done;
    rc = sm_delta_head_advance(h, t, err);
done:
    if (rc != SM_OK) {
        sm_delta_head_free(h);
        return rc;
    }
    *out = h;
    return SM_OK;
}

/* ---- flows ---- */

sm_code sm_delta_head_flow(sm_delta_head *h, sm_delta_table *t, sm_sv flow,
                           const sm_delta_flow **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("delta flows");
    sm_code rc = SM_OK;

    while (find_flow(h, flow) == NULL && h->flows_from > 0) {
        sm_delta_flow found;
        sm_error why;
        identity id;

        sm_arena_reset(a);
        rc = read_identity(t, h->flows_from - 1, a, &id, &why);
        if (rc == SM_E_NOT_FOUND) { /* the log was cleaned up to here */
            rc = SM_OK;
            h->flows_from = 0;
            break;
        }
        if (rc != SM_OK) {
            *err = why;
            break;
        }
        h->flows_from--;
        if (id.info != NULL && read_flow(sm_json_get(id.info, "smelt"), h->flows_from, &found) &&
            find_flow(h, found.flow) == NULL)
            put_flow(h, &found);
    }
    *out = find_flow(h, flow);
    sm_arena_free(a);
    return rc;
}
