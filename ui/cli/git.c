/* SPDX-License-Identifier: Apache-2.0 */
/* git.c -- HEAD, by hand: a commit, or a ref that is a file or a line of packed-refs. */
#include "ui/cli/git.h"

#include "runtime/base/fs.h"

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
