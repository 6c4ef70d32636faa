/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_plan.c -- smelt plan: what a run of these files would do to what is there. */
#include "runtime/sinks/sinks.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/reports.h"
#include "ui/cli/since.h"

static const sm_cli_option options[] = {
    { "--detailed-exitcode", NULL, NULL, "end with 6 when something would change" },
    SM_SINCE_OPTION,
    SM_OUTPUT_OPTIONS,
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* What the sink of tables promises. */
static const char *delivery(void)
{
    const sm_sink_ops *k = sm_sink_find(sm_sinks(), SM_SV("delta"));

    return k != NULL && k->strongest == SM_EXACTLY_ONCE ? "exactly_once" : "at_least_once";
}

/* A changed word is told from an unchanged one by its sign. */
static void add_change(sm_grid *g, const sm_json *row)
{
    static const struct {
        const char *change, *sign;
        sm_tone tone;
    } signs[] = {
        { "new", "+", SM_TONE_GOOD },      { "unchanged", "●", SM_TONE_GOOD },
        { "forward", "→", SM_TONE_WARN },  { "recompute", "↻", SM_TONE_WARN },
        { "rebuild", "▲", SM_TONE_WARN },  { "refused", "✖", SM_TONE_BAD },
        { "waiting", "○", SM_TONE_PLAIN }, { "inactive", "–", SM_TONE_DIM },
        { "modified", "~", SM_TONE_WARN }, { "removed", "–", SM_TONE_WARN },
    };
    sm_sv change = sm_json_get_sv(row, "change", SM_SV(""));
    sm_buf b;

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!sm_sv_eq_str(change, signs[i].change))
            continue;
        sm_buf_init(&b, 64);
        sm_buf_addf(&b, "%s %s", signs[i].sign, signs[i].change);
        sm_grid_tone(g, signs[i].tone, sm_buf_sv(&b));
        sm_buf_release(&b);
        return;
    }
    sm_grid_cell(g, change);
}

static void add_reasons(const sm_cli *c, const sm_json *row, sm_buf *b)
{
    const sm_json *reasons = sm_json_get(row, "reasons");

    for (size_t i = 0; i < sm_json_len(reasons); i++) {
        sm_buf_adds(b, "      ");
        sm_add_tone(c, b, SM_TONE_PLAIN, sm_json_sv(sm_json_at(reasons, i)));
        sm_buf_addc(b, '\n');
    }
}

static const char *delivery_words(sm_sv name)
{
    return sm_sv_eq_str(name, "exactly_once")    ? "exactly once"
           : sm_sv_eq_str(name, "at_least_once") ? "at least once"
                                                 : "";
}

/* One grid for all rows, so that columns meet; reasons stand below their row. */
static void add_rows(const sm_cli *c, const sm_json *list, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "lll");
    sm_sv rest, line;
    sm_buf rows;
    size_t i = 0;

    for (i = 0; i < sm_json_len(list); i++) {
        const sm_json *row = sm_json_at(list, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(row, "table", SM_SV("")));
        add_change(g, row);
        sm_grid_cell(g, sm_sv_cstr(delivery_words(sm_json_get_sv(row, "delivery", SM_SV("")))));
        sm_grid_cell(g, sm_json_get_sv(row, "act", SM_SV("")));
    }
    sm_buf_init(&rows, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 2, &rows);
    rest = sm_buf_sv(&rows);
    for (i = 0; i < sm_json_len(list) && sm_sv_next(&rest, '\n', &line); i++) {
        sm_buf_add(b, line);
        sm_buf_addc(b, '\n');
        add_reasons(c, sm_json_at(list, i), b);
    }
    sm_buf_release(&rows);
}

/* What the first table that cannot go on asks for. */
static sm_sv next_of(const sm_json *list, const char *change)
{
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_sv_eq_str(sm_json_get_sv(sm_json_at(list, i), "change", SM_SV("")), change))
            return sm_json_get_sv(sm_json_at(list, i), "next", SM_SV(""));
    return SM_SV("");
}

static int print_plan(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "changes");
    sm_sv next = next_of(list, "refused"), since = sm_json_get_sv(doc, "since", SM_SV(""));
    sm_buf b;

    if (next.len == 0)
        next = next_of(list, "rebuild");
    if (next.len == 0 && since.len == 0)
        next = SM_SV("smelt run");
    if (since.len > 0 && sm_json_get_bool(doc, "changed", false))
        next = sm_arena_printf(c->a, "smelt run --select state:modified+ --changed-since %.*s",
                               SM_SV_ARG(since));
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_buf_addf(&b, "%.*s\n", SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
    add_rows(c, list, &b);
    if (!sm_json_get_bool(doc, "changed", false))
        sm_buf_adds(&b, since.len > 0 ? "Nothing changed.\n" : "Nothing would change.\n");
    if (next.len > 0)
        sm_look_next(c, &b, "%.*s", SM_SV_ARG(next));
    return sm_cli_out(&b);
}

/* Against the files as of a commit, or against the tables that are there. */
static int make_document(const sm_cli *c, const sm_project *p, const sm_view *v,
                         const sm_json **out)
{
    sm_json *doc;
    sm_error err;
    int status = sm_cli_since(c, p, out);

    if (status != SM_EXIT_DONE || *out != NULL)
        return status;
    if (sm_view_plan(v, delivery(), &doc, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    *out = doc;
    return SM_EXIT_DONE;
}

static int plan_exec(sm_cli *c)
{
    const sm_json *doc;
    sm_project p;
    sm_view v;
    int status;

    if (c->n_args > 0)
        return sm_cli_usage(c, "plan takes no argument: smelt plan --pipeline %s", c->args[0]);
    if ((status = sm_cli_check_reports(c)) != SM_EXIT_DONE)
        return status;
    status = sm_look_start(c, &p, &v);
    if (status != SM_EXIT_DONE) {
        status = sm_cli_report_unbegun(c, &p, status);
    } else if ((status = make_document(c, &p, &v, &doc)) == SM_EXIT_DONE) {
        status = c->json ? sm_cli_out_json(c, doc) : print_plan(c, doc);
        status = sm_cli_report(c, SM_REPORT_OF_PLAN, doc, 0, status);
        if (status == SM_EXIT_DONE && sm_cli_has(c, "--detailed-exitcode") &&
            sm_json_get_bool(doc, "changed", false))
            status = SM_EXIT_CHANGES;
    }
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_plan = {
    .name = "plan",
    .group = "change",
    .summary = "Say what these files would do to the tables that are there",
    .usage = "[--changed-since REV] [--detailed-exitcode]",
    .options = options,
    .examples = "smelt plan\nsmelt plan --changed-since origin/main --detailed-exitcode",
    .exec = plan_exec,
};
