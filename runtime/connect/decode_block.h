/* SPDX-License-Identifier: Apache-2.0 */
/* decode_block.h -- files cut into blocks of whole lines, for many threads.
 *
 *     file    |aaaa\n bbbbbbb\n cc\n dddddddddd\n e\n|
 *     blocks  |---------1----------|--------2--------|
 *     given    aaaa bbbbbbb cc      dddddddddd e          (each line once)
 *
 * A line belongs to the block in which it begins; whoever has the block reads on to the
 * end of its last line.  A line longer than SM_DECODE_MAX_RECORD is left out and told.
 * Blocks are handed out by a counter, in order; which thread gets which is open.
 *
 * A compressed file cannot be entered in the middle: who takes its first block takes all
 * of them (decode_stream).  Its offsets are those of the unpacked text; where it cannot be
 * unpacked any further, the rest is left out and told.  So it is with files whose records
 * may have newlines inside (decode_frame).
 */
#ifndef SM_CONNECT_DECODE_BLOCK_H
#define SM_CONNECT_DECODE_BLOCK_H

#include "runtime/connect/decode.h"
#include "runtime/connect/decode_frame.h"

#define SM_DECODE_TOO_LONG "the line is longer than 16 MiB"

/* Files that are still on their way: wait(ctx, i) returns once file i is there, for any thread.
 * Asked before a file is opened, perhaps more than once. */
typedef struct sm_decode_gate {
    sm_code (*wait)(void *ctx, size_t file, sm_error *err);
    void *ctx;
} sm_decode_gate;

/* A file as it was listed: exactly `size` bytes are read, and fewer are SM_E_AGAIN. */
typedef struct sm_decode_file {
    const char *path;
    const char *name; /* for messages: the path as the user knows it */
    int64_t size;
    const sm_framing *framing; /* borrowed; NULL: a newline ends a record */
    int64_t mtime_us;          /* what its undecodable records say of it */
    sm_sv header;              /* CSV: its text, without newline; ptr NULL: there is none */
    const char *fault; /* CSV: why its header is none, which is the file's only record then */
    bool staged;       /* it is a part of `path`, from `begin` on, and not packed, */
    int64_t begin;     /* whatever its name says */
    const sm_decode_gate *gate; /* borrowed; NULL: it is there */
} sm_decode_file;

typedef struct sm_decode_blocks sm_decode_blocks;

typedef struct sm_decode_block {
    char *data, *end; /* whole lines; *end is '\n', then readable padding; writable */
    size_t file;      /* index */
    bool first;       /* of its file */
    int64_t offset;   /* of `data` in the file's text */
    int64_t left_out; /* offset of what is no part of the block, behind it; -1: nothing */
    char why[160];    /* it is not */

    /* the reader's own, kept from block to block */
    char *buffer;
    size_t cap;
    char *raw; /* sm_decode_block_keep() */
    size_t raw_cap;
    int fd;
    size_t fd_file;
    struct sm_decode_stream *stream;
} sm_decode_block;

/* Blocks of the n `files`, which are borrowed and must outlive the result; `block_size` 0
 * chooses one from the total.  Owned: free with sm_decode_blocks_free(). */
sm_decode_blocks *sm_decode_blocks_new(const sm_decode_file *files, size_t n, size_t block_size);
void sm_decode_blocks_free(sm_decode_blocks *b);

size_t sm_decode_blocks_count(const sm_decode_blocks *b);

void sm_decode_block_init(sm_decode_block *block);
void sm_decode_block_release(sm_decode_block *block);

/* The next block that nobody has had; *more is false when there is none.  Thread-safe for
 * different `block`s.  What was in `block` before is gone. */
sm_code sm_decode_block_next(sm_decode_blocks *b, sm_decode_block *block, bool *more,
                             sm_error *err);

/* The lines that begin in the first `limit` bytes of a file, and perhaps more. */
sm_code sm_decode_block_head(const sm_decode_file *files, size_t file, int64_t limit,
                             sm_decode_block *block, sm_error *err);

/* Keep the block's text as it is now: decoders write to it. */
void sm_decode_block_keep(sm_decode_block *block);

/* [record, end) of the block as it was when it was kept, without a carriage return at its end;
 * lives as long as the block. */
sm_sv sm_decode_block_raw(const sm_decode_block *block, const char *record, const char *end);

/* --- For decode_stream --- */

/* Room for `len` bytes and the padding. */
void sm_decode__block_reserve(sm_decode_block *block, size_t len);

/* The block is buffer[start, len), `from` the offset of buffer[0]; left_out, if any, a place in
 * the buffer. */
void sm_decode__block_close(sm_decode_block *block, int64_t from, size_t start, size_t len);

#endif
