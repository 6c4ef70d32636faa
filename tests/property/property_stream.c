/* SPDX-License-Identifier: Apache-2.0 */
/* property_stream.c -- streaming SQL against one query over all rows; see prop.h.
 *
 *     property_stream [--seed N] [--cases M] [--first K] [--seconds S] [--shard I/N] [--state FILE]
 *                     [--keep-going] [--show]
 *
 * Case K of a seed is the same wherever it runs.  A shard runs the cases K with K % N = I.  The
 * state file has a line for every hundred cases, and a run goes on where the last one ended.  The
 * first failure ends the run (status 1), with its seed, query, rows and the difference. */
#include "tests/property/prop.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "tests/support/live_engine.h"
#include "tests/support/test.h"

enum { STATE_EVERY = 100 };

typedef struct options {
    uint64_t seed;
    long long cases, first, seconds, shard, shards;
    const char *state;
    bool keep_going, show;
} options;

typedef struct tally {
    long long same, skipped, failed;
} tally;

void prop_check(sm_code rc, const sm_error *err, const char *what)
{
    if (rc == SM_OK)
        return;
    fprintf(stderr, "%s: %s\n%s\n", sm_code_name(rc), err->msg, what);
    exit(2);
}

void prop_exec(sm_session *s, const char *sql)
{
    sm_error err;

    prop_check(sm_session_exec(s, sm_sv_cstr(sql), &err), &err, sql);
}

/* ---- one case ---------------------------------------------------------------------------- */

static void print_rows(prop_world *w, const char *sql)
{
    sm_rows *rows;
    sm_error err;
    sm_buf b;

    prop_check(sm_session_query(w->oracle, sm_sv_cstr(sql), &rows, &err), &err, sql);
    sm_buf_init(&b, 16 * 1024 * 1024);
    while (sm_rows_next(rows)) {
        sm_buf_adds(&b, "  ");
        for (size_t i = 0; i < sm_rows_schema(rows)->n; i++) {
            sm_buf_adds(&b, i > 0 ? " | " : "");
            sm_rows_text(rows, i, &b);
        }
        sm_buf_addc(&b, '\n');
    }
    fputs(b.ptr, stdout);
    sm_buf_release(&b);
    sm_rows_free(rows);
}

static void print_stream(const prop_case *c, int i)
{
    static const char *const columns = "_b, id, ts, k, g, v, d, m, b, make_timestamp(_w) AS late";
    const prop_stream *s = &c->streams[i];

    if (!s->used)
        return;
    printf("%c: ", 'a' + i);
    if (s->marked)
        printf("watermark ts, delay %g s, idle_timeout %g s, max_future %g s",
               (double)s->delay / 1e6, (double)s->idle / 1e6, (double)s->future / 1e6);
    if (s->dedup)
        printf("; deduplicate %zu of k, g, ts%s", s->dedup->n_keys,
               s->dedup->within_watermark ? " within the watermark" : "");
    printf("\n  %s\n", columns);
}

static void print_case(prop_case *c, prop_world *w)
{
    static const char *const modes[] = { "append", "update", "complete" };

    printf("--seed %llu --first %llu --cases 1\nmode %s%s\n", (unsigned long long)c->seed,
           (unsigned long long)c->number, modes[c->mode],
           c->greatest ? ", watermark_policy max" : "");
    if (c->dedup)
        printf("deduplicate %zu of k, x, tm%s\n", c->dedup->n_keys,
               c->dedup->within_watermark ? " within the watermark" : "");
    printf("smelt:  %s\noracle: %s\nbatches:", c->smelt, c->oracle);
    for (size_t i = 0; i < c->n_steps; i++)
        printf(" %s%s%s%d@%lld", c->steps[i].restart ? "restart " : "",
               c->steps[i].crash ? "crash " : "", c->steps[i].lost ? "lost " : "", c->steps[i].data,
               (long long)c->steps[i].time / 1000000);
    printf("\n");
    for (int i = 0; i < PROP_STREAMS; i++) {
        print_stream(c, i);
        if (c->streams[i].used)
            print_rows(w, prop_text(c,
                                    "SELECT _b, id, ts, k, g, v, d, m, b, make_timestamp(_w) FROM "
                                    "r%c ORDER BY _i",
                                    'a' + i));
    }
}

static prop_verdict run_case(prop_world *w, const options *o, long long number)
{
    prop_case c = { .seed = o->seed,
                    .number = (uint64_t)number,
                    .random = prop_mix(o->seed * 0x2545f4914f6cdd1dU + (uint64_t)number),
                    .a = sm_arena_new("case") };
    prop_verdict v;
    sm_buf why;

    sm_buf_init(&why, 1024 * 1024);
    prop_draw_query(&c);
    prop_draw_rows(&c);
    prop_draw_life(&c, w);
    if (o->show)
        print_case(&c, w);
    prop_run_models(&c, w);
    v = prop_run(&c, w, &why);
    if (v == PROP_DIFFERS) {
        if (!o->show)
            print_case(&c, w);
        printf("differs:\n%s\n", why.ptr);
        fflush(stdout);
    }
    sm_buf_release(&why);
    sm_arena_free(c.a);
    return v;
}

/* ---- a run --------------------------------------------------------------------------------- */

/* What happens between threads of the engine is looked at by some cases; the others cost less. */
static int threads_of(long long number)
{
    return number % 8 == 7 ? 2 : 1;
}

static void open_world(prop_world *w, int threads)
{
    char root[PATH_MAX];
    sm_sv allowed;
    sm_error err;

    if (realpath(sm_test_folder("property"), root) == NULL)
        exit(2);
    snprintf(w->folder, sizeof w->folder, "%.3000s/state", root);
    allowed = sm_sv_cstr(root);
    sm_engine_config config = { .threads = threads,
                                .memory_limit = SM_SV("1GiB"),
                                .allowed_directories = &allowed,
                                .allowed_count = 1 };
    prop_check(sm_engine_open(&config, &w->engine, &err), &err, "engine");
    prop_check(sm_session_open(w->engine, &w->oracle, &err), &err, "session");
    prop_exec(w->oracle,
              "CREATE TABLE dim AS SELECT * FROM (VALUES (0, 'zero', 100), (1, 'a', NULL), "
              "(2, NULL, 7)) AS t(g, label, x)");
}

/* That of the case; each is opened once. */
static prop_world *world_of(prop_world *worlds, long long number)
{
    int threads = threads_of(number);
    prop_world *w = &worlds[threads - 1];

    if (w->engine == NULL)
        open_world(w, threads);
    return w;
}

/* A line for each part of a run: what was run, and where the next one begins.  A run goes on at
 * the end of the last line; a case that differed is run again. */
static long long read_state(const options *o)
{
    sm_arena *a = sm_arena_new("state");
    long long first = o->first, shard, shards, from, next;
    unsigned long long seed;
    sm_error err;
    sm_sv text, line;

    if (o->state && sm_fs_exists(o->state)) {
        prop_check(sm_fs_read(o->state, 16 * 1024 * 1024, a, &text, &err), &err, o->state);
        while (sm_sv_next(&text, '\n', &line) && line.len > 0) {
            if (sscanf(sm_arena_cstr(a, line), "seed %llu shard %lld/%lld cases %lld to %lld",
                       &seed, &shard, &shards, &from, &next) != 5 ||
                seed != o->seed || shard != o->shard || shards != o->shards) {
                fprintf(stderr, "%s is of another run: %.*s\n", o->state, SM_SV_ARG(line));
                exit(2);
            }
            first = next;
        }
    }
    sm_arena_free(a);
    return first;
}

static void write_state(const options *o, long long from, long long next, const tally *t)
{
    FILE *f = o->state && next > from ? fopen(o->state, "a") : NULL;

    if (f == NULL)
        return;
    fprintf(f,
            "seed %llu shard %lld/%lld cases %lld to %lld: %lld same, %lld skipped, %lld differ\n",
            (unsigned long long)o->seed, o->shard, o->shards, from, next, t->same, t->skipped,
            t->failed);
    if (fclose(f) != 0) {
        fprintf(stderr, "%s cannot be written\n", o->state);
        exit(2);
    }
}

static bool run_number(prop_world *worlds, const options *o, long long number, tally *t)
{
    prop_verdict v = run_case(world_of(worlds, number), o, number);

    t->same += v == PROP_SAME;
    t->skipped += v == PROP_SKIPPED;
    t->failed += v == PROP_DIFFERS;
    return v != PROP_DIFFERS || o->keep_going;
}

static tally run_cases(prop_world *worlds, const options *o)
{
    int64_t end = sm_clock_boot_ms() + o->seconds * 1000;
    long long number = read_state(o), last = o->first + o->cases, from = number;
    tally all = { 0 }, part = { 0 };
    bool more = true;

    while (more && number < last && (o->seconds == 0 || sm_clock_boot_ms() <= end)) {
        if (number % o->shards == o->shard)
            more = run_number(worlds, o, number, &part);
        number += more;
        if (more && number % STATE_EVERY != 0 && number < last)
            continue;
        write_state(o, from, number, &part);
        from = number;
        all = (tally){ all.same + part.same, all.skipped + part.skipped, all.failed + part.failed };
        part = (tally){ 0 };
    }
    write_state(o, from, number, &part);
    return (tally){ all.same + part.same, all.skipped + part.skipped, all.failed + part.failed };
}

static bool take_option(options *o, const char *name, const char *value)
{
    long long *number = strcmp(name, "--cases") == 0     ? &o->cases
                        : strcmp(name, "--first") == 0   ? &o->first
                        : strcmp(name, "--seconds") == 0 ? &o->seconds
                                                         : NULL;

    if (strcmp(name, "--seed") == 0)
        o->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--state") == 0)
        o->state = value;
    else if (strcmp(name, "--shard") == 0)
        return sscanf(value, "%lld/%lld", &o->shard, &o->shards) == 2 && o->shards > 0;
    else if (number)
        *number = strtoll(value, NULL, 10);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    options o = { .seed = (uint64_t)sm_clock_boot_us(), .cases = 60, .shards = 1 };
    prop_world worlds[2] = { 0 };
    tally t;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--keep-going") == 0) {
            o.keep_going = true;
        } else if (strcmp(argv[i], "--show") == 0) {
            o.show = true;
        } else if (i + 1 == argc || !take_option(&o, argv[i], argv[i + 1])) {
            fprintf(stderr, "what is %s?\n", argv[i]);
            return 2;
        } else {
            i++;
        }
    }
    printf("--seed %llu\n", (unsigned long long)o.seed);
    t = run_cases(worlds, &o);
    printf("%lld cases are the same, %lld skipped, %lld differ\n", t.same, t.skipped, t.failed);
    for (size_t i = 0; i < 2; i++) {
        sm_session_close(worlds[i].oracle);
        sm_engine_close(worlds[i].engine);
    }
    sm_test_live_close();
    return t.failed > 0;
}
