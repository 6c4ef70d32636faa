/* SPDX-License-Identifier: Apache-2.0 */
/* unit_list.h -- sources and sinks as the reference of their options. */
#ifndef SM_CLI_UNIT_LIST_H
#define SM_CLI_UNIT_LIST_H

#include "runtime/base/option.h"
#include "ui/cli/cli.h"

typedef struct sm_unit {
    const char *name, *summary;
    const sm_option *options; /* NULL: none */
    const char *delivery;     /* sinks: what is promised; NULL: not a sink */
} sm_unit;

/* All units, or with an argument the options of one. */
int sm_units_show(sm_cli *c, const char *noun, const sm_unit *units, size_t n);

#endif
