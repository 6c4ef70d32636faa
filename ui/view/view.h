/* SPDX-License-Identifier: Apache-2.0 */
/* view.h -- what one sees of a pipeline, as documents.
 *
 * One function per document; the command line prints it as text or, with --json, as it is.  A
 * document is made from the plan and the control store; where it says more (a table's rows, its
 * newest version) it looks at the table's log.  Nothing is written.
 *
 * A pipeline that never ran has no store: then documents say "never_run", and lists are empty.
 * Times are RFC 3339 texts, durations and sizes integers with their unit in the name. */
#ifndef SM_VIEW_VIEW_H
#define SM_VIEW_VIEW_H

#include "pipelines/plan/plan.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/engine/engine.h"
#include "runtime/store/store_events.h"

typedef struct sm_view {
    const sm_plan *plan;
    sm_store *store;          /* NULL: there is none yet */
    int64_t pipeline;         /* id in the store; 0: it never ran */
    sm_sv storage_dir;        /* absolute */
    sm_sv state_dir;          /* absolute */
    struct sm_images *images; /* which folders are images of buckets; NULL: none */
    bool held;                /* a run held the pipeline before anything was read */
    bool paused;              /* by its file */
    sm_arena *a;              /* documents live here */
} sm_view;

/* ---- the files ----------------------------------------------------------------- */

/* One dataset: what it is, what it reads, its columns, rules and flows. */
sm_json *sm_view_dataset(const sm_view *v, const sm_plan_dataset *ds);

/* [{version, why, pinned, changed, columns}]: the columns of a source as they were pinned, oldest
 * first; `changed`: what is other than before.  Empty for what is not pinned. */
sm_code sm_view_schemas(const sm_view *v, const sm_plan_dataset *source, sm_json **out,
                        sm_error *err);

/* {"pipeline","datasets":[{name, kind, layer, tags, description, reads}]} of those `selected`. */
sm_json *sm_view_list(const sm_view *v, const bool *selected);

/* What a run of these files would do to the live tables, per table with reasons:
 * {"pipeline","changes":[{table, change, act, reasons, delivery, version, next}],"changed"}.
 * `delivery`: what the sink promises, for each row. */
sm_code sm_view_plan(const sm_view *v, const char *delivery, sm_json **out, sm_error *err);

/* What these files changed since an earlier plan of them, which needs no state:
 * {"pipeline","since","commit","changes":[{table, kind, change, effect, act, reasons}],"changed"},
 * change: new, modified, removed or unchanged.  `old` NULL: there was none. */
sm_json *sm_view_since(const sm_view *v, const sm_plan *old, sm_sv since, sm_sv commit);

/* For `state:` in selections; `ctx` is a sm_view_states.  Loaded once, when first needed. */
typedef struct sm_view_states {
    const sm_view *view;
    const sm_json *since; /* a document of sm_view_since(): what modified and new mean; or NULL */
    bool loaded;
    const sm_json *plan, *status; /* NULL: could not be made */
} sm_view_states;
bool sm_view_state_is(void *ctx, const sm_plan_dataset *ds, sm_sv state);

/* ---- what happened ------------------------------------------------------------- */

/* {"pipeline","run":{…},"tables":[{name, state, flows, version, …}],"inactive":[…],"paused"?:{by,
 * since}, "paused_by_file"?:true,…} */
sm_code sm_view_status(const sm_view *v, sm_json **out, sm_error *err);

/* How a row of "tables" stands: the state of its last run or, where that went well and the table is
 * too old for what its file allows, late or stale. */
sm_sv sm_view_standing(const sm_json *table);
/* "nothing was written for 2 min 10 s, and 40 s are allowed", of a "freshness" that is not fresh.
 * Lives in `a`. */
sm_sv sm_view_freshness_words(const sm_json *freshness, sm_arena *a);

/* {"pipeline","table","state","message","written"?,"freshness"?,"because":[{table, state, message,
 * since?}], "paused"?:{by, since}}: why a table is as it is; `because` is what is wrong above it,
 * nearest first. */
sm_code sm_view_why(const sm_view *v, const sm_plan_dataset *table, sm_json **out, sm_error *err);

/* {"pipeline","runs":[{number, state, …}]}, newest first; only numbers below `before`, 0 = all. */
sm_code sm_view_runs(const sm_view *v, int64_t before, size_t limit, sm_json **out, sm_error *err);
/* One run with its flows, and where the time of their batches went, "phases_us"?:{plan, open, read,
 * compute, sync, keep, decide, publish} and "cpu_us"? (runtime/events/phase.h), of each flow and in
 * all; number 0 is the newest.  SM_E_NOT_FOUND. */
sm_code sm_view_run(const sm_view *v, int64_t number, sm_json **out, sm_error *err);

/* {"pipeline","events":[…],"last":id}.  `run` is a number as people see it, 0 = any: it takes
 * the place of filter->run. */
sm_code sm_view_events(const sm_view *v, const sm_event_filter *filter, int64_t run, sm_json **out,
                       sm_error *err);
/* The same fields for events at hand. */
sm_json *sm_view_event(const sm_view *v, const sm_event_rec *e);
/* The store's id of the run with this number.  SM_E_NOT_FOUND. */
sm_code sm_view_run_id(const sm_view *v, int64_t number, int64_t *id, sm_error *err);

/* {"pipeline","checkpoints":[{flow, table, generation, batch, state, offsets, …, "watermark"?,
 * "late"?, "watermarks"?, "stages"?:[{stage, kind, keys, rows, files, bytes, oldest?}]}]}: what a
 * flow remembers. */
sm_code sm_view_checkpoints(const sm_view *v, sm_json **out, sm_error *err);
/* One flow: its generations and newest batches, and the pinned columns that its sources have now,
 * "schemas":[{source, version, why, pinned, changed, columns}].  SM_E_NOT_FOUND: no such flow. */
sm_code sm_view_checkpoint(const sm_view *v, sm_sv flow, sm_json **out, sm_error *err);

/* {"pipeline","flows":[{flow, table, used, policy, "watermark"?, "late"?, "watermarks"?:[{input,
 * column, delay, delay_us, "newest"?, "gap_ms"?, rows, timeless, first, compared, ahead,
 * max_us}]}]} of the flows with a watermark: all ("") or those of a flow, of a table, or that read
 * a source or view. used: false when nothing in the query asks for it.  Numbers of rows are those
 * of lateness.h, since the generation began.  `advises`: where rows could be compared an input has
 * also "quantiles_us":{p50, …, p99.99, max}, "delays":[{delay, delay_us, rows, share, configured,
 *     suggested}], "suggestion":{delay, delay_us, rows, sure, yaml}
 * with the rows that would have been behind the watermark.  SM_E_NOT_FOUND: no such name, or it has
 * none (that is used, when it advises). */
sm_code sm_view_watermarks(const sm_view *v, sm_sv name, bool advises, sm_json **out,
                           sm_error *err);

/* {"flow","files":[{source, path, size, state, …}],"next"?}: the files that a flow knows, `limit`
 * of them behind `after`, which is "" or the `next` of the document before.  SM_E_NOT_FOUND: no
 * such flow; SM_E_INVALID: no such place. */
sm_code sm_view_files(const sm_view *v, sm_sv flow, sm_sv after, size_t limit, sm_json **out,
                      sm_error *err);

/* ---- a server's pipelines -------------------------------------------------------- */

/* What a server knows of a pipeline beside its view; "" and 0 = nothing. */
typedef struct sm_view_deployed {
    sm_sv file, commit, target;
    sm_sv reload_error; /* why newer files are not in force */
    int64_t loaded_ms;
    sm_sv trigger;       /* "every 10 s", as people say it */
    int64_t interval_ms; /* of the trigger; 0: none */
    bool continuous;
    sm_sv doing; /* idle, queued, running, retrying, stopping */
    bool paused;
    sm_sv paused_by;
    int64_t next_ms; /* when it runs next, */
    sm_sv next_cause;
    int64_t retry_ms; /* when it tries again */
    int64_t queued;   /* orders that wait */
    double price_per_cpu_hour;
} sm_view_deployed;

/* A row of the overview: {pipeline, file, commit, …, state, doing, run, last_runs, next, paused,
 * freshness, rows_per_second, tables, failing, stale, reload_error, attention}. */
sm_code sm_view_deployment(const sm_view *v, const sm_view_deployed *d, sm_json **out,
                           sm_error *err);
/* {"sentence","state","now","pipelines","attention"} of such rows; what needs a person is moved
 * from them to the list. */
sm_json *sm_view_overview(const sm_json *rows, sm_arena *a);
/* The row of a pipeline with its datasets, each with its state, and its edges. */
sm_code sm_view_pipeline(const sm_view *v, const sm_view_deployed *d, sm_json **out, sm_error *err);

/* ---- over time --------------------------------------------------------------------- */

/* {"pipeline","runs":[{number, state, …}],"tables":[{name, layer, cells:[state or null]}]}: of the
 * newest `limit` runs, newest first; a cell is the worst of a table's flows in that run. */
sm_code sm_view_grid(const sm_view *v, size_t limit, sm_json **out, sm_error *err);
/* {"pipeline","runs":[number],"tables":[{name, layer, expectations:[{name, expect, on_violation,
 * threshold?, passed?, failed?, run?, history:[{passed, failed} or null]}], quarantine?:{rows,
 * oldest}}]}: histories run from the oldest of the newest `limit` runs to the newest. */
sm_code sm_view_quality(const sm_view *v, size_t limit, sm_json **out, sm_error *err);
/* {"pipeline","since","batches":[{flow, table, batch, timestamp, done, duration_ms, counters,
 * phases_us?, cpu_us?, expectations, watermark?, state?}],"truncated"}: batches that ended since
 * then, oldest first; at most the newest 2,000.  "advice":[{flow, table, kind, message, command?}]:
 * events/advice.h; `d` (NULL: not known) tells how it is run. */
sm_code sm_view_streaming(const sm_view *v, const sm_view_deployed *d, int64_t since_ms,
                          sm_json **out, sm_error *err);
/* {"pipeline","table","versions":[{version, time, operation, rows, bytes, files}]}, newest first;
 * rows and bytes are those that the version added. */
sm_code sm_view_history(const sm_view *v, const sm_plan_dataset *table, size_t limit, sm_json **out,
                        sm_error *err);

/* ---- rows ---------------------------------------------------------------------- */

/* {"columns":[{name,type}],"rows":[[…]],"truncated":bool}: at most `limit` rows of the SELECT,
 * which was judged.  Numbers that JSON cannot hold exactly are texts.  SM_E_LIMIT: a value is
 * longer than 16 MiB, or all of them than 64 MiB. */
sm_code sm_view_rows(sm_session *s, sm_sv select, int64_t limit, sm_arena *a, sm_json **out,
                     sm_error *err);

/* ---- is all well? -------------------------------------------------------------- */

/* Adds {"check","table"?,"state":"ok"|"warn"|"fail","message","next"?} rows to `checks`. */
void sm_view_check(sm_json *checks, sm_arena *a, const char *check, const char *state,
                   sm_sv message, const char *next);
/* The control store's file, open batches, and each table against what is remembered of it. */
void sm_view_check_store(const sm_view *v, sm_json *checks);

#endif
