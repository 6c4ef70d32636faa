/* SPDX-License-Identifier: Apache-2.0 */
/* object_store.c -- the contract: keys are judged here, then the kind of store does it. */
#include "runtime/io/object_store.h"

#include "runtime/io/object_int.h"

void sm_object_store_close(sm_object_store *s)
{
    if (s != NULL)
        s->ops->close(s);
}

sm_sv sm_object_store_root(const sm_object_store *s)
{
    return s->root;
}

bool sm_object_store_is_remote(const sm_object_store *s)
{
    return s->ops->is_remote;
}

/* A key that could leave the folder is none. */
static sm_code check_key(sm_sv key, sm_error *err)
{
    sm_sv rest = key, part;

    while (sm_sv_next(&rest, '/', &part))
        if (part.len == 0 || sm_sv_eq_str(part, ".") || sm_sv_eq_str(part, ".."))
            return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" is no key of an object", SM_SV_ARG(key));
    return SM_OK;
}

sm_code sm_object_get(sm_object_store *s, sm_sv key, size_t max, sm_arena *a, sm_sv *out,
                      sm_error *err)
{
    sm_code rc = check_key(key, err);

    return rc != SM_OK ? rc : s->ops->get(s, key, max, a, out, err);
}

sm_code sm_object_stat(sm_object_store *s, sm_sv key, sm_object *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("object stat");
    sm_code rc = check_key(key, err);

    if (rc == SM_OK)
        rc = s->ops->stat(s, key, a, out, err);
    if (rc == SM_OK)
        out->key = key;
    sm_arena_free(a);
    return rc;
}

static sm_code put(sm_object_store *s, sm_sv key, sm_sv bytes, bool if_absent, sm_error *err)
{
    sm_arena *a = sm_arena_new("object put");
    sm_code rc = check_key(key, err);

    if (rc == SM_OK)
        rc = s->ops->put(s, key, bytes, if_absent, a, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_object_put(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err)
{
    return put(s, key, bytes, false, err);
}

sm_code sm_object_put_if_absent(sm_object_store *s, sm_sv key, sm_sv bytes, sm_error *err)
{
    return put(s, key, bytes, true, err);
}

sm_code sm_object_delete(sm_object_store *s, sm_sv key, sm_error *err)
{
    sm_arena *a = sm_arena_new("object delete");
    sm_code rc = check_key(key, err);

    if (rc == SM_OK)
        rc = s->ops->remove(s, key, a, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_object_list(sm_object_store *s, sm_sv prefix, sm_sv after, sm_arena *a, sm_object **out,
                       size_t *n, sm_error *err)
{
    sm_code rc = prefix.len == 0 ? SM_OK : check_key(prefix, err);

    *out = NULL;
    *n = 0;
    return rc != SM_OK ? rc : s->ops->list(s, prefix, after, a, out, n, err);
}

sm_code sm_object_keep(sm_object_store *s, const sm_sv *keys, size_t n, sm_error *err)
{
    sm_arena *a = sm_arena_new("object keep");
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = check_key(keys[i], err);
    if (rc == SM_OK)
        rc = s->ops->keep(s, keys, n, a, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_object_fetch(sm_object_store *s, const sm_object *objects, size_t n, sm_error *err)
{
    sm_arena *a = sm_arena_new("object fetch");
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        rc = check_key(objects[i].key, err);
    if (rc == SM_OK)
        rc = s->ops->fetch(s, objects, n, a, err);
    sm_arena_free(a);
    return rc;
}
