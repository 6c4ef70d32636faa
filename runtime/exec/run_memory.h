/* SPDX-License-Identifier: Apache-2.0 */
/* run_memory.h -- numbers that outlive a run and not the program; thread-safe. */
#ifndef SM_EXEC_RUN_MEMORY_H
#define SM_EXEC_RUN_MEMORY_H

#include "runtime/exec/run.h"

void sm_run_memory_set(sm_run_memory *m, sm_sv name, int64_t number); /* `name` is copied */
int64_t sm_run_memory_get(sm_run_memory *m, sm_sv name, int64_t none);

#endif
