/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_read.c -- JSON, CSV and text files as a relation. */
#include "runtime/sources/source_files_int.h"

#include <string.h>

#include "runtime/base/strmap.h"

/* A record that was set aside, with its header where there is one to be read. */
static void files_take_kept(const sm_files_state *f, size_t i, sm_decode_file *out)
{
    const sm_kept_record *r = &f->kept->records[i];
    out->path = f->kept->path;
    out->framing = f->of_kept;
    out->staged = true;
    out->begin = f->dialect.header && r->header >= 0 ? r->header : r->begin;
    out->size = r->end - out->begin;
}

sm_decode_file *sm_files__decode_files(const sm_files_state *f, const sm_files *files, sm_arena *a)
{
    sm_decode_file *out = SM_NEW_N(a, sm_decode_file, files->n + 1);
    for (size_t i = 0; i < files->n; i++) {
        const sm_file *file = &files->items[i];
        out[i] = (sm_decode_file){ .path = file->path,
                                   .name = file->name,
                                   .size = file->size,
                                   .mtime_us = file->mtime_ns / 1000,
                                   .framing = f->framing };
        if (f->fetch != NULL && files == &f->files)
            out[i].gate = sm_files__fetch_gate(f->fetch);
        if (f->kept != NULL && files == &f->files)
            files_take_kept(f, i, &out[i]);
        if (f->faults != NULL && files == &f->files)
            out[i].fault = f->faults[i];
    }
    return out;
}

/* --- Headers of CSV files --- */

static const char *csv_why(sm_arena *a, const char *why)
{
    return sm_arena_printf(a, "the header is none: %s", why).ptr;
}

/* The header at `p`, split; borrowed from `block`.  Why it is none, or NULL. */
static const char *csv_header(const sm_csv_dialect *dialect, char *p, const sm_decode_block *block,
                              sm_arena *a, sm_sv **names, size_t *n)
{
    sm_decode_fault fault = { 0 };
    const char *end = sm_csv_ends(dialect, p, block->end);
    size_t cap = 0;
    *n = 0;
    for (;; p++) {
        sm_csv_field field;
        if ((p = sm_csv_take(dialect, p, end, &field, &fault)) == NULL)
            return csv_why(a, fault.reason);
        if (*n == cap) {
            sm_sv *grown = SM_NEW_N(a, sm_sv, cap * 2 + 16);
            if (*n > 0)
                memcpy(grown, *names, *n * sizeof *grown);
            *names = grown;
            cap = cap * 2 + 16;
        }
        sm_sv name = sm_sv_trim((sm_sv){ field.text, field.len });
        if (sm_utf8_check(name) < name.len)
            return csv_why(a, "it is no UTF-8");
        if (name.len == 0)
            return csv_why(a, sm_arena_printf(a, "field %zu has no name", *n + 1).ptr);
        (*names)[(*n)++] = sm_arena_dup(a, name);
        if (*p == '\n')
            return NULL;
    }
}

size_t sm_files__csv_twice(const sm_sv *names, size_t n, sm_arena *a)
{
    sm_strmap *seen = sm_strmap_new(a);
    size_t before;
    for (size_t i = 0; i < n; i++) {
        if (sm_strmap_get(seen, names[i], &before))
            return i;
        sm_strmap_put(seen, names[i], i);
    }
    return n;
}

/* column_0, column_1, … as many as the first line has fields. */
static void csv_numbered(sm_arena *a, sm_sv *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        names[i] = sm_arena_printf(a, "column_%zu", i);
}

const char *sm_files__csv_names(const sm_files_state *f, sm_decode_block *block, sm_arena *a,
                                sm_sv **names, size_t *n)
{
    *n = 0;
    *names = NULL;
    if (block->left_out == 0 && strcmp(block->why, SM_DECODE_TOO_LONG) == 0)
        return csv_why(a, SM_DECODE_TOO_LONG);
    char *first = sm_csv_begins(&f->dialect, block->data, block->end);
    if (first == block->end)
        return NULL; /* an empty file has no fields and no rows */
    if (f->dialect.header)
        return csv_header(&f->dialect, first, block, a, names, n);
    const char *end = sm_csv_ends(&f->dialect, first, block->end);
    sm_decode_fault ignored = { .quiet = true };
    sm_csv_field field;
    for (char *p = first; (p = sm_csv_take(&f->dialect, p, end, &field, &ignored)) != NULL; p++) {
        ++*n;
        if (*p == '\n')
            break;
    }
    *names = SM_NEW_N(a, sm_sv, *n + 1);
    csv_numbered(a, *names, *n);
    return NULL;
}

/* With a column for rescued data: does the name differ from a column only in case, or is it that
 * column's own? */
static bool csv_is_twin(const sm_source *s, sm_sv name)
{
    const sm_files_config *config = s->config;
    return sm_files__extra_column(s, config->rescued_column) >= 0 &&
           sm_schema_find(s->schema, name) >= 0;
}

/* How many fields of the header would be columns, were that the separator? */
static size_t csv_columns_with(const sm_strmap *columns, sm_sv header, char sep)
{
    size_t n = 0, column;
    while (header.len > 0) {
        ptrdiff_t at = sm_sv_find_char(header, sep);
        size_t len = at < 0 ? header.len : (size_t)at;
        sm_sv name = sm_sv_trim(sm_sv_sub(header, 0, len));
        if (name.len > 1 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"')
            name = sm_sv_sub(name, 1, name.len - 2);
        n += sm_strmap_get(columns, name, &column);
        header = sm_sv_sub(header, len + (at >= 0), header.len);
    }
    return n;
}

/* The fault, and the separator that would give columns, where this one gives none. */
static const char *csv_hint_sep(const sm_files_state *f, const sm_strmap *columns, sm_sv header,
                                const char *fault)
{
    static const char seps[] = ",;\t|:";
    size_t most = 0;
    char best = '\0';
    if (csv_columns_with(columns, header, f->dialect.sep) > 0)
        return fault;
    for (const char *sep = seps; *sep != '\0'; sep++) {
        size_t n = csv_columns_with(columns, header, *sep);
        if (n > most) {
            most = n;
            best = *sep;
        }
    }
    if (most == 0)
        return fault;
    return sm_arena_printf(f->read, "%s; with `sep: \"%.*s\"` it would have columns of the schema",
                           fault, best == '\t' ? 2 : 1, best == '\t' ? "\\t" : &best)
        .ptr;
}

/* Why the fields cannot be told apart, or NULL. */
static const char *csv_judge_header(const sm_files_state *f, const sm_strmap *columns,
                                    const sm_sv *names, size_t n)
{
    sm_strmap *fed = sm_strmap_new(f->read);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        size_t column, before;
        if (!sm_strmap_get(columns, names[i], &column))
            continue;
        if (sm_strmap_get(fed, names[i], &before))
            return csv_why(f->read, sm_arena_printf(f->read, "field \"%.*s\" stands twice in it",
                                                    SM_SV_ARG(names[i]))
                                        .ptr);
        sm_strmap_put(fed, names[i], i);
        any = true;
    }
    return any || n == 0 ? NULL : csv_why(f->read, "no field is a column of the schema");
}

/* Which column each field of the header feeds. */
static sm_code csv_map_header(const sm_source *s, const sm_strmap *columns, const sm_sv *names,
                              size_t n, const sm_decode_file *file, sm_csv_fields *out,
                              sm_error *err)
{
    sm_files_state *f = s->state;
    int32_t *map = SM_NEW_N(f->read, int32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t column;
        map[i] = -1;
        if (sm_strmap_get(columns, names[i], &column)) {
            map[i] = (int32_t)column;
            continue;
        }
        if (csv_is_twin(s, names[i]))
            continue; /* rescued */
        f->unknown = true;
        if (sm_evolution_stays(s->evolution) || sm_files__grows(s))
            continue;
        ptrdiff_t twin = sm_schema_find(s->schema, names[i]);
        return sm_decode_unknown_field(
            names[i], twin < 0 ? SM_SV("") : s->schema->columns[twin].name, 0, file->name, 1, err);
    }
    *out = (sm_csv_fields){ map, names, n };
    return SM_OK;
}

/* The columns that the data feeds, in their order: not those that the path gives. */
static sm_csv_fields csv_in_order(const sm_source *s, const sm_files_extra *x, ptrdiff_t rescued,
                                  ptrdiff_t corrupt)
{
    const sm_files_state *f = s->state;
    int32_t *map = SM_NEW_N(f->read, int32_t, s->schema->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->schema->n; i++)
        if (!x->only[i] && (ptrdiff_t)i != rescued && (ptrdiff_t)i != corrupt)
            map[n++] = (int32_t)i;
    return (sm_csv_fields){ .map = map, .n = n };
}

/* Keep the text of the header; is it that of the file before, which has been read? */
static bool csv_same_header(const sm_files_state *f, const sm_decode_block *block,
                            sm_decode_file *files, size_t i)
{
    char *first = sm_csv_begins(&f->dialect, block->data, block->end);
    sm_sv text = { first, 0 };
    if (first == block->end)
        return false;
    text.len = (size_t)(sm_csv_ends(&f->dialect, first, block->end) - first);
    if (text.len > 0 && first[text.len - 1] == '\r')
        text.len--;
    if (i > 0 && files[i - 1].header.ptr != NULL && sm_sv_eq(text, files[i - 1].header)) {
        files[i].header = files[i - 1].header;
        return true;
    }
    files[i].header = sm_arena_dup(f->read, text);
    return false;
}

/* The names of the fields of a file, or why its header is none. */
static const char *csv_read_header(const sm_source *s, const sm_strmap *columns,
                                   sm_decode_block *block, sm_sv header, sm_sv **names, size_t *n)
{
    const sm_files_state *f = s->state;
    const char *fault = sm_files__csv_names(f, block, f->read, names, n);
    if (fault == NULL)
        fault = csv_judge_header(f, columns, *names, *n);
    return fault == NULL ? NULL : csv_hint_sep(f, columns, header, fault);
}

/* The fields of each file: from its header, or the columns in their order. */
static sm_code csv_fields(const sm_source *s, const sm_files_extra *x, sm_decode_file *files,
                          size_t n_files, sm_csv_fields *out, sm_error *err)
{
    sm_files_state *f = s->state;
    const sm_files_config *config = s->config;
    sm_strmap *columns = sm_strmap_new(f->read);
    ptrdiff_t rescued = sm_files__extra_column(s, config->rescued_column);
    ptrdiff_t corrupt = sm_files__extra_column(s, config->corrupt_column);
    sm_decode_block block;
    sm_code rc = SM_OK;
    const sm_csv_fields in_order = csv_in_order(s, x, rescued, corrupt);
    for (size_t i = 0; i < s->schema->n; i++) {
        if ((ptrdiff_t)i != rescued && (ptrdiff_t)i != corrupt)
            sm_strmap_put(columns, s->schema->columns[i].name, i);
    }
    f->faults = SM_NEW_N(f->read, const char *, n_files + 1);
    sm_decode_block_init(&block);
    for (size_t i = 0; rc == SM_OK && i < n_files; i++) {
        sm_sv *names = NULL;
        size_t n = 0;
        out[i] = in_order;
        if (!f->dialect.header)
            continue;
        if ((rc = sm_decode_block_head(files, i, SM_FILES_HEADER, &block, err)) != SM_OK)
            break;
        if (csv_same_header(f, &block, files, i)) {
            out[i] = out[i - 1];
            f->faults[i] = files[i].fault = files[i - 1].fault;
            continue;
        }
        files[i].fault = csv_read_header(s, columns, &block, files[i].header, &names, &n);
        if ((f->faults[i] = files[i].fault) == NULL)
            rc = csv_map_header(s, columns, names, n, &files[i], &out[i], err);
        else if (s->on_decode_error == SM_DECODE_FAIL && corrupt < 0)
            rc = sm_fail(err, SM_E_INVALID, 0, "%s:1: %s", files[i].name, files[i].fault);
    }
    sm_decode_block_release(&block);
    return rc;
}

/* --- Reading and judging --- */

static sm_decode_format files_decode_format(int format)
{
    if (format == SM_FILES_CSV)
        return SM_DECODE_FORMAT_CSV;
    return format == SM_FILES_TEXT ? SM_DECODE_FORMAT_TEXT : SM_DECODE_FORMAT_NDJSON;
}

/* What packs files and is not known here; a name says it. */
sm_code sm_files__refuse_compressed(int format, const sm_files *files, sm_error *err)
{
    static const char *const endings[] = { ".bz2", ".xz", ".lz4", ".snappy", ".zip", ".Z", NULL };
    if (format == SM_FILES_PARQUET)
        return SM_OK; /* compresses inside */
    for (size_t i = 0; i < files->n; i++) {
        for (const char *const *e = endings; *e != NULL; e++) {
            if (sm_sv_ends(sm_sv_cstr(files->items[i].name), sm_sv_cstr(*e)))
                return sm_fail(err, SM_E_INVALID, 0,
                               "file \"%s\" is compressed in a way that is not supported; "
                               "`.gz` and `.zst` are",
                               files->items[i].name);
        }
    }
    return SM_OK;
}

/* The columns that the data does not feed. */
static sm_decode_aside files_aside(const sm_source *s, const sm_decode_what *what)
{
    const sm_files_config *config = s->config;
    sm_decode_aside aside = { .files = what->files };
    ptrdiff_t rescued = sm_files__extra_column(s, config->rescued_column);
    ptrdiff_t corrupt = sm_files__extra_column(s, config->corrupt_column);
    if (rescued >= 0)
        aside.rescued = &what->columns[rescued];
    if (corrupt >= 0)
        aside.corrupt = &what->columns[corrupt];
    return aside;
}

sm_code sm_files__read_text(sm_source *s, bool at_once, sm_sv view, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_state *f = s->state;
    sm_decode_column *columns;
    sm_decode_extra *extra = SM_NEW(f->read, sm_decode_extra);
    sm_files_extra x;
    sm_decode_file *files = sm_files__decode_files(f, &f->files, f->read);
    sm_decode_what what = {
        .format = files_decode_format(config->format),
        .files = files,
        .n_files = f->files.n,
        .dialect = &f->dialect,
        .strict_records = at_once && s->on_decode_error == SM_DECODE_FAIL,
        .keep_bad = s->on_decode_error == SM_DECODE_QUARANTINE,
        .strict_fields = at_once && !sm_evolution_stays(s->evolution) && !sm_files__grows(s),
    };
    sm_code rc;
    if ((rc = sm_files__refuse_compressed(config->format, &f->files, err)) != SM_OK ||
        (rc = sm_decode_columns(s->schema, f->read, &columns, err)) != SM_OK ||
        (rc = sm_files__extra(s, f->read, &x, err)) != SM_OK)
        return rc;
    what.columns = columns;
    what.n_columns = s->schema->n;
    what.aside = files_aside(s, &what);
    if (config->format == SM_FILES_TEXT &&
        (s->schema->n != 1 + x.n_levels || columns[0].kind != SM_DECODE_VARCHAR))
        return sm_fail(err, SM_E_INVALID, 0, "a text source has one column, and it is VARCHAR");
    for (size_t i = 0; i < s->schema->n; i++)
        if (x.only[i]) { /* whatever the records have there is passed over */
            columns[i].kind = SM_DECODE_VARCHAR;
            columns[i].type_text = SM_SV("VARCHAR");
            columns[i].size = sizeof(sm_decode_string);
        }
    if (config->format == SM_FILES_CSV) {
        sm_csv_fields *fields = SM_NEW_N(f->read, sm_csv_fields, f->files.n + 1);
        if ((rc = csv_fields(s, &x, files, what.n_files, fields, err)) != SM_OK)
            return rc;
        if (f->unknown && sm_files__grows(s) && (rc = sm_files__grow(s, NULL, err)) != SM_OK)
            return rc;
        what.fields = fields;
    }
    *extra = (sm_decode_extra){ x.constants, x.instead, x.only, x.behind };
    if (x.schema.n > 0)
        what.extra = extra;
    return sm_decode_relation_new(&what, s->session, view, &f->relation, err);
}

sm_code sm_files__judge_text(sm_source *s, sm_error *err)
{
    const sm_files_state *f = s->state;
    const sm_decode_run *run = sm_decode_relation_run(f->relation);
    const sm_decode_tally *t = sm_decode_run_tally(run);
    /* a value that does not fit its column may fit the wider one */
    bool widen = s->evolution == SM_EVOLUTION_WIDEN && t->undecodable + t->misfits > 0;
    sm_code rc = SM_OK;
    s->report.read = t->records;
    s->report.undecodable = t->undecodable;
    s->report.samples = sm_decode_tally_samples(t, sm_decode_run_what(run)->files, f->read);
    if (widen && sm_files__grows(s))
        rc = sm_files__grow(s, NULL, err);
    if (rc == SM_OK && s->on_decode_error == SM_DECODE_FAIL)
        rc = sm_decode_run_judge(run, t, err);
    if (rc == SM_OK && !widen && t->n_unknown > 0 && sm_files__grows(s))
        rc = sm_files__grow(s, NULL, err);
    if (rc == SM_OK && !sm_evolution_stays(s->evolution))
        rc = sm_decode_run_judge_fields(run, t, err);
    return rc;
}
