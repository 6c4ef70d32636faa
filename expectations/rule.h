/* SPDX-License-Identifier: Apache-2.0 */
/* rule.h -- one expectation: a named SQL boolean over a row. */
#ifndef SM_EXPECTATIONS_RULE_H
#define SM_EXPECTATIONS_RULE_H

#include "expectations/policy.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

typedef struct sm_rule {
    sm_sv name;
    sm_sv expr; /* as the user wrote it, judged by pipelines/sql */
    sm_policy policy;
} sm_rule;

/* The text that is evaluated: TRY(<expr>) IS TRUE, so NULL and an error inside are violations.
 * Comments in `expr` are harmless.  Lives in `a`. */
sm_sv sm_rule_sql(sm_sv expr, sm_arena *a);

#endif
