/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h -- who is asking, and may they?  This module only.
 *
 *     Authorization: Bearer <token>      programs
 *     cookie                             browsers, after POST login with a one-time code or a token
 *     neither                            a viewer with public_read, an admin with auth: none
 *
 * The store knows tokens and cookies by their SHA-256 only.  A request that changes something and
 * brings no Bearer token must come from our own page: its Origin is ours and it has the header
 * X-Smelt-CSRF, which another site cannot send. */
#ifndef SM_HTTP_AUTH_H
#define SM_HTTP_AUTH_H

#include "runtime/base/thread.h"
#include "ui/http/connections.h"
#include "ui/http/routes.h"

struct sm_call;
struct sm_http;

enum {
    SM_TOKEN_ID_MAX = 24,
    SM_HASH_HEX = 64,
    SM_SECRET_TEXT = 44,
    SM_FAILURES_MAX = 10, /* of one address in a minute */
    SM_FAILURES_KEPT = 256,
    SM_REFUSALS_MAX = 60,  /* written down in a minute */
    SM_SESSIONS_EACH = 32, /* of one token; the oldest end */
};

typedef struct sm_who {
    sm_role role;
    char token[SM_TOKEN_ID_MAX];    /* its id; "" = nobody is known */
    char bearer[SM_HASH_HEX + 1];   /* hash of the token; "" = it was none */
    char session[SM_HASH_HEX + 1];  /* hash of the cookie; "" = it was none */
    char csrf[SM_SECRET_TEXT + 20]; /* of the session */
} sm_who;

/* Failures of an address in its current minute. */
typedef struct sm_failures {
    char address[SM_ADDRESS_MAX];
    int64_t since_ms; /* boot clock */
    int count;
} sm_failures;

typedef struct sm_auth {
    sm_mutex mu; /* guards all below */
    sm_failures failures[SM_FAILURES_KEPT];
    char login_hash[SM_HASH_HEX + 1]; /* of the one-time code; "" = used, or there is none */
    int64_t login_until_ms;           /* boot clock */
    int64_t refused_since_ms;         /* likewise: the minute in which */
    int refused;                      /* so many refusals were written down */
} sm_auth;

void sm_auth__init(sm_auth *auth);
void sm_auth__release(sm_auth *auth);
/* A new code that logs in as an admin, once; lives in `a`. */
sm_sv sm_auth__login_code(sm_auth *auth, sm_arena *a);

/* Fill c->who; false after refusing: a wrong token, or too many of them. */
bool sm_auth__identify(struct sm_call *c);
/* May they take this route?  False after refusing. */
bool sm_auth__permit(struct sm_call *c);
/* Does the token or session still stand, for one whose answer has no end? */
bool sm_who__still(struct sm_http *h, const sm_who *who);
bool sm_who__sees_rows(const struct sm_http *h, const sm_who *who);

/* ---- handlers ---- */
sm_code sm_http__login(struct sm_call *c, sm_error *err);
sm_code sm_http__logout(struct sm_call *c, sm_error *err);
sm_code sm_http__me(struct sm_call *c, sm_error *err);

#endif
