/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h -- a value that must not be seen: it prints as ***, and its memory is cleared. */
#ifndef SM_BASE_SECRET_H
#define SM_BASE_SECRET_H

#include "runtime/base/error.h"
#include "runtime/base/str.h"

#define SM_SECRET_SHOWN "***"

typedef struct sm_secret sm_secret;

/* The first line of a file, or a variable of the environment; empty is SM_E_INVALID, absent
 * SM_E_NOT_FOUND.  Messages name the place and never hold the value.  `*out` is owned:
 * sm_secret_free(). */
sm_code sm_secret_from_file(const char *path, sm_secret **out, sm_error *err);
sm_code sm_secret_from_environment(const char *name, sm_secret **out, sm_error *err);

/* The value, for the one call that needs it; copy it nowhere. */
sm_sv sm_secret_reveal(const sm_secret *s);

void sm_secret_free(sm_secret *s); /* NULL is fine */

#endif
