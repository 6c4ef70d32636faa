/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_checks.c -- the keys of checks that look at a whole table. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const sm_key foreign_key_keys[] = {
    { .name = "columns",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_foreign_key, columns),
      .required = true,
      .single = true,
      .doc = "Columns of this table; rows with a NULL among them are not looked up." },
    { .name = "to",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_foreign_key, to),
      .required = true,
      .doc = "A table of this pipeline, perhaps this one." },
    { .name = "field",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_foreign_key, field),
      .single = true,
      .fallback_doc = "the names in `columns`",
      .doc = "Columns of that table, as many as `columns`, in their order." },
    END,
};

const sm_block sm_block_foreign_key = {
    .name = "foreign_key",
    .what = "a foreign key",
    .doc = "Columns whose values stand in another table.",
    .size = sizeof(sm_spec_foreign_key),
    .at = offsetof(sm_spec_foreign_key, at),
    .keys = foreign_key_keys,
};

static const sm_key row_count_keys[] = {
    { .name = "min",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_row_count, min),
      .max = INT64_MAX,
      .fallback_doc = "no bound",
      .doc = "The least number of rows." },
    { .name = "max",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_row_count, max),
      .max = INT64_MAX,
      .fallback_doc = "no bound",
      .doc = "The greatest number of rows." },
    END,
};

const sm_block sm_block_row_count = {
    .name = "row_count",
    .what = "a `row_count`",
    .doc = "How many rows the table has; `min`, `max` or both.",
    .size = sizeof(sm_spec_row_count),
    .at = offsetof(sm_spec_row_count, at),
    .keys = row_count_keys,
};
