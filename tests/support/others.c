/* SPDX-License-Identifier: Apache-2.0 */
/* others.c -- a project that has one other pipeline, for tests of the planner. */
#include "tests/support/others.h"

static void add_column(sm_schema *s, const char *name, const char *type)
{
    s->columns[s->n++] = (sm_column){ sm_sv_cstr(name), sm_sv_cstr(type), true, SM_SV("") };
}

static void add_columns(sm_sv name, sm_arena *a, sm_schema *s)
{
    s->columns = SM_NEW_N(a, sm_column, 2);
    if (sm_sv_eq_str(name, "totals"))
        add_column(s, "n", "BIGINT");
    else if (!sm_sv_eq_str(name, "later"))
        add_column(s, "id", "BIGINT");
    if (sm_sv_eq_str(name, "events"))
        add_column(s, "seen_at", "TIMESTAMP");
}

sm_code sm_test_other(void *ctx, sm_sv schema, sm_sv name, sm_arena *a, sm_plan_other *out,
                      sm_error *err)
{
    static const char *const tables[] = { "events", "totals", "later", "loop" };
    static const sm_sv back = SM_SV_LIT("back");
    bool known = false;

    (void)ctx;
    (void)err;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        known |= sm_sv_eq_str(name, tables[i]);
    if (!sm_sql_same_name(schema, SM_SV("raw")) && !sm_sql_same_name(schema, SM_SV("up"))) {
        out->fault = SM_SV("and no pipeline of the project has that schema");
        out->hint = SM_SV("did you mean \"raw\"?");
    } else if (sm_sv_eq_str(name, "hidden")) {
        out->fault = SM_SV("which is private to its pipeline");
        out->closed = true;
        out->see = (sm_span){ "up.yml", 7, 3, 7, 9 };
    } else if (!known) {
        out->fault = SM_SV("and pipeline \"up\" (up.yml) has no such table");
    }
    out->name = sm_arena_printf(a, "raw.%.*s", SM_SV_ARG(name));
    out->pipeline = SM_SV("up");
    out->path = sm_arena_printf(a, "lake/raw/%.*s", SM_SV_ARG(name));
    out->replaced = sm_sv_eq_str(name, "totals");
    out->reads = &back;
    out->n_reads = sm_sv_eq_str(name, "loop");
    out->place = (sm_plan_place){ SM_SV("up.yml"), 5, 3 };
    add_columns(name, a, &out->schema);
    return SM_OK;
}
