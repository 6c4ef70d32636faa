/* SPDX-License-Identifier: Apache-2.0 */
/* sql_text.c -- texts made of pieces, and the way back. */
#include "pipelines/sql/sql_text.h"

#include <string.h>

void sm_sql__writer_init(sm_sql_writer *w, sm_arena *a)
{
    *w = (sm_sql_writer){ .arena = a };
}

static void writer_bytes(sm_sql_writer *w, const char *ptr, size_t len)
{
    if (w->len + len > w->cap) {
        size_t cap = w->cap ? w->cap : 256;

        while (cap < w->len + len)
            cap *= 2;
        char *grown = SM_NEW_N(w->arena, char, cap);
        if (w->len)
            memcpy(grown, w->ptr, w->len);
        w->ptr = grown;
        w->cap = cap;
    }
    if (len)
        memcpy(w->ptr + w->len, ptr, len);
    w->len += len;
}

static void writer_piece(sm_sql_writer *w, struct sm_sql_piece piece)
{
    if (w->n_pieces == w->cap_pieces) {
        size_t cap = w->cap_pieces ? 2 * w->cap_pieces : 8;
        struct sm_sql_piece *grown = SM_NEW_N(w->arena, struct sm_sql_piece, cap);

        if (w->n_pieces)
            memcpy(grown, w->pieces, w->n_pieces * sizeof *grown);
        w->pieces = grown;
        w->cap_pieces = cap;
    }
    w->pieces[w->n_pieces++] = piece;
}

void sm_sql__copy(sm_sql_writer *w, const sm_text *src, size_t at, size_t len)
{
    if (len == 0)
        return;
    writer_piece(w, (struct sm_sql_piece){ w->len, src, at, len, false });
    writer_bytes(w, src->text.ptr + at, len);
}

void sm_sql__put(sm_sql_writer *w, const sm_text *src, size_t at, size_t len, sm_sv text)
{
    if (text.len == 0)
        return;
    writer_piece(w, (struct sm_sql_piece){ w->len, src, at, len, true });
    writer_bytes(w, text.ptr, text.len);
}

void sm_sql__append(sm_sql_writer *w, const sm_sql_text *t)
{
    for (size_t i = 0; i < t->n_pieces; i++) {
        struct sm_sql_piece piece = t->pieces[i];

        piece.at += w->len;
        writer_piece(w, piece);
    }
    writer_bytes(w, t->text.ptr, t->text.len);
}

void sm_sql__writer_done(sm_sql_writer *w, sm_sql_text *out)
{
    writer_bytes(w, "", 1); /* terminated, for those who print it */
    *out = (sm_sql_text){ { w->ptr, w->len - 1 }, w->pieces, w->n_pieces };
}

void sm_sql_enclose(const char *before, const sm_sql_text *t, const char *after, sm_arena *a,
                    sm_sql_text *out)
{
    const sm_text *src = t->n_pieces ? t->pieces[0].src : NULL;
    sm_sql_writer w;

    sm_sql__writer_init(&w, a);
    sm_sql__put(&w, src, 0, 0, sm_sv_cstr(before));
    sm_sql__append(&w, t);
    sm_sql__put(&w, src, 0, 0, sm_sv_cstr(after));
    sm_sql__writer_done(&w, out);
}

static const struct sm_sql_piece *piece_at(const sm_sql_text *t, size_t offset)
{
    size_t lo = 0, hi = t->n_pieces;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (t->pieces[mid].at <= offset)
            lo = mid;
        else
            hi = mid;
    }
    return &t->pieces[lo];
}

const sm_text *sm_sql__source_of(const sm_sql_text *t, size_t offset, size_t *at, size_t *len)
{
    const struct sm_sql_piece *p = piece_at(t, offset);

    if (p->put) {
        *at = p->src_at;
        *len = p->src_len;
    } else {
        *at = p->src_at + (offset - p->at);
        *len = 1;
    }
    return p->src;
}

sm_span sm_sql_text_span(const sm_sql_text *t, size_t offset, size_t len)
{
    size_t at = 0, one = 0;
    const sm_text *src;

    if (t->n_pieces == 0)
        return (sm_span){ 0 };
    src = sm_sql__source_of(t, offset, &at, &one);
    if (src == NULL) /* a word that sm_sql_enclose() put there */
        return (sm_span){ 0 };
    return sm_text_span(src, at, one > 1 || len == 0 ? one : len);
}
