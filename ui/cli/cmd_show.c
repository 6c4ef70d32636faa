/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_show.c -- smelt show: one dataset, or the whole plan. */
#include "pipelines/plan/plan_lineage.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"

static const sm_cli_option options[] = {
    { "--resolved", NULL, NULL, "every key with its value and where that was written" },
    { "--sql", NULL, NULL, "the queries as they run" },
    { "--schema", NULL, NULL, "the columns, and how those of a source were pinned" },
    { "--lineage", NULL, NULL, "which columns each column is made of" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

static void add_columns(const sm_cli *c, const sm_json *doc, int indent, sm_buf *b)
{
    const sm_json *columns = sm_json_get(doc, "columns");
    sm_grid *g = sm_grid_new(c, "lll");

    for (size_t i = 0; i < sm_json_len(columns); i++) {
        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(sm_json_at(columns, i), "name", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(sm_json_at(columns, i), "type", SM_SV("")));
        sm_grid_tone(g, SM_TONE_DIM,
                     sm_json_get_sv(sm_json_at(columns, i), "description", SM_SV("")));
    }
    sm_grid_print(g, indent, b);
    if (!sm_json_get_bool(doc, "known", true))
        sm_buf_adds(b, "  not known yet: a source has no data to tell its columns by\n");
}

/* As they were pinned; each with what changed. */
static void add_versions(const sm_cli *c, const sm_json *list, sm_buf *b)
{
    sm_grid *g = sm_grid_new(c, "rlll");

    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *x = sm_json_at(list, i), *changed = sm_json_get(x, "changed");
        sm_buf words;

        sm_buf_init(&words, 64 * 1024);
        for (size_t k = 0; i > 0 && k < sm_json_len(changed); k++)
            sm_buf_addf(&words, "%s%.*s", k > 0 ? ", " : "",
                        SM_SV_ARG(sm_json_sv(sm_json_at(changed, k))));
        sm_grid_row(g);
        sm_grid_cellf(g, "%lld", (long long)sm_json_get_int(x, "version", 0));
        sm_grid_cell(g, sm_json_get_sv(x, "why", SM_SV("")));
        sm_grid_cell(g, sm_show_time(c->a, sm_time_of(x, "pinned")));
        sm_grid_cell(g, sm_arena_dup(c->a, sm_buf_sv(&words)));
        sm_buf_release(&words);
    }
    if (sm_json_len(list) > 0)
        sm_buf_adds(b, "Pinned\n");
    sm_grid_print(g, 2, b);
}

static void add_word(sm_buf *b, const char *before, sm_sv word)
{
    if (word.len > 0)
        sm_buf_addf(b, "%s%s%.*s", b->len > 0 ? ", " : "", before, SM_SV_ARG(word));
}

/* What else a rule says: thresholds, tags, what it is for. */
static sm_sv rule_words(const sm_cli *c, const sm_json *rule)
{
    const sm_json *tags = sm_json_get(rule, "tags");
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, 64 * 1024);
    add_word(&b, "warn if ", sm_json_get_sv(rule, "warn_if", SM_SV("")));
    add_word(&b, "fail if ", sm_json_get_sv(rule, "fail_if", SM_SV("")));
    for (size_t i = 0; i < sm_json_len(tags); i++)
        add_word(&b, "tag:", sm_json_sv(sm_json_at(tags, i)));
    add_word(&b, "", sm_json_get_sv(rule, "description", SM_SV("")));
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void add_rules(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *rules = sm_json_get(doc, "expectations");
    sm_grid *g = sm_grid_new(c, "llll");

    if (sm_json_len(rules) > 0)
        sm_buf_adds(b, "Expectations\n");
    for (size_t i = 0; i < sm_json_len(rules); i++) {
        const sm_json *r = sm_json_at(rules, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(r, "name", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(r, "on_violation", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(r, "expect", SM_SV("")));
        sm_grid_tone(g, SM_TONE_DIM, rule_words(c, r));
    }
    sm_grid_print(g, 2, b);
}

static void add_stage(const sm_json *s, sm_buf *b)
{
    static const char *const rows[] = { "rows", "left", "right" };

    sm_buf_addf(b, "-- %.*s: %.*s remembers %.*s; its rows:\n",
                SM_SV_ARG(sm_json_get_sv(s, "relation", SM_SV(""))),
                SM_SV_ARG(sm_json_get_sv(s, "name", SM_SV(""))),
                SM_SV_ARG(sm_json_get_sv(s, "remembers", SM_SV(""))));
    for (size_t i = 0; i < 3; i++) {
        sm_sv sql = sm_json_get_sv(s, rows[i], SM_SV(""));

        if (sql.len > 0)
            sm_buf_addf(b, "%.*s;\n", SM_SV_ARG(sql));
    }
}

static void add_sql(const sm_json *doc, sm_buf *b)
{
    const sm_json *flows = sm_json_get(doc, "flows");
    sm_sv own = sm_json_get_sv(doc, "sql", SM_SV(""));

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *f = sm_json_at(flows, i), *in = sm_json_get(f, "inputs");
        const sm_json *stages = sm_json_get(f, "stages");

        sm_buf_addf(b, "-- flow %.*s\n", SM_SV_ARG(sm_json_get_sv(f, "name", SM_SV(""))));
        for (size_t k = 0; k < sm_json_len(in); k++) {
            const sm_json *x = sm_json_at(in, k);

            sm_buf_addf(b, "-- %.*s: %.*s of %.*s\n",
                        SM_SV_ARG(sm_json_get_sv(x, "relation", SM_SV(""))),
                        SM_SV_ARG(sm_json_get_sv(x, "mode", SM_SV(""))),
                        SM_SV_ARG(sm_json_get_sv(x, "name", SM_SV(""))));
        }
        if (sm_json_get_sv(f, "computed_why", SM_SV("")).len > 0)
            sm_buf_addf(b, "-- computed anew each time: %.*s\n",
                        SM_SV_ARG(sm_json_get_sv(f, "computed_why", SM_SV(""))));
        for (size_t k = 0; k < sm_json_len(stages); k++)
            add_stage(sm_json_at(stages, k), b);
        if (sm_json_len(stages) > 0)
            sm_buf_adds(b, "-- the result:\n");
        sm_buf_addf(b, "%.*s\n", SM_SV_ARG(sm_sv_trim(sm_json_get_sv(f, "compiled", SM_SV("")))));
    }
    if (own.len > 0)
        sm_buf_addf(b, "%.*s\n", SM_SV_ARG(sm_sv_trim(own)));
}

static void add_line(sm_buf *b, const char *name, sm_sv text)
{
    if (text.len == 0)
        return;
    sm_buf_addf(b, "  %-12s ", name);
    sm_buf_add_safe(b, text);
    sm_buf_addc(b, '\n');
}

static void add_overview(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *reads = sm_json_get(doc, "reads"), *place = sm_json_get(doc, "place");
    sm_buf names;

    sm_buf_addf(b, "%.*s  %.*s\n", SM_SV_ARG(sm_json_get_sv(doc, "name", SM_SV(""))),
                SM_SV_ARG(sm_json_get_sv(doc, "kind", SM_SV(""))));
    add_line(b, "description", sm_json_get_sv(doc, "description", SM_SV("")));
    add_line(b, "layer", sm_json_get_sv(doc, "layer", SM_SV("")));
    add_line(b, "type", sm_json_get_sv(doc, "type", SM_SV("")));
    sm_buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < sm_json_len(reads); i++)
        sm_buf_addf(&names, "%s%.*s", i == 0 ? "" : ", ",
                    SM_SV_ARG(sm_json_sv(sm_json_at(reads, i))));
    add_line(b, "reads", sm_buf_sv(&names));
    sm_buf_release(&names);
    add_line(b, "path", sm_json_get_sv(doc, "path", SM_SV("")));
    add_line(b, "written in",
             sm_arena_printf(c->a, "%.*s:%lld", SM_SV_ARG(sm_json_get_sv(place, "file", SM_SV(""))),
                             (long long)sm_json_get_int(place, "line", 0)));
    sm_buf_adds(b, "Columns\n");
    add_columns(c, doc, 2, b);
    add_rules(c, doc, b);
}

static int show_resolved(const sm_cli *c, const sm_project *p, const char *name)
{
    sm_json *list = sm_spec_resolved(p->spec, sm_sv_cstr(name), c->a);
    sm_grid *g = sm_grid_new(c, "lll");
    sm_buf b;

    if (list == NULL)
        return sm_cli_usage(c, "there is no source or table \"%s\"", name);
    if (c->json)
        return sm_cli_out_json(c, list);
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *row = sm_json_at(list, i), *value = sm_json_get(row, "value");

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(row, "key", SM_SV("")));
        sm_grid_cell(g, sm_json_is_string(value) ? sm_sv_trim(sm_json_sv(value))
                                                 : sm_json_text(value, c->a));
        sm_grid_tone(g, SM_TONE_DIM, sm_json_get_sv(row, "origin", SM_SV("")));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    return sm_cli_out(&b);
}

static int show_plan(const sm_cli *c, const sm_plan *p)
{
    sm_buf b;

    if (c->json)
        return sm_cli_out_json(c, sm_plan_to_json(p, c->a));
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_plan_print(p, &b);
    return sm_cli_out(&b);
}

static int show_dataset(const sm_cli *c, const sm_view *v, const char *name)
{
    const sm_plan_dataset *ds = sm_look_find(c, v->plan, name);
    sm_json *doc, *versions;
    sm_error err;
    sm_buf b;

    if (ds == NULL)
        return SM_EXIT_USAGE;
    doc = sm_view_dataset(v, ds);
    if (sm_view_schemas(v, ds, &versions, &err) != SM_OK)
        return sm_cli_fail(c, &err, "smelt doctor");
    if (sm_json_len(versions) > 0)
        sm_json_set(doc, "versions", versions);
    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    if (sm_cli_has(c, "--sql"))
        add_sql(doc, &b);
    else if (sm_cli_has(c, "--schema")) {
        add_columns(c, doc, 0, &b);
        add_versions(c, versions, &b);
    } else
        add_overview(c, doc, &b);
    return sm_cli_out(&b);
}

static int show_lineage(const sm_cli *c, sm_project *p, const char *name)
{
    const sm_plan_dataset *ds = sm_look_find(c, p->plan, name);
    sm_sql_engine sql = sm_project_sql(p);
    const sm_lineage *lineage;
    sm_error err;
    sm_buf b;

    if (ds == NULL)
        return SM_EXIT_USAGE;
    if (sm_plan_lineage(p->plan, &sql, ds, c->a, &lineage, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    if (c->json)
        return sm_cli_out_json(c, sm_plan_lineage_json(lineage, c->a));
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_plan_print_lineage(lineage, &b);
    return sm_cli_out(&b);
}

static int show_exec(sm_cli *c)
{
    const char *name = sm_cli_arg(c, 0);
    sm_project p;
    sm_view v;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one name at a time");
    if (name == NULL &&
        (sm_cli_has(c, "--sql") || sm_cli_has(c, "--schema") || sm_cli_has(c, "--lineage")))
        return sm_cli_usage(c, "name a dataset; `smelt ls` prints them");
    if ((status = sm_look_start(c, &p, &v)) == SM_EXIT_DONE)
        status = sm_cli_has(c, "--resolved")  ? show_resolved(c, &p, name)
                 : sm_cli_has(c, "--lineage") ? show_lineage(c, &p, name)
                 : name == NULL               ? show_plan(c, v.plan)
                                              : show_dataset(c, &v, name);
    sm_project_close(&p);
    return status;
}

const sm_command sm_command_show = {
    .name = "show",
    .group = "author",
    .summary = "Show a dataset: columns, expectations, queries; without a name the whole plan",
    .usage = "[NAME] [--resolved|--sql|--schema|--lineage]",
    .options = options,
    .examples = "smelt show readings_silver\nsmelt show readings_silver --sql",
    .exec = show_exec,
};
