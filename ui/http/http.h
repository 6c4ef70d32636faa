/* SPDX-License-Identifier: Apache-2.0 */
/* http.h -- the server: page, JSON API, events, metrics.
 *
 *     browser ─▶ server.c ─▶ routes.c ─▶ a handler ─▶ ui/view over the site ─▶ answer.c
 *                limits      role,        document                             ETag, gzip
 *                            parameters
 *
 * One thread serves one connection, so handlers may block.  The server writes nothing but tokens
 * and audit rows. */
#ifndef SM_HTTP_HTTP_H
#define SM_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/http/site.h"

enum { SM_HTTP_PORT = 8480 };

typedef struct sm_http_config {
    sm_sv listen;    /* "127.0.0.1:8480", "[::1]:0", ":8480" */
    sm_sv base_path; /* "" or "/data/smelt": what stands before every path */
    sm_sv dev;       /* folder of ui/web: assets come from there; "" = those built in */
    sm_sv version;   /* of the program */
} sm_http_config;

typedef struct sm_http sm_http;

/* Config and site are borrowed until sm_http_stop; texts of the config are copied.  Listens when
 * it returns.  SM_E_INVALID: `listen` cannot be read; SM_E_CONFLICT: the address is taken. */
sm_code sm_http_start(const sm_http_config *config, const sm_site *site, sm_http **out,
                      sm_error *err);
/* Open connections end after their answer, streams at once.  NULL is fine. */
void sm_http_stop(sm_http *h);

/* "http://127.0.0.1:8480/": where it listens, with the port that was given for 0.  Borrowed. */
const char *sm_http_url(const sm_http *h);

#endif
