/* SPDX-License-Identifier: Apache-2.0 */
/* tls_pair.c -- see the header. */
#include "runtime/base/tls_pair.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "runtime/base/fs.h"

enum { PEM_MAX = 1024 * 1024 };

/* A key that asks for a password is none that a server could use; nobody is asked. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return 0;
}

static BIO *open_text(sm_sv text)
{
    return BIO_new_mem_buf(text.ptr, (int)text.len); /* at most PEM_MAX */
}

static X509 *parse_certificate(sm_sv text)
{
    BIO *in = open_text(text);
    X509 *x = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, no_password, NULL);

    BIO_free(in);
    return x;
}

static EVP_PKEY *parse_key(sm_sv text)
{
    BIO *in = open_text(text);
    EVP_PKEY *k = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);

    BIO_free(in);
    return k;
}

sm_code sm_tls_pair_read(const char *certificate_file, const char *key_file, sm_arena *a,
                         sm_sv *certificate, sm_sv *key, sm_error *err)
{
    X509 *x = NULL;
    EVP_PKEY *k = NULL;
    sm_code rc;

    if ((rc = sm_fs_read(certificate_file, PEM_MAX, a, certificate, err)) != SM_OK ||
        (rc = sm_fs_read(key_file, PEM_MAX, a, key, err)) != SM_OK)
        return rc;
    x = parse_certificate(*certificate);
    k = parse_key(*key);
    if (x == NULL)
        rc = sm_fail(err, SM_E_INVALID, 0, "file \"%s\" holds no certificate (PEM)",
                     certificate_file);
    else if (k == NULL)
        rc = sm_fail(err, SM_E_INVALID, 0, "file \"%s\" holds no private key without a password",
                     key_file);
    else if (X509_check_private_key(x, k) != 1)
        rc = sm_fail(err, SM_E_INVALID, 0,
                     "the key in \"%s\" is not that of the certificate in \"%s\"", key_file,
                     certificate_file);
    X509_free(x);
    EVP_PKEY_free(k);
    return rc;
}
