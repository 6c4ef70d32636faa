/* SPDX-License-Identifier: Apache-2.0 */
/* since.c -- --changed-since REV: the files against those of a commit.
 *
 * The earlier files are read out of the repository, in memory; data and pinned schemas are those
 * of now for both, so that what differs is what the files say. */
#include "ui/cli/since.h"

#include "ui/cli/exit_code.h"
#include "ui/cli/git.h"
#include "ui/cli/look.h"

/* The earlier plan in `old`, which the caller closes; old->plan stays NULL when it cannot be had
 * from those files. */
static sm_code plan_before(const sm_cli *c, const sm_project *p, const sm_git_tree *tree,
                           sm_project *old, sm_error *err)
{
    sm_code rc = sm_project_open_at(old, c, p->file, tree, err);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK)
        return rc;
    old->store = p->store; /* pinned schemas */
    old->pipeline = p->pipeline;
    old->store_read_only = true;
    rc = sm_project_plan(old, err);
    old->store = NULL;
    if (rc == SM_OK && sm_diags_errors(old->diags) > 0)
        old->plan = NULL;
    return rc;
}

int sm_cli_since(const sm_cli *c, const sm_project *p, const sm_json **out)
{
    const sm_view v = sm_look_view(c, p);
    const char *rev = sm_cli_get(c, "--changed-since");
    sm_git_tree tree;
    sm_project old = { 0 };
    sm_error err;
    int status = SM_EXIT_DONE;

    *out = NULL;
    if (rev == NULL)
        return SM_EXIT_DONE;
    if (sm_git_tree_find(p->base_dir, rev, c->a, &tree, &err) != SM_OK) {
        sm_cli_fail(c, &err, NULL);
        return SM_EXIT_USAGE;
    }
    if (plan_before(c, p, &tree, &old, &err) != SM_OK)
        status = sm_cli_fail(c, &err, NULL);
    else
        *out = sm_view_since(&v, old.plan, sm_sv_cstr(rev), tree.commit);
    if (status == SM_EXIT_DONE && old.plan == NULL && old.diags != NULL &&
        sm_diags_errors(old.diags) > 0)
        sm_cli_say(c, "%s as of %s has faults: everything counts as new", p->file, rev);
    sm_project_close(&old);
    return status;
}

int sm_cli_since_select(const sm_cli *c, const sm_project *p, const sm_json **out)
{
    static const char *const selecting[] = { "--select", "--exclude", "--full-refresh" };
    bool by_state = false;

    *out = NULL;
    if (!sm_cli_has(c, "--changed-since"))
        return SM_EXIT_DONE;
    for (size_t i = 0; i < sizeof selecting / sizeof selecting[0]; i++)
        by_state |= sm_sv_find(sm_sv_cstr(sm_cli_get(c, selecting[i])), SM_SV("state:")) >= 0;
    if (!by_state)
        return sm_cli_usage(c, "--changed-since says what state:modified and state:new are: "
                               "--select state:modified+");
    return sm_cli_since(c, p, out);
}
