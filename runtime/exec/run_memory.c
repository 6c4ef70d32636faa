/* SPDX-License-Identifier: Apache-2.0 */
/* run_memory.c -- what a program keeps from run to run: a number by the name of what it is of. */
#include "runtime/exec/run_memory.h"

#include "runtime/base/strmap.h"
#include "runtime/base/thread.h"

struct sm_run_memory {
    sm_mutex mu;
    sm_arena *arena; /* with this struct and the names */
    sm_strmap *numbers;
};

sm_run_memory *sm_run_memory_new(void)
{
    sm_arena *a = sm_arena_new("memory");
    sm_run_memory *m = SM_NEW(a, sm_run_memory);

    sm_mutex_init(&m->mu);
    m->arena = a;
    m->numbers = sm_strmap_new(a);
    return m;
}

void sm_run_memory_free(sm_run_memory *m)
{
    if (m == NULL)
        return;
    sm_mutex_release(&m->mu);
    sm_arena_free(m->arena);
}

void sm_run_memory_set(sm_run_memory *m, sm_sv name, int64_t number)
{
    size_t known;

    sm_mutex_lock(&m->mu);
    if (!sm_strmap_get(m->numbers, name, &known))
        name = sm_arena_dup(m->arena, name);
    sm_strmap_set(m->numbers, name, (size_t)number);
    sm_mutex_unlock(&m->mu);
}

int64_t sm_run_memory_get(sm_run_memory *m, sm_sv name, int64_t none)
{
    size_t number;
    bool found;

    sm_mutex_lock(&m->mu);
    found = sm_strmap_get(m->numbers, name, &number);
    sm_mutex_unlock(&m->mu);
    return found ? (int64_t)number : none;
}
