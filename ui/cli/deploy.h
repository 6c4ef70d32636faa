/* SPDX-License-Identifier: Apache-2.0 */
/* deploy.h -- the pipelines of a server as they were deployed.
 *
 * What is deployed is a set of pipelines, loaded and found valid together.  A deployed pipeline is
 * read-only and counted: who holds one may use it while another deployment takes its place.  Runs
 * read the files as they were deployed, whatever stands in them now.
 *
 *     files ──sm_deploy_load──▶ {plan, store, folders} ──sm_deploy_hold──▶ views of the page
 *                                        │
 *                                 sm_deploy_run: a run in a worker of the scheduler
 *
 * All calls but sm_deploy_new() and sm_deploy_free() may come from any thread. */
#ifndef SM_CLI_DEPLOY_H
#define SM_CLI_DEPLOY_H

#include "runtime/base/thread.h"
#include "runtime/notify/notify.h"
#include "runtime/schedule/scheduler.h"
#include "ui/cli/project.h"
#include "ui/view/view.h"

typedef struct sm_deploy sm_deploy;

/* A deployed pipeline. */
typedef struct sm_deployed {
    sm_cli cli;         /* what its project was loaded with */
    sm_project project; /* to look at: its engine is closed */
    sm_sv commit;       /* that was checked out; "": none */
    int64_t loaded_ms;
    sm_atomic holders;
} sm_deployed;

/* `names`: files, folders or names of pipelines; none: all pipelines of the project, or the
 * pipeline.yml of the working folder.  `c` is borrowed.  Nothing is loaded yet.  Owned: free with
 * sm_deploy_free(), when nothing is held any more. */
sm_deploy *sm_deploy_new(const sm_cli *c, const char *const *names, size_t n, sm_event_bus *bus);
void sm_deploy_free(sm_deploy *d);

/* Load what the files say now.  SM_EXIT_DONE: it is deployed, and `scheduler` (NULL: none yet)
 * knows.  Else what was deployed before stays, and what is wrong was printed and is kept for
 * sm_deploy_fault(). */
int sm_deploy_load(sm_deploy *d, sm_scheduler *scheduler);
/* Does smelt.yml say something else of the server than when it started?  That waits for a restart.
 */
bool sm_deploy_server_changed(sm_deploy *d);
/* Do the files say something else than when they were loaded last, with or without success?  Cheap:
 * nothing is read before something looks changed. */
bool sm_deploy_changed(sm_deploy *d);
/* Why the last load failed, "" if it did not; lives in `a`. */
sm_sv sm_deploy_fault(sm_deploy *d, sm_arena *a);

/* Names of what is deployed, in the order of their files; live in `a`. */
void sm_deploy_names(sm_deploy *d, sm_arena *a, sm_sv **out, size_t *n);
/* NULL: no such pipeline.  Give it back with sm_deploy_let(). */
sm_deployed *sm_deploy_hold(sm_deploy *d, sm_sv pipeline);
void sm_deploy_let(sm_deployed *x); /* NULL is fine */
/* A view of it, for documents in `a`; as long as it is held. */
sm_view sm_deploy_view(const sm_deployed *x, sm_arena *a);

/* Write an event for each table whose freshness is another one than when this was called last.  By
 * one thread. */
void sm_deploy_check_freshness(sm_deploy *d);

/* What a scheduler calls; `ctx` is the sm_deploy. */
sm_code sm_deploy_run(void *ctx, const sm_run_order *o, sm_cancel *cancel, sm_order_result *out,
                      sm_error *err);
void sm_deploy_left_out(void *ctx, const sm_run_order *o, const sm_left_out *left);
bool sm_deploy_held(void *ctx, sm_sv pipeline);
int64_t sm_deploy_going(void *ctx, sm_sv pipeline);
void sm_deploy_stop_other(void *ctx, sm_sv pipeline, int64_t run);
sm_code sm_deploy_look(void *ctx, sm_sv pipeline, const sm_trigger *t, int64_t *mark,
                       sm_error *err);
sm_code sm_deploy_zone(void *ctx, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                       sm_zone *out, sm_error *err);
sm_code sm_deploy_secret(void *ctx, sm_sv pipeline, sm_sv hook, sm_secret **out, sm_error *err);

/* What sm_notify asks for; `ctx` is the sm_deploy. */
bool sm_deploy_notify_open(void *ctx, size_t i, sm_arena *a, sm_notify_pipeline *out, void **hold);
void sm_deploy_notify_close(void *ctx, void *hold);

#endif
