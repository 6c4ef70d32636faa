/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c -- the policies, as one table. */
#include "expectations/policy.h"

#include <assert.h>

typedef struct policy_row {
    const char *name, *summary;
    bool keeps_row, stops_batch;
} policy_row;

static const policy_row policies[SM_POLICY_COUNT] = {
    [SM_POLICY_WARN] = { .name = "warn",
                         .summary = "The row is written and counted.",
                         .keeps_row = true },
    [SM_POLICY_DROP] = { .name = "drop", .summary = "The row is counted and not written." },
    [SM_POLICY_QUARANTINE] = { .name = "quarantine",
                               .summary =
                                   "The row goes to <table>__quarantine, with the rules that "
                                   "it broke." },
    [SM_POLICY_FAIL] = { .name = "fail",
                         .summary = "Nothing of the batch is written, and the run fails.",
                         .stops_batch = true },
};

static const policy_row *policy_of(sm_policy p)
{
    assert((size_t)p < SM_POLICY_COUNT);
    return &policies[p];
}

const char *sm_policy_name(sm_policy p)
{
    return policy_of(p)->name;
}

const char *sm_policy_summary(sm_policy p)
{
    return policy_of(p)->summary;
}

bool sm_policy_parse(sm_sv name, sm_policy *out)
{
    for (size_t i = 0; i < SM_POLICY_COUNT; i++) {
        if (sm_sv_eq_str(name, policies[i].name)) {
            *out = (sm_policy)i;
            return true;
        }
    }
    return false;
}

bool sm_policy_keeps_row(sm_policy p)
{
    return policy_of(p)->keeps_row;
}

bool sm_policy_stops_batch(sm_policy p)
{
    return policy_of(p)->stops_batch;
}
