/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta_config.c -- what a Delta source may be told, and what of it does not go together. */
#include "runtime/base/clock.h"
#include "runtime/sources/source_delta_int.h"

static sm_code check_time(sm_sv text, sm_error *err)
{
    int64_t ignored;

    return text.len == 0 ? SM_OK : sm_time_parse(text, &ignored, err);
}

const sm_option sm_delta_source__options[] = {
    {
        .name = "path",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_delta_source_config, path),
        .doc = "The folder of the table.",
    },
    {
        .name = "max_files_per_trigger",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_delta_source_config, max_files),
        .fallback = "1000",
        .min = 1,
        .max = 100000,
        .doc = "How many files of the table one batch reads at most.",
    },
    {
        .name = "max_bytes_per_trigger",
        .type = SM_TYPE_SIZE,
        .offset = offsetof(sm_delta_source_config, max_bytes),
        .fallback = "1GiB",
        .min = 1,
        .max = INT64_MAX,
        .doc = "How many bytes of files one batch reads at most; always at least one file.",
    },
    {
        .name = "skip_change_commits",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_delta_source_config, skip_change_commits),
        .fallback = "false",
        .doc = "Pass over commits that change or delete rows, with all that they add, instead of "
               "stopping at them.",
    },
    {
        .name = "starting_version",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_delta_source_config, starting_version),
        .fallback = "-1",
        .min = -1,
        .max = INT64_MAX,
        .doc = "The first batch begins with what this version of the table added, and not with the "
               "table as it stands (-1); later it says nothing.",
    },
    {
        .name = "starting_timestamp",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_delta_source_config, starting_timestamp),
        .fallback = "",
        .check = check_time,
        .doc = "The same with the first version that was written at this time or later, as "
               "2026-11-22T06:00:00Z.",
    },
    { .name = NULL },
};

sm_code sm_delta_source__check_config(const sm_source *src, sm_error *err)
{
    const sm_delta_source_config *c = src->config;

    if (c->starting_version >= 0 && c->starting_timestamp.len > 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "give one of `starting_version` and `starting_timestamp`");
    if (src->external && sm_sv_find(c->path, SM_SV("://")) >= 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`path` is a folder of this machine; tables of others in a bucket are not "
                       "supported yet");
    if (src->external && src->schema_hints.len > 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "the table says which columns it has: leave out `schema_hints`");
    if (src->external && src->evolution == SM_EVOLUTION_RESCUE)
        return sm_fail(err, SM_E_INVALID, 0,
                       "a table has nothing to rescue: take add_new_columns or none as "
                       "`schema_evolution_mode`");
    return SM_OK;
}
