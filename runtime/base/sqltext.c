/* SPDX-License-Identifier: Apache-2.0 */
/* sqltext.c -- names and values, quoted. */
#include "runtime/base/sqltext.h"

static void add_quoted(sm_buf *b, sm_sv s, char quote)
{
    sm_buf_addc(b, quote);
    for (size_t from = 0; from < s.len;) {
        ptrdiff_t at = sm_sv_find_char(sm_sv_sub(s, from, s.len), quote);
        size_t n = at < 0 ? s.len - from : (size_t)at + 1;

        sm_buf_add(b, sm_sv_sub(s, from, n));
        if (at >= 0)
            sm_buf_addc(b, quote);
        from += n;
    }
    sm_buf_addc(b, quote);
}

void sm_sql_ident(sm_buf *b, sm_sv name)
{
    add_quoted(b, name, '"');
}

void sm_sql_literal(sm_buf *b, sm_sv value)
{
    add_quoted(b, value, '\'');
}

void sm_sql_string_list(sm_buf *b, const sm_sv *values, size_t n)
{
    sm_buf_addc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sm_buf_adds(b, ", ");
        sm_sql_literal(b, values[i]);
    }
    sm_buf_addc(b, ']');
}
