/* SPDX-License-Identifier: Apache-2.0 */
/* flow_watermark.c -- how far event time has come, batch by batch.
 *
 *     batch       n-1              n                       n+1
 *     late        …                final of n-1            final of n
 *     final       the mark ────▶   the mark after n-1 ──▶  the mark after n
 *     the mark    │ rows of n-1    │ rows of n             │
 *                 ▼ raise it       ▼ raise it              ▼
 *
 * So a batch never sees the mark that its own rows make (rule A2), and a row that is behind the
 * mark of its batch, but not behind that of the batch before, is folded and comes out at once
 * (A3).  The mark of a flow is the least (or, by watermark_policy, the greatest) over its stages
 * that watch a time; each has the greatest time that it saw, less its delay.  It never falls: a
 * batch that ran by the clock, while a stage was idle, is final by its mark also when that stage
 * has rows again, of times before it.
 *
 * There is no mark until a row made one (R6).  After a restart the mark of the flow is what the
 * last record says, while its stages have seen nothing yet: under `min` it stands until each of
 * them has (B13), but for those that were idle for longer than their idle_timeout.
 *
 *     {"late":us, "final":us, "next":us, "rows":{"watermark_1":ms}}     a time that is none:
 * missing
 */
#include "runtime/exec/flow_stages.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void sm_watermarks_init(sm_watermarks *w, const sm_plan_flow *p, sm_arena *a)
{
    *w = (sm_watermarks){ .late_us = SM_OPS_NO_TIME,
                          .final_us = SM_OPS_NO_TIME,
                          .next_us = SM_OPS_NO_TIME,
                          .seen_us = SM_NEW_N(a, int64_t, p->n_stages),
                          .rows_ms = SM_NEW_N(a, int64_t, p->n_stages) };
    for (size_t i = 0; i < p->n_stages; i++)
        w->seen_us[i] = SM_OPS_NO_TIME;
}

static bool is_idle(const sm_stage *s, int64_t rows_ms, int64_t now_ms)
{
    return s->idle_us > 0 && rows_ms > 0 && now_ms - rows_ms > s->idle_us / 1000;
}

int64_t sm_watermarks_mark(const sm_watermarks *w, const sm_plan_flow *p, int64_t now_ms)
{
    int64_t mark = SM_OPS_NO_TIME;
    bool any = false;

    for (size_t i = 0; i < p->n_stages; i++) {
        if (p->stages[i].kind != SM_STAGE_WATERMARK ||
            (!p->watermark_max && is_idle(&p->stages[i], w->rows_ms[i], now_ms)))
            continue;
        if (p->watermark_max || !any)
            mark = later(mark, w->seen_us[i]);
        else if (w->seen_us[i] < mark)
            mark = w->seen_us[i]; /* none is less than all */
        any = true;
    }
    return later(later(mark, w->next_us), w->final_us);
}

void sm_watermarks_observe(sm_watermarks *w, const sm_plan_flow *p, const sm_ops_count *counts,
                           int64_t now_ms)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        const sm_stage *s = &p->stages[i];

        if (s->kind != SM_STAGE_WATERMARK)
            continue;
        if (counts[i].seen_us != SM_OPS_NO_TIME)
            w->seen_us[i] = later(w->seen_us[i], counts[i].seen_us - s->delay_us);
        if (counts[i].rows > 0 || w->rows_ms[i] == 0) /* idle begins with the first batch */
            w->rows_ms[i] = now_ms;
    }
    w->next_us = sm_watermarks_mark(w, p, now_ms);
}

void sm_watermarks_copy(sm_watermarks *to, const sm_watermarks *from, const sm_plan_flow *p)
{
    to->late_us = from->late_us;
    to->final_us = from->final_us;
    to->next_us = from->next_us;
    for (size_t i = 0; i < p->n_stages; i++) {
        to->seen_us[i] = from->seen_us[i];
        to->rows_ms[i] = from->rows_ms[i];
    }
}

/* ---- in the record of a batch ------------------------------------------------------ */

static void set_time(sm_json *o, const char *key, int64_t us)
{
    if (us != SM_OPS_NO_TIME)
        sm_json_set_int(o, key, us);
}

sm_json *sm_watermarks_json(const sm_watermarks *w, const sm_plan_flow *p, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *rows = sm_json_object(a);

    set_time(o, "late", w->late_us);
    set_time(o, "final", w->final_us);
    set_time(o, "next", w->next_us);
    for (size_t i = 0; i < p->n_stages; i++)
        if (p->stages[i].kind == SM_STAGE_WATERMARK && w->rows_ms[i] > 0)
            sm_json_set_sv(rows, p->stages[i].name, sm_json_int(a, w->rows_ms[i]));
    if (sm_json_len(rows) > 0)
        sm_json_set(o, "rows", rows);
    return o;
}

void sm_watermarks_read(sm_watermarks *w, const sm_plan_flow *p, const sm_json *o)
{
    const sm_json *rows = sm_json_get(o, "rows");

    w->late_us = sm_json_get_int(o, "late", SM_OPS_NO_TIME);
    w->final_us = sm_json_get_int(o, "final", SM_OPS_NO_TIME);
    w->next_us = sm_json_get_int(o, "next", SM_OPS_NO_TIME);
    for (size_t i = 0; i < p->n_stages; i++)
        w->rows_ms[i] = sm_json_int_value(sm_json_get_by(rows, p->stages[i].name));
}
