/* SPDX-License-Identifier: Apache-2.0 */
/* decode_hints.c -- columns that the user knows better than inference.
 *
 * A list of names and types is what stands between the brackets of a STRUCT, so the type
 * parser reads it. */
#include "runtime/connect/decode_hints.h"

sm_code sm_decode_apply_hints(sm_sv hints, sm_arena *a, sm_schema *schema, sm_error *err)
{
    sm_sqltype *all;
    sm_sv text = sm_sv_trim(hints);
    if (text.len == 0)
        return SM_OK;
    text = sm_arena_printf(a, "STRUCT(%.*s)", SM_SV_ARG(text));
    if (sm_sqltype_parse(text, a, &all, err) != SM_OK || all->kind != SM_SQLTYPE_STRUCT)
        return sm_fail(err, SM_E_INVALID, 0,
                       "schema_hints \"%.*s\" is no list such as \"a INTEGER, b VARCHAR[]\"",
                       SM_SV_ARG(hints));
    sm_column *columns = SM_NEW_N(a, sm_column, schema->n + all->n + 1);
    if (schema->n > 0)
        memcpy(columns, schema->columns, schema->n * sizeof *columns);
    schema->columns = columns;
    for (size_t i = 0; i < all->n; i++) {
        const sm_sqltype_field *hint = &all->fields[i];
        if (sm_sqltype_has(hint->type, SM_SQLTYPE_OTHER))
            return sm_fail(err, SM_E_INVALID, 0, "schema_hints: column \"%.*s\" has no type %.*s",
                           SM_SV_ARG(hint->name), SM_SV_ARG(hint->type->text));
        ptrdiff_t at = sm_schema_find(schema, hint->name);
        if (at < 0) {
            at = (ptrdiff_t)schema->n++;
            columns[at] = (sm_column){ .name = hint->name, .nullable = true };
        }
        columns[at].type = sm_sqltype_print(hint->type, a);
    }
    return SM_OK;
}
