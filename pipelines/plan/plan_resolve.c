/* SPDX-License-Identifier: Apache-2.0 */
/* plan_resolve.c -- names to datasets, their order, and what may be read how.
 *
 *     read as     source   streaming table   materialized view   view over a stream   other view
 *     ---------   ------   ---------------   -----------------   ------------------   ----------
 *     STREAM(x)   stream   stream            refused             the view's streams   refused
 *     x           static   static            static              the view's streams   static
 *
 * A quarantine is read as its table is.
 *
 * A streaming table has at least one stream among its references (a flow with `once: true`
 * may have none), a materialized view has none, a view is what its references are.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/strmap.h"
#include "runtime/base/suggest.h"

/* ---- names --------------------------------------------------------------------- */

/* A quarantine of a table that has none. */
static bool tell_no_quarantine(plan_builder *b, const sm_sql_ref *ref)
{
    sm_sv ending = SM_SV(SM_PLAN_QUARANTINE);
    size_t table;

    if (ref->name.len <= ending.len ||
        !sm_strmap_get(b->names, sm_sv_sub(ref->name, 0, ref->name.len - ending.len), &table) ||
        table == SIZE_MAX || !sm_dataset_is_table(&b->datasets[table]) ||
        !sm_sv_eq_nocase(sm_sv_sub(ref->name, ref->name.len - ending.len, ref->name.len), ending))
        return false;
    sm_diag_hint(b->d,
                 "\"%.*s\" sets no rows aside: none of its rules has `on_violation: quarantine`, "
                 "and it reads no source with `on_decode_error: quarantine`.",
                 SM_SV_ARG(b->datasets[table].name));
    sm_diag_see(b->d, b->nodes[table].at, "it is defined here");
    return true;
}

static void tell_unknown(plan_builder *b, const plan_query *q, const sm_sql_ref *ref)
{
    size_t best = SIZE_MAX, found = SIZE_MAX;
    sm_span at = sm_text_span(q->text, ref->name_offset, ref->name_len);

    if (!sm_plan__is_ours(b, ref)) {
        sm_diag_add(b->d, "SM0301", at, "%.*s reads \"%.*s.%.*s\", which is not in this pipeline",
                    SM_SV_ARG(q->label), SM_SV_ARG(ref->schema), SM_SV_ARG(ref->name));
        if (sm_plan__is_live(ref))
            sm_diag_hint(b->d,
                         "A dataset is named without LIVE: write %.*s, or STREAM(%.*s) for its "
                         "new rows.",
                         SM_SV_ARG(ref->name), SM_SV_ARG(ref->name));
        return;
    }
    sm_diag_add(b->d, "SM0301", at, "%.*s reads \"%.*s\", which nothing defines",
                SM_SV_ARG(q->label), SM_SV_ARG(ref->name));
    for (size_t i = 0; i < b->spec->disabled.n; i++) {
        const sm_text *name = &b->spec->disabled.items[i].name;

        if (!sm_sql_same_name(name->text, ref->name))
            continue;
        sm_diag_hint(b->d, "it has `enabled: false`");
        sm_diag_see(b->d, name->at, "it stands here");
        return;
    }
    if (tell_no_quarantine(b, ref))
        return;
    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        size_t distance = sm_edit_distance(ref->name, b->datasets[i].name);

        if (distance < best && i != q->owner && sm_suggest_close(ref->name, b->datasets[i].name)) {
            best = distance;
            found = i;
        }
    }
    if (found == SIZE_MAX)
        return;
    sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(b->datasets[found].name));
    sm_diag_see(b->d, b->nodes[found].at, "it is defined here");
}

static void resolve_query(plan_builder *b, plan_query *q)
{
    size_t refs = q->read ? q->read->n_refs : 0;

    q->datasets = SM_NEW_N(b->scratch, size_t, refs + 1);
    q->streaming = SM_NEW_N(b->scratch, bool, refs + 1);
    for (size_t i = 0; i < refs; i++) {
        const sm_sql_ref *ref = &q->read->refs[i];
        size_t *ds = &q->datasets[i];

        if ((!sm_plan__is_ours(b, ref) || !sm_strmap_get(b->names, ref->name, ds)) &&
            !sm_strmap_get(b->names, sm_plan__qualified(ref, b->scratch), ds)) {
            *ds = SIZE_MAX;
            tell_unknown(b, q, ref);
        }
        b->nodes[q->owner].failed |= *ds == SIZE_MAX;
    }
}

/* ---- the graph ----------------------------------------------------------------- */

static void collect_reads(plan_builder *b, size_t ds, bool *seen)
{
    plan_node *node = &b->nodes[ds];
    size_t max = 0, n = 0;
    size_t *list;

    for (size_t i = 0; i < node->n_queries; i++)
        max += node->queries[i].read ? node->queries[i].read->n_refs : 0;
    max += node->other ? node->other->n_reads : 0;
    list = SM_NEW_N(b->a, size_t, max + 1);
    if (sm_dataset_is_side(&b->datasets[ds]))
        list[n++] = b->datasets[ds].owner;
    for (size_t i = 0; node->other && i < node->other->n_reads; i++)
        n += sm_strmap_get(b->names, node->other->reads[i], &list[n]);
    for (size_t i = 0; i < node->n_queries; i++) {
        const plan_query *q = &node->queries[i];

        for (size_t k = 0; q->read && k < q->read->n_refs; k++) {
            if (q->datasets[k] == SIZE_MAX || seen[q->datasets[k]])
                continue;
            seen[q->datasets[k]] = true;
            list[n++] = q->datasets[k];
        }
    }
    for (size_t i = 0; i < n; i++)
        seen[list[i]] = false;
    b->datasets[ds].reads = list;
    b->datasets[ds].n_reads = n;
}

/* Where `ds` names `read` for the first time. */
static sm_span reference_span(const plan_builder *b, size_t ds, size_t read)
{
    const plan_node *node = &b->nodes[ds];

    for (size_t i = 0; i < node->n_queries; i++) {
        const plan_query *q = &node->queries[i];

        for (size_t k = 0; q->read && k < q->read->n_refs; k++) {
            const sm_sql_ref *ref = &q->read->refs[k];

            if (q->datasets[k] == read)
                return sm_text_span(q->text, ref->name_offset, ref->name_len);
        }
    }
    return node->at;
}

static void tell_cycle(plan_builder *b, const size_t *cycle, size_t n)
{
    sm_buf path;

    sm_buf_init(&path, 4096);
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&path, "%s%.*s", i ? " -> " : "", SM_SV_ARG(b->datasets[cycle[i]].name));
    sm_diag_add(b->d, "SM0303", reference_span(b, cycle[0], cycle[1]),
                n == 2 ? "\"%.*s\" reads itself: %s" : "\"%.*s\" depends on itself: %s",
                SM_SV_ARG(b->datasets[cycle[0]].name), path.ptr);
    for (size_t i = 1; i + 1 < n && i < 8; i++)
        if (!b->nodes[cycle[i]].other)
            sm_diag_see(b->d, reference_span(b, cycle[i], cycle[i + 1]), "and here it goes on");
    sm_buf_release(&path);
}

enum { MAX_CYCLES = 20 };

/* Each cycle is told, then taken apart so that the rest still has an order. */
static void order_datasets(plan_builder *b, sm_arena *scratch)
{
    size_t n = b->plan->n_datasets, n_cycle = 0;
    const size_t **lists = SM_NEW_N(scratch, const size_t *, n + 1);
    size_t *counts = SM_NEW_N(scratch, size_t, n + 1);
    size_t *order = SM_NEW_N(b->a, size_t, n + 1);
    bool *seen = SM_NEW_N(scratch, bool, n + 1);
    const size_t *cycle = NULL;

    for (size_t i = 0; i < n; i++) {
        collect_reads(b, i, seen);
        lists[i] = b->datasets[i].reads;
        counts[i] = b->datasets[i].n_reads;
    }
    for (int i = 0; i < MAX_CYCLES; i++) {
        if (sm_plan__order(&(plan_graph){ n, lists, counts }, scratch, order, &cycle, &n_cycle)) {
            b->plan->order = order;
            return;
        }
        tell_cycle(b, cycle, n_cycle);
        for (size_t k = 0; k < n_cycle; k++) {
            b->nodes[cycle[k]].failed = true;
            counts[cycle[k]] = 0;
        }
    }
}

/* ---- what may be read how ------------------------------------------------------ */

static void refuse_ref(plan_builder *b, const plan_query *q, size_t i, const char *code,
                       const char *what, const char *hint)
{
    const sm_sql_ref *ref = &q->read->refs[i];

    sm_diag_add(b->d, code, sm_text_span(q->text, ref->offset, ref->len), "%.*s: %s",
                SM_SV_ARG(q->label), what);
    sm_diag_hint(b->d, "%s", hint);
    if (!b->nodes[q->datasets[i]].other)
        sm_diag_see(b->d, b->nodes[q->datasets[i]].at, "it is defined here");
    b->nodes[q->owner].failed = true;
}

static void judge_ref(plan_builder *b, plan_query *q, size_t i)
{
    const sm_sql_ref *ref = &q->read->refs[i];
    const sm_plan_dataset *ds = &b->datasets[q->datasets[i]];
    bool view_stream = b->nodes[q->datasets[i]].streaming;

    q->streaming[i] = ref->stream || view_stream;
    if (ds->kind == SM_DATASET_SINK)
        refuse_ref(b, q, i, "SM0309", "this is a sink, and its rows have gone",
                   "Read the table that it sends.");
    if (ref->stream && ds->kind == SM_DATASET_QUARANTINE &&
        b->datasets[ds->owner].kind == SM_DATASET_MATERIALIZED_VIEW)
        refuse_ref(b, q, i, "SM0306", "STREAM() of the quarantine of a materialized view",
                   "Its rows are replaced with those of the view; read it by its plain name.");
    else if (ref->stream &&
             (ds->kind == SM_DATASET_MATERIALIZED_VIEW ||
              (b->nodes[q->datasets[i]].other && b->nodes[q->datasets[i]].other->replaced)))
        refuse_ref(b, q, i, "SM0306", "STREAM() of a materialized view",
                   "Its rows are computed anew each time, so there are no new rows to follow; "
                   "read it by its plain name.");
    else if (ref->stream && ds->n_flows > 0 && b->flows[ds->flow].output_mode != SM_STAGE_APPEND)
        refuse_ref(b, q, i, "SM0306", "STREAM() of a table whose rows are replaced",
                   "In output mode update and complete later rows take the place of earlier ones; "
                   "read it by its plain name, or write it in output mode append.");
    else if (ref->stream && ds->kind == SM_DATASET_VIEW && !view_stream &&
             !b->nodes[q->datasets[i]].failed)
        refuse_ref(b, q, i, "SM0306", "STREAM() of a view that reads no stream",
                   "Write STREAM(x) inside of the view, and name the view plainly.");
    else if (!ref->stream && ds->kind == SM_DATASET_SOURCE && b->env->has_snapshot &&
             !b->env->has_snapshot(b->env->ctx, ds->source_type))
        refuse_ref(b, q, i, "SM0309", "this source has no snapshot to read",
                   "Its rows come one after the other; read it as STREAM(x), or read a table "
                   "that was written from it.");
}

static void judge_table(plan_builder *b, size_t ds, plan_query *q, bool once, bool streaming)
{
    sm_dataset_kind kind = b->datasets[ds].kind;
    size_t first = 0;

    while (first < q->read->n_refs && !q->streaming[first])
        first++;
    if (kind == SM_DATASET_MATERIALIZED_VIEW && streaming) {
        refuse_ref(b, q, first, "SM0304", "a materialized view reads a stream",
                   "Read the table by its plain name, without STREAM, or make this one a "
                   "streaming table.");
    } else if ((kind == SM_DATASET_STREAMING_TABLE || kind == SM_DATASET_SINK) && !streaming &&
               !once && !b->nodes[ds].failed) {
        sm_diag_add(b->d, "SM0305", sm_text_span(q->text, 0, q->text->text.len),
                    "%.*s is a streaming table and reads no stream", SM_SV_ARG(q->label));
        sm_diag_hint(b->d, "Write STREAM(x) around the input whose new rows it follows, or give it "
                           "`type: materialized_view`.");
        b->nodes[ds].failed = true;
    }
}

static bool is_complete(const plan_builder *b, size_t ds)
{
    return b->datasets[ds].n_flows > 0 &&
           b->flows[b->datasets[ds].flow].output_mode == SM_STAGE_COMPLETE;
}

static void judge_query(plan_builder *b, size_t ds, size_t number)
{
    plan_query *q = &b->nodes[ds].queries[number];
    sm_dataset_kind kind = b->datasets[ds].kind;
    bool streaming = false, once = false;

    if (!q->read)
        return;
    for (size_t i = 0; i < q->read->n_refs; i++) {
        if (q->datasets[i] == SIZE_MAX)
            return;
        judge_ref(b, q, i);
        streaming |= q->streaming[i];
    }
    if (kind == SM_DATASET_VIEW)
        b->nodes[ds].streaming = streaming;
    else
        once = b->flows[b->datasets[ds].flow + number].once;
    if (kind != SM_DATASET_VIEW)
        judge_table(b, ds, q, once, streaming);
    if (streaming && kind != SM_DATASET_MATERIALIZED_VIEW &&
        !sm_sql_judge_stream(q->read, q->streaming, is_complete(b, ds), b->d))
        b->nodes[ds].failed = true;
    if (!streaming && !sm_sql_judge_static(q->read, b->d))
        b->nodes[ds].failed = true;
}

void sm_plan__resolve(plan_builder *b)
{
    sm_arena *scratch = sm_arena_new("resolve");

    for (size_t i = 0; i < b->plan->n_datasets; i++) {
        for (size_t k = 0; k < b->nodes[i].n_queries; k++)
            resolve_query(b, &b->nodes[i].queries[k]);
    }
    order_datasets(b, scratch);
    for (size_t i = 0; b->plan->order && i < b->plan->n_datasets; i++) {
        size_t ds = b->plan->order[i];

        for (size_t k = 0; k < b->nodes[ds].n_queries; k++)
            judge_query(b, ds, k);
    }
    sm_arena_free(scratch);
}
