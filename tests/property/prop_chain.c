/* SPDX-License-Identifier: Apache-2.0 */
/* prop_chain.c -- three streams in a row: a join of two, joined with the third. */
#include "tests/property/prop.h"

typedef struct chain {
    prop_rel l, r;
    const char *kind, *on;
    bool half;
} chain;

/* The third stream.  Its rows are late by the marks of the stage, which are behind those of the
 * flow by as much as what the first join puts out (E1, K9). */
static prop_rel third(prop_case *c, int64_t lag)
{
    prop_rel r = prop_base(c, 2);

    r.lag = lag;
    r.smelt = prop_text(c, "%s AS r", r.smelt);
    r.oracle = prop_text(c, "(SELECT * FROM (FROM %s) WHERE %s) AS r", r.oracle,
                         prop_on_time(c, &r, "epoch_us(ts)"));
    return r;
}

/* A range of the times bounds both sides, so that rows may come out without a match. */
static void draw_range(prop_case *c, chain *ch)
{
    static const int64_t seconds[] = { 0, 1, 5, 12 };
    static const char *const kinds[] = {
        "INNER", "INNER", "LEFT", "RIGHT", "SEMI", "ANTI", "FULL"
    };
    int64_t x = seconds[prop_below(c, 4)], y = seconds[prop_below(c, 4)];

    ch->on = prop_text(c,
                       "l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL %lld SECONDS AND r.ts + "
                       "INTERVAL %lld SECONDS",
                       (long long)x, (long long)y);
    if (c->mode == SM_STAGE_APPEND)
        ch->kind = PROP_ONE(c, kinds);
    ch->half = ch->kind[0] == 'S' || ch->kind[0] == 'A';
    if (ch->l.loose) /* a row that met an old one may come when the third has forgotten its match */
        ch->l.oracle = prop_text(c, "(SELECT * FROM (FROM %s) WHERE %s)", ch->l.oracle,
                                 prop_on_time(c, &ch->l, "epoch_us(ts)"));
    ch->l.lag += (x > y ? x : y) * 1000000 + 1000; /* of what comes out (K9) */
}

static prop_rel join_third(prop_case *c)
{
    chain ch = { .l = prop_join(c, false), .kind = "INNER", .on = "l.k = r.k AND l.g = r.g" };
    const char *list, *own;
    prop_rel out;

    ch.r = third(c, ch.l.lag);
    if (c->streams[0].marked && c->streams[1].used && c->streams[1].marked && ch.r.watermarked &&
        prop_chance(c, 80))
        draw_range(c, &ch);
    list = ch.half
               ? "l.ts, l.id, l.k, l.g, l.v, l.d, l.m, l.b"
               : "l.ts, l.id, l.k, r.g, coalesce(l.v, 0) - coalesce(r.v, 0) AS v, l.d, r.m, l.b";
    own = ch.half ? "l._i, l._b, l._late, l._w"
                  : "l._i, l._b, greatest(l._late, r._w) AS _late, l._w";
    out = ch.l;
    out.smelt = prop_text(c, "(SELECT %s FROM (FROM %s) AS l %s JOIN %s ON %s) AS j", list,
                          ch.l.smelt, ch.kind, ch.r.smelt, ch.on);
    out.oracle = prop_text(c, "(SELECT %s, %s FROM (FROM %s) AS l %s JOIN %s ON %s) AS j", list,
                           own, ch.l.oracle, ch.kind, ch.r.oracle, ch.on);
    out.has_id = false;
    out.repeats = true;
    return out;
}

/* What the third join gives, or groups of it. */
void prop_chain(prop_case *c)
{
    bool top = prop_chance(c, 50);
    prop_rel r = prop_base(c, 0);

    c->mode = top || (r.watermarked && prop_chance(c, 60)) ? SM_STAGE_APPEND : SM_STAGE_UPDATE;
    r = join_third(c);
    if (!top) {
        prop_group(c, &r);
        return;
    }
    c->smelt = prop_text(c, "SELECT ts, id, k, g, v, d FROM %s", r.smelt);
    c->oracle = prop_text(c, "SELECT ts, id, k, g, v, d FROM %s", r.oracle);
}
