/* SPDX-License-Identifier: Apache-2.0 */
/* row_json.h -- rows as JSON, as sinks send them.
 *
 * An instant is a text in ISO 8601 with its zone ("2026-01-01T00:00:00.000000Z"), also inside
 * structs, lists and maps; what JSON has no number for (NaN, infinities) is null. */
#ifndef SM_SINKS_ROW_JSON_H
#define SM_SINKS_ROW_JSON_H

#include "runtime/connect/sink.h"

/* A SELECT of three texts a row of `select`: its column `key` ("": NULL), an object of all its
 * columns but `headers`, and that one ("": NULL) as message_headers.h reads it.  Lives in `a`. */
sm_code sm_row_json_select(const sm_sink *k, sm_sv select, sm_sv key, sm_sv headers, sm_arena *a,
                           sm_sv *out, sm_error *err);

#endif
