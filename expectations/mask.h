/* SPDX-License-Identifier: Apache-2.0 */
/* mask.h -- the kernel: results of rules in; counts, samples and the mask out.
 *
 * One sm_mask gathers one batch of one table.  Vectors of rows come from many threads at once;
 * counting is lock-free, a sample takes a mutex, and only while samples are wanted. */
#ifndef SM_EXPECTATIONS_MASK_H
#define SM_EXPECTATIONS_MASK_H

#include <stdint.h>

#include "expectations/rule.h"

enum {
    SM_MASK_KEEP = 0,
    SM_MASK_DROP = 1,       /* a rule with policy drop does not hold, and none severer */
    SM_MASK_QUARANTINE = 2, /* one with policy quarantine, and none with fail */
    SM_MASK_FAIL = 3,       /* one with policy fail: nothing of the batch is written */
    SM_MASK_SAMPLES = 20,
};

typedef struct sm_mask sm_mask;

/* Texts of `rules` are copied.  Owned: free with sm_mask_free(). */
sm_mask *sm_mask_new(const sm_rule *rules, size_t n);
void sm_mask_free(sm_mask *m); /* NULL is fine */

/* Append row `i` of the vector as a JSON object; `ctx` is the one given to judge. */
typedef void (*sm_mask_row_fn)(const void *ctx, size_t i, sm_buf *b);

/* pass[r][i] is 1 where rule r holds for row i, else 0.  Writes one of SM_MASK_… to mask[i]
 * for n_rows rows: where the severest broken rule sends the row.  `row` renders samples; NULL: none
 * are taken.  Any thread. */
void sm_mask_judge(sm_mask *m, const uint8_t *const *pass, size_t n_rows, sm_mask_row_fn row,
                   const void *row_ctx, uint8_t *mask);

/* ---- afterwards, when no thread judges any more ---- */

int64_t sm_mask_rows(const sm_mask *m);    /* judged: the rows of the query's result */
int64_t sm_mask_dropped(const sm_mask *m); /* SM_MASK_DROP, SM_MASK_FAIL */
int64_t sm_mask_quarantined(const sm_mask *m);
size_t sm_mask_rule_count(const sm_mask *m);
const sm_rule *sm_mask_rule(const sm_mask *m, size_t r);
int64_t sm_mask_failed(const sm_mask *m, size_t r); /* rows for which rule r does not hold */

/* Up to SM_MASK_SAMPLES rows that broke rule r, as JSON objects; borrowed. */
size_t sm_mask_sample_count(const sm_mask *m, size_t r);
sm_sv sm_mask_sample(const sm_mask *m, size_t r, size_t i);

/* Forget everything, for another attempt at the batch. */
void sm_mask_reset(sm_mask *m);

#endif
