/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_stops.c -- what stops a reader of a table's log, and what helps. */
#include "runtime/sources/source_delta_int.h"

sm_code sm_delta_source__commit_gone(const sm_source *src, int64_t version, sm_error *err)
{
    if (!src->external)
        return sm_fail(err, SM_E_CORRUPT, 0, "version %lld of the log is missing",
                       (long long)version);
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "version %lld of the table's log is gone: it was cleaned up before it was read; "
                   "read the table anew with --full-refresh, and let its log live longer "
                   "(delta.logRetentionDuration)",
                   (long long)version);
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
