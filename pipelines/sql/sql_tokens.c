/* SPDX-License-Identifier: Apache-2.0 */
/* sql_tokens.c -- the words of a SQL text, and the pass before parsing.
 *
 * Only as much of the lexical rules as it takes never to mistake a string, a quoted name or
 * a comment for words: 'it''s', e'it\'s', "a""b", $tag$ text $tag$, nested block comments,
 * line comments.  What is not closed reaches to the end; the parser will say so.
 */
#include "pipelines/sql/sql_tokens.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || is_digit(c) || c == '$';
}

/* The bytes of the wide space at `at`, such as the no-break space of a text that was copied
 * from a page; 0 if there is none.  The engine makes one blank of each before it parses. */
static size_t wide_space(sm_sv s, size_t at)
{
    static const char *const spaces[] = { "\xc2\xa0",     "\xe2\x80\xaf", "\xe2\x81\x9f",
                                          "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf" };
    sm_sv rest = sm_sv_sub(s, at, s.len);

    if ((unsigned char)s.ptr[at] < 0x80)
        return 0;
    if (rest.len >= 3 && memcmp(rest.ptr, "\xe2\x80", 2) == 0 &&
        (unsigned char)rest.ptr[2] <= 0x8b) /* U+2000 to U+200B */
        return 3;
    for (size_t i = 0; i < COUNT(spaces); i++) {
        if (sm_sv_starts(rest, sm_sv_cstr(spaces[i])))
            return strlen(spaces[i]);
    }
    return 0;
}

static bool is_word_at(sm_sv s, size_t at)
{
    return at < s.len && is_word(s.ptr[at]) && wide_space(s, at) == 0;
}

/* ---- one token ----------------------------------------------------------------- */

static size_t skip_block_comment(sm_sv s, size_t at)
{
    size_t depth = 0;

    while (at + 1 < s.len) {
        if (s.ptr[at] == '/' && s.ptr[at + 1] == '*') {
            depth++;
            at += 2;
        } else if (s.ptr[at] == '*' && s.ptr[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return s.len;
}

static size_t skip_blank(sm_sv s, size_t at)
{
    while (at < s.len) {
        if (is_space(s.ptr[at])) {
            at++;
        } else if (at + 1 < s.len && s.ptr[at] == '-' && s.ptr[at + 1] == '-') {
            while (at < s.len && s.ptr[at] != '\n' && s.ptr[at] != '\r')
                at++;
        } else if (at + 1 < s.len && s.ptr[at] == '/' && s.ptr[at + 1] == '*') {
            at = skip_block_comment(s, at);
        } else if (wide_space(s, at) > 0) {
            at += wide_space(s, at);
        } else {
            break;
        }
    }
    return at;
}

/* `at` is behind the opening quote; a doubled quote stands for itself. */
static size_t end_of_quoted(sm_sv s, size_t at, char quote, bool backslash)
{
    while (at < s.len) {
        if (backslash && s.ptr[at] == '\\') {
            at += 2;
        } else if (s.ptr[at] != quote) {
            at++;
        } else if (at + 1 < s.len && s.ptr[at + 1] == quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    return s.len;
}

/* A $ begins a dollar quote, a parameter, or nothing of both. */
static size_t end_of_dollar(sm_sv s, size_t at, sm_sql_token_kind *kind)
{
    size_t tag = at + 1;

    while (is_word_at(s, tag) && s.ptr[tag] != '$')
        tag++;
    if (tag < s.len && s.ptr[tag] == '$' && (tag == at + 1 || !is_digit(s.ptr[at + 1]))) {
        size_t len = tag + 1 - at;

        *kind = SM_TOKEN_STRING;
        for (size_t i = tag + 1; i + len <= s.len; i++) {
            if (memcmp(s.ptr + i, s.ptr + at, len) == 0)
                return i + len;
        }
        return s.len;
    }
    *kind = tag > at + 1 ? SM_TOKEN_PARAM : SM_TOKEN_SYMBOL;
    return tag;
}

static size_t end_of_number(sm_sv s, size_t at)
{
    while (is_word_at(s, at) || (at < s.len && s.ptr[at] == '.')) {
        bool exponent = s.ptr[at] == 'e' || s.ptr[at] == 'E';

        at++;
        if (exponent && at + 1 < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-') &&
            is_digit(s.ptr[at + 1]))
            at++;
    }
    return at;
}

static size_t end_of_word(sm_sv s, size_t at, sm_sql_token_kind *kind)
{
    size_t end = at;

    while (is_word_at(s, end))
        end++;
    *kind = SM_TOKEN_WORD;
    if (end == at + 1 && end < s.len && s.ptr[end] == '\'' && strchr("eExXbBnN", s.ptr[at])) {
        *kind = SM_TOKEN_STRING;
        end = end_of_quoted(s, end + 1, '\'', (s.ptr[at] | 0x20) == 'e');
    }
    return end;
}

/* The end of the token that begins at `at`, which is no blank. */
static size_t end_of_token(sm_sv s, size_t at, sm_sql_token_kind *kind)
{
    char c = s.ptr[at];
    size_t end;

    if (c == '\'' || c == '"') {
        *kind = c == '"' ? SM_TOKEN_QUOTED : SM_TOKEN_STRING;
        end = end_of_quoted(s, at + 1, c, false);
    } else if (c == '$') {
        end = end_of_dollar(s, at, kind);
    } else if (is_digit(c)) {
        *kind = SM_TOKEN_NUMBER;
        end = end_of_number(s, at);
    } else if (is_word_start(c)) {
        end = end_of_word(s, at, kind);
    } else {
        *kind = SM_TOKEN_SYMBOL;
        end = at + 1;
    }
    return end < s.len ? end : s.len;
}

/* ---- all of them --------------------------------------------------------------- */

static size_t scan(sm_sv s, sm_sql_token *out)
{
    size_t n = 0;
    uint32_t depth = 0;

    for (size_t at = skip_blank(s, 0); at < s.len;) {
        sm_sql_token_kind kind = SM_TOKEN_SYMBOL;
        size_t end = end_of_token(s, at, &kind);
        bool symbol = kind == SM_TOKEN_SYMBOL;

        if (symbol && strchr(")]}", s.ptr[at]) && s.ptr[at] && depth > 0)
            depth--;
        if (out)
            out[n] = (sm_sql_token){ kind, (uint32_t)at, (uint32_t)(end - at), depth };
        n++;
        if (symbol && strchr("([{", s.ptr[at]) && s.ptr[at])
            depth++;
        at = skip_blank(s, end);
    }
    return n;
}

sm_sql_tokens sm_sql__tokens(sm_sv text, sm_arena *a)
{
    size_t n = scan(text, NULL);
    sm_sql_token *items = n ? SM_NEW_N(a, sm_sql_token, n) : NULL;

    scan(text, items);
    return (sm_sql_tokens){ text, items, n };
}

size_t sm_sql__token_at(const sm_sql_tokens *t, size_t at)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (t->items[mid].at + t->items[mid].len <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n && t->items[lo].at <= at ? lo : t->n;
}

sm_sv sm_sql__token_text(const sm_sql_tokens *t, size_t i)
{
    return (sm_sv){ t->text.ptr + t->items[i].at, t->items[i].len };
}

bool sm_sql__token_is(const sm_sql_tokens *t, size_t i, const char *word)
{
    return i < t->n && t->items[i].kind == SM_TOKEN_WORD &&
           sm_sql_same_name(sm_sql__token_text(t, i), sm_sv_cstr(word));
}

bool sm_sql__token_symbol(const sm_sql_tokens *t, size_t i, char c)
{
    return i < t->n && t->items[i].kind == SM_TOKEN_SYMBOL && t->text.ptr[t->items[i].at] == c;
}

bool sm_sql__token_name(const sm_sql_tokens *t, size_t i)
{
    return i < t->n && (t->items[i].kind == SM_TOKEN_WORD || t->items[i].kind == SM_TOKEN_QUOTED);
}

size_t sm_sql__token_after_name(const sm_sql_tokens *t, size_t i)
{
    i++;
    while (sm_sql__token_symbol(t, i, '.') && sm_sql__token_name(t, i + 1))
        i += 2;
    return i;
}

size_t sm_sql__token_close(const sm_sql_tokens *t, size_t i)
{
    uint32_t depth = t->items[i].depth;

    for (i++; i < t->n; i++) {
        if (t->items[i].depth == depth)
            return i;
    }
    return t->n;
}

void sm_sql__token_range(const sm_sql_tokens *t, size_t i, size_t j, size_t *at, size_t *len)
{
    *at = t->items[i].at;
    *len = t->items[j - 1].at + t->items[j - 1].len - *at;
}

/* ---- the pass before parsing --------------------------------------------------- */

/* Words that may follow a table called "stream", so that `FROM stream WHERE` is no STREAM
 * of a table called "where". */
static const char *const after_table[] = {
    "as",     "asof",        "anti",  "at",        "cross",      "except",  "fetch",  "full",
    "group",  "having",      "inner", "intersect", "join",       "left",    "limit",  "natural",
    "offset", "on",          "order", "pivot",     "positional", "qualify", "right",  "select",
    "semi",   "tablesample", "union", "unpivot",   "using",      "where",   "window", "with",
};

/* Words that end the FROM clause of their level, or begin it. */
static const char *const clauses[] = {
    "select", "where", "group", "having", "qualify", "order", "limit", "offset", "window", "set",
};

static bool token_in(const sm_sql_tokens *t, size_t i, const char *const *words, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (sm_sql__token_is(t, i, words[k]))
            return true;
    }
    return false;
}

/* Is token i the STREAM of `STREAM name`, where a table is expected? */
static bool is_stream_word(const sm_sql_tokens *t, size_t i, bool in_from)
{
    if (!in_from || !sm_sql__token_is(t, i, "stream") || i == 0)
        return false;
    if (!sm_sql__token_name(t, i + 1) || token_in(t, i + 1, after_table, COUNT(after_table)))
        return false;
    return sm_sql__token_is(t, i - 1, "from") || sm_sql__token_is(t, i - 1, "join") ||
           sm_sql__token_symbol(t, i - 1, ',') || sm_sql__token_symbol(t, i - 1, '(');
}

bool sm_sql__token_is_window(const sm_sql_tokens *t, size_t i)
{
    bool clause = sm_sql__token_name(t, i + 1) && sm_sql__token_is(t, i + 2, "as") &&
                  sm_sql__token_symbol(t, i + 3, '(');

    return sm_sql__token_is(t, i, "window") && !sm_sql__token_symbol(t, i - 1, '.') && !clause;
}

static uint32_t deepest(const sm_sql_tokens *t)
{
    uint32_t depth = 0;

    for (size_t i = 0; i < t->n; i++)
        depth = t->items[i].depth > depth ? t->items[i].depth : depth;
    return depth;
}

/* The range with plain blanks in place of wide ones: the places that the engine speaks of
 * are those of the text it parses. */
static void copy_range(sm_sql_writer *w, const sm_sql_tokens *t, const sm_text *src, size_t from,
                       size_t to)
{
    size_t done = from;

    for (size_t at = from; at < to; at++) {
        size_t wide = wide_space(t->text, at);

        if (wide == 0 || sm_sql__token_at(t, at) < t->n)
            continue;
        sm_sql__copy(w, src, done, at - done);
        sm_sql__put(w, src, at, wide, SM_SV(" "));
        done = at + wide;
        at = done - 1;
    }
    sm_sql__copy(w, src, done, to - done);
}

void sm_sql__prepare(const sm_sql_tokens *t, const sm_text *src, sm_arena *a, sm_sql_text *out)
{
    /* in_from[d]: at depth d a table may come; a bracket inherits it from outside, for
     * FROM (STREAM a JOIN …) */
    bool *in_from = SM_NEW_N(a, bool, deepest(t) + 2);
    sm_sql_writer w;
    size_t done = 0;

    sm_sql__writer_init(&w, a);
    for (size_t i = 0; i < t->n; i++) {
        const sm_sql_token *token = &t->items[i];

        if (sm_sql__token_symbol(t, i, '('))
            in_from[token->depth + 1] = in_from[token->depth];
        else if (sm_sql__token_is(t, i, "from") || sm_sql__token_is(t, i, "join"))
            in_from[token->depth] = true;
        else if (token_in(t, i, clauses, COUNT(clauses)))
            in_from[token->depth] = false;
        if (sm_sql__token_is_window(t, i)) {
            copy_range(&w, t, src, done, token->at);
            sm_sql__put(&w, src, token->at, token->len, SM_SV("\"window\""));
            done = token->at + token->len;
        } else if (is_stream_word(t, i, in_from[token->depth])) {
            size_t end = sm_sql__token_after_name(t, i + 1), at, len;

            sm_sql__token_range(t, i, end, &at, &len);
            copy_range(&w, t, src, done, token->at + token->len);
            sm_sql__put(&w, src, at, len, SM_SV("("));
            copy_range(&w, t, src, t->items[i + 1].at, at + len);
            sm_sql__put(&w, src, at, len, SM_SV(")"));
            done = at + len;
            i = end - 1;
        }
    }
    copy_range(&w, t, src, done, src->text.len);
    sm_sql__writer_done(&w, out);
}
