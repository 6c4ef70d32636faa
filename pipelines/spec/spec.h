/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h -- a pipeline file, bound to types: what the user said, and where.
 *
 * The loader reads a file in three steps: tree (yaml_tree.h), bind (the tables of spec_keys.h
 * fill the structs below), check (names, what excludes what).  References, SQL and cycles are
 * the plan's business: nothing here knows SQL.
 *
 * Every value carries the place where it was written.  A place with line 0 means that nobody
 * wrote it: the value is the default of its key.
 *
 * A spec lives in the arena that it was loaded into and is read-only.
 */
#ifndef SM_SPEC_SPEC_H
#define SM_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/decode_policy.h"
#include "runtime/base/diag.h"
#include "runtime/base/json.h"
#include "runtime/base/option.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define SM_SPEC_MAX_TABLES 10000
#define SM_SPEC_MAX_NAME   128

/* A source type as the composition root knows it; arrays end with a row whose name is NULL. */
typedef struct sm_spec_unit {
    const char *name, *summary;
    const sm_option *options; /* NULL when not supported */
    size_t config_size;
    const char
        *exclusive; /* option that, unless it is "off", leaves room for one reader; or NULL */
    bool metadata;  /* its rows come from files: they can have _metadata */
    bool supported; /* false: a name of the language that has no code behind it yet */
} sm_spec_unit;

/* Values.  Texts are sm_text, whose `at` plays the same part. */
typedef struct sm_spec_int { /* also sizes (bytes) and durations (microseconds) */
    int64_t v;
    sm_span at;
} sm_spec_int;

typedef struct sm_spec_number {
    double v; /* 0: not given */
    sm_span at;
} sm_spec_number;

typedef struct sm_spec_bool {
    bool v;
    sm_span at;
} sm_spec_bool;

typedef struct sm_spec_enum {
    int v; /* one of the enum named beside the field */
    sm_span at;
} sm_spec_enum;

typedef struct sm_spec_texts {
    sm_text *items;
    size_t n;
    sm_span at;
} sm_spec_texts;

typedef struct sm_spec_json {
    const sm_json *v; /* NULL when absent */
    sm_span at;
} sm_spec_json;

/* A scalar of any kind, as text. */
typedef struct sm_spec_scalar {
    sm_text text;
    const char *type; /* SQL type of what was written: "BIGINT", "VARCHAR"; NULL: absent */
} sm_spec_scalar;

typedef struct sm_spec_scalars {
    sm_spec_scalar *items;
    size_t n;
    sm_span at;
} sm_spec_scalars;

typedef enum sm_table_kind {
    SM_TABLE_STREAMING,
    SM_TABLE_MATERIALIZED_VIEW,
    SM_TABLE_VIEW, /* not stored */
} sm_table_kind;

typedef enum sm_violation {
    SM_VIOLATION_WARN,
    SM_VIOLATION_DROP,
    SM_VIOLATION_QUARANTINE,
    SM_VIOLATION_FAIL,
} sm_violation;

/* A value that may differ from run to run: `${var.x}` in YAML, `$x` in SQL. */
typedef struct sm_spec_variable {
    sm_text name;            /* the key */
    sm_spec_scalar fallback; /* `default` */
    sm_text description;
    sm_text type; /* SQL type, as the engine prints it; default: that of the `default` */
    sm_sv value;  /* in force, in the form that the type has as SQL text */
    bool has_value;
    sm_sv origin; /* of the value: "--var", "default" or "<file>:<line>:<column>" */
    sm_span at;
    bool broken;
} sm_spec_variable;

typedef struct sm_spec_variables {
    sm_spec_variable *items;
    size_t n;
    sm_span at;
} sm_spec_variables;

typedef struct sm_spec_state {
    sm_text path;         /* default: <storage>/.smelt */
    sm_spec_bool durable; /* counts with tables in a bucket */
    sm_span at;
} sm_spec_state;

typedef enum sm_trigger_mode { SM_MODE_AVAILABLE_NOW, SM_MODE_CONTINUOUS } sm_trigger_mode;

/* What a run waits for: one of file_arrival, table_updated and webhook; the others have a place
 * with line 0. */
typedef struct sm_spec_when {
    sm_text name; /* "": an item of a list has none */
    sm_text source;
    sm_text table;
    sm_text hook, secret; /* the latter is the name of one */
    sm_span file_at, table_at, hook_at;
    sm_span at;
} sm_spec_when;

typedef struct sm_spec_whens {
    sm_spec_when *items;
    size_t n;
    sm_span at;
} sm_spec_whens;

/* When a server runs the pipeline; at most one of mode, interval, schedule and when stands in the
 * file. */
typedef struct sm_spec_trigger {
    sm_spec_enum mode;    /* sm_trigger_mode */
    sm_spec_int interval; /* microseconds; 0: none */
    sm_text schedule;     /* runtime/base/cron.h reads it; "" when not given */
    sm_text timezone;
    sm_spec_bool catchup;
    sm_spec_whens when;
    sm_spec_bool paused;
    sm_span at; /* line 0: it is not written */
} sm_spec_trigger;

typedef struct sm_spec_table_trigger {
    sm_spec_int interval; /* microseconds */
    sm_span at;           /* line 0: each run of the pipeline writes it */
} sm_spec_table_trigger;

typedef struct sm_spec_freshness {
    sm_spec_int warn_after, error_after; /* microseconds; 0: never */
    sm_span at;                          /* line 0: it is not written */
} sm_spec_freshness;

typedef struct sm_spec_retry {
    sm_spec_int max_attempts;         /* 0: 3 in a server, 1 in a run */
    sm_spec_int backoff, backoff_max; /* microseconds */
    sm_span at;
} sm_spec_retry;

/* What a trigger meets when the pipeline is at work. */
typedef enum sm_spec_concurrency {
    SM_SPEC_QUEUE,
    SM_SPEC_SKIP,
    SM_SPEC_CANCEL,
} sm_spec_concurrency;

typedef enum sm_server_auth { SM_SERVER_TOKEN, SM_SERVER_NO_AUTH } sm_server_auth;
typedef enum sm_server_reload { SM_RELOAD_SIGNAL, SM_RELOAD_WATCH } sm_server_reload;

typedef struct sm_spec_tls {
    sm_text certificate, key; /* files; from the folder of the pipeline */
    sm_span at;               /* line 0: there is none */
} sm_spec_tls;

/* Who is told of what, by webhook. */
typedef struct sm_spec_notification {
    sm_text url;
    sm_spec_texts on;         /* "failed", … */
    sm_spec_enum group_by;    /* 0 pipeline, 1 table */
    sm_spec_int repeat_after; /* microseconds; 0: never */
    sm_span at;
} sm_spec_notification;

typedef struct sm_spec_notifications {
    sm_spec_notification *items;
    size_t n;
    sm_span at;
} sm_spec_notifications;

/* `server` of smelt.yml, with what the target says; defaults when there is no smelt.yml. */
typedef struct sm_spec_server {
    sm_text listen;
    sm_spec_enum auth; /* sm_server_auth */
    sm_spec_bool public_read, public_metrics, allow_preview;
    sm_spec_tls tls;
    sm_text base_path;
    sm_spec_texts hosts, trusted_proxies, egress, roots, environment_allow;
    sm_spec_enum reload; /* sm_server_reload */
    sm_spec_number price_per_cpu_hour;
    sm_span at;
} sm_spec_server;

typedef struct sm_spec_engine {
    sm_text type;             /* "embedded" */
    sm_spec_int memory_limit; /* bytes; 0: three quarters of the machine's memory */
    sm_spec_int threads;      /* 0: all cores */
    sm_text temp_directory;   /* "": below state.path */
    sm_spec_int workers;      /* flows at once */
    sm_span at;
} sm_spec_engine;

/* Where a secret is kept; never the secret itself. */
typedef struct sm_spec_secret {
    sm_text name; /* the key */
    sm_text file, environment;
    sm_span at;
} sm_spec_secret;

typedef struct sm_spec_secrets {
    sm_spec_secret *items;
    size_t n;
    sm_span at;
} sm_spec_secrets;

typedef enum sm_connection_kind {
    SM_CONNECTION_S3,
    SM_CONNECTION_KAFKA,
    SM_CONNECTION_HTTP,
} sm_connection_kind;

/* How to reach something outside.  A field that is a secret is the name of one. */
typedef struct sm_spec_connection {
    sm_text name;      /* the key */
    sm_spec_enum type; /* sm_connection_kind */
    sm_text endpoint, region, access_key_id, secret_access_key, session_token;
    sm_spec_bool path_style;
    sm_spec_enum server_side_encryption;
    sm_text kms_key_id, ca_file;
    sm_text brokers, security_protocol, sasl_mechanism, certificate, key;
    sm_spec_json options;
    sm_text base_url, bearer, username, password;
    sm_spec_json headers;
    sm_span at;
} sm_spec_connection;

typedef struct sm_spec_connections {
    sm_spec_connection *items;
    size_t n;
    sm_span at;
} sm_spec_connections;

typedef struct sm_spec_column {
    sm_text name;
    sm_text data_type; /* DuckDB type text, not judged here */
    sm_span at;
} sm_spec_column;

typedef struct sm_spec_columns {
    sm_spec_column *items;
    size_t n;
    sm_span at;
} sm_spec_columns;

/* Which column tells when a row happened, and how late rows may come. */
typedef struct sm_spec_watermark {
    sm_text name; /* of a table with several streaming inputs: which one; "" else */
    sm_text column;
    sm_spec_int delay;        /* microseconds */
    sm_spec_int idle_timeout; /* the same; 0: none */
    sm_spec_int max_future;   /* the same, where it is given */
    sm_span at;               /* line 0: there is no watermark */
} sm_spec_watermark;

typedef struct sm_spec_watermarks {
    sm_spec_watermark *items;
    size_t n;
    sm_span at;
} sm_spec_watermarks;

/* Of rows with the same key the first one is taken. */
typedef struct sm_spec_deduplicate {
    sm_spec_texts keys; /* columns of the result; not given: all */
    sm_spec_bool within_watermark;
    sm_span at; /* line 0: nothing is */
} sm_spec_deduplicate;

typedef enum sm_output_mode {
    SM_OUTPUT_APPEND,
    SM_OUTPUT_UPDATE,
    SM_OUTPUT_COMPLETE,
} sm_output_mode;

typedef enum sm_watermark_policy {
    SM_WATERMARK_MIN,
    SM_WATERMARK_MAX,
} sm_watermark_policy;

typedef enum sm_refresh_policy {
    SM_REFRESH_AUTO,
    SM_REFRESH_INCREMENTAL,
    SM_REFRESH_FULL
} sm_refresh_policy;

typedef enum sm_unbounded_state {
    SM_UNBOUNDED_WARN,
    SM_UNBOUNDED_ACCEPTED,
} sm_unbounded_state;

typedef enum sm_late_rows {
    SM_LATE_ROWS_QUARANTINE,
    SM_LATE_ROWS_DROP,
} sm_late_rows;

typedef struct sm_spec_source {
    sm_text name; /* the key */
    sm_text type;
    const sm_spec_unit *unit;     /* NULL only when `broken` */
    const sm_json *options;       /* of the unit, defaults included; see sm_options_fill() */
    const sm_json *origins;       /* option name -> "default" or "<file>:<line>:<column>" */
    sm_spec_columns schema;       /* n == 0: not given */
    sm_text schema_hints;         /* "battery INT, tags MAP(VARCHAR, VARCHAR)" or "" */
    sm_spec_enum evolution;       /* sm_evolution */
    sm_spec_enum on_decode_error; /* sm_decode_policy */
    sm_spec_bool include_metadata;
    sm_spec_watermark watermark; /* holds for whoever reads it */
    sm_span at;                  /* of the whole source */
    bool broken;                 /* it has a fault that is already told */
} sm_spec_source;

typedef struct sm_spec_sources {
    sm_spec_source *items;
    size_t n;
    sm_span at;
} sm_spec_sources;

typedef struct sm_spec_flow {
    sm_text name;     /* the key under `flows`; "" when the table has only one query */
    sm_text sql;      /* of the key, or what stands in sql_file */
    sm_text sql_file; /* "": the text stands in the file itself */
    sm_spec_bool once;
    sm_span at;
    bool broken;
} sm_spec_flow;

typedef struct sm_spec_flows {
    sm_spec_flow *items;
    size_t n;
    sm_span at;
} sm_spec_flows;

/* Rows whose columns are not NULL have a row in `to` with the same values. */
typedef struct sm_spec_foreign_key {
    sm_spec_texts columns;
    sm_text to;
    sm_spec_texts field; /* as many as `columns`; those by default */
    sm_span at;
} sm_spec_foreign_key;

typedef struct sm_spec_row_count {
    sm_spec_int min, max; /* one of them at least stands in the file */
    sm_span at;
} sm_spec_row_count;

/* One row at a time (expect), or the whole table when it is written (the others). */
typedef struct sm_spec_rule {
    sm_text name;         /* the key */
    sm_text expect;       /* SQL boolean over one row of the result; or one of */
    sm_spec_texts unique; /* columns that no two rows have the same values of */
    sm_spec_foreign_key foreign_key;
    sm_spec_row_count row_count;
    sm_spec_enum on_violation; /* sm_violation */
    sm_text fail_if, warn_if;  /* runtime/base/threshold.h reads them; "" when not given */
    sm_text description;
    sm_spec_texts tags;
    sm_spec_bool enabled; /* true: the others are taken out */
    sm_span at;
    bool broken;
} sm_spec_rule;

typedef struct sm_spec_rules {
    sm_spec_rule *items;
    size_t n;
    sm_span at;
} sm_spec_rules;

typedef enum sm_sink_type {
    SM_SINK_KAFKA,
    SM_SINK_FILES,
    SM_SINK_DELTA,
    SM_SINK_HTTP,
} sm_sink_type;

/* How much a request has at most. */
typedef struct sm_spec_sink_batch {
    sm_spec_int rows, bytes;
    sm_span at; /* line 0: it is not written */
} sm_spec_sink_batch;

/* Rows of a table that go outside. */
typedef struct sm_spec_sink {
    sm_text name;      /* the key */
    sm_spec_enum type; /* sm_sink_type */
    sm_text from;      /* a name, or a SELECT */
    sm_text description;
    sm_text connection;                       /* kafka, http */
    sm_text brokers, topic, key, marks_topic; /* kafka */
    sm_text path;                             /* files, delta */
    sm_text url;                              /* http */
    sm_spec_enum method;                      /* of it: POST, PUT */
    sm_spec_json headers;
    sm_spec_sink_batch batch;
    sm_spec_retry retry;
    sm_spec_enum format, delivery; /* delivery: sm_sink_delivery */
    sm_spec_json options;
    sm_span at;
    bool broken;
} sm_spec_sink;

typedef struct sm_spec_sinks {
    sm_spec_sink *items;
    size_t n;
    sm_span at;
} sm_spec_sinks;

/* Values for keys that a block does not have itself; merged before binding. */
typedef struct sm_spec_defaults {
    sm_text storage, storage_connection;
    sm_spec_json sources, tables;
    sm_span at;
} sm_spec_defaults;

typedef enum sm_target_mode { SM_MODE_DEVELOPMENT, SM_MODE_PRODUCTION } sm_target_mode;

typedef struct sm_spec_target {
    sm_text name; /* the key */
    sm_spec_bool is_default;
    sm_spec_enum mode; /* sm_target_mode */
    sm_spec_variables variables;
    sm_text storage, storage_connection, schema;
    sm_spec_engine engine;
    sm_spec_state state;
    sm_spec_defaults defaults;
    sm_spec_rules rules;
    sm_spec_secrets secrets;
    sm_spec_connections connections;
    sm_spec_server server;
    sm_spec_retry retry;
    sm_span at;
} sm_spec_target;

typedef struct sm_spec_targets {
    sm_spec_target *items;
    size_t n;
    sm_span at;
} sm_spec_targets;

/* smelt.yml, as it is written; what of it holds for a pipeline is in that pipeline's spec. */
typedef struct sm_spec_project {
    sm_spec_int version;
    sm_text name;
    sm_spec_texts include;
    sm_spec_variables variables;
    sm_spec_secrets secrets;
    sm_spec_connections connections;
    sm_spec_engine engine;
    sm_spec_state state;
    sm_spec_rules rules;
    sm_spec_defaults defaults;
    sm_spec_targets targets;
    sm_spec_server server;
    sm_spec_retry retry;
    sm_spec_notifications notifications;
    sm_spec_json meta;
    sm_span at;
} sm_spec_project;

typedef enum sm_test_kind {
    SM_TEST_NOT_NULL,
    SM_TEST_ACCEPTED_VALUES,
    SM_TEST_ACCEPTED_RANGE,
    SM_TEST_REGEX,
    SM_TEST_UNIQUE,        /* of the whole table, */
    SM_TEST_RELATIONSHIPS, /* as this one */
} sm_test_kind;

/* A test of a column: an expectation in fewer words. */
typedef struct sm_spec_test {
    sm_text name;                        /* default: <column>_<test> */
    sm_spec_enum test;                   /* sm_test_kind */
    sm_spec_scalars values;              /* accepted_values */
    sm_spec_scalar min_value, max_value; /* accepted_range: one of them at least */
    sm_text pattern;                     /* regex */
    sm_text to, field;                   /* relationships */
    sm_spec_enum on_violation;           /* sm_violation */
    sm_text fail_if, warn_if;
    sm_text description;
    sm_spec_texts tags;
    sm_span at;
    bool broken;
} sm_spec_test;

/* A check of the whole table, not of each row. */
static inline bool sm_test_is_whole(const sm_spec_test *t)
{
    return t->test.v == SM_TEST_UNIQUE || t->test.v == SM_TEST_RELATIONSHIPS;
}

typedef struct sm_spec_tests {
    sm_spec_test *items;
    size_t n;
    sm_span at;
} sm_spec_tests;

typedef struct sm_spec_table_column {
    sm_text name;
    sm_text data_type; /* SQL type, or "" */
    sm_text description;
    sm_spec_tests tests;
    sm_span at;
    bool broken;
} sm_spec_table_column;

typedef struct sm_spec_table_columns {
    sm_spec_table_column *items;
    size_t n;
    sm_span at;
} sm_spec_table_columns;

typedef enum sm_contract { SM_CONTRACT_NONE, SM_CONTRACT_WARN, SM_CONTRACT_ENFORCED } sm_contract;

typedef struct sm_spec_table {
    sm_text name;      /* the key */
    sm_spec_enum type; /* sm_table_kind */
    sm_text layer, description;
    sm_text from;        /* a name, x or schema.x: SELECT * FROM STREAM(x), or plain x in a view */
    sm_text sql;         /* of the key, or what stands in sql_file */
    sm_text sql_file;    /* "": the text stands in the file itself */
    sm_spec_flows flows; /* exactly one of from, sql, flows is set unless `broken` */
    sm_spec_bool include_metadata;
    sm_spec_watermarks watermark;    /* a view: of its result; a table: of its streaming inputs */
    sm_spec_deduplicate deduplicate; /* of its result */
    sm_spec_enum output_mode;        /* sm_output_mode */
    sm_spec_enum watermark_policy;   /* sm_watermark_policy */
    sm_spec_enum unbounded_state;    /* sm_unbounded_state */
    sm_spec_enum refresh_policy;     /* sm_refresh_policy; of a materialized view */
    sm_spec_enum late_rows;          /* sm_late_rows */
    sm_spec_bool no_data_batches;
    sm_spec_texts partition_by;
    sm_spec_texts tags;
    sm_text owner;
    sm_spec_bool enabled;       /* false: it stands in sm_spec.disabled only */
    sm_spec_bool is_private;    /* other pipelines of the project may not read it */
    sm_spec_bool reset_allowed; /* false: a full refresh is refused */
    sm_spec_rules expectations;
    sm_spec_table_columns columns;
    sm_spec_enum contract; /* sm_contract */
    sm_spec_table_trigger trigger;
    sm_spec_freshness freshness; /* not given: that of the pipeline */
    sm_spec_json properties;     /* of the Delta table: an object of texts; v NULL: none */
    sm_spec_json meta;
    sm_span at;
    bool broken; /* it has a fault that is already told */
} sm_spec_table;

typedef struct sm_spec_tables {
    sm_spec_table *items;
    size_t n;
    sm_span at;
} sm_spec_tables;

/* A file that a spec was made of. */
typedef struct sm_spec_doc {
    const char *file; /* as messages name it */
    sm_sv text;
} sm_spec_doc;

typedef struct sm_spec_docs {
    const sm_spec_doc *items;
    size_t n;
} sm_spec_docs;

/* A name with its value: `--var name=value`, or what `${name}` stood for. */
typedef struct sm_spec_given {
    sm_sv name, value;
} sm_spec_given;

/* What a load asks of the outside; a zeroed one has nothing to say. */
typedef struct sm_spec_env {
    const sm_spec_unit *units;                      /* source types */
    const sm_spec_given *vars;                      /* --var, the last of a name counts */
    size_t n_vars;                                  /* */
    const char *(*variable)(const char *name);      /* of the process; NULL: there are none */
    sm_sv (*commit)(const char *file, sm_arena *a); /* of the file's repository; "": none */
    const char *project_file;                       /* smelt.yml, as messages name it; NULL: none */
    sm_sv project_text;                             /* borrowed as long as the spec */
    sm_sv project_way; /* from the folder of the pipeline to that of smelt.yml: "", "../" … */
    sm_sv target;      /* -t; "": the default of the project */
    /* A variable of the environment was named there; with read_ctx.  NULL: nobody asks. */
    void (*used)(void *ctx, sm_sv name, sm_span at);
    /* Read a file that the document names; NULL: from the disk. */
    sm_code (*read)(void *ctx, const char *file, size_t max, sm_arena *a, sm_sv *out,
                    sm_error *err);
    void *read_ctx;
} sm_spec_env;

typedef struct sm_spec {
    const char *file;             /* as given to the loader */
    sm_spec_docs docs;            /* that file, and each that it names */
    const sm_spec_given *outside; /* what `${…}` took from outside: with docs and variables all */
    size_t n_outside;             /* that decides what a spec says; never a secret */
    sm_spec_int version;
    sm_text pipeline, description, owner;
    sm_text schema;  /* default: the pipeline's name */
    sm_text storage; /* a local folder, relative to the file, or "s3://bucket/prefix" */
    sm_text storage_connection;
    sm_spec_state state;
    sm_spec_engine engine;
    sm_spec_trigger trigger;
    sm_spec_freshness freshness; /* of tables that do not say */
    sm_spec_retry retry;
    sm_spec_int timeout;                 /* microseconds; 0: none */
    sm_spec_enum concurrency;            /* sm_spec_concurrency */
    sm_spec_notifications notifications; /* of the pipeline's own file */
    sm_spec_server server;
    sm_spec_texts tags;
    sm_spec_variables variables;
    sm_spec_sources sources; /* in file order, as everything below */
    sm_spec_tables tables;
    sm_spec_sinks sinks;
    sm_spec_tables disabled; /* tables that are written down and no part of the pipeline */
    sm_spec_json meta;
    sm_spec_project project; /* zeroed when there is none */
    sm_spec_secrets secrets; /* of the project and the target, in force */
    sm_spec_connections connections;
    sm_sv target;    /* in force; "" when there is none */
    bool production; /* its mode */
    sm_span at;
} sm_spec;

/* Load `path`.  Faults of the document go to `d`, all of them in one pass; the answer is what
 * could be made of it, so that the plan can find more, and NULL when nothing could (not
 * readable as YAML, not a map).  SM_E_*: the file could not be read, and nothing was told to
 * `d`. */
sm_code sm_spec_load(const char *path, const sm_spec_env *env, sm_arena *a, sm_diags *d,
                     const sm_spec **out, sm_error *err);

/* Is `storage` a bucket? */
bool sm_spec_is_remote(const sm_spec *s);
/* What reaches it; NULL: what the environment says. */
const sm_spec_connection *sm_spec_storage_connection(const sm_spec *s);
/* Do its files lie in a bucket, and who reaches that?  Is it asked over the network, so or else? */
bool sm_spec_source_is_remote(const sm_spec_source *s);
bool sm_spec_source_is_outside(const sm_spec_source *s);
const sm_spec_connection *sm_spec_source_connection(const sm_spec *s, const sm_spec_source *source);

/* The same over text in memory, borrowed as long as `a`; files that it names are read. */
const sm_spec *sm_spec_parse(const char *file, sm_sv text, const sm_spec_env *env, sm_arena *a,
                             sm_diags *d);

/* Every value with its origin, for `show --resolved`: [{key, value, origin}], origin "default"
 * or "<file>:<line>:<column>".  `name` is a source or a table; "" is the pipeline's own keys;
 * NULL when there is no such thing.  Lives in `a`. */
sm_json *sm_spec_resolved(const sm_spec *s, sm_sv name, sm_arena *a);

#endif
