/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_stops.c -- what stops a reader of a table's log, and what helps. */
#include "runtime/sources/source_delta_int.h"

sm_sv sm_delta_source__anew(const sm_source *src)
{
    sm_sv table = src->flow;
    ptrdiff_t dot = sm_sv_find_char(table, '.');

    if (!src->external || table.len == 0)
        return SM_SV("");
    if (dot >= 0)
        table = sm_sv_sub(table, 0, (size_t)dot);
    return sm_arena_printf(src->arena,
                           "; to read what is there now from its begin: smelt run --full-refresh "
                           "%.*s",
                           SM_SV_ARG(table));
}

sm_code sm_delta_source__commit_gone(const sm_source *src, int64_t version, sm_error *err)
{
    if (!src->external)
        return sm_fail(err, SM_E_CORRUPT, 0, "version %lld of the log is missing",
                       (long long)version);
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "version %lld of the table's log is gone: it was cleaned up before it was read; "
                   "let its log live longer (delta.logRetentionDuration)%.*s",
                   (long long)version, SM_SV_ARG(sm_delta_source__anew(src)));
}

sm_code sm_delta_source__rows_removed(const sm_source *src, int64_t version, sm_sv operation,
                                      sm_error *err)
{
    return sm_fail(err, SM_E_INVALID, 0,
                   "version %lld (%.*s) removed rows that may have been read; rebuild the "
                   "reader with --full-refresh%s",
                   (long long)version, SM_SV_ARG(operation),
                   src->external ? ", or pass over such commits with `skip_change_commits: true`"
                                 : "");
}
