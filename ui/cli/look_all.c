/* SPDX-License-Identifier: Apache-2.0 */
/* look_all.c -- see the header. */
#include "ui/cli/look_all.h"

#include "runtime/base/fs.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/project_files.h"

bool sm_look_several(const sm_cli *c)
{
    sm_project_files files;
    sm_error ignored; /* the one who looks at a single one tells it */

    return sm_cli_get(c, "--pipeline") == NULL && !sm_fs_exists("pipeline.yml") &&
           sm_project_list(c->a, &files, &ignored) == SM_OK && files.n > 1;
}

int sm_look_all(const sm_cli *c, sm_look_document of, sm_look_told **out, size_t *n)
{
    sm_project_files files;
    int status = SM_EXIT_DONE, s;
    sm_error err;

    *n = 0;
    if (sm_project_list(c->a, &files, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    *out = SM_NEW_N(c->a, sm_look_told, files.n + 1);
    for (size_t i = 0; i < files.n; i++) {
        sm_look_told *t = &(*out)[*n];

        t->c = sm_cli_for_pipeline(c, sm_arena_cstr(c->a, files.items[i].pipeline));
        if ((s = of(t->c, &t->doc)) == SM_EXIT_DONE)
            ++*n;
        else
            status = s;
    }
    return status;
}

int sm_look_all_remote(sm_remote *r, sm_look_remote_document of, sm_look_told **out, size_t *n)
{
    sm_buf path = sm_remote_path(r, "/overview");
    const sm_json *list;
    sm_json *doc;
    sm_error err;

    *n = 0;
    if (sm_cli_get(r->c, "--pipeline") != NULL) {
        sm_buf_release(&path);
        return SM_EXIT_DONE;
    }
    if (sm_remote_get(r, &path, &doc, &err) != SM_OK)
        return sm_remote_fail(r, &err, NULL);
    list = sm_json_get(doc, "pipelines");
    if (sm_json_len(list) < 2)
        return SM_EXIT_DONE;
    *out = SM_NEW_N(r->c->a, sm_look_told, sm_json_len(list));
    for (size_t i = 0; i < sm_json_len(list); i++) {
        sm_look_told *t = &(*out)[*n];
        int status;

        r->pipeline = sm_json_get_sv(sm_json_at(list, i), "pipeline", SM_SV(""));
        t->c = sm_cli_for_pipeline(r->c, sm_arena_cstr(r->c->a, r->pipeline));
        if ((status = of(t->c, r, &t->doc)) != SM_EXIT_DONE)
            return status;
        ++*n;
    }
    return SM_EXIT_DONE;
}
