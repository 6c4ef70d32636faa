/* SPDX-License-Identifier: Apache-2.0 */
/* prop_group.c -- groupings: keys, aggregates, HAVING, in both languages. */
#include "tests/property/prop.h"

#include <string.h>

enum { PLAIN = 0, NEEDS_ID = 1, NEEDS_ORDER = 2 };

typedef struct aggregate {
    const char *smelt, *oracle; /* oracle NULL: the same */
    int needs;
} aggregate;

static const aggregate aggregates[] = {
    { "count(*)", NULL, PLAIN },
    { "count(v)", NULL, PLAIN },
    { "sum(v)", NULL, PLAIN },
    { "sum(d)", NULL, PLAIN },
    { "sum(m)", NULL, PLAIN },
    { "avg(v)", NULL, PLAIN },
    { "avg(d)", NULL, PLAIN },
    { "mean(m)", NULL, PLAIN },
    { "min(k)", NULL, PLAIN },
    { "max(v)", NULL, PLAIN },
    { "min(d)", NULL, PLAIN },
    { "max(m)", NULL, PLAIN },
    { "bool_and(b)", NULL, PLAIN },
    { "bool_or(b)", NULL, PLAIN },
    { "bit_xor(g)", NULL, PLAIN },
    { "bit_or(g)", NULL, PLAIN },
    { "count_if(v > 5)", NULL, PLAIN },
    { "sum(v * g)", NULL, PLAIN },
    { "max(length(k))", NULL, PLAIN },
    { "count(*) FILTER (WHERE v > 10)", NULL, PLAIN },
    { "sum(v) FILTER (WHERE b)", NULL, PLAIN },
    { "avg(d) FILTER (WHERE k = 'a')", NULL, PLAIN },
    { "max(k) FILTER (WHERE NOT b)", NULL, PLAIN },
    { "count(DISTINCT k)", NULL, PLAIN },
    { "count(DISTINCT v)", NULL, PLAIN },
    { "sum(DISTINCT g)", NULL, PLAIN },
    { "max(DISTINCT v)", NULL, PLAIN },
    { "count(DISTINCT k) FILTER (WHERE b)", NULL, PLAIN },
    { "median(v)", NULL, PLAIN },
    { "quantile_cont(d, 0.25)", NULL, PLAIN },
    { "stddev_samp(d)", NULL, PLAIN },
    { "var_pop(v)", NULL, PLAIN },
    { "approx_count_distinct(v)", NULL, PLAIN },
    { "list(v ORDER BY v)", NULL, PLAIN },
    { "list(DISTINCT g ORDER BY g)", NULL, PLAIN },
    { "string_agg(k, ',' ORDER BY k)", NULL, PLAIN },
    { "max(v, 2)", NULL, PLAIN },
    { "histogram(g)", NULL, PLAIN },
    { "sum(v) / nullif(count(*), 0)", NULL, PLAIN },
    { "coalesce(sum(v), 0) + count(*)", NULL, PLAIN },
    { "max(v) - min(v)", NULL, PLAIN },
    { "CASE WHEN count(*) > 2 THEN max(k) ELSE min(k) END", NULL, PLAIN },
    { "{'n': count(*), 's': sum(v)}", NULL, PLAIN },
    { "first(v ORDER BY id)", NULL, NEEDS_ID },
    { "list(v ORDER BY id DESC)", NULL, NEEDS_ID },
    { "string_agg(k, '|' ORDER BY id)", NULL, NEEDS_ID },
    { "arg_max(k, id)", NULL, NEEDS_ID },
    { "arg_min(d, id)", NULL, NEEDS_ID },
    { "max_by(v, id) FILTER (WHERE g > 0)", NULL, NEEDS_ID },
    { "arg_max(k, id, 2)", NULL, NEEDS_ID },
    { "first(v)", "first(v ORDER BY _i)", NEEDS_ORDER },
    { "last(k)", "last(k ORDER BY _i)", NEEDS_ORDER },
    { "any_value(v)", "any_value(v ORDER BY _i)", NEEDS_ORDER },
    { "first(d) FILTER (WHERE b)", "first(d ORDER BY _i) FILTER (WHERE b)", NEEDS_ORDER },
    { "last(v) FILTER (WHERE v > 0)", "last(v ORDER BY _i) FILTER (WHERE v > 0)", NEEDS_ORDER },
    { "any_value(d) FILTER (WHERE b)", "any_value(d ORDER BY _i) FILTER (WHERE b)", NEEDS_ORDER },
};

static const char *const keys[] = {
    "k", "g", "upper(k)", "g % 2", "coalesce(k, '-')", "b", "v > 0"
};
static const char *const havings[] = { "count(*) > 1", "sum(v) > 10", "max(v) IS NOT NULL",
                                       "count(DISTINCT k) < 3", "n > 1" };

/* A grouping that is being drawn. */
typedef struct group {
    const prop_rel *r;
    const char *time_smelt, *time_oracle; /* the key with event time; NULL: none */
    const char *from;                     /* of the oracle */
    const char *sets; /* "ROLLUP (", "CUBE (", around the keys but for the time; NULL: none */
    size_t n_sets;
    const char *late, *on_time; /* conditions: what comes out; what is not late */
    const char *keys[3];
    size_t n_keys;
    bool sliding, session;
} group;

/* ---- the key with event time ---------------------------------------------------------- */

static void draw_window(prop_case *c, group *g)
{
    static const int64_t sizes[] = { 1, 5, 10, 7, 60 };
    int64_t size = sizes[prop_below(c, 5)], slide = size, start = 0;
    const prop_rel *r = g->r;
    const char *on = r->time;

    if (prop_chance(c, 35)) {
        slide = 1 + (int64_t)prop_below(c, (size_t)size);
        g->sliding = slide < size;
        start = prop_chance(c, 40) ? (int64_t)prop_below(c, (size_t)slide) : 0;
    }
    if (r->window)
        on = prop_text(c, "window_time(%s)", r->time);
    if (start > 0)
        g->time_smelt = prop_text(c, "window(%s, '%lld seconds', '%lld seconds', '%lld seconds')",
                                  on, (long long)size, (long long)slide, (long long)start);
    else if (slide != size)
        g->time_smelt = prop_text(c, "window(%s, '%lld seconds', INTERVAL %lld SECONDS)", on,
                                  (long long)size, (long long)slide);
    else
        g->time_smelt = prop_text(c, "window(%s, '%lld seconds')", on, (long long)size);
    g->from = prop_windows(c, r, size * 1000000, slide * 1000000, start * 1000000);
    g->time_oracle = "_w_";
    g->late = g->on_time = prop_on_time(c, r, "epoch_us(_w_.\"end\")");
}

static void draw_raw(prop_case *c, group *g)
{
    const prop_rel *r = g->r;
    bool end = r->window && prop_chance(c, 50);

    g->time_smelt = g->time_oracle = end ? prop_text(c, "%s.\"end\"", r->time) : r->time;
    g->late = g->on_time = prop_on_time(c, r, prop_text(c, "epoch_us(%s)", g->time_oracle));
    if (c->mode == SM_STAGE_APPEND) /* D5: it is never final */
        g->late = prop_text(c, "%s AND %s IS NOT NULL", g->late, r->time);
}

static void draw_time(prop_case *c, group *g)
{
    bool needed = c->mode == SM_STAGE_APPEND;

    g->from = g->r->oracle;
    g->late = "true";
    if (!needed && prop_chance(c, 50))
        return;
    if (prop_chance(c, 75))
        draw_window(c, g);
    else
        draw_raw(c, g);
    if (c->mode == SM_STAGE_COMPLETE) /* D7 */
        g->late = "true";
}

/* ---- the rest ---------------------------------------------------------------------------- */

static void draw_keys(prop_case *c, group *g)
{
    size_t n = prop_below(c, 4), first = prop_below(c, sizeof keys / sizeof *keys);

    if (n == 3)
        n = 1;
    for (size_t i = 0; i < n; i++)
        g->keys[g->n_keys++] = keys[(first + i) % (sizeof keys / sizeof *keys)];
}

/* any_value() leaves the choice open, and so do deduplicate, where nothing above asks for an order,
 * and sessions that become one: then there is no one answer to compare with. */
static bool is_open(const prop_case *c, const group *g, const aggregate *a)
{
    bool open = g->session;

    for (size_t i = 0; i < PROP_STREAMS; i++)
        open |= c->streams[i].used && c->streams[i].dedup != NULL;
    return open && strncmp(a->smelt, "any_value", strlen("any_value")) == 0;
}

static const aggregate *draw_aggregate(prop_case *c, const group *g)
{
    static const aggregate instead = { "max(v)", NULL, PLAIN };
    const aggregate *a;

    do {
        a = &aggregates[prop_below(c, sizeof aggregates / sizeof *aggregates)];
    } while ((a->needs == NEEDS_ID && !g->r->has_id) ||
             (a->needs == NEEDS_ORDER && !g->r->ordered));
    return is_open(c, g, a) ? &instead : a;
}

/* Groupings of several sets, the time in each. */
static void draw_sets(prop_case *c, group *g)
{
    bool cube = prop_chance(c, 50);

    g->n_sets = 1;
    if (!g->time_smelt || g->n_keys == 0 || c->mode == SM_STAGE_UPDATE || prop_chance(c, 75))
        return;
    g->sets = cube ? "CUBE (" : "ROLLUP (";
    g->n_sets = cube ? (size_t)1 << g->n_keys : g->n_keys + 1;
}

/* How the keys are named behind GROUP BY: 0 as they are, 1 by their names, 2 by place, 3 ALL. */
static const char *group_by(prop_case *c, const group *g, int how)
{
    const char *out = how == 3 ? " GROUP BY ALL" : "";
    size_t at = 0;

    if (g->time_smelt && how != 3)
        out = how == 1   ? " GROUP BY w"
              : how == 2 ? prop_text(c, " GROUP BY %zu", ++at)
                         : prop_text(c, " GROUP BY %s", g->time_smelt);
    for (size_t i = 0; i < g->n_keys && how != 3; i++) {
        const char *comma = out[0] ? ", " : " GROUP BY ";

        if (g->sets && i == 0)
            comma = prop_text(c, "%s%s", comma, g->sets);
        out = how == 1   ? prop_text(c, "%s%sk%zu", out, comma, i)
              : how == 2 ? prop_text(c, "%s%s%zu", out, comma, ++at)
                         : prop_text(c, "%s%s%s", out, comma, g->keys[i]);
    }
    return g->sets ? prop_text(c, "%s)", out) : out;
}

static const char *oracle_group_by(prop_case *c, const group *g)
{
    const char *out = g->time_oracle ? prop_text(c, " GROUP BY %s", g->time_oracle) : "";

    for (size_t i = 0; i < g->n_keys; i++)
        out = prop_text(c, "%s%s%s%s", out, out[0] ? ", " : " GROUP BY ",
                        g->sets && i == 0 ? g->sets : "", g->keys[i]);
    return g->sets ? prop_text(c, "%s)", out) : out;
}

/* The select list; a key may be left out where nothing needs it. */
static void draw_list(prop_case *c, const group *g, bool whole, const char **smelt,
                      const char **oracle)
{
    *smelt = *oracle = "";
    if (g->time_smelt) {
        *smelt = prop_text(c, "%s AS w, ", g->time_smelt);
        *oracle = prop_text(c, "%s AS w, ", g->time_oracle);
    }
    for (size_t i = 0; i < g->n_keys; i++) {
        const char *item = prop_text(c, "%s AS k%zu, ", g->keys[i], i);

        if (!whole && prop_chance(c, 10))
            item = prop_text(c, "concat('<', %s, '>') AS k%zu, ", g->keys[i], i);
        *smelt = prop_text(c, "%s%s", *smelt, item);
        *oracle = prop_text(c, "%s%s", *oracle, item);
    }
    for (size_t n = prop_below(c, 4), i = 0; i < n; i++) {
        const aggregate *a = draw_aggregate(c, g);

        *smelt = prop_text(c, "%s%s AS a%zu, ", *smelt, a->smelt, i);
        *oracle = prop_text(c, "%s%s AS a%zu, ", *oracle, a->oracle ? a->oracle : a->smelt, i);
    }
    if (g->sets) {
        *smelt = prop_text(c, "%sgrouping(%s) AS grp, ", *smelt, g->keys[0]);
        *oracle = prop_text(c, "%sgrouping(%s) AS grp, ", *oracle, g->keys[0]);
    }
    *smelt = prop_text(c, "%scount(*) AS n", *smelt);
    *oracle = prop_text(c, "%scount(*) AS n", *oracle);
}

static const char *draw_order(prop_case *c, const group *g, bool whole)
{
    if (c->mode != SM_STAGE_COMPLETE || !whole || g->sets ||
        g->n_keys + (g->time_smelt != NULL) == 0 || prop_chance(c, 60))
        return "";
    return prop_text(c, " ORDER BY %s%s%s%s LIMIT %zu", g->time_smelt ? "w" : "",
                     g->time_smelt && g->n_keys > 0 ? ", " : "", g->n_keys > 0 ? "k0" : "",
                     g->n_keys > 1 ? ", k1" : "", 1 + prop_below(c, 8));
}

/* The key is a window, not a TIMESTAMP. */
static bool is_struct_key(const group *g)
{
    return g->time_oracle[0] == '_' || (g->r->window && g->time_oracle == g->r->time);
}

void prop_group(prop_case *c, prop_rel *r)
{
    group g = { .r = r };
    const char *smelt, *oracle, *having = "", *order;
    bool whole;
    int how;

    if (c->mode == SM_STAGE_UPDATE && r->watermarked && !r->final && r->lag == 0 &&
        prop_chance(c, 45))
        c->mode = SM_STAGE_APPEND;
    else if (c->mode == SM_STAGE_UPDATE && prop_chance(c, 30) && r->lag == 0 && r->delay >= 0 &&
             !c->joined && !c->streams[1].used)
        c->mode = SM_STAGE_COMPLETE;
    draw_time(c, &g);
    if (g.sliding) /* rows of a batch come in any order out of their windows */
        r->ordered = false;
    draw_keys(c, &g);
    whole = c->mode == SM_STAGE_UPDATE || prop_chance(c, 70);
    draw_sets(c, &g);
    how = whole ? (int)prop_below(c, g.sets ? 3 : 4) : 0;
    draw_list(c, &g, whole, &smelt, &oracle);
    if (prop_chance(c, 25))
        having = prop_text(c, " HAVING %s", PROP_ONE(c, havings));
    order = draw_order(c, &g, whole);
    if (g.time_smelt && r->watermarked && !r->final && r->lag == 0 && c->mode != SM_STAGE_COMPLETE)
        c->late = prop_text(c, "%sSELECT count(*) * %zu FROM %s WHERE NOT (%s)", r->with_oracle,
                            g.n_sets, g.from, g.on_time);
    if (c->mode == SM_STAGE_APPEND && r->lag == 0)
        c->final = is_struct_key(&g) ? "epoch_us(w.\"end\")" : "epoch_us(w)";
    c->smelt =
        prop_text(c, "%sSELECT %s FROM %s%s%s%s", r->with_smelt, smelt, r->smelt,
                  group_by(c, &g, g.n_keys + (g.time_smelt != NULL) == 0 ? 0 : how), having, order);
    c->oracle = prop_text(c, "%sSELECT %s FROM %s WHERE %s%s%s%s", r->with_oracle, oracle, g.from,
                          g.late, oracle_group_by(c, &g), having, order);
}

prop_rel prop_inner_group(prop_case *c, const prop_rel *r)
{
    static const char *const key_lists[] = { "k, ", "k, g, ", "g, ", "" };
    group g = { .r = r };
    const char *list = PROP_ONE(c, key_lists);
    bool has_k = list[0] == 'k', has_g = list[0] == 'g' || (has_k && list[3] == 'g');
    const char *rest = prop_text(c,
                                 "%s%ssum(v) AS v, avg(d) AS d, max(m) AS m, bool_or(b) AS b, "
                                 "count(*) AS c",
                                 has_k ? "" : "max(k) AS k, ", has_g ? "" : "min(g) AS g, ");
    prop_rel out = *r;
    const char *by = list[0] ? prop_text(c, ", %s",
                                         has_k && has_g ? "k, g"
                                         : has_k        ? "k"
                                                        : "g")
                             : "";

    draw_time(c, &g);
    out.smelt = prop_text(c, "(%sSELECT %s AS iw, %s%s FROM %s GROUP BY %s%s) AS i", r->with_smelt,
                          g.time_smelt, list, rest, r->smelt, g.time_smelt, by);
    out.oracle =
        prop_text(c, "(%sSELECT %s AS iw, %s%s FROM %s WHERE %s GROUP BY %s%s) AS i",
                  r->with_oracle, g.time_oracle, list, rest, g.from, g.late, g.time_oracle, by);
    out.with_smelt = out.with_oracle = "";
    out.time = "iw";
    out.window = is_struct_key(&g);
    out.final = true;
    out.ordered = out.has_id = false;
    return out;
}

/* ---- sessions ---------------------------------------------------------------------------- */

void prop_session(prop_case *c, prop_rel *r)
{
    static const char *const gaps[][2] = {
        { "'5 seconds'", "INTERVAL 5 SECONDS" },
        { "INTERVAL 3 SECONDS", "INTERVAL 3 SECONDS" },
        { "to_seconds(g * 2)", "to_seconds(g * 2)" },
    };
    size_t gap = prop_below(c, 3);
    prop_model *m = prop_add_model(c, PROP_SESSION);
    const char *key = prop_chance(c, 60) ? "k" : "g", *smelt, *oracle;
    group g = { .r = r, .keys = { key }, .n_keys = 1, .session = true };
    bool own = prop_chance(c, 30);

    if (r->with_oracle[0] != '\0') { /* the model reads its rows alone */
        m->rows = prop_text(c, "%sSELECT * FROM %s", r->with_oracle, r->oracle);
    } else {
        m->rows = prop_text(c, "SELECT * FROM %s", r->oracle);
    }
    m->keys = key;
    m->time = r->time;
    m->gap = gaps[gap][1];
    m->endless = c->mode == SM_STAGE_COMPLETE || !r->watermarked;
    draw_list(c, &g, true, &smelt, &oracle);
    if (own)
        c->smelt = prop_text(c,
                             "%sSELECT %s, s AS w FROM (SELECT *, session_window(%s, %s) AS s FROM "
                             "%s) AS o GROUP BY %s, s",
                             r->with_smelt, smelt, r->time, gaps[gap][0], r->smelt, key);
    else
        c->smelt = prop_text(c, "%sSELECT %s, session_window(%s, %s) AS w FROM %s GROUP BY %s, w",
                             r->with_smelt, smelt, r->time, gaps[gap][0], r->smelt, key);
    c->oracle = prop_text(c,
                          "%sSELECT %s, {'start': make_timestamp(_from), 'end': "
                          "make_timestamp(_to)} AS w FROM (SELECT x.*, _s, _from, _to FROM (SELECT "
                          "* FROM %s) AS x JOIN %s USING (_i)) GROUP BY %s, _s, _from, _to",
                          r->with_oracle, oracle, r->oracle, m->table, key);
}
