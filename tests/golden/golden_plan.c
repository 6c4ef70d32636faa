/* SPDX-License-Identifier: Apache-2.0 */
/* golden_plan.c -- a pipeline file and the plan that it becomes.
 *
 *     golden_plan tests/golden/plan/CASE
 *
 * The folder holds pipeline.yml, plan.txt (as sm_plan_print() gives it) and plan.json.
 * SM_UPDATE_GOLDEN=1 rewrites both; the difference is reviewed like code.  The JSON is also
 * read back, and must come out the same. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipelines/plan/plan.h"
#include "pipelines/spec/spec.h"
#include "runtime/base/fs.h"
#include "tests/support/live_engine.h"
#include "tests/support/others.h"
#include "tests/support/units.h"

enum { MAX_OUTPUT = 4 * 1024 * 1024 };

static bool fail(const char *what, const char *why)
{
    printf("%s: %s\n", what, why);
    return false;
}

static const sm_plan *compile(sm_arena *a)
{
    sm_plan_env env = { .sql = sm_test_live_engine(), .other = sm_test_other };
    sm_diags *d = sm_diags_new(a);
    const sm_spec *spec = NULL;
    const sm_plan *plan = NULL;
    sm_error err;
    sm_buf out;

    if (sm_spec_load("pipeline.yml", &sm_test_env, a, d, &spec, &err) != SM_OK ||
        (spec && sm_plan_compile(spec, &env, a, d, &plan, &err) != SM_OK))
        (void)fail("pipeline.yml", err.msg);
    sm_buf_init(&out, MAX_OUTPUT);
    sm_diags_print(d, false, &out);
    printf("%s", out.ptr);
    sm_buf_release(&out);
    return plan;
}

static bool check(const char *file, sm_sv text, sm_arena *a)
{
    sm_sv wanted = SM_SV("");
    sm_error err;

    if (getenv("SM_UPDATE_GOLDEN")) {
        FILE *f = fopen(file, "we");
        bool ok = f && fwrite(text.ptr, 1, text.len, f) == text.len;

        return f && fclose(f) == 0 && ok;
    }
    (void)sm_fs_read(file, MAX_OUTPUT, a, &wanted, &err); /* absent: nothing wanted */
    if (sm_sv_eq(wanted, text))
        return true;
    printf("%s: expected\n%.*s\n%s: found\n%.*s\n", file, SM_SV_ARG(wanted), file, SM_SV_ARG(text));
    return false;
}

static bool check_json(const sm_plan *plan, sm_arena *a)
{
    sm_json *json = sm_plan_to_json(plan, a);
    const sm_plan *again = NULL;
    sm_error err;

    if (sm_plan_from_json(json, a, &again, &err) != SM_OK)
        return fail("plan.json", err.msg);
    if (!sm_json_equal(json, sm_plan_to_json(again, a)))
        return fail("plan.json", "reading it back gives another plan");
    return check("plan.json", sm_arena_printf(a, "%s\n", sm_json_dump(json, SM_JSON_PRETTY, a).ptr),
                 a);
}

static bool run_case(sm_arena *a)
{
    const sm_plan *plan = compile(a);
    sm_buf out;
    bool ok;

    if (!plan)
        return fail("pipeline.yml", "no plan comes of it");
    sm_buf_init(&out, MAX_OUTPUT);
    sm_plan_print(plan, &out);
    sm_buf_adds(&out, "\ngraph\n");
    sm_plan_print_graph(plan, SM_GRAPH_TEXT, &out);
    sm_plan_print_graph(plan, SM_GRAPH_MERMAID, &out);
    sm_plan_print_graph(plan, SM_GRAPH_DOT, &out);
    ok = check("plan.txt", sm_buf_sv(&out), a);
    sm_buf_release(&out);
    return check_json(plan, a) && ok;
}

int main(int argc, char **argv)
{
    sm_arena *a = sm_arena_new("golden");
    bool ok;

    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: golden_plan FOLDER\n");
        return 2;
    }
    ok = run_case(a);
    sm_arena_free(a);
    sm_test_live_close();
    return ok ? 0 : 1;
}
