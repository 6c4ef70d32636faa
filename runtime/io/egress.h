/* SPDX-License-Identifier: Apache-2.0 */
/* egress.h -- where this process may connect to.
 *
 * A pattern is the name of a host with `*` and `?` ("hooks.example.com", "*.example.com"), an
 * address ("10.1.2.3", "fd00::7"), or one of both with a port ("localhost:9000", "[::1]:9000").
 * Without a port it means any.
 *
 * Two questions are asked: before a name is looked up, whether the host is listed, and after,
 * whether its address may be spoken to.  Addresses of this machine, of the link and of the
 * services that tell a cloud's machines their secrets are refused whoever's name leads there,
 * unless the address itself is listed (`localhost` lists those of this machine).  */
#ifndef SM_IO_EGRESS_H
#define SM_IO_EGRESS_H

#include "runtime/base/error.h"
#include "runtime/base/str.h"

struct sockaddr;

typedef struct sm_egress { /* plain values; zeroed: nothing is listed, so nothing is allowed */
    const sm_sv *patterns; /* borrowed */
    size_t n;
    bool any; /* a person gave the address by hand: everything is allowed */
} sm_egress;

/* SM_E_INVALID: no pattern. */
sm_code sm_egress_check(sm_sv pattern, sm_error *err);

/* SM_E_DENIED: `host` (in brackets or not) is not listed. */
sm_code sm_egress_host(const sm_egress *e, sm_sv host, int port, sm_error *err);
/* SM_E_DENIED: an address that has to be listed itself, and is not. */
sm_code sm_egress_address(const sm_egress *e, const struct sockaddr *address, sm_error *err);

#endif
