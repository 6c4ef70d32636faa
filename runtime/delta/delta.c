/* SPDX-License-Identifier: Apache-2.0 */
/* delta.c -- looking at a table from outside, in two calls. */
#include "runtime/delta/delta.h"

#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_schema.h"
#include "runtime/delta/delta_select.h"
#include "runtime/delta/delta_snapshot.h"

static sm_code take_info(void *ctx, const sm_delta_action *action, sm_error *err)
{
    sm_delta_info *info = ctx;

    (void)err;
    if (action->kind == SM_DELTA_COMMIT_INFO) {
        info->last = action->u.info;
        info->time_ms = sm_json_get_int(action->u.info, "timestamp", 0);
    }
    return SM_OK;
}

/* The newest commit may have been cleaned away behind a checkpoint: then nothing is known. */
static sm_code read_last(sm_delta_table *t, sm_arena *a, sm_delta_info *info, sm_error *err)
{
    sm_error why;
    sm_code rc = sm_delta_each(t, info->version, a, take_info, info, &why);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        *err = why;
    return rc;
}

static sm_code fill(const sm_delta_snapshot *s, sm_arena *a, sm_delta_info *out, sm_error *err)
{
    sm_delta_metadata m = sm_delta_metadata_copy(&s->metadata, a);
    sm_arena *scratch = sm_arena_new("delta stats");
    sm_code rc;

    out->version = s->version;
    out->id = m.id;
    out->description = m.description;
    out->files = (int64_t)s->file_count;
    out->bytes = s->bytes;
    out->rows = 0;
    for (size_t i = 0; i < s->file_count && out->rows >= 0; i++) {
        int64_t rows = sm_delta_file_rows(s->files[i], scratch);
        out->rows = rows < 0 ? -1 : out->rows + rows;
    }
    sm_arena_free(scratch);
    if ((rc = sm_delta_metadata_schema(&m, a, &out->schema, err)) != SM_OK)
        return rc;
    return sm_delta_metadata_partitions(&m, a, &out->partition_by, &out->partition_count, err);
}

static sm_code select_all(const sm_delta_snapshot *s, const sm_delta_info *info, sm_sv root,
                          sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_delta_reading r = {
        .root = root,
        .schema = &info->schema,
        .partition_by = info->partition_by,
        .partition_count = info->partition_count,
        .files = s->files,
        .n = s->file_count,
    };
    sm_code rc;

    if ((rc = sm_delta_mapping_of(&s->metadata, false, a, &r.mapping, err)) != SM_OK)
        return rc;
    return sm_delta_reading_select(&r, a, out, err);
}

static sm_code look(sm_sv root, struct sm_images *images, int64_t version,
                    struct sm_session *session, sm_arena *a, sm_delta_info *info, sm_sv *select,
                    sm_error *err)
{
    sm_delta_snapshot *s = NULL;
    sm_delta_table *t = NULL;
    sm_error why;
    sm_code rc;

    *info = (sm_delta_info){ .version = -1 };
    if ((rc = sm_delta_open(root, images, &t, err)) != SM_OK)
        return sm_wrap(err, "table in \"%.*s\"", SM_SV_ARG(root));
    rc = sm_delta_snapshot_load(t, version, session, &s, &why);
    if (rc != SM_OK)
        *err = why;
    if (rc == SM_E_NOT_FOUND && version < 0 && select == NULL)
        rc = SM_OK; /* info->version says it */
    if (rc != SM_OK || s == NULL)
        goto done;
    if ((rc = fill(s, a, info, err)) != SM_OK || (rc = read_last(t, a, info, err)) != SM_OK)
        goto done;
    if (select != NULL && (rc = sm_delta_files_fetch(t, s->files, s->file_count, err)) == SM_OK)
        rc = select_all(s, info, sm_delta_root(t), a, select, err);
done:
    if (rc != SM_OK)
        sm_wrap(err, "table in \"%.*s\"", SM_SV_ARG(sm_delta_shown(t)));
    sm_delta_snapshot_free(s);
    sm_delta_close(t);
    return rc;
}

sm_code sm_delta_describe(sm_sv root, struct sm_images *images, int64_t version,
                          struct sm_session *session, sm_arena *a, sm_delta_info *out,
                          sm_error *err)
{
    return look(root, images, version, session, a, out, NULL, err);
}

sm_code sm_delta_relation(sm_sv root, struct sm_images *images, int64_t version,
                          struct sm_session *session, sm_arena *a, sm_delta_info *info_out,
                          sm_sv *select_out, sm_error *err)
{
    return look(root, images, version, session, a, info_out, select_out, err);
}
