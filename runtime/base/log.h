/* SPDX-License-Identifier: Apache-2.0 */
/* log.h -- for operators, on stderr, as logfmt: `fmt` makes "key=value" pairs and ends with a
 * word.  Control characters in it are escaped: one call is one line.
 *     2026-11-22T06:01:43.503Z info exec flow=orders_clean batch=12 done */
#ifndef SM_BASE_LOG_H
#define SM_BASE_LOG_H

#include "runtime/base/attr.h"
#include "runtime/base/str.h"

typedef enum sm_log_level {
    SM_LOG_ERROR, /* someone must act */
    SM_LOG_WARN,  /* it healed itself, look later */
    SM_LOG_INFO,  /* one line per batch */
    SM_LOG_DEBUG, /* per step */
} sm_log_level;

void sm_log_set_level(sm_log_level level); /* SM_LOG_WARN at the start */
bool sm_log_on(sm_log_level level);
SM_PRINTF(3, 4)
void sm_log(sm_log_level level, const char *module, const char *fmt, ...);

#endif
