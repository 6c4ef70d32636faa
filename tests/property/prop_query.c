/* SPDX-License-Identifier: Apache-2.0 */
/* prop_query.c -- the query of a case. */
#include "tests/property/prop.h"

/* The mode of what has `final` groups, or has none. */
static void draw_mode(prop_case *c, bool can_append)
{
    c->mode = can_append && prop_chance(c, 50) ? SM_STAGE_APPEND
              : prop_chance(c, 60)             ? SM_STAGE_UPDATE
                                               : SM_STAGE_COMPLETE;
}

static void draw_grouping(prop_case *c)
{
    prop_rel r = prop_source(c, false);

    c->mode = SM_STAGE_UPDATE;
    prop_group(c, &r);
}

static void draw_chain(prop_case *c)
{
    prop_rel r = prop_base(c, 0);

    c->mode = r.watermarked ? SM_STAGE_APPEND : SM_STAGE_UPDATE;
    r = prop_source(c, true);
    if (!r.watermarked) {
        c->mode = SM_STAGE_UPDATE;
    } else if (prop_chance(c, 70)) {
        r = prop_inner_group(c, &r);
        if (prop_chance(c, 15))
            r = prop_inner_group(c, &r);
    }
    prop_group(c, &r);
}

static void draw_over_join(prop_case *c)
{
    prop_rel r = prop_base(c, 0);

    c->mode = r.watermarked && prop_chance(c, 60) ? SM_STAGE_APPEND : SM_STAGE_UPDATE;
    r = prop_join(c, false);
    prop_group(c, &r);
}

static void draw_session(prop_case *c)
{
    prop_rel r = prop_source(c, false);

    if (r.repeats)
        r = prop_base(c, 0);
    c->mode = r.watermarked && prop_chance(c, 75) ? SM_STAGE_APPEND : SM_STAGE_COMPLETE;
    prop_session(c, &r);
}

static void draw_join(prop_case *c)
{
    prop_rel r = prop_join(c, true);

    c->mode = SM_STAGE_APPEND;
    c->smelt = r.smelt;
    c->oracle = r.oracle;
}

static void draw_distinct(prop_case *c)
{
    static const char *const lists[] = { "k, g", "k", "upper(k) AS u, b", "g % 2 AS p, k, b" };
    prop_rel r = prop_source(c, false);
    const char *list = PROP_ONE(c, lists), *late = "true", *from = r.oracle;
    bool timed = prop_chance(c, 60), window = prop_chance(c, 40);

    draw_mode(c, timed && r.watermarked);
    if (!timed) {
        c->smelt = prop_text(c, "%sSELECT DISTINCT %s FROM %s", r.with_smelt, list, r.smelt);
    } else if (window) {
        c->smelt = prop_text(c, "%sSELECT DISTINCT window(%s, '7 seconds') AS w, %s FROM %s",
                             r.with_smelt, r.time, list, r.smelt);
        from = prop_windows(c, &r, 7000000, 7000000, 0);
        late = prop_on_time(c, &r, "epoch_us(_w_.\"end\")");
        list = prop_text(c, "_w_ AS w, %s", list);
    } else {
        list = prop_text(c, "%s AS t, %s", r.time, list);
        c->smelt = prop_text(c, "%sSELECT DISTINCT %s FROM %s", r.with_smelt, list, r.smelt);
        late = prop_on_time(c, &r, prop_text(c, "epoch_us(%s)", r.time));
        if (c->mode == SM_STAGE_APPEND) /* F5: NULL is never final */
            late = prop_text(c, "%s AND %s IS NOT NULL", late, r.time);
    }
    c->oracle = prop_text(c, "%sSELECT DISTINCT %s FROM %s WHERE %s", r.with_oracle, list, from,
                          c->mode == SM_STAGE_COMPLETE ? "true" : late);
}

/* UNION, which leaves one of each. */
static void draw_union(prop_case *c)
{
    prop_rel x = prop_base(c, 0), y = prop_base(c, 1);
    bool timed = x.watermarked && y.watermarked;
    const char *late = prop_on_time(c, &x, "epoch_us(ts)");

    draw_mode(c, timed);
    if (c->mode == SM_STAGE_COMPLETE || !timed)
        late = "true";
    if (c->mode == SM_STAGE_APPEND) {
        late = prop_text(c, "%s AND ts IS NOT NULL", late);
        c->final = "epoch_us(ts)";
    }
    c->smelt =
        prop_text(c, "SELECT ts, k, v FROM %s UNION SELECT ts, k, g FROM %s", x.smelt, y.smelt);
    c->oracle =
        prop_text(c, "SELECT ts, k, v FROM %s WHERE %s UNION SELECT ts, k, g FROM %s WHERE %s",
                  x.oracle, late, y.oracle, late);
}

static void draw_limit(prop_case *c)
{
    prop_rel r = prop_source(c, false);
    const char *list = "id, k, v";

    c->mode = SM_STAGE_APPEND;
    c->limit = (int64_t)prop_below(c, 25);
    if (r.watermarked && prop_chance(c, 40)) {
        r = prop_inner_group(c, &r);
        list = "iw, k, v, c";
    }
    c->oracle = prop_text(c, "%sSELECT %s FROM %s", r.with_oracle, list, r.oracle);
    c->smelt = prop_text(c, "%sSELECT %s FROM %s LIMIT %lld", r.with_smelt, list, r.smelt,
                         (long long)c->limit);
}

/* deduplicate of the result. */
static void draw_dedup(prop_case *c)
{
    static const sm_sv names[] = { SM_SV_LIT("k"), SM_SV_LIT("x"), SM_SV_LIT("tm") };
    static const char *const lists[] = { "k", "k, x", "k, x, tm" };
    prop_rel r = prop_base(c, 0);
    sm_cut_deduplicate *d = SM_NEW(c->a, sm_cut_deduplicate);
    const char *list = "lower(k) AS k, g % 2 AS x, id, ts AS tm", *where;
    size_t n = 1 + prop_below(c, 3);
    prop_model *m = prop_add_model(c, PROP_DEDUP);

    c->mode = prop_chance(c, 50) ? SM_STAGE_APPEND : SM_STAGE_UPDATE;
    where = prop_chance(c, 40) ? " WHERE v > 0" : "";
    m->rows = prop_text(c, "SELECT %s, _i, _b, _late FROM %s%s", list, r.oracle, where);
    m->keys = lists[n - 1];
    m->within = r.watermarked && prop_chance(c, 50);
    m->timed = r.watermarked && n == 3;
    m->delay = r.delay;
    if (r.watermarked)
        m->time = "tm";
    *d = (sm_cut_deduplicate){ names, n, m->within, { 0 } };
    c->dedup = d;
    c->smelt = prop_text(c, "SELECT %s FROM %s%s", list, r.smelt, where);
    c->oracle =
        prop_text(c, "SELECT k, x, id, tm FROM (%s) WHERE _i IN (FROM %s)", m->rows, m->table);
}

void prop_draw_query(prop_case *c)
{
    static void (*const draw[])(prop_case *) = {
        draw_grouping, draw_grouping,    draw_grouping, draw_grouping, draw_chain,
        draw_chain,    draw_chain,       draw_session,  draw_session,  draw_join,
        draw_join,     draw_over_join,   draw_distinct, draw_limit,    draw_dedup,
        draw_union,    prop_join_groups, prop_chain,
    };

    c->limit = -1;
    c->greatest = prop_chance(c, 15);
    draw[prop_below(c, sizeof draw / sizeof *draw)](c);
}
