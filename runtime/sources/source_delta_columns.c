/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_columns.c -- the columns of another writer's table, against those in force.
 *
 *     it has one more         add_new_columns takes it in, none passes over it, fail tells it
 *     it has one in a wider   add_new_columns_with_type_widening takes the wider one in, the others
 *     type                    tell it
 *     it lost one             always told: rows without it would look as if it were NULL
 *
 * Whoever begins, as after a full refresh, has no rows of the columns in force: those of the table
 * take their place. */
#include "runtime/sources/source_delta_int.h"

#include "runtime/delta/delta_schema.h"

sm_code sm_delta_source__schema(const sm_delta_metadata *m, sm_arena *a, sm_schema *out,
                                sm_error *err)
{
    sm_sqltype *t;
    sm_code rc = sm_delta_metadata_schema(m, a, out, err);

    for (size_t i = 0; rc == SM_OK && i < out->n; i++) {
        out->columns[i].nullable = true; /* what a query makes of it may be null */
        if ((rc = sm_sqltype_parse(out->columns[i].type, a, &t, err)) == SM_OK)
            out->columns[i].type = sm_sqltype_view_text(t, a);
    }
    return rc;
}

static sm_code check_lost(const sm_source *src, const sm_schema *found, sm_error *err)
{
    for (size_t i = 0; i < src->schema->n; i++) {
        sm_sv name = src->schema->columns[i].name;

        if (sm_schema_find(found, name) < 0)
            return sm_fail(err, SM_E_INVALID, 0,
                           "the table has no column \"%.*s\" any more: it was dropped or renamed; "
                           "take it out of the queries and rebuild with --full-refresh",
                           SM_SV_ARG(name));
    }
    return SM_OK;
}

static sm_code tell_new(const sm_source *src, const sm_schema *found, sm_error *err)
{
    for (size_t i = 0; i < found->n; i++)
        if (sm_schema_find(src->schema, found->columns[i].name) < 0)
            return sm_fail(err, SM_E_INVALID, 0,
                           "column \"%.*s\" appeared in the table, the schema in force does not "
                           "have it; let it become a column with `schema_evolution_mode: "
                           "add_new_columns`, or pass over it with `none`",
                           SM_SV_ARG(found->columns[i].name));
    return SM_OK;
}

/* What the batch is read again with; owned by the source. */
static sm_code read_with(sm_source *src, const sm_schema *schema, bool anew, sm_error *err)
{
    sm_schema *out = SM_NEW(src->arena, sm_schema);

    *out = (sm_schema){ SM_NEW_N(src->arena, sm_column, schema->n + 1), schema->n };
    for (size_t i = 0; i < schema->n; i++) {
        out->columns[i] = schema->columns[i];
        out->columns[i].name = sm_arena_dup(src->arena, schema->columns[i].name);
        out->columns[i].type = sm_arena_dup(src->arena, schema->columns[i].type);
        out->columns[i].description = sm_arena_dup(src->arena, schema->columns[i].description);
    }
    src->report.grown = out;
    src->report.anew = anew;
    return sm_fail(err, SM_E_AGAIN, 0, "the table has other columns");
}

static sm_code grow_by(sm_source *src, const sm_schema *found, sm_arena *a, sm_error *err)
{
    sm_grown g;
    sm_code rc;

    if ((rc = sm_schema_grow(src->schema, found, sm_evolution_how(src->evolution) | SM_GROW_EITHER,
                             a, &g, err)) != SM_OK)
        return rc;
    if (g.conflict >= 0) {
        const sm_column *c = &found->columns[g.conflict];
        return sm_fail(
            err, SM_E_INVALID, 0,
            "column \"%.*s\" is %.*s in the table and %.*s in force; take wider types in "
            "with `schema_evolution_mode: add_new_columns_with_type_widening`, or rebuild "
            "with --full-refresh",
            SM_SV_ARG(c->name), SM_SV_ARG(c->type),
            SM_SV_ARG(src->schema->columns[sm_schema_find(src->schema, c->name)].type));
    }
    return g.added + g.widened == 0 ? SM_OK : read_with(src, &g.schema, false, err);
}

/* Has the table no column of those in force, or one of another type? */
static bool has_others(const sm_source *src, const sm_schema *found)
{
    for (size_t i = 0; i < src->schema->n; i++) {
        const sm_column *c = &src->schema->columns[i];
        ptrdiff_t at = sm_schema_find(found, c->name);

        if (at < 0 || !sm_sv_eq(found->columns[at].type, c->type))
            return true;
    }
    return false;
}

sm_code sm_delta_source__columns(sm_source *src, const sm_delta_metadata *m, sm_delta_reader reader,
                                 sm_arena *a, sm_error *err)
{
    sm_schema found;
    sm_code rc;

    if ((rc = sm_delta_source__schema(m, a, &found, err)) != SM_OK)
        return rc;
    if (reader == SM_DELTA_BEGINS && src->owner != NULL && !src->schema_declared &&
        has_others(src, &found))
        return read_with(src, &found, true, err);
    if ((rc = check_lost(src, &found, err)) != SM_OK)
        return rc;
    if (src->schema_declared || sm_evolution_stays(src->evolution))
        return SM_OK;
    if (reader != SM_DELTA_LOOKS && src->owner != NULL && sm_evolution_grows(src->evolution))
        return grow_by(src, &found, a, err);
    return src->evolution == SM_EVOLUTION_FAIL && src->owner != NULL ? tell_new(src, &found, err)
                                                                     : SM_OK;
}
