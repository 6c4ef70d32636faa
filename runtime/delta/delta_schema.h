/* SPDX-License-Identifier: Apache-2.0 */
/* delta_schema.h -- metaData and protocol: composing ours, judging what is there. */
#ifndef SM_DELTA_SCHEMA_H
#define SM_DELTA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_action.h"

/* What a table is to be. */
typedef struct sm_delta_definition {
    sm_sv name, description;
    const sm_schema *schema; /* stored types */
    const sm_sv *partition_by;
    size_t partition_count;
    const sm_json *properties; /* object of texts, or NULL */
} sm_delta_definition;

/* metaData for `d`.  `id` empty makes a new one.  SM_E_INVALID: a partition column that is
 * no column, is nested, or all columns are partition columns. */
sm_code sm_delta_metadata_make(const sm_delta_definition *d, sm_sv id, int64_t now_ms, sm_arena *a,
                               sm_delta_metadata *out, sm_error *err);

/* The least protocol for the schema: (1,2), or (3,7) with timestampNtz. */
sm_delta_protocol sm_delta_protocol_make(const sm_schema *schema, sm_arena *a);

/* SM_E_INVALID when we cannot read, or (`writing`) must not write, a table of this protocol:
 * the message names the version or the feature. */
sm_code sm_delta_protocol_check(const sm_delta_protocol *p, bool writing, sm_error *err);

/* SM_E_INVALID when the table asks of every writer what we do not do: NOT NULL columns,
 * invariants, constraints, or (`removing`) appends only. */
sm_code sm_delta_metadata_check(const sm_delta_metadata *m, bool removing, sm_arena *a,
                                sm_error *err);

/* The columns and the partition columns that metaData names. */
sm_code sm_delta_metadata_schema(const sm_delta_metadata *m, sm_arena *a, sm_schema *out,
                                 sm_error *err);
sm_code sm_delta_metadata_partitions(const sm_delta_metadata *m, sm_arena *a, const sm_sv **out,
                                     size_t *n, sm_error *err);

/* Does `m` say what `d` asks for: same columns, types, order and partitioning? */
bool sm_delta_metadata_fits(const sm_delta_metadata *m, const sm_delta_definition *d, sm_arena *a);

/* The same columns of partition, in the same order? */
bool sm_delta_same_partitions(const sm_delta_metadata *m, const sm_delta_definition *d,
                              sm_arena *a);

/* SM_E_INVALID with both definitions side by side and what to do about it. */
sm_code sm_delta_metadata_refuse(const sm_delta_metadata *m, const sm_delta_definition *d,
                                 sm_arena *a, sm_error *err);

#endif
