/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sources.c -- smelt sources: the types of sources and their options. */
#include "ui/cli/project.h"
#include "ui/cli/unit_list.h"

static int sources_exec(sm_cli *c)
{
    sm_unit units[16];
    size_t n = 0;

    for (const sm_spec_unit *u = sm_project_units(); u->name != NULL && n < 16; u++)
        if (u->supported)
            units[n++] = (sm_unit){ .name = u->name, .summary = u->summary, .options = u->options };
    return sm_units_show(c, "sources", units, n);
}

const sm_command sm_command_sources = {
    .name = "sources",
    .group = "author",
    .summary = "Print the types of sources and their options",
    .usage = "[NAME]",
    .examples = "smelt sources\nsmelt sources files",
    .exec = sources_exec,
};
