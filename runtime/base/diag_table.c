/* SPDX-License-Identifier: Apache-2.0 */
/* diag_table.c -- every diagnostic, from one list per area.  Codes are never reused. */
#include "runtime/base/diag.h"

#define X(id, severity, title, explanation) { #id, SM_SEVERITY_##severity, title, explanation },
static const sm_diag_def defs[] = {
#include "runtime/base/diag_01.def"
#include "runtime/base/diag_02.def"
#include "runtime/base/diag_03.def"
#include "runtime/base/diag_04.def"
#include "runtime/base/diag_05.def"
#include "runtime/base/diag_06.def"
#include "runtime/base/diag_07.def"
#include "runtime/base/diag_08.def"
#include "runtime/base/diag_09.def"
};
#undef X

enum { DEFS = sizeof defs / sizeof defs[0] };

const sm_diag_def *sm_diag_defs(size_t *n)
{
    *n = DEFS;
    return defs;
}

const sm_diag_def *sm_diag_lookup(sm_sv id)
{
    for (size_t i = 0; i < DEFS; i++)
        if (sm_sv_eq_nocase(id, sm_sv_cstr(defs[i].id)))
            return &defs[i];
    return NULL;
}

const char *sm_diag_area(sm_sv id)
{
    static const char *const areas[] = {
        "",
        "file and keys",
        "SQL",
        "graph",
        "sources and sinks",
        "streaming",
        "expectations",
        "state and plan",
        "runtime",
        "security",
    };

    if (id.len != 6 || id.ptr[3] < '1' || id.ptr[3] > '9')
        return "";
    return areas[id.ptr[3] - '0'];
}
