/* SPDX-License-Identifier: Apache-2.0 */
/* pack_assets.c -- while smelt is built: the files of the page as a C table.
 *
 *     pack_assets OUT.c FOLDER MODULES FILE…
 *
 * FILEs lie in FOLDER, and its assets.txt names more, which lie in MODULES.  Specifiers of scripts
 * are rewritten; all is packed with gzip, but what that does not make shorter. */
#include <stdio.h>

#include "runtime/base/fs.h"
#include "runtime/base/gzip.h"
#include "runtime/base/hash.h"
#include "ui/web/assets.h"

enum { FILES_MAX = 512, BEST = 9 };
#define FILE_MAX  ((size_t)4 * 1024 * 1024)
#define TABLE_MAX ((size_t)256 * 1024 * 1024)

typedef struct packing {
    sm_arena *a;
    struct {
        sm_sv path;
        const char *file;
    } files[FILES_MAX];
    size_t n_files;
    sm_specifier specifiers[FILES_MAX + 1];
    size_t n_specifiers;
    sm_buf bytes, rows;
} packing;

static sm_code add_file(packing *p, sm_sv path, const char *file, sm_error *err)
{
    if (p->n_files == FILES_MAX)
        return sm_fail(err, SM_E_LIMIT, 0, "more than %d files", (int)FILES_MAX);
    if (sm_asset_type(path) == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "\"%.*s\" ends like no file of the page",
                       SM_SV_ARG(path));
    p->files[p->n_files].path = path;
    p->files[p->n_files++].file = file;
    return SM_OK;
}

/* The next word of a line. */
static sm_sv word_of(sm_sv *line)
{
    sm_sv rest = sm_sv_trim(*line);
    ptrdiff_t space = sm_sv_find_char(rest, ' ');
    size_t len = space < 0 ? rest.len : (size_t)space;

    *line = sm_sv_sub(rest, len, rest.len);
    return sm_sv_sub(rest, 0, len);
}

/* Lines of assets.txt: path below MODULES, and the specifier if it has one. */
static sm_code read_list(packing *p, const char *folder, const char *modules, sm_error *err)
{
    const char *name = sm_path_join(p->a, sm_sv_cstr(folder), SM_SV("assets.txt"));
    sm_sv rest, line, path, file, specifier;
    sm_code rc = sm_fs_read(name, FILE_MAX, p->a, &rest, err);

    while (rc == SM_OK && sm_sv_next(&rest, '\n', &line)) {
        if (sm_sv_trim(line).len == 0 || sm_sv_starts(line, SM_SV("#")))
            continue;
        path = word_of(&line);
        file = word_of(&line);
        specifier = word_of(&line);
        if (specifier.len > 0 && p->n_specifiers < FILES_MAX)
            p->specifiers[p->n_specifiers++] =
                (sm_specifier){ sm_arena_cstr(p->a, specifier), sm_arena_cstr(p->a, path) };
        rc = add_file(p, path, sm_path_join(p->a, sm_sv_cstr(modules), file), err);
    }
    return rc;
}

static void add_bytes(packing *p, size_t number, sm_sv bytes)
{
    sm_buf_addf(&p->bytes, "static const unsigned char bytes_%zu[] = {", number);
    for (size_t i = 0; i < bytes.len; i++)
        sm_buf_addf(&p->bytes, "%s%u,", i % 24 == 0 ? "\n" : "", (unsigned char)bytes.ptr[i]);
    sm_buf_adds(&p->bytes, bytes.len == 0 ? "0};\n" : "\n};\n");
}

static sm_code pack_file(packing *p, size_t number, sm_error *err)
{
    sm_sv path = p->files[number].path, text, packed;
    sm_code rc = sm_fs_read(p->files[number].file, FILE_MAX, p->a, &text, err);
    bool shorter;
    sm_buf b;

    if (rc != SM_OK)
        return rc;
    sm_buf_init(&b, 2 * FILE_MAX);
    if (sm_asset_is_script(path)) {
        sm_specifiers_rewrite(text, path, p->specifiers, &b);
        text = sm_buf_sv(&b);
    }
    shorter = sm_gzip(text, BEST, p->a, &packed);
    sm_buf_addf(&p->rows, "    { \"%.*s\", \"\\\"%.32s\\\"\", bytes_%zu, %zu, %s },\n",
                SM_SV_ARG(path), sm_sha256_hex(text, p->a).ptr, number,
                shorter ? packed.len : text.len, shorter ? "true" : "false");
    add_bytes(p, number, shorter ? packed : text);
    sm_buf_release(&b);
    return SM_OK;
}

static sm_code write_table(packing *p, const char *out, sm_error *err)
{
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, TABLE_MAX);
    sm_buf_adds(&b, "/* Made by ui/web/pack_assets.c. */\n#include \"ui/web/assets.h\"\n\n");
    sm_buf_add(&b, sm_buf_sv(&p->bytes));
    sm_buf_adds(&b, "\nconst sm_asset sm_web_assets[] = {\n");
    sm_buf_add(&b, sm_buf_sv(&p->rows));
    sm_buf_adds(&b, "    { 0 },\n};\n\nconst sm_specifier sm_web_specifiers[] = {\n");
    for (size_t i = 0; i < p->n_specifiers; i++)
        sm_buf_addf(&b, "    { \"%s\", \"%s\" },\n", p->specifiers[i].name, p->specifiers[i].path);
    sm_buf_adds(&b, "    { 0 },\n};\n");
    if ((rc = sm_buf_check(&b, "the table", err)) == SM_OK)
        rc = sm_fs_write(out, sm_buf_sv(&b), 0644, err);
    sm_buf_release(&b);
    return rc;
}

static sm_code pack(packing *p, int argc, char **argv, sm_error *err)
{
    sm_code rc = read_list(p, argv[2], argv[3], err);

    for (int i = 4; rc == SM_OK && i < argc; i++)
        rc = add_file(p, sm_sv_cstr(argv[i]),
                      sm_path_join(p->a, sm_sv_cstr(argv[2]), sm_sv_cstr(argv[i])), err);
    for (size_t i = 0; rc == SM_OK && i < p->n_files; i++)
        rc = pack_file(p, i, err);
    return rc == SM_OK ? write_table(p, argv[1], err) : rc;
}

int main(int argc, char **argv)
{
    sm_arena *a = sm_arena_new("assets");
    packing *p = SM_NEW(a, packing);
    sm_error err;
    sm_code rc;

    p->a = a;
    sm_buf_init(&p->bytes, TABLE_MAX);
    sm_buf_init(&p->rows, TABLE_MAX);
    rc = argc < 4 ? sm_fail(&err, SM_E_INVALID, 0, "usage: OUT.c FOLDER MODULES FILE…")
                  : pack(p, argc, argv, &err);
    if (rc != SM_OK)
        fprintf(stderr, "pack_assets: %s\n", err.msg);
    sm_buf_release(&p->bytes);
    sm_buf_release(&p->rows);
    sm_arena_free(a);
    return rc == SM_OK ? 0 : 1;
}
