/* SPDX-License-Identifier: Apache-2.0 */
/* flow_kept.c -- files of what a flow remembers, where another machine finds them.
 *
 *     a batch is planned    what the record names and is not here is fetched
 *     running               what is new is kept before the batch is decided
 *     done                  what no record names any more is dropped
 *
 * A record names a file by the log that it belongs to and its name: <folder>/<log>/<file>. */
#include "runtime/base/strmap.h"
#include "runtime/exec/flow_stages.h"

typedef struct state_files {
    sm_sv *paths;
    int64_t *sizes;
    size_t n;
} state_files;

static size_t count_files(const sm_json *record)
{
    const sm_json *stages = sm_json_get(record, "stages");
    size_t n = 0;

    for (size_t i = 0; i < sm_json_len(stages); i++) {
        const sm_json *logs = sm_json_get(sm_json_at(stages, i), "logs");

        for (size_t k = 0; k < sm_json_len(logs); k++)
            n += sm_json_len(sm_json_get(sm_json_at(logs, k), "files"));
    }
    return n;
}

static void take_log(const sm_json *log, sm_sv folder, sm_arena *a, state_files *out)
{
    const sm_json *files = sm_json_get(log, "files");
    sm_sv name = sm_json_get_sv(log, "name", SM_SV(""));

    for (size_t i = 0; i < sm_json_len(files); i++) {
        const sm_json *file = sm_json_at(files, i);
        sm_sv base = sm_json_get_sv(file, "name", SM_SV(""));

        out->sizes[out->n] = sm_json_get_int(file, "bytes", -1);
        out->paths[out->n++] = sm_arena_printf(a, "%.*s/%.*s/%.*s", SM_SV_ARG(folder),
                                               SM_SV_ARG(name), SM_SV_ARG(base));
    }
}

/* What cannot be read has none: whoever runs the stages says why. */
static state_files list_files(sm_sv text, sm_sv folder, sm_arena *a)
{
    state_files out = { 0 };
    sm_json *record = NULL;
    sm_error ignored;
    const sm_json *stages;
    size_t n;

    if (text.len == 0 || sm_json_parse(text, a, &record, &ignored) != SM_OK)
        return out;
    n = count_files(record);
    out.paths = SM_NEW_N(a, sm_sv, n + 1);
    out.sizes = SM_NEW_N(a, int64_t, n + 1);
    stages = sm_json_get(record, "stages");
    for (size_t i = 0; i < sm_json_len(stages); i++) {
        const sm_json *logs = sm_json_get(sm_json_at(stages, i), "logs");

        for (size_t k = 0; k < sm_json_len(logs); k++)
            take_log(sm_json_at(logs, k), folder, a, &out);
    }
    return out;
}

/* Those of `from` that `other` has not. */
static state_files without(const state_files *from, const state_files *other, sm_arena *a)
{
    state_files out = { .paths = SM_NEW_N(a, sm_sv, from->n + 1) };
    sm_strmap *known = sm_strmap_new(a);
    size_t at;

    for (size_t i = 0; i < other->n; i++)
        (void)sm_strmap_put(known, other->paths[i], i);
    for (size_t i = 0; i < from->n; i++)
        if (!sm_strmap_get(known, from->paths[i], &at))
            out.paths[out.n++] = from->paths[i];
    return out;
}

sm_code sm_flow__fetch_state(sm_flow *f, sm_sv folder, sm_sv record, sm_error *err)
{
    const sm_state_keeper *k = f->env->q->keeper;
    state_files files;

    if (k == NULL)
        return SM_OK;
    files = list_files(record, folder, f->scratch);
    return files.n == 0 ? SM_OK : k->fetch(k->ctx, files.paths, files.sizes, files.n, err);
}

sm_code sm_flow__keep_state(sm_flow *f, sm_sv folder, sm_sv last, sm_sv next, sm_error *err)
{
    const sm_state_keeper *k = f->env->q->keeper;
    state_files had, has, fresh;

    if (k == NULL)
        return SM_OK;
    had = list_files(last, folder, f->scratch);
    has = list_files(next, folder, f->scratch);
    fresh = without(&has, &had, f->scratch);
    return fresh.n == 0 ? SM_OK : k->keep(k->ctx, fresh.paths, fresh.n, err);
}

void sm_flow__note_gone(sm_flow *f, sm_sv folder, sm_sv last, sm_sv next, sm_buf *gone)
{
    state_files had, has, left;

    if (f->env->q->keeper == NULL)
        return;
    had = list_files(last, folder, f->scratch);
    has = list_files(next, folder, f->scratch);
    left = without(&had, &has, f->scratch);
    for (size_t i = 0; i < left.n; i++) {
        sm_buf_add(gone, left.paths[i]);
        sm_buf_addc(gone, '\n');
    }
}

void sm_flow__drop_gone(sm_flow *f, sm_buf *gone)
{
    const sm_state_keeper *k = f->env->q->keeper;
    sm_sv rest = sm_buf_sv(gone), path;

    while (k != NULL && sm_sv_next(&rest, '\n', &path))
        if (path.len > 0)
            k->drop(k->ctx, &path, 1);
    sm_buf_clear(gone);
}
