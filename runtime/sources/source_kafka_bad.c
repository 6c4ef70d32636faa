/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_bad.c -- messages that are no records: kept with their text, shown as rows.
 *
 * A topic cannot be read again for a text as cheaply as a file, and retention may take it: so the
 * text is kept while reading, up to BAD_BYTES. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/limit.h"
#include "runtime/connect/decode_bad.h"
#include "runtime/connect/decode_rescue.h"
#include "runtime/engine/engine.h"
#include "runtime/sources/source_kafka_int.h"

#define BAD_BYTES ((size_t)256 * 1024 * 1024)

enum { SAMPLES = 20, SAMPLE_TEXT = 1024 };

/* --- Keeping --- */

static bool has_room(const sm_kafka_bads *b, size_t bytes)
{
    return b->keep ? b->n < SM_DECODE_MAX_BAD && b->bytes + bytes <= BAD_BYTES : b->n < SAMPLES;
}

static char *copy_text(const char *text, size_t len)
{
    char *copy = sm_xmalloc(len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static void push(sm_kafka_bads *b, sm_kafka_bad bad, size_t bytes)
{
    if (b->n == b->cap) {
        b->cap = b->cap * 2 + 16;
        b->items = sm_xrealloc(b->items, b->cap * sizeof *b->items);
    }
    b->items[b->n++] = bad;
    b->bytes += bytes;
}

void sm_kafka__bads_add(sm_kafka_bads *b, const sm_kafka_message *m, const char *reason)
{
    size_t most = m->value.len > SM_DECODE_BAD_TEXT ? SM_DECODE_BAD_TEXT : m->value.len;
    bool whole = sm_utf8_check(m->value) == m->value.len;
    size_t len = whole ? m->value.len : most;
    sm_buf text;

    if (!has_room(b, len)) {
        b->over |= b->keep;
        return;
    }
    sm_buf_init(&text, 4 * (size_t)SM_DECODE_MAX_RECORD);
    sm_rescue_add_utf8(&text, (sm_sv){ m->value.ptr, len });
    push(b,
         (sm_kafka_bad){ .range = m->range,
                         .offset = m->offset,
                         .text = copy_text(text.len > 0 ? text.ptr : "", text.len),
                         .reason = copy_text(reason, strlen(reason)),
                         .whole = whole },
         text.len);
    sm_buf_release(&text);
}

static void free_items(sm_kafka_bads *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->items[i].text);
        free(b->items[i].reason);
    }
    b->n = b->bytes = 0;
}

void sm_kafka__bads_move(sm_kafka_bads *from, sm_kafka_bads *to)
{
    for (size_t i = 0; i < from->n; i++) {
        sm_kafka_bad *x = &from->items[i];
        size_t len = strlen(x->text);

        if (has_room(to, len)) {
            push(to, *x, len);
            x->text = x->reason = NULL;
        } else {
            to->over |= to->keep;
        }
    }
    to->over |= from->over;
    free_items(from);
}

void sm_kafka__bads_clear(sm_kafka_bads *b)
{
    free_items(b);
    free(b->items);
    *b = (sm_kafka_bads){ .keep = b->keep };
}

static int compare(const void *x, const void *y)
{
    const sm_kafka_bad *a = x, *b = y;

    if (a->range != b->range)
        return a->range < b->range ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static sm_sv path_of(const sm_kafka_range *range, sm_arena *a)
{
    return sm_arena_printf(a, "%.*s/%d", SM_SV_ARG(range->topic), range->partition);
}

const sm_json *sm_kafka__bads_samples(sm_kafka_bads *b, const sm_kafka_range *ranges, sm_arena *a)
{
    sm_json *list;

    if (b->n == 0)
        return NULL;
    qsort(b->items, b->n, sizeof *b->items, compare);
    list = sm_json_array(a);
    for (size_t i = 0; i < b->n && i < SAMPLES; i++) {
        const sm_kafka_bad *x = &b->items[i];
        sm_json *o = sm_json_object(a);

        sm_json_set_string(o, "file", path_of(&ranges[x->range], a));
        sm_json_set_int(o, "line", x->offset);
        sm_json_set_string(o, "reason", sm_sv_cstr(x->reason));
        sm_json_set_string(o, "text", sm_sv_sub(sm_sv_cstr(x->text), 0, SAMPLE_TEXT));
        sm_json_append(list, o);
    }
    return list;
}

/* --- As rows --- */

enum {
    BAD_PATH,
    BAD_OFFSET,
    BAD_RAW,
    BAD_REASON,
    BAD_WHOLE,
    BAD_TOPIC,
    BAD_PARTITION,
    BAD_COLUMNS
};

typedef struct task {
    const sm_kafka_state *f;
    size_t next;
} task;

static sm_code bad_open(void *ctx, void *scan, const size_t *column, size_t n, void **out,
                        sm_error *err)
{
    task *t = sm_xcalloc(1, sizeof *t);

    (void)scan;
    (void)column;
    (void)n;
    (void)err;
    t->f = ctx;
    *out = t;
    return SM_OK;
}

static void bad_close(void *ctx, void *arg)
{
    (void)ctx;
    free(arg);
}

static sm_sv text_of(const sm_kafka_bad *x, const sm_kafka_range *range, size_t column, sm_arena *a)
{
    switch (column) {
    case BAD_PATH:
        return path_of(range, a);
    case BAD_RAW:
        return sm_sv_cstr(x->text);
    case BAD_REASON:
        return sm_sv_cstr(x->reason);
    default:
        return range->topic;
    }
}

static void put_row(const sm_kafka_state *f, const sm_kafka_bad *x, sm_reader_chunk *chunk,
                    size_t row)
{
    const sm_kafka_range *range = &f->what.ranges[x->range];
    sm_arena *a = sm_arena_new("bad message");

    for (size_t c = 0; c < chunk->n_columns; c++) {
        switch (chunk->column[c]) {
        case BAD_OFFSET:
            ((int64_t *)chunk->data[c])[row] = x->offset;
            break;
        case BAD_WHOLE:
            ((uint8_t *)chunk->data[c])[row] = x->whole;
            break;
        case BAD_PARTITION:
            ((int32_t *)chunk->data[c])[row] = range->partition;
            break;
        default:
            sm_reader_text(chunk, c, row, text_of(x, range, chunk->column[c], a));
        }
    }
    sm_arena_free(a);
}

static sm_code bad_fill(void *ctx, void *arg, sm_reader_chunk *chunk, size_t *n_rows, sm_error *err)
{
    const sm_kafka_state *f = ctx;
    const sm_kafka_bads *b = &f->seen.tally.bads;
    task *t = arg;
    size_t bytes = 0;

    (void)err;
    *n_rows = 0;
    while (*n_rows < SM_READER_ROWS && bytes < SM_DECODE_BAD_CHUNK && t->next < b->n) {
        const sm_kafka_bad *x = &b->items[t->next++];

        bytes += strlen(x->text);
        put_row(f, x, chunk, (*n_rows)++);
    }
    return SM_OK;
}

static sm_code bad_view(sm_source *s, sm_sv view, sm_error *err)
{
    const sm_kafka_state *f = s->state;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql,
                "SELECT path, NULL::BIGINT AS line, raw, reason, whole, NULL::BIGINT AS file, "
                "NULL::VARCHAR AS name, NULL::BIGINT AS size, NULL::TIMESTAMP AS modified, "
                "NULL::VARCHAR AS header, topic, \"partition\", \"offset\" FROM ");
    sm_engine_reader_sql(f->bad, &sql);
    if ((rc = sm_buf_check(&sql, "the view of a source", err)) == SM_OK)
        sm_session_view(s->session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return rc;
}

sm_code sm_kafka__bad_records(sm_source *s, sm_sv view, sm_error *err)
{
    sm_kafka_state *f = s->state;
    sm_column columns[BAD_COLUMNS] = {
        [BAD_PATH] = { .name = SM_SV("path"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_OFFSET] = { .name = SM_SV("offset"), .type = SM_SV("BIGINT"), .nullable = true },
        [BAD_RAW] = { .name = SM_SV("raw"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_REASON] = { .name = SM_SV("reason"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_WHOLE] = { .name = SM_SV("whole"), .type = SM_SV("BOOLEAN"), .nullable = true },
        [BAD_TOPIC] = { .name = SM_SV("topic"), .type = SM_SV("VARCHAR"), .nullable = true },
        [BAD_PARTITION] = { .name = SM_SV("partition"),
                            .type = SM_SV("INTEGER"),
                            .nullable = true },
    };
    const sm_schema schema = { columns, BAD_COLUMNS };
    sm_reader_def def = {
        .schema = &schema,
        .rows = (int64_t)f->seen.tally.bads.n,
        .max_threads = 1,
        .ctx = f,
        .task_open = bad_open,
        .fill = bad_fill,
        .task_close = bad_close,
    };
    sm_code rc;

    sm_engine_reader_remove(f->bad);
    f->bad = NULL;
    rc = sm_engine_reader_add(sm_session_engine(s->session), &def, &f->bad, err);
    return rc == SM_OK ? bad_view(s, view, err) : rc;
}
