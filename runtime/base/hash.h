/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h -- SHA-256 and random identifiers, over libcrypto. */
#ifndef SM_BASE_HASH_H
#define SM_BASE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"

typedef struct sm_hash sm_hash; /* SHA-256 in the making */

sm_hash *sm_hash_new(void); /* owned: sm_hash_hex frees it */
/* The length goes in first, so that ("ab","c") and ("a","bc") differ. */
void sm_hash_add(sm_hash *h, sm_sv part);
sm_sv sm_hash_hex(sm_hash *h, sm_arena *a); /* 64 digits; taken: `h` */

sm_sv sm_sha256_hex(sm_sv text, sm_arena *a);

/* HMAC-SHA-256 of `text`, 64 digits. */
sm_sv sm_hmac_sha256_hex(sm_sv key, sm_sv text, sm_arena *a);
/* True when both are the same; takes as long for any two texts of these lengths. */
bool sm_hash_equal(sm_sv x, sm_sv y);

uint64_t sm_random_u64(void);

/* 256 random bits as 43 characters that need no quoting in addresses and headers. */
sm_sv sm_random_text(sm_arena *a);

/* Random, version 4, lower case with hyphens. */
sm_sv sm_uuid4(sm_arena *a);

#endif
