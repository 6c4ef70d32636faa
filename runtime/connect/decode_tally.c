/* SPDX-License-Identifier: Apache-2.0 */
/* decode_tally.c -- what became of the records.
 *
 * A sample keeps only its place and its reason.  Its line number and text are read from
 * the file again when somebody asks: counting lines in parallel blocks would cost every
 * good record, and the text in the buffer has been unescaped in place. */
#include "runtime/connect/decode_tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_stream.h"

static void tally_insert_sample(sm_decode_tally *t, const sm_decode_sample *sample)
{
    size_t i = t->n_samples;
    while (i > 0 && sm_decode_place_compare(t->samples[i - 1].at, sample->at) > 0)
        i--;
    if (i == SM_DECODE_SAMPLES)
        return;
    size_t tail = t->n_samples - i - (t->n_samples == SM_DECODE_SAMPLES);
    memmove(&t->samples[i + 1], &t->samples[i], tail * sizeof t->samples[0]);
    t->samples[i] = *sample;
    t->n_samples += t->n_samples < SM_DECODE_SAMPLES;
}

void sm_decode_tally_bad(sm_decode_tally *t, sm_decode_place at, int64_t len, const char *reason)
{
    t->undecodable++;
    if (t->bads != NULL)
        sm_decode_bads_add(t->bads, at, len, reason);
    if (t->n_samples == SM_DECODE_SAMPLES)
        return; /* a part is tallied in the order of its places */
    sm_decode_sample sample = { .at = at };
    snprintf(sample.reason, sizeof sample.reason, "%s", reason);
    tally_insert_sample(t, &sample);
}

void sm_decode_tally_unknown(sm_decode_tally *t, sm_sv name, sm_decode_place at)
{
    sm_decode_unknown *u = t->unknown;
    size_t len = name.len < SM_DECODE_NAME ? name.len : SM_DECODE_NAME, i = 0;
    while (i < t->n_unknown && (u[i].len != len || memcmp(u[i].name, name.ptr, len) != 0))
        i++;
    if (i == SM_DECODE_UNKNOWN)
        return;
    if (i == t->n_unknown) {
        t->n_unknown++;
        u[i] = (sm_decode_unknown){ .at = at, .len = len };
        memcpy(u[i].name, name.ptr, len);
    } else if (sm_decode_place_compare(at, u[i].at) < 0) {
        u[i].at = at;
    }
}

void sm_decode_tally_merge(sm_decode_tally *t, sm_decode_tally *part)
{
    t->records += part->records;
    t->undecodable += part->undecodable;
    t->misfits += part->misfits;
    t->bytes += part->bytes;
    for (size_t i = 0; i < part->n_samples; i++)
        tally_insert_sample(t, &part->samples[i]);
    for (size_t i = 0; i < part->n_unknown; i++)
        sm_decode_tally_unknown(t, (sm_sv){ part->unknown[i].name, part->unknown[i].len },
                                part->unknown[i].at);
    if (part->bads != NULL)
        sm_decode_bads_merge(t->bads, part->bads);
    part->records = part->undecodable = part->misfits = part->bytes = 0;
    part->n_samples = part->n_unknown = 0;
}

/* --- Lines and texts, read again --- */

/* The bytes [at, at + len) of the text, less at its end. */
static size_t tally_text(sm_unpack *u, char *text, size_t len)
{
    sm_error ignored;
    size_t have = 0, got = 1;
    while (have < len && got > 0) {
        if (sm_unpack_read(u, text + have, len - have, &got, &ignored) != SM_OK)
            return have;
        have += got;
    }
    return have;
}

/* The line of `offset`, and up to *len bytes of it in `text`. */
static int64_t tally_read_again(const sm_decode_file *file, int64_t offset, char *text, size_t *len)
{
    enum { STEP = 256 * 1024 };
    sm_error ignored;
    sm_unpack *u;
    size_t want = *len;
    int64_t line = 1;
    *len = 0;
    if (sm_decode_text(file, &u, &ignored) != SM_OK)
        return 0;
    char *buffer = sm_xmalloc(STEP);
    for (int64_t at = 0; at < offset;) {
        size_t step = offset - at < STEP ? (size_t)(offset - at) : STEP;
        size_t got = tally_text(u, buffer, step);
        for (const char *p = buffer; (p = memchr(p, '\n', (size_t)(buffer + got - p))) != NULL; p++)
            line++;
        at += (int64_t)got;
        if (got < step) {
            line = 0;
            break;
        }
    }
    if (line > 0 && want > 0)
        *len = tally_text(u, text, want);
    free(buffer);
    sm_unpack_free(u);
    return line;
}

int64_t sm_decode_line(const sm_decode_file *files, sm_decode_place at)
{
    size_t none = 0;
    return tally_read_again(&files[at.file], at.offset, NULL, &none);
}

/* [p, p + len) up to its newline. */
static sm_sv tally_line(const char *p, size_t len)
{
    const char *end = memchr(p, '\n', len);
    return (sm_sv){ p, end == NULL ? len : (size_t)(end - p) };
}

const sm_json *sm_decode_tally_samples(const sm_decode_tally *t, const sm_decode_file *files,
                                       sm_arena *a)
{
    char text[SM_DECODE_SAMPLE_TEXT + 8];
    sm_json *list;
    if (t->n_samples == 0)
        return NULL;
    list = sm_json_array(a);
    for (size_t i = 0; i < t->n_samples; i++) {
        const sm_decode_sample *s = &t->samples[i];
        size_t len = SM_DECODE_SAMPLE_TEXT;
        int64_t line = tally_read_again(&files[s->at.file], s->at.offset, text, &len);
        sm_json *o = sm_json_object(a);
        sm_json_set_string(o, "file", sm_sv_cstr(files[s->at.file].name));
        sm_json_set_int(o, "line", line);
        sm_json_set_string(o, "reason", sm_sv_cstr(s->reason));
        sm_json_set_string(o, "text", tally_line(text, len));
        sm_json_append(list, o);
    }
    return list;
}
