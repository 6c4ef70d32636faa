/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_read.c -- spooled pages as a relation, and columns from records. */
#include <string.h>

#include "runtime/connect/decode_hints.h"
#include "runtime/connect/decode_infer.h"
#include "runtime/sources/source_http_int.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

/* --- The first columns --- */

static void look_at(sm_infer *in, const sm_endpoint_page *page)
{
    sm_decode_block block;
    sm_buf text;

    sm_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < page->n; i++)
        sm_endpoint__add_line(&text, page->records[i]);
    sm_decode_block_init(&block);
    block.data = text.ptr;
    block.end = text.ptr + text.len;
    if (text.len > 0) {
        size_t len = text.len;

        sm_buf_addc(&text, '\n');
        for (int i = 0; i < SM_DECODE_PADDING; i++)
            sm_buf_addc(&text, '\0');
        block.data = text.ptr;
        block.end = text.ptr + len;
        sm_infer_ndjson(in, &block);
    }
    sm_buf_release(&text);
}

static sm_code add_rescued(const sm_endpoint_config *config, sm_arena *a, sm_schema *out,
                           sm_error *err)
{
    if (out->n == 0)
        return SM_OK;
    return sm_infer_add_column(config->rescued_column, "rescued_data_column", "the records have", a,
                               out, err);
}

sm_code sm_endpoint__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *h = s->state;
    const sm_infer_rules rules = { .types = config->infer_column_types };
    const sm_decode_file none = { .path = "", .name = sm_arena_cstr(a, s->name) };
    sm_endpoint_state first = { .at = SM_SV(""), .from = h->rules.cursor_initial };
    sm_infer *in = sm_infer_new(a, &rules);
    sm_http_answer answer;
    sm_endpoint_page page;
    sm_sv url;
    sm_code rc;

    *out = (sm_schema){ 0 };
    if ((rc = sm_endpoint__ask(s, &first, a, &answer, &url, err)) != SM_OK ||
        (rc = sm_endpoint__page(config, &h->rules, &answer, a, &page, err)) != SM_OK)
        return rc;
    look_at(in, &page);
    if ((rc = sm_infer_schema(in, &none, out, err)) != SM_OK || out->n == 0 ||
        (rc = sm_decode_apply_hints(s->schema_hints, a, out, err)) != SM_OK)
        return rc;
    return add_rescued(config, a, out, err);
}

/* --- More columns --- */

static sm_code grow(sm_source *s, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    sm_endpoint_source *h = s->state;
    const sm_infer_rules rules = { .types = config->infer_column_types };
    sm_infer *in = sm_infer_new(h->read, &rules);
    sm_decode_blocks *blocks = sm_decode_blocks_new(h->files, h->n_files, 0);
    sm_decode_block block;
    sm_schema found, *grown;
    bool more = true;
    sm_grown g;
    sm_code rc;

    sm_decode_block_init(&block);
    while ((rc = sm_decode_block_next(blocks, &block, &more, err)) == SM_OK && more)
        sm_infer_ndjson(in, &block);
    sm_decode_block_release(&block);
    sm_decode_blocks_free(blocks);
    if (rc != SM_OK || (rc = sm_infer_schema(in, h->files, &found, err)) != SM_OK ||
        (rc = sm_decode_apply_hints(s->schema_hints, h->read, &found, err)) != SM_OK ||
        (rc = sm_schema_grow(s->schema, &found, sm_evolution_how(s->evolution), h->read, &g,
                             err)) != SM_OK ||
        g.added + g.widened == 0)
        return rc;
    grown = SM_NEW(h->read, sm_schema);
    *grown = g.schema;
    s->report.grown = grown;
    return sm_fail(err, SM_E_AGAIN, 0, "new columns%s", g.widened > 0 ? " or types" : "");
}

/* --- Reading and judging --- */

static sm_code set_files(sm_source *s, int64_t from, int64_t to, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_endpoint_file *pages;
    sm_code rc = sm_endpoint__spool_list(s, from, to, h->read, &pages, &h->n_files, err);

    if (rc != SM_OK)
        return rc;
    if ((int64_t)h->n_files != to - from)
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "of the pages %lld to %lld %zu are in %s: bring the state folder back, or "
                       "read anew with --full-refresh",
                       (long long)from + 1, (long long)to, h->n_files, h->folder.ptr);
    h->files = SM_NEW_N(h->read, sm_decode_file, h->n_files + 1);
    for (size_t i = 0; i < h->n_files; i++) {
        h->files[i] = (sm_decode_file){
            .path = pages[i].path,
            .name = sm_arena_printf(h->read, "%.*s/page-%lld", SM_SV_ARG(s->name),
                                    (long long)pages[i].seq)
                        .ptr,
            .size = pages[i].size - pages[i].begin,
            .begin = pages[i].begin,
            .staged = true,
        };
        s->report.bytes += h->files[i].size;
    }
    return SM_OK;
}

sm_code sm_endpoint__read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                          sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    sm_endpoint_source *h = s->state;
    sm_decode_column *columns;
    sm_decode_what what = { .format = SM_DECODE_FORMAT_NDJSON,
                            .keep_bad = s->on_decode_error == SM_DECODE_QUARANTINE };
    ptrdiff_t rescued =
        config->rescued_column.len > 0 ? sm_schema_find(s->schema, config->rescued_column) : -1;
    sm_code rc;

    sm_decode_relation_free(h->relation);
    h->relation = NULL;
    sm_arena_reset(h->read);
    if ((rc = set_files(s, sm_json_get_int(start, "page", 0), sm_json_get_int(end, "page", 0),
                        err)) != SM_OK ||
        (rc = sm_decode_columns(s->schema, h->read, &columns, err)) != SM_OK)
        return rc;
    what.columns = columns;
    what.n_columns = s->schema->n;
    what.files = h->files;
    what.n_files = h->n_files;
    what.aside.files = h->files;
    if (rescued >= 0 && sm_sv_eq_str(s->schema->columns[rescued].type, "VARCHAR"))
        what.aside.rescued = &columns[rescued];
    return sm_decode_relation_new(&what, s->session, view, &h->relation, err);
}

sm_code sm_endpoint__verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err)
{
    const sm_endpoint_source *h = s->state;
    const sm_decode_run *run = sm_decode_relation_run(h->relation);
    const sm_decode_tally *t = sm_decode_run_tally(run);
    bool grows = s->owner != NULL && sm_evolution_grows(s->evolution);
    bool widen = s->evolution == SM_EVOLUTION_WIDEN && t->undecodable + t->misfits > 0;
    sm_code rc = SM_OK;

    (void)start;
    (void)end;
    s->report.read = t->records;
    s->report.undecodable = t->undecodable;
    s->report.samples = sm_decode_tally_samples(t, h->files, h->read);
    if (grows && (widen || t->n_unknown > 0))
        rc = grow(s, err);
    if (rc == SM_OK && s->on_decode_error == SM_DECODE_FAIL)
        rc = sm_decode_run_judge(run, t, err);
    if (rc == SM_OK && !sm_evolution_stays(s->evolution))
        rc = sm_decode_run_judge_fields(run, t, err);
    return rc;
}

sm_code sm_endpoint__bad_records(sm_source *s, sm_sv view, sm_error *err)
{
    return sm_decode_relation_bad(((sm_endpoint_source *)s->state)->relation, s->session, view,
                                  err);
}
