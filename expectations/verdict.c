/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c -- counts to a verdict and to a report. */
#include "expectations/verdict.h"

#include <stdio.h>

#include "runtime/base/values.h"

/* 1234567 -> 1,234,567 */
static sm_sv verdict_count(int64_t n, sm_arena *a)
{
    char digits[24];
    sm_buf b;
    sm_sv text;
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);

    sm_buf_init(&b, 64);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            sm_buf_addc(&b, ',');
        sm_buf_addc(&b, digits[i]);
    }
    text = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

sm_sv sm_verdict_percent(int64_t failed, int64_t rows, sm_arena *a)
{
    double percent = rows > 0 ? 100.0 * (double)failed / (double)rows : 0.0;
    char text[32];
    size_t len;

    if (failed <= 0 || rows <= 0)
        return SM_SV("0%");
    if (failed >= rows)
        return SM_SV("100%");
    if (percent < 0.01)
        return SM_SV("<0.01%");
    if (percent > 99.99)
        return SM_SV(">99.99%");
    len = (size_t)snprintf(text, sizeof text, "%.2f", percent);
    while (text[len - 1] == '0')
        len--;
    if (text[len - 1] == '.')
        len--;
    return sm_arena_printf(a, "%.*s%%", (int)len, text);
}

static size_t verdict_first(const sm_mask *m)
{
    size_t n = sm_mask_rule_count(m);

    for (size_t r = 0; r < n; r++)
        if (sm_policy_stops_batch(sm_mask_rule(m, r)->policy) && sm_mask_failed(m, r) > 0)
            return r;
    return n;
}

sm_code sm_verdict(const sm_mask *m, sm_sv table, sm_error *err)
{
    size_t r = verdict_first(m);
    sm_arena *a;
    sm_sv failed, rows, percent, sample;

    if (r == sm_mask_rule_count(m))
        return SM_OK;
    a = sm_arena_new("verdict");
    failed = verdict_count(sm_mask_failed(m, r), a);
    rows = verdict_count(sm_mask_rows(m), a);
    percent = sm_verdict_percent(sm_mask_failed(m, r), sm_mask_rows(m), a);
    sample = sm_mask_sample_count(m, r) > 0 ? sm_mask_sample(m, r, 0) : SM_SV("");
    sm_fail(err, SM_E_RULE, 0,
            "rule \"%.*s\" of table \"%.*s\" does not hold for %.*s of %.*s rows (%.*s)%s%.*s",
            SM_SV_ARG(sm_mask_rule(m, r)->name), SM_SV_ARG(table), SM_SV_ARG(failed),
            SM_SV_ARG(rows), SM_SV_ARG(percent), sample.len > 0 ? SM_VALUES_EXAMPLE : "",
            SM_SV_ARG(sample));
    sm_arena_free(a);
    return SM_E_RULE;
}

sm_code sm_verdict_threshold(sm_sv rule, sm_sv table, sm_sv fail_if, int64_t failed, int64_t rows,
                             const char *fate, sm_error *err)
{
    sm_arena *a = sm_arena_new("verdict");
    sm_sv n = verdict_count(failed, a), of = verdict_count(rows, a);

    sm_fail(err, SM_E_RULE, 0,
            "rule \"%.*s\" of table \"%.*s\" does not hold for %.*s of %.*s rows (%.*s), and its "
            "fail_if is \"%.*s\"; %s",
            SM_SV_ARG(rule), SM_SV_ARG(table), SM_SV_ARG(n), SM_SV_ARG(of),
            SM_SV_ARG(sm_verdict_percent(failed, rows, a)), SM_SV_ARG(fail_if), fate);
    sm_arena_free(a);
    return SM_E_RULE;
}

/* A row as JSON, or as text when it is not quite JSON. */
static sm_json *report_sample(sm_sv text, sm_arena *a)
{
    sm_json *row = NULL;
    sm_error ignored;

    return sm_json_parse(text, a, &row, &ignored) == SM_OK ? row : sm_json_string(a, text);
}

static sm_json *report_rule(const sm_mask *m, size_t r, sm_arena *a)
{
    const sm_rule *rule = sm_mask_rule(m, r);
    int64_t rows = sm_mask_rows(m), failed = sm_mask_failed(m, r);
    sm_json *o = sm_json_object(a), *samples = sm_json_array(a);

    for (size_t i = 0; i < sm_mask_sample_count(m, r); i++)
        sm_json_append(samples, report_sample(sm_mask_sample(m, r, i), a));
    sm_json_set_string(o, "name", rule->name);
    sm_json_set_string(o, "policy", sm_sv_cstr(sm_policy_name(rule->policy)));
    sm_json_set_string(o, "expect", rule->expr);
    sm_json_set_int(o, "passed", rows - failed);
    sm_json_set_int(o, "failed", failed);
    sm_json_set_real(o, "percent", rows > 0 ? 100.0 * (double)failed / (double)rows : 0.0);
    sm_json_set(o, "samples", samples);
    return o;
}

sm_json *sm_verdict_report(const sm_mask *m, sm_arena *a)
{
    sm_json *all = sm_json_array(a);

    for (size_t r = 0; r < sm_mask_rule_count(m); r++)
        sm_json_append(all, report_rule(m, r, a));
    return all;
}
