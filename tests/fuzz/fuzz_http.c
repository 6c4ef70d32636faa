/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http.c -- any bytes as a request: target, route, parameters, body.
 *
 * The first line is the target, what follows it the body, judged by every route that takes one. */
#include <stdint.h>
#include <stdlib.h>

#include "ui/http/http_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_target(sm_sv target, sm_arena *a)
{
    static const char *const methods[] = { "GET", "POST", "DELETE", "HEAD", "X" };
    sm_route_values values;
    sm_error err;
    sm_uri u;
    sm_buf b;
    bool other;

    if (sm_uri_parse(target, a, &u, &err) != SM_OK)
        return;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const sm_route *r = sm_route_find(methods[i], &u, &values, &other);

        if (r != NULL && sm_params_check_query(r->query, &u, &err) == SM_OK &&
            sm_route_value(r, &values, "pipeline").len > target.len)
            abort(); /* a value is a part of the target */
    }
    sm_buf_init(&b, 4096);
    sm_route_methods(&u, &b);
    sm_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sm_arena *a = sm_arena_new("fuzz");
    sm_sv rest = { (const char *)data, size }, target = SM_SV("");
    sm_error err;

    (void)sm_sv_next(&rest, '\n', &target);
    try_target(target, a);
    (void)sm_peer__in_range(target, rest.ptr == NULL ? target : sm_sv_sub(rest, 0, 64));
    for (const sm_route *r = sm_routes(); rest.ptr != NULL && r->method != NULL; r++) {
        const sm_json *body;

        if (r->body != NULL)
            (void)sm_params_parse_body(r->body, rest, SM_HTTP__BODY_DEPTH, a, &body, &err);
    }
    sm_arena_free(a);
    return 0;
}
