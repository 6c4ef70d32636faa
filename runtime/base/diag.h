/* SPDX-License-Identifier: Apache-2.0 */
/* diag.h -- faults of the user's document: all of them, each with its place.
 *
 * A loader collects; the caller prints at the end, sorted by place.  Texts are copied.  The
 * first 1,000 are kept, the rest is only counted. */
#ifndef SM_BASE_DIAG_H
#define SM_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

typedef struct sm_span { /* lines and columns count from 1, in characters */
    const char *file;
    uint32_t line, column, end_line, end_column; /* the end is exclusive; line 0: nowhere */
} sm_span;

typedef enum sm_severity {
    SM_SEVERITY_ERROR,
    SM_SEVERITY_WARNING,
} sm_severity;

/* A row of the table of all diagnostics (diag_NN.def, one file per area). */
typedef struct sm_diag_def {
    const char *id; /* "SM0301" */
    sm_severity severity;
    const char *title;       /* a few words */
    const char *explanation; /* what `smelt explain` prints */
} sm_diag_def;

const sm_diag_def *sm_diag_lookup(sm_sv id); /* NULL: there is no such code */
const sm_diag_def *sm_diag_defs(size_t *n);
const char *sm_diag_area(sm_sv id); /* "graph" for SM03xx; "" for none */

typedef struct sm_diag_note {
    sm_span at;
    sm_sv label;
    struct sm_diag_note *next;
} sm_diag_note;

typedef struct sm_diag {
    const sm_diag_def *def;
    sm_span at;
    sm_sv message, hint; /* hint: "" when there is none */
    sm_diag_note *notes;
} sm_diag;

typedef struct sm_diags sm_diags;

enum { SM_DIAGS_SHOWN = 100 }; /* printed; the summary counts the rest */

sm_diags *sm_diags_new(sm_arena *a); /* lives in `a` */

/* `id` is a row of the table; an unknown one is a programming error. */
SM_PRINTF(4, 5)
void sm_diag_add(sm_diags *d, const char *id, sm_span at, const char *fmt, ...);
SM_PRINTF(2, 3)
void sm_diag_hint(sm_diags *d, const char *fmt, ...); /* to the latest one */
void sm_diag_see(sm_diags *d, sm_span other, const char *label);

/* The text of a file, for caret lines; both borrowed as long as `d` is used. */
void sm_diags_source(sm_diags *d, const char *file, sm_sv text);

size_t sm_diags_count(const sm_diags *d);
size_t sm_diags_errors(const sm_diags *d);
size_t sm_diags_warnings(const sm_diags *d);
const sm_diag *sm_diags_at(const sm_diags *d, size_t i); /* in order of place after sort */
void sm_diags_sort(sm_diags *d); /* by file, line, column, code; exact doubles go */

/* As cli.md shows: message line, source line with carets, hint, see-also; sorts first. */
void sm_diags_print(sm_diags *d, bool color, sm_buf *out);
/* "1 error, 2 warnings" */
void sm_diags_summary(const sm_diags *d, sm_buf *out);
/* [{code,severity,file,line,column,end_line,end_column,message,hint,see:[…]}]; sorts first. */
sm_json *sm_diags_json(sm_diags *d, sm_arena *a);

#endif
