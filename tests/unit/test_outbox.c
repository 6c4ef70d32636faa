/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox.c -- the file of a batch: whole or not there, the same each time it is read. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/sinks/outbox.h"

#define PATH "box.outbox"

typedef struct seen {
    size_t n, keys, headers;
    int64_t bytes;
    size_t stop_at; /* fail at that one; 0: never */
} seen;

static sm_code take(void *ctx, const sm_outbox_message *m, sm_error *err)
{
    seen *s = ctx;

    s->n++;
    s->keys += m->key.ptr != NULL;
    s->headers += m->headers.ptr != NULL && sm_sv_eq_str(m->headers, "{}");
    s->bytes += (int64_t)(m->key.len + m->value.len);
    return s->n == s->stop_at ? sm_fail(err, SM_E_REMOTE, 0, "stop") : SM_OK;
}

static int64_t fill(size_t n, size_t len)
{
    char *value = sm_xcalloc(1, len + 1);
    sm_outbox *o;
    sm_error err;
    int64_t bytes;

    memset(value, 'x', len);
    sm_assert_ok(sm_outbox_new(PATH, &o, &err), err);
    for (size_t i = 0; i < n; i++)
        sm_assert_ok(sm_outbox_add(o,
                                   &(sm_outbox_message){
                                       .key = i % 2 ? SM_SV("") : (sm_sv){ NULL, 0 },
                                       .value = { value, len },
                                       .headers = i % 5 ? (sm_sv){ NULL, 0 } : SM_SV("{}"),
                                   },
                                   &err),
                     err);
    sm_assert_ok(sm_outbox_keep(o, &bytes, &err), err);
    sm_outbox_free(o);
    free(value);
    return bytes;
}

static void test_outbox__messages_come_back_in_order_with_and_without_key(void **state)
{
    int64_t bytes = fill(5000, 700); /* over several blocks */
    sm_error err;
    (void)state;

    for (int i = 0; i < 2; i++) {
        seen s = { 0 };

        sm_assert_ok(sm_outbox_each(PATH, bytes, take, &s, &err), err);
        assert_int_equal(s.n, 5000);
        assert_int_equal(s.keys, 2500); /* an empty key is one */
        assert_int_equal(s.headers, 1000);
        assert_int_equal(s.bytes, 5000 * 700);
    }
}

static void test_outbox__what_is_not_kept_is_not_there(void **state)
{
    sm_outbox *o;
    sm_error err;
    seen s = { 0 };
    (void)state;

    sm_assert_ok(sm_fs_unlink(PATH, &err), err);
    sm_assert_ok(sm_outbox_new(PATH, &o, &err), err);
    sm_assert_ok(sm_outbox_add(o, &(sm_outbox_message){ .value = SM_SV("v") }, &err), err);
    sm_outbox_free(o);
    sm_assert_code(sm_outbox_each(PATH, 10, take, &s, &err), SM_E_NOT_FOUND);
    assert_false(sm_fs_exists(PATH ".tmp"));
}

static void test_outbox__a_file_that_was_cut_or_is_another_is_corrupt(void **state)
{
    int64_t bytes = fill(3, 10);
    sm_error err;
    seen s = { 0 };
    (void)state;

    sm_assert_code(sm_outbox_each(PATH, bytes - 1, take, &s, &err), SM_E_CORRUPT);
    sm_assert_code(sm_outbox_each(PATH, bytes + 1, take, &s, &err), SM_E_CORRUPT);
    sm_assert_ok(sm_fs_write(PATH, SM_SV("something else that is long enough"), 0600, &err), err);
    sm_assert_code(sm_outbox_each(PATH, 34, take, &s, &err), SM_E_CORRUPT);
}

static void test_outbox__a_length_that_cannot_be_takes_no_memory(void **state)
{
    static const char broken[] = "smelt outbox 2\n\376\377\377\377\376\377\377\377\376\377\377\377";
    int64_t bytes = sizeof broken - 1;
    sm_error err;
    seen s = { 0 };
    (void)state;

    sm_assert_ok(sm_fs_write(PATH, (sm_sv){ broken, (size_t)bytes }, 0600, &err), err);
    sm_assert_code(sm_outbox_each(PATH, bytes, take, &s, &err), SM_E_CORRUPT);
    assert_int_equal(s.n, 0);
}

static void test_outbox__one_of_before_is_read(void **state)
{
    static const char before[] = "smelt outbox 1\n\1\0\0\0\2\0\0\0kvv\377\377\377\377\1\0\0\0w";
    int64_t bytes = sizeof before - 1;
    sm_error err;
    seen s = { 0 };
    (void)state;

    sm_assert_ok(sm_fs_write(PATH, (sm_sv){ before, (size_t)bytes }, 0600, &err), err);
    sm_assert_ok(sm_outbox_each(PATH, bytes, take, &s, &err), err);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.keys, 1);
    assert_int_equal(s.headers, 0);
    assert_int_equal(s.bytes, 4);
}

static void test_outbox__whoever_takes_may_stop(void **state)
{
    int64_t bytes = fill(3, 10);
    sm_error err;
    seen s = { .stop_at = 2 };
    (void)state;

    sm_assert_code(sm_outbox_each(PATH, bytes, take, &s, &err), SM_E_REMOTE);
    assert_int_equal(s.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outbox__messages_come_back_in_order_with_and_without_key),
        cmocka_unit_test(test_outbox__what_is_not_kept_is_not_there),
        cmocka_unit_test(test_outbox__a_file_that_was_cut_or_is_another_is_corrupt),
        cmocka_unit_test(test_outbox__a_length_that_cannot_be_takes_no_memory),
        cmocka_unit_test(test_outbox__one_of_before_is_read),
        cmocka_unit_test(test_outbox__whoever_takes_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
