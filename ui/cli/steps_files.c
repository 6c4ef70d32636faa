/* SPDX-License-Identifier: Apache-2.0 */
/* steps_files.c -- files of a test, for the real source of files. */
#include "ui/cli/steps_files.h"

#include "runtime/base/fs.h"
#include "runtime/sources/sources.h"

enum { MODE = 0600 };

static bool has_wildcard(sm_sv part)
{
    for (size_t i = 0; i < part.len; i++)
        if (strchr("*?[{", part.ptr[i]) != NULL)
            return true;
    return false;
}

sm_sv sm_steps__files_path(const sm_steps *s, const char *kind, const sm_spec_source *source)
{
    sm_sv path = sm_json_get_sv(source->options, "path", SM_SV("")), rest = path, part;
    sm_sv folder =
        sm_arena_printf(s->a, "%s/%s/%.*s", s->q->folder, kind, SM_SV_ARG(source->name.text));
    size_t used = 0;

    while (sm_sv_next(&rest, '/', &part)) {
        if (has_wildcard(part))
            return sm_arena_printf(s->a, "%.*s/%.*s", SM_SV_ARG(folder),
                                   SM_SV_ARG(sm_sv_sub(path, used, path.len)));
        used += part.len + 1;
    }
    part = sm_path_base(path); /* a file has a dot in its name, a folder has none */
    return sm_sv_find_char(part, '.') > 0
               ? sm_arena_printf(s->a, "%.*s/%.*s", SM_SV_ARG(folder), SM_SV_ARG(part))
               : folder;
}

/* A name leads nowhere else. */
static bool judge_name(sm_steps *s, const sm_yaml_node *key)
{
    sm_sv rest = key->text, part;
    bool ok = key->text.len > 0 && key->text.ptr[0] != '/';

    while (ok && sm_sv_next(&rest, '/', &part))
        ok = part.len > 0 && !sm_sv_eq_str(part, "..") && !sm_sv_eq_str(part, ".");
    if (!ok)
        sm_diag_add(s->d, "SM0155", sm_yaml_span(key),
                    "\"%.*s\" is no name of a file: write a.json or folder/a.json",
                    SM_SV_ARG(key->text));
    return ok;
}

sm_code sm_steps__write_files(sm_steps *s, const char *kind, sm_sv source,
                              const sm_yaml_node *files, sm_error *err)
{
    sm_sv folder = sm_arena_printf(s->a, "%s/%s/%.*s", s->q->folder, kind, SM_SV_ARG(source));
    sm_code rc = sm_fs_mkdirs(folder.ptr, 0700, err);

    for (size_t i = 0; rc == SM_OK && i < files->n; i++) {
        sm_sv name = files->items[2 * i]->text;
        sm_sv file = sm_arena_printf(s->a, "%.*s/%.*s", SM_SV_ARG(folder), SM_SV_ARG(name));

        if (judge_name(s, files->items[2 * i]) &&
            (rc = sm_fs_mkdirs(sm_arena_cstr(s->a, sm_path_dir(file)), 0700, err)) == SM_OK)
            rc = sm_fs_write(file.ptr, files->items[2 * i + 1]->text, MODE, err);
    }
    return rc;
}

static const sm_yaml_node *first_files(const sm_steps *s, sm_sv source)
{
    const sm_suite_steps *steps = &s->q->test->steps;

    for (size_t i = 0; i < steps->n; i++) {
        const sm_yaml_node *map = steps->items[i].ingest_files.v;

        for (size_t k = 0; map != NULL && k < map->n; k++)
            if (sm_sv_eq_nocase(map->items[2 * k]->text, source))
                return map->items[2 * k + 1];
    }
    return NULL;
}

sm_code sm_steps__infer_files(sm_steps *s, const sm_spec_source *source, sm_arena *a,
                              sm_schema *out, sm_error *err)
{
    sm_json *options = sm_json_copy(a, source->options);
    const sm_yaml_node *files = first_files(s, source->name.text);
    sm_code rc;

    sm_json_set_string(options, "path", sm_steps__files_path(s, "sample", source));
    if (files == NULL ||
        (rc = sm_steps__write_files(s, "sample", source->name.text, files, err)) == SM_OK)
        rc = sm_steps__infer_options(s, source->name.text, source->schema_hints.text, options, a,
                                     out, err);
    return rc;
}
