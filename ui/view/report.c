/* SPDX-License-Identifier: Apache-2.0 */
/* report.c -- the documents of validate, run, plan and test as one list of findings. */
#include "ui/view/report.h"

#include "expectations/verdict.h"
#include "runtime/base/clock.h"
#include "runtime/base/diag.h"
#include "runtime/base/fs.h"

typedef struct finder {
    const sm_report *r;
    sm_finding *items;
    size_t n, cap;
} finder;

static void add(finder *f, sm_finding one)
{
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 16 : 2 * f->cap;
        sm_finding *grown = SM_NEW_N(f->r->a, sm_finding, cap);

        if (f->n > 0)
            memcpy(grown, f->items, f->n * sizeof *grown);
        f->items = grown;
        f->cap = cap;
    }
    f->items[f->n++] = one;
}

static sm_sv get(const sm_json *o, const char *key)
{
    return sm_json_get_sv(o, key, SM_SV(""));
}

sm_sv sm_report_file(const sm_report *r, sm_sv file)
{
    sm_error ignored;
    const char *path = sm_path_absolute(r->a, sm_arena_cstr(r->a, file), &ignored);
    sm_sv absolute = path == NULL ? file : sm_sv_cstr(path), root = r->root;

    while (root.len > 0 && root.ptr[root.len - 1] == '/')
        root.len--;
    if (!sm_sv_starts(absolute, root) || absolute.len <= root.len + 1 ||
        absolute.ptr[root.len] != '/')
        return absolute;
    return sm_sv_sub(absolute, root.len + 1, absolute.len);
}

/* ---- validate ---------------------------------------------------------------------- */

static void add_diagnostics(finder *f, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "diagnostics");

    if (get(doc, "error").len > 0)
        add(f, (sm_finding){ .level = "error",
                             .rule = SM_SV("not-read"),
                             .title = SM_SV("a file that could not be checked"),
                             .message = get(doc, "error"),
                             .at = doc });
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *d = sm_json_at(list, i);
        const sm_diag_def *def = sm_diag_lookup(get(d, "code"));

        add(f, (sm_finding){
                   .level = sm_sv_eq_str(get(d, "severity"), "error") ? "error" : "warning",
                   .rule = get(d, "code"),
                   .title = sm_sv_cstr(def == NULL ? "" : def->title),
                   .message = get(d, "message"),
                   .hint = get(d, "hint"),
                   .at = d,
                   .see = sm_json_get(d, "see"),
               });
    }
}

/* ---- run --------------------------------------------------------------------------- */

const char *sm_report_rule_level(const sm_json *rule)
{
    sm_sv crossed = get(rule, "crossed");

    if (sm_json_get_int(rule, "stopped", 0) > 0 || sm_sv_eq_str(crossed, "fail_if"))
        return "error";
    if (sm_json_get_int(rule, "failed", 0) == 0)
        return "";
    if (get(rule, "note").len > 0 && sm_sv_eq_str(get(rule, "policy"), "fail"))
        return "error";
    return get(rule, "warn_if").len == 0 || crossed.len > 0 ? "warning" : "";
}

/* What became of the rows, as the last words of a message. */
static const char *fate(const sm_json *rule, const char *level)
{
    sm_sv policy = get(rule, "policy");

    if (sm_json_get_int(rule, "stopped", 0) > 0)
        return "their batch was not written";
    if (strcmp(level, "error") == 0)
        return "the table failed";
    return sm_sv_eq_str(policy, "warn")         ? "they were kept"
           : sm_sv_eq_str(policy, "quarantine") ? "they are in quarantine"
                                                : "they were dropped";
}

/* Of a check of the whole table. */
static sm_sv check_message(const sm_report *r, const sm_json *rule)
{
    return sm_arena_printf(r->a, "%.*s does not hold: %.*s (%.*s)", SM_SV_ARG(get(rule, "name")),
                           SM_SV_ARG(get(rule, "note")), SM_SV_ARG(get(rule, "expect")));
}

static sm_sv rule_message(const sm_report *r, const sm_json *rule, const char *level)
{
    int64_t stopped = sm_json_get_int(rule, "stopped", 0);
    int64_t failed = sm_json_get_int(rule, "failed", 0);
    int64_t all = failed + sm_json_get_int(rule, "passed", 0);
    sm_sv crossed = get(rule, "crossed"), out;
    sm_buf b;

    if (get(rule, "note").len > 0)
        return check_message(r, rule);
    sm_buf_init(&b, 64 * 1024);
    sm_buf_add_count(&b, stopped > 0 ? stopped : failed);
    if (stopped > 0)
        sm_buf_addf(&b, " row%s of a batch", stopped == 1 ? "" : "s");
    else
        sm_buf_addf(&b, " row%s (%.*s)", failed == 1 ? "" : "s",
                    SM_SV_ARG(sm_verdict_percent(failed, all, r->a)));
    sm_buf_addf(&b, " broke %.*s: %.*s; ", SM_SV_ARG(get(rule, "name")),
                SM_SV_ARG(get(rule, "expect")));
    if (crossed.len > 0)
        sm_buf_addf(&b, "over %.*s \"%.*s\"; ", SM_SV_ARG(crossed),
                    SM_SV_ARG(get(rule, sm_sv_eq_str(crossed, "fail_if") ? "fail_if" : "warn_if")));
    sm_buf_adds(&b, fate(rule, level));
    out = sm_arena_dup(r->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* Adds a finding per expectation that did not hold; true when one of them is an error. */
static bool add_rules(finder *f, const sm_json *flow)
{
    const sm_json *rules = sm_json_get(flow, "expectations");
    bool failed = false;

    for (size_t i = 0; i < sm_json_len(rules); i++) {
        const sm_json *rule = sm_json_at(rules, i);
        const char *level = sm_report_rule_level(rule);

        if (level[0] == '\0')
            continue;
        failed |= strcmp(level, "error") == 0;
        add(f, (sm_finding){
                   .level = level,
                   .rule = sm_arena_printf(f->r->a, "%.*s.%.*s", SM_SV_ARG(get(flow, "table")),
                                           SM_SV_ARG(get(rule, "name"))),
                   .title =
                       sm_arena_printf(f->r->a, "expectation %.*s of %.*s",
                                       SM_SV_ARG(get(rule, "name")), SM_SV_ARG(get(flow, "table"))),
                   .message = rule_message(f->r, rule, level),
                   .at = rule,
               });
    }
    return failed;
}

static void add_run(finder *f, const sm_json *doc)
{
    const sm_json *flows = sm_json_get(doc, "flows");

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *flow = sm_json_at(flows, i);
        bool told = add_rules(f, flow);

        if (!sm_sv_eq_str(get(flow, "state"), "failed") || told)
            continue;
        add(f, (sm_finding){
                   .level = "error",
                   .rule = SM_SV("flow-failed"),
                   .title = sm_arena_printf(f->r->a, "%.*s failed", SM_SV_ARG(get(flow, "flow"))),
                   .message = get(flow, "error"),
                   .at = flow });
    }
    if (f->n == 0 && get(doc, "error").len > 0)
        add(f, (sm_finding){ .level = "error",
                             .rule = SM_SV("run-failed"),
                             .title = SM_SV("the run failed"),
                             .message = get(doc, "error") });
}

/* ---- plan -------------------------------------------------------------------------- */

static sm_sv change_message(const sm_report *r, const sm_json *row)
{
    const sm_json *reasons = sm_json_get(row, "reasons");
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_add(&b, get(row, "act"));
    for (size_t i = 0; i < sm_json_len(reasons); i++) {
        if (b.len > 0)
            sm_buf_addc(&b, '\n');
        sm_buf_add(&b, sm_json_sv(sm_json_at(reasons, i)));
    }
    out = sm_arena_dup(r->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void add_changes(finder *f, const sm_json *doc)
{
    static const char *const quiet[] = { "unchanged", "inactive", "waiting" };
    const sm_json *rows = sm_json_get(doc, "changes");

    for (size_t i = 0; i < sm_json_len(rows); i++) {
        const sm_json *row = sm_json_at(rows, i);
        sm_sv change = get(row, "change");
        bool heavy = sm_sv_eq_str(change, "rebuild") || sm_sv_eq_str(change, "refused") ||
                     sm_sv_eq_str(get(row, "effect"), "rebuild");
        bool skip = false;

        for (size_t k = 0; k < sizeof quiet / sizeof quiet[0]; k++)
            skip |= sm_sv_eq_str(change, quiet[k]);
        if (skip)
            continue;
        add(f, (sm_finding){
                   .level = heavy ? "warning" : "note",
                   .rule = sm_arena_printf(f->r->a, "plan-%.*s", SM_SV_ARG(change)),
                   .title = sm_arena_printf(f->r->a, "%.*s: %.*s", SM_SV_ARG(get(row, "table")),
                                            SM_SV_ARG(change)),
                   .message = change_message(f->r, row),
                   .at = row,
               });
    }
}

/* ---- test -------------------------------------------------------------------------- */

static void add_failures(finder *f, const sm_json *test)
{
    const sm_json *list = sm_json_get(test, "failures");

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *failure = sm_json_at(list, i);

        add(f, (sm_finding){ .level = "error",
                             .rule = SM_SV("test-failed"),
                             .title = get(test, "name"),
                             .message = get(failure, "message"),
                             .hint = get(failure, "text"),
                             .at = failure });
    }
    add_diagnostics(f, test);
}

/* ---- all of them ------------------------------------------------------------------- */

/* Readers that show only so many should show the worst. */
static void order_by_level(finder *f)
{
    static const char *const levels[] = { "error", "warning", "note" };
    sm_finding *sorted = SM_NEW_N(f->r->a, sm_finding, f->n + 1);
    size_t n = 0;

    for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++)
        for (size_t i = 0; i < f->n; i++)
            if (strcmp(f->items[i].level, levels[k]) == 0)
                sorted[n++] = f->items[i];
    f->items = sorted;
}

void sm_report_findings(const sm_report *r, const sm_finding **out, size_t *n)
{
    finder f = { .r = r };

    switch (r->of) {
    case SM_REPORT_OF_VALIDATE:
        for (size_t i = 0; i < sm_json_len(r->doc); i++)
            add_diagnostics(&f, sm_json_at(r->doc, i));
        break;
    case SM_REPORT_OF_RUN:
        add_run(&f, r->doc);
        break;
    case SM_REPORT_OF_PLAN:
        add_changes(&f, r->doc);
        break;
    case SM_REPORT_OF_TEST:
        for (size_t i = 0; i < sm_json_len(sm_json_get(r->doc, "tests")); i++)
            add_failures(&f, sm_json_at(sm_json_get(r->doc, "tests"), i));
        break;
    }
    order_by_level(&f);
    *out = f.items;
    *n = f.n;
}
