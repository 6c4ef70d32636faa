/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.h -- tokens made, listed and revoked: by the routes, and by `smelt token` on the machine
 * itself. */
#ifndef SM_HTTP_TOKENS_H
#define SM_HTTP_TOKENS_H

#include "runtime/store/store_tokens.h"
#include "ui/http/routes.h"

enum { SM_TOKEN_DAYS = 90, SM_TOKEN_DAYS_MAX = 3650, SM_TOKEN_LABEL_MAX = 200 };

/* A token that is good for `days`; *secret is its text, which nothing can show again.  `id` may be
 * NULL.  Both live in `a`. */
sm_code sm_token_create(sm_store *s, sm_role role, sm_sv label, sm_sv by, int64_t days, sm_arena *a,
                        sm_sv *id, sm_sv *secret, sm_error *err);

/* {"tokens":[{id, role, name, by, created, used?, expires, revoked?, state}]}; state: active,
 * expired or revoked. */
sm_code sm_tokens_view(sm_store *s, sm_arena *a, sm_json **out, sm_error *err);

#endif
