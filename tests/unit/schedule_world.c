/* SPDX-License-Identifier: Apache-2.0 */
/* schedule_world.c -- time goes by from one event to the next. */
#include "tests/unit/schedule_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

static int64_t wall(void *ctx)
{
    return ((world *)ctx)->wall;
}

static int64_t boot(void *ctx)
{
    return ((world *)ctx)->boot;
}

static bool held(void *ctx, sm_sv pipeline)
{
    (void)pipeline;
    return ((world *)ctx)->held;
}

static int64_t going(void *ctx, sm_sv pipeline)
{
    (void)ctx;
    (void)pipeline;
    return 4711;
}

static void stop_other(void *ctx, sm_sv pipeline, int64_t run)
{
    (void)pipeline;
    assert_int_equal(run, 4711);
    ((world *)ctx)->stops++;
}

static sm_code look(void *ctx, sm_sv pipeline, const sm_trigger *t, int64_t *mark, sm_error *err)
{
    (void)pipeline;
    (void)t;
    (void)err;
    *mark = ((world *)ctx)->mark;
    return SM_OK;
}

/* Europe/Berlin, whatever it is called. */
static sm_code zone(void *ctx, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                    sm_zone *out, sm_error *err)
{
    static const sm_zone_shift berlin[] = {
        { INT64_C(1761440400000), 3600000 }, { INT64_C(1774746000000), 7200000 },
        { INT64_C(1792890000000), 3600000 }, { INT64_C(1806195600000), 7200000 },
        { INT64_C(1824944400000), 3600000 },
    };

    (void)ctx;
    (void)name;
    (void)from_ms;
    (void)a;
    (void)err;
    *out = (sm_zone){ berlin, sizeof berlin / sizeof berlin[0], to_ms };
    return SM_OK;
}

static sm_code secret(void *ctx, sm_sv pipeline, sm_sv hook, sm_secret **out, sm_error *err)
{
    (void)ctx;
    (void)pipeline;
    (void)hook;
    return sm_secret_from_environment("SM_TEST_HOOK", out, err);
}

static int exit_code(sm_code code)
{
    return WORLD_EXIT + (int)code;
}

static int64_t lasts_a_second(world *w, const sm_run_order *o)
{
    (void)w;
    (void)o;
    return SECOND;
}

static sm_code ends_well(world *w, const sm_run_order *o, int attempt)
{
    (void)w;
    (void)o;
    (void)attempt;
    return SM_OK;
}

void world_init(world *w, int64_t wall_ms)
{
    sm_scheduler_config config = {
        .held = held,
        .going = going,
        .stop_other = stop_other,
        .look = look,
        .zone = zone,
        .secret = secret,
        .ctx = w,
        .workers = WORLD_WORKERS,
        .clock = { wall, boot, w },
        .exit_code = exit_code,
    };

    *w = (world){ .wall = wall_ms, .boot = 1000000, .lasts = lasts_a_second, .ends = ends_well };
    w->runs = sm_xcalloc(WORLD_MOST, sizeof *w->runs);
    w->s = sm_scheduler_new(&config);
}

void world_release(world *w)
{
    while (w->n_at_work > 0) {
        sm_order_result r = { .state = SM_RUN_COMPLETED };

        sm_scheduler__finish(w->s, w->at_work[--w->n_at_work].job, &r, NULL);
    }
    sm_scheduler_free(w->s);
    free(w->runs);
}

static void begin(world *w, sm_job *j)
{
    world_run *r = &w->runs[w->n_runs];

    assert_true(w->n_runs + 1 < WORLD_MOST);
    snprintf(r->pipeline, sizeof r->pipeline, "%.*s", SM_SV_ARG(j->order.pipeline));
    snprintf(r->cause, sizeof r->cause, "%.*s", SM_SV_ARG(j->order.cause));
    snprintf(r->select, sizeof r->select, "%.*s", SM_SV_ARG(j->order.select));
    r->from = w->wall;
    r->attempt = j->attempt;
    r->number = (int64_t)w->n_runs + 1;
    w->at_work[w->n_at_work].job = j;
    w->at_work[w->n_at_work].until =
        j->order.continuous ? INT64_MAX : w->boot + w->lasts(w, &j->order);
    w->at_work[w->n_at_work++].run = w->n_runs++;
}

static void end(world *w, size_t i)
{
    sm_job *j = w->at_work[i].job;
    world_run *run = &w->runs[w->at_work[i].run];
    sm_order_result r = { .run = run->number, .state = SM_RUN_COMPLETED };

    run->until = w->wall;
    run->code = sm_cancel_asked(j->cancel) ? SM_E_CANCELLED : w->ends(w, &j->order, j->attempt);
    if (run->code != SM_OK) {
        (void)sm_fail(&r.error, run->code, 0, "it does");
        r.state = run->code == SM_E_CANCELLED ? SM_RUN_CANCELED : SM_RUN_FAILED;
    }
    w->at_work[i] = w->at_work[--w->n_at_work];
    sm_scheduler__finish(w->s, j, &r, NULL);
}

static void end_those_due(world *w)
{
    for (size_t i = 0; i < w->n_at_work;)
        if (w->at_work[i].until <= w->boot || sm_cancel_asked(w->at_work[i].job->cancel))
            end(w, i);
        else
            i++;
}

/* How long nothing happens by itself. */
static int64_t quiet(world *w)
{
    int64_t wait = sm_scheduler__turn(w->s);
    sm_job *j;

    while (w->n_at_work < WORLD_WORKERS && (j = sm_scheduler__take(w->s)) != NULL)
        begin(w, j);
    for (size_t i = 0; i < w->n_at_work; i++)
        if (sm_cancel_asked(w->at_work[i].job->cancel))
            wait = 0;
        else if (w->at_work[i].until - w->boot < wait)
            wait = w->at_work[i].until - w->boot;
    return wait;
}

void world_pass(world *w, int64_t ms)
{
    int64_t until = w->boot + ms;

    for (;;) {
        int64_t step = quiet(w);

        if (w->boot + step > until)
            step = until - w->boot;
        w->boot += step;
        w->wall += step;
        end_those_due(w);
        if (w->boot >= until && quiet(w) > 0)
            break;
    }
}

void world_look(world *w)
{
    sm_scheduler__watch(w->s);
}

void world_set_clock(world *w, int64_t wall_ms)
{
    w->wall = wall_ms;
}

int64_t world_order(world *w, const char *pipeline)
{
    sm_run_order o = { .pipeline = sm_sv_cstr(pipeline), .cause = SM_SV("manual") };
    int64_t ticket = 0;
    sm_error err;

    sm_assert_ok(sm_scheduler_submit(w->s, &o, &ticket, &err), err);
    return ticket;
}

size_t world_count(const world *w, const char *pipeline, const char *cause)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_runs; i++)
        n += (pipeline == NULL || strcmp(w->runs[i].pipeline, pipeline) == 0) &&
             (cause == NULL || strcmp(w->runs[i].cause, cause) == 0);
    return n;
}

sm_schedule_state world_state(const world *w, const char *pipeline, sm_arena *a)
{
    sm_schedule_state *list;
    size_t n;
    sm_error err;

    sm_assert_ok(sm_scheduler_states(w->s, a, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        if (sm_sv_eq_str(list[i].pipeline, pipeline))
            return list[i];
    fail_msg("there is no pipeline %s", pipeline);
    return list[0];
}

void world_check(const world *w)
{
    for (size_t i = 0; i < w->n_runs; i++)
        for (size_t k = i + 1; k < w->n_runs && k < i + 200; k++)
            if (strcmp(w->runs[i].pipeline, w->runs[k].pipeline) == 0 && w->runs[i].until > 0 &&
                w->runs[k].from < w->runs[i].until)
                fail_msg("%s ran twice at %lld", w->runs[i].pipeline, (long long)w->runs[k].from);
}
