/* SPDX-License-Identifier: Apache-2.0 */
/* message_headers.c -- see the header. */
#include "runtime/sinks/message_headers.h"

#include "runtime/base/base64.h"
#include "runtime/base/json.h"

static sm_code no_headers(sm_error *err)
{
    return sm_fail(err, SM_E_INVALID, 0,
                   "headers are an object of names and texts, or a list of {\"key\": name, "
                   "\"value\": base64}");
}

static sm_sv text_of(const sm_json *j, sm_arena *a)
{
    if (sm_json_is_null(j))
        return (sm_sv){ NULL, 0 };
    return sm_json_is_string(j) ? sm_json_sv(j) : sm_json_text(j, a);
}

static void take_object(const sm_json *j, sm_arena *a, sm_kafka_header_pair *out, size_t *n)
{
    for (sm_json_iter it = sm_json_first(j); sm_json_valid(&it); sm_json_next(&it))
        out[(*n)++] = (sm_kafka_header_pair){ it.key, text_of(it.value, a) };
}

static sm_code take_list(const sm_json *j, sm_arena *a, sm_kafka_header_pair *out, size_t *n,
                         sm_error *err)
{
    for (size_t i = 0; i < sm_json_len(j); i++) {
        const sm_json *pair = sm_json_at(j, i), *key = sm_json_get(pair, "key");
        const sm_json *value = sm_json_get(pair, "value");
        sm_sv bytes = { NULL, 0 };

        if (!sm_json_is_string(key) ||
            (value != NULL && !sm_json_is_null(value) &&
             !(sm_json_is_string(value) && sm_base64_decode(sm_json_sv(value), a, &bytes))))
            return no_headers(err);
        out[(*n)++] = (sm_kafka_header_pair){ sm_json_sv(key), bytes };
    }
    return SM_OK;
}

sm_code sm_message_headers_read(sm_sv text, sm_arena *a, sm_kafka_header_pair **out, size_t *n,
                                sm_error *err)
{
    sm_json *j = NULL;
    sm_error why;

    *out = NULL;
    *n = 0;
    if (text.len == 0)
        return SM_OK;
    if (sm_json_parse(text, a, &j, &why) != SM_OK)
        return no_headers(err);
    if (sm_json_is_null(j))
        return SM_OK;
    if (!sm_json_is_object(j) && !sm_json_is_array(j))
        return no_headers(err);
    *out = SM_NEW_N(a, sm_kafka_header_pair, sm_json_len(j) + 1);
    if (sm_json_is_array(j))
        return take_list(j, a, *out, n, err);
    take_object(j, a, *out, n);
    return SM_OK;
}
