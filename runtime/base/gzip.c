/* SPDX-License-Identifier: Apache-2.0 */
/* gzip.c -- see the header. */
#include "runtime/base/gzip.h"

#include <limits.h>
#include <zlib.h>

enum { WINDOW_GZIP = 15 + 16, MEMORY = 8, PART = 16 * 1024 };

bool sm_gzip(sm_sv bytes, int level, sm_arena *a, sm_sv *out)
{
    z_stream z = { 0 };
    char *to;
    int rc;

    if (bytes.len == 0 || bytes.len > INT_MAX)
        return false;
    if (deflateInit2(&z, level, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    to = SM_NEW_N(a, char, bytes.len);
    z.next_in = (Bytef *)(uintptr_t)bytes.ptr;
    z.avail_in = (uInt)bytes.len;
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)bytes.len;
    rc = deflate(&z, Z_FINISH);
    *out = (sm_sv){ to, (size_t)z.total_out };
    deflateEnd(&z);
    return rc == Z_STREAM_END;
}

/* Until the end of the stream, the end of the bytes, or a full buffer. */
static int inflate_all(z_stream *z, sm_buf *b)
{
    int rc = Z_OK;

    while (rc == Z_OK && !b->over) {
        Bytef part[PART];

        z->next_out = part;
        z->avail_out = sizeof part;
        rc = inflate(z, Z_NO_FLUSH);
        sm_buf_add(b, (sm_sv){ (const char *)part, sizeof part - z->avail_out });
    }
    return rc;
}

sm_code sm_gunzip(sm_sv packed, size_t max, sm_arena *a, sm_sv *out, sm_error *err)
{
    z_stream z = { 0 };
    sm_code rc = SM_OK;
    sm_buf b;

    if (packed.len > INT_MAX || inflateInit2(&z, WINDOW_GZIP) != Z_OK)
        return sm_fail(err, SM_E_LIMIT, 0, "too much to unpack");
    sm_buf_init(&b, max);
    z.next_in = (Bytef *)(uintptr_t)packed.ptr;
    z.avail_in = (uInt)packed.len;
    if (inflate_all(&z, &b) != Z_STREAM_END && !b.over)
        rc = sm_fail(err, SM_E_INVALID, 0, "this is no gzip, or a part is missing");
    else
        rc = sm_buf_check(&b, "what was packed", err);
    inflateEnd(&z);
    if (rc == SM_OK)
        *out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}

uint32_t sm_crc32(sm_sv bytes)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)bytes.ptr, bytes.len);
}
