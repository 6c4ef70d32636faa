/* SPDX-License-Identifier: Apache-2.0 */
/* sqltype.c -- type texts to trees and back, and what a table stores.
 *
 *     type   := base ( "[]" | "[" number "]" )*
 *     base   := STRUCT "(" name type, … ")" | MAP "(" type, type ")"
 *             | DECIMAL "(" width, scale ")" | word word* [ "(" anything ")" ]
 *
 * A word that is no type's name, an unnamed struct and a union are kind OTHER: the text is
 * kept, and sm_sqltype_stored() refuses it.  Struct names are always printed in quotes,
 * because every keyword of SQL may be one.
 */
#include "runtime/base/sqltype.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "runtime/base/sqltext.h"

typedef struct type_parser {
    sm_sv text;
    size_t pos;
    int depth;
    sm_arena *a;
    sm_error *err;
} type_parser;

/* The first name of a kind is the one that is printed. */
static const struct type_name {
    const char *name;
    sm_sqltype_kind kind;
} type_names[] = {
    { "BOOLEAN", SM_SQLTYPE_BOOLEAN },
    { "BOOL", SM_SQLTYPE_BOOLEAN },
    { "TINYINT", SM_SQLTYPE_TINYINT },
    { "INT1", SM_SQLTYPE_TINYINT },
    { "SMALLINT", SM_SQLTYPE_SMALLINT },
    { "INT2", SM_SQLTYPE_SMALLINT },
    { "SHORT", SM_SQLTYPE_SMALLINT },
    { "INTEGER", SM_SQLTYPE_INTEGER },
    { "INT", SM_SQLTYPE_INTEGER },
    { "INT4", SM_SQLTYPE_INTEGER },
    { "BIGINT", SM_SQLTYPE_BIGINT },
    { "INT8", SM_SQLTYPE_BIGINT },
    { "LONG", SM_SQLTYPE_BIGINT },
    { "HUGEINT", SM_SQLTYPE_HUGEINT },
    { "UTINYINT", SM_SQLTYPE_UTINYINT },
    { "USMALLINT", SM_SQLTYPE_USMALLINT },
    { "UINTEGER", SM_SQLTYPE_UINTEGER },
    { "UBIGINT", SM_SQLTYPE_UBIGINT },
    { "UHUGEINT", SM_SQLTYPE_UHUGEINT },
    { "FLOAT", SM_SQLTYPE_FLOAT },
    { "FLOAT4", SM_SQLTYPE_FLOAT },
    { "REAL", SM_SQLTYPE_FLOAT },
    { "DOUBLE", SM_SQLTYPE_DOUBLE },
    { "DOUBLE PRECISION", SM_SQLTYPE_DOUBLE },
    { "FLOAT8", SM_SQLTYPE_DOUBLE },
    { "DECIMAL", SM_SQLTYPE_DECIMAL },
    { "NUMERIC", SM_SQLTYPE_DECIMAL },
    { "VARCHAR", SM_SQLTYPE_VARCHAR },
    { "STRING", SM_SQLTYPE_VARCHAR },
    { "TEXT", SM_SQLTYPE_VARCHAR },
    { "CHAR", SM_SQLTYPE_VARCHAR },
    { "BPCHAR", SM_SQLTYPE_VARCHAR },
    { "JSON", SM_SQLTYPE_JSON },
    { "ENUM", SM_SQLTYPE_ENUM },
    { "UUID", SM_SQLTYPE_UUID },
    { "BLOB", SM_SQLTYPE_BLOB },
    { "BYTEA", SM_SQLTYPE_BLOB },
    { "BINARY", SM_SQLTYPE_BLOB },
    { "VARBINARY", SM_SQLTYPE_BLOB },
    { "DATE", SM_SQLTYPE_DATE },
    { "TIME", SM_SQLTYPE_TIME },
    { "TIME_NS", SM_SQLTYPE_TIME },
    { "TIME WITH TIME ZONE", SM_SQLTYPE_TIMETZ },
    { "TIMETZ", SM_SQLTYPE_TIMETZ },
    { "INTERVAL", SM_SQLTYPE_INTERVAL },
    { "TIMESTAMP", SM_SQLTYPE_TIMESTAMP },
    { "DATETIME", SM_SQLTYPE_TIMESTAMP },
    { "TIMESTAMP_US", SM_SQLTYPE_TIMESTAMP },
    { "TIMESTAMP WITH TIME ZONE", SM_SQLTYPE_TIMESTAMPTZ },
    { "TIMESTAMPTZ", SM_SQLTYPE_TIMESTAMPTZ },
    { "TIMESTAMP_S", SM_SQLTYPE_TIMESTAMP_S },
    { "TIMESTAMP_MS", SM_SQLTYPE_TIMESTAMP_MS },
    { "TIMESTAMP_NS", SM_SQLTYPE_TIMESTAMP_NS },
    { "TIMESTAMP_NTZ", SM_SQLTYPE_TIMESTAMP_NTZ },
    { NULL, SM_SQLTYPE_OTHER },
};

/* ---- the parser ---- */

static sm_code parse_type(type_parser *p, sm_sqltype **out);

static sm_code type_fault(type_parser *p, const char *what)
{
    int shown = p->text.len > 120 ? 120 : (int)p->text.len;

    return sm_fail(p->err, SM_E_INVALID, 0, "type \"%.*s\" %s at character %zu", shown, p->text.ptr,
                   what, p->pos + 1);
}

static void skip_space(type_parser *p)
{
    while (p->pos < p->text.len && isspace((unsigned char)p->text.ptr[p->pos]))
        p->pos++;
}

static bool peek(type_parser *p, char c)
{
    skip_space(p);
    return p->pos < p->text.len && p->text.ptr[p->pos] == c;
}

static bool accept(type_parser *p, char c)
{
    if (!peek(p, c))
        return false;
    p->pos++;
    return true;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static sm_sv next_word(type_parser *p)
{
    skip_space(p);
    size_t from = p->pos;
    while (p->pos < p->text.len && is_word(p->text.ptr[p->pos]))
        p->pos++;
    return (sm_sv){ p->text.ptr + from, p->pos - from };
}

static bool word_is(sm_sv w, const char *name)
{
    return w.len == strlen(name) && strncasecmp(w.ptr, name, w.len) == 0;
}

/* A name, bare or in quotes ("" inside stands for one quote). */
static sm_code parse_name(type_parser *p, sm_sv *out)
{
    if (!accept(p, '"')) {
        sm_sv word = next_word(p);
        if (word.len == 0)
            return type_fault(p, "lacks a name");
        *out = sm_arena_dup(p->a, word);
        return SM_OK;
    }
    char *name = SM_NEW_N(p->a, char, p->text.len - p->pos + 1);
    size_t n = 0;
    for (; p->pos < p->text.len; p->pos++) {
        if (p->text.ptr[p->pos] == '"') {
            if (p->pos + 1 >= p->text.len || p->text.ptr[p->pos + 1] != '"')
                break;
            p->pos++;
        }
        name[n++] = p->text.ptr[p->pos];
    }
    if (!accept(p, '"'))
        return type_fault(p, "has a quoted name without an end");
    *out = (sm_sv){ name, n };
    return SM_OK;
}

/* Skip "( … )" with its nesting and its quoted parts; p stands behind the "(". */
static sm_code skip_arguments(type_parser *p)
{
    int open = 1;
    char quote = 0;

    for (; p->pos < p->text.len && open > 0; p->pos++) {
        char c = p->text.ptr[p->pos];
        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '(')
            open++;
        else if (c == ')')
            open--;
    }
    return open == 0 ? SM_OK : type_fault(p, "has a parenthesis without an end");
}

static sm_sqltype *new_type(sm_arena *a, sm_sqltype_kind kind)
{
    sm_sqltype *t = SM_NEW(a, sm_sqltype);

    t->kind = kind;
    return t;
}

static void add_field(sm_arena *a, sm_sqltype *t, sm_sv name, sm_sqltype *type)
{
    if ((t->n & (t->n - 1)) == 0) { /* full at each power of two */
        sm_sqltype_field *wider = SM_NEW_N(a, sm_sqltype_field, t->n == 0 ? 1 : t->n * 2);
        if (t->n > 0)
            memcpy(wider, t->fields, t->n * sizeof *wider);
        t->fields = wider;
    }
    t->fields[t->n++] = (sm_sqltype_field){ name, type };
}

static sm_code parse_number(type_parser *p, int64_t max, int64_t *out)
{
    int64_t v = 0;

    skip_space(p);
    if (p->pos >= p->text.len || !isdigit((unsigned char)p->text.ptr[p->pos]))
        return type_fault(p, "lacks a number");
    for (; p->pos < p->text.len && isdigit((unsigned char)p->text.ptr[p->pos]); p->pos++) {
        v = v * 10 + (p->text.ptr[p->pos] - '0');
        if (v > max)
            return type_fault(p, "has a number that is too large");
    }
    *out = v;
    return SM_OK;
}

static sm_code parse_decimal(type_parser *p, sm_sqltype *t)
{
    int64_t width = 18, scale = 3;
    sm_code rc;

    if (accept(p, '(')) {
        scale = 0;
        if ((rc = parse_number(p, 38, &width)) != SM_OK)
            return rc;
        if (accept(p, ',') && (rc = parse_number(p, 38, &scale)) != SM_OK)
            return rc;
        if (!accept(p, ')'))
            return type_fault(p, "lacks a closing parenthesis");
    }
    if (width < 1 || scale > width)
        return type_fault(p, "has a scale above its width");
    t->width = (int)width;
    t->scale = (int)scale;
    return SM_OK;
}

/* The fields of a struct; one without names becomes OTHER. */
static sm_code parse_struct(type_parser *p, sm_sqltype *t)
{
    sm_code rc;

    if (!accept(p, '('))
        return type_fault(p, "lacks the fields of its struct");
    do {
        sm_sv name;
        sm_sqltype *type;
        if ((rc = parse_name(p, &name)) != SM_OK)
            return rc;
        if (peek(p, ',') || peek(p, ')') || peek(p, '(')) {
            t->kind = SM_SQLTYPE_OTHER;
            return skip_arguments(p);
        }
        if ((rc = parse_type(p, &type)) != SM_OK)
            return rc;
        add_field(p->a, t, name, type);
    } while (accept(p, ','));
    return accept(p, ')') ? SM_OK : type_fault(p, "lacks a closing parenthesis");
}

static sm_code parse_map(type_parser *p, sm_sqltype *t)
{
    static const char *const names[] = { "key", "value" };
    sm_code rc;

    if (!accept(p, '('))
        return type_fault(p, "lacks the key and the value of its map");
    for (size_t i = 0; i < 2; i++) {
        sm_sqltype *type;
        if (i == 1 && !accept(p, ','))
            return type_fault(p, "lacks the value of its map");
        if ((rc = parse_type(p, &type)) != SM_OK)
            return rc;
        add_field(p->a, t, (sm_sv){ names[i], strlen(names[i]) }, type);
    }
    return accept(p, ')') ? SM_OK : type_fault(p, "lacks a closing parenthesis");
}

static bool find_name(sm_sv text, sm_sqltype_kind *out)
{
    for (const struct type_name *n = type_names; n->name != NULL; n++) {
        if (word_is(text, n->name)) {
            *out = n->kind;
            return true;
        }
    }
    return false;
}

/* One or more words, the longest run that is a type's name: TIMESTAMP WITH TIME ZONE. */
static sm_code parse_words(type_parser *p, sm_sv first, sm_sqltype *t)
{
    const char *from = first.ptr;
    size_t after = p->pos;

    t->kind = SM_SQLTYPE_OTHER;
    find_name(first, &t->kind);
    for (int i = 0; i < 3; i++) {
        sm_sv more = next_word(p);
        if (more.len == 0)
            break;
        sm_sqltype_kind kind;
        if (find_name((sm_sv){ from, (size_t)(more.ptr + more.len - from) }, &kind)) {
            t->kind = kind;
            after = p->pos;
        }
    }
    p->pos = after;
    if (t->kind == SM_SQLTYPE_DECIMAL)
        return parse_decimal(p, t);
    return accept(p, '(') ? skip_arguments(p) : SM_OK;
}

static sm_code parse_base(type_parser *p, sm_sqltype **out)
{
    sm_sqltype *t = new_type(p->a, SM_SQLTYPE_OTHER);

    *out = t;
    if (peek(p, '"')) { /* "NULL", or a type somebody made */
        sm_sv name;
        return parse_name(p, &name);
    }
    sm_sv word = next_word(p);
    if (word.len == 0)
        return type_fault(p, "lacks a type");
    if (word_is(word, "STRUCT") || word_is(word, "ROW")) {
        t->kind = SM_SQLTYPE_STRUCT;
        return parse_struct(p, t);
    }
    if (word_is(word, "MAP")) {
        t->kind = SM_SQLTYPE_MAP;
        return parse_map(p, t);
    }
    return parse_words(p, word, t);
}

static sm_code parse_suffix(type_parser *p, sm_sqltype **t)
{
    sm_sqltype *list = new_type(p->a, SM_SQLTYPE_LIST);
    sm_code rc;

    if (!peek(p, ']')) {
        list->kind = SM_SQLTYPE_ARRAY;
        if ((rc = parse_number(p, 1000000, &list->length)) != SM_OK)
            return rc;
    }
    if (!accept(p, ']'))
        return type_fault(p, "lacks a closing bracket");
    add_field(p->a, list, SM_SV("element"), *t);
    *t = list;
    return SM_OK;
}

static sm_code parse_type(type_parser *p, sm_sqltype **out)
{
    int suffixes = 0;
    sm_code rc;

    if (++p->depth > SM_SQLTYPE_MAX_DEPTH)
        return type_fault(p, "is nested too deep");
    skip_space(p);
    size_t from = p->pos;
    if ((rc = parse_base(p, out)) != SM_OK)
        return rc;
    (*out)->text = sm_arena_dup(p->a, (sm_sv){ p->text.ptr + from, p->pos - from });
    while (accept(p, '[')) {
        if (p->depth + ++suffixes > SM_SQLTYPE_MAX_DEPTH)
            return type_fault(p, "is nested too deep");
        if ((rc = parse_suffix(p, out)) != SM_OK)
            return rc;
        (*out)->text = sm_arena_dup(p->a, (sm_sv){ p->text.ptr + from, p->pos - from });
    }
    p->depth--;
    return SM_OK;
}

sm_code sm_sqltype_parse(sm_sv text, sm_arena *a, sm_sqltype **out, sm_error *err)
{
    type_parser p = { .text = text, .a = a, .err = err };
    sm_code rc;

    if (text.len > SM_SQLTYPE_MAX_TEXT)
        return sm_fail(err, SM_E_LIMIT, 0, "a type's text is longer than %d bytes",
                       SM_SQLTYPE_MAX_TEXT);
    if ((rc = parse_type(&p, out)) != SM_OK)
        return rc;
    skip_space(&p);
    return p.pos == text.len ? SM_OK : type_fault(&p, "has something behind its end");
}

/* ---- the printer ---- */

typedef enum type_form { FORM_PLAIN, FORM_FILE, FORM_VIEW } type_form;

static sm_sqltype_kind kind_in_form(sm_sqltype_kind k, type_form form)
{
    if (form != FORM_PLAIN && k == SM_SQLTYPE_TIMESTAMP_NTZ)
        return SM_SQLTYPE_TIMESTAMP;
    if (form == FORM_FILE && k == SM_SQLTYPE_TIMESTAMP)
        return SM_SQLTYPE_TIMESTAMPTZ;
    return k;
}

static const char *kind_name(sm_sqltype_kind k)
{
    for (const struct type_name *n = type_names; n->name != NULL; n++)
        if (n->kind == k)
            return n->name;
    return NULL;
}

static void print_type(sm_buf *buf, const sm_sqltype *t, type_form form);

static void print_fields(sm_buf *buf, const sm_sqltype *t, type_form form)
{
    sm_buf_add(buf, t->kind == SM_SQLTYPE_MAP ? SM_SV("MAP(") : SM_SV("STRUCT("));
    for (size_t i = 0; i < t->n; i++) {
        if (i > 0)
            sm_buf_add(buf, SM_SV(", "));
        if (t->kind == SM_SQLTYPE_STRUCT) {
            sm_sql_ident(buf, t->fields[i].name);
            sm_buf_add(buf, SM_SV(" "));
        }
        print_type(buf, t->fields[i].type, form);
    }
    sm_buf_add(buf, SM_SV(")"));
}

static void print_type(sm_buf *buf, const sm_sqltype *t, type_form form)
{
    const char *name = kind_name(kind_in_form(t->kind, form));

    if (t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_MAP) {
        print_fields(buf, t, form);
    } else if (t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_ARRAY) {
        print_type(buf, t->fields[0].type, form);
        if (t->kind == SM_SQLTYPE_LIST)
            sm_buf_add(buf, SM_SV("[]"));
        else
            sm_buf_addf(buf, "[%lld]", (long long)t->length);
    } else if (t->kind == SM_SQLTYPE_DECIMAL) {
        sm_buf_addf(buf, "DECIMAL(%d,%d)", t->width, t->scale);
    } else if (t->kind == SM_SQLTYPE_OTHER || t->kind == SM_SQLTYPE_ENUM) {
        sm_buf_add(buf, t->text);
    } else {
        sm_buf_addf(buf, "%s", name);
    }
}

static sm_sv type_text(const sm_sqltype *t, sm_arena *a, type_form form)
{
    sm_buf buf;

    sm_buf_init(&buf, 16 * (size_t)SM_SQLTYPE_MAX_TEXT);
    print_type(&buf, t, form);
    assert(!buf.over);
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&buf));
    sm_buf_release(&buf);
    return text;
}

sm_sv sm_sqltype_print(const sm_sqltype *t, sm_arena *a)
{
    return type_text(t, a, FORM_PLAIN);
}

sm_sv sm_sqltype_file_text(const sm_sqltype *t, sm_arena *a)
{
    return type_text(t, a, FORM_FILE);
}

sm_sv sm_sqltype_view_text(const sm_sqltype *t, sm_arena *a)
{
    return type_text(t, a, FORM_VIEW);
}

/* ---- questions ---- */

bool sm_sqltype_equal(const sm_sqltype *x, const sm_sqltype *y)
{
    if (x->kind != y->kind || x->width != y->width || x->scale != y->scale ||
        x->length != y->length || x->n != y->n)
        return false;
    if (x->kind == SM_SQLTYPE_OTHER || x->kind == SM_SQLTYPE_ENUM)
        return sm_sv_eq(x->text, y->text);
    for (size_t i = 0; i < x->n; i++) {
        const sm_sqltype_field *f = &x->fields[i], *g = &y->fields[i];
        if (f->name.len != g->name.len || strncasecmp(f->name.ptr, g->name.ptr, f->name.len) != 0 ||
            !sm_sqltype_equal(f->type, g->type))
            return false;
    }
    return true;
}

bool sm_sqltype_has(const sm_sqltype *t, sm_sqltype_kind k)
{
    if (t->kind == k)
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (sm_sqltype_has(t->fields[i].type, k))
            return true;
    return false;
}

/* ---- what a table stores ---- */

/* Where a type goes; OTHER is "no home". */
static sm_sqltype_kind stored_kind(sm_sqltype_kind k)
{
    switch (k) {
    case SM_SQLTYPE_HUGEINT:
    case SM_SQLTYPE_UINTEGER:
        return SM_SQLTYPE_BIGINT;
    case SM_SQLTYPE_UTINYINT:
        return SM_SQLTYPE_SMALLINT;
    case SM_SQLTYPE_USMALLINT:
        return SM_SQLTYPE_INTEGER;
    case SM_SQLTYPE_UBIGINT:
        return SM_SQLTYPE_DECIMAL;
    case SM_SQLTYPE_JSON:
    case SM_SQLTYPE_ENUM:
    case SM_SQLTYPE_UUID:
    case SM_SQLTYPE_TIME:
    case SM_SQLTYPE_TIMETZ:
    case SM_SQLTYPE_INTERVAL:
        return SM_SQLTYPE_VARCHAR;
    case SM_SQLTYPE_TIMESTAMPTZ:
    case SM_SQLTYPE_TIMESTAMP_S:
    case SM_SQLTYPE_TIMESTAMP_MS:
    case SM_SQLTYPE_TIMESTAMP_NS:
        return SM_SQLTYPE_TIMESTAMP;
    case SM_SQLTYPE_ARRAY:
        return SM_SQLTYPE_LIST;
    case SM_SQLTYPE_UHUGEINT:
    case SM_SQLTYPE_OTHER:
        return SM_SQLTYPE_OTHER;
    case SM_SQLTYPE_BOOLEAN:
    case SM_SQLTYPE_TINYINT:
    case SM_SQLTYPE_SMALLINT:
    case SM_SQLTYPE_INTEGER:
    case SM_SQLTYPE_BIGINT:
    case SM_SQLTYPE_FLOAT:
    case SM_SQLTYPE_DOUBLE:
    case SM_SQLTYPE_DECIMAL:
    case SM_SQLTYPE_VARCHAR:
    case SM_SQLTYPE_BLOB:
    case SM_SQLTYPE_DATE:
    case SM_SQLTYPE_TIMESTAMP:
    case SM_SQLTYPE_TIMESTAMP_NTZ:
    case SM_SQLTYPE_LIST:
    case SM_SQLTYPE_STRUCT:
    case SM_SQLTYPE_MAP:
        break;
    }
    return k;
}

/* Names of a struct must differ ignoring case: that is how SQL finds them. */
static sm_code check_field_names(const sm_sqltype *t, sm_error *err)
{
    for (size_t i = 0; t->kind == SM_SQLTYPE_STRUCT && i < t->n; i++) {
        sm_sv name = t->fields[i].name;
        for (size_t j = 0; j < i; j++) {
            sm_sv other = t->fields[j].name;
            if (name.len == other.len && strncasecmp(name.ptr, other.ptr, name.len) == 0)
                return sm_fail(err, SM_E_INVALID, 0, "field \"%.*s\" of a struct occurs twice",
                               SM_SV_ARG(name));
        }
    }
    return SM_OK;
}

sm_code sm_sqltype_stored(const sm_sqltype *t, sm_arena *a, sm_sqltype **out, sm_error *err)
{
    sm_sqltype *s = new_type(a, stored_kind(t->kind));
    sm_code rc;

    if (s->kind == SM_SQLTYPE_OTHER)
        return sm_fail(err, SM_E_INVALID, 0, "type %.*s cannot be stored in a table",
                       SM_SV_ARG(t->text));
    if ((rc = check_field_names(t, err)) != SM_OK)
        return rc;
    s->width = t->kind == SM_SQLTYPE_UBIGINT ? 20 : t->width;
    s->scale = t->scale;
    for (size_t i = 0; i < t->n; i++) {
        sm_sqltype *inner;
        if ((rc = sm_sqltype_stored(t->fields[i].type, a, &inner, err)) != SM_OK)
            return rc;
        add_field(a, s, t->fields[i].name, inner);
    }
    s->text = sm_sqltype_print(s, a);
    *out = s;
    return SM_OK;
}

sm_code sm_sqltype_stored_text(sm_sv type, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sqltype *t, *s;
    sm_code rc;

    if ((rc = sm_sqltype_parse(type, a, &t, err)) != SM_OK)
        return rc;
    if ((rc = sm_sqltype_stored(t, a, &s, err)) != SM_OK)
        return rc;
    *out = s->text;
    return SM_OK;
}
