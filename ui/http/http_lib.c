/* SPDX-License-Identifier: Apache-2.0 */
/* http_lib.c -- see the header. */
#include "ui/http/http_lib.h"

#include "runtime/base/shared_lib.h"
#include "runtime/base/thread.h"

sm_mhd_table sm_mhd;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_mhd */

/* The version of the interface that the header is of, then any. */
static const char *const lib_files[] = { "libmicrohttpd.so.12", "libmicrohttpd.so", NULL };
static const sm_shared_function lib_functions[] = {
#define SM_MHD_NAME(name) { "MHD_" #name, offsetof(sm_mhd_table, name) },
    SM_MHD_FUNCTIONS(SM_MHD_NAME)
#undef SM_MHD_NAME
};
static const sm_shared_lib lib = {
    .name = "libmicrohttpd",
    .files = lib_files,
    .absent = "serving needs libmicrohttpd: install libmicrohttpd12 or newer",
    .old = "",
    .functions = lib_functions,
    .n = sizeof lib_functions / sizeof lib_functions[0],
};

sm_code sm_http__load(sm_error *err)
{
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    if (sm_mhd.start_daemon == NULL)
        rc = sm_shared_lib_load(&lib, &sm_mhd, sizeof sm_mhd, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
