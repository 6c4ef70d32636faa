/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_grow.c -- files that have more than the schema in force.
 *
 * JSON tells it at the end of a batch, CSV in its headers, Parquet in its footers.  Then the
 * columns of all records of the batch are inferred, not only of the first ones, so that the
 * type of a new column holds for each value of the batch; the schema grows by what is new.  What
 * it has already keeps its type or, with add_new_columns_with_type_widening, takes a wider one. */
#include "runtime/sources/source_files_int.h"

bool sm_files__grows(const sm_source *s)
{
    return s->owner != NULL && sm_evolution_grows(s->evolution);
}

/* "a BIGINT, b VARCHAR", of what `now` has and `was` has not. */
static void list_new(const sm_schema *was, const sm_schema *now, sm_buf *out)
{
    for (size_t i = 0; i < now->n; i++) {
        const sm_column *c = &now->columns[i];
        if (i < was->n && sm_sv_eq(c->type, was->columns[i].type))
            continue;
        sm_buf_addf(out, "%s%.*s %.*s", out->len > 0 ? ", " : "", SM_SV_ARG(c->name),
                    SM_SV_ARG(c->type));
    }
}

sm_code sm_files__grow(sm_source *s, const sm_schema *found, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_schema inferred, *grown;
    sm_grown g;
    sm_buf what;
    sm_code rc;
    if (found == NULL) {
        if ((rc = sm_files__infer_batch(s, f->read, &inferred, err)) != SM_OK)
            return rc;
        found = &inferred;
    }
    if ((rc = sm_schema_grow(s->schema, found, sm_evolution_how(s->evolution), f->read, &g, err)) !=
            SM_OK ||
        g.added + g.widened == 0)
        return rc;
    grown = SM_NEW(f->read, sm_schema);
    *grown = g.schema;
    s->report.grown = grown;
    sm_buf_init(&what, 4096);
    list_new(s->schema, grown, &what);
    sm_fail(err, SM_E_AGAIN, 0, "new columns%s: %.*s", g.widened > 0 ? " or types" : "",
            SM_SV_ARG(sm_buf_sv(&what)));
    sm_buf_release(&what);
    return SM_E_AGAIN;
}
