/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_finish.c -- the whole of a cut: the last SELECT, the keys of an update, fingerprints. */
#include <stdio.h>

#include "pipelines/sql/sql_cut_int.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

static bool has_grouping(const cutter *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->stages[i].kind == SM_STAGE_AGGREGATE || c->stages[i].kind == SM_STAGE_SESSION)
            return true;
    }
    return false;
}

static bool has_memory(const cutter *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (sm_stage_remembers(&c->stages[i]))
            return true;
    }
    return false;
}

/* Which columns of the result are which keys of the grouping that is updated. */
static void find_keys(cutter *c, const cut_part *result, sm_cut *out)
{
    const sm_stage *s = &c->stages[result->flow.stage];
    sm_sv *names = SM_NEW_N(c->a, sm_sv, s->n_keys + 1);
    sm_buf b;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&b, "SELECT ");
    for (size_t k = 0; k < s->n_keys; k++) {
        const cut_tag *found = NULL;

        for (size_t i = 0; i < result->flow.tags.n && !found; i++) {
            if (result->flow.tags.items[i].key == (int)k)
                found = &result->flow.tags.items[i];
        }
        if (!found) {
            sm_cut__refuse(c, "SM0537", NULL,
                           "output mode update needs the key \"%.*s\" in the "
                           "result",
                           SM_SV_ARG(s->labels[k]));
            sm_cut__hint(c, "Rows are updated by the columns of GROUP BY; add it to the SELECT.");
            break;
        }
        names[k] = found->name;
        sm_buf_addf(&b, "%s", k > 0 ? ", " : "");
        sm_buf_add(&b, sm_cut__expression(c, c->result_keys[k]));
        sm_buf_adds(&b, " AS ");
        sm_sql_ident(&b, found->name);
    }
    sm_buf_addf(&b, " FROM %.*s", SM_SV_ARG(s->relation));
    out->merge_keys = names;
    out->n_merge_keys = s->n_keys;
    out->touched = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
}

static void hash_number(sm_hash *h, int64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)number);
    sm_hash_add(h, sm_sv_cstr(text));
}

static void hash_side(sm_hash *h, const sm_stage_side *side)
{
    sm_hash_add(h, side->final_by);
    hash_number(h, side->preserved);
    sm_hash_add(h, SM_SV("by origin")); /* what the columns of an era are called */
}

/* What is remembered by: not which rows come, nor what is made of it afterwards, nor the types:
 * sm_stage_goes_on() judges those. */
static sm_sv fingerprint(cutter *c, const sm_stage *s)
{
    sm_hash *h = sm_hash_new();

    sm_hash_add(h, sm_sv_cstr(sm_cut__kind_names[s->kind]));
    sm_hash_add(h, s->fingerprint); /* what its own maker says */
    sm_hash_add(h, s->final_by);
    hash_number(h, s->mode);
    hash_number(h, s->keeps_rows && s->ordered);
    hash_number(h, s->whole.len > 0 ? -1 : (int64_t)s->n_keys);
    for (size_t i = 0; i < s->n_partials; i++) {
        sm_hash_add(h, s->partials[i].fold);
        sm_hash_add(h, s->partials[i].merge);
    }
    for (size_t i = 0; s->whole.len == 0 && i < s->n_columns; i++)
        sm_hash_add(h, s->columns[i]);
    if (s->kind == SM_STAGE_JOIN) {
        hash_number(h, s->join);
        hash_side(h, &s->left);
        hash_side(h, &s->right);
    }
    return sm_hash_hex(h, c->a);
}

/* What depends on the order in which rows come asks for it below. */
static void mark_ordered(cutter *c)
{
    bool needed = false;

    for (size_t i = c->n; i-- > 0;) {
        sm_stage *s = &c->stages[i];

        if (s->kind == SM_STAGE_WATERMARK || s->kind == SM_STAGE_DEDUP)
            s->ordered = needed;
        needed |= s->kind == SM_STAGE_DEDUP || s->kind == SM_STAGE_LIMIT || s->ordered;
    }
}

void sm_cut__finish(cutter *c, const cut_part *result, sm_cut *out)
{
    sm_schema schema;

    *out = (sm_cut){ .mode = c->in->mode };
    if (c->in->mode == SM_STAGE_UPDATE && !has_grouping(c))
        out->mode = SM_STAGE_APPEND; /* the same rows */
    if (c->in->mode == SM_STAGE_COMPLETE && !has_grouping(c)) {
        sm_cut__refuse(c, "SM0531", NULL, "output mode complete needs an aggregate");
        sm_cut__hint(c, "Without one the whole result would be every row that ever came; use "
                        "append.");
    }
    if (!has_memory(c) || sm_cut__over(c))
        return;
    out->sql = sm_cut__bind(c, NULL, result->node, &schema);
    mark_ordered(c);
    for (size_t i = 0; i < c->n; i++)
        c->stages[i].fingerprint = fingerprint(c, &c->stages[i]);
    out->stages = c->stages;
    out->n_stages = c->n;
    if (out->mode != SM_STAGE_UPDATE || sm_cut__over(c))
        return;
    if (c->stages[result->flow.stage].n_keys == 0)
        out->mode = SM_STAGE_COMPLETE; /* one row, put in place of the one before */
    else
        find_keys(c, result, out);
}
