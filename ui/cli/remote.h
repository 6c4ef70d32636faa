/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h -- a server in the place of the local project: --server URL --token-file F.
 *
 * A command that can do so names a `remote` function in its table; it gets the connection, asks for
 * the same document that it would make itself, and prints it with the same function. */
#ifndef SM_CLI_REMOTE_H
#define SM_CLI_REMOTE_H

#include "runtime/base/secret.h"
#include "runtime/base/thread.h"
#include "ui/cli/cli.h"

struct sm_remote {
    sm_cli *c;
    sm_sv url;              /* without a slash at its end */
    sm_sv pipeline;         /* on the server; "" until sm_remote_pipeline() */
    sm_secret *token;       /* NULL: none */
    const char *ca_file;    /* NULL: the system's */
    const sm_atomic *stop;  /* a request gives up when it is not 0; NULL: never */
    int64_t retry_after_ms; /* what the last refusal asks for; 0: nothing */
};

/* Open it, run the command on it, close it.  The exit status. */
int sm_remote_exec(sm_cli *c);

/* Which pipeline: `named`, what -p says, or the only one of the server.  0, or an exit status after
 * saying why not. */
int sm_remote_pipeline(sm_remote *r, const char *named);

/* A path below /api/v1/pipelines/<pipeline> is being built in a buffer, each part encoded:
 *     sm_buf path = sm_remote_path(r, "/runs");
 *     sm_remote_part(&path, SM_SV("7"));              "/api/v1/pipelines/shop/runs/7"
 *     sm_remote_query(&path, "limit", SM_SV("10"));   "…?limit=10"; "" adds nothing */
sm_buf sm_remote_path(const sm_remote *r, const char *rest);
void sm_remote_part(sm_buf *path, sm_sv part);
void sm_remote_query(sm_buf *path, const char *name, sm_sv value);

/* Ask and take the document; it lives as long as the command.  The path is released.  A refusal has
 * the code that the server gave it. */
sm_code sm_remote_get(sm_remote *r, sm_buf *path, sm_json **out, sm_error *err);
/* `body` NULL: an empty object. */
sm_code sm_remote_post(sm_remote *r, sm_buf *path, const sm_json *body, sm_json **out,
                       sm_error *err);

sm_code sm_remote_delete(sm_remote *r, sm_buf *path, sm_json **out, sm_error *err);

/* Tell the failure, what to do about it, and return its exit status.  `next` as in sm_cli_fail().
 */
int sm_remote_fail(const sm_remote *r, const sm_error *err, const char *next);

/* The document at `path`, printed as JSON or by `print`.  The exit status. */
int sm_remote_show(sm_remote *r, sm_buf *path, int (*print)(const sm_cli *c, const sm_json *doc),
                   const char *next);

/* "There is no such option with --server", for each of these (ends with NULL) that was given.  0 or
 * 2. */
int sm_remote_refuse(const sm_remote *r, const char *const *options);

#endif
