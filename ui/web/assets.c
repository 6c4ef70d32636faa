/* SPDX-License-Identifier: Apache-2.0 */
/* assets.c -- what the endings of names mean. */
#include "ui/web/assets.h"

static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".svg", "image/svg+xml" },
};

const char *sm_asset_type(sm_sv path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (sm_sv_ends(path, sm_sv_cstr(types[i][0])))
            return types[i][1];
    return NULL;
}

bool sm_asset_is_script(sm_sv path)
{
    return sm_sv_ends(path, SM_SV(".js"));
}
