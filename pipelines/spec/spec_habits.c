/* SPDX-License-Identifier: Apache-2.0 */
/* spec_habits.c -- keys of dbt, Databricks and Spark, and what says the same here. */
#include <string.h>

#include "pipelines/spec/spec_int.h"

static const struct {
    const char *what; /* the block where it is written; NULL: any */
    const char *key, *hint;
} habits[] = {
    { "a column test", "accepted_range",
      "write {test: accepted_range, min_value: …, max_value: …}" },
    { "a column test", "accepted_values", "write {test: accepted_values, values: […]}" },
    { "a column test", "relationships", "write {test: relationships, to: …, field: …}" },
    { "a trigger", "availableNow", "write `trigger: available_now`" },
    { "a trigger", "cron", "write {schedule: \"0 * * * *\"}" },
    { "a trigger", "once", "write `trigger: available_now`" },
    { "a trigger", "processingTime", "write {interval: 10s}" },
    { "a trigger", "processing_time", "write {interval: 10s}" },
    { "the trigger of a table", "schedule", "a timetable has the pipeline" },
    { NULL, "catalog", "there are no catalogs: tables lie in <storage>/<schema>" },
    { NULL, "comment", "write `description`" },
    { NULL, "config", "its keys stand beside the others, not below `config`" },
    { NULL, "data_tests", "write `tests`" },
    { NULL, "expect_or_drop", "write `expect`, and `on_violation: drop`" },
    { NULL, "expect_or_fail", "write `expect`, and `on_violation: fail`" },
    { NULL, "inferSchema", "types are found out without being asked for" },
    { NULL, "materialized", "write `type`: streaming_table, materialized_view or view" },
    { NULL, "models", "write `tables`, a map of names" },
    { NULL, "partitioned_by", "write `partition_by`" },
    { NULL, "primary_key", "what a key has to be say the tests of its column: [unique, not_null]" },
    { NULL, "schedule", "when it runs says `trigger`" },
    { NULL, "target", "targets stand in smelt.yml; -t names one" },
    { NULL, "unique_key", "what a key has to be say the tests of its column: [unique, not_null]" },
};

const char *sm_spec__habit(const char *what, sm_sv key)
{
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
        if (sm_sv_eq_str(key, habits[i].key) &&
            (!habits[i].what || strcmp(habits[i].what, what) == 0))
            return habits[i].hint;
    }
    return NULL;
}

/* cloudFiles.schemaHints -> schema_hints */
sm_sv sm_spec__snake(sm_sv key, sm_arena *a)
{
    char *out = SM_NEW_N(a, char, 2 * key.len + 1);
    size_t n = 0, from = 0;

    for (size_t i = 0; i < key.len; i++)
        from = key.ptr[i] == '.' ? i + 1 : from;
    for (size_t i = from; i < key.len; i++) {
        bool upper = key.ptr[i] >= 'A' && key.ptr[i] <= 'Z';

        if (upper && i > from)
            out[n++] = '_';
        out[n++] = upper ? (char)(key.ptr[i] - 'A' + 'a') : key.ptr[i];
    }
    return (sm_sv){ out, n };
}
