/* SPDX-License-Identifier: Apache-2.0 */
/* stores.c -- a list of open stores by the folder of their state. */
#include "ui/cli/stores.h"

#include <stdlib.h>

#include "runtime/base/thread.h"

typedef struct entry {
    struct entry *next;
    sm_sv path; /* lives in the arena of the list */
    sm_store *store;
} entry;

struct sm_stores {
    sm_mutex mu;
    sm_arena *a;
    entry *first;
};

sm_stores *sm_stores_new(void)
{
    sm_stores *list = sm_xcalloc(1, sizeof *list);

    sm_mutex_init(&list->mu);
    list->a = sm_arena_new("stores");
    return list;
}

void sm_stores_free(sm_stores *list)
{
    if (list == NULL)
        return;
    for (entry *e = list->first; e != NULL; e = e->next)
        sm_store_close(e->store);
    sm_mutex_release(&list->mu);
    sm_arena_free(list->a);
    free(list);
}

static sm_store *find(const sm_stores *list, sm_sv path)
{
    for (const entry *e = list->first; e != NULL; e = e->next)
        if (sm_sv_eq(e->path, path))
            return e->store;
    return NULL;
}

static void add(sm_stores *list, sm_sv path, sm_store *store)
{
    entry *e = SM_NEW(list->a, entry);

    *e = (entry){ list->first, sm_arena_dup(list->a, path), store };
    list->first = e;
}

sm_code sm_stores_get(sm_stores *list, sm_sv state_path, sm_store **out, sm_error *err)
{
    sm_store_config config = { .state_path = state_path };
    sm_code rc = SM_OK;

    sm_mutex_lock(&list->mu);
    *out = find(list, state_path);
    if (*out == NULL && (rc = sm_store_open(&config, out, err)) == SM_OK)
        add(list, state_path, *out);
    sm_mutex_unlock(&list->mu);
    return rc;
}

sm_store *sm_stores_find(sm_stores *list, sm_sv state_path)
{
    sm_store *s;

    sm_mutex_lock(&list->mu);
    s = find(list, state_path);
    sm_mutex_unlock(&list->mu);
    return s;
}
