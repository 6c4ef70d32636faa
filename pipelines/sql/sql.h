/* SPDX-License-Identifier: Apache-2.0 */
/* sql.h -- what a query says, and what becomes of it.
 *
 * A query goes through here in four steps, each of them pure:
 *
 *     read     the token pass (STREAM x, window), one parse of all texts together, the
 *              allow-list, and the references that no CTE of the query binds
 *     judge    what a query over a stream may not do yet, or ever
 *     compile  every reference becomes a relation `_smelt_in_<k>` or the text of a view;
 *              now() and window() become plain SQL
 *     bind     the engine says which columns come out; what it complains about is carried
 *              back to the place where the user wrote it
 *
 * The user's text is never printed from a tree.  The tree says *where* something stands,
 * and compiling splices the text there, so the rest of a query runs exactly as written
 * and every byte of the compiled text knows the byte it came from.
 *
 * `$name` is a variable: compiling puts its value there as a constant of its type.
 *
 * Names compare as DuckDB compares them: ASCII letters without case, quoted or not.
 *
 * The clock of a batch: `now()`, `current_timestamp`, `current_date` and their kin become
 * expressions over SM_SQL_BATCH_TIME, a session variable.  Whoever runs compiled SQL sets
 * it on that session first:  SET VARIABLE smelt_batch_time = TIMESTAMP '…' (UTC).
 *
 * Nothing here keeps state; everything lives in the arena given.  Threads may share what
 * was built.
 */
#ifndef SM_SQL_SQL_H
#define SM_SQL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/diag.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define SM_SQL_BATCH_TIME "smelt_batch_time" /* session variable, TIMESTAMP in UTC */
#define SM_SQL_RELATION   "_smelt_in_"       /* + number: a leaf of compiled SQL */
#define SM_SQL_NOWHERE    SIZE_MAX           /* an offset that is not known */

enum {
    SM_SQL_MAX_BYTES = 256 * 1024, /* security.md, limits */
    SM_SQL_MAX_DEPTH = 500,        /* of nested expressions and subqueries */
};

/* ---- the engine, as functions -------------------------------------------------- */

/* A relation that a bound text may name; it has these columns and no rows. */
typedef struct sm_sql_relation {
    sm_sv name;
    const sm_schema *schema;
} sm_sql_relation;

/* Why a text does not bind. */
typedef struct sm_sql_error {
    size_t offset;           /* byte in the text given; SM_SQL_NOWHERE if unknown */
    sm_sv message;           /* the engine's words, without its prefix and its LINE block */
    const sm_sv *candidates; /* plain names that come close, for the hint */
    size_t n_candidates;
} sm_sql_error;

/* Filled in by the composition root; recorded answers in tests. */
typedef struct sm_sql_engine {
    void *ctx;
    /* For each text the answer of json_serialize_sql(text), with skip_null, skip_empty and
     * skip_default, as JSON text: {"error":false,"statements":[…]}, or {"error":true,
     * "error_message":…,"position":"17"}.  A text that does not parse is no failure of the
     * call.  The answers live in `a`. */
    sm_code (*parse)(void *ctx, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err);
    /* The columns of one SELECT over `relations`.  SM_E_SQL: the text does not bind, *why
     * says where (err need not be set); other codes: the engine itself failed.  Everything
     * lives in `a`. */
    sm_code (*bind)(void *ctx, sm_sv text, const sm_sql_relation *relations, size_t n, sm_arena *a,
                    sm_schema *out, sm_sql_error *why, sm_error *err);
    /* For the cut (sql_cut.h).  One text as parse() gives it, with the lists that are empty; trees
     * back to text. */
    sm_code (*parse_whole)(void *ctx, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err);
    sm_code (*print)(void *ctx, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err);
} sm_sql_engine;

/* ---- read ---------------------------------------------------------------------- */

typedef enum sm_sql_kind {
    SM_SQL_QUERY, /* one SELECT */
    SM_SQL_RULE,  /* one boolean expression over the columns of a row */
} sm_sql_kind;

/* What `$name` stands for.  The value is one constant of the type, given by its text: it goes
 * into compiled SQL as CAST('<text>' AS <type>), quoted, never as SQL of its own. */
typedef struct sm_sql_variable {
    sm_sv name, type, value; /* type: as the engine prints it */
    bool has_value;
} sm_sql_variable;

typedef struct sm_sql_variables {
    const sm_sql_variable *items; /* outlive what is read */
    size_t n;
} sm_sql_variables;

typedef struct sm_sql_input {
    sm_sql_kind kind;
    const sm_text *text; /* outlives what is read from it */
    sm_sv owner;         /* for messages: `table "x"`, `rule "y" of table "x"` */
    sm_sql_variables variables;
} sm_sql_input;

/* A dataset that a query names, in the order of appearance; the same dataset twice is two
 * references.  Offsets are bytes of the text as written and span what is replaced:
 * `STREAM(x)`, `STREAM x`, `s.x`. */
typedef struct sm_sql_ref {
    sm_sv schema; /* "" when not given */
    sm_sv name;   /* without quotes */
    bool stream;  /* STREAM(name) */
    bool aliased; /* AS … follows; else the name itself is the alias */
    size_t offset, len;
    size_t name_offset, name_len; /* only the name, for messages */
} sm_sql_ref;

typedef struct sm_sql_query {
    sm_sql_kind kind;
    const sm_text *text;
    sm_sv owner;
    const sm_sql_ref *refs;
    size_t n_refs;
    sm_sql_variables variables;
    const struct sm_sql_tree *tree; /* for this module */
} sm_sql_query;

/* Read `n` texts in one call of the engine.  out[i] is NULL where the text has a fault,
 * which is in `d`; both live in `a`.  Fails only when the engine does. */
sm_code sm_sql_read(const sm_sql_engine *e, const sm_sql_input *in, size_t n, sm_arena *a,
                    sm_diags *d, const sm_sql_query **out, sm_error *err);

/* ---- judge --------------------------------------------------------------------- */

/* `streaming[i]` says whether the relation behind refs[i] is a stream (STREAM(x), or a view
 * over one); `ordered`, whether an ORDER BY has an answer, as in output mode complete.  Adds a
 * diagnostic for each construct that has no answer over a stream.  Returns true if there was
 * none. */
bool sm_sql_judge_stream(const sm_sql_query *q, const bool *streaming, bool ordered, sm_diags *d);

/* May it have a construct that remembers rows when they are a stream's: a grouping, DISTINCT,
 * UNION, LIMIT, a WITH that is joined to itself?  Of its own text, not of views. */
bool sm_sql_may_group(const sm_sql_query *q);

/* Is it one SELECT with a grouping over what stands in FROM, nothing sorted, cut off or made
 * distinct after it? */
bool sm_sql_is_one_grouping(const sm_sql_query *q);

/* session_window() of rows that are no stream is refused.  Returns true if there was none. */
bool sm_sql_judge_static(const sm_sql_query *q, sm_diags *d);

/* ---- compile ------------------------------------------------------------------- */

/* A compiled text and where each byte of it comes from. */
typedef struct sm_sql_text {
    sm_sv text;
    const struct sm_sql_piece *pieces;
    size_t n_pieces;
} sm_sql_text;

/* What stands in for a reference: a relation, or the compiled text of a view. */
typedef struct sm_sql_leaf {
    sm_sv relation;
    const sm_sql_text *view; /* NULL: `relation` is used */
    sm_sv alias;             /* the name it keeps when the query gave none */
} sm_sql_leaf;

typedef enum sm_sql_form {
    SM_SQL_PLAIN,  /* what the engine runs */
    SM_SQL_MARKED, /* what sql_cut.h takes apart: windows keep their arguments, see there */
} sm_sql_form;

/* leaves[i] replaces q->refs[i].  Lives in `a`.  Returns false, with diagnostics, when a
 * window() is not a form that can be written as plain SQL. */
bool sm_sql_compile(const sm_sql_query *q, const sm_sql_leaf *leaves, sm_sql_form form, sm_arena *a,
                    sm_diags *d, sm_sql_text *out);

/* `before` + t + `after`; the two words come from nowhere.  Lives in `a`. */
void sm_sql_enclose(const char *before, const sm_sql_text *t, const char *after, sm_arena *a,
                    sm_sql_text *out);

/* The place of compiled bytes in the files of the user. */
sm_span sm_sql_text_span(const sm_sql_text *t, size_t offset, size_t len);

/* The text without comments and with single spaces: what a fingerprint is taken of. */
sm_sv sm_sql_normal(sm_sv text, sm_arena *a);

/* ---- bind ---------------------------------------------------------------------- */

/* The columns of a compiled text, or a diagnostic at the place where the fault was written;
 * *ok tells which.  Fails only when the engine does. */
sm_code sm_sql_bind(const sm_sql_engine *e, const sm_sql_query *q, const sm_sql_text *t,
                    const sm_sql_relation *relations, size_t n, sm_arena *a, sm_diags *d,
                    sm_schema *out, bool *ok, sm_error *err);

/* `current_date` and its kin without brackets are the time of the batch, and for the engine a
 * column where one has the name: such a word is a fault.  Returns true if there was none. */
bool sm_sql_judge_clock(const sm_sql_query *q, const sm_sql_relation *relations, size_t n,
                        sm_diags *d);

/* Where the n-th column of a result of `n` columns is written: its item of the select list
 * when the list names each column, else the beginning of the query. */
sm_span sm_sql_column_span(const sm_sql_query *q, size_t column, size_t n);
/* Is it an expression without a name of its own? */
bool sm_sql_column_unnamed(const sm_sql_query *q, size_t column, size_t n);

/* The i-th variable that the query names, in the order of the text and once for each `$x`;
 * NULL behind the last. */
const sm_sql_variable *sm_sql_variable_used(const sm_sql_query *q, size_t i);

/* Does the select list have a * (or x.*, COLUMNS)? */
bool sm_sql_takes_all(const sm_sql_query *q);

/* Names compare without the case of ASCII letters. */
bool sm_sql_same_name(sm_sv a, sm_sv b);

#endif
