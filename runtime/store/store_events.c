/* SPDX-License-Identifier: Apache-2.0 */
/* store_events.c -- events as rows: append, list.
 *
 * Levels are stored as numbers, so that "warn and above" is one comparison.  `seq` counts
 * within a run and lives in the run's row: an event and its number are one transaction. */
#include "runtime/store/store_int.h"

#include "runtime/base/clock.h"

static const char *const level_names[] = {
    [SM_EVENT_DEBUG] = "debug",
    [SM_EVENT_INFO] = "info",
    [SM_EVENT_WARN] = "warn",
    [SM_EVENT_ERROR] = "error",
};

const char *sm_event_level_name(sm_event_level level)
{
    return level_names[level];
}

sm_code sm_event_level_parse(sm_sv name, sm_event_level *out, sm_error *err)
{
    if (sm_sv_eq(name, SM_SV("warning")))
        name = SM_SV("warn");
    for (int i = SM_EVENT_DEBUG; i <= SM_EVENT_ERROR; i++) {
        if (sm_sv_eq(name, sm_sv_cstr(level_names[i]))) {
            *out = (sm_event_level)i;
            return SM_OK;
        }
    }
    return sm_fail(err, SM_E_INVALID, 0,
                   "event level \"%.*s\" is not one of debug, info, warn, error", SM_SV_ARG(name));
}

/* ---- append ---- */

static sm_code next_seq(sm_store *s, const sm_owner *o, int64_t run, int64_t *seq, sm_error *err)
{
    sm_code rc = sm_store__number(s,
                                  "update runs set event_seq = event_seq + 1 "
                                  "where id = ? and pipeline_id = ? returning event_seq",
                                  SM_STORE__ARGS(sm_store__int(run), sm_store__int(o->pipeline)), 0,
                                  seq, err);

    if (rc == SM_OK && *seq == 0)
        rc = sm_fail(err, SM_E_INVALID, 0, "this pipeline has no run with id %lld", (long long)run);
    return rc;
}

static sm_code insert_event(sm_store *s, const sm_owner *o, const sm_event_rec *e, int64_t seq,
                            sm_arena *a, int64_t *id, sm_error *err)
{
    return sm_store__number(
        s,
        "insert into events (pipeline_id, run_id, seq, time_ms, level, type, dataset, flow, "
        "batch, message, details) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
        SM_STORE__ARGS(
            sm_store__int(o->pipeline), sm_store__id_or_null(e->run), sm_store__int(seq),
            sm_store__int(e->time_ms ? e->time_ms : sm_clock_now_ms()),
            sm_store__int((int64_t)e->level), sm_store__text(e->type),
            sm_store__text_or_null(e->dataset), sm_store__text_or_null(e->flow),
            e->batch >= 0 ? sm_store__int(e->batch) : sm_store__id_or_null(0),
            sm_store__text(sm_store__fit_message(e->message, SM_STORE_TEXT_MAX, a)),
            sm_store__text_or_null(sm_store__fit_details(e->details, SM_STORE_TEXT_MAX, a))),
        0, id, err);
}

static sm_code put_event(sm_store *s, const sm_owner *o, const sm_event_rec *e, int64_t *id,
                         sm_error *err)
{
    sm_arena *a = NULL;
    int64_t seq = 0;
    sm_code rc;

    if (e->run > 0 && (rc = next_seq(s, o, e->run, &seq, err)) != SM_OK)
        return rc;
    a = sm_arena_new("store event");
    rc = insert_event(s, o, e, seq, a, id, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_store__put_events(sm_store *s, const sm_owner *o, const sm_event_rec *events, size_t n,
                             int64_t *last, sm_error *err)
{
    int64_t id = 0;
    sm_code rc;

    for (size_t i = 0; i < n; i++) {
        if ((rc = put_event(s, o, &events[i], &id, err)) != SM_OK)
            return rc;
    }
    if (last)
        *last = id;
    return SM_OK;
}

sm_code sm_store_events_append(sm_store *s, const sm_owner *o, const sm_event_rec *events, size_t n,
                               int64_t *last, sm_error *err)
{
    sm_code rc;

    if (last)
        *last = 0;
    if (n == 0)
        return SM_OK;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    rc = sm_store__put_events(s, o, events, n, last, err);
    return sm_store__end(s, rc, err);
}

/* ---- list ---- */

/* One text per index that serves the filter, oldest and newest first.  `?1` … are the same in
 * all of them; what a filter does not ask for is 0 or ''. */
#define EVENT_COLUMNS                                                                              \
    "select id, pipeline_id, run_id, seq, time_ms, level, type, dataset, flow, batch, "            \
    "message, details from events where id > ?1 and id < ?2 and level >= ?3 "
#define EVENT_FILTER                                                                               \
    "and (?4 = 0 or pipeline_id = ?4) and (?7 = '' or flow = ?7) and (?8 = '' or type = ?8) "
#define EVENT_RUN_ANY     "and (?5 = 0 or run_id = ?5) "
#define EVENT_DATASET_ANY "and (?6 = '' or dataset = ?6) "
#define EVENT_SQL(more)   EVENT_COLUMNS EVENT_FILTER more

typedef struct event_query {
    const char *oldest_first, *newest_first;
} event_query;

#define EVENT_QUERY(more)                                                                          \
    {                                                                                              \
        .oldest_first = EVENT_SQL(more) "order by id limit ?9",                                    \
        .newest_first = EVENT_SQL(more) "order by id desc limit ?9",                               \
    }

static const event_query by_run = EVENT_QUERY("and run_id = ?5 " EVENT_DATASET_ANY);
static const event_query by_dataset = EVENT_QUERY("and dataset = ?6 " EVENT_RUN_ANY);
static const event_query by_id = EVENT_QUERY(EVENT_RUN_ANY EVENT_DATASET_ANY);

static sm_code read_event(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_event_rec *)record = (sm_event_rec){
        .id = sm_store__col_int(stmt, 0, 0),
        .pipeline = sm_store__col_int(stmt, 1, 0),
        .run = sm_store__col_int(stmt, 2, 0),
        .seq = sm_store__col_int(stmt, 3, 0),
        .time_ms = sm_store__col_int(stmt, 4, 0),
        .level = (sm_event_level)sm_store__col_int(stmt, 5, SM_EVENT_INFO),
        .type = sm_store__col_text(stmt, 6, a),
        .dataset = sm_store__col_text(stmt, 7, a),
        .flow = sm_store__col_text(stmt, 8, a),
        .batch = sm_store__col_int(stmt, 9, -1),
        .message = sm_store__col_text(stmt, 10, a),
        .details = sm_store__col_text(stmt, 11, a),
    };
    return SM_OK;
}

static void reverse(sm_event_rec *list, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        sm_event_rec e = list[i];

        list[i] = list[n - 1 - i];
        list[n - 1 - i] = e;
    }
}

sm_code sm_store_events_list(sm_store *s, const sm_event_filter *f, sm_arena *a, sm_event_rec **out,
                             size_t *n, sm_error *err)
{
    const event_query *e = f->run > 0 ? &by_run : f->dataset.len ? &by_dataset : &by_id;
    size_t limit = f->limit == 0 ? 1000 : f->limit > 10000 ? 10000 : f->limit;
    int64_t before = f->before_id > 0 ? f->before_id : INT64_MAX;
    sm_store__query q = {
        .sql = f->newest ? e->newest_first : e->oldest_first,
        SM_STORE__WITH(sm_store__int(f->after_id), sm_store__int(before),
                       sm_store__int((int64_t)f->least_level), sm_store__int(f->pipeline),
                       sm_store__int(f->run), sm_store__text(f->dataset), sm_store__text(f->flow),
                       sm_store__text(f->type), sm_store__int((int64_t)limit)),
        .read = read_event,
        .size = sizeof(sm_event_rec),
    };
    sm_store__rows rows;
    sm_code rc = sm_store__rows_of(s, &q, a, &rows, err);

    *out = rows.list;
    *n = rows.n;
    if (f->newest)
        reverse(*out, *n);
    return rc;
}

sm_code sm_store_events_last(sm_store *s, int64_t *out, sm_error *err)
{
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    rc = sm_store__number(s, "select max(id) from events", NULL, 0, 0, out, err);
    return sm_store__end(s, rc, err);
}
