/* SPDX-License-Identifier: Apache-2.0 */
/* view_int.h -- what the documents share; this module only. */
#ifndef SM_VIEW_VIEW_INT_H
#define SM_VIEW_VIEW_INT_H

#include "runtime/store/store_batches.h"
#include "runtime/store/store_runs.h"
#include "runtime/store/store_tables.h"
#include "ui/view/view.h"

bool sm_view__has_run(const sm_view *v);
/* Nothing when `ms` is 0, `text` is empty, or the list is. */
void sm_view__set_time(const sm_view *v, sm_json *o, const char *key, int64_t ms);
void sm_view__set_text(sm_json *o, const char *key, sm_sv text);
void sm_view__set_list(const sm_view *v, sm_json *o, const char *key, const sm_plan_list *list);
/* JSON kept as text; `{}` or `[]` where it cannot be read. */
void sm_view__set_json(const sm_view *v, sm_json *o, const char *key, sm_sv text);
sm_json *sm_view__document(const sm_view *v); /* {"pipeline":…} */
/* Runs that did or met something, newest first, and before them the newest one of all when that
 * found nothing: a quiet hour is one run.  At most `limit` + 1. */
sm_code sm_view__runs_at_work(const sm_view *v, size_t limit, sm_run_rec **out, size_t *n,
                              sm_error *err);
sm_json *sm_view__run(const sm_view *v, const sm_run_rec *r);
/* Of a flow of a run, or "interrupted" when the run died. */
/* Sets "phases_us", an object, and "cpu_us" where they are known: where the time of batches went.
 */
void sm_view__set_times(const sm_view *v, sm_json *o, sm_sv phases, int64_t cpu_us);

/* How old a table is. */
typedef struct sm_view__age {
    int64_t written_ms, event_ms; /* written last; with events up to.  0: not known */
    int64_t waiting; /* rows that its sources had and the newest batches left; -1: not known */
} sm_view__age;

/* Sets "freshness": {lag_seconds, lag_rows?, warn_after?, error_after?, since, state}, in seconds,
 * of a table that was written and has a budget; since: event_time or written; state: fresh, late or
 * stale (view_freshness.c). */
void sm_view__add_freshness(const sm_view *v, const sm_plan_dataset *table, const sm_view__age *age,
                            sm_json *o);
/* The newest batch of a flow: add the rows that its sources had besides. */
void sm_view__add_waiting(const sm_view *v, const sm_batch_rec *b, sm_view__age *age);
/* The newest event time that a flow had met by that batch, its newest; 0: none. */
int64_t sm_view__newest_event(const sm_view *v, const sm_batch_rec *b);
/* The worst of the rows' freshness; NULL: none has any. */
const sm_json *sm_view__worst_freshness(const sm_json *tables);

sm_sv sm_view__flow_state(const sm_view *v, sm_run_flow_state state);
sm_json *sm_view__run_flow(const sm_view *v, const sm_run_flow_rec *f);
/* Does a query of the table remember rows, which the table then does not hold? */
bool sm_view__remembers(const sm_view *v, const sm_plan_dataset *table);
sm_json *sm_view__batch(const sm_view *v, const sm_batch_rec *b);

/* view_watermarks.c: "watermark" and "late" of the flow, and its inputs that have one as
 * "watermarks", with `advises` each with what a delay would have cost.  `last` NULL: never ran. */
void sm_view__watermark(const sm_view *v, const sm_plan_flow *f, const sm_batch_rec *last,
                        bool advises, sm_json *o);

/* What the log of a table says now; lives in the view's arena. */
typedef struct sm_view_live {
    int64_t version; /* -1: no table */
    sm_sv id;
    int64_t time_ms;
    sm_schema schema;
    sm_plan_list partition_by;
} sm_view_live;

/* `memory`: what the store remembers of it (JSON text), or "". */
sm_code sm_view__look(const sm_view *v, sm_sv folder, sm_sv memory, sm_view_live *out,
                      sm_error *err);
/* The same of a table of the plan, as nobody had looked before. */
sm_code sm_view__look_at(const sm_view *v, const sm_plan_dataset *table, sm_view_live *out,
                         sm_error *err);

#endif
