/* SPDX-License-Identifier: Apache-2.0 */
/* shared_lib.c -- see the header. */
#include "runtime/base/shared_lib.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/str.h"

const char *sm_shared_lib_resolve(void *handle, const sm_shared_function *functions, size_t n,
                                  void *table)
{
    for (size_t i = 0; i < n; i++) {
        void *symbol = dlsym(handle, functions[i].name);

        if (symbol == NULL)
            return functions[i].name;
        memcpy((char *)table + functions[i].offset, &symbol, sizeof symbol);
    }
    return NULL;
}

sm_code sm_shared_lib_load(const sm_shared_lib *lib, void *table, size_t size, sm_error *err)
{
    void *handle = NULL, *found;
    const char *missing;

    for (const char *const *file = lib->files; handle == NULL && *file != NULL; file++)
        handle = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "%s (%s)", lib->absent, dlerror());
    found = sm_xcalloc(1, size);
    missing = sm_shared_lib_resolve(handle, lib->functions, lib->n, found);
    if (missing == NULL)
        memcpy(table, found, size);
    else
        (void)dlclose(handle);
    free(found);
    return missing == NULL ? SM_OK
                           : sm_fail(err, SM_E_NOT_FOUND, 0, "%s has no function %s%s", lib->name,
                                     missing, lib->old);
}
