/* SPDX-License-Identifier: Apache-2.0 */
/* sqltype.h -- column types: their text, their tree, and what a table stores.
 *
 * A type travels through smelt as DuckDB prints it: "BIGINT", "DECIMAL(10,2)",
 * "STRUCT(a INTEGER, \"b c\" VARCHAR[])".  Where its parts matter the text becomes a
 * tree.  Everything here is pure; trees and texts live in the arena that is given.
 *
 *     result of a query     stored as (what a reader sees)     Delta's name
 *     -----------------     ------------------------------     ------------
 *     HUGEINT               BIGINT                             long
 *     TIMESTAMPTZ           TIMESTAMP                          timestamp
 *     UUID                  VARCHAR                            string
 *     UNION(…)              no home: an error
 */
#ifndef SM_BASE_SQLTYPE_H
#define SM_BASE_SQLTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

/* A type deeper than this, or longer than SM_SQLTYPE_MAX_TEXT bytes, is refused. */
enum { SM_SQLTYPE_MAX_DEPTH = 64, SM_SQLTYPE_MAX_TEXT = 1024 * 1024 };

typedef struct sm_column {
    sm_sv name;
    sm_sv type; /* as DuckDB prints it */
    bool nullable;
    sm_sv description; /* empty when there is none */
} sm_column;

typedef struct sm_schema {
    sm_column *columns;
    size_t n;
} sm_schema;

typedef enum sm_sqltype_kind {
    SM_SQLTYPE_BOOLEAN,
    SM_SQLTYPE_TINYINT,
    SM_SQLTYPE_SMALLINT,
    SM_SQLTYPE_INTEGER,
    SM_SQLTYPE_BIGINT,
    SM_SQLTYPE_HUGEINT,
    SM_SQLTYPE_UTINYINT,
    SM_SQLTYPE_USMALLINT,
    SM_SQLTYPE_UINTEGER,
    SM_SQLTYPE_UBIGINT,
    SM_SQLTYPE_UHUGEINT,
    SM_SQLTYPE_FLOAT,
    SM_SQLTYPE_DOUBLE,
    SM_SQLTYPE_DECIMAL,
    SM_SQLTYPE_VARCHAR,
    SM_SQLTYPE_JSON,
    SM_SQLTYPE_ENUM,
    SM_SQLTYPE_UUID,
    SM_SQLTYPE_BLOB,
    SM_SQLTYPE_DATE,
    SM_SQLTYPE_TIME,
    SM_SQLTYPE_TIMETZ,
    SM_SQLTYPE_INTERVAL,
    SM_SQLTYPE_TIMESTAMP,   /* an instant, in UTC */
    SM_SQLTYPE_TIMESTAMPTZ, /* the same instant, as DuckDB's other type */
    SM_SQLTYPE_TIMESTAMP_S, /* DuckDB's seconds, milliseconds, nanoseconds */
    SM_SQLTYPE_TIMESTAMP_MS,
    SM_SQLTYPE_TIMESTAMP_NS,
    SM_SQLTYPE_TIMESTAMP_NTZ, /* ours: a wall clock without a zone */
    SM_SQLTYPE_LIST,
    SM_SQLTYPE_ARRAY,
    SM_SQLTYPE_STRUCT,
    SM_SQLTYPE_MAP,
    SM_SQLTYPE_OTHER, /* DuckDB has it, tables have not: UNION, BIT, "NULL", … */
} sm_sqltype_kind;

typedef struct sm_sqltype sm_sqltype;

typedef struct sm_sqltype_field {
    sm_sv name; /* "element" of a list; "key" and "value" of a map */
    sm_sqltype *type;
} sm_sqltype_field;

struct sm_sqltype {
    sm_sqltype_kind kind;
    sm_sv text;               /* as it was written, without outer space */
    int width, scale;         /* DECIMAL */
    int64_t length;           /* ARRAY */
    sm_sqltype_field *fields; /* STRUCT n; MAP 2 (key, value); LIST and ARRAY 1 */
    size_t n;
};

/* `text` as a tree that lives in `a`; it borrows nothing from `text`.  A word that is no
 * type's name is kind OTHER: only a text that cannot be taken apart is SM_E_INVALID. */
sm_code sm_sqltype_parse(sm_sv text, sm_arena *a, sm_sqltype **out, sm_error *err);

/* The type as DuckDB prints it; of OTHER the text that was parsed. */
sm_sv sm_sqltype_print(const sm_sqltype *t, sm_arena *a);

/* Same type; names of struct fields compare ignoring case. */
bool sm_sqltype_equal(const sm_sqltype *x, const sm_sqltype *y);

/* What a result column of type `t` is stored as, and so what a reader of the table sees:
 * the map of the file's head.  SM_E_INVALID when there is no home for it; the message
 * names the type, the caller adds the column. */
sm_code sm_sqltype_stored(const sm_sqltype *t, sm_arena *a, sm_sqltype **out, sm_error *err);

/* The same over texts. */
sm_code sm_sqltype_stored_text(sm_sv type, sm_arena *a, sm_sv *out, sm_error *err);

/* The type text that DuckDB is asked for when a value of stored type `t` goes into a file:
 * as sm_sqltype_print(), but TIMESTAMP is TIMESTAMPTZ and TIMESTAMP_NTZ is TIMESTAMP. */
sm_sv sm_sqltype_file_text(const sm_sqltype *t, sm_arena *a);

/* The type text of a stored type as a query sees it: TIMESTAMP_NTZ is TIMESTAMP. */
sm_sv sm_sqltype_view_text(const sm_sqltype *t, sm_arena *a);

/* Is kind `k` anywhere in `t`? */
bool sm_sqltype_has(const sm_sqltype *t, sm_sqltype_kind k);

/* Every column's type replaced by its stored type.  Column names that a table cannot have
 * (" ,;{}()\n\t=", or twice the same ignoring case) are SM_E_INVALID, naming the column. */
sm_code sm_schema_stored(const sm_schema *s, sm_arena *a, sm_schema *out, sm_error *err);

/* Index of the column, ignoring case as SQL does; -1 if there is none. */
ptrdiff_t sm_schema_find(const sm_schema *s, sm_sv name);

/* Same names (case matters), same types, same order. */
bool sm_schema_equal(const sm_schema *x, const sm_schema *y);

/* [{"name":…,"type":…,"nullable":false,"description":…}]: `nullable` only when false,
 * `description` only when there is one. */
sm_json *sm_schema_to_json(const sm_schema *s, sm_arena *a);
sm_code sm_schema_from_json(const sm_json *j, sm_arena *a, sm_schema *out, sm_error *err);

/* The schema as Delta writes it, {"type":"struct","fields":[…]}, from stored types. */
sm_code sm_schema_to_delta(const sm_schema *s, sm_arena *a, sm_json **out, sm_error *err);

/* A Delta schema as columns of stored types.  "void" and names that the protocol does not
 * have are SM_E_INVALID, naming the column. */
sm_code sm_schema_from_delta(const sm_json *j, sm_arena *a, sm_schema *out, sm_error *err);

#endif
