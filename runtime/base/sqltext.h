/* SPDX-License-Identifier: Apache-2.0 */
/* sqltext.h -- the only way in which names and values enter SQL text. */
#ifndef SM_BASE_SQLTEXT_H
#define SM_BASE_SQLTEXT_H

#include "runtime/base/str.h"

void sm_sql_ident(sm_buf *b, sm_sv name);    /* "na""me" */
void sm_sql_literal(sm_buf *b, sm_sv value); /* 'va''lue' */
/* ['a', 'b'] */
void sm_sql_string_list(sm_buf *b, const sm_sv *values, size_t n);

#endif
