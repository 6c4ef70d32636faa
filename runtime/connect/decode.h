/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h -- bytes of a file to typed values, one value at a time.
 *
 * The vocabulary of the decoders (decode_ndjson, decode_csv, decode_text): what a column
 * takes, where a value goes, and why it did not fit.  Pure: no files, no threads.
 *
 * What fits where (JSON; a CSV field is always a quoted value):
 *
 *     column              JSON value
 *     ------------------  -----------------------------------------------------------
 *     BOOLEAN             true, false, "true", "false" (any case)
 *     integers            a whole number in range, 1.0 and 1e3 included; also "12"
 *     FLOAT, DOUBLE       a number that stays finite; also "1.5", "NaN", "Infinity",
 *                         "-Infinity"
 *     DECIMAL(p,s)        a number, rounded half away from zero to s digits; also "1.5"
 *     DATE                "2026-01-31"
 *     TIMESTAMP           "2026-01-31T12:00:00.123456789Z": T or a space, seconds
 *                         optional, fraction cut to microseconds, offset Z, +02, +0200
 *                         or +02:00 applied (UTC without one); also a bare date
 *     VARCHAR             a string; a number or boolean as written; an object or array
 *                         as its JSON text
 *     JSON                any value, as written
 *     STRUCT, LIST, MAP   an object or array whose parts fit; rewritten as canonical
 *                         JSON text, so that the cast in SQL cannot fail
 *
 * null and a missing field are NULL.  Anything else makes the record undecodable.
 */
#ifndef SM_CONNECT_DECODE_H
#define SM_CONNECT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

enum {
    SM_DECODE_ROWS = 2048,                   /* of one chunk */
    SM_DECODE_MAX_DEPTH = 256,               /* of nested JSON */
    SM_DECODE_MAX_RECORD = 16 * 1024 * 1024, /* bytes of one record, without its end */
    SM_DECODE_MAX_COLUMNS = 10000,
    SM_DECODE_PADDING = 64, /* readable bytes that must follow the data; the first is '\n' */
};

typedef enum sm_decode_kind {
    SM_DECODE_BOOLEAN,
    SM_DECODE_INT8,
    SM_DECODE_INT16,
    SM_DECODE_INT32,
    SM_DECODE_INT64,
    SM_DECODE_UINT8,
    SM_DECODE_UINT16,
    SM_DECODE_UINT32,
    SM_DECODE_UINT64,
    SM_DECODE_FLOAT,
    SM_DECODE_DOUBLE,
    SM_DECODE_DECIMAL,   /* of `width` digits, in 2, 4, 8 or 16 bytes, as DuckDB keeps it */
    SM_DECODE_DATE,      /* int32, days since 1970 */
    SM_DECODE_TIMESTAMP, /* int64, microseconds since 1970 in UTC */
    SM_DECODE_VARCHAR,
    SM_DECODE_JSON,   /* JSON text as written */
    SM_DECODE_NESTED, /* canonical JSON text, to be cast to `type` */
} sm_decode_kind;

/* One column of the schema. */
typedef struct sm_decode_column {
    sm_sv name;
    sm_sv type_text; /* as DuckDB prints it */
    const sm_sqltype *type;
    sm_decode_kind kind;
    uint8_t width, scale; /* DECIMAL */
    uint8_t size;         /* bytes of one value */
} sm_decode_column;

/* A string as DuckDB keeps it: up to 12 bytes inside, else a pointer to bytes that live
 * until the next chunk of the same worker. */
typedef struct sm_decode_string {
    uint32_t len;
    char head[4];
    union {
        const char *ptr;
        char tail[8];
    } u;
} sm_decode_string;

/* The columns of `schema`, in its order, in `a`.  SM_E_INVALID naming the column when a
 * type cannot be read from text. */
sm_code sm_decode_columns(const sm_schema *schema, sm_arena *a, sm_decode_column **out,
                          sm_error *err);

/* The physical type that a worker delivers: "VARCHAR" for JSON and NESTED, else the
 * column's own (TIMESTAMP for TIMESTAMPTZ). */
sm_sv sm_decode_physical_type(const sm_decode_column *c);

#endif
