/* SPDX-License-Identifier: Apache-2.0 */
/* values.h -- messages that quote what stands in the data, and the same without it.
 *
 * A message of a failure helps more with the value that caused it, and not everybody who may know
 * of the failure may see rows.  Whoever writes a value into a message does it behind one of these
 * words; whoever shows messages to people without rows asks sm_values_hide(). */
#ifndef SM_BASE_VALUES_H
#define SM_BASE_VALUES_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* Before a row or key as JSON. */
#define SM_VALUES_EXAMPLE ", for example "
/* Before what the engine says of a value: to the end of the message. */
#define SM_VALUES_ENGINE  "the engine does not take a value: "
/* Before what is wrong with a field of a record, "field \"n\": …": to the end of the message. */
#define SM_VALUES_FIELD   "field \""

/* `message` itself when it quotes nothing; else a copy in `a` without the values. */
sm_sv sm_values_hide(sm_sv message, sm_arena *a);

#endif
