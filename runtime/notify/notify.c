/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c -- see the header.
 *
 * A round, for each pipeline: read book and events from its store, take the events, keep the book
 * together with the place in the log, then send what is due.  A process that dies between sending
 * and keeping sends again.  Nothing but the run that goes on is remembered between rounds. */
#include "runtime/notify/notify.h"

#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/log.h"
#include "runtime/base/thread.h"
#include "runtime/io/http_client.h"

enum { POLL_MS = 1000, EVENTS = 1000, SEND_MS = 10 * 1000, ANSWER_MAX = 64 * 1024 };

typedef struct known { /* of a pipeline, between rounds */
    struct known *next;
    sm_notify_run run;
    sm_sv name; /* lives in `names` */
} known;

struct sm_notify {
    sm_notify_config config;
    sm_arena *names; /* known ones; only the thread touches it */
    known *list;
    sm_thread *thread;
    sm_atomic stop;
};

static known *find_known(sm_notify *n, sm_sv name)
{
    known *k = n->list;

    while (k != NULL && !sm_sv_eq(k->name, name))
        k = k->next;
    if (k == NULL) {
        k = SM_NEW(n->names, known);
        k->name = sm_arena_dup(n->names, name);
        k->next = n->list;
        n->list = k;
    }
    return k;
}

/* ---- sending --------------------------------------------------------------------- */

/* SM_OK: it was taken. */
static sm_code send_one(const sm_notify *n, const sm_notify_pipeline *p, const sm_notify_book *b,
                        const sm_notify_message *m, int64_t now, int64_t *after_ms, sm_error *err)
{
    sm_sv headers[] = { SM_SV("Content-Type: application/json"), SM_SV("User-Agent: smelt"),
                        SM_SV("") };
    sm_http_request q = { .url = m->target->url,
                          .headers = headers,
                          .n_headers = 3,
                          .body = sm_notify_message_text(b, m, p->name, now),
                          .total_ms = SEND_MS,
                          .max_answer = ANSWER_MAX,
                          .egress = &p->egress,
                          .stop = &n->stop };
    sm_http_answer answer = { .status = 0 };
    sm_code rc;

    headers[2] =
        sm_arena_printf(b->a, "Idempotency-Key: %.*s", SM_SV_ARG(sm_notify_message_id(b, m)));
    *after_ms = 0;
    if ((rc = sm_http_send(&q, b->a, &answer, err)) != SM_OK)
        return rc;
    *after_ms = answer.retry_after_ms;
    if (answer.status >= 200 && answer.status < 300)
        return SM_OK;
    return sm_fail(err, SM_E_REMOTE, 0, "the webhook answered with status %d", answer.status);
}

static sm_code keep(const sm_notify_pipeline *p, sm_notify_book *b, int64_t event, sm_error *err)
{
    sm_code rc = SM_OK;

    if (b->changed)
        rc = sm_store_notices_keep(p->store, p->name, b->rows, b->n, event, err);
    b->changed = false;
    return rc;
}

static sm_code send_due(const sm_notify *n, const sm_notify_pipeline *p, sm_notify_book *b,
                        int64_t event, sm_error *err)
{
    sm_notify_message m;
    sm_code rc = SM_OK;

    while (rc == SM_OK && sm_atomic_get(&n->stop) == 0 &&
           sm_notify_book_next(b, sm_clock_now_ms(), &m)) {
        int64_t now = sm_clock_now_ms(), after_ms, before = b->rows[m.rows[0]].attempts;
        sm_error why;

        sm_failpoint("notify.before_send");
        if (send_one(n, p, b, &m, now, &after_ms, &why) == SM_OK) {
            sm_failpoint("notify.after_answer"); /* it knows, and we do not yet */
            sm_notify_book_told(b, &m, now);
        } else if (sm_atomic_get(&n->stop) == 0) {
            sm_notify_book_failed(b, &m, after_ms, now);
            if (before == 0)
                sm_log(SM_LOG_WARN, "notify",
                       "pipeline \"%.*s\": nobody was told, trying again: %s", SM_SV_ARG(p->name),
                       why.msg);
        }
        rc = keep(p, b, event, err);
    }
    return rc;
}

/* ---- rounds ---------------------------------------------------------------------- */

static sm_code list_events(const sm_notify_pipeline *p, int64_t after, sm_arena *a,
                           sm_event_rec **out, size_t *n, sm_error *err)
{
    sm_event_filter f = { .after_id = after, .least_level = SM_EVENT_INFO, .limit = EVENTS };
    sm_pipeline_rec rec;
    sm_code rc = sm_store_pipeline(p->store, p->name, a, &rec, err);

    *n = 0;
    if (rc == SM_E_NOT_FOUND) /* it never ran */
        return SM_OK;
    f.pipeline = rec.id;
    return rc != SM_OK ? rc : sm_store_events_list(p->store, &f, a, out, n, err);
}

/* Whoever is told for the first time is told of what happens from now on. */
static sm_code read_book(const sm_notify_pipeline *p, sm_notify_book *b, int64_t *event,
                         sm_error *err)
{
    sm_code rc = sm_store_notices(p->store, p->name, b->a, &b->rows, &b->n, event, err);

    b->cap = b->n;
    if (rc != SM_OK || *event >= 0)
        return rc;
    b->changed = true;
    return sm_store_events_last(p->store, event, err);
}

static sm_code tell_pipeline(sm_notify *n, const sm_notify_pipeline *p, sm_arena *a, bool *more,
                             sm_error *err)
{
    sm_notify_book b = { .a = a, .targets = p->targets, .n_targets = p->n };
    known *k = find_known(n, p->name);
    sm_event_rec *events = NULL;
    size_t count = 0;
    int64_t event;
    sm_code rc;

    if ((rc = read_book(p, &b, &event, err)) != SM_OK ||
        (rc = list_events(p, event, a, &events, &count, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        sm_notify_book_take(&b, &k->run, &events[i], sm_clock_now_ms());
    if (count > 0) {
        event = events[count - 1].id;
        b.changed = true;
    }
    *more |= count == EVENTS;
    sm_notify_book_tick(&b, sm_clock_now_ms());
    if ((rc = keep(p, &b, event, err)) != SM_OK)
        return rc;
    return send_due(n, p, &b, event, err);
}

static bool round_of(sm_notify *n, sm_arena *a)
{
    sm_notify_pipeline p;
    bool more = false;
    void *hold;

    for (size_t i = 0;
         sm_atomic_get(&n->stop) == 0 && n->config.open(n->config.ctx, i, a, &p, &hold); i++) {
        sm_error err;

        if (p.n > 0 && tell_pipeline(n, &p, a, &more, &err) != SM_OK)
            sm_log(SM_LOG_WARN, "notify", "pipeline \"%.*s\": %s", SM_SV_ARG(p.name), err.msg);
        n->config.close(n->config.ctx, hold);
    }
    return more;
}

static void run(void *ctx)
{
    sm_notify *n = ctx;
    sm_arena *a = sm_arena_new("notify");

    while (sm_atomic_get(&n->stop) == 0 && !sm_event_bus_closed(n->config.bus)) {
        int64_t last = sm_event_bus_last(n->config.bus);

        if (!round_of(n, a))
            (void)sm_event_bus_wait(n->config.bus, last, POLL_MS);
        sm_arena_reset(a);
    }
    sm_arena_free(a);
}

sm_code sm_notify_start(const sm_notify_config *config, sm_notify **out, sm_error *err)
{
    sm_notify *n = sm_xcalloc(1, sizeof *n);
    sm_code rc;

    n->config = *config;
    n->names = sm_arena_new("notify names");
    if ((rc = sm_thread_start("smelt-notify", run, n, &n->thread, err)) == SM_OK) {
        *out = n;
        return SM_OK;
    }
    sm_arena_free(n->names);
    free(n);
    return rc;
}

void sm_notify_stop(sm_notify *n)
{
    if (n == NULL)
        return;
    sm_atomic_set(&n->stop, 1);
    sm_thread_join(n->thread);
    sm_arena_free(n->names);
    free(n);
}
