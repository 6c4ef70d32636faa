/* SPDX-License-Identifier: Apache-2.0 */
/* s3_list.c -- ListObjectsV2, page by page.
 *
 * A page is 1,000 keys; its text is forgotten when the next one is asked for. */
#include "runtime/io/s3_list.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/io/s3_xml.h"

/* One answer, and what came before it. */
typedef struct listing {
    sm_arena *a; /* of what is kept */
    sm_s3_object *items;
    size_t n, cap;
    sm_s3_object now; /* what is being read */
    bool truncated;
    sm_sv token;
} listing;

static void take_object(listing *l, sm_s3_object object)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        sm_s3_object *wider = SM_NEW_N(l->a, sm_s3_object, cap);

        if (l->n > 0)
            memcpy(wider, l->items, l->n * sizeof *wider);
        l->items = wider;
        l->cap = cap;
    }
    object.key = sm_arena_dup(l->a, object.key);
    object.etag = sm_arena_dup(l->a, object.etag);
    l->items[l->n++] = object;
}

static sm_code take_content(listing *l, sm_sv name, sm_sv text, sm_error *err)
{
    if (sm_sv_eq(name, SM_SV("Key")))
        l->now.key = text;
    else if (sm_sv_eq(name, SM_SV("ETag")))
        l->now.etag = sm_s3_etag(text);
    else if (sm_sv_eq(name, SM_SV("LastModified")))
        return sm_time_parse(text, &l->now.mtime_ms, err);
    else if (sm_sv_eq(name, SM_SV("Size")) && !sm_sv_to_int64(text, &l->now.size))
        return sm_fail(err, SM_E_REMOTE, 0, "a list of objects has no size in it");
    return SM_OK;
}

static sm_code take_element(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *err)
{
    listing *l = ctx;

    if (sm_sv_eq(parent, SM_SV("Contents")))
        return take_content(l, name, text, err);
    if (sm_sv_eq(parent, SM_SV("CommonPrefixes")) && sm_sv_eq(name, SM_SV("Prefix")))
        take_object(l, (sm_s3_object){ .key = text, .folder = true });
    if (!sm_sv_eq(parent, SM_SV("ListBucketResult")))
        return SM_OK;
    if (sm_sv_eq(name, SM_SV("Contents"))) {
        take_object(l, l->now);
        l->now = (sm_s3_object){ 0 };
    } else if (sm_sv_eq(name, SM_SV("IsTruncated"))) {
        l->truncated = sm_sv_eq(text, SM_SV("true"));
    } else if (sm_sv_eq(name, SM_SV("NextContinuationToken"))) {
        l->token = sm_arena_dup(l->a, text);
    }
    return SM_OK;
}

static sm_code list_page(sm_s3 *s, sm_sv prefix, sm_sv after, listing *l, sm_arena *page,
                         sm_error *err)
{
    sm_s3_param params[5]; /* by name */
    sm_s3_call q = { .method = "GET", .params = params };
    sm_http_answer answer;
    sm_code rc;

    if (l->token.len > 0)
        params[q.n_params++] = (sm_s3_param){ "continuation-token", l->token };
    params[q.n_params++] = (sm_s3_param){ "delimiter", SM_SV("/") };
    params[q.n_params++] = (sm_s3_param){ "list-type", SM_SV("2") };
    params[q.n_params++] = (sm_s3_param){ "prefix", prefix };
    if (after.len > 0 && l->token.len == 0)
        params[q.n_params++] = (sm_s3_param){ "start-after", after };
    l->truncated = false;
    if ((rc = sm_s3_send(s, &q, page, &answer, err)) != SM_OK)
        return rc;
    l->token = SM_SV("");
    rc = sm_s3_xml_each(answer.body, page, take_element, l, err);
    if (rc == SM_OK && l->truncated && l->token.len == 0)
        rc = sm_fail(err, SM_E_REMOTE, 0, "a list of objects goes on and says not where");
    return rc == SM_OK ? rc
                       : sm_wrap(err, "list of s3://%.*s/%.*s",
                                 SM_SV_ARG(sm_s3_configured(s)->bucket), SM_SV_ARG(prefix));
}

static int by_key(const void *x, const void *y)
{
    return sm_sv_cmp(((const sm_s3_object *)x)->key, ((const sm_s3_object *)y)->key);
}

sm_code sm_s3_list(sm_s3 *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_s3_object **out, size_t *n,
                   sm_error *err)
{
    listing l = { .a = a };
    sm_arena *page = sm_arena_new("s3 list");
    sm_code rc;

    do {
        sm_arena_reset(page);
        rc = list_page(s, prefix, after, &l, page, err);
    } while (rc == SM_OK && l.truncated);
    sm_arena_free(page);
    if (rc == SM_OK && l.n > 0) /* folders stand behind the objects of their page */
        qsort(l.items, l.n, sizeof *l.items, by_key);
    *out = l.items;
    *n = rc == SM_OK ? l.n : 0;
    return rc;
}
