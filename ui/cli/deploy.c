/* SPDX-License-Identifier: Apache-2.0 */
/* deploy.c -- load the pipelines of a server, and put them in the place of those before. */
#include "ui/cli/deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/cpu_meter.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"
#include "ui/cli/deploy_int.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/project_files.h"
#include "ui/cli/project_serve.h"

enum { FAULT_MAX = 16 * 1024 };

sm_deploy *sm_deploy_new(const sm_cli *c, const char *const *names, size_t n, sm_event_bus *bus)
{
    sm_deploy *d = sm_xcalloc(1, sizeof *d);

    *d = (sm_deploy){ .c = c, .names = names, .n_names = n, .bus = bus };
    d->stores = sm_stores_new();
    d->meter = sm_cpu_meter_new();
    d->a = sm_arena_new("deploy");
    sm_mutex_init(&d->load_mu);
    sm_mutex_init(&d->mu);
    sm_buf_init(&d->fault, FAULT_MAX);
    return d;
}

void sm_deploy_free(sm_deploy *d)
{
    for (size_t i = 0; i < d->n; i++)
        sm_deploy_let(d->items[i]);
    for (sm_deploy_memory *m = d->memories; m != NULL; m = m->next)
        sm_run_memory_free(m->memory);
    sm_deploy__free_watcher(d->watcher);
    sm_pinned_free(d->pinned);
    sm_stores_free(d->stores);
    sm_cpu_meter_free(d->meter);
    sm_buf_release(&d->fault);
    sm_mutex_release(&d->load_mu);
    sm_mutex_release(&d->mu);
    sm_arena_free(d->a);
    free(d->items);
    free(d);
}

/* ---- one pipeline ---------------------------------------------------------------- */

void sm_deploy_let(sm_deployed *x)
{
    sm_arena *a;

    if (x == NULL || sm_atomic_add(&x->holders, -1) > 1)
        return;
    a = x->cli.a;
    sm_project_close(&x->project);
    sm_pinned_free(x->cli.pinned);
    free(x);
    sm_arena_free(a);
}

static sm_deployed *begin(sm_deploy *d, sm_pinned *pinned)
{
    sm_deployed *x = sm_xcalloc(1, sizeof *x);

    x->cli = *d->c;
    x->cli.a = sm_arena_new("deployed");
    x->cli.stores = d->stores;
    x->cli.pinned = pinned == NULL ? NULL : sm_pinned_hold(pinned);
    x->loaded_ms = sm_clock_now_ms();
    sm_atomic_set(&x->holders, 1);
    return x;
}

static void tell_first(const sm_project *p, sm_buf *fault)
{
    for (size_t i = 0; i < sm_diags_count(p->diags); i++) {
        const sm_diag *g = sm_diags_at(p->diags, i);

        if (g->def->severity != SM_SEVERITY_ERROR)
            continue;
        sm_buf_addf(fault, "%s:%u:%u: %.*s", g->at.line == 0 ? p->file : g->at.file, g->at.line,
                    g->at.column, SM_SV_ARG(g->message));
        return;
    }
}

/* One pipeline whose bucket or broker is away must not keep a server from running the others: its
 * runs ask again, fail, and are tried again, as any other. */
static bool is_away(sm_code rc)
{
    return rc == SM_E_REMOTE || rc == SM_E_TIMEOUT || rc == SM_E_DENIED;
}

static sm_code columns_or_none(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                               sm_error *err)
{
    sm_deployed *x = ctx;
    sm_code rc = sm_project_infer(&x->project, source, a, out, err);

    if (!is_away(rc) || !sm_spec_source_is_outside(source))
        return rc;
    sm_cli_say(&x->cli, "%s: source \"%.*s\": %s; a run will ask again", x->project.file,
               SM_SV_ARG(source->name.text), err->msg);
    *out = (sm_schema){ 0 };
    return SM_OK;
}

/* The store of this machine is there, and what a bucket knows beyond it is not. */
static bool goes_on_without_bucket(sm_deployed *x, const sm_error *err)
{
    sm_project *p = &x->project;
    sm_pipeline_rec rec;
    sm_error ignored;

    if (!is_away(err->code) || p->store == NULL || !sm_spec_is_remote(p->spec))
        return false;
    sm_cli_say(&x->cli, "%s: %s; a run will ask again", p->file, err->msg);
    if (sm_store_pipeline(p->store, p->spec->pipeline.text, p->a, &rec, &ignored) == SM_OK)
        p->pipeline = rec.id;
    return true;
}

static int plan(sm_deployed *x, sm_buf *fault)
{
    sm_project *p = &x->project;
    sm_error err;

    if (p->spec != NULL && sm_diags_errors(p->diags) == 0)
        sm_project_check_served(p);
    if (p->spec != NULL && sm_diags_errors(p->diags) == 0 &&
        sm_project_store(p, false, &err) != SM_OK && !goes_on_without_bucket(x, &err)) {
        sm_buf_adds(fault, err.msg);
        return sm_cli_fail(&x->cli, &err, "smelt doctor");
    }
    p->columns_of = columns_or_none;
    p->columns_ctx = x;
    if (sm_project_plan(p, &err) != SM_OK) {
        sm_buf_adds(fault, err.msg);
        return sm_cli_fail(&x->cli, &err, NULL);
    }
    sm_diags_sort(p->diags);
    if (p->plan != NULL && sm_diags_errors(p->diags) == 0)
        return SM_EXIT_DONE;
    tell_first(p, fault);
    return sm_project_print_diags(&x->cli, p);
}

int sm_deploy__open(sm_deploy *d, const char *path, sm_pinned *pinned, sm_deployed **out,
                    sm_buf *fault)
{
    sm_deployed *x = begin(d, pinned);
    sm_error err;
    int status = SM_EXIT_DONE;

    *out = NULL;
    if (path != NULL) /* the project names its file so, as long as it lives */
        path = sm_arena_cstr(x->cli.a, sm_sv_cstr(path));
    if (sm_project_open(&x->project, &x->cli, path, &err) != SM_OK) {
        sm_buf_adds(fault, err.msg);
        sm_cli_fail(&x->cli, &err, NULL);
        status = SM_EXIT_INVALID;
    }
    x->project.share = sm_deploy__workers(d);
    if (status == SM_EXIT_DONE)
        status = plan(x, fault);
    if (status == SM_EXIT_DONE) {
        sm_project_keep_plan(&x->project);
        x->commit = sm_git_commit(x->project.base_dir, x->cli.a);
        *out = x;
    }
    sm_project_release_engine(&x->project);
    if (status != SM_EXIT_DONE)
        sm_deploy_let(x);
    return status;
}

sm_view sm_deploy_view(const sm_deployed *x, sm_arena *a)
{
    sm_cli c = x->cli;
    sm_project p = x->project;
    sm_pipeline_rec rec;
    sm_error ignored;

    c.a = a;
    if (sm_store_pipeline(p.store, p.plan->pipeline, a, &rec, &ignored) == SM_OK)
        p.pipeline = rec.id; /* it may have had its first run since it was loaded */
    return sm_look_view(&c, &p);
}

/* ---- all of them ----------------------------------------------------------------- */

typedef struct loading {
    sm_arena *a;
    const char **paths; /* a NULL among them: what sm_project_open() takes without a word */
    size_t n_paths;
    sm_deployed **items;
    size_t n;
    sm_buf fault;
} loading;

static sm_code list_paths(const sm_deploy *d, loading *l, sm_error *err)
{
    sm_project_files files = { 0 };
    sm_code rc = SM_OK;

    if (d->n_names == 0)
        rc = sm_project_list(l->a, &files, err);
    l->n_paths = d->n_names > 0 ? d->n_names : files.n > 0 ? files.n : 1;
    l->paths = SM_NEW_N(l->a, const char *, l->n_paths);
    for (size_t i = 0; i < d->n_names; i++)
        l->paths[i] = d->names[i];
    for (size_t i = 0; i < files.n; i++)
        l->paths[i] = files.items[i].file;
    return rc;
}

/* Runs of two pipelines of one name could not be told apart. */
static int check_twins(const sm_deploy *d, loading *l)
{
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < i; k++) {
            const sm_project *x = &l->items[i]->project, *y = &l->items[k]->project;

            if (!sm_sv_eq(x->plan->pipeline, y->plan->pipeline))
                continue;
            sm_buf_addf(&l->fault, "%s and %s are both called \"%.*s\"", y->file, x->file,
                        SM_SV_ARG(x->plan->pipeline));
            sm_cli_say(d->c, "%s", l->fault.ptr);
            return SM_EXIT_INVALID;
        }
    return SM_EXIT_DONE;
}

static int load_all(sm_deploy *d, loading *l)
{
    sm_error err;
    int status = SM_EXIT_DONE;

    if (list_paths(d, l, &err) != SM_OK) {
        sm_buf_adds(&l->fault, err.msg);
        return sm_cli_fail(d->c, &err, NULL);
    }
    l->items = sm_xcalloc(l->n_paths, sizeof *l->items);
    for (size_t i = 0; i < l->n_paths; i++) { /* the faults of all of them are told */
        sm_buf fault;
        int s;

        sm_buf_init(&fault, FAULT_MAX);
        s = sm_deploy__open(d, l->paths[i], NULL, &l->items[l->n], &fault);
        l->n += s == SM_EXIT_DONE;
        if (s != SM_EXIT_DONE && status == SM_EXIT_DONE) {
            sm_buf_adds(&l->fault, fault.ptr);
            status = s;
        }
        sm_buf_release(&fault);
    }
    return status == SM_EXIT_DONE ? check_twins(d, l) : status;
}

/* What the loading has takes the place of what is deployed, which goes into the loading. */
static void swap(sm_deploy *d, loading *l)
{
    sm_pinned *pinned = sm_pinned_new();
    loading old;

    for (size_t i = 0; i < l->n; i++)
        sm_pinned_add(pinned, &l->items[i]->project.spec->docs);
    sm_mutex_lock(&d->mu);
    old = (loading){ .items = d->items, .n = d->n };
    d->items = l->items;
    d->n = l->n;
    l->items = old.items;
    l->n = old.n;
    sm_pinned_free(d->pinned);
    d->pinned = pinned;
    sm_mutex_unlock(&d->mu);
}

/* What a change of smelt.yml would have to be told of.  `reload`, `egress` count from now on. */
static sm_sv server_text(const sm_spec_server *s, sm_arena *a)
{
    const sm_spec_texts *lists[] = { &s->hosts, &s->trusted_proxies };
    sm_sv out = sm_arena_printf(a, "%.*s\n%d %d %d %d\n%.*s\n%.*s\n%.*s", SM_SV_ARG(s->listen.text),
                                (int)s->auth.v, s->public_read.v, s->public_metrics.v,
                                s->allow_preview.v, SM_SV_ARG(s->base_path.text),
                                SM_SV_ARG(s->tls.certificate.text), SM_SV_ARG(s->tls.key.text));

    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            out = sm_arena_printf(a, "%.*s\n%zu %.*s", SM_SV_ARG(out), k,
                                  SM_SV_ARG(lists[k]->items[i].text));
    return out;
}

static void compare_server(sm_deploy *d, sm_arena *a)
{
    sm_sv text;

    sm_mutex_lock(&d->mu);
    if (d->n > 0) {
        text = server_text(&d->items[0]->project.spec->server, a);
        if (d->server.ptr == NULL)
            d->server = sm_arena_dup(d->a, text);
        d->server_changed = !sm_sv_eq(d->server, text);
    }
    sm_mutex_unlock(&d->mu);
}

bool sm_deploy_server_changed(sm_deploy *d)
{
    bool changed;

    sm_mutex_lock(&d->mu);
    changed = d->server_changed;
    sm_mutex_unlock(&d->mu);
    return changed;
}

static void tell_scheduler(sm_deploy *d, sm_scheduler *scheduler, sm_arena *a)
{
    sm_schedule *list;
    size_t n;

    sm_mutex_lock(&d->mu);
    n = d->n;
    list = SM_NEW_N(a, sm_schedule, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = sm_deploy__schedule(d->items[i], a);
    sm_mutex_unlock(&d->mu);
    sm_scheduler_deploy(scheduler, list, n);
}

/* ---- changed files --------------------------------------------------------------- */

/* When something was put into the folders of the pipelines, how many they are now. */
static bool more_or_less(sm_deploy *d)
{
    sm_arena *a = sm_arena_new("changed");
    sm_project_files files = { 0 };
    sm_sv dirs[] = { SM_SV("."), SM_SV("pipelines") };
    int64_t stamp = 0;
    sm_error ignored;
    bool changed = false;

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        sm_fs_stat st = { 0 };

        (void)sm_fs_stat_path(sm_arena_cstr(a, dirs[i]), &st, &ignored);
        stamp = (int64_t)((uint64_t)stamp * 31 + (uint64_t)st.mtime_ns);
    }
    if (d->n_names == 0 && stamp != d->folder_stamp &&
        sm_project_list(a, &files, &ignored) == SM_OK) {
        changed = d->folder_stamp != 0 && files.n != d->n_files;
        d->n_files = files.n;
        d->folder_stamp = stamp;
    }
    sm_arena_free(a);
    return changed;
}

bool sm_deploy_changed(sm_deploy *d)
{
    sm_pinned *pinned = sm_deploy__pinned(d);
    int64_t stamp = sm_pinned_stamp(pinned);
    bool changed = more_or_less(d) || stamp != d->stamp;

    d->stamp = stamp;
    sm_pinned_free(pinned);
    return changed;
}

int sm_deploy_load(sm_deploy *d, sm_scheduler *scheduler)
{
    loading l = { .a = sm_arena_new("load") };
    int status;

    sm_buf_init(&l.fault, FAULT_MAX);
    sm_mutex_lock(&d->load_mu);
    status = load_all(d, &l);
    if (status == SM_EXIT_DONE) {
        swap(d, &l);
        compare_server(d, l.a);
        tell_scheduler(d, scheduler, l.a);
    }
    sm_mutex_lock(&d->mu);
    sm_buf_clear(&d->fault);
    sm_buf_adds(&d->fault, l.fault.ptr);
    sm_mutex_unlock(&d->mu);
    sm_mutex_unlock(&d->load_mu);
    for (size_t i = 0; i < l.n; i++)
        sm_deploy_let(l.items[i]);
    free(l.items);
    sm_buf_release(&l.fault);
    sm_arena_free(l.a);
    return status;
}

/* ---- what is asked of it --------------------------------------------------------- */

sm_sv sm_deploy_fault(sm_deploy *d, sm_arena *a)
{
    sm_sv out;

    sm_mutex_lock(&d->mu);
    out = sm_arena_dup(a, sm_buf_sv(&d->fault));
    sm_mutex_unlock(&d->mu);
    return out;
}

void sm_deploy_names(sm_deploy *d, sm_arena *a, sm_sv **out, size_t *n)
{
    sm_mutex_lock(&d->mu);
    *n = d->n;
    *out = SM_NEW_N(a, sm_sv, d->n + 1);
    for (size_t i = 0; i < d->n; i++)
        (*out)[i] = sm_arena_dup(a, d->items[i]->project.plan->pipeline);
    sm_mutex_unlock(&d->mu);
}

static size_t find(const sm_deploy *d, sm_sv pipeline)
{
    for (size_t i = 0; i < d->n; i++)
        if (sm_sv_eq(d->items[i]->project.plan->pipeline, pipeline))
            return i;
    return d->n;
}

sm_deployed *sm_deploy_hold(sm_deploy *d, sm_sv pipeline)
{
    sm_deployed *x = NULL;
    size_t at;

    sm_mutex_lock(&d->mu);
    if ((at = find(d, pipeline)) < d->n) {
        x = d->items[at];
        sm_atomic_add(&x->holders, 1);
    }
    sm_mutex_unlock(&d->mu);
    return x;
}

sm_deployed *sm_deploy__at(sm_deploy *d, size_t i)
{
    sm_deployed *x = NULL;

    sm_mutex_lock(&d->mu);
    if (i < d->n) {
        x = d->items[i];
        sm_atomic_add(&x->holders, 1);
    }
    sm_mutex_unlock(&d->mu);
    return x;
}

void sm_deploy__replace(sm_deploy *d, sm_deployed *x)
{
    sm_deployed *old = x;
    size_t at;

    sm_mutex_lock(&d->mu);
    if ((at = find(d, x->project.plan->pipeline)) < d->n && d->pinned == x->cli.pinned) {
        old = d->items[at];
        d->items[at] = x;
    } /* else another deployment came in between: it counts */
    sm_mutex_unlock(&d->mu);
    sm_deploy_let(old);
}

sm_pinned *sm_deploy__pinned(sm_deploy *d)
{
    sm_pinned *p;

    sm_mutex_lock(&d->mu);
    p = sm_pinned_hold(d->pinned);
    sm_mutex_unlock(&d->mu);
    return p;
}

sm_deploy_memory *sm_deploy__memory(sm_deploy *d, sm_sv pipeline)
{
    sm_deploy_memory *m;

    sm_mutex_lock(&d->mu);
    for (m = d->memories; m != NULL && !sm_sv_eq(m->pipeline, pipeline); m = m->next)
        continue;
    if (m == NULL) {
        m = SM_NEW(d->a, sm_deploy_memory);
        m->next = d->memories;
        m->pipeline = sm_arena_dup(d->a, pipeline);
        m->memory = sm_run_memory_new();
        d->memories = m;
    }
    sm_mutex_unlock(&d->mu);
    return m;
}

bool sm_deploy_held(void *ctx, sm_sv pipeline)
{
    sm_deployed *x = sm_deploy_hold(ctx, pipeline);
    sm_arena *a = sm_arena_new("held");
    bool held = x != NULL && sm_fs_lock_held(sm_store_lock_path(a, x->project.state_dir, pipeline));

    sm_arena_free(a);
    sm_deploy_let(x);
    return held;
}

int64_t sm_deploy_going(void *ctx, sm_sv pipeline)
{
    sm_deployed *x = sm_deploy_hold(ctx, pipeline);
    int64_t run = 0;
    sm_error ignored; /* it is asked for again */

    if (x != NULL && x->project.store != NULL)
        (void)sm_store_run_going(x->project.store, pipeline, &run, &ignored);
    sm_deploy_let(x);
    return run;
}

void sm_deploy_stop_other(void *ctx, sm_sv pipeline, int64_t run)
{
    sm_deployed *x = sm_deploy_hold(ctx, pipeline);
    sm_error err;
    bool asked;

    if (x != NULL && x->project.store != NULL &&
        sm_store_run_ask_stop(x->project.store, run,
                              SM_SV("the server, which has a run to begin (`concurrency: cancel`)"),
                              &asked, &err) != SM_OK)
        sm_log(SM_LOG_WARN, "schedule", "pipeline=%.*s the run in the way cannot be stopped: %s",
               SM_SV_ARG(pipeline), err.msg);
    sm_deploy_let(x);
}
