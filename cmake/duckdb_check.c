/* SPDX-License-Identifier: Apache-2.0 */
/* duckdb_check.c -- used by SmDuckdb.cmake: print the version of a DuckDB library;
 * fail, naming them, when it lacks one of the functions listed in a file.
 *
 *     duckdb_check libduckdb.so symbols.txt   ->   v1.5.6
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef const char *(*version_fn)(void);

static int missing_symbols(void *library, FILE *names)
{
    char name[256];
    int missing = 0;

    while (fgets(name, sizeof(name), names) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        if (name[0] != '\0' && dlsym(library, name) == NULL) {
            printf("missing function: %s\n", name);
            missing++;
        }
    }
    return missing;
}

int main(int argc, char **argv)
{
    void *library, *symbol;
    version_fn version;
    FILE *names;
    int missing;

    if (argc != 3)
        return 2;
    library = dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        printf("%s\n", dlerror());
        return 1;
    }
    symbol = dlsym(library, "duckdb_library_version");
    names = fopen(argv[2], "r");
    if (symbol == NULL || names == NULL) {
        printf("no duckdb_library_version, or no list of symbols\n");
        return 1;
    }
    missing = missing_symbols(library, names);
    fclose(names);
    if (missing > 0)
        return 1;
    memcpy(&version, &symbol, sizeof(version)); /* POSIX's way from object to function pointer */
    printf("%s\n", version());
    return 0;
}
