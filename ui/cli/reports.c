/* SPDX-License-Identifier: Apache-2.0 */
/* reports.c -- write reports, annotations and the summary of a job. */
#include "ui/cli/reports.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/fs.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/git.h"
#include "ui/cli/version.h"

enum {
    REPORT_MAX = 256 * 1024 * 1024,
    SUMMARY_MAX = 1000 * 1000, /* GitHub takes 1 MiB of a step */
    MODE = 0644,
};

static const struct {
    const char *name;
    void (*make)(const sm_report *r, sm_buf *out);
} kinds[] = {
    { "junit", sm_report_junit },
    { "sarif", sm_report_sarif },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- the options ------------------------------------------------------------------- */

/* "junit=FILE": the number of the kind and the file; KINDS when it is none. */
static size_t read_report(const char *value, const char **file)
{
    for (size_t k = 0; k < KINDS; k++) {
        size_t len = strlen(kinds[k].name);

        *file = value + len + 1;
        if (strncmp(value, kinds[k].name, len) == 0 && value[len] == '=' && **file != '\0')
            return k;
    }
    return KINDS;
}

static int check_file(const sm_cli *c, const char *option, const char *file)
{
    sm_fs_stat st;
    sm_error err;
    const char *dir = sm_arena_cstr(c->a, sm_path_dir(sm_sv_cstr(file)));

    if (file[0] == '\0')
        return sm_cli_usage(c, "%s needs the name of a file", option);
    if (sm_fs_stat_path(dir, &st, &err) != SM_OK || !st.is_dir)
        return sm_cli_usage(c, "%s cannot write \"%s\": there is no folder \"%s\"", option, file,
                            dir);
    if (sm_fs_stat_path(file, &st, &err) == SM_OK && !st.is_file)
        return sm_cli_usage(c, "%s cannot write \"%s\": something else than a file is there",
                            option, file);
    return SM_EXIT_DONE;
}

static int check_option(const sm_cli *c, const char *name, const char *value)
{
    const char *file;

    if (strcmp(name, "--format") == 0 && strcmp(value, "text") != 0 && strcmp(value, "json") != 0 &&
        strcmp(value, "github") != 0)
        return sm_cli_usage(c, "--format is text, json or github, not \"%s\"", value);
    if (strcmp(name, "--output") == 0)
        return check_file(c, name, value);
    if (strcmp(name, "--report") != 0)
        return SM_EXIT_DONE;
    if (read_report(value, &file) == KINDS)
        return sm_cli_usage(c, "--report takes junit=FILE or sarif=FILE, not \"%s\"", value);
    return check_file(c, name, file);
}

int sm_cli_check_reports(const sm_cli *c)
{
    int status = SM_EXIT_DONE;

    for (size_t i = 0; status == SM_EXIT_DONE && i < c->n_options; i++)
        status = check_option(c, c->options[i].name, c->options[i].value);
    return status;
}

/* ---- writing ----------------------------------------------------------------------- */

/* Readers of reports find files from the root of the repository. */
static sm_sv root_folder(const sm_cli *c)
{
    const char *workspace = getenv("GITHUB_WORKSPACE"), *cwd, *real;
    sm_error ignored;
    sm_sv git;

    if (workspace != NULL && sm_path_is_absolute(sm_sv_cstr(workspace)) &&
        (real = sm_path_real(c->a, workspace, &ignored)) != NULL)
        return sm_sv_cstr(real);
    if ((cwd = sm_path_absolute(c->a, ".", &ignored)) == NULL)
        return SM_SV("/");
    git = sm_git_root(sm_sv_cstr(cwd), c->a);
    return git.len > 0 ? git : sm_sv_cstr(cwd);
}

static bool write_file(const sm_cli *c, const char *file, const sm_buf *b)
{
    sm_error err;

    if (sm_buf_check(b, "a report", &err) == SM_OK &&
        sm_fs_write_durable(file, sm_buf_sv(b), MODE, &err) == SM_OK)
        return true;
    sm_cli_fail(c, &err, NULL);
    return false;
}

static bool write_reports(const sm_cli *c, const sm_report *r)
{
    bool ok = true;

    for (size_t i = 0; i < c->n_options; i++) {
        const char *file;
        size_t k;
        sm_buf b;

        if (strcmp(c->options[i].name, "--report") != 0 ||
            (k = read_report(c->options[i].value, &file)) == KINDS)
            continue;
        sm_buf_init(&b, REPORT_MAX);
        kinds[k].make(r, &b);
        ok &= write_file(c, file, &b);
        sm_buf_release(&b);
    }
    return ok;
}

static bool write_document(const sm_cli *c, const sm_json *doc)
{
    const char *file = sm_cli_get(c, "--output");
    bool ok;
    sm_buf b;

    if (file == NULL)
        return true;
    sm_buf_init(&b, REPORT_MAX);
    sm_buf_add(&b, sm_json_dump(doc, SM_JSON_PRETTY, c->a));
    sm_buf_addc(&b, '\n');
    ok = write_file(c, file, &b);
    sm_buf_release(&b);
    return ok;
}

static void print_annotations(const sm_report *r, FILE *to)
{
    sm_buf b;

    sm_buf_init(&b, REPORT_MAX);
    sm_report_github(r, &b);
    fwrite(b.ptr, 1, b.len, to);
    fflush(to);
    sm_buf_release(&b);
}

/* A summary that cannot be written is a pity and no failure. */
static void append_summary(const sm_cli *c, const sm_report *r)
{
    const char *file = getenv("GITHUB_STEP_SUMMARY");
    sm_error err;
    sm_buf b;

    if (file == NULL || file[0] == '\0')
        return;
    sm_buf_init(&b, SUMMARY_MAX);
    sm_report_markdown(r, &b);
    if (sm_fs_append(file, sm_buf_sv(&b), MODE, &err) != SM_OK)
        sm_cli_say(c, "the summary of the job is not written: %s", err.msg);
    sm_buf_release(&b);
}

static int write_all(const sm_cli *c, sm_report_of of, const sm_json *doc, const sm_json *output,
                     int64_t duration_ms, int status)
{
    const char *actions = getenv("GITHUB_ACTIONS"), *format = sm_cli_get(c, "--format");
    sm_report r = { .of = of,
                    .doc = doc,
                    .root = root_folder(c),
                    .version = SM_VERSION,
                    .duration_ms = duration_ms,
                    .a = c->a };
    bool asked = format != NULL && strcmp(format, "github") == 0, ok = write_reports(c, &r);

    ok &= write_document(c, output);
    if (asked || (actions != NULL && actions[0] != '\0')) {
        print_annotations(&r, asked ? stdout : stderr);
        append_summary(c, &r);
    }
    return ok || status != SM_EXIT_DONE ? status : SM_EXIT_OUTSIDE;
}

int sm_cli_report(const sm_cli *c, sm_report_of of, const sm_json *doc, int64_t duration_ms,
                  int status)
{
    return write_all(c, of, doc, doc, duration_ms, status);
}

/* ---- documents --------------------------------------------------------------------- */

static sm_sv text_of(const sm_spec *spec, const char *file)
{
    for (size_t i = 0; file != NULL && i < spec->docs.n; i++)
        if (strcmp(spec->docs.items[i].file, file) == 0)
            return spec->docs.items[i].text;
    return SM_SV("");
}

typedef struct cursor { /* the lines of a file, gone through once */
    const char *file;
    sm_sv rest;
    uint32_t line; /* that `rest` begins with */
} cursor;

static bool is_blank(sm_sv line)
{
    line = sm_sv_trim(line);
    return line.len == 0 || line.ptr[0] == '#';
}

/* The last line of the block that begins at `at`: what follows is not indented deeper.  Blocks are
 * asked for in the order of the file. */
static uint32_t last_line(const sm_spec *spec, sm_span at, cursor *cur)
{
    uint32_t last = at.line;
    sm_sv next, line;

    if (cur->file != at.file || cur->line > at.line)
        *cur = (cursor){ at.file, text_of(spec, at.file), 1 };
    for (;; cur->rest = next, cur->line++) {
        next = cur->rest;
        if (!sm_sv_next(&next, '\n', &line))
            return last;
        if (cur->line <= at.line || is_blank(line))
            continue;
        if ((size_t)(sm_sv_trim(line).ptr - line.ptr) < at.column)
            return last;
        last = cur->line;
    }
}

static void add_dataset(const sm_cli *c, const sm_spec *spec, sm_json *list, const sm_text *name,
                        const char *kind, cursor *cur)
{
    sm_json *o = sm_json_object(c->a);

    sm_json_set_string(o, "name", name->text);
    sm_json_set_string(o, "kind", sm_sv_cstr(kind));
    sm_json_set_string(o, "file", sm_sv_cstr(name->at.file));
    sm_json_set_int(o, "line", name->at.line);
    sm_json_set_int(o, "column", name->at.column);
    sm_json_set_int(o, "end_line", last_line(spec, name->at, cur));
    sm_json_append(list, o);
}

static sm_json *datasets(const sm_cli *c, const sm_spec *spec)
{
    static const char *const table_kinds[] = {
        [SM_TABLE_STREAMING] = "streaming_table",
        [SM_TABLE_MATERIALIZED_VIEW] = "materialized_view",
        [SM_TABLE_VIEW] = "view",
    };
    sm_json *list = sm_json_array(c->a);
    cursor cur = { .line = 0 };

    for (size_t i = 0; spec != NULL && i < spec->sources.n; i++)
        add_dataset(c, spec, list, &spec->sources.items[i].name, "source", &cur);
    for (size_t i = 0; spec != NULL && i < spec->tables.n; i++)
        add_dataset(c, spec, list, &spec->tables.items[i].name,
                    table_kinds[spec->tables.items[i].type.v], &cur);
    return list;
}

sm_json *sm_cli_checked_document(const sm_cli *c, const sm_project *p)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "file", sm_sv_cstr(p->file));
    sm_json_set_bool(doc, "valid", sm_diags_errors(p->diags) == 0);
    if (p->spec != NULL && p->spec->pipeline.text.len > 0)
        sm_json_set_string(doc, "pipeline", p->spec->pipeline.text);
    if (p->plan != NULL)
        sm_json_set_int(doc, "waiting", (int64_t)p->plan->n_waiting);
    sm_json_set(doc, "datasets", datasets(c, p->spec));
    sm_json_set(doc, "diagnostics", sm_json_copy(c->a, sm_diags_json(p->diags, c->a)));
    return doc;
}

int sm_cli_report_unbegun(const sm_cli *c, const sm_project *p, int status)
{
    sm_json *doc, *list = sm_json_array(c->a);

    if (p->diags != NULL && sm_diags_errors(p->diags) > 0) {
        doc = sm_cli_checked_document(c, p);
        sm_json_set_string(doc, "state", SM_SV("invalid"));
        sm_json_append(list, doc);
        return write_all(c, SM_REPORT_OF_VALIDATE, list, doc, 0, status);
    }
    doc = sm_json_object(c->a);
    sm_json_set_string(doc, "pipeline", p->spec == NULL ? SM_SV("") : p->spec->pipeline.text);
    sm_json_set_string(doc, "state", SM_SV("failed"));
    sm_json_set_string(doc, "error",
                       sm_arena_printf(c->a, "it did not begin (%s); its messages say why",
                                       sm_exit_meaning(status)));
    return write_all(c, SM_REPORT_OF_RUN, doc, doc, 0, status);
}
