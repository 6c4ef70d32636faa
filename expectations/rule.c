/* SPDX-License-Identifier: Apache-2.0 */
/* rule.c -- one rule as SQL. */
#include "expectations/rule.h"

sm_sv sm_rule_sql(sm_sv expr, sm_arena *a)
{
    /* the newline ends a comment at the end of the expression */
    return sm_arena_printf(a, "(TRY((%.*s\n)) IS TRUE)", SM_SV_ARG(expr));
}
