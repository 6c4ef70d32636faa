/* SPDX-License-Identifier: Apache-2.0 */
/* sql_functions.c -- the functions that a query may call. */
#include <string.h>

#include "pipelines/sql/sql_int.h"
#include "runtime/base/suggest.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

typedef struct function {
    const char *name;
    sm_sql_function_kind kind;
} function;

#define X(name, kind) { name, SM_FUNCTION_##kind },
static const function functions[] = {
#include "pipelines/sql/sql_functions.inc"
};
#undef X

static const struct {
    const char *name;
    sm_sql_call_kind kind;
    bool word; /* the engine takes it without brackets too, where no column has the name */
} rewritten[] = {
    { "current_date", SM_CALL_CLOCK_DATE, true },
    { "current_localtime", SM_CALL_CLOCK_TIME, false },
    { "current_localtimestamp", SM_CALL_CLOCK_TIMESTAMP, false },
    { "current_time", SM_CALL_CLOCK_TIME, true },
    { "current_timestamp", SM_CALL_CLOCK_TIMESTAMP, true },
    { "get_current_time", SM_CALL_CLOCK_TIME, false },
    { "get_current_timestamp", SM_CALL_CLOCK_TIMESTAMP, false },
    { "localtime", SM_CALL_CLOCK_TIME, true },
    { "localtimestamp", SM_CALL_CLOCK_TIMESTAMP, true },
    { "now", SM_CALL_CLOCK_TIMESTAMP, false },
    { "today", SM_CALL_CLOCK_DATE, false },
    { "transaction_timestamp", SM_CALL_CLOCK_TIMESTAMP, false },
    { "session_window", SM_CALL_SESSION_WINDOW, false },
    { "window", SM_CALL_WINDOW, false },
    { "window_time", SM_CALL_WINDOW_TIME, false },
};

static const char *const table_functions[] = {
    "stream", "range", "generate_series", "unnest", "json_each", "json_tree",
};

/* Names, and beginnings of names where the last character is *, with the reason. */
static const struct {
    const char *name, *why;
} refused[] = {
    { "read_*", "it reads files" },
    { "glob", "it reads files" },
    { "parquet_*", "it reads files" },
    { "sniff_csv", "it reads files" },
    { "query", "it runs a text as SQL" },
    { "query_table", "it runs a text as SQL" },
    { "json_execute_serialized_sql", "it runs a text as SQL" },
    { "duckdb_*", "it looks into the engine" },
    { "pragma_*", "it looks into the engine" },
    { "pg_*", "it looks into the engine" },
    { "getvariable", "it looks into the engine" },
    { "current_catalog", "it looks into the engine" },
    { "current_database", "it looks into the engine" },
    { "current_role", "it looks into the engine" },
    { "current_schema", "it looks into the engine" },
    { "current_schemas", "it looks into the engine" },
    { "current_user", "it looks into the engine" },
    { "session_user", "it looks into the engine" },
    { "user", "it looks into the engine" },
    { "version", "it looks into the engine" },
    { "current_setting", "it looks into the engine" },
    { "which_secret", "it looks into the engine" },
    { "write_log", "it acts on the engine" },
    { "sleep_ms", "it stops the batch" },
    { "nextval", "it acts on the engine" },
    { "currval", "it looks into the engine" },
    { "setseed", "it acts on the engine" },
    { "error", "it fails the batch; use an expectation with on_violation: fail" },
    { "ago", "it reads the clock of the machine; write now() - INTERVAL …" },
};

static int name_order(sm_sv name, const char *known)
{
    size_t i;

    for (i = 0; i < name.len && known[i]; i++) {
        char c = name.ptr[i];
        int diff;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        diff = (int)(unsigned char)c - (int)(unsigned char)known[i];
        if (diff != 0)
            return diff;
    }
    return i < name.len ? 1 : known[i] ? -1 : 0;
}

sm_sql_function_kind sm_sql__function(sm_sv name)
{
    size_t lo = 0, hi = COUNT(functions);

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = name_order(name, functions[mid].name);

        if (order == 0)
            return functions[mid].kind;
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return SM_FUNCTION_UNKNOWN;
}

sm_sv sm_sql__function_like(sm_sv name)
{
    sm_sv known[COUNT(functions)];
    size_t i;

    for (i = 0; i < COUNT(functions); i++)
        known[i] = sm_sv_cstr(functions[i].name);
    i = sm_suggest(name, known, COUNT(functions));
    return i < COUNT(functions) ? known[i] : SM_SV("");
}

bool sm_sql__function_rewritten(sm_sv name, bool word, sm_sql_call_kind *kind)
{
    for (size_t i = 0; i < COUNT(rewritten); i++) {
        if (name_order(name, rewritten[i].name) == 0 && (rewritten[i].word || !word)) {
            *kind = rewritten[i].kind;
            return true;
        }
    }
    return false;
}

bool sm_sql__session_word(sm_sv name)
{
    static const char *const words[] = { "current_catalog", "current_role", "current_schema",
                                         "current_user",    "session_user", "user" };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (name_order(name, words[i]) == 0)
            return true;
    }
    return false;
}

bool sm_sql__table_function(sm_sv name)
{
    for (size_t i = 0; i < COUNT(table_functions); i++) {
        if (name_order(name, table_functions[i]) == 0)
            return true;
    }
    return false;
}

const char *sm_sql__function_refused(sm_sv name)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        size_t n = strlen(refused[i].name);

        if (refused[i].name[n - 1] == '*') {
            if (sm_sql_same_name(sm_sv_sub(name, 0, n - 1), (sm_sv){ refused[i].name, n - 1 }))
                return refused[i].why;
        } else if (name_order(name, refused[i].name) == 0) {
            return refused[i].why;
        }
    }
    return NULL;
}
