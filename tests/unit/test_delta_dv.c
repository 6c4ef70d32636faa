/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/delta/delta_dv.h"
#include "tests/support/test.h"

static sm_arena *arena;
static sm_error err;

static int setup(void **state)
{
    (void)state;
    arena = sm_arena_new("test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sm_arena_free(arena);
    return 0;
}

static const char inline_text[] = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";

static sm_delta_dv inlined(const char *text, int64_t size, int64_t cardinality)
{
    return (sm_delta_dv){ 'i', sm_sv_cstr(text), 0, size, cardinality };
}

/* "3 4 7" */
static const char *rows_of(sm_delta_bitmap b)
{
    sm_buf text;
    int64_t row;

    sm_buf_init(&text, 65536);
    while (sm_delta_bitmap_next(&b, &row))
        sm_buf_addf(&text, "%s%lld", text.len > 0 ? " " : "", (long long)row);
    sm_sv out = sm_arena_dup(arena, sm_buf_sv(&text));
    sm_buf_release(&text);
    return out.ptr;
}

/* ---- in the log ---- */

static void test_delta_dv__in_the_log_is_decoded(void **state)
{
    (void)state;
    sm_delta_dv dv = inlined(inline_text, 44, 6);
    sm_delta_bitmap b;

    sm_assert_ok(sm_delta_dv_bitmap(&dv, SM_SV(""), arena, &b, &err), err);
    assert_string_equal(rows_of(b), "3 4 7 11 18 29");
}

static void test_delta_dv__must_have_as_many_rows_as_the_log_says(void **state)
{
    (void)state;
    sm_delta_dv dv = inlined(inline_text, 44, 7);
    sm_delta_bitmap b;

    sm_assert_code(sm_delta_dv_bitmap(&dv, SM_SV(""), arena, &b, &err), SM_E_CORRUPT);
    sm_test_contains(err.msg, "has 6 rows, the log says 7");
}

static void test_delta_dv__of_the_form_given_up_is_refused_by_name(void **state)
{
    (void)state;
    sm_delta_dv dv = inlined("wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", 40, 6);
    sm_delta_bitmap b;

    sm_assert_code(sm_delta_dv_bitmap(&dv, SM_SV(""), arena, &b, &err), SM_E_INVALID);
    sm_test_contains(err.msg, "APPLY (PURGE)");
}

/* Every byte of it changed, and every shorter one: told, or other rows, and never a fault. */
static void test_delta_dv__damaged_bytes_are_told(void **state)
{
    (void)state;
    sm_delta_dv dv = inlined(inline_text, 44, 6);
    sm_delta_bitmap b, damaged;
    char copy[44];

    sm_assert_ok(sm_delta_dv_bitmap(&dv, SM_SV(""), arena, &b, &err), err);
    assert_int_equal(b.bytes.len, sizeof copy);
    for (size_t n = 0; n < sizeof copy; n++)
        assert_int_not_equal(
            sm_delta_bitmap_open((sm_sv){ b.bytes.ptr, n }, INT64_MAX, &damaged, &err), SM_OK);
    for (size_t i = 0; i < sizeof copy; i += i == 27 ? 5 : 1) { /* an offset is passed over */
        memcpy(copy, b.bytes.ptr, sizeof copy);
        copy[i] = (char)(copy[i] ^ 0x5a);
        if (sm_delta_bitmap_open((sm_sv){ copy, sizeof copy }, INT64_MAX, &damaged, &err) == SM_OK)
            assert_string_not_equal(rows_of(damaged), "3 4 7 11 18 29");
    }
}

/* ---- containers ---- */

static void put(sm_buf *b, uint64_t v, size_t width)
{
    for (size_t i = 0; i < width; i++)
        sm_buf_addc(b, (char)(v >> (8 * i)));
}

/* One bitmap with the high half `high` and a container of runs, key 1. */
static void runs(sm_buf *b, uint32_t high, const uint16_t *pairs, uint16_t n, uint16_t entries)
{
    put(b, high, 4);
    put(b, 12347, 4); /* one container */
    put(b, 1, 1);     /* it is one of runs */
    put(b, 1, 2);
    put(b, entries - 1u, 2);
    put(b, n, 2);
    for (size_t i = 0; i < 2u * n; i++)
        put(b, pairs[i], 2);
}

static void test_delta_bitmap__runs_and_high_rows_are_read(void **state)
{
    (void)state;
    static const uint16_t two[] = { 5, 2, 65534, 1 };
    sm_delta_bitmap b;
    sm_buf bytes;

    sm_buf_init(&bytes, 4096);
    put(&bytes, 1681511377, 4);
    put(&bytes, 2, 8);
    runs(&bytes, 0, two, 2, 5);
    runs(&bytes, 1, two, 1, 3);
    sm_assert_ok(sm_delta_bitmap_open(sm_buf_sv(&bytes), INT64_MAX, &b, &err), err);
    assert_int_equal(b.count, 8);
    sm_assert_code(sm_delta_bitmap_open(sm_buf_sv(&bytes), 7, &b, &err), SM_E_CORRUPT);
    sm_assert_ok(sm_delta_bitmap_open(sm_buf_sv(&bytes), 8, &b, &err), err);
    assert_string_equal(rows_of(b), "65541 65542 65543 131070 131071 4295032837 4295032838 "
                                    "4295032839");
    sm_buf_release(&bytes);
}

static void test_delta_bitmap__a_run_beyond_its_container_is_damage(void **state)
{
    (void)state;
    static const uint16_t beyond[] = { 65534, 2 };
    sm_delta_bitmap b;
    sm_buf bytes;

    sm_buf_init(&bytes, 4096);
    put(&bytes, 1681511377, 4);
    put(&bytes, 1, 8);
    runs(&bytes, 0, beyond, 1, 3);
    sm_assert_code(sm_delta_bitmap_open(sm_buf_sv(&bytes), INT64_MAX, &b, &err), SM_E_CORRUPT);
    sm_buf_release(&bytes);
}

static void test_delta_bitmap__bits_are_read(void **state)
{
    (void)state;
    sm_delta_bitmap b;
    int64_t row, n = 0;
    sm_buf bytes;

    sm_buf_init(&bytes, 65536);
    put(&bytes, 1681511377, 4);
    put(&bytes, 1, 8);
    put(&bytes, 0, 4);
    put(&bytes, 12346, 4);
    put(&bytes, 1, 4);
    put(&bytes, 0, 2);
    put(&bytes, 32767, 2); /* 32,768 rows: the odd ones */
    put(&bytes, 16, 4);
    for (int i = 0; i < 8192; i++)
        put(&bytes, 0xaa, 1);
    sm_assert_ok(sm_delta_bitmap_open(sm_buf_sv(&bytes), INT64_MAX, &b, &err), err);
    assert_int_equal(b.count, 32768);
    for (; sm_delta_bitmap_next(&b, &row); n++)
        assert_int_equal(row, 2 * n + 1);
    sm_buf_release(&bytes);
}

/* ---- in a file ---- */

static void test_delta_dv__its_file_is_named_by_a_uuid(void **state)
{
    (void)state;
    sm_delta_dv dv = { 'u', SM_SV("ab^-aqEH.-t@S}K{vb[*k^"), 4, 40, 6 };
    sm_sv key;

    sm_assert_ok(sm_delta_dv_key(&dv, arena, &key, &err), err);
    assert_string_equal(key.ptr, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
    dv.where = SM_SV("tooshort");
    sm_assert_code(sm_delta_dv_key(&dv, arena, &key, &err), SM_E_CORRUPT);
}

static void test_delta_dv__in_a_file_has_to_fit_size_and_checksum(void **state)
{
    (void)state;
    sm_delta_dv in = inlined(inline_text, 44, 6), dv = { 'u', SM_SV("x"), 1, 44, 6 };
    sm_delta_bitmap b;
    char file[1 + 4 + 44 + 4] = { 1, 0, 0, 0, 44 };

    sm_assert_ok(sm_delta_dv_bitmap(&in, SM_SV(""), arena, &b, &err), err);
    memcpy(file + 5, b.bytes.ptr, 44);
    uint32_t crc = 0;
    for (size_t i = 0; i < 44; i++) { /* bit by bit, as the standard says it */
        crc = i == 0 ? 0xffffffffu : crc;
        crc ^= (unsigned char)file[5 + i];
        for (int k = 0; k < 8; k++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
    }
    crc = ~crc;
    for (size_t i = 0; i < 4; i++)
        file[49 + i] = (char)(crc >> (24 - 8 * i));
    sm_sv all = { file, sizeof file };
    sm_assert_ok(sm_delta_dv_bitmap(&dv, all, arena, &b, &err), err);
    assert_string_equal(rows_of(b), "3 4 7 11 18 29");
    sm_assert_code(sm_delta_dv_bitmap(&dv, sm_sv_sub(all, 0, 52), arena, &b, &err), SM_E_CORRUPT);
    file[20] ^= 1;
    sm_assert_code(sm_delta_dv_bitmap(&dv, all, arena, &b, &err), SM_E_CORRUPT);
    sm_test_contains(err.msg, "checksum");
    dv.offset = INT64_MAX;
    sm_assert_code(sm_delta_dv_bitmap(&dv, all, arena, &b, &err), SM_E_CORRUPT);
    file[0] = 2;
    sm_assert_code(sm_delta_dv_bitmap(&dv, all, arena, &b, &err), SM_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_delta_dv__in_the_log_is_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_dv__must_have_as_many_rows_as_the_log_says,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_dv__of_the_form_given_up_is_refused_by_name,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_dv__damaged_bytes_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_bitmap__runs_and_high_rows_are_read, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_delta_bitmap__a_run_beyond_its_container_is_damage,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_bitmap__bits_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delta_dv__its_file_is_named_by_a_uuid, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_delta_dv__in_a_file_has_to_fit_size_and_checksum,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
