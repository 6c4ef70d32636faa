/* SPDX-License-Identifier: Apache-2.0 */
/* view_freshness.c -- how far a table is behind, against what its file allows.
 *
 * A table that is written every minute with the events of yesterday is a day behind: where a flow
 * has a watermark, the newest event time counts, and when it was written only where that is longer
 * ago. */
#include "runtime/base/clock.h"
#include "runtime/base/lateness.h"
#include "ui/view/view_int.h"

enum { US = 1000000, MS = 1000 };

static const char *state_of(const sm_plan_dataset *t, int64_t lag_us)
{
    if (t->error_after_us > 0 && lag_us > t->error_after_us)
        return "stale";
    return t->warn_after_us > 0 && lag_us > t->warn_after_us ? "late" : "fresh";
}

int64_t sm_view__newest_event(const sm_view *v, const sm_batch_rec *b)
{
    const sm_json *stages;
    sm_json *record = NULL;
    int64_t newest_us = SM_LATENESS_NO_TIME;
    sm_error ignored;

    if (b->lateness.len == 0 || sm_json_parse(b->lateness, v->a, &record, &ignored) != SM_OK)
        return 0;
    stages = sm_json_get(record, "stages");
    for (size_t i = 0; i < sm_json_len(stages); i++) {
        sm_lateness l;

        sm_lateness_read(&l, sm_json_get(sm_json_at(stages, i), "seen"));
        newest_us = l.newest_us > newest_us ? l.newest_us : newest_us;
    }
    return newest_us == SM_LATENESS_NO_TIME ? 0 : newest_us / MS;
}

void sm_view__add_waiting(const sm_view *v, const sm_batch_rec *b, sm_view__age *age)
{
    sm_json *inputs = NULL;
    sm_error ignored;

    if (b->lag.len == 0 || sm_json_parse(b->lag, v->a, &inputs, &ignored) != SM_OK)
        return;
    for (sm_json_iter it = sm_json_first(inputs); sm_json_valid(&it); sm_json_next(&it)) {
        if (sm_json_get(it.value, "rows") == NULL)
            continue;
        age->waiting = (age->waiting < 0 ? 0 : age->waiting) + sm_json_get_int(it.value, "rows", 0);
    }
}

void sm_view__add_freshness(const sm_view *v, const sm_plan_dataset *table, const sm_view__age *age,
                            sm_json *o)
{
    bool by_event = age->event_ms != 0 && age->event_ms < age->written_ms;
    int64_t lag_ms = sm_clock_now_ms() - (by_event ? age->event_ms : age->written_ms);
    sm_json *f;

    if (age->written_ms == 0 || (table->warn_after_us == 0 && table->error_after_us == 0))
        return;
    f = sm_json_object(v->a);
    sm_json_set_int(f, "lag_seconds", lag_ms < 0 ? 0 : lag_ms / MS);
    if (age->waiting >= 0)
        sm_json_set_int(f, "lag_rows", age->waiting);
    if (table->warn_after_us > 0)
        sm_json_set_int(f, "warn_after", table->warn_after_us / US);
    if (table->error_after_us > 0)
        sm_json_set_int(f, "error_after", table->error_after_us / US);
    sm_json_set_string(f, "since", by_event ? SM_SV("event_time") : SM_SV("written"));
    sm_json_set_string(f, "state", sm_sv_cstr(state_of(table, lag_ms * MS)));
    sm_json_set(o, "freshness", f);
}

sm_sv sm_view_standing(const sm_json *table)
{
    static const char *const worse[] = { "failed", "interrupted", "held_back", "skipped",
                                         "stopped" };
    sm_sv state = sm_json_get_sv(table, "state", SM_SV("never_run")),
          fresh = sm_json_get_sv(sm_json_get(table, "freshness"), "state", SM_SV("fresh"));

    for (size_t i = 0; i < sizeof worse / sizeof worse[0]; i++)
        if (sm_sv_eq_str(state, worse[i]))
            return state;
    return sm_sv_eq_str(fresh, "fresh") ? state : fresh;
}

sm_sv sm_view_freshness_words(const sm_json *f, sm_arena *a)
{
    bool stale = sm_sv_eq_str(sm_json_get_sv(f, "state", SM_SV("")), "stale");
    bool by_event = sm_sv_eq_str(sm_json_get_sv(f, "since", SM_SV("")), "event_time");
    int64_t allowed = sm_json_get_int(f, stale ? "error_after" : "warn_after", 0);
    sm_sv text;
    sm_buf b;

    sm_buf_init(&b, 256);
    sm_buf_adds(&b, by_event ? "its newest row is of " : "nothing was written for ");
    sm_buf_add_duration(&b, sm_json_get_int(f, "lag_seconds", 0) * MS);
    sm_buf_adds(&b, by_event ? " ago, by its event time, and " : ", and ");
    sm_buf_add_duration(&b, allowed * MS);
    sm_buf_adds(&b, " are allowed");
    if (sm_json_get_int(f, "lag_rows", 0) > 0) {
        sm_buf_adds(&b, "; rows that wait in its sources: ");
        sm_buf_add_count(&b, sm_json_get_int(f, "lag_rows", 0));
    }
    text = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}

static int badness(const sm_json *f)
{
    sm_sv state = sm_json_get_sv(f, "state", SM_SV(""));

    return sm_sv_eq_str(state, "stale") ? 3 : sm_sv_eq_str(state, "late") ? 2 : f != NULL;
}

const sm_json *sm_view__worst_freshness(const sm_json *tables)
{
    const sm_json *worst = NULL;

    for (size_t i = 0; i < sm_json_len(tables); i++) {
        const sm_json *f = sm_json_get(sm_json_at(tables, i), "freshness");

        if (badness(f) > badness(worst) ||
            (badness(f) == badness(worst) &&
             sm_json_get_int(f, "lag_seconds", 0) > sm_json_get_int(worst, "lag_seconds", 0)))
            worst = f;
    }
    return worst;
}
