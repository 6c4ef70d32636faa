/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h -- what the counts of a batch mean. */
#ifndef SM_EXPECTATIONS_VERDICT_H
#define SM_EXPECTATIONS_VERDICT_H

#include "expectations/mask.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

/* SM_E_RULE when a rule with policy fail does not hold for some row, naming the first such
 * rule, how often, and one row: rule "has_id" of table "t" does not hold for 3 of 1,000
 * rows (0.3%), for example {…}.  `table` is for the message. */
sm_code sm_verdict(const sm_mask *m, sm_sv table, sm_error *err);

/* SM_E_RULE, always: rule "has_id" of table "t" does not hold for 30 of 1,000 rows (3%), and its
 * fail_if is "> 1%"; <fate>.  `fate` says what becomes of the rows. */
sm_code sm_verdict_threshold(sm_sv rule, sm_sv table, sm_sv fail_if, int64_t failed, int64_t rows,
                             const char *fate, sm_error *err);

/* [{"name","policy","expect","passed","failed","percent","samples":[row objects]}], in the
 * order of the rules; `percent` is of failed rows.  Lives in `a`. */
sm_json *sm_verdict_report(const sm_mask *m, sm_arena *a);

/* Failed rows of `rows` as people read it: "0%", "<0.01%", "0.3%", "12.5%", "100%"; never
 * "0%" or "100%" when that is not exactly so.  Lives in `a`. */
sm_sv sm_verdict_percent(int64_t failed, int64_t rows, sm_arena *a);

#endif
