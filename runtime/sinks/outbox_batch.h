/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_batch.h -- the outbox of a batch: made, named in the manifest, sent, gone.
 *
 *     prepare   <folder>/<generation>-<batch>-<attempt>.outbox, synced
 *     decided   the manifest names it
 *     publish   looked for, sent by its sink, then all files of the batch go, and of attempts that
 *               died before it
 *
 * A sink whose target does not say what it has leaves an empty file, "<outbox>.sent", to tell that
 * all was sent; it goes with the next batch.  "<outbox>.parts" has a byte for each message that was
 * taken, for sinks that send one after the other: it is not synced, so it may tell of too few. */
#ifndef SM_SINKS_OUTBOX_BATCH_H
#define SM_SINKS_OUTBOX_BATCH_H

#include "runtime/connect/sink.h"
#include "runtime/sinks/outbox.h"

/* --- Prepare --- */

/* What a row becomes.  `end`, which may be NULL, adds what is left and may say more in `action`. */
typedef struct sm_outbox_rows {
    sm_sv key, headers; /* columns of them; "": none */
    sm_code (*take)(void *ctx, sm_outbox *o, const sm_outbox_message *row, sm_error *err);
    sm_code (*end)(void *ctx, sm_outbox *o, sm_json *action, sm_error *err);
    void *ctx;
} sm_outbox_rows;

/* The rows of `select` as JSON, into an outbox that `m` names; no rows, no outbox. */
sm_code sm_outbox_prepare(sm_sink *k, sm_sv select, const sm_outbox_rows *rows, sm_manifest *m,
                          int64_t *rows_out, int64_t *bytes_out, sm_error *err);
void sm_outbox_discard(sm_sink *k, const sm_manifest *m);

/* --- Publish --- */

typedef struct sm_outbox_batch { /* lives in the arena of its manifest */
    const sm_json *action;
    const char *path, *sent, *parts;
    sm_sv attempt;
    int64_t bytes;
} sm_outbox_batch;

sm_outbox_batch sm_outbox_of(const sm_sink *k, const sm_manifest *m);

/* `marked`: the target itself says what it has, there is no ".sent".  *sent: all was, by an earlier
 * life.  SM_E_CORRUPT: it is neither there nor sent, so it is lost. */
sm_code sm_outbox_look(const sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b,
                       bool marked, bool *sent, sm_error *err);
/* All is sent: what there is of the batch and before it goes, and the sink remembers it. */
sm_code sm_outbox_clear(sm_sink *k, const sm_manifest *m, const sm_outbox_batch *b, bool marked,
                        sm_error *err);

/* How many messages were taken, as far as it is known. */
int64_t sm_outbox_parts(const sm_outbox_batch *b);
sm_code sm_outbox_part_taken(const sm_outbox_batch *b, sm_error *err);

/* --- Looks --- */

/* What the sink remembers of itself, and its ".sent" says: nobody else does. */
void sm_outbox_inspect(const sm_sink *k, sm_target_state *out);

#endif
