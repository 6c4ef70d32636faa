/* SPDX-License-Identifier: Apache-2.0 */
/* tls_pair.h -- a certificate and its private key. */
#ifndef SM_BASE_TLS_PAIR_H
#define SM_BASE_TLS_PAIR_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

/* Can a server prove itself with these PEM files?  SM_E_INVALID: they are none, or do not belong
 * together; else why they could not be read.  The texts live in `a`. */
sm_code sm_tls_pair_read(const char *certificate_file, const char *key_file, sm_arena *a,
                         sm_sv *certificate, sm_sv *key, sm_error *err);

#endif
