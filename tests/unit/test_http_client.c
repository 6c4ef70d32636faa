/* SPDX-License-Identifier: Apache-2.0 */
/* Against a server of one thread that answers each connection with the text it was given. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/thread.h"
#include "runtime/io/http_client.h"
#include "tests/support/test.h"

typedef struct peer {
    int listener, port;
    const char *answer; /* NULL: never */
    sm_buf heard;       /* of the one request */
    sm_thread *thread;
} peer;

static sm_arena *a;
static const sm_egress anywhere = { .any = true };

/* The head, and a body of the length that it names. */
static void hear(peer *p, int fd)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        const char *end, *length;

        sm_buf_add(&p->heard, (sm_sv){ bytes, (size_t)n });
        end = strstr(p->heard.ptr, "\r\n\r\n");
        length = strstr(p->heard.ptr, "Content-Length: ");
        if (p->heard.ptr[0] == 0x16) /* TLS */
            return;
        if (end != NULL && (length == NULL || strlen(end + 4) >= strtoul(length + 16, NULL, 10)))
            return;
    }
}

static void serve(void *ctx)
{
    peer *p = ctx;
    int fd = accept(p->listener, NULL, NULL);
    ssize_t done;
    char byte;

    if (fd < 0)
        return;
    hear(p, fd);
    done = p->answer != NULL ? write(fd, p->answer, strlen(p->answer))
                             : read(fd, &byte, 1); /* until the other gives up */
    (void)done;
    close(fd);
}

static void peer_start(peer *p, const char *answer)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof at;
    sm_error err;

    *p = (peer){ .answer = answer };
    sm_buf_init(&p->heard, 64 * 1024);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (void *)&at, sizeof at), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(getsockname(p->listener, (void *)&at, &len), 0);
    p->port = ntohs(at.sin_port);
    sm_assert_ok(sm_thread_start("peer", serve, p, &p->thread, &err), err);
}

static void peer_end(peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    sm_thread_join(p->thread);
    close(p->listener);
    sm_buf_release(&p->heard);
}

static sm_sv url_of(const peer *p, const char *scheme)
{
    return sm_arena_printf(a, "%s://127.0.0.1:%d/a/secret", scheme, p->port);
}

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

/* What the peer, which is to be ended, answers to `q`. */
static sm_http_answer ask(peer *p, sm_http_request *q, const char *text)
{
    sm_http_answer answer;
    sm_error err;

    peer_start(p, text);
    q->url = url_of(p, "http");
    sm_assert_ok(sm_http_send(q, a, &answer, &err), err);
    return answer;
}

static void test_send__gives_headers_and_body_and_takes_the_answer(void **state)
{
    static const sm_sv headers[] = { SM_SV_LIT("Content-Type: application/json"),
                                     SM_SV_LIT("X-Id: 7") };
    sm_http_request q = {
        .headers = headers, .n_headers = 2, .body = SM_SV("{\"a\":1}"), .egress = &anywhere
    };
    sm_http_answer answer;
    peer p;

    (void)state;
    answer =
        ask(&p, &q, "HTTP/1.1 201 Created\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.body.ptr, "ok");
    assert_string_equal(answer.type.ptr, "text/x");
    assert_non_null(strstr(p.heard.ptr, "POST /a/secret HTTP/1.1\r\n"));
    assert_non_null(strstr(p.heard.ptr, "X-Id: 7\r\n"));
    assert_non_null(strstr(p.heard.ptr, "\r\n\r\n{\"a\":1}"));
    peer_end(&p);
}

static void test_send__follows_no_redirect(void **state)
{
    sm_http_request q = { .egress = &anywhere };
    sm_http_answer answer;
    sm_error err;
    peer p;

    (void)state;
    peer_start(&p,
               "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    q.url = url_of(&p, "http");
    sm_assert_ok(sm_http_send(&q, a, &answer, &err), err);
    assert_int_equal(answer.status, 302);
    peer_end(&p);
}

static void test_send__reads_when_to_come_again(void **state)
{
    sm_http_request q = { .egress = &anywhere };
    sm_http_answer answer;
    peer p;

    (void)state;
    answer = ask(&p, &q, "HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(answer.status, 429);
    assert_int_equal(answer.retry_after_ms, 17000);
    peer_end(&p);
}

static void assert_fails(sm_http_request *q, sm_code code, bool retryable, const char *words)
{
    sm_http_answer answer;
    sm_error err;

    assert_int_equal(sm_http_send(q, a, &answer, &err), code);
    assert_int_equal(err.retryable, retryable);
    if (strstr(err.msg, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    assert_null(strstr(err.msg, "secret"));
}

static void test_send__gives_up_when_it_takes_too_long(void **state)
{
    sm_http_request q = { .egress = &anywhere, .total_ms = 100 };
    peer p;

    (void)state;
    peer_start(&p, NULL);
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_TIMEOUT, true, "no answer in time");
    peer_end(&p);
}

static void test_send__gives_up_when_it_is_told_to(void **state)
{
    sm_atomic stop = { 1 };
    sm_http_request q = { .egress = &anywhere, .stop = &stop };
    peer p;

    (void)state;
    peer_start(&p, NULL);
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_CANCELLED, false, "stopped waiting for 127.0.0.1");
    peer_end(&p);
}

static void test_send__takes_no_answer_that_is_too_large(void **state)
{
    sm_http_request q = { .egress = &anywhere, .max_answer = 3 };
    peer p;

    (void)state;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_LIMIT, false, "larger than 3 bytes");
    peer_end(&p);
}

typedef struct basin {
    sm_buf got;
    size_t room; /* bytes that it takes */
} basin;

static sm_code take(void *ctx, int64_t offset, sm_sv bytes, sm_error *err)
{
    basin *b = ctx;

    assert_int_equal(offset, (int64_t)b->got.len);
    if (b->got.len + bytes.len > b->room)
        return sm_fail(err, SM_E_IO, 0, "the basin is full");
    sm_buf_add(&b->got, bytes);
    return SM_OK;
}

static void test_send__hands_the_body_out_as_it_comes(void **state)
{
    basin b = { .room = 100 };
    sm_http_request q = { .egress = &anywhere, .take = take, .take_ctx = &b };
    sm_http_answer answer;
    peer p;

    (void)state;
    sm_buf_init(&b.got, 100);
    answer = ask(&p, &q,
                 "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    assert_int_equal(answer.status, 206);
    assert_int_equal(answer.body.len, 0);
    assert_true(sm_sv_eq_str(sm_buf_sv(&b.got), "abcdefg"));
    peer_end(&p);
    sm_buf_release(&b.got);
}

static void test_send__keeps_the_words_of_a_refusal_in_the_answer(void **state)
{
    basin b = { .room = 100 };
    sm_http_request q = { .egress = &anywhere, .take = take, .take_ctx = &b };
    sm_http_answer answer;
    peer p;

    (void)state;
    answer = ask(&p, &q, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    assert_string_equal(answer.body.ptr, "none");
    assert_int_equal(b.got.len, 0);
    peer_end(&p);
}

static void test_send__ends_when_the_body_is_not_taken(void **state)
{
    basin b = { .room = 3 };
    sm_http_request q = { .egress = &anywhere, .take = take, .take_ctx = &b };
    peer p;

    (void)state;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_IO, false, "the basin is full");
    peer_end(&p);
}

static void test_send__says_what_is_wrong_with_the_other_side(void **state)
{
    sm_http_request q = { .egress = &anywhere };
    peer p;

    (void)state;
    peer_start(&p, "");
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_REMOTE, true, "hung up without an answer");
    peer_end(&p);
    assert_fails(&q, SM_E_REMOTE, true, "Connection refused");
    peer_start(&p, "HTTP/1.1 400 no TLS here\r\n\r\n");
    q.url = url_of(&p, "https");
    assert_fails(&q, SM_E_REMOTE, true, "no agreement on TLS");
    peer_end(&p);
}

static void test_send__goes_only_where_it_may(void **state)
{
    sm_sv other = SM_SV("*.example.com"), all = SM_SV("*"), own = SM_SV("127.0.0.1");
    sm_egress e = { .patterns = &other, .n = 1 };
    sm_http_request q = { .egress = &e };
    sm_http_answer answer;
    sm_error err;
    peer p;

    (void)state;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    q.url = url_of(&p, "http");
    assert_fails(&q, SM_E_DENIED, false, "list it under server: egress:");
    e.patterns = &all;
    assert_fails(&q, SM_E_DENIED, false, "127.0.0.1 is an address of this machine");
    assert_int_equal(p.heard.len, 0);
    e.patterns = &own;
    sm_assert_ok(sm_http_send(&q, a, &answer, &err), err);
    peer_end(&p);
}

static void test_send__takes_only_an_address_of_the_web(void **state)
{
    static const char *const none[] = { "ftp://h/secret", "file:///secret",     "secret",
                                        "http://",        "http://u:secret@h/", "http://h:99999/" };
    sm_http_request q = { .egress = &anywhere };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        q.url = sm_sv_cstr(none[i]);
        assert_fails(&q, SM_E_INVALID, false, "no address to send to");
    }
    q.url = SM_SV("127.0.0.1:8480");
    assert_fails(&q, SM_E_INVALID, false, "it must begin with http:// or https://");
}

static void test_send__takes_no_header_that_is_two(void **state)
{
    static const sm_sv header = SM_SV_LIT("X: 1\r\nY: secret");
    sm_http_request q = {
        .url = SM_SV("http://127.0.0.1:1/"), .headers = &header, .n_headers = 1, .egress = &anywhere
    };

    (void)state;
    assert_fails(&q, SM_E_INVALID, false, "no line break");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send__gives_headers_and_body_and_takes_the_answer),
        cmocka_unit_test(test_send__follows_no_redirect),
        cmocka_unit_test(test_send__reads_when_to_come_again),
        cmocka_unit_test(test_send__gives_up_when_it_takes_too_long),
        cmocka_unit_test(test_send__gives_up_when_it_is_told_to),
        cmocka_unit_test(test_send__takes_no_answer_that_is_too_large),
        cmocka_unit_test(test_send__hands_the_body_out_as_it_comes),
        cmocka_unit_test(test_send__keeps_the_words_of_a_refusal_in_the_answer),
        cmocka_unit_test(test_send__ends_when_the_body_is_not_taken),
        cmocka_unit_test(test_send__says_what_is_wrong_with_the_other_side),
        cmocka_unit_test(test_send__goes_only_where_it_may),
        cmocka_unit_test(test_send__takes_only_an_address_of_the_web),
        cmocka_unit_test(test_send__takes_no_header_that_is_two),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
