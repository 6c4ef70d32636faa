/* SPDX-License-Identifier: Apache-2.0 */
/* prop_source.c -- what a query reads: a stream, what deduplicate leaves of it, projections and
 * filters below it, both streams together, a join with a table, a join of both. */
#include "tests/property/prop.h"

static const char *const predicates[] = {
    "v > 3", "k IS NOT NULL", "b", "d < 100 OR d IS NULL", "k IN ('a', 'b')", "g % 2 = 0", "m > 0",
};

prop_model *prop_add_model(prop_case *c, prop_kind kind)
{
    prop_model *m = &c->models[c->n_models];

    *m = (prop_model){ .kind = kind,
                       .table = prop_text(c, "model_%zu", c->n_models),
                       .time = "NULL::TIMESTAMP" };
    c->n_models++;
    return m;
}

/* Only the first row of each key, for all who read the stream. */
static void draw_stream_dedup(prop_case *c, int stream)
{
    static const sm_sv names[] = { SM_SV_LIT("k"), SM_SV_LIT("g"), SM_SV_LIT("ts") };
    static const char *const lists[] = { "k", "k, g", "k, g, ts" };
    prop_stream *s = &c->streams[stream];
    sm_cut_deduplicate *d = SM_NEW(c->a, sm_cut_deduplicate);
    prop_model *m = prop_add_model(c, PROP_DEDUP);
    size_t n = 1 + prop_below(c, 3);

    m->rows = prop_text(c, "FROM r%c", 'a' + stream);
    m->keys = lists[n - 1];
    m->within = s->marked && prop_chance(c, 50);
    m->timed = s->marked && n == 3;
    m->delay = s->delay;
    if (s->marked)
        m->time = "ts";
    *d = (sm_cut_deduplicate){ names, n, m->within, { 0 } };
    s->dedup = d;
    s->kept = m->table;
}

static void use_stream(prop_case *c, int stream)
{
    static const int64_t delays[] = { 0, 1000000, 5000000, 10500000 };
    prop_stream *s = &c->streams[stream];

    if (s->used)
        return;
    s->used = true;
    s->marked = prop_chance(c, 85);
    s->delay = s->marked ? delays[prop_below(c, 4)] : 0;
    s->idle = s->marked && prop_chance(c, 20) ? (prop_chance(c, 50) ? 2000000 : 20000000) : 0;
    s->future = s->marked && prop_chance(c, 15) ? (int64_t)prop_below(c, 3) * 2000000 : -1;
    if (c->n_models < 2 && prop_chance(c, 12))
        draw_stream_dedup(c, stream);
}

prop_rel prop_base(prop_case *c, int stream)
{
    const prop_stream *s = &c->streams[stream];
    prop_rel r = {
        .with_smelt = "", .with_oracle = "", .time = "ts", .ordered = true, .has_id = true
    };

    use_stream(c, stream);
    r.watermarked = s->marked;
    r.delay = s->delay;
    r.smelt = prop_text(c, prop_chance(c, 50) ? "STREAM(%c)" : "STREAM %c", 'a' + stream);
    r.oracle = s->kept ? prop_text(c, "(FROM r%c WHERE _i IN (FROM %s)) AS %c", 'a' + stream,
                                   s->kept, 'a' + stream)
                       : prop_text(c, "r%c AS %c", 'a' + stream, 'a' + stream);
    return r;
}

/* SELECT … FROM r [WHERE …] as a subquery, or as a CTE. */
static prop_rel with_select(prop_case *c, prop_rel r, const char *list, const char *where)
{
    bool cte = r.with_smelt[0] == '\0' && prop_chance(c, 30);
    const char *smelt = prop_text(c, "SELECT %s FROM %s%s", list, r.smelt, where);
    const char *oracle =
        prop_text(c, "SELECT %s, _i, _b, _late, _w FROM %s%s", list, r.oracle, where);

    if (cte) {
        r.with_smelt = prop_text(c, "WITH q AS (%s) ", smelt);
        r.with_oracle = prop_text(c, "WITH q AS (%s) ", oracle);
        r.smelt = r.oracle = "q";
    } else {
        r.smelt = prop_text(c, "(%s) AS q", smelt);
        r.oracle = prop_text(c, "(%s) AS q", oracle);
    }
    return r;
}

static const char *draw_where(prop_case *c)
{
    return prop_chance(c, 50) ? "" : prop_text(c, " WHERE %s", PROP_ONE(c, predicates));
}

static prop_rel projected(prop_case *c, prop_rel r)
{
    static const char *const lists[] = {
        "ts AS tm, id, k, g, v + 1 AS v, d, m, b",
        "id, lower(k) AS k, coalesce(g, -1) AS g, v, d / 2 AS d, m, NOT b AS b, ts AS tm",
        "ts AS tm, id, CASE WHEN v > 0 THEN k ELSE 'n' END AS k, g, v * v AS v, d, m, v > 5 AS b",
        "ts AS tm, id, k, g, v, d, m, b",
    };
    prop_rel out = with_select(c, r, PROP_ONE(c, lists), draw_where(c));

    out.time = "tm";
    return out;
}

/* DuckDB's * in the query of all rows has our columns as well. */
static prop_rel starred(prop_case *c, prop_rel r)
{
    static const char *const lists[] = { "*", "* REPLACE (v + 1 AS v)",
                                         "* REPLACE (upper(k) AS k)" };
    const char *list = PROP_ONE(c, lists), *where = draw_where(c);

    r.smelt = prop_text(c, "(SELECT %s FROM %s%s) AS q", list, r.smelt, where);
    r.oracle = prop_text(c, "(SELECT %s FROM %s%s) AS q", list, r.oracle, where);
    return r;
}

static prop_rel unnested(prop_case *c, prop_rel r)
{
    r = with_select(c, r, "ts, id, k, g, unnest([v, v + 1]) AS v, d, m, b", draw_where(c));
    r.has_id = r.ordered = false;
    r.repeats = true;
    return r;
}

static prop_rel both(prop_case *c, prop_rel x)
{
    prop_rel y = prop_base(c, 1);
    const char *list = "ts, id, k, g, v, d, m, b";
    const char *wx = draw_where(c), *wy = draw_where(c);

    y.smelt = prop_text(c, "(SELECT %s FROM %s%s UNION ALL SELECT %s FROM %s%s) AS u", list,
                        x.smelt, wx, list, y.smelt, wy);
    y.oracle =
        prop_text(c,
                  "(SELECT %s, _i, _b, _late, _w FROM %s%s UNION ALL SELECT %s, _i, _b, _late, "
                  "_w FROM %s%s) AS u",
                  list, x.oracle, wx, list, y.oracle, wy);
    y.watermarked &= x.watermarked;
    y.ordered = false;
    return y;
}

static prop_rel beside_table(prop_case *c, prop_rel r)
{
    const char *kind = prop_chance(c, 50) ? "LEFT " : "";
    const char *list =
        "s.ts, s.id, coalesce(dim.label, s.k) AS k, s.g, s.v + coalesce(dim.x, 0) AS "
        "v, s.d, s.m, s.b";

    r.smelt = prop_text(c, "(SELECT %s FROM %s AS s %sJOIN dim ON s.g = dim.g) AS q", list, r.smelt,
                        kind);
    r.oracle = prop_text(c,
                         "(SELECT %s, _i, _b, _late, _w FROM (FROM %s) AS s %sJOIN dim ON s.g = "
                         "dim.g) AS q",
                         list, r.oracle, kind);
    r.ordered = false;
    return r;
}

prop_rel prop_source(prop_case *c, bool joins)
{
    prop_rel r;

    if (joins && prop_chance(c, 15))
        return prop_join(c, false);
    r = prop_base(c, 0);
    switch (prop_below(c, 8)) {
    case 0:
    case 1:
        return projected(c, r);
    case 2:
        return starred(c, r);
    case 3:
        return both(c, r);
    case 4:
        return beside_table(c, r);
    case 5:
        return unnested(c, r);
    default:
        return r;
    }
}

/* ---- late, in windows ---------------------------------------------------------------- */

const char *prop_on_time(prop_case *c, const prop_rel *r, const char *end)
{
    if (!r->watermarked || r->final)
        return "true";
    return prop_text(c, "(_late IS NULL OR %s IS NULL OR %s > _late - %lld)", end, end,
                     (long long)r->lag);
}

const char *prop_windows(prop_case *c, const prop_rel *r, int64_t size, int64_t slide,
                         int64_t start)
{
    const char *t = r->window ? prop_text(c, "epoch_us(%s.\"end\") - 1", r->time)
                              : prop_text(c, "epoch_us(%s)", r->time);

    return prop_text(c,
                     "(SELECT *, {'start': make_timestamp(_x - _k * %lld), 'end': "
                     "make_timestamp(_x - _k * %lld + %lld)} AS _w_ FROM (SELECT *, %s AS _t, _t - "
                     "(((_t - %lld) %% %lld) + %lld) %% %lld AS _x FROM %s), range(%lld) AS s(_k) "
                     "WHERE _x - _k * %lld + %lld > _t)",
                     (long long)slide, (long long)slide, (long long)size, t, (long long)start,
                     (long long)slide, (long long)slide, (long long)slide, r->oracle,
                     (long long)((size + slide - 1) / slide), (long long)slide, (long long)size);
}

/* ---- joins of both ------------------------------------------------------------------- */

typedef struct joining {
    const char *kind;
    const char *smelt, *oracle; /* ON */
    const prop_stream *side[2];
    bool bounded[2]; /* rows of the side are forgotten */
    int64_t lag;
} joining;

static bool is_half(const joining *j)
{
    return j->kind[0] == 'S' || j->kind[0] == 'A';
}

/* K7a: equal times; a row that is late on the watermarked side can have no match. */
static void on_equal_times(prop_case *c, joining *j)
{
    bool left = j->side[0]->marked, right = j->side[1]->marked;

    j->bounded[0] = j->bounded[1] = left || right;
    j->smelt = prop_chance(c, 50) ? "l.ts = r.ts" : "l.k = r.k AND l.ts = r.ts";
    j->oracle = j->smelt;
    if (left != right)
        j->oracle = prop_text(c, "%s AND (%c._w IS NULL OR l.ts > make_timestamp(%c._w))", j->smelt,
                              left ? 'r' : 'l', left ? 'r' : 'l');
}

/* K7b, K8, K9, R8: each side waits for the other one's times, if a watermark tells of them. */
static void on_range(prop_case *c, joining *j)
{
    static const int64_t seconds[] = { 0, 1, 5, 12 };
    int64_t x = seconds[prop_below(c, 4)], y = seconds[prop_below(c, 4)];
    const char *key = prop_chance(c, 80) ? "l.k = r.k" : "l.k IS NOT DISTINCT FROM r.k";
    bool strict = prop_chance(c, 20);

    if (prop_chance(c, 70))
        j->smelt = strict ? prop_text(c,
                                      "%s AND l.ts > r.ts - INTERVAL %lld SECONDS AND r.ts + "
                                      "INTERVAL %lld SECONDS > l.ts",
                                      key, (long long)x, (long long)y)
                          : prop_text(c,
                                      "%s AND l.ts BETWEEN r.ts - INTERVAL %lld SECONDS AND r.ts + "
                                      "INTERVAL %lld SECONDS",
                                      key, (long long)x, (long long)y);
    else {
        j->smelt = prop_text(c, "%s AND l.ts >= r.ts - INTERVAL %lld SECONDS", key, (long long)x);
        strict = false;
        y = -1;
    }
    j->oracle = j->smelt;
    j->bounded[0] = j->side[1]->marked;
    j->bounded[1] = y >= 0 && j->side[0]->marked;
    for (int i = 0; i < 2; i++) {
        int64_t behind = (i == 0 ? x : y) * 1000000 + (strict ? 0 : 1000);

        if (j->bounded[i] && behind > j->lag)
            j->lag = behind;
    }
}

static void draw_condition(prop_case *c, joining *j)
{
    static const char *const more[] = { " AND l.v > 0", " AND r.b", " AND l.g = r.g",
                                        " AND l.v < r.v" };
    bool left = j->side[0]->marked, right = j->side[1]->marked;

    if ((left || right) && prop_chance(c, 30))
        on_equal_times(c, j);
    else if ((left || right) && prop_chance(c, 80))
        on_range(c, j);
    else
        j->smelt = j->oracle = prop_chance(c, 50) ? "l.k = r.k" : "r.k = l.k AND l.g = r.g";
    if (prop_chance(c, 25)) {
        const char *extra = PROP_ONE(c, more);

        j->smelt = prop_text(c, "%s%s", j->smelt, extra);
        j->oracle = prop_text(c, "%s%s", j->oracle, extra);
    }
}

static void draw_join_kind(prop_case *c, joining *j, bool inner)
{
    static const char *const kinds[] = { "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "LEFT" };

    j->kind = "INNER";
    if (inner || prop_chance(c, 40))
        return;
    j->kind = PROP_ONE(c, kinds);
    if (((j->kind[0] == 'L' || is_half(j)) && !j->bounded[0]) ||
        (j->kind[0] == 'R' && !j->bounded[1]) ||
        (j->kind[0] == 'F' && !(j->bounded[0] && j->bounded[1])))
        j->kind = "INNER";
}

/* A side: the stream, or a subquery of it; late rows of a declared mark never come (K4). */
static prop_rel draw_side(prop_case *c, int stream, char name)
{
    prop_rel r = prop_base(c, stream);
    const char *where = draw_where(c), *smelt = r.smelt;

    if (prop_chance(c, 40))
        smelt = prop_text(c, "(SELECT * FROM %s%s)", r.smelt, where);
    else
        where = "";
    r.smelt = prop_text(c, "%s AS %c", smelt, name);
    r.oracle = prop_text(c, "(SELECT * FROM (SELECT * FROM %s%s) WHERE %s) AS %c", r.oracle, where,
                         prop_on_time(c, &r, "epoch_us(ts)"), name);
    return r;
}

/* `top`: the join is what the query is about.  Else the columns have the names of a stream. */
prop_rel prop_join(prop_case *c, bool top)
{
    int second = !c->streams[1].used && prop_chance(c, 15) ? 0 : 1; /* with itself */
    prop_rel l = draw_side(c, 0, 'l'), r = draw_side(c, second, 'r'), out = l;
    joining j = { .side = { &c->streams[0], &c->streams[second] } };
    const char *list = "coalesce(l.ts, r.ts) AS x, l.id AS lid, r.id AS rid, l.k, r.k AS rk, l.ts, "
                       "r.ts AS rts, l.v + r.v AS s, upper(l.k) AS u";

    c->joined = true;
    draw_condition(c, &j);
    draw_join_kind(c, &j, c->mode != SM_STAGE_APPEND);
    if (top && is_half(&j))
        list = "l.id, l.k, l.ts, l.v * 2 AS v, l.b";
    else if (!top && is_half(&j))
        list = "l.ts, l.id, l.k, l.g, l.v, l.d, l.m, l.b";
    else if (!top)
        list = "l.ts, l.id * 10000 + coalesce(r.id, 0) AS id, l.k, r.g, r.v, l.d, r.m, l.b";
    out.smelt =
        prop_text(c, "SELECT %s FROM %s %s JOIN %s ON %s", list, l.smelt, j.kind, r.smelt, j.smelt);
    out.oracle =
        prop_text(c, "SELECT %s%s FROM %s %s JOIN %s ON %s", list,
                  top           ? ""
                  : is_half(&j) ? ", l._i, l._b, l._w AS _late, l._w"
                                : ", l._i, l._b, greatest(l._w, r._w) AS _late, NULL AS _w",
                  l.oracle, j.kind, r.oracle, j.oracle);
    if (!top) {
        out.smelt = prop_text(c, "(%s) AS j", out.smelt);
        out.oracle = prop_text(c, "(%s) AS j", out.oracle);
    }
    out.lag = j.lag;
    out.loose = !j.bounded[0];
    out.ordered = false;
    out.has_id = true;
    out.time = "ts";
    return out;
}

void prop_join_groups(prop_case *c)
{
    static const char *const kinds[] = {
        "INNER", "INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"
    };
    prop_rel x = prop_base(c, 0), y = prop_base(c, 1), l, r;
    const char *kind = PROP_ONE(c, kinds), *on, *list;
    bool half = kind[0] == 'S' || kind[0] == 'A';

    c->mode = SM_STAGE_APPEND;
    if (!x.watermarked || !y.watermarked) { /* nothing of them would ever come out */
        prop_rel j = prop_join(c, true);

        c->smelt = j.smelt;
        c->oracle = j.oracle;
        return;
    }
    l = prop_inner_group(c, &x);
    r = prop_inner_group(c, &y);
    on = l.window == r.window ? "l.iw = r.iw"
         : l.window           ? "l.iw.\"end\" = r.iw"
                              : "l.iw = r.iw.\"end\"";
    if (prop_chance(c, 50))
        on = prop_text(c, "%s AND l.k = r.k", on);
    list = half ? "l.iw, l.k, l.v, l.d, l.c"
                : "l.iw AS a, r.iw AS b, l.k, r.k AS rk, l.v, r.v AS rv, r.c";
    c->smelt = prop_text(c, "SELECT %s FROM (FROM %s) AS l %s JOIN (FROM %s) AS r ON %s", list,
                         l.smelt, kind, r.smelt, on);
    c->oracle = prop_text(c, "SELECT %s FROM (FROM %s) AS l %s JOIN (FROM %s) AS r ON %s", list,
                          l.oracle, kind, r.oracle, on);
}
