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

static size_t count_name(sm_sv text, sm_sv name)
{
    size_t n = 0;

    for (ptrdiff_t at; (at = sm_sv_find(text, name)) >= 0; n++)
        text = sm_sv_sub(text, (size_t)at + name.len, text.len);
    return n;
}

/* How often the stages above and the result name a relation. */
static size_t count_reads(const cutter *c, size_t stage, sm_sv name, const sm_cut *out)
{
    size_t n = count_name(out->sql, name) + count_name(out->touched, name);

    for (size_t i = stage; i < c->n; i++) {
        const sm_stage *s = &c->stages[i];

        n += count_name(s->rows, name) + count_name(s->left.rows, name) +
             count_name(s->right.rows, name);
    }
    return n;
}

static void mark_read_once(cutter *c, const sm_cut *out)
{
    static const char *const parts[] = { "_lu", "_ru", "_lm" };

    for (size_t i = 0; i < c->n; i++) {
        sm_stage *s = &c->stages[i];

        s->read_once = s->kind == SM_STAGE_JOIN || count_reads(c, i, s->relation, out) < 2;
        for (size_t k = 0; s->kind == SM_STAGE_JOIN && k < sizeof parts / sizeof parts[0]; k++)
            s->read_once &=
                count_reads(c, i, sm_arena_printf(c->a, "%.*s%s", SM_SV_ARG(s->relation), parts[k]),
                            out) < 2;
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
    if (out->mode == SM_STAGE_UPDATE && !sm_cut__over(c)) {
        if (c->stages[result->flow.stage].n_keys == 0)
            out->mode = SM_STAGE_COMPLETE; /* one row, put in place of the one before */
        else
            find_keys(c, result, out);
    }
    mark_read_once(c, out);
}
