/* SPDX-License-Identifier: Apache-2.0 */
/* http.h -- the server: page, JSON API, events, metrics.
 *
 *     browser ─▶ server.c ─▶ routes.c ─▶ a handler ─▶ ui/view over the site ─▶ answer.c
 *                limits      role,        document                             ETag, gzip
 *                            parameters
 *
 * One thread serves one connection, so handlers may block.  The server writes nothing but tokens,
 * sessions and audit rows. */
#ifndef SM_HTTP_HTTP_H
#define SM_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/http/site.h"

enum { SM_HTTP_PORT = 8480 };

/* The `server:` block of smelt.yml, resolved.  Zeroed but for the first two it is what the block
 * means without a word. */
typedef struct sm_http_config {
    sm_sv state_dir; /* of the control store that keeps tokens and audit */
    sm_sv listen;    /* "127.0.0.1:8480", "[::1]:0", ":8480" */
    bool auth_none;  /* everybody is an admin: on loopback only */
    bool public_read, public_metrics, allow_preview;
    sm_sv tls_certificate, tls_key; /* PEM files; both or none */
    sm_sv base_path;                /* "/data/smelt": what stands before every path; "" or "/" */
    const sm_sv *hosts;             /* names that a request may call us by, beside loopback's */
    size_t n_hosts;
    const sm_sv *trusted_proxies; /* "10.0.0.1", "10.0.0.0/8": their X-Forwarded-* counts */
    size_t n_trusted_proxies;
    sm_sv dev;     /* folder of ui/web: assets come from there; "" = those built in */
    sm_sv version; /* of the program */
} sm_http_config;

typedef struct sm_http sm_http;

/* Config and site are borrowed until sm_http_stop.  Listens when it returns.  SM_E_INVALID: the
 * config cannot be meant; SM_E_DENIED: auth_none beyond loopback; SM_E_CONFLICT: the address is
 * taken.  Makes the first admin's token when there is none. */
sm_code sm_http_start(const sm_http_config *config, const sm_site *site, sm_http **out,
                      sm_error *err);
/* Open connections end after their answer, streams at once.  NULL is fine. */
void sm_http_stop(sm_http *h);

/* "http://127.0.0.1:8480/": where it listens, with the port that was given for 0.  Borrowed. */
const char *sm_http_url(const sm_http *h);
/* The address that logs a browser in, once and within 10 minutes; NULL unless this start made the
 * first token.  Borrowed. */
const char *sm_http_login_link(const sm_http *h);
/* Where the first token was written, <state_dir>/control/admin-token; NULL: there is no such file,
 * or nobody needs one.  Borrowed. */
const char *sm_http_token_file(const sm_http *h);
/* What a person should know of this config, or NULL: "… is not encrypted".  Borrowed. */
const char *sm_http_warning(const sm_http *h);

#endif
