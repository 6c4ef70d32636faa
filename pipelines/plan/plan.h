/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h -- the compiled pipeline: what will run, in which order, with which columns.
 *
 * A plan is made once from a spec, or read back from its JSON form; after that it is
 * read-only and may be shared by threads.  It has no pointers into the spec or the
 * engine, no secrets, and no path but those relative to the project; it is what exec,
 * view and, one day, another engine work from.
 *
 *     datasets   sources, tables and views, in the order of the file; then the quarantine
 *                tables of those that can set rows aside, and the tables of late rows; then the
 * tables of other pipelines that are read, as sources of type delta flows      one query that
 * writes one table; a table's flows stand together order      dataset numbers, inputs before what
 * reads them edges      who reads whom, with every dataset that a view hides
 *
 * A dataset whose columns depend on a source that has no data yet is *waiting*: its flows
 * are checked as far as that goes and compiled, but not bound; exec compiles again
 * when the source has a schema.
 *
 * Everything lives in the arena given to the function that made it.
 */
#ifndef SM_PLAN_PLAN_H
#define SM_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipelines/spec/spec.h"
#include "pipelines/sql/sql.h"
#include "pipelines/sql/sql_stage.h"
#include "runtime/base/arena.h"
#include "runtime/base/diag.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/sqlgrow.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

enum { SM_PLAN_FORMAT = 1 };

/* Behind the name of a table: the one that keeps the rows which it did not take. */
#define SM_PLAN_QUARANTINE "__quarantine"
#define SM_PLAN_LATE       "__late" /* the same of rows that came too late for its stages */

typedef enum sm_dataset_kind {
    SM_DATASET_SOURCE,
    SM_DATASET_STREAMING_TABLE,
    SM_DATASET_MATERIALIZED_VIEW,
    SM_DATASET_VIEW,
    SM_DATASET_QUARANTINE, /* made by smelt beside a table, written by its flows */
    SM_DATASET_LATE,       /* the same */
    SM_DATASET_SINK,       /* outside: one flow sends rows there, and nothing reads it */
} sm_dataset_kind;

typedef enum sm_flow_kind {
    SM_FLOW_APPEND,    /* new rows of its streams, batch after batch */
    SM_FLOW_OVERWRITE, /* a materialized view: everything, when an input changed */
} sm_flow_kind;

typedef enum sm_input_mode {
    SM_INPUT_STREAM,   /* STREAM(x): the rows of the batch */
    SM_INPUT_SNAPSHOT, /* plain x: all rows, read anew in each batch */
} sm_input_mode;

/* Where in the user's files; file is relative to the project.  Lines and columns count
 * from 1; line 0 means nowhere. */
typedef struct sm_plan_place {
    sm_sv file;
    uint32_t line, column;
} sm_plan_place;

typedef struct sm_plan_list {
    const sm_sv *items;
    size_t n;
} sm_plan_list;

typedef struct sm_plan_rule {
    sm_sv name;
    sm_sv expr;   /* compiled: ready to stand in TRY(<expr>) IS TRUE over the result's columns */
    sm_sv text;   /* as written */
    sm_sv policy; /* warn | drop | quarantine | fail (a name of expectations/policy.h) */
    sm_sv fail_if, warn_if; /* thresholds that sm_threshold_parse() takes, or "" */
    sm_sv description;
    sm_plan_list tags;
    sm_plan_place place;
} sm_plan_rule;

typedef enum sm_check_kind {
    SM_CHECK_UNIQUE,
    SM_CHECK_FOREIGN_KEY,
    SM_CHECK_ROW_COUNT
} sm_check_kind;

/* What must be true of a whole table, looked at when its last flow is through.  Rows with a
 * NULL among the columns are no violation. */
typedef struct sm_plan_check {
    sm_sv name;
    sm_check_kind kind;
    sm_sv text;           /* for people: "foreign_key (customer_id) to customers (id)" */
    sm_plan_list columns; /* unique, foreign_key: of the table */
    size_t to;            /* foreign_key: dataset, a table; perhaps the same one */
    sm_plan_list fields;  /* its columns, one for each of `columns` */
    int64_t min, max;     /* row_count, both inclusive; -1: no bound */
    sm_sv policy;         /* warn | fail */
    sm_sv fail_if, warn_if;
    sm_sv description;
    sm_plan_list tags;
    sm_plan_place place;
} sm_plan_check;

/* The event time of the rows of a dataset that is read as a stream. */
typedef struct sm_plan_watermark {
    size_t input;          /* dataset: a source or view itself; of a table the one that it reads */
    sm_sv column;          /* of that dataset, TIMESTAMP */
    int64_t delay_us;      /* how far behind the greatest event time the watermark is */
    int64_t idle_us;       /* without rows for so long it does not hold others back; 0: never */
    int64_t max_future_us; /* rows further ahead of the batch's time do not count; -1: all count */
    sm_plan_place place;
} sm_plan_watermark;

/* Of rows with the same key the first one is taken. */
typedef struct sm_plan_deduplicate {
    sm_plan_list keys; /* columns of the result; none: all of them */
    bool within_watermark;
    sm_plan_place place;
} sm_plan_deduplicate;

/* (dataset, mode) that a flow reads; exec makes it appear on the session as `relation`. */
typedef struct sm_plan_input {
    size_t dataset; /* a source or a table, never a view */
    sm_input_mode mode;
    bool metadata;  /* with _metadata and _ingested_at behind the columns of the source */
    sm_sv relation; /* _smelt_in_<k>, unique within the flow */
} sm_plan_input;

typedef struct sm_plan_flow {
    sm_sv name;    /* the table's name; `table.flow` for an entry of `flows:` */
    size_t target; /* dataset */
    sm_flow_kind kind;
    bool once; /* one batch per generation, then never again */
    const sm_plan_input *inputs;
    size_t n_inputs;
    /* Compiled: names only input relations and what stages put out; no STREAM, no window(. */
    sm_sv sql;
    const sm_stage *stages; /* what it remembers, in the order in which they run */
    size_t n_stages;
    sm_stage_mode output_mode; /* UPDATE upserts by merge_keys, COMPLETE replaces the table */
    sm_plan_list merge_keys;   /* UPDATE: columns of the result */
    sm_sv touched;             /* UPDATE: SELECT of them for each group that the batch touched */
    bool watermark_max;        /* of several watermarks the greatest counts, not the least */
    bool no_data_batches;      /* a batch without rows follows when the watermark has moved */
    bool keeps_late;           /* late rows go to the table of late rows; else they are counted */
    bool follows;              /* a materialized view that is kept by what is added to its input */
    sm_sv computed_why;        /* one that is computed anew each time: why; "" else */
    sm_sv sql_text;            /* as written */
    bool bound;                /* false: waiting for the schema of a source */
    sm_schema result;          /* what the query gives, in the engine's types */
    sm_sv fingerprint; /* of sql, inputs, rules and schema; not of comments or descriptions */
    sm_plan_place place;
} sm_plan_flow;

typedef struct sm_plan_dataset {
    sm_sv name;
    sm_dataset_kind kind;
    sm_sv layer, description;
    sm_plan_list tags;
    /* Columns as a reader sees them: for a table the stored types, for a view what it
     * gives, for a source what it delivers. */
    sm_schema schema;
    bool known; /* schema is known; false: waiting */
    sm_sv path; /* tables, quarantines: <schema>/<table>, below storage */
    sm_plan_list partition_by;
    const sm_json *properties;             /* tables: of Delta, an object of texts; NULL: none */
    int64_t warn_after_us, error_after_us; /* tables: how old they may be; 0: any age */
    sm_sv contract;    /* tables: "warn", "enforced" or "": `schema` is all that it may have */
    sm_sv source_type; /* sources, sinks */
    sm_sv pipeline;    /* sources: the pipeline of the project whose table it is, or "" */
    const sm_json *source_config;        /* sources, sinks: options by name, no secrets */
    bool schema_declared;                /* sources: the user wrote `schema` */
    sm_evolution evolution;              /* sources: what becomes of fields that are no columns */
    sm_sv schema_hints;                  /* sources: "battery INT, …" or "" */
    sm_decode_policy on_decode_error;    /* sources: what becomes of input that is no record */
    bool metadata;                       /* sources: every reader gets _metadata and _ingested_at */
    const sm_plan_watermark *watermarks; /* sources, views: at most one; tables: by input */
    size_t n_watermarks;
    const sm_plan_deduplicate *deduplicate; /* tables, views; NULL: nothing is */
    const sm_plan_rule *rules;              /* tables */
    size_t n_rules;
    const sm_plan_check *checks; /* tables */
    size_t n_checks;
    size_t quarantine;    /* tables: the dataset of its quarantine; 0: it sets nothing aside */
    size_t late;          /* tables: the dataset of its late rows; 0: it keeps none */
    size_t owner;         /* quarantines, late rows: the table whose rows it keeps */
    size_t flow, n_flows; /* tables, sinks: plan->flows[flow .. flow + n_flows) */
    sm_sv sql_text;       /* views: as written */
    const size_t *reads;  /* datasets named by its queries, views included */
    size_t n_reads;
    sm_sv fingerprint; /* of all that decides its rows and columns */
    sm_plan_place place;
} sm_plan_dataset;

typedef struct sm_plan {
    sm_sv pipeline, schema, storage, state_path, description;
    sm_plan_list tags;
    sm_sql_variables variables; /* what `$name` stands for, for SQL over these datasets */
    sm_sv file;                 /* of the pipeline, relative to the project */
    const sm_plan_dataset *datasets;
    size_t n_datasets;
    const sm_plan_flow *flows;
    size_t n_flows;
    const size_t *order; /* n_datasets numbers, inputs first */
    size_t n_waiting;    /* datasets whose schema is not known yet */
    sm_sv fingerprint;
} sm_plan;

/* ---- compile ------------------------------------------------------------------- */

/* A table of another pipeline, as a query names it: schema.table. */
typedef struct sm_plan_other {
    sm_sv fault, hint;   /* fault: why it cannot be read, "" if it can: "reads "x.y", <fault>" */
    bool closed;         /* with `fault`: it is there, and not for other pipelines */
    sm_span see;         /* with `closed`: where it is defined; line 0: nowhere */
    sm_sv name;          /* <schema>.<table>, as that pipeline has them */
    sm_sv pipeline;      /* its name */
    sm_sv path;          /* folder of the table, relative to this pipeline's when it can be */
    bool replaced;       /* its rows are computed anew: no STREAM() of it */
    sm_schema schema;    /* n == 0: not known yet */
    const sm_sv *reads;  /* tables of this pipeline that its rows come of */
    size_t n_reads;      /* */
    sm_plan_place place; /* of its definition */
} sm_plan_other;

/* What the planner asks of the outside world. */
typedef struct sm_plan_env {
    const sm_sql_engine *sql;
    /* The columns of a source without a declared `schema`; out->n == 0 means that there is
     * nothing to infer from yet.  SM_E_INVALID and SM_E_NOT_FOUND are faults of the user's.
     * The message names the source.  NULL: never ask. */
    sm_code (*schema_of)(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                         sm_error *err);
    /* Can a source of this type be read by its plain name, all rows now?  NULL: each can. */
    bool (*has_snapshot)(void *ctx, sm_sv source_type);
    /* The table `name` of the pipeline with this schema or, failing that, this name.  `out` is
     * zeroed before and lives in `a`.  NULL: there are no other pipelines. */
    sm_code (*other)(void *ctx, sm_sv schema, sm_sv name, sm_arena *a, sm_plan_other *out,
                     sm_error *err);
    /* Is there a time zone of that name?  Else *near may be one that comes close.  NULL: it is
     * taken as it is. */
    sm_code (*zone)(void *ctx, sm_sv name, sm_arena *a, bool *known, sm_sv *near, sm_error *err);
    void *ctx;
} sm_plan_env;

/* *out is NULL when the spec has faults, which are then in `d`, all of them.  Fails only
 * when the engine does, or schema_of in a way that is nobody's fault. */
sm_code sm_plan_compile(const sm_spec *spec, const sm_plan_env *env, sm_arena *a, sm_diags *d,
                        const sm_plan **out, sm_error *err);

/* The dataset or flow of that name, ignoring case; NULL if there is none. */
const sm_plan_dataset *sm_plan_find(const sm_plan *p, sm_sv name);
const sm_plan_flow *sm_plan_find_flow(const sm_plan *p, sm_sv name);
size_t sm_plan_index(const sm_plan *p, const sm_plan_dataset *ds);
bool sm_dataset_is_table(const sm_plan_dataset *ds); /* with flows: no quarantine */
bool sm_dataset_is_side(const sm_plan_dataset *ds);  /* beside a table: a quarantine, late rows */
/* Is this source of a text format, so that its records are decoded?  Of JSON? */
bool sm_dataset_decodes(const sm_plan_dataset *source);
bool sm_dataset_is_json(const sm_plan_dataset *source);
/* Can this source have records that are to be kept in a quarantine? */
bool sm_dataset_keeps_records(const sm_plan_dataset *source);
/* Does a quarantine have a column of that name for itself, beside those of its table? */
bool sm_plan_is_quarantine_own(sm_sv column);
/* The dataset that keeps what the table sets aside; NULL if it sets nothing aside. */
const sm_plan_dataset *sm_plan_quarantine_of(const sm_plan *p, const sm_plan_dataset *table);
/* The dataset that keeps the late rows of the table; NULL if it keeps none. */
const sm_plan_dataset *sm_plan_late_of(const sm_plan *p, const sm_plan_dataset *table);
/* The columns of a source of that type, then _metadata, which tells the file or the message of a
 * row, and _ingested_at.  Lives in `a`. */
sm_schema *sm_plan_with_metadata(const sm_schema *schema, sm_sv source_type, sm_arena *a);
const char *sm_dataset_kind_name(sm_dataset_kind kind); /* "streaming_table" */
const char *sm_input_mode_name(sm_input_mode mode);     /* "stream", "snapshot" */
/* What a batch does to the rows that are there: "append", "update", "overwrite". */
const char *sm_plan_writes_name(const sm_plan_flow *f);
const char *sm_check_kind_name(sm_check_kind kind); /* "unique", … */

/* A SELECT of no rows with these columns.  Lives in `a`. */
sm_code sm_plan_empty_select(const sm_schema *s, sm_arena *a, sm_sv *out, sm_error *err);

/* ---- JSON ---------------------------------------------------------------------- */

/* Format SM_PLAN_FORMAT; reading back gives an equal plan.  Lives in `a`. */
sm_json *sm_plan_to_json(const sm_plan *p, sm_arena *a);
/* SM_E_CORRUPT when `json` is no plan, or one of another format. */
sm_code sm_plan_from_json(const sm_json *json, sm_arena *a, const sm_plan **out, sm_error *err);

/* ---- print --------------------------------------------------------------------- */

/* The plan as text: datasets in order, what each reads, its columns and rules. */
void sm_plan_print(const sm_plan *p, sm_buf *out);
typedef enum sm_graph_format { SM_GRAPH_TEXT, SM_GRAPH_MERMAID, SM_GRAPH_DOT } sm_graph_format;
void sm_plan_print_graph(const sm_plan *p, sm_graph_format format, sm_buf *out);
/* {"nodes":[{name,kind,layer,…}],"edges":[{from,to,mode}]}.  Lives in `a`. */
sm_json *sm_plan_graph_json(const sm_plan *p, sm_arena *a);

/* ---- select -------------------------------------------------------------------- */

typedef struct sm_plan_states {
    /* Is the dataset in this state ("failed", "stale", "modified", "new")?  NULL: `state:`
     * is refused. */
    bool (*is)(void *ctx, const sm_plan_dataset *ds, sm_sv state);
    void *ctx;
} sm_plan_states;

/* selected[i] for each dataset of `p`, by the grammar of cli.md:
 *     name  silver_*  +x  x+  2+x  @x  tag:t  layer:gold  state:s
 * space is union, comma intersection; "" selects all.  `exclude` has the same grammar and
 * "" takes nothing away.  SM_E_NOT_FOUND with suggestions when a part matches nothing,
 * SM_E_INVALID when it is not in the grammar.  `states` may be NULL. */
sm_code sm_plan_select(const sm_plan *p, sm_sv select, sm_sv exclude, const sm_plan_states *states,
                       sm_arena *a, bool *selected, sm_error *err);

/* ---- diff ---------------------------------------------------------------------- */

/* What is live: recorded when a flow last wrote. */
typedef struct sm_plan_live_flow {
    sm_sv name, table;
    sm_sv fingerprint;
    const sm_json *stages; /* what it remembers: rows of sql_stage_memory.h; NULL: nothing */
} sm_plan_live_flow;

typedef struct sm_plan_live_table {
    sm_sv name;
    sm_schema schema;
    sm_plan_list partition_by;
    bool active; /* false: it left the file earlier */
} sm_plan_live_table;

typedef struct sm_plan_live {
    const sm_plan_live_table *tables;
    size_t n_tables;
    const sm_plan_live_flow *flows;
    size_t n_flows;
} sm_plan_live;

typedef enum sm_plan_change_kind {
    SM_CHANGE_NEW, /* not there yet */
    SM_CHANGE_UNCHANGED,
    SM_CHANGE_FORWARD,   /* rows from now on are made by the new definition */
    SM_CHANGE_RECOMPUTE, /* a materialized view: the next run computes it again */
    SM_CHANGE_REBUILD,   /* cannot go on as it is: needs --full-refresh */
    SM_CHANGE_INACTIVE,  /* left the file: kept, readable, not written */
    SM_CHANGE_WAITING,   /* columns are not known yet */
} sm_plan_change_kind;

typedef struct sm_plan_change {
    sm_sv table;
    sm_plan_change_kind kind;
    const sm_sv *reasons; /* sentences: "column \"x\" changes from BIGINT to VARCHAR" */
    size_t n_reasons;
} sm_plan_change;

/* One row per table of the plan in order, then what is live and gone.  Lives in `a`. */
void sm_plan_diff(const sm_plan *p, const sm_plan_live *live, sm_arena *a,
                  const sm_plan_change **out, size_t *n_out);
const char *sm_plan_change_name(sm_plan_change_kind kind); /* "new", "unchanged", … */

/* ---- since --------------------------------------------------------------------- */

typedef enum sm_plan_since_kind {
    SM_SINCE_UNCHANGED,
    SM_SINCE_NEW,
    SM_SINCE_MODIFIED,
    SM_SINCE_REMOVED,
} sm_plan_since_kind;

typedef struct sm_plan_since_row {
    const sm_plan_dataset *dataset; /* of the plan; when removed, of the earlier one */
    sm_plan_since_kind change;
    sm_plan_change_kind effect; /* on a table as the earlier plan has it */
    const sm_sv *reasons;       /* sentences about columns, rules, SQL and options */
    size_t n_reasons;
} sm_plan_since_row;

/* What became of each dataset since the earlier plan: those of `p` in its order, then what is
 * gone.  Lives in `a`, but for the datasets. */
void sm_plan_since(const sm_plan *p, const sm_plan *old, sm_arena *a, const sm_plan_since_row **out,
                   size_t *n_out);
const char *sm_plan_since_name(sm_plan_since_kind kind); /* "modified", … */

#endif
