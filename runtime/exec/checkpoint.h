/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h -- acts of a person on the checkpoint of a flow. */
#ifndef SM_EXEC_CHECKPOINT_H
#define SM_EXEC_CHECKPOINT_H

#include "runtime/exec/run.h"

/* Let `flow` begin again where its sources begin: a new generation, the table stays as it is
 * (so its rows will be there twice unless somebody removes them).  Takes the pipeline's lock
 * for the call; of `q` the plan, store, lists and folders are used. */
sm_code sm_checkpoint_reset(const sm_run_request *q, sm_sv flow, sm_error *err);

typedef struct sm_adopted {
    sm_sv generation; /* that the table was written under */
    int64_t batch;    /* its last */
    const sm_json *offsets;
} sm_adopted;

/* Rebuild the position of a flow from what its table says of itself: a new generation that
 * begins where the last one found in the table's log ended.  SM_E_NOT_FOUND: the table says
 * nothing.  `*out` lives in `a`. */
sm_code sm_checkpoint_adopt(const sm_run_request *q, sm_sv flow, sm_arena *a, sm_adopted *out,
                            sm_error *err);

#endif
