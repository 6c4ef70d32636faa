/* SPDX-License-Identifier: Apache-2.0 */
/* glob.c -- patterns of file names.
 *
 * A match is a walk over the pattern with one way back, to the last `*`.  Braces branch: each
 * alternative is tried in front of the rest, which is why they are few and not deep. */
#include "runtime/base/glob.h"

#include <string.h>

/* ---- reading a pattern ------------------------------------------------------------ */

/* Behind the class whose `[` stands at `at`; 0 when it does not end. */
static size_t class_end(sm_sv p, size_t at)
{
    size_t i = at + 1;

    if (i < p.len && (p.ptr[i] == '^' || p.ptr[i] == '!'))
        i++;
    if (i < p.len && p.ptr[i] == ']') /* first, it stands for itself */
        i++;
    for (; i < p.len; i++) {
        if (p.ptr[i] == '\\')
            i++;
        else if (p.ptr[i] == ']')
            return i + 1;
    }
    return 0;
}

/* Where the alternative that begins at `at` ends: a `,` or `}` of its own level; p.len when
 * there is none. */
static size_t branch_end(sm_sv p, size_t at)
{
    size_t depth = 0, end;

    for (size_t i = at; i < p.len; i++) {
        char c = p.ptr[i];

        if (c == '\\')
            i++;
        else if (c == '[' && (end = class_end(p, i)) > 0)
            i = end - 1;
        else if (c == '{')
            depth++;
        else if (depth == 0 && (c == ',' || c == '}'))
            return i;
        else if (c == '}')
            depth--;
    }
    return p.len;
}

static sm_code bad(sm_sv p, size_t at, const char *what, sm_error *err)
{
    return sm_fail(err, SM_E_INVALID, 0, "in \"%.*s\", character %zu: %s", SM_SV_ARG(p), at + 1,
                   what);
}

static sm_code check_class(sm_sv p, size_t *at, sm_error *err)
{
    size_t end = class_end(p, *at);

    if (end == 0)
        return bad(p, *at, "`[` without its `]`; write `\\[` for the character itself", err);
    if (memchr(p.ptr + *at, '/', end - *at) != NULL)
        return bad(p, *at, "`/` inside of `[…]`", err);
    *at = end - 1;
    return SM_OK;
}

sm_code sm_glob_check(sm_sv p, sm_error *err)
{
    size_t open[SM_GLOB_MAX_DEPTH], depth = 0;
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < p.len; i++) {
        char c = p.ptr[i];

        if (c == '\\' && ++i == p.len)
            rc = bad(p, i - 1, "nothing behind the `\\`", err);
        else if (c == '[')
            rc = check_class(p, &i, err);
        else if (c == '{' && depth == SM_GLOB_MAX_DEPTH)
            rc = bad(p, i, "braces in braces in braces", err);
        else if (c == '{')
            open[depth++] = i;
        else if (c == '}' && depth == 0)
            rc = bad(p, i, "`}` without its `{`; write `\\}` for the character itself", err);
        else if (c == '}')
            depth--;
        else if (c == '/' && depth > 0)
            rc = bad(p, open[0], "`/` inside of `{…}`", err);
    }
    if (rc == SM_OK && depth > 0)
        rc = bad(p, open[0], "`{` without its `}`; write `\\{` for the character itself", err);
    return rc;
}

bool sm_glob_is_pattern(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (strchr("*?[{", s.ptr[i]) != NULL)
            return true;
    }
    return false;
}

size_t sm_glob_plain(sm_sv s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        out[n++] = s.ptr[i];
    }
    return n;
}

/* ---- matching --------------------------------------------------------------------- */

/* The character at `at`, moved behind it; a byte that begins none counts for itself. */
static uint32_t take_char(sm_sv s, size_t *at)
{
    unsigned char c = (unsigned char)s.ptr[*at];
    size_t len = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    uint32_t value = 0;

    if (*at + len > s.len)
        len = 1;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | (unsigned char)s.ptr[*at + i];
    *at += len;
    return value;
}

static uint32_t class_char(sm_sv p, size_t *at)
{
    if (p.ptr[*at] == '\\' && *at + 1 < p.len)
        ++*at;
    return take_char(p, at);
}

/* Is `c` in the class [at, end)?  UTF-8 keeps the order of characters, so ranges of its bytes
 * are ranges of characters. */
static bool in_class(sm_sv p, size_t at, size_t end, uint32_t c)
{
    bool no = p.ptr[at + 1] == '^' || p.ptr[at + 1] == '!', found = false;
    size_t i = at + 1 + no;

    while (i < end - 1) {
        uint32_t low = class_char(p, &i), high = low;

        if (i + 1 < end - 1 && p.ptr[i] == '-') {
            i++;
            high = class_char(p, &i);
        }
        found |= low <= c && c <= high;
    }
    return found != no;
}

/* One character of the name against one of the pattern; both move on. */
static bool step(sm_sv p, size_t *at, sm_sv name, size_t *n)
{
    size_t end;

    if (*n == name.len)
        return false;
    switch (p.ptr[*at]) {
    case '?':
        ++*at;
        take_char(name, n);
        return true;
    case '[':
        if ((end = class_end(p, *at)) == 0 || !in_class(p, *at, end, take_char(name, n)))
            return false;
        *at = end;
        return true;
    case '\\':
        *at += *at + 1 < p.len;
        break;
    default:
        break;
    }
    return p.ptr[(*at)++] == name.ptr[(*n)++];
}

/* What is still to be matched: a text, then what follows the braces around it. */
typedef struct chain {
    sm_sv text;
    const struct chain *next;
} chain;

static bool match(const chain *c, sm_sv name);

static bool match_braces(const chain *c, size_t at, sm_sv name)
{
    sm_sv p = c->text;
    size_t close = at;
    size_t from = at + 1;

    do {
        close = branch_end(p, close + 1);
    } while (close < p.len && p.ptr[close] == ',');
    if (close == p.len)
        return false;
    chain rest = { sm_sv_sub(p, close + 1, p.len - close - 1), c->next };
    while (from <= close) {
        size_t end = branch_end(p, from);
        chain branch = { sm_sv_sub(p, from, end - from), &rest };

        if (match(&branch, name))
            return true;
        from = end + 1;
    }
    return false;
}

static bool match(const chain *c, sm_sv name)
{
    size_t at = 0, n = 0;

    for (;;) {
        while (at == c->text.len && c->next != NULL) {
            c = c->next;
            at = 0;
        }
        if (at == c->text.len)
            return n == name.len;
        if (c->text.ptr[at] == '*') {
            const chain rest = { sm_sv_sub(c->text, at + 1, c->text.len - at - 1), c->next };

            for (; n <= name.len; n++)
                if (match(&rest, sm_sv_sub(name, n, name.len - n)))
                    return true;
            return false;
        }
        if (c->text.ptr[at] == '{') {
            const chain rest = { c->text, c->next };

            return match_braces(&rest, at, sm_sv_sub(name, n, name.len - n));
        }
        if (!step(c->text, &at, name, &n))
            return false;
    }
}

/* Without braces one way back is enough: a name of n bytes costs no more than n times the
 * pattern. */
static bool match_plain(sm_sv p, sm_sv name)
{
    size_t at = 0, n = 0, star = SIZE_MAX, mark = 0;

    while (n < name.len || at < p.len) {
        if (at < p.len && p.ptr[at] == '*') {
            star = ++at;
            mark = n;
        } else if (at < p.len && step(p, &at, name, &n)) {
            continue;
        } else if (star != SIZE_MAX && mark < name.len) {
            at = star;
            n = ++mark;
        } else {
            return false;
        }
    }
    return true;
}

bool sm_glob(sm_sv pattern, sm_sv name)
{
    const chain all = { pattern, NULL };

    if (memchr(pattern.ptr, '{', pattern.len) == NULL)
        return match_plain(pattern, name);
    return match(&all, name);
}
