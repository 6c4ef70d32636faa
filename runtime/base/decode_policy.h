/* SPDX-License-Identifier: Apache-2.0 */
/* decode_policy.h -- what becomes of input that is no record: the words of `on_decode_error`. */
#ifndef SM_BASE_DECODE_POLICY_H
#define SM_BASE_DECODE_POLICY_H

#include "runtime/base/str.h"

typedef enum sm_decode_policy {
    SM_DECODE_FAIL,       /* the batch fails, naming it */
    SM_DECODE_DROP,       /* it is counted and left out */
    SM_DECODE_QUARANTINE, /* it is kept beside the table that the batch writes */
} sm_decode_policy;

/* "fail" and so on. */
const char *sm_decode_policy_name(sm_decode_policy p);
/* SM_DECODE_FAIL for a word that is none. */
sm_decode_policy sm_decode_policy_of(sm_sv name);

#endif
