/* SPDX-License-Identifier: Apache-2.0 */
/* run_fixture.c -- whole runs of a plan made by hand. */
#include "tests/unit/run_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/base/fs.h"
#include "runtime/delta/delta.h"
#include "runtime/sinks/sinks.h"
#include "runtime/sources/sources.h"

static sm_column columns[] = {
    { .name = { "ts", 2 }, .type = { "TIMESTAMP", 9 }, .nullable = true },
    { .name = { "k", 1 }, .type = { "VARCHAR", 7 }, .nullable = true },
    { .name = { "v", 1 }, .type = { "INTEGER", 7 }, .nullable = true }
};
static sm_column late_columns[] = {
    { .name = { "_stage", 6 }, .type = { "VARCHAR", 7 }, .nullable = true },
    { .name = { "_event_time", 11 }, .type = { "TIMESTAMP", 9 }, .nullable = true },
    { .name = { "_watermark", 10 }, .type = { "TIMESTAMP", 9 }, .nullable = true },
    { .name = { "_lateness", 9 }, .type = { "BIGINT", 6 }, .nullable = true },
    { .name = { "_row", 4 }, .type = { "VARCHAR", 7 }, .nullable = true },
    { .name = { "_run_id", 7 }, .type = { "BIGINT", 6 }, .nullable = true },
    { .name = { "_flow", 5 }, .type = { "VARCHAR", 7 }, .nullable = true },
    { .name = { "_batch_id", 9 }, .type = { "BIGINT", 6 }, .nullable = true }
};
static const sm_plan_input input = { .dataset = 0,
                                     .mode = SM_INPUT_STREAM,
                                     .relation = { "_smelt_in_0", 11 } };
static const size_t order[] = { 0, 1, 2 };

static sm_code open_engine(void *ctx, struct sm_engine **out, sm_error *err)
{
    run_fixture *f = ctx;
    sm_sv allowed = sm_sv_cstr(f->root);
    sm_engine_config c = { .threads = 2,
                           .memory_limit = SM_SV("1GiB"),
                           .allowed_directories = &allowed,
                           .allowed_count = 1 };
    sm_code rc = SM_OK;

    f->engine_asked = true;
    if (f->engine == NULL)
        rc = sm_engine_open(&c, &f->engine, err);
    *out = f->engine;
    return rc;
}

static sm_sv below(run_fixture *f, const char *name)
{
    return sm_arena_printf(f->a, "%s/%s", f->root, name);
}

static void make_plan(run_fixture *f, const sm_schema *result)
{
    sm_json *config = sm_json_object(f->a);

    sm_json_set_string(config, "path", SM_SV("in"));
    sm_json_set_string(config, "format", SM_SV("json"));
    sm_json_set_int(config, "max_files_per_trigger", 1);
    sm_json_set_string(config, "rescued_data_column", SM_SV(""));
    f->datasets[0] = (sm_plan_dataset){ .name = SM_SV("readings"),
                                        .kind = SM_DATASET_SOURCE,
                                        .schema = { columns, 3 },
                                        .known = true,
                                        .source_type = SM_SV("files"),
                                        .source_config = config,
                                        .schema_declared = true,
                                        .evolution = SM_EVOLUTION_NONE,
                                        .on_decode_error = SM_DECODE_FAIL };
    f->datasets[1] = (sm_plan_dataset){ .name = SM_SV("t"),
                                        .kind = SM_DATASET_STREAMING_TABLE,
                                        .known = true,
                                        .path = SM_SV("s/t"),
                                        .flow = 0,
                                        .n_flows = 1 };
    sm_assert_ok(sm_schema_stored(result, f->a, &f->datasets[1].schema, &f->err), f->err);
    f->datasets[2] = (sm_plan_dataset){ .name = SM_SV("t" SM_PLAN_LATE),
                                        .kind = SM_DATASET_LATE,
                                        .known = true,
                                        .path = SM_SV("s/t" SM_PLAN_LATE),
                                        .schema = { late_columns, 8 },
                                        .owner = 1 };
    f->datasets[1].late = 2;
    f->plan = (sm_plan){ .pipeline = SM_SV("p"),
                         .schema = SM_SV("s"),
                         .datasets = f->datasets,
                         .n_datasets = 3,
                         .flows = &f->flow,
                         .n_flows = 1,
                         .order = order,
                         .fingerprint = SM_SV("plan") };
}

void run_begin(run_fixture *f, const char *name, const sm_stage *stages, size_t n,
               const sm_schema *result, const char *select)
{
    sm_store_config c;

    *f = (run_fixture){ .a = sm_arena_new("run test") };
    assert_non_null(realpath(sm_test_folder(name), f->root));
    sm_assert_ok(sm_fs_mkdirs(below(f, "in").ptr, 0700, &f->err), f->err);
    sm_assert_ok(sm_fs_mkdirs(below(f, "lake").ptr, 0700, &f->err), f->err);
    c = (sm_store_config){ .state_path = below(f, "lake/.smelt") };
    sm_assert_ok(sm_store_open(&c, &f->store, &f->err), f->err);
    f->flow = (sm_plan_flow){ .name = SM_SV("t"),
                              .target = 1,
                              .kind = SM_FLOW_APPEND,
                              .inputs = &input,
                              .n_inputs = 1,
                              .sql = sm_sv_cstr(select),
                              .stages = stages,
                              .n_stages = n,
                              .no_data_batches = true,
                              .keeps_late = true,
                              .bound = true,
                              .result = *result,
                              .fingerprint = SM_SV("flow") };
    make_plan(f, result);
}

void run_end(run_fixture *f)
{
    sm_engine_close(f->engine);
    sm_store_close(f->store);
    sm_arena_free(f->a);
}

void run_arrives(run_fixture *f, const char *ndjson)
{
    sm_sv path = sm_arena_printf(f->a, "%s/in/%03lld.json", f->root, (long long)f->files);
    struct timespec times[2] = { { .tv_sec = 1767225600 + f->files },
                                 { .tv_sec = 1767225600 + f->files } };

    sm_test_write(path.ptr, ndjson);
    assert_int_equal(utimensat(AT_FDCWD, path.ptr, times, 0), 0);
    f->files++;
}

static bool run_with(run_fixture *f, bool must_begin)
{
    sm_run_request q = { .plan = &f->plan,
                         .store = f->store,
                         .sources = sm_sources(),
                         .sinks = sm_sinks(),
                         .engine = open_engine,
                         .engine_ctx = f,
                         .base_dir = sm_sv_cstr(f->root),
                         .storage_dir = below(f, "lake"),
                         .state_dir = below(f, "lake/.smelt"),
                         .full_refresh = f->full_refresh,
                         .workers = 1,
                         .cause = SM_SV("test") };
    sm_run_result result;
    sm_run *run;

    f->engine_asked = false;
    if (sm_run_new(&q, &run, &f->err) != SM_OK) {
        assert_false(must_begin);
        return false;
    }
    if (sm_run_execute(run, &result, &f->err) != SM_OK) {
        assert_false(must_begin);
        result.code = f->err.code;
    } else {
        f->outcome = result.flows[0]; /* its texts are of the run */
        f->err = result.error;
    }
    sm_run_free(run);
    return result.code == SM_OK;
}

bool run_once(run_fixture *f)
{
    return run_with(f, true);
}

bool run_tries(run_fixture *f)
{
    return run_with(f, false);
}

/* The table in `folder` as a relation, in brackets. */
static void add_table(run_fixture *f, sm_session *s, const char *folder, sm_buf *sql)
{
    sm_delta_info info;
    sm_sv select;

    sm_assert_ok(sm_delta_relation(below(f, folder), NULL, -1, s, f->a, &info, &select, &f->err),
                 f->err);
    sm_buf_addc(sql, '(');
    sm_buf_add(sql, select);
    sm_buf_addc(sql, ')');
}

const char *run_value(run_fixture *f, const char *query)
{
    sm_engine *e;
    sm_session *s;
    sm_buf sql;
    sm_sv out = SM_SV("");

    sm_buf_init(&sql, 1024 * 1024);
    sm_assert_ok(open_engine(f, &e, &f->err), f->err);
    sm_assert_ok(sm_session_open(e, &s, &f->err), f->err);
    for (const char *at = query; *at != '\0'; at++) {
        if (strncmp(at, "{t}", 3) == 0)
            add_table(f, s, "lake/s/t", &sql);
        else if (strncmp(at, "{late}", 6) == 0)
            add_table(f, s, "lake/s/t__late", &sql);
        else
            sm_buf_addc(&sql, *at);
        if (*at == '{')
            at = strchr(at, '}');
    }
    sm_assert_ok(sm_session_text(s, sm_buf_sv(&sql), f->a, &out, &f->err), f->err);
    sm_session_close(s);
    sm_buf_release(&sql);
    return out.ptr == NULL ? "NULL" : out.ptr;
}
