/* SPDX-License-Identifier: Apache-2.0 */
/* curl_lib.h -- libcurl's functions, found at the first request; this module only.
 *
 * `sm_curl.easy_init()` is curl_easy_init().  The library brings TLS, LDAP and a dozen more with
 * it, which would cost every `smelt run` its start; so it is loaded by those who go out.  The
 * table is filled once and read-only afterwards. */
#ifndef SM_IO_CURL_LIB_H
#define SM_IO_CURL_LIB_H

#include <curl/curl.h>

#include "runtime/base/error.h"

/* Every function that smelt calls, without "curl_". */
#define SM_CURL_FUNCTIONS(X)                                                                       \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_perform)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_reset)                                                                                  \
    X(easy_cleanup)                                                                                \
    X(easy_strerror)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(url)                                                                                         \
    X(url_cleanup)                                                                                 \
    X(url_set)                                                                                     \
    X(url_get)                                                                                     \
    X(free)

typedef struct sm_curl_table {
#define SM_CURL_FIELD(name) __typeof__(&curl_##name) name;
    SM_CURL_FUNCTIONS(SM_CURL_FIELD)
#undef SM_CURL_FIELD
} sm_curl_table;

extern sm_curl_table sm_curl;

/* SM_E_NOT_FOUND: the library is not installed. */
sm_code sm_curl__load(sm_error *err);

#endif
