/* SPDX-License-Identifier: Apache-2.0 */
/* look.c -- what the commands that only look begin and end with. */
#include "ui/cli/look.h"

#include <stdarg.h>

#include "runtime/base/fs.h"
#include "runtime/base/suggest.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/flow_rows.h"
#include "ui/cli/grid.h"
#include "ui/cli/since.h"

sm_view sm_look_view(const sm_cli *c, const sm_project *p)
{
    return (sm_view){ .plan = p->plan,
                      .store = p->store,
                      .pipeline = p->pipeline,
                      .storage_dir = p->storage_dir,
                      .state_dir = p->state_dir,
                      .images = p->images,
                      .held = p->store != NULL && p->plan != NULL &&
                              sm_fs_lock_held(
                                  sm_store_lock_path(c->a, p->state_dir, p->plan->pipeline)),
                      .paused = p->spec != NULL && p->spec->trigger.paused.v,
                      .a = c->a };
}

int sm_look_start(sm_cli *c, sm_project *p, sm_view *v)
{
    int status = sm_project_start(c, p, sm_cli_get(c, "--pipeline"), SM_NEED_PLAN_AND_STORE);

    *v = sm_look_view(c, p);
    return status;
}

void sm_look_pause(const sm_cli *c, const sm_json *doc, sm_buf *b)
{
    const sm_json *paused = sm_json_get(doc, "paused");
    sm_sv by = sm_json_get_sv(paused, "by", SM_SV("")), at;

    if (sm_json_get_bool(doc, "paused_by_file", false))
        sm_buf_addf(b, "Pipeline %.*s is paused by its file: only a person starts runs\n",
                    SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))));
    if (paused == NULL)
        return;
    at = sm_show_time(c->a, sm_time_of(paused, "since"));
    sm_buf_addf(b, "Pipeline %.*s is paused since %.*s%s%.*s\n",
                SM_SV_ARG(sm_json_get_sv(doc, "pipeline", SM_SV(""))), SM_SV_ARG(at),
                by.len > 0 ? ", by " : "", SM_SV_ARG(by));
}

void sm_look_next(const sm_cli *c, sm_buf *b, const char *fmt, ...)
{
    va_list ap;
    sm_buf next;

    if (c->quiet)
        return;
    sm_buf_init(&next, 64 * 1024);
    va_start(ap, fmt);
    sm_buf_addv(&next, fmt, ap);
    va_end(ap);
    sm_buf_addf(b, "Next: %s\n", sm_cli_next(c, sm_arena_cstr(c->a, sm_buf_sv(&next))));
    sm_buf_release(&next);
}

const sm_plan_dataset *sm_look_find(const sm_cli *c, const sm_plan *p, const char *name)
{
    const sm_plan_dataset *ds = sm_plan_find(p, sm_sv_cstr(name));
    sm_sv *names = SM_NEW_N(c->a, sm_sv, p->n_datasets + 1);
    size_t close;

    if (ds != NULL)
        return ds;
    for (size_t i = 0; i < p->n_datasets; i++)
        names[i] = p->datasets[i].name;
    close = sm_suggest(sm_sv_cstr(name), names, p->n_datasets);
    if (close < p->n_datasets)
        sm_cli_usage(c, "there is no dataset \"%s\"; did you mean \"%.*s\"?", name,
                     SM_SV_ARG(names[close]));
    else
        sm_cli_usage(c, "there is no dataset \"%s\"; `smelt ls` prints them", name);
    return NULL;
}

int sm_look_select(sm_cli *c, const sm_project *p, const sm_view *v, bool **selected)
{
    sm_view_states states = { .view = v };
    sm_plan_states judge = { sm_view_state_is, &states };
    int status = sm_cli_since_select(c, p, &states.since);
    sm_error err;

    if (status != SM_EXIT_DONE)
        return status;
    *selected = SM_NEW_N(c->a, bool, v->plan->n_datasets + 1);
    if (sm_plan_select(v->plan, sm_sv_cstr(sm_cli_get(c, "--select")),
                       sm_sv_cstr(sm_cli_get(c, "--exclude")), &judge, c->a, *selected,
                       &err) == SM_OK)
        return SM_EXIT_DONE;
    sm_cli_fail(c, &err, "smelt ls");
    return SM_EXIT_USAGE;
}

bool sm_look_number(const sm_cli *c, const char *what, const char *text, int64_t *out)
{
    if (sm_sv_to_int64(sm_sv_cstr(text), out) && *out >= 0)
        return true;
    sm_cli_usage(c, "%s is a number, not \"%s\"", what, text);
    return false;
}
