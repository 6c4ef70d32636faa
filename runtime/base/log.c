/* SPDX-License-Identifier: Apache-2.0 */
/* log.c -- logfmt lines on stderr, one write each. */
#include "runtime/base/log.h"

#include <stdatomic.h>
#include <stdio.h>

#include "runtime/base/clock.h"

enum { TEXT_MAX = 16 * 1024 };

static _Atomic int level_now = SM_LOG_WARN;
static const char *const level_names[] = { "error", "warn", "info", "debug" };

void sm_log_set_level(sm_log_level level)
{
    atomic_store(&level_now, (int)level);
}

bool sm_log_on(sm_log_level level)
{
    return (int)level <= atomic_load(&level_now);
}

void sm_log(sm_log_level level, const char *module, const char *fmt, ...)
{
    sm_buf text, line;
    va_list ap;

    if (!sm_log_on(level))
        return;
    sm_buf_init(&text, TEXT_MAX);
    va_start(ap, fmt);
    sm_buf_addv(&text, fmt, ap);
    va_end(ap);
    sm_buf_init(&line, 8 * TEXT_MAX);
    sm_buf_add_time(&line, sm_clock_now_ms());
    sm_buf_addf(&line, " %s %s ", level_names[level], module);
    sm_buf_add_safe(&line, text.over ? SM_SV("(text too long)") : sm_buf_sv(&text));
    sm_buf_addc(&line, '\n');
    fwrite(line.ptr, 1, line.len, stderr);
    sm_buf_release(&line);
    sm_buf_release(&text);
}
