/* SPDX-License-Identifier: Apache-2.0 */
/* percent.c -- see the header. */
#include "runtime/base/percent.h"

#include <string.h>

static bool percent_is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~/!$&'()*+,;=:@", c) != NULL);
}

void sm_percent_add(sm_buf *b, sm_sv text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (percent_is_plain(text.ptr[i]))
            sm_buf_addc(b, text.ptr[i]);
        else
            sm_buf_addf(b, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
    }
}

sm_sv sm_percent_encode(sm_sv text, sm_arena *a)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, 3 * text.len + 1);
    sm_percent_add(&b, text);
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static int percent_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

sm_sv sm_percent_decode(sm_sv text, sm_arena *a)
{
    char *out = SM_NEW_N(a, char, text.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len && text.ptr[i] == '%' ? percent_digit(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? percent_digit(text.ptr[i + 2]) : -1;

        out[n] = text.ptr[i];
        if (low >= 0) {
            out[n] = (char)(high * 16 + low);
            i += 2;
        }
        n++;
    }
    return (sm_sv){ out, n };
}
