/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delta_log.c -- a commit by another writer: any bytes.
 *
 * Reads the input as a commit in the three ways smelt does (actions, head, schema of its
 * metaData), and what was taken must survive being written and read again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/delta/delta_action.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_path.h"
#include "runtime/delta/delta_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const sm_delta_action *action, sm_arena *a)
{
    sm_delta_action back;
    sm_json *j = NULL;
    sm_error err;

    if (action->kind == SM_DELTA_ADD)
        j = sm_delta_add_json(&action->u.file, a);
    else if (action->kind == SM_DELTA_REMOVE)
        j = sm_delta_remove_json(&action->u.file, 1, true, a);
    else if (action->kind == SM_DELTA_METADATA)
        j = sm_delta_metadata_json(&action->u.metadata, a);
    else if (action->kind == SM_DELTA_TXN)
        j = sm_delta_txn_json(&action->u.txn, a);
    if (j == NULL)
        return;
    sm_sv text = sm_json_text(j, a);
    assert(sm_delta_action_parse(text, a, &back, &err) == SM_OK);
    assert(back.kind == action->kind);
    if (action->kind == SM_DELTA_ADD)
        assert(sm_sv_eq(back.u.file.key, action->u.file.key));
}

static sm_code take(void *ctx, const sm_delta_action *action, sm_error *err)
{
    sm_arena *a = ctx;
    const sm_sv *names;
    sm_error ignored;
    sm_schema schema;
    size_t n;

    (void)err;
    write_again(action, a);
    if (action->kind == SM_DELTA_ADD)
        (void)sm_delta_file_rows(&action->u.file, a);
    if (action->kind == SM_DELTA_PROTOCOL)
        (void)sm_delta_protocol_check(&action->u.protocol, true, &ignored);
    if (action->kind == SM_DELTA_METADATA) {
        (void)sm_delta_metadata_schema(&action->u.metadata, a, &schema, &ignored);
        (void)sm_delta_metadata_partitions(&action->u.metadata, a, &names, &n, &ignored);
    }
    return SM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sm_sv text = { (const char *)data, size };
    sm_arena *a = sm_arena_new("fuzz");
    sm_delta_head *h = NULL;
    sm_error err;

    (void)sm_delta_actions_parse(text, a, take, a, &err);
    h = sm_delta_head_new();
    if (sm_delta_head_apply(h, 0, text, &err) == SM_OK)
        (void)sm_delta_head_to_json(h, a);
    sm_delta_head_free(h);
    sm_arena_free(a);
    return 0;
}
