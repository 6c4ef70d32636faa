/* SPDX-License-Identifier: Apache-2.0 */
/* steps_print.c -- results of tests, for people.
 *
 *     ●  a hot reading is set aside            0.1 s
 *     ✗  a window closes once                  0.2 s
 *        tests/iot.yml:31:7: rows of readings_silver: 1 changed, 1 missing (2 expected, 2 there)
 *            device_id  temperature
 *          ~ a          20 → 99
 *          - b          20
 */
#include "ui/cli/steps_print.h"

#include "ui/cli/grid.h"

static sm_sv cell_text(const sm_cli *c, const sm_json *v)
{
    if (v == NULL)
        return SM_SV("");
    if (sm_json_is_null(v))
        return SM_SV("NULL");
    if (sm_json_is_real(v)) /* as a person writes it: 20, not 20.0 */
        return sm_arena_printf(c->a, "%.15g", sm_json_real_value(v));
    return sm_json_is_string(v) ? sm_json_sv(v) : sm_json_text(v, c->a);
}

static bool differs(const sm_json *row, sm_sv column)
{
    const sm_json *list = sm_json_get(row, "differ");

    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_sv_eq(sm_json_sv(sm_json_at(list, i)), column))
            return true;
    return false;
}

static void add_cell(const sm_cli *c, sm_grid *g, const sm_json *row, sm_sv column)
{
    const sm_json *expected = sm_json_get(row, "expected"), *found = sm_json_get(row, "found");
    const sm_json *one = expected != NULL ? expected : found;

    if (differs(row, column))
        sm_grid_tone(g, SM_TONE_BAD,
                     sm_arena_printf(c->a, "%.*s → %.*s",
                                     SM_SV_ARG(cell_text(c, sm_json_get_by(expected, column))),
                                     SM_SV_ARG(cell_text(c, sm_json_get_by(found, column)))));
    else
        sm_grid_tone(g, expected != NULL && found != NULL ? SM_TONE_DIM : SM_TONE_PLAIN,
                     cell_text(c, sm_json_get_by(one, column)));
}

static const char *sign_of(const sm_json *row)
{
    sm_sv kind = sm_json_get_sv(row, "kind", SM_SV(""));

    return sm_sv_eq_str(kind, "missing") ? "-" : sm_sv_eq_str(kind, "unexpected") ? "+" : "~";
}

static void print_rows(const sm_cli *c, const sm_json *diff, int indent, sm_buf *out)
{
    const sm_json *columns = sm_json_get(diff, "columns"), *rows = sm_json_get(diff, "rows");
    sm_grid *g = sm_grid_new(c, "");

    sm_grid_row(g);
    sm_grid_cell(g, SM_SV(""));
    for (size_t k = 0; k < sm_json_len(columns); k++)
        sm_grid_tone(g, SM_TONE_DIM, sm_json_sv(sm_json_at(columns, k)));
    for (size_t i = 0; i < sm_json_len(rows); i++) {
        const sm_json *row = sm_json_at(rows, i);

        sm_grid_row(g);
        sm_grid_cell(g, sm_sv_cstr(sign_of(row)));
        for (size_t k = 0; k < sm_json_len(columns); k++)
            add_cell(c, g, row, sm_json_sv(sm_json_at(columns, k)));
    }
    sm_grid_print(g, indent, out);
}

static void print_failure(const sm_cli *c, const sm_json *f, sm_buf *out)
{
    const sm_json *diff = sm_json_get(f, "diff");
    int64_t shown = (int64_t)sm_json_len(sm_json_get(diff, "rows"));
    int64_t all = sm_json_get_int(diff, "changed", 0) + sm_json_get_int(diff, "missing", 0) +
                  sm_json_get_int(diff, "unexpected", 0);

    sm_buf_addf(out, "     %.*s:%lld:%lld: ", SM_SV_ARG(sm_json_get_sv(f, "file", SM_SV(""))),
                (long long)sm_json_get_int(f, "line", 0),
                (long long)sm_json_get_int(f, "column", 0));
    sm_buf_add_safe(out, sm_json_get_sv(f, "message", SM_SV("")));
    sm_buf_addc(out, '\n');
    if (diff == NULL)
        return;
    print_rows(c, diff, 7, out);
    if (all > shown)
        sm_buf_addf(out, "         and %lld more\n", (long long)(all - shown));
}

void sm_steps_print(const sm_cli *c, const sm_json *test, sm_buf *out)
{
    const sm_json *failures = sm_json_get(test, "failures");
    sm_sv state = sm_json_get_sv(test, "state", SM_SV(""));
    bool passed = sm_sv_eq_str(state, "passed");

    sm_buf_adds(out, "  ");
    sm_add_tone(c, out, passed ? SM_TONE_GOOD : SM_TONE_BAD, passed ? SM_SV("●") : SM_SV("✗"));
    sm_buf_adds(out, "  ");
    sm_buf_add_safe(out, sm_json_get_sv(test, "name", SM_SV("")));
    sm_buf_adds(out, sm_sv_eq_str(state, "invalid") ? "  is not valid" : "");
    sm_buf_addc(out, '\n');
    for (size_t i = 0; i < sm_json_len(failures); i++)
        print_failure(c, sm_json_at(failures, i), out);
    if (sm_json_get(test, "kept") != NULL)
        sm_buf_addf(out, "     kept in %.*s\n", SM_SV_ARG(sm_json_get_sv(test, "kept", SM_SV(""))));
}

sm_sv sm_steps_rows_text(const sm_cli *c, const sm_json *failure)
{
    sm_cli *plain = SM_NEW(c->a, sm_cli);
    sm_sv text;
    sm_buf b;

    if (sm_json_get(failure, "diff") == NULL)
        return SM_SV("");
    *plain = *c;
    plain->color = false;
    sm_buf_init(&b, (size_t)16 * 1024 * 1024);
    print_rows(plain, sm_json_get(failure, "diff"), 0, &b);
    text = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return text;
}
