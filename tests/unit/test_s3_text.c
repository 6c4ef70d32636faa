/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to an object store and what it answers, as text. */
#include "runtime/io/s3_sign.h"
#include "runtime/io/s3_url.h"
#include "runtime/io/s3_xml.h"
#include "tests/support/test.h"

static sm_arena *a;
static sm_error err;

static int begin(void **state)
{
    (void)state;
    a = sm_arena_new("test");
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_arena_free(a);
    return 0;
}

/* ---- addresses ------------------------------------------------------------------- */

static const struct {
    const char *key, *path;
} keys[] = {
    { "", "/" },
    { "plain-._~/x", "/plain-._~/x" },
    { "day=1/part 0.parquet", "/day%3D1/part%200.parquet" },
    { "p=a%3Ab", "/p%3Da%253Ab" },
    { "a+b:(c)!*'&$@,;?#[]", "/a%2Bb%3A%28c%29%21%2A%27%26%24%40%2C%3B%3F%23%5B%5D" },
    { "\xc3\xa4", "/%C3%A4" },
    { "a//b", "/a//b" },
};

static void test_url__keeps_every_byte_of_a_key(void **state)
{
    sm_s3_bucket b = { SM_SV("https://s3.eu-central-1.amazonaws.com"), SM_SV("lake"), false };
    sm_s3_url u;

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        sm_assert_ok(sm_s3_url_make(&b, sm_sv_cstr(keys[i].key), NULL, 0, a, &u, &err), err);
        assert_string_equal(u.path.ptr, keys[i].path);
        assert_string_equal(u.host.ptr, "lake.s3.eu-central-1.amazonaws.com");
        assert_string_equal(
            u.text.ptr,
            sm_arena_printf(a, "https://lake.s3.eu-central-1.amazonaws.com%s", keys[i].path).ptr);
    }
    sm_assert_code(sm_s3_url_make(&b, SM_SV("a/../b"), NULL, 0, a, &u, &err), SM_E_INVALID);
    sm_assert_code(sm_s3_url_make(&b, SM_SV("./b"), NULL, 0, a, &u, &err), SM_E_INVALID);
}

static void test_url__encodes_slashes_in_parameters_and_gives_each_its_sign(void **state)
{
    sm_s3_bucket b = { SM_SV("http://127.0.0.1:7070/"), SM_SV("lake"), true };
    sm_s3_param params[] = { { "delimiter", SM_SV("/") },
                             { "prefix", SM_SV("a=1/ b") },
                             { "uploads", SM_SV("") } };
    sm_s3_url u;

    (void)state;
    sm_assert_ok(sm_s3_url_make(&b, SM_SV(""), params, 3, a, &u, &err), err);
    assert_string_equal(u.text.ptr, "http://127.0.0.1:7070/lake?delimiter=%2F&prefix=a%3D1%2F%20b&"
                                    "uploads=");
    assert_string_equal(u.host.ptr, "127.0.0.1:7070");
    assert_string_equal(u.path.ptr, "/lake");
}

static void test_url__leaves_the_port_out_that_the_scheme_means(void **state)
{
    sm_s3_bucket b = { SM_SV("https://store:443"), SM_SV("lake"), true };
    sm_s3_url u;

    (void)state;
    sm_assert_ok(sm_s3_url_make(&b, SM_SV("k"), NULL, 0, a, &u, &err), err);
    assert_string_equal(u.text.ptr, "https://store/lake/k");
    b.endpoint = SM_SV("https://store:80");
    sm_assert_ok(sm_s3_url_make(&b, SM_SV("k"), NULL, 0, a, &u, &err), err);
    assert_string_equal(u.text.ptr, "https://store:80/lake/k");
    sm_assert_ok(sm_s3_check_endpoint(b.endpoint, &err), err);
    sm_assert_code(sm_s3_check_endpoint(SM_SV("store:80"), &err), SM_E_INVALID);
    sm_assert_code(sm_s3_check_endpoint(SM_SV("https://store/path"), &err), SM_E_INVALID);
    sm_assert_code(sm_s3_check_endpoint(SM_SV("https://me:pw@store"), &err), SM_E_INVALID);
}

static void test_parse__takes_bucket_and_prefix_apart(void **state)
{
    static const char *const bad[] = { "s3://",   "s3://ab",      "lake",
                                       "s3:///x", "s3://a b c/x", "s3://lake/../x" };
    sm_sv bucket, prefix;

    (void)state;
    sm_assert_ok(sm_s3_parse(SM_SV("s3://lake/team/iot/"), &bucket, &prefix, &err), err);
    assert_true(sm_sv_eq(bucket, SM_SV("lake")) && sm_sv_eq(prefix, SM_SV("team/iot")));
    sm_assert_ok(sm_s3_parse(SM_SV("s3://my.lake"), &bucket, &prefix, &err), err);
    assert_true(sm_sv_eq(bucket, SM_SV("my.lake")) && prefix.len == 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        sm_assert_code(sm_s3_parse(sm_sv_cstr(bad[i]), &bucket, &prefix, &err), SM_E_INVALID);
}

/* ---- signatures ------------------------------------------------------------------ */

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const sm_s3_bucket example = { SM_SV_LIT("https://s3.amazonaws.com"),
                                      SM_SV_LIT("examplebucket"), false };

static sm_s3_to_sign at_amazon(const char *method, const sm_s3_url *url)
{
    return (sm_s3_to_sign){ .method = method,
                            .url = url,
                            .body_sha256 = SM_SV(NOTHING),
                            .region = SM_SV("us-east-1"),
                            .access_key_id = SM_SV("AKIAIOSFODNN7EXAMPLE"),
                            .secret_access_key = SM_SV("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                            .time_ms = 1369353600000 }; /* 2013-05-24T00:00:00Z */
}

static sm_sv signed_with(const sm_s3_to_sign *q)
{
    sm_sv *headers;
    size_t n;

    sm_s3_sign(q, a, &headers, &n);
    return headers[n - 1];
}

/* The three examples of Amazon's own documentation. */
static void test_sign__signs_as_amazon_does(void **state)
{
    sm_s3_header range = { "range", SM_SV("bytes=0-9") };
    sm_s3_header put[] = { { "x-amz-storage-class", SM_SV("REDUCED_REDUNDANCY") },
                           { "date", SM_SV("Fri, 24 May 2013 00:00:00 GMT") } };
    sm_s3_param list[] = { { "max-keys", SM_SV("2") }, { "prefix", SM_SV("J") } };
    sm_s3_to_sign q;
    sm_s3_url u;

    (void)state;
    sm_assert_ok(sm_s3_url_make(&example, SM_SV("test.txt"), NULL, 0, a, &u, &err), err);
    q = at_amazon("GET", &u);
    q.headers = &range;
    q.n = 1;
    assert_string_equal(
        signed_with(&q).ptr,
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    sm_assert_ok(sm_s3_url_make(&example, SM_SV("test$file.text"), NULL, 0, a, &u, &err), err);
    q = at_amazon("PUT", &u);
    q.headers = put;
    q.n = 2;
    q.body_sha256 = SM_SV("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    assert_non_null(strstr(signed_with(&q).ptr, "Signature=98ad721746da40c64f1a55b78f14c238d841ea13"
                                                "80cd77a1b5971af0ece108bd"));
    sm_assert_ok(sm_s3_url_make(&example, SM_SV(""), list, 2, a, &u, &err), err);
    q = at_amazon("GET", &u);
    assert_non_null(strstr(signed_with(&q).ptr, "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534b"
                                                "c59db6670ed5711ef69dc6f7"));
}

static void test_sign__orders_headers_by_name_also_where_one_begins_like_another(void **state)
{
    sm_s3_header kms[] = { { "x-amz-server-side-encryption-aws-kms-key-id", SM_SV("k") },
                           { "x-amz-server-side-encryption", SM_SV("aws:kms") } };
    sm_s3_to_sign q;
    sm_sv *headers;
    sm_s3_url u;
    size_t n;

    (void)state;
    sm_assert_ok(sm_s3_url_make(&example, SM_SV("x"), NULL, 0, a, &u, &err), err);
    q = at_amazon("PUT", &u);
    q.headers = kms;
    q.n = 2;
    q.session_token = SM_SV("tok");
    sm_s3_sign(&q, a, &headers, &n);
    assert_int_equal(n, 7);
    assert_string_equal(headers[0].ptr, "host: examplebucket.s3.amazonaws.com");
    assert_string_equal(headers[2].ptr, "x-amz-date: 20130524T000000Z");
    assert_string_equal(headers[3].ptr, "x-amz-security-token: tok");
    assert_string_equal(headers[4].ptr, "x-amz-server-side-encryption: aws:kms");
    assert_string_equal(headers[5].ptr, "x-amz-server-side-encryption-aws-kms-key-id: k");
    assert_non_null(strstr(headers[6].ptr, "x-amz-server-side-encryption;x-amz-server-side-"
                                           "encryption-aws-kms-key-id, "));
}

/* ---- answers --------------------------------------------------------------------- */

static sm_buf seen;

static sm_code see(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *why)
{
    (void)ctx;
    (void)why;
    sm_buf_addf(&seen, "%.*s/%.*s=%.*s;", SM_SV_ARG(parent), SM_SV_ARG(name), SM_SV_ARG(text));
    return SM_OK;
}

static void test_xml__shows_elements_and_their_text(void **state)
{
    (void)state;
    sm_buf_init(&seen, 4096);
    sm_assert_ok(sm_s3_xml_each(SM_SV("<?xml version=\"1.0\"?>\n<!-- x --><L xmlns=\"http://s3\">"
                                      "<C a='1'>\n<Key>a &amp;&#x20;&#228;</Key><n/></C></L>\n"),
                                a, see, NULL, &err),
                 err);
    assert_string_equal(seen.ptr, "C/Key=a & \xc3\xa4;C/n=;L/C=;/L=;");
    sm_buf_release(&seen);
}

static void test_xml__refuses_what_is_none(void **state)
{
    static const char *const bad[] = { "",
                                       "text",
                                       "<a>",
                                       "<a></b>",
                                       "<a><b></a>",
                                       "<a>&x;</a>",
                                       "<a>&#0;</a>",
                                       "</a>",
                                       "<!DOCTYPE a []><a/>",
                                       "<a",
                                       "<>",
                                       "<a>&#xD800;</a>" };

    (void)state;
    sm_buf_init(&seen, 4096);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        sm_assert_code(sm_s3_xml_each(sm_sv_cstr(bad[i]), a, see, NULL, &err), SM_E_REMOTE);
    sm_buf_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_url__keeps_every_byte_of_a_key),
        SM_TEST(test_url__encodes_slashes_in_parameters_and_gives_each_its_sign),
        SM_TEST(test_url__leaves_the_port_out_that_the_scheme_means),
        SM_TEST(test_parse__takes_bucket_and_prefix_apart),
        SM_TEST(test_sign__signs_as_amazon_does),
        SM_TEST(test_sign__orders_headers_by_name_also_where_one_begins_like_another),
        SM_TEST(test_xml__shows_elements_and_their_text),
        SM_TEST(test_xml__refuses_what_is_none),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
