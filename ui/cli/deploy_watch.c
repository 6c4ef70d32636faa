/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_watch.c -- what the scheduler asks of the outside: have files arrived, has a table a new
 * version, what is a time zone like, which secret signs a hook.
 *
 * Files tell by themselves (runtime/base/watch.h) as far as their folders can; what cannot tell has
 * news once a minute, and a run that finds nothing costs little.  A table has news when something
 * was put into its log. */
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/watch.h"
#include "runtime/engine/engine_zone.h"
#include "ui/cli/deploy_int.h"
#include "ui/cli/project_tables.h"
#include "ui/cli/secrets.h"

enum { SILENT_MS = 60 * 1000, MOST_WATCHED = SM_WATCH_MAX_FOLDERS };

/* A source that a trigger waits for, in one deployment. */
typedef struct watched {
    sm_sv pipeline, version, source; /* live in the arena of the watcher */
    int64_t mark;                    /* when it had news last, by the count of the watcher */
    bool told;                       /* its folders tell */
    int64_t asked_boot;
} watched;

struct sm_deploy_watcher {
    sm_arena *a;
    sm_watch *watch; /* NULL: the machine has no such thing */
    watched *list;   /* the tag of each is its place */
    sm_watch_news *news;
    size_t n, cap;
    int64_t marks; /* given out: no source begins with the mark of another version of it */
};

static sm_deploy_watcher *new_watcher(void)
{
    sm_deploy_watcher *w = sm_xcalloc(1, sizeof *w);
    sm_error ignored; /* then nothing tells */

    w->a = sm_arena_new("watcher");
    if (sm_watch_new(&w->watch, &ignored) != SM_OK)
        w->watch = NULL;
    return w;
}

void sm_deploy__free_watcher(sm_deploy_watcher *w)
{
    if (w == NULL)
        return;
    sm_watch_free(w->watch);
    sm_arena_free(w->a);
    free(w->list);
    free(w->news);
    free(w);
}

/* ---- files ----------------------------------------------------------------------- */

static const sm_spec_source *find_source(const sm_spec *spec, sm_sv name)
{
    for (size_t i = 0; i < spec->sources.n; i++)
        if (sm_sv_eq_nocase(spec->sources.items[i].name.text, name))
            return &spec->sources.items[i];
    return NULL;
}

static sm_code ask_to_tell(sm_deploy_watcher *w, sm_deployed *x, watched *e, sm_error *err)
{
    const sm_spec_source *spec = find_source(x->project.spec, e->source);
    sm_source s;
    sm_code rc;

    e->told = false;
    e->asked_boot = sm_clock_boot_ms();
    if (spec == NULL || w->watch == NULL)
        return SM_OK;
    if ((rc = sm_project_open_source(&x->project, spec, &s, err)) == SM_OK)
        rc = sm_source_watch(&s, w->watch, (size_t)(e - w->list), &e->told, err);
    sm_source_close(&s);
    sm_arena_free(s.arena);
    return rc;
}

/* NULL: there are too many. */
static watched *add_watched(sm_deploy_watcher *w, sm_sv pipeline, sm_sv version, sm_sv source)
{
    if (w->n == MOST_WATCHED)
        return NULL;
    if (w->n == w->cap) {
        w->cap = w->cap == 0 ? 16 : 2 * w->cap;
        w->list = sm_xrealloc(w->list, w->cap * sizeof *w->list);
        w->news = sm_xrealloc(w->news, w->cap * sizeof *w->news);
    }
    w->list[w->n] = (watched){ sm_arena_dup(w->a, pipeline), sm_arena_dup(w->a, version),
                               sm_arena_dup(w->a, source), .mark = ++w->marks, .asked_boot = -1 };
    return &w->list[w->n++];
}

/* Is it a source of what is deployed now? */
static bool is_deployed(sm_deploy *d, const watched *e)
{
    sm_deployed *x = sm_deploy_hold(d, e->pipeline);
    bool same = x != NULL && sm_sv_eq(x->project.plan->fingerprint, e->version);

    sm_deploy_let(x);
    return same;
}

/* Folders are told apart by the places of their sources, so what is left is watched anew, and each
 * source has news: something may have come in between. */
static void drop_gone(sm_deploy *d)
{
    sm_deploy_watcher *old = d->watcher, *w;

    w = new_watcher();
    w->marks = old->marks;
    for (size_t i = 0; i < old->n; i++)
        if (is_deployed(d, &old->list[i]))
            (void)add_watched(w, old->list[i].pipeline, old->list[i].version, old->list[i].source);
    sm_deploy__free_watcher(old);
    d->watcher = w;
}

static bool any_gone(sm_deploy *d)
{
    for (size_t i = 0; i < d->watcher->n; i++)
        if (!is_deployed(d, &d->watcher->list[i]))
            return true;
    return false;
}

static watched *find_watched_at(sm_deploy_watcher *w, const sm_deployed *x, sm_sv source)
{
    sm_sv pipeline = x->project.plan->pipeline, version = x->project.plan->fingerprint;

    for (size_t i = 0; i < w->n; i++)
        if (sm_sv_eq(w->list[i].pipeline, pipeline) && sm_sv_eq(w->list[i].source, source) &&
            sm_sv_eq(w->list[i].version, version))
            return &w->list[i];
    return NULL;
}

static watched *find_watched(sm_deploy_watcher *w, const sm_deployed *x, sm_sv source)
{
    watched *e = find_watched_at(w, x, source);

    return e != NULL
               ? e
               : add_watched(w, x->project.plan->pipeline, x->project.plan->fingerprint, source);
}

static void hear(sm_deploy_watcher *w)
{
    if (w->watch == NULL || w->n == 0)
        return;
    for (size_t i = 0; i < w->n; i++)
        w->news[i] = (sm_watch_news){ 0 };
    sm_watch_wait(w->watch, 0, w->news, w->n);
    for (size_t i = 0; i < w->n; i++) {
        if (w->news[i].changed || w->news[i].folders)
            w->list[i].mark = ++w->marks;
        if (w->news[i].folders)
            w->list[i].asked_boot = -1;
    }
}

static sm_code look_at_files(sm_deploy *d, sm_deployed *x, sm_sv source, int64_t *mark,
                             sm_error *err)
{
    watched *e;
    sm_code rc = SM_OK;

    if (d->watcher == NULL)
        d->watcher = new_watcher();
    else if (find_watched_at(d->watcher, x, source) == NULL && any_gone(d))
        drop_gone(d);
    if ((e = find_watched(d->watcher, x, source)) == NULL)
        return sm_fail(err, SM_E_LIMIT, 0, "more than %d sources are waited for",
                       (int)MOST_WATCHED);
    if (e->asked_boot < 0)
        rc = ask_to_tell(d->watcher, x, e, err);
    hear(d->watcher);
    if (!e->told && sm_clock_boot_ms() - e->asked_boot >= SILENT_MS) {
        e->mark = ++d->watcher->marks;
        e->asked_boot = -1;
    }
    *mark = e->mark;
    return rc;
}

/* ---- tables ---------------------------------------------------------------------- */

static sm_code look_at_table(const sm_deployed *x, sm_sv table, int64_t *mark, sm_error *err)
{
    for (size_t i = 0; i < x->project.n_tables; i++) {
        const sm_project_table *t = &x->project.tables[i];
        sm_arena *a;
        sm_fs_stat st;
        sm_code rc;

        if (!sm_sv_eq_nocase(t->name, table))
            continue;
        a = sm_arena_new("log");
        rc = sm_fs_stat_path(sm_path_join(a, t->folder, SM_SV("_delta_log")), &st, err);
        *mark = rc == SM_OK ? st.mtime_ns : 0;
        sm_arena_free(a);
        return rc == SM_E_NOT_FOUND ? SM_OK : rc; /* it may come */
    }
    return sm_fail(err, SM_E_NOT_FOUND, 0, "table \"%.*s\" is not read", SM_SV_ARG(table));
}

sm_code sm_deploy_look(void *ctx, sm_sv pipeline, const sm_trigger *t, int64_t *mark, sm_error *err)
{
    sm_deployed *x = sm_deploy_hold(ctx, pipeline);
    sm_code rc;

    if (x == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "pipeline \"%.*s\" is not deployed",
                       SM_SV_ARG(pipeline));
    rc = t->kind == SM_TRIGGER_FILE_ARRIVAL ? look_at_files(ctx, x, t->watch, mark, err)
                                            : look_at_table(x, t->watch, mark, err);
    sm_deploy_let(x);
    return rc;
}

/* ---- zones and secrets ----------------------------------------------------------- */

sm_code sm_deploy_zone(void *ctx, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                       sm_zone *out, sm_error *err)
{
    sm_engine_config config = { .threads = 1 };
    sm_engine *e = NULL;
    sm_session *s = NULL;
    sm_code rc;

    (void)ctx;
    if ((rc = sm_engine_open(&config, &e, err)) == SM_OK &&
        (rc = sm_session_open(e, &s, err)) == SM_OK)
        rc = sm_session_zone(s, name, from_ms, to_ms, a, out, err);
    sm_session_close(s);
    sm_engine_close(e);
    return rc;
}

static const sm_spec_secret *find_secret(const sm_spec *spec, sm_sv hook)
{
    for (size_t i = 0; i < spec->trigger.when.n; i++) {
        const sm_spec_when *w = &spec->trigger.when.items[i];

        if (w->hook_at.line == 0 || !sm_sv_eq(w->hook.text, hook))
            continue;
        return sm_secrets_find(spec, w->secret.text);
    }
    return NULL;
}

sm_code sm_deploy_secret(void *ctx, sm_sv pipeline, sm_sv hook, sm_secret **out, sm_error *err)
{
    sm_deployed *x = sm_deploy_hold(ctx, pipeline);
    const sm_spec_secret *secret = x == NULL ? NULL : find_secret(x->project.spec, hook);
    sm_code rc = secret != NULL ? sm_secrets_read(secret, out, err)
                                : sm_fail(err, SM_E_NOT_FOUND, 0, "there is no hook \"%.*s\"",
                                          SM_SV_ARG(hook));

    sm_deploy_let(x);
    return rc;
}
