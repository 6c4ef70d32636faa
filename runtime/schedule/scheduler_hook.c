/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_hook.c -- requests that start runs: who may, and each once.
 *
 * What is refused is refused with the same words, whatever is wrong with it; only who has signed it
 * is told that it came before. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/hash.h"
#include "runtime/schedule/scheduler_int.h"

enum { DIGITS = 64 };

static sm_code refuse(sm_error *err)
{
    return sm_fail(err, SM_E_DENIED, 0,
                   "there is no such hook, or the request is not signed for it");
}

static bool is_signed(const sm_secret *secret, sm_sv timestamp, sm_sv signature, sm_sv body)
{
    sm_arena *a = sm_arena_new("hook");
    sm_sv text = sm_arena_printf(a, "%.*s.%.*s", SM_SV_ARG(timestamp), SM_SV_ARG(body));
    bool same = sm_hash_equal(sm_hmac_sha256_hex(sm_secret_reveal(secret), text, a), signature);

    sm_arena_free(a);
    return same;
}

/* With the mutex held.  A request that came before, as long as its time allows it to come again. */
static bool is_replay(sm_scheduler *s, sm_sv signature)
{
    int64_t now = sm_scheduler__wall(s);

    for (size_t i = 0; i < s->n_hooks && i < SM_HOOKS_SEEN; i++)
        if (s->hooks[i].until > now && sm_sv_eq(sm_sv_cstr(s->hooks[i].signature), signature))
            return true;
    return false;
}

/* False: more came in ten minutes than can be remembered, and the oldest might come again. */
static bool has_room(const sm_scheduler *s)
{
    return s->n_hooks < SM_HOOKS_SEEN ||
           s->hooks[s->n_hooks % SM_HOOKS_SEEN].until <= sm_scheduler__wall(s);
}

static void remember(sm_scheduler *s, sm_sv signature)
{
    sm_hook_seen *seen;

    if (s->hooks == NULL)
        s->hooks = sm_xcalloc(SM_HOOKS_SEEN, sizeof *s->hooks);
    seen = &s->hooks[s->n_hooks++ % SM_HOOKS_SEEN];
    snprintf(seen->signature, sizeof seen->signature, "%.*s", SM_SV_ARG(signature));
    seen->until = sm_scheduler__wall(s) + 2 * SM_HOOK_SECONDS * 1000;
}

static bool has_hook(const sm_unit *u, sm_sv hook)
{
    for (size_t i = 0; i < u->schedule.n_triggers; i++)
        if (u->schedule.triggers[i].kind == SM_TRIGGER_WEBHOOK &&
            sm_sv_eq(u->schedule.triggers[i].watch, hook))
            return true;
    return false;
}

static sm_code start(sm_scheduler *s, sm_sv pipeline, sm_sv hook, sm_sv signature, int64_t *ticket,
                     sm_error *err)
{
    sm_run_order o = { .pipeline = pipeline, .cause = SM_SV("webhook"), .by = hook };
    sm_unit *u = sm_scheduler__find(s, pipeline);
    sm_code rc;

    if (u == NULL || !has_hook(u, hook))
        return refuse(err);
    if (is_replay(s, signature))
        return sm_fail(err, SM_E_CONFLICT, 0,
                       "this request was seen already, and counts once; for another run sign it "
                       "with the time of now");
    if (sm_scheduler__paused(u))
        return sm_fail(err, SM_E_CONFLICT, 0, "pipeline \"%.*s\" is paused", SM_SV_ARG(pipeline));
    if (!has_room(s))
        return sm_fail(err, SM_E_LIMIT, 0, "more than %d requests in %d minutes",
                       (int)SM_HOOKS_SEEN, 2 * SM_HOOK_SECONDS / 60);
    for (size_t i = 0; i < u->schedule.n_triggers; i++)
        if (u->schedule.triggers[i].kind == SM_TRIGGER_WEBHOOK)
            o.exclude = u->schedule.triggers[i].exclude;
    if ((rc = sm_scheduler__enqueue(s, u, &o, true, ticket, err)) != SM_OK)
        return rc; /* the same request may come again */
    remember(s, signature);
    if (*ticket == 0)
        *ticket = sm_scheduler__waiting(u, &o)->ticket;
    return SM_OK;
}

sm_code sm_scheduler_webhook(sm_scheduler *s, sm_sv pipeline, sm_sv hook, sm_sv timestamp,
                             sm_sv signature, sm_sv body, int64_t *ticket, sm_error *err)
{
    int64_t now = sm_scheduler__wall(s) / 1000, at;
    sm_secret *secret = NULL;
    bool ok;
    sm_code rc;

    if (sm_sv_starts(signature, SM_SV("sha256=")))
        signature = sm_sv_sub(signature, 7, signature.len);
    if (signature.len != DIGITS || timestamp.len > 20 || !sm_sv_to_int64(timestamp, &at) ||
        at < now - SM_HOOK_SECONDS || at > now + SM_HOOK_SECONDS || s->config.secret == NULL ||
        s->config.secret(s->config.ctx, pipeline, hook, &secret, err) != SM_OK)
        return refuse(err);
    ok = is_signed(secret, timestamp, signature, body);
    sm_secret_free(secret);
    if (!ok)
        return refuse(err);
    sm_mutex_lock(&s->mu);
    rc = start(s, pipeline, hook, signature, ticket, err);
    sm_mutex_unlock(&s->mu);
    return rc;
}
