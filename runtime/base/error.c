/* SPDX-License-Identifier: Apache-2.0 */
/* error.c -- fill, wrap and name errors. */
#include "runtime/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [SM_OK] = "ok",
    [SM_E_INVALID] = "invalid",
    [SM_E_NOT_FOUND] = "not_found",
    [SM_E_CONFLICT] = "conflict",
    [SM_E_AGAIN] = "again",
    [SM_E_RULE] = "rule",
    [SM_E_LIMIT] = "limit",
    [SM_E_TIMEOUT] = "timeout",
    [SM_E_DENIED] = "denied",
    [SM_E_IO] = "io",
    [SM_E_REMOTE] = "remote",
    [SM_E_SQL] = "sql",
    [SM_E_CORRUPT] = "corrupt",
    [SM_E_CANCELLED] = "cancelled",
};

const char *sm_code_name(sm_code code)
{
    return code_names[code];
}

sm_code sm_code_find(const char *name)
{
    for (size_t i = 0; i < sizeof code_names / sizeof code_names[0]; i++)
        if (strcmp(name, code_names[i]) == 0)
            return (sm_code)i;
    return SM_OK;
}

static bool error_retryable(sm_code code, int sys)
{
    switch (code) {
    case SM_E_CONFLICT:
    case SM_E_AGAIN:
    case SM_E_TIMEOUT:
    case SM_E_REMOTE:
        return true;
    case SM_E_IO:
        return sys == ENOSPC || sys == EDQUOT || sys == EMFILE || sys == ENFILE;
    case SM_OK:
    case SM_E_INVALID:
    case SM_E_NOT_FOUND:
    case SM_E_RULE:
    case SM_E_LIMIT:
    case SM_E_DENIED:
    case SM_E_SQL:
    case SM_E_CORRUPT:
    case SM_E_CANCELLED:
        return false;
    }
    return false;
}

/* One line: a message of a library may have several. */
static void flatten(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
}

/* A text that did not fit must not end in half a character. */
static void cut_clean(char *text, size_t size, int wanted)
{
    size_t end = size - 1;

    if (wanted < 0 || (size_t)wanted < size)
        return;
    while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0xC0)
        end--;
    text[end] = '\0';
}

static sm_code error_vset(sm_error *err, sm_code code, int sys, const char *fmt, va_list ap)
{
    char text[sizeof err->msg]; /* an argument may point into *err */

    cut_clean(text, sizeof text, vsnprintf(text, sizeof text, fmt, ap));
    flatten(text);
    err->code = code;
    err->sys = sys;
    err->retryable = error_retryable(code, sys);
    memcpy(err->msg, text, strlen(text) + 1);
    return code;
}

sm_code sm_fail(sm_error *err, sm_code code, int sys, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    error_vset(err, code, sys, fmt, ap);
    va_end(ap);
    return code;
}

/* Which codes callers branch on; everything else is a failing disk or call. */
static sm_code code_of_errno(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        return SM_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return SM_E_DENIED;
    case EEXIST:
        return SM_E_CONFLICT;
    default:
        return SM_E_IO;
    }
}

static const char *advice_of_errno(int sys)
{
    switch (sys) {
    case ENOSPC:
        return "; free some space and run again";
    case EDQUOT:
        return "; the quota is used up: free some space and run again";
    case EMFILE:
    case ENFILE:
        return "; raise the limit of open files (ulimit -n)";
    default:
        return "";
    }
}

sm_code sm_fail_errno(sm_error *err, int sys, const char *fmt, ...)
{
    sm_code code = code_of_errno(sys);
    char why[128];
    size_t len;
    va_list ap;

    va_start(ap, fmt);
    error_vset(err, code, sys, fmt, ap);
    va_end(ap);
    len = strlen(err->msg);
    cut_clean(err->msg, sizeof err->msg,
              (int)len + snprintf(err->msg + len, sizeof err->msg - len, ": %s%s",
                                  strerror_r(sys, why, sizeof why), advice_of_errno(sys)));
    return code;
}

sm_code sm_wrap(sm_error *err, const char *fmt, ...)
{
    char text[sizeof err->msg];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cut_clean(text, sizeof text, n);
    if (n >= 0 && (size_t)n < sizeof text)
        cut_clean(text, sizeof text,
                  n + snprintf(text + n, sizeof text - (size_t)n, ": %s", err->msg));
    flatten(text);
    memcpy(err->msg, text, strlen(text) + 1);
    return err->code;
}
