/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_anchor.c -- is a topic still the one that was read?
 *
 *     start ──▶ its anchors ──▶ their messages, of the brokers ──▶ another time: made anew
 *     end   ──▶ partitions without one ──▶ the first message of their range
 *
 * Once after open(): a topic that is made anew under a run is seen to be missing, or to end early,
 * by the looks that come each second.  A message that compaction took tells nothing. */
#include "runtime/sources/source_kafka_int.h"

#include <stdlib.h>

/* The time of the message at the begin of each range; -1: there is none. */
static sm_code times_of(sm_source *s, const sm_kafka_range *ranges, size_t n, int64_t *times,
                        sm_error *err)
{
    sm_kafka_message *messages = sm_xcalloc(SM_KAFKA_TAKE, sizeof *messages);
    sm_kafka_stop stop = sm_kafka__stop(s);
    sm_kafka_reading *reading = NULL;
    sm_kafka *client = NULL;
    size_t got = 1;
    sm_code rc = sm_kafka__take(s->state, &client, err);

    for (size_t i = 0; i < n; i++)
        times[i] = -1;
    if (rc == SM_OK)
        rc = sm_kafka_read(client, ranges, n, &stop, &reading, err);
    while (rc == SM_OK && got > 0) {
        rc = sm_kafka_take(reading, messages, SM_KAFKA_TAKE, &got, err);
        for (size_t i = 0; i < got; i++)
            if (messages[i].time_is != SM_KAFKA_TIME_NONE)
                times[messages[i].range] = messages[i].time_ms;
        sm_kafka_give_back(messages, got);
    }
    sm_kafka_reading_end(reading);
    if (client != NULL)
        sm_kafka__give(s->state, client);
    free(messages);
    return rc == SM_E_NOT_FOUND ? SM_OK : rc; /* retention was faster */
}

/* `until`, with "anew" of the partitions that have another message where `start` has its anchor. */
static sm_code check_anchors(sm_source *s, const sm_json *start, const sm_json **until, bool *hold,
                             sm_arena *a, sm_error *err)
{
    size_t n;
    int64_t *times, *now;
    const sm_kafka_range *ranges = sm_kafka__anchors(start, *until, a, &times, &n);
    sm_json *anew = sm_json_object(a);
    sm_code rc;

    now = SM_NEW_N(a, int64_t, n + 1);
    *hold = true;
    if (n == 0 || (rc = times_of(s, ranges, n, now, err)) != SM_OK)
        return n == 0 ? SM_OK : rc;
    for (size_t i = 0; i < n; i++) {
        if (now[i] < 0 || now[i] == times[i])
            continue;
        sm_kafka__anchor(anew, ranges[i].topic, sm_arena_printf(a, "%d", ranges[i].partition),
                         ranges[i].begin, now[i], a);
        *hold = false;
    }
    if (!*hold) {
        sm_json *with = sm_json_copy(a, *until);

        sm_json_set(with, "anew", sm_json_get(anew, "anchor"));
        *until = with;
    }
    return SM_OK;
}

/* Anchors of the partitions that have none, where the batch begins. */
static sm_code take_anchors(sm_source *s, const sm_json *start, sm_json *end, sm_arena *a,
                            sm_error *err)
{
    const sm_json *places = sm_json_get(end, "anchor");
    size_t n, kept = 0;
    sm_kafka_range *ranges = sm_kafka__ranges(start, end, a, &n);
    int64_t *times = SM_NEW_N(a, int64_t, n + 1);
    sm_code rc;

    for (size_t i = 0; i < n; i++) {
        sm_sv partition = sm_arena_printf(a, "%d", ranges[i].partition);

        ranges[i].end = ranges[i].begin + 1;
        if (sm_json_get_by(sm_json_get_by(places, ranges[i].topic), partition) == NULL)
            ranges[kept++] = ranges[i];
    }
    if (kept == 0 || (rc = times_of(s, ranges, kept, times, err)) != SM_OK)
        return kept == 0 ? SM_OK : rc;
    for (size_t i = 0; i < kept; i++)
        if (times[i] >= 0)
            sm_kafka__anchor(end, ranges[i].topic, sm_arena_printf(a, "%d", ranges[i].partition),
                             ranges[i].begin, times[i], a);
    return SM_OK;
}

/* What was read and what is there do not go together. */
static sm_code advise(const sm_source *s, sm_error *err)
{
    sm_error why = *err;
    ptrdiff_t dot = sm_sv_find(s->flow, SM_SV("."));
    sm_sv table = dot < 0 ? s->flow : (sm_sv){ s->flow.ptr, (size_t)dot };

    return sm_fail(err, SM_E_CORRUPT, why.sys, "%s, `smelt run --full-refresh %.*s` begins again",
                   why.msg, SM_SV_ARG(table));
}

sm_code sm_kafka__latest_anchored(sm_source *s, const sm_json *start, const sm_json *until,
                                  sm_arena *a, const sm_json **out, sm_error *err)
{
    sm_kafka_state *f = s->state;
    bool same = sm_json_equal(sm_json_get(start, "topics"), sm_json_get(until, "topics"));
    bool look = s->owner != NULL && until != NULL && !same && !f->anchors_hold, hold = false;
    sm_json *end;
    sm_code rc = SM_OK;

    if (look && start != NULL)
        rc = check_anchors(s, start, &until, &hold, a, err);
    if (rc != SM_OK)
        return rc;
    if ((rc = sm_kafka__latest(s->config, start, until, a, out, err)) != SM_OK)
        return rc == SM_E_CORRUPT ? advise(s, err) : rc;
    if (!look || *out == start)
        return SM_OK;
    end = sm_json_copy(a, *out);
    if ((rc = take_anchors(s, start, end, a, err)) != SM_OK)
        return rc;
    *out = end;
    f->anchors_hold = hold;
    return SM_OK;
}
