/* SPDX-License-Identifier: Apache-2.0 */
/* message_headers.h -- headers of a message, from a column that has them as JSON:
 *
 *     {"trace": "7f3a", "attempt": 2}               names and texts; what is no text is its JSON
 *     [{"key": "trace", "value": "N2YzYQ=="}]       any bytes, in base64; in their order, a name
 *                                                   perhaps more than once */
#ifndef SM_SINKS_MESSAGE_HEADERS_H
#define SM_SINKS_MESSAGE_HEADERS_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/io/kafka_writer.h"

/* `text` "" or a JSON null: none.  Lives in `a`.  SM_E_INVALID: it is neither of the two. */
sm_code sm_message_headers_read(sm_sv text, sm_arena *a, sm_kafka_header_pair **out, size_t *n,
                                sm_error *err);

#endif
