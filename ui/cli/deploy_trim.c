/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_trim.c -- the history of a pipeline that runs every ten seconds, kept in bounds.
 *
 * Runs of triggers that found nothing go after an hour, but for the newest; all else after more
 * than a year.  Of what a run wrote nothing goes that recovery could ask for (store.h). */
#include "runtime/base/clock.h"
#include "ui/cli/deploy_int.h"

enum { EVERY_MS = 10 * 60 * 1000, ROWS = 1000, ROUNDS = 20, KEEP_RUNS = 1000, KEEP_IDLE = 50 };

static const int64_t hour_ms = INT64_C(60) * 60 * 1000;

enum { KEEP_DAYS = 400 };

void sm_deploy__trim(sm_deploy *d, sm_store *store, sm_sv pipeline)
{
    sm_deploy_memory *m = sm_deploy__memory(d, pipeline);
    int64_t boot = sm_clock_boot_ms(), now = sm_clock_now_ms(), dropped = ROWS;
    sm_trim t = { .before_ms = now - KEEP_DAYS * 24 * hour_ms,
                  .keep_runs = KEEP_RUNS,
                  .keep_batches = KEEP_RUNS,
                  .idle_before_ms = now - hour_ms,
                  .keep_idle = KEEP_IDLE };
    sm_arena *a;
    sm_pipeline_rec rec;
    sm_error ignored; /* there is a next time */

    if (boot - sm_atomic_get(&m->trimmed_boot) < EVERY_MS && sm_atomic_get(&m->trimmed_boot) > 0)
        return;
    sm_atomic_set(&m->trimmed_boot, boot);
    a = sm_arena_new("trim");
    if (sm_store_pipeline(store, pipeline, a, &rec, &ignored) == SM_OK) {
        sm_owner o = { .pipeline = rec.id, .epoch = rec.epoch };

        for (int i = 0; i < ROUNDS && dropped >= ROWS; i++)
            if (sm_store_trim(store, &o, &t, ROWS, &dropped, &ignored) != SM_OK)
                break;
    }
    sm_arena_free(a);
}
