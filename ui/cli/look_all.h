/* SPDX-License-Identifier: Apache-2.0 */
/* look_all.h -- commands that look at all pipelines of a project or server when none is named. */
#ifndef SM_CLI_LOOK_ALL_H
#define SM_CLI_LOOK_ALL_H

#include "ui/cli/look.h"
#include "ui/cli/remote.h"

/* What one pipeline has to say: *doc, in c->a.  0, or an exit status after saying why not. */
typedef int (*sm_look_document)(sm_cli *c, sm_json **doc);
typedef int (*sm_look_remote_document)(sm_cli *c, sm_remote *r, sm_json **doc);

typedef struct sm_look_told {
    sm_cli *c; /* the command as for that pipeline */
    sm_json *doc;
} sm_look_told;

/* Is no pipeline named, and are there several here? */
bool sm_look_several(const sm_cli *c);
/* The documents of all of them, in the order of their files; a pipeline that cannot be looked at is
 * told and left out, and the exit status is that of the last such one. */
int sm_look_all(const sm_cli *c, sm_look_document of, sm_look_told **out, size_t *n);
/* The same of a server; *n is 0 when one is named, or it has only one. */
int sm_look_all_remote(sm_remote *r, sm_look_remote_document of, sm_look_told **out, size_t *n);

#endif
