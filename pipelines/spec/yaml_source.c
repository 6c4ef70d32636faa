/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_source.c -- the bytes of a YAML file, and where a byte stands.
 *
 * libyaml counts characters and takes more things for a line break than an editor does
 * (NEL, LS, PS).  So everything that could make the two disagree is refused before libyaml
 * sees it: what is no UTF-8, control characters, the odd line breaks.  What remains maps
 * from its character index to a byte, and from the byte to line and column, by two small
 * indexes and a short walk.
 */
#include "pipelines/spec/yaml_int.h"

#include <string.h>

#define MAX_BYTE_FAULTS 20

/* The length of the UTF-8 character at p, its code point in *cp; 0 if it is none. */
static size_t utf8_decode(const unsigned char *p, size_t left, uint32_t *cp)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

    if (len == 1)
        *cp = p[0];
    if (len <= 1)
        return len;
    if (p[0] > 0xF4 || len > left)
        return 0;
    *cp = p[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *cp = (*cp << 6) | (p[i] & 0x3FU);
    }
    if (*cp < least[len] || *cp > 0x10FFFF || (*cp >= 0xD800 && *cp <= 0xDFFF))
        return 0;
    return len;
}

/* What is wrong with a character as such, NULL if nothing. */
static const char *char_fault(uint32_t cp)
{
    if (cp == 0x85 || cp == 0x2028 || cp == 0x2029)
        return "a line separator that editors do not show as one";
    if (cp == 0xFEFF)
        return "a byte order mark inside the file";
    if (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r')
        return "a control character";
    if (cp == 0x7F || (cp > 0x7F && cp < 0xA0))
        return "a control character";
    if (cp == 0xFFFE || cp == 0xFFFF)
        return "a code point that is no character";
    return NULL;
}

static bool is_break(const sm_yaml_doc *doc, size_t i)
{
    const char *s = doc->src.ptr;

    return s[i] == '\n' || (s[i] == '\r' && (i + 1 == doc->src.len || s[i + 1] != '\n'));
}

static void index_lines(sm_yaml_doc *doc, sm_arena *a)
{
    size_t n = 1;

    for (size_t i = 0; i < doc->src.len; i++)
        n += is_break(doc, i);
    doc->lines = SM_NEW_N(a, uint32_t, n);
    doc->n_lines = 1;
    for (size_t i = 0; i < doc->src.len; i++)
        if (is_break(doc, i))
            doc->lines[doc->n_lines++] = (uint32_t)(i + 1);
}

static void index_chars(sm_yaml_doc *doc, sm_arena *a)
{
    size_t count = 0;

    doc->chars = SM_NEW_N(a, uint32_t, doc->src.len / SM_YAML_STRIDE + 1);
    for (size_t i = 0; i < doc->src.len; i++) {
        if ((doc->src.ptr[i] & 0xC0) == 0x80)
            continue;
        if (count++ % SM_YAML_STRIDE == 0)
            doc->chars[doc->n_chars++] = (uint32_t)i;
    }
}

/* Tell every character that may not be there; false if there was one. */
static bool check_chars(sm_yaml_doc *doc, sm_arena *a, sm_diags *d)
{
    const unsigned char *s = (const unsigned char *)doc->src.ptr;
    size_t faults = 0;
    bool ascii = true;

    for (size_t i = 0; i < doc->src.len && faults < MAX_BYTE_FAULTS;) {
        uint32_t cp = 0;
        size_t len = utf8_decode(s + i, doc->src.len - i, &cp);
        const char *why = len == 0 ? NULL : char_fault(cp);
        sm_span at;

        ascii = ascii && len == 1;
        if (len != 0 && !why) {
            i += len;
            continue;
        }
        at = sm_yaml__span(doc, (uint32_t)i, (uint32_t)(i + (len ? len : 1)));
        if (len == 0)
            sm_diag_add(d, "SM0102", at, "byte 0x%02X is not UTF-8", s[i]);
        else
            sm_diag_add(d, "SM0102", at, "U+%04X is %s", (unsigned)cp, why);
        if (faults++ == 0 && len == 0)
            sm_diag_hint(d, "save the file as UTF-8");
        else if (faults == 1)
            sm_diag_hint(d, "remove it, or write it as \"\\u%04X\" in double quotes", (unsigned)cp);
        i += len ? len : 1;
    }
    doc->ascii = ascii && faults == 0;
    if (!doc->ascii)
        index_chars(doc, a);
    return faults == 0;
}

static bool is_utf16(sm_sv t)
{
    const unsigned char *s = (const unsigned char *)t.ptr;

    if (t.len < 2)
        return false;
    return (s[0] == 0xFF && s[1] == 0xFE) || (s[0] == 0xFE && s[1] == 0xFF) || s[0] == 0 ||
           s[1] == 0;
}

bool sm_yaml__doc_init(sm_yaml_doc *doc, const char *file, sm_sv text, sm_arena *a, sm_diags *d)
{
    sm_span top = { file, 1, 1, 1, 1 };

    *doc = (sm_yaml_doc){ .file = file, .src = text };
    if (text.len > SM_YAML_MAX_BYTES) {
        sm_diag_add(d, "SM0103", top, "the file has %zu bytes, more than the %zu that are read",
                    text.len, SM_YAML_MAX_BYTES);
        return false;
    }
    if (is_utf16(text)) {
        sm_diag_add(d, "SM0102", top, "the file is UTF-16, not UTF-8");
        sm_diag_hint(d, "save the file as UTF-8");
        return false;
    }
    if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0)
        doc->src = (sm_sv){ text.ptr + 3, text.len - 3 };
    index_lines(doc, a);
    return check_chars(doc, a, d);
}

uint32_t sm_yaml__byte_of(const sm_yaml_doc *doc, size_t index)
{
    size_t at, left;

    if (doc->ascii)
        return (uint32_t)(index < doc->src.len ? index : doc->src.len);
    if (index / SM_YAML_STRIDE >= doc->n_chars)
        return (uint32_t)doc->src.len;
    at = doc->chars[index / SM_YAML_STRIDE];
    for (left = index % SM_YAML_STRIDE; left > 0 && at < doc->src.len; left--)
        do
            at++;
        while (at < doc->src.len && (doc->src.ptr[at] & 0xC0) == 0x80);
    return (uint32_t)at;
}

static size_t line_of(const sm_yaml_doc *doc, uint32_t byte)
{
    size_t low = 0, high = doc->n_lines;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (doc->lines[mid] <= byte)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* How many characters begin before `byte`. */
static uint32_t chars_before(const sm_yaml_doc *doc, uint32_t byte)
{
    size_t low = 0, high = doc->n_chars;
    uint32_t count, i;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (doc->chars[mid] <= byte)
            low = mid;
        else
            high = mid;
    }
    count = (uint32_t)(low * SM_YAML_STRIDE);
    for (i = high > 0 ? doc->chars[low] : 0; i < byte; i++)
        count += (doc->src.ptr[i] & 0xC0) != 0x80;
    return count;
}

static uint32_t column_of(const sm_yaml_doc *doc, size_t line, uint32_t byte)
{
    if (doc->ascii)
        return byte - doc->lines[line] + 1;
    return chars_before(doc, byte) - chars_before(doc, doc->lines[line]) + 1;
}

sm_span sm_yaml__span(const sm_yaml_doc *doc, uint32_t start, uint32_t end)
{
    size_t from = line_of(doc, start), to = line_of(doc, end);

    return (sm_span){
        .file = doc->file,
        .line = (uint32_t)from + 1,
        .column = column_of(doc, from, start),
        .end_line = (uint32_t)to + 1,
        .end_column = column_of(doc, to, end),
    };
}
