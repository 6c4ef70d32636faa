/* SPDX-License-Identifier: Apache-2.0 */
/* report.h -- what validate, run, plan and test found, as other machines want to read it.
 *
 *     the command's document ──▶ findings ──▶ SARIF 2.1.0, annotations of GitHub
 *                            ──▶ JUnit XML, Markdown
 *
 * A report is made of the document alone, so it says what the command said.  Files are named
 * relative to `root`, with / between parts; what lies elsewhere keeps its absolute path. */
#ifndef SM_VIEW_REPORT_H
#define SM_VIEW_REPORT_H

#include "runtime/base/arena.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

typedef enum sm_report_of {
    SM_REPORT_OF_VALIDATE, /* [{file, valid, pipeline, datasets, diagnostics, error}] */
    SM_REPORT_OF_RUN,      /* {pipeline, run, state, flows, error, next} */
    SM_REPORT_OF_PLAN,     /* {pipeline, changes, changed} */
    SM_REPORT_OF_TEST,     /* {tests, passed, failed, invalid} */
} sm_report_of;

typedef struct sm_report {
    sm_report_of of;
    const sm_json *doc;
    sm_sv root;          /* absolute, links resolved */
    const char *version; /* of the program */
    int64_t duration_ms;
    sm_arena *a;
} sm_report;

/* The place of a finding is a document's object with file, line, column and maybe end_line and
 * end_column; NULL: nowhere. */
typedef struct sm_finding {
    const char *level; /* "error", "warning", "note" */
    sm_sv rule;        /* a code, or "table.expectation", "flow-failed", "plan-rebuild" … */
    sm_sv title;       /* what the rule means, a few words */
    sm_sv message;
    sm_sv hint; /* "" */
    const sm_json *at;
    const sm_json *see; /* array of places with a label; NULL */
} sm_finding;

/* Errors first, otherwise in the order of the document.  *out lives in r->a. */
void sm_report_findings(const sm_report *r, const sm_finding **out, size_t *n);

/* Each appends its text; none can fail but by the maximum of `out`. */
void sm_report_junit(const sm_report *r, sm_buf *out);    /* not of plan */
void sm_report_sarif(const sm_report *r, sm_buf *out);    /* the same */
void sm_report_github(const sm_report *r, sm_buf *out);   /* ::error file=…,line=…::… */
void sm_report_markdown(const sm_report *r, sm_buf *out); /* a job's summary */

/* Did this expectation of a run's document fail (policy fail, fail_if), or only warn?  "": no. */
const char *sm_report_rule_level(const sm_json *rule);

/* A file of the document as the report names it; lives in r->a. */
sm_sv sm_report_file(const sm_report *r, sm_sv file);

#endif
