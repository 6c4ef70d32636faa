/* SPDX-License-Identifier: Apache-2.0 */
/* run_checks.c -- what must be true of a whole table, looked at when its last flow is through.
 *
 *     due       the checks, or the batches of the table or of one that a key refers to, are
 *               others than at the last look: the store keeps a hash of them per table
 *     looked    one query each over the newest versions; what is written stays
 *     settled   the hash is kept, unless a check failed the run or could not be looked at: then
 *               the next run looks again, and what reads the table does not run before
 *
 * So a run that was killed between a commit and its checks leaves them due, and a run with
 * nothing new and nothing due opens no engine. */
#include "runtime/exec/run_int.h"

#include <assert.h>

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/values.h"

enum { SAMPLES = 20, EXAMPLE = 160 /* bytes of one in a sentence */ };

typedef struct look {
    sm_run *r;
    const sm_plan *plan;
    const sm_plan_dataset *table;
    sm_arena *a;
    sm_session *session;
    sm_source *sources; /* the table, then one per check: where its key refers to */
    bool *open;
    size_t n;
    bool settled; /* every check was looked at, and none fails the run */
} look;

/* ---- due ------------------------------------------------------------------------- */

static bool refers(const sm_plan_check *c, const look *l)
{
    return c->kind == SM_CHECK_FOREIGN_KEY && &l->plan->datasets[c->to] != l->table;
}

/* The last batch of a flow. */
static sm_code hash_flow(const look *l, sm_hash *h, sm_sv flow, bool *written, sm_error *err)
{
    sm_position pos;
    sm_code rc = sm_store_position(l->r->q.store, l->r->env.owner.pipeline, flow, l->a, &pos, err);

    if (rc != SM_OK || !pos.has_done)
        return rc;
    *written = true;
    sm_hash_add(h, pos.generation.uuid);
    sm_hash_add(h, sm_arena_printf(l->a, "%lld", (long long)pos.last_done.n));
    return SM_OK;
}

/* Which batches made the table, also those that gave it rows back from its quarantine (replay.c);
 * *written: there are some. */
static sm_code hash_batches(const look *l, sm_hash *h, const sm_plan_dataset *ds, bool *written,
                            sm_error *err)
{
    sm_code rc = hash_flow(
        l, h, sm_arena_printf(l->a, "%.*s" SM_PLAN_QUARANTINE, SM_SV_ARG(ds->name)), written, err);

    for (size_t i = 0; rc == SM_OK && i < ds->n_flows; i++)
        rc = hash_flow(l, h, l->plan->flows[ds->flow + i].name, written, err);
    sm_hash_add(h, SM_SV(""));
    return rc;
}

/* What the checks look at, as a hash; *written: the table has been written to. */
static sm_code hash_state(const look *l, sm_sv *out, bool *written, sm_error *err)
{
    sm_hash *h = sm_hash_new();
    bool ignored = false;
    sm_code rc = hash_batches(l, h, l->table, written, err);

    for (size_t i = 0; rc == SM_OK && i < l->table->n_checks; i++) {
        const sm_plan_check *c = &l->table->checks[i];

        sm_hash_add(h, c->name);
        sm_hash_add(h, c->text);
        sm_hash_add(h, c->policy);
        sm_hash_add(h, c->fail_if);
        sm_hash_add(h, c->warn_if);
        if (refers(c, l))
            rc = hash_batches(l, h, &l->plan->datasets[c->to], &ignored, err);
    }
    *out = sm_hash_hex(h, l->a);
    return rc;
}

/* ---- relations ------------------------------------------------------------------- */

static sm_sv relation_name(const look *l, size_t i)
{
    return i == 0 ? SM_SV("_smelt_table") : sm_arena_printf(l->a, "_smelt_to_%zu", i);
}

/* The newest version of `ds` as relation number `i`. */
static sm_code show_table(look *l, size_t i, const sm_plan_dataset *ds, sm_error *err)
{
    const sm_run_request *q = &l->r->q;
    sm_source *s = &l->sources[i];
    sm_json *config = sm_json_object(l->a);
    const sm_json *at = NULL;
    sm_code rc;

    *s = (sm_source){ .ops = sm_source_find(q->sources, SM_SV("delta")),
                      .name = ds->name,
                      .base_dir = q->base_dir,
                      .images = q->images,
                      .schema = &ds->schema,
                      .session = l->session,
                      .arena = l->a };
    assert(s->ops != NULL);
    sm_json_set_string(config, "path", sm_sv_cstr(sm_path_join(l->a, q->storage_dir, ds->path)));
    s->config = sm_arena_alloc(l->a, s->ops->config_size, _Alignof(max_align_t), 1);
    if ((rc = sm_options_fill(s->ops->options, config, s->config, l->a, err)) != SM_OK)
        return rc;
    l->open[i] = true; /* closed also after a failed open */
    if ((rc = sm_source_open(s, err)) != SM_OK ||
        (rc = sm_source_position(s, l->a, &at, err)) != SM_OK)
        return rc;
    return sm_source_snapshot(s, at, relation_name(l, i), err);
}

/* Did a flow that writes the table fail, or was it skipped? */
static bool has_failed(const look *l, size_t ds)
{
    bool failed = false;

    sm_mutex_lock(&l->r->mu);
    for (size_t i = 0; i < l->plan->n_flows; i++)
        failed |= l->plan->flows[i].target == ds && l->r->slots[i].failed;
    sm_mutex_unlock(&l->r->mu);
    return failed;
}

/* ---- queries --------------------------------------------------------------------- */

static void add_names(sm_buf *b, const char *before, const sm_plan_list *names, const char *between,
                      const char *after)
{
    for (size_t i = 0; i < names->n; i++) {
        sm_buf_adds(b, i > 0 ? between : "");
        sm_buf_adds(b, before);
        sm_sql_ident(b, names->items[i]);
        sm_buf_adds(b, after);
    }
}

/* WITH _smelt_bad: the keys that break the check, and how many rows have each. */
static void add_bad(const look *l, size_t i, sm_buf *b)
{
    const sm_plan_check *c = &l->table->checks[i];

    sm_buf_adds(b, "WITH _smelt_bad AS MATERIALIZED (SELECT ");
    add_names(b, "t.", &c->columns, ", ", "");
    sm_buf_adds(b, ", count(*) AS _smelt_rows FROM _smelt_table AS t WHERE ");
    add_names(b, "t.", &c->columns, " AND ", " IS NOT NULL");
    if (c->kind == SM_CHECK_FOREIGN_KEY) {
        sm_buf_addf(b, " AND NOT EXISTS (SELECT 1 FROM %.*s AS p WHERE ",
                    SM_SV_ARG(relation_name(l, refers(c, l) ? i + 1 : 0)));
        for (size_t k = 0; k < c->columns.n; k++) {
            sm_buf_adds(b, k > 0 ? " AND p." : "p.");
            sm_sql_ident(b, c->fields.items[k]);
            sm_buf_adds(b, " = t.");
            sm_sql_ident(b, c->columns.items[k]);
        }
        sm_buf_addc(b, ')');
    }
    sm_buf_adds(b, " GROUP BY ");
    add_names(b, "t.", &c->columns, ", ", "");
    sm_buf_adds(b, c->kind == SM_CHECK_UNIQUE ? " HAVING count(*) > 1) " : ") ");
}

/* A key and its number of rows, as an object; a value that is too large to keep as a word. */
static const sm_json *sample_of(const look *l, const sm_rows *rows)
{
    const sm_schema *s = sm_rows_schema(rows);
    sm_json *o = sm_json_object(l->a), *value = NULL;
    size_t room = SM_LIMIT_SAMPLE_BYTES;
    sm_error ignored;
    sm_buf b;

    for (size_t i = 0; i < s->n; i++) {
        sm_buf_init(&b, i + 1 < s->n ? room : SM_LIMIT_SAMPLE_BYTES);
        sm_rows_json(rows, i, &b);
        if (b.over || sm_json_parse(sm_buf_sv(&b), l->a, &value, &ignored) != SM_OK)
            value = sm_json_string(l->a, SM_SV("(too large to show)"));
        else if (i + 1 < s->n)
            room -= b.len;
        sm_json_set_sv(o, i + 1 < s->n ? s->columns[i].name : SM_SV("_rows"), value);
        sm_buf_release(&b);
    }
    return o;
}

static sm_code take_samples(const look *l, size_t i, sm_json *samples, sm_error *err)
{
    const sm_plan_check *c = &l->table->checks[i];
    sm_rows *rows = NULL;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    add_bad(l, i, &b);
    sm_buf_adds(&b, "SELECT * FROM _smelt_bad ORDER BY _smelt_rows DESC, ");
    add_names(&b, "", &c->columns, ", ", "");
    sm_buf_addf(&b, " LIMIT %d", SAMPLES);
    if ((rc = sm_buf_check(&b, "the SQL of a check", err)) == SM_OK)
        rc = sm_session_query(l->session, sm_buf_sv(&b), &rows, err);
    while (rc == SM_OK && sm_rows_next(rows))
        sm_json_append(samples, sm_json_copy(l->a, sample_of(l, rows)));
    sm_rows_free(rows);
    sm_buf_release(&b);
    return rc;
}

static sm_code count_rows(const look *l, int64_t *out, sm_error *err)
{
    return sm_session_int64(l->session, SM_SV("SELECT count(*) FROM _smelt_table"), out, err);
}

static sm_code count_bad(const look *l, size_t i, sm_rule_count *c, sm_json *samples, sm_error *err)
{
    int64_t all = 0;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    add_bad(l, i, &b);
    sm_buf_adds(&b, "SELECT coalesce(sum(_smelt_rows), 0)::BIGINT FROM _smelt_bad");
    if ((rc = sm_buf_check(&b, "the SQL of a check", err)) == SM_OK &&
        (rc = count_rows(l, &all, err)) == SM_OK)
        rc = sm_session_int64(l->session, sm_buf_sv(&b), &c->failed, err);
    sm_buf_release(&b);
    c->passed = all - c->failed;
    return rc == SM_OK && c->failed > 0 ? take_samples(l, i, samples, err) : rc;
}

/* ---- verdicts -------------------------------------------------------------------- */

/* What is wrong, as the rest of a sentence; a long key stands among the samples only. */
static sm_sv words_of(const look *l, const sm_plan_check *c, const sm_rule_count *n,
                      const sm_json *samples)
{
    int64_t all = n->passed + n->failed;
    sm_sv share = sm_verdict_percent(n->failed, all, l->a), what;
    sm_sv example = sm_json_text(sm_json_at(samples, 0), l->a);

    what = c->kind == SM_CHECK_UNIQUE ? SM_SV("have the key of another row")
                                      : sm_arena_printf(l->a, "have no row in %.*s",
                                                        SM_SV_ARG(l->plan->datasets[c->to].name));
    example = example.len > EXAMPLE
                  ? SM_SV("")
                  : sm_arena_printf(l->a, SM_VALUES_EXAMPLE "%.*s", SM_SV_ARG(example));
    return sm_arena_printf(l->a, "%lld of %lld rows (%.*s) %.*s%.*s", (long long)n->failed,
                           (long long)all, SM_SV_ARG(share), SM_SV_ARG(what), SM_SV_ARG(example));
}

static sm_code look_at_count(const look *l, const sm_plan_check *c, sm_rule_count *n, sm_sv *words,
                             sm_error *err)
{
    int64_t rows = 0;
    sm_code rc = count_rows(l, &rows, err);

    n->failed = rows < c->min || (c->max >= 0 && rows > c->max);
    n->passed = !n->failed;
    *words = sm_arena_printf(l->a, "it has %lld row%s, not a %.*s", (long long)rows,
                             rows == 1 ? "" : "s", SM_SV_ARG(c->text));
    return rc;
}

/* Texts of the outcome live as long as the run. */
static sm_sv keep(const look *l, sm_sv text)
{
    sm_sv kept;

    sm_mutex_lock(&l->r->mu);
    kept = sm_arena_dup(l->r->told, text);
    sm_mutex_unlock(&l->r->mu);
    return kept;
}

static bool fails_run(const sm_rule_count *n)
{
    return n->failed > 0 &&
           (sm_sv_eq_str(n->policy, "fail") || sm_sv_eq_str(n->crossed, "fail_if"));
}

static sm_code look_at(look *l, size_t i, sm_rule_count *n, sm_error *err)
{
    const sm_plan_check *c = &l->table->checks[i];
    sm_json *samples = sm_json_array(l->a);
    sm_sv words = SM_SV("");
    sm_code rc;

    if (c->kind == SM_CHECK_ROW_COUNT)
        rc = look_at_count(l, c, n, &words, err);
    else
        rc = count_bad(l, i, n, samples, err);
    if (rc != SM_OK || n->failed == 0)
        return rc;
    if (c->kind != SM_CHECK_ROW_COUNT)
        words = words_of(l, c, n, samples);
    n->samples = keep(l, sm_json_text(samples, l->a));
    n->note = keep(l, words);
    sm_flow__judge_threshold(n);
    return SM_OK;
}

/* ---- a table --------------------------------------------------------------------- */

static sm_code open_session(look *l, sm_error *err)
{
    sm_engine *engine = NULL;
    sm_code rc;

    if ((rc = l->r->env.engine(l->r->env.ctx, &engine, err)) != SM_OK ||
        (rc = sm_session_open(engine, &l->session, err)) != SM_OK)
        return rc;
    l->r->env.session_opened(l->r->env.ctx, l->session);
    return show_table(l, 0, l->table, err);
}

static void close_session(look *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->open[i])
            sm_source_close(&l->sources[i]);
    if (l->session == NULL)
        return;
    l->r->env.session_closing(l->r->env.ctx, l->session);
    sm_session_close(l->session);
}

static sm_code fail_with(const look *l, const sm_rule_count *n, sm_error *err)
{
    return sm_fail(err, SM_E_RULE, 0,
                   "\"%.*s\" of table \"%.*s\" does not hold: %.*s; what is "
                   "written stays, and what reads it does not run",
                   SM_SV_ARG(n->name), SM_SV_ARG(l->table->name), SM_SV_ARG(n->note));
}

/* Every check, also behind one that fails; the first that fails the run is the error. */
static sm_code look_at_all(look *l, sm_flow_outcome *o, sm_error *err)
{
    sm_rule_count *counts = (sm_rule_count *)(uintptr_t)o->rules + o->n_rules; /* ours */
    sm_code rc = open_session(l, err), verdict = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < l->table->n_checks; i++) {
        const sm_plan_check *c = &l->table->checks[i];

        if (l->r->env.stopping(l->r->env.ctx))
            return sm_fail(err, SM_E_CANCELLED, 0, "asked to stop");
        if (refers(c, l) && (has_failed(l, c->to) || !l->plan->datasets[c->to].known)) {
            l->settled = false;
            continue;
        }
        if (refers(c, l) && (rc = show_table(l, i + 1, &l->plan->datasets[c->to], err)) != SM_OK)
            break;
        if ((rc = look_at(l, i, &counts[i], err)) != SM_OK)
            break;
        if (verdict == SM_OK && fails_run(&counts[i]))
            verdict = fail_with(l, &counts[i], err);
    }
    if (rc != SM_OK)
        return sm_wrap(err, "checks of table \"%.*s\"", SM_SV_ARG(l->table->name));
    o->n_checks = l->table->n_checks;
    return verdict;
}

static sm_code check_due(look *l, sm_flow_outcome *o, sm_error *err)
{
    sm_sv before = SM_SV(""), now = SM_SV("");
    bool written = false;
    sm_code rc;

    if ((rc = hash_state(l, &now, &written, err)) != SM_OK || !written ||
        (rc = sm_store_table_checked(l->r->q.store, l->r->env.owner.pipeline, l->table->name, l->a,
                                     &before, err)) != SM_OK)
        return rc;
    if (sm_sv_eq(before, now))
        return SM_OK;
    if ((rc = look_at_all(l, o, err)) == SM_OK && l->settled)
        rc = sm_store_table_set_checked(l->r->q.store, &l->r->env.owner, l->table->name, now, err);
    return rc;
}

/* Is flow `i` the last of its table, and did all of them end well? */
static bool is_last(sm_run *r, size_t i)
{
    size_t left;

    sm_mutex_lock(&r->mu);
    left = --r->left[r->q.plan->flows[i].target];
    sm_mutex_unlock(&r->mu);
    return left == 0;
}

sm_code sm_run__check_table(sm_run *r, size_t i, sm_error *err)
{
    look l = { .r = r, .plan = r->env.plan(r), .settled = true };
    sm_code rc;

    l.table = &l.plan->datasets[l.plan->flows[i].target];
    if (!is_last(r, i) || l.table->n_checks == 0 || !l.table->known)
        return SM_OK;
    l.a = sm_arena_new("checks");
    l.n = l.table->n_checks + 1;
    l.sources = SM_NEW_N(l.a, sm_source, l.n);
    l.open = SM_NEW_N(l.a, bool, l.n);
    rc = check_due(&l, &r->outcomes[i], err);
    close_session(&l);
    sm_arena_free(l.a);
    return rc;
}

bool sm_run__refers(const sm_run *r, size_t i, size_t j)
{
    const sm_plan_flow *f = &r->q.plan->flows[i], *to = &r->q.plan->flows[j];
    const sm_plan_dataset *table = &r->q.plan->datasets[f->target];

    for (size_t k = 0; f->target != to->target && k < table->n_checks; k++)
        if (table->checks[k].kind == SM_CHECK_FOREIGN_KEY && table->checks[k].to == to->target)
            return true;
    return false;
}

size_t sm_run__check_events(const sm_flow_outcome *o, int64_t run, sm_arena *a, sm_event_rec *out)
{
    size_t n = 0;

    for (size_t i = o->n_rules; i < o->n_rules + o->n_checks; i++) {
        const sm_rule_count *r = &o->rules[i];
        sm_json *d = sm_json_object(a), *samples = NULL;
        sm_error ignored;

        if (r->passed + r->failed == 0) /* not looked at */
            continue;
        sm_json_set_string(d, "name", r->name);
        sm_json_set_string(d, "policy", r->policy);
        sm_json_set_int(d, "passed", r->passed);
        sm_json_set_int(d, "failed", r->failed);
        if (r->samples.len > 0 && sm_json_parse(r->samples, a, &samples, &ignored) == SM_OK)
            sm_json_set(d, "samples", samples);
        out[n] = sm_event_make_flow(
            SM_EVENT_check_result, run, o->dataset, o->flow->name, -1,
            r->failed == 0
                ? sm_arena_printf(a, "%.*s: holds", SM_SV_ARG(r->name))
                : sm_arena_printf(a, "%.*s: %.*s", SM_SV_ARG(r->name), SM_SV_ARG(r->note)));
        out[n].details = sm_json_text(d, a);
        if (r->failed > 0)
            out[n].level = fails_run(r) ? SM_EVENT_ERROR : SM_EVENT_WARN;
        n++;
    }
    return n;
}
