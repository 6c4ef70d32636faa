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
 * of today.  Records that could not be decoded go through the SQL of their flow (replay_records.c),
 * and what comes of them is a part of the same batch. */
#include "runtime/exec/replay_int.h"

#include "expectations/rule.h"
#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"

#define JUDGED SM_REPLAY_JUDGED
enum { REPLAY_MAX_ATTEMPTS = 8 };

/* ---- the flow ---------------------------------------------------------------------- */

/* A record may have fields that its source has not met. */
static sm_code replay_grow(void *ctx, sm_sv source, const sm_schema *schema, bool anew,
                           sm_error *err)
{
    sm_replay_run *r = ctx;

    return sm_flow__grow_source(&r->env, source, schema, anew, &r->whole, err);
}

static sm_code replay_engine(void *ctx, struct sm_engine **out, sm_error *err)
{
    const sm_replay_run *r = ctx;

    return r->q->engine(r->q->engine_ctx, out, err);
}

static const sm_plan *replay_plan(void *ctx)
{
    return ((const sm_replay_run *)ctx)->whole;
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

sm_sv sm_replay__folder(const sm_run_request *q, sm_arena *a, sm_sv path)
{
    return sm_sv_cstr(sm_path_join(a, q->storage_dir, path));
}

/* The plan may have no quarantine for the table any more: what is in the folder decides. */
static void replay_describe(sm_replay_run *r, const sm_plan_dataset *table)
{
    const sm_plan_dataset *side = sm_plan_quarantine_of(r->whole, table);

    r->table = table;
    r->side = (sm_plan_dataset){ .name = side_of(r->a, table->name),
                                 .kind = SM_DATASET_QUARANTINE,
                                 .path = side_of(r->a, table->path),
                                 .description = side != NULL ? side->description : SM_SV(""),
                                 .known = true };
    r->plan = (sm_plan_flow){ .name = r->side.name,
                              .target = sm_plan_index(r->whole, table),
                              .kind = SM_FLOW_APPEND,
                              .sql = SM_SV(""),
                              .fingerprint = SM_SV("replay"),
                              .result = table->schema };
    r->outcome = (sm_flow_outcome){ .flow = &r->plan, .dataset = table->name, .version = -1 };
}

static sm_code replay_open(sm_replay_run *r, sm_error *err)
{
    r->f = (sm_flow){ .env = &r->env,
                      .whole = r->whole,
                      .plan = &r->plan,
                      .target = r->table,
                      .side = &r->side,
                      .replays = true,
                      .out = &r->outcome };
    return sm_flow__open(&r->f, err);
}

/* ---- judged -------------------------------------------------------------------------- */

/* The rows of the quarantine as the view _smelt_side. */
static sm_code show_rows(sm_replay_run *r, sm_error *err)
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
                      .images = r->q->images,
                      .schema = &r->stored,
                      .arena = r->f.arena };
    sm_json_set_string(config, "path", sm_replay__folder(r->q, r->f.arena, r->side.path));
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
static void add_taken(const sm_replay_run *r, sm_buf *b)
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

/* The rows of the quarantine with the columns of the table. */
static void add_rows(const sm_replay_run *r, sm_buf *b)
{
    const sm_plan_dataset *t = r->table;

    sm_buf_adds(b, "(SELECT *, ");
    add_taken(r, b);
    sm_buf_adds(b, " AS _smelt_taken");
    for (size_t i = 0; i < t->schema.n; i++) {
        if (sm_schema_find(&r->stored, t->schema.columns[i].name) >= 0)
            continue;
        sm_buf_adds(b, ", NULL::");
        sm_buf_add(b, t->schema.columns[i].type);
        sm_buf_adds(b, " AS ");
        sm_sql_ident(b, t->schema.columns[i].name);
    }
    sm_buf_adds(b, " FROM _smelt_side)");
}

/* _smelt_ok_<i>: does the row pass rule i? */
static void add_verdicts(const sm_replay_run *r, sm_buf *b)
{
    const sm_plan_dataset *t = r->table;

    for (size_t i = 0; i < t->n_rules; i++)
        sm_buf_addf(b, ", %.*s AS _smelt_ok_%zu",
                    SM_SV_ARG(sm_rule_sql(t->rules[i].expr, r->f.scratch)), i);
}

/* "NOT _smelt_ok_1 OR …" of the rules with that policy. */
static void add_broken(const sm_replay_run *r, const char *policy, sm_buf *b)
{
    sm_buf_adds(b, "(false");
    for (size_t i = 0; i < r->table->n_rules; i++)
        if (sm_sv_eq_str(r->table->rules[i].policy, policy))
            sm_buf_addf(b, " OR NOT _smelt_ok_%zu", i);
    sm_buf_addc(b, ')');
}

static void add_names(const sm_replay_run *r, sm_buf *b)
{
    sm_buf_adds(b, "list_filter([NULL::VARCHAR");
    for (size_t i = 0; i < r->table->n_rules; i++) {
        sm_buf_addf(b, ", CASE WHEN NOT _smelt_ok_%zu THEN ", i);
        sm_sql_literal(b, r->table->rules[i].name);
        sm_buf_adds(b, " END");
    }
    sm_buf_adds(b, "], x -> x IS NOT NULL)");
}

/* "WHEN … THEN 'fail' … END AS _smelt_fate, … AS _smelt_rules" */
static void add_judgement(const sm_replay_run *r, sm_buf *b)
{
    sm_buf_adds(b, "WHEN ");
    add_broken(r, "fail", b);
    sm_buf_adds(b, " THEN 'fail' WHEN ");
    add_broken(r, "quarantine", b);
    sm_buf_adds(b, " THEN 'broken' WHEN ");
    add_broken(r, "drop", b);
    sm_buf_adds(b, " THEN 'drop' ELSE 'write' END AS _smelt_fate, ");
    add_names(r, b);
    sm_buf_adds(b, " AS _smelt_rules");
}

void sm_replay__add_judged(const sm_replay_run *r, const char *from, sm_buf *b)
{
    sm_buf_adds(b, "SELECT *, CASE ");
    add_judgement(r, b);
    sm_buf_adds(b, " FROM (SELECT *");
    add_verdicts(r, b);
    sm_buf_addf(b, " FROM %s)", from);
}

/* What becomes of each row: left, earlier, record, fail, broken, drop, write; or gone. */
static void add_fate(const sm_replay_run *r, sm_buf *b)
{
    sm_buf_adds(b, "CASE WHEN NOT _smelt_taken THEN 'left' ");
    if (r->what->discard) {
        sm_buf_adds(b, "ELSE 'gone' END AS _smelt_fate, NULL::VARCHAR[] AS _smelt_rules");
        return;
    }
    sm_buf_adds(b, "WHEN ");
    sm_buf_add(b, r->earlier);
    sm_buf_adds(b, " THEN 'earlier' WHEN _raw IS NOT NULL THEN 'record' ");
    add_judgement(r, b);
}

sm_code sm_replay__sql(sm_replay_run *r, sm_buf *b, sm_error *err)
{
    sm_code rc = sm_buf_check(b, "the SQL of a replay", err);

    if (rc == SM_OK)
        rc = sm_session_exec(r->f.session, sm_buf_sv(b), err);
    sm_buf_release(b);
    return rc;
}

/* The rules see each row once; what is computed after this reads their verdict. */
static sm_code judge(sm_replay_run *r, sm_error *err)
{
    sm_buf b;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&b, "CREATE OR REPLACE TABLE " JUDGED " AS SELECT *, ");
    add_fate(r, &b);
    sm_buf_adds(&b, " FROM (SELECT *");
    if (!r->what->discard)
        add_verdicts(r, &b);
    sm_buf_adds(&b, " FROM ");
    add_rows(r, &b);
    sm_buf_addc(&b, ')');
    return sm_replay__sql(r, &b, err);
}

/* Add how many rows of `relation` have that fate; "": all. */
static sm_code count_in(sm_replay_run *r, sm_sv relation, const char *fate, int64_t *out,
                        sm_error *err)
{
    int64_t n = 0;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, 1024);
    sm_buf_addf(&b, "SELECT count(*) FROM %.*s", SM_SV_ARG(relation));
    if (fate[0] != '\0') {
        sm_buf_adds(&b, " WHERE _smelt_fate = ");
        sm_sql_literal(&b, sm_sv_cstr(fate));
    }
    rc = sm_session_int64(r->f.session, sm_buf_sv(&b), &n, err);
    sm_buf_release(&b);
    *out += n;
    return rc;
}

/* The same, of the rows that came of records too. */
static sm_code count_rows(sm_replay_run *r, const char *fate, int64_t *out, sm_error *err)
{
    sm_code rc = count_in(r, SM_SV(JUDGED), fate, out, err);

    for (size_t i = 0; rc == SM_OK && i < r->n_again; i++)
        rc = count_in(r, r->again[i].relation, fate, out, err);
    return rc;
}

static sm_code count_records(sm_replay_run *r, sm_error *err)
{
    sm_replay_result *o = r->out;
    sm_code rc;

    if ((rc = count_in(r, SM_SV(JUDGED), "stuck", &o->stuck, err)) != SM_OK ||
        (rc = count_in(r, SM_SV(JUDGED), "undecoded", &o->records, err)) != SM_OK ||
        (rc = count_in(r, SM_SV(JUDGED), "decoded", &o->decoded, err)) != SM_OK)
        return rc;
    o->records += o->stuck;
    return SM_OK;
}

static sm_code count_all(sm_replay_run *r, sm_error *err)
{
    sm_replay_result *o = r->out;
    int64_t left = 0, failed = 0;
    sm_code rc;

    if ((rc = count_in(r, SM_SV(JUDGED), "", &o->rows, err)) != SM_OK ||
        (rc = count_in(r, SM_SV(JUDGED), "left", &left, err)) != SM_OK ||
        (rc = count_in(r, SM_SV(JUDGED), "earlier", &o->earlier, err)) != SM_OK ||
        (rc = count_records(r, err)) != SM_OK ||
        (rc = count_rows(r, "fail", &failed, err)) != SM_OK ||
        (rc = count_rows(r, "broken", &o->broken, err)) != SM_OK ||
        (rc = count_rows(r, "drop", &o->dropped, err)) != SM_OK ||
        (rc = count_rows(r, "write", &o->written, err)) != SM_OK ||
        (rc = count_rows(r, "gone", &o->discarded, err)) != SM_OK)
        return rc;
    o->taken = o->rows - left;
    o->left = left + o->earlier + o->records + o->broken;
    if (failed > 0)
        return sm_fail(
            err, SM_E_RULE, 0,
            "%lld rows break a rule of table \"%.*s\" with `on_violation: fail`; nothing "
            "was changed",
            (long long)failed, SM_SV_ARG(r->table->name));
    return SM_OK;
}

/* ---- running --------------------------------------------------------------------------- */

static void discard_files(sm_replay_run *r, const sm_batch *b)
{
    sm_sink_discard(&r->f.sink, b->manifest);
    sm_sink_discard(&r->f.side_sink, b->manifest);
}

static void batch_begin(sm_replay_run *r, sm_batch *b)
{
    sm_flow *f = &r->f;
    sm_batch_id id;

    *b = (sm_batch){ .state = SM_BATCH_RUNNING,
                     .n = f->next,
                     .time_ms = sm_flow__batch_time(f),
                     .attempt = 1,
                     .version = -1,
                     .side_version = -1,
                     .late_version = -1,
                     .started_ms = sm_clock_now_ms(),
                     .start = sm_json_object(f->scratch),
                     .end = sm_json_object(f->scratch),
                     .reads = sm_json_object(f->scratch),
                     .expectations = sm_json_array(f->scratch) };
    id = (sm_batch_id){ f->plan->name, f->uuid, b->n, b->time_ms, b->end };
    b->manifest = sm_manifest_new(f->scratch, &id);
}

static void count_batch(const sm_replay_run *r, sm_batch *b)
{
    const sm_replay_result *o = r->out;

    b->counts.read = o->taken - o->stuck - o->earlier;
    b->counts.undecodable = b->counts.kept = o->records - o->stuck;
    b->counts.dropped = o->dropped + o->discarded;
    b->counts.quarantined = o->broken;
    b->counts.result = o->written + b->counts.dropped + b->counts.quarantined;
}

/* Running: judge and write.  b->state is SM_BATCH_IDLE when no row changes. */
static sm_code compute(sm_replay_run *r, sm_batch *b, sm_error *err)
{
    sm_code rc;

    *r->out = (sm_replay_result){ .plan = r->whole };
    batch_begin(r, b);
    sm_session_set_time(r->f.session, b->time_ms);
    if ((rc = show_rows(r, err)) != SM_OK || (rc = sm_replay__find_earlier(r, err)) != SM_OK ||
        (rc = judge(r, err)) != SM_OK || (rc = sm_replay__records(r, b->time_ms, err)) != SM_OK ||
        (rc = count_all(r, err)) != SM_OK)
        return rc;
    if (r->out->taken == r->out->stuck + r->out->earlier) {
        b->state = SM_BATCH_IDLE;
        return SM_OK;
    }
    if ((rc = sm_replay__write_side(r, b, err)) == SM_OK)
        rc = sm_replay__write_table(r, b, err);
    if (rc != SM_OK)
        discard_files(r, b);
    count_batch(r, b);
    return rc;
}

/* ---- published ------------------------------------------------------------------------- */

/* SM_E_AGAIN: a foreign commit came to the quarantine first, and the decision was taken back. */
static sm_code publish(sm_replay_run *r, sm_batch *b, sm_error *err)
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
static sm_code finish(sm_replay_run *r, sm_error *err)
{
    sm_batch b = { .version = -1, .side_version = -1, .late_version = -1, .attempt = 1 };
    sm_code rc = replay_open(r, err);

    if (rc == SM_OK && r->f.decided && (rc = sm_flow__load_decided(&r->f, &b, err)) == SM_OK)
        rc = publish(r, &b, err);
    sm_flow__close(&r->f);
    return rc == SM_E_AGAIN ? SM_OK : rc;
}

static sm_code one_attempt(sm_replay_run *r, sm_error *err)
{
    sm_batch b;
    sm_sv folder = sm_replay__folder(r->q, r->a, r->side.path);
    sm_code rc = r->what->columns(r->what->ctx, folder, r->a, &r->stored, &r->version, err);

    replay_describe(r, &r->whole->datasets[r->plan.target]);
    r->side.schema = r->stored;
    r->again = NULL;
    r->n_again = 0;
    r->rows = (sm_source){ .ops = NULL };
    if (rc == SM_OK && (rc = replay_open(r, err)) == SM_OK &&
        (rc = sm_flow__need_session(&r->f, err)) == SM_OK)
        rc = compute(r, &b, err);
    if (r->f.session != NULL) {
        sm_error ignored;

        sm_session_exec(r->f.session, SM_SV("DROP TABLE IF EXISTS " JUDGED), &ignored);
        sm_replay__forget_records(r);
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

static sm_replay_run replay_of(const sm_run_request *q, sm_arena *a)
{
    return (sm_replay_run){ .q = q, .whole = q->plan, .a = a };
}

/* The environment of a flow outside of a run; `r` stays where it is. */
static void replay_env(sm_replay_run *r, const sm_owner *owner)
{
    r->env = (sm_flow_env){ .q = r->q,
                            .owner = *owner,
                            .log = { r->q->store, r->q->bus },
                            .plan = replay_plan,
                            .grow = replay_grow,
                            .engine = replay_engine,
                            .stopping = replay_stopping,
                            .session_opened = replay_session,
                            .session_closing = replay_session,
                            .ctx = r };
}

static sm_code finish_one(const sm_flow_env *env, const sm_plan_dataset *table, sm_arena *a,
                          sm_error *err)
{
    sm_replay_run r = replay_of(env->q, a);

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

static sm_code replay_act(sm_replay_run *r, sm_error *err)
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
    sm_replay_run r = replay_of(q, a);
    sm_code rc;

    r.what = what;
    r.out = out;
    rc = replay_act(&r, err);
    sm_owner__release(r.lock);
    sm_arena_free(a);
    return rc;
}
