/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c -- see the header. */
#include "runtime/base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sm_base64_add(sm_buf *b, sm_sv bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        const unsigned char *p = (const unsigned char *)bytes.ptr + i;
        unsigned v =
            (unsigned)p[0] << 16 | (left > 1 ? (unsigned)p[1] << 8 : 0) | (left > 2 ? p[2] : 0);

        sm_buf_addc(b, digits[v >> 18]);
        sm_buf_addc(b, digits[v >> 12 & 63]);
        sm_buf_addc(b, left > 1 ? digits[v >> 6 & 63] : '=');
        sm_buf_addc(b, left > 2 ? digits[v & 63] : '=');
    }
}

/* -1: no digit. */
static int value_of(char c)
{
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

bool sm_base64_decode(sm_sv text, sm_arena *a, sm_sv *out)
{
    char *bytes = sm_arena_alloc(a, text.len / 4 * 3 + 1, 1, 1);
    size_t n = 0, len = text.len;

    if (len % 4 != 0)
        return false;
    while (len > 0 && text.len - len < 2 && text.ptr[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i += 4) {
        unsigned v = 0;

        for (size_t k = 0; k < 4; k++) {
            int digit = i + k < len ? value_of(text.ptr[i + k]) : 0;

            if (digit < 0)
                return false;
            v = v << 6 | (unsigned)digit;
        }
        for (size_t k = 0; k < 3 && i + k + 1 < len; k++)
            bytes[n++] = (char)(v >> (16 - 8 * k) & 255);
    }
    *out = (sm_sv){ bytes, n };
    return true;
}
