/* SPDX-License-Identifier: Apache-2.0 */
/* flow_rows.c -- flows of a run document as rows of text. */
#include "ui/cli/flow_rows.h"

#include "expectations/verdict.h"
#include "runtime/base/clock.h"
#include "ui/cli/grid.h"

enum { ROWS_MAX = 256 * 1024 * 1024 };

static void add_count(sm_buf *b, const sm_json *counters, const char *key, const char *word,
                      bool always)
{
    int64_t n = sm_json_get_int(counters, key, 0);

    if (n == 0 && !always)
        return;
    if (b->len > 0)
        sm_buf_adds(b, "  ");
    sm_buf_add_count(b, n);
    sm_buf_addf(b, " %s", word);
}

/* Of a grouping or join, what its earlier batches left came out of it, or of this one stayed. */
static void add_state_rows(sm_buf *b, const sm_json *counters)
{
    int64_t n = sm_json_get_int(counters, "in_state", 0);

    if (n == 0)
        return;
    sm_buf_adds(b, "  ");
    sm_buf_add_count(b, n > 0 ? n : -n);
    sm_buf_adds(b, n > 0 ? " kept in state" : " out of state");
}

void sm_add_counters(sm_buf *b, const sm_json *counters)
{
    add_count(b, counters, "read", "read", true);
    add_count(b, counters, "written", "written", true);
    add_count(b, counters, "undecodable", "undecodable", false);
    add_count(b, counters, "late", "late", false);
    add_count(b, counters, "duplicate", "duplicate", false);
    add_state_rows(b, counters);
    add_count(b, counters, "filtered", "filtered", false);
    add_count(b, counters, "expanded", "added by joins", false);
    add_count(b, counters, "dropped", "dropped", false);
    add_count(b, counters, "quarantined", "quarantined", false);
}

/* Where the policy sends the rows: behind their number. */
static void add_where(sm_buf *b, const sm_json *flow, sm_sv policy)
{
    if (sm_sv_eq_str(policy, "quarantine"))
        sm_buf_addf(b, " → %.*s__quarantine", SM_SV_ARG(sm_json_get_sv(flow, "table", SM_SV(""))));
    else
        sm_buf_addf(b, " %s", sm_sv_eq_str(policy, "drop") ? "dropped" : "kept");
}

void sm_add_failed_rules(const sm_cli *c, const sm_json *flow, sm_buf *b)
{
    const sm_json *rules = sm_json_get(flow, "expectations");

    for (size_t i = 0; i < sm_json_len(rules); i++) {
        const sm_json *r = sm_json_at(rules, i);
        int64_t failed = sm_json_get_int(r, "failed", 0);
        sm_sv percent;

        if (failed == 0)
            continue;
        if (sm_json_get(r, "note") != NULL) {
            sm_buf_addf(b, "      %.*s  ", SM_SV_ARG(sm_json_get_sv(r, "name", SM_SV(""))));
            sm_buf_add_safe(b, sm_json_get_sv(r, "note", SM_SV("")));
            sm_buf_addc(b, '\n');
            continue;
        }
        percent = sm_verdict_percent(failed, failed + sm_json_get_int(r, "passed", 0), c->a);
        sm_buf_addf(b, "      %.*s  %.*s failed  ", SM_SV_ARG(sm_json_get_sv(r, "name", SM_SV(""))),
                    SM_SV_ARG(percent));
        sm_buf_add_count(b, failed);
        add_where(b, flow, sm_json_get_sv(r, "policy", SM_SV("")));
        if (sm_json_get(r, "crossed") != NULL)
            sm_buf_addf(b, "  over %.*s", SM_SV_ARG(sm_json_get_sv(r, "crossed", SM_SV(""))));
        sm_buf_addc(b, '\n');
    }
}

sm_sv sm_flow_words(const sm_cli *c, const sm_json *flow)
{
    sm_sv error = sm_json_get_sv(flow, "error", SM_SV(""));
    sm_sv reason = sm_json_get_sv(flow, "reason", SM_SV(""));
    sm_sv out;
    sm_buf b;

    if (error.len > 0 || reason.len > 0)
        return error.len > 0 ? error : reason;
    if (sm_json_get_int(flow, "batches", 0) == 0)
        return SM_SV("nothing new");
    sm_buf_init(&b, 1024);
    sm_add_counters(&b, sm_json_get(flow, "counters"));
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

int64_t sm_time_of(const sm_json *o, const char *key)
{
    int64_t ms;
    sm_error ignored;

    return sm_time_parse(sm_json_get_sv(o, key, SM_SV("")), &ms, &ignored) == SM_OK ? ms : 0;
}

void sm_add_flows(const sm_cli *c, const sm_json *flows, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "lllr");
    sm_sv rest, line;
    sm_buf rows;

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(f, "flow", SM_SV("")));
        sm_grid_state(g, sm_json_get_sv(f, "state", SM_SV("")), NULL);
        sm_grid_cell(g, sm_flow_words(c, f));
        sm_grid_duration(g, sm_json_get_int(f, "duration_ms", 0));
    }
    sm_buf_init(&rows, ROWS_MAX);
    sm_grid_print(g, 2, &rows);
    rest = sm_buf_sv(&rows);
    for (size_t i = 0; i < sm_json_len(flows) && sm_sv_next(&rest, '\n', &line); i++) {
        sm_buf_add(b, line);
        sm_buf_addc(b, '\n');
        sm_add_failed_rules(c, sm_json_at(flows, i), b);
    }
    sm_buf_release(&rows);
}
