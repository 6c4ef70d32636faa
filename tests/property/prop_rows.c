/* SPDX-License-Identifier: Apache-2.0 */
/* prop_rows.c -- the rows of the streams: NULLs in every column, times before 1970, ties, rows
 * that come late; cut into batches, of which some are empty. */
#include "tests/property/prop.h"

/* Each column is one text that the engine reads as a list: an expression for each cell would cost
 * more than the rest of the case. */
enum { COLUMNS = 9 };

typedef struct drawing {
    int64_t base, step; /* seconds: event time of the first batch, of the next ones */
    int64_t spread;     /* how far rows of one batch lie apart */
    bool fine;          /* times have parts of a second */
    sm_buf columns[COLUMNS];
} drawing;

static void add(drawing *d, int column, int64_t v)
{
    sm_buf *b = &d->columns[column];

    if (v == PROP_NONE)
        sm_buf_addf(b, "%sNULL", b->len > 0 ? ", " : "");
    else
        sm_buf_addf(b, "%s%lld", b->len > 0 ? ", " : "", (long long)v);
}

static int64_t or_null(prop_case *c, int64_t v)
{
    return prop_chance(c, 8) ? PROP_NONE : v;
}

static int64_t draw_time(prop_case *c, const drawing *d, int batch)
{
    int64_t s = d->base + d->step * batch + (int64_t)prop_below(c, (size_t)d->spread);
    int64_t fine = 0;

    if (prop_chance(c, 12)) /* late, perhaps */
        s -= (int64_t)prop_below(c, (size_t)(4 * d->step + 8));
    if (d->fine && prop_chance(c, 50))
        fine = (int64_t)prop_below(c, 1000) * (prop_chance(c, 50) ? 1000 : 1001);
    return s * 1000000 + fine;
}

static void add_row(prop_case *c, drawing *d, int stream, int batch, int64_t place)
{
    prop_stream *s = &c->streams[stream];

    s->times[s->rows] = or_null(c, draw_time(c, d, batch));
    s->batches[s->rows] = batch;
    add(d, 0, place);
    add(d, 1, batch);
    add(d, 2, stream * 1000 + (place * 37) % 997);
    add(d, 3, s->times[s->rows]);
    add(d, 4, 1 + (int64_t)prop_below(c, 7));
    add(d, 5, or_null(c, (int64_t)prop_below(c, 4)));
    add(d, 6, or_null(c, (int64_t)prop_below(c, 40) - 10));
    add(d, 7, or_null(c, (int64_t)prop_below(c, 4000) - 1000));
    add(d, 8, or_null(c, (int64_t)prop_below(c, 90000) - 5000));
    s->rows++;
}

static size_t draw_count(prop_case *c)
{
    if (prop_chance(c, 15))
        return 0;
    return prop_chance(c, 15) ? 10 + prop_below(c, 30) : 1 + prop_below(c, 8);
}

/* What the numbers of a row stand for. */
static const char *values_of(prop_case *c, const drawing *d)
{
    sm_buf b;
    const char *out;

    sm_buf_init(&b, 1024 * 1024);
    sm_buf_adds(&b, "SELECT _i, _b::INTEGER AS _b, id::INTEGER AS id, make_timestamp(ts) AS ts, "
                    "(['a', 'b', 'c', 'B', '', '\xc3\xa9', NULL])[x] AS k, g::INTEGER AS g, "
                    "v::INTEGER AS v, d / 8.0 AS d, (m / 100.0)::DECIMAL(12,2) AS m, CASE WHEN "
                    "m % 5 < 2 THEN true WHEN m % 5 < 4 THEN false END AS b FROM (SELECT ");
    for (int i = 0; i < COLUMNS; i++)
        sm_buf_addf(&b, "%sunnest('[%s]'::BIGINT[])", i > 0 ? ", " : "", d->columns[i].ptr);
    sm_buf_adds(&b, ") AS t(_i, _b, id, ts, x, g, v, d, m)");
    out = sm_arena_cstr(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

/* The values of one stream; the places of all in the order of arrival interlock. */
static void draw_stream(prop_case *c, drawing *d, int stream)
{
    prop_stream *s = &c->streams[stream];
    int64_t place = stream;

    s->times = SM_NEW_N(c->a, int64_t, PROP_ROWS);
    s->batches = SM_NEW_N(c->a, int, PROP_ROWS);
    for (int i = 0; i < COLUMNS; i++)
        sm_buf_init(&d->columns[i], 100000);
    for (int batch = 0; batch < c->n_data; batch++) {
        for (size_t n = draw_count(c); n > 0; n--, place += PROP_STREAMS)
            add_row(c, d, stream, batch, place);
        place += 200 * PROP_STREAMS;
    }
    if (s->rows == 0)
        add_row(c, d, stream, 0, place);
    s->values = values_of(c, d);
    for (int i = 0; i < COLUMNS; i++)
        sm_buf_release(&d->columns[i]);
}

/* Most faults need two or three batches, and many queries find more than long lives of few. */
static int draw_batches(prop_case *c)
{
    return prop_chance(c, 70) ? 1 + (int)prop_below(c, 3) : 4 + (int)prop_below(c, PROP_DATA - 3);
}

void prop_draw_rows(prop_case *c)
{
    drawing d = { .base = prop_chance(c, 50) ? -40 : (int64_t)prop_below(c, 100000),
                  .step = 1 + (int64_t)prop_below(c, 12),
                  .spread = 1 + (int64_t)prop_below(c, 20),
                  .fine = prop_chance(c, 30) };

    c->base = d.base * 1000000;
    c->pace = d.step * 1000000;
    c->n_data = draw_batches(c);
    for (int i = 0; i < PROP_STREAMS; i++)
        if (c->streams[i].used)
            draw_stream(c, &d, i);
}
