/* SPDX-License-Identifier: Apache-2.0 */
/* serve_files.c -- the server over pipeline files that nothing runs: for tests of ui/http and for
 * looking at the page.
 *
 *     serve_files ADDRESS BASE_PATH FILE…        prints its address, ends with its stdin
 *
 * SMELT_AUTH=1: with tokens; SMELT_PUBLIC=1: everybody may look; SMELT_DEV=folder: the page from
 * there.
 */
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/look.h"
#include "ui/cli/project.h"
#include "ui/http/http.h"

enum { PROJECTS_MAX = 32 };

typedef struct files {
    sm_cli cli;
    sm_project projects[PROJECTS_MAX];
    size_t n;
} files;

static const sm_project *project_of(const files *f, sm_sv name)
{
    for (size_t i = 0; i < f->n; i++)
        if (sm_sv_eq(f->projects[i].plan->pipeline, name))
            return &f->projects[i];
    return NULL;
}

static sm_code site_names(void *ctx, sm_arena *a, sm_sv **names, size_t *n, sm_error *err)
{
    files *f = ctx;

    (void)err;
    *names = SM_NEW_N(a, sm_sv, f->n + 1);
    *n = f->n;
    for (size_t i = 0; i < f->n; i++)
        (*names)[i] = f->projects[i].plan->pipeline;
    return SM_OK;
}

static sm_code site_open(void *ctx, sm_sv pipeline, sm_arena *a, sm_view *out, void **hold,
                         sm_error *err)
{
    const sm_project *p = project_of(ctx, pipeline);
    sm_pipeline_rec rec;

    if (p == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no pipeline \"%.*s\"",
                       SM_SV_ARG(pipeline));
    *out = (sm_view){ .plan = p->plan,
                      .store = p->store,
                      .storage_dir = p->storage_dir,
                      .state_dir = p->state_dir,
                      .a = a };
    out->held = sm_fs_lock_held(sm_store_lock_path(a, p->state_dir, pipeline));
    if (p->store != NULL && sm_store_pipeline(p->store, pipeline, a, &rec, err) == SM_OK)
        out->pipeline = rec.id;
    *hold = ctx;
    return SM_OK;
}

static void site_close(void *ctx, void *hold)
{
    (void)ctx;
    (void)hold;
}

static sm_code site_about(void *ctx, sm_sv pipeline, sm_arena *a, sm_site_about *out, sm_error *err)
{
    const sm_project *p = project_of(ctx, pipeline);

    (void)a;
    (void)err;
    *out = (sm_site_about){ .file = sm_sv_cstr(p->file), .loaded_ms = sm_clock_now_ms() };
    return SM_OK;
}

static bool load(files *f, char **paths)
{
    for (; *paths != NULL && f->n < PROJECTS_MAX; paths++)
        if (sm_project_start(&f->cli, &f->projects[f->n++], *paths, SM_NEED_PLAN_AND_STORE_WRITE) !=
            SM_EXIT_DONE)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    static files f;
    sm_arena *a = sm_arena_new("serve");
    sm_site site = { .ctx = &f,
                     .names = site_names,
                     .open = site_open,
                     .close = site_close,
                     .about = site_about,
                     .delivery = "exactly_once" };
    sm_http_config config = { .version = SM_SV("test") };
    sm_http *h = NULL;
    sm_error err;
    char byte;

    f.cli.a = a;
    if (argc < 4 || !load(&f, argv + 3))
        return 1;
    config.listen = sm_sv_cstr(argv[1]);
    config.base_path = sm_sv_cstr(argv[2]);
    config.dev = sm_sv_cstr(getenv("SMELT_DEV"));
    config.state_dir = f.projects[0].state_dir;
    config.auth_none = getenv("SMELT_AUTH") == NULL;
    config.public_read = getenv("SMELT_PUBLIC") != NULL;
    if (sm_http_start(&config, &site, &h, &err) != SM_OK) {
        fprintf(stderr, "serve_files: %s\n", err.msg);
        return 1;
    }
    printf("%s\n", sm_http_login_link(h) != NULL ? sm_http_login_link(h) : sm_http_url(h));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    sm_http_stop(h);
    for (size_t i = 0; i < f.n; i++)
        sm_project_close(&f.projects[i]);
    sm_arena_free(a);
    return 0;
}
