/* SPDX-License-Identifier: Apache-2.0 */
/* assets.h -- the files of the page, packed into the program by pack_assets.c. */
#ifndef SM_WEB_ASSETS_H
#define SM_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/web/specifiers.h"

typedef struct sm_asset {
    const char *path; /* "pages/overview.js"; NULL ends the table */
    const char *etag; /* with its quotes */
    const unsigned char *bytes;
    size_t len;
    bool packed; /* gzip */
} sm_asset;

extern const sm_asset sm_web_assets[];
extern const sm_specifier sm_web_specifiers[];

/* The Content-Type of a name by its ending; NULL: no file of the page ends so. */
const char *sm_asset_type(sm_sv path);
/* Is it a script, whose specifiers are rewritten? */
bool sm_asset_is_script(sm_sv path);

#endif
