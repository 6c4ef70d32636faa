/* SPDX-License-Identifier: Apache-2.0 */
/* engine_error.c -- DuckDB's errors into ours.
 *
 * With errors_as_json the text of a failed statement is, perhaps after a prefix,
 *
 *     Binder Error: {"exception_type":"Binder","exception_message":"Referenced column …\n
 *     Candidate bindings: \"id\"","candidates":"id","position":"20",…}
 *
 * `position` is the byte in the text that was prepared.  Errors of our own callbacks come the
 * same way; those of readers are looked up again by the id in their text.
 */
#include <errno.h>

#include "runtime/base/values.h"
#include "runtime/engine/engine_int.h"

typedef struct fault_kind {
    const char *type; /* exception_type */
    sm_code code;
} fault_kind;

/* What is not here is SM_E_SQL. */
static const fault_kind fault_kinds[] = {
    { "INTERRUPT", SM_E_CANCELLED }, { "Out of Memory", SM_E_LIMIT }, { "IO", SM_E_IO },
    { "Permission", SM_E_DENIED },   { "FATAL", SM_E_CORRUPT },       { "HTTP", SM_E_REMOTE },
};

static sm_code fault_code(sm_sv type)
{
    for (size_t i = 0; i < sizeof fault_kinds / sizeof fault_kinds[0]; i++)
        if (sm_sv_eq_nocase(type, sm_sv_cstr(fault_kinds[i].type)))
            return fault_kinds[i].code;
    return SM_E_SQL;
}

/* Types of faults that a value of the data brings about: their text quotes it. */
static bool quotes_value(sm_sv type)
{
    static const char *const types[] = { "Conversion", "Out of Range",  "Invalid Input",
                                         "Constraint", "Mismatch Type", "Decimal" };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (sm_sv_eq_nocase(type, sm_sv_cstr(types[i])))
            return true;
    return false;
}

static int64_t fault_number(const sm_json *j, const char *key, int64_t fallback)
{
    int64_t n;

    return sm_sv_to_int64(sm_json_get_sv(j, key, SM_SV("")), &n) ? n : fallback;
}

void sm_engine__fault(const char *text, sm_arena *a, sm_engine_fault *out)
{
    sm_sv all = sm_sv_cstr(text);
    ptrdiff_t brace = sm_sv_find_char(all, '{');
    sm_json *j = NULL;
    sm_error ignored;

    *out = (sm_engine_fault){ .code = SM_E_SQL, .message = sm_arena_dup(a, all), .position = -1 };
    if (brace < 0 ||
        sm_json_parse(sm_sv_sub(all, (size_t)brace, all.len), a, &j, &ignored) != SM_OK)
        return;
    out->message = sm_json_get_sv(j, "exception_message", out->message);
    out->quotes = quotes_value(sm_json_get_sv(j, "exception_type", SM_SV(""))) &&
                  !sm_sv_starts(out->message, SM_SV("column \"")); /* of our own: error('…') */
    out->candidates = sm_json_get_sv(j, "candidates", SM_SV(""));
    out->code = fault_code(sm_json_get_sv(j, "exception_type", SM_SV("")));
    out->position = fault_number(j, "position", -1);
    out->sys = (int)fault_number(j, "errno", 0);
}

sm_code sm_engine__fail(sm_engine *e, const char *text, sm_error *err)
{
    sm_arena *a = sm_arena_new("engine error");
    sm_engine_fault f;
    sm_sv line, rest;

    sm_engine__fault(text == NULL ? "the engine gives no reason" : text, a, &f);
    rest = f.message;
    if (!sm_engine__reader_error(e, f.message, err)) {
        sm_sv_next(&rest, '\n', &line);
        sm_fail(err, f.code, f.sys, "%s%.*s", f.quotes ? SM_VALUES_ENGINE : "", SM_SV_ARG(line));
    }
    sm_arena_free(a);
    return err->code;
}
