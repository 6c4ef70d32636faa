/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_lag.c -- how many files wait to be read. */
#include "runtime/sources/source_files_int.h"
#include "runtime/store/store_files.h"

enum { FILES_SUMMED = 10000 }; /* unread ones whose sizes are added up after each batch */

/* Of what is listed: a listing of its own would cost as much as a batch. */
bool sm_files__lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out)
{
    const sm_files_key key = { s->generation_id, s->name };
    int64_t from = sm_json_get_int(end, "seq", 0), to = sm_json_get_int(until, "seq", 0);
    sm_arena *a = sm_arena_new("files lag");
    sm_source_file *first;
    sm_files_sum sum = { 0 };
    size_t n = 0;
    sm_error ignored;

    out->files = to > from ? to - from : 0;
    if (out->files == 0)
        out->bytes = 0;
    else if (out->files <= FILES_SUMMED &&
             sm_store_files_backlog(s->store, key, from, &sum, &ignored) == SM_OK)
        out->bytes = sum.bytes;
    if (out->files > 0 &&
        sm_store_files_range(s->store, key, from, to, 1, a, &first, &n, &ignored) == SM_OK && n > 0)
        out->since_ms = first->mtime_ns / 1000000;
    sm_arena_free(a);
    return true;
}
