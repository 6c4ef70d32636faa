/* SPDX-License-Identifier: Apache-2.0 */
/* steps_times.c -- how far event time has come, as the records of batches say it. */
#include "runtime/base/clock.h"
#include "runtime/store/store_batches.h"
#include "ui/cli/steps_int.h"

#define NO_TIME INT64_MIN

enum { BATCHES = 50 }; /* that are looked back for one with rows */

static sm_code newest_batches(sm_steps *s, const sm_plan_dataset *ds, sm_batch_rec **out, size_t *n,
                              sm_error *err)
{
    sm_pipeline_rec rec;
    sm_code rc;

    *n = 0;
    if (s->p.store == NULL)
        return SM_OK;
    rc = sm_store_pipeline(s->p.store, s->plan->pipeline, s->a, &rec, err);
    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    return rc != SM_OK ? rc
                       : sm_store_batches(s->p.store, rec.id, s->plan->flows[ds->flow].name, 0, 0,
                                          BATCHES, s->a, out, n, err);
}

static sm_code mark_of(sm_steps *s, const sm_batch_rec *b, const char *which, int64_t *us,
                       sm_error *err)
{
    sm_json *marks;

    *us = NO_TIME;
    if (b->watermarks.len == 0)
        return SM_OK;
    if (sm_json_parse(b->watermarks, s->a, &marks, err) != SM_OK)
        return err->code;
    *us = sm_json_get_int(marks, which, NO_TIME);
    return SM_OK;
}

static sm_sv time_text(const sm_steps *s, int64_t us)
{
    return us == NO_TIME ? SM_SV("null") : sm_time_rfc3339(us / 1000, s->a);
}

static void compare(sm_steps *s, const sm_plan_dataset *ds, const sm_spec_node *n, const char *what,
                    int64_t found)
{
    int64_t expected = NO_TIME;

    if (n->v->kind != SM_YAML_NULL)
        (void)sm_suite_time(n->v->text, &expected); /* judged when the file was read */
    if (expected != found)
        sm_steps__fail(s, n->at, NULL, "%s of %.*s: expected %.*s, found %.*s", what,
                       SM_SV_ARG(ds->name), SM_SV_ARG(time_text(s, expected)),
                       SM_SV_ARG(time_text(s, found)));
}

sm_code sm_steps__look_times(sm_steps *s, const sm_plan_dataset *ds, const sm_suite_expect *e,
                             sm_error *err)
{
    sm_batch_rec *batches = NULL;
    int64_t next = NO_TIME, last = NO_TIME;
    size_t n, i = 0;
    sm_code rc;

    if (e->watermark.v == NULL && e->batch_watermark.v == NULL)
        return SM_OK;
    if (ds->n_flows == 0)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" has no flow of its own, so no watermark",
                       SM_SV_ARG(ds->name));
    if ((rc = newest_batches(s, ds, &batches, &n, err)) != SM_OK)
        return rc;
    while (i < n && sm_sv_eq(batches[i].start_offsets, batches[i].end_offsets))
        i++;
    if (n > 0 && (rc = mark_of(s, &batches[0], "next", &next, err)) != SM_OK)
        return rc;
    if (i < n && (rc = mark_of(s, &batches[i], "final", &last, err)) != SM_OK)
        return rc;
    if (e->watermark.v != NULL)
        compare(s, ds, &e->watermark, "watermark", next);
    if (e->batch_watermark.v != NULL)
        compare(s, ds, &e->batch_watermark, "batch_watermark", last);
    return SM_OK;
}
