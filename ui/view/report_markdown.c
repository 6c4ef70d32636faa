/* SPDX-License-Identifier: Apache-2.0 */
/* report_markdown.c -- what a command did as the summary of a job: a heading, tables, what next. */
#include "expectations/verdict.h"
#include "runtime/base/clock.h"
#include "ui/view/report.h"

enum { ROWS = 200 }; /* of a table: a summary is read by people */

static sm_sv get(const sm_json *o, const char *key)
{
    return sm_json_get_sv(o, key, SM_SV(""));
}

/* Text that is no markup, on one line. */
static void add_text(sm_buf *b, sm_sv s)
{
    sm_buf safe;

    sm_buf_init(&safe, 256 * 1024);
    sm_buf_add_safe(&safe, s);
    for (size_t i = 0; i < safe.len; i++) {
        char c = safe.ptr[i];

        if (c == '<' || c == '>' || c == '&')
            sm_buf_adds(b, c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;");
        else if (strchr("\\`*[]|", c) != NULL)
            sm_buf_addf(b, "\\%c", c);
        else
            sm_buf_addc(b, c == '\n' ? ' ' : c);
    }
    sm_buf_release(&safe);
}

static void add_cell(sm_buf *b, sm_sv s)
{
    sm_buf_addc(b, ' ');
    add_text(b, s);
    sm_buf_adds(b, " |");
}

static void add_number(sm_buf *b, int64_t n)
{
    sm_buf_addc(b, ' ');
    sm_buf_add_count(b, n);
    sm_buf_adds(b, " |");
}

static void add_more(sm_buf *b, size_t n)
{
    if (n > ROWS)
        sm_buf_addf(b, "\n… and %zu more\n", n - ROWS);
}

/* ---- validate ---------------------------------------------------------------------- */

static sm_sv where(const sm_report *r, const sm_json *at)
{
    sm_sv file = sm_report_file(r, get(at, "file"));
    int64_t line = sm_json_get_int(at, "line", 0);

    if (line == 0)
        return file;
    return sm_arena_printf(r->a, "%.*s:%lld:%lld", SM_SV_ARG(file), (long long)line,
                           (long long)sm_json_get_int(at, "column", 0));
}

static void add_findings(const sm_report *r, sm_buf *b)
{
    const sm_finding *found;
    size_t n, errors = 0;

    sm_report_findings(r, &found, &n);
    while (errors < n && strcmp(found[errors].level, "error") == 0)
        errors++;
    if (n == 0) {
        sm_buf_adds(b, "### ✔ smelt validate: valid\n\n");
        return;
    }
    sm_buf_addf(b, "### %s smelt validate: %zu error%s, %zu warning%s\n\n", errors > 0 ? "✖" : "▲",
                errors, errors == 1 ? "" : "s", n - errors, n - errors == 1 ? "" : "s");
    sm_buf_adds(b, "| where | code | what |\n|---|---|---|\n");
    for (size_t i = 0; i < n && i < ROWS; i++) {
        const sm_finding *f = &found[i];

        sm_buf_addc(b, '|');
        add_cell(b, where(r, f->at));
        add_cell(b, f->rule);
        add_cell(b, f->hint.len == 0 ? f->message
                                     : sm_arena_printf(r->a, "%.*s; %.*s", SM_SV_ARG(f->message),
                                                       SM_SV_ARG(f->hint)));
        sm_buf_addc(b, '\n');
    }
    add_more(b, n);
    sm_buf_addf(b, "\nNext: `smelt explain %.*s`\n\n", SM_SV_ARG(found[0].rule));
}

/* ---- run --------------------------------------------------------------------------- */

static const char *run_sign(const sm_json *doc)
{
    if (!sm_sv_eq_str(get(doc, "state"), "completed"))
        return "✖";
    return sm_json_get_bool(doc, "warnings", false) ? "▲" : "✔";
}

static void add_flow(const sm_report *r, const sm_json *flow, sm_buf *b)
{
    sm_sv reason = get(flow, "reason"), error = get(flow, "error");
    sm_buf time;

    sm_buf_init(&time, 64);
    sm_buf_add_duration(&time, sm_json_get_int(flow, "duration_ms", 0));
    sm_buf_addc(b, '|');
    add_cell(b, get(flow, "flow"));
    add_cell(b, error.len + reason.len == 0
                    ? get(flow, "state")
                    : sm_arena_printf(r->a, "%.*s: %.*s", SM_SV_ARG(get(flow, "state")),
                                      SM_SV_ARG(error.len > 0 ? error : reason)));
    add_number(b, sm_json_get_int(flow, "read", 0));
    add_number(b, sm_json_get_int(flow, "written", 0));
    add_number(b, sm_json_get_int(flow, "dropped", 0));
    add_number(b, sm_json_get_int(flow, "quarantined", 0));
    add_cell(b, sm_buf_sv(&time));
    sm_buf_addc(b, '\n');
    sm_buf_release(&time);
}

static void add_rule(const sm_report *r, const sm_json *flow, const sm_json *rule, sm_buf *b)
{
    int64_t failed = sm_json_get_int(rule, "failed", 0);
    int64_t stopped = sm_json_get_int(rule, "stopped", 0);
    const char *level = sm_report_rule_level(rule);

    sm_buf_addf(b, "| %s |", strcmp(level, "error") == 0 ? "✖" : level[0] != '\0' ? "▲" : "✔");
    add_cell(b, sm_arena_printf(r->a, "%.*s.%.*s", SM_SV_ARG(get(flow, "table")),
                                SM_SV_ARG(get(rule, "name"))));
    add_cell(b, get(rule, "expect"));
    add_cell(b, get(rule, "policy"));
    add_number(b, stopped > 0 ? stopped : failed);
    add_cell(b, stopped > 0 ? SM_SV("of a batch that was not written")
                            : sm_verdict_percent(
                                  failed, failed + sm_json_get_int(rule, "passed", 0), r->a));
    sm_buf_addc(b, '\n');
}

/* Those that were judged. */
static void add_rules(const sm_report *r, const sm_json *flows, sm_buf *b)
{
    size_t n = 0;

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *flow = sm_json_at(flows, i), *rules = sm_json_get(flow, "expectations");

        for (size_t k = 0; k < sm_json_len(rules); k++) {
            const sm_json *rule = sm_json_at(rules, k);

            if (sm_json_get_int(rule, "passed", 0) + sm_json_get_int(rule, "failed", 0) +
                    sm_json_get_int(rule, "stopped", 0) ==
                0)
                continue;
            if (n == 0)
                sm_buf_adds(b, "\n| | expectation | expect | policy | failed rows | share "
                               "|\n|---|---|---|---|---:|---:|\n");
            if (n++ < ROWS)
                add_rule(r, flow, rule, b);
        }
    }
    add_more(b, n);
}

static void add_run(const sm_report *r, sm_buf *b)
{
    const sm_json *flows = sm_json_get(r->doc, "flows");
    sm_sv next = get(r->doc, "next");
    size_t n = 0;

    sm_buf_addf(b, "### %s ", run_sign(r->doc));
    add_text(b, get(r->doc, "pipeline"));
    if (sm_json_get_int(r->doc, "run", 0) > 0)
        sm_buf_addf(b, ": run %lld", (long long)sm_json_get_int(r->doc, "run", 0));
    sm_buf_addf(b, " %.*s\n\n", SM_SV_ARG(get(r->doc, "state")));
    if (sm_json_len(flows) == 0)
        add_text(b, get(r->doc, "error"));
    else
        sm_buf_adds(b, "| table | state | read | written | dropped | quarantined | time "
                       "|\n|---|---|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < sm_json_len(flows); i++)
        if (!sm_sv_eq_str(get(sm_json_at(flows, i), "state"), "excluded") && n++ < ROWS)
            add_flow(r, sm_json_at(flows, i), b);
    add_more(b, n);
    add_rules(r, flows, b);
    if (next.len > 0)
        sm_buf_addf(b, "\nNext: `%.*s`\n", SM_SV_ARG(next));
    sm_buf_addc(b, '\n');
}

/* ---- plan -------------------------------------------------------------------------- */

static void add_change(const sm_json *row, sm_buf *b)
{
    const sm_json *reasons = sm_json_get(row, "reasons");

    sm_buf_addc(b, '|');
    add_cell(b, get(row, "table"));
    add_cell(b, get(row, "change"));
    sm_buf_addc(b, ' ');
    add_text(b, get(row, "act"));
    for (size_t i = 0; i < sm_json_len(reasons); i++) {
        sm_buf_adds(b, "<br>");
        add_text(b, sm_json_sv(sm_json_at(reasons, i)));
    }
    sm_buf_adds(b, " |\n");
}

static void add_plan(const sm_report *r, sm_buf *b)
{
    const sm_json *rows = sm_json_get(r->doc, "changes");
    bool changed = sm_json_get_bool(r->doc, "changed", false);
    sm_sv since = get(r->doc, "since");

    sm_buf_adds(b, "### smelt plan: ");
    add_text(b, get(r->doc, "pipeline"));
    if (since.len > 0) {
        sm_buf_adds(b, " since ");
        add_text(b, since);
    }
    sm_buf_adds(b, "\n\n");
    if (!changed)
        sm_buf_adds(b, "Nothing would change.\n\n");
    if (changed)
        sm_buf_adds(b, "| table | change | what |\n|---|---|---|\n");
    for (size_t i = 0; changed && i < sm_json_len(rows) && i < ROWS; i++)
        add_change(sm_json_at(rows, i), b);
    add_more(b, changed ? sm_json_len(rows) : 0);
    sm_buf_addc(b, '\n');
}

/* ---- test -------------------------------------------------------------------------- */

static void add_tests(const sm_report *r, sm_buf *b)
{
    const sm_json *tests = sm_json_get(r->doc, "tests");
    int64_t passed = sm_json_get_int(r->doc, "passed", 0), all = (int64_t)sm_json_len(tests);
    const sm_finding *found;
    size_t n;

    sm_report_findings(r, &found, &n);
    sm_buf_addf(b, "### %s smelt test: %lld of %lld passed\n\n", passed == all ? "✔" : "✖",
                (long long)passed, (long long)all);
    if (n > 0)
        sm_buf_adds(b, "| where | test | what |\n|---|---|---|\n");
    for (size_t i = 0; i < n && i < ROWS; i++) {
        sm_buf_addc(b, '|');
        add_cell(b, where(r, found[i].at));
        add_cell(b, found[i].title);
        add_cell(b, found[i].message);
        sm_buf_addc(b, '\n');
    }
    add_more(b, n);
    sm_buf_addc(b, '\n');
}

void sm_report_markdown(const sm_report *r, sm_buf *out)
{
    switch (r->of) {
    case SM_REPORT_OF_VALIDATE:
        add_findings(r, out);
        break;
    case SM_REPORT_OF_RUN:
        add_run(r, out);
        break;
    case SM_REPORT_OF_PLAN:
        add_plan(r, out);
        break;
    case SM_REPORT_OF_TEST:
        add_tests(r, out);
        break;
    }
}
