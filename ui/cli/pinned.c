/* SPDX-License-Identifier: Apache-2.0 */
/* pinned.c -- texts by the absolute path of their file. */
#include "ui/cli/pinned.h"

#include <stdlib.h>

#include "runtime/base/fs.h"
#include "runtime/base/strmap.h"
#include "runtime/base/thread.h"

enum { MOST = 100000 };

struct sm_pinned {
    sm_atomic holders;
    sm_arena *a;
    sm_strmap *places; /* path -> index in texts */
    sm_sv *texts;
    const char **paths;
    size_t n, cap;
};

sm_pinned *sm_pinned_new(void)
{
    sm_pinned *p = sm_xcalloc(1, sizeof *p);

    sm_atomic_set(&p->holders, 1);
    p->a = sm_arena_new("pinned");
    p->places = sm_strmap_new(p->a);
    return p;
}

sm_pinned *sm_pinned_hold(sm_pinned *p)
{
    sm_atomic_add(&p->holders, 1);
    return p;
}

void sm_pinned_free(sm_pinned *p)
{
    if (p == NULL || sm_atomic_add(&p->holders, -1) > 1)
        return;
    sm_arena_free(p->a);
    free(p->texts);
    free(p->paths);
    free(p);
}

void sm_pinned_add(sm_pinned *p, const sm_spec_docs *docs)
{
    for (size_t i = 0; i < docs->n && p->n < MOST; i++) {
        sm_error ignored;
        const char *path = sm_path_absolute(p->a, docs->items[i].file, &ignored);

        if (path == NULL || !sm_strmap_put(p->places, sm_sv_cstr(path), p->n))
            continue;
        if (p->n == p->cap) {
            p->cap = p->cap == 0 ? 16 : 2 * p->cap;
            p->texts = sm_xrealloc(p->texts, p->cap * sizeof *p->texts);
            p->paths = sm_xrealloc(p->paths, p->cap * sizeof *p->paths);
        }
        p->paths[p->n] = path;
        p->texts[p->n++] = sm_arena_dup(p->a, docs->items[i].text);
    }
}

int64_t sm_pinned_stamp(const sm_pinned *p)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->n; i++) {
        sm_fs_stat st = { 0 };
        sm_error ignored; /* a file that is not there is one that has gone */

        (void)sm_fs_stat_path(p->paths[i], &st, &ignored);
        sum = sum * 1000003 + (uint64_t)st.mtime_ns + (uint64_t)st.size * 31;
    }
    return (int64_t)sum;
}

static bool find(const sm_pinned *p, const char *file, sm_arena *a, size_t *at)
{
    sm_error ignored;
    const char *path = sm_path_absolute(a, file, &ignored);

    return path != NULL && sm_strmap_get(p->places, sm_sv_cstr(path), at);
}

bool sm_pinned_has(const sm_pinned *p, const char *file)
{
    sm_arena *a = sm_arena_new("pinned file");
    size_t at;
    bool found = find(p, file, a, &at);

    sm_arena_free(a);
    return found;
}

sm_code sm_pinned_read(const sm_pinned *p, const char *file, size_t max, sm_arena *a, sm_sv *out,
                       sm_error *err)
{
    size_t at;

    if (!find(p, file, a, &at))
        return sm_fs_read(file, max, a, out, err);
    *out = p->texts[at];
    return SM_OK;
}
