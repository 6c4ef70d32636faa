/* SPDX-License-Identifier: Apache-2.0 */
/* ops_fixture.c -- stages on a real engine. */
#include "tests/unit/ops_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"

int ops_setup(void **state)
{
    static ops_fixture f;
    char root[PATH_MAX];
    sm_sv allowed;

    if (realpath(sm_test_folder("ops"), root) == NULL)
        return 1;
    snprintf(f.folder, sizeof f.folder, "%.3000s/flows/t/generation", root);
    allowed = sm_sv_cstr(root);
    sm_engine_config c = { .threads = 2,
                           .memory_limit = SM_SV("1GiB"),
                           .allowed_directories = &allowed,
                           .allowed_count = 1 };
    f.a = sm_arena_new("test");
    sm_assert_ok(sm_engine_open(&c, &f.e, &f.err), f.err);
    *state = &f;
    return 0;
}

static void end(ops_fixture *f)
{
    sm_ops_close(f->ops);
    sm_session_close(f->s);
    f->ops = NULL;
    f->s = NULL;
}

int ops_teardown(void **state)
{
    ops_fixture *f = *state;

    end(f);
    sm_engine_close(f->e);
    sm_arena_free(f->a);
    return 0;
}

static void open_ops(ops_fixture *f)
{
    sm_ops_config c = { .stages = f->stages,
                        .n_stages = f->n,
                        .folder = sm_sv_cstr(f->folder),
                        .flow = SM_SV("t"),
                        .table = SM_SV("t") };

    sm_assert_ok(sm_session_open(f->e, &f->s, &f->err), f->err);
    sm_assert_ok(sm_ops_open(&c, f->record, &f->ops, &f->err), f->err);
}

void ops_begin(ops_fixture *f, const sm_stage *stages, size_t n)
{
    end(f);
    sm_fs_remove_tree(f->folder, 10000, &f->err);
    f->stages = stages;
    f->n = n;
    f->record = NULL;
    f->next = 0;
    f->late = f->final = NONE;
    f->newest = NULL;
    f->columnar = false;
    open_ops(f);
}

void ops_restart(ops_fixture *f)
{
    end(f);
    open_ops(f);
}

void ops_input(ops_fixture *f, const char *select)
{
    sm_session_view(f->s, SM_SV("_smelt_in_0"), sm_sv_cstr(select));
}

const char *ops_attempt(ops_fixture *f, const char *select, int64_t final, const char *show)
{
    sm_ops_batch b = { .n = f->next,
                       .time_us = 1000000000,
                       .late_us = f->final,
                       .final_us = final,
                       .columnar = f->columnar,
                       .has_input = select[0] != '\0',
                       .newest_us = f->newest,
                       .session = f->s };
    sm_sv out = SM_SV("");

    if (select[0] != '\0')
        ops_input(f, select);
    sm_assert_ok(sm_ops_run(f->ops, &b, &f->err), f->err);
    f->counts = sm_ops_counts(f->ops);
    sm_assert_ok(sm_session_text(f->s, sm_sv_cstr(show), f->a, &out, &f->err), f->err);
    return out.ptr == NULL ? "NULL" : sm_arena_cstr(f->a, out);
}

const char *ops_batch(ops_fixture *f, const char *select, int64_t final, const char *show)
{
    const char *out = ops_attempt(f, select, final, show);

    sm_assert_ok(sm_ops_save(f->ops, f->a, &f->record, &f->err), f->err);
    sm_ops_keep(f->ops);
    sm_ops_sweep(f->ops);
    f->next++;
    f->final = final;
    return out;
}

size_t ops_files(ops_fixture *f, const char *log)
{
    sm_fs_entry *found;
    size_t n = 0;
    const char *path = sm_path_join(f->a, sm_sv_cstr(f->folder), sm_sv_cstr(log));

    if (sm_fs_list(path, false, f->a, &found, &n, &f->err) != SM_OK)
        return 0;
    return n;
}

unsigned ops_seed(void)
{
    const char *given = getenv("SM_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)sm_clock_boot_us();

    print_message("SM_SEED=%u\n", seed);
    return seed;
}

size_t ops_random(unsigned *seed, size_t n)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (size_t)(*seed >> 8) % n;
}
