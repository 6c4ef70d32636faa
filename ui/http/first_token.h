/* SPDX-License-Identifier: Apache-2.0 */
/* first_token.h -- how the first person gets in: this module only. */
#ifndef SM_HTTP_FIRST_TOKEN_H
#define SM_HTTP_FIRST_TOKEN_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

struct sm_http;

/* When the store has no token yet: make one of an admin, and write it to
 * <state_dir>/control/admin-token (0600). */
sm_code sm_http__first_token(struct sm_http *h, sm_error *err);
/* After listening: the link with the code, if a token was made. */
void sm_http__make_link(struct sm_http *h);

#endif
