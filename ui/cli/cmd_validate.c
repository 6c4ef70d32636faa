/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_validate.c -- smelt validate: every fault of the files, without running anything.
 *
 * The pipelines of a project are checked side by side, each with an engine of its own, and told in
 * the order of their files. */
#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/base/thread.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/project.h"
#include "ui/cli/project_files.h"
#include "ui/cli/project_serve.h"
#include "ui/cli/reports.h"

enum { MOST_THREADS = 16 };

typedef struct tally {
    size_t files, tables, errors, warnings;
    sm_json *documents;
} tally;

/* What came of one file; made by one thread, told in the order of the files. */
typedef struct checked {
    sm_arena *a;
    sm_json *document;
    sm_sv text;       /* for stderr */
    sm_error err;     /* with `status` */
    const char *next; /* NULL: no advice */
    size_t tables, errors, warnings;
    int status; /* 0, or of a failure that is no fault of the document */
} checked;

typedef struct work {
    const sm_cli *c;
    const sm_project_files *files;
    checked *done;
    sm_mutex mu;
    size_t next; /* guarded by mu */
    bool alone;  /* one file: the engine may take the whole machine */
} work;

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    SM_REPORT_OPTION,
    SM_OUTPUT_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

/* A file that could not be checked at all. */
static sm_json *unread_document(const sm_cli *c, const sm_project *p, const sm_error *err)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "file", sm_sv_cstr(p->file));
    sm_json_set_bool(doc, "valid", false);
    sm_json_set_string(doc, "error", sm_sv_cstr(err->msg));
    sm_json_set(doc, "diagnostics", sm_json_array(c->a));
    return doc;
}

static void add_waiting(const sm_project *p, sm_buf *b)
{
    for (size_t i = 0; p->plan != NULL && i < p->plan->n_datasets; i++) {
        const sm_plan_dataset *d = &p->plan->datasets[i];

        if (d->pipeline.len > 0 && !d->known)
            sm_buf_addf(b,
                        "%s: the columns of \"%.*s\" are not known before pipeline \"%.*s\" is "
                        "valid and has data: what reads it was checked only in part\n",
                        p->file, SM_SV_ARG(d->name), SM_SV_ARG(d->pipeline));
        else if (d->kind == SM_DATASET_SOURCE && !d->known)
            sm_buf_addf(b,
                        "%s: source \"%.*s\" has no `schema` and no data yet: what reads it was "
                        "checked only in part\n",
                        p->file, SM_SV_ARG(d->name));
    }
}

/* Everything that a file is checked by; *next is the advice for a failure. */
static int open_and_plan(const sm_cli *c, const work *w, const char *path, sm_project *p,
                         checked *out)
{
    if (sm_project_open(p, c, path, &out->err) != SM_OK)
        return sm_exit_code(out->err.code);
    p->one_thread = !w->alone;
    p->share = w->alone ? 0 : 4;
    if (p->root != NULL && w->files->root != NULL && strcmp(p->root, w->files->root) == 0)
        p->files = w->files;
    if (p->spec != NULL && sm_diags_errors(p->diags) == 0 &&
        sm_project_store(p, true, &out->err) != SM_OK) {
        out->next = "smelt doctor";
        return sm_exit_code(out->err.code);
    }
    return sm_project_plan(p, &out->err) == SM_OK ? SM_EXIT_DONE : sm_exit_code(out->err.code);
}

static void validate_file(const work *w, const char *path, checked *out)
{
    sm_cli c = *w->c;
    sm_project p;
    sm_buf b;

    c.a = out->a = sm_arena_new("validate");
    sm_buf_init(&b, (size_t)16 * 1024 * 1024);
    out->status = open_and_plan(&c, w, path, &p, out);
    if (out->status == SM_EXIT_DONE) {
        if (p.spec != NULL && out == w->done) /* of the project: said once */
            sm_project_check_tls(&p);
        sm_diags_sort(p.diags);
        out->errors = sm_diags_errors(p.diags);
        out->warnings = sm_diags_warnings(p.diags);
        out->tables = p.spec == NULL ? 0 : p.spec->tables.n;
        out->document = sm_cli_checked_document(&c, &p);
        sm_diags_print(p.diags, c.color_err, &b);
        add_waiting(&p, &b);
    } else {
        out->document = unread_document(&c, &p, &out->err);
    }
    out->text = sm_arena_dup(out->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    sm_project_close(&p);
}

static void take_files(void *arg)
{
    work *w = arg;

    for (;;) {
        size_t i;

        sm_mutex_lock(&w->mu);
        i = w->next++;
        sm_mutex_unlock(&w->mu);
        if (i >= w->files->n)
            return;
        validate_file(w, w->files->items[i].file, &w->done[i]);
    }
}

/* This thread works too; with fewer threads than wished it only takes longer. */
static void validate_all(work *w)
{
    sm_thread *threads[MOST_THREADS] = { NULL };
    size_t n = 0, want = (size_t)sm_cpu_count();
    sm_error ignored;

    want = want > w->files->n ? w->files->n : want;
    want = want > MOST_THREADS ? MOST_THREADS : want;
    w->alone = want <= 1;
    sm_mutex_init(&w->mu);
    while (n + 1 < want &&
           sm_thread_start("smelt-validate", take_files, w, &threads[n], &ignored) == SM_OK)
        n++;
    take_files(w);
    for (size_t i = 0; i < n; i++)
        sm_thread_join(threads[i]);
    sm_mutex_release(&w->mu);
}

/* Add it up and say it. */
static int tell(const sm_cli *c, const checked *r, tally *t)
{
    sm_json_append(t->documents, sm_json_copy(c->a, r->document));
    if (r->status != SM_EXIT_DONE)
        return sm_cli_fail(c, &r->err, r->next);
    t->files++;
    t->tables += r->tables;
    t->errors += r->errors;
    t->warnings += r->warnings;
    if (!c->json)
        fwrite(r->text.ptr, 1, r->text.len, stderr);
    return SM_EXIT_DONE;
}

static void add_counted(sm_buf *b, size_t n, const char *noun)
{
    sm_buf_add_count(b, (int64_t)n);
    sm_buf_addf(b, " %s%s", noun, n == 1 ? "" : "s");
}

/* Of several pipelines one has to be named. */
static const char *next_command(const sm_cli *c, const tally *t)
{
    const char *path = sm_cli_arg(c, 0);
    sm_sv name = sm_json_get_sv(sm_json_at(t->documents, 0), "pipeline", SM_SV(""));

    if (c->n_args == 1)
        return "smelt run"; /* the one that was named goes with it */
    if (path != NULL)
        return sm_arena_printf(c->a, "smelt run %s", path).ptr;
    return t->files > 1 ? sm_arena_printf(c->a, "smelt run %.*s", SM_SV_ARG(name)).ptr
                        : "smelt run";
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
        printf("Next: %s\n", sm_cli_next(c, next_command(c, t)));
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
    work w;

    if (worst != SM_EXIT_DONE)
        return worst;
    if (find_files(c, &files) != SM_OK)
        return SM_EXIT_OUTSIDE;
    w = (work){ .c = c, .files = &files, .done = SM_NEW_N(c->a, checked, files.n + 1) };
    validate_all(&w);
    for (size_t i = 0; i < files.n; i++) {
        int status = tell(c, &w.done[i], &t);

        if (status != SM_EXIT_DONE)
            worst = status == SM_EXIT_OUTSIDE ? status : SM_EXIT_INVALID;
        sm_arena_free(w.done[i].a);
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
    .names_pipeline = true,
    .exec = validate_exec,
};
