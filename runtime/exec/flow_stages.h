/* SPDX-License-Identifier: Apache-2.0 */
/* flow_stages.h -- what a flow remembers between batches; shared by the files of runtime/exec. */
#ifndef SM_EXEC_FLOW_STAGES_H
#define SM_EXEC_FLOW_STAGES_H

#include "runtime/exec/flow_int.h"
#include "runtime/ops/ops.h"

/* flow_watermark.c */
typedef struct sm_watermarks {
    int64_t late_us, final_us; /* of the last decided batch; SM_OPS_NO_TIME: there is none */
    int64_t next_us;           /* the mark after it: the next batch evicts by this, or by more */
    int64_t *seen_us;          /* per stage of the plan: greatest time, less the delay */
    int64_t *rows_ms;          /* per stage: time of the last batch that had rows for it; 0 never */
} sm_watermarks;

/* None of anything; lives in `a`. */
void sm_watermarks_init(sm_watermarks *w, const sm_plan_flow *p, sm_arena *a);
/* The mark as it is at this time: idle stages may let it rise by themselves. */
int64_t sm_watermarks_mark(const sm_watermarks *w, const sm_plan_flow *p, int64_t now_ms);
/* What a batch of this time saw. */
void sm_watermarks_observe(sm_watermarks *w, const sm_plan_flow *p, const sm_ops_count *counts,
                           int64_t now_ms);
void sm_watermarks_copy(sm_watermarks *to, const sm_watermarks *from, const sm_plan_flow *p);
sm_json *sm_watermarks_json(const sm_watermarks *w, const sm_plan_flow *p, sm_arena *a);
void sm_watermarks_read(sm_watermarks *w, const sm_plan_flow *p, const sm_json *o);

/* flow_lateness.c: how late the rows of each stage came, and how many came too late for one, since
 * the generation began.  Decided with the batch, so that none counts twice. */
typedef struct sm_flow_lateness {
    sm_lateness *stages; /* per stage of the plan; only those that watch a time are used */
    int64_t late;
} sm_flow_lateness;

/* None of anything; lives in `a`. */
void sm_flow_lateness_init(sm_flow_lateness *l, const sm_plan_flow *p, sm_arena *a);
void sm_flow_lateness_copy(sm_flow_lateness *to, const sm_flow_lateness *from,
                           const sm_plan_flow *p);
void sm_flow_lateness_observe(sm_flow_lateness *l, const sm_plan_flow *p,
                              const sm_ops_count *counts);
/* What a batch compares its rows with, per stage; lives in `a`. */
const int64_t *sm_flow_lateness_newest(const sm_flow_lateness *l, const sm_plan_flow *p,
                                       sm_arena *a);
/* "" when no stage watches a time.  Lives in `a`. */
sm_sv sm_flow_lateness_text(const sm_flow_lateness *l, const sm_plan_flow *p, sm_arena *a);
/* Stages that watched another column then begin anew; so does all that cannot be read. */
void sm_flow_lateness_read(sm_flow_lateness *l, const sm_plan_flow *p, sm_sv text, sm_arena *a);

/* flow_kept.c: files of what is remembered, where another machine finds them.  `record` is of
 * sm_ops_save(), "" has none; nothing happens without a keeper. */
sm_code sm_flow__fetch_state(sm_flow *f, sm_sv folder, sm_sv record, sm_error *err);
/* Those of `next` that `last` has not. */
sm_code sm_flow__keep_state(sm_flow *f, sm_sv folder, sm_sv last, sm_sv next, sm_error *err);
/* Those of `last` that `next` has not, noted in `gone`, then dropped. */
void sm_flow__note_gone(sm_flow *f, sm_sv folder, sm_sv last, sm_sv next, sm_buf *gone);
void sm_flow__drop_gone(sm_flow *f, sm_buf *gone);

struct sm_flow_stages {
    sm_ops *ops;          /* NULL until a batch is planned, and after the plan changed */
    sm_watermarks marks;  /* after the last decided batch */
    sm_watermarks coming; /* after the batch that is running */
    sm_flow_lateness lateness, coming_lateness;
    sm_buf record;      /* of the last decided batch, what sm_ops_save() gave; "": nothing */
    sm_buf next_record; /* of the batch that is running, when it has one */
    sm_buf gone;        /* paths that the record before the last decided one had, a line each */
    bool swept;         /* the folders of other generations were removed */
};

#endif
