/* SPDX-License-Identifier: Apache-2.0 */
/* delta_fixture.c -- a table in a scratch folder, with commits made by hand. */
#include "tests/unit/delta_fixture.h"

#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/delta/delta_path.h"
#include "tests/support/test.h"

void delta_fixture_init(delta_fixture *f, const char *name)
{
    f->arena = sm_arena_new("test");
    f->root = realpath(sm_test_folder(name), NULL);
    assert_non_null(f->root);
    sm_assert_ok(sm_delta_open(sm_sv_cstr(f->root), NULL, &f->table, &f->err), f->err);
}

void delta_fixture_release(delta_fixture *f)
{
    sm_delta_close(f->table);
    free(f->root);
    sm_arena_free(f->arena);
}

void delta_fixture_put(delta_fixture *f, int64_t version, const char *text)
{
    sm_assert_ok(sm_delta_put_new(f->table, sm_delta_commit_key(version, f->arena),
                                  sm_sv_cstr(text), &f->err),
                 f->err);
}

const char *delta_fixture_text(delta_fixture *f, int64_t version)
{
    sm_sv text;

    sm_assert_ok(sm_delta_read(f->table, version, f->arena, &text, &f->err), f->err);
    return text.ptr;
}

static void append_lines(delta_fixture *f, sm_json *actions, const char *lines)
{
    sm_sv rest = sm_sv_cstr(lines), line;

    while (sm_delta_next_line(&rest, &line)) {
        sm_json *j;
        sm_assert_ok(sm_json_parse(line, f->arena, &j, &f->err), f->err);
        sm_json_append(actions, j);
    }
}

sm_delta_change delta_fixture_append(delta_fixture *f, const char *app, int64_t n, const char *file,
                                     bool creates)
{
    sm_json *actions = sm_json_array(f->arena), *smelt = sm_json_object(f->arena);
    sm_sv add = sm_arena_printf(f->arena,
                                "{\"add\":{\"path\":\"%s\",\"partitionValues\":{},\"size\":3,"
                                "\"modificationTime\":5,\"dataChange\":true}}",
                                file);

    if (creates)
        append_lines(f, actions, DELTA_CREATE);
    append_lines(f, actions, add.ptr);
    sm_json_set_string(smelt, "flow", SM_SV("flow"));
    sm_json_set_string(smelt, "generation", sm_sv_cstr(app));
    sm_json_set_int(smelt, "batch", n);
    return (sm_delta_change){
        .app_id = sm_sv_cstr(app),
        .batch = n,
        .txn_id = sm_uuid4(f->arena),
        .actions = actions,
        .read_version = -1,
        .definition_version = -1,
        .creates = creates,
        .operation = SM_SV("STREAMING UPDATE"),
        .smelt = smelt,
        .now_ms = 1000,
    };
}
