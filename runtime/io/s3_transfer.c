/* SPDX-License-Identifier: Apache-2.0 */
/* s3_transfer.c -- objects in and out of a bucket.
 *
 *     up      one PUT, or POST ?uploads= ─ PUT ?partNumber=1… ─ POST ?uploadId=, and DELETE of the
 *             upload when anything fails, for parts cost money until then
 *     down    one GET, or GETs of ranges that must be of the same object (If-Match), into a file
 *             beside the one it becomes
 *
 * A part is the unit that is tried again. */
#include "runtime/io/s3_transfer.h"

#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/io/s3_xml.h"

enum { FOLDER_MODE = 0750, FILE_MODE = 0640, UPLOAD_TEXT_MAX = 4 * 1024 * 1024 };

/* ---- what is there --------------------------------------------------------------- */

/* "Wed, 21 Oct 2026 07:28:00 GMT" */
static int64_t http_time(sm_sv text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second;
    char month[4], rfc[32], copy[40] = "";
    const char *at;
    int64_t ms = 0;
    sm_error ignored;

    if (text.len >= sizeof copy)
        return 0;
    memcpy(copy, text.ptr, text.len);
    if (sscanf(copy, "%*4c %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute,
               &second) != 6 ||
        (at = strstr(months, month)) == NULL)
        return 0;
    snprintf(rfc, sizeof rfc, "%04d-%02d-%02dT%02d:%02d:%02dZ", year % 10000,
             (int)(at - months) / 3 + 1, day, hour, minute, second);
    return sm_time_parse(sm_sv_cstr(rfc), &ms, &ignored) == SM_OK ? ms : 0;
}

/* The answer to HEAD has no text: the same as GET of one byte says why it was refused. */
static sm_code ask_why(sm_s3 *s, sm_sv key, sm_arena *a, sm_error *err)
{
    sm_s3_header range = { "range", SM_SV("bytes=0-0") };
    sm_s3_call q = { .method = "GET", .key = key, .headers = &range, .n_headers = 1 };
    sm_http_answer answer;
    sm_error why;
    sm_code rc = sm_s3_send(s, &q, a, &answer, &why);

    if (rc != SM_OK)
        *err = why;
    return err->code;
}

sm_sv sm_s3_etag(sm_sv text)
{
    bool quoted = text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';

    return quoted ? sm_sv_sub(text, 1, text.len - 2) : text;
}

sm_code sm_s3_stat(sm_s3 *s, sm_sv key, sm_arena *a, sm_s3_object *out, sm_error *err)
{
    sm_s3_call q = { .method = "HEAD", .key = key };
    sm_http_answer answer;
    sm_code rc = sm_s3_send(s, &q, a, &answer, err);

    *out = (sm_s3_object){ .key = key };
    if (rc == SM_E_DENIED || rc == SM_E_INVALID)
        return ask_why(s, key, a, err);
    if (rc != SM_OK)
        return rc;
    if (!sm_sv_to_int64(sm_http_header(&answer, "content-length"), &out->size))
        return sm_fail(err, SM_E_REMOTE, 0, "the store does not say how large \"%.*s\" is",
                       SM_SV_ARG(key));
    out->mtime_ms = http_time(sm_http_header(&answer, "last-modified"));
    out->etag = sm_s3_etag(sm_http_header(&answer, "etag"));
    return SM_OK;
}

/* ---- up -------------------------------------------------------------------------- */

sm_code sm_s3_put(sm_s3 *s, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a, sm_error *err)
{
    sm_s3_header headers[3];
    sm_s3_call q = { .method = "PUT", .key = key, .headers = headers, .body = bytes };
    sm_http_answer answer;

    q.n_headers = sm_s3_encryption(s, headers);
    if (if_absent)
        headers[q.n_headers++] = (sm_s3_header){ "if-none-match", SM_SV("*") };
    return sm_s3_send(s, &q, a, &answer, err);
}

typedef struct upload {
    sm_s3 *s;
    sm_sv key, id;
    const char *path;
    int fd;
    int64_t size;
    sm_arena *a;
    sm_buf parts; /* <Part>… of each */
} upload;

static sm_code take_id(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *err)
{
    upload *u = ctx;

    (void)parent;
    (void)err;
    if (sm_sv_eq(name, SM_SV("UploadId")))
        u->id = text;
    return SM_OK;
}

static sm_code begin(upload *u, sm_error *err)
{
    sm_s3_param uploads = { "uploads", SM_SV("") };
    sm_s3_header headers[2];
    sm_s3_call q = {
        .method = "POST", .key = u->key, .params = &uploads, .n_params = 1, .headers = headers
    };
    sm_http_answer answer;
    sm_code rc;

    q.n_headers = sm_s3_encryption(u->s, headers);
    if ((rc = sm_s3_send(u->s, &q, u->a, &answer, err)) != SM_OK ||
        (rc = sm_s3_xml_each(answer.body, u->a, take_id, u, err)) != SM_OK)
        return rc;
    return u->id.len > 0 ? SM_OK
                         : sm_fail(err, SM_E_REMOTE, 0, "the store began no upload of \"%.*s\"",
                                   SM_SV_ARG(u->key));
}

static sm_code put_part(upload *u, int64_t number, sm_sv bytes, sm_error *err)
{
    sm_arena *a = sm_arena_new("s3 part");
    sm_s3_param params[] = {
        { "partNumber", sm_arena_printf(a, "%lld", (long long)number) },
        { "uploadId", u->id },
    };
    sm_s3_call q = { .method = "PUT", .key = u->key, .params = params, .n_params = 2 };
    sm_http_answer answer;
    sm_code rc;

    q.body = bytes;
    if ((rc = sm_s3_send(u->s, &q, a, &answer, err)) == SM_OK)
        sm_buf_addf(&u->parts, "<Part><PartNumber>%lld</PartNumber><ETag>%.*s</ETag></Part>",
                    (long long)number, SM_SV_ARG(sm_http_header(&answer, "etag")));
    sm_arena_free(a);
    return rc;
}

static sm_code read_part(const upload *u, int64_t offset, sm_buf *buffer, sm_error *err)
{
    size_t want = u->size - offset < SM_S3_PART ? (size_t)(u->size - offset) : SM_S3_PART, got;
    sm_code rc = sm_fs_pread(u->fd, u->path, buffer->ptr, want, offset, &got, err);

    if (rc == SM_OK && got != want)
        rc = sm_fail(err, SM_E_IO, 0, "file \"%s\" became shorter while it was sent", u->path);
    buffer->len = want;
    return rc;
}

/* 200 may be followed by an <Error>: a store answers before it has put the parts together. */
static sm_code take_completed(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *err)
{
    (void)ctx;
    if (sm_sv_eq(parent, SM_SV("Error")) && sm_sv_eq(name, SM_SV("Code")))
        return sm_fail(err, SM_E_REMOTE, 0, "the store did not put the parts together: %.*s",
                       SM_SV_ARG(text));
    return SM_OK;
}

static sm_code complete(upload *u, sm_error *err)
{
    sm_s3_param id = { "uploadId", u->id };
    sm_s3_call q = { .method = "POST", .key = u->key, .params = &id, .n_params = 1 };
    sm_http_answer answer;
    sm_s3_object found;
    sm_error why;
    sm_code rc;

    sm_buf_adds(&u->parts, "</CompleteMultipartUpload>");
    if ((rc = sm_buf_check(&u->parts, "the list of parts", err)) != SM_OK)
        return rc;
    q.body = sm_buf_sv(&u->parts);
    rc = sm_s3_send(u->s, &q, u->a, &answer, &why);
    if (rc == SM_OK)
        rc = sm_s3_xml_each(answer.body, u->a, take_completed, NULL, &why);
    /* The answer to an earlier try may be lost, and the upload be over by it. */
    if (rc == SM_E_NOT_FOUND && sm_s3_stat(u->s, u->key, u->a, &found, err) == SM_OK &&
        found.size == u->size)
        return SM_OK;
    if (rc != SM_OK)
        *err = why;
    return rc;
}

static void give_up(upload *u)
{
    sm_s3_param id = { "uploadId", u->id };
    sm_s3_call q = { .method = "DELETE", .key = u->key, .params = &id, .n_params = 1 };
    sm_http_answer answer;
    sm_error ignored;

    (void)sm_s3_send(u->s, &q, u->a, &answer, &ignored);
}

static sm_code send_parts(upload *u, sm_buf *buffer, sm_error *err)
{
    int64_t number = 1;
    sm_code rc = SM_OK;

    sm_buf_adds(&u->parts, "<CompleteMultipartUpload>");
    for (int64_t at = 0; rc == SM_OK && at < u->size; at += SM_S3_PART, number++)
        if ((rc = read_part(u, at, buffer, err)) == SM_OK)
            rc = put_part(u, number, sm_buf_sv(buffer), err);
    return rc == SM_OK ? complete(u, err) : rc;
}

static sm_code send_in_parts(upload *u, sm_buf *buffer, sm_error *err)
{
    sm_code rc;

    if (u->size > (int64_t)SM_S3_PARTS_MAX * SM_S3_PART)
        return sm_fail(err, SM_E_LIMIT, 0, "file \"%s\" is larger than %d parts of %d MiB", u->path,
                       SM_S3_PARTS_MAX, SM_S3_PART >> 20);
    if ((rc = begin(u, err)) != SM_OK)
        return rc;
    sm_buf_init(&u->parts, UPLOAD_TEXT_MAX);
    if ((rc = send_parts(u, buffer, err)) != SM_OK)
        give_up(u);
    sm_buf_release(&u->parts);
    return rc;
}

sm_code sm_s3_upload(sm_s3 *s, sm_sv key, const char *path, sm_arena *a, sm_error *err)
{
    upload u = { .s = s, .key = key, .path = path, .fd = -1, .a = a };
    sm_buf buffer = { 0 };
    sm_fs_stat st;
    sm_code rc;

    if ((rc = sm_fs_stat_path(path, &st, err)) != SM_OK ||
        (rc = sm_fs_open_read(path, &u.fd, err)) != SM_OK)
        return rc;
    u.size = st.size;
    buffer.ptr = sm_xmalloc(u.size < SM_S3_PART ? (size_t)u.size + 1 : SM_S3_PART);
    if (u.size > SM_S3_PART)
        rc = send_in_parts(&u, &buffer, err);
    else if ((rc = read_part(&u, 0, &buffer, err)) == SM_OK)
        rc = sm_s3_put(s, key, sm_buf_sv(&buffer), false, a, err);
    sm_buf_release(&buffer);
    sm_fs_close(u.fd);
    return rc;
}

/* ---- down ------------------------------------------------------------------------ */

typedef struct download {
    sm_s3 *s;
    sm_sv key;
    sm_sv etag; /* that of all parts; empty: of the first one, which is not there yet */
    int64_t at, size;
    const char *temporary;
    int fd;        /* of it */
    bool may_pass; /* it could not be written for a reason that may pass */
} download;

/* "bytes 0-99/1234" */
static bool whole_size(const sm_http_answer *answer, int64_t *out)
{
    sm_sv range = sm_http_header(answer, "content-range");
    ptrdiff_t slash = sm_sv_find_char(range, '/');

    if (slash < 0)
        return sm_sv_to_int64(sm_http_header(answer, "content-length"), out);
    return sm_sv_to_int64(sm_sv_sub(range, (size_t)slash + 1, range.len), out);
}

static sm_code take_part(void *ctx, int64_t offset, sm_sv bytes, sm_error *err)
{
    download *d = ctx;
    int64_t end = offset + (int64_t)bytes.len;
    sm_code rc;

    if (d->at + end > d->size)
        return sm_fail(err, SM_E_CORRUPT, 0, "object \"%.*s\" has more than %lld bytes",
                       SM_SV_ARG(d->key), (long long)d->size);
    if (end > SM_S3_PART)
        return sm_fail(err, SM_E_LIMIT, 0, "the store sent more of \"%.*s\" than was asked for",
                       SM_SV_ARG(d->key));
    /* Asking the store again does not mend a disk; who runs this may try again later. */
    if ((rc = sm_fs_pwrite(d->fd, d->temporary, bytes, d->at + offset, err)) != SM_OK) {
        d->may_pass = err->retryable;
        err->retryable = false;
    }
    return rc;
}

static sm_code judge_part(const download *d, const sm_http_answer *answer, sm_error *err)
{
    sm_sv etag = sm_s3_etag(sm_http_header(answer, "etag"));
    int64_t whole;

    if (d->etag.len > 0 && !sm_sv_eq(etag, d->etag))
        return sm_fail(err, SM_E_CONFLICT, 0, "object \"%.*s\" was overwritten", SM_SV_ARG(d->key));
    if (!whole_size(answer, &whole))
        return sm_fail(err, SM_E_REMOTE, 0, "the store does not say how large \"%.*s\" is",
                       SM_SV_ARG(d->key));
    if (whole != d->size)
        return sm_fail(err, SM_E_CORRUPT, 0, "object \"%.*s\" has %lld bytes instead of %lld",
                       SM_SV_ARG(d->key), (long long)whole, (long long)d->size);
    if (answer->taken == 0 && d->at < whole)
        return sm_fail(err, SM_E_REMOTE, 0, "the store gave nothing of \"%.*s\"",
                       SM_SV_ARG(d->key));
    return SM_OK;
}

static sm_code get_part(download *d, sm_arena *a, sm_error *err)
{
    sm_s3_header headers[2];
    sm_s3_call q = { .method = "GET",
                     .key = d->key,
                     .headers = headers,
                     .max_answer = SM_S3_PART,
                     .take = take_part,
                     .take_ctx = d };
    sm_http_answer answer;
    sm_code rc;

    if (d->size > SM_S3_PART)
        headers[q.n_headers++] =
            (sm_s3_header){ "range", sm_arena_printf(a, "bytes=%lld-%lld", (long long)d->at,
                                                     (long long)d->at + SM_S3_PART - 1) };
    if (d->etag.len > 0)
        headers[q.n_headers++] =
            (sm_s3_header){ "if-match", sm_arena_printf(a, "\"%.*s\"", SM_SV_ARG(d->etag)) };
    rc = sm_s3_send(d->s, &q, a, &answer, err);
    if (rc != SM_OK)
        err->retryable |= d->may_pass;
    if (rc != SM_OK || (rc = judge_part(d, &answer, err)) != SM_OK)
        return rc;
    d->at += answer.taken;
    if (d->etag.len == 0)
        d->etag = sm_s3_etag(sm_http_header(&answer, "etag"));
    return rc;
}

static sm_code get_parts(download *d, sm_arena *kept, sm_error *err)
{
    sm_arena *a;
    sm_code rc, closed;
    sm_error ignored;

    if ((rc = sm_fs_open_new(d->temporary, FILE_MODE, &d->fd, err)) != SM_OK)
        return rc;
    a = sm_arena_new("s3 get");
    do {
        sm_sv etag = d->etag;

        rc = get_part(d, a, err);
        if (etag.len == 0)
            d->etag = sm_arena_dup(kept, d->etag);
        sm_arena_reset(a);
    } while (rc == SM_OK && d->at < d->size);
    sm_arena_free(a);
    closed = sm_fs_close_written(d->fd, d->temporary, rc == SM_OK ? err : &ignored);
    return rc == SM_OK ? closed : rc;
}

sm_code sm_s3_download(sm_s3 *s, sm_sv key, int64_t size, sm_sv etag, const char *path, sm_arena *a,
                       sm_error *err)
{
    sm_sv folder = sm_path_dir(sm_sv_cstr(path));
    download d = { .s = s, .key = key, .size = size, .etag = etag, .fd = -1 };
    sm_s3_object found;
    sm_error ignored;
    sm_code rc;

    if (size < 0) {
        if ((rc = sm_s3_stat(s, key, a, &found, err)) != SM_OK)
            return rc;
        d.size = found.size;
    }
    d.temporary = sm_arena_printf(a, "%.*s/.fetch-%s", SM_SV_ARG(folder), sm_uuid4(a).ptr).ptr;
    if ((rc = sm_fs_mkdirs(sm_arena_cstr(a, folder), FOLDER_MODE, err)) != SM_OK)
        return rc;
    if ((rc = get_parts(&d, a, err)) == SM_OK)
        rc = sm_fs_rename(d.temporary, path, err);
    if (rc != SM_OK)
        (void)sm_fs_unlink(d.temporary, &ignored);
    return rc;
}
