/* SPDX-License-Identifier: Apache-2.0 */
/* store_fit.c -- texts of events made to fit their limit.
 *
 * Twenty sample rows of a broken rule may be longer than an event may be.  The counts beside
 * them must not be lost for that, so it is the greatest member that shrinks:
 *
 *     {"name":"positive","failed":7,"samples":[r1,r2,r3,r4]}
 *     {"name":"positive","failed":7,"samples":[r1,r2],"truncated":true}                       */
#include "runtime/store/store_fit.h"

#include "runtime/base/json.h"

enum { TEXT_KEPT = 200 }; /* bytes of a text that was too long */

sm_sv sm_store__cut(sm_sv text, size_t max)
{
    size_t len = max;

    if (text.len <= max)
        return text;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--; /* not inside a character */
    return (sm_sv){ text.ptr, len };
}

sm_sv sm_store__fit_message(sm_sv text, size_t max, sm_arena *a)
{
    if (text.len <= max)
        return text;
    return sm_arena_printf(a, "%.*s\xe2\x80\xa6", SM_SV_ARG(sm_store__cut(text, max - 3)));
}

/* The key of the member with the longest text; "" for an empty object. */
static sm_sv greatest_member(const sm_json *o, sm_arena *a)
{
    sm_sv key = SM_SV("");
    size_t most = 0;

    for (sm_json_iter it = sm_json_first(o); sm_json_valid(&it); sm_json_next(&it)) {
        size_t len = sm_json_text(it.value, a).len;

        if (len > most) {
            most = len;
            key = it.key;
        }
    }
    return key;
}

/* A smaller value in the place of `j`; NULL: it cannot shrink and goes. */
static sm_json *shrink(const sm_json *j, sm_arena *a)
{
    sm_sv text = sm_json_sv(j);
    sm_json *list;

    if (sm_json_is_string(j) && text.len > TEXT_KEPT)
        return sm_json_string(a, sm_store__fit_message(text, TEXT_KEPT, a));
    if (!sm_json_is_array(j) || sm_json_len(j) == 0)
        return NULL;
    list = sm_json_array(a);
    for (size_t i = 0; i < sm_json_len(j) / 2; i++)
        sm_json_append(list, sm_json_at(j, i));
    return list;
}

static void shrink_member(sm_json *o, sm_sv name, sm_arena *a)
{
    const char *key = sm_arena_cstr(a, name);
    sm_json *smaller = shrink(sm_json_get(o, key), a);

    if (smaller != NULL)
        sm_json_set(o, key, smaller);
    else
        sm_json_remove(o, key);
}

sm_sv sm_store__fit_details(sm_sv details, size_t max, sm_arena *a)
{
    sm_json *o = NULL;
    sm_error ignored;
    sm_sv text;

    if (details.len <= max)
        return details;
    if (sm_json_parse(details, a, &o, &ignored) != SM_OK || !sm_json_is_object(o))
        return SM_SV("{\"truncated\":true}");
    sm_json_set_bool(o, "truncated", true);
    while ((text = sm_json_text(o, a)).len > max)
        shrink_member(o, greatest_member(o, a), a);
    return text;
}
