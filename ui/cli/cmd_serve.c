/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_serve.c -- smelt serve: the pipelines of a project as a service.
 *
 * The main thread waits for signals; runs are in the threads of the scheduler.  SIGHUP loads the
 * files again, SIGTERM and SIGINT end it: running batches are thrown away, decided ones are
 * finished, and a second one of these signals ends the process at once, which loses nothing. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/events/event_bus.h"
#include "ui/cli/cli.h"
#include "ui/cli/deploy.h"
#include "ui/cli/deploy_site.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/version.h"
#include "ui/http/http.h"

static const sm_cli_option options[] = {
    { "--listen", NULL, "A", "address of the page and the API (127.0.0.1:8480); port 0 takes any" },
    { "--dev", NULL, "DIR",
      "files of the page from DIR (ui/web of a checkout), read anew each time" },
    { NULL, NULL, NULL, NULL },
};

#define LISTEN "127.0.0.1:8480"

enum { WATCH_SECONDS = 2, FRESH_SECONDS = 15 };

typedef struct server {
    const sm_cli *c;
    sm_event_bus *bus;
    sm_deploy *deploy;
    sm_scheduler *scheduler;
    sm_turns readers;
    sm_cli_site served;
    sm_site site;
    sm_http *http;
    sm_notify *notify;
    bool watch; /* `reload: watch` */
} server;

/* ---- what it says ---------------------------------------------------------------- */

static const char *outcome(const sm_order_result *r)
{
    if (r->state == SM_RUN_COMPLETED)
        return r->warnings ? "succeeded with warnings" : "succeeded";
    return r->state == SM_RUN_CANCELED ? "stopped" : "failed";
}

/* One line for each run that did or met something. */
static void tell_end(void *ctx, const sm_run_order *o, const sm_order_result *r)
{
    server *s = ctx;
    sm_buf b;

    if (s->c->quiet && r->error.code == SM_OK)
        return;
    sm_buf_init(&b, 16 * 1024);
    sm_buf_add_time(&b, sm_clock_now_ms());
    sm_buf_addf(&b, " %.*s", SM_SV_ARG(o->pipeline));
    if (r->run > 0)
        sm_buf_addf(&b, "  run %lld", (long long)r->run);
    sm_buf_addf(&b, "  %.*s  %s", SM_SV_ARG(o->cause), outcome(r));
    if (r->run > 0) {
        sm_buf_adds(&b, " in ");
        sm_buf_add_duration(&b, r->duration_ms);
    }
    if (r->error.code != SM_OK && r->error.msg[0] != '\0') {
        sm_buf_adds(&b, ": ");
        sm_buf_add_safe(&b, sm_sv_cstr(r->error.msg));
    }
    fprintf(stdout, "%s\n", b.ptr);
    fflush(stdout);
    sm_buf_release(&b);
}

static void tell_deployed(const server *s, const char *what)
{
    sm_arena *a = sm_arena_new("names");
    sm_sv *names, text = SM_SV("");
    size_t n;

    sm_deploy_names(s->deploy, a, &names, &n);
    for (size_t i = 0; i < n && i < 20; i++)
        text = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(text), i == 0 ? "" : ", ",
                               SM_SV_ARG(names[i]));
    sm_cli_say(s->c, "%s %zu %s: %.*s%s", what, n, n == 1 ? "pipeline" : "pipelines",
               SM_SV_ARG(text), n > 20 ? ", …" : "");
    sm_arena_free(a);
}

/* ---- signals --------------------------------------------------------------------- */

static void end_now(int number)
{
    static const char text[] = "\nsmelt: stopped; the next start goes on where this one was\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

    (void)ignored;
    _exit(128 + number);
}

static void listen(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void reload(const server *s)
{
    if (sm_deploy_load(s->deploy, s->scheduler) != SM_EXIT_DONE) {
        sm_cli_say(s->c, "not reloaded: what was deployed goes on as it is");
        return;
    }
    tell_deployed(s, "reloaded");
    if (sm_deploy_server_changed(s->deploy))
        sm_cli_say(s->c, "the block `server` of smelt.yml has changed, which waits for a restart");
}

/* A signal, or SIGHUP when files that are watched were changed.  In between it looks after what no
 * run does: whether tables are late. */
static int next_signal(const server *s, const sigset_t *set)
{
    const struct timespec look = { .tv_sec = s->watch ? WATCH_SECONDS : FRESH_SECONDS };
    int64_t checked = 0;
    int number;

    for (;;) {
        if (sm_clock_boot_ms() - checked >= FRESH_SECONDS * 1000) {
            checked = sm_clock_boot_ms();
            sm_deploy_check_freshness(s->deploy);
        }
        number = sigtimedwait(set, NULL, &look);
        if (number > 0)
            return number;
        if (s->watch && sm_deploy_changed(s->deploy))
            return SIGHUP;
    }
}

static void wait_for_end(const server *s, const sigset_t *set)
{
    int number = SIGHUP;

    if (s->watch)
        (void)sm_deploy_changed(s->deploy);
    while (number == SIGHUP) {
        number = next_signal(s, set);
        if (number == SIGHUP)
            reload(s);
    }
    signal(SIGINT, end_now);
    signal(SIGTERM, end_now);
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
    sm_cli_say(s->c, "stopping: what is decided is finished; again stops now");
}

/* ---- the page -------------------------------------------------------------------- */

static const sm_sv *texts_of(const sm_spec_texts *list, sm_arena *a)
{
    sm_sv *out = SM_NEW_N(a, sm_sv, list->n + 1);

    for (size_t i = 0; i < list->n; i++)
        out[i] = list->items[i].text;
    return out;
}

static sm_sv file_of(const sm_project *p, const sm_text *file, sm_arena *a)
{
    return file->text.len == 0 ? file->text : sm_sv_cstr(sm_path_join(a, p->base_dir, file->text));
}

/* The block `server` of smelt.yml, under what the command line says.  Tokens and audit are kept in
 * the store of the pipeline that is deployed first. */
static sm_http_config config_of(const server *s, const sm_project *p, sm_arena *a)
{
    const sm_spec_server *block = &p->spec->server;
    const char *listen_on = sm_cli_get(s->c, "--listen");

    return (sm_http_config){
        .state_dir = p->state_dir,
        .listen = listen_on != NULL            ? sm_sv_cstr(listen_on)
                  : block->listen.text.len > 0 ? block->listen.text
                                               : SM_SV(LISTEN),
        .auth_none = block->auth.v == SM_SERVER_NO_AUTH,
        .public_read = block->public_read.v,
        .public_metrics = block->public_metrics.v,
        .allow_preview = block->allow_preview.v,
        .tls_certificate = file_of(p, &block->tls.certificate, a),
        .tls_key = file_of(p, &block->tls.key, a),
        .base_path = block->base_path.text,
        .hosts = texts_of(&block->hosts, a),
        .n_hosts = block->hosts.n,
        .trusted_proxies = texts_of(&block->trusted_proxies, a),
        .n_trusted_proxies = block->trusted_proxies.n,
        .dev = sm_sv_cstr(sm_cli_get(s->c, "--dev")),
        .version = SM_SV(SM_VERSION),
    };
}

static sm_code open_page(server *s, sm_error *err)
{
    sm_arena *a = sm_arena_new("page");
    sm_http_config config;
    sm_deployed *first;
    sm_sv *names;
    size_t n;
    sm_code rc;

    sm_deploy_names(s->deploy, a, &names, &n);
    first = sm_deploy_hold(s->deploy, names[0]);
    config = config_of(s, &first->project, a);
    s->watch = first->project.spec->server.reload.v == SM_RELOAD_WATCH;
    s->served = (sm_cli_site){ s->deploy, s->scheduler, &s->readers };
    s->site = sm_cli_make_site(&s->served, s->bus);
    rc = sm_http_start(&config, &s->site, &s->http, err);
    sm_deploy_let(first);
    sm_arena_free(a);
    return rc;
}

static void tell_page(const server *s)
{
    const char *warning = sm_http_warning(s->http), *link = sm_http_login_link(s->http);
    const char *file = sm_http_token_file(s->http);

    if (warning != NULL)
        sm_cli_say(s->c, "warning: %s", warning);
    sm_cli_say(s->c, "the page is at %s", sm_http_url(s->http));
    if (link != NULL)
        sm_cli_say(s->c, "log in once, within 10 minutes, with %s", link);
    if (file != NULL)
        sm_cli_say(s->c, "the token of its first admin is in %s", file);
}

/* ---- the command ----------------------------------------------------------------- */

static sm_code start_notify(server *s, sm_error *err)
{
    sm_notify_config config = { .bus = s->bus,
                                .open = sm_deploy_notify_open,
                                .close = sm_deploy_notify_close,
                                .ctx = s->deploy };

    return sm_notify_start(&config, &s->notify, err);
}

static int serve(server *s, const sigset_t *set)
{
    sm_error err;
    int status = sm_deploy_load(s->deploy, s->scheduler);

    if (status != SM_EXIT_DONE)
        return status;
    if (open_page(s, &err) != SM_OK || sm_scheduler_start(s->scheduler, &err) != SM_OK ||
        start_notify(s, &err) != SM_OK) {
        status = sm_cli_fail(s->c, &err, NULL);
    } else {
        tell_deployed(s, "serving");
        tell_page(s);
        wait_for_end(s, set);
    }
    sm_scheduler_drain(s->scheduler); /* how runs end is still told */
    sm_event_bus_close(s->bus);
    sm_http_stop(s->http);
    sm_notify_stop(s->notify);
    if (status == SM_EXIT_DONE)
        sm_cli_say(s->c, "stopped");
    return status;
}

static int serve_exec(sm_cli *c)
{
    server s = { .c = c };
    sm_scheduler_config config = { .execute = sm_deploy_run,
                                   .held = sm_deploy_held,
                                   .going = sm_deploy_going,
                                   .stop_other = sm_deploy_stop_other,
                                   .look = sm_deploy_look,
                                   .zone = sm_deploy_zone,
                                   .secret = sm_deploy_secret,
                                   .left_out = sm_deploy_left_out,
                                   .workers = 4 };
    sigset_t set;
    int status;

    listen(&set);
    s.bus = sm_event_bus_new(0);
    s.deploy = sm_deploy_new(c, c->args, c->n_args, s.bus);
    config.ctx = s.deploy;
    config.exit_code = sm_exit_code;
    config.ended = tell_end;
    config.ended_ctx = &s;
    s.scheduler = sm_scheduler_new(&config);
    sm_turns_init(&s.readers, SM_SITE_READERS);
    status = serve(&s, &set);
    sm_turns_release(&s.readers);
    sm_scheduler_free(s.scheduler);
    sm_deploy_free(s.deploy);
    sm_event_bus_free(s.bus);
    return status;
}

const sm_command sm_command_serve = {
    .name = "serve",
    .group = "start",
    .summary = "Run pipelines when their triggers say so, until it is stopped",
    .usage = "[PIPELINE…] [--listen A]",
    .options = options,
    .examples = "smelt serve\nsmelt -C projects/iot serve iot shop",
    .exec = serve_exec,
};
