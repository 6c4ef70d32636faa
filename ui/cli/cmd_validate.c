/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_validate.c -- smelt validate: every fault of the files, without running anything. */
#include <stdio.h>

#include "runtime/base/clock.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/project.h"
#include "ui/cli/project_files.h"
#include "ui/cli/reports.h"

typedef struct tally {
    size_t files, tables, waiting, errors, warnings;
    sm_json *documents;
} tally;

static const sm_cli_option options[] = {
    SM_REPORT_OPTION,
    SM_OUTPUT_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* A file that could not be checked at all. */
static void add_unread(const sm_cli *c, const sm_project *p, const sm_error *err, tally *t)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "file", sm_sv_cstr(p->file));
    sm_json_set_bool(doc, "valid", false);
    sm_json_set_string(doc, "error", sm_sv_cstr(err->msg));
    sm_json_set(doc, "diagnostics", sm_json_array(c->a));
    sm_json_append(t->documents, doc);
}

static void tell_waiting(const sm_project *p)
{
    for (size_t i = 0; p->plan != NULL && i < p->plan->n_datasets; i++) {
        const sm_plan_dataset *d = &p->plan->datasets[i];

        if (d->pipeline.len > 0 && !d->known)
            fprintf(
                stderr,
                "%s: the columns of \"%.*s\" are not known before pipeline \"%.*s\" is valid and "
                "has data: what reads it was checked only in part\n",
                p->file, SM_SV_ARG(d->name), SM_SV_ARG(d->pipeline));
        else if (d->kind == SM_DATASET_SOURCE && !d->known)
            fprintf(stderr,
                    "%s: source \"%.*s\" has no `schema` and no data yet: what reads it was "
                    "checked only in part\n",
                    p->file, SM_SV_ARG(d->name));
    }
}

static void print_diags(const sm_cli *c, sm_project *p)
{
    sm_buf b;

    sm_buf_init(&b, (size_t)16 * 1024 * 1024);
    sm_diags_print(p->diags, c->color_err, &b);
    fwrite(b.ptr, 1, b.len, stderr);
    sm_buf_release(&b);
}

/* One file. 0, or the exit status of a failure that is no fault of the document. */
static int validate_file(sm_cli *c, const char *path, tally *t)
{
    sm_project p;
    sm_error err;
    int status = SM_EXIT_DONE;

    if (sm_project_open(&p, c, path, &err) != SM_OK)
        status = sm_cli_fail(c, &err, NULL);
    else if (p.spec != NULL && sm_diags_errors(p.diags) == 0 &&
             sm_project_store(&p, true, &err) != SM_OK)
        status = sm_cli_fail(c, &err, "smelt doctor");
    else if (sm_project_plan(&p, &err) != SM_OK)
        status = sm_cli_fail(c, &err, NULL);
    if (status == SM_EXIT_DONE) {
        t->files++;
        sm_diags_sort(p.diags);
        t->errors += sm_diags_errors(p.diags);
        t->warnings += sm_diags_warnings(p.diags);
        t->tables += p.spec == NULL ? 0 : p.spec->tables.n;
        sm_json_append(t->documents, sm_cli_checked_document(c, &p));
        if (!c->json) {
            print_diags(c, &p);
            tell_waiting(&p);
        }
    } else {
        add_unread(c, &p, &err, t);
    }
    sm_project_close(&p);
    return status;
}

static void add_counted(sm_buf *b, size_t n, const char *noun)
{
    sm_buf_add_count(b, (int64_t)n);
    sm_buf_addf(b, " %s%s", noun, n == 1 ? "" : "s");
}

static void print_summary(const sm_cli *c, const tally *t, int64_t ms)
{
    sm_buf b;

    sm_buf_init(&b, 1024);
    if (t->errors > 0 || t->warnings > 0) {
        add_counted(&b, t->errors, "error");
        sm_buf_adds(&b, ", ");
        add_counted(&b, t->warnings, "warning");
    } else {
        sm_buf_adds(&b, "Valid: ");
        add_counted(&b, t->files, "pipeline");
        sm_buf_adds(&b, ", ");
        add_counted(&b, t->tables, "table");
    }
    sm_buf_adds(&b, " in ");
    sm_buf_add_duration(&b, ms);
    fprintf(t->errors > 0 ? stderr : stdout, "%s\n", b.ptr);
    if (t->errors == 0 && !c->quiet)
        printf("Next: smelt run\n");
    sm_buf_release(&b);
}

/* What is named; else every pipeline of the project; else the pipeline.yml here. */
static sm_code find_files(const sm_cli *c, sm_project_files *out)
{
    sm_project_file *named = SM_NEW_N(c->a, sm_project_file, c->n_args + 1);
    sm_error err;

    if (c->n_args == 0 && sm_project_list(c->a, out, &err) != SM_OK) {
        sm_cli_fail(c, &err, NULL);
        return err.code;
    }
    if (c->n_args == 0 && out->n > 0)
        return SM_OK;
    for (size_t i = 0; i < c->n_args; i++)
        named[i].file = c->args[i];
    *out = (sm_project_files){ .items = named, .n = c->n_args == 0 ? 1 : c->n_args };
    return SM_OK;
}

static int validate_exec(sm_cli *c)
{
    int64_t began = sm_clock_boot_ms();
    tally t = { .documents = sm_json_array(c->a) };
    int worst = sm_cli_check_reports(c);
    sm_project_files files;

    if (worst != SM_EXIT_DONE)
        return worst;
    if (find_files(c, &files) != SM_OK)
        return SM_EXIT_OUTSIDE;
    for (size_t i = 0; i < files.n; i++) {
        int status = validate_file(c, files.items[i].file, &t);

        if (status != SM_EXIT_DONE)
            worst = status == SM_EXIT_OUTSIDE ? status : SM_EXIT_INVALID;
    }
    if (c->json)
        sm_cli_out_json(c, t.documents);
    else if (worst == SM_EXIT_DONE)
        print_summary(c, &t, sm_clock_boot_ms() - began);
    if (worst == SM_EXIT_DONE && t.errors > 0)
        worst = SM_EXIT_INVALID;
    return sm_cli_report(c, SM_REPORT_OF_VALIDATE, t.documents, sm_clock_boot_ms() - began, worst);
}

const sm_command sm_command_validate = {
    .name = "validate",
    .group = "author",
    .summary = "Check pipeline files, every fault in one pass",
    .usage = "[PATH…]",
    .options = options,
    .examples = "smelt validate\nsmelt validate pipelines/iot.yml --report sarif=iot.sarif",
    .exec = validate_exec,
};
