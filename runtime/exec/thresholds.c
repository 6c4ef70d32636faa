/* SPDX-License-Identifier: Apache-2.0 */
/* thresholds.c -- fail_if and warn_if: how many rows may break a rule.
 *
 *     a batch, from SM_RUN_JUDGE_ROWS rows on   fail_if, before anything of it is decided
 *     a flow, when the run took it to its end   both, over the sums of the run
 *
 * A share of a small batch says little (one row of three is 33%), a share of the run is what
 * the user means; a large batch is stopped before it is written.  What a run decided before it
 * crossed a threshold stays, so the flow fails and what reads it is skipped. */
#include "runtime/exec/flow_int.h"

#include "runtime/base/threshold.h"

static bool is_over(sm_sv threshold, int64_t failed, int64_t passed)
{
    sm_threshold t;

    return sm_threshold_parse(threshold, &t) && sm_threshold_over(&t, failed, failed + passed);
}

void sm_flow__stopped_by(const sm_flow *f, size_t rule, int64_t rows)
{
    sm_rule_count *rules = (sm_rule_count *)(uintptr_t)f->out->rules; /* ours: made by run.c */

    rules[rule].stopped = rows;
}

sm_code sm_flow__judge_batch(const sm_flow *f, const sm_batch *b, sm_error *err)
{
    for (size_t i = 0; b->counts.result >= SM_RUN_JUDGE_ROWS && i < f->target->n_rules; i++) {
        const sm_plan_rule *r = &f->target->rules[i];

        if (!is_over(r->fail_if, b->rules[i].failed, b->rules[i].passed))
            continue;
        sm_flow__stopped_by(f, i, b->rules[i].failed);
        return sm_verdict_threshold(r->name, f->target->name, r->fail_if, b->rules[i].failed,
                                    b->counts.result, "nothing of the batch was written", err);
    }
    return SM_OK;
}

void sm_flow__judge_threshold(sm_rule_count *r)
{
    if (is_over(r->fail_if, r->failed, r->passed))
        r->crossed = SM_SV("fail_if");
    else if (is_over(r->warn_if, r->failed, r->passed))
        r->crossed = SM_SV("warn_if");
}

sm_code sm_flow__judge_run(sm_flow_outcome *o, sm_error *err)
{
    sm_rule_count *rules = (sm_rule_count *)(uintptr_t)o->rules; /* ours: made by run.c */
    sm_code rc = SM_OK;

    for (size_t i = 0; i < o->n_rules; i++) {
        sm_rule_count *r = &rules[i];

        sm_flow__judge_threshold(r);
        if (rc == SM_OK && sm_sv_eq_str(r->crossed, "fail_if"))
            rc = sm_verdict_threshold(r->name, o->dataset, r->fail_if, r->failed,
                                      r->failed + r->passed, "what this run wrote before stays",
                                      err);
    }
    return rc;
}

size_t sm_flow__threshold_events(const sm_flow_outcome *o, int64_t run, sm_arena *a,
                                 sm_event_rec *out)
{
    size_t n = 0;

    for (size_t i = 0; i < o->n_rules + o->n_checks; i++) {
        const sm_rule_count *r = &o->rules[i];
        bool fails = sm_sv_eq_str(r->crossed, "fail_if");
        sm_sv threshold = fails ? r->fail_if : r->warn_if;
        sm_json *d = sm_json_object(a);

        if (r->crossed.len == 0)
            continue;
        sm_json_set_string(d, "name", r->name);
        sm_json_set_string(d, "key", r->crossed);
        sm_json_set_string(d, "threshold", threshold);
        sm_json_set_int(d, "passed", r->passed);
        sm_json_set_int(d, "failed", r->failed);
        out[n] = sm_event_make_flow(SM_EVENT_threshold_crossed, run, o->dataset, o->flow->name, -1,
                                    sm_arena_printf(a, "%.*s: %lld failed, %.*s \"%.*s\"",
                                                    SM_SV_ARG(r->name), (long long)r->failed,
                                                    SM_SV_ARG(r->crossed), SM_SV_ARG(threshold)));
        out[n].details = sm_json_text(d, a);
        out[n++].level = fails ? SM_EVENT_ERROR : SM_EVENT_WARN;
    }
    return n;
}
