/* SPDX-License-Identifier: Apache-2.0 */
/* sql_aggregates.c -- aggregates that can be computed piece by piece.
 *
 * $1 and $2 stand for arguments, $f for the FILTER, @0 and @1 for the partials:
 *
 *     fold    over the rows of a batch          merge   over the partials of all batches
 *     final   over merged partials
 *
 * A partial has the same type after merging as before.  An aggregate that is not here, or is
 * written with DISTINCT or ORDER BY where that counts, keeps its rows. */
#include "pipelines/sql/sql_cut_int.h"

typedef struct split_row {
    const char *function;
    size_t n_args;
    const char *fold[2], *merge[2], *final;
    bool distinct; /* DISTINCT changes nothing */
    bool numbers;  /* only over numbers */
    bool whole;    /* not with a FILTER: a piece without a row would count */
} split_row;

static const split_row rows[] = {
    { "count_star",
      0,
      { "count(*)$f" },
      { "CAST(sum(@0) AS BIGINT)" },
      "coalesce(@0, 0)",
      .distinct = false },
    { "count",
      1,
      { "count($1)$f" },
      { "CAST(sum(@0) AS BIGINT)" },
      "coalesce(@0, 0)",
      .distinct = false },
    { "count_if", 1, { "count_if($1)$f" }, { "sum(@0)" }, "@0", .distinct = false },
    { "countif", 1, { "count_if($1)$f" }, { "sum(@0)" }, "@0", .distinct = false },
    { "sum", 1, { "sum($1)$f" }, { "sum(@0)" }, "@0", .numbers = true },
    { "min", 1, { "min($1)$f" }, { "min(@0)" }, "@0", .distinct = true },
    { "max", 1, { "max($1)$f" }, { "max(@0)" }, "@0", .distinct = true },
    { "bool_and", 1, { "bool_and($1)$f" }, { "bool_and(@0)" }, "@0", .distinct = true },
    { "bool_or", 1, { "bool_or($1)$f" }, { "bool_or(@0)" }, "@0", .distinct = true },
    { "bit_and", 1, { "bit_and($1)$f" }, { "bit_and(@0)" }, "@0", .distinct = true },
    { "bit_or", 1, { "bit_or($1)$f" }, { "bit_or(@0)" }, "@0", .distinct = true },
    { "bit_xor", 1, { "bit_xor($1)$f" }, { "bit_xor(@0)" }, "@0", .distinct = false },
    { "avg",
      1,
      { "sum($1)$f", "count($1)$f" },
      { "sum(@0)", "CAST(sum(@1) AS BIGINT)" },
      "CAST(@0 AS DOUBLE) / nullif(@1, 0)",
      .numbers = true },
    { "mean",
      1,
      { "sum($1)$f", "count($1)$f" },
      { "sum(@0)", "CAST(sum(@1) AS BIGINT)" },
      "CAST(@0 AS DOUBLE) / nullif(@1, 0)",
      .numbers = true },
    { "first",
      1,
      { "arg_min_null($1, " CUT_ORDER ")" },
      { "first(@0 ORDER BY _n)" },
      "@0",
      .whole = true },
    { "last",
      1,
      { "arg_max_null($1, " CUT_ORDER ")" },
      { "last(@0 ORDER BY _n)" },
      "@0",
      .whole = true },
    { "any_value",
      1,
      { "any_value($1)$f" },
      { "any_value(@0 ORDER BY _n)" },
      "@0",
      .distinct = false },
    { "arg_min",
      2,
      { "arg_min($1, $2)$f", "min($2) FILTER (WHERE $1 IS NOT NULL$g)" },
      { "arg_min(@0, @1)", "min(@1)" },
      "@0",
      .distinct = false },
    { "arg_max",
      2,
      { "arg_max($1, $2)$f", "max($2) FILTER (WHERE $1 IS NOT NULL$g)" },
      { "arg_max(@0, @1)", "max(@1)" },
      "@0",
      .distinct = false },
    { "min_by",
      2,
      { "arg_min($1, $2)$f", "min($2) FILTER (WHERE $1 IS NOT NULL$g)" },
      { "arg_min(@0, @1)", "min(@1)" },
      "@0",
      .distinct = false },
    { "max_by",
      2,
      { "arg_max($1, $2)$f", "max($2) FILTER (WHERE $1 IS NOT NULL$g)" },
      { "arg_max(@0, @1)", "max(@1)" },
      "@0",
      .distinct = false },
};

/* Pieces of a session that became one have no order but what their rows say: each piece says, too,
 * which of its rows it took. */
static const split_row session_rows[] = {
    { "first",
      1,
      { "arg_min_null($1, " CUT_ORDER ")", "min(" CUT_ORDER ")" },
      { "arg_min_null(@0, @1)", "min(@1)" },
      "@0",
      .whole = true },
    { "last",
      1,
      { "arg_max_null($1, " CUT_ORDER ")", "max(" CUT_ORDER ")" },
      { "arg_max_null(@0, @1)", "max(@1)" },
      "@0",
      .whole = true },
};

typedef struct filling {
    const sm_sv *args;
    size_t n_args, first;
    sm_sv filter;
} filling;

static void add_filter(sm_buf *b, const filling *f, char kind)
{
    if (f->filter.len == 0)
        return;
    sm_buf_addf(b, kind == 'f' ? " FILTER (WHERE %.*s)" : " AND (%.*s)", SM_SV_ARG(f->filter));
}

static sm_sv fill(const char *pattern, const filling *f, sm_arena *a)
{
    sm_buf b;
    sm_sv out;

    sm_buf_init(&b, SM_SQL_MAX_BYTES);
    for (const char *p = pattern; *p; p++) {
        if (*p == '$' && (p[1] == 'f' || p[1] == 'g')) {
            add_filter(&b, f, *++p);
        } else if (*p == '$' && (size_t)(p[1] - '1') < f->n_args) {
            sm_buf_add(&b, f->args[*++p - '1']);
        } else if (*p == '@') {
            sm_buf_addf(&b, "p%zu", f->first + (size_t)(*++p - '0'));
        } else {
            sm_buf_addc(&b, *p);
        }
    }
    out = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static bool is_number(sm_sv type)
{
    static const char *const names[] = { "TINYINT", "SMALLINT", "INTEGER",   "BIGINT",
                                         "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                                         "UBIGINT", "FLOAT",    "DOUBLE" };

    if (sm_sv_starts(type, SM_SV("DECIMAL")))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (sm_sv_eq_str(type, names[i]))
            return true;
    }
    return false;
}

/* What any order of the rows gives the same of, or leaves open: any_value, equals of arg_max. */
static const char *const unordered[] = {
    "any_value",
    "approx_count_distinct",
    "approx_quantile",
    "approx_top_k",
    "arg_max",
    "arg_max_null",
    "arg_max_nulls_last",
    "arg_min",
    "arg_min_null",
    "arg_min_nulls_last",
    "argmax",
    "argmin",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bitstring_agg",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "count_if",
    "count_star",
    "countif",
    "covar_pop",
    "covar_samp",
    "entropy",
    "favg",
    "fsum",
    "geomean",
    "geometric_mean",
    "histogram",
    "histogram_exact",
    "kahan_sum",
    "kurtosis",
    "kurtosis_pop",
    "mad",
    "max",
    "max_by",
    "mean",
    "median",
    "min",
    "min_by",
    "product",
    "quantile",
    "quantile_cont",
    "quantile_disc",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "reservoir_quantile",
    "sem",
    "skewness",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "sum_no_overflow",
    "sumkahan",
    "var_pop",
    "var_samp",
    "variance",
    "wavg",
    "weighted_avg",
};

bool sm_sql__aggregate_is_ordered(const sm_json *call)
{
    if (sm_ast_flag(call, "distinct", false))
        return false; /* it may only be ordered by what it is of */
    for (size_t i = 0; i < sizeof unordered / sizeof *unordered; i++) {
        if (sm_sql_same_name(sm_ast_text(call, "function_name"), sm_sv_cstr(unordered[i])))
            return false;
    }
    return true;
}

/* Macros of the engine, which take no ORDER BY: what they stand for, with one. */
#define JSON_OF(x) "CASE WHEN " x " IS NULL THEN CAST('null' AS JSON) ELSE to_json(" x ") END"
#define JSON_LIST                                                                                  \
    "CAST('[' || string_agg(" JSON_OF("$1") ", ',' ORDER BY " CUT_ORDER ") || ']' AS JSON)"

static const struct {
    const char *function;
    size_t n_args;
    const char *ordered;
} macros[] = {
    { "json_group_array", 1, JSON_LIST },
    { "json_group_structure", 1, "(json_structure(" JSON_LIST ") -> 0)" },
    { "json_group_object", 2,
      "CAST('{' || string_agg((CASE WHEN $1 IS NULL THEN error('json_group_object key cannot be "
      "NULL') ELSE to_json(CAST($1 AS VARCHAR)) END || ':') || " JSON_OF(
          "$2") ", ',' ORDER BY " CUT_ORDER ") || '}' AS JSON)" },
};

/* "" when the call is none of them. */
static sm_sv macro_in_order(cutter *c, const sm_json *call)
{
    const sm_json *children = sm_ast_get(call, "children");
    sm_sv args[2] = { SM_SV(""), SM_SV("") };
    filling f = { args, sm_ast_count(children), 0, SM_SV("") };

    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
        if (f.n_args != macros[i].n_args ||
            !sm_sql_same_name(sm_ast_text(call, "function_name"), sm_sv_cstr(macros[i].function)))
            continue;
        for (size_t k = 0; k < f.n_args; k++)
            args[k] = sm_cut__expression(c, sm_ast_item(children, k));
        return fill(macros[i].ordered, &f, c->a);
    }
    return SM_SV("");
}

sm_sv sm_sql__aggregate_over_rows(cutter *c, const sm_json *call, bool *ordered)
{
    sm_sv macro;

    *ordered = sm_sql__aggregate_is_ordered(call);
    if (!*ordered)
        return sm_cut__expression(c, call);
    macro = macro_in_order(c, call);
    return macro.len > 0 ? macro : sm_cut__expression(c, sm_tree_ordered(c->a, call, CUT_ORDER));
}

static const split_row *row_of(const split_row *list, size_t n, const sm_json *call, size_t n_args)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].n_args == n_args &&
            sm_sql_same_name(sm_ast_text(call, "function_name"), sm_sv_cstr(list[i].function)))
            return &list[i];
    return NULL;
}

static const split_row *find_row(const sm_json *call, size_t n_args, sm_sv filter, sm_sv type,
                                 bool session)
{
    const split_row *row = NULL;

    if (session)
        row = row_of(session_rows, sizeof session_rows / sizeof *session_rows, call, n_args);
    if (row == NULL)
        row = row_of(rows, sizeof rows / sizeof *rows, call, n_args);
    if (row == NULL || (sm_ast_flag(call, "distinct", false) && !row->distinct) ||
        (row->whole && filter.len > 0) || (row->numbers && !is_number(type)))
        return NULL;
    return row;
}

bool sm_sql__aggregate_split(const sm_json *call, const sm_sv *args, size_t n_args, sm_sv filter,
                             sm_sv type, bool session, size_t first, sm_arena *a, sm_sql_split *out)
{
    const split_row *row = find_row(call, n_args, filter, type, session);
    filling f = { args, n_args, first, filter };

    *out = (sm_sql_split){ 0 };
    if (!row || sm_ast_count(sm_ast_get(sm_ast_get(call, "order_bys"), "orders")) > 0)
        return false;
    for (; out->n < 2 && row->fold[out->n]; out->n++) {
        out->fold[out->n] = fill(row->fold[out->n], &f, a);
        out->merge[out->n] = fill(row->merge[out->n], &f, a);
    }
    out->final = fill(row->final, &f, a);
    out->ordered = sm_sql__aggregate_is_ordered(call);
    return true;
}
