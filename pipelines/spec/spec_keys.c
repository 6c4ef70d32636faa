/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys.c -- the tables themselves.  A new key is a row here and a field in spec.h. */
#include "pipelines/spec/spec_keys.h"

#include <string.h>

#include "pipelines/spec/spec.h"
#include "runtime/base/threshold.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static bool is_word_char(char c, bool first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!first && c >= '0' && c <= '9');
}

static bool is_name(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_char(s.ptr[i], i == 0))
            return false;
    return s.len > 0 && s.len <= SM_SPEC_MAX_NAME;
}

static bool is_reference(sm_sv s)
{
    const char *dot = s.len > 0 ? memchr(s.ptr, '.', s.len) : NULL;
    size_t left = dot ? (size_t)(dot - s.ptr) : 0;

    if (!dot)
        return is_name(s);
    return is_name((sm_sv){ s.ptr, left }) && is_name((sm_sv){ dot + 1, s.len - left - 1 });
}

static bool is_tag(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_char(s.ptr[i], false) && !strchr("-.:/", s.ptr[i]))
            return false;
    return s.len > 0 && s.len <= SM_SPEC_MAX_NAME;
}

/* Whatever has a scheme ("s3://bucket") is somewhere else. */
static bool is_local(sm_sv s)
{
    size_t i = 0;

    while (i < s.len && (is_word_char(s.ptr[i], false) || s.ptr[i] == '+' || s.ptr[i] == '-'))
        i++;
    return i == 0 || i + 2 >= s.len || memcmp(s.ptr + i, "://", 3) != 0;
}

/* Text of "s3://bucket/…"; what a bucket may be called is judged where it is connected to. */
static bool is_storage(sm_sv s)
{
    return is_local(s) || (s.len > 5 && memcmp(s.ptr, "s3://", 5) == 0 && s.ptr[5] != '/');
}

/* A path from here: what leaves the project is told when the file is looked for. */
static bool is_beside(sm_sv s)
{
    return s.len > 0 && s.ptr[0] != '/' && is_local(s);
}

static bool is_threshold(sm_sv s)
{
    sm_threshold ignored;

    return sm_threshold_parse(s, &ignored);
}

const sm_key_form sm_form_name = {
    .pattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
    .words = "a name: letters, digits and _, no digit first, at most 128",
    .code = "SM0118",
    .matches = is_name,
};
const sm_key_form sm_form_reference = {
    .pattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}(\\.[A-Za-z_][A-Za-z0-9_]{0,127})?$",
    .words = "the name of a source, table or view",
    .hint = "`from: x` takes the new rows of x; a query, and STREAM(x), go under `sql`",
    .code = "SM0125",
    .matches = is_reference,
};
const sm_key_form sm_form_tag = {
    .pattern = "^[A-Za-z0-9_.:/-]{1,128}$",
    .words = "a tag: letters, digits and _ - . : /, at most 128",
    .code = "SM0118",
    .matches = is_tag,
};
const sm_key_form sm_form_local = {
    .pattern = "^(?![A-Za-z0-9_+-]+://)",
    .words = "supported yet: only a folder of this machine is",
    .code = "SM0117",
    .matches = is_local,
};

const sm_key_form sm_form_beside = {
    .pattern = "^(?![A-Za-z0-9_+-]+://)[^/]",
    .words = "a relative path",
    .hint = "the file lies beside this one, or below it, as sql/orders.sql",
    .code = "SM0141",
    .matches = is_beside,
};

const sm_key_form sm_form_threshold = {
    .pattern = SM_THRESHOLD_PATTERN,
    .words = "a threshold: > or >=, then a number of rows or a share of them",
    .hint = "it is written as \"> 100\", \">= 5%\" or \"> 0.1%\", in quotes",
    .code = "SM0607",
    .matches = is_threshold,
};

const sm_key_form sm_form_storage = {
    .pattern = "^(s3://[^/]|(?![A-Za-z0-9_+-]+://))",
    .words = "supported yet: a folder of this machine is, and s3://bucket/prefix",
    .code = "SM0117",
    .matches = is_storage,
};

static const sm_key state_keys[] = {
    { .name = "path",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_state, path),
      .fallback_doc = "<storage>/.smelt",
      .form = &sm_form_local,
      .doc = "Local folder of the control store, locks and staging, relative to this file. With "
             "tables in a bucket it must be said." },
    { .name = "durable",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_state, durable),
      .fallback = "true",
      .doc = "With tables in a bucket: decisions and what queries remember are kept there too, so "
             "that another machine goes on." },
    END,
};

const sm_block sm_block_state = {
    .name = "state",
    .what = "`state`",
    .doc = "Where smelt remembers how far it came.",
    .size = sizeof(sm_spec_state),
    .at = offsetof(sm_spec_state, at),
    .keys = state_keys,
};

static const sm_key engine_keys[] = {
    { .name = "type",
      .kind = SM_KEY_CHOICE,
      .offset = offsetof(sm_spec_engine, type),
      .fallback = "embedded",
      .choices = LIST("embedded"),
      .later = LIST("spark"),
      .doc = "What runs the queries: DuckDB inside of this process." },
    { .name = "memory_limit",
      .kind = SM_KEY_SIZE,
      .offset = offsetof(sm_spec_engine, memory_limit),
      .fallback_doc = "75% of the machine's memory",
      .min = INT64_C(64) << 20,
      .max = INT64_C(1) << 50,
      .doc = "The most memory that queries may take, such as 4GiB." },
    { .name = "threads",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_engine, threads),
      .fallback_doc = "all cores",
      .min = 1,
      .max = 1024,
      .doc = "How many threads queries may use." },
    { .name = "temp_directory",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_engine, temp_directory),
      .fallback_doc = "a folder below state.path",
      .form = &sm_form_local,
      .doc = "Local folder for what does not fit in memory." },
    { .name = "workers",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_engine, workers),
      .fallback = "4",
      .min = 1,
      .max = 256,
      .doc = "How many flows run at once." },
    END,
};

const sm_block sm_block_engine = {
    .name = "engine",
    .what = "`engine`",
    .doc = "What the engine that runs the queries may use.",
    .size = sizeof(sm_spec_engine),
    .at = offsetof(sm_spec_engine, at),
    .keys = engine_keys,
};

static const sm_key column_keys[] = {
    { .name = "name",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_column, name),
      .required = true,
      .doc = "Name of the column, as it stands in the data." },
    { .name = "data_type",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_column, data_type),
      .required = true,
      .doc = "SQL type of the column, such as BIGINT, TIMESTAMP or DECIMAL(10,2)." },
    END,
};

const sm_block sm_block_column = {
    .name = "column",
    .what = "a column",
    .doc = "One column of a source.",
    .size = sizeof(sm_spec_column),
    .at = offsetof(sm_spec_column, at),
    .keys = column_keys,
};

static const sm_key source_keys[] = {
    { .name = "type",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_source, type),
      .required = true,
      .doc = "Where the rows come from." },
    { .name = "schema",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_spec_source, schema),
      .block = &sm_block_column,
      .doc = "The columns, when they are not to be inferred from the data." },
    { .name = "schema_hints",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_source, schema_hints),
      .doc = "Types for some of the inferred columns and their parts, as \"battery INT, user.born "
             "DATE, items.element.price DECIMAL(10,2)\"; what the data has not yet is added." },
    { .name = "schema_evolution_mode",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_source, evolution),
      .fallback_doc = "add_new_columns, and none when `schema` is given",
      .choices = LIST("fail_on_new_columns", "none", "rescue", "add_new_columns",
                      "add_new_columns_with_type_widening"),
      .doc = "What becomes of fields that are no columns yet: they become columns, which may "
             "take wider types, they are ignored, they are kept in the column for rescued data, or "
             "the "
             "batch fails." },
    { .name = "on_decode_error",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_source, on_decode_error),
      .fallback = "quarantine",
      .choices = LIST("fail", "drop", "quarantine"),
      .doc = "What happens with input that is no record: it is kept in the quarantine of the "
             "table, it is counted and left out, or the batch fails." },
    { .name = "include_metadata",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_source, include_metadata),
      .fallback = "false",
      .doc = "Give every reader the columns _metadata, which tells the file of a row, and "
             "_ingested_at, when its batch began." },
    { .name = "watermark",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_source, watermark),
      .block = &sm_block_watermark,
      .optional = true,
      .doc = "The event time of its rows, for whoever reads them as a stream." },
    END,
};

const sm_block sm_block_source = {
    .name = "sources",
    .what = "a source",
    .doc = "Where rows come from.",
    .size = sizeof(sm_spec_source),
    .at = offsetof(sm_spec_source, at),
    .broken = offsetof(sm_spec_source, broken),
    .keys = source_keys,
    .units = true,
    /* Options that a unit has are found before these, so a source that learns one of them
     * needs no change here. */
    .later = LIST("format", "rescued_data_column", "corrupt_record_column", "path",
                  "infer_column_types", "path_glob_filter", "recursive_file_lookup",
                  "include_existing_files", "allow_overwrites", "max_files_per_trigger",
                  "max_bytes_per_trigger", "partition_columns", "modified_after", "modified_before",
                  "clean_source", "detection", "backfill_interval", "header", "sep", "multi_line",
                  "brokers", "connection", "topics", "topic_pattern", "assign", "starting_offsets",
                  "max_offsets_per_trigger", "fail_on_data_loss", "isolation", "value_format",
                  "include_headers", "options", "starting_version", "starting_timestamp",
                  "allow_absolute_paths", "skip_change_commits", "read_change_feed", "url",
                  "method", "headers", "pagination", "cursor", "poll_interval", "records_path",
                  "rows_per_second", "rows", "seed", "fields"),
};

static const sm_key expectation_keys[] = {
    { .name = "expect",
      .kind = SM_KEY_SQL,
      .offset = offsetof(sm_spec_rule, expect),
      .doc = "SQL boolean over one row of the result; a row passes only if it is true, so NULL "
             "is a violation." },
    { .name = "unique",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_rule, unique),
      .single = true,
      .doc = "Columns of which no two rows of the table have the same values; rows with a NULL "
             "among them are not compared." },
    { .name = "foreign_key",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_rule, foreign_key),
      .block = &sm_block_foreign_key,
      .doc = "Columns whose values stand in another table." },
    { .name = "row_count",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_rule, row_count),
      .block = &sm_block_row_count,
      .doc = "How many rows the table has." },
    { .name = "on_violation",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_rule, on_violation),
      .fallback = "warn",
      .choices = LIST("warn", "drop", "quarantine", "fail"),
      .doc = "What happens with a row that breaks the rule: it is counted, left out, kept in "
             "<table>__quarantine, or the batch fails. Checks of a whole table warn or fail." },
    { .name = "fail_if",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_rule, fail_if),
      .form = &sm_form_threshold,
      .doc = "How many rows may break the rule before the run fails, as \"> 100\" or \"> 1%\": of "
             "all rows of the run at its end, and of a batch of 1,000 rows or more before it is "
             "written." },
    { .name = "warn_if",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_rule, warn_if),
      .form = &sm_form_threshold,
      .doc = "How many rows may break the rule before the run has a warning; without it one is "
             "enough." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_rule, description),
      .doc = "What the rule is for." },
    { .name = "tags",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_rule, tags),
      .form = &sm_form_tag,
      .doc = "Words to find it by." },
    { .name = "enabled",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_rule, enabled),
      .fallback = "true",
      .doc = "False takes the rule out." },
    END,
};

const sm_block sm_block_expectation = {
    .name = "expectations",
    .what = "an expectation",
    .doc =
        "A rule that each row of the result has to meet, or a check of the whole table when it is "
        "written. A text is short for {expect: text}.",
    .size = sizeof(sm_spec_rule),
    .at = offsetof(sm_spec_rule, at),
    .broken = offsetof(sm_spec_rule, broken),
    .keys = expectation_keys,
    .one_of = LIST("expect", "unique", "foreign_key", "row_count"),
    .shorthand = "expect",
};

static const sm_key variable_keys[] = {
    { .name = "default",
      .kind = SM_KEY_SCALAR,
      .offset = offsetof(sm_spec_variable, fallback),
      .doc = "The value, unless `--var` or a target gives another one." },
    { .name = "type",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_variable, type),
      .fallback_doc = "that of the default value, else VARCHAR",
      .doc = "SQL type that it has as $x: VARCHAR, BOOLEAN, BIGINT, DOUBLE, DECIMAL(10,2), DATE, "
             "TIMESTAMP or INTERVAL." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_variable, description),
      .doc = "What it is for." },
    END,
};

const sm_block sm_block_variable = {
    .name = "variables",
    .what = "a variable",
    .doc = "A value that may differ from run to run. A scalar is short for {default: scalar}.",
    .size = sizeof(sm_spec_variable),
    .at = offsetof(sm_spec_variable, at),
    .broken = offsetof(sm_spec_variable, broken),
    .keys = variable_keys,
    .shorthand = "default",
};

static const sm_key flow_keys[] = {
    { .name = "sql",
      .kind = SM_KEY_SQL,
      .offset = offsetof(sm_spec_flow, sql),
      .doc = "One SELECT; STREAM(x) reads the new rows of x." },
    { .name = "sql_file",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_flow, sql_file),
      .form = &sm_form_beside,
      .doc = "File that holds the SELECT, relative to this file." },
    { .name = "once",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_flow, once),
      .fallback = "false",
      .doc = "Run a single batch and never again, as for a backfill." },
    END,
};

const sm_block sm_block_flow = {
    .name = "flows",
    .what = "a flow",
    .doc = "One of several queries that append to a table.",
    .size = sizeof(sm_spec_flow),
    .at = offsetof(sm_spec_flow, at),
    .broken = offsetof(sm_spec_flow, broken),
    .keys = flow_keys,
    .one_of = LIST("sql", "sql_file"),
};

static const sm_key table_keys[] = {
    { .name = "type",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, type),
      .fallback = "streaming_table",
      .choices = LIST("streaming_table", "materialized_view", "view"),
      .doc = "A streaming table grows by the new rows of its inputs, a materialized view is "
             "computed anew when an input changed, a view is not stored." },
    { .name = "layer",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table, layer),
      .form = &sm_form_tag,
      .doc = "How refined it is: bronze, silver or gold, or a word of your own." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table, description),
      .doc = "What it holds." },
    { .name = "from",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table, from),
      .form = &sm_form_reference,
      .doc = "Take all rows of one dataset: short for SELECT * FROM STREAM(x), or FROM x in a "
             "view." },
    { .name = "sql",
      .kind = SM_KEY_SQL,
      .offset = offsetof(sm_spec_table, sql),
      .doc = "One SELECT; STREAM(x) reads the new rows of x, plain x all of them." },
    { .name = "sql_file",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table, sql_file),
      .form = &sm_form_beside,
      .doc = "File that holds the SELECT, relative to this file." },
    { .name = "flows",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec_table, flows),
      .block = &sm_block_flow,
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "Several queries that append to this table, by name." },
    { .name = "include_metadata",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_table, include_metadata),
      .fallback = "false",
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "With `from` a source of files: add its columns _metadata and _ingested_at." },
    { .name = "watermark",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec_table, watermark),
      .block = &sm_block_watermark,
      .unnamed = true,
      .form = &sm_form_reference,
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW,
      .single_in = 1U << SM_TABLE_VIEW,
      .doc =
          "The event time of its streaming input; with several of them a map from the name of an "
          "input. Of a view: of its rows, for whoever reads them." },
    { .name = "deduplicate",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_table, deduplicate),
      .block = &sm_block_deduplicate,
      .optional = true,
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW,
      .doc = "Take the first row of each key, over all batches; it sees the result of the query, "
             "before expectations." },
    { .name = "output_mode",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, output_mode),
      .fallback = "append",
      .choices = LIST("append", "update", "complete"),
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "What a batch does to the table: it appends what is final, upserts the groups that it "
             "touched, or replaces all rows." },
    { .name = "watermark_policy",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, watermark_policy),
      .fallback = "min",
      .choices = LIST("min", "max"),
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "Which of several watermarks counts: the least or the greatest." },
    { .name = "no_data_batches",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_table, no_data_batches),
      .fallback = "true",
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "Run a batch without rows when the watermark has moved, so that what became final is "
             "written at once." },
    { .name = "unbounded_state",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, unbounded_state),
      .fallback = "warn",
      .choices = LIST("warn", "accepted"),
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "Accepted: what the query remembers may grow for ever, without a warning." },
    { .name = "refresh_policy",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, refresh_policy),
      .fallback = "auto",
      .choices = LIST("auto", "incremental", "full"),
      .except = 1U << SM_TABLE_STREAMING | 1U << SM_TABLE_VIEW,
      .doc = "Incremental keeps a materialized view by what was added to its input, which pays "
             "where groups "
             "have many rows; else it is computed anew when an input changed." },
    { .name = "late_rows",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, late_rows),
      .fallback = "quarantine",
      .choices = LIST("quarantine", "drop"),
      .except = 1U << SM_TABLE_MATERIALIZED_VIEW | 1U << SM_TABLE_VIEW,
      .doc = "What happens with rows behind the watermark: they are kept in <table>__late, or "
             "counted and left out." },
    { .name = "partition_by",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_table, partition_by),
      .except = 1U << SM_TABLE_VIEW,
      .doc = "Columns whose values become folders." },
    { .name = "expectations",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec_table, expectations),
      .block = &sm_block_expectation,
      .listed = true,
      .except = 1U << SM_TABLE_VIEW,
      .doc = "Rules that each row of the result has to meet, by name; or a list of rules of "
             "smelt.yml, by name or as tag:x." },
    { .name = "columns",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_spec_table, columns),
      .block = &sm_block_table_column,
      .except = 1U << SM_TABLE_VIEW,
      .doc = "What is said of its columns: type, description, tests." },
    { .name = "contract",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_table, contract),
      .fallback = "none",
      .choices = LIST("none", "warn", "enforced"),
      .except = 1U << SM_TABLE_VIEW,
      .doc = "Whether the query has to give the columns of `columns` and no others, with these "
             "types." },
    { .name = "trigger",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_table, trigger),
      .block = &sm_block_table_trigger,
      .optional = true,
      .except = 1U << SM_TABLE_VIEW,
      .doc = "In a server: write it by runs of its own, and not by each run of the pipeline." },
    { .name = "freshness",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_table, freshness),
      .block = &sm_block_freshness,
      .optional = true,
      .except = 1U << SM_TABLE_VIEW,
      .doc = "How old its rows may be before it is late, and stale." },
    { .name = "properties",
      .kind = SM_KEY_PROPERTIES,
      .offset = offsetof(sm_spec_table, properties),
      .except = 1U << SM_TABLE_VIEW,
      .doc =
          "Properties of the Delta table: names of your own, and those of delta.… that ask no more "
          "of its writers." },
    { .name = "tags",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_table, tags),
      .form = &sm_form_tag,
      .doc = "Words to find it by: `--select tag:x`." },
    { .name = "owner",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table, owner),
      .doc = "Who answers for it." },
    { .name = "enabled",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_table, enabled),
      .fallback = "true",
      .doc = "False takes it out of the pipeline: what it wrote is kept and not written." },
    { .name = "private",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_table, is_private),
      .fallback = "false",
      .except = 1U << SM_TABLE_VIEW,
      .doc = "True keeps it from the other pipelines of the project." },
    { .name = "reset_allowed",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_table, reset_allowed),
      .fallback = "true",
      .except = 1U << SM_TABLE_VIEW,
      .doc = "False refuses --full-refresh of this table, whose rows cannot be had again." },
    { .name = "meta",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_spec_table, meta),
      .doc = "Free space." },
    END,
};

const sm_block sm_block_table = {
    .name = "tables",
    .what = "a table",
    .doc = "A streaming table, a materialized view or a view.",
    .size = sizeof(sm_spec_table),
    .at = offsetof(sm_spec_table, at),
    .broken = offsetof(sm_spec_table, broken),
    .keys = table_keys,
    .variant = "type",
    .one_of = LIST("from", "sql", "sql_file", "flows"),
    .later = LIST("auto_cdc", "cluster_by", "maintenance", "retention"),
};

static const sm_key pipeline_keys[] = {
    { .name = "version",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec, version),
      .required = true,
      .min = 1,
      .max = 1,
      .doc = "Version of this language." },
    { .name = "pipeline",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, pipeline),
      .required = true,
      .early = true,
      .form = &sm_form_name,
      .doc = "Name of the pipeline." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, description),
      .doc = "What it is for." },
    { .name = "owner",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, owner),
      .doc = "Who answers for it." },
    { .name = "schema",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, schema),
      .fallback_doc = "the pipeline's name",
      .form = &sm_form_name,
      .doc = "Tables land in <storage>/<schema>/<table>." },
    { .name = "storage",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, storage),
      .required = true,
      .form = &sm_form_storage,
      .doc = "What holds the tables: a local folder, relative to this file, or "
             "s3://bucket/prefix." },
    { .name = "storage_connection",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec, storage_connection),
      .fallback_doc = "the only one of type s3; without one, AWS_* of the environment",
      .form = &sm_form_name,
      .doc = "Connection of smelt.yml that reaches the bucket of `storage`." },
    { .name = "state",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec, state),
      .block = &sm_block_state,
      .doc = "Where smelt remembers how far it came." },
    { .name = "engine",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec, engine),
      .block = &sm_block_engine,
      .doc = "What the engine that runs the queries may use." },
    { .name = "trigger",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec, trigger),
      .block = &sm_block_trigger,
      .doc = "When `smelt serve` runs it: available_now once at its start and afterwards when a "
             "person asks, {interval: 10s} again and again, {schedule: \"0 6 * * *\"} by a "
             "timetable, {when: […]} as things happen, continuous all the time. `smelt run` "
             "catches up at once." },
    { .name = "freshness",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec, freshness),
      .block = &sm_block_freshness,
      .optional = true,
      .doc = "How old the rows of its tables may be, for those that do not say it themselves." },
    { .name = "retry",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec, retry),
      .block = &sm_block_retry,
      .doc = "What a server does with a run that something outside made fail." },
    { .name = "timeout",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec, timeout),
      .min = 1000000,
      .fallback_doc = "none",
      .doc = "A run that takes longer is stopped and has failed: what is decided is finished, what "
             "is not decided is thrown away." },
    { .name = "concurrency",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec, concurrency),
      .fallback = "queue",
      .choices = LIST("queue", "skip", "cancel"),
      .doc = "What happens in a server when a run is due and the pipeline is at work: it waits, it "
             "is left out, or it takes the place of the one that runs." },
    { .name = "tags",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec, tags),
      .form = &sm_form_tag,
      .doc = "Words to find it by." },
    { .name = "variables",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec, variables),
      .early = true,
      .block = &sm_block_variable,
      .doc = "Values that may differ from run to run, by name: ${var.x} in values, $x in SQL." },
    { .name = "sources",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec, sources),
      .block = &sm_block_source,
      .doc = "Where rows come from, by name." },
    { .name = "tables",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec, tables),
      .required = true,
      .block = &sm_block_table,
      .doc = "Tables and views, by name." },
    { .name = "sinks",
      .kind = SM_KEY_MAP,
      .offset = offsetof(sm_spec, sinks),
      .block = &sm_block_sink,
      .doc = "Where rows of tables go outside, by name." },
    { .name = "notifications",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_spec, notifications),
      .block = &sm_block_notification,
      .doc = "Who a server tells of what needs a person." },
    { .name = "meta",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_spec, meta),
      .doc = "Free space." },
    END,
};

const sm_block sm_block_pipeline = {
    .name = "pipeline",
    .what = "a pipeline",
    .doc = "A smelt pipeline.",
    .size = sizeof(sm_spec),
    .at = offsetof(sm_spec, at),
    .keys = pipeline_keys,
    .extensions = true,
    .later = LIST("tests", "maintenance"),
    .elsewhere =
        LIST("include", "secrets", "connections", "server", "rules", "defaults", "targets", "name"),
};

const sm_key *sm_key_variant(const sm_block *block)
{
    return block->variant ? sm_key_find(block, sm_sv_cstr(block->variant)) : NULL;
}

const sm_key *sm_key_find(const sm_block *block, sm_sv name)
{
    for (const sm_key *k = block->keys; k->name; k++)
        if (sm_sv_eq_str(name, k->name))
            return k;
    return NULL;
}

bool sm_key_listed(const char *const *list, sm_sv name)
{
    for (; list && *list; list++)
        if (sm_sv_eq_str(name, *list))
            return true;
    return false;
}
