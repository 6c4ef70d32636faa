/* SPDX-License-Identifier: Apache-2.0 */
/* bench_ndjson.c -- nanoseconds per row of the NDJSON decoder, one thread, file in cache.
 *
 *     bench_ndjson [FILE]      without FILE: 500,000 readings of about 150 bytes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/connect/decode_ndjson.h"

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
    sm_decode_file file = { path, path, st.st_size };
    int64_t best = INT64_MAX, rows = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t took = bench_round(decoded, schema.n, &file, &rows);
        best = took < best ? took : best;
    }
    printf("%lld rows of %.0f bytes: %.1f ns/row, %.2f GB/s\n", (long long)rows,
           (double)st.st_size / (double)rows, (double)best / (double)rows,
           (double)st.st_size / (double)best);
    if (argc < 2)
        unlink(made);
    sm_arena_free(a);
    return 0;
}
