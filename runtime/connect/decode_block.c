/* SPDX-License-Identifier: Apache-2.0 */
/* decode_block.c -- files cut into blocks of whole lines.
 *
 * Block k of a file covers the bytes [k * size, (k + 1) * size).  Its first line begins
 * behind the first newline at or after k * size - 1, so each block decides alone, from
 * its own bytes, which lines are its own: no thread waits for another. */
#include "runtime/connect/decode_block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/thread.h"
#include "runtime/connect/decode_stream.h"

enum {
    BLOCK_MIN = 256 * 1024,
    BLOCK_MAX = 1024 * 1024,
    BLOCK_SHARE = 16,       /* of the total: blocks small enough that no thread idles long */
    BLOCK_MORE = 64 * 1024, /* read on by this to find the end of the last line */
};

struct sm_decode_blocks {
    const sm_decode_file *files;
    size_t n, size;
    size_t *first; /* n + 1: number of the first block of each file */
    sm_atomic next;
};

/* A stream is one block to the counter. */
static size_t block_count(const sm_decode_file *file, size_t block_size)
{
    if (sm_decode_stream_needed(file))
        return 1;
    return ((size_t)file->size + block_size - 1) / block_size;
}

sm_decode_blocks *sm_decode_blocks_new(const sm_decode_file *files, size_t n, size_t block_size)
{
    sm_decode_blocks *b = sm_xcalloc(1, sizeof *b);
    int64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += files[i].size;
    if (block_size == 0) {
        block_size = (size_t)total / BLOCK_SHARE;
        block_size = block_size < BLOCK_MIN ? BLOCK_MIN : block_size;
        block_size = block_size > BLOCK_MAX ? BLOCK_MAX : block_size;
    }
    b->files = files;
    b->n = n;
    b->size = block_size;
    b->first = sm_xcalloc(n + 1, sizeof *b->first);
    for (size_t i = 0; i < n; i++)
        b->first[i + 1] = b->first[i] + block_count(&files[i], block_size);
    return b;
}

void sm_decode_blocks_free(sm_decode_blocks *b)
{
    if (b == NULL)
        return;
    free(b->first);
    free(b);
}

size_t sm_decode_blocks_count(const sm_decode_blocks *b)
{
    return b->first[b->n];
}

void sm_decode_block_init(sm_decode_block *block)
{
    *block = (sm_decode_block){ .fd = -1, .left_out = -1 };
}

void sm_decode_block_release(sm_decode_block *block)
{
    if (block->fd >= 0)
        sm_fs_close(block->fd);
    free(block->buffer);
    free(block->raw);
    sm_decode_stream_free(block->stream);
    sm_decode_block_init(block);
}

static size_t block_file(const sm_decode_blocks *b, size_t k)
{
    size_t low = 0, high = b->n; /* first[low] <= k < first[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (b->first[middle] <= k)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void sm_decode__block_reserve(sm_decode_block *block, size_t len)
{
    size_t cap = len + SM_DECODE_PADDING;
    if (cap <= block->cap)
        return;
    cap = cap < block->cap * 2 ? block->cap * 2 : cap;
    block->buffer = sm_xrealloc(block->buffer, cap);
    block->cap = cap;
}

/* Bytes [from, from + len) of the file to `at` in the buffer. */
static sm_code block_pread(const sm_decode_file *file, sm_decode_block *block, int64_t from,
                           size_t len, size_t at, sm_error *err)
{
    const char *path = file->path;
    sm_code rc;
    if (block->fd >= 0 && block->fd_file != block->file) {
        sm_fs_close(block->fd);
        block->fd = -1;
    }
    if (block->fd < 0) {
        if ((rc = sm_fs_open_read(path, &block->fd, err)) != SM_OK)
            return rc;
        block->fd_file = block->file;
    }
    sm_decode__block_reserve(block, at + len);
    size_t got = 0;
    if ((rc = sm_fs_pread(block->fd, path, block->buffer + at, len, file->begin + from, &got,
                          err)) != SM_OK)
        return rc;
    if (got != len)
        return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" became shorter while it was read",
                       file->name);
    return SM_OK;
}

/* Read on, from file offset *to, until the last line of the buffer is whole; *len grows.
 * A line that becomes too long is cut off again and told. */
static sm_code block_finish_line(const sm_decode_file *file, sm_decode_block *block, int64_t to,
                                 size_t *len, sm_error *err)
{
    int64_t size = file->size;
    const char *last = memrchr(block->buffer, '\n', *len);
    size_t line = last == NULL ? 0 : (size_t)(last - block->buffer) + 1;
    size_t more = BLOCK_MORE;
    while (to < size) {
        size_t take = (int64_t)more < size - to ? more : (size_t)(size - to);
        sm_code rc = block_pread(file, block, to, take, *len, err);
        if (rc != SM_OK)
            return rc;
        const char *end = memchr(block->buffer + *len, '\n', take);
        *len = end == NULL ? *len + take : (size_t)(end - block->buffer) + 1;
        to += (int64_t)take;
        if (end != NULL || *len - line > SM_DECODE_MAX_RECORD + 1)
            break;
        more *= 2;
    }
    if (*len - line > SM_DECODE_MAX_RECORD + 1) {
        block->left_out = (int64_t)line; /* from the buffer's start; the caller adds it */
        memcpy(block->why, SM_DECODE_TOO_LONG, sizeof SM_DECODE_TOO_LONG);
        *len = line;
    }
    return SM_OK;
}

/* Where the first line that begins in the block begins, in the buffer of `len` bytes;
 * `len` if none does.  The buffer holds one byte before the block, unless it is the
 * file's first. */
static size_t block_first_line(const sm_decode_block *block, size_t len)
{
    if (block->first)
        return 0;
    const char *end = memchr(block->buffer, '\n', len);
    return end == NULL ? len : (size_t)(end - block->buffer) + 1;
}

void sm_decode__block_close(sm_decode_block *block, int64_t from, size_t start, size_t len)
{
    sm_decode__block_reserve(block, len);
    if (block->first && len >= 3 && memcmp(block->buffer, "\xef\xbb\xbf", 3) == 0)
        start = 3; /* a byte order mark */
    if (block->left_out >= 0)
        block->left_out += from;
    memset(block->buffer + len, 0, SM_DECODE_PADDING);
    block->buffer[len] = '\n';
    block->data = block->buffer + start;
    block->end = block->buffer + (len > start ? len : start);
    block->offset = from + (int64_t)start;
}

/* Whole lines of the bytes [begin, to) of block->file. */
static sm_code block_load(const sm_decode_file *file, sm_decode_block *block, int64_t begin,
                          int64_t to, sm_error *err)
{
    int64_t from = begin == 0 ? 0 : begin - 1;
    size_t len = (size_t)(to - from);
    sm_code rc = block_pread(file, block, from, len, 0, err);
    if (rc != SM_OK)
        return rc;
    block->left_out = -1;
    block->first = begin == 0;
    size_t start = block_first_line(block, len);
    if (start < len && block->buffer[len - 1] != '\n' &&
        (rc = block_finish_line(file, block, to, &len, err)) != SM_OK)
        return rc;
    sm_decode__block_close(block, from, start, len);
    return SM_OK;
}

/* Go on with the stream that `block` has open; *more is false behind its end. */
static sm_code block_of_stream(sm_decode_blocks *b, sm_decode_block *block, bool *more,
                               sm_error *err)
{
    *more = false;
    if (block->stream == NULL)
        return SM_OK;
    sm_code rc = sm_decode_stream_next(block->stream, b->size, block, more, err);
    if (rc == SM_OK && !*more) {
        sm_decode_stream_free(block->stream);
        block->stream = NULL;
    }
    return rc;
}

static sm_code block_await(const sm_decode_file *files, size_t file, sm_error *err)
{
    const sm_decode_gate *gate = files[file].gate;
    return gate == NULL ? SM_OK : gate->wait(gate->ctx, file, err);
}

sm_code sm_decode_block_next(sm_decode_blocks *b, sm_decode_block *block, bool *more, sm_error *err)
{
    sm_code rc;
    while ((rc = block_of_stream(b, block, more, err)) == SM_OK && !*more) {
        size_t k = (size_t)sm_atomic_add(&b->next, 1);
        if (k >= b->first[b->n])
            return SM_OK;
        block->file = block_file(b, k);
        const sm_decode_file *file = &b->files[block->file];
        if ((rc = block_await(b->files, block->file, err)) != SM_OK)
            return rc;
        if (sm_decode_stream_needed(file)) {
            if ((rc = sm_decode_stream_new(file, &block->stream, err)) != SM_OK)
                return rc;
            continue;
        }
        int64_t begin = (int64_t)((k - b->first[block->file]) * b->size);
        int64_t to = file->size - begin > (int64_t)b->size ? begin + (int64_t)b->size : file->size;
        *more = true;
        return block_load(file, block, begin, to, err);
    }
    return rc;
}

void sm_decode_block_keep(sm_decode_block *block)
{
    size_t len = (size_t)(block->end - block->data) + 1;
    if (len > block->raw_cap) {
        block->raw = sm_xrealloc(block->raw, len);
        block->raw_cap = len;
    }
    memcpy(block->raw, block->data, len); /* *end is '\n' */
}

sm_sv sm_decode_block_raw(const sm_decode_block *block, const char *record, const char *end)
{
    const char *text = block->raw + (record - block->data);
    size_t len = (size_t)(end - record);
    return (sm_sv){ text, len > 0 && text[len - 1] == '\r' ? len - 1 : len };
}

static sm_code block_stream_head(const sm_decode_file *file, size_t limit, sm_decode_block *block,
                                 sm_error *err)
{
    sm_decode_stream *stream;
    bool more = false;
    sm_code rc = sm_decode_stream_new(file, &stream, err);
    if (rc != SM_OK)
        return rc;
    rc = sm_decode_stream_next(stream, limit, block, &more, err);
    sm_decode_stream_free(stream);
    return rc;
}

sm_code sm_decode_block_head(const sm_decode_file *files, size_t file, int64_t limit,
                             sm_decode_block *block, sm_error *err)
{
    int64_t size = files[file].size;
    block->file = file;
    sm_code rc = block_await(files, file, err);
    if (rc != SM_OK)
        return rc;
    if (sm_decode_stream_needed(&files[file]))
        return block_stream_head(&files[file], (size_t)limit, block, err);
    return block_load(&files[file], block, 0, size > limit ? limit : size, err);
}
