/* SPDX-License-Identifier: Apache-2.0 */
/* schema_tool.c -- what check_schema.py asks of the loader, with the source types of units.h:
 *
 *     schema_tool schema [BLOCK]     print the JSON Schema
 *     schema_tool blocks             print the names of blocks
 *     schema_tool check FILE         exit 1 and say why when the file has an error
 *     schema_tool project FILE       the same for a smelt.yml
 *     schema_tool suite FILE         the same for a file of tests
 */
#include <stdio.h>
#include <string.h>

#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_schema.h"
#include "pipelines/spec/spec_suite.h"
#include "runtime/base/fs.h"
#include "tests/support/units.h"

static int print_schema(sm_arena *a, const char *block)
{
    sm_json *schema = sm_spec_schema(sm_test_units, sm_sv_cstr(block), a);

    if (!schema)
        return 1;
    printf("%s\n", sm_json_dump(schema, SM_JSON_PRETTY, a).ptr);
    return 0;
}

static int print_blocks(sm_arena *a)
{
    for (const char *const *name = sm_spec_schema_blocks(a); *name; name++)
        printf("%s\n", *name);
    return 0;
}

static int print_faults(sm_diags *d)
{
    sm_buf out;

    sm_buf_init(&out, (size_t)1 << 20);
    sm_diags_print(d, false, &out);
    fputs(out.ptr, stdout);
    sm_buf_release(&out);
    return sm_diags_errors(d) > 0;
}

static int check_file(sm_arena *a, const char *path)
{
    sm_diags *d = sm_diags_new(a);
    const sm_spec *spec;
    sm_error err;

    if (sm_spec_load(path, &sm_test_env, a, d, &spec, &err) != SM_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    return print_faults(d);
}

/* Beside a pipeline that has nothing to say. */
static int check_project(sm_arena *a, const char *path)
{
    static const char pipeline[] =
        "version: 1\npipeline: p\nstorage: x\ntables: {t: {sql: SELECT 1}}";
    sm_diags *d = sm_diags_new(a);
    sm_spec_env env = sm_test_env;
    sm_error err;

    env.project_file = path;
    if (sm_fs_read(path, (size_t)1 << 20, a, &env.project_text, &err) != SM_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    (void)sm_spec_parse("p.yml", sm_sv_cstr(pipeline), &env, a, d);
    return print_faults(d);
}

static int check_suite(sm_arena *a, const char *path)
{
    sm_diags *d = sm_diags_new(a);
    sm_sv text;
    sm_error err;

    if (sm_fs_read(path, (size_t)1 << 20, a, &text, &err) != SM_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    (void)sm_suite_parse(path, text, a, d);
    return print_faults(d);
}

int main(int argc, char **argv)
{
    sm_arena *a = sm_arena_new("tool");
    int status = 2;

    if (argc >= 2 && strcmp(argv[1], "schema") == 0)
        status = print_schema(a, argc > 2 ? argv[2] : "");
    else if (argc == 2 && strcmp(argv[1], "blocks") == 0)
        status = print_blocks(a);
    else if (argc == 3 && strcmp(argv[1], "check") == 0)
        status = check_file(a, argv[2]);
    else if (argc == 3 && strcmp(argv[1], "project") == 0)
        status = check_project(a, argv[2]);
    else if (argc == 3 && strcmp(argv[1], "suite") == 0)
        status = check_suite(a, argv[2]);
    sm_arena_free(a);
    return status;
}
