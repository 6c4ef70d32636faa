/* SPDX-License-Identifier: Apache-2.0 */
/* pinned.h -- the texts of files as they were when they were deployed.
 *
 * What is edited afterwards counts from the next reload on, and not in the middle of the day. */
#ifndef SM_CLI_PINNED_H
#define SM_CLI_PINNED_H

#include "pipelines/spec/spec.h"

typedef struct sm_pinned sm_pinned;

/* Counted: the one who makes it holds it, sm_pinned_hold() adds a holder, and the last one to call
 * sm_pinned_free() frees it.  All but sm_pinned_add() may be called from any thread. */
sm_pinned *sm_pinned_new(void);
sm_pinned *sm_pinned_hold(sm_pinned *p);
void sm_pinned_free(sm_pinned *p); /* NULL is fine */

void sm_pinned_add(sm_pinned *p, const sm_spec_docs *docs); /* copied; before it is shared */

/* A number that is another one when one of the files was changed, or came or went. */
int64_t sm_pinned_stamp(const sm_pinned *p);

bool sm_pinned_has(const sm_pinned *p, const char *file);
/* The text, borrowed as long as `p`; a file that is not among them is read from the disk. */
sm_code sm_pinned_read(const sm_pinned *p, const char *file, size_t max, sm_arena *a, sm_sv *out,
                       sm_error *err);

#endif
