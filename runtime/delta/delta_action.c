/* SPDX-License-Identifier: Apache-2.0 */
/* delta_action.c -- the lines of a Delta commit as structs, and back.
 *
 * Reading is forgiving where the protocol lets writers differ (no stats, no deletion time,
 * fields nobody knows) and strict where a guess would change rows: an add without its path,
 * a size that is no number, a metaData without a schema.
 */
#include "runtime/delta/delta_action.h"

#include <string.h>

#include "runtime/delta/delta_path.h"

/* ---- reading ---- */

static sm_code lacks(sm_error *err, const char *action, const char *field)
{
    return sm_fail(err, SM_E_CORRUPT, 0, "action \"%s\" lacks a valid \"%s\"", action, field);
}

/* A number that is there, or is absent and has a default. */
static bool read_number(const sm_json *j, const char *field, bool required, int64_t *out)
{
    const sm_json *v = sm_json_get(j, field);

    if (v == NULL || sm_json_is_null(v))
        return !required;
    if (!sm_json_is_int(v))
        return false;
    *out = sm_json_int_value(v);
    return true;
}

static bool read_flag(const sm_json *j, const char *field, bool *out)
{
    const sm_json *v = sm_json_get(j, field);

    if (v == NULL || !sm_json_is_bool(v))
        return false;
    *out = sm_json_bool_value(v);
    return true;
}

/* An object, or NULL when it is absent or null. */
static const sm_json *read_object(const sm_json *j, const char *field)
{
    const sm_json *v = sm_json_get(j, field);

    return v != NULL && sm_json_is_object(v) ? v : NULL;
}

static bool read_path(const sm_json *j, sm_arena *a, sm_delta_file *out)
{
    out->path = sm_json_get_sv(j, "path", SM_SV(""));
    out->key = sm_delta_path_decode(out->path, a);
    return out->key.len > 0;
}

/* False: there is one that says what cannot be. */
static bool read_dv(const sm_json *j, sm_arena *a, const sm_delta_dv **out)
{
    const sm_json *v = read_object(j, "deletionVector");
    sm_delta_dv *dv;

    if (v == NULL)
        return true;
    *out = dv = SM_NEW(a, sm_delta_dv);
    return sm_delta_dv_read(v, a, dv);
}

static sm_code read_add(const sm_json *j, sm_arena *a, sm_delta_file *out, sm_error *err)
{
    if (!read_path(j, a, out))
        return lacks(err, "add", "path");
    out->partition_values = read_object(j, "partitionValues");
    if (out->partition_values == NULL)
        return lacks(err, "add", "partitionValues");
    if (!read_number(j, "size", true, &out->size) || out->size < 0)
        return lacks(err, "add", "size");
    if (!read_number(j, "modificationTime", true, &out->time_ms))
        return lacks(err, "add", "modificationTime");
    if (!read_flag(j, "dataChange", &out->data_change))
        return lacks(err, "add", "dataChange");
    out->stats = sm_json_get_sv(j, "stats", SM_SV(""));
    out->tags = read_object(j, "tags");
    return read_dv(j, a, &out->dv) ? SM_OK : lacks(err, "add", "deletionVector");
}

static sm_code read_remove(const sm_json *j, sm_arena *a, sm_delta_file *out, sm_error *err)
{
    out->size = -1;
    if (!read_path(j, a, out))
        return lacks(err, "remove", "path");
    if (!read_flag(j, "dataChange", &out->data_change))
        return lacks(err, "remove", "dataChange");
    if (!read_number(j, "deletionTimestamp", false, &out->time_ms))
        return lacks(err, "remove", "deletionTimestamp");
    if (!read_number(j, "size", false, &out->size))
        return lacks(err, "remove", "size");
    out->partition_values = read_object(j, "partitionValues");
    return read_dv(j, a, &out->dv) ? SM_OK : lacks(err, "remove", "deletionVector");
}

static sm_code read_metadata(const sm_json *j, sm_arena *a, sm_delta_metadata *out, sm_error *err)
{
    out->id = sm_json_get_sv(j, "id", SM_SV(""));
    out->name = sm_json_get_sv(j, "name", SM_SV(""));
    out->description = sm_json_get_sv(j, "description", SM_SV(""));
    out->schema_string = sm_json_get_sv(j, "schemaString", SM_SV(""));
    out->partition_columns = sm_json_get(j, "partitionColumns");
    out->configuration = read_object(j, "configuration");
    if (out->id.len == 0)
        return lacks(err, "metaData", "id");
    if (out->schema_string.len == 0)
        return lacks(err, "metaData", "schemaString");
    if (out->partition_columns == NULL || !sm_json_is_array(out->partition_columns))
        return lacks(err, "metaData", "partitionColumns");
    if (out->configuration == NULL)
        out->configuration = sm_json_object(a);
    if (!read_number(j, "createdTime", false, &out->created_ms))
        return lacks(err, "metaData", "createdTime");
    const sm_json *format = read_object(j, "format");
    if (format != NULL &&
        !sm_sv_eq(sm_json_get_sv(format, "provider", SM_SV("parquet")), SM_SV("parquet")))
        return lacks(err, "metaData", "format");
    return SM_OK;
}

static sm_code read_protocol(const sm_json *j, sm_delta_protocol *out, sm_error *err)
{
    if (!read_number(j, "minReaderVersion", true, &out->min_reader))
        return lacks(err, "protocol", "minReaderVersion");
    if (!read_number(j, "minWriterVersion", true, &out->min_writer))
        return lacks(err, "protocol", "minWriterVersion");
    const sm_json *reader = sm_json_get(j, "readerFeatures");
    const sm_json *writer = sm_json_get(j, "writerFeatures");
    out->reader_features = reader != NULL && sm_json_is_array(reader) ? reader : NULL;
    out->writer_features = writer != NULL && sm_json_is_array(writer) ? writer : NULL;
    return SM_OK;
}

static sm_code read_txn(const sm_json *j, sm_delta_txn *out, sm_error *err)
{
    out->app_id = sm_json_get_sv(j, "appId", SM_SV(""));
    if (out->app_id.len == 0)
        return lacks(err, "txn", "appId");
    if (!read_number(j, "version", true, &out->version))
        return lacks(err, "txn", "version");
    if (!read_number(j, "lastUpdated", false, &out->updated_ms))
        return lacks(err, "txn", "lastUpdated");
    return SM_OK;
}

/* Whatever folder the log says, sidecars are in one. */
static sm_code read_sidecar(const sm_json *j, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv path = sm_delta_path_decode(sm_json_get_sv(j, "path", SM_SV("")), a);

    while (sm_sv_find_char(path, '/') >= 0)
        path = sm_sv_sub(path, (size_t)sm_sv_find_char(path, '/') + 1, path.len);
    *out = path;
    return path.len > 0 ? SM_OK : lacks(err, "sidecar", "path");
}

static const struct action_name {
    const char *name;
    sm_delta_kind kind;
} action_names[] = {
    { "add", SM_DELTA_ADD },           { "remove", SM_DELTA_REMOVE },
    { "metaData", SM_DELTA_METADATA }, { "protocol", SM_DELTA_PROTOCOL },
    { "txn", SM_DELTA_TXN },           { "commitInfo", SM_DELTA_COMMIT_INFO },
    { "sidecar", SM_DELTA_SIDECAR },
};

static sm_code read_kind(sm_delta_kind kind, const sm_json *v, sm_arena *a, sm_delta_action *out,
                         sm_error *err)
{
    switch (kind) {
    case SM_DELTA_ADD:
        return read_add(v, a, &out->u.file, err);
    case SM_DELTA_REMOVE:
        return read_remove(v, a, &out->u.file, err);
    case SM_DELTA_METADATA:
        return read_metadata(v, a, &out->u.metadata, err);
    case SM_DELTA_PROTOCOL:
        return read_protocol(v, &out->u.protocol, err);
    case SM_DELTA_TXN:
        return read_txn(v, &out->u.txn, err);
    case SM_DELTA_SIDECAR:
        return read_sidecar(v, a, &out->u.sidecar, err);
    case SM_DELTA_COMMIT_INFO:
    case SM_DELTA_OTHER:
        break;
    }
    out->u.info = v;
    return SM_OK;
}

sm_code sm_delta_action_read(const sm_json *j, sm_arena *a, sm_delta_action *out, sm_error *err)
{
    *out = (sm_delta_action){ .kind = SM_DELTA_OTHER };
    if (!sm_json_is_object(j))
        return sm_fail(err, SM_E_CORRUPT, 0, "an action is no JSON object");
    for (size_t i = 0; i < sizeof action_names / sizeof *action_names; i++) {
        const sm_json *v = sm_json_get(j, action_names[i].name);
        if (v == NULL || sm_json_is_null(v))
            continue;
        if (!sm_json_is_object(v))
            return sm_fail(err, SM_E_CORRUPT, 0, "action \"%s\" is no JSON object",
                           action_names[i].name);
        out->kind = action_names[i].kind;
        return read_kind(out->kind, v, a, out, err);
    }
    return SM_OK;
}

static bool is_blank(sm_sv line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r')
            return false;
    return true;
}

sm_code sm_delta_action_parse(sm_sv line, sm_arena *a, sm_delta_action *out, sm_error *err)
{
    sm_json *j;
    sm_error why;

    *out = (sm_delta_action){ .kind = SM_DELTA_OTHER };
    if (is_blank(line))
        return SM_OK;
    if (line.len > SM_DELTA_MAX_LINE)
        return sm_fail(err, SM_E_LIMIT, 0, "an action is longer than %d MiB",
                       SM_DELTA_MAX_LINE / (1024 * 1024));
    if (sm_json_parse(line, a, &j, &why) != SM_OK)
        return sm_fail(err, SM_E_CORRUPT, 0, "an action is no JSON: %s", why.msg);
    return sm_delta_action_read(j, a, out, err);
}

bool sm_delta_next_line(sm_sv *text, sm_sv *line)
{
    if (text->len == 0)
        return false;
    const char *end = memchr(text->ptr, '\n', text->len);
    size_t n = end == NULL ? text->len : (size_t)(end - text->ptr);
    size_t taken = end == NULL ? n : n + 1;
    *line = (sm_sv){ text->ptr, n };
    *text = (sm_sv){ text->ptr + taken, text->len - taken };
    return true;
}

sm_code sm_delta_actions_parse(sm_sv text, sm_arena *a, sm_delta_action_fn fn, void *ctx,
                               sm_error *err)
{
    sm_code rc;
    sm_sv line;

    for (size_t number = 1; sm_delta_next_line(&text, &line); number++) {
        sm_delta_action action;
        if ((rc = sm_delta_action_parse(line, a, &action, err)) != SM_OK ||
            (rc = fn(ctx, &action, err)) != SM_OK)
            return sm_wrap(err, "line %zu", number);
    }
    return SM_OK;
}

/* ---- copies ---- */

static const sm_json *copy_json(const sm_json *j, sm_arena *a)
{
    return j == NULL ? NULL : sm_json_copy(a, j);
}

sm_delta_file sm_delta_file_copy(const sm_delta_file *f, sm_arena *a)
{
    sm_delta_file c = *f;

    c.path = sm_arena_dup(a, f->path);
    c.key = sm_arena_dup(a, f->key);
    c.stats = sm_arena_dup(a, f->stats);
    c.partition_values = copy_json(f->partition_values, a);
    c.tags = copy_json(f->tags, a);
    if (f->dv != NULL) {
        sm_delta_dv *dv = SM_NEW(a, sm_delta_dv);
        *dv = *f->dv;
        dv->where = sm_arena_dup(a, dv->where);
        c.dv = dv;
    }
    return c;
}

sm_delta_metadata sm_delta_metadata_copy(const sm_delta_metadata *m, sm_arena *a)
{
    sm_delta_metadata c = *m;

    c.id = sm_arena_dup(a, m->id);
    c.name = sm_arena_dup(a, m->name);
    c.description = sm_arena_dup(a, m->description);
    c.schema_string = sm_arena_dup(a, m->schema_string);
    c.partition_columns = copy_json(m->partition_columns, a);
    c.configuration = copy_json(m->configuration, a);
    return c;
}

sm_delta_protocol sm_delta_protocol_copy(const sm_delta_protocol *p, sm_arena *a)
{
    sm_delta_protocol c = *p;

    c.reader_features = copy_json(p->reader_features, a);
    c.writer_features = copy_json(p->writer_features, a);
    return c;
}

/* ---- writing ---- */

static sm_json *action_of(const char *name, sm_json *body, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set(j, name, body);
    return j;
}

static void set_time(sm_json *j, const char *name, int64_t ms, sm_arena *a)
{
    if (ms != 0)
        sm_json_set(j, name, sm_json_int(a, ms));
}

static void set_text(sm_json *j, const char *name, sm_sv text, sm_arena *a)
{
    if (text.len > 0)
        sm_json_set(j, name, sm_json_string(a, text));
}

static sm_json *copy_or_empty(const sm_json *j, sm_arena *a)
{
    return j == NULL ? sm_json_object(a) : sm_json_copy(a, j);
}

sm_json *sm_delta_add_json(const sm_delta_file *f, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set(j, "path", sm_json_string(a, f->path));
    sm_json_set(j, "partitionValues", copy_or_empty(f->partition_values, a));
    sm_json_set(j, "size", sm_json_int(a, f->size));
    sm_json_set(j, "modificationTime", sm_json_int(a, f->time_ms));
    sm_json_set(j, "dataChange", sm_json_bool(a, f->data_change));
    set_text(j, "stats", f->stats, a);
    if (f->tags != NULL)
        sm_json_set(j, "tags", sm_json_copy(a, f->tags));
    if (f->dv != NULL)
        sm_json_set(j, "deletionVector", sm_delta_dv_json(f->dv, a));
    return action_of("add", j, a);
}

sm_json *sm_delta_remove_json(const sm_delta_file *f, int64_t now_ms, bool data_change, sm_arena *a)
{
    sm_json *j = sm_json_object(a);
    bool described = f->partition_values != NULL && f->size >= 0;

    sm_json_set(j, "path", sm_json_string(a, f->path));
    sm_json_set(j, "deletionTimestamp", sm_json_int(a, now_ms));
    sm_json_set(j, "dataChange", sm_json_bool(a, data_change));
    sm_json_set(j, "extendedFileMetadata", sm_json_bool(a, described));
    if (described) {
        sm_json_set(j, "partitionValues", sm_json_copy(a, f->partition_values));
        sm_json_set(j, "size", sm_json_int(a, f->size));
    }
    if (f->dv != NULL)
        sm_json_set(j, "deletionVector", sm_delta_dv_json(f->dv, a));
    return action_of("remove", j, a);
}

sm_json *sm_delta_metadata_json(const sm_delta_metadata *m, sm_arena *a)
{
    sm_json *j = sm_json_object(a), *format = sm_json_object(a);

    sm_json_set(format, "provider", sm_json_string(a, SM_SV("parquet")));
    sm_json_set(format, "options", sm_json_object(a));
    sm_json_set(j, "id", sm_json_string(a, m->id));
    set_text(j, "name", m->name, a);
    set_text(j, "description", m->description, a);
    sm_json_set(j, "format", format);
    sm_json_set(j, "schemaString", sm_json_string(a, m->schema_string));
    sm_json_set(j, "partitionColumns", sm_json_copy(a, m->partition_columns));
    sm_json_set(j, "configuration", copy_or_empty(m->configuration, a));
    set_time(j, "createdTime", m->created_ms, a);
    return action_of("metaData", j, a);
}

sm_json *sm_delta_protocol_json(const sm_delta_protocol *p, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set(j, "minReaderVersion", sm_json_int(a, p->min_reader));
    sm_json_set(j, "minWriterVersion", sm_json_int(a, p->min_writer));
    if (p->reader_features != NULL && p->min_reader >= 3)
        sm_json_set(j, "readerFeatures", sm_json_copy(a, p->reader_features));
    if (p->writer_features != NULL && p->min_writer >= 7)
        sm_json_set(j, "writerFeatures", sm_json_copy(a, p->writer_features));
    return action_of("protocol", j, a);
}

sm_json *sm_delta_txn_json(const sm_delta_txn *t, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set(j, "appId", sm_json_string(a, t->app_id));
    sm_json_set(j, "version", sm_json_int(a, t->version));
    set_time(j, "lastUpdated", t->updated_ms, a);
    return action_of("txn", j, a);
}

int64_t sm_delta_file_rows(const sm_delta_file *f, sm_arena *a)
{
    sm_json *j;
    sm_error ignored;
    int64_t rows = -1;

    if (f->stats.len == 0 || sm_json_parse(f->stats, a, &j, &ignored) != SM_OK ||
        !sm_json_is_object(j) || !read_number(j, "numRecords", true, &rows) || rows < 0)
        return -1;
    if (f->dv != NULL && f->dv->cardinality <= rows)
        rows -= f->dv->cardinality;
    return rows;
}
