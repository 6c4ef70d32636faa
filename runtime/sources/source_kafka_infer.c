/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_infer.c -- columns from messages.
 *
 * Without a schema the first messages that would be read say what the columns are; where nothing
 * is to be read yet, as with `starting_offsets: latest`, those that came last. When a batch has
 * fields that are no columns, all of its messages are looked at. */
#include <stdlib.h>
#include <string.h>

#include "runtime/connect/decode_hints.h"
#include "runtime/connect/decode_infer.h"
#include "runtime/sources/source_kafka_int.h"

enum {
    SAMPLE = 10 * 1000,              /* messages of all partitions */
    SAMPLE_BYTES = 16 * 1024 * 1024, /* of their values */
};

void sm_kafka__own_columns(const sm_kafka_config *config, sm_arena *a, sm_schema *out)
{
    bool text = config->value_format == SM_KAFKA_TEXT;
    const sm_sv payload = text ? SM_SV("VARCHAR") : SM_SV("BLOB");
    const sm_column columns[] = {
        { .name = SM_SV("key"), .type = payload, .nullable = true },
        { .name = SM_SV("value"), .type = payload, .nullable = true },
        { .name = SM_SV("topic"), .type = SM_SV("VARCHAR"), .nullable = true },
        { .name = SM_SV("partition"), .type = SM_SV("INTEGER"), .nullable = true },
        { .name = SM_SV("offset"), .type = SM_SV("BIGINT"), .nullable = true },
        { .name = SM_SV("timestamp"), .type = SM_SV("TIMESTAMP"), .nullable = true },
        { .name = SM_SV("timestamp_type"), .type = SM_SV("INTEGER"), .nullable = true },
        { .name = SM_SV("headers"),
          .type = text ? SM_SV("STRUCT(\"key\" VARCHAR, \"value\" VARCHAR)[]")
                       : SM_SV("STRUCT(\"key\" VARCHAR, \"value\" BLOB)[]"),
          .nullable = true },
    };
    size_t n = sizeof columns / sizeof *columns - (config->include_headers ? 0 : 1);

    out->columns = SM_NEW_N(a, sm_column, n);
    memcpy(out->columns, columns, n * sizeof *columns);
    out->n = n;
}

/* --- Records --- */

typedef struct looking {
    sm_infer *in;
    sm_buf text; /* of the messages under look */
    int64_t messages, bytes, most, most_bytes;
} looking;

/* Whole values as lines, a few megabytes at a time. */
static void look_at(looking *l, const sm_kafka_message *m)
{
    size_t begin = l->text.len;

    if (m->value.len == 0 || m->value.len > SM_DECODE_MAX_RECORD)
        return;
    sm_buf_add(&l->text, m->value);
    for (char *p = l->text.ptr + begin;
         (p = memchr(p, '\n', (size_t)(l->text.ptr + l->text.len - p))) != NULL;)
        *p = '\t';
    sm_buf_addc(&l->text, '\n');
    l->messages++;
    l->bytes += (int64_t)m->value.len;
}

static void look_through(looking *l)
{
    size_t len = l->text.len;
    sm_decode_block block;

    if (len == 0)
        return;
    sm_buf_addc(&l->text, '\n');
    for (int i = 0; i < SM_DECODE_PADDING; i++)
        sm_buf_addc(&l->text, '\0');
    sm_decode_block_init(&block);
    block.data = l->text.ptr;
    block.end = l->text.ptr + len;
    sm_infer_ndjson(l->in, &block);
    sm_buf_clear(&l->text);
}

static sm_code look_over(sm_source *s, const sm_kafka_range *ranges, size_t n, looking *l,
                         sm_error *err)
{
    sm_kafka_state *f = s->state;
    sm_kafka_message *messages = sm_xcalloc(SM_KAFKA_TAKE, sizeof *messages);
    sm_kafka_stop stop = sm_kafka__stop(s);
    sm_kafka_reading *reading = NULL;
    sm_kafka *client = NULL;
    size_t got = 1;
    sm_code rc = sm_kafka__take(f, &client, err);

    if (rc == SM_OK)
        rc = sm_kafka_read(client, ranges, n, &stop, &reading, err);
    while (rc == SM_OK && got > 0 && l->messages < l->most && l->bytes < l->most_bytes) {
        rc = sm_kafka_take(reading, messages, SM_KAFKA_TAKE, &got, err);
        for (size_t i = 0; i < got; i++)
            look_at(l, &messages[i]);
        sm_kafka_give_back(messages, got);
        look_through(l);
    }
    sm_kafka_reading_end(reading);
    if (client != NULL)
        sm_kafka__give(f, client);
    free(messages);
    return rc;
}

/* --- The first columns --- */

/* A sample of each partition: from where reading begins, else its end. */
static sm_kafka_range *sample_ranges(sm_source *s, sm_arena *a, size_t *n, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    const sm_json *newest = NULL, *end = NULL;
    sm_kafka_range *ranges;
    size_t each;
    bool any = false;

    *n = 0;
    if (s->ops->newest(s, a, &newest, err) != SM_OK ||
        sm_kafka__latest(config, NULL, newest, a, &end, err) != SM_OK)
        return NULL;
    ranges = sm_kafka__ranges(NULL, end, a, n);
    for (size_t i = 0; i < *n; i++)
        any |= ranges[i].end > ranges[i].begin;
    if (!any && newest != NULL) { /* all that there is */
        sm_json *all = sm_json_object(a);

        sm_json_set(all, "topics", sm_json_get(newest, "topics"));
        sm_json_set(all, "begin", sm_json_get(newest, "low"));
        ranges = sm_kafka__ranges(NULL, all, a, n);
    }
    each = *n > 0 ? SAMPLE / *n + 1 : 1;
    for (size_t i = 0; i < *n; i++) {
        sm_kafka_range *x = &ranges[i];

        if (any && x->end - x->begin > (int64_t)each)
            x->end = x->begin + (int64_t)each;
        else if (!any && x->end - x->begin > (int64_t)each)
            x->begin = x->end - (int64_t)each;
    }
    return ranges;
}

static sm_code columns_of(sm_source *s, const sm_kafka_range *ranges, size_t n, int64_t most,
                          int64_t most_bytes, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    const sm_infer_rules rules = { .types = config->infer_column_types };
    const sm_decode_file none = { .path = "", .name = sm_arena_cstr(a, s->name) };
    looking l = { .in = sm_infer_new(a, &rules), .most = most, .most_bytes = most_bytes };
    sm_code rc = SM_OK;

    sm_buf_init(&l.text, 4 * (size_t)SM_DECODE_MAX_RECORD * 16);
    if (n > 0)
        rc = look_over(s, ranges, n, &l, err);
    if (rc == SM_OK)
        rc = sm_infer_schema(l.in, &none, out, err);
    sm_buf_release(&l.text);
    return rc == SM_OK && out->n > 0 ? sm_decode_apply_hints(s->schema_hints, a, out, err) : rc;
}

static sm_code add_rescued(const sm_kafka_config *config, sm_arena *a, sm_schema *out,
                           sm_error *err)
{
    if (out->n == 0)
        return SM_OK;
    return sm_infer_add_column(config->rescued_column, "rescued_data_column", "the messages have",
                               a, out, err);
}

/* Does the first batch begin where a partition ends? */
static bool begins_at_an_end(const sm_json *starting)
{
    bool any = sm_sv_eq_str(sm_json_sv(starting), "latest");

    for (sm_json_iter t = sm_json_first(starting); sm_json_valid(&t); sm_json_next(&t))
        for (sm_json_iter p = sm_json_first(t.value); sm_json_valid(&p); sm_json_next(&p))
            any |= sm_json_int_value(p.value) == -1;
    return any;
}

/* The end of a topic is kept with the first batch, and there is none before there are columns: what
 * comes until then would be passed over. */
static sm_code check_told(const sm_kafka_config *config, const sm_schema *found, sm_error *err)
{
    if (found->n > 0 || !begins_at_an_end(config->starting_offsets))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "no message tells the columns yet, and messages that come before the next run "
                   "would be passed over, because `starting_offsets` is latest: give `schema`, or "
                   "begin with `starting_offsets: earliest`");
}

sm_code sm_kafka__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    sm_kafka_range *ranges;
    size_t n;
    sm_code rc;

    *out = (sm_schema){ 0 };
    if (config->value_format != SM_KAFKA_JSON) {
        sm_kafka__own_columns(config, a, out);
        return SM_OK;
    }
    if ((ranges = sample_ranges(s, a, &n, err)) == NULL)
        return err->code == SM_E_NOT_FOUND ? sm_fail(err, SM_E_INVALID, err->sys, "%s", err->msg)
                                           : err->code;
    rc = columns_of(s, ranges, n, SAMPLE, SAMPLE_BYTES, a, out, err);
    if (rc == SM_OK)
        rc = check_told(config, out, err);
    return rc == SM_OK ? add_rescued(config, a, out, err) : rc;
}

/* --- More columns --- */

sm_code sm_kafka__grow(sm_source *s, sm_error *err)
{
    sm_kafka_state *f = s->state;
    sm_schema found, *grown;
    sm_grown g;
    sm_code rc =
        columns_of(s, f->what.ranges, f->what.n_ranges, INT64_MAX, INT64_MAX, f->read, &found, err);

    if (rc != SM_OK ||
        (rc = sm_schema_grow(s->schema, &found, sm_evolution_how(s->evolution), f->read, &g,
                             err)) != SM_OK ||
        g.added + g.widened == 0)
        return rc;
    grown = SM_NEW(f->read, sm_schema);
    *grown = g.schema;
    s->report.grown = grown;
    return sm_fail(err, SM_E_AGAIN, 0, "new columns%s", g.widened > 0 ? " or types" : "");
}
