/* SPDX-License-Identifier: Apache-2.0 */
/* shared_lib.h -- a library that is loaded when it is first needed: who never asks for Kafka need
 * not have librdkafka. */
#ifndef SM_BASE_SHARED_LIB_H
#define SM_BASE_SHARED_LIB_H

#include <stddef.h>

#include "runtime/base/error.h"

typedef struct sm_shared_function {
    const char *name;
    size_t offset; /* of the pointer to it in the table */
} sm_shared_function;

typedef struct sm_shared_lib {
    const char *name;         /* for messages */
    const char *const *files; /* tried in order; ends with NULL */
    const char *absent;       /* the message when none can be loaded */
    const char *old;          /* behind the message when a function is missing; "" */
    const sm_shared_function *functions;
    size_t n;
} sm_shared_lib;

/* Fill `table`, of `size` bytes; left as it is on failure, SM_E_NOT_FOUND.  The library stays
 * loaded. The caller sees to it that no other thread reads the table meanwhile. */
sm_code sm_shared_lib_load(const sm_shared_lib *lib, void *table, size_t size, sm_error *err);

/* Fill `table` from a library that is loaded: the name of a function that it has not, or NULL. */
const char *sm_shared_lib_resolve(void *handle, const sm_shared_function *functions, size_t n,
                                  void *table);

#endif
