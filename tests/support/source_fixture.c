/* SPDX-License-Identifier: Apache-2.0 */
/* source_fixture.c -- a files source over a scratch folder, with a control store. */
#include "tests/support/source_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fs.h"
#include "runtime/connect/decode_hints.h"
#include "runtime/sources/sources.h"

static void fixture_start(source_fixture *f, const char *options)
{
    sm_json *values;
    sm_source *s = &f->s;
    s->state = NULL;
    s->config = sm_arena_alloc(f->a, s->ops->config_size, 16, 1);
    sm_assert_ok(sm_json_parse(sm_sv_cstr(options), f->a, &values, &f->err), f->err);
    if (sm_json_get(values, "rescued_data_column") == NULL) /* tests of the column ask for it */
        sm_json_set_string(values, "rescued_data_column", SM_SV(""));
    sm_assert_ok(sm_options_fill(s->ops->options, values, s->config, f->a, &f->err), f->err);
    sm_assert_ok(sm_source_open(s, &f->err), f->err);
}

void source_open(source_fixture *f, const char *name, const char *options)
{
    memset(f, 0, sizeof *f);
    store_open(&f->store, name);
    f->a = sm_arena_new("source test");
    const char *dir = sm_path_absolute(f->a, sm_test_folder("landing"), &f->err);
    snprintf(f->dir, sizeof f->dir, "%s", dir);
    f->s = (sm_source){
        .ops = sm_source_find(sm_sources(), SM_SV("files")),
        .name = SM_SV("raw"),
        .generation_id = store_generation(&f->store, "orders"),
        .base_dir = sm_sv_cstr(f->dir),
        .schema = &f->schema,
        .store = f->store.s,
        .owner = &f->store.o,
        .arena = f->a,
    };
    fixture_start(f, options);
}

void source_reopen(source_fixture *f, const char *options)
{
    sm_source_close(&f->s);
    fixture_start(f, options);
}

void source_close(source_fixture *f)
{
    sm_source_close(&f->s);
    sm_session_close(f->s.session);
    sm_engine_close(f->engine);
    sm_arena_free(f->a);
    store_close(&f->store);
}

void source_file(source_fixture *f, const char *name, const char *text, int second)
{
    char path[1400];
    struct timespec times[2] = { { .tv_sec = 1767225600 + second },
                                 { .tv_sec = 1767225600 + second } };
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    sm_test_write(path, text);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

void source_remove(source_fixture *f, const char *name)
{
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    sm_test_remove(path);
}

void source_engine(source_fixture *f)
{
    const sm_sv dirs[] = { sm_sv_cstr(f->dir) };
    const sm_engine_config config = {
        .memory_limit = SM_SV("512MiB"),
        .threads = 2,
        .allowed_directories = dirs,
        .allowed_count = 1,
    };
    sm_assert_ok(sm_engine_open(&config, &f->engine, &f->err), f->err);
    sm_assert_ok(sm_session_open(f->engine, &f->s.session, &f->err), f->err);
}

void source_schema(source_fixture *f, const char *schema)
{
    f->schema = (sm_schema){ 0 };
    if (schema == NULL)
        sm_assert_ok(f->s.ops->infer(&f->s, f->a, &f->schema, &f->err), f->err); /* no engine */
    else
        sm_assert_ok(sm_decode_apply_hints(sm_sv_cstr(schema), f->a, &f->schema, &f->err), f->err);
}

const sm_json *source_next(source_fixture *f, const sm_json *start)
{
    const sm_json *newest, *end;
    sm_assert_ok(sm_source_newest(&f->s, f->a, &newest, &f->err), f->err);
    if (newest == NULL)
        return start;
    sm_assert_ok(sm_source_latest(&f->s, start, newest, f->a, &end, &f->err), f->err);
    return end;
}

static int fixture_compare(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

const char *source_rows(source_fixture *f, const char *view)
{
    enum { MAX = 10000 };
    const char **lines = SM_NEW_N(f->a, const char *, MAX);
    char sql[200];
    size_t n = 0;
    sm_rows *rows;
    sm_buf out;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", view);
    sm_assert_ok(sm_session_query(f->s.session, sm_sv_cstr(sql), &rows, &f->err), f->err);
    sm_buf_init(&out, 64 * 1024 * 1024);
    while (sm_rows_next(rows) && n < MAX) {
        sm_buf_clear(&out);
        for (size_t c = 0; c < sm_rows_schema(rows)->n; c++) {
            if (c > 0)
                sm_buf_addc(&out, '|');
            sm_rows_text(rows, c, &out);
        }
        lines[n++] = sm_arena_cstr(f->a, sm_buf_sv(&out));
    }
    sm_rows_free(rows);
    qsort(lines, n, sizeof *lines, fixture_compare);
    sm_buf_clear(&out);
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&out, "%s\n", lines[i]);
    const char *text = sm_arena_cstr(f->a, sm_buf_sv(&out));
    sm_buf_release(&out);
    return text;
}
