/* SPDX-License-Identifier: Apache-2.0 */
/* spec_text.c -- scalars as text and as JSON; SQL, which is taken as it is.
 *
 * In SQL `$$` opens a quoted text, and a variable is `$x`.  People who come from other tools
 * write `:x` there, and get a hint; `${x}` in SQL is told where SQL is read.
 */
#include <math.h>
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/limit.h"

bool sm_spec__text(const sm_bind *b, sm_pair p, sm_text *out)
{
    const sm_yaml_node *n = p.value;

    if (n->kind != SM_YAML_STRING) {
        sm_spec__wrong_kind(b, p, "a text");
        if (n->kind == SM_YAML_INT || n->kind == SM_YAML_FLOAT || n->kind == SM_YAML_BOOL)
            sm_diag_hint(b->d, "put it in quotes");
        return false;
    }
    if (!(n = sm_spec__filled(b, n, false)))
        return false;
    *out = sm_yaml_text(n);
    return true;
}

static sm_json *list_json(const sm_bind *b, const sm_yaml_node *n, bool typed)
{
    sm_json *list = sm_json_array(b->a);

    for (size_t i = 0; i < n->n; i++)
        sm_json_append(list, sm_spec__json(b, n->items[i], typed));
    return list;
}

static sm_json *map_json(const sm_bind *b, const sm_yaml_node *n, bool typed)
{
    sm_json *map = sm_json_object(b->a);

    for (size_t i = 0; i < n->n; i++)
        sm_json_set_sv(map, n->items[2 * i]->text, sm_spec__json(b, n->items[2 * i + 1], typed));
    return map;
}

sm_json *sm_spec__json(const sm_bind *b, const sm_yaml_node *n, bool typed)
{
    if (!(n = sm_spec__filled(b, n, typed)))
        return sm_json_null(b->a); /* told */
    switch (n->kind) {
    case SM_YAML_NULL:
        break;
    case SM_YAML_BOOL:
        return sm_json_bool(b->a, n->boolean);
    case SM_YAML_INT:
        return sm_json_int(b->a, n->integer);
    case SM_YAML_FLOAT: /* JSON has no infinity */
        return isfinite(n->real) ? sm_json_real(b->a, n->real) : sm_json_string(b->a, n->text);
    case SM_YAML_STRING:
        return sm_json_string(b->a, n->text);
    case SM_YAML_LIST:
        return list_json(b, n, typed);
    case SM_YAML_MAP:
        return map_json(b, n, typed);
    }
    return sm_json_null(b->a);
}

/* A walk over SQL that knows quotes, comments and brackets. */
typedef struct sql_walk {
    sm_sv t;
    size_t at;
    int brackets; /* open [ and { */
} sql_walk;

static bool looking_at(const sql_walk *w, const char *what)
{
    size_t len = strlen(what);

    return w->t.len - w->at >= len && memcmp(w->t.ptr + w->at, what, len) == 0;
}

/* Behind the next `close`, or the end. */
static void skip_to(sql_walk *w, const char *close)
{
    while (w->at < w->t.len && !looking_at(w, close))
        w->at++;
    w->at = w->at < w->t.len ? w->at + strlen(close) : w->t.len;
}

static bool is_word_char(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c & 0x80) != 0;
}

/* $tag$ … $tag$; false when it is a parameter or `${`. */
static bool skip_dollar_quote(sql_walk *w)
{
    size_t end = w->at + 1;
    char tag[64];

    while (end < w->t.len && is_word_char(w->t.ptr[end]))
        end++;
    if (end >= w->t.len || w->t.ptr[end] != '$' || end - w->at + 2 > sizeof(tag))
        return false;
    memcpy(tag, w->t.ptr + w->at, end - w->at + 1);
    tag[end - w->at + 1] = '\0';
    w->at = end + 1;
    skip_to(w, tag);
    return true;
}

/* Skip what is quoted or commented at w->at; false when nothing is. */
static bool skip_quoted(sql_walk *w)
{
    static const struct {
        const char *open, *close;
    } quotes[] = { { "'", "'" }, { "\"", "\"" }, { "--", "\n" }, { "/*", "*/" } };

    for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        if (!looking_at(w, quotes[i].open))
            continue;
        w->at += strlen(quotes[i].open);
        skip_to(w, quotes[i].close);
        return true;
    }
    return w->t.ptr[w->at] == '$' && skip_dollar_quote(w);
}

/* `:name` where a value stands, and not a cast, a slice or a field of a struct. */
static bool is_colon_variable(const sql_walk *w)
{
    char before = w->at > 0 ? w->t.ptr[w->at - 1] : ' ';
    char next = w->at + 1 < w->t.len ? w->t.ptr[w->at + 1] : ' ';

    return w->brackets == 0 && strchr(" \t\r\n(,=<>+-*/%|", before) && is_word_char(next) &&
           !(next >= '0' && next <= '9');
}

static void tell_colon_variable(const sm_bind *b, const sm_text *t, size_t at)
{
    size_t len = 1;

    while (at + len < t->text.len && is_word_char(t->text.ptr[at + len]))
        len++;
    sm_diag_add(b->d, "SM0122", sm_text_span(t, at, len), "`%.*s` means nothing in SQL", (int)len,
                t->text.ptr + at);
    sm_diag_hint(b->d, "a variable in SQL is written `$%.*s`", (int)len - 1, t->text.ptr + at + 1);
}

bool sm_spec__check_sql(const sm_bind *b, const sm_text *t)
{
    sql_walk w = { .t = t->text };
    bool ok = true;

    while (w.at < w.t.len) {
        char c = w.t.ptr[w.at];

        if (skip_quoted(&w))
            continue;
        w.brackets += (c == '[' || c == '{') - (c == ']' || c == '}');
        if (c == ':' && is_colon_variable(&w)) {
            tell_colon_variable(b, t, w.at);
            ok = false;
        }
        w.at += looking_at(&w, "::") ? 2 : 1;
    }
    return ok;
}

static bool is_white(sm_sv t)
{
    for (size_t i = 0; i < t.len; i++)
        if (!strchr(" \t\r\n", t.ptr[i]))
            return false;
    return true;
}

bool sm_spec__sql(const sm_bind *b, sm_pair p, sm_text *out)
{
    const sm_yaml_node *n = p.value;
    sm_text text;

    if (n->kind != SM_YAML_STRING) {
        sm_spec__wrong_kind(b, p, "SQL as text");
        return false;
    }
    if (is_white(n->text)) {
        sm_diag_add(b->d, "SM0114", sm_yaml_span(n), "`%.*s` is empty", SM_SV_ARG(p.key->text));
        return false;
    }
    if (n->text.len > SM_LIMIT_SQL_BYTES) {
        sm_diag_add(b->d, "SM0103", sm_yaml_span(p.key), "the SQL has %zu bytes, more than %zu",
                    n->text.len, SM_LIMIT_SQL_BYTES);
        return false;
    }
    text = sm_yaml_text(n);
    if (!sm_spec__check_sql(b, &text))
        return false;
    *out = text;
    return true;
}
