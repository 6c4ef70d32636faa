/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_schema.c -- smelt schema: the language as JSON Schema, for editors. */
#include "pipelines/spec/spec_schema.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/project.h"

static int unknown_block(const sm_cli *c, const char *name)
{
    sm_buf b;
    int status;

    sm_buf_init(&b, 4096);
    for (const char *const *k = sm_spec_schema_blocks(c->a); *k != NULL; k++)
        sm_buf_addf(&b, "%s%s", b.len == 0 ? "" : ", ", *k);
    status = sm_cli_usage(c, "there is no block \"%s\"; blocks are %s, and the types of sources",
                          name, b.ptr);
    sm_buf_release(&b);
    return status;
}

static int schema_exec(sm_cli *c)
{
    const char *block = sm_cli_arg(c, 0);
    sm_json *schema;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one block at a time");
    schema = sm_spec_schema(sm_project_units(), sm_sv_cstr(block), c->a);
    return schema == NULL ? unknown_block(c, block) : sm_cli_out_json(c, schema);
}

const sm_command sm_command_schema = {
    .name = "schema",
    .group = "author",
    .summary = "Print the JSON Schema of pipeline files",
    .usage = "[BLOCK]",
    .examples = "smelt schema > pipeline.schema.json\nsmelt schema files",
    .exec = schema_exec,
};
