/* SPDX-License-Identifier: Apache-2.0 */
/* http_lib.c -- see the header. */
#include "ui/http/http_lib.h"

#include <dlfcn.h>
#include <stddef.h>

#include "runtime/base/thread.h"

sm_mhd_table sm_mhd;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_mhd */

typedef struct lib_name {
    const char *name;
    size_t offset;
} lib_name;

static const lib_name lib_names[] = {
#define SM_MHD_NAME(name) { "MHD_" #name, offsetof(sm_mhd_table, name) },
    SM_MHD_FUNCTIONS(SM_MHD_NAME)
#undef SM_MHD_NAME
};

/* The version of the interface that the header is of, then any. */
static const char *const libraries[] = { "libmicrohttpd.so.12", "libmicrohttpd.so" };

static sm_code resolve(void *handle, sm_error *err)
{
    for (size_t i = 0; i < sizeof lib_names / sizeof lib_names[0]; i++) {
        void *symbol = dlsym(handle, lib_names[i].name);

        if (symbol == NULL)
            return sm_fail(err, SM_E_NOT_FOUND, 0, "libmicrohttpd has no function %s",
                           lib_names[i].name);
        memcpy((char *)&sm_mhd + lib_names[i].offset, &symbol, sizeof symbol);
    }
    return SM_OK;
}

sm_code sm_http__load(sm_error *err)
{
    void *handle = NULL;
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    for (size_t i = 0; handle == NULL && i < sizeof libraries / sizeof libraries[0]; i++)
        handle = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0,
                     "serving needs libmicrohttpd: install libmicrohttpd12 or newer (%s)",
                     dlerror());
    else if (sm_mhd.start_daemon == NULL)
        rc = resolve(handle, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
