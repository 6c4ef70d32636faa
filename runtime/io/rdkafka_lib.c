/* SPDX-License-Identifier: Apache-2.0 */
/* rdkafka_lib.c -- see the header. */
#include "runtime/io/rdkafka_lib.h"

#include "runtime/base/shared_lib.h"
#include "runtime/base/thread.h"

sm_rdkafka_table sm_rdkafka;

static sm_mutex lib_mutex = SM_MUTEX_INIT; /* guards the filling of sm_rdkafka */

static const char *const lib_files[] = { "librdkafka.so.1", "librdkafka.so", NULL };
static const sm_shared_function lib_functions[] = {
#define SM_RDKAFKA_NAME(name) { "rd_kafka_" #name, offsetof(sm_rdkafka_table, name) },
    SM_RDKAFKA_FUNCTIONS(SM_RDKAFKA_NAME)
#undef SM_RDKAFKA_NAME
};
static const sm_shared_lib lib = {
    .name = "librdkafka",
    .files = lib_files,
    .absent = "Kafka needs librdkafka: install librdkafka1",
    .old = "; 2.0 or newer is needed",
    .functions = lib_functions,
    .n = sizeof lib_functions / sizeof lib_functions[0],
};

sm_code sm_rdkafka__load(sm_error *err)
{
    sm_code rc = SM_OK;

    sm_mutex_lock(&lib_mutex);
    if (sm_rdkafka.new == NULL)
        rc = sm_shared_lib_load(&lib, &sm_rdkafka, sizeof sm_rdkafka, err);
    sm_mutex_unlock(&lib_mutex);
    return rc;
}
