/* SPDX-License-Identifier: Apache-2.0 */
/* owner.c -- one run at a time: the lock of a pipeline on this host, and its epoch.
 *
 * The lock is an OFD lock on <state>/control/<pipeline>.lock.  The kernel gives it back with
 * the process, however that ends, so there is no lease that a paused holder could outlive.
 * The epoch of the control store guards every record all the same, because a state folder can
 * be copied or shared by means that know no locks. */
#include "runtime/exec/flow_int.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/connect/decode_hints.h"

struct sm_owner_lock {
    sm_fs_lock *lock;
};

/* Who am I, for the message that another run will show. */
static sm_sv holder_text(sm_arena *a)
{
    char host[128] = "localhost";

    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '?';
    host[sizeof host - 1] = '\0';
    return sm_arena_printf(a, "%s, process %ld", host, (long)getpid());
}

/* Say who holds the pipeline, as far as the store knows. */
static void tell_holder(sm_store *s, sm_sv pipeline, sm_arena *a, sm_error *err)
{
    sm_pipeline_rec rec;
    sm_error ignored;

    if (sm_store_pipeline(s, pipeline, a, &rec, &ignored) != SM_OK)
        rec.holder = SM_SV("another process");
    sm_fail(err, SM_E_CONFLICT, 0, "another run holds pipeline \"%.*s\" (%.*s); wait for it to end",
            SM_SV_ARG(pipeline), SM_SV_ARG(rec.holder));
}

sm_code sm_owner__take(sm_store *s, sm_sv state_dir, sm_sv pipeline, sm_owner_lock **lock,
                       sm_owner *out, sm_error *err)
{
    sm_arena *a = sm_arena_new("owner");
    sm_owner_lock *l = sm_xcalloc(1, sizeof *l);
    sm_code rc;

    *lock = NULL;
    if ((rc = sm_fs_lock_take(sm_store_lock_path(a, state_dir, pipeline), &l->lock, err)) !=
        SM_OK) {
        if (rc == SM_E_CONFLICT)
            tell_holder(s, pipeline, a, err);
        goto done;
    }
    if ((rc = sm_store_acquire(s, pipeline, holder_text(a), out, NULL, err)) != SM_OK)
        goto done;
    *lock = l;
    l = NULL;
done:
    sm_owner__release(l);
    sm_arena_free(a);
    return rc;
}

void sm_owner__release(sm_owner_lock *lock)
{
    if (lock == NULL)
        return;
    sm_fs_lock_release(lock->lock);
    free(lock);
}

/* Is the plan's schema what is pinned, and what hints add to it?  sm_run__pin_hints() makes that
 * a version of its own. */
static sm_code extends_pinned(const sm_plan_dataset *d, sm_sv pinned, sm_arena *a, bool *out,
                              sm_error *err)
{
    sm_schema schema;
    sm_json *j;
    bool added;
    sm_code rc;

    if ((rc = sm_json_parse(pinned, a, &j, err)) == SM_OK &&
        (rc = sm_schema_from_json(j, a, &schema, err)) == SM_OK &&
        (rc = sm_decode_add_hints(d->schema_hints, a, &schema, &added, err)) == SM_OK)
        *out = sm_schema_equal(&schema, &d->schema);
    return rc;
}

/* Pin what was inferred, once: later runs read with these columns. */
static sm_code pin_source(const sm_run_request *q, const sm_owner *owner, const sm_plan_dataset *d,
                          sm_arena *a, sm_error *err)
{
    sm_sv schema = sm_json_text(sm_schema_to_json(&d->schema, a), a);
    sm_schema_version pinned;
    int64_t version;
    sm_code rc = sm_store_schema(q->store, owner->pipeline, d->name, 0, a, &pinned, err);

    bool same = rc == SM_OK && sm_sv_eq(pinned.schema, schema);

    if (rc == SM_OK && !same)
        rc = extends_pinned(d, pinned.schema, a, &same, err);
    if (same)
        return rc;
    if (rc == SM_OK)
        return sm_fail(err, SM_E_CONFLICT, 0,
                       "another run has pinned the columns of source \"%.*s\" meanwhile; run again",
                       SM_SV_ARG(d->name));
    if (rc != SM_E_NOT_FOUND)
        return rc;
    rc = sm_store_schema_pin(q->store, owner, d->name, schema, SM_SV("inferred"), &version, err);
    sm_failpoint("schema.after_version");
    return rc;
}

static sm_code pin_sources(const sm_run_request *q, const sm_owner *owner, sm_arena *a,
                           sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < q->plan->n_datasets; i++) {
        const sm_plan_dataset *d = &q->plan->datasets[i];

        if (d->kind == SM_DATASET_SOURCE && d->known && !d->schema_declared)
            rc = pin_source(q, owner, d, a, err);
    }
    return rc;
}

sm_code sm_owner__declare(const sm_run_request *q, const sm_owner *owner, sm_arena *a,
                          sm_error *err)
{
    const sm_plan *p = q->plan;
    sm_table_rec *recs = SM_NEW_N(a, sm_table_rec, p->n_datasets + 1);
    sm_code rc;

    for (size_t i = 0; i < p->n_datasets; i++) {
        const sm_plan_dataset *d = &p->datasets[i];

        recs[i] = (sm_table_rec){ .name = d->name,
                                  .kind = sm_sv_cstr(sm_dataset_kind_name(d->kind)),
                                  .fingerprint = d->fingerprint,
                                  .active = true,
                                  .version = -1 };
        if (d->path.len > 0)
            recs[i].path = sm_sv_cstr(sm_path_join(a, q->storage_dir, d->path));
    }
    rc = sm_store_tables_declare(q->store, owner, recs, p->n_datasets, err);
    return rc == SM_OK ? pin_sources(q, owner, a, err) : rc;
}
