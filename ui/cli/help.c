/* SPDX-License-Identifier: Apache-2.0 */
/* help.c -- help, printed from the command tables. */
#include "ui/cli/help.h"

#include <string.h>

#include "ui/cli/exit_code.h"

static const char *const groups[] = { "start", "author", "change", "run",
                                      "watch", "data",   "admin",  NULL };

int sm_help_all(const sm_cli *c)
{
    sm_buf b;

    (void)c;
    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "smelt turns a YAML file of sources, tables and expectations into Delta "
                    "tables, exactly once.\n\n");
    for (size_t g = 0; groups[g] != NULL; g++)
        for (const sm_command *const *k = sm_commands(); *k != NULL; k++)
            if (strcmp((*k)->group, groups[g]) == 0)
                sm_buf_addf(&b, "  smelt %-12s %s\n", (*k)->name, (*k)->summary);
    sm_buf_adds(&b, "\nsmelt COMMAND -h tells more.  A first pipeline:\n\n"
                    "  smelt init --template demo demo && smelt -C demo run\n");
    return sm_cli_out(&b);
}

/* One option; a line break in its sentence is kept under the first column of text. */
static void add_option(sm_buf *b, const sm_cli_option *o)
{
    char left[64];
    sm_sv rest = sm_sv_cstr(o->doc), line;
    bool first = true;

    snprintf(left, sizeof left, "%s%s%s%s%s", o->brief == NULL ? "" : o->brief,
             o->brief == NULL ? "" : ", ", o->name, o->value == NULL ? "" : " ",
             o->value == NULL ? "" : o->value);
    while (sm_sv_next(&rest, '\n', &line)) {
        sm_buf_addf(b, "  %-24s  %.*s\n", first ? left : "", SM_SV_ARG(line));
        first = false;
    }
}

static void add_exits(sm_buf *b)
{
    static const int shown[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 70, 130 };

    sm_buf_adds(b, "Exit status");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        sm_buf_addf(b, "%s%d %s",
                    i == 0   ? "  "
                    : i == 8 ? " ·\n             "
                             : " · ",
                    shown[i], sm_exit_meaning(shown[i]));
    sm_buf_addc(b, '\n');
}

/* Such as --format, where a command has more formats than all have. */
static bool has_own(const sm_command *command, const char *name)
{
    for (const sm_cli_option *o = command->options; o != NULL && o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

int sm_help_command(const sm_cli *c, const sm_command *command)
{
    const char *examples = command->examples == NULL ? "" : command->examples;
    sm_sv rest = sm_sv_cstr(examples), line;
    sm_buf b;

    (void)c;
    sm_buf_init(&b, 64 * 1024);
    sm_buf_addf(&b, "%s.\n\n  smelt %s %s\n\n", command->summary, command->name, command->usage);
    for (const sm_cli_option *o = command->options; o != NULL && o->name != NULL; o++)
        add_option(&b, o);
    for (const sm_cli_option *o = sm_cli_global_options(); o->name != NULL; o++)
        if (!has_own(command, o->name))
            add_option(&b, o);
    sm_buf_addc(&b, '\n');
    add_exits(&b);
    sm_buf_adds(&b, "Examples\n");
    while (rest.len > 0 && sm_sv_next(&rest, '\n', &line))
        sm_buf_addf(&b, "  %.*s\n", SM_SV_ARG(line));
    return sm_cli_out(&b);
}
