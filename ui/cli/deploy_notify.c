/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_notify.c -- who is told of what is deployed, and where the server may go for it.
 *
 * What smelt.yml names may be reached; what a pipeline's file names must be listed there. */
#include "runtime/base/hash.h"
#include "runtime/io/http_client.h"
#include "ui/cli/deploy_int.h"

enum {
    US_OF_MS = 1000,
    DEFAULT_ON = SM_NOTIFY_FAILED | SM_NOTIFY_RECOVERED | SM_NOTIFY_EXPECTATION_FAILED
};

static sm_notify_target target_of(const sm_spec_notification *x, sm_arena *a)
{
    sm_notify_target t = { .url = x->url.text,
                           .by_table = x->group_by.v == 1,
                           .repeat_ms = x->repeat_after.v / US_OF_MS };
    sm_hash *h = sm_hash_new();

    for (size_t i = 0; i < x->on.n; i++)
        t.on |= sm_notify_kind_find(x->on.items[i].text);
    t.on = x->on.n == 0 ? DEFAULT_ON : t.on;
    sm_hash_add(h, t.url);
    sm_hash_add(h, sm_arena_printf(a, "%u %d", t.on, t.by_table));
    t.id = sm_sv_sub(sm_hash_hex(h, a), 0, 16);
    return t;
}

static sm_egress egress_of(const sm_spec *spec, sm_arena *a)
{
    const sm_spec_notifications *named = &spec->project.notifications;
    sm_sv *patterns = SM_NEW_N(a, sm_sv, spec->server.egress.n + named->n + 1);
    sm_egress e = { .patterns = patterns };
    sm_error ignored;

    for (size_t i = 0; i < spec->server.egress.n; i++)
        patterns[e.n++] = spec->server.egress.items[i].text;
    for (size_t i = 0; i < named->n; i++)
        e.n += sm_http_check_url(named->items[i].url.text, a, &patterns[e.n], &ignored) == SM_OK;
    return e;
}

bool sm_deploy_notify_open(void *ctx, size_t i, sm_arena *a, sm_notify_pipeline *out, void **hold)
{
    const sm_spec_notifications *lists[2];
    sm_notify_target *targets;
    sm_deployed *x = sm_deploy__at(ctx, i);

    if (x == NULL)
        return false;
    lists[0] = &x->project.spec->project.notifications;
    lists[1] = &x->project.spec->notifications;
    targets = SM_NEW_N(a, sm_notify_target, lists[0]->n + lists[1]->n + 1);
    *out = (sm_notify_pipeline){ .name = x->project.plan->pipeline,
                                 .store = x->project.store,
                                 .targets = targets };
    for (size_t l = 0; l < 2; l++)
        for (size_t k = 0; k < lists[l]->n; k++)
            targets[out->n++] = target_of(&lists[l]->items[k], a);
    if (out->n > 0)
        out->egress = egress_of(x->project.spec, a);
    *hold = x;
    return true;
}

void sm_deploy_notify_close(void *ctx, void *hold)
{
    (void)ctx;
    sm_deploy_let(hold);
}
