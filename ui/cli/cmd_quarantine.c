/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_quarantine.c -- smelt quarantine: rows that tables did not take, and a person's acts on them.
 */
#include "ui/view/view_quarantine.h"

#include "runtime/base/clock.h"
#include "runtime/base/suggest.h"
#include "runtime/delta/delta.h"
#include "runtime/exec/replay.h"
#include "ui/cli/audit.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/quarantine_act.h"
#include "ui/cli/remote.h"

enum { ROWS_SHOWN = 20, ROWS_MAX = 10000 };

static const sm_cli_option options[] = {
    { "--rule", NULL, "NAME", "only rows that broke this rule" },
    { "--row", NULL, "ID", "only the row with this _row_id" },
    { "--limit", NULL, "N", "show: at most N rows (20)" },
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* ---- list ---------------------------------------------------------------------------- */

static void add_why(const sm_json *q, sm_buf *b)
{
    const sm_json *rules = sm_json_get(q, "rules");
    int64_t records = sm_json_get_int(q, "undecodable", 0);

    if (records > 0) {
        sm_buf_add_count(b, records);
        sm_buf_adds(b, " undecodable");
    }
    for (sm_json_iter it = sm_json_first(rules); sm_json_valid(&it); sm_json_next(&it)) {
        sm_buf_adds(b, b->len > 0 ? ", " : "");
        sm_buf_add_count(b, sm_json_int_value(it.value));
        sm_buf_addf(b, " %.*s", SM_SV_ARG(it.key));
    }
}

static int print_list(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "quarantines");
    sm_grid *g = sm_grid_new(c, "lrl");
    sm_sv next = SM_SV("");
    sm_buf b;

    sm_grid_head(g, "table|rows|why");
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *q = sm_json_at(list, i);
        sm_buf why;

        sm_grid_row(g);
        sm_grid_cell(g, sm_json_get_sv(q, "table", SM_SV("")));
        sm_grid_count(g, sm_json_get_int(q, "rows", 0));
        sm_buf_init(&why, 64 * 1024);
        add_why(q, &why);
        sm_grid_cell(g, sm_buf_sv(&why));
        sm_buf_release(&why);
        if (next.len == 0 && sm_json_get_int(q, "rows", 0) > 0)
            next = sm_json_get_sv(q, "table", SM_SV(""));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    if (sm_json_len(list) == 0)
        sm_buf_adds(&b, "Nothing is in quarantine.\n");
    else
        sm_grid_print(g, 0, &b);
    if (next.len > 0)
        sm_look_next(c, &b, "smelt quarantine show %.*s", SM_SV_ARG(next));
    return sm_cli_out(&b);
}

/* ---- show ---------------------------------------------------------------------------- */

static void add_text(sm_buf *b, const sm_json *o, const char *key)
{
    sm_buf_add_safe(b, sm_json_get_sv(o, key, SM_SV("")));
}

static void add_reasons(const sm_json *row, sm_buf *b)
{
    const sm_json *rules = sm_json_get(row, "rules");

    for (size_t i = 0; i < sm_json_len(rules); i++) {
        const sm_json *rule = sm_json_at(rules, i);

        sm_buf_adds(b, "    ");
        add_text(b, rule, "name");
        if (sm_json_get(rule, "expect") != NULL) {
            sm_buf_adds(b, ": ");
            add_text(b, rule, "expect");
        } else {
            sm_buf_adds(b, ": no rule of today");
        }
        sm_buf_addc(b, '\n');
    }
}

static void add_one_row(const sm_json *row, sm_buf *b)
{
    bool record = sm_json_get(row, "raw") != NULL;
    int64_t attempt = sm_json_get_int(row, "attempt", 1);

    add_text(b, row, "id");
    if (record) {
        sm_buf_adds(b, "  ");
        add_text(b, row, "path");
        if (sm_json_get(row, "offset") != NULL)
            sm_buf_addf(b, " offset %lld", (long long)sm_json_get_int(row, "offset", 0));
        else
            sm_buf_addf(b, ":%lld", (long long)sm_json_get_int(row, "line", 0));
    } else {
        sm_buf_addf(b, "  run %lld", (long long)sm_json_get_int(row, "run", 0));
    }
    if (attempt > 1)
        sm_buf_addf(b, "  attempt %lld", (long long)attempt);
    sm_buf_addc(b, '\n');
    if (record) {
        sm_buf_adds(b, "    ");
        add_text(b, row, "reason");
        sm_buf_addc(b, '\n');
    }
    add_reasons(row, b);
    sm_buf_adds(b, "    ");
    if (record)
        add_text(b, row, "raw");
}

/* Records can only arrive again; rows can be judged again. */
static const char *next_act(const sm_json *list)
{
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_json_get(sm_json_at(list, i), "raw") == NULL)
            return "replay";
    return "discard";
}

static int print_rows(const sm_cli *c, const sm_json *doc)
{
    const sm_json *list = sm_json_get(doc, "rows");
    sm_sv table = sm_json_get_sv(doc, "table", SM_SV(""));
    sm_buf b;

    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_buf_addf(&b, "%.*s  ", SM_SV_ARG(table));
    sm_buf_add_count(&b, sm_json_get_int(doc, "total", 0));
    sm_buf_adds(&b, " in quarantine\n");
    for (size_t i = 0; i < sm_json_len(list); i++) {
        const sm_json *row = sm_json_at(list, i);

        add_one_row(row, &b);
        if (sm_json_get(row, "row") != NULL)
            sm_buf_add_safe(&b, sm_json_text(sm_json_get(row, "row"), c->a));
        sm_buf_addc(&b, '\n');
    }
    if (sm_json_get_bool(doc, "truncated", false))
        sm_buf_addf(&b, "These are the first %zu; --limit shows more.\n", sm_json_len(list));
    if (sm_json_len(list) > 0)
        sm_look_next(c, &b, "smelt quarantine %s %.*s", next_act(list), SM_SV_ARG(table));
    return sm_cli_out(&b);
}

static sm_sv option_sv(const sm_cli *c, const char *name)
{
    const char *text = sm_cli_get(c, name);

    return text == NULL ? SM_SV("") : sm_sv_cstr(text);
}

static bool has_rule(const sm_plan_dataset *table, sm_sv name)
{
    for (size_t i = 0; i < table->n_rules; i++)
        if (sm_sv_eq(table->rules[i].name, name))
            return true;
    return false;
}

/* An id or a rule that is none chooses nothing, which would look like success.  A rule of the file
 * that nothing broke is fine. */
static bool chose_nothing(const sm_cli *c, const sm_plan_dataset *table, sm_error *err)
{
    sm_sv row = option_sv(c, "--row"), rule = option_sv(c, "--rule");
    sm_sv *names = SM_NEW_N(c->a, sm_sv, table->n_rules + 1);
    size_t close;

    if (row.len > 0) {
        sm_fail(err, SM_E_NOT_FOUND, 0,
                "no row in the quarantine of table \"%.*s\" has the id %.*s%s%.*s",
                SM_SV_ARG(table->name), SM_SV_ARG(row), rule.len > 0 ? " and broke rule " : "",
                SM_SV_ARG(rule));
        return true;
    }
    if (rule.len == 0 || has_rule(table, rule))
        return false;
    for (size_t i = 0; i < table->n_rules; i++)
        names[i] = table->rules[i].name;
    close = sm_suggest(rule, names, table->n_rules);
    sm_fail(err, SM_E_NOT_FOUND, 0,
            "no row in the quarantine of table \"%.*s\" broke a rule \"%.*s\"%s%.*s%s",
            SM_SV_ARG(table->name), SM_SV_ARG(rule),
            close < table->n_rules ? "; did you mean \"" : "",
            SM_SV_ARG(close < table->n_rules ? names[close] : SM_SV("")),
            close < table->n_rules ? "\"?" : "");
    return true;
}

static int tell_nothing(const sm_cli *c, const sm_plan_dataset *table, const sm_error *err)
{
    sm_cli_fail(c, err,
                sm_arena_printf(c->a, "smelt quarantine show %.*s", SM_SV_ARG(table->name)).ptr);
    return SM_EXIT_USAGE;
}

/* A look at rows is in the log of what people did. */
static sm_code read_rows(sm_cli *c, sm_project *p, const sm_plan_dataset *table, int64_t limit,
                         sm_json **doc, sm_error *err)
{
    sm_view v = sm_look_view(c, p);
    sm_view_quarantine_filter filter = { option_sv(c, "--rule"), option_sv(c, "--row"), limit };
    sm_session *session = NULL;
    sm_engine *e;
    sm_code rc = sm_project_engine(p, &e, err);

    if (rc == SM_OK)
        rc = sm_session_open(e, &session, err);
    if (rc == SM_OK && table == NULL)
        rc = sm_view_quarantines(&v, session, doc, err);
    else if (rc == SM_OK &&
             (rc = sm_audit(p, SM_SV("quarantine show"), table->name, SM_SV(""), err)) == SM_OK)
        rc = sm_view_quarantine(&v, table, session, &filter, doc, err);
    sm_session_close(session);
    return rc;
}

static const sm_plan_dataset *find_table(sm_cli *c, const sm_plan *plan, const char *name)
{
    const sm_plan_dataset *ds = sm_look_find(c, plan, name);

    if (ds != NULL && ds->kind == SM_DATASET_QUARANTINE)
        return &plan->datasets[ds->owner];
    if (ds != NULL && !sm_dataset_is_table(ds)) {
        sm_cli_usage(c, "\"%s\" is no table: nothing of it is set aside", name);
        return NULL;
    }
    return ds;
}

static int look(sm_cli *c, const char *name)
{
    const char *limit = sm_cli_get(c, "--limit");
    const sm_plan_dataset *table = NULL;
    int64_t most = ROWS_SHOWN;
    sm_project p;
    sm_json *doc;
    sm_error err;
    int status;

    if (limit != NULL && !sm_look_number(c, "--limit", limit, &most))
        return SM_EXIT_USAGE;
    if (most < 1 || most > ROWS_MAX)
        return sm_cli_usage(c, "--limit is from 1 to %d, not %s", ROWS_MAX, limit);
    status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_ROWS);
    if (status == SM_EXIT_DONE && name != NULL && (table = find_table(c, p.plan, name)) == NULL)
        status = SM_EXIT_USAGE;
    if (status == SM_EXIT_DONE && read_rows(c, &p, table, most, &doc, &err) != SM_OK) {
        status = sm_cli_fail(c, &err, "smelt quarantine list");
        status = err.code == SM_E_NOT_FOUND ? SM_EXIT_USAGE : status;
    } else if (status == SM_EXIT_DONE && table != NULL && sm_json_get_int(doc, "total", 0) == 0 &&
               chose_nothing(c, table, &err)) {
        status = tell_nothing(c, table, &err);
    } else if (status == SM_EXIT_DONE) {
        status = c->json         ? sm_cli_out_json(c, doc)
                 : table == NULL ? print_list(c, doc)
                                 : print_rows(c, doc);
    }
    sm_project_close(&p);
    return status;
}

/* ---- replay, discard ------------------------------------------------------------------- */

static void add_some(sm_buf *b, int64_t n, const char *what)
{
    if (n == 0)
        return;
    sm_buf_adds(b, "  ");
    sm_buf_add_count(b, n);
    sm_buf_addf(b, " %s", what);
}

static void add_number(sm_buf *b, const sm_json *doc, const char *key, const char *what)
{
    add_some(b, sm_json_get_int(doc, key, 0), what);
}

static int tell_act(const sm_cli *c, const sm_json *doc)
{
    const sm_json *stays = sm_json_get(doc, "stays");
    sm_buf b;

    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_buf_init(&b, 64 * 1024);
    sm_buf_add(&b, sm_json_get_sv(doc, "table", SM_SV("")));
    sm_buf_adds(&b, "  ");
    sm_buf_add_count(&b, sm_json_get_int(doc, "taken", 0));
    sm_buf_adds(&b, " taken");
    add_number(&b, doc, "written", "written");
    add_number(&b, doc, "dropped", "dropped");
    add_number(&b, doc, "broken", "broke a rule");
    add_number(&b, doc, "undecodable", "undecodable, stay");
    add_number(&b, doc, "discarded", "discarded");
    sm_buf_adds(&b, "  ");
    sm_buf_add_count(&b, sm_json_get_int(doc, "left", 0));
    sm_buf_adds(&b, " left\n");
    for (size_t i = 0; i < sm_json_len(stays); i++) {
        sm_buf_adds(&b, "    ");
        sm_buf_add_count(&b, sm_json_get_int(sm_json_at(stays, i), "rows", 0));
        sm_buf_adds(&b, " undecodable: ");
        sm_buf_add_safe(&b, sm_json_get_sv(sm_json_at(stays, i), "why", SM_SV("")));
        sm_buf_addc(&b, '\n');
    }
    if (sm_json_get_int(doc, "earlier", 0) > 0) {
        sm_buf_adds(&b, "    ");
        sm_buf_add_count(&b, sm_json_get_int(doc, "earlier", 0));
        sm_buf_adds(&b, " passed over: set aside before the table was rebuilt, which has read them "
                        "again; `discard` forgets them\n");
    }
    if (sm_json_get_int(doc, "written", 0) > 0)
        sm_look_next(c, &b, "smelt run");
    return sm_cli_out(&b);
}

static bool confirmed(const sm_cli *c, const sm_replay_request *what)
{
    char text[400];

    if (!what->discard)
        return true;
    snprintf(text, sizeof text, "%s of table %.*s%s%.*s will be deleted from its quarantine",
             what->row.len > 0 ? "one row" : "all rows", SM_SV_ARG(what->table),
             what->rule.len > 0 ? " that broke rule " : "", SM_SV_ARG(what->rule));
    return sm_cli_confirm(c, text, sm_arena_cstr(c->a, what->table));
}

static int act_on(sm_cli *c, sm_project *p, const sm_plan_dataset *table, sm_replay_request *what)
{
    sm_json *doc = NULL;
    sm_error err;
    sm_sv action = what->discard ? SM_SV("quarantine discard") : SM_SV("quarantine replay");
    sm_code rc = sm_audit(p, action, what->table, SM_SV(""), &err);

    if (rc == SM_OK)
        rc = sm_quarantine_act(p, what, c->a, &doc, &err);
    if (rc == SM_OK && sm_json_get_int(doc, "taken", 0) == 0 && chose_nothing(c, table, &err))
        return tell_nothing(c, table, &err);
    if (rc == SM_OK)
        return tell_act(c, doc);
    if (rc == SM_E_NOT_FOUND) {
        sm_cli_fail(c, &err, "smelt quarantine list");
        return SM_EXIT_USAGE;
    }
    return sm_cli_fail(c, &err, NULL);
}

static int act(sm_cli *c, const char *name, bool discard)
{
    sm_replay_request what = { .rule = option_sv(c, "--rule"),
                               .row = option_sv(c, "--row"),
                               .discard = discard };
    const sm_plan_dataset *table = NULL;
    sm_project p;
    int status = sm_project_start(c, &p, sm_cli_get(c, "--pipeline"), SM_NEED_PLAN_AND_STORE_WRITE);

    if (status == SM_EXIT_DONE && (table = find_table(c, p.plan, name)) == NULL)
        status = SM_EXIT_USAGE;
    if (status == SM_EXIT_DONE) {
        what.table = table->name;
        status = confirmed(c, &what) ? act_on(c, &p, table, &what) : SM_EXIT_REFUSED;
    }
    sm_project_close(&p);
    return status;
}

/* ---- the command ------------------------------------------------------------------------- */

static int check_usage(const sm_cli *c, const char *verb, const char *table)
{
    bool list = verb == NULL || strcmp(verb, "list") == 0;
    bool show = !list && strcmp(verb, "show") == 0, replay = !list && strcmp(verb, "replay") == 0;

    if (c->n_args > 2 || (list && table != NULL))
        return sm_cli_usage(c, "too many arguments");
    if (list && (sm_cli_has(c, "--rule") || sm_cli_has(c, "--row")))
        return sm_cli_usage(c, "--rule and --row go with show, replay and discard");
    if ((sm_cli_has(c, "--rule") && option_sv(c, "--rule").len == 0) ||
        (sm_cli_has(c, "--row") && option_sv(c, "--row").len == 0))
        return sm_cli_usage(c,
                            "--rule and --row take a name and an id; leave them out for all rows");
    if (sm_cli_has(c, "--limit") && !show)
        return sm_cli_usage(c, "--limit goes with `smelt quarantine show TABLE`");
    if (!list && !show && !replay && strcmp(verb, "discard") != 0)
        return sm_cli_usage(c, "quarantine can list, show, replay and discard, not \"%s\"", verb);
    if (!list && table == NULL)
        return sm_cli_usage(c, "name a table: smelt quarantine %s TABLE", verb);
    return SM_EXIT_DONE;
}

static int quarantine_exec(sm_cli *c)
{
    const char *verb = sm_cli_arg(c, 0), *table = sm_cli_arg(c, 1);
    int status = check_usage(c, verb, table);

    if (status != SM_EXIT_DONE)
        return status;
    if (table == NULL || strcmp(verb, "show") == 0)
        return look(c, table);
    return act(c, table, strcmp(verb, "discard") == 0);
}

/* ---- on a server -------------------------------------------------------------------------- */

static int act_remote(sm_cli *c, sm_remote *r, sm_buf *path, const sm_replay_request *what)
{
    sm_json *body = sm_json_object(c->a), *doc;
    sm_error err;

    sm_buf_adds(path, what->discard ? "/discard" : "/replay");
    if (what->rule.len > 0)
        sm_json_set_string(body, "rule", what->rule);
    if (what->row.len > 0)
        sm_json_set_string(body, "row", what->row);
    if (what->discard && what->rule.len == 0 && what->row.len == 0)
        sm_json_set_bool(body, "all", true);
    if (!confirmed(c, what)) {
        sm_buf_release(path);
        return SM_EXIT_REFUSED;
    }
    if (sm_remote_post(r, path, body, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, "smelt quarantine list");
    return tell_act(c, doc);
}

static int show_remote(const sm_cli *c, sm_remote *r, sm_buf *path)
{
    const char *limit = sm_cli_get(c, "--limit");

    sm_remote_query(path, "rule", option_sv(c, "--rule"));
    sm_remote_query(path, "row", option_sv(c, "--row"));
    sm_remote_query(path, "limit", sm_sv_cstr(limit == NULL ? "20" : limit));
    return sm_remote_show(r, path, print_rows, "smelt quarantine list");
}

static int quarantine_remote(sm_cli *c, sm_remote *r)
{
    const char *verb = sm_cli_arg(c, 0), *table = sm_cli_arg(c, 1);
    bool list = verb == NULL || strcmp(verb, "list") == 0;
    sm_replay_request what = { .rule = option_sv(c, "--rule"), .row = option_sv(c, "--row") };
    int status;
    sm_buf path;

    if ((status = check_usage(c, verb, table)) != SM_EXIT_DONE ||
        (status = sm_remote_pipeline(r, NULL)) != SM_EXIT_DONE)
        return status;
    path = sm_remote_path(r, "/quarantine");
    if (list)
        return sm_remote_show(r, &path, print_list, NULL);
    sm_remote_part(&path, sm_sv_cstr(table));
    if (strcmp(verb, "show") == 0)
        return show_remote(c, r, &path);
    what.table = sm_sv_cstr(table);
    what.discard = strcmp(verb, "discard") == 0;
    return act_remote(c, r, &path, &what);
}

const sm_command sm_command_quarantine = {
    .name = "quarantine",
    .group = "data",
    .summary = "Show the rows that tables did not take; judge them again, or forget them",
    .usage = "[list | show TABLE | replay TABLE | discard TABLE]",
    .options = options,
    .examples =
        "smelt quarantine list\nsmelt quarantine show readings_silver --rule plausible\nsmelt "
        "quarantine replay readings_silver",
    .exec = quarantine_exec,
    .remote = quarantine_remote,
};
