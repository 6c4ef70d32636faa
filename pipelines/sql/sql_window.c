/* SPDX-License-Identifier: Apache-2.0 */
/* sql_window.c -- window() as arithmetic.
 *
 * `window(ts, size, slide, start)` is the struct {start, end} of the windows that hold ts.  With
 * x the microseconds of ts, all over BIGINT, floor semantics also before 1970:
 *
 *     tumbling   s = x - floormod(x - start, size)
 *                { s, s + size }, for rows whose ts is not null
 *     sliding    the greatest s = x - floormod(x - start, slide), then s - slide, … while
 *                s > x - size; one row for each, by an unnest beside the FROM clause
 *
 * The engine computes the same subexpression once, however often it stands in the text.
 */
#include <stdlib.h>

#include "pipelines/sql/sql_int.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* ---- durations ----------------------------------------------------------------- */

#define SECOND INT64_C(1000000)

static const struct {
    const char *name;
    int64_t us;
} units[] = {
    { "us", 1 },
    { "microsecond", 1 },
    { "microseconds", 1 },
    { "ms", 1000 },
    { "millisecond", 1000 },
    { "milliseconds", 1000 },
    { "s", SECOND },
    { "sec", SECOND },
    { "secs", SECOND },
    { "second", SECOND },
    { "seconds", SECOND },
    { "m", 60 * SECOND },
    { "min", 60 * SECOND },
    { "mins", 60 * SECOND },
    { "minute", 60 * SECOND },
    { "minutes", 60 * SECOND },
    { "h", 3600 * SECOND },
    { "hour", 3600 * SECOND },
    { "hours", 3600 * SECOND },
    { "d", 86400 * SECOND },
    { "day", 86400 * SECOND },
    { "days", 86400 * SECOND },
    { "w", 604800 * SECOND },
    { "week", 604800 * SECOND },
    { "weeks", 604800 * SECOND },
};

static size_t skip_space(sm_sv s, size_t at)
{
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
        at++;
    return at;
}

static int64_t unit_us(sm_sv word)
{
    for (size_t i = 0; i < COUNT(units); i++) {
        if (sm_sql_same_name(word, sm_sv_cstr(units[i].name)))
            return units[i].us;
    }
    return 0;
}

/* One `10 minutes`; *at moves behind it. */
static bool duration_part(sm_sv s, size_t *at, int64_t *sum)
{
    bool minus = *at < s.len && s.ptr[*at] == '-';
    int64_t number = 0, us;
    size_t from = *at + minus, i = from, word;

    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, s.ptr[i] - '0', &number))
            return false;
    }
    if (i == from)
        return false;
    word = i = skip_space(s, i);
    while (i < s.len && ((s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'z'))
        i++;
    us = unit_us((sm_sv){ s.ptr + word, i - word });
    if (us == 0 || __builtin_mul_overflow(number, minus ? -us : us, &number) ||
        __builtin_add_overflow(*sum, number, sum))
        return false;
    *at = i;
    return true;
}

bool sm_sql__duration(sm_sv text, int64_t *out_us)
{
    size_t at = skip_space(text, 0);
    int64_t sum = 0;

    if (at == text.len)
        return false;
    while (at < text.len) {
        if (!duration_part(text, &at, &sum))
            return false;
        at = skip_space(text, at);
    }
    *out_us = sum;
    return true;
}

/* ---- the call ------------------------------------------------------------------ */

/* INTERVAL 10 MINUTES, which the engine reads as to_minutes(CAST(10 AS …)). */
static bool interval_of_unit(const sm_json *node, int64_t *out)
{
    sm_sv name = sm_ast_text(node, "function_name");
    const sm_json *value = sm_ast_item(sm_ast_get(node, "children"), 0);
    int64_t us = unit_us(sm_sv_sub(name, 3, name.len)), number;

    if (!sm_sv_starts(name, SM_SV("to_")) || us == 0)
        return false;
    while (sm_ast_is(value, "class", "CAST") || sm_ast_is(value, "function_name", "trunc"))
        value = sm_ast_is(value, "class", "CAST") ? sm_ast_get(value, "child")
                                                  : sm_ast_item(sm_ast_get(value, "children"), 0);
    value = sm_ast_get(value, "value");
    if (sm_ast_is(sm_ast_get(value, "type"), "id", "INTEGER"))
        number = sm_json_get_int(value, "value", 0);
    else if (!sm_sv_to_int64(sm_ast_text(value, "value"), &number))
        return false;
    return !__builtin_mul_overflow(number, us, out);
}

bool sm_sql__interval(const sm_json *node, int64_t *out)
{
    const sm_json *value;

    if (sm_ast_is(node, "class", "FUNCTION"))
        return interval_of_unit(node, out);
    if (sm_ast_is(node, "class", "CAST") &&
        sm_ast_is(sm_ast_get(node, "cast_type"), "id", "INTERVAL"))
        node = sm_ast_get(node, "child");
    value = sm_ast_get(node, "value");
    return sm_ast_is(node, "class", "CONSTANT") && sm_ast_text(value, "value").len > 0 &&
           sm_sql__duration(sm_ast_text(value, "value"), out);
}

/* The same, or a variable. */
static bool interval_of(const sm_sql_query *q, const sm_json *node, int64_t *out)
{
    if (sm_ast_is(node, "class", "PARAMETER")) {
        const sm_sql_variable *v = sm_sql__variable(&q->variables, sm_ast_text(node, "identifier"));

        return v && sm_sql__duration(v->value, out);
    }
    return sm_sql__interval(node, out);
}

static bool refuse(const sm_sql_query *q, const sm_sql_call *call, sm_diags *d, const char *what,
                   const char *hint)
{
    sm_diag_add(d, "SM0215", sm_sql__span(q->text, q->tree, sm_ast_place(call->node)), "%.*s: %s",
                SM_SV_ARG(q->owner), what);
    sm_diag_hint(d, "%s", hint);
    return false;
}

/* The first argument's bytes: from behind the bracket to the comma of its level. */
static bool time_argument(const sm_sql_tokens *t, size_t open, sm_sql_window *out)
{
    size_t close = sm_sql__token_close(t, open);
    uint32_t depth = t->items[open].depth + 1;

    for (size_t i = open + 1; i < close; i++) {
        if (t->items[i].depth == depth && sm_sql__token_symbol(t, i, ',')) {
            sm_sql__token_range(t, open + 1, i, &out->time_at, &out->time_len);
            return i > open + 1;
        }
    }
    return false;
}

bool sm_sql__window_read(const sm_sql_query *q, const sm_sql_call *call, sm_diags *d,
                         sm_sql_window *out)
{
    static const char form[] = "Write window(time, '10 minutes'), or with a slide and a start: "
                               "window(time, '10 minutes', '5 minutes', '1 minute').";
    const sm_json *args = sm_ast_get(call->node, "children");
    const sm_sql_tokens *t = &q->tree->tokens;
    size_t n = sm_ast_count(args);
    size_t open = sm_sql__token_at(t, call->offset) + 1;

    *out = (sm_sql_window){ 0 };
    if (n < 2 || n > 4)
        return refuse(q, call, d, "window() takes a time and one to three durations", form);
    if (!interval_of(q, sm_ast_item(args, 1), &out->size) || out->size <= 0)
        return refuse(q, call, d, "the size of window() is no fixed, positive duration",
                      "Write it as '10 minutes'; months and years have no fixed length.");
    out->slide = out->size;
    if (n > 2 && (!interval_of(q, sm_ast_item(args, 2), &out->slide) || out->slide <= 0 ||
                  out->slide > out->size))
        return refuse(q, call, d, "the slide of window() is no positive duration up to its size",
                      form);
    if (n > 3 && (!interval_of(q, sm_ast_item(args, 3), &out->start) || out->start == INT64_MIN ||
                  llabs(out->start) >= out->slide))
        return refuse(q, call, d, "the start of window() is no duration below its slide", form);
    if (!sm_sql__token_symbol(t, open, '(') || !time_argument(t, open, out))
        return refuse(q, call, d, "the arguments of window() could not be found", form);
    return true;
}

bool sm_sql__session_read(const sm_sql_query *q, const sm_sql_call *call, sm_diags *d,
                          sm_sql_window *out)
{
    static const char form[] = "Write session_window(time, '10 minutes').";
    const sm_json *args = sm_ast_get(call->node, "children"), *gap = sm_ast_item(args, 1);
    const sm_sql_tokens *t = &q->tree->tokens;
    size_t open = sm_sql__token_at(t, call->offset) + 1, close, comma;

    *out = (sm_sql_window){ 0 };
    if (sm_ast_count(args) != 2)
        return refuse(q, call, d, "session_window() takes a time and a gap", form);
    if (!sm_sql__token_symbol(t, open, '(') || !time_argument(t, open, out))
        return refuse(q, call, d, "the arguments of session_window() could not be found", form);
    if (interval_of(q, gap, &out->size))
        return out->size > 0 ||
               refuse(q, call, d, "the gap of session_window() is not positive", form);
    if (sm_ast_is(gap, "class", "CONSTANT"))
        return refuse(q, call, d, "the gap of session_window() is no duration", form);
    close = sm_sql__token_close(t, open);
    comma = sm_sql__token_at(t, out->time_at + out->time_len - 1) + 1;
    sm_sql__token_range(t, comma + 1, close, &out->gap_at, &out->gap_len);
    return true;
}

/* ---- the SELECT around it ------------------------------------------------------ */

static bool is_set_word(const sm_sql_tokens *t, size_t i)
{
    return sm_sql__token_is(t, i, "union") || sm_sql__token_is(t, i, "intersect") ||
           sm_sql__token_is(t, i, "except");
}

/* A word that ends FROM or WHERE. */
static bool is_later_clause(const sm_sql_tokens *t, size_t i)
{
    static const char *const words[] = { "having", "qualify", "window", "order",
                                         "limit",  "offset",  "fetch",  "select" };

    if (sm_sql__token_is(t, i, "group"))
        return sm_sql__token_is(t, i + 1, "by");
    if (sm_sql__token_is(t, i, "using"))
        return sm_sql__token_is(t, i + 1, "sample");
    for (size_t k = 0; k < COUNT(words); k++) {
        if (sm_sql__token_is(t, i, words[k]))
            return !sm_sql__token_symbol(t, i + 1, '(') || sm_sql__token_is(t, i, "having");
    }
    return is_set_word(t, i) || sm_sql__token_symbol(t, i, ';');
}

/* The SELECT whose list, or later clause, holds token i: the nearest one before it at its own
 * or an outer level, not inside of brackets that were closed again. */
static size_t select_before(const sm_sql_tokens *t, size_t i)
{
    uint32_t depth = t->items[i].depth;

    while (i-- > 0) {
        if (t->items[i].depth < depth)
            depth = t->items[i].depth;
        if (t->items[i].depth == depth && sm_sql__token_is(t, i, "select"))
            return i;
    }
    return t->n;
}

/* The first token of the level of `from` on, up to the end of its brackets, that `stop`
 * accepts; where none does, the end. */
static size_t scan_level(const sm_sql_tokens *t, size_t from, uint32_t depth,
                         bool (*stop)(const sm_sql_tokens *, size_t))
{
    for (size_t i = from; i < t->n; i++) {
        if (t->items[i].depth < depth || (t->items[i].depth == depth && stop(t, i)))
            return i;
        /* a closing bracket has the depth of the outside */
        if (t->items[i].depth + 1 == depth)
            return i;
    }
    return t->n;
}

static bool is_from(const sm_sql_tokens *t, size_t i)
{
    return sm_sql__token_is(t, i, "from");
}

static bool is_where_or_later(const sm_sql_tokens *t, size_t i)
{
    return sm_sql__token_is(t, i, "where") || is_later_clause(t, i);
}

static size_t end_before(const sm_sql_tokens *t, size_t i)
{
    return t->items[i - 1].at + t->items[i - 1].len;
}

bool sm_sql__where_place(const sm_sql_tokens *t, size_t offset, size_t *at, size_t *end,
                         bool *where)
{
    size_t select = select_before(t, sm_sql__token_at(t, offset));
    size_t from, stop;
    uint32_t depth;

    if (select == t->n)
        return false;
    depth = t->items[select].depth;
    from = scan_level(t, select + 1, depth, is_from);
    if (!sm_sql__token_is(t, from, "from"))
        return false;
    stop = scan_level(t, from + 1, depth, is_where_or_later);
    *where = sm_sql__token_is(t, stop, "where") && t->items[stop].depth == depth;
    *at = *end = end_before(t, stop);
    if (*where) {
        size_t last = scan_level(t, stop + 1, depth, is_later_clause);

        *at = t->items[stop].at + t->items[stop].len;
        *end = end_before(t, last);
    }
    return true;
}

static bool is_group_all(const sm_sql_tokens *t, size_t i)
{
    return sm_sql__token_is(t, i, "group") && sm_sql__token_is(t, i + 1, "by") &&
           sm_sql__token_is(t, i + 2, "all");
}

bool sm_sql__group_all_place(const sm_sql_tokens *t, size_t offset, size_t *at, size_t *len)
{
    size_t select = select_before(t, sm_sql__token_at(t, offset));
    size_t group;

    if (select == t->n)
        return false;
    group = scan_level(t, select + 1, t->items[select].depth, is_group_all);
    if (!is_group_all(t, group))
        return false;
    sm_sql__token_range(t, group + 2, group + 3, at, len);
    return true;
}
