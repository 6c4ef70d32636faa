/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_test.c -- smelt test: rows in, rows out, without a network and without a table of yours.
 *
 * Each test is a process of its own, as many at a time as there are cores; results are told in the
 * order of the files. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/process_fan.h"
#include "runtime/base/suggest.h"
#include "runtime/base/thread.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/reports.h"
#include "ui/cli/steps.h"
#include "ui/cli/steps_print.h"
#include "ui/cli/suite_files.h"

enum { DOCUMENT_MAX = 256 * 1024 * 1024, FILES_MOST = 1000 * 1000 };

static const sm_cli_option options[] = {
    { "--name", "-k", "GLOB", "tests whose name matches, or has the text in it" },
    { "--keep", NULL, NULL, "keep the tables of each test, and say where" },
    SM_REPORT_OPTION,
    SM_OUTPUT_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

typedef struct chosen {
    const sm_suite_file *file;
    const sm_suite_test *test;
    sm_json *result; /* NULL: not there yet */
} chosen;

typedef struct work {
    const sm_cli *c;
    const char *folder; /* of all tests */
    bool keep;
    chosen *items;
    size_t n, told;
    size_t passed, failed, invalid;
    sm_buf faults; /* those of pipelines, which many tests share: told once */
} work;

static volatile sig_atomic_t stop_signal; /* of the only command at work */

static void note_signal(int number)
{
    stop_signal = number;
}

static bool is_stopping(void *ctx)
{
    (void)ctx;
    return stop_signal != 0;
}

/* ---- choosing ---------------------------------------------------------------------- */

static bool is_chosen(const sm_cli *c, sm_sv name)
{
    const char *glob = sm_cli_get(c, "--name");

    if (glob == NULL)
        return true;
    return sm_sv_glob(sm_sv_cstr(glob), name) || sm_sv_find(name, sm_sv_cstr(glob)) >= 0;
}

static void choose(const sm_cli *c, const sm_suite_files *files, work *w)
{
    size_t most = 0;

    for (size_t i = 0; i < files->n; i++)
        most += files->items[i].suite->tests.n;
    w->items = SM_NEW_N(c->a, chosen, most + 1);
    for (size_t i = 0; i < files->n; i++) {
        const sm_suite_tests *tests = &files->items[i].suite->tests;

        for (size_t k = 0; k < tests->n; k++)
            if (is_chosen(c, tests->items[k].name.text))
                w->items[w->n++] = (chosen){ &files->items[i], &tests->items[k], NULL };
    }
}

static int nothing_chosen(const sm_cli *c, const sm_suite_files *files)
{
    sm_sv *names;
    size_t n = 0, near;

    for (size_t i = 0; i < files->n; i++)
        n += files->items[i].suite->tests.n;
    if (n == 0)
        return sm_cli_usage(c, "there are no tests; write some into tests/NAME.yml beside the "
                               "pipeline (`smelt schema test_file` prints what one is)");
    names = SM_NEW_N(c->a, sm_sv, n);
    n = 0;
    for (size_t i = 0; i < files->n; i++)
        for (size_t k = 0; k < files->items[i].suite->tests.n; k++)
            names[n++] = files->items[i].suite->tests.items[k].name.text;
    near = sm_suggest(sm_sv_cstr(sm_cli_get(c, "--name")), names, n);
    if (near < n)
        return sm_cli_usage(c, "no test matches \"%s\"; did you mean \"%.*s\"?",
                            sm_cli_get(c, "--name"), SM_SV_ARG(names[near]));
    return sm_cli_usage(c, "no test matches \"%s\"; the first one is called \"%.*s\"",
                        sm_cli_get(c, "--name"), SM_SV_ARG(names[0]));
}

/* Faults of the files of tests, all of them, before anything runs. */
static bool print_faults(const sm_cli *c, const sm_suite_files *files)
{
    size_t errors = 0;
    sm_buf b;

    sm_buf_init(&b, (size_t)16 * 1024 * 1024);
    for (size_t i = 0; i < files->n; i++) {
        errors += sm_diags_errors(files->items[i].diags);
        sm_diags_print(files->items[i].diags, c->color_err, &b);
    }
    if (errors > 0)
        sm_buf_addf(&b, "%zu error%s\n", errors, errors == 1 ? "" : "s");
    fwrite(b.ptr, 1, b.len, stderr);
    sm_buf_release(&b);
    return errors > 0;
}

/* ---- running ----------------------------------------------------------------------- */

static const char *folder_of(const work *w, size_t i)
{
    return sm_arena_printf(w->c->a, "%s/%zu", w->folder, i + 1).ptr;
}

static void run_one(void *ctx, size_t i, sm_buf *out)
{
    const work *w = ctx;
    const chosen *t = &w->items[i];
    sm_steps_request q = { .c = w->c,
                           .suite = t->file->suite,
                           .text = t->file->text,
                           .test = t->test,
                           .pipeline = t->file->pipeline,
                           .folder = folder_of(w, i) };

    sm_buf_add(out, sm_json_text(sm_steps_run(&q), w->c->a));
}

/* What a process that died leaves. */
static sm_json *died(const work *w, const chosen *t, int status)
{
    sm_arena *a = w->c->a;
    sm_json *doc = sm_json_object(a), *failures = sm_json_array(a), *f = sm_json_object(a);

    sm_json_set_string(doc, "file", sm_sv_cstr(t->file->file));
    sm_json_set_string(doc, "name", t->test->name.text);
    sm_json_set_int(doc, "line", t->test->name.at.line);
    sm_json_set_int(doc, "column", t->test->name.at.column);
    sm_json_set_string(doc, "state", SM_SV("failed"));
    sm_json_set_string(f, "file", sm_sv_cstr(t->file->file));
    sm_json_set_int(f, "line", t->test->name.at.line);
    sm_json_set_int(f, "column", t->test->name.at.column);
    sm_json_set_string(f, "message",
                       sm_arena_printf(a, "the process of the test ended with status %d", status));
    sm_json_append(failures, f);
    sm_json_set(doc, "failures", failures);
    return doc;
}

static void print_one(work *w, const sm_json *result)
{
    sm_sv faults = sm_json_get_sv(result, "told", SM_SV(""));
    sm_buf b;

    sm_buf_init(&b, DOCUMENT_MAX);
    if (!w->c->json)
        sm_steps_print(w->c, result, &b);
    fwrite(b.ptr, 1, b.len, stdout);
    fflush(stdout);
    sm_buf_release(&b);
    if (faults.len == 0 || sm_sv_find(sm_buf_sv(&w->faults), faults) >= 0)
        return;
    fwrite(faults.ptr, 1, faults.len, stderr);
    sm_buf_add(&w->faults, faults);
}

static void tell(work *w)
{
    for (; w->told < w->n && w->items[w->told].result != NULL; w->told++) {
        const chosen *t = &w->items[w->told];
        sm_sv state = sm_json_get_sv(t->result, "state", SM_SV(""));

        if (!w->c->json && (w->told == 0 || t[-1].file != t->file))
            printf("%s\n", t->file->file);
        w->passed += sm_sv_eq_str(state, "passed");
        w->failed += sm_sv_eq_str(state, "failed");
        w->invalid += sm_sv_eq_str(state, "invalid");
        print_one(w, t->result);
        sm_json_remove(t->result, "told");
    }
}

static void one_done(void *ctx, size_t i, sm_sv out, int status)
{
    work *w = ctx;
    sm_error err;

    if (stop_signal != 0)
        return;
    if (status != 0 || sm_json_parse(out, w->c->a, &w->items[i].result, &err) != SM_OK)
        w->items[i].result = died(w, &w->items[i], status);
    if (w->keep)
        sm_json_set_string(w->items[i].result, "kept", sm_sv_cstr(folder_of(w, i)));
    else
        (void)sm_fs_remove_tree(folder_of(w, i), FILES_MOST, &err);
    tell(w);
}

static sm_code run_all(work *w, sm_error *err)
{
    sm_process_fan fan = { .n = w->n,
                           .at_once = sm_cpu_count(),
                           .max = DOCUMENT_MAX,
                           .work = run_one,
                           .done = one_done,
                           .stopping = is_stopping,
                           .ctx = w };
    struct sigaction act = { .sa_handler = note_signal }, was_int, was_term;
    sm_error ignored;
    sm_code rc = sm_fs_temp_folder("smelt-test", w->c->a, &w->folder, err);

    if (rc != SM_OK)
        return rc;
    if (fan.at_once > SM_PROCESS_FAN_MOST)
        fan.at_once = SM_PROCESS_FAN_MOST;
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, &was_int);
    sigaction(SIGTERM, &act, &was_term);
    rc = sm_process_fan_out(&fan, err);
    if (!w->keep || stop_signal != 0)
        (void)sm_fs_remove_tree(w->folder, FILES_MOST, &ignored);
    sigaction(SIGINT, &was_int, NULL);
    sigaction(SIGTERM, &was_term, NULL);
    return rc;
}

/* ---- the end ------------------------------------------------------------------------- */

static sm_json *make_document(const work *w, int64_t ms)
{
    sm_json *doc = sm_json_object(w->c->a), *tests = sm_json_array(w->c->a);

    for (size_t i = 0; i < w->n; i++)
        sm_json_append(tests, w->items[i].result);
    sm_json_set(doc, "tests", tests);
    sm_json_set_int(doc, "passed", (int64_t)w->passed);
    sm_json_set_int(doc, "failed", (int64_t)w->failed);
    sm_json_set_int(doc, "invalid", (int64_t)w->invalid);
    sm_json_set_int(doc, "duration_ms", ms);
    return doc;
}

/* The test alone; by its name, when a shell takes that between quotes. */
static const char *again(const sm_cli *c, const chosen *t)
{
    sm_sv name = t->test->name.text;

    for (size_t i = 0; i < name.len; i++)
        if (strchr("\"\\$`!*?", name.ptr[i]) != NULL)
            return sm_arena_printf(c->a, "smelt test %s --keep", t->file->file).ptr;
    return sm_arena_printf(c->a, "smelt test %s --keep --name \"%.*s\"", t->file->file,
                           SM_SV_ARG(name))
        .ptr;
}

/* The first test that did not pass. */
static const char *next_command(const work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        sm_sv state = sm_json_get_sv(w->items[i].result, "state", SM_SV(""));

        if (sm_sv_eq_str(state, "failed"))
            return again(w->c, &w->items[i]);
        if (sm_sv_eq_str(state, "invalid"))
            return sm_arena_printf(w->c->a, "smelt validate %s", w->items[i].file->pipeline).ptr;
    }
    return "smelt plan";
}

static void print_summary(const work *w, int64_t ms)
{
    sm_buf b;

    sm_buf_init(&b, 4096);
    sm_buf_addf(&b, "%zu test%s: %zu passed", w->n, w->n == 1 ? "" : "s", w->passed);
    if (w->failed > 0)
        sm_buf_addf(&b, ", %zu failed", w->failed);
    if (w->invalid > 0)
        sm_buf_addf(&b, ", %zu not valid", w->invalid);
    sm_buf_adds(&b, " in ");
    sm_buf_add_duration(&b, ms);
    printf("%s\n", b.ptr);
    if (!w->c->quiet)
        printf("Next: %s\n", sm_cli_next(w->c, next_command(w)));
    sm_buf_release(&b);
}

static int run_chosen(const sm_cli *c, work *w)
{
    int64_t began = sm_clock_boot_ms(), ms;
    int status = SM_EXIT_DONE;
    sm_json *doc;
    sm_error err;
    sm_code rc;

    sm_buf_init(&w->faults, (size_t)64 * 1024 * 1024);
    rc = run_all(w, &err);
    sm_buf_release(&w->faults);
    if (rc != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    if (stop_signal != 0) {
        sm_cli_say(c, "stopped; %zu of %zu tests were run", w->told, w->n);
        return 128 + stop_signal;
    }
    ms = sm_clock_boot_ms() - began;
    doc = make_document(w, ms);
    if (c->json)
        sm_cli_out_json(c, doc);
    else
        print_summary(w, ms);
    if (w->failed > 0)
        status = SM_EXIT_TESTS;
    if (w->invalid > 0)
        status = SM_EXIT_INVALID;
    return sm_cli_report(c, SM_REPORT_OF_TEST, doc, ms, status);
}

static int test_exec(sm_cli *c)
{
    work w = { .c = c, .keep = sm_cli_has(c, "--keep") };
    int status = sm_cli_check_reports(c);
    sm_suite_files files;
    sm_error err;

    if (status != SM_EXIT_DONE)
        return status;
    if (sm_suite_files_find(c, &files, &err) != SM_OK) {
        sm_cli_fail(c, &err, NULL);
        return err.code == SM_E_NOT_FOUND ? SM_EXIT_USAGE : SM_EXIT_OUTSIDE;
    }
    if (print_faults(c, &files))
        return SM_EXIT_INVALID;
    choose(c, &files, &w);
    return w.n == 0 ? nothing_chosen(c, &files) : run_chosen(c, &w);
}

const sm_command sm_command_test = {
    .name = "test",
    .group = "author",
    .summary = "Run the tests of pipelines: rows in, rows out",
    .usage = "[PATH…] [--name GLOB]",
    .options = options,
    .examples = "smelt test\nsmelt test tests/orders.yml --name \"*quarantine*\"",
    .exec = test_exec,
};
