/* SPDX-License-Identifier: Apache-2.0 */
/* sqlgrow.h -- how columns change over time: what may widen, how two lists become one.
 *
 *     in force             a BIGINT, s STRUCT(x INTEGER)
 *     asked for            s STRUCT(x INTEGER, y VARCHAR), b DATE
 *     grown                a BIGINT, s STRUCT(x INTEGER, y VARCHAR), b DATE
 *
 * A list only ever grows: columns keep their place and name, new ones come at the end, the
 * fields of a STRUCT likewise.  A type changes only to a wider one, where that is allowed.
 * Everything here is pure. */
#ifndef SM_BASE_SQLGROW_H
#define SM_BASE_SQLGROW_H

#include "runtime/base/sqltype.h"

/* What becomes of a field of the data that the columns in force do not have, in the words of
 * `schema_evolution_mode`. */
typedef enum sm_evolution {
    SM_EVOLUTION_FAIL,   /* the batch fails, naming it, each time */
    SM_EVOLUTION_NONE,   /* it is ignored, or rescued where there is a column for that */
    SM_EVOLUTION_RESCUE, /* it is rescued, and the column for that is always there */
    SM_EVOLUTION_ADD,    /* it becomes a column */
    SM_EVOLUTION_WIDEN,  /* so too; and a column that values do not fit takes a wider type */
} sm_evolution;

/* "add_new_columns" and so on. */
const char *sm_evolution_name(sm_evolution e);
/* SM_EVOLUTION_NONE for a word that is none. */
sm_evolution sm_evolution_of(sm_sv name);
/* New fields become columns. */
bool sm_evolution_grows(sm_evolution e);
/* The columns stay as they are, and new fields are no fault. */
bool sm_evolution_stays(sm_evolution e);

/* Is `to` one of the wider types that a value of type `from` can go on in?  TINYINT to
 * SMALLINT, INTEGER, BIGINT; each of them to a DECIMAL that holds all its values, and all but
 * BIGINT to DOUBLE; FLOAT to DOUBLE; DECIMAL to one with no fewer digits on either side.
 * databricks.md 4.3.  False for equal types. */
bool sm_sqltype_widens(const sm_sqltype *from, const sm_sqltype *to);

enum {
    SM_GROW_WIDEN = 1,  /* a column may take a wider type */
    SM_GROW_EITHER = 2, /* a column that is asked for in a narrower type fits as it is */
    SM_GROW_KEEP = 4,   /* what is asked for in a type that does not fit stays as it was */
    SM_GROW_JOIN = 8,   /* with WIDEN: where neither of two numbers with decimal digits is the wider
                         * one, the column takes the DECIMAL that holds both */
};

/* How the columns of a source grow by what its data asks for. */
unsigned sm_evolution_how(sm_evolution e);

typedef struct sm_grown {
    sm_schema schema;   /* lives in the arena */
    size_t added;       /* columns, and fields of nested types */
    size_t widened;     /* columns, and parts of nested types */
    ptrdiff_t conflict; /* the column of `more` that does not fit, whatever the others; -1 none */
} sm_grown;

/* `was` grown by what `more` asks for.  Names compare ignoring case; that of `was` stays.
 * SM_E_INVALID only for a text that is no type. */
sm_code sm_schema_grow(const sm_schema *was, const sm_schema *more, unsigned how, sm_arena *a,
                       sm_grown *out, sm_error *err);

#endif
