/* SPDX-License-Identifier: Apache-2.0 */
/* spec_sql_file.c -- SQL that stands in a file of its own, beside the YAML.
 *
 * The text has places of its own: a message about it names the .sql file, line and column.  The
 * path is relative to the file that names it and stays inside of the project. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"

/* Does the path, from a folder that lies `depth` levels below the project, stay inside? */
static bool stays_inside(sm_sv path, size_t depth)
{
    sm_sv part;

    while (sm_sv_next(&path, '/', &part)) {
        if (part.len == 0 || sm_sv_eq(part, SM_SV(".")))
            continue;
        if (!sm_sv_eq(part, SM_SV("..")))
            depth++;
        else if (depth-- == 0)
            return false;
    }
    return true;
}

/* The path as messages name it: beside the file that names it. */
static const char *beside(const sm_bind *b, const char *file, sm_sv path)
{
    sm_sv dir = sm_path_dir(sm_sv_cstr(file));

    return sm_sv_eq(dir, SM_SV(".")) ? sm_arena_cstr(b->a, path) : sm_path_join(b->a, dir, path);
}

size_t sm_spec__not_utf8(sm_sv text)
{
    size_t at = 0, n;

    while (at < text.len && (n = sm_utf8_len(text, at)) > 0)
        at += n;
    return at;
}

static bool check_text(const sm_bind *b, const sm_text *path, const sm_text *sql)
{
    size_t bad = sm_spec__not_utf8(sql->text);

    if (bad < sql->text.len) {
        sm_diag_add(b->d, "SM0102", sm_text_span(sql, bad, 1), "this is not UTF-8");
        sm_diag_hint(b->d, "save the file as UTF-8");
        return false;
    }
    if (sm_sv_trim(sql->text).len == 0) {
        sm_diag_add(b->d, "SM0114", path->at, "\"%.*s\" is empty", SM_SV_ARG(path->text));
        return false;
    }
    return sm_spec__check_sql(b, sql);
}

static sm_sv without_mark(sm_sv text)
{
    return sm_sv_starts(text, SM_SV("\xEF\xBB\xBF")) ? sm_sv_sub(text, 3, text.len) : text;
}

static sm_code read_file(const sm_bind *b, const char *file, sm_sv *out, sm_error *err)
{
    return b->env->read != NULL
               ? b->env->read(b->env->read_ctx, file, SM_LIMIT_SQL_BYTES, b->a, out, err)
               : sm_fs_read(file, SM_LIMIT_SQL_BYTES, b->a, out, err);
}

bool sm_spec__sql_file(const sm_bind *b, const sm_text *path, sm_text *out)
{
    const char *file = beside(b, path->at.file, path->text);
    sm_error err;
    sm_text sql;
    sm_sv text;

    if (!stays_inside(path->text, b->env->project_way.len / 3)) { /* "../" each */
        sm_diag_add(b->d, "SM0141", path->at, "\"%.*s\" leads out of the project",
                    SM_SV_ARG(path->text));
        sm_diag_hint(b->d, "put the file beside this one, or below it");
        return false;
    }
    if (read_file(b, file, &text, &err) != SM_OK) {
        sm_diag_add(b->d, "SM0140", path->at, "`sql_file` cannot be read: %s", err.msg);
        sm_diag_hint(b->d, "the path begins at the folder of this file");
        return false;
    }
    text = without_mark(text);
    sm_spec__add_doc(b, file, text);
    sql = sm_text_of(text, file);
    if (!check_text(b, path, &sql))
        return false;
    *out = sql;
    return true;
}
