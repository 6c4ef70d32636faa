/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_judge.c -- may a grouping with these keys stand here, in this output mode? */
#include "pipelines/sql/sql_cut_int.h"

static void judge_append(cutter *c, const sm_stage *s, const cut_flow *flow, const sm_json *where,
                         const char *word, const char *code)
{
    bool timed = s->final_by.len > 0;

    if (timed && flow->watermarked)
        return;
    sm_cut__refuse(c, code, where,
                   "%s over a stream in output mode append needs event time with a "
                   "watermark among its keys",
                   word);
    sm_cut__hint(c,
                 flow->watermarked
                     ? "A group comes out once, when it is final: group by window(time, '10 "
                       "minutes') or by the column of the watermark itself; or use `output_mode: "
                       "update`, or a materialized view."
                     : "A group comes out once, when it is final, and only a watermark can tell "
                       "when: give the input `watermark: {column, delay}`; or use `output_mode: "
                       "update`, or a materialized view.");
}

static void judge_session(cutter *c, const sm_stage *s, const sm_json *where)
{
    if (s->mode == SM_STAGE_UPDATE) {
        sm_cut__refuse(c, "SM0506", where, "session windows in output mode update");
        sm_cut__hint(c, "Sessions merge, so rows that were written would have to go; use append.");
    } else if (s->n_keys == 0) {
        sm_cut__refuse(c, "SM0506", where, "session_window() needs another key beside it");
        sm_cut__hint(c, "A session belongs to something: GROUP BY user_id, session_window(…).");
    }
}

void sm_cut__judge_grouping(cutter *c, const sm_stage *s, const cut_flow *flow, cut_use use,
                            const sm_json *where, const char *word, const char *code)
{
    bool bounded = s->final_by.len > 0 && flow->watermarked;

    if (use == CUT_INNER && c->in->mode != SM_STAGE_APPEND) {
        sm_cut__refuse(c, "SM0534", where,
                       "%s below another one that remembers needs output mode "
                       "append",
                       word);
        sm_cut__hint(c, "Rows that change would have to be taken back from what is above; make the "
                        "inner one a table of its own, or use append.");
        return;
    }
    if (s->kind == SM_STAGE_SESSION)
        judge_session(c, s, where);
    if (s->mode == SM_STAGE_APPEND)
        judge_append(c, s, flow, where, word, code);
    else if (!sm_cut__over(c) && s->n_keys > 0 && !c->in->accepts_unbounded &&
             (!bounded || s->mode == SM_STAGE_COMPLETE)) {
        sm_cut__refuse(c, "SM0536", where, "%s keeps a group for each \"%.*s\" for ever", word,
                       SM_SV_ARG(s->labels[0]));
        sm_cut__hint(c,
                     "With a watermark and a window of its column among the keys, old groups are "
                     "forgotten; `unbounded_state: accepted` silences this.");
    }
}
