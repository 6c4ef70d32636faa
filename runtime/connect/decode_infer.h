/* SPDX-License-Identifier: Apache-2.0 */
/* decode_infer.h -- columns from what the first records look like.
 *
 * The rules are those of decode.h read backwards, by the same code, so that what is
 * inferred can be read:
 *
 *     seen in a field                     column
 *     ----------------------------------  -----------------------------------------
 *     true, false                         BOOLEAN
 *     whole numbers                       BIGINT; DECIMAL(38,0) when one does not fit
 *     numbers                             DOUBLE; DECIMAL(p,s) where that is preferred
 *     ISO 8601 dates; with timestamps     DATE; TIMESTAMP
 *     objects; arrays                     STRUCT of their fields; LIST of their elements
 *     nothing but null                    VARCHAR
 *     anything else, or a mixture         VARCHAR
 *
 * Columns come in the order in which their fields were met.  Undecodable lines are passed
 * over; the first is remembered, for the case that there is nothing else.
 */
#ifndef SM_CONNECT_DECODE_INFER_H
#define SM_CONNECT_DECODE_INFER_H

#include "runtime/connect/decode_csv.h"

enum {
    SM_INFER_MAX_DEPTH = 32,   /* deeper parts stay JSON text */
    SM_INFER_MAX_FIELDS = 1000 /* of a nested object; more stay JSON text */
};

typedef struct sm_infer sm_infer;

typedef struct sm_infer_rules {
    bool types;                /* false: all columns are VARCHAR */
    bool primitives_as_string; /* JSON: so are booleans, numbers, dates and times */
    bool prefers_decimal;      /* JSON: numbers with a point are DECIMAL while they fit one */
} sm_infer_rules;

/* Lives in `a`. */
sm_infer *sm_infer_new(sm_arena *a, const sm_infer_rules *rules);

/* Look at the records of a block (whole lines; written to). */
void sm_infer_ndjson(sm_infer *in, const sm_decode_block *block);

/* The same for CSV.  `names` are the fields of this file.  SM_E_LIMIT: too many in all. */
sm_code sm_infer_csv(sm_infer *in, const sm_csv_dialect *dialect, const sm_decode_block *block,
                     const sm_sv *names, size_t n, sm_error *err);

/* One value of the column `name`, as it stands in a field of CSV without quotes, but that 0012 is
 * the number 12.  SM_E_LIMIT: too many columns. */
sm_code sm_infer_text(sm_infer *in, sm_sv name, sm_sv text, sm_error *err);

/* The columns; n == 0 when there was no record.  SM_E_INVALID when no line was a record
 * (naming the first fault), or names cannot stand in one table.  Lives in `a`. */
sm_code sm_infer_schema(sm_infer *in, const sm_decode_file *files, sm_schema *out, sm_error *err);

/* A column that no field feeds (the rescued, the corrupt), behind the others of `out`; none for "".
 * SM_E_INVALID, naming its `option`, when a field is called so: `has` begins "the data has". */
sm_code sm_infer_add_column(sm_sv name, const char *option, const char *has, sm_arena *a,
                            sm_schema *out, sm_error *err);

#endif
