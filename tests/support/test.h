/* SPDX-License-Identifier: Apache-2.0 */
/* test.h -- what a unit test includes: cmocka (this is its only includer, since it needs
 * four headers before it) and a few helpers.  A helper that cannot do its job fails the
 * test that called it. */
#ifndef SM_TESTS_TEST_H
#define SM_TESTS_TEST_H

/* cmocka.h wants these four first. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>

/* A test is a sentence: test_arena__reset_runs_deferred_calls. */
#define SM_TEST(fn) cmocka_unit_test(fn)

/* Call succeeded; prints the error's text when not.  `err` is an sm_error. */
#define sm_assert_ok(call, err)                                                                    \
    do {                                                                                           \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, (err).msg);                                                  \
    } while (0)

/* Call failed with exactly this code. */
#define sm_assert_code(call, code) assert_int_equal((int)(call), (int)(code))

/* The text holds the part; prints both when not. */
void sm_test_contains(const char *text, const char *part);

/* A new empty folder under the test's working directory, removed with all in it by the next
 * call with the same name.  The result is static storage, good until the next call. */
const char *sm_test_folder(const char *name);

/* Remove a file or a folder with everything in it; nothing there is success. */
void sm_test_remove(const char *path);

/* Write a whole file, creating its folders. */
void sm_test_write(const char *path, const char *text);

/* The whole file, terminated; free() it. */
char *sm_test_read(const char *path);

/* A file of the source tree: "tests/golden/x".  Static storage, good until the next call. */
const char *sm_test_source(const char *path);

#endif
