/* SPDX-License-Identifier: Apache-2.0 */
/* decode_run.c -- files of one text format as rows, for the engine's threads. */
#include "runtime/connect/decode_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/thread.h"
#include "runtime/connect/decode_text.h"

struct sm_decode_run {
    sm_decode_what what;
    sm_mutex mu;
    sm_decode_tally tally; /* guarded by mu */
};

struct sm_decode_scan {
    sm_decode_run *run;
    sm_decode_blocks *blocks;
    sm_mutex mu;
    sm_decode_tally tally; /* guarded by mu */
};

struct sm_decode_worker {
    sm_decode_scan *scan;
    const sm_decode_what *what;
    sm_decode_block block;
    bool in_block;
    sm_ndjson *ndjson;
    sm_csv *csv;
    sm_text_lines text;
    sm_decode_tally tally;
};

/* --- Runs --- */

sm_decode_run *sm_decode_run_new(const sm_decode_what *what)
{
    sm_decode_run *run = sm_xcalloc(1, sizeof *run);
    run->what = *what;
    sm_mutex_init(&run->mu);
    return run;
}

void sm_decode_run_free(sm_decode_run *run)
{
    if (run == NULL)
        return;
    sm_decode_bads_free(run->tally.bads);
    sm_mutex_release(&run->mu);
    free(run);
}

const sm_decode_what *sm_decode_run_what(const sm_decode_run *run)
{
    return &run->what;
}

const sm_decode_tally *sm_decode_run_tally(const sm_decode_run *run)
{
    return &run->tally;
}

sm_decode_bads *sm_decode_run_bads(const sm_decode_run *run)
{
    return run->tally.bads;
}

sm_code sm_decode_run_judge(const sm_decode_run *run, const sm_decode_tally *t, sm_error *err)
{
    if (t->undecodable == 0)
        return SM_OK;
    const sm_decode_sample *first = &t->samples[0];
    const char *path = run->what.files[first->at.file].name;
    long long line = (long long)sm_decode_line(run->what.files, first->at);
    if (t->undecodable == 1)
        return sm_fail(err, SM_E_INVALID, 0,
                       "%s:%lld: %s; mend the file, or pass over such records with "
                       "`on_decode_error: drop`",
                       path, line, first->reason);
    return sm_fail(err, SM_E_INVALID, 0,
                   "%lld undecodable records, the first is %s:%lld: %s; mend the files, or pass "
                   "over such records with `on_decode_error: drop`",
                   (long long)t->undecodable, path, line, first->reason);
}

static const sm_decode_unknown *run_first_unknown(const sm_decode_tally *t)
{
    const sm_decode_unknown *first = &t->unknown[0];
    for (size_t i = 1; i < t->n_unknown; i++) {
        const sm_decode_unknown *u = &t->unknown[i];
        if (u->at.file < first->at.file ||
            (u->at.file == first->at.file && u->at.offset < first->at.offset))
            first = u;
    }
    return first;
}

sm_code sm_decode_run_judge_fields(const sm_decode_run *run, const sm_decode_tally *t,
                                   sm_error *err)
{
    if (t->n_unknown == 0)
        return SM_OK;
    const sm_decode_unknown *first = run_first_unknown(t);
    sm_sv name = { first->name, first->len }, twin = { "", 0 };
    for (size_t i = 0; i < run->what.n_columns; i++)
        if (sm_sv_eq_nocase(run->what.columns[i].name, name))
            twin = run->what.columns[i].name;
    return sm_decode_unknown_field(name, twin, t->n_unknown - 1,
                                   run->what.files[first->at.file].name,
                                   (long long)sm_decode_line(run->what.files, first->at), err);
}

sm_code sm_decode_unknown_field(sm_sv name, sm_sv twin, size_t others, const char *file,
                                long long line, sm_error *err)
{
    char more[48] = "";
    if (others > 0)
        snprintf(more, sizeof more, " (and %zu more)", others);
    if (twin.len > 0)
        return sm_fail(
            err, SM_E_INVALID, 0,
            "field \"%.*s\"%s appeared in %s:%lld and differs from column \"%.*s\" only in "
            "case, so that it cannot be a column; spell it as the column, or pass over "
            "such fields with `schema_evolution_mode: none`",
            SM_SV_ARG(name), more, file, line, SM_SV_ARG(twin));
    return sm_fail(
        err, SM_E_INVALID, 0,
        "field \"%.*s\"%s appeared in %s:%lld, the schema in force does not have it; let "
        "it become a column with `schema_evolution_mode: add_new_columns` or by a line in "
        "`schema_hints`, pass over it with `none`, or take it out of the file",
        SM_SV_ARG(name), more, file, line);
}

/* --- Scans --- */

sm_decode_scan *sm_decode_scan_new(sm_decode_run *run)
{
    sm_decode_scan *scan = sm_xcalloc(1, sizeof *scan);
    scan->run = run;
    scan->blocks = sm_decode_blocks_new(run->what.files, run->what.n_files, run->what.block_size);
    if (run->what.keep_bad)
        scan->tally.bads = sm_decode_bads_new();
    sm_mutex_init(&scan->mu);
    return scan;
}

void sm_decode_scan_free(sm_decode_scan *scan)
{
    if (scan == NULL)
        return;
    sm_decode_run *run = scan->run;
    sm_mutex_lock(&run->mu);
    if (scan->tally.records >= run->tally.records) {
        sm_decode_bads_free(run->tally.bads);
        run->tally = scan->tally;
        scan->tally.bads = NULL;
    }
    sm_decode_bads_free(scan->tally.bads);
    sm_mutex_unlock(&run->mu);
    sm_decode_blocks_free(scan->blocks);
    sm_mutex_release(&scan->mu);
    free(scan);
}

/* --- Workers --- */

sm_decode_worker *sm_decode_worker_new(sm_decode_scan *scan)
{
    sm_decode_worker *w = sm_xcalloc(1, sizeof *w);
    const sm_decode_what *what = &scan->run->what;
    w->scan = scan;
    w->what = what;
    sm_decode_block_init(&w->block);
    if (what->keep_bad)
        w->tally.bads = sm_decode_bads_new();
    if (what->format == SM_DECODE_FORMAT_NDJSON)
        w->ndjson = sm_ndjson_new(what->columns, what->n_columns);
    else if (what->format == SM_DECODE_FORMAT_CSV)
        w->csv = sm_csv_new(what->columns, what->n_columns, what->dialect);
    if (w->ndjson != NULL)
        sm_ndjson_aside(w->ndjson, &what->aside);
    if (w->csv != NULL)
        sm_csv_aside(w->csv, &what->aside);
    return w;
}

size_t sm_decode_worker_file(const sm_decode_worker *w)
{
    return w->block.file;
}

/* False when there are more undecodable records than can be kept. */
static bool worker_give_tally(sm_decode_worker *w)
{
    sm_mutex_lock(&w->scan->mu);
    sm_decode_tally_merge(&w->scan->tally, &w->tally);
    bool over = w->scan->tally.bads != NULL && w->scan->tally.bads->over;
    sm_mutex_unlock(&w->scan->mu);
    return !over;
}

void sm_decode_worker_free(sm_decode_worker *w)
{
    if (w == NULL)
        return;
    worker_give_tally(w);
    sm_decode_bads_free(w->tally.bads);
    sm_decode_block_release(&w->block);
    sm_ndjson_free(w->ndjson);
    sm_csv_free(w->csv);
    free(w);
}

static void worker_begin(sm_decode_worker *w)
{
    const sm_decode_what *what = w->what;
    w->in_block = true;
    w->tally.bytes += w->block.end - w->block.data;
    if (what->aside.corrupt != NULL)
        sm_decode_block_keep(&w->block);
    switch (what->format) {
    case SM_DECODE_FORMAT_NDJSON:
        sm_ndjson_begin(w->ndjson, &w->block);
        break;
    case SM_DECODE_FORMAT_CSV:
        sm_csv_begin(w->csv, &w->block, &what->fields[w->block.file]);
        break;
    case SM_DECODE_FORMAT_TEXT:
        sm_text_begin(&w->text, &w->block);
        break;
    }
}

static size_t worker_fill(sm_decode_worker *w, sm_decode_vector *vectors)
{
    switch (w->what->format) {
    case SM_DECODE_FORMAT_NDJSON:
        return sm_ndjson_rows(w->ndjson, vectors, &w->tally);
    case SM_DECODE_FORMAT_CSV:
        return sm_csv_rows(w->csv, vectors, &w->tally);
    case SM_DECODE_FORMAT_TEXT:
        break;
    }
    return sm_text_rows(&w->text, vectors, &w->tally);
}

/* The block is read: judge what must not wait, give the tally away. */
static sm_code worker_end(sm_decode_worker *w, sm_error *err)
{
    const sm_decode_run *run = w->scan->run;
    sm_code rc = SM_OK;
    if (w->what->strict_records)
        rc = sm_decode_run_judge(run, &w->tally, err);
    if (rc == SM_OK && w->what->strict_fields)
        rc = sm_decode_run_judge_fields(run, &w->tally, err);
    w->in_block = false;
    if (!worker_give_tally(w) && rc == SM_OK)
        rc = sm_fail(err, SM_E_LIMIT, 0,
                     "more than %d records of one batch cannot be decoded, the last of them in "
                     "%s; is that the right format? Smaller batches can keep more, and "
                     "`on_decode_error: drop` passes over them",
                     SM_DECODE_MAX_BAD, run->what.files[w->block.file].name);
    return rc;
}

sm_code sm_decode_worker_rows(sm_decode_worker *w, sm_decode_vector *vectors, size_t *rows,
                              sm_error *err)
{
    bool more = true;
    sm_code rc;
    *rows = 0;
    for (;;) {
        if (w->in_block && (*rows = worker_fill(w, vectors)) > 0)
            return SM_OK;
        if (w->in_block && (rc = worker_end(w, err)) != SM_OK)
            return rc;
        if ((rc = sm_decode_block_next(w->scan->blocks, &w->block, &more, err)) != SM_OK || !more)
            return rc;
        worker_begin(w);
    }
}
