/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_offsets.c -- offsets of topics as JSON.
 *
 *     newest   {"topics": {"clicks": {"0": 1200}}, "low": {"clicks": {"0": 300}}}
 *     a batch  {"topics": {"clicks": {"0": 1000}}}
 *
 * A batch begins where the one before ended.  Three kinds of partitions do not: those of the first
 * batch, those that came later, which are read from their earliest offset, and those of which
 * retention took what was not read.  Where they begin stands in the same value, so that the range
 * is the same whenever it is read:
 *
 *     {"topics": {"clicks": {"0": 1000, "7": 20}}, "begin": {"clicks": {"7": 0}},
 *      "notices": [{"reason": "topic \"clicks\" has a new partition 7 …", "path": "clicks/7"}]}
 *
 * Offsets alone do not tell a topic from one that was made anew and has grown past where the old
 * one was read to.  One message per partition does, its anchor, by its place and time; what a topic
 * that was made anew has in its place stands in the answer of newest() that a batch is planned
 * with:
 *
 *     {"topics": …, "anchor": {"clicks": {"0": 300}}, "time": {"clicks": {"0": 1700000000123}}} */
#include <stdio.h>
#include <string.h>

#include "runtime/sources/source_kafka_int.h"

/* --- Values by topic and partition --- */

static int64_t get_offset(const sm_json *of, sm_sv topic, sm_sv partition)
{
    const sm_json *v = sm_json_get_by(sm_json_get_by(of, topic), partition);

    return sm_json_is_int(v) ? sm_json_int_value(v) : -1;
}

static void put_offset(sm_json *of, sm_sv topic, sm_sv partition, int64_t offset, sm_arena *a)
{
    sm_json *partitions = sm_json_get_mut(of, sm_arena_cstr(a, topic));

    if (partitions == NULL) {
        partitions = sm_json_object(a);
        sm_json_set_sv(of, topic, partitions);
    }
    sm_json_set_sv(partitions, partition, sm_json_int(a, offset));
}

/* Each partition of an object of topics. */
typedef struct each {
    sm_json_iter topic, partition;
} each;

static bool each_valid(const each *e)
{
    return sm_json_valid(&e->topic);
}

/* To the next topic that has a partition, from this one on. */
static void each_settle(each *e)
{
    while (sm_json_valid(&e->topic) && !sm_json_valid(&e->partition)) {
        sm_json_next(&e->topic);
        if (sm_json_valid(&e->topic))
            e->partition = sm_json_first(e->topic.value);
    }
}

static each each_first(const sm_json *of)
{
    each e = { .topic = sm_json_first(of) };

    if (sm_json_valid(&e.topic))
        e.partition = sm_json_first(e.topic.value);
    each_settle(&e);
    return e;
}

static void each_next(each *e)
{
    sm_json_next(&e->partition);
    each_settle(e);
}

void sm_kafka__anchor(sm_json *of, sm_sv topic, sm_sv partition, int64_t offset, int64_t time_ms,
                      sm_arena *a)
{
    if (sm_json_get_mut(of, "anchor") == NULL) {
        sm_json_set(of, "anchor", sm_json_object(a));
        sm_json_set(of, "time", sm_json_object(a));
    }
    put_offset(sm_json_get_mut(of, "anchor"), topic, partition, offset, a);
    put_offset(sm_json_get_mut(of, "time"), topic, partition, time_ms, a);
}

/* --- The options --- */

static bool is_number(sm_sv text)
{
    int64_t v;

    return sm_sv_to_int64(text, &v) && v >= 0 && v <= INT32_MAX;
}

sm_code sm_kafka__check_starting(const sm_json *starting, sm_error *err)
{
    sm_sv word = sm_json_sv(starting);

    if (sm_json_is_string(starting) &&
        (sm_sv_eq_str(word, "earliest") || sm_sv_eq_str(word, "latest")))
        return SM_OK;
    if (!sm_json_is_object(starting))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`starting_offsets` is earliest, latest or {topic: {partition: offset}}");
    for (sm_json_iter t = sm_json_first(starting); sm_json_valid(&t); sm_json_next(&t)) {
        if (!sm_json_is_object(t.value))
            return sm_fail(err, SM_E_INVALID, 0,
                           "`starting_offsets` of topic \"%.*s\" is a map of offsets by partition",
                           SM_SV_ARG(t.key));
        for (sm_json_iter p = sm_json_first(t.value); sm_json_valid(&p); sm_json_next(&p))
            if (!is_number(p.key) || !sm_json_is_int(p.value) || sm_json_int_value(p.value) < -2)
                return sm_fail(err, SM_E_INVALID, 0,
                               "`starting_offsets` of topic \"%.*s\": a partition is a number, and "
                               "its offset one too; -2 is the earliest, -1 the latest",
                               SM_SV_ARG(t.key));
    }
    return SM_OK;
}

sm_code sm_kafka__check_assign(const sm_json *assign, sm_error *err)
{
    for (sm_json_iter t = sm_json_first(assign); sm_json_valid(&t); sm_json_next(&t)) {
        bool good = sm_json_is_array(t.value) && sm_json_len(t.value) > 0;

        for (size_t i = 0; good && i < sm_json_len(t.value); i++) {
            int64_t p = sm_json_int_value(sm_json_at(t.value, i));

            good = sm_json_is_int(sm_json_at(t.value, i)) && p >= 0 && p <= INT32_MAX;
        }
        if (!good)
            return sm_fail(err, SM_E_INVALID, 0,
                           "`assign` of topic \"%.*s\" is a list of numbers of partitions",
                           SM_SV_ARG(t.key));
    }
    return SM_OK;
}

/* --- Newest --- */

sm_json *sm_kafka__newest(const sm_kafka_config *config, const sm_kafka_partition *found, size_t n,
                          sm_arena *a)
{
    sm_json *o = sm_json_object(a), *topics = sm_json_object(a), *low = sm_json_object(a);
    bool any = !sm_sv_eq_str(sm_json_sv(config->starting_offsets), "earliest");

    for (size_t i = 0; i < n; i++) {
        sm_sv partition = sm_arena_printf(a, "%d", found[i].partition);

        any |= found[i].end > found[i].low;
        put_offset(topics, found[i].topic, partition, found[i].end, a);
        put_offset(low, found[i].topic, partition, found[i].low, a);
    }
    sm_json_set(o, "topics", topics);
    sm_json_set(o, "low", low);
    return any && n > 0 ? o : NULL;
}

/* --- Latest --- */

/* One partition of the batch under planning. */
typedef struct part {
    sm_sv topic, name; /* the name is its number */
    int64_t low, newest;
    int64_t begin, end;
    bool moved; /* it does not begin where the last batch ended */
    bool anew;  /* another message stands in the place of its anchor */
} part;

typedef struct planning {
    const sm_kafka_config *config;
    const sm_json *start, *until;
    sm_arena *a;
    part *parts;
    size_t n;
    sm_json *notices;
} planning;

static void add_notice(planning *p, const part *x, int64_t lost, sm_sv reason)
{
    sm_json *o = sm_json_object(p->a);

    if (p->notices == NULL)
        p->notices = sm_json_array(p->a);
    sm_json_set_string(o, "reason", reason);
    sm_json_set_string(o, "path",
                       sm_arena_printf(p->a, "%.*s/%.*s", SM_SV_ARG(x->topic), SM_SV_ARG(x->name)));
    if (lost >= 0)
        sm_json_set_int(o, "lost", lost);
    sm_json_append(p->notices, o);
}

/* Where the very first batch begins. */
static sm_code begin_first(planning *p, part *x, sm_error *err)
{
    const sm_json *starting = p->config->starting_offsets;
    int64_t asked = get_offset(starting, x->topic, x->name);
    const sm_json *named = sm_json_get_by(sm_json_get_by(starting, x->topic), x->name);

    if (named != NULL && sm_json_int_value(named) >= 0 && (asked < x->low || asked > x->newest) &&
        p->config->fail_on_data_loss)
        return sm_fail(err, SM_E_INVALID, 0,
                       "`starting_offsets` says %lld for partition %.*s of topic \"%.*s\", which "
                       "has %lld to %lld",
                       (long long)asked, SM_SV_ARG(x->name), SM_SV_ARG(x->topic), (long long)x->low,
                       (long long)x->newest);
    x->begin = x->low;
    if (sm_sv_eq_str(sm_json_sv(starting), "latest") ||
        (named != NULL && sm_json_int_value(named) == -1))
        x->begin = x->newest;
    else if (asked >= x->low)
        x->begin = asked < x->newest ? asked : x->newest;
    x->moved = true;
    return SM_OK;
}

static sm_sv what_is_lost(const planning *p, const part *x, int64_t from)
{
    if (x->anew)
        return sm_arena_printf(
            p->a,
            "topic \"%.*s\", partition %.*s was read up to offset %lld, and has "
            "another message now where one that was read stood, at offset %lld: "
            "the topic was made anew",
            SM_SV_ARG(x->topic), SM_SV_ARG(x->name), (long long)from,
            (long long)get_offset(sm_json_get(p->start, "anchor"), x->topic, x->name));
    if (x->newest < from)
        return sm_arena_printf(p->a,
                               "topic \"%.*s\", partition %.*s ends at offset %lld, and it was "
                               "read up to %lld: the topic was made anew",
                               SM_SV_ARG(x->topic), SM_SV_ARG(x->name), (long long)x->newest,
                               (long long)from);
    return sm_arena_printf(p->a,
                           "topic \"%.*s\", partition %.*s: offsets %lld to %lld were removed "
                           "before they were read",
                           SM_SV_ARG(x->topic), SM_SV_ARG(x->name), (long long)from,
                           (long long)x->low - 1);
}

/* Offsets [from, low) are gone, unread, or all of them are others. */
static sm_code lose(planning *p, part *x, int64_t from, sm_error *err)
{
    int64_t lost = x->anew || x->newest < from ? -1 : x->low - from;
    sm_sv what = what_is_lost(p, x, from);

    if (p->config->fail_on_data_loss)
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "%.*s; `fail_on_data_loss: false` goes on with what is there",
                       SM_SV_ARG(what));
    x->begin = x->low;
    x->moved = true;
    add_notice(
        p, x, lost,
        sm_arena_printf(p->a, "%.*s; reading goes on at %lld", SM_SV_ARG(what), (long long)x->low));
    return SM_OK;
}

static sm_code begin_part(planning *p, part *x, sm_error *err)
{
    int64_t from = get_offset(sm_json_get(p->start, "topics"), x->topic, x->name);

    if (p->start == NULL)
        return begin_first(p, x, err);
    x->begin = from;
    if (from >= x->low && from <= x->newest && !x->anew)
        return SM_OK;
    if (from >= 0)
        return lose(p, x, from, err);
    x->begin = x->low;
    x->moved = true;
    if (x->newest > x->low)
        add_notice(p, x, -1,
                   sm_arena_printf(p->a,
                                   "topic \"%.*s\" has a new partition %.*s; it is read from its "
                                   "earliest offset, %lld",
                                   SM_SV_ARG(x->topic), SM_SV_ARG(x->name), (long long)x->low));
    return SM_OK;
}

/* What was read before and is not there at all. */
static sm_code miss_parts(planning *p, sm_error *err)
{
    for (each e = each_first(sm_json_get(p->start, "topics")); each_valid(&e); each_next(&e)) {
        part x = { .topic = e.topic.key, .name = e.partition.key };

        if (get_offset(sm_json_get(p->until, "topics"), x.topic, x.name) >= 0)
            continue;
        if (p->config->fail_on_data_loss)
            return sm_fail(err, SM_E_CORRUPT, 0,
                           "topic \"%.*s\", partition %.*s was read up to offset %lld and is not "
                           "there any more; `fail_on_data_loss: false` goes on without it",
                           SM_SV_ARG(x.topic), SM_SV_ARG(x.name),
                           (long long)sm_json_int_value(e.partition.value));
        add_notice(p, &x, -1,
                   sm_arena_printf(p->a, "topic \"%.*s\", partition %.*s is not there any more",
                                   SM_SV_ARG(x.topic), SM_SV_ARG(x.name)));
    }
    return SM_OK;
}

static sm_code find_parts(planning *p, sm_error *err)
{
    const sm_json *topics = sm_json_get(p->until, "topics");
    const sm_json *low = sm_json_get(p->until, "low"), *anew = sm_json_get(p->until, "anew");
    sm_code rc = miss_parts(p, err);
    size_t n = 0;

    for (each e = each_first(topics); each_valid(&e); each_next(&e))
        n++;
    p->parts = SM_NEW_N(p->a, part, n + 1);
    for (each e = each_first(topics); rc == SM_OK && each_valid(&e); each_next(&e)) {
        part *x = &p->parts[p->n++];

        *x = (part){ .topic = e.topic.key,
                     .name = e.partition.key,
                     .low = get_offset(low, e.topic.key, e.partition.key),
                     .newest = sm_json_int_value(e.partition.value),
                     .anew = get_offset(anew, e.topic.key, e.partition.key) >= 0 };
        rc = begin_part(p, x, err);
        x->end = x->newest;
    }
    return rc;
}

/* Each gives its share of what there is, and one that has anything gives something. */
static void limit_parts(planning *p)
{
    int64_t most = p->config->max_offsets, all = 0;

    for (size_t i = 0; i < p->n; i++)
        all += p->parts[i].newest - p->parts[i].begin;
    if (all <= most)
        return;
    for (size_t i = 0; i < p->n; i++) {
        part *x = &p->parts[i];
        int64_t has = x->newest - x->begin;
        int64_t share = (int64_t)((double)has / (double)all * (double)most);

        x->end = x->begin + (share > 0 || has == 0 ? share : 1);
    }
}

static bool is_anything_new(const planning *p)
{
    bool new = p->start == NULL || p->notices != NULL;

    for (size_t i = 0; !new &&i < p->n; i++)
        new = p->parts[i].end > p->parts[i].begin;
    return new;
}

/* The anchors of `start` that are there still. */
static void keep_anchors(const planning *p, sm_json *out)
{
    const sm_json *places = sm_json_get(p->start, "anchor"), *times = sm_json_get(p->start, "time");

    for (size_t i = 0; i < p->n; i++) {
        const part *x = &p->parts[i];
        int64_t at = get_offset(places, x->topic, x->name);

        if (!x->moved && at >= x->low)
            sm_kafka__anchor(out, x->topic, x->name, at, get_offset(times, x->topic, x->name),
                             p->a);
    }
}

sm_code sm_kafka__latest(const sm_kafka_config *config, const sm_json *start, const sm_json *until,
                         sm_arena *a, const sm_json **out, sm_error *err)
{
    planning p = { .config = config, .start = start, .until = until, .a = a };
    sm_json *o, *topics, *begin;
    sm_code rc;

    *out = start;
    if (until == NULL)
        return SM_OK;
    if ((rc = find_parts(&p, err)) != SM_OK)
        return rc;
    limit_parts(&p);
    if (!is_anything_new(&p))
        return SM_OK;
    o = sm_json_object(a);
    topics = sm_json_object(a);
    begin = sm_json_object(a);
    for (size_t i = 0; i < p.n; i++) {
        const part *x = &p.parts[i];

        if (start != NULL && x->moved && x->begin == x->newest && x->begin == x->low &&
            get_offset(sm_json_get(start, "topics"), x->topic, x->name) < 0)
            continue; /* new and empty: it begins when it has something */
        put_offset(topics, x->topic, x->name, x->end, a);
        if (x->moved)
            put_offset(begin, x->topic, x->name, x->begin, a);
    }
    sm_json_set(o, "topics", topics);
    if (sm_json_len(begin) > 0)
        sm_json_set(o, "begin", begin);
    if (p.notices != NULL)
        sm_json_set(o, "notices", p.notices);
    keep_anchors(&p, o);
    *out = o;
    return SM_OK;
}

/* --- Anchors --- */

sm_kafka_range *sm_kafka__anchors(const sm_json *start, const sm_json *until, sm_arena *a,
                                  int64_t **times, size_t *n)
{
    const sm_json *low = sm_json_get(until, "low"), *end = sm_json_get(until, "topics");
    const sm_json *places = sm_json_get(start, "anchor");
    sm_kafka_range *out;
    size_t most = 0;

    for (each e = each_first(places); each_valid(&e); each_next(&e))
        most++;
    out = SM_NEW_N(a, sm_kafka_range, most + 1);
    *times = SM_NEW_N(a, int64_t, most + 1);
    *n = 0;
    for (each e = each_first(places); each_valid(&e); each_next(&e)) {
        int64_t at = sm_json_int_value(e.partition.value), partition = 0;

        if (at < get_offset(low, e.topic.key, e.partition.key) ||
            at >= get_offset(end, e.topic.key, e.partition.key))
            continue;
        (void)sm_sv_to_int64(e.partition.key, &partition);
        (*times)[*n] = get_offset(sm_json_get(start, "time"), e.topic.key, e.partition.key);
        out[(*n)++] = (sm_kafka_range){ e.topic.key, (int32_t)partition, at, at + 1 };
    }
    return out;
}

/* --- Ranges --- */

sm_kafka_range *sm_kafka__ranges(const sm_json *start, const sm_json *end, sm_arena *a, size_t *n)
{
    const sm_json *topics = sm_json_get(end, "topics"), *begin = sm_json_get(end, "begin");
    sm_kafka_range *ranges;
    size_t most = 0;

    for (each e = each_first(topics); each_valid(&e); each_next(&e))
        most++;
    ranges = SM_NEW_N(a, sm_kafka_range, most + 1);
    *n = 0;
    if (sm_json_equal(start, end))
        return ranges;
    for (each e = each_first(topics); each_valid(&e); each_next(&e)) {
        int64_t to = sm_json_int_value(e.partition.value), partition = 0;
        int64_t from = get_offset(begin, e.topic.key, e.partition.key);

        if (from < 0)
            from = get_offset(sm_json_get(start, "topics"), e.topic.key, e.partition.key);
        (void)sm_sv_to_int64(e.partition.key, &partition);
        if (from >= 0 && to > from)
            ranges[(*n)++] =
                (sm_kafka_range){ sm_arena_dup(a, e.topic.key), (int32_t)partition, from, to };
    }
    return ranges;
}

/* --- Lag --- */

int64_t sm_kafka__unread(const sm_json *end, const sm_json *newest)
{
    const sm_json *read = sm_json_get(end, "topics"), *low = sm_json_get(newest, "low");
    int64_t sum = 0;

    for (each e = each_first(sm_json_get(newest, "topics")); each_valid(&e); each_next(&e)) {
        int64_t from = get_offset(read, e.topic.key, e.partition.key);
        int64_t first = get_offset(low, e.topic.key, e.partition.key);
        int64_t to = sm_json_int_value(e.partition.value);

        from = from > first ? from : first; /* what retention took is not to come */
        sum += to > from ? to - from : 0;
    }
    return sum;
}
