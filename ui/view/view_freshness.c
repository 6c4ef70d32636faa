/* SPDX-License-Identifier: Apache-2.0 */
/* view_freshness.c -- how long ago a table was written to, against what its file allows. */
#include "runtime/base/clock.h"
#include "ui/view/view_int.h"

enum { US = 1000000, MS = 1000 };

static const char *state_of(const sm_plan_dataset *t, int64_t lag_us)
{
    if (t->error_after_us > 0 && lag_us > t->error_after_us)
        return "stale";
    return t->warn_after_us > 0 && lag_us > t->warn_after_us ? "late" : "fresh";
}

void sm_view__add_freshness(const sm_view *v, const sm_plan_dataset *table, int64_t written_ms,
                            sm_json *o)
{
    int64_t lag_ms = sm_clock_now_ms() - written_ms;
    sm_json *f;

    if (written_ms == 0 || (table->warn_after_us == 0 && table->error_after_us == 0))
        return;
    f = sm_json_object(v->a);
    sm_json_set_int(f, "lag_seconds", lag_ms < 0 ? 0 : lag_ms / MS);
    if (table->warn_after_us > 0)
        sm_json_set_int(f, "warn_after", table->warn_after_us / US);
    if (table->error_after_us > 0)
        sm_json_set_int(f, "error_after", table->error_after_us / US);
    sm_json_set_string(f, "state", sm_sv_cstr(state_of(table, lag_ms * MS)));
    sm_json_set(o, "freshness", f);
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
