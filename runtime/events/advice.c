/* SPDX-License-Identifier: Apache-2.0 */
/* advice.c -- see the header. */
#include "runtime/events/advice.h"

#include <stdlib.h>

#include "runtime/base/clock.h"

enum {
    IN_A_ROW = 3, /* batches that must agree */
    ENOUGH = 20,  /* batches that make an average */
    SMALL_FILE = 1024 * 1024,
    DAY_MS = 24 * 60 * 60 * 1000,
    IDLE_PERCENT = 10, /* at work for less of the day */
    LATE_PERMILLE = 10,
};

#define LARGE_ROWS  ((int64_t)10 * 1000 * 1000)
#define LARGE_BYTES ((int64_t)1024 * 1024 * 1024)

/* ---- numbers ------------------------------------------------------------------------- */

static int64_t took(const sm_advice_batch *b)
{
    return b->ended_ms > b->started_ms ? b->ended_ms - b->started_ms : 0;
}

/* The newest batches; NULL when there are fewer. */
static const sm_advice_batch *newest(const sm_advice_flow *f, size_t n)
{
    return f->n < n ? NULL : f->batches + (f->n - n);
}

/* The next begins where the one before ended: the flow never waits. */
static bool without_pause(const sm_advice_batch *b, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (b[i].started_ms - b[i - 1].ended_ms > took(&b[i - 1]) / 20 + 50)
            return false;
    return true;
}

/* ---- rules --------------------------------------------------------------------------- */

typedef bool (*rule_fn)(const sm_advice_flow *f, sm_buf *message, sm_buf *command);

/* More came while `b` was at work than it took: what is left grows.  Where a batch takes all that
 * there is, or nobody knows what is left, batches that grow say the same. */
static bool grows(const sm_advice_batch *a, const sm_advice_batch *b)
{
    bool known = a->lag >= 0 && b->lag >= 0 && a->lag_is_rows == b->lag_is_rows;

    return known && a->lag + b->lag > 0 ? b->lag > a->lag : b->read > a->read;
}

static bool falling_behind(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    const sm_advice_batch *b = newest(f, IN_A_ROW + 1);

    if (b == NULL || !without_pause(b, IN_A_ROW + 1))
        return false;
    for (size_t i = 1; i <= IN_A_ROW; i++)
        if (!grows(&b[i - 1], &b[i]))
            return false;
    sm_buf_adds(message, "more rows come than can be processed: ");
    sm_buf_add_count(message, b[IN_A_ROW].read);
    sm_buf_adds(message, " in the last batch, which took ");
    sm_buf_add_duration(message, took(&b[IN_A_ROW]));
    if (b[IN_A_ROW].lag > 0) {
        sm_buf_adds(message, ", and ");
        sm_buf_add_count(message, b[IN_A_ROW].lag);
        sm_buf_adds(message, b[IN_A_ROW].lag_is_rows ? " rows wait" : " files wait");
    }
    sm_buf_adds(message, "; give the engine more threads or memory, or make the query lighter");
    sm_buf_addf(command, "smelt show %.*s --sql", SM_SV_ARG(f->table));
    return true;
}

static bool short_batches(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    const sm_advice_batch *b = newest(f, ENOUGH);
    int64_t work = 0, rest = 0;

    (void)command;
    for (size_t i = 0; b != NULL && i < ENOUGH; i++) {
        if (b[i].work_us < 0 || b[i].rest_us < 0)
            return false;
        work += b[i].work_us;
        rest += b[i].rest_us;
    }
    if (b == NULL || rest <= work)
        return false;
    sm_buf_addf(message,
                "%lld %% of the time of a batch is spent on beginning and ending it: a longer "
                "interval does the same with less",
                (long long)(100 * rest / (work + rest)));
    return true;
}

static bool long_batches(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    const sm_advice_batch *b = newest(f, IN_A_ROW);

    (void)command;
    if (b == NULL || f->interval_ms == 0)
        return false;
    for (size_t i = 0; i < IN_A_ROW; i++)
        if (took(&b[i]) <= f->interval_ms)
            return false;
    sm_buf_adds(message, "batches take longer than the interval of ");
    sm_buf_add_duration(message, f->interval_ms);
    sm_buf_adds(message, ", the last one ");
    sm_buf_add_duration(message, took(&b[IN_A_ROW - 1]));
    sm_buf_adds(message, ": a longer interval, or fewer files in a batch (max_files_per_trigger)");
    return true;
}

static bool late_rows(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    int64_t read = 0, late = 0;

    for (size_t i = 0; i < f->n; i++) {
        read += f->batches[i].read > 0 ? f->batches[i].read : 0;
        late += f->batches[i].late > 0 ? f->batches[i].late : 0;
    }
    if (!f->has_watermark || late == 0 || 1000 * late < LATE_PERMILLE * read)
        return false;
    sm_buf_add_count(message, late);
    sm_buf_adds(message, " of ");
    sm_buf_add_count(message, read);
    sm_buf_adds(message, " rows came too late: a greater delay of the watermark would take them");
    sm_buf_addf(command, "smelt watermark suggest %.*s", SM_SV_ARG(f->table));
    return true;
}

static bool large_state(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    if (f->state_rows < LARGE_ROWS && f->state_bytes < LARGE_BYTES)
        return false;
    sm_buf_add_count(message, f->state_rows);
    sm_buf_adds(message, " rows (");
    sm_buf_add_size(message, f->state_bytes);
    sm_buf_adds(message, f->has_watermark
                             ? ") are remembered: a smaller delay of the watermark keeps fewer"
                             : ") are remembered and none is ever forgotten: a watermark would");
    sm_buf_addf(command, "smelt checkpoint show %.*s", SM_SV_ARG(f->flow));
    return true;
}

static bool small_files(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    const sm_advice_batch *b = newest(f, ENOUGH);
    int64_t files = 0, bytes = 0;

    (void)command;
    for (size_t i = 0; b != NULL && i < ENOUGH; i++) {
        if (b[i].files_out < 0 || b[i].bytes_out < 0)
            return false;
        files += b[i].files_out;
        bytes += b[i].bytes_out;
    }
    if (files < ENOUGH || bytes / files >= SMALL_FILE)
        return false;
    sm_buf_adds(message, "a file of the table has ");
    sm_buf_add_size(message, bytes / files);
    sm_buf_adds(message, " on average, which makes reading slow: a longer interval writes fewer");
    return true;
}

/* Small sums matter too: what one run costs may be a hundredth of a cent. */
static void add_number(sm_buf *b, double v)
{
    sm_buf_addf(b, v >= 0.1 || v <= 0 ? "%.2f" : "%.2g", v);
}

static void add_cost(const sm_advice_flow *f, sm_buf *message, double cpu_s)
{
    add_number(message, cpu_s);
    sm_buf_adds(message, cpu_s == 1 ? " CPU-second" : " CPU-seconds");
    if (f->price_per_cpu_hour <= 0)
        return;
    sm_buf_adds(message, " (");
    add_number(message, cpu_s / 3600 * f->price_per_cpu_hour);
    sm_buf_adds(message, " in money)");
}

static bool idle(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    double cpu_s = (double)f->cpu_us / 1e6;

    (void)command;
    if (f->waits_ms < DAY_MS || f->busy_ms * 100 >= f->waits_ms * IDLE_PERCENT)
        return false;
    sm_buf_adds(message, "it runs all day, and was at work for ");
    sm_buf_add_duration(message, f->busy_ms);
    sm_buf_adds(message, " of the last ");
    sm_buf_add_duration(message, f->waits_ms);
    sm_buf_adds(message, ": with `trigger: available_now` or a schedule ");
    if (f->cpu_us <= 0 || f->runs <= 0) {
        sm_buf_adds(message, "it costs no more than that");
        return true;
    }
    sm_buf_adds(message, "a run costs about ");
    add_cost(f, message, cpu_s / (double)f->runs);
    sm_buf_adds(message, ", and all of them ");
    add_cost(f, message, cpu_s);
    sm_buf_adds(message, ", where a processor that is kept waiting costs ");
    add_cost(f, message, (double)f->waits_ms / 1000);
    return true;
}

/* The share of rows that are set aside grows from batch to batch. */
static bool quarantine_growing(const sm_advice_flow *f, sm_buf *message, sm_buf *command)
{
    const sm_advice_batch *b = newest(f, IN_A_ROW + 1);

    for (size_t i = 0; b != NULL && i <= IN_A_ROW; i++) {
        if (b[i].read <= 0 || b[i].quarantined < 0)
            return false;
        if (i > 0 && b[i].quarantined * b[i - 1].read <= b[i - 1].quarantined * b[i].read)
            return false;
    }
    if (b == NULL)
        return false;
    sm_buf_addf(message, "more and more rows are set aside: %.1f %% of the last batch",
                100 * (double)b[IN_A_ROW].quarantined / (double)b[IN_A_ROW].read);
    sm_buf_addf(command, "smelt quarantine show %.*s", SM_SV_ARG(f->table));
    return true;
}

static const struct {
    const char *kind;
    rule_fn applies;
} rules[] = {
    { "falling_behind", falling_behind }, { "long_batches", long_batches },
    { "short_batches", short_batches },   { "late_rows", late_rows },
    { "large_state", large_state },       { "quarantine_growing", quarantine_growing },
    { "small_files", small_files },       { "idle", idle },
};

enum { RULES = sizeof rules / sizeof rules[0], TEXT_MAX = 1024 };

void sm_advise(const sm_advice_flow *f, sm_arena *a, sm_advice **out, size_t *n)
{
    sm_buf message, command;

    *out = SM_NEW_N(a, sm_advice, RULES);
    *n = 0;
    sm_buf_init(&message, TEXT_MAX);
    sm_buf_init(&command, TEXT_MAX);
    for (size_t i = 0; i < RULES; i++) {
        sm_buf_clear(&message);
        sm_buf_clear(&command);
        if (rules[i].applies(f, &message, &command))
            (*out)[(*n)++] = (sm_advice){ rules[i].kind, sm_arena_dup(a, sm_buf_sv(&message)),
                                          sm_arena_dup(a, sm_buf_sv(&command)) };
    }
    sm_buf_release(&message);
    sm_buf_release(&command);
}
