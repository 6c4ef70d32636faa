/* SPDX-License-Identifier: Apache-2.0 */
/* values.c -- see the header. */
#include "runtime/base/values.h"

/* Behind the JSON value that begins at `at`: objects, arrays, strings; what is cut ends the text.
 */
static size_t json_end(sm_sv s, size_t at)
{
    bool text = false;
    int depth = 0;

    for (size_t i = at; i < s.len; i++) {
        char c = s.ptr[i];

        if (text && c == '\\') {
            i++;
            continue;
        }
        if (c == '"')
            text = !text;
        else if (!text)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (!text && depth == 0)
            return i + 1;
    }
    return s.len;
}

static sm_sv without_examples(sm_sv s, sm_arena *a)
{
    sm_sv word = SM_SV(SM_VALUES_EXAMPLE);
    ptrdiff_t at;

    while ((at = sm_sv_find(s, word)) >= 0) {
        size_t end = json_end(s, (size_t)at + word.len);

        s = sm_arena_printf(a, "%.*s%.*s", (int)at, s.ptr, (int)(s.len - end), s.ptr + end);
    }
    return s;
}

/* `field "name": ` ends a fault of a value; `field "name" appeared` is none. */
static ptrdiff_t field_end(sm_sv s)
{
    sm_sv word = SM_SV(SM_VALUES_FIELD);
    size_t from = 0;
    ptrdiff_t at;

    while ((at = sm_sv_find(sm_sv_sub(s, from, s.len), word)) >= 0) {
        size_t name = from + (size_t)at + word.len;
        ptrdiff_t end = sm_sv_find(sm_sv_sub(s, name, s.len), SM_SV("\": "));
        ptrdiff_t quote = sm_sv_find_char(sm_sv_sub(s, name, s.len), '"');

        if (end >= 0 && end == quote)
            return (ptrdiff_t)name + end + 2;
        from = name;
    }
    return -1;
}

sm_sv sm_values_hide(sm_sv message, sm_arena *a)
{
    sm_sv word = SM_SV(SM_VALUES_ENGINE), s = without_examples(message, a);
    ptrdiff_t at = sm_sv_find(s, word);

    if (at >= 0)
        s = sm_arena_printf(a, "%.*sthe engine does not take a value", (int)at, s.ptr);
    if ((at = field_end(s)) >= 0)
        s = sm_arena_printf(a, "%.*s a value does not fit", (int)at, s.ptr);
    return s;
}
