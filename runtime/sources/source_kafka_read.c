/* SPDX-License-Identifier: Apache-2.0 */
/* source_kafka_read.c -- a range of offsets as a relation.
 *
 *     ranges ──▶ scan (a client, a reading) ──▶ tasks: take, decode ──▶ smelt_read(n) ──▶ view
 *
 * Each use of the relation in a query is a scan with a client of its own, which reads the brokers
 * anew; what they tell of the messages is the same, and that of the fullest scan counts. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/connect/decode_relation.h"
#include "runtime/connect/decode_run.h"
#include "runtime/engine/engine.h"
#include "runtime/sources/source_kafka_int.h"

typedef struct scan {
    sm_kafka *client;
    sm_kafka_reading *reading; /* NULL: there is nothing to read */
    sm_mutex mu;
    sm_kafka_tally tally; /* guarded by mu */
} scan;

typedef struct task {
    scan *scan;
    sm_kafka_decoder *decoder;
    size_t n, at, given; /* messages; those before `at` are decoded, before `given` given back */
    sm_kafka_message messages[SM_KAFKA_TAKE];
} task;

/* --- Scans --- */

static void scan_free(sm_kafka_state *f, scan *sc)
{
    sm_kafka_reading_end(sc->reading);
    if (sc->client != NULL)
        sm_kafka__give(f, sc->client);
    sm_kafka__tally_release(&sc->tally);
    sm_mutex_release(&sc->mu);
    free(sc);
}

static sm_code scan_begin(void *ctx, void **out, sm_error *err)
{
    sm_kafka_state *f = ctx;
    scan *sc = sm_xcalloc(1, sizeof *sc);
    sm_kafka_stop stop = sm_kafka__stop(f->source);
    sm_code rc = SM_OK;

    sm_mutex_init(&sc->mu);
    sm_kafka__tally_init(&sc->tally, f->what.keep_bad);
    if (f->what.n_ranges > 0 && (rc = sm_kafka__take(f, &sc->client, err)) == SM_OK)
        rc = sm_kafka_read(sc->client, f->what.ranges, f->what.n_ranges, &stop, &sc->reading, err);
    if (rc != SM_OK) {
        scan_free(f, sc);
        return rc;
    }
    *out = sc;
    return SM_OK;
}

static void scan_end(void *ctx, void *arg)
{
    sm_kafka_state *f = ctx;
    scan *sc = arg;

    sm_mutex_lock(&f->seen.mu);
    if (!f->seen.any || sc->tally.messages > f->seen.tally.messages) {
        sm_kafka_tally less = f->seen.tally;

        f->seen.tally = sc->tally;
        sc->tally = less;
        f->seen.any = true;
    }
    sm_mutex_unlock(&f->seen.mu);
    scan_free(f, sc);
}

/* --- Tasks --- */

static sm_code task_open(void *ctx, void *sc, const size_t *column, size_t n, void **out,
                         sm_error *err)
{
    sm_kafka_state *f = ctx;
    task *t = sm_xcalloc(1, sizeof *t);

    (void)column;
    (void)n;
    (void)err;
    t->scan = sc;
    t->decoder = sm_kafka__decoder_new(&f->what);
    *out = t;
    return SM_OK;
}

/* The chunk before was read: its messages go back. */
static void task_give_back(task *t, size_t until)
{
    sm_kafka_give_back(t->messages + t->given, until - t->given);
    t->given = until;
}

static void task_close(void *ctx, void *arg)
{
    task *t = arg;

    (void)ctx;
    task_give_back(t, t->n);
    sm_mutex_lock(&t->scan->mu);
    sm_kafka__tally_merge(&t->scan->tally, sm_kafka__decoder_tally(t->decoder));
    sm_mutex_unlock(&t->scan->mu);
    sm_kafka__decoder_free(t->decoder);
    free(t);
}

/* An offset that is gone: as the pipeline says. */
static sm_code lost(const sm_source *s, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    char what[sizeof err->msg];

    memcpy(what, err->msg, sizeof what);
    if (config->fail_on_data_loss)
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "%s: it was removed before it was read; `fail_on_data_loss: false` goes on "
                       "with what is there",
                       what);
    return sm_fail(err, SM_E_AGAIN, 0, "%s", what); /* planned again, it begins behind it */
}

static sm_code task_fill(void *ctx, void *arg, sm_reader_chunk *chunk, size_t *n_rows,
                         sm_error *err)
{
    const sm_kafka_state *f = ctx;
    task *t = arg;

    *n_rows = 0;
    if (t->scan->reading == NULL)
        return SM_OK;
    while (*n_rows == 0) {
        size_t used;
        sm_code rc;

        task_give_back(t, t->at);
        if (t->at == t->n) {
            t->at = t->given = 0;
            rc = sm_kafka_take(t->scan->reading, t->messages, SM_KAFKA_TAKE, &t->n, err);
            if (rc != SM_OK)
                return rc == SM_E_NOT_FOUND ? lost(f->source, err) : rc;
            if (t->n == 0)
                return SM_OK;
        }
        sm_kafka__decode(t->decoder, t->messages + t->at, t->n - t->at, chunk, n_rows, &used);
        t->at += used;
    }
    return SM_OK;
}

/* --- The view --- */

static const struct {
    const char *name, *type;
} own[SM_KAFKA_OWN] = {
    [SM_KAFKA_KEY] = { "key", "BLOB" },
    [SM_KAFKA_VALUE] = { "value", "BLOB" },
    [SM_KAFKA_TOPIC] = { "topic", "VARCHAR" },
    [SM_KAFKA_PARTITION] = { "partition", "INTEGER" },
    [SM_KAFKA_OFFSET] = { "offset", "BIGINT" },
    [SM_KAFKA_TIMESTAMP] = { "timestamp", "TIMESTAMP" },
    [SM_KAFKA_TIMESTAMP_TYPE] = { "timestamp_type", "INTEGER" },
    [SM_KAFKA_HEADERS] = { "headers", "VARCHAR" },
};

/* Columns of the message have names of their own in the reader, beside those of the value. */
#define OWN "_smelt_own_"

static sm_sv own_type(const sm_kafka_what *what, size_t i)
{
    bool text = what->format == SM_KAFKA_TEXT && (i == SM_KAFKA_KEY || i == SM_KAFKA_VALUE);

    return text ? SM_SV("VARCHAR") : sm_sv_cstr(own[i].type);
}

static sm_schema physical(const sm_kafka_what *what, sm_arena *a)
{
    sm_schema s = { SM_NEW_N(a, sm_column, what->n_columns + SM_KAFKA_OWN),
                    what->n_columns + SM_KAFKA_OWN };

    for (size_t i = 0; i < what->n_columns; i++)
        s.columns[i] = (sm_column){ .name = what->columns[i].name,
                                    .type = sm_decode_physical_type(&what->columns[i]),
                                    .nullable = true };
    for (size_t i = 0; i < SM_KAFKA_OWN; i++)
        s.columns[what->n_columns + i] = (sm_column){ .name = sm_arena_printf(a, OWN "%zu", i),
                                                      .type = own_type(what, i),
                                                      .nullable = true };
    return s;
}

static void add_own(sm_buf *sql, const sm_kafka_what *what, size_t i)
{
    const char *bytes = what->format == SM_KAFKA_TEXT ? "decode(from_base64(h.\"value\"))"
                                                      : "from_base64(h.\"value\")";

    if (i != SM_KAFKA_HEADERS) {
        sm_buf_addf(sql, OWN "%zu", i);
        return;
    }
    sm_buf_addf(sql,
                "list_transform(CAST(CAST(" OWN "%zu AS JSON) AS STRUCT(\"key\" VARCHAR, \"value\" "
                "VARCHAR)[]), h -> {'key': h.\"key\", 'value': %s})",
                i, bytes);
}

static void add_metadata(sm_buf *sql, const sm_kafka_what *what, int64_t batch_time_ms)
{
    static const int parts[] = { SM_KAFKA_TOPIC,     SM_KAFKA_PARTITION,      SM_KAFKA_OFFSET,
                                 SM_KAFKA_TIMESTAMP, SM_KAFKA_TIMESTAMP_TYPE, SM_KAFKA_KEY };

    sm_buf_adds(sql, ", {");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        sm_buf_addf(sql, "%s'%s': CAST(" OWN "%d AS %s)", i > 0 ? ", " : "", own[parts[i]].name,
                    parts[i], own[parts[i]].type);
    sm_buf_addf(sql, "} AS \"_metadata\", make_timestamp(CAST(%lld AS BIGINT)) AS \"_ingested_at\"",
                (long long)batch_time_ms * 1000);
    (void)what;
}

static void add_column(sm_buf *sql, const sm_source *s, size_t i, sm_arena *a)
{
    const sm_kafka_state *f = s->state;

    if (f->what.format == SM_KAFKA_JSON) {
        sm_decode_add_value(sql, &f->what.columns[i], f->what.columns[i].name, a);
    } else {
        for (size_t o = 0; o < SM_KAFKA_OWN; o++)
            if (sm_sv_eq_str(s->schema->columns[i].name, own[o].name))
                add_own(sql, &f->what, o);
    }
    sm_buf_adds(sql, " AS ");
    sm_sql_ident(sql, s->schema->columns[i].name);
}

static sm_code make_view(const sm_source *s, sm_sv view, sm_error *err)
{
    const sm_kafka_state *f = s->state;
    sm_arena *a = sm_arena_new("kafka view");
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < s->schema->n; i++) {
        if (i > 0)
            sm_buf_adds(&sql, ", ");
        add_column(&sql, s, i, a);
    }
    if (s->metadata)
        add_metadata(&sql, &f->what, s->batch_time_ms);
    sm_buf_adds(&sql, " FROM ");
    sm_engine_reader_sql(f->reader, &sql);
    if ((rc = sm_buf_check(&sql, "the view of a source", err)) == SM_OK)
        sm_session_view(s->session, view, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    sm_arena_free(a);
    return rc;
}

/* --- Reading and judging --- */

void sm_kafka__forget_read(sm_kafka_state *f)
{
    sm_engine_reader_remove(f->bad);
    sm_engine_reader_remove(f->reader);
    f->bad = f->reader = NULL;
    sm_kafka__tally_release(&f->seen.tally);
    sm_kafka__tally_init(&f->seen.tally, false);
    f->seen.any = false;
    f->what = (sm_kafka_what){ 0 };
    sm_arena_reset(f->read);
}

static sm_code set_columns(sm_source *s, sm_error *err)
{
    const sm_kafka_config *config = s->config;
    sm_kafka_state *f = s->state;
    sm_decode_column *columns;
    ptrdiff_t rescued =
        config->rescued_column.len > 0 ? sm_schema_find(s->schema, config->rescued_column) : -1;
    sm_code rc;

    if (f->what.format != SM_KAFKA_JSON)
        return SM_OK;
    if ((rc = sm_decode_columns(s->schema, f->read, &columns, err)) != SM_OK)
        return rc;
    f->what.columns = columns;
    f->what.n_columns = s->schema->n;
    if (rescued >= 0 && sm_sv_eq_str(s->schema->columns[rescued].type, "VARCHAR"))
        f->what.rescued = &columns[rescued];
    return SM_OK;
}

static sm_code add_reader(sm_source *s, sm_error *err)
{
    sm_kafka_state *f = s->state;
    sm_schema schema = physical(&f->what, f->read);
    sm_reader_def def = {
        .schema = &schema,
        .rows = -1,
        .max_threads = f->what.n_ranges > 0 ? 0 : 1,
        .ctx = f,
        .begin = scan_begin,
        .end = scan_end,
        .task_open = task_open,
        .fill = task_fill,
        .task_close = task_close,
    };

    return sm_engine_reader_add(sm_session_engine(s->session), &def, &f->reader, err);
}

sm_code sm_kafka__read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                       sm_error *err)
{
    const sm_kafka_config *config = s->config;
    sm_kafka_state *f = s->state;
    sm_code rc;

    sm_kafka__forget_read(f);
    s->report = (sm_read_report){ 0 };
    f->source = s;
    f->what.format = (sm_kafka_format)config->value_format;
    f->what.keep_bad = s->on_decode_error == SM_DECODE_QUARANTINE;
    f->what.ranges = sm_kafka__ranges(start, end, f->read, &f->what.n_ranges);
    if (!sm_json_equal(start, end))
        s->report.notices = sm_json_get(end, "notices");
    if ((rc = set_columns(s, err)) != SM_OK || (rc = add_reader(s, err)) != SM_OK)
        return rc;
    return make_view(s, view, err);
}

/* "orders/3" of a place. */
static const char *place_name(const sm_kafka_state *f, size_t range, sm_arena *a)
{
    const sm_kafka_range *x = &f->what.ranges[range];

    return sm_arena_printf(a, "%.*s/%d", SM_SV_ARG(x->topic), x->partition).ptr;
}

static sm_code judge_records(const sm_source *s, sm_error *err)
{
    sm_kafka_state *f = s->state;
    const sm_kafka_bad *first;

    if (s->on_decode_error != SM_DECODE_FAIL || f->seen.tally.undecodable == 0)
        return SM_OK;
    first = &f->seen.tally.bads.items[0]; /* sorted by the samples */
    return sm_fail(err, SM_E_INVALID, 0,
                   "%lld undecodable messages, the first is offset %lld of %s: %s; pass over such "
                   "messages with `on_decode_error: drop`, or keep them with `quarantine`",
                   (long long)f->seen.tally.undecodable, (long long)first->offset,
                   place_name(f, first->range, f->read), first->reason);
}

static sm_code judge_fields(const sm_source *s, sm_error *err)
{
    sm_kafka_state *f = s->state;
    const sm_decode_tally *t = f->seen.tally.unknown;
    const sm_decode_unknown *first = &t->unknown[0];
    sm_sv name, twin = SM_SV("");

    if (t->n_unknown == 0 || sm_evolution_stays(s->evolution))
        return SM_OK;
    for (size_t i = 1; i < t->n_unknown; i++)
        if (sm_decode_place_compare(t->unknown[i].at, first->at) < 0)
            first = &t->unknown[i];
    name = (sm_sv){ first->name, first->len };
    for (size_t i = 0; i < s->schema->n; i++)
        if (sm_sv_eq_nocase(s->schema->columns[i].name, name))
            twin = s->schema->columns[i].name;
    return sm_decode_unknown_field(name, twin, t->n_unknown - 1,
                                   place_name(f, first->at.file, f->read), first->at.offset, err);
}

sm_code sm_kafka__verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err)
{
    sm_kafka_state *f = s->state;
    sm_kafka_tally *t = &f->seen.tally;
    bool grows = s->owner != NULL && sm_evolution_grows(s->evolution);
    bool widen = s->evolution == SM_EVOLUTION_WIDEN && t->undecodable + t->misfits > 0;
    sm_code rc = SM_OK;

    (void)start;
    (void)end;
    s->report.read = t->messages;
    s->report.undecodable = t->undecodable;
    s->report.bytes = t->bytes;
    s->report.samples = sm_kafka__bads_samples(&t->bads, f->what.ranges, f->read);
    if (t->bads.over)
        return sm_fail(err, SM_E_LIMIT, 0,
                       "too many messages are no records to keep them all: read less at a time "
                       "with `max_offsets_per_trigger`, or use `on_decode_error: drop`");
    if (grows && (widen || t->unknown->n_unknown > 0))
        rc = sm_kafka__grow(s, err);
    if (rc == SM_OK)
        rc = judge_records(s, err);
    return rc == SM_OK ? judge_fields(s, err) : rc;
}
