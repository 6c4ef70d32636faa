/* SPDX-License-Identifier: Apache-2.0 */
/* bench_ndjson.c -- CPU per row of the NDJSON decoder, alone and as a relation beside DuckDB's.
 *
 *     bench_ndjson [FILE]      without FILE: 500,000 readings of about 140 bytes
 *
 * The file is in the cache.  The relations are read whole by one aggregate, in turn; what
 * is printed is the best of each, in nanoseconds of CPU (all threads) per row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/connect/decode_relation.h"

enum { ROWS = 500000, ROUNDS = 7 };

static int64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void bench_write(const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    for (unsigned i = 0; i < ROWS; i++)
        fprintf(
            f,
            "{\"device_id\":\"sensor-%05u\",\"event_timestamp\":\"2026-01-%02uT%02u:%02u:%02uZ\","
            "\"temperature\":%u.%02u,\"battery\":%u,\"status\":\"ok\",\"firmware\":\"v%u.3.1\"}\n",
            i % 50000, i % 28 + 1, i / 3600 % 24, i / 60 % 60, i % 60, i % 40, i % 100, i % 101,
            i % 7);
    fclose(f);
}

static int64_t bench_round(const sm_decode_column *columns, size_t n, const sm_decode_file *file,
                           int64_t *rows)
{
    sm_decode_vector *vectors = calloc(n, sizeof *vectors);
    sm_decode_tally *tally = calloc(1, sizeof *tally);
    sm_ndjson *d = sm_ndjson_new(columns, n);
    sm_decode_blocks *blocks = sm_decode_blocks_new(file, 1, 0);
    sm_decode_block block;
    sm_error err;
    bool more;
    int64_t start = bench_now();
    for (size_t i = 0; i < n; i++)
        vectors[i].data = malloc((size_t)columns[i].size * SM_DECODE_ROWS);
    sm_decode_block_init(&block);
    *rows = 0;
    while (sm_decode_block_next(blocks, &block, &more, &err) == SM_OK && more) {
        size_t got;
        sm_ndjson_begin(d, &block);
        while ((got = sm_ndjson_rows(d, vectors, tally)) > 0)
            *rows += (int64_t)got;
    }
    start = bench_now() - start;
    for (size_t i = 0; i < n; i++)
        free(vectors[i].data);
    sm_decode_block_release(&block);
    sm_decode_blocks_free(blocks);
    sm_ndjson_free(d);
    free(tally);
    free(vectors);
    return start;
}

static int64_t bench_process(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const char bench_query[] =
    "SELECT count(device_id) + count(event_timestamp) + count(temperature) + count(battery) + "
    "count(status) + count(firmware) FROM ";

/* CPU of one aggregate over `relation`. */
static int64_t bench_relation(sm_session *session, const char *relation)
{
    char sql[2000];
    int64_t start = bench_process(), n;
    sm_error err;
    snprintf(sql, sizeof sql, "%s%s", bench_query, relation);
    if (sm_session_int64(session, sm_sv_cstr(sql), &n, &err) != SM_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    return bench_process() - start;
}

/* Ours and DuckDB's reader, each the best of its rounds. */
static void bench_engine(const sm_decode_file *file, const sm_decode_column *columns, size_t n,
                         int64_t rows)
{
    const sm_sv dirs[] = { SM_SV("/tmp") };
    const sm_engine_config config = { .allowed_directories = dirs, .allowed_count = 1 };
    const sm_decode_what what = {
        .format = SM_DECODE_FORMAT_NDJSON,
        .columns = columns,
        .n_columns = n,
        .files = file,
        .n_files = 1,
    };
    int64_t ours = INT64_MAX, theirs = INT64_MAX;
    sm_decode_relation *relation;
    sm_engine *engine;
    sm_session *session;
    sm_error err;
    char peer[1000];
    if (sm_engine_open(&config, &engine, &err) != SM_OK ||
        sm_session_open(engine, &session, &err) != SM_OK ||
        sm_decode_relation_new(&what, session, SM_SV("b"), &relation, &err) != SM_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    snprintf(peer, sizeof peer,
             "read_json('%s', format = 'newline_delimited', columns = {device_id: 'VARCHAR', "
             "event_timestamp: 'TIMESTAMP', temperature: 'DOUBLE', battery: 'INTEGER', "
             "status: 'VARCHAR', firmware: 'VARCHAR'})",
             file->path);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t took = bench_relation(session, "b");
        ours = took < ours ? took : ours;
        took = bench_relation(session, peer);
        theirs = took < theirs ? took : theirs;
    }
    printf("as a relation: %.1f ns/row; read_json: %.1f ns/row; ratio %.2f\n",
           (double)ours / (double)rows, (double)theirs / (double)rows,
           (double)theirs / (double)ours);
    sm_decode_relation_free(relation);
    sm_session_close(session);
    sm_engine_close(engine);
}

int main(int argc, char **argv)
{
    static sm_column columns[] = {
        { .name = { "device_id", 9 }, .type = { "VARCHAR", 7 } },
        { .name = { "event_timestamp", 15 }, .type = { "TIMESTAMP", 9 } },
        { .name = { "temperature", 11 }, .type = { "DOUBLE", 6 } },
        { .name = { "battery", 7 }, .type = { "INTEGER", 7 } },
        { .name = { "status", 6 }, .type = { "VARCHAR", 7 } },
        { .name = { "firmware", 8 }, .type = { "VARCHAR", 7 } },
    };
    const sm_schema schema = { columns, sizeof columns / sizeof columns[0] };
    char made[] = "/tmp/bench_ndjson_XXXXXX";
    sm_arena *a = sm_arena_new("bench");
    sm_decode_column *decoded;
    sm_error err;
    struct stat st;
    const char *path = argc > 1 ? argv[1] : made;
    if (argc < 2) {
        close(mkstemp(made));
        bench_write(made);
    }
    if (stat(path, &st) != 0 || sm_decode_columns(&schema, a, &decoded, &err) != SM_OK) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    sm_decode_file file = { .path = path, .name = path, .size = st.st_size };
    int64_t best = INT64_MAX, rows = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t took = bench_round(decoded, schema.n, &file, &rows);
        best = took < best ? took : best;
    }
    printf("%lld rows of %.0f bytes, decoded alone: %.1f ns/row, %.2f GB/s\n", (long long)rows,
           (double)st.st_size / (double)rows, (double)best / (double)rows,
           (double)st.st_size / (double)best);
    bench_engine(&file, decoded, schema.n, rows);
    if (argc < 2)
        unlink(made);
    sm_arena_free(a);
    return 0;
}
