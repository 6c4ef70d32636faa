/* SPDX-License-Identifier: Apache-2.0 */
/* site.h -- what the composition root gives the server: the pipelines as deployed.
 *
 * The server knows no YAML and no engine.  It asks for a view of a pipeline, makes documents of
 * it (ui/view), and gives it back; what changes something goes through `act`.  Every function may
 * be called by any thread at any time; what they hand out lives in the arena given, the parts of
 * a view as long as its hold. */
#ifndef SM_HTTP_SITE_H
#define SM_HTTP_SITE_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/events/event_bus.h"
#include "runtime/schedule/scheduler.h"
#include "ui/view/view.h"

/* One deployed pipeline, beside what its view says. */
typedef struct sm_site_about {
    sm_sv file;          /* as messages name it */
    sm_sv commit;        /* of git; "" = none */
    sm_sv target;        /* "" = none */
    sm_sv reload_error;  /* why newer files are not in force; "" = the files are what is deployed */
    sm_sv trigger;       /* "every 10 s", as people say it */
    int64_t interval_ms; /* of it; 0: none */
    bool continuous;
    int64_t loaded_ms;
    double price_per_cpu_hour; /* 0: nobody said */
} sm_site_about;

/* Something that is read or changed: "reload", "validate", "quarantine_replay",
 * "quarantine_discard", "checkpoint_reset".  `options` has the fields of the request's body,
 * checked by the route. */
typedef struct sm_site_act {
    sm_sv act;
    sm_sv pipeline; /* "" = none */
    sm_sv subject;  /* table or flow; "" = none */
    sm_sv by;       /* id of the token; "" = nobody is known */
    const sm_json *options;
} sm_site_act;

typedef struct sm_site {
    void *ctx;
    /* The deployed pipelines, by name. */
    sm_code (*names)(void *ctx, sm_arena *a, sm_sv **names, size_t *n, sm_error *err);
    /* A view of the deployment in force, `out->a` is `a`.  `*hold` keeps it until close.
     * SM_E_NOT_FOUND: there is no such pipeline. */
    sm_code (*open)(void *ctx, sm_sv pipeline, sm_arena *a, sm_view *out, void **hold,
                    sm_error *err);
    void (*close)(void *ctx, void *hold);
    sm_code (*about)(void *ctx, sm_sv pipeline, sm_arena *a, sm_site_about *out, sm_error *err);
    /* A document that the engine makes, on one that only reads, within 30 s: "preview" {limit},
     * "quarantines", "quarantine" {rule, row, limit}.  NULL: there are no rows here. */
    sm_code (*read)(void *ctx, const sm_site_act *what, sm_arena *a, sm_json **out, sm_error *err);
    /* *out may stay NULL.  NULL: nothing can be changed here. */
    sm_code (*act)(void *ctx, const sm_site_act *act, sm_arena *a, sm_json **out, sm_error *err);
    sm_scheduler *scheduler; /* NULL: nothing is run here */
    const char *delivery;    /* what the table sink promises: "exactly_once" */
    sm_event_bus *bus; /* wakes for events of any store; borrowed.  NULL: stores are looked at */
} sm_site;

#endif
