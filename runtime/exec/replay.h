/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h -- acts of a person on the rows of a quarantine: judge them again, or forget them. */
#ifndef SM_EXEC_REPLAY_H
#define SM_EXEC_REPLAY_H

#include "runtime/exec/run.h"

typedef struct sm_replay_request {
    sm_sv table;     /* whose quarantine */
    sm_sv rule, row; /* only rows that broke that rule, only the row of that `_row_id`; "": all */
    bool discard;    /* forget them instead */
    /* The columns of the table in the folder `path`, and the version that has them; called under
     * the lock of the pipeline.  SM_E_NOT_FOUND: there is no table. */
    sm_code (*columns)(void *ctx, sm_sv path, sm_arena *a, sm_schema *out, int64_t *version,
                       sm_error *err);
    void *ctx;
    sm_arena *a; /* the texts of the result live in it */
} sm_replay_request;

enum { SM_REPLAY_MAX_STAYS = 16 };

/* Records that cannot be judged again, and why not. */
typedef struct sm_replay_stay {
    int64_t rows;
    sm_sv why;
} sm_replay_stay;

typedef struct sm_replay_result {
    int64_t rows;      /* in the quarantine before */
    int64_t taken;     /* of them: asked for */
    int64_t written;   /* they are in the table now */
    int64_t dropped;   /* broke a rule with policy drop; gone */
    int64_t broken;    /* broke a rule with policy quarantine, perhaps again */
    int64_t decoded;   /* records that are some now, whatever became of their rows */
    int64_t records;   /* still are none, and stay */
    int64_t stuck;     /* of them: cannot be judged again, and stay as they were */
    int64_t earlier;   /* set aside before the table was rebuilt, and again since; stay */
    int64_t discarded; /* gone */
    int64_t left;      /* in the quarantine now */
    sm_replay_stay stays[SM_REPLAY_MAX_STAYS]; /* why records are stuck; a last one may stand for */
    size_t n_stays;                            /* several reasons */
    const sm_plan *plan;                       /* in force now: a source may have got columns */
} sm_replay_result;

/* Rows that the rules of today let pass go to the table, in one decision with their leaving the
 * quarantine; records that the source of today can decode go through the SQL of their flow before.
 * Takes the pipeline's lock for the call; first publishes a replay that an earlier life decided.
 * SM_E_NOT_FOUND: there is no such table, or nothing was set aside.  SM_E_RULE: a row broke a rule
 * with policy fail; nothing was changed. */
sm_code sm_replay(const sm_run_request *q, const sm_replay_request *what, sm_replay_result *out,
                  sm_error *err);

#endif
