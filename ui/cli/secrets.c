/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c -- see the header. */
#include "ui/cli/secrets.h"

#include "runtime/base/fs.h"

sm_code sm_secrets_read(const sm_spec_secret *secret, sm_secret **out, sm_error *err)
{
    sm_arena *a = sm_arena_new("secret");
    sm_sv base = sm_path_dir(sm_sv_cstr(secret->at.file));
    sm_code rc =
        sm_text_set(&secret->file)
            ? sm_secret_from_file(sm_path_join(a, base, secret->file.text), out, err)
            : sm_secret_from_environment(sm_arena_cstr(a, secret->environment.text), out, err);

    sm_arena_free(a);
    return rc;
}

const sm_spec_secret *sm_secrets_find(const sm_spec *spec, sm_sv name)
{
    for (size_t i = 0; i < spec->secrets.n; i++)
        if (sm_sv_eq(spec->secrets.items[i].name.text, name))
            return &spec->secrets.items[i];
    return NULL;
}
