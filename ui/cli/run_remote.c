/* SPDX-License-Identifier: Apache-2.0 */
/* run_remote.c -- see the header.
 *
 *     submit ──▶ ticket ──▶ wait, 10 s at a time ──▶ its end ──▶ the run's document
 *                            │  say what changed
 *                            └─ the server is away: ask again, for two minutes
 *
 * Ctrl-C ends the waiting, not the run. */
#include "ui/cli/run_remote.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "runtime/base/clock.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/look.h"
#include "ui/cli/reports.h"

enum { PATIENCE_MS = 2 * 60 * 1000, AGAIN_MS = 1000 };
#define WAIT_SECONDS "10"

static sm_atomic interrupted; /* set by the handler */

static void interrupt(int number)
{
    sm_atomic_set(&interrupted, number);
}

static void listen(void (*fn)(int))
{
    struct sigaction act = { .sa_handler = fn };

    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

/* ---- what it says ---------------------------------------------------------------- */

/* How the pipeline stands, on stderr, when that has changed. */
static void tell_progress(sm_remote *r, sm_buf *told)
{
    sm_buf path = sm_remote_path(r, ""), now;
    int64_t number;
    sm_sv doing;
    sm_json *doc;
    sm_error err;

    if (r->c->quiet || sm_remote_get(r, &path, &doc, &err) != SM_OK)
        return; /* asking for the ticket tells what is wrong */
    doing = sm_json_get_sv(doc, "doing", SM_SV(""));
    number = sm_json_get_int(sm_json_get(doc, "run"), "number", 0);
    sm_buf_init(&now, told->max);
    sm_buf_addf(&now, "%.*s is %.*s", SM_SV_ARG(r->pipeline), SM_SV_ARG(doing));
    if (sm_sv_eq_str(doing, "running") && number > 0)
        sm_buf_addf(&now, ": run %lld", (long long)number);
    if (doing.len > 0 && !sm_sv_eq(sm_buf_sv(&now), sm_buf_sv(told))) {
        sm_cli_say(r->c, "%s", now.ptr);
        sm_buf_clear(told);
        sm_buf_add(told, sm_buf_sv(&now));
    }
    sm_buf_release(&now);
}

static int tell_interrupted(const sm_remote *r)
{
    sm_cli_say(r->c, "no longer waiting; the run goes on on the server");
    fprintf(
        stderr, "Next: %s\n",
        sm_cli_next(r->c, sm_arena_printf(r->c->a, "smelt stop %.*s", SM_SV_ARG(r->pipeline)).ptr));
    return 128 + (int)sm_atomic_get(&interrupted);
}

/* The document of the run in the form that `smelt run --json` has: counts stand in the flow. */
static sm_json *run_document(const sm_remote *r, const sm_json *run)
{
    sm_arena *a = r->c->a;
    sm_json *doc = sm_json_object(a), *flows = sm_json_array(a);
    const sm_json *list = sm_json_get(run, "flows");

    sm_json_set_string(doc, "pipeline", r->pipeline);
    sm_json_set_int(doc, "run", sm_json_get_int(run, "number", 0));
    for (sm_json_iter it = sm_json_first(run); sm_json_valid(&it); sm_json_next(&it))
        if (!sm_sv_eq_str(it.key, "flows") && !sm_sv_eq_str(it.key, "number"))
            sm_json_set_sv(doc, it.key, it.value);
    for (size_t i = 0; i < sm_json_len(list); i++) {
        sm_json *flow = sm_json_copy(a, sm_json_at(list, i));
        const sm_json *counters = sm_json_get(sm_json_at(list, i), "counters");

        for (sm_json_iter it = sm_json_first(counters); sm_json_valid(&it); sm_json_next(&it))
            sm_json_set_sv(flow, it.key, it.value);
        sm_json_remove(flow, "counters");
        sm_json_append(flows, flow);
    }
    sm_json_set(doc, "flows", flows);
    return doc;
}

static const char *verdict(const sm_json *run)
{
    sm_sv state = sm_json_get_sv(run, "state", SM_SV(""));

    if (sm_sv_eq_str(state, "failed"))
        return "failed";
    if (sm_sv_eq_str(state, "canceled"))
        return "was stopped";
    return sm_json_get_bool(run, "warnings", false) ? "succeeded with warnings" : "succeeded";
}

static int print_run(const sm_remote *r, const sm_json *run, const sm_json *doc)
{
    const sm_cli *c = r->c;
    int64_t number = sm_json_get_int(run, "number", 0);
    bool failed = sm_sv_eq_str(sm_json_get_sv(run, "state", SM_SV("")), "failed");
    sm_buf b;

    if (c->json)
        return sm_cli_out_json(c, doc);
    sm_buf_init(&b, SM_LOOK_OUT_MAX);
    if (!c->quiet)
        sm_add_flows(c, sm_json_get(run, "flows"), &b);
    sm_buf_addf(&b, "Run %lld %s in ", (long long)number, verdict(run));
    sm_buf_add_duration(&b, sm_json_get_int(run, "duration_ms", 0));
    sm_buf_addc(&b, '\n');
    if (failed)
        sm_look_next(c, &b, "smelt events --run %lld --level warn", (long long)number);
    else
        sm_look_next(c, &b, "smelt runs %lld", (long long)number);
    return sm_cli_out(&b);
}

/* ---- waiting --------------------------------------------------------------------- */

static sm_code ask_ticket(sm_remote *r, int64_t ticket, sm_json **out, sm_error *err)
{
    sm_remote all = *r;
    sm_buf path;
    sm_code rc;

    all.pipeline = SM_SV("");
    path = sm_remote_path(&all, "/tickets");
    sm_remote_part(&path, sm_arena_printf(r->c->a, "%lld", (long long)ticket));
    sm_remote_query(&path, "wait", SM_SV(WAIT_SECONDS));
    rc = sm_remote_get(&all, &path, out, err);
    r->retry_after_ms = all.retry_after_ms;
    return rc;
}

/* The ticket when its run has ended.  A server that is away is asked again for a while. */
static sm_code await(sm_remote *r, int64_t ticket, sm_json **out, sm_error *err)
{
    int64_t heard = sm_clock_boot_ms(), asked;
    bool away = false;
    sm_code rc;
    sm_buf told;

    sm_buf_init(&told, 4096);
    for (;;) {
        tell_progress(r, &told);
        asked = sm_clock_boot_ms();
        rc = ask_ticket(r, ticket, out, err);
        if (rc == SM_OK) {
            bool at_once = sm_clock_boot_ms() - asked < AGAIN_MS;

            away = false;
            heard = sm_clock_boot_ms();
            if (!sm_sv_eq_str(sm_json_get_sv(*out, "state", SM_SV("")), "waiting"))
                break;
            if (at_once) /* many wait there already */
                (void)poll(NULL, 0, AGAIN_MS);
            continue;
        }
        if (!err->retryable || sm_atomic_get(&interrupted) != 0 ||
            sm_clock_boot_ms() - heard > PATIENCE_MS)
            break;
        if (!away)
            sm_cli_say(r->c, "%s; asking again", err->msg);
        away = true;
        (void)poll(NULL, 0, r->retry_after_ms > AGAIN_MS ? (int)r->retry_after_ms : AGAIN_MS);
    }
    sm_buf_release(&told);
    return rc;
}

/* A run that never began has no document of its own. */
static int end_without_run(const sm_remote *r, const sm_json *ticket, int status)
{
    sm_json *doc = sm_json_object(r->c->a);
    sm_sv error = sm_json_get_sv(ticket, "error", SM_SV("the server did not begin the run"));

    sm_cli_say(r->c, "%.*s", SM_SV_ARG(error));
    sm_json_set_string(doc, "pipeline", r->pipeline);
    sm_json_set_string(doc, "state", SM_SV("failed"));
    sm_json_set_string(doc, "error", error);
    return sm_cli_report(r->c, SM_REPORT_OF_RUN, doc, 0, status);
}

static int end(sm_remote *r, const sm_json *ticket)
{
    int status = (int)sm_json_get_int(ticket, "exit_code", SM_EXIT_INTERNAL), printed;
    int64_t number = sm_json_get_int(ticket, "run", 0);
    sm_json *run, *doc;
    sm_error err;
    sm_buf path;

    if (number == 0)
        return end_without_run(r, ticket, status == SM_EXIT_DONE ? SM_EXIT_FAILED : status);
    path = sm_remote_path(r, "/runs");
    sm_remote_part(&path, sm_arena_printf(r->c->a, "%lld", (long long)number));
    if (sm_remote_get(r, &path, &run, &err) != SM_OK) {
        sm_remote_fail(r, &err, "smelt runs");
        return status;
    }
    doc = run_document(r, run);
    printed = print_run(r, run, doc);
    status =
        sm_cli_report(r->c, SM_REPORT_OF_RUN, doc, sm_json_get_int(run, "duration_ms", 0), status);
    return status == SM_EXIT_DONE ? printed : status;
}

int sm_run_remote_wait(sm_remote *r, int64_t ticket)
{
    sm_json *doc;
    sm_error err;
    sm_code rc;

    listen(interrupt);
    r->stop = &interrupted;
    rc = await(r, ticket, &doc, &err);
    r->stop = NULL;
    listen(SIG_DFL);
    if (rc == SM_OK)
        return end(r, doc);
    if (sm_atomic_get(&interrupted) != 0)
        return tell_interrupted(r);
    if (rc == SM_E_NOT_FOUND) {
        sm_cli_say(r->c, "the server does not know ticket %lld any more: it was started anew",
                   (long long)ticket);
        fprintf(stderr, "Next: %s\n", sm_cli_next(r->c, "smelt runs"));
        return SM_EXIT_OUTSIDE;
    }
    return sm_remote_fail(r, &err, NULL);
}

/* ---- the order ------------------------------------------------------------------- */

static void set_text(sm_json *o, const char *key, const char *value)
{
    if (value != NULL)
        sm_json_set_string(o, key, sm_sv_cstr(value));
}

static sm_json *order_of(const sm_cli *c)
{
    sm_json *o = sm_json_object(c->a);

    set_text(o, "select", sm_cli_get(c, "--select"));
    set_text(o, "exclude", sm_cli_get(c, "--exclude"));
    set_text(o, "full_refresh", sm_cli_get(c, "--full-refresh"));
    if (sm_cli_has(c, "--with-quarantine"))
        sm_json_set_bool(o, "with_quarantine", true);
    if (sm_cli_has(c, "--keep-downstream"))
        sm_json_set_bool(o, "keep_downstream", true);
    return o;
}

static bool confirmed(const sm_remote *r)
{
    const char *refresh = sm_cli_get(r->c, "--full-refresh");

    return refresh == NULL ||
           sm_cli_confirm(r->c,
                          sm_arena_printf(r->c->a,
                                          "--full-refresh removes all rows of %s on %.*s and reads "
                                          "the sources again from their beginning",
                                          refresh, SM_SV_ARG(r->url))
                              .ptr,
                          refresh);
}

int sm_run_remote(sm_cli *c, sm_remote *r)
{
    static const char *const local[] = { "--continuous", "--dry-run", "--changed-since", NULL };
    const char *refresh = sm_cli_get(c, "--full-refresh");
    int status;
    sm_json *doc;
    sm_error err;
    sm_buf path;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one pipeline at a time");
    if (refresh != NULL && refresh[0] == '\0')
        return sm_cli_usage(c, "--full-refresh needs to know what: a name, or '*' for everything");
    if ((status = sm_remote_refuse(r, local)) != SM_EXIT_DONE ||
        (status = sm_cli_check_reports(c)) != SM_EXIT_DONE ||
        (status = sm_remote_pipeline(r, sm_cli_arg(c, 0))) != SM_EXIT_DONE)
        return status;
    if (!confirmed(r))
        return SM_EXIT_REFUSED;
    path = sm_remote_path(r, "/runs");
    if (sm_remote_post(r, &path, order_of(c), &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    return sm_run_remote_wait(r, sm_json_get_int(doc, "ticket", 0));
}
