/* SPDX-License-Identifier: Apache-2.0 */
/* list_routes.c -- the routes of the server for the reference, as its OpenAPI document. */
#include <stdio.h>

#include "ui/http/openapi.h"

int main(void)
{
    sm_arena *a = sm_arena_new("routes");
    sm_sv text = sm_json_text(sm_openapi(SM_SV(""), SM_SV("0"), a), a);

    printf("%.*s\n", SM_SV_ARG(text));
    sm_arena_free(a);
    return 0;
}
