/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_suite.c -- the keys of files of tests. */
#include "pipelines/spec/spec_keys.h"
#include "pipelines/spec/spec_suite.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define ROWS_SHAPE "{\"type\":\"array\",\"items\":{\"type\":[\"object\",\"array\"]}}"
#define INPUTS_SHAPE                                                                               \
    "{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":\"null\"}," ROWS_SHAPE    \
    "]}}"
#define FILES_SHAPE                                                                                \
    "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":" \
    "{\"type\":\"string\"}}}"
#define COUNT_SHAPE "{\"type\":\"integer\",\"minimum\":0}"
#define COUNTS_SHAPE                                                                               \
    "{\"anyOf\":[" COUNT_SHAPE ",{\"type\":\"object\",\"additionalProperties\":" COUNT_SHAPE "}]}"
#define NUMBERS_SHAPE "{\"anyOf\":[" COUNT_SHAPE ",{\"type\":\"array\",\"items\":" COUNT_SHAPE "}]}"
#define TIME_SHAPE    "{\"type\":[\"string\",\"null\"]}"
#define ASIDE_SHAPE                                                                                \
    "{\"anyOf\":[" COUNT_SHAPE "," ROWS_SHAPE ",{\"type\":\"object\",\"additionalProperties\":"    \
    "{\"anyOf\":[" COUNT_SHAPE "," ROWS_SHAPE "]}}]}"

static const sm_key expect_keys[] = {
    { .name = "table",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite_expect, table),
      .fallback_doc = "the table of the test",
      .doc = "The table that is looked at." },
    { .name = "rows",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, rows),
      .shape = ROWS_SHAPE,
      .doc = "All rows of the table, in any order; columns that a row does not name are not "
             "looked at. A list instead of a map is all columns by their place." },
    { .name = "emitted",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, emitted),
      .shape = ROWS_SHAPE,
      .doc = "The rows that were written since the last expectation on the table." },
    { .name = "last_batch",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, last_batch),
      .shape = ROWS_SHAPE,
      .doc = "The rows that the last micro-batch wrote." },
    { .name = "count",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_suite_expect, count),
      .max = INT64_MAX,
      .fallback_doc = "not looked at",
      .doc = "How many rows the table has." },
    { .name = "ordered",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_suite_expect, ordered),
      .fallback = "false",
      .doc = "Rows are compared in the order in which they stand in the table." },
    { .name = "dropped",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, dropped),
      .shape = COUNTS_SHAPE,
      .doc = "How many rows rules have dropped since the test began; or a map of such numbers by "
             "table." },
    { .name = "quarantined",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, quarantined),
      .shape = ASIDE_SHAPE,
      .doc = "How many rows the quarantine has, or which ones; or a map of that by table." },
    { .name = "late",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, late),
      .shape = COUNTS_SHAPE,
      .doc = "How many rows came too late since the test began; or a map of such numbers by "
             "table." },
    { .name = "duplicates",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, duplicates),
      .shape = COUNTS_SHAPE,
      .doc = "How many rows had come before since the test began; or a map of such numbers by "
             "table." },
    { .name = "watermark",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, watermark),
      .shape = TIME_SHAPE,
      .doc = "How far event time has come, as the next micro-batch takes it; null: no row has made "
             "a watermark yet." },
    { .name = "batch_watermark",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, batch_watermark),
      .shape = TIME_SHAPE,
      .doc = "How far event time had come in the last micro-batch that had rows." },
    { .name = "state_rows",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_expect, state_rows),
      .shape = NUMBERS_SHAPE,
      .doc =
          "How many groups, sessions, keys and rows of joins are remembered; a list has a number "
          "for each stage that remembers, that of the output first." },
    { .name = "error",
      .kind = SM_KEY_SCALAR,
      .offset = offsetof(sm_suite_expect, error),
      .doc = "What ran before has failed: true, the code of a diagnostic (SM0503), or the kind of "
             "failure (rule, sql, invalid)." },
    END,
};

static const sm_block expect_block = {
    .name = "expect",
    .what = "an expectation of a test",
    .doc = "What must be true of a table.",
    .size = sizeof(sm_suite_expect),
    .at = offsetof(sm_suite_expect, at),
    .keys = expect_keys,
};

static const sm_key step_keys[] = {
    { .name = "ingest",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_step, ingest),
      .shape = INPUTS_SHAPE,
      .doc = "Rows of sources, or of tables that are replaced: one micro-batch." },
    { .name = "ingest_files",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_step, ingest_files),
      .shape = FILES_SHAPE,
      .doc = "Files by name that appear in the folder of a source, which reads them as it would." },
    { .name = "run",
      .kind = SM_KEY_CHOICE,
      .offset = offsetof(sm_suite_step, run),
      .choices = LIST("available_now"),
      .doc = "A whole run with what is there." },
    { .name = "restart",
      .kind = SM_KEY_CHOICE,
      .offset = offsetof(sm_suite_step, restart),
      .choices = LIST("restart"),
      .doc = "`- restart`: stop, and start from the same checkpoint." },
    { .name = "advance",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite_step, advance),
      .doc = "Move the simulated clock: 10 minutes." },
    { .name = "expect",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_suite_step, expect),
      .block = &expect_block,
      .doc = "What must be true now." },
    END,
};

static const sm_block step_block = {
    .name = "step",
    .what = "a step",
    .doc = "One thing that happens, or that must be true.",
    .size = sizeof(sm_suite_step),
    .at = offsetof(sm_suite_step, at),
    .keys = step_keys,
    .one_of = LIST("ingest", "ingest_files", "run", "restart", "advance", "expect"),
    .shorthand = "restart",
};

static const sm_key test_keys[] = {
    { .name = "name",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite_test, name),
      .required = true,
      .doc = "A sentence that is true when the test passes." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite_test, description),
      .doc = "Why it matters." },
    { .name = "table",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite_test, table),
      .doc = "The table under test." },
    { .name = "given",
      .kind = SM_KEY_NODE,
      .offset = offsetof(sm_suite_test, given),
      .shape = INPUTS_SHAPE,
      .doc = "Rows of the inputs: sources, or tables and views that are replaced." },
    { .name = "expect",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_suite_test, expect),
      .block = &expect_block,
      .doc = "What must be true of the table." },
    { .name = "steps",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_suite_test, steps),
      .block = &step_block,
      .doc = "What happens, one thing after the other." },
    END,
};

const sm_block sm_block_suite_test = {
    .name = "test",
    .what = "a test",
    .doc = "Rows in, rows out: `given` and `expect`, or `steps`.",
    .size = sizeof(sm_suite_test),
    .at = offsetof(sm_suite_test, at),
    .broken = offsetof(sm_suite_test, broken),
    .keys = test_keys,
    .one_of = LIST("given", "steps"),
};

static const sm_key suite_keys[] = {
    { .name = "version",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_suite, version),
      .required = true,
      .min = 1,
      .max = 1,
      .doc = "Version of the language; 1." },
    { .name = "pipeline",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_suite, pipeline),
      .fallback_doc = "pipeline.yml, or the only one, beside this file or above `tests/`",
      .doc = "The file of the pipeline under test, from the folder of this one." },
    { .name = "tests",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_suite, tests),
      .required = true,
      .block = &sm_block_suite_test,
      .doc = "The tests, each with a storage of its own." },
    { .name = "meta",
      .kind = SM_KEY_JSON,
      .offset = offsetof(sm_suite, meta),
      .doc = "Free space." },
    END,
};

const sm_block sm_block_suite = {
    .name = "test_file",
    .what = "a file of tests",
    .doc = "Tests of a pipeline, which `smelt test` runs.",
    .size = sizeof(sm_suite),
    .at = offsetof(sm_suite, at),
    .keys = suite_keys,
    .extensions = true,
};
