/* SPDX-License-Identifier: Apache-2.0 */
/* prop_model.c -- the rules of streaming once more, small, from semantics alone.
 *
 *     marks      A2 A3   a batch is late by the mark that evicted in the batch before, and evicts
 *                        by the mark that batches before it made
 *                B1-B3   greatest time of all rows that were read, in whole ms, less the delay
 *                B11 R6  of two the least (or the greatest), once both have one; it never falls
 *                B13     another process keeps the mark, and nothing of the two
 *     duplicates I1-I3 J1-J3    sessions   H1-H3 */
#include "tests/property/prop.h"

#include <stdlib.h>

/* ---- marks and batches ------------------------------------------------------------- */

typedef struct marks {
    int64_t seen[PROP_STREAMS];
    int64_t rows[PROP_STREAMS]; /* when the last ones came; PROP_NONE: there was no batch */
    int64_t global, final;
    int64_t now;
} marks;

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void forget(marks *m)
{
    for (int i = 0; i < PROP_STREAMS; i++)
        m->seen[i] = PROP_NONE;
}

/* The greatest time of these rows in whole milliseconds, without those too far in the future. */
static int64_t greatest_time(const prop_stream *s, int data, int64_t now)
{
    int64_t most = PROP_NONE, rest;

    for (size_t i = 0; i < s->rows; i++) {
        if (s->batches[i] == data && s->times[i] != PROP_NONE &&
            (s->future < 0 || s->times[i] <= now + s->future))
            most = later(most, s->times[i]);
    }
    rest = most % 1000;
    return most == PROP_NONE ? most : most - (rest < 0 ? rest + 1000 : rest);
}

static bool has_rows(const prop_stream *s, int data)
{
    for (size_t i = 0; i < s->rows; i++) {
        if (s->batches[i] == data)
            return true;
    }
    return false;
}

/* The mark as it is now: a stream that is idle holds nobody back. */
static int64_t mark_now(const prop_case *c, const marks *m)
{
    int64_t mark = PROP_NONE;
    bool any = false;

    for (int i = 0; i < PROP_STREAMS; i++) {
        const prop_stream *s = &c->streams[i];

        if (!s->used || !s->marked ||
            (!c->greatest && s->idle > 0 && m->rows[i] != PROP_NONE &&
             m->now - m->rows[i] > s->idle))
            continue;
        if (!any)
            mark = m->seen[i];
        else
            mark = c->greatest == (m->seen[i] > mark) ? m->seen[i] : mark;
        any = true;
    }
    return later(m->global, mark);
}

static void observe(const prop_case *c, marks *m, int data)
{
    for (int i = 0; i < PROP_STREAMS; i++) {
        const prop_stream *s = &c->streams[i];
        int64_t t = s->used && s->marked ? greatest_time(s, data, m->now) : PROP_NONE;

        if (t != PROP_NONE)
            m->seen[i] = later(m->seen[i], t - s->delay);
        if (m->rows[i] == PROP_NONE || has_rows(s, data))
            m->rows[i] = m->now;
    }
    m->global = mark_now(c, m);
}

static void add_step(prop_case *c, marks *m, int data)
{
    prop_step *s = &c->steps[c->n_steps++];

    *s = (prop_step){ .data = data,
                      .restart = c->n_steps > 1 && prop_chance(c, 25),
                      .lost = prop_chance(c, 12),
                      .time = m->now,
                      .late = m->final };
    s->crash = s->lost && c->n_steps > 1 && prop_chance(c, 50);
    if (s->restart)
        forget(m);
    s->lost_final = mark_now(c, m);
    if (s->crash)
        forget(m);
    s->final = m->final = m->global = mark_now(c, m);
    observe(c, m, data);
}

/* Each row with the mark by which it may be late. */
static void make_rows(prop_case *c, prop_world *w)
{
    sm_buf late, b;

    sm_buf_init(&late, 10000);
    for (size_t k = 0; k < c->n_steps; k++) {
        const prop_step *s = &c->steps[k];

        if (s->data >= 0 && s->late != PROP_NONE)
            sm_buf_addf(&late, "%s%lld", late.len > 0 ? ", " : "", (long long)s->late);
        else if (s->data >= 0)
            sm_buf_addf(&late, "%sNULL", late.len > 0 ? ", " : "");
    }
    for (int i = 0; i < PROP_STREAMS; i++) {
        if (!c->streams[i].used)
            continue;
        sm_buf_init(&b, 1024 * 1024);
        sm_buf_addf(&b,
                    "CREATE OR REPLACE TABLE r%c AS SELECT *, ('[%s]'::BIGINT[])[_b + 1] AS _w, %s "
                    "AS _late FROM (%s)",
                    'a' + i, late.ptr, c->streams[i].marked ? "_w" : "NULL::BIGINT",
                    c->streams[i].values);
        prop_exec(w->oracle, b.ptr);
        sm_buf_release(&b);
    }
    sm_buf_release(&late);
}

void prop_draw_life(prop_case *c, prop_world *w)
{
    bool follows = prop_chance(c, 70);
    marks m = { .global = PROP_NONE, .final = PROP_NONE, .now = 1000000 };

    forget(&m);
    for (int i = 0; i < PROP_STREAMS; i++)
        m.rows[i] = PROP_NONE;
    for (int i = 0; i < c->n_data; i++) {
        m.now = later(m.now, c->base + c->pace * i) + (int64_t)prop_below(c, 3) * 1000000;
        add_step(c, &m, i);
        if (m.global > m.final && (follows || prop_chance(c, 20)))
            add_step(c, &m, -1);
        if (prop_chance(c, 10)) {
            m.now += 30000000; /* nothing comes for a while */
            if (mark_now(c, &m) > m.final)
                add_step(c, &m, -1);
        }
    }
    make_rows(c, w);
    m.global = PROP_END; /* everything is final at last, and nothing comes out twice */
    add_step(c, &m, -1);
    if (prop_chance(c, 30))
        add_step(c, &m, -1);
}

/* ---- duplicates and sessions --------------------------------------------------------- */

typedef struct row {
    int64_t i, late, time, end;
    int batch;
    char *key;
    bool has_time;
    size_t session;
} row;

typedef struct session {
    size_t into; /* itself, or the one that it became a part of */
    int64_t from, to;
    bool over;
    const char *key;
} session;

static bool same_key(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static size_t load_rows(prop_case *c, prop_world *w, const prop_model *m, row **out)
{
    const char *sql =
        prop_text(c,
                  "SELECT _i, _b, _late, epoch_us(%s) AS t, epoch_us(%s + %s) AS e, "
                  "CAST(row(0, %s) AS VARCHAR) AS k FROM (%s) ORDER BY _b, _i",
                  m->time, m->time, m->gap ? m->gap : "INTERVAL 0 SECONDS", m->keys, m->rows);
    size_t n = 0;
    sm_rows *rows;
    sm_error err;

    *out = sm_xcalloc(4096, sizeof **out);
    prop_check(sm_session_query(w->oracle, sm_sv_cstr(sql), &rows, &err), &err, sql);
    while (sm_rows_next(rows) && n < 4096) {
        bool timed = !sm_rows_null(rows, 3);

        (*out)[n++] = (row){ .i = sm_rows_int64(rows, 0),
                             .batch = (int)sm_rows_int64(rows, 1),
                             .late = sm_rows_null(rows, 2) ? PROP_NONE : sm_rows_int64(rows, 2),
                             .has_time = timed && (!m->gap || !sm_rows_null(rows, 4)),
                             .time = timed ? sm_rows_int64(rows, 3) : 0,
                             .end = sm_rows_int64(rows, 4),
                             .key = (char *)sm_arena_dup(c->a, sm_rows_sv(rows, 5)).ptr };
    }
    sm_rows_free(rows);
    return n;
}

/* I1 to I3, J1 to J3; a key dies at the end of a batch.  `kept` are the rows so far, of which
 * `forgets` is what their keys die by. */
static bool is_duplicate(const row *kept, const int64_t *forgets, size_t n, const row *r)
{
    for (size_t i = 0; i < n; i++) {
        if (same_key(kept[i].key, r->key) &&
            (kept[i].batch == r->batch || forgets[i] == PROP_NONE || r->late == PROP_NONE ||
             forgets[i] > r->late))
            return true;
    }
    return false;
}

static void run_dedup(prop_case *c, prop_world *w, const prop_model *m)
{
    row *rows, *kept = sm_xcalloc(4096, sizeof *kept);
    int64_t *forgets = sm_xcalloc(4096, sizeof *forgets);
    size_t n = load_rows(c, w, m, &rows), n_kept = 0;
    sm_buf b;

    sm_buf_init(&b, 1024 * 1024);
    sm_buf_addf(&b, "CREATE OR REPLACE TABLE %s AS SELECT unnest([-1", m->table);
    for (size_t i = 0; i < n; i++) {
        const row *r = &rows[i];

        if (r->has_time && r->late != PROP_NONE && r->time <= r->late)
            continue;
        if (is_duplicate(kept, forgets, n_kept, r))
            continue;
        forgets[n_kept] = m->within                 ? r->time + m->delay
                          : m->timed && r->has_time ? r->time
                                                    : PROP_NONE;
        kept[n_kept++] = *r;
        sm_buf_addf(&b, ", %lld", (long long)r->i);
    }
    sm_buf_adds(&b, "]) AS _i");
    prop_exec(w->oracle, b.ptr);
    sm_buf_release(&b);
    free(rows);
    free(kept);
    free(forgets);
}

static size_t root(const session *s, size_t i)
{
    while (s[i].into != i)
        i = s[i].into;
    return i;
}

/* H1: a row and all sessions of its key that it touches become one. */
static size_t glue(session *s, size_t n, const row *r)
{
    s[n] = (session){ .into = n, .from = r->time, .to = r->end, .key = r->key };
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < n; i++) {
            if (s[i].into != i || s[i].over || !same_key(s[i].key, r->key) || s[i].from > s[n].to ||
                s[n].from > s[i].to)
                continue;
            s[n].from = s[i].from < s[n].from ? s[i].from : s[n].from;
            s[n].to = later(s[i].to, s[n].to);
            s[i].into = n;
            again = true;
        }
    }
    return n;
}

static void end_sessions(session *s, size_t n, int64_t final)
{
    for (size_t i = 0; i < n; i++)
        s[i].over |= s[i].into == i && final != PROP_NONE && s[i].to <= final;
}

static void run_sessions(prop_case *c, prop_world *w, const prop_model *m)
{
    row *rows;
    session *s = sm_xcalloc(4096, sizeof *s);
    size_t n = load_rows(c, w, m, &rows), at = 0, ns = 0;
    sm_buf b;

    for (size_t k = 0; k < c->n_steps; k++) {
        for (; at < n && rows[at].batch == c->steps[k].data; at++) {
            row *r = &rows[at];

            r->session = SIZE_MAX;
            if (r->has_time && r->end > r->time &&
                (m->endless || r->late == PROP_NONE || r->end > r->late))
                r->session = glue(s, ns++, r);
        }
        if (!m->endless)
            end_sessions(s, ns, c->steps[k].final);
    }
    sm_buf_init(&b, 1024 * 1024);
    sm_buf_addf(&b,
                "CREATE OR REPLACE TABLE %s AS SELECT * FROM (VALUES (-1::BIGINT, -1::BIGINT, "
                "0::BIGINT, 0::BIGINT)",
                m->table);
    for (size_t i = 0; i < n; i++) {
        size_t at_root = rows[i].session == SIZE_MAX ? 0 : root(s, rows[i].session);

        if (rows[i].session != SIZE_MAX)
            sm_buf_addf(&b, ", (%lld, %zu, %lld, %lld)", (long long)rows[i].i, at_root,
                        (long long)s[at_root].from, (long long)s[at_root].to);
    }
    sm_buf_adds(&b, ") AS t(_i, _s, _from, _to)");
    prop_exec(w->oracle, b.ptr);
    sm_buf_release(&b);
    free(rows);
    free(s);
}

void prop_run_models(prop_case *c, prop_world *w)
{
    for (size_t i = 0; i < c->n_models; i++) {
        if (c->models[i].kind == PROP_DEDUP)
            run_dedup(c, w, &c->models[i]);
        else
            run_sessions(c, w, &c->models[i]);
    }
}
