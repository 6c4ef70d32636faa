/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.h -- "please stop", said to work that another thread does.
 *
 * Who works binds what stops it; who asked before that is heard at once.  All calls may come from
 * any thread. */
#ifndef SM_SCHEDULE_CANCEL_H
#define SM_SCHEDULE_CANCEL_H

#include <stdbool.h>

typedef struct sm_cancel sm_cancel;

sm_cancel *sm_cancel_new(void); /* owned: free with sm_cancel_free */
void sm_cancel_free(sm_cancel *c);

/* From now on asking calls `stop`, which must be short; called at once when somebody has asked. */
void sm_cancel_bind(sm_cancel *c, void (*stop)(void *arg), void *arg);
/* When it returns `stop` is not called any more. */
void sm_cancel_unbind(sm_cancel *c);

void sm_cancel_ask(sm_cancel *c); /* the first time counts */
bool sm_cancel_asked(sm_cancel *c);

#endif
