/* SPDX-License-Identifier: Apache-2.0 */
/* sql_text.h -- a text made of pieces of other texts, each byte with its origin.
 *
 *     w.copy  "SELECT a FROM "        bytes 0..14 of the user's text
 *     w.put   "_smelt_in_0 AS x"      stands for bytes 14..23 of it, STREAM(x)
 *
 * A copied byte comes from one byte; every byte of a put piece comes from the whole range
 * that it stands for.
 */
#ifndef SM_SQL_TEXT_H
#define SM_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "pipelines/sql/sql.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

struct sm_sql_piece {
    size_t at; /* where it begins in the made text */
    const sm_text *src;
    size_t src_at, src_len;
    bool put; /* stands for the range instead of being it */
};

typedef struct sm_sql_writer {
    sm_arena *arena;
    char *ptr;
    size_t len, cap;
    struct sm_sql_piece *pieces;
    size_t n_pieces, cap_pieces;
} sm_sql_writer;

void sm_sql__writer_init(sm_sql_writer *w, sm_arena *a);
void sm_sql__copy(sm_sql_writer *w, const sm_text *src, size_t at, size_t len);
void sm_sql__put(sm_sql_writer *w, const sm_text *src, size_t at, size_t len, sm_sv text);
void sm_sql__append(sm_sql_writer *w, const sm_sql_text *t);
void sm_sql__writer_done(sm_sql_writer *w, sm_sql_text *out);

/* The source bytes of one made byte; `offset` may be the end. */
const sm_text *sm_sql__source_of(const sm_sql_text *t, size_t offset, size_t *at, size_t *len);

#endif
