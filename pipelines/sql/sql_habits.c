/* SPDX-License-Identifier: Apache-2.0 */
/* sql_habits.c -- what people write who come from Spark, Databricks or MySQL, and its form here. */
#include "pipelines/sql/sql_int.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

typedef struct habit {
    const char *word, *hint;
} habit;

/* ---- functions ----------------------------------------------------------------- */

static const habit functions[] = {
    { "!", "write NOT" },
    { "&&", "write AND" },
    { "approx_percentile", "write approx_quantile(x, 0.5)" },
    { "charindex", "write instr(text, part)" },
    { "col", "a column is written by its name alone" },
    { "collect_list", "write list(x)" },
    { "collect_set", "write list(DISTINCT x)" },
    { "date_format", "write strftime(x, '%Y-%m-%d')" },
    { "dateadd", "write x + INTERVAL 1 DAY" },
    { "explode", "write unnest(x)" },
    { "explode_outer", "write unnest(x)" },
    { "from_unixtime", "write make_timestamp(x * 1000000)" },
    { "get_json_object", "write json_extract_string(x, '$.name')" },
    { "getdate", "write now(): the time of the batch" },
    { "iif", "write if(condition, a, b)" },
    { "input_file_name", "write _metadata.file_path, with `include_metadata: true` at the source" },
    { "isnotnull", "write x IS NOT NULL" },
    { "isnull", "write x IS NULL" },
    { "lit", "a constant is written as it is" },
    { "locate", "write instr(text, part)" },
    { "monotonically_increasing_id", "rows of a stream have no number; uuid() tells them apart" },
    { "named_struct", "write {'name': x}" },
    { "nvl", "write coalesce(x, y)" },
    { "nvl2", "write if(x IS NOT NULL, a, b)" },
    { "percentile", "write quantile_cont(x, 0.5)" },
    { "size", "write len(x)" },
    { "substring_index", "write split_part(x, separator, 1)" },
    { "to_char", "write strftime(x, '%Y-%m-%d')" },
    { "to_date", "write CAST(x AS DATE), or CAST(strptime(x, '%d.%m.%Y') AS DATE)" },
    { "to_number", "write CAST(x AS DOUBLE), or TRY_CAST" },
    { "unix_timestamp", "write epoch(x)" },
};

static const char *find(const habit *list, size_t n, sm_sv word)
{
    for (size_t i = 0; i < n; i++) {
        if (sm_sql_same_name(word, sm_sv_cstr(list[i].word)))
            return list[i].hint;
    }
    return NULL;
}

const char *sm_sql__habit_function(sm_sv name)
{
    return find(functions, COUNT(functions), name);
}

/* ---- words that do not parse --------------------------------------------------- */

#define HINT_TABLE                                                                                 \
    "`sql` holds the SELECT alone: the name, the type and the columns of a table are keys of the " \
    "file beside it"

/* At the place of the fault, or at the begin of the text. */
static const habit words[] = {
    { "alter", HINT_TABLE },
    { "apply", "a stream of changes is applied by `auto_cdc`, which is not supported yet" },
    { "constraint", "a rule is the condition alone; what becomes of a row says `on_violation`" },
    { "create", HINT_TABLE },
    { "expect", "a rule is the condition alone; what becomes of a row says `on_violation`" },
    { "insert", HINT_TABLE },
    { "lateral", "write unnest(x) in the SELECT list" },
    { "merge", "a stream of changes is applied by `auto_cdc`, which is not supported yet" },
    { "rlike", "write regexp_matches(x, 'pattern')" },
    { "set", "a value with a name stands under `variables`, and is $name in SQL" },
    { "where", "a rule is the condition alone, without WHERE" },
};

static const char *find_word(const sm_sql_tokens *t, size_t i)
{
    return i < t->n ? find(words, COUNT(words), sm_sql__token_text(t, i)) : NULL;
}

const char *sm_sql__habit_syntax(const sm_sql_tokens *t, size_t fault, bool rule)
{
    const char *hint = find_word(t, fault);

    if (hint && (rule || !sm_sql__token_is(t, fault, "where")))
        return hint;
    if (!rule && t->n > 0 && !sm_sql__token_is(t, 0, "where") && (hint = find_word(t, 0)))
        return hint;
    for (size_t i = 0; i < t->n && i <= fault; i++) {
        if (sm_sql__token_symbol(t, i, '`'))
            return "a name that needs quotes stands in double ones: \"order status\"";
        if (sm_sql__token_symbol(t, i, '&') && sm_sql__token_symbol(t, i + 1, '&'))
            return "write AND";
    }
    if (rule && sm_sql__token_symbol(t, fault, ';'))
        return "a rule is one condition, without a semicolon";
    if (fault > 3 && sm_sql__token_symbol(t, fault, '(') && /* STREAM f(…), which is STREAM(f)(…) */
        sm_sql__token_symbol(t, fault - 1, ')') && sm_sql__token_is(t, fault - 4, "stream"))
        return "files are read through `sources:`, with `type: files`; STREAM takes the name of "
               "one";
    if (fault > 1 && sm_sql__token_is(t, fault, "select") &&
        sm_sql__token_is(t, fault - 2, "stream"))
        return "write STREAM(x) with a source or a table of this pipeline; a query cannot stand in "
               "it";
    return NULL;
}
