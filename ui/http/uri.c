/* SPDX-License-Identifier: Apache-2.0 */
/* uri.c -- see the header. */
#include "ui/http/uri.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static sm_code decode(sm_sv text, bool plus, sm_arena *a, sm_sv *out, sm_error *err)
{
    char *to = SM_NEW_N(a, char, text.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            int high = i + 2 < text.len ? digit_of(text.ptr[i + 1]) : -1;
            int low = high < 0 ? -1 : digit_of(text.ptr[i + 2]);

            if (low < 0)
                return sm_fail(err, SM_E_INVALID, 0, "a %% in the address has no two hex digits");
            c = (char)(high * 16 + low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        to[n++] = c;
    }
    *out = (sm_sv){ to, n };
    if (memchr(to, '\0', n) != NULL || sm_utf8_check(*out) < n)
        return sm_fail(err, SM_E_INVALID, 0, "the address is no UTF-8 text");
    return SM_OK;
}

static sm_code add_segment(sm_uri *u, sm_sv raw, bool last, sm_arena *a, sm_error *err)
{
    sm_sv *to = &u->segments[u->n_segments];
    sm_code rc;

    if (raw.len == 0 && last)
        return SM_OK;
    if (u->n_segments == SM_URI_SEGMENTS_MAX)
        return sm_fail(err, SM_E_INVALID, 0, "the address has more than %d parts",
                       (int)SM_URI_SEGMENTS_MAX);
    if ((rc = decode(raw, false, a, to, err)) != SM_OK)
        return rc;
    if (to->len == 0 || sm_sv_eq_str(*to, ".") || sm_sv_eq_str(*to, ".."))
        return sm_fail(err, SM_E_INVALID, 0, "the address has an empty part, \".\" or \"..\"");
    u->n_segments++;
    return SM_OK;
}

static sm_code parse_path(sm_sv path, sm_arena *a, sm_uri *u, sm_error *err)
{
    sm_sv rest, part;
    sm_code rc = SM_OK;

    if (path.len == 0 || path.ptr[0] != '/')
        return sm_fail(err, SM_E_INVALID, 0, "the address does not begin with \"/\"");
    rest = sm_sv_sub(path, 1, path.len - 1);
    while (rc == SM_OK && sm_sv_next(&rest, '/', &part))
        rc = add_segment(u, part, rest.ptr == NULL, a, err);
    return rc;
}

static sm_code parse_query(sm_sv query, sm_arena *a, sm_uri *u, sm_error *err)
{
    sm_sv rest = query, part;
    sm_code rc = SM_OK;

    while (rc == SM_OK && sm_sv_next(&rest, '&', &part)) {
        ptrdiff_t eq = sm_sv_find_char(part, '=');
        size_t cut = eq < 0 ? part.len : (size_t)eq;
        sm_uri_pair *pair = &u->pairs[u->n_pairs];

        if (part.len == 0)
            continue;
        if (u->n_pairs == SM_URI_PAIRS_MAX)
            return sm_fail(err, SM_E_INVALID, 0, "the address has more than %d parameters",
                           (int)SM_URI_PAIRS_MAX);
        rc = decode(sm_sv_sub(part, 0, cut), true, a, &pair->name, err);
        if (rc == SM_OK)
            rc = decode(sm_sv_sub(part, cut + 1, part.len), true, a, &pair->value, err);
        u->n_pairs++;
    }
    return rc;
}

sm_code sm_uri_parse(sm_sv target, sm_arena *a, sm_uri *out, sm_error *err)
{
    ptrdiff_t question = sm_sv_find_char(target, '?');
    size_t cut = question < 0 ? target.len : (size_t)question;
    sm_code rc;

    out->n_segments = out->n_pairs = 0;
    rc = parse_path(sm_sv_sub(target, 0, cut), a, out, err);
    if (rc == SM_OK && question >= 0)
        rc = parse_query(sm_sv_sub(target, cut + 1, target.len), a, out, err);
    return rc;
}

const sm_sv *sm_uri_get(const sm_uri *u, sm_sv name)
{
    for (size_t i = 0; i < u->n_pairs; i++)
        if (sm_sv_eq(u->pairs[i].name, name))
            return &u->pairs[i].value;
    return NULL;
}
