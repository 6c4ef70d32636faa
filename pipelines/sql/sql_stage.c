/* SPDX-License-Identifier: Apache-2.0 */
/* sql_stage.c -- a stage in a sentence. */
#include "pipelines/sql/sql_stage.h"

static void add_list(sm_buf *b, const sm_sv *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(b, "%s%.*s", i > 0 ? ", " : "", SM_SV_ARG(items[i]));
}

static void add_end(sm_buf *b, const sm_stage *s, bool ends)
{
    sm_buf_adds(b, ends && s->watermarked ? ", until the watermark passes" : ", for ever");
}

static void add_grouping(sm_buf *b, const sm_stage *s)
{
    for (size_t i = 0; i < s->n_values; i++)
        sm_buf_addf(b, "%s%.*s", i > 0 ? ", " : "", SM_SV_ARG(s->values[i].text));
    if (s->n_values == 0)
        sm_buf_adds(b, "each");
    if (s->n_keys > 0) {
        sm_buf_adds(b, s->n_values > 0 ? " by " : " ");
        add_list(b, s->labels, s->n_keys);
    }
    if (s->kind == SM_STAGE_SESSION)
        sm_buf_adds(b, " and session");
    if (s->keeps_rows)
        sm_buf_adds(b, ", by keeping the rows");
    add_end(b, s, s->final_by.len > 0);
}

static void add_join(sm_buf *b, const sm_stage *s)
{
    static const char *const kinds[] = { "inner", "left", "right", "full", "semi", "anti" };

    sm_buf_addf(b, "rows of both sides of a%s %s join; left ones",
                s->join == SM_STAGE_INNER || s->join == SM_STAGE_ANTI ? "n" : "", kinds[s->join]);
    sm_buf_adds(b, s->left.final_by.len > 0 ? " until the watermark passes" : " for ever");
    sm_buf_adds(b, ", right ones");
    sm_buf_adds(b, s->right.final_by.len > 0 ? " until the watermark passes" : " for ever");
}

void sm_stage_words(const sm_stage *s, sm_buf *b)
{
    switch (s->kind) {
    case SM_STAGE_WATERMARK:
        sm_buf_addf(b, "the greatest %.*s, less %lld s", SM_SV_ARG(s->time_column),
                    (long long)(s->delay_us / 1000000));
        break;
    case SM_STAGE_AGGREGATE:
    case SM_STAGE_SESSION:
        add_grouping(b, s);
        break;
    case SM_STAGE_DEDUP:
        sm_buf_adds(b, "each ");
        add_list(b, s->columns, s->n_columns);
        add_end(b, s, s->final_by.len > 0);
        break;
    case SM_STAGE_JOIN:
        add_join(b, s);
        break;
    case SM_STAGE_LIMIT:
        sm_buf_addf(b, "how many of %lld rows came out", (long long)s->limit);
        break;
    }
}
