/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_path.c -- columns that come from the path of a file and from the file itself.
 *
 * `k=v` folders below the part of `path` that has no wildcard are columns: day=2026-01-31/ gives
 * every row of the files below it a `day`.  Names and values are percent-decoded;
 * __HIVE_DEFAULT_PARTITION__ is NULL.
 *
 *     partition_columns      what a level is
 *     -------------------    ---------------------------------------------------------
 *     (not given)            each column of the schema that has a level of its name; a
 *                            file without it says the column in its records
 *     [a, b]                 these, wherever in the path; a file without the level: NULL
 *     [""]                   none
 *
 * With recursive_file_lookup folders mean nothing unless partition_columns names them.
 *
 * _metadata is made of the same stuff: values of the file that stand beside each row. */
#include "runtime/sources/source_files_int.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/percent.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/strmap.h"
#include "runtime/connect/decode_infer.h"

enum { PATH_INFER_FILES = 100000 };

#define PATH_CONSTANT "_smelt_" /* + number */

typedef enum path_mode { PATH_AUTO, PATH_LISTED, PATH_NONE } path_mode;

static path_mode path_mode_of(const sm_files_config *config)
{
    const sm_sv_list *list = &config->partition_columns;
    if (list->n == 0)
        return config->recursive_file_lookup ? PATH_NONE : PATH_AUTO;
    return list->n == 1 && list->items[0].len == 0 ? PATH_NONE : PATH_LISTED;
}

/* --- Levels of a path --- */

/* The next `k=v` folder of *rest, which loses it; false at the file's own name. */
static bool path_level(sm_sv *rest, sm_arena *a, sm_sv *key, sm_sv *value)
{
    ptrdiff_t slash, at;
    while ((slash = sm_sv_find_char(*rest, '/')) >= 0) {
        sm_sv part = sm_sv_sub(*rest, 0, (size_t)slash);
        *rest = sm_sv_sub(*rest, (size_t)slash + 1, rest->len);
        if (!sm_files__is_level(part))
            continue;
        at = sm_sv_find_char(part, '=');
        *key = sm_percent_decode(sm_sv_sub(part, 0, (size_t)at), a);
        *value = sm_percent_decode(sm_sv_sub(part, (size_t)at + 1, part.len), a);
        return true;
    }
    return false;
}

static bool path_is_null(sm_sv value)
{
    return value.len == 0 || sm_sv_eq(value, SM_SV("__HIVE_DEFAULT_PARTITION__"));
}

/* The part of a tracked name in which levels are looked for. */
static sm_sv path_levels_of(const sm_files_config *config, path_mode mode, const char *name)
{
    size_t skip = mode == PATH_AUTO ? sm_files__fixed_part(config->path) : 0;
    sm_sv all = sm_sv_cstr(name);
    return sm_sv_sub(all, skip < all.len ? skip : all.len, all.len);
}

/* --- Inference --- */

static sm_code path_infer_file(const sm_files_config *config, path_mode mode, const char *name,
                               sm_infer *in, sm_arena *a, sm_error *err)
{
    sm_sv rest = path_levels_of(config, mode, name), key, value;
    sm_code rc = SM_OK;
    while (rc == SM_OK && path_level(&rest, a, &key, &value)) {
        bool wanted = mode == PATH_AUTO;
        for (size_t i = 0; i < config->partition_columns.n; i++)
            wanted |= sm_sv_eq_nocase(config->partition_columns.items[i], key);
        if (!wanted)
            continue;
        if (sm_utf8_check(key) < key.len || key.len == 0)
            return sm_fail(err, SM_E_INVALID, 0,
                           "file \"%s\": the name of a folder `k=v` is no name of a column; take "
                           "no columns from folders with `partition_columns: [\"\"]`",
                           name);
        rc = sm_infer_text(in, key, path_is_null(value) ? SM_SV("") : value, err);
    }
    return rc;
}

/* Put a column in: its type where the records have one of the name, else at the end. */
static void path_put_column(sm_schema *schema, sm_sv name, sm_sv type)
{
    ptrdiff_t at = sm_schema_find(schema, name);
    if (at < 0) {
        at = (ptrdiff_t)schema->n++;
        schema->columns[at] = (sm_column){ .name = name, .nullable = true };
    }
    schema->columns[at].type = type;
}

sm_code sm_files__infer_levels(const sm_source *s, const sm_files *files, sm_arena *a,
                               sm_schema *out, sm_error *err)
{
    const sm_files_config *config = s->config;
    const sm_sv_list *listed = &config->partition_columns;
    path_mode mode = path_mode_of(config);
    sm_infer *in = sm_infer_new(a, &(sm_infer_rules){ .types = config->infer_column_types });
    size_t n = files->n < PATH_INFER_FILES ? files->n : PATH_INFER_FILES;
    sm_schema levels;
    sm_code rc = SM_OK;
    if (mode == PATH_NONE)
        return SM_OK;
    for (size_t i = 0; mode == PATH_LISTED && rc == SM_OK && i < listed->n; i++)
        rc = sm_infer_text(in, listed->items[i], SM_SV(""), err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = path_infer_file(config, mode, files->items[i].name, in, a, err);
    if (rc != SM_OK || (rc = sm_infer_schema(in, NULL, &levels, err)) != SM_OK)
        return rc;
    sm_schema grown = { SM_NEW_N(a, sm_column, out->n + levels.n + 1), out->n };
    if (out->n > 0)
        memcpy(grown.columns, out->columns, out->n * sizeof *grown.columns);
    for (size_t i = 0; i < levels.n; i++)
        path_put_column(&grown, levels.columns[i].name, levels.columns[i].type);
    *out = grown;
    return SM_OK;
}

/* --- Which columns of the schema are levels --- */

/* Without a header, and in text files, records have no names: what is no field comes from the
 * path. */
static bool path_is_nameless(const sm_source *s, size_t column)
{
    const sm_files_config *config = s->config;
    if (config->format == SM_FILES_TEXT)
        return column > 0;
    return config->format == SM_FILES_CSV && !config->header && !s->schema_declared &&
           !sm_sv_starts(s->schema->columns[column].name, SM_SV("column_"));
}

static sm_code path_listed(const sm_source *s, bool *levels, sm_error *err)
{
    const sm_files_config *config = s->config;
    for (size_t i = 0; i < config->partition_columns.n; i++) {
        ptrdiff_t at = sm_schema_find(s->schema, config->partition_columns.items[i]);
        if (at < 0)
            return sm_fail(
                err, SM_E_INVALID, 0,
                "option \"partition_columns\": the schema has no column \"%.*s\"; add it "
                "to `schema` with its type",
                SM_SV_ARG(config->partition_columns.items[i]));
        levels[at] = true;
    }
    return SM_OK;
}

static void path_found(const sm_source *s, sm_arena *a, bool *levels)
{
    const sm_files_config *config = s->config;
    const sm_files_state *f = s->state;
    for (size_t i = 0; i < f->files.n; i++) {
        sm_sv rest = path_levels_of(config, PATH_AUTO, f->files.items[i].name), key, value;
        while (path_level(&rest, a, &key, &value)) {
            ptrdiff_t at = sm_schema_find(s->schema, key);
            if (at >= 0)
                levels[at] = true;
        }
    }
}

/* --- Values --- */

static void path_add_constant(sm_files_extra *x, sm_arena *a, sm_sv type)
{
    x->schema.columns[x->schema.n] = (sm_column){
        .name = sm_arena_printf(a, PATH_CONSTANT "%zu", x->schema.n), .type = type, .nullable = true
    };
    x->schema.n++;
}

static sm_code path_set(sm_files_extra *x, size_t constant, size_t file, sm_sv text, sm_error *err)
{
    x->texts[constant * x->n_files + file] = text;
    return sm_decode_constants_set(x->constants, constant, file, text, err);
}

static sm_code path_set_levels(const sm_source *s, sm_files_extra *x, const size_t *constant_of,
                               size_t file, sm_arena *a, sm_error *err)
{
    const sm_files_config *config = s->config;
    const sm_files_state *f = s->state;
    const char *name = f->files.items[file].name;
    sm_sv rest = path_levels_of(config, path_mode_of(config), name), key, value;
    while (path_level(&rest, a, &key, &value)) {
        ptrdiff_t at = sm_schema_find(s->schema, key);
        if (at < 0 || constant_of[at] == SIZE_MAX || path_is_null(value))
            continue;
        if (path_set(x, constant_of[at], file, value, err) != SM_OK)
            return sm_fail(err, err->code, 0,
                           "file \"%s\": folder \"%.*s=…\": %s; give the column a type that all "
                           "folders have, with `schema_hints: \"%.*s VARCHAR\"` before the first "
                           "run",
                           name, SM_SV_ARG(key), sm_arena_printf(a, "%s", err->msg).ptr,
                           SM_SV_ARG(key));
    }
    return SM_OK;
}

static sm_code path_uri(const sm_file *file, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv name = sm_sv_cstr(file->name), rest;
    const char *path;
    if (sm_sv_starts(name, SM_SV("s3://"))) {
        rest = sm_percent_encode(sm_sv_sub(name, 5, name.len), a);
        *out = sm_arena_printf(a, "s3://%.*s", SM_SV_ARG(rest));
        return SM_OK;
    }
    if ((path = sm_path_absolute(a, file->path, err)) == NULL)
        return err->code;
    rest = sm_percent_encode(sm_sv_cstr(path), a);
    *out = sm_arena_printf(a, "file://%.*s", SM_SV_ARG(rest));
    return SM_OK;
}

/* The four values of _metadata, as the constants from `first` on. */
static sm_code path_set_metadata(sm_files_extra *x, size_t first, size_t i, const sm_file *file,
                                 sm_arena *a, sm_error *err)
{
    sm_sv base = sm_path_base(sm_sv_cstr(file->name)), uri;
    sm_code rc = path_uri(file, a, &uri, err);
    if (rc != SM_OK)
        return rc;
    if (sm_utf8_check(base) < base.len)
        base = sm_percent_encode(base, a);
    if ((rc = path_set(x, first, i, uri, err)) != SM_OK ||
        (rc = path_set(x, first + 1, i, base, err)) != SM_OK ||
        (rc = path_set(x, first + 2, i, sm_arena_printf(a, "%lld", (long long)file->size), err)) !=
            SM_OK)
        return rc;
    return path_set(x, first + 3, i, sm_time_rfc3339(file->mtime_ns / 1000000, a), err);
}

static sm_sv path_behind(const sm_source *s, size_t first, sm_arena *a)
{
    return sm_arena_printf(
        a,
        ", struct_pack(file_path := " PATH_CONSTANT "%zu, file_name := " PATH_CONSTANT "%zu, "
        "file_size := " PATH_CONSTANT "%zu, file_modification_time := CAST(" PATH_CONSTANT
        "%zu AS TIMESTAMP), file_block_start := CAST(0 AS BIGINT), "
        "file_block_length := " PATH_CONSTANT
        "%zu) AS \"_metadata\", make_timestamp(CAST(%lld AS BIGINT)) AS \"_ingested_at\"",
        first, first + 1, first + 2, first + 3, first + 2, (long long)s->batch_time_ms * 1000);
}

/* The schema of the constants, and which column each stands for. */
static sm_code path_layout(const sm_source *s, sm_files_extra *x, size_t *constant_of, sm_arena *a,
                           sm_error *err)
{
    const sm_files_config *config = s->config;
    path_mode mode = path_mode_of(config);
    bool *levels = SM_NEW_N(a, bool, s->schema->n + 1);
    sm_code rc = SM_OK;
    if (mode == PATH_LISTED)
        rc = path_listed(s, levels, err);
    else if (mode == PATH_AUTO)
        path_found(s, a, levels);
    x->schema.columns = SM_NEW_N(a, sm_column, s->schema->n + 5);
    x->instead = SM_NEW_N(a, sm_sv, s->schema->n + 1);
    x->only = SM_NEW_N(a, bool, s->schema->n + 1);
    for (size_t i = 0; i < s->schema->n; i++) {
        bool nameless = mode != PATH_NONE && path_is_nameless(s, i);
        constant_of[i] = SIZE_MAX;
        x->instead[i] = SM_SV("");
        if (!levels[i] && !nameless)
            continue;
        constant_of[i] = x->schema.n;
        path_add_constant(x, a, s->schema->columns[i].type);
        x->instead[i] = x->schema.columns[constant_of[i]].name;
        x->only[i] =
            mode == PATH_LISTED || nameless || (config->format == SM_FILES_CSV && !config->header);
        x->n_levels++;
    }
    return rc;
}

sm_code sm_files__extra(const sm_source *s, sm_arena *a, sm_files_extra *x, sm_error *err)
{
    const sm_files_state *f = s->state;
    size_t *constant_of = SM_NEW_N(a, size_t, s->schema->n + 1), first;
    sm_code rc;
    *x = (sm_files_extra){ .n_files = f->files.n, .behind = SM_SV("") };
    if ((rc = path_layout(s, x, constant_of, a, err)) != SM_OK)
        return rc;
    first = x->schema.n;
    for (size_t i = 0; s->metadata && i < 4; i++)
        path_add_constant(x, a,
                          i < 2    ? SM_SV("VARCHAR")
                          : i == 2 ? SM_SV("BIGINT")
                                   : SM_SV("TIMESTAMP"));
    if (s->metadata)
        x->behind = path_behind(s, first, a);
    if (x->schema.n == 0)
        return SM_OK;
    x->texts = SM_NEW_N(a, sm_sv, x->schema.n * x->n_files + 1);
    rc = sm_decode_constants_new(&x->schema, x->n_files, a, &x->constants, err);
    for (size_t i = 0; rc == SM_OK && i < x->n_files; i++) {
        rc = path_set_levels(s, x, constant_of, i, a, err);
        if (rc == SM_OK && s->metadata)
            rc = path_set_metadata(x, first, i, &f->files.items[i], a, err);
    }
    return rc;
}
