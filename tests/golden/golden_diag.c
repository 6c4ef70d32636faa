/* SPDX-License-Identifier: Apache-2.0 */
/* golden_diag.c -- broken pipeline files and what smelt says about them.
 *
 *     golden_diag tests/golden/diag [CASE…]
 *
 * Each folder below the given one is a case: pipeline.yml, and diag.txt with every diagnostic
 * of it, as printed on a terminal without colour.  SM_UPDATE_GOLDEN=1 rewrites diag.txt; the
 * difference is reviewed like code.  A case without an error is itself a failure. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipelines/plan/plan.h"
#include "pipelines/spec/spec.h"
#include "runtime/base/fs.h"
#include "tests/support/others.h"
#include "tests/support/sql_engine.h"
#include "tests/support/units.h"

enum { MAX_CASES = 1000, MAX_OUTPUT = 4 * 1024 * 1024 };

typedef struct cases {
    char *names[MAX_CASES];
    size_t n;
} cases;

static int by_name(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static bool has_pipeline(const char *folder, const char *name)
{
    char path[4096];

    return snprintf(path, sizeof(path), "%s/%s/pipeline.yml", folder, name) < (int)sizeof(path) &&
           access(path, R_OK) == 0;
}

static void find_cases(const char *folder, cases *all)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) && all->n < MAX_CASES)
        if (has_pipeline(folder, entry->d_name))
            all->names[all->n++] = strdup(entry->d_name);
    if (dir)
        (void)closedir(dir);
    qsort(all->names, all->n, sizeof(all->names[0]), by_name);
}

/* Only what is stored somewhere can be read by its plain name. */
static bool has_snapshot(void *ctx, sm_sv source_type)
{
    (void)ctx;
    return !sm_sv_eq_str(source_type, "generate");
}

static sm_code zone(void *ctx, sm_sv name, sm_arena *a, bool *known, sm_sv *near, sm_error *err)
{
    return sm_test_sql_zone(ctx, name, a, known, near, err);
}

/* A case may have a smelt.yml; its target is the default one, or the word in a file `target`. */
static sm_spec_env project_env(sm_arena *a)
{
    sm_spec_env env = sm_test_env;
    sm_error ignored;

    if (sm_fs_read("smelt.yml", MAX_OUTPUT, a, &env.project_text, &ignored) == SM_OK)
        env.project_file = "smelt.yml";
    if (sm_fs_read("target", MAX_OUTPUT, a, &env.target, &ignored) == SM_OK)
        env.target = sm_sv_trim(env.target);
    return env;
}

static sm_code load(const sm_sql_engine *e, sm_arena *a, sm_diags *d, sm_error *err)
{
    sm_spec_env project = project_env(a);
    sm_plan_env env = { .sql = e,
                        .has_snapshot = has_snapshot,
                        .other = sm_test_other,
                        .zone = zone,
                        .ctx = (void *)(uintptr_t)e };
    const sm_spec *spec;
    const sm_plan *plan;
    sm_code rc = sm_spec_load("pipeline.yml", &project, a, d, &spec, err);

    return rc != SM_OK || !spec ? rc : sm_plan_compile(spec, &env, a, d, &plan, err);
}

/* What smelt says about pipeline.yml, into `out`; false when it finds no error. */
static bool diagnose(const sm_sql_engine *e, sm_arena *a, sm_buf *out)
{
    sm_diags *d = sm_diags_new(a);
    sm_error err;

    if (load(e, a, d, &err) != SM_OK && sm_diags_errors(d) == 0) {
        sm_buf_addf(out, "could not load: %s\n", err.msg);
        return false;
    }
    sm_diags_print(d, false, out);
    sm_diags_summary(d, out);
    sm_buf_adds(out, "\n");
    return sm_diags_errors(d) > 0;
}

static bool write_golden(sm_sv text)
{
    FILE *f = fopen("diag.txt", "we");
    bool ok = f && fwrite(text.ptr, 1, text.len, f) == text.len;

    return f && fclose(f) == 0 && ok;
}

static bool same_as_golden(const char *name, sm_sv text, sm_arena *a)
{
    sm_sv wanted = SM_SV("");
    sm_error err;

    if (getenv("SM_UPDATE_GOLDEN"))
        return write_golden(text);
    (void)sm_fs_read("diag.txt", MAX_OUTPUT, a, &wanted, &err); /* absent: nothing wanted */
    if (sm_sv_eq(wanted, text))
        return true;
    printf("%s: expected\n%.*s\n%s: found\n%.*s\n", name, SM_SV_ARG(wanted), name, SM_SV_ARG(text));
    return false;
}

static bool run_case(const sm_sql_engine *e, const char *name)
{
    sm_arena *a = sm_arena_new("golden");
    sm_buf out;
    bool ok;

    sm_buf_init(&out, MAX_OUTPUT);
    ok = diagnose(e, a, &out);
    if (!ok)
        printf("%s: no error is found\n", name);
    ok = same_as_golden(name, sm_buf_sv(&out), a) && ok;
    sm_buf_release(&out);
    sm_arena_free(a);
    return ok;
}

/* Run the case in its own folder, so that messages say pipeline.yml. */
static bool enter_case(const sm_sql_engine *e, const char *folder, const char *name)
{
    char home[4096], path[4096];
    bool ok;

    if (!getcwd(home, sizeof(home)) ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
        chdir(path) != 0)
        return false;
    ok = run_case(e, name);
    return chdir(home) == 0 && ok;
}

int main(int argc, char **argv)
{
    cases all = { .n = 0 };
    size_t failed = 0;
    sm_sql_engine engine;
    sm_error err;

    if (argc < 2) {
        fprintf(stderr, "usage: golden_diag FOLDER [CASE…]\n");
        return 2;
    }
    if (sm_test_sql_open(&engine, &err) != SM_OK) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    for (int i = 2; i < argc && all.n < MAX_CASES; i++)
        all.names[all.n++] = strdup(argv[i]);
    if (argc == 2)
        find_cases(argv[1], &all);
    for (size_t i = 0; i < all.n; i++) {
        failed += !enter_case(&engine, argv[1], all.names[i]);
        free(all.names[i]);
    }
    sm_test_sql_close(&engine);
    printf("%zu cases, %zu failed\n", all.n, failed);
    return failed > 0 || all.n == 0;
}
