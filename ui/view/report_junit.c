/* SPDX-License-Identifier: Apache-2.0 */
/* report_junit.c -- what was checked, and how it went, as JUnit XML.
 *
 *     validate   a suite per file: the file and each source and table is a case; an error is a
 *                failure whose type is its code, a warning stands in system-out
 *     run        a suite per table: each flow and each expectation is a case.  What could not
 *                be judged is skipped with the reason, never passed
 *
 *     test       a suite per file, a case per test; a fault of it is a failure by its code
 *
 * The totals are those of the elements. */
#include "expectations/verdict.h"
#include "ui/view/report.h"

enum { SUITE_MAX = 64 * 1024 * 1024 };

typedef struct suite {
    const sm_report *r;
    sm_sv name;
    sm_buf body;
    size_t tests, failures, errors, skipped;
    int64_t ms;
} suite;

typedef struct totals {
    sm_buf body;
    size_t tests, failures, errors, skipped;
} totals;

static sm_sv get(const sm_json *o, const char *key)
{
    return sm_json_get_sv(o, key, SM_SV(""));
}

/* ---- XML --------------------------------------------------------------------------- */

/* Characters that XML 1.0 cannot hold, not even escaped. */
static bool is_unspeakable(sm_sv c)
{
    unsigned char first = (unsigned char)c.ptr[0];

    if (c.len == 1)
        return first < 0x20 && first != '\t' && first != '\n' && first != '\r';
    return c.len == 3 && memcmp(c.ptr, "\xEF\xBF", 2) == 0 && (unsigned char)c.ptr[2] >= 0xBE;
}

static void add_char(sm_buf *b, sm_sv c, bool attribute)
{
    switch (c.ptr[0]) {
    case '&':
        sm_buf_adds(b, "&amp;");
        return;
    case '<':
        sm_buf_adds(b, "&lt;");
        return;
    case '>':
        sm_buf_adds(b, "&gt;");
        return;
    case '"':
        sm_buf_adds(b, "&quot;");
        return;
    case '\t':
    case '\n':
    case '\r': /* an attribute's would become spaces, a text's \r a line end */
        if (attribute || c.ptr[0] == '\r')
            sm_buf_addf(b, "&#%d;", c.ptr[0]);
        else
            sm_buf_add(b, c);
        return;
    default:
        sm_buf_add(b, is_unspeakable(c) ? SM_SV("\xEF\xBF\xBD") : c);
    }
}

static void add_xml(sm_buf *b, sm_sv s, bool attribute)
{
    for (size_t at = 0, n; at < s.len; at += n) {
        n = sm_utf8_len(s, at);
        if (n == 0) {
            sm_buf_adds(b, "\xEF\xBF\xBD");
            n = 1;
            continue;
        }
        add_char(b, sm_sv_sub(s, at, n), attribute);
    }
}

static void add_attribute(sm_buf *b, const char *name, sm_sv value)
{
    sm_buf_addf(b, " %s=\"", name);
    add_xml(b, value, true);
    sm_buf_addc(b, '"');
}

static void add_time(sm_buf *b, int64_t ms)
{
    sm_buf_addf(b, " time=\"%lld.%03d\"", (long long)ms / 1000, (int)(ms % 1000));
}

static void add_counts(sm_buf *b, size_t tests, size_t failures, size_t errors, size_t skipped)
{
    sm_buf_addf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", tests,
                failures, errors, skipped);
}

/* ---- cases and suites -------------------------------------------------------------- */

static void begin_case(suite *s, sm_sv name, const sm_json *at, int64_t ms)
{
    sm_sv file = get(at, "file");
    int64_t line = sm_json_get_int(at, "line", 0);

    s->tests++;
    s->ms += ms;
    sm_buf_adds(&s->body, "    <testcase");
    add_attribute(&s->body, "classname", s->name);
    add_attribute(&s->body, "name", name);
    if (file.len > 0)
        add_attribute(&s->body, "file", sm_report_file(s->r, file));
    if (file.len > 0 && line > 0)
        sm_buf_addf(&s->body, " line=\"%lld\"", (long long)line);
    add_time(&s->body, ms);
    sm_buf_adds(&s->body, ">\n");
}

static void end_case(suite *s)
{
    sm_buf_adds(&s->body, "    </testcase>\n");
}

/* <failure type="…" message="…">text</failure> */
static void add_result(suite *s, const char *tag, sm_sv type, sm_sv message, sm_sv text)
{
    sm_buf *b = &s->body;

    s->failures += strcmp(tag, "failure") == 0;
    s->errors += strcmp(tag, "error") == 0;
    s->skipped += strcmp(tag, "skipped") == 0;
    sm_buf_addf(b, "      <%s", tag);
    if (type.len > 0)
        add_attribute(b, "type", type);
    add_attribute(b, "message", message);
    if (text.len == 0) {
        sm_buf_adds(b, "/>\n");
        return;
    }
    sm_buf_addc(b, '>');
    add_xml(b, text, false);
    sm_buf_addf(b, "</%s>\n", tag);
}

static void add_system_out(suite *s, sm_sv text)
{
    sm_buf_adds(&s->body, "      <system-out>");
    add_xml(&s->body, text, false);
    sm_buf_adds(&s->body, "</system-out>\n");
}

static suite begin_suite(const sm_report *r, sm_sv name)
{
    suite s = { .r = r, .name = name };

    sm_buf_init(&s.body, SUITE_MAX);
    return s;
}

static void end_suite(suite *s, totals *t)
{
    sm_buf_adds(&t->body, "  <testsuite");
    add_attribute(&t->body, "name", s->name);
    add_counts(&t->body, s->tests, s->failures, s->errors, s->skipped);
    add_time(&t->body, s->ms);
    sm_buf_adds(&t->body, ">\n");
    sm_buf_add(&t->body, sm_buf_sv(&s->body));
    sm_buf_adds(&t->body, "  </testsuite>\n");
    t->tests += s->tests;
    t->failures += s->failures;
    t->errors += s->errors;
    t->skipped += s->skipped;
    sm_buf_release(&s->body);
}

/* ---- validate ---------------------------------------------------------------------- */

static bool is_inside(const sm_json *diag, const sm_json *dataset)
{
    int64_t line = sm_json_get_int(diag, "line", 0);

    return sm_sv_eq(get(diag, "file"), get(dataset, "file")) &&
           line >= sm_json_get_int(dataset, "line", 0) &&
           line <= sm_json_get_int(dataset, "end_line", 0);
}

/* Per diagnostic the dataset that it belongs to; NULL: the file itself. */
static const sm_json **find_owners(const sm_report *r, const sm_json *doc)
{
    const sm_json *datasets = sm_json_get(doc, "datasets"), *list = sm_json_get(doc, "diagnostics");
    const sm_json **owners = SM_NEW_N(r->a, const sm_json *, sm_json_len(list) + 1);

    for (size_t i = 0; i < sm_json_len(list); i++)
        for (size_t k = 0; k < sm_json_len(datasets); k++)
            if (is_inside(sm_json_at(list, i), sm_json_at(datasets, k)))
                owners[i] = sm_json_at(datasets, k);
    return owners;
}

static void add_diagnostic(suite *s, const sm_json *d)
{
    sm_sv hint = get(d, "hint");
    sm_sv text = sm_arena_printf(
        s->r->a, "%.*s:%lld:%lld: %.*s%s%.*s", SM_SV_ARG(sm_report_file(s->r, get(d, "file"))),
        (long long)sm_json_get_int(d, "line", 0), (long long)sm_json_get_int(d, "column", 0),
        SM_SV_ARG(get(d, "message")), hint.len > 0 ? "\nhint: " : "", SM_SV_ARG(hint));

    if (sm_sv_eq_str(get(d, "severity"), "error"))
        add_result(s, "failure", get(d, "code"), get(d, "message"), text);
    else
        add_system_out(
            s, sm_arena_printf(s->r->a, "%.*s %.*s", SM_SV_ARG(get(d, "code")), SM_SV_ARG(text)));
}

static void add_checked(suite *s, const sm_json *doc, const sm_json *dataset,
                        const sm_json *const *owners)
{
    const sm_json *list = sm_json_get(doc, "diagnostics");

    begin_case(s, dataset == NULL ? get(doc, "file") : get(dataset, "name"),
               dataset == NULL ? doc : dataset, 0);
    if (dataset == NULL && get(doc, "error").len > 0)
        add_result(s, "error", SM_SV("not-read"), get(doc, "error"), SM_SV(""));
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (owners[i] == dataset)
            add_diagnostic(s, sm_json_at(list, i));
    end_case(s);
}

static void add_validated(const sm_report *r, totals *t)
{
    for (size_t i = 0; i < sm_json_len(r->doc); i++) {
        const sm_json *doc = sm_json_at(r->doc, i), *datasets = sm_json_get(doc, "datasets");
        const sm_json **owners = find_owners(r, doc);
        sm_sv pipeline = get(doc, "pipeline");
        suite s = begin_suite(r, pipeline.len > 0 ? pipeline : get(doc, "file"));

        add_checked(&s, doc, NULL, owners);
        for (size_t k = 0; k < sm_json_len(datasets); k++)
            add_checked(&s, doc, sm_json_at(datasets, k), owners);
        end_suite(&s, t);
    }
}

/* ---- run --------------------------------------------------------------------------- */

/* Why nothing can be said of the expectations of a flow; "": it can. */
static sm_sv unjudged(const sm_json *flow, const sm_json *rule)
{
    sm_sv state = get(flow, "state"), reason = get(flow, "reason");

    if (sm_json_get_int(rule, "stopped", 0) + sm_json_get_int(rule, "passed", 0) +
            sm_json_get_int(rule, "failed", 0) >
        0)
        return SM_SV("");
    if (reason.len > 0)
        return reason;
    if (sm_sv_eq_str(state, "idle"))
        return SM_SV("nothing new");
    if (sm_sv_eq_str(state, "failed"))
        return SM_SV("its table failed");
    return sm_sv_eq_str(state, "stopped") ? SM_SV("the run was stopped")
                                          : SM_SV("there was no row to judge");
}

static void add_properties(suite *s, const sm_json *rule)
{
    static const char *const texts[] = { "policy", "warn_if", "fail_if", "crossed" };
    static const char *const counts[] = { "passed", "failed" };
    sm_buf *b = &s->body;

    sm_buf_adds(b, "      <properties>\n");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (get(rule, texts[i]).len == 0)
            continue;
        sm_buf_addf(b, "        <property name=\"%s\"", texts[i]);
        add_attribute(b, "value", get(rule, texts[i]));
        sm_buf_adds(b, "/>\n");
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        sm_buf_addf(b, "        <property name=\"%s\" value=\"%lld\"/>\n", counts[i],
                    (long long)sm_json_get_int(rule, counts[i], 0));
    sm_buf_adds(b, "      </properties>\n");
}

static sm_sv rule_text(suite *s, const sm_json *rule)
{
    int64_t failed = sm_json_get_int(rule, "failed", 0),
            passed = sm_json_get_int(rule, "passed", 0);
    int64_t stopped = sm_json_get_int(rule, "stopped", 0);

    if (get(rule, "note").len > 0)
        return sm_arena_printf(s->r->a, "%.*s: %.*s", SM_SV_ARG(get(rule, "expect")),
                               SM_SV_ARG(get(rule, "note")));
    if (stopped > 0)
        return sm_arena_printf(s->r->a, "%lld row%s of a batch broke %.*s", (long long)stopped,
                               stopped == 1 ? "" : "s", SM_SV_ARG(get(rule, "expect")));
    return sm_arena_printf(s->r->a, "%lld of %lld rows (%.*s) broke %.*s", (long long)failed,
                           (long long)(failed + passed),
                           SM_SV_ARG(sm_verdict_percent(failed, failed + passed, s->r->a)),
                           SM_SV_ARG(get(rule, "expect")));
}

static void add_expectation(suite *s, const sm_json *flow, const sm_json *rule, sm_sv name)
{
    const char *level = sm_report_rule_level(rule);
    sm_sv why = unjudged(flow, rule);

    begin_case(s, name, rule, 0);
    add_properties(s, rule);
    if (why.len > 0)
        add_result(s, "skipped", SM_SV(""), why, SM_SV(""));
    else if (strcmp(level, "error") == 0)
        add_result(s, "failure", get(rule, "name"), rule_text(s, rule), get(flow, "error"));
    else if (sm_json_get_int(rule, "failed", 0) > 0)
        add_system_out(s, rule_text(s, rule));
    end_case(s);
}

static void add_flow(suite *s, const sm_json *flow, bool alone)
{
    const sm_json *rules = sm_json_get(flow, "expectations");
    sm_sv state = get(flow, "state"), reason = get(flow, "reason"), name = get(flow, "flow");

    begin_case(s, name, flow, sm_json_get_int(flow, "duration_ms", 0));
    if (sm_sv_eq_str(state, "failed"))
        add_result(s, "error", get(flow, "code"), get(flow, "error"), SM_SV(""));
    else if (sm_sv_eq_str(state, "skipped"))
        add_result(s, "skipped", SM_SV(""), reason, SM_SV(""));
    else if (sm_sv_eq_str(state, "stopped") || sm_sv_eq_str(state, "waiting"))
        add_result(s, "skipped", SM_SV(""), SM_SV("the run was stopped"), SM_SV(""));
    else
        add_system_out(s,
                       sm_arena_printf(s->r->a, "%.*s: %lld read, %lld written", SM_SV_ARG(state),
                                       (long long)sm_json_get_int(flow, "read", 0),
                                       (long long)sm_json_get_int(flow, "written", 0)));
    end_case(s);
    for (size_t i = 0; i < sm_json_len(rules); i++) {
        sm_sv rule = get(sm_json_at(rules, i), "name");

        add_expectation(
            s, flow, sm_json_at(rules, i),
            alone ? rule
                  : sm_arena_printf(s->r->a, "%.*s of %.*s", SM_SV_ARG(rule), SM_SV_ARG(name)));
    }
}

/* What was not selected was not asked for. */
static bool counts_in(const sm_json *flow)
{
    return !sm_sv_eq_str(get(flow, "state"), "excluded");
}

/* The flows of a table stand together, beginning at `i`; returns where the next table begins. */
static size_t add_table(const sm_report *r, const sm_json *flows, size_t i, totals *t)
{
    sm_sv table = get(sm_json_at(flows, i), "table");
    suite s = begin_suite(r, sm_arena_printf(r->a, "%.*s.%.*s", SM_SV_ARG(get(r->doc, "pipeline")),
                                             SM_SV_ARG(table)));
    size_t end = i;

    while (end < sm_json_len(flows) && sm_sv_eq(get(sm_json_at(flows, end), "table"), table))
        end++;
    for (size_t k = i; k < end; k++)
        if (counts_in(sm_json_at(flows, k)))
            add_flow(&s, sm_json_at(flows, k), end == i + 1);
    if (s.tests > 0)
        end_suite(&s, t);
    else
        sm_buf_release(&s.body);
    return end;
}

static void add_ran(const sm_report *r, totals *t)
{
    const sm_json *flows = sm_json_get(r->doc, "flows");

    for (size_t i = 0; i < sm_json_len(flows);)
        i = add_table(r, flows, i, t);
    if (sm_json_len(flows) == 0 && get(r->doc, "error").len > 0) {
        suite s = begin_suite(r, get(r->doc, "pipeline"));

        begin_case(&s, SM_SV("run"), NULL, 0);
        add_result(&s, "error", get(r->doc, "code"), get(r->doc, "error"), SM_SV(""));
        end_case(&s);
        end_suite(&s, t);
    }
}

/* ---- test -------------------------------------------------------------------------- */

static void add_test(suite *s, const sm_json *test)
{
    const sm_json *failures = sm_json_get(test, "failures"),
                  *list = sm_json_get(test, "diagnostics");

    begin_case(s, get(test, "name"), test, sm_json_get_int(test, "duration_ms", 0));
    for (size_t i = 0; i < sm_json_len(failures); i++)
        add_result(s, "failure", SM_SV("test-failed"), get(sm_json_at(failures, i), "message"),
                   get(sm_json_at(failures, i), "text"));
    for (size_t i = 0; i < sm_json_len(list); i++)
        add_diagnostic(s, sm_json_at(list, i));
    end_case(s);
}

/* The tests of a file stand together. */
static void add_tested(const sm_report *r, totals *t)
{
    const sm_json *tests = sm_json_get(r->doc, "tests");

    for (size_t i = 0; i < sm_json_len(tests);) {
        sm_sv file = get(sm_json_at(tests, i), "file");
        suite s = begin_suite(r, sm_report_file(r, file));

        for (; i < sm_json_len(tests) && sm_sv_eq(get(sm_json_at(tests, i), "file"), file); i++)
            add_test(&s, sm_json_at(tests, i));
        end_suite(&s, t);
    }
}

static const char *command_of(sm_report_of of)
{
    return of == SM_REPORT_OF_RUN ? "run" : of == SM_REPORT_OF_TEST ? "test" : "validate";
}

void sm_report_junit(const sm_report *r, sm_buf *out)
{
    totals t = { .tests = 0 };

    sm_buf_init(&t.body, SUITE_MAX);
    if (r->of == SM_REPORT_OF_RUN)
        add_ran(r, &t);
    else if (r->of == SM_REPORT_OF_TEST)
        add_tested(r, &t);
    else
        add_validated(r, &t);
    sm_buf_addf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"smelt %s\"",
                command_of(r->of));
    add_counts(out, t.tests, t.failures, t.errors, t.skipped);
    add_time(out, r->duration_ms);
    sm_buf_adds(out, ">\n");
    sm_buf_add(out, sm_buf_sv(&t.body));
    sm_buf_adds(out, "</testsuites>\n");
    out->over |= t.body.over;
    sm_buf_release(&t.body);
}
