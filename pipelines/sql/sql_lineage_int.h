/* SPDX-License-Identifier: Apache-2.0 */
/* sql_lineage_int.h -- what the files of lineage share. */
#ifndef SM_SQL_LINEAGE_INT_H
#define SM_SQL_LINEAGE_INT_H

#include "pipelines/sql/sql_int.h"
#include "pipelines/sql/sql_lineage.h"

typedef struct lin {
    sm_arena *a;
    const sm_sql_query *q;
    const sm_schema *const *schemas;
    sm_sql_origins *rows; /* where dependences of the rows go now */
    const char *gap;
} lin;

/* A relation in a FROM, or the result of a query. */
typedef struct lin_relation {
    sm_sv name; /* its alias */
    sm_sql_lineage_column *columns;
    bool *hidden; /* by column: merged into one of the left side by USING; NULL: none */
    size_t n;
    bool open; /* a table function: any column may be there, and comes of `args` */
    sm_sql_origins args;
} lin_relation;

typedef struct lin_from {
    lin_relation **items;
    size_t n, cap;
} lin_from;

/* What names mean inside of one SELECT. */
typedef struct lin_scope {
    const struct lin_scope *outer;
    const lin_from *from;
    const sm_sql_lineage_column *aliases; /* of the select list, so far */
    size_t n_aliases;
} lin_scope;

typedef struct lin_cte {
    const struct lin_cte *outer;
    sm_sv name;
    const lin_relation *result;
} lin_cte;

typedef struct lin_param { /* of a lambda */
    const struct lin_param *outer;
    sm_sv name;
} lin_param;

typedef struct lin_env {
    lin *l;
    const lin_scope *scope;
    const lin_cte *ctes;
    const lin_param *params;
} lin_env;

/* ---- sql_lineage.c: queries ------------------------------------------------------ */

lin_relation *sm_lin__query(lin_env e, const sm_json *node);
lin_relation *sm_lin__relation(lin *l, sm_sv name, size_t n);

/* ---- sql_lineage_from.c ---------------------------------------------------------- */

/* Add what a FROM names, in its order. */
void sm_lin__from(lin_env e, const sm_json *node, lin_from *from);
/* The first columns get the names of a list of texts, which may be NULL. */
void sm_lin__rename(lin_relation *r, const sm_json *names);

/* ---- sql_lineage_expr.c ---------------------------------------------------------- */

void sm_lin__add(lin *l, sm_sql_origins *to, const sm_sql_origins *from);
/* What an expression, or a list of them, is computed of. */
void sm_lin__expr(lin_env e, const sm_json *value, sm_sql_origins *to);
/* The columns of an item of a select list, appended to `out`, which has room for `most`. */
void sm_lin__item(lin_env e, const sm_json *item, sm_sql_lineage_column *out, size_t *n,
                  size_t most);
/* How many columns an item may become at most. */
size_t sm_lin__width(lin_env e);

#endif
