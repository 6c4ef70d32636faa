/* SPDX-License-Identifier: Apache-2.0 */
/* s3_sign.c -- AWS Signature Version 4.
 *
 *     canonical  method, path, query, "name:value" of each header by name, their names, SHA-256
 *                of the body; a line each
 *     to sign    AWS4-HMAC-SHA256, time, scope (day/region/s3/aws4_request), SHA-256 of canonical
 *     key        HMAC of day, region, s3, aws4_request, each keyed by the one before, the first by
 *                "AWS4" and the secret
 *     signature  HMAC of what is to sign */
#include "runtime/io/s3_sign.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"

enum { ADDED = 4, KEY_BYTES = 32, CANONICAL_MAX = 256 * 1024 };

static int by_name(const void *x, const void *y)
{
    return strcmp(((const sm_s3_header *)x)->name, ((const sm_s3_header *)y)->name);
}

/* "20260102T030405Z" */
static sm_sv stamp_of(int64_t ms, sm_arena *a)
{
    sm_sv t = sm_time_rfc3339(ms, a); /* 2026-01-02T03:04:05.000Z */

    return sm_arena_printf(a, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", t.ptr, t.ptr + 5, t.ptr + 8, t.ptr + 11,
                           t.ptr + 14, t.ptr + 17);
}

static sm_s3_header *all_headers(const sm_s3_to_sign *q, sm_sv stamp, sm_arena *a, size_t *n)
{
    sm_s3_header *all = SM_NEW_N(a, sm_s3_header, q->n + ADDED);

    *n = 0;
    all[(*n)++] = (sm_s3_header){ "host", q->url->host };
    all[(*n)++] = (sm_s3_header){ "x-amz-content-sha256", q->body_sha256 };
    all[(*n)++] = (sm_s3_header){ "x-amz-date", stamp };
    if (q->session_token.len > 0)
        all[(*n)++] = (sm_s3_header){ "x-amz-security-token", q->session_token };
    for (size_t i = 0; i < q->n; i++)
        all[(*n)++] = q->headers[i];
    qsort(all, *n, sizeof *all, by_name);
    return all;
}

static sm_sv names_of(const sm_s3_header *all, size_t n, sm_arena *a)
{
    sm_sv names = sm_sv_cstr(all[0].name);

    for (size_t i = 1; i < n; i++)
        names = sm_arena_printf(a, "%.*s;%s", SM_SV_ARG(names), all[i].name);
    return names;
}

static sm_sv canonical_hash(const sm_s3_to_sign *q, const sm_s3_header *all, size_t n, sm_sv names,
                            sm_arena *a)
{
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, CANONICAL_MAX);
    sm_buf_addf(&b, "%s\n%.*s\n%.*s\n", q->method, SM_SV_ARG(q->url->path),
                SM_SV_ARG(q->url->query));
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&b, "%s:%.*s\n", all[i].name, SM_SV_ARG(all[i].value));
    sm_buf_addf(&b, "\n%.*s\n%.*s", SM_SV_ARG(names), SM_SV_ARG(q->body_sha256));
    out = sm_sha256_hex(sm_buf_sv(&b), a);
    sm_buf_release(&b);
    return out;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static sm_sv hmac(sm_sv key, sm_sv text, sm_arena *a)
{
    sm_sv hex = sm_hmac_sha256_hex(key, text, a);
    char *bytes = sm_arena_alloc(a, 1, 1, KEY_BYTES);

    for (size_t i = 0; i < KEY_BYTES; i++)
        bytes[i] = (char)(digit(hex.ptr[2 * i]) << 4 | digit(hex.ptr[2 * i + 1]));
    return (sm_sv){ bytes, KEY_BYTES };
}

static void clear(sm_sv s)
{
    explicit_bzero((char *)s.ptr, s.len); /* memory of ours */
}

static sm_sv signature_of(const sm_s3_to_sign *q, sm_sv day, sm_sv text, sm_arena *a)
{
    sm_sv key = sm_arena_printf(a, "AWS4%.*s", SM_SV_ARG(q->secret_access_key));
    const sm_sv parts[] = { day, q->region, SM_SV("s3"), SM_SV("aws4_request") };
    sm_sv out;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        sm_sv next = hmac(key, parts[i], a);

        clear(key);
        key = next;
    }
    out = sm_hmac_sha256_hex(key, text, a);
    clear(key);
    return out;
}

void sm_s3_sign(const sm_s3_to_sign *q, sm_arena *a, sm_sv **headers, size_t *n)
{
    sm_sv stamp = stamp_of(q->time_ms, a), day = sm_sv_sub(stamp, 0, 8);
    sm_sv scope =
        sm_arena_printf(a, "%.*s/%.*s/s3/aws4_request", SM_SV_ARG(day), SM_SV_ARG(q->region));
    size_t count;
    sm_s3_header *all = all_headers(q, stamp, a, &count);
    sm_sv names = names_of(all, count, a);
    sm_sv text =
        sm_arena_printf(a, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", SM_SV_ARG(stamp), SM_SV_ARG(scope),
                        SM_SV_ARG(canonical_hash(q, all, count, names, a)));

    *headers = SM_NEW_N(a, sm_sv, count + 2); /* and one that the caller may add */
    for (*n = 0; *n < count; ++*n)
        (*headers)[*n] = sm_arena_printf(a, "%s: %.*s", all[*n].name, SM_SV_ARG(all[*n].value));
    (*headers)[(*n)++] = sm_arena_printf(
        a,
        "Authorization: AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=%.*s",
        SM_SV_ARG(q->access_key_id), SM_SV_ARG(scope), SM_SV_ARG(names),
        SM_SV_ARG(signature_of(q, day, text, a)));
}
