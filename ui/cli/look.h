/* SPDX-License-Identifier: Apache-2.0 */
/* look.h -- what the commands that only look begin and end with. */
#ifndef SM_CLI_LOOK_H
#define SM_CLI_LOOK_H

#include "ui/cli/project.h"
#include "ui/view/view.h"

/* The option rows that these commands share. */
#define SM_LOOK_OPTIONS                                                                            \
    {                                                                                              \
        "--pipeline", "-p", "NAME", "which one: its name, its file, or its folder"                 \
    }

/* Load the project that --pipeline names, with the store read-only, and fill `v`.  0, or the
 * exit status to end with; either way close `p`. */
int sm_look_start(sm_cli *c, sm_project *p, sm_view *v);
/* A view of a project that is open. */
sm_view sm_look_view(const sm_cli *c, const sm_project *p);

/* "Next: <text>" on stdout, unless --quiet. */
SM_PRINTF(3, 4)
void sm_look_next(const sm_cli *c, sm_buf *b, const char *fmt, ...);

/* "Pipeline shop is paused since …, by cli", if `doc` (of sm_view_status or sm_view_why) says so.
 */
void sm_look_pause(const sm_cli *c, const sm_json *doc, sm_buf *b);

/* The dataset of that name, or NULL after saying which one comes close. */
const sm_plan_dataset *sm_look_find(const sm_cli *c, const sm_plan *p, const char *name);

/* selected[] from --select and --exclude, states included, by --changed-since if that is given; 0
 * or an exit status. */
int sm_look_select(sm_cli *c, const sm_project *p, const sm_view *v, bool **selected);

/* A whole number that is not negative, of argument or option `what`; false after saying so. */
bool sm_look_number(const sm_cli *c, const char *what, const char *text, int64_t *out);

enum { SM_LOOK_OUT_MAX = 256 * 1024 * 1024 };

#endif
