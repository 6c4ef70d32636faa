/* SPDX-License-Identifier: Apache-2.0 */
/* first_token.c -- see the header.
 *
 * The code stands in the fragment of the link, which browsers do not send: it is in no log of a
 * proxy and in no Referer.  The page takes it from there and posts it. */
#include "ui/http/first_token.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "ui/http/http_int.h"
#include "ui/http/tokens.h"

sm_code sm_http__first_token(sm_http *h, sm_error *err)
{
    const char *file =
        sm_arena_printf(h->a, "%.*s/control/admin-token", SM_SV_ARG(h->config.state_dir)).ptr;
    sm_token_rec *all;
    sm_sv secret;
    sm_code rc;
    size_t n;

    if ((rc = sm_store_tokens(h->store, h->a, &all, &n, err)) != SM_OK)
        return rc;
    if (n > 0) {
        h->token_file = sm_fs_exists(file) ? file : NULL; /* a person may have taken it away */
        return SM_OK;
    }
    rc = sm_token_create(h->store, SM_ROLE_ADMIN, SM_SV("first admin"), SM_SV("smelt serve"),
                         SM_TOKEN_DAYS, h->a, NULL, &secret, err);
    if (rc == SM_OK)
        rc = sm_fs_write_durable(file, sm_arena_printf(h->a, "%.*s\n", SM_SV_ARG(secret)), 0600,
                                 err);
    if (rc == SM_OK)
        h->token_file = h->login_link = file; /* the latter until the address is known */
    return rc;
}

void sm_http__make_link(sm_http *h)
{
    sm_sv code;

    if (h->login_link == NULL)
        return;
    code = sm_auth__login_code(&h->auth, h->a);
    h->login_link = sm_arena_printf(h->a, "%slogin#code=%.*s", h->url, SM_SV_ARG(code)).ptr;
}
