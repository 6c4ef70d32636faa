/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_page.c -- an answer of an endpoint: its records and what to ask next.
 *
 * An answer is parsed once, to know that it is JSON.  Its records are cut out of its text, so that
 * each digit of them stays as it was written; on text that is known to be JSON it is enough to
 * count brackets and to respect strings. */
#include <string.h>

#include "runtime/sources/source_http_int.h"

/* --- The text of JSON --- */

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;

    do {
        if (*p == '"') {
            p = skip_string(p, end);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            depth--;
            p++;
        } else if (depth > 0) {
            p++;
        } else {
            while (p < end && strchr(",]} \t\r\n", *p) == NULL)
                p++;
        }
    } while (p < end && depth > 0);
    return p;
}

/* The parts of an object or array, one after the other. */
typedef struct walk {
    const char *p, *end;
    bool object;
} walk;

static walk walk_begin(sm_sv json)
{
    walk w = { skip_space(json.ptr, json.ptr + json.len), json.ptr + json.len, false };

    w.object = w.p < w.end && *w.p == '{';
    if (w.p < w.end)
        w.p++;
    return w;
}

static bool walk_next(walk *w, sm_sv *key, sm_sv *value)
{
    const char *begin;

    w->p = skip_space(w->p, w->end);
    if (w->p < w->end && *w->p == ',')
        w->p = skip_space(w->p + 1, w->end);
    if (w->p >= w->end || *w->p == '}' || *w->p == ']')
        return false;
    if (w->object) {
        begin = w->p + 1;
        w->p = skip_string(w->p, w->end);
        *key = (sm_sv){ begin, (size_t)(w->p - begin) - 1 };
        w->p = skip_space(w->p, w->end);
        w->p = skip_space(w->p + 1, w->end); /* the colon */
    }
    begin = w->p;
    w->p = skip_value(w->p, w->end);
    *value = (sm_sv){ begin, (size_t)(w->p - begin) };
    return true;
}

static char first_of(sm_sv json)
{
    return json.len > 0 ? json.ptr[0] : '\0';
}

/* What stands at `path`, names with points; ptr NULL: nothing. */
static sm_sv find(sm_sv json, sm_sv path)
{
    sm_sv name, key, value, none = { NULL, 0 };

    json = sm_sv_trim(json);
    while (path.len > 0 && sm_sv_next(&path, '.', &name)) {
        bool found = false;

        if (first_of(json) != '{')
            return none;
        for (walk w = walk_begin(json); !found && walk_next(&w, &key, &value);)
            found = sm_sv_eq(key, name);
        if (!found)
            return none;
        json = value;
    }
    return json;
}

sm_sv sm_endpoint__text_at(sm_sv json, sm_sv path, sm_arena *a)
{
    sm_sv raw = find(json, path);
    sm_json *text;
    sm_error ignored;

    if (raw.ptr == NULL || sm_sv_eq_str(raw, "null") || first_of(raw) == '{' ||
        first_of(raw) == '[')
        return SM_SV("");
    if (first_of(raw) != '"')
        return sm_arena_dup(a, raw);
    return sm_json_parse(raw, a, &text, &ignored) == SM_OK ? sm_json_sv(text) : SM_SV("");
}

static bool is_digits(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

int sm_endpoint__compare(sm_sv x, sm_sv y)
{
    double a, b;

    if (is_digits(x) && is_digits(y) && x.len != y.len)
        return x.len < y.len ? -1 : 1;
    if ((is_digits(x) && is_digits(y)) || !sm_sv_to_double(x, &a) || !sm_sv_to_double(y, &b))
        return sm_sv_cmp(x, y);
    return a < b ? -1 : a > b;
}

/* --- What the configuration says --- */

static const char *const pagings[] = { "single_page", "json_link", "header_link",
                                       "page_number", "offset",    "cursor" };

/* What each form takes beside `type`. */
static const char *const keys_of[][5] = {
    { NULL },
    { "next_url_path", NULL },
    { NULL },
    { "page_param", "base_page", NULL },
    { "offset_param", "limit_param", "limit", NULL },
    { "cursor_path", "cursor_param", NULL },
};

static sm_code check_keys(const char *what, const sm_json *map, const char *const *keys, bool typed,
                          sm_error *err)
{
    for (sm_json_iter it = sm_json_first(map); sm_json_valid(&it); sm_json_next(&it)) {
        bool known = typed && sm_sv_eq_str(it.key, "type");

        for (size_t i = 0; keys[i] != NULL; i++)
            known |= sm_sv_eq_str(it.key, keys[i]);
        if (!known)
            return sm_fail(err, SM_E_INVALID, 0, "`%s` has no `%.*s` here", what,
                           SM_SV_ARG(it.key));
        if (!sm_json_is_string(it.value) && !sm_json_is_number(it.value))
            return sm_fail(err, SM_E_INVALID, 0, "`%.*s` of `%s` is to be a text or a number",
                           SM_SV_ARG(it.key), what);
    }
    return SM_OK;
}

static sm_code set_paging(const sm_json *p, sm_endpoint_rules *out, sm_error *err)
{
    sm_sv type = sm_json_is_object(p) ? sm_json_get_sv(p, "type", SM_SV("")) : SM_SV("single_page");
    size_t i = 0;
    sm_code rc;

    while (i < sizeof pagings / sizeof *pagings && !sm_sv_eq_str(type, pagings[i]))
        i++;
    if (i == sizeof pagings / sizeof *pagings)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`pagination` is to have a `type`: single_page, json_link, header_link, "
                       "page_number, offset or cursor");
    if (sm_json_is_object(p) && (rc = check_keys("pagination", p, keys_of[i], true, err)) != SM_OK)
        return rc;
    out->paging = (sm_endpoint_paging)i;
    out->first = sm_json_get_int(p, "base_page", 1);
    out->limit = sm_json_get_int(p, "limit", 100);
    out->limit_param = sm_json_get_sv(p, "limit_param", SM_SV("limit"));
    if (i == SM_PAGING_JSON_LINK)
        out->next_path = sm_json_get_sv(p, "next_url_path", SM_SV("next"));
    if (i == SM_PAGING_CURSOR)
        out->next_path = sm_json_get_sv(p, "cursor_path", SM_SV("next_cursor"));
    if (i == SM_PAGING_PAGE_NUMBER)
        out->param = sm_json_get_sv(p, "page_param", SM_SV("page"));
    if (i == SM_PAGING_OFFSET)
        out->param = sm_json_get_sv(p, "offset_param", SM_SV("offset"));
    if (i == SM_PAGING_CURSOR)
        out->param = sm_json_get_sv(p, "cursor_param", SM_SV("cursor"));
    if (out->limit < 1)
        return sm_fail(err, SM_E_INVALID, 0, "`limit` of `pagination` is to be at least 1");
    return SM_OK;
}

sm_code sm_endpoint__rules(const sm_endpoint_config *config, sm_arena *a, sm_endpoint_rules *out,
                           sm_error *err)
{
    static const char *const keys[] = { "cursor_path", "param", "initial_value", NULL };
    const sm_json *initial = sm_json_get(config->cursor, "initial_value");
    sm_code rc = set_paging(config->pagination, out, err);

    if (rc != SM_OK || sm_json_len(config->cursor) == 0)
        return rc;
    if ((rc = check_keys("cursor", config->cursor, keys, false, err)) != SM_OK)
        return rc;
    out->cursor_path = sm_json_get_sv(config->cursor, "cursor_path", SM_SV(""));
    out->cursor_param = sm_json_get_sv(config->cursor, "param", SM_SV(""));
    if (out->cursor_path.len == 0 || out->cursor_param.len == 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`cursor` is to have `cursor_path`, a field of the records, and `param`, "
                       "which its greatest value is asked with");
    if (initial != NULL)
        out->cursor_initial =
            sm_json_is_string(initial) ? sm_json_sv(initial) : sm_json_text(initial, a);
    return SM_OK;
}

/* --- Answers --- */

static void add_record(sm_endpoint_page *out, size_t *cap, sm_sv record, sm_arena *a)
{
    if (out->n == *cap) {
        sm_sv *more = SM_NEW_N(a, sm_sv, 2 * *cap + 64);

        if (out->n > 0)
            memcpy(more, out->records, out->n * sizeof *more);
        out->records = more;
        *cap = 2 * *cap + 64;
    }
    out->records[out->n++] = record;
}

static sm_code take_records(const sm_endpoint_config *config, sm_sv body, sm_arena *a,
                            sm_endpoint_page *out, sm_error *err)
{
    sm_sv at = find(body, config->records_path), key, value;
    size_t cap = 0;

    if (at.ptr == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "the answer has nothing at `records_path` %.*s",
                       SM_SV_ARG(config->records_path));
    if (first_of(at) == '{')
        add_record(out, &cap, at, a);
    else if (first_of(at) == '[')
        for (walk w = walk_begin(at); walk_next(&w, &key, &value);)
            add_record(out, &cap, value, a);
    else if (!sm_sv_eq_str(at, "null"))
        return sm_fail(err, SM_E_INVALID, 0,
                       "the answer has no list at `records_path`, and no record");
    return SM_OK;
}

/* <https://…>; rel="next" of the header Link. */
static sm_sv link_of(const sm_http_answer *answer)
{
    sm_sv rest = sm_http_header(answer, "Link");

    while (rest.len > 0) {
        ptrdiff_t open = sm_sv_find_char(rest, '<'), close = sm_sv_find_char(rest, '>'), end;
        sm_sv link, what;

        if (open < 0 || close < open)
            break;
        link = sm_sv_sub(rest, (size_t)open + 1, (size_t)(close - open) - 1);
        rest = sm_sv_sub(rest, (size_t)close + 1, rest.len);
        end = sm_sv_find_char(rest, '<');
        what = end < 0 ? rest : sm_sv_sub(rest, 0, (size_t)end);
        if (sm_sv_find(what, SM_SV("rel=\"next\"")) >= 0 ||
            sm_sv_find(what, SM_SV("rel=next")) >= 0)
            return link;
    }
    return SM_SV("");
}

sm_code sm_endpoint__page(const sm_endpoint_config *config, const sm_endpoint_rules *rules,
                          const sm_http_answer *answer, sm_arena *a, sm_endpoint_page *out,
                          sm_error *err)
{
    sm_arena *parsed;
    sm_json *ignored;
    sm_code rc;

    *out = (sm_endpoint_page){ .next = SM_SV("") };
    if (sm_sv_trim(answer->body).len == 0) /* 204 */
        return SM_OK;
    parsed = sm_arena_new("http answer");
    rc = sm_json_parse_reals(answer->body, parsed, &ignored, err);
    sm_arena_free(parsed);
    if (rc != SM_OK)
        return sm_wrap(err, "the answer is no JSON");
    if (rules->next_path.len > 0)
        out->next = sm_endpoint__text_at(answer->body, rules->next_path, a);
    else if (rules->paging == SM_PAGING_HEADER_LINK)
        out->next = link_of(answer);
    return take_records(config, answer->body, a, out, err);
}
