/* SPDX-License-Identifier: Apache-2.0 */
/* project_readers.c -- see the header.
 *
 * Only files that speak of this pipeline are looked into, and only plans tell who reads what as a
 * stream: through views, and with the schema that a target gave it. */
#include "ui/cli/project_readers.h"

#include "runtime/store/store_batches.h"
#include "ui/cli/project_others.h"

enum { MOST_NAMED = 400 };

typedef struct search {
    sm_project *p;
    const bool *refresh;
    bool with_quarantine;
    sm_sv written;   /* schema of the file */
    sm_buf found;    /* "report.copy, report.bad" */
    sm_sv pipeline;  /* of the first of them */
    sm_buf rebuilds; /* its tables */
} search;

/* Is the dataset, of another plan, a table that would be rebuilt? */
static bool is_rebuilt(const search *s, const sm_plan_dataset *d)
{
    const sm_plan *p = s->p->plan;
    sm_sv name = sm_sv_sub(d->name, p->schema.len + 1, d->name.len);
    const sm_plan_dataset *own;

    if (!sm_sv_eq(d->pipeline, p->pipeline) || (own = sm_plan_find(p, name)) == NULL)
        return false;
    return sm_dataset_is_side(own) ? s->with_quarantine && s->refresh[own->owner]
                                   : s->refresh[sm_plan_index(p, own)];
}

static bool reads_rebuilt(const search *s, const sm_plan *theirs, const sm_plan_flow *f)
{
    for (size_t i = 0; !f->follows && i < f->n_inputs; i++)
        if (f->inputs[i].mode == SM_INPUT_STREAM &&
            is_rebuilt(s, &theirs->datasets[f->inputs[i].dataset]))
            return true;
    return false;
}

static void name(search *s, const sm_plan *theirs, const sm_plan_flow *f)
{
    if (s->found.len < MOST_NAMED / 2)
        sm_buf_addf(&s->found, "%s%.*s.%.*s", s->found.len > 0 ? ", " : "",
                    SM_SV_ARG(theirs->schema), SM_SV_ARG(theirs->datasets[f->target].name));
    if (s->rebuilds.len == 0)
        s->pipeline = theirs->pipeline;
    if (sm_sv_eq(s->pipeline, theirs->pipeline) && s->rebuilds.len < MOST_NAMED / 4)
        sm_buf_addf(&s->rebuilds, "%s%.*s", s->rebuilds.len > 0 ? " " : "",
                    SM_SV_ARG(theirs->datasets[f->target].name));
}

static sm_code look_into(search *s, sm_other *other, sm_error *err)
{
    const sm_plan *theirs = sm_project_other_plan(other);
    sm_position pos;

    if (theirs == NULL || other->p.store == NULL || other->p.pipeline == 0)
        return SM_OK;
    for (size_t i = 0; i < theirs->n_flows; i++) {
        if (!reads_rebuilt(s, theirs, &theirs->flows[i]))
            continue;
        if (sm_store_position(other->p.store, other->p.pipeline, theirs->flows[i].name, s->p->a,
                              &pos, err) != SM_OK)
            return err->code;
        if (pos.has_last)
            name(s, theirs, &theirs->flows[i]);
    }
    return SM_OK;
}

static bool any(const sm_plan *p, const bool *refresh)
{
    for (size_t i = 0; i < p->n_datasets; i++)
        if (refresh[i] && p->datasets[i].kind == SM_DATASET_STREAMING_TABLE)
            return true;
    return false;
}

static bool contains(sm_sv text, sm_sv word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (sm_sv_eq_nocase(sm_sv_sub(text, i, word.len), word))
            return true;
    return false;
}

/* Does a query say one of the names that this pipeline goes by? */
static bool says(const search *s, sm_sv text)
{
    bool found = contains(text, s->p->plan->schema) || contains(text, s->p->plan->pipeline);

    return found || (s->written.len > 0 && contains(text, s->written));
}

static bool speaks_of(const search *s, const sm_spec *theirs)
{
    for (size_t i = 0; i < theirs->tables.n; i++) {
        const sm_spec_table *t = &theirs->tables.items[i];
        bool found = says(s, t->from.text) || says(s, t->sql.text);

        for (size_t k = 0; !found && k < t->flows.n; k++)
            found = says(s, t->flows.items[k].sql.text);
        if (found)
            return true;
    }
    return false;
}

/* The schema that stands in the file of this pipeline, which a target may have replaced: a query
 * does not change with the target. */
static sm_sv written_schema(sm_project *p)
{
    for (size_t i = 0; i < p->files->n; i++)
        if (sm_project_same_file(&sm_project_other_file(p, p->files->items[i].file)->p, p))
            return p->files->items[i].schema;
    return SM_SV("");
}

static sm_code tell(search *s, bool keep, sm_sv *told, sm_error *err)
{
    sm_sv text = sm_arena_printf(
        s->p->a,
        "tables of other pipelines read STREAM() of what is rebuilt, and stop there until they are "
        "rebuilt too: %.*s; afterwards `smelt run %.*s --full-refresh \"%.*s\"`",
        SM_SV_ARG(sm_buf_sv(&s->found)), SM_SV_ARG(s->pipeline),
        SM_SV_ARG(sm_buf_sv(&s->rebuilds)));

    if (keep) {
        *told = text;
        return SM_OK;
    }
    return sm_fail(err, SM_E_CONFLICT, 0, "%.*s; say --keep-downstream to rebuild all the same",
                   SM_SV_ARG(text));
}

sm_code sm_project_check_readers(sm_project *p, const bool *refresh, bool with_quarantine,
                                 bool keep, sm_sv *told, sm_error *err)
{
    search s = { .p = p, .refresh = refresh, .with_quarantine = with_quarantine };
    sm_code rc = SM_OK;
    size_t n = 0;

    *told = SM_SV("");
    if (!any(p->plan, refresh) || (rc = sm_project_others_count(p, &n, err)) != SM_OK)
        return rc;
    s.written = written_schema(p);
    sm_buf_init(&s.found, 4096);
    sm_buf_init(&s.rebuilds, 4096);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        sm_other *other = sm_project_other_file(p, p->files->items[i].file);

        if (other->p.spec != NULL && !sm_project_same_file(&other->p, p) &&
            speaks_of(&s, other->p.spec))
            rc = look_into(&s, other, err);
    }
    if (rc == SM_OK && s.found.len > 0)
        rc = tell(&s, keep, told, err);
    sm_buf_release(&s.found);
    sm_buf_release(&s.rebuilds);
    return rc;
}
