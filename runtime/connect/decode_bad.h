/* SPDX-License-Identifier: Apache-2.0 */
/* decode_bad.h -- every undecodable record of a read, when they are to be kept.
 *
 *     while reading   place, length and reason of each: some 100 bytes, no text
 *     afterwards      the files are read again up to their last bad record, for text and line
 *
 * So a good record costs nothing, and a file without a bad one is not opened again.
 */
#ifndef SM_CONNECT_DECODE_BAD_H
#define SM_CONNECT_DECODE_BAD_H

#include "runtime/connect/decode_block.h"
#include "runtime/engine/engine_reader.h"

enum {
    SM_DECODE_MAX_BAD = 1000 * 1000,   /* that one read can keep */
    SM_DECODE_BAD_TEXT = 64 * 1024,    /* bytes kept of what has no end: see SM_DECODE_NO_END */
    SM_DECODE_BAD_CHUNK = 4096 * 1024, /* bytes of text after which a chunk is full */
};
/* The length of a record that is longer than any may be, or whose file breaks off. */
#define SM_DECODE_NO_END INT64_C(-1)

typedef struct sm_decode_place {
    size_t file;
    int64_t offset; /* of the record */
} sm_decode_place;

int sm_decode_place_compare(sm_decode_place x, sm_decode_place y);

typedef struct sm_decode_bad {
    sm_decode_place at;
    int64_t len;   /* without its newline */
    size_t reason; /* its text begins there in `reasons` */
} sm_decode_bad;

typedef struct sm_decode_bads {
    sm_decode_bad *items;
    size_t n, cap;
    char *reasons; /* one behind the other, each with its '\0' */
    size_t len, reasons_cap;
    bool over;                   /* there were more than SM_DECODE_MAX_BAD */
    const sm_decode_file *files; /* that a reader goes through */
} sm_decode_bads;

/* Owned: free with sm_decode_bads_free(). */
sm_decode_bads *sm_decode_bads_new(void);
void sm_decode_bads_free(sm_decode_bads *b); /* NULL is fine */

void sm_decode_bads_add(sm_decode_bads *b, sm_decode_place at, int64_t len, const char *reason);
/* Move all of `part` behind those of `b`. */
void sm_decode_bads_merge(sm_decode_bads *b, sm_decode_bads *part);

/* The records as rows, by place:
 *     path VARCHAR, line BIGINT         where it stood
 *     raw VARCHAR, whole BOOLEAN        its text; what is no UTF-8 is U+FFFD, of a record without
 *                                       end there are the first SM_DECODE_BAD_TEXT bytes: both are
 *                                       not whole
 *     reason VARCHAR                    why it is none
 *     file BIGINT                       the number of its file in `files`
 *     name VARCHAR, size BIGINT, modified TIMESTAMP, header VARCHAR
 *                                       of that file: its name, percent-encoded, so that each byte
 *                                       is kept; `header` may be NULL
 * A view over them has three columns more, NULL for files:
 *     topic VARCHAR, partition INTEGER, offset BIGINT
 * Sorts `b`; both are borrowed until the reader is removed.  A query over it fails with
 * SM_E_AGAIN when a file is not what it was. */
sm_code sm_decode_bads_reader(sm_engine *e, sm_decode_bads *b, const sm_decode_file *files,
                              sm_engine_reader **out, sm_error *err);

#endif
