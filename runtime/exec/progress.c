/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c -- what a flow did, as numbers, as JSON, as a row of the run's record.
 *
 * Row accounting, of every batch and so of every sum of batches:
 *     read + expanded = undecodable + late + duplicate + combined + in_state + filtered
 *                       + dropped + quarantined + written */
#include "runtime/exec/flow_int.h"

static int64_t balance(const sm_flow_counts *c)
{
    return c->read - c->undecodable - c->late - c->duplicate - c->combined - c->in_state -
           c->result;
}

int64_t sm_flow_counts_filtered(const sm_flow_counts *c)
{
    return balance(c) > 0 ? balance(c) : 0;
}

int64_t sm_flow_counts_expanded(const sm_flow_counts *c)
{
    return balance(c) < 0 ? -balance(c) : 0;
}

/* The counts that are stored, by their names. */
static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    { "read", offsetof(sm_flow_counts, read) },
    { "undecodable", offsetof(sm_flow_counts, undecodable) },
    { "undecodable_kept", offsetof(sm_flow_counts, kept) },
    { "result", offsetof(sm_flow_counts, result) },
    { "combined", offsetof(sm_flow_counts, combined) },
    { "in_state", offsetof(sm_flow_counts, in_state) },
    { "late", offsetof(sm_flow_counts, late) },
    { "duplicate", offsetof(sm_flow_counts, duplicate) },
    { "dropped", offsetof(sm_flow_counts, dropped) },
    { "quarantined", offsetof(sm_flow_counts, quarantined) },
    { "written", offsetof(sm_flow_counts, written) },
    { "bytes_in", offsetof(sm_flow_counts, bytes_in) },
    { "bytes_out", offsetof(sm_flow_counts, bytes_out) },
    { "files_in", offsetof(sm_flow_counts, files_in) },
    { "files_out", offsetof(sm_flow_counts, files_out) },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static int64_t *field(sm_flow_counts *c, size_t i)
{
    return (int64_t *)(void *)((char *)c + fields[i].offset);
}

sm_json *sm_flow__counts_json(const sm_flow_counts *c, sm_arena *a)
{
    sm_flow_counts copy = *c;
    sm_json *o = sm_json_object(a);

    for (size_t i = 0; i < FIELDS; i++)
        sm_json_set_int(o, fields[i].name, *field(&copy, i));
    sm_json_set_int(o, "filtered", sm_flow_counts_filtered(c));
    sm_json_set_int(o, "expanded", sm_flow_counts_expanded(c));
    return o;
}

void sm_flow__counts_read(sm_flow *f, sm_batch *b, sm_sv counters, sm_sv expectations)
{
    sm_json *j = NULL;
    sm_error ignored;

    b->expectations = sm_json_array(f->scratch);
    b->rules = SM_NEW_N(f->scratch, sm_rule_count, f->target->n_rules);
    if (sm_json_parse(counters, f->scratch, &j, &ignored) == SM_OK)
        for (size_t i = 0; i < FIELDS; i++)
            *field(&b->counts, i) = sm_json_get_int(j, fields[i].name, 0);
    if (expectations.len == 0 || sm_json_parse(expectations, f->scratch, &j, &ignored) != SM_OK)
        return;
    b->expectations = j;
    for (size_t i = 0; i < f->target->n_rules && i < sm_json_len(j); i++) {
        b->rules[i].passed = sm_json_get_int(sm_json_at(j, i), "passed", 0);
        b->rules[i].failed = sm_json_get_int(sm_json_at(j, i), "failed", 0);
    }
}

void sm_flow__add_batch(sm_flow *f, const sm_batch *b)
{
    sm_flow_outcome *o = f->out;
    sm_flow_counts more = b->counts;
    sm_rule_count *rules = (sm_rule_count *)(uintptr_t)o->rules; /* ours: made by run.c */

    for (size_t i = 0; i < FIELDS; i++)
        *field(&o->counts, i) += *field(&more, i);
    for (size_t i = 0; b->rules != NULL && i < o->n_rules; i++) {
        rules[i].passed += b->rules[i].passed;
        rules[i].failed += b->rules[i].failed;
    }
    sm_batch_times_add(&o->times, &b->times);
    o->batches++;
    o->rolled_forward |= b->rolled_forward;
    if (b->version >= 0)
        o->version = b->version;
}

static sm_json *rules_json(const sm_flow_outcome *o, sm_arena *a)
{
    sm_json *list = sm_json_array(a);

    for (size_t i = 0; i < o->n_rules + o->n_checks; i++) {
        const sm_rule_count *r = &o->rules[i];
        sm_json *row = sm_json_object(a);

        sm_json_set_string(row, "name", r->name);
        sm_json_set_string(row, "policy", r->policy);
        sm_json_set_int(row, "passed", r->passed);
        sm_json_set_int(row, "failed", r->failed);
        if (r->crossed.len > 0)
            sm_json_set_string(row, "crossed", r->crossed);
        if (r->note.len > 0)
            sm_json_set_string(row, "note", r->note);
        sm_json_append(list, row);
    }
    return list;
}

sm_run_flow_rec sm_flow__progress(const sm_flow_outcome *o, sm_arena *a)
{
    return (sm_run_flow_rec){
        .flow = o->flow->name,
        .dataset = o->dataset,
        .state = o->state,
        .reason = o->reason,
        .counters = sm_json_text(sm_flow__counts_json(&o->counts, a), a),
        .expectations = sm_json_text(rules_json(o, a), a),
        .batches = o->batches,
        .started_ms = o->started_ms,
        .ended_ms = o->ended_ms,
        .duration_ms = o->duration_ms,
        .phases = sm_batch_times_text(&o->times, a),
        .cpu_us = o->times.cpu_us,
        .error = sm_sv_cstr(o->error.code == SM_OK ? "" : o->error.msg),
    };
}
