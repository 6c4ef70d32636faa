/* SPDX-License-Identifier: Apache-2.0 */
/* resume.c -- is this checkpoint the right one?
 *
 * A checkpoint that belongs to another life of the table re-reads everything and doubles it.
 * So before a flow plans anything, what the store remembers and what the table's log says of
 * the flow's generation are held against each other (exactly-once.md, section 3):
 *
 *     t   the last batch of our generation in the table's log, -1 none
 *     d   the last done batch of the generation that had actions for the table, -1 none
 *     e   the one with actions before d, -1 none
 *
 *     found                                    meaning                      then
 *     --------------------------------------   --------------------------   -------------
 *     t = d, or t is the decided batch         normal                       go on
 *     t > d otherwise                          the store is older           refuse
 *     t = e                                    a commit was lost            publish d again
 *     t < e, another table id, or a version    rolled back, replaced        refuse
 *       older than the one last seen
 *     no record, but the table carries         the checkpoint was lost      refuse
 *       batches of this flow
 *
 * The same for each target of the flow: its table, and the tables beside it.  A full refresh
 * removes what is there and needs no such agreement. */
#include "runtime/exec/flow_int.h"
#include "runtime/ops/ops.h"

/* Others write where a sink sends to: it cannot be rebuilt, and where its flow ended it does not
 * say. */
static sm_code refuse_sink(const sm_flow *f, sm_error *err, const char *what)
{
    bool kafka = sm_sv_eq_str(f->target->source_type, "kafka");
    sm_sv topic = sm_json_get_sv(f->target->source_config, "marks_topic", SM_SV("smelt-marks"));
    sm_sv kept =
        kafka ? sm_arena_printf(f->scratch, "its marks, in topic \"%.*s\",", SM_SV_ARG(topic))
              : SM_SV("what was sent");

    return sm_fail(err, SM_E_CORRUPT, 0,
                   "%s; nothing was sent. Bring the control store and %.*s of the same moment "
                   "together, or let the sink send all rows again with `smelt checkpoint reset "
                   "%.*s`%s",
                   what, SM_SV_ARG(kept), SM_SV_ARG(f->plan->name),
                   kafka ? "; a sink of another name, or with another `marks_topic`, begins anew"
                         : "");
}

static sm_code refuse(const sm_flow *f, const sm_sink *k, sm_error *err, const char *what)
{
    sm_sv adopt = sm_arena_printf(f->scratch, "run `smelt checkpoint adopt %.*s`, or ",
                                  SM_SV_ARG(f->plan->name));

    if (k->outside)
        return refuse_sink(f, err, what);
    if (sm_ops_remembers(f->plan->stages, f->plan->n_stages))
        adopt = SM_SV(""); /* a table does not hold what its flow remembers */
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "%.*s%s%s; nothing was changed. Bring the control store and the table of the "
                   "same moment together, or %.*srebuild with `smelt run --full-refresh %.*s`",
                   SM_SV_ARG(k->side ? k->name : SM_SV("")), k->side ? ": " : "", what,
                   SM_SV_ARG(adopt), SM_SV_ARG(f->target->name));
}

/* Does a target carry batches of this flow, of which the store knows nothing? */
static sm_code check_unknown(sm_flow *f, sm_sink *k, sm_error *err)
{
    sm_target_state t;
    sm_code rc = sm_sink_inspect(k, f->arena, &t, err);

    if (rc == SM_OK && t.other_generation)
        rc = refuse(f, k, err,
                    k->outside ? "this sink has sent rows under a checkpoint that is not here"
                               : "this table was written under a checkpoint that is not here");
    return rc;
}

/* The flow's first start, as far as the store knows. */
static sm_code resume_first(sm_flow *f, sm_error *err)
{
    sm_generation_switch w = { .flow = f->plan->name,
                               .target = f->target->name,
                               .uuid = f->uuid,
                               .why = SM_GENERATION_FIRST };
    sm_code rc = check_unknown(f, &f->sink, err);

    if (rc == SM_OK && f->side != NULL)
        rc = check_unknown(f, &f->side_sink, err);
    if (rc == SM_OK && f->late != NULL)
        rc = check_unknown(f, &f->late_sink, err);
    if (rc != SM_OK)
        return rc;
    return sm_store_generation_begin(f->env->q->store, &f->env->owner, &w, 1, &f->generation, err);
}

/* The commit of batch d never reached the log: its manifest is still kept, so it can. */
static sm_code publish_again(sm_flow *f, sm_sink *k, const sm_batch_rec *d, sm_error *err)
{
    sm_manifest *m = NULL;
    int64_t version;
    sm_code rc;

    if (d->manifest.len == 0)
        return refuse(f, k, err, "a commit of this table was lost, and so is what it said");
    if ((rc = sm_manifest_parse(f->scratch, d->manifest, &m, err)) != SM_OK)
        return rc;
    rc = sm_sink_publish(k, m, &version, err);
    if (rc == SM_E_AGAIN)
        return refuse(f, k, err,
                      "a commit of this table was lost, and another writer came before it");
    return rc;
}

/* What the store last saw of the table; asked before the table itself, which other flows may
 * write meanwhile. */
static sm_code last_seen(const sm_flow *f, const sm_sink *k, sm_table_rec *out, sm_error *err)
{
    sm_code rc =
        sm_store_table(f->env->q->store, f->env->owner.pipeline, k->name, f->scratch, out, err);

    if (rc != SM_E_NOT_FOUND)
        return rc;
    *out = (sm_table_rec){ .version = -1 };
    return SM_OK;
}

static sm_code compare(sm_flow *f, sm_sink *k, const sm_table_rec *seen, const sm_target_state *t,
                       sm_error *err)
{
    sm_batch_rec d;
    int64_t before = -1;
    sm_code rc = sm_store_last_with_actions(f->env->q->store, f->generation, k->name, f->scratch,
                                            &d, &before, err);

    if (rc != SM_OK)
        return rc;
    if (t->exists && seen->table_id.len > 0 && !sm_sv_eq(seen->table_id, t->table_id))
        return refuse(f, k, err, "the table was replaced by another one");
    if (d.n < 0 && t->version < seen->version) /* an adoption, a flow that never wrote */
        return refuse(f, k, err, t->exists ? "the table was rolled back" : "the table is gone");
    if (t->batch == d.n || (f->decided && t->batch == f->next))
        return SM_OK;
    if (t->batch > d.n)
        return refuse(f, k, err,
                      k->outside ? "the control store is older than what the sink has sent"
                                 : "the control store is older than the table");
    if (t->batch == before)
        return publish_again(f, k, &d, err);
    return refuse(f, k, err, "the table was rolled back behind its checkpoint");
}

static sm_code resume_target(sm_flow *f, sm_sink *k, sm_error *err)
{
    sm_table_rec seen;
    sm_target_state t;
    bool unchanged = false;
    sm_code rc;

    if (!f->decided && (rc = sm_sink_unchanged(k, &unchanged, err)) != SM_OK)
        return rc;
    if (unchanged)
        return SM_OK;
    if ((rc = last_seen(f, k, &seen, err)) != SM_OK ||
        (rc = sm_sink_inspect(k, f->scratch, &t, err)) != SM_OK)
        return rc;
    return compare(f, k, &seen, &t, err);
}

sm_code sm_flow__resume(sm_flow *f, sm_error *err)
{
    sm_code rc;

    if (f->refresh)
        return SM_OK;
    if (f->generation == 0)
        return resume_first(f, err);
    rc = resume_target(f, &f->sink, err);
    if (rc == SM_OK && f->side != NULL)
        rc = resume_target(f, &f->side_sink, err);
    if (rc == SM_OK && f->late != NULL)
        rc = resume_target(f, &f->late_sink, err);
    return rc;
}
