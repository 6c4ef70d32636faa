/* SPDX-License-Identifier: Apache-2.0 */
/* object_int.h -- what a kind of object store implements; this module only. */
#ifndef SM_IO_OBJECT_INT_H
#define SM_IO_OBJECT_INT_H

#include <stdbool.h>

#include "runtime/io/object_store.h"

/* As the functions of object_store.h, whose keys have been checked. */
typedef struct sm_object_ops {
    bool is_remote;
    void (*close)(sm_object_store *s);
    sm_code (*get)(sm_object_store *s, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                   sm_error *err);
    sm_code (*stat)(sm_object_store *s, sm_sv key, sm_arena *a, sm_object *out, sm_error *err);
    sm_code (*put)(sm_object_store *s, sm_sv key, sm_sv bytes, bool if_absent, sm_arena *a,
                   sm_error *err);
    sm_code (*remove)(sm_object_store *s, sm_sv key, sm_arena *a, sm_error *err);
    sm_code (*list)(sm_object_store *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_object **out,
                    size_t *n, sm_error *err);
    sm_code (*keep)(sm_object_store *s, const sm_sv *keys, size_t n, sm_arena *a, sm_error *err);
    sm_code (*fetch)(sm_object_store *s, const sm_object *objects, size_t n, sm_arena *a,
                     sm_error *err);
} sm_object_ops;

struct sm_object_store { /* the first member of each kind */
    const sm_object_ops *ops;
    sm_sv root; /* terminated */
};

#endif
