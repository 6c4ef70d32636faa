/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sinks.c -- smelt sinks: where tables are written, and what each promises. */
#include "runtime/sinks/sinks.h"
#include "ui/cli/unit_list.h"

static int sinks_exec(sm_cli *c)
{
    sm_unit units[16];
    size_t n = 0;

    for (sm_sink_list k = sm_sinks(); *k != NULL && n < 16; k++)
        units[n++] = (sm_unit){ .name = (*k)->name,
                                .summary = (*k)->summary,
                                .options = (*k)->options,
                                .delivery = (*k)->strongest == SM_EXACTLY_ONCE ? "exactly once"
                                                                               : "at least once" };
    return sm_units_show(c, "sinks", units, n);
}

const sm_command sm_command_sinks = {
    .name = "sinks",
    .group = "author",
    .summary = "Print the sinks and what each promises",
    .usage = "[NAME]",
    .examples = "smelt sinks\nsmelt sinks delta",
    .exec = sinks_exec,
};
