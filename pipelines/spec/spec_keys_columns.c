/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_columns.c -- the keys of a table's columns and of their tests. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define ONLY(test) (~(1U << (test)))

static const sm_key test_keys[] = {
    { .name = "test",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_test, test),
      .required = true,
      .fallback = "not_null",
      .choices =
          LIST("not_null", "accepted_values", "accepted_range", "regex", "unique", "relationships"),
      .doc =
          "What is asked of the column. All but not_null let NULL pass; unique and relationships "
          "look at the whole table when it is written." },
    { .name = "name",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, name),
      .form = &sm_form_name,
      .fallback_doc = "<column>_<test>",
      .doc = "Name of the expectation that it becomes." },
    { .name = "values",
      .kind = SM_KEY_SCALARS,
      .offset = offsetof(sm_spec_test, values),
      .except = ONLY(SM_TEST_ACCEPTED_VALUES),
      .needed = 1U << SM_TEST_ACCEPTED_VALUES,
      .doc = "The values that the column may have." },
    { .name = "min_value",
      .kind = SM_KEY_SCALAR,
      .offset = offsetof(sm_spec_test, min_value),
      .except = ONLY(SM_TEST_ACCEPTED_RANGE),
      .doc = "The least value that the column may have." },
    { .name = "max_value",
      .kind = SM_KEY_SCALAR,
      .offset = offsetof(sm_spec_test, max_value),
      .except = ONLY(SM_TEST_ACCEPTED_RANGE),
      .doc = "The greatest value that the column may have." },
    { .name = "pattern",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, pattern),
      .except = ONLY(SM_TEST_REGEX),
      .needed = 1U << SM_TEST_REGEX,
      .doc = "A regular expression that is found in the value; ^ and $ tie it to its ends." },
    { .name = "to",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, to),
      .except = ONLY(SM_TEST_RELATIONSHIPS),
      .needed = 1U << SM_TEST_RELATIONSHIPS,
      .doc = "The table in which the value stands." },
    { .name = "field",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, field),
      .except = ONLY(SM_TEST_RELATIONSHIPS),
      .needed = 1U << SM_TEST_RELATIONSHIPS,
      .doc = "The column of that table." },
    { .name = "on_violation",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_test, on_violation),
      .fallback = "warn",
      .choices = LIST("warn", "drop", "quarantine", "fail"),
      .doc = "What happens with a row that fails the test, as of an expectation." },
    { .name = "fail_if",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, fail_if),
      .form = &sm_form_threshold,
      .doc = "How many rows may fail the test before the run fails, as of an expectation." },
    { .name = "warn_if",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, warn_if),
      .form = &sm_form_threshold,
      .doc = "How many rows may fail the test before the run has a warning." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_test, description),
      .doc = "What the test is for." },
    { .name = "tags",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_test, tags),
      .form = &sm_form_tag,
      .doc = "Words to find it by." },
    END,
};

const sm_block sm_block_test = {
    .name = "tests",
    .what = "a column test",
    .doc = "A test of one column, which becomes an expectation. A word is short for {test: word}, "
           "and {regex: {pattern: x}} for {test: regex, pattern: x}.",
    .size = sizeof(sm_spec_test),
    .at = offsetof(sm_spec_test, at),
    .broken = offsetof(sm_spec_test, broken),
    .keys = test_keys,
    .shorthand = "test",
    .variant = "test",
};

static const sm_key table_column_keys[] = {
    { .name = "name",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table_column, name),
      .required = true,
      .doc = "A column that the query gives." },
    { .name = "data_type",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table_column, data_type),
      .doc = "The type that the table stores it as, such as BIGINT; the query has to give it." },
    { .name = "description",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_table_column, description),
      .doc = "What it holds; the comment of the column in the Delta table." },
    { .name = "tests",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_spec_table_column, tests),
      .block = &sm_block_test,
      .doc = "What must be true of it: each becomes an expectation." },
    END,
};

const sm_block sm_block_table_column = {
    .name = "columns",
    .what = "a column of a table",
    .doc = "What is said of one column of a table.",
    .size = sizeof(sm_spec_table_column),
    .at = offsetof(sm_spec_table_column, at),
    .broken = offsetof(sm_spec_table_column, broken),
    .keys = table_column_keys,
};
