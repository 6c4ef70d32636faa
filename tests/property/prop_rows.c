/* SPDX-License-Identifier: Apache-2.0 */
/* prop_rows.c -- the rows of both streams: NULLs in every column, times before 1970, ties, rows
 * that come late; cut into batches, of which some are empty. */
#include "tests/property/prop.h"

typedef struct drawing {
    int64_t base, step; /* seconds: event time of the first batch, of the next ones */
    int64_t spread;     /* how far rows of one batch lie apart */
    bool fine;          /* times have parts of a second */
} drawing;

static void add_value(prop_case *c, sm_buf *b, const char *fmt, int64_t v)
{
    sm_buf_adds(b, ", ");
    if (prop_chance(c, 8))
        sm_buf_adds(b, "NULL");
    else
        sm_buf_addf(b, fmt, (long long)v);
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

static void add_row(prop_case *c, const drawing *d, int stream, int batch, int64_t place, sm_buf *b)
{
    static const char *const texts[] = { "'a'", "'b'", "'c'", "'B'", "''", "'\xc3\xa9'", "NULL" };
    static const char *const bools[] = { "true", "false", "true", "false", "NULL" };

    sm_buf_addf(b, "(%lld, %d, %lld", (long long)place, batch,
                (long long)(stream * 1000 + (place * 37) % 997));
    add_value(c, b, "make_timestamp(%lld)", draw_time(c, d, batch));
    sm_buf_addf(b, ", %s", PROP_ONE(c, texts));
    add_value(c, b, "%lld", (int64_t)prop_below(c, 4));
    add_value(c, b, "%lld", (int64_t)prop_below(c, 40) - 10);
    add_value(c, b, "%lld / 8.0", (int64_t)prop_below(c, 4000) - 1000);
    add_value(c, b, "%lld / 100.0", (int64_t)prop_below(c, 90000) - 5000);
    sm_buf_addf(b, ", %s)", PROP_ONE(c, bools));
}

static size_t draw_count(prop_case *c)
{
    if (prop_chance(c, 15))
        return 0;
    return prop_chance(c, 15) ? 10 + prop_below(c, 30) : 1 + prop_below(c, 8);
}

/* The values of one stream; the places of both in the order of arrival interlock. */
static void draw_stream(prop_case *c, const drawing *d, int stream, sm_buf *b)
{
    int64_t place = stream;

    for (int batch = 0; batch < c->n_data; batch++) {
        for (size_t n = draw_count(c); n > 0; n--) {
            if (c->streams[stream].rows++ > 0)
                sm_buf_adds(b, ", ");
            add_row(c, d, stream, batch, place, b);
            place += PROP_STREAMS;
        }
        place += 200;
    }
    if (c->streams[stream].rows == 0) {
        add_row(c, d, stream, 0, place, b);
        c->streams[stream].rows = 1;
    }
}

void prop_draw_rows(prop_case *c, prop_world *w)
{
    drawing d = { .base = prop_chance(c, 50) ? -40 : (int64_t)prop_below(c, 100000),
                  .step = 1 + (int64_t)prop_below(c, 12),
                  .spread = 1 + (int64_t)prop_below(c, 20),
                  .fine = prop_chance(c, 30) };
    sm_buf b;

    c->n_data = 1 + (int)prop_below(c, PROP_DATA);
    for (int i = 0; i < PROP_STREAMS; i++) {
        sm_buf_init(&b, 1024 * 1024);
        sm_buf_addf(&b,
                    "CREATE OR REPLACE TABLE raw%c AS SELECT _i, _b, id::INTEGER AS id, "
                    "ts::TIMESTAMP AS ts, k::VARCHAR AS k, g::INTEGER AS g, v::INTEGER AS v, "
                    "d::DOUBLE AS d, m::DECIMAL(12,2) AS m, b::BOOLEAN AS b FROM (VALUES ",
                    'a' + i);
        draw_stream(c, &d, i, &b);
        sm_buf_adds(&b, ") AS t(_i, _b, id, ts, k, g, v, d, m, b)");
        prop_exec(w->oracle, b.ptr);
        sm_buf_release(&b);
    }
}
