/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c -- rows of a quarantine are judged by the rules of today.
 *
 * It is a flow of its own, named as the quarantine, with a generation and batches like any other:
 *
 *     rows of the quarantine ──▶ judged, once, into a table of the engine
 *         pass                 ──▶ files of the table                       (append)
 *         broken again, others ──▶ files of the quarantine, all new         (overwrite)
 *
 * Both are in one manifest, so a row is in one of the two whatever happens.  The quarantine is
 * published first: a foreign commit may stand in its way, while nobody has seen the batch; the
 * append to the table never has to give way.  Whoever comes first after a crash, a run or another
 * replay, publishes what was decided.
 *
 * A row that breaks a rule again keeps its `_row_id`; its `_attempt` grows, `_rules` are the ones
 * of today.  Records that could not be decoded stay as they are. */
#include "runtime/exec/replay.h"

#include "expectations/rule.h"
#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/exec/flow_int.h"

#define JUDGED "memory.main._smelt_replay"
enum { REPLAY_MAX_ATTEMPTS = 8 };

typedef struct replay {
    sm_flow_env env;
    const sm_run_request *q;
    const sm_replay_request *what;
    sm_replay_result *out;
    sm_arena *a;
    sm_owner_lock *lock;
    const sm_plan_dataset *table;
    sm_plan_flow plan;
    sm_plan_dataset side;
    int64_t version;  /* of the quarantine, whose columns side.schema has */
    sm_schema target; /* what rows are written with */
    sm_flow_outcome outcome;
    sm_flow f;
    sm_source rows; /* the quarantine */
} replay;

/* ---- the flow ---------------------------------------------------------------------- */

static sm_code replay_engine(void *ctx, struct sm_engine **out, sm_error *err)
{
    const replay *r = ctx;

    return r->q->engine(r->q->engine_ctx, out, err);
}

static const sm_plan *replay_plan(void *ctx)
{
    return ((const replay *)ctx)->q->plan;
}

static bool replay_stopping(void *ctx)
{
    (void)ctx;
    return false;
}

static void replay_session(void *ctx, struct sm_session *s)
{
    (void)ctx;
    (void)s;
}

static sm_sv side_of(sm_arena *a, sm_sv name)
{
    return sm_arena_printf(a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(name));
}

static sm_sv folder_of(const sm_run_request *q, sm_arena *a, sm_sv path)
{
    return sm_sv_cstr(sm_path_join(a, q->storage_dir, path));
}

/* The plan may have no quarantine for the table any more: what is in the folder decides. */
static void replay_describe(replay *r, const sm_plan_dataset *table)
{
    r->table = table;
    r->side = (sm_plan_dataset){ .name = side_of(r->a, table->name),
                                 .kind = SM_DATASET_QUARANTINE,
                                 .path = side_of(r->a, table->path),
                                 .description = SM_SV(""),
                                 .known = true };
    r->plan = (sm_plan_flow){ .name = r->side.name,
                              .target = sm_plan_index(r->q->plan, table),
                              .kind = SM_FLOW_APPEND,
                              .sql = SM_SV(""),
                              .fingerprint = SM_SV("replay"),
                              .result = table->schema };
    r->outcome = (sm_flow_outcome){ .flow = &r->plan, .dataset = table->name, .version = -1 };
}

static sm_code replay_open(replay *r, sm_error *err)
{
    r->f = (sm_flow){ .env = &r->env,
                      .whole = r->q->plan,
                      .plan = &r->plan,
                      .target = r->table,
                      .side = &r->side,
                      .replays = true,
                      .out = &r->outcome };
    return sm_flow__open(&r->f, err);
}

/* The columns of the query, and behind them those that it gives no more: where table and quarantine
 * have kept one, its values are nowhere else once the row has left the quarantine. */
static sm_code find_target(replay *r, sm_error *err)
{
    const sm_schema *query = &r->table->schema;
    sm_schema has = { .n = 0 };
    int64_t version;
    sm_code rc = r->what->columns(r->what->ctx, folder_of(r->q, r->a, r->table->path), r->a, &has,
                                  &version, err);

    if (rc != SM_OK && rc != SM_E_NOT_FOUND)
        return rc;
    r->target = (sm_schema){ .columns = SM_NEW_N(r->a, sm_column, query->n + has.n + 1) };
    for (size_t i = 0; i < query->n; i++)
        r->target.columns[r->target.n++] = query->columns[i];
    for (size_t i = 0; i < has.n; i++)
        if (sm_schema_find(query, has.columns[i].name) < 0 &&
            sm_schema_find(&r->side.schema, has.columns[i].name) >= 0 &&
            !sm_plan_is_quarantine_own(has.columns[i].name))
            r->target.columns[r->target.n++] = has.columns[i];
    r->f.sink.schema = &r->target;
    return SM_OK;
}

/* ---- judged -------------------------------------------------------------------------- */

/* The rows of the quarantine as the view _smelt_side. */
static sm_code show_rows(replay *r, sm_error *err)
{
    const sm_json *position;
    sm_json *config = sm_json_object(r->f.arena);
    sm_source *s = &r->rows;
    sm_code rc;

    *s = (sm_source){ .ops = sm_source_find(r->q->sources, SM_SV("delta")),
                      .name = r->side.name,
                      .flow = SM_SV(""),
                      .generation = SM_SV(""),
                      .base_dir = r->q->base_dir,
                      .schema = &r->side.schema,
                      .arena = r->f.arena };
    sm_json_set_string(config, "path", folder_of(r->q, r->f.arena, r->side.path));
    s->config = sm_arena_alloc(r->f.arena, s->ops->config_size, _Alignof(max_align_t), 1);
    if ((rc = sm_options_fill(s->ops->options, config, s->config, r->f.arena, err)) != SM_OK ||
        (rc = sm_source_open(s, err)) != SM_OK ||
        (rc = sm_source_position(s, r->f.scratch, &position, err)) != SM_OK)
        return rc;
    if (sm_json_get_int(position, "version", -1) != r->version)
        return sm_fail(err, SM_E_AGAIN, 0, "another writer came to table \"%.*s\"",
                       SM_SV_ARG(r->side.name));
    s->session = r->f.session;
    return sm_source_snapshot(s, position, SM_SV("_smelt_side"), err);
}

/* Which rows were asked for. */
static void add_taken(const replay *r, sm_buf *b)
{
    sm_buf_adds(b, "true");
    if (r->what->rule.len > 0) {
        sm_buf_adds(b, " AND list_contains(_rules, ");
        sm_sql_literal(b, r->what->rule);
        sm_buf_addc(b, ')');
    }
    if (r->what->row.len > 0) {
        sm_buf_adds(b, " AND _row_id = ");
        sm_sql_literal(b, r->what->row);
    }
}

/* A row with the columns of the table, and _smelt_ok_<i>: does it pass rule i? */
static void add_verdicts(const replay *r, sm_buf *b)
{
    const sm_plan_dataset *t = r->table;

    sm_buf_adds(b, "SELECT *, ");
    add_taken(r, b);
    sm_buf_adds(b, " AS _smelt_taken");
    for (size_t i = 0; !r->what->discard && i < t->n_rules; i++)
        sm_buf_addf(b, ", %.*s AS _smelt_ok_%zu",
                    SM_SV_ARG(sm_rule_sql(t->rules[i].expr, r->f.scratch)), i);
    sm_buf_adds(b, " FROM (SELECT *");
    for (size_t i = 0; i < t->schema.n; i++) {
        if (sm_schema_find(&r->side.schema, t->schema.columns[i].name) >= 0)
            continue;
        sm_buf_adds(b, ", NULL::");
        sm_buf_add(b, t->schema.columns[i].type);
        sm_buf_adds(b, " AS ");
        sm_sql_ident(b, t->schema.columns[i].name);
    }
    sm_buf_adds(b, " FROM _smelt_side)");
}

/* "NOT _smelt_ok_1 OR …" of the rules with that policy. */
static void add_broken(const replay *r, const char *policy, sm_buf *b)
{
    sm_buf_adds(b, "(false");
    for (size_t i = 0; i < r->table->n_rules; i++)
        if (sm_sv_eq_str(r->table->rules[i].policy, policy))
            sm_buf_addf(b, " OR NOT _smelt_ok_%zu", i);
    sm_buf_addc(b, ')');
}

static void add_names(const replay *r, sm_buf *b)
{
    sm_buf_adds(b, "list_filter([NULL::VARCHAR");
    for (size_t i = 0; i < r->table->n_rules; i++) {
        sm_buf_addf(b, ", CASE WHEN NOT _smelt_ok_%zu THEN ", i);
        sm_sql_literal(b, r->table->rules[i].name);
        sm_buf_adds(b, " END");
    }
    sm_buf_adds(b, "], x -> x IS NOT NULL)");
}

/* What becomes of each row: left, record, fail, broken, drop, write; or gone. */
static void add_fate(const replay *r, sm_buf *b)
{
    sm_buf_adds(b, "CASE WHEN NOT _smelt_taken THEN 'left' ");
    if (r->what->discard) {
        sm_buf_adds(b, "ELSE 'gone' END AS _smelt_fate, NULL::VARCHAR[] AS _smelt_rules");
        return;
    }
    sm_buf_adds(b, "WHEN _raw IS NOT NULL THEN 'record' WHEN ");
    add_broken(r, "fail", b);
    sm_buf_adds(b, " THEN 'fail' WHEN ");
    add_broken(r, "quarantine", b);
    sm_buf_adds(b, " THEN 'broken' WHEN ");
    add_broken(r, "drop", b);
    sm_buf_adds(b, " THEN 'drop' ELSE 'write' END AS _smelt_fate, ");
    add_names(r, b);
    sm_buf_adds(b, " AS _smelt_rules");
}

static sm_code run_sql(replay *r, sm_buf *b, sm_error *err)
{
    sm_code rc = sm_buf_check(b, "the SQL of a replay", err);

    if (rc == SM_OK)
        rc = sm_session_exec(r->f.session, sm_buf_sv(b), err);
    sm_buf_release(b);
    return rc;
}

/* The rules see each row once; what is computed after this reads their verdict. */
static sm_code judge(replay *r, sm_error *err)
{
    sm_buf b;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&b, "CREATE OR REPLACE TABLE " JUDGED " AS SELECT *, ");
    add_fate(r, &b);
    sm_buf_adds(&b, " FROM (");
    add_verdicts(r, &b);
    sm_buf_addc(&b, ')');
    return run_sql(r, &b, err);
}

/* How many rows have that fate; "": all. */
static sm_code count(replay *r, const char *fate, int64_t *out, sm_error *err)
{
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, 256);
    sm_buf_adds(&b, "SELECT count(*) FROM " JUDGED);
    if (fate[0] != '\0') {
        sm_buf_adds(&b, " WHERE _smelt_fate = ");
        sm_sql_literal(&b, sm_sv_cstr(fate));
    }
    rc = sm_session_int64(r->f.session, sm_buf_sv(&b), out, err);
    sm_buf_release(&b);
    return rc;
}

static sm_code count_all(replay *r, sm_error *err)
{
    sm_replay_result *o = r->out;
    int64_t left = 0, failed = 0;
    sm_code rc;

    *o = (sm_replay_result){ 0 };
    if ((rc = count(r, "", &o->rows, err)) != SM_OK ||
        (rc = count(r, "left", &left, err)) != SM_OK ||
        (rc = count(r, "record", &o->records, err)) != SM_OK ||
        (rc = count(r, "fail", &failed, err)) != SM_OK ||
        (rc = count(r, "broken", &o->broken, err)) != SM_OK ||
        (rc = count(r, "drop", &o->dropped, err)) != SM_OK ||
        (rc = count(r, "write", &o->written, err)) != SM_OK ||
        (rc = count(r, "gone", &o->discarded, err)) != SM_OK)
        return rc;
    o->taken = o->rows - left;
    if (failed > 0)
        return sm_fail(
            err, SM_E_RULE, 0,
            "%lld rows break a rule of table \"%.*s\" with `on_violation: fail`; nothing "
            "was changed",
            (long long)failed, SM_SV_ARG(r->table->name));
    return SM_OK;
}

/* ---- written --------------------------------------------------------------------------- */

static sm_code write_table(replay *r, sm_batch *batch, sm_error *err)
{
    const sm_schema *s = &r->target;
    sm_buf b;
    sm_code rc;

    if (r->out->written == 0)
        return SM_OK;
    if ((rc = find_target(r, err)) != SM_OK)
        return rc;
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < s->n; i++) {
        sm_buf_adds(&b, i == 0 ? "SELECT " : ", ");
        sm_sql_ident(&b, s->columns[i].name);
    }
    sm_buf_adds(&b, " FROM " JUDGED " WHERE _smelt_fate = 'write'");
    r->f.sink.session = r->f.session;
    if ((rc = sm_buf_check(&b, "the SQL of a replay", err)) == SM_OK)
        rc = sm_sink_prepare(&r->f.sink, sm_buf_sv(&b), batch->manifest, &batch->counts.written,
                             &batch->counts.bytes_out, err);
    r->f.sink.session = NULL;
    sm_buf_release(&b);
    return rc;
}

static void add_kept_column(sm_sv name, sm_buf *b)
{
    if (sm_sv_eq_str(name, "_rules"))
        sm_buf_adds(b, "CASE _smelt_fate WHEN 'broken' THEN _smelt_rules ELSE _rules END AS ");
    else if (sm_sv_eq_str(name, "_attempt"))
        sm_buf_adds(b, "_attempt + CASE _smelt_fate WHEN 'broken' THEN 1 ELSE 0 END AS ");
    sm_sql_ident(b, name);
}

static sm_code write_side(replay *r, sm_batch *batch, sm_error *err)
{
    const sm_schema *s = &r->side.schema;
    int64_t written, bytes;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    for (size_t i = 0; i < s->n; i++) {
        sm_buf_adds(&b, i == 0 ? "SELECT " : ", ");
        add_kept_column(s->columns[i].name, &b);
    }
    sm_buf_adds(&b, " FROM " JUDGED " WHERE _smelt_fate IN ('left', 'record', 'broken')");
    r->f.side_sink.session = r->f.session;
    if ((rc = sm_buf_check(&b, "the SQL of a replay", err)) == SM_OK)
        rc =
            sm_sink_prepare(&r->f.side_sink, sm_buf_sv(&b), batch->manifest, &written, &bytes, err);
    r->f.side_sink.session = NULL;
    sm_buf_release(&b);
    return rc;
}

static void discard_files(replay *r, const sm_batch *b)
{
    sm_sink_discard(&r->f.sink, b->manifest);
    sm_sink_discard(&r->f.side_sink, b->manifest);
}

static void batch_begin(replay *r, sm_batch *b)
{
    sm_flow *f = &r->f;
    sm_batch_id id;

    *b = (sm_batch){ .state = SM_BATCH_RUNNING,
                     .n = f->next,
                     .time_ms = sm_flow__batch_time(f),
                     .attempt = 1,
                     .version = -1,
                     .side_version = -1,
                     .started_ms = sm_clock_now_ms(),
                     .start = sm_json_object(f->scratch),
                     .end = sm_json_object(f->scratch),
                     .reads = sm_json_object(f->scratch),
                     .expectations = sm_json_array(f->scratch) };
    id = (sm_batch_id){ f->plan->name, f->uuid, b->n, b->time_ms, b->end };
    b->manifest = sm_manifest_new(f->scratch, &id);
}

/* Running: judge and write.  b->state is SM_BATCH_IDLE when no row changes its place. */
static sm_code compute(replay *r, sm_batch *b, sm_error *err)
{
    sm_code rc;

    batch_begin(r, b);
    if ((rc = sm_session_set_time(r->f.session, b->time_ms, err)) != SM_OK ||
        (rc = show_rows(r, err)) != SM_OK || (rc = judge(r, err)) != SM_OK ||
        (rc = count_all(r, err)) != SM_OK)
        return rc;
    if (r->out->taken == r->out->records) {
        b->state = SM_BATCH_IDLE;
        return SM_OK;
    }
    if ((rc = write_side(r, b, err)) == SM_OK)
        rc = write_table(r, b, err);
    if (rc != SM_OK)
        discard_files(r, b);
    b->counts.read = b->counts.result = r->out->taken - r->out->records;
    b->counts.dropped = r->out->dropped + r->out->discarded;
    b->counts.quarantined = r->out->broken;
    return rc;
}

/* ---- published ------------------------------------------------------------------------- */

/* SM_E_AGAIN: a foreign commit came to the quarantine first, and the decision was taken back. */
static sm_code publish(replay *r, sm_batch *b, sm_error *err)
{
    sm_flow *f = &r->f;
    sm_error failed;
    sm_code rc;

    sm_failpoint("flow.after_decided");
    rc = sm_sink_publish(&f->side_sink, b->manifest, &b->side_version, err);
    if (rc == SM_E_AGAIN) {
        if (sm_flow__void(f, b, err->msg, &failed) != SM_OK) {
            *err = failed;
            return failed.code;
        }
        discard_files(r, b);
        return rc;
    }
    if (rc == SM_OK && sm_manifest_changes(b->manifest, r->table->name))
        rc = sm_sink_publish(&f->sink, b->manifest, &b->version, err);
    if (rc != SM_OK)
        return rc;
    sm_failpoint("flow.after_publish");
    if ((rc = sm_flow__mark_done(f, b, err)) == SM_OK)
        sm_failpoint("flow.after_done");
    return rc;
}

/* A replay that an earlier life decided. */
static sm_code finish(replay *r, sm_error *err)
{
    sm_batch b = { .version = -1, .side_version = -1, .attempt = 1 };
    sm_code rc = replay_open(r, err);

    if (rc == SM_OK && r->f.decided && (rc = sm_flow__load_decided(&r->f, &b, err)) == SM_OK)
        rc = publish(r, &b, err);
    sm_flow__close(&r->f);
    return rc == SM_E_AGAIN ? SM_OK : rc;
}

static sm_code one_attempt(replay *r, sm_error *err)
{
    sm_batch b;
    sm_sv folder = folder_of(r->q, r->a, r->side.path);
    sm_code rc = r->what->columns(r->what->ctx, folder, r->a, &r->side.schema, &r->version, err);

    r->rows = (sm_source){ .ops = NULL };
    if (rc == SM_OK && (rc = replay_open(r, err)) == SM_OK &&
        (rc = sm_flow__need_session(&r->f, err)) == SM_OK)
        rc = compute(r, &b, err);
    if (r->f.session != NULL) {
        sm_error ignored;

        sm_session_exec(r->f.session, SM_SV("DROP TABLE IF EXISTS " JUDGED), &ignored);
    }
    if (r->rows.ops != NULL)
        sm_source_close(&r->rows);
    if (rc == SM_OK && b.state == SM_BATCH_RUNNING) {
        sm_failpoint("flow.before_decided");
        if ((rc = sm_flow__decide(&r->f, &b, err)) == SM_OK)
            rc = publish(r, &b, err);
    }
    sm_flow__close(&r->f);
    return rc;
}

/* ---- the acts ---------------------------------------------------------------------------- */

static replay replay_of(const sm_run_request *q, sm_arena *a)
{
    return (replay){ .q = q, .a = a };
}

/* The environment of a flow outside of a run; `r` stays where it is. */
static void replay_env(replay *r, const sm_owner *owner)
{
    r->env = (sm_flow_env){ .q = r->q,
                            .owner = *owner,
                            .log = { r->q->store, r->q->bus },
                            .plan = replay_plan,
                            .engine = replay_engine,
                            .stopping = replay_stopping,
                            .session_opened = replay_session,
                            .session_closing = replay_session,
                            .ctx = r };
}

static sm_code finish_one(const sm_flow_env *env, const sm_plan_dataset *table, sm_arena *a,
                          sm_error *err)
{
    replay r = replay_of(env->q, a);

    replay_env(&r, &env->owner);
    replay_describe(&r, table);
    return finish(&r, err);
}

sm_code sm_replay__finish(const sm_flow_env *env, sm_error *err)
{
    const sm_plan *p = env->q->plan;
    sm_arena *a = sm_arena_new("unfinished replays");
    sm_batch_rec *open;
    size_t n = 0;
    sm_code rc = sm_store_open_batches(env->q->store, env->owner.pipeline, a, &open, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        for (size_t k = 0; rc == SM_OK && k < p->n_datasets; k++)
            if (sm_dataset_is_table(&p->datasets[k]) &&
                sm_sv_eq(open[i].flow, side_of(a, p->datasets[k].name)))
                rc = finish_one(env, &p->datasets[k], a, err);
    sm_arena_free(a);
    return rc;
}

static sm_code replay_act(replay *r, sm_error *err)
{
    const sm_plan_dataset *table = sm_plan_find(r->q->plan, r->what->table);
    sm_owner owner;
    sm_code rc;

    if (table == NULL || !sm_dataset_is_table(table) || !table->known)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no table \"%.*s\"",
                       SM_SV_ARG(r->what->table));
    replay_describe(r, table);
    if ((rc = sm_owner__take(r->q->store, r->q->state_dir, r->q->plan->pipeline, &r->lock, &owner,
                             err)) != SM_OK ||
        (rc = sm_owner__declare(r->q, &owner, r->a, err)) != SM_OK)
        return rc;
    replay_env(r, &owner);
    if ((rc = sm_replay__finish(&r->env, err)) != SM_OK)
        return rc;
    for (int i = 1; (rc = one_attempt(r, err)) == SM_E_AGAIN && i < REPLAY_MAX_ATTEMPTS; i++)
        continue;
    return rc;
}

sm_code sm_replay(const sm_run_request *q, const sm_replay_request *what, sm_replay_result *out,
                  sm_error *err)
{
    sm_arena *a = sm_arena_new("replay");
    replay r = replay_of(q, a);
    sm_code rc;

    r.what = what;
    r.out = out;
    rc = replay_act(&r, err);
    sm_owner__release(r.lock);
    sm_arena_free(a);
    return rc;
}
