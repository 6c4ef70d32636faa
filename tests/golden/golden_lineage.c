/* SPDX-License-Identifier: Apache-2.0 */
/* golden_lineage.c -- what each column of a pipeline comes from.
 *
 *     golden_lineage tests/golden/lineage
 *
 * The folder holds pipeline.yml and lineage.txt, with the lineage of each dataset but sources.
 * SM_UPDATE_GOLDEN=1 rewrites it; the difference is reviewed like code. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipelines/plan/plan_lineage.h"
#include "runtime/base/fs.h"
#include "tests/support/live_engine.h"
#include "tests/support/others.h"
#include "tests/support/units.h"

enum { MAX_OUTPUT = 4 * 1024 * 1024 };

static const sm_plan *compile(sm_arena *a)
{
    sm_plan_env env = { .sql = sm_test_live_engine(), .other = sm_test_other };
    sm_diags *d = sm_diags_new(a);
    const sm_spec *spec = NULL;
    const sm_plan *plan = NULL;
    sm_error err = { 0 };
    sm_buf out;

    if (sm_spec_load("pipeline.yml", &sm_test_env, a, d, &spec, &err) != SM_OK ||
        (spec && sm_plan_compile(spec, &env, a, d, &plan, &err) != SM_OK))
        printf("%s\n", err.msg);
    sm_buf_init(&out, MAX_OUTPUT);
    sm_diags_print(d, false, &out);
    printf("%s", out.ptr);
    sm_buf_release(&out);
    return plan;
}

static bool write_all(const sm_plan *plan, sm_arena *a, sm_buf *out)
{
    const sm_lineage *l = NULL;
    sm_error err;

    for (size_t i = 0; i < plan->n_datasets; i++) {
        const sm_plan_dataset *ds = &plan->datasets[i];

        if (ds->kind == SM_DATASET_SOURCE)
            continue;
        if (sm_plan_lineage(plan, sm_test_live_engine(), ds, a, &l, &err) != SM_OK) {
            printf("%s\n", err.msg);
            return false;
        }
        sm_plan_print_lineage(l, out);
    }
    if (l)
        sm_buf_addf(out, "%s\n", sm_json_dump(sm_plan_lineage_json(l, a), SM_JSON_PRETTY, a).ptr);
    return l != NULL;
}

static bool check(sm_sv text, sm_arena *a)
{
    sm_sv wanted = SM_SV("");
    sm_error err;

    if (getenv("SM_UPDATE_GOLDEN")) {
        FILE *f = fopen("lineage.txt", "we");
        bool ok = f && fwrite(text.ptr, 1, text.len, f) == text.len;

        return f && fclose(f) == 0 && ok;
    }
    (void)sm_fs_read("lineage.txt", MAX_OUTPUT, a, &wanted, &err); /* absent: nothing wanted */
    if (sm_sv_eq(wanted, text))
        return true;
    printf("lineage.txt: expected\n%.*s\nfound\n%.*s\n", SM_SV_ARG(wanted), SM_SV_ARG(text));
    return false;
}

int main(int argc, char **argv)
{
    sm_arena *a = sm_arena_new("golden");
    const sm_plan *plan;
    sm_buf out;
    bool ok;

    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: golden_lineage FOLDER\n");
        return 2;
    }
    sm_buf_init(&out, MAX_OUTPUT);
    plan = compile(a);
    ok = plan && write_all(plan, a, &out) && check(sm_buf_sv(&out), a);
    sm_buf_release(&out);
    sm_arena_free(a);
    sm_test_live_close();
    return ok ? 0 : 1;
}
