/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_infer.c -- columns from the first records of the files that are there.
 *
 * Up to INFER_FILES files share INFER_BYTES: each gives its first lines.  The files are
 * taken in the order in which they would be read. */
#include "runtime/sources/source_files_int.h"

#include <string.h>

#include "runtime/connect/decode_hints.h"
#include "runtime/connect/decode_infer.h"

enum {
    INFER_FILES = 1000,
    INFER_BYTES = 16 * 1024 * 1024,
    INFER_LEAST = 16 * 1024,         /* of one file */
    INFER_FETCH = 256 * 1024 * 1024, /* of a bucket objects come whole: these, or one */
};

static int64_t infer_share(size_t n_files)
{
    size_t share = INFER_BYTES / n_files;
    return share < INFER_LEAST ? INFER_LEAST : (int64_t)share;
}

/* The fields of a CSV file, or why its header is none. */
static const char *infer_names(const sm_files_state *f, sm_decode_block *block, sm_arena *a,
                               sm_sv **names, size_t *n)
{
    const char *fault = sm_files__csv_names(f, block, a, names, n);
    size_t twice;
    if (fault != NULL || (twice = sm_files__csv_twice(*names, *n, a)) == *n)
        return fault;
    return sm_arena_printf(a, "the header is none: field \"%.*s\" stands twice in it",
                           SM_SV_ARG((*names)[twice]))
        .ptr;
}

/* *fault: why the file has no columns, or NULL. */
static sm_code infer_file(const sm_source *s, sm_infer *in, const sm_decode_file *files,
                          size_t file, int64_t limit, sm_decode_block *block, const char **fault,
                          sm_arena *a, sm_error *err)
{
    const sm_files_config *config = s->config;
    const sm_files_state *f = s->state;
    sm_sv *names;
    size_t n;
    sm_code rc = sm_decode_block_head(files, file, limit, block, err);
    if (rc != SM_OK)
        return rc;
    if (config->format == SM_FILES_JSON) {
        sm_infer_ndjson(in, block);
        return SM_OK;
    }
    if ((*fault = infer_names(f, block, a, &names, &n)) != NULL || (n == 0 && block->left_out < 0))
        return SM_OK;
    /* splitting wrote to the first line, which may be a record: take it afresh */
    if ((rc = sm_decode_block_head(files, file, limit, block, err)) == SM_OK)
        rc = sm_infer_csv(in, &f->dialect, block, names, n, err);
    return rc;
}

static sm_infer_rules infer_rules(const sm_files_config *config)
{
    return (sm_infer_rules){
        .types = config->infer_column_types,
        .primitives_as_string = config->primitives_as_string,
        .prefers_decimal = config->prefers_decimal,
    };
}

/* `gate` of NULL: the files are there. */
static sm_code infer_records(const sm_source *s, const sm_files *files, const sm_decode_gate *gate,
                             sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_files_config *config = s->config;
    const sm_files_state *f = s->state;
    sm_decode_file *decode = sm_files__decode_files(f, files, a);
    const sm_infer_rules rules = infer_rules(config);
    sm_infer *in = sm_infer_new(a, &rules);
    size_t n = files->n < INFER_FILES ? files->n : INFER_FILES, faulty = 0;
    const char *first = "";
    sm_decode_block block;
    sm_code rc = SM_OK;
    sm_decode_block_init(&block);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        const char *fault = NULL;
        decode[i].gate = gate;
        rc = infer_file(s, in, decode, i, infer_share(n), &block, &fault, a, err);
        if (fault != NULL && faulty++ == 0)
            first = sm_arena_printf(a, "%s:1: %s", decode[i].name, fault).ptr;
    }
    if (rc == SM_OK && faulty == n && n > 0) /* a batch can do without them, this cannot */
        rc = sm_fail(err, SM_E_INVALID, 0, "%s", first);
    if (rc == SM_OK)
        rc = sm_infer_schema(in, decode, out, err);
    sm_decode_block_release(&block);
    return rc;
}

/* The fields of the header of each CSV file. */
static sm_code infer_headers(const sm_source *s, const sm_decode_file *files, size_t n_files,
                             sm_sv **names, size_t *n, sm_arena *a, sm_error *err)
{
    sm_decode_block block;
    sm_code rc = SM_OK;
    sm_decode_block_init(&block);
    for (size_t i = 0; rc == SM_OK && i < n_files; i++) {
        if (files[i].fault == NULL &&
            (rc = sm_decode_block_head(files, i, SM_FILES_HEADER, &block, err)) == SM_OK)
            (void)sm_files__csv_names(s->state, &block, a, &names[i], &n[i]);
    }
    sm_decode_block_release(&block);
    return rc;
}

static sm_code infer_blocks(const sm_source *s, sm_infer *in, sm_decode_blocks *blocks,
                            const sm_decode_file *files, sm_sv *const *names, const size_t *n,
                            sm_error *err)
{
    const sm_files_state *f = s->state;
    const sm_files_config *config = s->config;
    sm_decode_block block;
    bool more = true;
    sm_code rc;
    sm_decode_block_init(&block);
    while ((rc = sm_decode_block_next(blocks, &block, &more, err)) == SM_OK && more) {
        if (config->format == SM_FILES_JSON)
            sm_infer_ndjson(in, &block);
        else if (files[block.file].fault != NULL)
            continue;
        else if ((rc = sm_infer_csv(in, &f->dialect, &block, names[block.file], n[block.file],
                                    err)) != SM_OK)
            break;
    }
    sm_decode_block_release(&block);
    return rc;
}

sm_code sm_files__infer_batch(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_files_config *config = s->config;
    const sm_files_state *f = s->state;
    sm_decode_file *files = sm_files__decode_files(f, &f->files, a);
    const sm_infer_rules rules = infer_rules(config);
    sm_infer *in = sm_infer_new(a, &rules);
    sm_sv **names = SM_NEW_N(a, sm_sv *, f->files.n + 1);
    size_t *n = SM_NEW_N(a, size_t, f->files.n + 1);
    sm_decode_blocks *blocks;
    sm_code rc = SM_OK;
    *out = (sm_schema){ 0 };
    if (config->format == SM_FILES_CSV &&
        (rc = infer_headers(s, files, f->files.n, names, n, a, err)) != SM_OK)
        return rc;
    blocks = sm_decode_blocks_new(files, f->files.n, 0);
    if ((rc = infer_blocks(s, in, blocks, files, names, n, err)) == SM_OK)
        rc = sm_infer_schema(in, files, out, err);
    sm_decode_blocks_free(blocks);
    return rc == SM_OK && out->n > 0 ? sm_decode_apply_hints(s->schema_hints, a, out, err) : rc;
}

ptrdiff_t sm_files__extra_column(const sm_source *s, sm_sv name)
{
    ptrdiff_t at = name.len > 0 ? sm_schema_find(s->schema, name) : -1;
    return at >= 0 && sm_sv_eq_str(s->schema->columns[at].type, "VARCHAR") ? at : -1;
}

static sm_code infer_extras(const sm_files_config *config, sm_arena *a, sm_schema *out,
                            sm_error *err)
{
    sm_code rc = SM_OK;
    if (config->format != SM_FILES_PARQUET)
        rc = sm_infer_add_column(config->corrupt_column, "corrupt_record_column", "the data has", a,
                                 out, err);
    if (rc == SM_OK)
        rc = sm_infer_add_column(config->rescued_column, "rescued_data_column", "the data has", a,
                                 out, err);
    return rc;
}

static void infer_text_column(sm_arena *a, sm_schema *out)
{
    out->columns = SM_NEW(a, sm_column);
    out->columns[0] =
        (sm_column){ .name = SM_SV("value"), .type = SM_SV("VARCHAR"), .nullable = true };
    out->n = 1;
}

/* Of all objects only the first ones. */
static void infer_cut(sm_files *files)
{
    int64_t bytes = 0;
    size_t n = 0;
    while (n < files->n && n < INFER_FILES &&
           (n == 0 || bytes + files->items[n].size < INFER_FETCH))
        bytes += files->items[n++].size;
    files->n = n;
}

/* Each object is looked at as soon as it is there; *overwritten: one was. */
static sm_code infer_following(const sm_source *s, const sm_files *files, sm_arena *a,
                               sm_schema *out, bool *overwritten, sm_error *err)
{
    sm_files_fetch *fetch;
    sm_code rc = sm_files__fetch_begin(s, a, files, &fetch, err);
    if (rc == SM_OK)
        rc = infer_records(s, files, sm_files__fetch_gate(fetch), a, out, err);
    *overwritten = sm_files__fetch_end(fetch);
    return rc;
}

/* The files are there. */
static sm_code infer_files(sm_source *s, const sm_files *files, sm_arena *a, sm_schema *out,
                           sm_error *err)
{
    return ((const sm_files_config *)s->config)->format == SM_FILES_PARQUET
               ? sm_files__infer_parquet(s, files, a, out, err)
               : infer_records(s, files, NULL, a, out, err);
}

static sm_code infer_objects(sm_source *s, sm_files *files, sm_arena *a, sm_schema *out,
                             sm_error *err)
{
    const sm_files_config *config = s->config;
    bool *changed, overwritten = false;
    sm_code rc;
    infer_cut(files);
    if (files->n == 0)
        return SM_OK;
    if (config->format != SM_FILES_PARQUET) {
        rc = infer_following(s, files, a, out, &overwritten, err);
        if (!overwritten)
            return rc;
    }
    changed = SM_NEW_N(a, bool, files->n);
    rc = sm_files__fetch(s, a, files, changed, err);
    return rc == SM_OK ? infer_files(s, files, a, out, err) : rc;
}

static sm_code infer_columns(sm_source *s, const sm_files *all, sm_arena *a, sm_schema *out,
                             sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files looked = *all, *files = &looked;
    sm_code rc = sm_files__refuse_compressed(config->format, files, err);
    if (rc == SM_OK && sm_files__in_bucket(s))
        return infer_objects(s, files, a, out, err);
    return rc == SM_OK && files->n > 0 ? infer_files(s, files, a, out, err) : rc;
}

sm_code sm_files__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_state *f = s->state;
    sm_files files = { 0 };
    sm_code rc;
    *out = (sm_schema){ 0 };
    f->infers = true;
    rc = sm_files__list(s, a, &files, err);
    f->infers = false;
    if (rc != SM_OK)
        return rc;
    if (config->format == SM_FILES_TEXT)
        infer_text_column(a, out);
    else
        rc = infer_columns(s, &files, a, out, err);
    if (rc == SM_OK && out->n > 0)
        rc = sm_files__infer_levels(s, &files, a, out, err);
    if (rc == SM_OK && out->n > 0 && config->format != SM_FILES_TEXT)
        rc = sm_decode_apply_hints(s->schema_hints, a, out, err);
    if (rc == SM_OK && out->n > 0 && config->format != SM_FILES_TEXT)
        rc = infer_extras(config, a, out, err);
    return rc;
}
