/* SPDX-License-Identifier: Apache-2.0 */
/* view_history.c -- the versions of a table, from its log. */
#include "runtime/delta/delta_log.h"
#include "ui/view/view_int.h"

typedef struct commit { /* what its actions add up to */
    const sm_json *info;
    int64_t rows, bytes, added, removed;
    sm_arena *a;
} commit;

static int64_t rows_of(const sm_delta_file *f, sm_arena *a)
{
    sm_json *stats = NULL;
    sm_error ignored;

    if (f->stats.len == 0 || sm_json_parse_reals(f->stats, a, &stats, &ignored) != SM_OK)
        return 0;
    return sm_json_get_int(stats, "numRecords", 0);
}

static sm_code take_action(void *ctx, const sm_delta_action *action, sm_error *err)
{
    commit *c = ctx;

    (void)err;
    if (action->kind == SM_DELTA_COMMIT_INFO) {
        c->info = action->u.info;
    } else if (action->kind == SM_DELTA_ADD) {
        c->rows += rows_of(&action->u.file, c->a);
        c->bytes += action->u.file.size;
        c->added++;
    } else if (action->kind == SM_DELTA_REMOVE) {
        c->removed++;
    }
    return SM_OK;
}

static sm_json *version_row(const sm_view *v, int64_t version, const commit *c)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_int(o, "version", version);
    sm_view__set_time(v, o, "time", sm_json_get_int(c->info, "timestamp", 0));
    sm_json_set_string(o, "operation", sm_json_get_sv(c->info, "operation", SM_SV("")));
    sm_json_set_int(o, "rows", c->rows);
    sm_json_set_int(o, "bytes", c->bytes);
    sm_json_set_int(o, "files", c->added);
    sm_json_set_int(o, "removed_files", c->removed);
    return o;
}

/* Newest first, down to where the log was cleaned. */
static sm_code add_versions(const sm_view *v, sm_delta_table *t, size_t limit, sm_json *list,
                            sm_error *err)
{
    int64_t newest;
    sm_code rc = sm_delta_newest(t, -1, &newest, err);

    for (int64_t n = newest; rc == SM_OK && n >= 0 && sm_json_len(list) < limit; n--) {
        sm_arena *a = sm_arena_new("version");
        commit c = { .a = a };

        rc = sm_delta_each(t, n, a, take_action, &c, err);
        if (rc == SM_OK)
            sm_json_append(list, version_row(v, n, &c));
        sm_arena_free(a);
    }
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

sm_code sm_view_history(const sm_view *v, const sm_plan_dataset *table, size_t limit, sm_json **out,
                        sm_error *err)
{
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);
    sm_delta_table *t = NULL;
    sm_sv folder;
    sm_code rc = SM_OK;

    sm_json_set_string(doc, "table", table->name);
    sm_json_set(doc, "versions", list);
    *out = doc;
    if (table->path.len == 0)
        return SM_OK; /* nothing is stored of it */
    folder = sm_arena_printf(v->a, "%.*s/%.*s", SM_SV_ARG(v->storage_dir), SM_SV_ARG(table->path));
    if ((rc = sm_delta_open(folder, v->images, &t, err)) == SM_OK)
        rc = add_versions(v, t, limit, list, err);
    sm_delta_close(t);
    return rc;
}
