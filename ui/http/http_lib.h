/* SPDX-License-Identifier: Apache-2.0 */
/* http_lib.h -- libmicrohttpd's functions, found when a server starts; this module only.
 *
 * `sm_mhd.start_daemon(…)` is MHD_start_daemon(…).  The library brings a TLS library with it, which
 * would cost every `smelt run` 2 ms; so it is loaded by those who serve.  The table is filled once
 * and read-only afterwards. */
#ifndef SM_HTTP_LIB_H
#define SM_HTTP_LIB_H

#include <microhttpd.h>

#include "runtime/base/error.h"

/* Every function that smelt calls, without "MHD_". */
#define SM_MHD_FUNCTIONS(X)                                                                        \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(quiesce_daemon)                                                                              \
    X(get_daemon_info)                                                                             \
    X(get_connection_info)                                                                         \
    X(lookup_connection_value)                                                                     \
    X(get_connection_values)                                                                       \
    X(create_response_from_buffer)                                                                 \
    X(create_response_from_callback)                                                               \
    X(add_response_header)                                                                         \
    X(queue_response)                                                                              \
    X(destroy_response)                                                                            \
    X(is_feature_supported)

typedef struct sm_mhd_table {
#define SM_MHD_FIELD(name) __typeof__(&MHD_##name) name;
    SM_MHD_FUNCTIONS(SM_MHD_FIELD)
#undef SM_MHD_FIELD
} sm_mhd_table;

extern sm_mhd_table sm_mhd;

/* SM_E_NOT_FOUND: the library is not installed. */
sm_code sm_http__load(sm_error *err);

#endif
