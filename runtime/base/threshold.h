/* SPDX-License-Identifier: Apache-2.0 */
/* threshold.h -- a bound on how many of some rows: "> 100", ">= 0.5%". */
#ifndef SM_BASE_THRESHOLD_H
#define SM_BASE_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

/* What sm_threshold_parse() takes, as JSON Schema says it.  A bound that holds for no rows at
 * all (">= 0"), or for no share of them ("> 100%"), is none. */
#define SM_THRESHOLD_PATTERN                                                                       \
    "^(?! *>= *0+(\\.0*)? *%? *$)(?! *> *100(\\.0*)? *%)"                                          \
    " *>=? *([0-9]{1,15}|(100(\\.0{1,4})?|[0-9]{1,2}(\\.[0-9]{1,4})?) *%) *$"

typedef struct sm_threshold {
    bool reached;   /* ">=": the bound itself is over it */
    bool share;     /* of all rows; else a number of rows */
    int64_t amount; /* rows, or ten-thousandths of a percent */
} sm_threshold;

/* False when `text` is none; *out is then untouched. */
bool sm_threshold_parse(sm_sv text, sm_threshold *out);

/* Are `n` of `rows` rows over the bound?  No row is no share of nothing. */
bool sm_threshold_over(const sm_threshold *t, int64_t n, int64_t rows);

#endif
