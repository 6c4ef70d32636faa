/* SPDX-License-Identifier: Apache-2.0 */
/* rdkafka_lib.c -- see the header. */
#include "runtime/io/rdkafka_lib.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "runtime/base/thread.h"

sm_rdkafka_table sm_rdkafka;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_rdkafka */

typedef struct lib_name {
    const char *name;
    size_t offset;
} lib_name;

static const lib_name lib_names[] = {
#define SM_RDKAFKA_NAME(name) { "rd_kafka_" #name, offsetof(sm_rdkafka_table, name) },
    SM_RDKAFKA_FUNCTIONS(SM_RDKAFKA_NAME)
#undef SM_RDKAFKA_NAME
};

static const char *const libraries[] = { "librdkafka.so.1", "librdkafka.so" };

static sm_code resolve(void *handle, sm_error *err)
{
    sm_rdkafka_table found;

    for (size_t i = 0; i < sizeof lib_names / sizeof lib_names[0]; i++) {
        void *symbol = dlsym(handle, lib_names[i].name);

        if (symbol == NULL)
            return sm_fail(err, SM_E_NOT_FOUND, 0,
                           "librdkafka has no function %s; 2.0 or newer is needed",
                           lib_names[i].name);
        memcpy((char *)&found + lib_names[i].offset, &symbol, sizeof symbol);
    }
    sm_rdkafka = found;
    return SM_OK;
}

sm_code sm_rdkafka__load(sm_error *err)
{
    void *handle = NULL;
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    for (size_t i = 0;
         sm_rdkafka.new == NULL &&handle == NULL &&i < sizeof libraries / sizeof libraries[0]; i++)
        handle = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (sm_rdkafka.new == NULL && handle == NULL)
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "Kafka needs librdkafka: install librdkafka1 (%s)",
                     dlerror());
    else if (sm_rdkafka.new == NULL)
        rc = resolve(handle, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
