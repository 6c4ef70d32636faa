/* SPDX-License-Identifier: Apache-2.0 */
/* curl_lib.c -- see the header. */
#include "runtime/io/curl_lib.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "runtime/base/thread.h"

sm_curl_table sm_curl;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_curl */

typedef struct lib_name {
    const char *name;
    size_t offset;
} lib_name;

static const lib_name lib_names[] = {
#define SM_CURL_NAME(name) { "curl_" #name, offsetof(sm_curl_table, name) },
    SM_CURL_FUNCTIONS(SM_CURL_NAME)
#undef SM_CURL_NAME
};

static const char *const libraries[] = { "libcurl.so.4", "libcurl.so" };

static sm_code resolve(void *handle, sm_error *err)
{
    sm_curl_table found;

    for (size_t i = 0; i < sizeof lib_names / sizeof lib_names[0]; i++) {
        void *symbol = dlsym(handle, lib_names[i].name);

        if (symbol == NULL)
            return sm_fail(err, SM_E_NOT_FOUND, 0, "libcurl has no function %s", lib_names[i].name);
        memcpy((char *)&found + lib_names[i].offset, &symbol, sizeof symbol);
    }
    if (found.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sm_fail(err, SM_E_IO, 0, "could not start libcurl");
    sm_curl = found;
    return SM_OK;
}

sm_code sm_curl__load(sm_error *err)
{
    void *handle = NULL;
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    for (size_t i = 0;
         sm_curl.easy_init == NULL && handle == NULL && i < sizeof libraries / sizeof libraries[0];
         i++)
        handle = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (sm_curl.easy_init == NULL && handle == NULL)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "going out needs libcurl: install libcurl4 (%s)",
                     dlerror());
    else if (sm_curl.easy_init == NULL)
        rc = resolve(handle, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
