/* SPDX-License-Identifier: Apache-2.0 */
/* sql_tokens.h -- the words of a SQL text, and the pass before parsing. */
#ifndef SM_SQL_TOKENS_H
#define SM_SQL_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipelines/sql/sql_text.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

typedef enum sm_sql_token_kind {
    SM_TOKEN_WORD,   /* keyword or unquoted name */
    SM_TOKEN_QUOTED, /* "name" */
    SM_TOKEN_STRING, /* 'text', e'text', $tag$text$tag$ */
    SM_TOKEN_NUMBER,
    SM_TOKEN_PARAM,  /* $name, $1 */
    SM_TOKEN_SYMBOL, /* one character */
} sm_sql_token_kind;

typedef struct sm_sql_token {
    sm_sql_token_kind kind;
    uint32_t at, len;
    uint32_t depth; /* open brackets around it; a bracket has the depth of what is outside */
} sm_sql_token;

/* Without space and comments. */
typedef struct sm_sql_tokens {
    sm_sv text;
    const sm_sql_token *items;
    size_t n;
} sm_sql_tokens;

/* Any bytes are accepted: what is not closed reaches to the end.  Lives in `a`. */
sm_sql_tokens sm_sql__tokens(sm_sv text, sm_arena *a);

/* The token that begins at `at`, or that `at` lies in; t->n if there is none. */
size_t sm_sql__token_at(const sm_sql_tokens *t, size_t at);

sm_sv sm_sql__token_text(const sm_sql_tokens *t, size_t i);
/* Is token i this keyword (lower case)?  False beyond the ends. */
bool sm_sql__token_is(const sm_sql_tokens *t, size_t i, const char *word);
bool sm_sql__token_symbol(const sm_sql_tokens *t, size_t i, char c);
/* A word or a quoted name; the number of the token after `name[.name…]` that begins at i. */
bool sm_sql__token_name(const sm_sql_tokens *t, size_t i);
size_t sm_sql__token_after_name(const sm_sql_tokens *t, size_t i);
/* The token that closes the bracket at i; t->n if none does. */
size_t sm_sql__token_close(const sm_sql_tokens *t, size_t i);
/* How many bytes the last token before the end of [from, to) leaves: the text of tokens
 * [i, j) as a range of bytes. */
void sm_sql__token_range(const sm_sql_tokens *t, size_t i, size_t j, size_t *at, size_t *len);

/* Is token i the word `window`, and none that begins a WINDOW clause? */
bool sm_sql__token_is_window(const sm_sql_tokens *t, size_t i);

/* The pass before parsing: `window` before ( or . becomes "window", since it is a keyword
 * of the engine, and `STREAM x` becomes STREAM(x).  Lives in `a`. */
void sm_sql__prepare(const sm_sql_tokens *t, const sm_text *src, sm_arena *a, sm_sql_text *out);

#endif
