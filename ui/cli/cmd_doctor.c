/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_doctor.c -- smelt doctor: is all well here?
 *
 * Each check is ok, warn or fail and says what to type next.  Nothing is changed. */
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/grid.h"
#include "ui/cli/look.h"
#include "ui/cli/secrets.h"
#include "ui/cli/version.h"

static const sm_cli_option options[] = {
    SM_LOOK_OPTIONS,
    { NULL, NULL, NULL, NULL },
};

enum { FEW_FILES = 256 };
static const int64_t little_space = (int64_t)1024 * 1024 * 1024;

typedef struct doctor {
    sm_cli *c;
    sm_project *p;
    sm_json *checks;
    bool damaged; /* the store could not be opened */
} doctor;

static void add(const doctor *d, const char *check, const char *state, sm_sv text, const char *next)
{
    sm_view_check(d->checks, d->c->a, check, state, text, next);
}

static void add_error(const doctor *d, const char *check, const sm_error *err, const char *next)
{
    add(d, check, "fail", sm_arena_dup(d->c->a, sm_sv_cstr(err->msg)), next);
}

static void check_engine(const doctor *d)
{
    sm_engine_config config = { .memory_limit = SM_SV("64MiB"), .threads = 1 };
    sm_engine *e = NULL;
    sm_error err;

    if (sm_engine_open(&config, &e, &err) != SM_OK)
        add_error(d, "engine", &err, "scripts/setup");
    else
        add(d, "engine", "ok",
            sm_arena_printf(d->c->a, "DuckDB %s, smelt " SM_VERSION, sm_engine_version(e)), NULL);
    sm_engine_close(e);
}

static void check_limits(const doctor *d)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        add(d, "files", "warn", SM_SV("the limit of open files cannot be told"), NULL);
    else if (files.rlim_cur < FEW_FILES)
        add(d, "files", "warn",
            sm_arena_printf(d->c->a, "only %llu files may be open at once",
                            (unsigned long long)files.rlim_cur),
            "ulimit -n 4096");
    else
        add(d, "files", "ok",
            sm_arena_printf(d->c->a, "%llu files may be open at once",
                            (unsigned long long)files.rlim_cur),
            NULL);
}

/* The nearest folder on the way to `path` that is there. */
static const char *existing(sm_arena *a, sm_sv path)
{
    const char *at = sm_arena_cstr(a, path);

    while (!sm_fs_exists(at) && strcmp(at, "/") != 0 && strcmp(at, ".") != 0)
        at = sm_arena_cstr(a, sm_path_dir(sm_sv_cstr(at)));
    return at;
}

static void check_space(const doctor *d, const char *check, sm_sv folder)
{
    const char *at = existing(d->c->a, folder);
    struct statvfs fs;
    int64_t free_bytes;
    sm_buf b;

    if (statvfs(at, &fs) != 0) {
        add(d, check, "warn", sm_arena_printf(d->c->a, "the space of %s cannot be told", at), NULL);
        return;
    }
    free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
    sm_buf_init(&b, 64 * 1024);
    sm_buf_add_size(&b, free_bytes);
    sm_buf_addf(&b, " free for %.*s", SM_SV_ARG(folder));
    add(d, check, free_bytes < little_space ? "warn" : "ok", sm_arena_dup(d->c->a, sm_buf_sv(&b)),
        NULL);
    sm_buf_release(&b);
}

/* The file and what the store says of it.  False: there is nothing more to look at. */
static bool check_project(doctor *d)
{
    sm_error err;

    if (sm_project_open(d->p, d->c, sm_cli_get(d->c, "--pipeline"), &err) != SM_OK) {
        add_error(d, "project", &err, "smelt init --template demo demo");
        return false;
    }
    if (d->p->spec == NULL || sm_diags_errors(d->p->diags) > 0) {
        add(d, "project", "fail", sm_arena_printf(d->c->a, "%s has faults", d->p->file),
            "smelt validate");
        return false;
    }
    if (sm_project_store(d->p, true, &err) != SM_OK) {
        d->damaged = err.code == SM_E_CORRUPT;
        add_error(d, "store", &err,
                  d->damaged ? "restore the state folder from a backup, or move it away and smelt "
                               "checkpoint adopt"
                             : NULL);
    }
    if (sm_project_plan(d->p, &err) != SM_OK) {
        add_error(d, "project", &err, "smelt validate");
        return false;
    }
    if (d->p->plan == NULL || sm_diags_errors(d->p->diags) > 0) {
        add(d, "project", "fail", sm_arena_printf(d->c->a, "%s has faults", d->p->file),
            "smelt validate");
        return false;
    }
    add(d, "project", "ok",
        sm_arena_printf(d->c->a, "%s is valid: %zu flows", d->p->file, d->p->plan->n_flows), NULL);
    return true;
}

/* Can each secret be had where smelt.yml says that it is kept?  Its value goes nowhere. */
static void check_secrets(const doctor *d)
{
    const sm_spec *spec = d->p->spec;

    for (size_t i = 0; i < spec->secrets.n; i++) {
        const sm_spec_secret *s = &spec->secrets.items[i];
        sm_arena *a = d->c->a;
        sm_secret *secret = NULL;
        sm_error err;
        sm_code rc = sm_secrets_read(s, &secret, &err);

        sm_secret_free(secret);
        if (rc == SM_OK)
            add(d, "secret", "ok", sm_arena_printf(a, "%.*s can be read", SM_SV_ARG(s->name.text)),
                NULL);
        else
            add(d, "secret", "warn",
                sm_arena_printf(a, "%.*s cannot be read: %s", SM_SV_ARG(s->name.text), err.msg),
                NULL);
    }
}

static int worst(const doctor *d)
{
    int status = SM_EXIT_DONE;

    for (size_t i = 0; i < sm_json_len(d->checks); i++) {
        const sm_json *row = sm_json_at(d->checks, i);
        sm_sv check = sm_json_get_sv(row, "check", SM_SV(""));
        bool stored = sm_sv_eq_str(check, "table") || sm_sv_eq_str(check, "tables") ||
                      sm_sv_eq_str(check, "batches") || sm_sv_eq_str(check, "store");

        if (!sm_sv_eq_str(sm_json_get_sv(row, "state", SM_SV("")), "fail"))
            continue;
        if (stored)
            return SM_EXIT_DAMAGED;
        status = sm_sv_eq_str(check, "project") ? SM_EXIT_INVALID
                 : status == SM_EXIT_DONE       ? SM_EXIT_FAILED
                                                : status;
    }
    return status;
}

static void print_checks(const doctor *d)
{
    sm_grid *g = sm_grid_new(d->c, "lll");
    sm_sv next = SM_SV("");
    sm_buf b;

    for (size_t i = 0; i < sm_json_len(d->checks); i++) {
        const sm_json *row = sm_json_at(d->checks, i);
        sm_sv state = sm_json_get_sv(row, "state", SM_SV(""));

        sm_grid_row(g);
        sm_grid_state(g, state, NULL);
        sm_grid_cell(g, sm_json_get_sv(row, "check", SM_SV("")));
        sm_grid_cell(g, sm_json_get_sv(row, "message", SM_SV("")));
        if (next.len == 0 && !sm_sv_eq_str(state, "ok"))
            next = sm_json_get_sv(row, "next", SM_SV(""));
    }
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    sm_grid_print(g, 0, &b);
    if (next.len > 0)
        sm_look_next(d->c, &b, "%.*s", SM_SV_ARG(next));
    sm_cli_out(&b);
}

static int doctor_exec(sm_cli *c)
{
    sm_project p = { 0 };
    doctor d = { .c = c, .p = &p, .checks = sm_json_array(c->a) };

    if (c->n_args > 0)
        return sm_cli_usage(c, "doctor takes no argument");
    check_engine(&d);
    check_limits(&d);
    if (check_project(&d)) {
        sm_view v = sm_look_view(c, &p);

        check_secrets(&d);
        check_space(&d, "space", p.storage_dir);
        if (!d.damaged)
            sm_view_check_store(&v, d.checks);
    }
    if (c->json)
        sm_cli_out_json(c, d.checks);
    else
        print_checks(&d);
    sm_project_close(&p);
    return worst(&d);
}

const sm_command sm_command_doctor = {
    .name = "doctor",
    .group = "admin",
    .summary = "Check the engine, the machine, the control store and the tables",
    .usage = "",
    .options = options,
    .examples = "smelt doctor\nsmelt doctor --json",
    .exec = doctor_exec,
};
