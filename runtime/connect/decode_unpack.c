/* SPDX-License-Identifier: Apache-2.0 */
/* decode_unpack.c -- gzip and zstd, one buffer at a time.
 *
 *     file ──▶ in[from, to) ──▶ codec ──▶ the caller's buffer
 *
 * A broken stream is no error of the call: what came before the break are good records,
 * and who reads decides what a break means.  Behind a gzip member zeros are padding (tapes
 * and block devices leave them), another member goes on, anything else is broken. */
#include "runtime/connect/decode_unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "runtime/base/fs.h"

enum { UNPACK_INPUT = 256 * 1024 };

const sm_unpack_limits sm_unpack_usual = { SM_UNPACK_MAX_RATIO, SM_UNPACK_FREE,
                                           SM_UNPACK_MAX_SIZE };

struct sm_unpack {
    const char *path, *name;
    sm_unpack_limits limits;
    sm_unpack_codec codec;
    int fd;
    int64_t size, at; /* of the file; read so far */
    int64_t given;    /* bytes that came out */
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool inside; /* a member or frame has begun and not ended */
    bool over;   /* nothing more comes */
    char broken[160];
    size_t from, to;
    unsigned char in[UNPACK_INPUT];
};

sm_unpack_codec sm_unpack_codec_of(sm_sv name)
{
    if (sm_sv_ends(name, SM_SV(".gz")))
        return SM_UNPACK_GZIP;
    return sm_sv_ends(name, SM_SV(".zst")) ? SM_UNPACK_ZSTD : SM_UNPACK_NONE;
}

static sm_code unpack_no_memory(sm_unpack *u, sm_error *err)
{
    sm_unpack_free(u);
    return sm_fail(err, SM_E_IO, 0, "no memory to unpack a file");
}

sm_code sm_unpack_new(const char *path, const char *name, int64_t size,
                      const sm_unpack_limits *limits, sm_unpack **out, sm_error *err)
{
    enum { GZIP_ONLY = 16 + MAX_WBITS };
    sm_unpack *u = sm_xcalloc(1, sizeof *u);
    u->path = path;
    u->name = name;
    u->limits = *limits;
    u->codec = sm_unpack_codec_of(sm_sv_cstr(name));
    u->size = size;
    u->fd = -1;
    if (u->codec == SM_UNPACK_GZIP && inflateInit2(&u->gzip, GZIP_ONLY) != Z_OK)
        return unpack_no_memory(u, err);
    if (u->codec == SM_UNPACK_ZSTD) {
        u->zstd = ZSTD_createDStream();
        if (u->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax,
                                                                   SM_UNPACK_MAX_WINDOW_LOG)))
            return unpack_no_memory(u, err);
    }
    sm_code rc = sm_fs_open_read(path, &u->fd, err);
    if (rc != SM_OK) {
        sm_unpack_free(u);
        return rc;
    }
    *out = u;
    return SM_OK;
}

void sm_unpack_free(sm_unpack *u)
{
    if (u == NULL)
        return;
    if (u->codec == SM_UNPACK_GZIP)
        inflateEnd(&u->gzip);
    ZSTD_freeDStream(u->zstd);
    sm_fs_close(u->fd);
    free(u);
}

void sm_unpack_from(sm_unpack *u, int64_t begin)
{
    u->at = begin;
    u->size += begin;
}

const char *sm_unpack_broken(const sm_unpack *u)
{
    return u->broken;
}

static void unpack_break(sm_unpack *u, const char *why)
{
    snprintf(u->broken, sizeof u->broken, "%s", why);
    u->over = true;
}

/* More input, if there is any; u->from == u->to at the end of the file. */
static sm_code unpack_fill(sm_unpack *u, sm_error *err)
{
    size_t want = sizeof u->in, got = 0;
    sm_code rc;
    if (u->from < u->to || u->at == u->size)
        return SM_OK;
    if (u->size - u->at < (int64_t)want)
        want = (size_t)(u->size - u->at);
    if ((rc = sm_fs_pread(u->fd, u->path, u->in, want, u->at, &got, err)) != SM_OK)
        return rc;
    if (got != want)
        return sm_fail(err, SM_E_AGAIN, 0, "file \"%s\" became shorter while it was read", u->name);
    u->at += (int64_t)got;
    u->from = 0;
    u->to = got;
    return SM_OK;
}

/* --- Codecs: take from the input, put up to `cap` bytes; how many --- */

static size_t unpack_copy(sm_unpack *u, char *out, size_t cap)
{
    size_t n = u->to - u->from < cap ? u->to - u->from : cap;
    memcpy(out, u->in + u->from, n);
    u->from += n;
    return n;
}

/* Between members: pass over padding.  False when there is nothing else. */
static bool unpack_gzip_begins(sm_unpack *u)
{
    bool first = u->at == (int64_t)u->to && u->from == 0;
    while (!first && u->from < u->to && u->in[u->from] == 0)
        u->from++;
    return u->from < u->to;
}

static size_t unpack_gzip(sm_unpack *u, char *out, size_t cap)
{
    z_stream *z = &u->gzip;
    if (!u->inside && !unpack_gzip_begins(u))
        return 0;
    z->next_in = u->in + u->from;
    z->avail_in = (uInt)(u->to - u->from);
    z->next_out = (unsigned char *)out;
    z->avail_out = (uInt)cap;
    u->inside = true;
    int rc = inflate(z, Z_NO_FLUSH);
    u->from = u->to - z->avail_in;
    if (rc == Z_STREAM_END) {
        u->inside = false;
        inflateReset(z);
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        unpack_break(u, z->msg != NULL && strcmp(z->msg, "incorrect header check") == 0
                            ? "this is no gzip"
                            : "the gzip data is damaged");
    }
    return cap - z->avail_out;
}

static size_t unpack_zstd(sm_unpack *u, char *out, size_t cap)
{
    ZSTD_inBuffer in = { u->in, u->to, u->from };
    ZSTD_outBuffer to = { out, cap, 0 };
    size_t left = ZSTD_decompressStream(u->zstd, &to, &in);
    u->from = in.pos;
    u->inside = left != 0;
    if (ZSTD_isError(left)) {
        char why[120];
        snprintf(why, sizeof why, "the zstd data is damaged: %s", ZSTD_getErrorName(left));
        unpack_break(u, why);
    }
    return to.pos;
}

static size_t unpack_step(sm_unpack *u, char *out, size_t cap)
{
    switch (u->codec) {
    case SM_UNPACK_GZIP:
        return unpack_gzip(u, out, cap);
    case SM_UNPACK_ZSTD:
        return unpack_zstd(u, out, cap);
    case SM_UNPACK_NONE:
        break;
    }
    return unpack_copy(u, out, cap);
}

/* --- Limits --- */

static void unpack_judge(sm_unpack *u)
{
    char why[120];
    int64_t taken = u->at - (int64_t)(u->to - u->from);
    if (u->codec == SM_UNPACK_NONE)
        return;
    if (u->given > u->limits.max_size) {
        snprintf(why, sizeof why, "it becomes more than %lld bytes", (long long)u->limits.max_size);
        unpack_break(u, why);
    } else if (u->given > u->limits.free && u->given / u->limits.max_ratio > taken) {
        snprintf(why, sizeof why, "it becomes more than %lld times its size",
                 (long long)u->limits.max_ratio);
        unpack_break(u, why);
    }
}

sm_code sm_unpack_read(sm_unpack *u, char *buffer, size_t cap, size_t *got, sm_error *err)
{
    *got = 0;
    if (cap > UINT32_MAX)
        cap = UINT32_MAX;
    while (!u->over && *got == 0) {
        sm_code rc = unpack_fill(u, err);
        if (rc != SM_OK)
            return rc;
        bool end = u->from == u->to;
        if (!end || u->inside) /* a codec may hold bytes back when it has all its input */
            *got = unpack_step(u, buffer, cap);
        if (end && *got == 0) {
            u->over = true;
            if (u->inside && u->broken[0] == '\0')
                unpack_break(u, "the file ends before its compressed data does");
        }
    }
    u->given += (int64_t)*got;
    unpack_judge(u);
    return SM_OK;
}
