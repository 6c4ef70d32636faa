/* SPDX-License-Identifier: Apache-2.0 */
/* store_trim.c -- what is too old is dropped, a little at a time.
 *
 * A pipeline that runs every minute writes half a million runs a year.  Each call drops at most
 * `limit` rows in one short transaction, so that it never stands in the way of a batch, and
 * the caller calls again when it has time.
 *
 * Rows go child before parent, so that no single statement cascades into millions of rows:
 * a run goes when its events and flows are gone, an old generation's files before itself. */
#include "runtime/store/store_int.h"

/* Each takes ?1 pipeline, ?2 before, ?3 keep, ?4 limit. */
typedef struct trim_rule {
    const char *sql;
    int64_t (*keep)(const sm_trim *t);
    int64_t (*before)(const sm_trim *t);
} trim_rule;

static int64_t before_of_idle(const sm_trim *t)
{
    return t->idle_before_ms;
}

static int64_t before_of_live(const sm_trim *t)
{
    return t->live_before_ms;
}

static int64_t before_of_batches(const sm_trim *t)
{
    return t->live_before_ms > t->before_ms ? t->live_before_ms : t->before_ms;
}

static int64_t before_of_all(const sm_trim *t)
{
    return t->before_ms;
}

static int64_t keep_idle(const sm_trim *t)
{
    return t->keep_idle;
}

static int64_t keep_nothing(const sm_trim *t)
{
    (void)t;
    return 0;
}

static int64_t keep_runs(const sm_trim *t)
{
    return t->keep_runs;
}

static int64_t keep_batches(const sm_trim *t)
{
    return t->keep_batches;
}

/* The newest number that may go: below the kept ones. */
#define LAST_OLD_RUN "(select max(number) - ?3 from runs where pipeline_id = ?1)"

/* A run of a trigger that found nothing: what it says is said by the one before, too. */
#define IDLE_RUN                                                                                   \
    "r.pipeline_id = ?1 and r.ended_ms > 0 and r.ended_ms < ?2 and r.number <= " LAST_OLD_RUN      \
    " and r.state = 'completed' and r.warnings = 0 "                                               \
    "and r.cause in ('interval', 'schedule', 'catchup', 'file_arrival', 'table_updated') "         \
    "and not exists (select 1 from batches b where b.run_id = r.id) "

/* The one that goes on: its newest event stays, whose number the next one follows. */
#define LIVE_RUN                                                                                   \
    "(select id from runs where pipeline_id = ?1 and ended_ms = 0 order by id desc limit 1)"

/* Rows are numbered as time goes, so none behind the first that is young needs to be looked at. */
#define OLD_BATCH                                                                                  \
    "b.id < coalesce((select id from batches where done_ms >= ?2 order by id limit 1), "           \
    "9223372036854775807) "

static const trim_rule rules[] = {
    { "delete from events where id in (select e.id from runs r join events e on e.run_id = r.id "
      "where " IDLE_RUN "limit ?4)",
      keep_idle, before_of_idle },
    { "delete from runs where id in (select r.id from runs r where " IDLE_RUN
      "and not exists (select 1 from events e where e.run_id = r.id) limit ?4)",
      keep_idle, before_of_idle },
    { "delete from events where id in (select e.id from events e join runs r on r.id = e.run_id "
      "where r.pipeline_id = ?1 and r.ended_ms > 0 and r.ended_ms < ?2 "
      "and r.number <= " LAST_OLD_RUN " order by e.id limit ?4)",
      keep_runs, before_of_all },
    { "delete from events where id in (select id from (select id, time_ms from events "
      "where run_id = " LIVE_RUN " order by id limit ?4) where time_ms < ?2 and ?3 = 0 "
      "and id < (select max(id) from events where run_id = " LIVE_RUN "))",
      keep_nothing, before_of_live },
    { "delete from events where id in (select id from events where pipeline_id = ?1 "
      "and run_id is null and time_ms < ?2 and ?3 = 0 order by id limit ?4)",
      keep_nothing, before_of_all },
    { "delete from runs where id in (select r.id from runs r where r.pipeline_id = ?1 "
      "and r.ended_ms > 0 and r.ended_ms < ?2 and r.number <= " LAST_OLD_RUN
      " and not exists (select 1 from events e where e.run_id = r.id) order by r.id limit ?4)",
      keep_runs, before_of_all },
    { "delete from batches where id in (select b.id from batches b "
      "cross join generations g on g.id = b.generation_id "
      "where " OLD_BATCH "and g.pipeline_id = ?1 and b.state = 'done' and b.done_ms < ?2 "
      "and b.n <= (select max(n) - max(?3, 1) from batches where generation_id = g.id) "
      "and b.n < (select max(n) from batches where generation_id = g.id and state = 'done') "
      "and not exists (select 1 from batch_targets t where t.batch_id = b.id and "
      "(select count(*) from (select 1 from batch_targets u where "
      "u.generation_id = t.generation_id and u.target = t.target and u.n > t.n limit 2)) < 2) "
      "order by b.id limit ?4)",
      keep_batches, before_of_batches },
    { "delete from source_files where (generation_id, source, seq) in "
      "(select f.generation_id, f.source, f.seq from generations g "
      "join source_files f on f.generation_id = g.id where g.pipeline_id = ?1 "
      "and g.state in ('old', 'dropped') and g.ended_ms < ?2 and ?3 = 0 limit ?4)",
      keep_nothing, before_of_all },
};

static sm_code apply_rule(sm_store *s, const sm_owner *o, const trim_rule *rule, const sm_trim *t,
                          int64_t limit, int64_t *dropped, sm_error *err)
{
    return sm_store__run(s, rule->sql,
                         SM_STORE__ARGS(sm_store__int(o->pipeline), sm_store__int(rule->before(t)),
                                        sm_store__int(rule->keep(t)), sm_store__int(limit)),
                         dropped, err);
}

sm_code sm_store_trim(sm_store *s, const sm_owner *o, const sm_trim *t, int64_t limit,
                      int64_t *dropped, sm_error *err)
{
    sm_code rc;

    *dropped = 0;
    if ((rc = sm_store__begin(s, o, SM_STORE__ORDERED, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && rc == SM_OK && *dropped < limit; i++) {
        int64_t n = 0;

        rc = apply_rule(s, o, &rules[i], t, limit - *dropped, &n, err);
        *dropped += n;
    }
    return sm_store__end(s, rc, err);
}
