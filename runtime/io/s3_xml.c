/* SPDX-License-Identifier: Apache-2.0 */
/* s3_xml.c -- see the header. */
#include "runtime/io/s3_xml.h"

enum { DEPTH_MAX = 16, ENTITY_MAX = 16 };

typedef struct reader {
    sm_sv text;
    size_t at;
    sm_sv open[DEPTH_MAX];
    size_t start[DEPTH_MAX]; /* of the text of each */
    size_t depth;
    sm_arena *a;
} reader;

static sm_code not_xml(const reader *r, const char *why, sm_error *err)
{
    return sm_fail(err, SM_E_REMOTE, 0, "the answer is no XML that can be read: %s at byte %zu",
                   why, r->at);
}

static sm_sv rest_of(const reader *r)
{
    return sm_sv_sub(r->text, r->at, r->text.len);
}

/* ---- text ------------------------------------------------------------------------ */

static void add_utf8(sm_buf *b, int64_t c)
{
    if (c < 0x80) {
        sm_buf_addc(b, (char)c);
    } else if (c < 0x800) {
        sm_buf_addc(b, (char)(0xC0 | c >> 6));
        sm_buf_addc(b, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        sm_buf_addc(b, (char)(0xE0 | c >> 12));
        sm_buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
        sm_buf_addc(b, (char)(0x80 | (c & 63)));
    } else {
        sm_buf_addc(b, (char)(0xF0 | c >> 18));
        sm_buf_addc(b, (char)(0x80 | (c >> 12 & 63)));
        sm_buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
        sm_buf_addc(b, (char)(0x80 | (c & 63)));
    }
}

/* "#10", "#x41" */
static bool number_of(sm_sv name, int64_t *out)
{
    size_t i = 1;
    int base = 10;

    *out = 0;
    if (name.len > 1 && name.ptr[1] == 'x') {
        base = 16;
        i = 2;
    }
    if (i >= name.len || name.len > 10)
        return false;
    for (; i < name.len; i++) {
        char c = (char)(name.ptr[i] | (name.ptr[i] >= 'A' && name.ptr[i] <= 'F' ? 32 : 0));
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;

        if (d >= base)
            return false;
        *out = *out * base + d;
    }
    return *out > 0 && *out <= 0x10FFFF && !(*out >= 0xD800 && *out <= 0xDFFF);
}

static bool add_entity(sm_buf *b, sm_sv name)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }
    };
    int64_t c;

    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (sm_sv_eq_str(name, entities[i].name)) {
            sm_buf_addc(b, entities[i].c);
            return true;
        }
    if (name.len < 2 || name.ptr[0] != '#' || !number_of(name, &c))
        return false;
    add_utf8(b, c);
    return true;
}

static sm_code decode(const reader *r, sm_sv raw, sm_sv *out, sm_error *err)
{
    sm_code rc = SM_OK;
    sm_buf b;

    sm_buf_init(&b, raw.len + 1);
    for (size_t i = 0; rc == SM_OK && i < raw.len; i++) {
        sm_sv name = sm_sv_sub(raw, i + 1, ENTITY_MAX);
        ptrdiff_t end = raw.ptr[i] == '&' ? sm_sv_find_char(name, ';') : -1;

        if (raw.ptr[i] != '&') {
            sm_buf_addc(&b, raw.ptr[i]);
        } else if (end < 0 || !add_entity(&b, sm_sv_sub(name, 0, (size_t)end))) {
            rc = not_xml(r, "an entity that nobody knows", err);
        } else {
            i += (size_t)end + 1;
        }
    }
    if (rc == SM_OK)
        *out = sm_arena_dup(r->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}

/* ---- tags ------------------------------------------------------------------------ */

/* The name at the beginning of what stands in a tag; a prefix of a namespace is no part of it. */
static sm_sv tag_name(sm_sv inside)
{
    size_t n = 0, from = 0;

    while (n < inside.len && strchr(" \t\r\n/", inside.ptr[n]) == NULL) {
        if (inside.ptr[n] == ':')
            from = n + 1;
        n++;
    }
    return sm_sv_sub(inside, from, n - from);
}

static sm_code open_tag(reader *r, sm_sv inside, sm_error *err)
{
    if (r->depth == DEPTH_MAX)
        return not_xml(r, "too many elements in each other", err);
    r->open[r->depth] = tag_name(inside);
    r->start[r->depth++] = r->at;
    return r->open[r->depth - 1].len > 0 ? SM_OK : not_xml(r, "a tag without a name", err);
}

static sm_code close_tag(reader *r, sm_sv name, size_t text_end, sm_s3_xml_fn fn, void *ctx,
                         sm_error *err)
{
    sm_sv parent = r->depth > 1 ? r->open[r->depth - 2] : SM_SV(""), raw, text = SM_SV("");
    sm_code rc;

    if (r->depth == 0 || !sm_sv_eq(r->open[r->depth - 1], name))
        return not_xml(r, "a tag that closes no other", err);
    raw = sm_sv_sub(r->text, r->start[r->depth - 1], text_end - r->start[r->depth - 1]);
    r->depth--;
    if (memchr(raw.ptr, '<', raw.len) == NULL && /* else it holds elements, not text */
        (rc = decode(r, sm_sv_trim(raw), &text, err)) != SM_OK)
        return rc;
    return fn(ctx, parent, name, text, err);
}

/* What is passed over: <?…?> and <!--…-->. */
static bool skip(reader *r)
{
    static const struct {
        sm_sv begin, end;
    } kinds[] = { { SM_SV_LIT("<?"), SM_SV_LIT("?>") }, { SM_SV_LIT("<!--"), SM_SV_LIT("-->") } };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (sm_sv_starts(rest_of(r), kinds[i].begin)) {
            ptrdiff_t end = sm_sv_find(rest_of(r), kinds[i].end);

            r->at = end < 0 ? r->text.len : r->at + (size_t)end + kinds[i].end.len;
            return true;
        }
    return false;
}

static sm_code tag(reader *r, sm_s3_xml_fn fn, void *ctx, sm_error *err)
{
    size_t begin = r->at;
    ptrdiff_t end = sm_sv_find_char(rest_of(r), '>');
    sm_sv inside;
    sm_code rc;

    if (end < 2 || r->text.ptr[begin + 1] == '!')
        return not_xml(r, "a tag that is none", err);
    inside = sm_sv_sub(r->text, begin + 1, (size_t)end - 1);
    r->at = begin + (size_t)end + 1;
    if (inside.ptr[0] == '/')
        return close_tag(r, tag_name(sm_sv_sub(inside, 1, inside.len)), begin, fn, ctx, err);
    if ((rc = open_tag(r, inside, err)) != SM_OK)
        return rc;
    return inside.ptr[inside.len - 1] == '/'
               ? close_tag(r, r->open[r->depth - 1], r->at, fn, ctx, err)
               : SM_OK;
}

sm_code sm_s3_xml_each(sm_sv text, sm_arena *a, sm_s3_xml_fn fn, void *ctx, sm_error *err)
{
    reader r = { .text = text, .a = a };
    bool any = false;
    sm_code rc;

    while (r.at < text.len) {
        if (text.ptr[r.at] != '<') {
            r.at++;
        } else if (!skip(&r)) {
            if ((rc = tag(&r, fn, ctx, err)) != SM_OK)
                return rc;
            any = true;
        }
    }
    return any && r.depth == 0 ? SM_OK : not_xml(&r, "it ends too early", err);
}
