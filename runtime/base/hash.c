/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c -- SHA-256 and random bytes from libcrypto. */
#include "runtime/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

struct sm_hash {
    EVP_MD_CTX *ctx;
};

/* libcrypto fails here only when it is broken or out of memory. */
static void must(int ok)
{
    if (ok != 1) {
        fprintf(stderr, "smelt: libcrypto failed\n");
        abort();
    }
}

sm_hash *sm_hash_new(void)
{
    sm_hash *h = sm_xcalloc(1, sizeof *h);

    h->ctx = EVP_MD_CTX_new();
    must(h->ctx != NULL);
    must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
    return h;
}

void sm_hash_add(sm_hash *h, sm_sv part)
{
    unsigned char len[8];

    for (int i = 0; i < 8; i++)
        len[i] = (unsigned char)((uint64_t)part.len >> (8 * i));
    must(EVP_DigestUpdate(h->ctx, len, sizeof len));
    must(EVP_DigestUpdate(h->ctx, part.ptr, part.len));
}

static sm_sv hex(const unsigned char *bytes, size_t n, sm_arena *a)
{
    static const char digits[] = "0123456789abcdef";
    char *text = sm_arena_alloc(a, 1, 1, 2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return (sm_sv){ text, 2 * n };
}

sm_sv sm_hash_hex(sm_hash *h, sm_arena *a)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    must(EVP_DigestFinal_ex(h->ctx, digest, &n));
    EVP_MD_CTX_free(h->ctx);
    free(h);
    return hex(digest, n, a);
}

sm_sv sm_sha256_hex(sm_sv text, sm_arena *a)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    must(EVP_Digest(text.ptr, text.len, digest, &n, EVP_sha256(), NULL));
    return hex(digest, n, a);
}

sm_sv sm_hmac_sha256_hex(sm_sv key, sm_sv text, sm_arena *a)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    must(HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len,
              digest, &n) != NULL);
    return hex(digest, n, a);
}

bool sm_hash_equal(sm_sv x, sm_sv y)
{
    return x.len == y.len && CRYPTO_memcmp(x.ptr, y.ptr, x.len) == 0;
}

uint64_t sm_random_u64(void)
{
    unsigned char b[8];
    uint64_t out = 0;

    must(RAND_bytes(b, sizeof b));
    for (size_t i = 0; i < sizeof b; i++)
        out = out << 8 | b[i];
    return out;
}

sm_sv sm_uuid4(sm_arena *a)
{
    unsigned char b[16];
    sm_sv h;

    must(RAND_bytes(b, sizeof b));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    h = hex(b, sizeof b, a);
    return sm_arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", h.ptr, h.ptr + 8, h.ptr + 12, h.ptr + 16,
                           h.ptr + 20);
}

sm_sv sm_random_text(sm_arena *a)
{
    unsigned char bits[33], text[48]; /* a byte more, so that no padding is left to think of */

    must(RAND_bytes(bits, sizeof bits));
    must(EVP_EncodeBlock(text, bits, sizeof bits) == 44);
    for (size_t i = 0; i < 43; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return sm_arena_dup(a, (sm_sv){ (const char *)text, 43 });
}
