/* SPDX-License-Identifier: Apache-2.0 */
/* sink_files.c -- rows as files of a folder: a file for each batch that has rows.
 *
 *     prepare   <folder>/.<sink>-<generation>-<batch>-<attempt>.json.tmp, synced: nobody reads it
 *     decided   the manifest names it
 *     publish   linked as <sink>-<generation>-<batch>.json; then an empty file beside it, ".sent",
 *               says so, and the first name goes
 *
 * Whoever reads the folder may take a file away at once, so only ".sent" tells that it was there;
 * a batch that has neither its file nor that is lost, and not done.  A crash between the link and
 * ".sent" gives a file again that was taken meanwhile, and whoever resets the sink gets all rows
 * again under new names: hence "at least once". */
#include "runtime/sinks/sink_files.h"

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/delta/delta_select.h"
#include "runtime/engine/engine.h"

typedef struct files_config {
    sm_sv path;
    int format, delivery;
} files_config;

enum { FORMAT_JSON, FORMAT_CSV, FORMAT_PARQUET };
enum { FILE_MODE = 0640 };

static const char *const formats[] = { "json", "csv", "parquet", NULL };
static const char *const deliveries[] = { "at_least_once", NULL };

static const sm_option files_options[] = {
    {
        .name = "path",
        .type = SM_TYPE_STRING,
        .offset = offsetof(files_config, path),
        .doc = "The folder; made when it is not there.",
    },
    {
        .name = "format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(files_config, format),
        .choices = formats,
        .fallback = "json",
        .doc = "What the files are: a JSON object a line, CSV with a header, or Parquet.",
    },
    {
        .name = "delivery",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(files_config, delivery),
        .choices = deliveries,
        .fallback = "at_least_once",
        .doc = "A sink that is reset writes all rows again, under new names.",
    },
    { .name = NULL },
};

static sm_code files_open(sm_sink *k, sm_error *err)
{
    for (size_t i = 0; i < k->path.len; i++)
        if (k->path.ptr[i] == '*' || k->path.ptr[i] == '?' || k->path.ptr[i] == '[')
            return sm_fail(err, SM_E_INVALID, 0, "`path` cannot contain * ? or [");
    return SM_OK;
}

static void files_close(sm_sink *k)
{
    (void)k;
}

/* ---- prepare ---- */

/* Instants with their zone, also where a format has no type for them. */
static sm_code rows_sql(const sm_sink *k, sm_sv select, sm_arena *a, sm_sv *out, sm_error *err)
{
    const sm_delta_definition d = { .name = k->name, .schema = k->schema };

    return sm_delta_select(&d, select, a, out, err);
}

static void copy_sql(const sm_sink *k, sm_sv rows, sm_sv file, sm_buf *sql)
{
    static const char *const how[] = {
        [FORMAT_JSON] = "FORMAT json, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
        [FORMAT_CSV] = "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
        [FORMAT_PARQUET] = "FORMAT parquet, CODEC snappy",
    };
    const files_config *config = k->config;

    sm_buf_adds(sql, "COPY (");
    sm_buf_add(sql, rows);
    sm_buf_adds(sql, ") TO ");
    sm_sql_literal(sql, file);
    sm_buf_addf(sql, " (%s)", how[config->format]);
}

static sm_code write_file(const sm_sink *k, sm_sv select, sm_sv file, sm_arena *a, int64_t *rows,
                          int64_t *bytes, sm_error *err)
{
    sm_fs_stat st;
    sm_sv sql;
    sm_buf copy;
    sm_code rc;

    if ((rc = rows_sql(k, select, a, &sql, err)) != SM_OK)
        return rc;
    sm_buf_init(&copy, SM_LIMIT_BATCH_SQL);
    copy_sql(k, sql, file, &copy);
    if ((rc = sm_buf_check(&copy, "the query of a sink", err)) == SM_OK)
        rc = sm_session_int64(k->session, sm_buf_sv(&copy), rows, err);
    sm_buf_release(&copy);
    if (rc != SM_OK || *rows == 0)
        return rc;
    if ((rc = sm_fs_fsync(file.ptr, err)) != SM_OK ||
        (rc = sm_fs_fsync_dir(sm_arena_cstr(a, k->path), err)) != SM_OK ||
        (rc = sm_fs_stat_path(file.ptr, &st, err)) != SM_OK)
        return rc;
    *bytes = st.size;
    return SM_OK;
}

static sm_code files_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                             int64_t *bytes_out, sm_error *err)
{
    const files_config *config = k->config;
    sm_arena *a = m->arena;
    sm_json *action = sm_json_object(a);
    sm_sv batch = sm_arena_printf(a, "%.*s-%.*s-%08lld", SM_SV_ARG(k->name),
                                  SM_SV_ARG(k->generation), (long long)m->id.n);
    sm_sv name = sm_arena_printf(a, "%.*s.%s", SM_SV_ARG(batch), formats[config->format]);
    sm_sv attempt = sm_uuid4(a);
    sm_sv file = sm_arena_printf(a, "%.*s/.%.*s-%.*s.%s.tmp", SM_SV_ARG(k->path), SM_SV_ARG(batch),
                                 SM_SV_ARG(attempt), formats[config->format]);
    sm_error ignored;
    sm_code rc;

    *rows_out = *bytes_out = 0;
    if ((rc = sm_fs_mkdirs(sm_arena_cstr(a, k->path), 0750, err)) == SM_OK)
        rc = write_file(k, select, file, a, rows_out, bytes_out, err);
    if (rc != SM_OK || *rows_out == 0) {
        (void)sm_fs_unlink(file.ptr, &ignored);
        return rc;
    }
    sm_json_set_string(action, "file", file);
    sm_json_set_string(action, "name", name);
    return sm_manifest_add_action(m, sm_manifest_target(m, SM_SV("files"), k->name), action, err);
}

static const sm_json *action_of(const sm_sink *k, const sm_manifest *m)
{
    const sm_json *target = sm_manifest_find_target(m, k->name);

    return sm_json_at(sm_json_get(target, "actions"), 0);
}

static void files_discard(sm_sink *k, const sm_manifest *m)
{
    const sm_json *action = action_of(k, m);
    sm_error ignored;

    if (action != NULL)
        (void)sm_fs_unlink(sm_arena_cstr(m->arena, sm_json_get_sv(action, "file", SM_SV(""))),
                           &ignored);
}

/* ---- publish ---- */

/* Under the name that others read; it may be there from an earlier life. */
static sm_code show(const char *file, const char *final, const char *folder, sm_error *err)
{
    sm_code rc = sm_fs_link(file, final, err);

    if (rc != SM_OK && rc != SM_E_CONFLICT)
        return rc;
    return sm_fs_fsync_dir(folder, err);
}

static sm_code lost(const sm_sink *k, const sm_manifest *m, const char *file, sm_error *err)
{
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "batch %lld was decided, and its file is not there: \"%s\"; bring it back, or "
                   "write all rows again with `smelt checkpoint reset %.*s`",
                   (long long)m->id.n, file, SM_SV_ARG(k->name));
}

/* The next batch takes this one's ".sent" away. */
static void remember(sm_sink *k, const sm_manifest *m, sm_sv sent)
{
    sm_json *memory = sm_json_object(k->arena);
    sm_sv before = sm_json_get_sv(k->memory, "sent", SM_SV(""));
    sm_error ignored;

    if (before.len > 0 && !sm_sv_eq(before, sent))
        (void)sm_fs_unlink(sm_arena_cstr(m->arena, before), &ignored);
    sm_json_set_string(memory, "generation", k->generation);
    sm_json_set_int(memory, "batch", m->id.n);
    sm_json_set_string(memory, "sent", sent);
    k->memory = memory;
}

static sm_code files_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err)
{
    const sm_json *action = action_of(k, m);
    const char *file = sm_arena_cstr(m->arena, sm_json_get_sv(action, "file", SM_SV("")));
    sm_sv folder = sm_path_dir(sm_sv_cstr(file)); /* where it was prepared */
    sm_sv sent = sm_arena_printf(m->arena, "%s.sent", file);
    const char *final = sm_path_join(m->arena, folder, sm_json_get_sv(action, "name", SM_SV("")));
    sm_error ignored;
    sm_code rc = SM_OK;

    if (sm_fs_exists(file)) {
        if ((rc = show(file, final, sm_arena_cstr(m->arena, folder), err)) == SM_OK)
            rc = sm_fs_write_durable(sent.ptr, SM_SV(""), FILE_MODE, err);
        if (rc == SM_OK)
            (void)sm_fs_unlink(file, &ignored); /* what is left is only in the way */
    } else if (!sm_fs_exists(sent.ptr)) {
        rc = lost(k, m, file, err);
    }
    if (rc != SM_OK)
        return rc;
    *version_out = m->id.n;
    remember(k, m, sent);
    return SM_OK;
}

/* ---- looks ---- */

/* A folder does not say what was put into it. */
static sm_code files_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err)
{
    int64_t last = sm_json_get_int(k->memory, "batch", -1); /* of whatever generation */
    bool ours = sm_sv_eq(sm_json_get_sv(k->memory, "generation", SM_SV("")), k->generation);

    (void)a;
    (void)err;
    *out = (sm_target_state){
        .exists = true, .table_id = SM_SV(""), .batch = ours ? last : -1, .version = last
    };
    return SM_OK;
}

static sm_code files_unchanged(sm_sink *k, bool *out, sm_error *err)
{
    (void)k;
    (void)err;
    *out = true;
    return SM_OK;
}

const sm_sink_ops sm_sink_files = {
    .name = "files",
    .summary = "Files of a folder, one for each batch.",
    .options = files_options,
    .config_size = sizeof(files_config),
    .strongest = SM_AT_LEAST_ONCE,
    .open = files_open,
    .prepare = files_prepare,
    .publish = files_publish,
    .discard = files_discard,
    .inspect = files_inspect,
    .unchanged = files_unchanged,
    .close = files_close,
};
