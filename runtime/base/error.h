/* SPDX-License-Identifier: Apache-2.0 */
/* error.h -- how a call fails.
 *
 * A function that can fail returns a sm_code and takes `sm_error *err` last.  On
 * failure *err says what happened in words a user can act on; on success it is left
 * alone.  The text lives in the struct: failing never allocates, and an error can be
 * copied, stored or handed to another thread.  A failure is either returned or
 * logged, never both. */
#ifndef SM_BASE_ERROR_H
#define SM_BASE_ERROR_H

#include <stdbool.h>

#include "runtime/base/attr.h"

/* Few: each exists because some caller takes another branch for it. */
typedef enum sm_code {
    SM_OK = 0,
    SM_E_INVALID,   /* the input is wrong; the same call fails again */
    SM_E_NOT_FOUND, /* the named thing is not there */
    SM_E_CONFLICT,  /* another writer or owner won; read again and retry */
    SM_E_AGAIN,     /* the input moved under the attempt; no failure, run it again */
    SM_E_RULE,      /* an expectation with policy fail is broken */
    SM_E_LIMIT,     /* a configured ceiling was reached */
    SM_E_TIMEOUT,   /* out of time */
    SM_E_DENIED,    /* not permitted */
    SM_E_IO,        /* disk or local system call */
    SM_E_REMOTE,    /* network, broker or HTTP peer */
    SM_E_SQL,       /* the engine refused the statement */
    SM_E_CORRUPT,   /* stored state breaks its own format or contradicts a table */
    SM_E_CANCELLED, /* asked to stop */
} sm_code;

typedef struct sm_error {
    sm_code code;
    int sys;        /* errno, CURLcode, SQLite or librdkafka code; 0 if none */
    bool retryable; /* the unchanged call may succeed later */
    char msg[480];  /* one line, no trailing period, always terminated */
} sm_error;

/* Fill *err and return `code`, so that failing is one statement:
 *   return sm_fail(err, SM_E_IO, errno, "could not open file \"%s\": %s", path, why);
 * `retryable` follows from the code: CONFLICT, AGAIN, TIMEOUT, REMOTE, and a full disk. */
SM_PRINTF(4, 5)
sm_code sm_fail(sm_error *err, sm_code code, int sys, const char *fmt, ...);

/* sm_fail with "<what>: <text of errno>". */
SM_PRINTF(3, 4)
sm_code sm_fail_errno(sm_error *err, int sys, const char *fmt, ...);

/* Put "<context>: " before the message; the code stays, and is returned. */
SM_PRINTF(2, 3)
sm_code sm_wrap(sm_error *err, const char *fmt, ...);

/* "conflict", "not_found", …: for events and JSON. */
const char *sm_code_name(sm_code code);
/* SM_OK: there is no failure of that name. */
sm_code sm_code_find(const char *name);

#endif
