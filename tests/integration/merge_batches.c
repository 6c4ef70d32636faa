/* SPDX-License-Identifier: Apache-2.0 */
/* merge_batches.c -- batches that replace rows by key, as a flow would take them to done.
 *
 *     merge_batches TABLE KEY,… [PARTITION]
 *
 * One line of JSON per batch on standard input: {"touched": SQL, "rows": SQL}.  One line on
 * standard output at the start, "batch <the last one in the table>", and one per batch:
 * "<batch> <version> <rows> <milliseconds>".  What is decided lies in TABLE.decided until it
 * is published; a new life publishes it first.  Run by oracle_merge.py and bench_merge.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/connect/connect.h"
#include "runtime/engine/engine.h"
#include "runtime/sinks/sinks.h"

enum { MAX_KEYS = 8, MAX_LINE = 1024 * 1024, MAX_MANIFEST = 64 * 1024 * 1024, TRIES = 8 };

static sm_session *session;
static sm_error err;
static const char *decided;

static void check(sm_code rc)
{
    if (rc == SM_OK)
        return;
    fprintf(stderr, "%s: %s\n", sm_code_name(rc), err.msg);
    exit(1);
}

static void store(const sm_manifest *m)
{
    check(sm_fs_write_durable(decided, sm_manifest_text(m), 0600, &err));
    sm_failpoint("flow.after_decided");
}

/* SM_E_AGAIN: the batch is void. */
static sm_code publish(sm_sink *k, const sm_manifest *m, int64_t *version)
{
    sm_code rc = sm_manifest_is_empty(m) ? SM_OK : sm_sink_publish(k, m, version, &err);

    if (rc != SM_OK && rc != SM_E_AGAIN)
        check(rc);
    if (rc == SM_E_AGAIN)
        sm_sink_discard(k, m);
    else
        sm_failpoint("flow.after_publish");
    check(sm_fs_unlink(decided, &err));
    return rc;
}

/* What an earlier life decided; then the last batch that the table holds. */
static int64_t resume(sm_sink *k)
{
    sm_arena *a = sm_arena_new("resume");
    int64_t version, last;
    sm_target_state state;
    sm_manifest *m;
    sm_sv text;
    sm_code rc = sm_fs_read(decided, MAX_MANIFEST, a, &text, &err);

    if (rc == SM_OK) {
        check(sm_manifest_parse(a, text, &m, &err));
        (void)publish(k, m, &version);
    } else if (rc != SM_E_NOT_FOUND) {
        check(rc);
    }
    k->session = session;
    check(sm_sink_inspect(k, a, &state, &err));
    k->session = NULL;
    last = state.batch;
    sm_arena_free(a);
    return last;
}

static sm_code try_batch(sm_sink *k, sm_sv rows_sql, int64_t n, sm_arena *a, int64_t *version,
                         int64_t *rows)
{
    sm_batch_id id = { .flow = k->flow,
                       .generation = k->generation,
                       .n = n,
                       .time_ms = 1700000000000 + n,
                       .end_offsets = sm_json_object(a) };
    sm_manifest *m = sm_manifest_new(a, &id);
    int64_t bytes;

    k->session = session;
    check(sm_sink_prepare(k, rows_sql, m, rows, &bytes, &err));
    k->session = NULL;
    store(m);
    return publish(k, m, version);
}

static void run_batch(sm_sink *k, const sm_json *line, int64_t n, sm_arena *a)
{
    sm_sv rows_sql = sm_json_get_sv(line, "rows", SM_SV(""));
    int64_t version = -1, rows, started = sm_clock_boot_ms();
    sm_schema bound, stored;
    sm_code rc = SM_E_AGAIN;

    check(sm_session_describe(session, rows_sql, a, &bound, &err));
    check(sm_schema_stored(&bound, a, &stored, &err));
    k->schema = &stored;
    k->touched = sm_json_get_sv(line, "touched", SM_SV(""));
    for (int i = 0; i < TRIES && rc == SM_E_AGAIN; i++)
        rc = try_batch(k, rows_sql, n, a, &version, &rows);
    check(rc);
    k->session = session;
    check(sm_sink_maintain(k, &err));
    k->session = NULL;
    printf("%lld %lld %lld %lld\n", (long long)n, (long long)version, (long long)rows,
           (long long)(sm_clock_boot_ms() - started));
    fflush(stdout);
}

static void run_batches(sm_sink *k)
{
    char *text = sm_xmalloc(MAX_LINE);
    sm_arena *a = sm_arena_new("batch");
    int64_t n = resume(k);

    printf("batch %lld\n", (long long)n);
    fflush(stdout);
    while (fgets(text, MAX_LINE, stdin) != NULL) {
        sm_json *line;

        check(sm_json_parse(sm_sv_cstr(text), a, &line, &err));
        run_batch(k, line, ++n, a);
        sm_arena_reset(a);
    }
    sm_arena_free(a);
    free(text);
}

static void run_table(const char *table, const char *key_list, const char *partition_name)
{
    sm_arena *a = sm_arena_new("table");
    sm_sv partition = sm_sv_cstr(partition_name), rest = sm_sv_cstr(key_list), keys[MAX_KEYS];
    size_t n = 0;

    while (n < MAX_KEYS && sm_sv_next(&rest, ',', &keys[n]))
        n++;
    decided = sm_arena_printf(a, "%s.decided", table).ptr;
    sm_sink k = {
        .ops = sm_sink_find(sm_sinks(), SM_SV("delta")),
        .name = SM_SV("t"),
        .flow = SM_SV("t"),
        .generation = SM_SV("00000000-0000-4000-8000-000000000001"),
        .path = sm_sv_cstr(table),
        .partition_by = &partition,
        .partition_count = partition.len > 0 ? 1 : 0,
        .mode = SM_WRITE_MERGE,
        .merge_keys = keys,
        .merge_key_count = n,
        .arena = a,
    };
    check(sm_sink_open(&k, &err));
    run_batches(&k);
    sm_sink_close(&k);
    sm_arena_free(a);
}

int main(int argc, char **argv)
{
    sm_sv allowed = SM_SV("/");
    sm_engine_config config = { .memory_limit = SM_SV("1GiB"),
                                .threads = 2,
                                .allowed_directories = &allowed,
                                .allowed_count = 1 };
    sm_engine *engine;

    if (argc < 3) {
        fputs("merge_batches TABLE KEY,… [PARTITION]\n", stderr);
        return 2;
    }
    check(sm_engine_open(&config, &engine, &err));
    check(sm_session_open(engine, &session, &err));
    run_table(argv[1], argv[2], argc > 3 ? argv[3] : "");
    sm_session_close(session);
    sm_engine_close(engine);
    return 0;
}
