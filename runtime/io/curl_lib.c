/* SPDX-License-Identifier: Apache-2.0 */
/* curl_lib.c -- see the header. */
#include "runtime/io/curl_lib.h"

#include "runtime/base/shared_lib.h"
#include "runtime/base/thread.h"

sm_curl_table sm_curl;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_curl */

static const char *const lib_files[] = { "libcurl.so.4", "libcurl.so", NULL };
static const sm_shared_function lib_functions[] = {
#define SM_CURL_NAME(name) { "curl_" #name, offsetof(sm_curl_table, name) },
    SM_CURL_FUNCTIONS(SM_CURL_NAME)
#undef SM_CURL_NAME
};
static const sm_shared_lib lib = {
    .name = "libcurl",
    .files = lib_files,
    .absent = "going out needs libcurl: install libcurl4",
    .old = "",
    .functions = lib_functions,
    .n = sizeof lib_functions / sizeof lib_functions[0],
};

static sm_code load(sm_error *err)
{
    sm_curl_table found;
    sm_code rc = sm_shared_lib_load(&lib, &found, sizeof found, err);

    if (rc != SM_OK)
        return rc;
    if (found.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sm_fail(err, SM_E_IO, 0, "could not start libcurl");
    sm_curl = found;
    return SM_OK;
}

sm_code sm_curl__load(sm_error *err)
{
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    if (sm_curl.easy_init == NULL)
        rc = load(err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
