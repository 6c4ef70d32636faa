/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/sql/sql_stage_memory.h"

#include "runtime/base/sqlgrow.h"

/* ---- what is kept now ---------------------------------------------------------------- */

size_t sm_stage_n_logs(const sm_stage *s)
{
    return s->kind == SM_STAGE_WATERMARK ? 0 : s->kind == SM_STAGE_JOIN ? 2 : 1;
}

sm_sv sm_stage_log_name(const sm_stage *s, size_t i, sm_arena *a)
{
    return s->kind != SM_STAGE_JOIN
               ? s->name
               : sm_arena_printf(a, "%.*s_%c", SM_SV_ARG(s->name), i == 0 ? 'l' : 'r');
}

static sm_stage_era side_era(const sm_stage_side *side, sm_arena *a)
{
    size_t own = side->schema.n - side->n_hidden;
    sm_stage_column *columns = SM_NEW_N(a, sm_stage_column, own + side->n_unread + 1);

    for (size_t i = 0; i < own; i++)
        columns[i] =
            (sm_stage_column){ i < side->n_origins ? side->origins[i]
                                                   : side->schema.columns[i].name,
                               side->schema.columns[i].type, sm_arena_printf(a, "c%zu", i) };
    for (size_t i = 0; i < side->n_unread; i++)
        columns[own + i] = (sm_stage_column){ side->unread[i], SM_SV(""), SM_SV("") };
    return (sm_stage_era){ columns, own + side->n_unread, side->whole };
}

static sm_sv type_of(const sm_stage *s, sm_sv column)
{
    ptrdiff_t at = sm_schema_find(&s->schema, column);

    return at < 0 ? SM_SV("") : s->schema.columns[at].type;
}

static sm_stage_era dedup_era(const sm_stage *s, sm_arena *a)
{
    sm_stage_column *columns = SM_NEW_N(a, sm_stage_column, s->n_columns + 1);

    for (size_t i = 0; i < s->n_columns; i++)
        columns[i] = (sm_stage_column){ s->columns[i], type_of(s, s->columns[i]),
                                        sm_arena_printf(a, "k%zu", i) };
    return (sm_stage_era){ columns, s->n_columns, s->whole };
}

/* Keys, and arguments: those lie in the log only when it keeps rows. */
static sm_stage_era grouping_era(const sm_stage *s, sm_arena *a)
{
    sm_stage_column *columns = SM_NEW_N(a, sm_stage_column, s->n_keys + s->n_args + 1);

    for (size_t i = 0; i < s->n_keys + s->n_args; i++) {
        bool key = i < s->n_keys;
        sm_sv at = sm_arena_printf(a, "%c%zu", key ? 'k' : 'x', key ? i : i - s->n_keys);

        columns[i] = (sm_stage_column){ s->whole.len > 0 ? s->labels[i] : at, type_of(s, at),
                                        key || s->keeps_rows ? at : SM_SV("") };
    }
    return (sm_stage_era){ columns, s->n_keys + s->n_args, s->whole };
}

sm_stage_era sm_stage_era_now(const sm_stage *s, size_t i, sm_arena *a)
{
    switch (s->kind) {
    case SM_STAGE_JOIN:
        return side_era(i == 0 ? &s->left : &s->right, a);
    case SM_STAGE_DEDUP:
        return dedup_era(s, a);
    case SM_STAGE_AGGREGATE:
    case SM_STAGE_SESSION:
        return grouping_era(s, a);
    default: /* no row of the user's */
        return (sm_stage_era){ NULL, 0, SM_SV("") };
    }
}

/* ---- eras ------------------------------------------------------------------------------ */

bool sm_stage_era_same(const sm_stage_era *x, const sm_stage_era *y)
{
    for (size_t i = 0; x->n == y->n && i < x->n; i++) {
        const sm_stage_column *p = &x->columns[i], *q = &y->columns[i];

        if (!sm_sv_eq(p->name, q->name) || !sm_sv_eq(p->type, q->type) || !sm_sv_eq(p->at, q->at))
            return false;
    }
    return x->n == y->n && sm_sv_eq(x->whole, y->whole);
}

const sm_stage_column *sm_stage_era_find(const sm_stage_era *era, sm_sv name)
{
    for (size_t i = 0; i < era->n; i++)
        if (sm_sv_eq_nocase(era->columns[i].name, name))
            return &era->columns[i];
    return NULL;
}

static void put(sm_json *o, const char *key, sm_sv text)
{
    if (text.len > 0)
        sm_json_set_string(o, key, text);
}

sm_json *sm_stage_era_json(const sm_stage_era *era, sm_arena *a)
{
    sm_json *o = sm_json_object(a), *columns = sm_json_array(a);

    for (size_t i = 0; i < era->n; i++) {
        sm_json *c = sm_json_object(a);

        put(c, "name", era->columns[i].name);
        put(c, "type", era->columns[i].type);
        put(c, "at", era->columns[i].at);
        sm_json_append(columns, c);
    }
    put(o, "whole", era->whole);
    sm_json_set(o, "columns", columns);
    return o;
}

sm_stage_era sm_stage_era_read(const sm_json *json, sm_arena *a)
{
    const sm_json *list = sm_json_get(json, "columns");
    size_t n = sm_json_len(list);
    sm_stage_column *columns = SM_NEW_N(a, sm_stage_column, n + 1);

    for (size_t i = 0; i < n; i++) {
        const sm_json *c = sm_json_at(list, i);

        columns[i] = (sm_stage_column){ sm_arena_dup(a, sm_json_get_sv(c, "name", SM_SV(""))),
                                        sm_arena_dup(a, sm_json_get_sv(c, "type", SM_SV(""))),
                                        sm_arena_dup(a, sm_json_get_sv(c, "at", SM_SV(""))) };
    }
    return (sm_stage_era){ columns, n, sm_arena_dup(a, sm_json_get_sv(json, "whole", SM_SV(""))) };
}

sm_json *sm_stage_record(const sm_stage *s, sm_arena *a)
{
    sm_json *row = sm_json_object(a), *logs = sm_json_array(a);

    for (size_t i = 0; i < sm_stage_n_logs(s); i++) {
        sm_json *log = sm_json_object(a), *eras = sm_json_array(a);
        sm_stage_era now = sm_stage_era_now(s, i, a);

        sm_json_append(eras, sm_stage_era_json(&now, a));
        sm_json_set_string(log, "name", sm_stage_log_name(s, i, a));
        sm_json_set(log, "eras", eras);
        sm_json_append(logs, log);
    }
    sm_json_set_string(row, "name", s->name);
    sm_json_set_string(row, "fingerprint", s->fingerprint);
    sm_json_set_int(row, "version", SM_STAGE_MEMORY_VERSION);
    sm_json_set(row, "logs", logs);
    return row;
}

/* ---- going on ------------------------------------------------------------------------ */

static bool is_number(const sm_sqltype *t)
{
    return t->kind == SM_SQLTYPE_DECIMAL || t->kind == SM_SQLTYPE_DOUBLE;
}

/* What the engine makes of sums of a column that became wider: no column has it of its own. */
static bool sum_widens(const sm_sqltype *from, const sm_sqltype *to)
{
    if (from->kind == SM_SQLTYPE_HUGEINT)
        return is_number(to);
    return from->kind == SM_SQLTYPE_DECIMAL && to->kind == SM_SQLTYPE_DECIMAL &&
           from->width == 38 && to->width == 38 && to->scale >= from->scale;
}

/* Is every value of the one type one of the other, which is the same or wider? */
static bool fits(sm_sv was, sm_sv now, sm_arena *a)
{
    sm_column old = { .name = SM_SV("x"), .type = was }, new = { .name = SM_SV("x"), .type = now };
    sm_schema x = { &old, 1 }, y = { &new, 1 };
    sm_sqltype *from, *to, *grown;
    sm_grown g;
    sm_error ignored;

    if (sm_sv_eq(was, now))
        return true;
    if (sm_sqltype_parse(was, a, &from, &ignored) != SM_OK ||
        sm_sqltype_parse(now, a, &to, &ignored) != SM_OK ||
        sm_schema_grow(&x, &y, SM_GROW_WIDEN, a, &g, &ignored) != SM_OK)
        return false;
    if (g.conflict >= 0)
        return sum_widens(from, to);
    return sm_sqltype_parse(g.schema.columns[0].type, a, &grown, &ignored) == SM_OK &&
           sm_sqltype_equal(grown, to);
}

/* How a message calls the column of a log. */
static sm_sv label_of(const sm_stage *s, const sm_stage_era *now, sm_sv name)
{
    bool grouping = s->kind == SM_STAGE_AGGREGATE || s->kind == SM_STAGE_SESSION;

    for (size_t i = 0; grouping && i < now->n && i < s->n_keys + s->n_args; i++)
        if (sm_sv_eq(now->columns[i].name, name))
            return s->labels[i];
    return name;
}

static bool column_goes_on(const sm_stage *s, const sm_stage_era *now, const sm_stage_era *was,
                           const sm_stage_column *c, sm_arena *a, sm_buf *why)
{
    const sm_stage_column *old = sm_stage_era_find(was, c->name);
    sm_sv label = label_of(s, now, c->name);

    if (c->type.len == 0)
        return true;
    if (!old && !sm_sv_eq(now->whole, was->whole)) {
        sm_buf_addf(why,
                    s->kind == SM_STAGE_JOIN
                        ? "needs column \"%.*s\", which the query of that side did not give before"
                        : "has column \"%.*s\" in its key, which it had not before",
                    SM_SV_ARG(label));
        return false;
    }
    if (old && old->type.len == 0) {
        sm_buf_addf(why, "needs column \"%.*s\", which was not kept as the query did not read it",
                    SM_SV_ARG(label));
        return false;
    }
    if (!old || fits(old->type, c->type, a))
        return true;
    sm_buf_addf(why, "has \"%.*s\" as %.*s, which was %.*s before and is no wider type of it",
                SM_SV_ARG(label), SM_SV_ARG(c->type), SM_SV_ARG(old->type));
    return false;
}

static bool era_goes_on(const sm_stage *s, const sm_stage_era *now, const sm_stage_era *was,
                        sm_arena *a, sm_buf *why)
{
    for (size_t i = 0; i < now->n; i++)
        if (!column_goes_on(s, now, was, &now->columns[i], a, why))
            return false;
    for (size_t i = 0; s->whole.len > 0 && i < was->n; i++) {
        if (sm_stage_era_find(now, was->columns[i].name))
            continue;
        sm_buf_addf(why, "has column \"%.*s\" in its key no more", SM_SV_ARG(was->columns[i].name));
        return false;
    }
    return true;
}

static const sm_json *log_named(const sm_json *logs, sm_sv name)
{
    for (size_t i = 0; i < sm_json_len(logs); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(logs, i), "name", SM_SV("")), name))
            return sm_json_at(logs, i);
    return NULL;
}

bool sm_stage_is_foreign(const sm_json *was)
{
    return sm_json_get_int(was, "version", 1) != SM_STAGE_MEMORY_VERSION;
}

bool sm_stage_goes_on(const sm_stage *s, const sm_json *was, sm_arena *a, sm_buf *why)
{
    const sm_json *logs = sm_json_get(was, "logs");

    if (!sm_sv_eq(sm_json_get_sv(was, "fingerprint", SM_SV("")), s->fingerprint)) {
        sm_buf_adds(why, sm_stage_is_foreign(was)
                             ? "was remembered by another version of smelt, in another way"
                             : "has other keys, aggregates or another output mode than before");
        return false;
    }
    for (size_t i = 0; i < sm_stage_n_logs(s); i++) {
        const sm_json *eras = sm_json_get(log_named(logs, sm_stage_log_name(s, i, a)), "eras");
        sm_stage_era now = sm_stage_era_now(s, i, a);

        for (size_t k = 0; k < sm_json_len(eras); k++) {
            sm_stage_era era = sm_stage_era_read(sm_json_at(eras, k), a);

            if (!era_goes_on(s, &now, &era, a, why))
                return false;
        }
    }
    return true;
}
