/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.h -- the messages of one batch in a file, from the moment they are decided until they are
 * sent.
 *
 *     prepare   write all, sync, rename    the file is there as a whole, or not at all
 *     publish   read from begin to end     as often as it takes
 *
 * A file belongs to one attempt at a batch; what an attempt that died has left, its sink removes.
 */
#ifndef SM_SINKS_OUTBOX_H
#define SM_SINKS_OUTBOX_H

#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_outbox sm_outbox;

/* Begin `path`.  Owned: sm_outbox_free(), which takes back what was not kept. */
sm_code sm_outbox_new(const char *path, sm_outbox **out, sm_error *err);
typedef struct sm_outbox_message {
    sm_sv key, headers; /* ptr NULL: there is none */
    sm_sv value;
} sm_outbox_message;

sm_code sm_outbox_add(sm_outbox *o, const sm_outbox_message *m, sm_error *err);
/* Now it is there, and stays when the machine dies.  *bytes: its size. */
sm_code sm_outbox_keep(sm_outbox *o, int64_t *bytes, sm_error *err);
void sm_outbox_free(sm_outbox *o); /* NULL is fine */

/* Each message in order, until `take` fails; it lives until the next.  SM_E_NOT_FOUND: the file is
 * not there; SM_E_CORRUPT: it is not what was kept. */
sm_code sm_outbox_each(const char *path, int64_t bytes,
                       sm_code (*take)(void *ctx, const sm_outbox_message *m, sm_error *err),
                       void *ctx, sm_error *err);

#endif
