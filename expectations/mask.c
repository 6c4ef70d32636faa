/* SPDX-License-Identifier: Apache-2.0 */
/* mask.c -- the kernel that every row of a table with rules passes.
 *
 *     pass[0]  1 1 0 1 …   ┐
 *     pass[1]  1 1 1 0 …   ├─▶  failed[r] += number of zeros
 *     pass[2]  0 1 1 1 …   ┘     mask[i]    = the severest policy of the rules that are 0
 *
 * Where nothing fails, the common case, a vector costs one memchr per rule.  Counters are added
 * once per vector; a sample is rendered outside the lock, and only while fewer than
 * SM_MASK_SAMPLES are there.
 */
#include "expectations/mask.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/limit.h"
#include "runtime/base/thread.h"

typedef struct mask_rule {
    sm_rule rule;
    sm_atomic failed;
    sm_atomic wanted;               /* samples still wanted; claimed before one is rendered */
    sm_sv samples[SM_MASK_SAMPLES]; /* guarded by mu, as is the count */
    size_t n_samples;
} mask_rule;

struct sm_mask {
    mask_rule *rules;
    size_t n;
    sm_atomic rows, dropped, quarantined;
    sm_mutex mu;
    sm_arena *texts;   /* of rules */
    sm_arena *samples; /* guarded by mu */
};

sm_mask *sm_mask_new(const sm_rule *rules, size_t n)
{
    sm_mask *m = sm_xcalloc(1, sizeof *m);

    m->texts = sm_arena_new("rules of a mask");
    m->samples = sm_arena_new("samples of a mask");
    m->rules = SM_NEW_N(m->texts, mask_rule, n);
    m->n = n;
    sm_mutex_init(&m->mu);
    for (size_t r = 0; r < n; r++)
        m->rules[r].rule = (sm_rule){ .name = sm_arena_dup(m->texts, rules[r].name),
                                      .expr = sm_arena_dup(m->texts, rules[r].expr),
                                      .policy = rules[r].policy };
    sm_mask_reset(m);
    return m;
}

void sm_mask_free(sm_mask *m)
{
    if (m == NULL)
        return;
    sm_mutex_release(&m->mu);
    sm_arena_free(m->texts);
    sm_arena_free(m->samples);
    free(m);
}

void sm_mask_reset(sm_mask *m)
{
    sm_arena_reset(m->samples);
    sm_atomic_set(&m->rows, 0);
    sm_atomic_set(&m->dropped, 0);
    sm_atomic_set(&m->quarantined, 0);
    for (size_t r = 0; r < m->n; r++) {
        sm_atomic_set(&m->rules[r].failed, 0);
        sm_atomic_set(&m->rules[r].wanted, SM_MASK_SAMPLES);
        m->rules[r].n_samples = 0;
    }
}

/* ---- judging ---- */

static size_t count_ones(const uint8_t *pass, size_t n)
{
    size_t ones = 0;

    for (size_t i = 0; i < n; i++)
        ones += pass[i];
    return ones;
}

static void sample_keep(sm_mask *m, mask_rule *rule, sm_mask_row_fn row, const void *ctx, size_t i)
{
    sm_buf b;

    sm_buf_init(&b, SM_LIMIT_SAMPLE_BYTES);
    row(ctx, i, &b);
    sm_mutex_lock(&m->mu);
    /* a row that is too large to keep is counted all the same */
    rule->samples[rule->n_samples++] = b.over
                                           ? SM_SV("{\"_smelt\":\"the row is too large to show\"}")
                                           : sm_arena_dup(m->samples, sm_buf_sv(&b));
    sm_mutex_unlock(&m->mu);
    sm_buf_release(&b);
}

static void samples_take(sm_mask *m, mask_rule *rule, const uint8_t *pass, size_t n,
                         sm_mask_row_fn row, const void *ctx)
{
    for (size_t i = 0; i < n && sm_atomic_get(&rule->wanted) > 0; i++)
        if (pass[i] == 0 && sm_atomic_add(&rule->wanted, -1) > 0)
            sample_keep(m, rule, row, ctx, i);
}

static uint8_t mask_of(sm_policy p)
{
    switch (p) {
    case SM_POLICY_WARN:
        break;
    case SM_POLICY_DROP:
        return SM_MASK_DROP;
    case SM_POLICY_QUARANTINE:
        return SM_MASK_QUARANTINE;
    case SM_POLICY_FAIL:
        return SM_MASK_FAIL;
    }
    return SM_MASK_KEEP;
}

/* Raise the rows that do not pass to `to`. */
static void mask_raise(const uint8_t *pass, size_t n, uint8_t to, uint8_t *mask)
{
    for (size_t i = 0; i < n; i++)
        if (pass[i] == 0 && mask[i] < to)
            mask[i] = to;
}

static void count_mask(sm_mask *m, const uint8_t *mask, size_t n)
{
    size_t of[SM_MASK_FAIL + 1] = { 0 };

    for (size_t i = 0; i < n; i++)
        of[mask[i]]++;
    sm_atomic_add(&m->rows, (int64_t)n);
    sm_atomic_add(&m->dropped, (int64_t)(of[SM_MASK_DROP] + of[SM_MASK_FAIL]));
    sm_atomic_add(&m->quarantined, (int64_t)of[SM_MASK_QUARANTINE]);
}

void sm_mask_judge(sm_mask *m, const uint8_t *const *pass, size_t n_rows, sm_mask_row_fn row,
                   const void *row_ctx, uint8_t *mask)
{
    if (n_rows == 0)
        return;
    memset(mask, SM_MASK_KEEP, n_rows);
    for (size_t r = 0; r < m->n; r++) {
        mask_rule *rule = &m->rules[r];
        if (memchr(pass[r], 0, n_rows) == NULL)
            continue;
        sm_atomic_add(&rule->failed, (int64_t)(n_rows - count_ones(pass[r], n_rows)));
        if (row != NULL)
            samples_take(m, rule, pass[r], n_rows, row, row_ctx);
        if (!sm_policy_keeps_row(rule->rule.policy))
            mask_raise(pass[r], n_rows, mask_of(rule->rule.policy), mask);
    }
    count_mask(m, mask, n_rows);
}

/* ---- afterwards ---- */

int64_t sm_mask_rows(const sm_mask *m)
{
    return sm_atomic_get(&m->rows);
}

int64_t sm_mask_dropped(const sm_mask *m)
{
    return sm_atomic_get(&m->dropped);
}

int64_t sm_mask_quarantined(const sm_mask *m)
{
    return sm_atomic_get(&m->quarantined);
}

size_t sm_mask_rule_count(const sm_mask *m)
{
    return m->n;
}

const sm_rule *sm_mask_rule(const sm_mask *m, size_t r)
{
    return &m->rules[r].rule;
}

int64_t sm_mask_failed(const sm_mask *m, size_t r)
{
    return sm_atomic_get(&m->rules[r].failed);
}

size_t sm_mask_sample_count(const sm_mask *m, size_t r)
{
    return m->rules[r].n_samples;
}

sm_sv sm_mask_sample(const sm_mask *m, size_t r, size_t i)
{
    return m->rules[r].samples[i];
}
