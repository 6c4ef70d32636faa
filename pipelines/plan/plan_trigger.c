/* SPDX-License-Identifier: Apache-2.0 */
/* plan_trigger.c -- what the file alone does not tell of a trigger: whether its time zone is one,
 * and its tables are among those that the pipeline reads. */
#include "pipelines/plan/plan_int.h"

sm_code sm_plan__check_zone(plan_builder *b, sm_error *err)
{
    const sm_text *zone = &b->spec->trigger.timezone;
    sm_sv near = SM_SV("");
    bool known = true;
    sm_code rc;

    if (!sm_text_set(zone) || b->env->zone == NULL)
        return SM_OK;
    rc = b->env->zone(b->env->ctx, zone->text, b->scratch, &known, &near, err);
    if (rc != SM_OK || known)
        return rc;
    sm_diag_add(b->d, "SM0160", zone->at, "there is no time zone \"%.*s\"", SM_SV_ARG(zone->text));
    if (near.len > 0)
        sm_diag_hint(b->d, "did you mean %.*s?", SM_SV_ARG(near));
    return SM_OK;
}

/* A run for a table that nobody reads would find nothing new. */
void sm_plan__check_events(plan_builder *b)
{
    const sm_spec_whens *list = &b->spec->trigger.when;

    for (size_t i = 0; i < list->n; i++) {
        const sm_text *table = &list->items[i].table;
        bool found = !sm_text_set(table);

        for (size_t k = 0; k < b->plan->n_datasets && !found; k++)
            found = b->datasets[k].pipeline.len > 0 &&
                    sm_sv_eq_nocase(b->datasets[k].name, table->text);
        if (found || sm_diags_errors(b->d) > 0)
            continue;
        sm_diag_add(b->d, "SM0159", table->at, "this pipeline reads no table \"%.*s\"",
                    SM_SV_ARG(table->text));
        sm_diag_hint(b->d, "it is named as SQL names it: the schema of the other pipeline, a dot, "
                           "the table");
    }
}
