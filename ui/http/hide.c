/* SPDX-License-Identifier: Apache-2.0 */
/* hide.c -- documents for people who may know of failures and may not see rows.
 *
 * Each answer to them passes through here, whatever route it comes from: samples of rows go, and
 * messages say what is wrong without the value that it is wrong with. */
#include "runtime/base/values.h"
#include "ui/http/http_int.h"

/* What stands in the files of the pipeline, or names something in them, quotes no data. */
static bool is_written(sm_sv key)
{
    static const char *const keys[] = { "sql",  "compiled", "description", "expect", "name",
                                        "file", "command",  "meta",        "type",   "yaml" };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (sm_sv_eq_str(key, keys[i]))
            return true;
    return false;
}

static sm_json *without_rows(const sm_json *j, bool written, sm_arena *a)
{
    sm_json *out;

    if (sm_json_is_string(j) && !written)
        return sm_json_string(a, sm_values_hide(sm_json_sv(j), a));
    if (sm_json_is_array(j)) {
        out = sm_json_array(a);
        for (size_t i = 0; i < sm_json_len(j); i++)
            sm_json_append(out, without_rows(sm_json_at(j, i), written, a));
        return out;
    }
    if (!sm_json_is_object(j))
        return sm_json_copy(a, j);
    out = sm_json_object(a);
    for (sm_json_iter it = sm_json_first(j); sm_json_valid(&it); sm_json_next(&it))
        if (!sm_sv_eq_str(it.key, "samples"))
            sm_json_set_sv(out, it.key, without_rows(it.value, is_written(it.key), a));
    return out;
}

const sm_json *sm_http__hide_rows(const sm_json *doc, sm_arena *a)
{
    return without_rows(doc, false, a);
}
