/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h -- what happens to a row, and to its batch, when a rule does not hold.
 *
 * Where several rules are broken in one row the severest decides, and every one of them is
 * counted. */
#ifndef SM_EXPECTATIONS_POLICY_H
#define SM_EXPECTATIONS_POLICY_H

#include <stdbool.h>

#include "runtime/base/str.h"

/* From mild to severe. */
typedef enum sm_policy {
    SM_POLICY_WARN,       /* the row is written */
    SM_POLICY_DROP,       /* the row is not written */
    SM_POLICY_QUARANTINE, /* the row goes to the table's quarantine */
    SM_POLICY_FAIL,       /* nothing of the batch is written */
} sm_policy;

enum { SM_POLICY_COUNT = SM_POLICY_FAIL + 1 };

const char *sm_policy_name(sm_policy p);    /* "warn" */
const char *sm_policy_summary(sm_policy p); /* one sentence */
bool sm_policy_parse(sm_sv name, sm_policy *out);
/* Is the row written to the table? */
bool sm_policy_keeps_row(sm_policy p);
bool sm_policy_stops_batch(sm_policy p);

#endif
