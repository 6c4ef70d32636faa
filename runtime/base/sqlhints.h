/* SPDX-License-Identifier: Apache-2.0 */
/* sqlhints.h -- types that the user knows better than inference: `schema_hints`.
 *
 *     hints  := path type, …                 price DECIMAL(10,2), user.born DATE
 *     path   := name ( "." name )*           a name with a dot stands in quotes: "a.b" INTEGER
 *
 * A part of a path is a field of a STRUCT; `element` is what a list holds; `key` and `value`
 * are those of a MAP.  What is not there yet is added: a column, a field, and a list where the
 * path says `element` of something that is no nested type.  databricks.md 4.1.  Everything
 * here is pure; what is made lives in the arena. */
#ifndef SM_BASE_SQLHINTS_H
#define SM_BASE_SQLHINTS_H

#include "runtime/base/sqltype.h"

typedef struct sm_hint {
    const sm_sv *path; /* without quotes */
    size_t n_path;     /* at least 1 */
    sm_sqltype *type;
    sm_sv name;      /* the path as it was written; borrowed from the text */
    sm_sv type_text; /* likewise */
} sm_hint;

typedef struct sm_hints {
    sm_hint *items;
    size_t n;
} sm_hints;

/* SM_E_INVALID: `text` is no such list; `*bad` is the part of it that is wrong.  A word that
 * is no type is kind OTHER, as in sm_sqltype_parse(). */
sm_code sm_hints_parse(sm_sv text, sm_arena *a, sm_hints *out, sm_sv *bad, sm_error *err);

typedef enum sm_hints_how {
    SM_HINTS_ALL, /* a hint gives its column or part the type, or adds it */
    SM_HINTS_NEW, /* only what is not there is added; nothing changes its type */
} sm_hints_how;

/* A hint that goes nowhere, such as one for a field of a list, changes nothing: see
 * sm_hints_judge().  SM_E_INVALID: a column of the schema has a text that is no type. */
sm_code sm_hints_apply(const sm_hints *h, sm_hints_how how, sm_arena *a, sm_schema *schema,
                       sm_error *err);

typedef enum sm_hint_fate {
    SM_HINT_HOLDS,
    SM_HINT_ABSENT,  /* there is no such column or part, and it could be added */
    SM_HINT_DIFFERS, /* it has another type */
    SM_HINT_NOWHERE, /* what the path leads through has no such part */
} sm_hint_fate;

/* What a hint is to a type that the first part of its path leads to.  With NOWHERE `*through` is
 * what has no such part, and `*depth` the place in the path of that part; both may be NULL. */
sm_hint_fate sm_hint_judge(const sm_hint *hint, const sm_sqltype *column,
                           const sm_sqltype **through, size_t *depth);

#endif
