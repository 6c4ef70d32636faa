/* SPDX-License-Identifier: Apache-2.0 */
/* spec_trigger.c -- what a trigger says, as far as the file alone tells. */
#include "pipelines/spec/spec_int.h"
#include "runtime/base/cron.h"
#include "runtime/base/suggest.h"

typedef struct form { /* of a trigger: one of them is enough */
    const char *key;
    sm_span at;
} form;

static void check_forms(const sm_bind *b, const sm_spec_trigger *t)
{
    const form forms[] = { { "mode", t->mode.at },
                           { "interval", t->interval.at },
                           { "schedule", t->schedule.at },
                           { "when", t->when.at } };
    const form *first = NULL;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].at.line == 0)
            continue;
        if (first == NULL) {
            first = &forms[i];
            continue;
        }
        sm_diag_add(b->d, "SM0123", forms[i].at,
                    "a trigger has `%s` and `%s`, and takes only one of them", first->key,
                    forms[i].key);
        sm_diag_see(b->d, first->at, "the other one stands here");
    }
}

static void check_timetable(const sm_bind *b, const sm_text *text)
{
    sm_cron cron;
    size_t at;
    sm_error err;

    if (sm_cron_parse(text->text, &cron, &at, &err) != SM_OK)
        sm_diag_add(b->d, "SM0157", sm_text_span(text, at, text->text.len - at), "%s", err.msg);
    else if (sm_cron_next(&cron, NULL, 0) < 0)
        sm_diag_add(b->d, "SM0157", text->at, "the day of this timetable never comes");
}

static void check_schedule(const sm_bind *b, const sm_spec_trigger *t)
{
    if (sm_text_set(&t->schedule)) {
        check_timetable(b, &t->schedule);
        return;
    }
    if (sm_text_set(&t->timezone))
        sm_diag_add(b->d, "SM0158", t->timezone.at, "`timezone` belongs to a `schedule`");
    if (t->catchup.at.line != 0)
        sm_diag_add(b->d, "SM0158", t->catchup.at, "`catchup` belongs to a `schedule`");
}

static const sm_spec_source *find_source(const sm_spec *s, sm_sv name)
{
    for (size_t i = 0; i < s->sources.n; i++)
        if (sm_sv_eq_nocase(s->sources.items[i].name.text, name))
            return &s->sources.items[i];
    return NULL;
}

static void check_file_arrival(const sm_bind *b, const sm_spec *s, const sm_spec_when *w)
{
    const sm_spec_source *source = find_source(s, w->source.text);
    sm_sv *names = SM_NEW_N(b->a, sm_sv, s->sources.n + 1);
    size_t near;

    if (source != NULL && (source->unit == NULL || source->unit->metadata))
        return;
    if (source != NULL) {
        sm_diag_add(b->d, "SM0159", w->source.at, "no files arrive at source \"%.*s\"",
                    SM_SV_ARG(w->source.text));
        sm_diag_see(b->d, source->at, "its rows come from elsewhere");
        return;
    }
    sm_diag_add(b->d, "SM0159", w->source.at, "there is no source \"%.*s\"",
                SM_SV_ARG(w->source.text));
    for (size_t i = 0; i < s->sources.n; i++)
        names[i] = s->sources.items[i].name.text;
    if ((near = sm_suggest(w->source.text, names, s->sources.n)) < s->sources.n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
}

/* A pipeline that waits for itself would never come to rest. */
static void check_table_updated(const sm_bind *b, const sm_spec *s, const sm_spec_when *w)
{
    sm_sv rest = w->table.text, schema = SM_SV("");
    bool qualified = sm_sv_find_char(rest, '.') >= 0 && sm_sv_next(&rest, '.', &schema);

    if (qualified && !sm_sv_eq_nocase(schema, s->schema.text) &&
        !sm_sv_eq_nocase(schema, s->pipeline.text))
        return;
    sm_diag_add(b->d, "SM0159", w->table.at,
                qualified ? "a pipeline cannot wait for a table of its own"
                          : "`table` names a table of another pipeline, as schema.table");
    if (qualified)
        sm_diag_hint(b->d, "what reads \"%.*s\" is in the same run, behind it", SM_SV_ARG(rest));
}

static void check_when(const sm_bind *b, const sm_spec *s)
{
    const sm_spec_whens *list = &s->trigger.when;

    if (list->at.line != 0 && list->n == 0)
        sm_diag_add(b->d, "SM0114", list->at, "`when` is empty");
    for (size_t i = 0; i < list->n; i++) {
        if (sm_text_set(&list->items[i].source))
            check_file_arrival(b, s, &list->items[i]);
        if (sm_text_set(&list->items[i].table))
            check_table_updated(b, s, &list->items[i]);
    }
}

static void check_freshness(const sm_bind *b, const sm_spec_freshness *f)
{
    if (f->at.line == 0)
        return;
    if (f->warn_after.v == 0 && f->error_after.v == 0) {
        sm_diag_add(b->d, "SM0158", f->at, "`freshness` needs `warn_after`, `error_after` or both");
        return;
    }
    if (f->error_after.v > 0 && f->warn_after.v > f->error_after.v)
        sm_diag_add(b->d, "SM0158", f->warn_after.at, "`warn_after` is longer than `error_after`");
}

/* Its runs would take turns with the one that goes on. */
static void check_tables(const sm_bind *b, const sm_spec *s)
{
    for (size_t i = 0; i < s->tables.n && s->trigger.mode.v == SM_MODE_CONTINUOUS; i++)
        if (s->tables.items[i].trigger.at.line != 0) {
            sm_diag_add(b->d, "SM0158", s->tables.items[i].trigger.at,
                        "a table of a continuous pipeline has no trigger of its own");
            sm_diag_see(b->d, s->trigger.mode.at, "it is continuous");
        }
}

void sm_spec__check_trigger(const sm_bind *b, const sm_spec *s)
{
    const sm_spec_retry *r = &s->retry;

    check_forms(b, &s->trigger);
    check_schedule(b, &s->trigger);
    check_when(b, s);
    check_tables(b, s);
    check_freshness(b, &s->freshness);
    for (size_t i = 0; i < s->tables.n; i++)
        check_freshness(b, &s->tables.items[i].freshness);
    if (r->backoff.v > r->backoff_max.v)
        sm_diag_add(b->d, "SM0158", r->backoff.at.line != 0 ? r->backoff.at : r->backoff_max.at,
                    "`backoff` is longer than `backoff_max`, which is the longest");
}
