/* SPDX-License-Identifier: Apache-2.0 */
/* sql_int.h -- what the files of this module share. */
#ifndef SM_SQL_INT_H
#define SM_SQL_INT_H

#include "pipelines/sql/sql.h"
#include "pipelines/sql/sql_ast.h"
#include "pipelines/sql/sql_text.h"
#include "pipelines/sql/sql_tokens.h"

/* A call that compiling writes anew. */
typedef enum sm_sql_call_kind {
    SM_CALL_CLOCK_TIMESTAMP,
    SM_CALL_CLOCK_DATE,
    SM_CALL_CLOCK_TIME,
    SM_CALL_WINDOW,
    SM_CALL_WINDOW_TIME,
    SM_CALL_SESSION_WINDOW,
    SM_CALL_WINDOW_COLUMN, /* no call: `window`, `window.start`, for that of GROUP BY window(…) */
    SM_CALL_QUALIFIED,     /* no call: a column written schema.table.column */
    SM_CALL_SESSION,       /* no call: a column, or current_user and its kin */
} sm_sql_call_kind;

typedef struct sm_sql_call {
    sm_sql_call_kind kind;
    const sm_json *node;
    size_t offset;         /* in the text as written */
    bool bare;             /* an item of a select list without a name of its own */
    const sm_json *select; /* the SELECT_NODE that it belongs to, NULL in a rule */
} sm_sql_call;

/* What reading found.  The tree of the engine speaks of `prepared`, the user's text after the
 * token pass; everything else speaks of the text as written. */
struct sm_sql_tree {
    const sm_json *node; /* the query: SELECT_NODE, SET_OPERATION_NODE, … */
    sm_sql_text prepared;
    sm_sql_tokens prepared_tokens;
    sm_sql_tokens tokens;
    size_t n_window_words; /* tokens that the pass before parsing puts into quotes */
    size_t n_params;       /* tokens that are $name */
    const sm_sql_call *calls;
    size_t n_calls;
    const size_t *ref_places; /* the offset of refs[i] in `prepared` */
};

/* The place of what begins at byte `offset` of the prepared text: a whole dotted name, or one
 * token; the whole text when the offset is not known. */
sm_span sm_sql__span(const sm_text *text, const struct sm_sql_tree *tree, size_t offset);

/* ---- functions: sql_functions.c ------------------------------------------------ */

typedef enum sm_sql_function_kind {
    SM_FUNCTION_UNKNOWN,
    SM_FUNCTION_SCALAR,
    SM_FUNCTION_AGGREGATE,
    SM_FUNCTION_WINDOW,
    SM_FUNCTION_ROWS,
    SM_FUNCTION_VOLATILE,
} sm_sql_function_kind;

sm_sql_function_kind sm_sql__function(sm_sv name);
/* The known name that comes closest; empty when none is close. */
sm_sv sm_sql__function_like(sm_sv name);
/* Is it one that smelt turns into SQL: now(), window(), …?  *kind says which.  A `word` stands
 * without brackets, as current_date may. */
bool sm_sql__function_rewritten(sm_sv name, bool word, sm_sql_call_kind *kind);
/* May it stand in FROM? */
bool sm_sql__table_function(sm_sv name);
/* Does the engine have it, but it acts on the outside?  NULL, or why it is refused. */
const char *sm_sql__function_refused(sm_sv name);

/* Is it one of those that the engine takes without brackets for itself: current_user, …? */
bool sm_sql__session_word(sm_sv name);

/* ---- habits: sql_habits.c -------------------------------------------------------- */

/* How a function of another dialect is written here; NULL when there is nothing to say. */
const char *sm_sql__habit_function(sm_sv name);
/* What to write instead of a text that does not parse at token `fault`; NULL likewise. */
const char *sm_sql__habit_syntax(const sm_sql_tokens *t, size_t fault, bool rule);

/* ---- variables: sql_variables.c ------------------------------------------------ */

/* The variable called `name`, without its $; NULL if there is none. */
const sm_sql_variable *sm_sql__variable(const sm_sql_variables *all, sm_sv name);
/* The variable of token i, a SM_TOKEN_PARAM that reading accepted. */
const sm_sql_variable *sm_sql__variable_at(const sm_sql_query *q, size_t token);

/* ---- walk: sql_refs.c, sql_allow.c --------------------------------------------- */

typedef struct sm_sql_scope {
    const struct sm_sql_scope *outer;
    sm_sv name;  /* of a CTE */
    bool stream; /* for the judge: it gives a stream */
} sm_sql_scope;

/* The innermost CTE of that name, NULL if there is none. */
const sm_sql_scope *sm_sql__scope_find(const sm_sql_scope *scope, sm_sv name);

typedef struct sm_sql_walk {
    sm_sql_query *query;
    struct sm_sql_tree *tree;
    sm_arena *arena;
    sm_diags *diags;
    size_t faults;
    size_t depth;
    bool too_deep; /* which is told once */
    sm_sql_ref *refs;
    size_t *places;
    size_t n_refs, cap_refs;
    sm_sql_call *calls;
    size_t n_calls, cap_calls;
    const sm_json *select; /* the innermost SELECT_NODE */
} sm_sql_walk;

/* References, calls and the allow-list, over the whole tree. */
void sm_sql__walk(sm_sql_walk *w, const sm_json *node);

/* The judgements of sql_allow.c; each adds its own diagnostic and counts the fault. */
void sm_sql__allow_function(sm_sql_walk *w, const sm_json *node);
void sm_sql__allow_table_function(sm_sql_walk *w, const sm_json *node);
void sm_sql__allow_class(sm_sql_walk *w, const sm_json *node, sm_sv class);
void sm_sql__allow_table(sm_sql_walk *w, const sm_json *node);
void sm_sql__allow_variable(sm_sql_walk *w, const sm_json *node);
void sm_sql__allow_type(sm_sql_walk *w, const sm_json *node, sm_sv type);
bool sm_sql__is_rule(const sm_sql_walk *w);
sm_span sm_sql__walk_span(const sm_sql_walk *w, const sm_json *node);

/* The first aggregate, or with `over` the first OVER, in an expression or a list of them; not
 * inside subqueries. */
const sm_json *sm_sql__find_call(const sm_json *value, bool over);
/* Is there a * or COLUMNS in it? */
bool sm_sql__find_star(const sm_json *value);

/* The call of this name, `window` or `session_window`, that the SELECT groups by; NULL: none. */
const sm_json *sm_sql__grouped_window(const sm_json *select, sm_sv name);

/* ---- windows: sql_window.c ----------------------------------------------------- */

/* The numbers of a window() call, in microseconds; of a session_window() the size is its gap. */
typedef struct sm_sql_window {
    int64_t size, slide, start;
    size_t time_at, time_len; /* the first argument, in the text as written */
    size_t gap_at, gap_len;   /* session_window: a gap that is an expression; len 0: `size` */
} sm_sql_window;

/* false, with a diagnostic: the call is not one that has an answer. */
bool sm_sql__window_read(const sm_sql_query *q, const sm_sql_call *call, sm_diags *d,
                         sm_sql_window *out);
bool sm_sql__session_read(const sm_sql_query *q, const sm_sql_call *call, sm_diags *d,
                          sm_sql_window *out);
/* '10 minutes', INTERVAL '10 minutes', INTERVAL 10 MINUTES as microseconds. */
bool sm_sql__interval(const sm_json *node, int64_t *out_us);
/* "10 minutes", "1 hour 30 minutes", "500ms" -> microseconds; false for months, years and
 * whatever else has no fixed length. */
bool sm_sql__duration(sm_sv text, int64_t *out_us);
/* Where in the SELECT around `offset` a condition on its rows can be put: `*at` is the place;
 * `*where` tells that a WHERE is there, whose condition is [*at, *end).  false: not found. */
bool sm_sql__where_place(const sm_sql_tokens *t, size_t offset, size_t *at, size_t *end,
                         bool *where);
/* The word ALL of the GROUP BY ALL of that SELECT. */
bool sm_sql__group_all_place(const sm_sql_tokens *t, size_t offset, size_t *at, size_t *len);

#endif
