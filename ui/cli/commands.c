/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c -- the list of commands.  Adding one is adding one word. */
#include "ui/cli/cli.h"

#define SM_COMMANDS(X)                                                                             \
    X(init)                                                                                        \
    X(serve)                                                                                       \
    X(validate)                                                                                    \
    X(show)                                                                                        \
    X(graph)                                                                                       \
    X(schema)                                                                                      \
    X(sources)                                                                                     \
    X(sinks)                                                                                       \
    X(explain)                                                                                     \
    X(test)                                                                                        \
    X(plan)                                                                                        \
    X(run)                                                                                         \
    X(pause)                                                                                       \
    X(resume)                                                                                      \
    X(stop)                                                                                        \
    X(retry)                                                                                       \
    X(ls)                                                                                          \
    X(status)                                                                                      \
    X(runs)                                                                                        \
    X(events)                                                                                      \
    X(why)                                                                                         \
    X(query)                                                                                       \
    X(preview)                                                                                     \
    X(quarantine)                                                                                  \
    X(checkpoint)                                                                                  \
    X(watermark)                                                                                   \
    X(doctor)                                                                                      \
    X(token)                                                                                       \
    X(reload)                                                                                      \
    X(completions)                                                                                 \
    X(version)

#define DECLARE(name) extern const sm_command sm_command_##name;
SM_COMMANDS(DECLARE)
#undef DECLARE

#define ROW(name) &sm_command_##name,
static const sm_command *const commands[] = { SM_COMMANDS(ROW) NULL };
#undef ROW

const sm_command *const *sm_commands(void)
{
    return commands;
}
