/* SPDX-License-Identifier: Apache-2.0 */
/* grid.h -- aligned columns, states as shape and word, colour only where it is wanted. */
#ifndef SM_CLI_GRID_H
#define SM_CLI_GRID_H

#include "ui/cli/cli.h"

typedef enum sm_tone {
    SM_TONE_PLAIN,
    SM_TONE_GOOD,
    SM_TONE_WARN,
    SM_TONE_BAD,
    SM_TONE_DIM
} sm_tone;

enum { SM_GRID_MAX_COLUMNS = 1024 };

typedef struct sm_grid sm_grid; /* lives in c->a */

/* `align`: a letter per column, 'l' or 'r'; columns beyond it are 'l'. */
sm_grid *sm_grid_new(const sm_cli *c, const char *align);
void sm_grid_align(sm_grid *g, size_t column, char align);
void sm_grid_row(sm_grid *g); /* begin the next row */
/* The next cell of the row.  The text is copied; what could drive a terminal is escaped. */
void sm_grid_cell(sm_grid *g, sm_sv text);
void sm_grid_tone(sm_grid *g, sm_tone tone, sm_sv text);
SM_PRINTF(2, 3)
void sm_grid_cellf(sm_grid *g, const char *fmt, ...);
void sm_grid_count(sm_grid *g, int64_t n);        /* 120,334 */
void sm_grid_duration(sm_grid *g, int64_t ms);    /* 4.9 s */
void sm_grid_head(sm_grid *g, const char *names); /* a dim row of names, split at '|' */
/* "●  succeeded" of a state name of the store; `word` NULL: the name with spaces. */
void sm_grid_state(sm_grid *g, sm_sv state, const char *word);
/* The rows, each behind `indent` spaces; columns are two spaces apart. */
void sm_grid_print(const sm_grid *g, int indent, sm_buf *out);

/* The shape of a state ("●" of "succeeded") and its tone. */
const char *sm_state_shape(sm_sv state, sm_tone *tone);
/* Text between colour codes, where c->color asks for it. */
void sm_add_tone(const sm_cli *c, sm_buf *b, sm_tone tone, sm_sv text);
/* "2026-11-22 06:01:43" of a time, "never" of 0. */
sm_sv sm_show_time(sm_arena *a, int64_t ms);

#endif
