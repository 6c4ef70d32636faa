/* SPDX-License-Identifier: Apache-2.0 */
/* flow_lag.c -- how far the sources of a flow are ahead of it, as the record of a batch says it.
 *
 *     {"clicks": {"rows": 1200, "seconds": 3}}
 *
 * It is what there was when the batch was decided.  Rows of a flow that is through are zero, and so
 * are its seconds, however long ago the newest record came. */
#include "runtime/base/clock.h"
#include "runtime/exec/flow_int.h"

static bool is_through(const sm_lag *lag)
{
    return lag->rows <= 0 && lag->files <= 0 && lag->versions <= 0;
}

static sm_json *lag_json(const sm_lag *lag, sm_arena *a)
{
    const struct {
        const char *key;
        int64_t value;
    } counts[] = { { "rows", lag->rows },
                   { "files", lag->files },
                   { "bytes", lag->bytes },
                   { "versions", lag->versions } };
    int64_t now = sm_clock_now_ms();
    sm_json *o = sm_json_object(a);

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].value >= 0)
            sm_json_set_int(o, counts[i].key, counts[i].value);
    if (is_through(lag))
        sm_json_set_int(o, "seconds", 0);
    else if (lag->since_ms >= 0)
        sm_json_set_int(o, "seconds", now > lag->since_ms ? (now - lag->since_ms) / 1000 : 0);
    return o;
}

sm_sv sm_flow__lag(sm_flow *f, const sm_batch *b)
{
    sm_json *o = sm_json_object(f->scratch);

    for (size_t i = 0; i < f->plan->n_inputs; i++) {
        sm_flow_input *in = &f->inputs[i];
        const sm_json *end = sm_json_get_by(b->end, in->dataset->name);
        sm_lag lag;

        if (in->plan->mode == SM_INPUT_STREAM && !sm_json_is_null(end) &&
            sm_source_lag(&in->source, end, in->until, &lag))
            sm_json_set_sv(o, in->dataset->name, lag_json(&lag, f->scratch));
    }
    return sm_json_len(o) > 0 ? sm_json_text(o, f->scratch) : SM_SV("");
}
