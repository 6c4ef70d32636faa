/* SPDX-License-Identifier: Apache-2.0 */
/* decode_stream.c -- one file from begin to end, as blocks of whole records.
 *
 *     unpack ──▶ raw[pos, len) ──frame──▶ block->buffer[0, n)
 *                                         ^ whole: behind the last record that has ended
 *
 * Invariants:
 *   (1) A block ends behind a record, or the file does: what is not whole is carried by
 *       reading on, so a record stands in one block.
 *   (2) Offsets count unpacked bytes: offset of the block + place in it = place in the text. */
#include "runtime/connect/decode_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_RAW = 128 * 1024 };

struct sm_decode_stream {
    sm_unpack *unpack;
    const sm_framing *framing;
    sm_frame frame;
    int64_t skip_lines; /* still to come */
    int64_t offset;     /* of raw[pos] */
    bool begun, over;
    bool skipping; /* the rest of a record that was too long */
    size_t pos, len;
    char raw[STREAM_RAW];
};

/* The block under construction. */
typedef struct stream_part {
    sm_decode_block *block;
    size_t n, whole;
} stream_part;

static const sm_framing stream_of_lines = { .kind = SM_FRAME_LINES };

bool sm_decode_stream_needed(const sm_decode_file *file)
{
    return file->framing != NULL ||
           (!file->staged && sm_unpack_codec_of(sm_sv_cstr(file->name)) != SM_UNPACK_NONE);
}

sm_code sm_decode_text(const sm_decode_file *file, sm_unpack **out, sm_error *err)
{
    sm_code rc = sm_unpack_new(file->path, file->staged ? "" : file->name, file->size,
                               &sm_unpack_usual, out, err);
    if (rc == SM_OK && file->staged)
        sm_unpack_from(*out, file->begin);
    return rc;
}

sm_code sm_decode_stream_new(const sm_decode_file *file, sm_decode_stream **out, sm_error *err)
{
    sm_decode_stream *s = sm_xcalloc(1, sizeof *s);
    sm_code rc = sm_decode_text(file, &s->unpack, err);
    if (rc != SM_OK) {
        free(s);
        return rc;
    }
    s->framing = file->framing != NULL ? file->framing : &stream_of_lines;
    s->skip_lines = s->framing->skip_lines;
    *out = s;
    return SM_OK;
}

void sm_decode_stream_free(sm_decode_stream *s)
{
    if (s == NULL)
        return;
    sm_unpack_free(s->unpack);
    free(s);
}

static void stream_take(sm_decode_stream *s, stream_part *part, size_t n)
{
    sm_decode__block_reserve(part->block, part->n + n);
    memcpy(part->block->buffer + part->n, s->raw + s->pos, n);
    part->n += n;
    s->pos += n;
    s->offset += (int64_t)n;
}

/* Lines from the raw bytes; true when the block has `size` bytes of them. */
static bool stream_lines(sm_decode_stream *s, stream_part *part, size_t size)
{
    size_t have = s->len - s->pos;
    const char *from = s->raw + s->pos, *last = memrchr(from, '\n', have);
    if (last == NULL) {
        stream_take(s, part, have);
        return false;
    }
    size_t lines = (size_t)(last - from) + 1;
    bool full = part->n + have >= size;
    part->whole = part->n + lines;
    stream_take(s, part, full ? lines : have);
    return full;
}

/* The same of records that the framing finds. */
static bool stream_framed(sm_decode_stream *s, stream_part *part, size_t size)
{
    while (s->pos < s->len && part->n - part->whole <= SM_DECODE_MAX_RECORD + 1) {
        bool ended;
        size_t n = sm_frame_scan(s->framing, &s->frame, s->raw + s->pos, s->len - s->pos, &ended);
        stream_take(s, part, n);
        if (!ended || part->n == 0)
            continue;
        part->whole = part->n;
        if (part->n >= size || part->block->buffer[part->n - 1] != '\n')
            return true; /* full, or only the block's end ends the record */
    }
    return false;
}

static bool stream_records(sm_decode_stream *s, stream_part *part, size_t size)
{
    return s->framing->kind == SM_FRAME_LINES ? stream_lines(s, part, size)
                                              : stream_framed(s, part, size);
}

/* Pass over the rest of a record that is left out, or over a line at the file's begin. */
static void stream_skip(sm_decode_stream *s, sm_decode_block *block)
{
    const sm_framing *framing = s->skipping ? s->framing : &stream_of_lines;
    bool ended;
    size_t n = sm_frame_scan(framing, &s->frame, s->raw + s->pos, s->len - s->pos, &ended);
    if (ended && s->skipping)
        s->skipping = false;
    else if (ended)
        s->skip_lines--;
    s->pos += n;
    s->offset += (int64_t)n;
    block->offset = s->offset;
}

/* What is not whole stays out of the block, because of `why`. */
static void stream_leave_out(stream_part *part, const char *why)
{
    part->n = part->whole;
    part->block->left_out = (int64_t)part->whole;
    snprintf(part->block->why, sizeof part->block->why, "%s", why);
}

/* Read on until the block is full, the file ends or something is left out. */
static sm_code stream_collect(sm_decode_stream *s, size_t size, stream_part *part, sm_error *err)
{
    bool full = false;
    while (!full && !s->over && part->block->left_out < 0) {
        if (s->pos == s->len) {
            s->pos = 0;
            sm_code rc = sm_unpack_read(s->unpack, s->raw, sizeof s->raw, &s->len, err);
            if (rc != SM_OK)
                return rc;
            s->over = s->len == 0;
        } else if (s->skipping || s->skip_lines > 0) {
            stream_skip(s, part->block);
        } else {
            full = stream_records(s, part, size);
            if (part->n - part->whole > SM_DECODE_MAX_RECORD + 1) {
                stream_leave_out(part, SM_DECODE_TOO_LONG);
                s->skipping = true;
            }
        }
    }
    const char *broken = sm_unpack_broken(s->unpack);
    if (s->over && broken[0] != '\0')
        stream_leave_out(part, broken);
    return SM_OK;
}

sm_code sm_decode_stream_next(sm_decode_stream *s, size_t size, sm_decode_block *block, bool *more,
                              sm_error *err)
{
    stream_part part = { .block = block };
    *more = !s->over;
    if (s->over)
        return SM_OK;
    block->left_out = -1;
    block->first = !s->begun;
    block->offset = s->offset;
    s->begun = true;
    sm_code rc = stream_collect(s, size, &part, err);
    if (rc != SM_OK)
        return rc;
    sm_decode__block_close(block, block->offset, 0, part.n);
    *more = part.n > 0 || block->left_out >= 0;
    return SM_OK;
}
