/* SPDX-License-Identifier: Apache-2.0 */
/* project_reads.c -- the way back: what a table of another pipeline reads of this one.
 *
 * A walk against the data, table by table: the engine parses the queries of one table at a time,
 * and nothing is bound.  So a way round through other pipelines is found before anything runs. */
#include "ui/cli/project_reads.h"

#include <string.h>

enum { MOST_TABLES = 10000, MOST_REFS = 256 };

typedef struct stop {
    sm_other *other;
    const sm_spec_table *table;
} stop;

typedef struct walk {
    sm_project *p;
    sm_arena *a;
    stop *stops; /* met so far; those below `done` have been looked at */
    size_t n, cap, done;
    sm_sv *reads;
    size_t n_reads;
    sm_error *err;
} walk;

static void meet(walk *w, sm_other *other, const sm_spec_table *table)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->stops[i].table == table)
            return;
    if (w->n == MOST_TABLES)
        return;
    if (w->n == w->cap) {
        size_t cap = w->cap == 0 ? 16 : 2 * w->cap;
        stop *wider = SM_NEW_N(w->a, stop, cap);

        if (w->n > 0)
            memcpy(wider, w->stops, w->n * sizeof *wider);
        w->stops = wider;
        w->cap = cap;
    }
    w->stops[w->n++] = (stop){ other, table };
}

static void add_read(walk *w, sm_sv name)
{
    for (size_t i = 0; i < w->n_reads; i++)
        if (sm_sql_same_name(w->reads[i], name))
            return;
    if (w->reads == NULL)
        w->reads = SM_NEW_N(w->a, sm_sv, MOST_REFS);
    if (w->n_reads < MOST_REFS)
        w->reads[w->n_reads++] = sm_arena_dup(w->a, name);
}

static bool is_schema_of(const sm_spec *s, sm_sv schema)
{
    return s != NULL &&
           (sm_sql_same_name(s->schema.text, schema) || sm_sql_same_name(s->pipeline.text, schema));
}

/* A name that stands in a query of `from`. */
static sm_code follow(walk *w, sm_other *from, sm_sv schema, sm_sv name)
{
    const sm_spec_table *table;
    sm_other *other = from;
    bool enabled;

    if (schema.len > 0 && !is_schema_of(from->p.spec, schema)) {
        if (is_schema_of(w->p->spec, schema)) {
            add_read(w, name);
            return SM_OK;
        }
        if (sm_project_other_find(w->p, schema, name, &other, w->err) != SM_OK)
            return w->err->code;
    }
    if (other == NULL)
        return SM_OK;
    if ((table = sm_project_other_table(other, name, &enabled)) != NULL && enabled)
        meet(w, other, table);
    return SM_OK;
}

static sm_code follow_from(walk *w, sm_other *from, sm_sv name)
{
    sm_sv rest = name, first = SM_SV(""), second = SM_SV("");

    (void)sm_sv_next(&rest, '.', &first);
    if (!sm_sv_next(&rest, '.', &second))
        return follow(w, from, SM_SV(""), first);
    return follow(w, from, first, second);
}

static sm_code follow_sql(walk *w, sm_other *from, const sm_sql_input *in, size_t n)
{
    sm_sql_engine sql = sm_project_sql(w->p);
    const sm_sql_query **read = SM_NEW_N(w->a, const sm_sql_query *, n + 1);
    sm_code rc = sm_sql_read(&sql, in, n, w->a, sm_diags_new(w->a), read, w->err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        for (size_t k = 0; rc == SM_OK && read[i] != NULL && k < read[i]->n_refs; k++)
            rc = follow(w, from, read[i]->refs[k].schema, read[i]->refs[k].name);
    return rc;
}

/* Variables have no part in which tables are read. */
static sm_code look(walk *w, const stop *s)
{
    const sm_spec_table *t = s->table;
    sm_sql_input *in = SM_NEW_N(w->a, sm_sql_input, t->flows.n + 2);
    size_t n = 0;

    if (t->from.text.len > 0 && follow_from(w, s->other, t->from.text) != SM_OK)
        return w->err->code;
    if (t->sql.text.len > 0)
        in[n++] = (sm_sql_input){ .kind = SM_SQL_QUERY, .text = &t->sql, .owner = SM_SV("") };
    for (size_t i = 0; i < t->flows.n; i++)
        in[n++] = (sm_sql_input){ .kind = SM_SQL_QUERY,
                                  .text = &t->flows.items[i].sql,
                                  .owner = SM_SV("") };
    return n == 0 ? SM_OK : follow_sql(w, s->other, in, n);
}

sm_code sm_project_reads(sm_project *p, sm_other *o, const sm_spec_table *table, sm_arena *a,
                         sm_plan_other *out, sm_error *err)
{
    walk w = { .p = p, .a = a, .err = err };
    sm_code rc = SM_OK;

    meet(&w, o, table);
    while (rc == SM_OK && w.done < w.n) {
        stop s = w.stops[w.done++];

        rc = look(&w, &s);
    }
    out->reads = w.reads;
    out->n_reads = w.n_reads;
    return rc;
}
