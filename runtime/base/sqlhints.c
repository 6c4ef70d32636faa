/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/sqlhints.h"

#include <ctype.h>
#include <string.h>

/* ---- the parser ---- */

typedef struct hint_parser {
    const char *p, *end;
    sm_arena *a;
    sm_sv *bad;
    sm_error *err;
} hint_parser;

/* What is wrong is [from, from + len), cut to what there is. */
static sm_code hint_fault(hint_parser *h, const char *from, size_t len, const char *what)
{
    size_t room = (size_t)(h->end - from);

    *h->bad = (sm_sv){ from, len < room ? len : room };
    return sm_fail(h->err, SM_E_INVALID, 0, "%s", what);
}

static void hint_space(hint_parser *h)
{
    while (h->p < h->end && isspace((unsigned char)*h->p))
        h->p++;
}

static bool hint_is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static sm_code hint_quoted(hint_parser *h, sm_sv *out)
{
    const char *from = h->p++;
    char *name = SM_NEW_N(h->a, char, (size_t)(h->end - from) + 1);
    size_t n = 0;

    for (; h->p < h->end; h->p++) {
        if (*h->p == '"' && (h->p + 1 >= h->end || h->p[1] != '"'))
            break;
        h->p += *h->p == '"';
        name[n++] = *h->p;
    }
    if (h->p >= h->end)
        return hint_fault(h, from, 1, "a quote is left open");
    h->p++;
    *out = (sm_sv){ name, n };
    return n > 0 ? SM_OK : hint_fault(h, from, 2, "a name is empty");
}

static sm_code hint_name(hint_parser *h, sm_sv *out)
{
    const char *from = h->p;

    if (h->p < h->end && *h->p == '"')
        return hint_quoted(h, out);
    while (h->p < h->end && hint_is_word(*h->p))
        h->p++;
    if (h->p == from)
        return hint_fault(h, from, 1, "a name is missing");
    *out = sm_arena_dup(h->a, (sm_sv){ from, (size_t)(h->p - from) });
    return SM_OK;
}

static sm_code hint_path(hint_parser *h, sm_hint *hint)
{
    sm_sv parts[SM_SQLTYPE_MAX_DEPTH];
    const char *from = h->p;
    sm_code rc;

    do {
        h->p += hint->n_path > 0;
        if (hint->n_path == SM_SQLTYPE_MAX_DEPTH)
            return hint_fault(h, from, (size_t)(h->p - from), "a path has too many parts");
        if ((rc = hint_name(h, &parts[hint->n_path++])) != SM_OK)
            return rc;
    } while (h->p < h->end && *h->p == '.');
    hint->name = (sm_sv){ from, (size_t)(h->p - from) };
    sm_sv *path = SM_NEW_N(h->a, sm_sv, hint->n_path);
    memcpy(path, parts, hint->n_path * sizeof *path);
    hint->path = path;
    return SM_OK;
}

/* To the comma behind the type, past those inside of it. */
static sm_code hint_type(hint_parser *h, sm_hint *hint)
{
    const char *from = h->p;
    int open = 0;
    char quote = 0;
    sm_error why;

    for (; h->p < h->end && (*h->p != ',' || open > 0 || quote != 0); h->p++) {
        char c = *h->p;

        if (c == '<' && quote == 0)
            return hint_fault(h, h->p, 1,
                              "the parts of a type stand in round brackets, as in MAP(VARCHAR, "
                              "BIGINT); a list is BIGINT[]");
        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else
            open += (c == '(') - (c == ')');
    }
    if (from < h->end && *from == ':')
        return hint_fault(h, from, 1, "a type stands behind its name without a colon");
    hint->type_text = sm_sv_trim((sm_sv){ from, (size_t)(h->p - from) });
    if (hint->type_text.len == 0)
        return hint_fault(h, hint->name.ptr, hint->name.len, "a type is missing");
    if (sm_sqltype_parse(hint->type_text, h->a, &hint->type, &why) == SM_OK)
        return SM_OK;
    return hint_fault(h, hint->type_text.ptr, hint->type_text.len,
                      sm_arena_printf(h->a, "%s", why.msg).ptr);
}

sm_code sm_hints_parse(sm_sv text, sm_arena *a, sm_hints *out, sm_sv *bad, sm_error *err)
{
    hint_parser h = { text.ptr, text.ptr + text.len, a, bad, err };
    size_t most = 1;

    for (size_t i = 0; i < text.len; i++)
        most += text.ptr[i] == ',';
    *out = (sm_hints){ .items = SM_NEW_N(a, sm_hint, most) };
    *bad = text;
    if (sm_sv_trim(text).len == 0)
        return SM_OK;
    for (;;) {
        sm_hint *hint = &out->items[out->n];
        sm_code rc;

        hint_space(&h);
        if ((rc = hint_path(&h, hint)) != SM_OK || (rc = hint_type(&h, hint)) != SM_OK)
            return rc;
        out->n++;
        if (h.p == h.end)
            return SM_OK;
        h.p++;
    }
}

/* ---- paths and types ---- */

static bool hint_is_list(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_LIST || t->kind == SM_SQLTYPE_ARRAY;
}

static bool hint_is_nested(const sm_sqltype *t)
{
    return hint_is_list(t) || t->kind == SM_SQLTYPE_STRUCT || t->kind == SM_SQLTYPE_MAP;
}

/* The place of the part among the fields; t->n when there is none. */
static size_t hint_part(const sm_sqltype *t, sm_sv name)
{
    static const char *const of_map[] = { "key", "value" };

    for (size_t i = 0; i < t->n; i++) {
        sm_sv field = hint_is_list(t)             ? SM_SV("element")
                      : t->kind == SM_SQLTYPE_MAP ? sm_sv_cstr(of_map[i])
                                                  : t->fields[i].name;

        if (sm_sv_eq_nocase(field, name))
            return i;
    }
    return t->n;
}

static sm_sqltype *hint_nested(sm_arena *a, sm_sqltype_kind kind, sm_sv name, sm_sqltype *type)
{
    sm_sqltype *t = SM_NEW(a, sm_sqltype);

    t->kind = kind;
    t->n = 1;
    t->fields = SM_NEW(a, sm_sqltype_field);
    t->fields[0] = (sm_sqltype_field){ name, type };
    return t;
}

/* What a path makes where nothing is. */
static sm_sqltype *hint_made(sm_arena *a, const sm_hint *hint, size_t depth)
{
    sm_sqltype *t = hint->type;

    for (size_t i = hint->n_path; i > depth; i--)
        t = hint_nested(a,
                        sm_sv_eq_nocase(hint->path[i - 1], SM_SV("element")) ? SM_SQLTYPE_LIST
                                                                             : SM_SQLTYPE_STRUCT,
                        hint->path[i - 1], t);
    return t;
}

/* `t` with the hint for what path[depth …] leads to. */
static sm_sqltype *hint_put(sm_arena *a, const sm_hint *hint, size_t depth, sm_hints_how how,
                            sm_sqltype *t)
{
    if (depth == hint->n_path || !hint_is_nested(t))
        return how == SM_HINTS_NEW ? t : hint_made(a, hint, depth);
    size_t at = hint_part(t, hint->path[depth]);
    if (at == t->n && t->kind != SM_SQLTYPE_STRUCT)
        return t;
    sm_sqltype *out = SM_NEW(a, sm_sqltype);
    *out = *t;
    out->fields = SM_NEW_N(a, sm_sqltype_field, t->n + 1);
    if (t->n > 0)
        memcpy(out->fields, t->fields, t->n * sizeof *out->fields);
    if (at == t->n)
        out->fields[out->n++] =
            (sm_sqltype_field){ hint->path[depth], hint_made(a, hint, depth + 1) };
    else
        out->fields[at].type = hint_put(a, hint, depth + 1, how, t->fields[at].type);
    return out;
}

static sm_code hint_column(const sm_hint *hint, sm_hints_how how, sm_arena *a, sm_column *c,
                           sm_error *err)
{
    sm_sqltype *was;
    sm_code rc = sm_sqltype_parse(c->type, a, &was, err);

    if (rc != SM_OK)
        return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(c->name));
    if (how == SM_HINTS_NEW && sm_hint_judge(hint, was, NULL, NULL) != SM_HINT_ABSENT)
        return SM_OK;
    c->type = sm_sqltype_print(hint_put(a, hint, 1, how, was), a);
    return SM_OK;
}

sm_code sm_hints_apply(const sm_hints *h, sm_hints_how how, sm_arena *a, sm_schema *schema,
                       sm_error *err)
{
    sm_column *columns;

    if (h->n == 0)
        return SM_OK;
    columns = SM_NEW_N(a, sm_column, schema->n + h->n);
    if (schema->n > 0)
        memcpy(columns, schema->columns, schema->n * sizeof *columns);
    schema->columns = columns;
    for (size_t i = 0; i < h->n; i++) {
        const sm_hint *hint = &h->items[i];
        ptrdiff_t at = sm_schema_find(schema, hint->path[0]);
        sm_code rc;

        if (at < 0)
            columns[schema->n++] = (sm_column){ .name = hint->path[0],
                                                .type = sm_sqltype_print(hint_made(a, hint, 1), a),
                                                .nullable = true };
        else if ((rc = hint_column(hint, how, a, &columns[at], err)) != SM_OK)
            return rc;
    }
    return SM_OK;
}

sm_hint_fate sm_hint_judge(const sm_hint *hint, const sm_sqltype *column,
                           const sm_sqltype **through, size_t *depth)
{
    const sm_sqltype *t = column;

    for (size_t i = 1; i < hint->n_path; i++) {
        size_t at = hint_is_nested(t) ? hint_part(t, hint->path[i]) : t->n;

        if (at == t->n && t->kind == SM_SQLTYPE_STRUCT)
            return SM_HINT_ABSENT;
        if (at == t->n) {
            if (through != NULL)
                *through = t;
            if (depth != NULL)
                *depth = i;
            return SM_HINT_NOWHERE;
        }
        t = t->fields[at].type;
    }
    return sm_sqltype_equal(t, hint->type) ? SM_HINT_HOLDS : SM_HINT_DIFFERS;
}
