/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_delta.c -- tables for other readers to judge, and our own reading of them.
 *
 *     oracle_delta write DIR          make the tables below DIR
 *     oracle_delta read TABLE OUT     each version of TABLE as OUT/<version>.parquet, as we read it
 *
 * Run by oracle_delta.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/sqltext.h"
#include "runtime/connect/connect.h"
#include "runtime/delta/delta.h"
#include "runtime/delta/delta_log.h"
#include "runtime/engine/engine.h"
#include "runtime/sinks/sinks.h"

static sm_session *session;
static sm_error err;

static void check(sm_code rc)
{
    if (rc == SM_OK)
        return;
    fprintf(stderr, "%s: %s\n", sm_code_name(rc), err.msg);
    exit(1);
}

/* ---- writing ---- */

typedef struct oracle_table {
    const char *name;
    int batches;
    bool overwrite;
    const char *partition; /* NULL: none */
    const char *select;    /* of batch $n, which is replaced */
} oracle_table;

#define EVERY_TYPE                                                                                 \
    "SELECT i::BIGINT AS id, i::TINYINT AS c_byte, i::SMALLINT AS c_short, i::INTEGER AS c_int, "  \
    "(i * 9000000000000)::BIGINT AS c_long, (i * 0.1)::FLOAT AS c_float, "                         \
    "CASE i % 4 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN '-inf'::DOUBLE ELSE i * 0.1::DOUBLE END "    \
    "AS c_double, (i * 1.25)::DECIMAL(10,2) AS c_decimal, "                                        \
    "(i::DECIMAL(38,0) * 10000000000000000000000000)::DECIMAL(38,5) AS c_wide, "                   \
    "i % 2 = 0 AS c_boolean, repeat('\xc3\xbc', 30) || i AS c_string, encode('b' || i) AS "        \
    "c_binary, "                                                                                   \
    "DATE '1960-01-01' + (i * 1000)::INTEGER AS c_date, "                                          \
    "TIMESTAMP '1969-12-31 23:59:59.999999' + to_hours(i * 7000) AS c_timestamp, "                 \
    "CASE WHEN i % 3 > 0 THEN [i, NULL] END AS c_list, "                                           \
    "CASE WHEN i % 3 > 0 THEN {'a': i, 'b': {'c': ['x'], 'd': TIMESTAMP '2024-01-01'}} END "       \
    "AS c_struct, MAP {'k' || coalesce(i, 0): i, 'n': NULL} AS c_map, i::HUGEINT AS c_hugeint, "   \
    "i::UBIGINT AS c_ubigint, uuid_from(i) AS c_uuid, NULL::VARCHAR AS c_null "                    \
    "FROM (SELECT nullif(r, 3) AS i FROM range($n * 8, $n * 8 + 8) t(r))"

static const oracle_table tables[] = {
    { "types", 5, false, NULL, EVERY_TYPE },
    { "history", 34, false, NULL,
      "SELECT $n::BIGINT AS n, 'row ' || i AS t FROM range($n % 5) r(i)" },
    { "view", 23, true, NULL, "SELECT $n::BIGINT AS n, i AS i FROM range($n % 7) r(i)" },
    { "parts", 12, false, "p",
      "SELECT i + 100 * $n AS n, p FROM (SELECT row_number() OVER () AS i, unnest(["
      "'plain', NULL, 'a b', '50%', 'x=1', 'a/b', 'a:b', '\xc3\xbc', 'a''b', 'a\"b', '__x', '*?[', "
      "'', "
      "'%41', '+', 'a\\b', '#', '{}', '^', 'a~b', 'a|b']) AS p)" },
    { "days", 3, false, "p",
      "SELECT i AS n, DATE '1969-12-30' + (i + $n)::INTEGER AS p FROM range(3) r(i)" },
    { "moments", 3, false, "p",
      "SELECT i AS n, TIMESTAMP '1969-12-31 23:59:59.999999' + to_hours(i + $n) AS p FROM range(3) "
      "r(i)" },
    { "decimals", 2, false, "p",
      "SELECT i AS n, (i * 1.5)::DECIMAL(10,2) AS p FROM range(3) r(i)" },
    { "flags", 2, false, "p",
      "SELECT i AS n, CASE i WHEN 0 THEN true WHEN 1 THEN false END AS p FROM range(3) r(i)" },
    { "nothing", 1, false, NULL, "SELECT 1 AS n WHERE false" },
};

static sm_sv select_of(const oracle_table *t, int n, sm_arena *a)
{
    sm_sv rest = sm_sv_cstr(t->select);
    sm_buf sql;

    sm_buf_init(&sql, 1024 * 1024);
    for (ptrdiff_t at; (at = sm_sv_find(rest, SM_SV("$n"))) >= 0;) {
        sm_buf_add(&sql, sm_sv_sub(rest, 0, (size_t)at));
        sm_buf_addf(&sql, "%d", n);
        rest = sm_sv_sub(rest, (size_t)at + 2, rest.len);
    }
    sm_buf_add(&sql, rest);
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&sql));
    sm_buf_release(&sql);
    return text;
}

static void write_batch(sm_sink *k, const oracle_table *t, int n)
{
    sm_arena *a = sm_arena_new("batch");
    sm_batch_id id = { .flow = k->flow,
                       .generation = k->generation,
                       .n = n,
                       .time_ms = 1700000000000 + n,
                       .end_offsets = sm_json_object(a) };
    sm_manifest *m = sm_manifest_new(a, &id);
    int64_t rows, bytes, version;

    k->session = session;
    check(sm_sink_prepare(k, select_of(t, n, a), m, &rows, &bytes, &err));
    k->session = NULL;
    if (!sm_manifest_is_empty(m))
        check(sm_sink_publish(k, m, &version, &err));
    k->session = session;
    check(sm_sink_maintain(k, &err));
    k->session = NULL;
    sm_arena_free(a);
}

static void write_table(const char *dir, const oracle_table *t)
{
    sm_arena *a = sm_arena_new("table");
    sm_sv partition = sm_sv_cstr(t->partition);
    sm_schema bound, stored;

    check(sm_session_describe(session, select_of(t, 0, a), a, &bound, &err));
    check(sm_schema_stored(&bound, a, &stored, &err));
    sm_sink k = {
        .ops = sm_sink_find(sm_sinks(), SM_SV("delta")),
        .name = sm_sv_cstr(t->name),
        .flow = sm_sv_cstr(t->name),
        .generation = SM_SV("00000000-0000-4000-8000-000000000001"),
        .path = sm_sv_cstr(sm_path_join(a, sm_sv_cstr(dir), sm_sv_cstr(t->name))),
        .schema = &stored,
        .partition_by = &partition,
        .partition_count = t->partition != NULL ? 1 : 0,
        .mode = t->overwrite ? SM_WRITE_OVERWRITE : SM_WRITE_APPEND,
        .arena = a,
    };
    check(sm_sink_open(&k, &err));
    for (int n = 0; n < t->batches; n++)
        write_batch(&k, t, n);
    sm_sink_close(&k);
    sm_arena_free(a);
}

static void write_tables(const char *dir)
{
    check(sm_session_exec(session,
                          SM_SV("CREATE TEMP MACRO uuid_from(i) AS "
                                "('00000000-0000-4000-8000-' || lpad(i::VARCHAR, 12, '0'))::UUID"),
                          &err));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        write_table(dir, &tables[i]);
}

/* ---- reading ---- */

static void read_version(const char *table, int64_t version, const char *out)
{
    sm_arena *a = sm_arena_new("read");
    sm_delta_info info;
    sm_sv select;
    sm_buf sql;

    check(sm_delta_relation(sm_sv_cstr(table), NULL, version, session, a, &info, &select, &err));
    sm_buf_init(&sql, 16 * 1024 * 1024);
    sm_buf_addf(&sql, "COPY (%.*s) TO ", SM_SV_ARG(select));
    sm_sql_literal(&sql, sm_arena_printf(a, "%s/%lld.parquet", out, (long long)version));
    sm_buf_adds(&sql, " (FORMAT parquet)");
    check(sm_session_exec(session, sm_buf_sv(&sql), &err));
    sm_buf_release(&sql);
    sm_arena_free(a);
}

/* From the first version whose commit is there. */
static void read_table(const char *table, const char *out)
{
    sm_delta_table *t;
    int64_t newest, first;
    bool there = true;

    check(sm_delta_open(sm_sv_cstr(table), NULL, &t, &err));
    check(sm_delta_newest(t, -1, &newest, &err));
    for (first = newest; there && first > 0; first -= there)
        check(sm_delta_probe(t, first - 1, &there, &err));
    for (int64_t v = first; v <= newest; v++)
        read_version(table, v, out);
    sm_delta_close(t);
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
        fputs("oracle_delta write DIR | read TABLE OUT\n", stderr);
        return 2;
    }
    check(sm_engine_open(&config, &engine, &err));
    check(sm_session_open(engine, &session, &err));
    if (strcmp(argv[1], "write") == 0)
        write_tables(argv[2]);
    else
        read_table(argv[2], argv[3]);
    sm_session_close(session);
    sm_engine_close(engine);
    return 0;
}
