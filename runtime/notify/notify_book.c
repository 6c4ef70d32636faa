/* SPDX-License-Identifier: Apache-2.0 */
/* notify_book.c -- see the header. */
#include "runtime/notify/notify_book.h"

#include "runtime/base/clock.h"
#include "runtime/base/hash.h"

static const struct {
    const char *name;
    unsigned kind;
    const char *words; /* of a table; of a run behind its pipeline's name */
} kinds[] = {
    { "failed", SM_NOTIFY_FAILED, "failed" },
    { "recovered", SM_NOTIFY_RECOVERED, "is well again" },
    { "expectation_failed", SM_NOTIFY_EXPECTATION_FAILED, "breaks an expectation" },
    { "quarantine_growing", SM_NOTIFY_QUARANTINE_GROWING, "sets rows aside" },
    { "schema_changed", SM_NOTIFY_SCHEMA_CHANGED, "has other columns" },
    { "stale", SM_NOTIFY_STALE, "is not as fresh as it must be" },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

unsigned sm_notify_kind_find(sm_sv name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (sm_sv_eq_str(name, kinds[i].name))
            return kinds[i].kind;
    return 0;
}

static const sm_notify_target *find_target(const sm_notify_book *b, sm_sv id)
{
    for (size_t i = 0; i < b->n_targets; i++)
        if (sm_sv_eq(b->targets[i].id, id))
            return &b->targets[i];
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------ */

static void drop(sm_notify_book *b, size_t i)
{
    memmove(b->rows + i, b->rows + i + 1, (b->n - i - 1) * sizeof *b->rows);
    b->n--;
    b->changed = true;
}

static sm_notice_rec *find_row(sm_notify_book *b, sm_sv target, sm_sv kind, sm_sv dataset)
{
    for (size_t i = 0; i < b->n; i++)
        if (sm_sv_eq(b->rows[i].target, target) && sm_sv_eq(b->rows[i].kind, kind) &&
            sm_sv_eq(b->rows[i].dataset, dataset))
            return &b->rows[i];
    return NULL;
}

static sm_notice_rec *add_row(sm_notify_book *b)
{
    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 16 : 2 * b->cap;
        sm_notice_rec *rows = SM_NEW_N(b->a, sm_notice_rec, cap);

        if (b->n > 0)
            memcpy(rows, b->rows, b->n * sizeof *rows);
        b->rows = rows;
        b->cap = cap;
    }
    b->rows[b->n] = (sm_notice_rec){ .id = sm_uuid4(b->a) };
    return &b->rows[b->n++];
}

static void bad(sm_notify_book *b, const char *kind, const sm_event_rec *e, int64_t now_ms)
{
    for (size_t i = 0; i < b->n_targets; i++) {
        const sm_notify_target *t = &b->targets[i];
        sm_notice_rec *r = find_row(b, t->id, sm_sv_cstr(kind), e->dataset);

        if ((t->on & sm_notify_kind_find(sm_sv_cstr(kind))) == 0)
            continue;
        if (r == NULL) {
            r = add_row(b);
            r->target = t->id;
            r->kind = sm_sv_cstr(kind);
            r->dataset = e->dataset;
            r->first_ms = e->time_ms;
            r->due_ms = now_ms + SM_NOTIFY_SETTLE_MS;
        } else if (!r->open) { /* nobody was told of its end yet */
            r->due_ms = 0;
            r->attempts = 0;
        }
        r->open = true;
        r->message = e->message;
        r->event = e->id;
        r->last_ms = e->time_ms;
        r->count++;
        b->changed = true;
    }
}

/* What was touched since event `since` stays. */
static void good(sm_notify_book *b, const char *kind, const sm_sv *dataset, int64_t since,
                 int64_t now_ms)
{
    for (size_t i = b->n; i > 0; i--) {
        sm_notice_rec *r = &b->rows[i - 1];
        const sm_notify_target *t = find_target(b, r->target);

        if (!r->open || !sm_sv_eq_str(r->kind, kind) || r->event >= since ||
            (dataset != NULL && !sm_sv_eq(r->dataset, *dataset)))
            continue;
        b->changed = true;
        r->open = false;
        r->attempts = 0;
        r->due_ms = now_ms + SM_NOTIFY_SETTLE_MS;
        if (r->told_ms == 0 || t == NULL || (t->on & SM_NOTIFY_RECOVERED) == 0)
            drop(b, i - 1);
    }
}

/* The run is over: what waited for that does not wait any more. */
static void settle(sm_notify_book *b, int64_t now_ms)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->rows[i].due_ms > now_ms && b->rows[i].attempts == 0) {
            b->rows[i].due_ms = now_ms;
            b->changed = true;
        }
}

/* ---- events ---------------------------------------------------------------------- */

static void take_progress(sm_notify_book *b, const sm_event_rec *e, const sm_json *details,
                          int64_t now_ms)
{
    const sm_json *counters = sm_json_get(details, "counters");

    if (counters == NULL)
        return;
    good(b, "failed", &e->dataset, INT64_MAX, now_ms);
    if (sm_json_get_int(counters, "quarantined", 0) > 0)
        bad(b, "quarantine_growing", e, now_ms);
    else if (sm_json_get_int(counters, "read", 0) > 0)
        good(b, "quarantine_growing", &e->dataset, INT64_MAX, now_ms);
}

static bool any_open(const sm_notify_book *b, const char *kind, int64_t since)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->rows[i].open && sm_sv_eq_str(b->rows[i].kind, kind) && b->rows[i].event >= since)
            return true;
    return false;
}

static void take_end(sm_notify_book *b, sm_notify_run *run, const sm_event_rec *e,
                     const sm_json *details, int64_t now_ms)
{
    sm_sv state = sm_json_get_sv(details, "state", SM_SV(""));
    sm_event_rec whole = *e;

    whole.message = sm_json_get_sv(details, "error", e->message);
    if (sm_sv_eq_str(state, "failed") && !any_open(b, "failed", run->start))
        bad(b, "failed", &whole, now_ms); /* no table is to blame */
    if (sm_sv_eq_str(state, "completed") && run->start > 0 && run->whole &&
        sm_json_get_int(details, "held_back", 0) == 0) {
        good(b, "failed", NULL, run->start, now_ms);
        good(b, "expectation_failed", NULL, run->start, now_ms);
    }
    settle(b, now_ms);
    *run = (sm_notify_run){ .start = 0 };
}

void sm_notify_book_take(sm_notify_book *b, sm_notify_run *run, const sm_event_rec *e,
                         int64_t now_ms)
{
    sm_json *details = NULL;
    sm_error ignored;

    if (e->details.len > 0 && sm_json_parse(e->details, b->a, &details, &ignored) != SM_OK)
        details = NULL;
    if (sm_sv_eq_str(e->type, "run_started")) {
        *run =
            (sm_notify_run){ .start = e->id, .whole = sm_json_get(details, "selection") == NULL };
    } else if (sm_sv_eq_str(e->type, "flow_failed")) {
        bad(b, "failed", e, now_ms);
        if (sm_sv_eq_str(sm_json_get_sv(details, "code", SM_SV("")), "rule"))
            bad(b, "expectation_failed", e, now_ms);
    } else if (sm_sv_eq_str(e->type, "threshold_crossed")) {
        bad(b, "expectation_failed", e, now_ms);
    } else if (sm_sv_eq_str(e->type, "flow_progress")) {
        take_progress(b, e, details, now_ms);
    } else if (sm_sv_eq_str(e->type, "schema_changed")) {
        bad(b, "schema_changed", e, now_ms);
    } else if (sm_sv_eq_str(e->type, "stale")) {
        bad(b, "stale", e, now_ms);
    } else if (sm_sv_eq_str(e->type, "fresh")) {
        good(b, "stale", &e->dataset, INT64_MAX, now_ms);
    } else if (sm_sv_eq_str(e->type, "run_finished")) {
        take_end(b, run, e, details, now_ms);
    }
}

void sm_notify_book_tick(sm_notify_book *b, int64_t now_ms)
{
    for (size_t i = b->n; i > 0; i--) {
        sm_notice_rec *r = &b->rows[i - 1];
        const sm_notify_target *t = find_target(b, r->target);

        if (t == NULL) {
            drop(b, i - 1);
        } else if (r->open && r->due_ms == 0 && t->repeat_ms > 0 &&
                   now_ms - r->told_ms >= t->repeat_ms) {
            r->due_ms = now_ms;
            b->changed = true;
        }
    }
}

/* ---- messages -------------------------------------------------------------------- */

static bool is_of(const sm_notify_book *b, const sm_notice_rec *r, const sm_notice_rec *first)
{
    const sm_notify_target *t = find_target(b, r->target);

    return sm_sv_eq(r->target, first->target) && sm_sv_eq(r->kind, first->kind) &&
           (!t->by_table || sm_sv_eq(r->dataset, first->dataset));
}

/* Of a pipeline the end is told when all of it is over. */
static bool is_held(const sm_notify_book *b, const sm_notice_rec *first)
{
    for (size_t i = 0; i < b->n && !first->open; i++)
        if (b->rows[i].open && is_of(b, &b->rows[i], first))
            return true;
    return false;
}

static bool is_due(const sm_notice_rec *r, int64_t now_ms)
{
    return r->due_ms != 0 && r->due_ms <= now_ms;
}

bool sm_notify_book_next(sm_notify_book *b, int64_t now_ms, sm_notify_message *out)
{
    for (size_t i = 0; i < b->n; i++) {
        const sm_notice_rec *first = &b->rows[i];

        if (!is_due(first, now_ms) || find_target(b, first->target) == NULL || is_held(b, first))
            continue;
        *out = (sm_notify_message){ .target = find_target(b, first->target),
                                    .rows = SM_NEW_N(b->a, size_t, b->n) };
        for (size_t k = i; k < b->n; k++)
            if (is_due(&b->rows[k], now_ms) && b->rows[k].open == first->open &&
                is_of(b, &b->rows[k], first))
                out->rows[out->n++] = k;
        return true;
    }
    return false;
}

static const char *state_of(const sm_notice_rec *r)
{
    return !r->open ? "resolved" : r->told_ms > 0 ? "still_open" : "open";
}

sm_sv sm_notify_message_id(const sm_notify_book *b, const sm_notify_message *m)
{
    const sm_notice_rec *first = &b->rows[m->rows[0]];

    return sm_arena_printf(b->a, "%.*s-%s-%lld", SM_SV_ARG(first->id), state_of(first),
                           (long long)first->told_ms);
}

static sm_sv words_of(const sm_notify_book *b, const sm_notify_message *m, sm_sv pipeline)
{
    const sm_notice_rec *first = &b->rows[m->rows[0]];
    const char *words = "";
    sm_sv text = SM_SV("");

    for (size_t i = 0; i < KINDS; i++)
        if (sm_sv_eq_str(first->kind, kinds[i].name))
            words = kinds[i].words;
    for (size_t i = 0; i < m->n && i < 10; i++)
        text = sm_arena_printf(b->a, "%.*s%s%.*s", SM_SV_ARG(text), i == 0 ? "" : ", ",
                               SM_SV_ARG(b->rows[m->rows[i]].dataset));
    text =
        sm_arena_printf(b->a, "%.*s: %.*s%s%s%s", SM_SV_ARG(pipeline), SM_SV_ARG(text),
                        m->n > 10 ? ", …" : "", first->dataset.len > 0 ? " " : "the run ", words);
    if (!first->open)
        return sm_arena_printf(b->a, "Resolved: %.*s", SM_SV_ARG(text));
    return sm_arena_printf(b->a, "%s%.*s (%.*s)", first->told_ms > 0 ? "Still: " : "",
                           SM_SV_ARG(text), SM_SV_ARG(first->message));
}

static sm_json *row_json(const sm_notify_book *b, const sm_notice_rec *r)
{
    sm_json *o = sm_json_object(b->a);

    if (r->dataset.len > 0)
        sm_json_set_string(o, "table", r->dataset);
    sm_json_set_string(o, "message", r->message);
    sm_json_set_string(o, "first", sm_time_rfc3339(r->first_ms, b->a));
    sm_json_set_string(o, "last", sm_time_rfc3339(r->last_ms, b->a));
    sm_json_set_int(o, "count", r->count);
    return o;
}

sm_sv sm_notify_message_text(const sm_notify_book *b, const sm_notify_message *m, sm_sv pipeline,
                             int64_t now_ms)
{
    sm_json *doc = sm_json_object(b->a), *problems = sm_json_array(b->a);
    const sm_notice_rec *first = &b->rows[m->rows[0]];

    sm_json_set_string(doc, "id", sm_notify_message_id(b, m));
    sm_json_set_string(doc, "time", sm_time_rfc3339(now_ms, b->a));
    sm_json_set_string(doc, "pipeline", pipeline);
    sm_json_set_string(doc, "kind", first->kind);
    sm_json_set_string(doc, "state", sm_sv_cstr(state_of(first)));
    sm_json_set_string(doc, "text", words_of(b, m, pipeline));
    for (size_t i = 0; i < m->n; i++)
        sm_json_append(problems, row_json(b, &b->rows[m->rows[i]]));
    sm_json_set(doc, "problems", problems);
    return sm_json_text(doc, b->a);
}

void sm_notify_book_told(sm_notify_book *b, const sm_notify_message *m, int64_t now_ms)
{
    b->changed = true;
    for (size_t i = m->n; i > 0; i--) { /* from behind: rows that are dropped move those behind */
        sm_notice_rec *r = &b->rows[m->rows[i - 1]];

        r->told_ms = now_ms;
        r->due_ms = 0;
        r->attempts = 0;
        if (!r->open || sm_sv_eq_str(r->kind, "schema_changed"))
            drop(b, m->rows[i - 1]);
    }
}

void sm_notify_book_failed(sm_notify_book *b, const sm_notify_message *m, int64_t after_ms,
                           int64_t now_ms)
{
    b->changed = true;
    for (size_t i = 0; i < m->n; i++) {
        sm_notice_rec *r = &b->rows[m->rows[i]];
        int64_t wait = SM_NOTIFY_BACKOFF_MS << (r->attempts < 9 ? r->attempts : 9);

        if (wait > SM_NOTIFY_BACKOFF_MAX_MS)
            wait = SM_NOTIFY_BACKOFF_MAX_MS;
        r->due_ms = now_ms + (after_ms > wait ? after_ms : wait);
        r->attempts++;
    }
}
