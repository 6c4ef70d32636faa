/* SPDX-License-Identifier: Apache-2.0 */
/* spec_suite.h -- a file of tests of a pipeline, bound to types.
 *
 * The same three steps as a pipeline (spec.h).  Rows stay nodes of the tree: what a value means
 * depends on the column that it is for, and a mistake is told at its place. */
#ifndef SM_SPEC_SPEC_SUITE_H
#define SM_SPEC_SPEC_SUITE_H

#include "pipelines/spec/spec.h"
#include "pipelines/spec/yaml_tree.h"

/* A value as it stands in the file. */
typedef struct sm_spec_node {
    const sm_yaml_node *v; /* NULL: absent */
    sm_span at;            /* of its key */
} sm_spec_node;

/* What must be true of a table; keys that are absent say nothing. */
typedef struct sm_suite_expect {
    sm_text table;                 /* "": the table of the test */
    sm_spec_node rows;             /* a list of rows: all that the table has */
    sm_spec_node emitted;          /* the same: written since the last look at the table */
    sm_spec_node last_batch;       /* the same: written by the last batch */
    sm_spec_int count;             /* how many rows it has; at.line 0: absent */
    sm_spec_bool ordered;          /* the lists are in the order of the table */
    sm_spec_node dropped;          /* a number, or a map of them by table */
    sm_spec_node quarantined;      /* a number or a list of rows, or a map of them by table */
    sm_spec_node late, duplicates; /* as `dropped` */
    sm_spec_node watermark;        /* of the next batch: a time, or null */
    sm_spec_node batch_watermark;  /* of the last batch with rows */
    sm_spec_node state_rows;       /* a number, or a list of them */
    sm_spec_scalar error;          /* true, or a code; type NULL: absent */
    sm_span at;
} sm_suite_expect;

/* One of the keys is there, unless it is broken. */
typedef struct sm_suite_step {
    sm_spec_node ingest;       /* {input: [row, …]} */
    sm_spec_node ingest_files; /* {source: {name: text}} */
    sm_text run;
    sm_text restart;
    sm_text advance; /* a duration */
    sm_suite_expect expect;
    sm_span at;
} sm_suite_step;

typedef struct sm_suite_steps {
    sm_suite_step *items;
    size_t n;
    sm_span at;
} sm_suite_steps;

/* `given` and `expect`, or `steps`. */
typedef struct sm_suite_test {
    sm_text name, description;
    sm_text table;      /* "": each expectation names its own */
    sm_spec_node given; /* {input: [row, …]} */
    sm_suite_expect expect;
    sm_suite_steps steps;
    sm_span at;
    bool broken;
} sm_suite_test;

typedef struct sm_suite_tests {
    sm_suite_test *items;
    size_t n;
    sm_span at;
} sm_suite_tests;

typedef struct sm_suite {
    const char *file;
    sm_spec_int version;
    sm_text pipeline; /* a file, from the folder of this one; "": it is found */
    sm_suite_tests tests;
    sm_spec_json meta;
    sm_span at;
} sm_suite;

/* NULL when nothing could be made of the text, which is borrowed as long as `a`.  Faults go to `d`,
 * all of them in one pass. */
const sm_suite *sm_suite_parse(const char *file, sm_sv text, sm_arena *a, sm_diags *d);

/* A time of an expectation, as RFC 3339 or SQL have it, in microseconds; false when it is none. */
bool sm_suite_time(sm_sv text, int64_t *us);

/* Does the text look like a file of tests: a map with a key `tests`?  Faults are not told. */
bool sm_suite_is(sm_sv text, sm_arena *a);

#endif
