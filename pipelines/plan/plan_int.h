/* SPDX-License-Identifier: Apache-2.0 */
/* plan_int.h -- what the files of this module share while a plan is being made. */
#ifndef SM_PLAN_INT_H
#define SM_PLAN_INT_H

#include "pipelines/plan/plan.h"
#include "pipelines/sql/sql_cut.h"

/* A query or a rule on its way from text to plan. */
typedef struct plan_query {
    const sm_text *text;
    const sm_sql_query *read; /* NULL: it has a fault that is told */
    size_t *datasets;         /* by reference of `read`; SIZE_MAX when nothing has the name */
    bool *streaming;          /* by reference */
    size_t owner;             /* dataset */
    bool rule;
    bool metadata;                      /* of a table that includes the metadata of its source */
    const sm_spec_table_column *column; /* a rule that is a test: of which column */
    bool whole;                         /* all columns of its one input, as they are */
    sm_sv label;                        /* `table "x"`, for messages */
} plan_query;

/* Where a check stands in the file. */
typedef struct plan_check_text {
    const sm_spec_texts *columns, *fields;
    const sm_text *to;
    bool test; /* of a column: that the column is there is judged elsewhere */
} plan_check_text;

/* What is known of a dataset besides what the plan says. */
typedef struct plan_node {
    const sm_spec_source *source; /* or ... */
    const sm_spec_table *table;   /* of a sink: one that says the same */
    const sm_plan_other *other;   /* a table of another pipeline */
    sm_span at;                   /* of its name; of another pipeline: where it is read first */
    plan_query *queries;
    size_t n_queries; /* one per flow; a view has one */
    plan_query *rules;
    plan_check_text *checks;       /* as many as the dataset's */
    sm_plan_watermark *watermarks; /* those of the dataset */
    bool streaming;                /* a view over a stream */
    bool grows; /* data may bring it more columns: a source that infers them, a * over one */
    sm_schema *with_metadata; /* a source: its columns, then those of metadata; made when needed */
    bool failed;              /* its columns cannot be known: the reason is told */
} plan_node;

typedef struct plan_builder {
    const sm_spec *spec;
    const sm_plan_env *env;
    sm_arena *a;       /* what the plan keeps */
    sm_arena *scratch; /* what making it needs: trees of SQL and the like */
    sm_diags *d;
    sm_plan *plan;
    sm_plan_dataset *datasets;  /* plan->datasets */
    sm_plan_flow *flows;        /* plan->flows */
    plan_node *nodes;           /* parallel to datasets */
    struct sm_strmap *names;    /* dataset by name, and by each qualified name that is written */
    sm_sql_relation *relations; /* of plan_bind.c: one per kind of row */
    size_t n_relations, cap_relations;
    struct sm_strmap *relation_names;
} plan_builder;

/* What a trigger names outside of the file (plan_trigger.c). */
sm_code sm_plan__check_zone(plan_builder *b, sm_error *err);
void sm_plan__check_events(plan_builder *b);

/* ---- plan_resolve.c: names, order, what may be read how -------------------------- */

/* Fill plan_query.datasets and plan_query.streaming, order and reads; everything that is
 * wrong with the graph is told.  plan->order stays NULL when there are too many cycles. */
void sm_plan__resolve(plan_builder *b);

/* ---- plan_diff.c: sentences -------------------------------------------------------- */

typedef struct plan_reasons { /* `a` set, else zeroed */
    sm_arena *a;
    sm_sv *items;
    size_t n, cap;
} plan_reasons;

SM_PRINTF(2, 3)
void sm_plan__say(plan_reasons *r, const char *fmt, ...);

/* ---- graph.c --------------------------------------------------------------------- */

typedef struct plan_graph {
    size_t n;
    const size_t *const *reads; /* reads[i][0 .. n_reads[i]) */
    const size_t *n_reads;
} plan_graph;

/* Topological order, inputs first, otherwise in the order of numbers.  Returns true and
 * fills order[n]; or false and gives one cycle as the numbers met on the way, the first one
 * again at the end, which live in `a`. */
bool sm_plan__order(const plan_graph *g, sm_arena *a, size_t *order, const size_t **cycle,
                    size_t *n_cycle);
/* Mark everything that `from` reaches against (`up`) or along the direction of data, up to
 * `depth` steps; `from` itself is not marked by this. */
void sm_plan__reach(const sm_plan *p, size_t from, bool up, size_t depth, bool *marked);

/* ---- plan_bind.c: columns -------------------------------------------------------- */

sm_code sm_plan__bind(plan_builder *b, sm_error *err);
/* `schema_hints` of a source against its columns `now`: false when a hint goes nowhere, which is
 * told; one that comes too late is a warning (plan_hints.c). */
bool sm_plan__judge_hints(plan_builder *b, const sm_text *text, const sm_schema *now);

/* ---- plan_text.c: compiled text ---------------------------------------------------- */

/* What a text is compiled for: the engine, whose relations are the flow's inputs; the engine's
 * judgement, whose relations are named by their columns, so that a thousand tables of ten kinds
 * ask the engine to know ten relations; the cut. */
typedef enum plan_purpose { PLAN_FOR_ENGINE, PLAN_FOR_BIND, PLAN_FOR_CUT } plan_purpose;

typedef struct plan_inputs {
    sm_plan_input *items;
    size_t n, cap;
    size_t leaves;      /* how often one of them is named */
    sm_cut_mark *marks; /* for the cut */
    size_t n_marks, cap_marks;
} plan_inputs;

/* False after a diagnostic. */
bool sm_plan__compile_text(plan_builder *b, const plan_query *q, plan_purpose what, plan_inputs *in,
                           sm_sql_text *out);

/* The relation that stands for every dataset with these columns, when the engine judges. */
const sm_sql_relation *sm_plan__bind_relation(plan_builder *b, const sm_schema *schema);

/* ---- plan_cut.c: stages -------------------------------------------------------------- */

/* The flows that remember, taken apart; once everything is bound and judged. */
sm_code sm_plan__cut(plan_builder *b, sm_error *err);
/* `deduplicate` of a table or view; NULL: it has none. */
const sm_cut_deduplicate *sm_plan__cut_deduplicate(plan_builder *b, size_t ds);

/* ---- plan_sink.c: what goes outside ------------------------------------------------- */

void sm_plan__add_sink(plan_builder *b, size_t ds, const sm_spec_sink *k);
/* Sinks read tables, remember nothing, and have the column that is their key. */
void sm_plan__judge_sinks(plan_builder *b);
/* SELECT * FROM x, whose places are those of `from`. */
const sm_text *sm_plan__from_text(plan_builder *b, const sm_text *from, bool stream);

/* ---- plan_metadata.c: _metadata and _ingested_at ----------------------------------- */

/* Tell what cannot have them; before anything is bound. */
void sm_plan__judge_metadata(plan_builder *b);
/* Does the query read dataset `ds` with them? */
bool sm_plan__has_metadata(const plan_builder *b, const plan_query *q, size_t ds);
/* The columns of `ds` as that query reads it. */
const sm_schema *sm_plan__leaf_schema(plan_builder *b, const plan_query *q, size_t ds);
/* The query did not bind: say how `_metadata` is had, if it is about that. */
void sm_plan__hint_metadata(plan_builder *b, const plan_query *q);
/* Tell the sources that take away what was read, and have several readers. */
void sm_plan__judge_readers(plan_builder *b);

/* ---- plan_stored.c: what a table can store ---------------------------------------- */

/* The result's columns in the types that a table stores; false after a diagnostic. */
bool sm_plan__stored_schema(plan_builder *b, const plan_query *q, const sm_schema *result,
                            sm_schema *out);
/* The flows of a table give the same columns, in any order; where data may bring more (`grows`),
 * `table` takes those that only one of them has.  False after a diagnostic. */
bool sm_plan__same_columns(plan_builder *b, const plan_query *q, sm_schema *table,
                           const sm_schema *flow, bool grows);
void sm_plan__judge_partition(plan_builder *b, size_t ds);

/* ---- plan_rules.c ----------------------------------------------------------------- */

/* Fill expr of each rule of the table. */
void sm_plan__compile_rules(plan_builder *b, size_t ds);
/* All rules of a table over a row with these columns. */
sm_code sm_plan__bind_rules(plan_builder *b, size_t ds, const sm_schema *row, sm_error *err);

/* ---- plan_columns.c --------------------------------------------------------------- */

/* How many tests the columns of a table have. */
size_t sm_plan__count_tests(const sm_spec_table *t);
/* The tests of a table as rules from number n on, with their queries; the next free number. */
size_t sm_plan__add_tests(plan_builder *b, size_t ds, const sm_spec_table *t, sm_plan_rule *rules,
                          plan_query *queries, size_t n);
/* What the table says of its columns against those that its flows give. */
void sm_plan__judge_columns(plan_builder *b, size_t ds);

/* ---- plan_checks.c: what must be true of whole tables ------------------------------- */

void sm_plan__add_checks(plan_builder *b, size_t ds, const sm_spec_table *t);
/* When columns and order are known: names, types, circles. */
void sm_plan__judge_checks(plan_builder *b);

/* ---- plan_quarantine.c ------------------------------------------------------------ */

/* Add the quarantines behind all other datasets. */
void sm_plan__add_quarantines(plan_builder *b);
/* plan_late.c */
void sm_plan__add_late(plan_builder *b);
void sm_plan__bind_late(plan_builder *b, size_t ds);
/* Its columns, after those of its table. */
void sm_plan__bind_quarantine(plan_builder *b, size_t ds);

/* ---- plan_other.c: tables of other pipelines ------------------------------------- */

/* Does the reference name this pipeline, or none? */
bool sm_plan__is_ours(const plan_builder *b, const sm_sql_ref *ref);
/* LIVE.x, as Delta Live Tables have it; nothing is called so here. */
bool sm_plan__is_live(const sm_sql_ref *ref);
/* `schema.name` as written; the key of b->names.  Lives in `a`. */
sm_sv sm_plan__qualified(const sm_sql_ref *ref, sm_arena *a);
/* Fill b->names and add the tables of other pipelines that queries read, behind all other
 * datasets.  A name with a fault, which is told, is there as SIZE_MAX. */
sm_code sm_plan__add_others(plan_builder *b, sm_error *err);

/* ---- plan_streaming.c: watermarks, duplicates, what a batch does to the table ------------- */

/* What the spec says, before anything is resolved. */
void sm_plan__add_source_watermark(plan_builder *b, size_t ds);
void sm_plan__add_streaming(plan_builder *b, size_t ds);
/* When columns are known: what watermarks and duplicates are of. */
void sm_plan__judge_streaming(plan_builder *b);
/* `late_rows` where nothing is late; once the stages are known. */
void sm_plan__judge_late_rows(plan_builder *b);

/* ---- plan_json_stage.c --------------------------------------------------------------------- */

/* [{"kind":"aggregate",…}]; reading back gives equal stages.  Lives in `a`. */
sm_json *sm_plan__stages_json(const sm_stage *stages, size_t n, sm_arena *a);
/* SM_E_CORRUPT when they are none.  Borrows nothing from `array`. */
sm_code sm_plan__stages_from_json(const sm_json *array, sm_arena *a, const sm_stage **out,
                                  size_t *n_out, sm_error *err);

/* ---- plan_fingerprint.c ----------------------------------------------------------- */

void sm_plan__fingerprints(plan_builder *b);

/* ---- plan.c ------------------------------------------------------------------------ */

sm_plan_list sm_plan__list(sm_arena *a, const sm_spec_texts *texts);
/* The name of a policy, from its sm_violation. */
sm_sv sm_plan__policy_name(int violation);
/* The place of a span, with the file relative to the project. */
sm_plan_place sm_plan__place(const sm_span *at);

#endif
