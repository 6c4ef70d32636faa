/* SPDX-License-Identifier: Apache-2.0 */
/* event.h -- the types of events, and what each says.
 *
 * One list: name, usual level, meaning, fields of its details.  The names, the reference page
 * and the checks come from it.  An event that is stored is an sm_event_rec of the store; its
 * `type` is the name of a row here, its `details` one flat JSON object with the fields of the
 * row (those marked ? may be missing).  Fields are only ever added.  The store cuts
 * what is too long and adds "truncated": true. */
#ifndef SM_EVENTS_EVENT_H
#define SM_EVENTS_EVENT_H

#include "runtime/store/store_events.h"

/* X(name, level, meaning, fields): a field is "name type", types are int, num, text, bool,
 * list, object; fields are separated by ", ". */
#define SM_EVENT_TYPES(X)                                                                          \
    X(run_started, INFO, "A run began.",                                                           \
      "number int, cause text, target? text, selection? text, commit? text, full_refresh? list, "  \
      "by? text")                                                                                  \
    X(run_progress, INFO, "A run moved to another state.", "state text")                           \
    X(run_finished, INFO, "A run ended.",                                                          \
      "number int, state text, warnings? bool, duration_ms? int, flows? object, error? text, "     \
      "held_back? int")                                                                            \
    X(dataset_definition, DEBUG, "What a run knows of a dataset.",                                 \
      "kind text, flows? int, expectations? list")                                                 \
    X(flow_definition, DEBUG, "What a run knows of a flow.",                                       \
      "inputs list, output text, once? bool, plan_fingerprint? text")                              \
    X(flow_progress, INFO, "A flow changed its state or finished a batch.",                        \
      "status text, counters? object, start_offsets? object, end_offsets? object, "                \
      "watermarks? object, duration_ms? int, phases? object, reason? text")                        \
    X(expectation_result, INFO, "The count of one rule over one batch.",                           \
      "name text, policy text, passed int, failed int, samples? list")                             \
    X(check_result, INFO, "The result of a check of a whole table.",                               \
      "name text, policy text, passed int, failed int, samples? list")                             \
    X(threshold_crossed, WARN, "More rows of a run broke a rule than its threshold allows.",       \
      "name text, key text, threshold text, passed int, failed int")                               \
    X(dataset_committed, INFO, "A version of a table was published.",                              \
      "version int, operation text, added_files? int, removed_files? int, rows? int, bytes? int")  \
    X(flow_failed, ERROR, "A flow failed.",                                                        \
      "error text, code text, retryable? bool, attempt? int")                                      \
    X(flow_retried, WARN, "An attempt was given up and begins again.", "reason text, attempt int") \
    X(flow_skipped, WARN, "A flow did not run.", "reason text")                                    \
    X(batch_rolled_forward, WARN, "A batch decided before a crash was published now.",             \
      "decided_ms? int, published? bool")                                                          \
    X(batch_voided, WARN, "A decided batch that nobody had seen was taken back.", "reason? text")  \
    X(generation_started, INFO, "A flow began a new life of its checkpoint.",                      \
      "generation text, why text, number? int")                                                    \
    X(schema_pinned, INFO, "The schema of a source or table has a new version.",                   \
      "version int, why text, schema? list, added? list")                                          \
    X(schema_changed, INFO, "A source has more columns from now on; the batch is read again.",     \
      "version int, added list, widened? list")                                                    \
    X(checkpoint_written, INFO, "A table's log got a checkpoint.",                                 \
      "version int, actions? int, bytes? int, duration_ms? int")                                   \
    X(decode_error, WARN, "Records of a source could not be decoded.",                             \
      "count int, samples list, policy? text")                                                     \
    X(source_warning, WARN, "A source saw something that a person should know.",                   \
      "reason text, path? text, lost? int")                                                        \
    X(table_inactive, WARN, "A table is gone from the pipeline's file; it is kept.", "path? text") \
    X(maintenance, INFO, "Upkeep of a table or of the control store.",                             \
      "operation text, removed_files? int, bytes? int, duration_ms? int")                          \
    X(checkpoint_refused, ERROR, "Checkpoint and table do not fit; nothing was changed.",          \
      "reason text, advice? text")                                                                 \
    X(stale, WARN, "Nothing was written to a table for longer than its freshness allows.",         \
      "state text, lag_seconds int, warn_after? int, error_after? int")                            \
    X(fresh, INFO, "A table that was late or stale was written again.",                            \
      "state text, lag_seconds int, warn_after? int, error_after? int")                            \
    X(trigger_left_out, INFO, "Triggers were due while a pipeline was at work.",                   \
      "cause text, merged? int, skipped? int")                                                     \
    X(user_action, INFO, "A person did something.", "action text, outcome? text")

#define SM_EVENT_ENUM(name, level, meaning, fields) SM_EVENT_##name,
typedef enum sm_event_type { SM_EVENT_TYPES(SM_EVENT_ENUM) SM_EVENT_TYPE_COUNT } sm_event_type;
#undef SM_EVENT_ENUM

typedef struct sm_event_type_def {
    const char *name; /* "flow_progress" */
    sm_event_level level;
    const char *meaning; /* a sentence */
    const char *fields;  /* as in the list above */
} sm_event_type_def;

const sm_event_type_def *sm_event_type_get(sm_event_type type); /* borrowed, for ever */
/* SM_EVENT_TYPE_COUNT if there is none of that name. */
sm_event_type sm_event_type_find(sm_sv name);

/* A row of this type and its usual level, of no dataset, flow or batch, without details; set
 * the rest field by field. */
sm_event_rec sm_event_make(sm_event_type type, int64_t run, sm_sv message);
/* The same, about batch `batch` (-1: none) of a flow of a dataset. */
sm_event_rec sm_event_make_flow(sm_event_type type, int64_t run, sm_sv dataset, sm_sv flow,
                                int64_t batch, sm_sv message);

/* Do these details have the fields of their type, and no other?  SM_E_INVALID names the first
 * that is wrong.  For tests. */
sm_code sm_event_check(const sm_event_rec *e, sm_error *err);

#endif
