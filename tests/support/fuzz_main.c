/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_main.c -- run a fuzz target over its corpus without libFuzzer:
 *
 *     fuzz_yaml FILE|FOLDER…
 *
 * A crash or a sanitizer report is the failure; the last line counts the inputs. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size > 0 ? size : 1);
    FILE *f = fopen(path, "re");
    int ok = data != NULL && f != NULL && fread(data, 1, size, f) == size;

    if (ok)
        (void)LLVMFuzzerTestOneInput(data, size);
    else
        fprintf(stderr, "could not read \"%s\"\n", path);
    if (f != NULL)
        (void)fclose(f);
    free(data);
    return ok ? 1 : -1;
}

static int run_path(const char *path);

static int run_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int count = 0, n = 0;
    char inner[PATH_MAX];

    if (dir == NULL)
        return -1;
    while (n >= 0 && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) >= (int)sizeof(inner))
            n = -1;
        else
            n = run_path(inner);
        count += n;
    }
    (void)closedir(dir);
    return n < 0 ? -1 : count;
}

static int run_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        fprintf(stderr, "\"%s\" is not there\n", path);
        return -1;
    }
    return S_ISDIR(st.st_mode) ? run_folder(path) : run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        int n = run_path(argv[i]);

        if (n < 0)
            return 1;
        count += n;
    }
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
