/* SPDX-License-Identifier: Apache-2.0 */
/* view_files.c -- the files that a flow knows, as cloud_files_state tells them. */
#include "ui/view/view_int.h"

#include "runtime/store/store_files.h"

static const char *state_of(const sm_file_state *f)
{
    if (f->cleaned_ms > 0)
        return f->cleaned_to.len > 0 ? "moved" : "deleted";
    if (f->file.seq < 0)
        return "skipped"; /* there before the stream */
    if (f->file.batch < 0)
        return "waiting";
    return f->committed_ms > 0 || f->processed_ms == 0 ? "done" : "decided";
}

static sm_json *file_row(const sm_view *v, const sm_file_state *f)
{
    sm_json *o = sm_json_object(v->a);

    sm_json_set_string(o, "source", f->source);
    sm_json_set_int(o, "seq", f->file.seq);
    sm_json_set_string(o, "path", f->file.path);
    sm_json_set_int(o, "size", f->file.size);
    sm_json_set_string(o, "state", sm_sv_cstr(state_of(f)));
    if (f->file.batch >= 0)
        sm_json_set_int(o, "batch", f->file.batch);
    sm_view__set_time(v, o, "modified", f->file.mtime_ns / 1000000);
    sm_view__set_time(v, o, "discovered", f->found_ms);
    sm_view__set_time(v, o, "processed", f->processed_ms);
    sm_view__set_time(v, o, "committed", f->committed_ms);
    sm_view__set_time(v, o, "cleaned", f->cleaned_ms);
    sm_view__set_text(o, "moved_to", f->cleaned_to);
    return o;
}

/* "source/17" */
static sm_code parse_after(sm_sv after, sm_sv *source, int64_t *seq, sm_error *err)
{
    ptrdiff_t slash = sm_sv_find_char(after, '/');

    *source = SM_SV("");
    *seq = INT64_MIN;
    if (after.len == 0)
        return SM_OK;
    *source = sm_sv_sub(after, 0, slash < 0 ? 0 : (size_t)slash);
    if (slash < 0 || !sm_sv_to_int64(sm_sv_sub(after, (size_t)slash + 1, after.len), seq))
        return sm_fail(err, SM_E_INVALID, 0,
                       "\"%.*s\" is no place in a list of files, as source/17 is",
                       SM_SV_ARG(after));
    return SM_OK;
}

sm_code sm_view_files(const sm_view *v, sm_sv flow, sm_sv after, size_t limit, sm_json **out,
                      sm_error *err)
{
    const sm_plan_flow *f = sm_plan_find_flow(v->plan, flow);
    sm_json *doc = sm_view__document(v), *list = sm_json_array(v->a);
    sm_file_state *files = NULL;
    sm_position pos = { 0 };
    sm_sv source;
    int64_t seq;
    size_t n = 0;
    sm_code rc;

    if (f == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no flow \"%.*s\"", SM_SV_ARG(flow));
    if ((rc = parse_after(after, &source, &seq, err)) != SM_OK)
        return rc;
    if (sm_view__has_run(v))
        rc = sm_store_position(v->store, v->pipeline, f->name, v->a, &pos, err);
    if (rc == SM_OK && pos.has_generation)
        rc = sm_store_files_states(v->store, pos.generation.id, source, seq, limit, v->a, &files,
                                   &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++)
        sm_json_append(list, file_row(v, &files[i]));
    sm_json_set_string(doc, "flow", f->name);
    sm_json_set(doc, "files", list);
    if (rc == SM_OK && n == limit)
        sm_json_set_string(doc, "next",
                           sm_arena_printf(v->a, "%.*s/%lld", SM_SV_ARG(files[n - 1].source),
                                           (long long)files[n - 1].file.seq));
    *out = doc;
    return rc;
}
