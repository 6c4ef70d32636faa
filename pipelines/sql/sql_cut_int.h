/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_int.h -- what the files of the cut share. */
#ifndef SM_SQL_CUT_INT_H
#define SM_SQL_CUT_INT_H

#include "pipelines/sql/sql_cut.h"
#include "pipelines/sql/sql_int.h"
#include "pipelines/sql/sql_tree.h"

#define CUT_TIME    "_smelt_t" /* hidden columns, see sql_stage.h */
#define CUT_LATE    "_smelt_e"
#define CUT_START   "_smelt_s"
#define CUT_ORDER   "_smelt_o"
#define CUT_MATCHES "_smelt_ok"

/* Which event time a column carries. */
typedef enum cut_time {
    CUT_NO_TIME,
    CUT_RAW,         /* a TIMESTAMP; compared as it is */
    CUT_WINDOW,      /* a struct; its end is compared */
    CUT_SESSION,     /* the same, of session_window() */
    CUT_OWN_SESSION, /* session_window() of a time without a watermark: it carries none */
} cut_time;

/* A column worth knowing of what a relation gives. */
typedef struct cut_tag {
    sm_sv relation; /* alias of the relation in FROM; "" of the result of a query */
    sm_sv name;
    cut_time time;
    int key;    /* of the grouping below: which of its keys it is; -1: none */
    bool loose; /* it may be any time behind the watermark: a join below keeps rows for ever */
} cut_tag;

typedef struct cut_tags {
    cut_tag *items;
    size_t n, cap;
} cut_tags;

/* What is known of rows on their way. */
typedef struct cut_flow {
    bool streaming;
    bool watermarked;
    int64_t lag_us;   /* behind the watermark of the flow */
    int64_t delay_us; /* of the watermark */
    bool grouped;     /* a grouping below puts them out, */
    size_t stage;     /* ... this one */
    bool timed_join;  /* a join of streams below puts them out */
    cut_tags tags;
} cut_flow;

struct cut_join;

/* A FROM clause, or a query. */
typedef struct cut_part {
    const sm_json *node;
    cut_flow flow;
    const struct cut_join *join; /* of a FROM: the join of two streams in it; NULL: none */
    const cut_tags *below;       /* of a SELECT that remembers nothing: tags of its FROM */
} cut_part;

/* How a join of streams comes out, to stand in place of its node: one FROM for each. */
typedef struct cut_join {
    const sm_json *node;          /* as it stands in the FROM */
    const sm_json *const *pieces; /* what it is replaced with, one after the other */
    size_t n_pieces;
    const sm_json *typed; /* the same columns, for binding */
} cut_join;

typedef struct cut_scope { /* a CTE */
    const struct cut_scope *outer;
    sm_sv name;
    const sm_json *query;   /* streaming: stands in place of the name, cut where it is read */
    const sm_json *entry;   /* static: of cte_map, kept */
    const sm_json *columns; /* its column names, a list */
} cut_scope;

/* What a query stands below: which kind of result it may give. */
typedef enum cut_use {
    CUT_RESULT, /* nothing above remembers: the mode of the table is its own */
    CUT_INNER,  /* another stage reads it: only rows that are final */
} cut_use;

/* from.column is to.name now. */
typedef struct cut_rename {
    sm_sv from, column, to, name;
} cut_rename;

typedef struct cut_renames {
    cut_rename *items;
    size_t n, cap;
} cut_renames;

/* A column that what `relation` is made of had, and it has not. */
typedef struct cut_left {
    sm_sv relation, origin;
} cut_left;

typedef struct cut_left_list {
    cut_left *items;
    size_t n, cap;
} cut_left_list;

typedef struct cut_names {
    sm_sv *items;
    size_t n, cap;
} cut_names;

/* What a SELECT reads of its FROM, by names (sql_cut_reads.c). */
typedef struct cut_reads {
    bool all;
    cut_names names;     /* of columns, and of all else */
    cut_names relations; /* of which all columns are read */
} cut_reads;

typedef struct cutter {
    const sm_cut_input *in;
    sm_arena *a;
    sm_diags *d;
    sm_stage *stages;
    size_t n, cap;
    size_t counts[SM_STAGE_LIMIT + 1];
    sm_sql_relation *relations; /* inputs and what stages put out, for binding */
    size_t n_relations, cap_relations;
    cut_use use_below;                 /* of a subquery in the FROM that is walked now */
    const sm_json *const *result_keys; /* what the keys of the grouping in the result come out as */
    cut_renames renames;               /* of the SELECT that is walked now */
    cut_reads reads;                   /* likewise */
    cut_left_list left_out;            /* likewise */
    size_t n_wraps;
    bool failed; /* told */
    sm_code rc;  /* the engine failed */
    sm_error *err;
} cutter;

/* ---- sql_cut.c ----------------------------------------------------------------- */

SM_PRINTF(4, 5)
void sm_cut__refuse(cutter *c, const char *code, const sm_json *where, const char *fmt, ...);
void sm_cut__hint(cutter *c, const char *hint);
static inline bool sm_cut__over(const cutter *c)
{
    return c->failed || c->rc != SM_OK;
}
/* A new stage with its name and relation; `at` is used for nothing but its number. */
sm_stage *sm_cut__stage(cutter *c, sm_stage_kind kind, const cut_flow *flow);
/* What the stage puts out can be named from now on. */
void sm_cut__add_relation(cutter *c, sm_sv name, const sm_schema *schema);
/* The text of a query, without marks and with the CTEs of `scope`; its columns. "" after a fault.
 */
sm_sv sm_cut__text(cutter *c, const cut_scope *scope, const sm_json *query);
sm_sv sm_cut__bind(cutter *c, const cut_scope *scope, const sm_json *query, sm_schema *out);
/* The text of an expression. */
sm_sv sm_cut__expression(cutter *c, const sm_json *x);
/* `SELECT list FROM from WHERE where` as one query: of a FROM with a join of streams, the UNION ALL
 * of its pieces. */
const sm_json *sm_cut__spread(cutter *c, const cut_part *from, const sm_json *select);
/* `select` with the columns of the join of streams in it, for binding alone. */
const sm_json *sm_cut__typed(cutter *c, const cut_part *from, const sm_json *select);
/* Copies of a query: with another FROM (NULL: the same), without CTEs, `bare`: and modifiers. */
sm_json *sm_cut__with_from(cutter *c, const sm_json *node, const sm_json *from, bool bare);
cut_part sm_cut__query(cutter *c, const cut_scope *scope, const sm_json *node, cut_use use);
/* Does a query read a stream, by its own text? */
bool sm_cut__reads_stream(const cutter *c, const cut_scope *scope, const sm_json *value);

/* ---- sql_cut_reads.c --------------------------------------------------------------- */

void sm_cut__find_reads(cutter *c, const cut_scope *scope, const sm_json *select, cut_reads *out);
/* `name` once. */
void sm_cut__add_name(cutter *c, cut_names *to, sm_sv name);
bool sm_cut__is_read(const cut_reads *r, sm_sv relation, sm_sv column);

/* ---- sql_cut_finish.c ---------------------------------------------------------------- */

extern const char *const sm_cut__kind_names[]; /* by sm_stage_kind */
void sm_cut__finish(cutter *c, const cut_part *result, sm_cut *out);

/* ---- sql_cut_time.c: which column carries event time -------------------------------- */

void sm_cut__add_tag(cutter *c, cut_tags *tags, cut_tag tag);
/* The event time of an expression over `from`, CUT_NO_TIME when it carries none. */
cut_time sm_cut__time_of(const cut_tags *from, const sm_json *x);
/* Is it a session_window(), with event time or without? */
bool sm_cut__is_session(const cut_tags *from, const sm_json *x);
/* The tag of a bare column; NULL: none. */
const cut_tag *sm_cut__tag_of(const cut_tags *from, const sm_json *x);
/* The tags of the items of a select list. */
void sm_cut__list_tags(cutter *c, const cut_tags *from, const sm_json *list, cut_tags *out);
/* "k0": a column of a stage. */
sm_sv sm_cut__numbered(cutter *c, const char *prefix, size_t i);
/* The one column that carries event time; NULL: none, or several, which is refused. */
const cut_tag *sm_cut__only_time(cutter *c, const cut_tags *tags);
/* The value that is compared with a watermark, in microseconds. */
const sm_json *sm_cut__micros(cutter *c, const sm_json *x, cut_time time);
bool sm_cut__is_call(const sm_json *x, const char *function);
/* Marks become plain SQL. */
const sm_json *sm_cut__plain(cutter *c, const sm_json *value);
/* {start, end} of two expressions in microseconds. */
sm_json *sm_cut__bounds(cutter *c, const sm_json *start, const sm_json *end);

/* ---- sql_cut_group.c: groupings --------------------------------------- */

bool sm_cut__is_grouping(const sm_json *select);
cut_part sm_cut__group(cutter *c, const cut_scope *scope, const sm_json *select,
                       const cut_part *from, cut_use use);
/* DISTINCT, UNION: one row of each. */
cut_part sm_cut__distinct(cutter *c, const cut_scope *scope, const cut_part *query, cut_use use,
                          const sm_json *where, const char *word, const char *code);

/* ---- sql_cut_judge.c -------------------------------------------------------------- */

/* May a grouping with these keys stand here, in this mode?  Refuses and warns. */
void sm_cut__judge_grouping(cutter *c, const sm_stage *s, const cut_flow *flow, cut_use use,
                            const sm_json *where, const char *word, const char *code);

/* ---- sql_cut_sets.c: GROUPING SETS ------------------------------------------------- */

typedef struct cut_sets {
    const sm_json *each; /* unnest(the numbers of the sets); NULL: there is one set only */
    uint32_t in_all;     /* a bit for each key that every set has */
} cut_sets;

/* `key_of`: which key each expression of GROUP BY is; SIZE_MAX: a session.  false: refused. */
bool sm_cut__read_sets(cutter *c, const sm_json *select, const size_t *key_of, cut_sets *out);
/* May they stand here, with this key for event time (-1: none)?  false: refused. */
bool sm_cut__judge_sets(cutter *c, const cut_sets *s, int event, sm_stage_mode mode,
                        const sm_json *where);
/* `x` where the set of this number has the key, else NULL. */
const sm_json *sm_cut__in_set(cutter *c, const cut_sets *s, const sm_json *number, size_t key,
                              const sm_json *x);
/* What GROUPING(keys) is for the set of this number; NULL: there is one set only. */
const sm_json *sm_cut__grouping_bits(cutter *c, const sm_json *number, const size_t *keys,
                                     size_t n);

/* ---- sql_aggregates.c ------------------------------------------------------------- */

/* How an aggregate is computed piece by piece. */
typedef struct sm_sql_split {
    sm_sv fold[2], merge[2];
    size_t n;
    sm_sv final;
    bool ordered; /* fold names _smelt_o */
} sm_sql_split;

/* Does it depend on the order of its rows, as it is written? */
bool sm_sql__aggregate_is_ordered(const sm_json *call);

/* The text of `call` over the columns of the rows of a group, in the order in which they came when
 * it depends on that. */
sm_sv sm_sql__aggregate_over_rows(cutter *c, const sm_json *call, bool *ordered);

/* The pieces of `call` over the columns `args` (texts), with `filter` ("" for none); partials are
 * numbered from `first`.  `type` is that of the first argument; of a `session` pieces become one
 * that have no order.  false: only all rows can tell. */
bool sm_sql__aggregate_split(const sm_json *call, const sm_sv *args, size_t n_args, sm_sv filter,
                             sm_sv type, bool session, size_t first, sm_arena *a,
                             sm_sql_split *out);

/* ---- sql_cut_join.c ----------------------------------------------------------------- */

/* `node` is a JOIN whose two sides are streams. */
void sm_cut__join(cutter *c, const cut_scope *scope, const sm_json *node, const cut_part *left,
                  const cut_part *right, const sm_json *where, cut_part *out);

/* ---- sql_cut_wrap.c ------------------------------------------------------------------ */

/* A side of a join of streams that is itself a join becomes one relation, and what names its
 * parts is to be renamed. */
void sm_cut__wrap(cutter *c, const cut_scope *scope, cut_part *side);
const sm_json *sm_cut__renamed(cutter *c, const sm_json *value);
/* What the column of a side is to people, and stays when others come: "b.v", or `column` when the
 * side is one relation. */
sm_sv sm_cut__origin(const cutter *c, sm_sv relation, sm_sv column);
/* Nobody reads the column, so what is made of the relation does not have it. */
void sm_cut__leave_out(cutter *c, sm_sv relation, sm_sv column);
/* The origins of columns that parts of the relation had. */
void sm_cut__add_left_out(cutter *c, sm_sv relation, cut_names *out);
const sm_json *sm_cut__renamed_select(cutter *c, const sm_json *select);

/* ---- sql_cut_mark.c: watermarks and deduplication -------------------------------------- */

/* `part` is the query inside of mark `i`. */
cut_part sm_cut__mark(cutter *c, const cut_scope *scope, const cut_part *part, size_t i);
cut_part sm_cut__deduplicate(cutter *c, const cut_scope *scope, const cut_part *query,
                             const sm_cut_deduplicate *dd);
/* LIMIT over all batches. */
cut_part sm_cut__limit(cutter *c, const cut_scope *scope, const cut_part *query, int64_t limit);

#endif
