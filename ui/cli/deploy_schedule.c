/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_schedule.c -- from the keys of a pipeline to its schedule. */
#include "runtime/engine/engine_zone.h"
#include "ui/cli/deploy_int.h"

enum { RUNS_AT_ONCE = 4, ATTEMPTS = 3, US_OF_MS = 1000 };

int sm_deploy__workers(const sm_deploy *d)
{
    (void)d;
    return RUNS_AT_ONCE;
}

/* ---- triggers -------------------------------------------------------------------- */

typedef struct triggers {
    sm_trigger *items;
    size_t n;
    sm_sv exclude; /* tables that have runs of their own */
} triggers;

static void add(triggers *list, sm_trigger t)
{
    t.exclude = t.select.len > 0 ? SM_SV("") : list->exclude;
    list->items[list->n++] = t;
}

static sm_sv tables_with_runs(const sm_spec *spec, sm_arena *a)
{
    sm_sv names = SM_SV("");

    for (size_t i = 0; i < spec->tables.n; i++)
        if (spec->tables.items[i].trigger.at.line != 0)
            names = sm_arena_printf(a, "%.*s%s%.*s", SM_SV_ARG(names), names.len > 0 ? " " : "",
                                    SM_SV_ARG(spec->tables.items[i].name.text));
    return names;
}

static void add_tables(triggers *list, const sm_spec *spec, sm_arena *a)
{
    for (size_t i = 0; i < spec->tables.n; i++) {
        const sm_spec_table *t = &spec->tables.items[i];

        if (t->trigger.at.line != 0)
            add(list, (sm_trigger){ .kind = SM_TRIGGER_INTERVAL,
                                    .interval_ms = t->trigger.interval.v / US_OF_MS,
                                    .select = sm_arena_dup(a, t->name.text) });
    }
}

static void add_events(triggers *list, const sm_spec *spec, sm_arena *a)
{
    for (size_t i = 0; i < spec->trigger.when.n; i++) {
        const sm_spec_when *w = &spec->trigger.when.items[i];

        if (w->file_at.line != 0)
            add(list, (sm_trigger){ .kind = SM_TRIGGER_FILE_ARRIVAL,
                                    .watch = sm_arena_dup(a, w->source.text) });
        if (w->table_at.line != 0)
            add(list, (sm_trigger){ .kind = SM_TRIGGER_TABLE_UPDATED,
                                    .watch = sm_arena_dup(a, w->table.text) });
        if (w->hook_at.line != 0)
            add(list,
                (sm_trigger){ .kind = SM_TRIGGER_WEBHOOK, .watch = sm_arena_dup(a, w->hook.text) });
    }
}

static void add_schedule(triggers *list, const sm_spec_trigger *trigger, sm_arena *a)
{
    sm_trigger t = { .kind = SM_TRIGGER_SCHEDULE, .catchup = trigger->catchup.v };
    size_t at;
    sm_error ignored; /* it was read when the file was loaded */

    if (sm_cron_parse(trigger->schedule.text, &t.cron, &at, &ignored) != SM_OK)
        return;
    if (!sm_zone_is_utc(trigger->timezone.text))
        t.timezone = sm_arena_dup(a, trigger->timezone.text);
    add(list, t);
}

static triggers triggers_of(const sm_spec *spec, sm_arena *a)
{
    const sm_spec_trigger *t = &spec->trigger;
    triggers list = { .items = SM_NEW_N(a, sm_trigger, spec->tables.n + t->when.n + 1),
                      .exclude = tables_with_runs(spec, a) };

    if (sm_text_set(&t->schedule))
        add_schedule(&list, t, a);
    else if (t->when.n > 0)
        add_events(&list, spec, a);
    else if (t->interval.v > 0)
        add(&list,
            (sm_trigger){ .kind = SM_TRIGGER_INTERVAL, .interval_ms = t->interval.v / US_OF_MS });
    else
        add(&list,
            (sm_trigger){ .kind = t->mode.v == SM_MODE_CONTINUOUS ? SM_TRIGGER_CONTINUOUS
                                                                  : SM_TRIGGER_AVAILABLE_NOW });
    add_tables(&list, spec, a);
    return list;
}

/* ---- all of it ------------------------------------------------------------------- */

static const sm_concurrency concurrencies[] = {
    [SM_SPEC_QUEUE] = SM_CONCURRENCY_QUEUE,
    [SM_SPEC_SKIP] = SM_CONCURRENCY_SKIP,
    [SM_SPEC_CANCEL] = SM_CONCURRENCY_CANCEL,
};

sm_schedule sm_deploy__schedule(const sm_deployed *x, sm_arena *a)
{
    const sm_spec *spec = x->project.spec;
    triggers list = triggers_of(spec, a);

    return (sm_schedule){ .pipeline = sm_arena_dup(a, x->project.plan->pipeline),
                          .version = sm_arena_dup(a, x->project.plan->fingerprint),
                          .store = x->project.store,
                          .triggers = list.items,
                          .n_triggers = list.n,
                          .paused = spec->trigger.paused.v,
                          .concurrency = concurrencies[spec->concurrency.v],
                          .max_attempts = sm_deploy__attempts(spec),
                          .backoff_ms = spec->retry.backoff.v / US_OF_MS,
                          .backoff_max_ms = spec->retry.backoff_max.v / US_OF_MS };
}

int sm_deploy__attempts(const sm_spec *spec)
{
    return spec->retry.max_attempts.v > 0 ? (int)spec->retry.max_attempts.v : ATTEMPTS;
}
