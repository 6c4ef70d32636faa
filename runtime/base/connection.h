/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h -- how to reach what is outside: the connections of a project, by name.
 *
 * What smelt.yml says under `connections`, for those who go out.  A value that is a secret stands
 * here as the name of one; it is read where it is kept when somebody goes out with it.  Nothing
 * here changes once it is made: any thread may look. */
#ifndef SM_BASE_CONNECTION_H
#define SM_BASE_CONNECTION_H

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/secret.h"

typedef struct sm_connection {
    sm_sv name, type;      /* "lake", "s3" */
    const sm_json *values; /* of its keys, as texts, booleans and objects; of a secret its name */
} sm_connection;

/* Where a secret is kept: one of the two. */
typedef struct sm_secret_place {
    sm_sv name;
    const char *file, *environment; /* a path; NULL: not there */
} sm_secret_place;

typedef struct sm_connections {
    const sm_connection *items;
    size_t n;
    const sm_secret_place *secrets;
    size_t n_secrets;
    const sm_sv *reach; /* hosts that may be asked, as patterns of egress.h, */
    size_t n_reach;
    bool anywhere; /* or any: a person runs it */
} sm_connections;

/* A header that is said by a connection (who asks), or by HTTP itself: not one of `headers`. */
bool sm_connection_says(sm_sv header);

/* The connection `name`, which must be one of `type`.  SM_E_INVALID: there is none, or it is
 * another one; the message says which there are.  `c` may be NULL. */
sm_code sm_connection_find(const sm_connections *c, sm_sv name, const char *type,
                           const sm_connection **out, sm_error *err);

/* The secret that the value `key` of `connection` names; *out is NULL when it has none.  Owned:
 * sm_secret_free(). */
sm_code sm_connection_secret(const sm_connections *c, const sm_connection *connection,
                             const char *key, sm_secret **out, sm_error *err);

#endif
