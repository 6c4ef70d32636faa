/* SPDX-License-Identifier: Apache-2.0 */
/* stores.h -- the control stores of a process that goes on: each is opened once, to write, and
 * stays open until the end.  All calls may come from any thread. */
#ifndef SM_CLI_STORES_H
#define SM_CLI_STORES_H

#include "runtime/store/store.h"

typedef struct sm_stores sm_stores;

sm_stores *sm_stores_new(void);       /* owned: free with sm_stores_free() */
void sm_stores_free(sm_stores *list); /* closes them; NULL is fine */

/* The store of a state folder, as sm_store_open() has it; borrowed until sm_stores_free(). */
sm_code sm_stores_get(sm_stores *list, sm_sv state_path, sm_store **out, sm_error *err);
/* The same if it is open already, else NULL. */
sm_store *sm_stores_find(sm_stores *list, sm_sv state_path);

#endif
