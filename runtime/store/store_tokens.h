/* SPDX-License-Identifier: Apache-2.0 */
/* store_tokens.h -- who may ask a server: tokens, and the browsers that logged in with one.
 *
 * The store never sees a secret: a token, like a browser's cookie, is known by the SHA-256 of its
 * 256 random bits.  Nothing is forgotten: a revoked token stays listed. */
#ifndef SM_STORE_STORE_TOKENS_H
#define SM_STORE_STORE_TOKENS_H

#include "runtime/store/store.h"

typedef struct sm_token_rec {
    sm_sv id;    /* "t3f9a2c1d": short, for people and the audit */
    sm_sv hash;  /* 64 hex digits */
    sm_sv role;  /* "viewer", "operator", "admin" */
    sm_sv label; /* what it is for */
    sm_sv by;    /* id of the token that made it; "cli" on the machine itself */
    int64_t created_ms, used_ms, expires_ms, revoked_ms; /* 0 = never */
} sm_token_rec;

/* Durable.  SM_E_CONFLICT: the id is taken. */
sm_code sm_store_token_add(sm_store *s, const sm_token_rec *t, sm_error *err);
/* SM_E_NOT_FOUND. */
sm_code sm_store_token_by_hash(sm_store *s, sm_sv hash, sm_arena *a, sm_token_rec *out,
                               sm_error *err);
/* By age, revoked ones included. */
sm_code sm_store_tokens(sm_store *s, sm_arena *a, sm_token_rec **out, size_t *n, sm_error *err);
/* Durable; its sessions end.  SM_E_NOT_FOUND; one that is revoked already stays as it is. */
sm_code sm_store_token_revoke(sm_store *s, sm_sv id, int64_t now_ms, sm_error *err);
sm_code sm_store_token_used(sm_store *s, sm_sv id, int64_t now_ms, sm_error *err);

typedef struct sm_session_rec {
    sm_sv hash;  /* of the cookie */
    sm_sv token; /* id of the token it stands for */
    sm_sv csrf;
    int64_t created_ms, used_ms;
} sm_session_rec;

sm_code sm_store_session_add(sm_store *s, const sm_session_rec *r, sm_error *err);
/* With its token.  SM_E_NOT_FOUND. */
sm_code sm_store_session_by_hash(sm_store *s, sm_sv hash, sm_arena *a, sm_session_rec *out,
                                 sm_token_rec *token, sm_error *err);
sm_code sm_store_session_used(sm_store *s, sm_sv hash, int64_t now_ms, sm_error *err);
/* Durable; none of that hash is fine. */
sm_code sm_store_session_end(sm_store *s, sm_sv hash, sm_error *err);
/* Of a token keep the `most` that were used last. */
sm_code sm_store_sessions_keep(sm_store *s, sm_sv token, int64_t most, sm_error *err);
/* End those that were not used since `used_before_ms`, and those older than `created_before_ms`. */
sm_code sm_store_sessions_trim(sm_store *s, int64_t used_before_ms, int64_t created_before_ms,
                               sm_error *err);

#endif
