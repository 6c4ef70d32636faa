/* SPDX-License-Identifier: Apache-2.0 */
/* reports.h -- what a command found, for other machines: --report, -o, --format github.
 *
 *     sm_cli_check_reports   before any work: can these files be written?
 *     sm_cli_report          when it is done: write them all, from the command's document
 *
 * In a job of GitHub (GITHUB_ACTIONS is set) annotations come on stderr by themselves, and a
 * summary is appended to the file that GITHUB_STEP_SUMMARY names; with --format github they are
 * what stdout ends with. */
#ifndef SM_CLI_REPORTS_H
#define SM_CLI_REPORTS_H

#include "ui/cli/project.h"
#include "ui/view/report.h"

#define SM_OUTPUT_OPTIONS                                                                          \
    { "--output", "-o", "FILE", "write the document to FILE, as JSON" },                           \
    {                                                                                              \
        "--format", NULL, "F",                                                                     \
            "text (default), json, or github: text, then annotations\n(with GITHUB_ACTIONS set "   \
            "they come by themselves)"                                                             \
    }
#define SM_REPORT_OPTION                                                                           \
    {                                                                                              \
        "--report", NULL, "KIND=FILE", "write junit=FILE or sarif=FILE; repeatable"                \
    }

/* 0, or 2 after saying what is wrong with --report, -o or --format. */
int sm_cli_check_reports(const sm_cli *c);

/* Write what was asked for.  `status` is the command's own and comes back; 8 when that was 0 and
 * a file could not be written, which is told. */
int sm_cli_report(const sm_cli *c, sm_report_of of, const sm_json *doc, int64_t duration_ms,
                  int status);

/* {file, valid, pipeline, waiting, datasets, diagnostics} of a project that was opened and
 * planned. */
sm_json *sm_cli_checked_document(const sm_cli *c, const sm_project *p);

/* The same as sm_cli_report() for a run or a plan that did not begin: its project has faults, or
 * something else was told. */
int sm_cli_report_unbegun(const sm_cli *c, const sm_project *p, int status);

#endif
