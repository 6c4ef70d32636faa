/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- rows of datasets on the terminal: query and preview. */
#ifndef SM_CLI_ROWS_H
#define SM_CLI_ROWS_H

#include "ui/cli/look.h"

enum { SM_ROWS_QUERY = 10000, SM_ROWS_PREVIEW = 50, SM_ROWS_SECONDS = 30 };

typedef struct sm_rows_request {
    sm_sv sql;     /* as the person typed it, or made of a name by sm_sql_ident() */
    sm_sv action;  /* for the log of what people did */
    sm_sv dataset; /* "" when there is no single one */
    int64_t limit;
} sm_rows_request;

/* Judge the text and run it: a document of sm_view_rows(), which lives in c->a.  SM_E_SQL with the
 * first fault of the text. */
sm_code sm_rows_fetch(sm_cli *c, sm_project *p, const sm_rows_request *q, sm_json **out,
                      sm_error *err);

/* Judge the text, run it on the engine of `p` and print the rows.  The exit status. */
int sm_rows_show(sm_cli *c, sm_project *p, const sm_rows_request *q);

/* The rows of such a document as a table.  The exit status. */
int sm_rows_print(const sm_cli *c, const sm_json *doc);

#endif
