/* SPDX-License-Identifier: Apache-2.0 */
/* git.c -- HEAD, by hand: a commit, or a ref that is a file or a line of packed-refs; other
 * commits by the program git. */
#include "ui/cli/git.h"

#include "runtime/base/fs.h"
#include "runtime/base/process.h"

static bool read_small(const char *path, sm_arena *a, sm_sv *out)
{
    sm_error ignored;

    return sm_fs_read(path, (size_t)4 * 1024 * 1024, a, out, &ignored) == SM_OK;
}

static bool is_commit(sm_sv s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("0123456789abcdef", s.ptr[i]) == NULL)
            return false;
    return s.len == 40;
}

/* "<commit> <ref>" lines. */
static sm_sv packed(const char *git, sm_sv ref, sm_arena *a)
{
    sm_sv text, line;

    if (!read_small(sm_path_join(a, sm_sv_cstr(git), SM_SV("packed-refs")), a, &text))
        return SM_SV("");
    while (sm_sv_next(&text, '\n', &line))
        if (line.len > 41 && sm_sv_eq(sm_sv_sub(line, 41, line.len), ref))
            return sm_sv_sub(line, 0, 40);
    return SM_SV("");
}

static const char *find_git(sm_sv dir, sm_arena *a)
{
    for (;;) {
        const char *git = sm_path_join(a, dir, SM_SV(".git"));

        if (sm_fs_exists(sm_path_join(a, sm_sv_cstr(git), SM_SV("HEAD"))))
            return git;
        if (dir.len <= 1)
            return NULL;
        dir = sm_path_dir(dir);
    }
}

sm_sv sm_git_commit(sm_sv dir, sm_arena *a)
{
    const char *git = find_git(dir, a);
    sm_sv head, value;

    if (git == NULL || !read_small(sm_path_join(a, sm_sv_cstr(git), SM_SV("HEAD")), a, &head))
        return SM_SV("");
    head = sm_sv_trim(head);
    if (sm_sv_starts(head, SM_SV("ref: "))) {
        sm_sv ref = sm_sv_sub(head, 5, head.len);

        head = read_small(sm_path_join(a, sm_sv_cstr(git), ref), a, &value) ? sm_sv_trim(value)
                                                                            : packed(git, ref, a);
    }
    return is_commit(head) ? head : SM_SV("");
}

sm_sv sm_git_root(sm_sv dir, sm_arena *a)
{
    while (!sm_fs_exists(sm_path_join(a, dir, SM_SV(".git")))) {
        if (dir.len <= 1)
            return SM_SV("");
        dir = sm_path_dir(dir);
    }
    return dir;
}

/* ---- other commits ------------------------------------------------------------------ */

/* git's answer; with a status that is not 0, SM_E_NOT_FOUND with the first line that it said. */
static sm_code ask_git(const char *const *argv, size_t max, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_buf answer, complaint;
    sm_sv rest, line = SM_SV("");
    sm_code rc;
    int status;

    sm_buf_init(&answer, max);
    sm_buf_init(&complaint, 4096);
    if ((rc = sm_process_run(argv, &answer, &complaint, &status, err)) == SM_OK && status != 0) {
        rest = sm_buf_sv(&complaint);
        (void)sm_sv_next(&rest, '\n', &line);
        rc = sm_fail(err, SM_E_NOT_FOUND, 0, "git: %.*s", SM_SV_ARG(line));
    } else if (rc == SM_OK) {
        rc = sm_buf_check(&answer, "a file in git", err);
    }
    *out = sm_arena_dup(a, sm_buf_sv(&answer));
    sm_buf_release(&answer);
    sm_buf_release(&complaint);
    return rc;
}

sm_code sm_git_tree_find(sm_sv dir, const char *rev, sm_arena *a, sm_git_tree *out, sm_error *err)
{
    sm_sv root = sm_git_root(dir, a), answer;
    const char *argv[] = {
        "git", "-C", NULL, "rev-parse", "--quiet", "--verify", "--end-of-options", NULL, NULL
    };
    sm_code rc;

    if (root.len == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0,
                       "--changed-since needs a repository of git, and \"%.*s\" is in none",
                       SM_SV_ARG(dir));
    out->root = argv[2] = sm_arena_cstr(a, root);
    argv[7] = sm_arena_printf(a, "%s^{commit}", rev).ptr;
    rc = ask_git(argv, 4096, a, &answer, err);
    out->commit = sm_sv_trim(answer);
    if (rc == SM_E_NOT_FOUND && sm_sv_ends(sm_sv_cstr(err->msg), SM_SV("git: ")))
        return sm_fail(
            err, rc, 0,
            "there is no commit \"%s\" in the repository \"%s\"; a shallow clone has only "
            "the newest (fetch-depth: 0 of actions/checkout gives all)",
            rev, out->root);
    return rc == SM_OK ? rc : sm_wrap(err, "--changed-since %s", rev);
}

sm_code sm_git_read(const sm_git_tree *tree, const char *file, size_t max, sm_arena *a, sm_sv *out,
                    sm_error *err)
{
    const char *path = sm_path_absolute(a, file, err);
    const char *argv[] = { "git", "-C", tree->root, "cat-file", "blob", NULL, NULL };
    size_t len = strlen(tree->root);

    if (path == NULL)
        return err->code;
    if (strncmp(path, tree->root, len) != 0 || path[len] != '/')
        return sm_fail(err, SM_E_NOT_FOUND, 0, "\"%s\" is not in the repository", file);
    argv[5] = sm_arena_printf(a, "%.*s:%s", SM_SV_ARG(tree->commit), path + len + 1).ptr;
    return ask_git(argv, max, a, out, err);
}
