/* SPDX-License-Identifier: Apache-2.0 */
/* steps_int.h -- a test at work; shared by the files steps_*.c only. */
#ifndef SM_CLI_STEPS_INT_H
#define SM_CLI_STEPS_INT_H

#include "ui/cli/project.h"
#include "ui/cli/steps.h"

/* What a test gives rows or files for. */
typedef struct sm_steps_input {
    sm_sv name;     /* as the pipeline has it */
    sm_sv said;     /* as the test has it */
    bool source;    /* false: a table or view that is replaced */
    bool files;     /* the rows come in files, which the real source reads */
    sm_span at;     /* where the test names it first */
    sm_schema rows; /* replaced: its columns */
} sm_steps_input;

/* What is remembered of a table between steps. */
typedef struct sm_steps_table {
    int64_t version, before; /* after the last batch and before it; -1: not there yet */
    int64_t seen;            /* version at the last expectation */
    int64_t dropped;         /* rows, since the test began, as the two below */
    int64_t late, duplicates;
} sm_steps_table;

enum { SM_STEPS_SOURCES = 16 };

typedef struct sm_steps {
    const sm_steps_request *q;
    sm_arena *a;
    sm_project p;
    const sm_spec *real; /* as the file says */
    sm_diags *d;         /* faults of the test */
    const sm_plan *plan; /* that runs: its sources are replaced */
    bool *selected;      /* per dataset of the plan */
    sm_steps_table *tables;
    sm_sv inferred; /* "\"orders\": id, amount": sources whose columns come of rows, a line each */
    sm_steps_input *inputs;
    size_t n_inputs, cap_inputs;
    const sm_source_ops *sources[SM_STEPS_SOURCES]; /* those of the program, that of tests, NULL */
    sm_session *session;                            /* for looking; NULL until needed */
    sm_run_memory *memory;                          /* from run to run, until a restart */
    bool failed;                                    /* the last run, and no expectation took it */
    sm_error error;                                 /* why */
    sm_json *failures;
} sm_steps;

/* ---- steps_open.c: the pipeline with its inputs replaced ---- */

/* Fills plan and selected.  False: the pipeline or the test has faults, in p.diags or d. */
sm_code sm_steps__open(sm_steps *s, bool *ok, sm_error *err);
/* Tell that nothing is called so, and what is. */
void sm_steps__unknown(sm_steps *s, sm_span at, sm_sv name, const char *what, const sm_sv *names,
                       size_t n);
/* `replan` of a run; the test is its ctx. */
sm_code sm_steps__replan(void *steps, sm_sv source, const sm_schema *schema, const sm_plan **out,
                         sm_error *err);
/* NULL when the test gives nothing for it. */
const sm_steps_input *sm_steps__input(const sm_steps *s, sm_sv said);
/* The file of its rows. */
sm_sv sm_steps__rows_file(const sm_steps *s, sm_sv name);

/* What rows of a source may name. */
const sm_schema *sm_steps__columns(const sm_steps *s, const sm_plan_dataset *ds);

/* ---- steps_rows.c: rows of the file as texts ---- */

/* A value as the text that becomes the type of its column; ptr NULL: NULL.  Lives in s->a. */
sm_sv sm_steps__cell(const sm_steps *s, const sm_yaml_node *n);
/* The columns that these rows look like they have.  out->n == 0: there are none. */
sm_code sm_steps__infer(sm_steps *s, sm_sv name, const sm_spec_source *spec, sm_arena *a,
                        sm_schema *out, sm_error *err);
/* The same of what a source of files with these options finds. */
sm_code sm_steps__infer_options(sm_steps *s, sm_sv name, sm_sv hints, const sm_json *options,
                                sm_arena *a, sm_schema *out, sm_error *err);
/* Do the rows fit the columns?  Else told.  `list`: rows; `what`: "source \"x\"". */
sm_code sm_steps__judge(sm_steps *s, const sm_yaml_node *list, const sm_schema *columns,
                        const char *what, sm_error *err);
/* Append the rows to the file of an input. */
sm_code sm_steps__append(sm_steps *s, const sm_steps_input *in, const sm_schema *columns,
                         const sm_yaml_node *list, sm_error *err);
/* The value of column `name` in a row, NULL when the row does not say. */
const sm_yaml_node *sm_steps__value(const sm_yaml_node *row, const sm_schema *columns, sm_sv name);

/* ---- steps_look.c: what must be true ---- */

sm_code sm_steps__session(sm_steps *s, sm_error *err);
/* Names and columns of an expectation; faults are told. */
sm_code sm_steps__judge_expect(sm_steps *s, const sm_suite_expect *e, sm_error *err);
sm_code sm_steps__look(sm_steps *s, const sm_suite_expect *e, sm_error *err);
/* Mark the datasets of the plan that an expectation names. */
void sm_steps__wanted(const sm_steps *s, const sm_suite_expect *e, bool *wanted);
SM_PRINTF(4, 5)
void sm_steps__fail(sm_steps *s, sm_span at, sm_json *diff, const char *fmt, ...);

/* A word of `expect` against what is there; tells the difference. */
void sm_steps__fail_number(sm_steps *s, const sm_plan_dataset *ds, sm_span at, const char *what,
                           int64_t expected, int64_t found);

/* ---- steps_times.c ---- */

/* The watermarks of the table's flow, of several the first. */
sm_code sm_steps__look_times(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                             sm_error *err);

/* What the table's flow remembers, of several the first. */
sm_code sm_steps__look_state(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                             sm_error *err);

/* ---- steps_diff.c ---- */

/* Compare the rows that are there (a document of sm_view_rows()) with those of the file.  *diff
 * stays NULL when they are the same. */
sm_code sm_steps__compare(sm_steps *s, const sm_yaml_node *expected, const sm_json *found,
                          bool ordered, sm_json **diff, sm_error *err);

#endif
