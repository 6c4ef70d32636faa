/* SPDX-License-Identifier: Apache-2.0 */
/* source_files_dialect.c -- how the files of a source are cut into records and fields. */
#include "runtime/sources/source_files_int.h"

static bool files_is_tab(sm_sv text)
{
    return sm_sv_eq_str(text, "\\t");
}

sm_code sm_files__check_character(sm_sv text, sm_error *err)
{
    if (text.len <= 1 || files_is_tab(text))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "it must be one character; several are not supported");
}

static char files_character(sm_sv text)
{
    if (files_is_tab(text))
        return '\t';
    return text.len > 0 ? text.ptr[0] : '\0';
}

sm_code sm_files__dialect(const sm_files_config *config, sm_arena *a, sm_csv_dialect *d,
                          sm_error *err)
{
    *d = (sm_csv_dialect){
        .sep = files_character(config->sep),
        .quote = files_character(config->quote),
        .escape = files_character(config->escape),
        .comment = files_character(config->comment),
        .header = config->header,
        .multi_line = config->multi_line,
        .trim_left = config->trim_left,
        .trim_right = config->trim_right,
        .null_value = config->null_value,
        .empty_value = { sm_arena_printf(a, "%.*s%16s", SM_SV_ARG(config->empty_value), "").ptr,
                         config->empty_value.len },
        .nan_value = config->nan_value,
        .positive_inf = config->positive_inf,
        .negative_inf = config->negative_inf,
    };
    if (d->quote == '\0')
        d->escape = '\0';
    return sm_csv_dialect_check(d, err);
}

/* How files are cut into records; NULL when a newline ends each. */
const sm_framing *sm_files__framing(const sm_files_config *config, const sm_csv_dialect *d,
                                    int64_t skip_rows, sm_arena *a)
{
    sm_framing *framing = SM_NEW(a, sm_framing);
    if (config->format == SM_FILES_CSV)
        *framing = sm_csv_framing(d);
    else if (config->format == SM_FILES_JSON && config->multi_line)
        framing->kind = SM_FRAME_JSON;
    if (config->format == SM_FILES_CSV)
        framing->skip_lines = skip_rows;
    return framing->kind != SM_FRAME_LINES || framing->skip_lines > 0 ? framing : NULL;
}
