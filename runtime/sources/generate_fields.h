/* SPDX-License-Identifier: Apache-2.0 */
/* generate_fields.h -- row i as a pure function of (seed, i).
 *
 *     fields:
 *       id:     sequence                                   BIGINT: start + i * step
 *       size:   {type: int, min: 1, max: 100}              BIGINT, both ends included
 *       weight: {type: double, min: 0, max: 1}             DOUBLE, max excluded
 *       color:  {type: choice, values: [red, green]}       VARCHAR, BIGINT, DOUBLE or BOOLEAN
 *       at:     {type: timestamp, start: "2026-01-01T00:00:00Z", step: 1s}
 *       key:    uuid                                       VARCHAR
 *       note:   {type: string, length: 12}                 VARCHAR, letters a to z
 *
 * A field that needs no more than its type is written as that word.  Each field has a
 * random stream of its own (seed, name), so adding one does not change the others.
 */
#ifndef SM_SOURCES_GENERATE_FIELDS_H
#define SM_SOURCES_GENERATE_FIELDS_H

#include "runtime/base/json.h"
#include "runtime/base/sqltype.h"
#include "runtime/engine/engine_reader.h"

typedef struct sm_generate_fields sm_generate_fields;

/* Read `fields`, an object; NULL or empty is {value: sequence}.  SM_E_INVALID naming the
 * field and what is wrong.  Lives in `a`. */
sm_code sm_generate_parse(const sm_json *fields, int64_t seed, sm_arena *a,
                          sm_generate_fields **out, sm_error *err);

/* Names and types, in the order of the fields. */
const sm_schema *sm_generate_schema(const sm_generate_fields *f);

/* Values of `field` for the rows [row, row + n) into `data`, as engine_reader.h keeps them.
 * Bytes of long strings live in `a`. */
void sm_generate_fill(const sm_generate_fields *f, size_t field, int64_t row, size_t n, void *data,
                      sm_arena *a);

#endif
