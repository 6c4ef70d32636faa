/* SPDX-License-Identifier: Apache-2.0 */
/* decode_hints.c -- columns that the user knows better than inference. */
#include "runtime/connect/decode_hints.h"

#include "runtime/base/sqlhints.h"

static sm_code hints_of(sm_sv text, sm_arena *a, sm_hints *out, sm_error *err)
{
    sm_sv bad;

    if (sm_hints_parse(text, a, out, &bad, err) != SM_OK)
        return sm_wrap(err, "schema_hints \"%.*s\", at \"%.*s\"", SM_SV_ARG(text), SM_SV_ARG(bad));
    for (size_t i = 0; i < out->n; i++) {
        const sm_hint *hint = &out->items[i];

        if (sm_sqltype_has(hint->type, SM_SQLTYPE_OTHER))
            return sm_fail(err, SM_E_INVALID, 0, "schema_hints: column \"%.*s\" has no type %.*s",
                           SM_SV_ARG(hint->name), SM_SV_ARG(hint->type_text));
    }
    return SM_OK;
}

sm_code sm_decode_apply_hints(sm_sv hints, sm_arena *a, sm_schema *schema, sm_error *err)
{
    sm_hints list;
    sm_code rc = hints_of(hints, a, &list, err);

    return rc == SM_OK ? sm_hints_apply(&list, SM_HINTS_ALL, a, schema, err) : rc;
}

sm_code sm_decode_add_hints(sm_sv hints, sm_arena *a, sm_schema *schema, bool *added, sm_error *err)
{
    const sm_schema was = *schema;
    sm_hints list;
    sm_code rc;

    *added = false;
    if ((rc = hints_of(hints, a, &list, err)) == SM_OK &&
        (rc = sm_hints_apply(&list, SM_HINTS_NEW, a, schema, err)) == SM_OK)
        *added = !sm_schema_equal(&was, schema);
    return rc;
}
