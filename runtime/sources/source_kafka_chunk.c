/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_chunk.c -- messages to rows of a chunk.
 *
 * Values in JSON are put one behind the other as lines, which the decoder of JSON lines reads: a
 * newline inside a value becomes a tab, which is white space between the parts of JSON as well, and
 * as forbidden inside its strings.
 *
 *     messages   0 {"a":1}   1 {"a":   2 NULL   3 {"a":3}
 *     block      {"a":1}\n{"a":\n{}\n{"a":3}\n           (a message without value is an empty row)
 *     rows       0, 2, 3                                  (1 is no record: it is told, and no row)
 *
 * A chunk takes no more than CHUNK_BYTES of values, whatever the messages are. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/base64.h"
#include "runtime/connect/decode_lex.h"
#include "runtime/sources/source_kafka_int.h"

enum { CHUNK_BYTES = 4 * 1024 * 1024, US_OF_MS = 1000 };

#define MOST_MS (INT64_MAX / US_OF_MS - 1) /* the one behind it is infinity */

struct sm_kafka_decoder {
    const sm_kafka_what *what;
    sm_ndjson *ndjson; /* NULL but for JSON */
    sm_kafka_tally tally;
    sm_decode_tally *seen; /* of the chunk, by places in the block */
    sm_decode_block block;
    size_t begin[SM_DECODE_ROWS + 1]; /* of each message in the block */
    uint16_t row_of[SM_DECODE_ROWS];  /* the message of each row */
    char *text;
    size_t cap;
    sm_arena *scratch; /* headers, until the next chunk */
    sm_decode_vector *vectors;
};

/* --- Tallies --- */

void sm_kafka__tally_init(sm_kafka_tally *t, bool keep_bad)
{
    *t = (sm_kafka_tally){ .bads = { .keep = keep_bad }, .newest_ms = -1 };
    t->unknown = sm_xcalloc(1, sizeof *t->unknown);
}

void sm_kafka__tally_release(sm_kafka_tally *t)
{
    sm_kafka__bads_clear(&t->bads);
    free(t->unknown);
    t->unknown = NULL;
}

void sm_kafka__tally_merge(sm_kafka_tally *t, sm_kafka_tally *part)
{
    t->messages += part->messages;
    t->bytes += part->bytes;
    t->undecodable += part->undecodable;
    t->misfits += part->misfits;
    t->newest_ms = part->newest_ms > t->newest_ms ? part->newest_ms : t->newest_ms;
    for (size_t i = 0; i < part->unknown->n_unknown; i++) {
        const sm_decode_unknown *u = &part->unknown->unknown[i];

        sm_decode_tally_unknown(t->unknown, (sm_sv){ u->name, u->len }, u->at);
    }
    sm_kafka__bads_move(&part->bads, &t->bads);
    part->messages = part->bytes = part->undecodable = part->misfits = 0;
    part->unknown->n_unknown = 0;
}

/* --- Life --- */

sm_kafka_decoder *sm_kafka__decoder_new(const sm_kafka_what *what)
{
    sm_kafka_decoder *d = sm_xcalloc(1, sizeof *d);

    d->what = what;
    sm_kafka__tally_init(&d->tally, what->keep_bad);
    d->scratch = sm_arena_new("kafka chunk");
    if (what->format != SM_KAFKA_JSON)
        return d;
    d->vectors = sm_xcalloc(what->n_columns + 1, sizeof *d->vectors);
    d->seen = sm_xcalloc(1, sizeof *d->seen);
    d->seen->bads = sm_decode_bads_new();
    sm_decode_block_init(&d->block);
    d->ndjson = sm_ndjson_new(what->columns, what->n_columns);
    sm_ndjson_aside(d->ndjson, &(sm_decode_aside){ .rescued = what->rescued });
    return d;
}

void sm_kafka__decoder_free(sm_kafka_decoder *d)
{
    if (d == NULL)
        return;
    if (d->seen != NULL)
        sm_decode_bads_free(d->seen->bads);
    sm_kafka__tally_release(&d->tally);
    sm_ndjson_free(d->ndjson);
    sm_arena_free(d->scratch);
    free(d->vectors);
    free(d->seen);
    free(d->text);
    free(d);
}

sm_kafka_tally *sm_kafka__decoder_tally(sm_kafka_decoder *d)
{
    return &d->tally;
}

/* --- JSON --- */

static void tell_bad(sm_kafka_decoder *d, const sm_kafka_message *m, const char *reason)
{
    d->tally.undecodable++;
    sm_kafka__bads_add(&d->tally.bads, m, reason);
}

/* How many messages make a chunk. */
static size_t count_chunk(const sm_kafka_message *messages, size_t n)
{
    size_t used = 0, bytes = 0;

    while (used < n && used < SM_DECODE_ROWS &&
           (used == 0 || bytes + messages[used].value.len <= CHUNK_BYTES))
        bytes += messages[used++].value.len;
    return used;
}

static size_t blanks(sm_sv text)
{
    size_t i = 0;

    while (i < text.len && strchr(" \t\r\n", text.ptr[i]) != NULL && text.ptr[i] != '\0')
        i++;
    return i;
}

/* Why the value cannot even be tried; NULL: it can. */
static const char *why_not(sm_sv value)
{
    size_t at;

    if (value.ptr == NULL)
        return NULL;
    if (value.len > SM_DECODE_MAX_RECORD)
        return "the value is longer than 16 MiB";
    if ((at = blanks(value)) == value.len)
        return "the value is empty";
    return value.ptr[at] == '[' ? "the value is an array, and a record is one object" : NULL;
}

static void add_value(sm_kafka_decoder *d, size_t *len, sm_sv value)
{
    char *at = d->text + *len;

    if (value.ptr == NULL)
        value = SM_SV("{}");
    memcpy(at, value.ptr, value.len);
    for (char *p = at; (p = memchr(p, '\n', (size_t)(at + value.len - p))) != NULL;)
        *p = '\t';
    at[value.len] = '\n';
    *len += value.len + 1;
}

/* The values as lines; those that cannot be tried are told, and have no line. */
static void make_block(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n)
{
    size_t room = SM_DECODE_PADDING, len = 0;

    for (size_t i = 0; i < n; i++)
        room += messages[i].value.len + 4;
    if (room > d->cap) {
        d->text = sm_xrealloc(d->text, room);
        d->cap = room;
    }
    for (size_t i = 0; i < n; i++) {
        const char *reason = why_not(messages[i].value);

        d->begin[i] = len;
        if (reason != NULL)
            tell_bad(d, &messages[i], reason);
        else
            add_value(d, &len, messages[i].value);
    }
    d->begin[n] = len;
    memset(d->text + len, 0, SM_DECODE_PADDING);
    d->text[len] = '\n';
    d->block.data = d->text;
    d->block.end = d->text + len;
}

/* The message whose line `place` is in. */
static size_t message_at(const sm_kafka_decoder *d, size_t n, int64_t place)
{
    size_t low = 0, high = n; /* begin[low] <= place < begin[high] */

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if ((int64_t)d->begin[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* What the decoder told of places in the block, of messages. */
static void take_told(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n)
{
    sm_decode_tally *t = d->seen;

    for (size_t i = 0; i < t->n_unknown; i++) {
        const sm_kafka_message *m = &messages[message_at(d, n, t->unknown[i].at.offset)];

        sm_decode_tally_unknown(d->tally.unknown, (sm_sv){ t->unknown[i].name, t->unknown[i].len },
                                (sm_decode_place){ m->range, m->offset });
    }
    for (size_t i = 0; i < t->bads->n; i++)
        tell_bad(d, &messages[message_at(d, n, t->bads->items[i].at.offset)],
                 t->bads->reasons + t->bads->items[i].reason);
    d->tally.misfits += t->misfits;
}

static void forget_told(sm_decode_tally *t)
{
    t->records = t->undecodable = t->misfits = 0;
    t->n_samples = t->n_unknown = 0;
    t->bads->n = t->bads->len = 0;
}

/* Which message each row is of: those that are records, in order. */
static void match_rows(sm_kafka_decoder *d, size_t n)
{
    const sm_decode_bads *b = d->seen->bads;
    size_t row = 0, bad = 0;

    for (size_t i = 0; i < n; i++) {
        bool none = d->begin[i] == d->begin[i + 1]; /* it has no line */

        if (!none && bad < b->n && message_at(d, n, b->items[bad].at.offset) == i) {
            none = true;
            bad++;
        }
        if (!none)
            d->row_of[row++] = (uint16_t)i;
    }
}

/* --- The message itself --- */

static void put_bytes(sm_reader_chunk *chunk, size_t c, size_t row, sm_sv bytes)
{
    sm_reader_string *s = (sm_reader_string *)chunk->data[c] + row;

    if (bytes.ptr == NULL) {
        sm_reader_null(chunk, c, row);
        return;
    }
    *s = (sm_reader_string){ .len = (uint32_t)bytes.len };
    if (bytes.len <= sizeof s->head + sizeof s->u.tail) {
        memcpy(s->head, bytes.ptr, bytes.len < 4 ? bytes.len : 4);
        if (bytes.len > 4)
            memcpy(s->u.tail, bytes.ptr + 4, bytes.len - 4);
        return;
    }
    memcpy(s->head, bytes.ptr, 4);
    s->u.ptr = bytes.ptr;
}

/* NULL without headers. */
static sm_sv headers_of(sm_kafka_decoder *d, const sm_kafka_message *m)
{
    sm_sv name, value, out;
    sm_buf b;

    if (!sm_kafka_header(m, 0, &name, &value))
        return (sm_sv){ NULL, 0 };
    sm_buf_init(&b, 4 * (size_t)SM_DECODE_MAX_RECORD);
    for (size_t i = 0; sm_kafka_header(m, i, &name, &value); i++) {
        sm_buf_adds(&b, i == 0 ? "[{\"key\":" : ",{\"key\":");
        sm_buf_add_json_string(&b, name);
        sm_buf_adds(&b, ",\"value\":");
        if (value.ptr != NULL) {
            sm_buf_addc(&b, '"');
            sm_base64_add(&b, value);
            sm_buf_adds(&b, "\"}");
        } else {
            sm_buf_adds(&b, "null}");
        }
    }
    sm_buf_addc(&b, ']');
    out = sm_arena_dup(d->scratch, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static void put_own(sm_kafka_decoder *d, const sm_kafka_message *m, sm_reader_chunk *chunk,
                    size_t c, size_t own, size_t row)
{
    const sm_kafka_range *range = &d->what->ranges[m->range];

    switch (own) {
    case SM_KAFKA_KEY:
        put_bytes(chunk, c, row, m->key);
        break;
    case SM_KAFKA_VALUE:
        put_bytes(chunk, c, row, m->value);
        break;
    case SM_KAFKA_TOPIC:
        put_bytes(chunk, c, row, range->topic);
        break;
    case SM_KAFKA_PARTITION:
        ((int32_t *)chunk->data[c])[row] = range->partition;
        break;
    case SM_KAFKA_OFFSET:
        ((int64_t *)chunk->data[c])[row] = m->offset;
        break;
    case SM_KAFKA_TIMESTAMP:
        if (m->time_is == SM_KAFKA_TIME_NONE || m->time_ms > MOST_MS || m->time_ms < -MOST_MS)
            sm_reader_null(chunk, c, row); /* a producer may say what it likes */
        else
            ((int64_t *)chunk->data[c])[row] = m->time_ms * US_OF_MS;
        break;
    case SM_KAFKA_TIMESTAMP_TYPE:
        ((int32_t *)chunk->data[c])[row] = (int32_t)m->time_is;
        break;
    default:
        put_bytes(chunk, c, row, headers_of(d, m));
    }
}

static void put_owns(sm_kafka_decoder *d, const sm_kafka_message *messages, sm_reader_chunk *chunk,
                     size_t n_rows)
{
    for (size_t c = 0; c < chunk->n_columns; c++) {
        size_t column = chunk->column[c];

        for (size_t row = 0; column >= d->what->n_columns && row < n_rows; row++)
            put_own(d, &messages[d->row_of[row]], chunk, c, column - d->what->n_columns, row);
    }
}

/* --- Chunks --- */

static size_t decode_json(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n,
                          sm_reader_chunk *chunk)
{
    const sm_kafka_what *what = d->what;
    size_t rows;

    make_block(d, messages, n);
    for (size_t c = 0; c < chunk->n_columns; c++)
        if (chunk->column[c] < what->n_columns)
            d->vectors[chunk->column[c]].data = chunk->data[c];
    sm_ndjson_begin(d->ndjson, &d->block);
    rows = sm_ndjson_rows(d->ndjson, d->vectors, d->seen);
    match_rows(d, n);
    take_told(d, messages, n);
    forget_told(d->seen);
    for (size_t c = 0; c < chunk->n_columns; c++)
        if (chunk->column[c] < what->n_columns && d->vectors[chunk->column[c]].has_null)
            sm_reader_nulls(chunk, c, d->vectors[chunk->column[c]].nulls, rows);
    return rows;
}

static bool is_text(sm_sv s)
{
    return s.ptr == NULL || sm_utf8_check(s) == s.len;
}

/* Messages as they are; text must be some. */
static size_t decode_plain(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n)
{
    size_t rows = 0;

    for (size_t i = 0; i < n; i++) {
        const sm_kafka_message *m = &messages[i];

        if (d->what->format == SM_KAFKA_TEXT && !is_text(m->value))
            tell_bad(d, m, "the value is no UTF-8");
        else if (d->what->format == SM_KAFKA_TEXT && !is_text(m->key))
            tell_bad(d, m, "the key is no UTF-8");
        else
            d->row_of[rows++] = (uint16_t)i;
    }
    return rows;
}

void sm_kafka__decode(sm_kafka_decoder *d, const sm_kafka_message *messages, size_t n,
                      sm_reader_chunk *chunk, size_t *n_rows, size_t *used)
{
    sm_arena_reset(d->scratch);
    *used = count_chunk(messages, n);
    for (size_t i = 0; i < *used; i++) {
        const sm_kafka_message *m = &messages[i];

        d->tally.bytes += (int64_t)(m->value.len + m->key.len);
        if (m->time_is != SM_KAFKA_TIME_NONE && m->time_ms > d->tally.newest_ms)
            d->tally.newest_ms = m->time_ms;
    }
    d->tally.messages += (int64_t)*used;
    *n_rows = d->what->format == SM_KAFKA_JSON ? decode_json(d, messages, *used, chunk)
                                               : decode_plain(d, messages, *used);
    put_owns(d, messages, chunk, *n_rows);
}
