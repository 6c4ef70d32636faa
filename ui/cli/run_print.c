/* SPDX-License-Identifier: Apache-2.0 */
/* run_print.c -- a run on the terminal.
 *
 *     iot @ 3f9a2c1
 *       readings_bronze   ●  120,334 read  120,331 written   3 undecodable      1.8 s
 *       readings_silver   ▲  120,331 read  119,871 written   452 dropped        2.4 s
 *           battery_ok  0.38% failed  452 dropped
 *     Run 12 succeeded with warnings in 4.9 s
 *     Next: … */
#include "ui/cli/run_print.h"

#include <stdio.h>

#include "expectations/verdict.h"
#include "runtime/base/clock.h"
#include "ui/cli/exit_code.h"

static const struct {
    const char *shape, *color;
} looks[] = {
    [SM_RUN_FLOW_WAITING] = { "○", "" },           [SM_RUN_FLOW_RUNNING] = { "◐", "\033[36m" },
    [SM_RUN_FLOW_SUCCEEDED] = { "●", "\033[32m" }, [SM_RUN_FLOW_WARNINGS] = { "▲", "\033[33m" },
    [SM_RUN_FLOW_FAILED] = { "✖", "\033[31m" },    [SM_RUN_FLOW_SKIPPED] = { "⊘", "\033[33m" },
    [SM_RUN_FLOW_STOPPED] = { "‖", "\033[33m" },   [SM_RUN_FLOW_IDLE] = { "●", "\033[32m" },
    [SM_RUN_FLOW_EXCLUDED] = { "–", "" },          [SM_RUN_FLOW_HELD] = { "‖", "\033[31m" },
};

void sm_run_print_init(sm_run_printer *p, const sm_cli *c, const sm_plan *plan,
                       const bool *selected)
{
    *p = (sm_run_printer){ .c = c, .plan = plan };
    for (size_t i = 0; i < plan->n_flows; i++)
        if (selected[plan->flows[i].target] && plan->flows[i].name.len > p->name_width)
            p->name_width = plan->flows[i].name.len;
}

void sm_run_print_begin(sm_run_printer *p, sm_sv commit)
{
    if (p->c->json || p->c->quiet)
        return;
    printf("%.*s", SM_SV_ARG(p->plan->pipeline));
    if (commit.len >= 7)
        printf(" @ %.7s", commit.ptr);
    printf("\n");
    fflush(stdout);
}

static void clear_live(sm_run_printer *p)
{
    if (p->live)
        printf("\r\033[K");
    p->live = false;
}

/* While a flow runs, one line at the bottom says how far it is.  It is cut at the edge of the
 * terminal: of a line that went on below, clear_live() would leave the beginning. */
static void print_live(sm_run_printer *p, const sm_flow_outcome *o)
{
    sm_buf b;

    if (!p->c->tty)
        return;
    clear_live(p);
    sm_buf_init(&b, 1024);
    sm_buf_addf(&b, "  %.*s  ◐  ", SM_SV_ARG(o->flow->name));
    sm_buf_add_count(&b, o->counts.read);
    sm_buf_adds(&b, " read  ");
    sm_buf_add_count(&b, o->counts.written);
    sm_buf_addf(&b, " written  batch %lld", (long long)o->batches + 1);
    printf("\033[?7l%s\033[?7h", b.ptr);
    fflush(stdout);
    p->live = true;
    sm_buf_release(&b);
}

static void add_some(sm_buf *b, int64_t n, const char *what)
{
    if (n == 0)
        return;
    sm_buf_adds(b, "  ");
    sm_buf_add_count(b, n);
    sm_buf_addf(b, " %s", what);
}

/* Where late rows are: in the table beside that of the flow, or nowhere. */
static void add_late(sm_buf *b, const sm_flow_outcome *o)
{
    add_some(b, o->counts.late, "late");
    if (o->counts.late > 0 && o->flow->keeps_late)
        sm_buf_addf(b, " → %.*s" SM_PLAN_LATE, SM_SV_ARG(o->dataset));
}

/* Of a grouping or join, what its earlier batches left came out of it, or of this one stayed. */
static void add_state_rows(sm_buf *b, const sm_flow_outcome *o)
{
    if (o->counts.in_state > 0)
        add_some(b, o->counts.in_state, "kept in state");
    else
        add_some(b, -o->counts.in_state, "out of state");
}

static void add_counts(sm_buf *b, const sm_flow_outcome *o)
{
    sm_buf_add_count(b, o->counts.read);
    sm_buf_adds(b, " read  ");
    sm_buf_add_count(b, o->counts.written);
    sm_buf_adds(b, " written");
    add_some(b, o->counts.undecodable, "undecodable");
    if (o->counts.kept > 0)
        sm_buf_adds(b, " → quarantine");
    add_late(b, o);
    add_some(b, o->counts.duplicate, "duplicate");
    add_state_rows(b, o);
    add_some(b, sm_flow_counts_filtered(&o->counts), "filtered");
    if (o->counts.read > 0) /* a query over no input gives rows too */
        add_some(b, sm_flow_counts_expanded(&o->counts), "added by joins");
    add_some(b, o->counts.dropped, "dropped");
    add_some(b, o->counts.quarantined, "quarantined");
    if (o->rolled_forward)
        sm_buf_adds(b, "  rolled forward");
}

static void add_state(sm_buf *b, const sm_flow_outcome *o)
{
    switch (o->state) {
    case SM_RUN_FLOW_FAILED:
        sm_buf_adds(b, "failed: ");
        sm_buf_add_safe(b, sm_sv_cstr(o->error.msg));
        break;
    case SM_RUN_FLOW_SKIPPED:
        sm_buf_addf(b, "skipped: %.*s", SM_SV_ARG(o->reason));
        break;
    case SM_RUN_FLOW_STOPPED:
        sm_buf_adds(b, "stopped");
        break;
    case SM_RUN_FLOW_HELD:
        sm_buf_add(b, o->reason);
        break;
    case SM_RUN_FLOW_IDLE:
        sm_buf_add(b, o->reason.len > 0 ? o->reason : SM_SV("nothing new"));
        break;
    case SM_RUN_FLOW_WAITING:
    case SM_RUN_FLOW_RUNNING:
    case SM_RUN_FLOW_SUCCEEDED:
    case SM_RUN_FLOW_WARNINGS:
    case SM_RUN_FLOW_EXCLUDED:
        add_counts(b, o);
        break;
    }
}

/* What became of the rows, or what is wrong with the table. */
static void add_failed(const sm_run_printer *p, const sm_flow_outcome *o, const sm_rule_count *r,
                       sm_buf *b)
{
    if (r->note.len > 0) {
        sm_buf_add_safe(b, r->note);
        return;
    }
    sm_buf_addf(b, "%.*s failed",
                SM_SV_ARG(sm_verdict_percent(r->failed, r->passed + r->failed, p->c->a)));
    if (sm_sv_eq_str(r->policy, "quarantine"))
        add_some(b, r->failed,
                 sm_arena_printf(p->c->a, "→ %.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(o->dataset)).ptr);
    else
        add_some(b, r->failed, sm_sv_eq_str(r->policy, "drop") ? "dropped" : "kept");
}

static void print_rules(const sm_run_printer *p, const sm_flow_outcome *o, sm_buf *b)
{
    size_t n = o->n_rules + o->n_checks, width = 0;

    for (size_t i = 0; i < n; i++)
        if (o->rules[i].failed > 0 && o->rules[i].name.len > width)
            width = o->rules[i].name.len;
    for (size_t i = 0; i < n; i++) {
        const sm_rule_count *r = &o->rules[i];

        if (r->failed == 0)
            continue;
        sm_buf_addf(b, "      %.*s%*s  ", SM_SV_ARG(r->name), (int)(width - r->name.len), "");
        add_failed(p, o, r, b);
        if (r->crossed.len > 0)
            sm_buf_addf(b, "  over %.*s \"%.*s\"", SM_SV_ARG(r->crossed),
                        SM_SV_ARG(sm_sv_eq_str(r->crossed, "fail_if") ? r->fail_if : r->warn_if));
        sm_buf_addc(b, '\n');
    }
}

static void print_flow(sm_run_printer *p, const sm_flow_outcome *o)
{
    bool color = p->c->color;
    bool waits = o->state == SM_RUN_FLOW_IDLE && o->reason.len > 0;
    sm_run_flow_state look = waits ? SM_RUN_FLOW_WAITING : o->state;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_addf(&b, "  %.*s%*s  %s%s%s  ", SM_SV_ARG(o->flow->name),
                o->flow->name.len < p->name_width ? (int)(p->name_width - o->flow->name.len) : 0,
                "", color ? looks[look].color : "", looks[look].shape, color ? "\033[0m" : "");
    add_state(&b, o);
    if (o->batches > 0) {
        sm_buf_adds(&b, "  ");
        sm_buf_add_duration(&b, o->duration_ms);
    }
    sm_buf_addc(&b, '\n');
    print_rules(p, o, &b);
    clear_live(p);
    fwrite(b.ptr, 1, b.len, stdout);
    fflush(stdout);
    sm_buf_release(&b);
}

static void print_caught_up(sm_run_printer *p)
{
    if (p->caught_up)
        return;
    p->caught_up = true;
    clear_live(p);
    printf("Caught up; going on as data comes, until Ctrl-C\n");
    fflush(stdout);
}

void sm_run_print_flow(void *ctx, const sm_flow_outcome *o)
{
    sm_run_printer *p = ctx;

    if (p->c->json || p->c->quiet)
        return;
    if (o->state == SM_RUN_FLOW_RUNNING && o->ended_ms > 0)
        print_caught_up(p); /* it had ended, and goes on */
    if (o->state == SM_RUN_FLOW_RUNNING)
        print_live(p, o);
    else
        print_flow(p, o);
}

static void set_place(sm_json *j, const sm_plan_place *at)
{
    if (at->line == 0)
        return;
    sm_json_set_string(j, "file", at->file);
    sm_json_set_int(j, "line", at->line);
    sm_json_set_int(j, "column", at->column);
}

/* Compiled again while it ran, a plan keeps its datasets and their rules. */
static sm_json *rule_json(const sm_run_printer *p, const sm_flow_outcome *o, size_t i)
{
    const sm_rule_count *r = &o->rules[i];
    const sm_plan_dataset *table = &p->plan->datasets[o->flow->target];
    const sm_plan_check *check = i < o->n_rules ? NULL : &table->checks[i - o->n_rules];
    sm_json *j = sm_json_object(p->c->a), *samples = NULL;
    sm_error ignored;

    sm_json_set_string(j, "name", r->name);
    sm_json_set_string(j, "policy", r->policy);
    sm_json_set_string(j, "expect", check ? check->text : table->rules[i].text);
    set_place(j, check ? &check->place : &table->rules[i].place);
    sm_json_set_int(j, "passed", r->passed);
    sm_json_set_int(j, "failed", r->failed);
    if (r->crossed.len > 0)
        sm_json_set_string(j, "crossed", r->crossed);
    if (r->warn_if.len > 0)
        sm_json_set_string(j, "warn_if", r->warn_if);
    if (r->fail_if.len > 0)
        sm_json_set_string(j, "fail_if", r->fail_if);
    if (r->stopped > 0)
        sm_json_set_int(j, "stopped", r->stopped);
    if (r->note.len > 0)
        sm_json_set_string(j, "note", r->note);
    if (r->samples.len > 0 && sm_json_parse(r->samples, p->c->a, &samples, &ignored) == SM_OK)
        sm_json_set(j, "samples", samples);
    return j;
}

static sm_json *flow_json(const sm_run_printer *p, const sm_flow_outcome *o)
{
    sm_arena *a = p->c->a;
    sm_json *j = sm_json_object(a), *rules = sm_json_array(a);

    sm_json_set_string(j, "flow", o->flow->name);
    sm_json_set_string(j, "table", o->dataset);
    set_place(j, &o->flow->place);
    sm_json_set_string(j, "state", sm_sv_cstr(sm_run_flow_state_name(o->state)));
    if (o->reason.len > 0)
        sm_json_set_string(j, "reason", o->reason);
    if (o->error.code != SM_OK) {
        sm_json_set_string(j, "error", sm_sv_cstr(o->error.msg));
        sm_json_set_string(j, "code", sm_sv_cstr(sm_code_name(o->error.code)));
    }
    sm_json_set_int(j, "read", o->counts.read);
    sm_json_set_int(j, "undecodable", o->counts.undecodable);
    sm_json_set_int(j, "late", o->counts.late);
    sm_json_set_int(j, "duplicate", o->counts.duplicate);
    sm_json_set_int(j, "filtered", sm_flow_counts_filtered(&o->counts));
    sm_json_set_int(j, "combined", o->counts.combined);
    sm_json_set_int(j, "in_state", o->counts.in_state);
    sm_json_set_int(j, "expanded", sm_flow_counts_expanded(&o->counts));
    sm_json_set_int(j, "dropped", o->counts.dropped);
    sm_json_set_int(j, "quarantined", o->counts.quarantined);
    sm_json_set_int(j, "written", o->counts.written);
    sm_json_set_int(j, "batches", o->batches);
    sm_json_set_int(j, "version", o->version);
    sm_json_set_int(j, "duration_ms", o->duration_ms);
    for (size_t i = 0; i < o->n_rules + o->n_checks; i++)
        sm_json_append(rules, rule_json(p, o, i));
    sm_json_set(j, "expectations", rules);
    return j;
}

static const char *verdict_text(const sm_run_result *r)
{
    if (r->state == SM_RUN_FAILED)
        return "failed";
    if (r->state == SM_RUN_CANCELED)
        return "was stopped";
    return r->warnings ? "succeeded with warnings" : "succeeded";
}

/* What to type next: look at what went wrong, or at what there is. */
static const char *next_command(const sm_run_printer *p, const sm_run_result *r)
{
    for (size_t i = 0; i < r->n_flows; i++)
        if (r->flows[i].state == SM_RUN_FLOW_FAILED)
            return sm_arena_printf(p->c->a, "smelt events --run %lld --level warn",
                                   (long long)r->number)
                .ptr;
    if (r->state == SM_RUN_CANCELED)
        return "smelt run";
    for (size_t i = r->n_flows; i > 0; i--)
        if (r->flows[i - 1].counts.quarantined + r->flows[i - 1].counts.kept > 0)
            return sm_arena_printf(p->c->a, "smelt quarantine show %.*s",
                                   SM_SV_ARG(r->flows[i - 1].dataset))
                .ptr;
    for (size_t i = r->n_flows; i > 0; i--)
        if (r->flows[i - 1].counts.late > 0 && r->flows[i - 1].flow->keeps_late)
            return sm_arena_printf(p->c->a, "smelt preview %.*s" SM_PLAN_LATE,
                                   SM_SV_ARG(r->flows[i - 1].dataset))
                .ptr;
    for (size_t i = r->n_flows; i > 0; i--)
        if (r->flows[i - 1].batches > 0 &&
            p->plan->datasets[r->flows[i - 1].flow->target].kind != SM_DATASET_SINK)
            return sm_arena_printf(p->c->a, "smelt preview %.*s",
                                   SM_SV_ARG(r->flows[i - 1].dataset))
                .ptr;
    return "smelt status";
}

sm_json *sm_run_print_document(const sm_run_printer *p, const sm_run_result *r)
{
    sm_arena *a = p->c->a;
    sm_json *doc = sm_json_object(a), *flows = sm_json_array(a);

    sm_json_set_string(doc, "pipeline", p->plan->pipeline);
    sm_json_set_int(doc, "run", r->number);
    sm_json_set_string(doc, "state", sm_sv_cstr(sm_run_state_name(r->state)));
    sm_json_set_bool(doc, "warnings", r->warnings);
    sm_json_set_int(doc, "duration_ms", r->duration_ms);
    if (r->code != SM_OK)
        sm_json_set_string(doc, "error", sm_sv_cstr(r->error.msg));
    for (size_t i = 0; i < r->n_flows; i++)
        sm_json_append(flows, flow_json(p, &r->flows[i]));
    sm_json_set(doc, "flows", flows);
    sm_json_set_string(doc, "next", sm_sv_cstr(sm_cli_next(p->c, next_command(p, r))));
    return doc;
}

void sm_run_print_end(sm_run_printer *p, const sm_run_result *r)
{
    sm_buf b;

    if (p->c->json) {
        sm_cli_out_json(p->c, sm_run_print_document(p, r));
        return;
    }
    clear_live(p);
    sm_buf_init(&b, 4096);
    sm_buf_addf(&b, "Run %lld %s in ", (long long)r->number, verdict_text(r));
    sm_buf_add_duration(&b, r->duration_ms);
    if ((r->state == SM_RUN_CANCELED && r->error.code != SM_OK) || /* by whom */
        r->code == SM_E_TIMEOUT) {
        sm_buf_adds(&b, ": ");
        sm_buf_add_safe(&b, sm_sv_cstr(r->error.msg));
    }
    printf("%s\n", b.ptr);
    if (!p->c->quiet)
        printf("Next: %s\n", sm_cli_next(p->c, next_command(p, r)));
    fflush(stdout);
    sm_buf_release(&b);
}
