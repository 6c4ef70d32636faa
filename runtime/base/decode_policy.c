/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/decode_policy.h"

static const char *const names[] = {
    [SM_DECODE_FAIL] = "fail",
    [SM_DECODE_DROP] = "drop",
    [SM_DECODE_QUARANTINE] = "quarantine",
};

const char *sm_decode_policy_name(sm_decode_policy p)
{
    return names[p];
}

sm_decode_policy sm_decode_policy_of(sm_sv name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sm_sv_eq_str(name, names[i]))
            return (sm_decode_policy)i;
    return SM_DECODE_FAIL;
}
