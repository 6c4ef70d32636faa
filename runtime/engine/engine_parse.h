/* SPDX-License-Identifier: Apache-2.0 */
/* engine_parse.h -- what DuckDB says about a text before anything runs. */
#ifndef SM_ENGINE_PARSE_H
#define SM_ENGINE_PARSE_H

#include "runtime/engine/engine.h"

/* For each text the answer of json_serialize_sql(text) as JSON text, with skip_null,
 * skip_empty and skip_default: {"error":false,"statements":[…]} or {"error":true,
 * "error_message":…,"position":"17"}; a text that does not parse is no failure of the call.
 * `position` counts bytes.  One query for all texts.  Answers live in `a`. */
sm_code sm_session_parse(sm_session *s, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                         sm_error *err);

/* The same of one text, with the lists that are empty, so that the tree can be changed and printed
 * again. */
sm_code sm_session_parse_whole(sm_session *s, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err);

/* Trees back to SQL (json_deserialize_sql), in one query.  Answers live in `a`. */
sm_code sm_session_print(sm_session *s, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                         sm_error *err);

/* A relation that a bound text may name; it has these columns and no rows. */
typedef struct sm_bind_relation {
    sm_sv name;
    const sm_schema *schema;
} sm_bind_relation;

#define SM_BIND_NOWHERE SIZE_MAX

/* Why a text does not bind. */
typedef struct sm_bind_error {
    size_t offset;           /* byte in the text given; SM_BIND_NOWHERE if unknown */
    sm_sv message;           /* DuckDB's words, without its prefix, candidates and LINE block */
    const sm_sv *candidates; /* plain names that come close, for the hint */
    size_t n_candidates;
} sm_bind_error;

/* The columns of the SELECT `text` over `relations`.  SM_E_SQL: it does not bind, and *why
 * says where (*err too); other codes: the engine itself failed.  Everything lives in `a`.
 * `nullable` is true in every column: DuckDB does not tell.
 *
 * Nothing is created and nothing runs: about 0.15 ms for one table.  The optimizer of the session
 * is switched off by the first call, so use a session of its own. */
sm_code sm_session_bind(sm_session *s, sm_sv text, const sm_bind_relation *relations, size_t n,
                        sm_arena *a, sm_schema *out, sm_bind_error *why, sm_error *err);

#endif
