/* SPDX-License-Identifier: Apache-2.0 */
/* sql_compile.h -- the edits that turn a text into compiled text. */
#ifndef SM_SQL_COMPILE_H
#define SM_SQL_COMPILE_H

#include "pipelines/sql/sql_int.h"

typedef enum sm_sql_edit_kind {
    SM_EDIT_WHERE,     /* a condition at the end of FROM or the begin of WHERE */
    SM_EDIT_WHERE_END, /* the bracket behind the user's condition */
    SM_EDIT_UNNEST,    /* the rows of a sliding window beside FROM */
    SM_EDIT_GROUP,     /* the ALL of GROUP BY ALL around a window */
    SM_EDIT_REF,
    SM_EDIT_CALL,
    SM_EDIT_VARIABLE,
    SM_EDIT_QUOTE, /* window. -> "window". */
    SM_EDIT_DROP,  /* the last semicolon; the schema before a table and column */
} sm_sql_edit_kind;

typedef struct sm_sql_edit {
    size_t at, len;
    sm_sql_edit_kind kind;
    size_t index; /* of the reference, of the call, of the token of a variable */
    bool where;   /* SM_EDIT_WHERE: a condition is there already */
} sm_sql_edit;

typedef struct sm_sql_compiler {
    const sm_sql_query *q;
    const sm_sql_leaf *leaves;
    sm_sql_form form;
    sm_arena *arena;
    sm_diags *d;
    sm_sql_writer w;
    sm_sql_edit *edits;
    size_t n;
    sm_sql_window *windows; /* by call */
    bool ok;
} sm_sql_compiler;

/* Calls of a marked text. */
#define SM_SQL_MARK_WINDOW  "_smelt_window"
#define SM_SQL_MARK_SESSION "_smelt_session"
#define SM_SQL_MARK_TIME    "_smelt_window_time"

/* Fill c->edits, sorted by place, and c->windows; c->ok is false after a diagnostic. */
void sm_sql__find_edits(sm_sql_compiler *c);
/* The bytes of `name`, `name()`, `name(…)` of a call. */
void sm_sql__call_range(const sm_sql_query *q, const sm_sql_call *call, size_t *at, size_t *len);
/* Is the call an expression of its SELECT's GROUP BY? */
bool sm_sql__call_groups(const sm_sql_call *call);

#endif
