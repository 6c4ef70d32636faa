/* SPDX-License-Identifier: Apache-2.0 */
/* specifiers.h -- `import … from "preact"` as a browser finds it.
 *
 * A bare specifier means nothing to a browser without an import map, and an inline one would need a
 * hole in the Content-Security-Policy: so it becomes a path relative to the importing script. */
#ifndef SM_WEB_SPECIFIERS_H
#define SM_WEB_SPECIFIERS_H

#include "runtime/base/str.h"

typedef struct sm_specifier {
    const char *name; /* "preact/hooks"; NULL ends a list */
    const char *path; /* "vendor/hooks.js" */
} sm_specifier;

/* Append `script`, which has the path `path`, with its bare specifiers rewritten. */
void sm_specifiers_rewrite(sm_sv script, sm_sv path, const sm_specifier *list, sm_buf *out);

#endif
