/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c -- events as they happen: GET /api/v1/stream.
 *
 *     a store ──▶ events after the reader's place ──▶ "id: …  event: …  data: …" ──▶ socket
 *        ▲                    ▲
 *        │                    └ woken by the hub: something may be new
 *        └ nothing is kept here: a slow reader only lags
 *
 * A reader's place is the last event it has of each store; the `id` of what is sent holds them all,
 * "3f2a90bc-118,77de01aa-9", and a browser that comes back says it in Last-Event-ID.  A round sends
 * of each table only the newest progress, and rounds that sent something are half a second apart:
 * so no more than two a second go out, and the last one always does. */
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"
#include "runtime/base/strmap.h"
#include "ui/http/http_int.h"
#include "ui/http/http_lib.h"
#include "ui/http/hub.h"

enum {
    STORES_MAX = 32,
    STORE_ID = 8,
    PAGE = 200,
    PACE_MS = 500,
    BEAT_MS = 15 * 1000,
    BLOCK = 16 * 1024,
    TEXT_ENOUGH = 256 * 1024, /* a round ends with it */
    TEXT_MAX = 1024 * 1024,   /* and one event more: 32 KiB, each byte escaped */
    CHECK_MS = 5 * 1000,      /* whether the token still stands */
};

typedef struct place { /* in one store */
    char store[STORE_ID + 1];
    int64_t after; /* id of the last event that was looked at */
} place;

typedef struct stream {
    sm_http *server;
    sm_arena *a; /* of a round */
    sm_who who;
    char *topics; /* names of pipelines, with commas; "" = all */
    place places[STORES_MAX];
    size_t n_places;
    sm_buf out; /* what is to be sent, from `sent` on */
    size_t sent;
    int64_t seen;    /* of the hub */
    int64_t last_ms; /* boot clock: something was sent */
    int64_t checked_ms;
    bool resumed; /* the reader said where it stood */
} stream;

/* ---- places ------------------------------------------------------------------------------ */

static place *place_of(stream *s, sm_sv store)
{
    for (size_t i = 0; i < s->n_places; i++)
        if (sm_sv_eq_str(store, s->places[i].store))
            return &s->places[i];
    return NULL;
}

static place *add_place(stream *s, sm_sv store, int64_t after)
{
    place *p;

    if (s->n_places == STORES_MAX || store.len != STORE_ID)
        return NULL;
    p = &s->places[s->n_places++];
    memcpy(p->store, store.ptr, STORE_ID);
    p->store[STORE_ID] = '\0';
    p->after = after;
    return p;
}

/* "3f2a90bc-118,77de01aa-9"; what is not of that form is passed over. */
static void read_places(stream *s, sm_sv id)
{
    sm_sv rest = id, part;

    while (sm_sv_next(&rest, ',', &part)) {
        ptrdiff_t dash = sm_sv_find_char(part, '-');
        int64_t after;

        if (dash == STORE_ID && place_of(s, sm_sv_sub(part, 0, STORE_ID)) == NULL &&
            sm_sv_to_int64(sm_sv_sub(part, STORE_ID + 1, part.len), &after) && after >= 0 &&
            add_place(s, sm_sv_sub(part, 0, STORE_ID), after) != NULL)
            s->resumed = true;
    }
}

static void add_id(stream *s)
{
    sm_buf_adds(&s->out, "id: ");
    for (size_t i = 0; i < s->n_places; i++)
        sm_buf_addf(&s->out, "%s%s-%lld", i > 0 ? "," : "", s->places[i].store,
                    (long long)s->places[i].after);
    sm_buf_addc(&s->out, '\n');
}

static sm_sv store_id(const sm_view *v)
{
    return sm_sv_sub(sm_sha256_hex(sm_sv_cstr(sm_store_path(v->store)), v->a), 0, STORE_ID);
}

/* ---- one round ----------------------------------------------------------------------------- */

typedef struct round {
    stream *s;
    sm_sv *names;
    sm_view *views; /* by name; those without a store are zeroed */
    sm_sv *stores;  /* their stores, by name */
    void **holds;
    size_t n;
    bool full; /* a page was: there is more at once */
} round;

static bool wanted(const stream *s, sm_sv pipeline)
{
    sm_sv rest = sm_sv_cstr(s->topics), part;

    if (rest.len == 0)
        return true;
    while (sm_sv_next(&rest, ',', &part))
        if (sm_sv_eq(part, pipeline))
            return true;
    return false;
}

/* The pipeline of an event of the store of view `at`. */
static const sm_view *view_of(const round *r, size_t at, int64_t pipeline)
{
    for (size_t i = at; i < r->n; i++)
        if (r->views[i].pipeline == pipeline && sm_sv_eq(r->stores[i], r->stores[at]))
            return &r->views[i];
    return NULL;
}

static bool is_progress(const sm_event_rec *e)
{
    return sm_sv_eq_str(e->type, "flow_progress");
}

static void send_event(stream *s, const sm_view *v, const sm_event_rec *e)
{
    sm_json *full = sm_view_event(v, e);
    const sm_json *doc = full;

    sm_json_set_string(full, "pipeline", v->plan->pipeline);
    if (!sm_who__sees_rows(s->server, &s->who))
        doc = sm_http__hide_rows(full, s->a);
    add_id(s);
    sm_buf_addf(&s->out, "event: %.*s\ndata: ", SM_SV_ARG(e->type));
    sm_buf_add(&s->out, sm_json_text(doc, s->a));
    sm_buf_adds(&s->out, "\n\n");
}

static sm_sv progress_key(const stream *s, const sm_event_rec *e)
{
    return sm_arena_printf(s->a, "%lld/%.*s", (long long)e->pipeline, SM_SV_ARG(e->dataset));
}

/* The newest progress of each table among the events of a page: its index by table. */
static sm_strmap *newest_progress(const stream *s, const sm_event_rec *events, size_t n)
{
    sm_strmap *newest = sm_strmap_new(s->a);

    for (size_t i = 0; i < n; i++)
        if (is_progress(&events[i]))
            sm_strmap_set(newest, progress_key(s, &events[i]), i);
    return newest;
}

static bool is_old_news(const stream *s, const sm_strmap *newest, const sm_event_rec *events,
                        size_t i)
{
    size_t last;

    return is_progress(&events[i]) && sm_strmap_get(newest, progress_key(s, &events[i]), &last) &&
           last != i;
}

static sm_code send_page(round *r, size_t at, place *p, sm_error *err)
{
    stream *s = r->s;
    sm_event_filter f = { .after_id = p->after, .limit = PAGE, .least_level = SM_EVENT_INFO };
    sm_event_rec *events;
    sm_strmap *newest;
    size_t n;
    sm_code rc = sm_store_events_list(r->views[at].store, &f, s->a, &events, &n, err);

    if (rc != SM_OK)
        return rc;
    newest = newest_progress(s, events, n);
    for (size_t i = 0; i < n; i++) {
        const sm_view *v = view_of(r, at, events[i].pipeline);

        if (s->out.len > TEXT_ENOUGH) {
            r->full = true;
            return SM_OK;
        }
        p->after = events[i].id;
        if (v != NULL && wanted(s, v->plan->pipeline) && !is_old_news(s, newest, events, i))
            send_event(s, v, &events[i]);
    }
    r->full |= n == PAGE;
    return SM_OK;
}

/* A store that the reader does not know is read from now on. */
static sm_code look_at(round *r, size_t at, sm_error *err)
{
    stream *s = r->s;
    sm_sv store = r->stores[at];
    place *p = place_of(s, store);
    int64_t last = 0;
    sm_code rc;

    for (size_t i = 0; i < at; i++)
        if (sm_sv_eq(r->stores[i], store))
            return SM_OK; /* was looked at with that one */
    if (p != NULL && !s->resumed)
        return send_page(r, at, p, err);
    if ((rc = sm_store_events_last(r->views[at].store, &last, err)) != SM_OK)
        return rc;
    if (p == NULL)
        p = add_place(s, store, last);
    else if (p->after > last)
        p->after = last; /* another store has taken the folder */
    return p == NULL ? SM_OK : send_page(r, at, p, err);
}

static void close_round(round *r)
{
    const sm_site *site = r->s->server->site;

    for (size_t i = 0; i < r->n; i++)
        if (r->holds[i] != NULL)
            site->close(site->ctx, r->holds[i]);
}

static sm_code open_round(round *r, sm_error *err)
{
    const sm_site *site = r->s->server->site;
    sm_arena *a = r->s->a;
    sm_code rc = site->names(site->ctx, a, &r->names, &r->n, err);

    if (rc != SM_OK) {
        r->n = 0;
        return rc;
    }
    r->views = SM_NEW_N(a, sm_view, r->n + 1);
    r->stores = SM_NEW_N(a, sm_sv, r->n + 1);
    r->holds = SM_NEW_N(a, void *, r->n + 1);
    for (size_t i = 0; i < r->n; i++) { /* one that has just gone is no failure */
        if (site->open(site->ctx, r->names[i], a, &r->views[i], &r->holds[i], err) != SM_OK)
            r->views[i] = (sm_view){ .store = NULL };
        if (r->views[i].store != NULL)
            r->stores[i] = store_id(&r->views[i]);
    }
    return SM_OK;
}

/* Append what is new to s->out; true: there is more at once. */
static bool make_round(stream *s)
{
    round r = { .s = s };
    sm_error err;
    sm_code rc = open_round(&r, &err);

    for (size_t i = 0; rc == SM_OK && i < r.n; i++)
        if (r.views[i].store != NULL)
            rc = look_at(&r, i, &err);
    close_round(&r);
    s->resumed = false;
    sm_arena_reset(s->a);
    return rc == SM_OK && r.full;
}

/* ---- to the socket --------------------------------------------------------------------------- */

static bool may_go_on(stream *s, int64_t now)
{
    if (sm_hub_closed(s->server->hub))
        return false;
    if (now - s->checked_ms < CHECK_MS)
        return true;
    s->checked_ms = now;
    return sm_who__still(s->server, &s->who);
}

/* Until there is something to send, or the stream ends. */
static bool fill(stream *s)
{
    bool more = false;

    while (s->out.len == 0) {
        int64_t now = sm_clock_boot_ms(), quiet = now - s->last_ms;

        if (!may_go_on(s, now))
            return false;
        if (quiet < PACE_MS && !more)
            sm_hub_sleep(s->server->hub, PACE_MS - quiet);
        more = make_round(s);
        if (s->out.len > 0 || more)
            continue;
        if (sm_clock_boot_ms() - s->last_ms >= BEAT_MS)
            sm_buf_adds(&s->out, ": alive\n\n");
        else
            sm_hub_wait(s->server->hub, &s->seen, BEAT_MS - (sm_clock_boot_ms() - s->last_ms));
    }
    s->last_ms = sm_clock_boot_ms();
    return true;
}

static ssize_t give(void *ctx, uint64_t at, char *to, size_t max)
{
    stream *s = ctx;
    size_t n;

    (void)at;
    if (s->sent == s->out.len) {
        sm_buf_clear(&s->out);
        s->sent = 0;
        if (!fill(s))
            return MHD_CONTENT_READER_END_OF_STREAM;
    }
    n = s->out.len - s->sent < max ? s->out.len - s->sent : max;
    memcpy(to, s->out.ptr + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static void end(void *ctx)
{
    stream *s = ctx;

    sm_buf_release(&s->out);
    sm_arena_free(s->a);
    free(s->topics);
    free(s);
}

static stream *begin(sm_call *c)
{
    stream *s = sm_xcalloc(1, sizeof *s);
    sm_sv topics = sm_call__query(c, "topics"), last = sm_call__header(c, "Last-Event-ID");

    s->server = c->server;
    s->who = c->who;
    s->a = sm_arena_new("stream");
    s->topics = sm_xcalloc(1, topics.len + 1);
    memcpy(s->topics, topics.ptr, topics.len);
    s->seen = sm_hub_now(c->server->hub);
    sm_buf_init(&s->out, TEXT_MAX);
    if (last.len == 0)
        last = sm_call__query(c, "after");
    read_places(s, last);
    sm_buf_adds(&s->out, "retry: 1000\n\n");
    (void)make_round(s); /* the reader has a place at once */
    add_id(s);
    sm_buf_adds(&s->out, "event: open\ndata: {}\n\n");
    s->last_ms = sm_clock_boot_ms();
    return s;
}

sm_code sm_http__stream(sm_call *c, sm_error *err)
{
    (void)err;
    if (!sm_connections_stream(c->server->connections, c->socket, c->address)) {
        sm_call__refuse(c, MHD_HTTP_TOO_MANY_REQUESTS, "limit",
                        sm_arena_printf(c->a,
                                        "there are too many streams: %d, or %d of one address",
                                        (int)SM_STREAMS_MAX, (int)SM_STREAMS_EACH),
                        SM_SV("close a page that shows the same"));
        return SM_OK;
    }
    c->answer.type = "text/event-stream";
    c->answer.cache = "no-store";
    sm_call__add_header(c, "X-Accel-Buffering", SM_SV("no"));
    c->answer.response =
        sm_mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, begin(c), end);
    return SM_OK;
}
