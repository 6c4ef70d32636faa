/* SPDX-License-Identifier: Apache-2.0 */
/* engine_lib.c -- find and load libduckdb.so.
 *
 * Where it is looked for, in this order; only the first that is set is tried when it was
 * asked for by name (1, 2), so that a wrong path is not papered over:
 *
 *     1  the configuration's path
 *     2  the environment's SMELT_DUCKDB
 *     3  SM_DUCKDB_RELATIVE from the folder of the program (build tree and installed alike)
 *     4  whatever the loader finds as "libduckdb.so"
 */
#include "runtime/engine/engine_lib.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/shared_lib.h"
#include "runtime/base/str.h"
#include "runtime/base/thread.h"

#ifndef SM_DUCKDB_RELATIVE
#define SM_DUCKDB_RELATIVE "../lib/smelt/libduckdb.so"
#endif

enum { MIN_MAJOR = 1, MIN_MINOR = 5 };

sm_duck_table sm_duck;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards lib_handle and the filling of sm_duck */
static void *lib_handle;

static const sm_shared_function lib_functions[] = {
#define SM_DUCK_NAME(name) { "duckdb_" #name, offsetof(sm_duck_table, name) },
    SM_DUCK_FUNCTIONS(SM_DUCK_NAME)
#undef SM_DUCK_NAME
};

static sm_code lib_resolve(void *handle, const char *path, sm_duck_table *out, sm_error *err)
{
    const char *missing = sm_shared_lib_resolve(
        handle, lib_functions, sizeof lib_functions / sizeof lib_functions[0], out);

    return missing == NULL
               ? SM_OK
               : sm_fail(err, SM_E_NOT_FOUND, 0, "\"%s\" is not a usable DuckDB: no function %s",
                         path, missing);
}

static sm_code lib_check_version(const sm_duck_table *duck, const char *path, sm_error *err)
{
    const char *version = duck->library_version();
    int major = 0, minor = 0;

    if (sscanf(version, "v%d.%d", &major, &minor) != 2 || major != MIN_MAJOR || minor < MIN_MINOR)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "\"%s\" is DuckDB %s; %d.%d or newer is needed",
                       path, version, MIN_MAJOR, MIN_MINOR);
    return SM_OK;
}

/* SM_DUCKDB_RELATIVE from the folder of this program; "" when that cannot be told. */
static void lib_beside_program(char *out, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", out, size - sizeof SM_DUCKDB_RELATIVE - 1);

    while (len > 0 && out[len - 1] != '/')
        len--;
    if (len <= 0) {
        out[0] = '\0';
        return;
    }
    memcpy(out + len, SM_DUCKDB_RELATIVE, sizeof SM_DUCKDB_RELATIVE);
}

static void *lib_open(const char *asked, char *path, size_t size)
{
    if (asked == NULL)
        asked = getenv("SMELT_DUCKDB");
    if (asked != NULL && asked[0] != '\0') {
        snprintf(path, size, "%s", asked);
        return dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
    lib_beside_program(path, size);
    if (path[0] != '\0' && access(path, R_OK) == 0)
        return dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    snprintf(path, size, "libduckdb.so");
    return dlopen(path, RTLD_LAZY | RTLD_LOCAL);
}

static sm_code lib_load(const char *asked, sm_error *err)
{
    char path[4096];
    sm_duck_table table;
    void *handle = lib_open(asked, path, sizeof path);
    sm_code rc;

    if (handle == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "could not load DuckDB (set SMELT_DUCKDB to the path of libduckdb.so): %s",
                       dlerror());
    if ((rc = lib_resolve(handle, path, &table, err)) != SM_OK ||
        (rc = lib_check_version(&table, path, err)) != SM_OK) {
        dlclose(handle);
        return rc;
    }
    sm_duck = table;
    lib_handle = handle;
    return SM_OK;
}

sm_code sm_engine__load(const char *path, sm_error *err)
{
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    if (lib_handle == NULL)
        rc = lib_load(path, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
