/* SPDX-License-Identifier: Apache-2.0 */
/* s3_client.c -- see the header. */
#include "runtime/io/s3_client.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/hash.h"
#include "runtime/io/s3_xml.h"

enum {
    TOTAL_MS = 60 * 1000,
    WORDS_MAX = 8 * 1024 * 1024, /* a page of a list; also of a short object a refusal has words */
    MESSAGE_SHOWN = 200,
    BYTES_PER_MS = 128, /* a body may come as slowly as this */
    STATUS_OK = 200,
    STATUS_MOVED = 301,
    STATUS_REDIRECT = 307,
    STATUS_BAD = 400,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_TIMEOUT = 408,
    STATUS_CONFLICT = 409,
    STATUS_PRECONDITION = 412,
    STATUS_TOO_MANY = 429,
    STATUS_ERROR = 500,
};

struct sm_s3 {
    sm_s3_config c;
    sm_arena *a;
    sm_s3_bucket bucket;
    sm_sv region;
    sm_http_client *http;
    sm_mutex mutex; /* guards probed */
    bool probed;
};

/* ---- opening --------------------------------------------------------------------- */

static sm_sv amazon(const sm_s3 *s)
{
    bool china = sm_sv_starts(s->region, SM_SV("cn-"));

    return sm_arena_printf(s->a, "https://s3.%.*s.amazonaws.com%s", SM_SV_ARG(s->region),
                           china ? ".cn" : "");
}

static bool has_no_names(sm_sv endpoint)
{
    ptrdiff_t at = sm_sv_find(endpoint, SM_SV("://"));
    sm_sv host = sm_sv_sub(endpoint, (size_t)(at < 0 ? 0 : at + 3), endpoint.len);

    return host.len > 0 && ((host.ptr[0] >= '0' && host.ptr[0] <= '9') || host.ptr[0] == '[' ||
                            sm_sv_starts(host, SM_SV("localhost")));
}

sm_code sm_s3_open(const sm_s3_config *c, sm_s3 **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("s3");
    sm_s3 *s = SM_NEW(a, sm_s3);

    *out = NULL;
    s->c = *c;
    s->a = a;
    s->region = c->region.len > 0 ? c->region : SM_SV("us-east-1");
    s->bucket = (sm_s3_bucket){ .endpoint = c->endpoint.len > 0 ? c->endpoint : amazon(s),
                                .name = c->bucket,
                                .path_style = c->path_style };
    /* A name with a dot is no name that the certificate *.s3.… is for; addresses and this machine
     * have no names below them. */
    s->bucket.path_style |= sm_sv_find_char(c->bucket, '.') >= 0 || has_no_names(c->endpoint);
    if (sm_s3_check_endpoint(s->bucket.endpoint, err) != SM_OK) {
        sm_arena_free(a);
        return err->code;
    }
    s->http = sm_http_client_new();
    sm_mutex_init(&s->mutex);
    *out = s;
    return SM_OK;
}

void sm_s3_close(sm_s3 *s)
{
    if (s == NULL)
        return;
    sm_http_client_free(s->http);
    sm_mutex_release(&s->mutex);
    sm_arena_free(s->a);
}

const sm_s3_config *sm_s3_configured(const sm_s3 *s)
{
    return &s->c;
}

/* ---- what a refusal means -------------------------------------------------------- */

typedef struct refusal { /* <Error><Code>…</Code><Message>…</Message><Region>…</Region></Error> */
    sm_sv code, message, region;
} refusal;

static sm_code take_refusal(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *err)
{
    refusal *r = ctx;

    (void)err;
    if (!sm_sv_eq(parent, SM_SV("Error")))
        return SM_OK;
    if (sm_sv_eq(name, SM_SV("Code")))
        r->code = text;
    else if (sm_sv_eq(name, SM_SV("Message")))
        r->message = text;
    else if (sm_sv_eq(name, SM_SV("Region")))
        r->region = text;
    return SM_OK;
}

/* Codes that a person can do something about. */
static const struct {
    const char *code;
    sm_code meaning;
    const char *advice;
} known[] = {
    { "ExpiredToken", SM_E_DENIED, "the session token has expired: get new credentials" },
    { "TokenRefreshRequired", SM_E_DENIED, "the session token has expired: get new credentials" },
    { "InvalidToken", SM_E_DENIED, "the session token is none of that access key" },
    { "InvalidAccessKeyId", SM_E_DENIED, "nobody has that access_key_id" },
    { "XAdminUserNotFound", SM_E_DENIED, "nobody has that access_key_id" },
    { "SignatureDoesNotMatch", SM_E_DENIED, "the secret_access_key is not the one of that key" },
    { "RequestTimeTooSkewed", SM_E_DENIED, "the clock of this machine is wrong: set it" },
    { "AccessDenied", SM_E_DENIED,
      "the access key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket here" },
    { "NoSuchBucket", SM_E_INVALID, "there is no such bucket: make it, or mend the name" },
    { "AuthorizationHeaderMalformed", SM_E_INVALID, "write the region of the bucket" },
    { "PermanentRedirect", SM_E_INVALID, "write the region of the bucket" },
    { "NotImplemented", SM_E_INVALID, "the store cannot do this" },
    { "EntityTooLarge", SM_E_LIMIT, "the store takes no object of that size" },
    { "QuotaExceeded", SM_E_LIMIT, "the quota of the bucket is used up" },
};

static bool may_come_again(int status)
{
    return status == STATUS_TIMEOUT || status == STATUS_TOO_MANY || status >= STATUS_ERROR;
}

static sm_code meaning_of(int status)
{
    switch (status) {
    case STATUS_UNAUTHORIZED:
    case STATUS_FORBIDDEN:
        return SM_E_DENIED;
    case STATUS_NOT_FOUND:
        return SM_E_NOT_FOUND;
    case STATUS_CONFLICT:
    case STATUS_PRECONDITION:
        return SM_E_CONFLICT;
    default:
        return may_come_again(status) ? SM_E_REMOTE : SM_E_INVALID;
    }
}

static sm_sv place_of(const sm_s3 *s, sm_sv key, sm_arena *a)
{
    return sm_arena_printf(a, "s3://%.*s%s%.*s", SM_SV_ARG(s->bucket.name), key.len > 0 ? "/" : "",
                           SM_SV_ARG(key));
}

/* A bucket of another region: 301 or 307, or a signature for the wrong one. */
static bool tells_region(const sm_http_answer *answer, const refusal *r, sm_sv *out)
{
    *out = sm_http_header(answer, "x-amz-bucket-region");
    if (out->len == 0)
        *out = r->region;
    return out->len > 0 && (answer->status == STATUS_MOVED || answer->status == STATUS_REDIRECT ||
                            sm_sv_eq(r->code, SM_SV("AuthorizationHeaderMalformed")));
}

static sm_code refuse(const sm_s3 *s, const sm_s3_call *q, const sm_http_answer *answer,
                      sm_arena *a, sm_error *err)
{
    sm_sv place = place_of(s, q->key, a), region;
    sm_code code = meaning_of(answer->status);
    const char *advice = "";
    refusal r = { 0 };
    sm_error ignored;

    (void)sm_s3_xml_each(answer->body, a, take_refusal, &r, &ignored);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (sm_sv_eq_str(r.code, known[i].code)) {
            code = known[i].meaning;
            advice = known[i].advice;
        }
    if (tells_region(answer, &r, &region) && !sm_sv_eq(region, s->region))
        sm_fail(err, SM_E_INVALID, answer->status,
                "%.*s: the bucket is in region \"%.*s\", and was asked for in \"%.*s\": write "
                "region: %.*s in its connection",
                SM_SV_ARG(place), SM_SV_ARG(region), SM_SV_ARG(s->region), SM_SV_ARG(region));
    else if (advice[0] != '\0')
        sm_fail(err, code, answer->status, "%.*s: %s (%d %.*s)", SM_SV_ARG(place), advice,
                answer->status, SM_SV_ARG(r.code));
    else if (r.code.len > 0)
        sm_fail(err, code, answer->status, "%.*s: the store answered %d %.*s: %.*s",
                SM_SV_ARG(place), answer->status, SM_SV_ARG(r.code),
                SM_SV_ARG(sm_sv_sub(r.message, 0, MESSAGE_SHOWN)));
    else
        sm_fail(err, code, answer->status, "%.*s: the store answered %d to %s", SM_SV_ARG(place),
                answer->status, q->method);
    err->retryable =
        err->code == SM_E_CONFLICT || (advice[0] == '\0' && may_come_again(answer->status));
    return err->code;
}

/* ---- a request ------------------------------------------------------------------- */

static void sign(const sm_s3 *s, const sm_s3_call *q, const sm_s3_url *url, sm_arena *a,
                 sm_http_request *request)
{
    sm_sv *headers;
    sm_s3_to_sign to_sign = {
        .method = q->method,
        .url = url,
        .headers = q->headers,
        .n = q->n_headers,
        .body_sha256 = sm_sha256_hex(q->body, a),
        .region = s->region,
        .access_key_id = sm_secret_reveal(s->c.access_key_id),
        .secret_access_key = sm_secret_reveal(s->c.secret_access_key),
        .time_ms = sm_clock_true_ms(),
    };

    if (s->c.session_token != NULL)
        to_sign.session_token = sm_secret_reveal(s->c.session_token);
    sm_s3_sign(&to_sign, a, &headers, &request->n_headers);
    headers[request->n_headers++] = SM_SV("Content-Type:"); /* libcurl names a form otherwise */
    request->headers = headers;
}

static sm_code try_once(sm_s3 *s, const sm_s3_call *q, sm_arena *a, sm_http_answer *out,
                        sm_error *err)
{
    bool has_body = q->body.len > 0 || q->method[0] == 'P';
    size_t most = q->max_answer > WORDS_MAX ? q->max_answer : WORDS_MAX;
    sm_http_request request = {
        .client = s->http,
        .method = sm_sv_cstr(q->method),
        .body = has_body ? (sm_sv){ q->body.ptr != NULL ? q->body.ptr : "", q->body.len }
                         : (sm_sv){ NULL, 0 },
        .total_ms = TOTAL_MS + (int64_t)(q->body.len + most) / BYTES_PER_MS,
        .max_answer = most,
        .take = q->take,
        .take_ctx = q->take_ctx,
        .ca_file = s->c.ca_file,
        .as_is = true,
        .egress = &s->c.egress,
        .stop = s->c.stop,
    };
    int fault = sm_failpoint_err("s3.request");
    sm_s3_url url;
    sm_code rc;

    if ((rc = sm_s3_url_make(&s->bucket, q->key, q->params, q->n_params, a, &url, err)) != SM_OK)
        return rc;
    request.url = url.text;
    sign(s, q, &url, a, &request);
    if (fault != 0) {
        rc = sm_fail_errno(err, fault, "could not reach %.*s", SM_SV_ARG(url.host));
        err->retryable = true;
        return rc;
    }
    if ((rc = sm_http_send(&request, a, out, err)) != SM_OK)
        return rc;
    /* The answer may be lost when the store has done its part. */
    if ((fault = sm_failpoint_err("s3.answer")) != 0) {
        rc = sm_fail_errno(err, fault, "the answer of %.*s was lost", SM_SV_ARG(url.host));
        err->retryable = true;
        return rc;
    }
    if (out->status / 100 != STATUS_OK / 100)
        return refuse(s, q, out, a, err);
    return q->max_answer == 0 || out->body.len <= q->max_answer
               ? SM_OK
               : sm_fail(err, SM_E_LIMIT, 0, "object \"%.*s\" is larger than %zu bytes",
                         SM_SV_ARG(q->key), q->max_answer);
}

static bool is_stopped(const void *ctx)
{
    return sm_http_is_stopped(((const sm_s3 *)ctx)->c.stop);
}

/* False: stopped meanwhile. */
static bool pause_before(const sm_s3 *s, int tries, int64_t asked_ms)
{
    int64_t most = (int64_t)SM_S3_PAUSE_MS << tries, left;

    left = (int64_t)(sm_random_u64() % (uint64_t)most) + 1;
    left = asked_ms > left ? asked_ms : left;
    return sm_pause_ms(left > SM_S3_PAUSE_MAX_MS ? SM_S3_PAUSE_MAX_MS : left, is_stopped, s);
}

sm_code sm_s3_send(sm_s3 *s, const sm_s3_call *q, sm_arena *a, sm_http_answer *out, sm_error *err)
{
    sm_error why;
    sm_code rc = SM_OK;

    for (int i = 0; i < SM_S3_TRIES; i++) {
        *out = (sm_http_answer){ 0 };
        rc = try_once(s, q, a, out, &why);
        /* 409 under a condition: another put of the key was under way, and may have failed */
        if (rc == SM_OK || !why.retryable || (rc == SM_E_CONFLICT && why.sys != STATUS_CONFLICT))
            break;
        if (i + 1 < SM_S3_TRIES && !pause_before(s, i, out->retry_after_ms)) {
            rc = sm_fail(&why, SM_E_CANCELLED, 0, "stopped waiting for the object store");
            break;
        }
    }
    if (rc != SM_OK)
        *err = why;
    return rc;
}

size_t sm_s3_encryption(const sm_s3 *s, sm_s3_header *out)
{
    const sm_s3_config *c = &s->c;
    size_t n = 0;

    if (c->encryption.len > 0)
        out[n++] = (sm_s3_header){ "x-amz-server-side-encryption", c->encryption };
    if (c->kms_key_id.len > 0)
        out[n++] = (sm_s3_header){ "x-amz-server-side-encryption-aws-kms-key-id", c->kms_key_id };
    return n;
}

/* ---- does the store keep conditions? --------------------------------------------- */

static sm_code probe_once(sm_s3 *s, sm_sv key, bool *refused, sm_error *err)
{
    sm_s3_header headers[3] = { { "if-none-match", SM_SV_LIT("*") } };
    sm_arena *a = sm_arena_new("s3 probe");
    sm_s3_call q = { .method = "PUT",
                     .key = key,
                     .headers = headers,
                     .n_headers = 1 + sm_s3_encryption(s, headers + 1),
                     .body = SM_SV("smelt asks here whether this store keeps If-None-Match.\n") };
    sm_http_answer answer;
    sm_error why;
    sm_code rc = sm_s3_send(s, &q, a, &answer, &why);

    *refused = rc == SM_E_CONFLICT;
    sm_arena_free(a);
    if (rc == SM_OK || *refused)
        return SM_OK;
    *err = why;
    return rc;
}

sm_code sm_s3_probe(sm_s3 *s, sm_error *err)
{
    sm_arena *a = sm_arena_new("s3 probe");
    sm_sv key = sm_arena_printf(a, "%.*s%s_smelt/put_if_absent", SM_SV_ARG(s->c.prefix),
                                s->c.prefix.len > 0 ? "/" : "");
    bool refused = false;
    sm_code rc = SM_OK;

    sm_mutex_lock(&s->mutex);
    for (int i = 0; rc == SM_OK && !s->probed && !refused && i < 2; i++)
        rc = probe_once(s, key, &refused, err);
    if (rc == SM_OK && !s->probed && !refused)
        rc = sm_fail(err, SM_E_INVALID, 0,
                     "the object store of s3://%.*s ignores If-None-Match: two writers of a table "
                     "would both win, so it can hold no tables; take one that keeps it",
                     SM_SV_ARG(s->bucket.name));
    s->probed |= rc == SM_OK;
    sm_mutex_unlock(&s->mutex);
    sm_arena_free(a);
    return rc;
}
