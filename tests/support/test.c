/* SPDX-License-Identifier: Apache-2.0 */
/* test.c -- helpers of the unit tests; see test.h. */
#include "tests/support/test.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void sm_test_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void sm_test_remove(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        fail_msg("could not remove \"%s\": %s", path, strerror(errno));
}

static void make_folders(char *path)
{
    for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            fail_msg("could not make folder \"%s\": %s", path, strerror(errno));
        *p = '/';
    }
}

const char *sm_test_folder(const char *name)
{
    static char path[PATH_MAX];
    char cwd[PATH_MAX / 2];

    if (getcwd(cwd, sizeof(cwd)) == NULL)
        fail_msg("no working directory: %s", strerror(errno));
    assert_true(snprintf(path, sizeof(path), "%s/%s", cwd, name) < (int)sizeof(path));
    sm_test_remove(path);
    make_folders(path);
    if (mkdir(path, 0777) != 0)
        fail_msg("could not make folder \"%s\": %s", path, strerror(errno));
    return path;
}

void sm_test_write(const char *path, const char *text)
{
    char copy[PATH_MAX];
    FILE *f;

    assert_true(snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy));
    make_folders(copy);
    f = fopen(path, "we");
    if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
        fail_msg("could not write \"%s\": %s", path, strerror(errno));
}

char *sm_test_read(const char *path)
{
    FILE *f = fopen(path, "re");
    size_t room = 4096, len = 0, got;
    char *text = malloc(room);

    if (f == NULL || text == NULL)
        fail_msg("could not read \"%s\": %s", path, strerror(errno));
    while ((got = fread(text + len, 1, room - len - 1, f)) > 0) {
        len += got;
        if (room - len < 2) {
            room *= 2;
            text = realloc(text, room);
            assert_non_null(text);
        }
    }
    assert_int_equal(fclose(f), 0);
    text[len] = '\0';
    return text;
}

const char *sm_test_source(const char *path)
{
    static char full[PATH_MAX];
    const char *root = getenv("SM_SOURCE");

    if (root == NULL)
        fail_msg("SM_SOURCE is not set: run the tests by ctest");
    assert_true(snprintf(full, sizeof(full), "%s/%s", root, path) < (int)sizeof(full));
    return full;
}
