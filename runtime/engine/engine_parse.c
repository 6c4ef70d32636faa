/* SPDX-License-Identifier: Apache-2.0 */
/* engine_parse.c -- texts to trees, by DuckDB's own function. */
#include "runtime/engine/engine_parse.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_int.h"

/* `call` of each text, in their order: the elements of one list are not shared out to threads. */
static void each_text(const char *call, const sm_sv *texts, size_t n, sm_buf *sql)
{
    sm_buf_addf(sql, "SELECT %s FROM (SELECT %s", call, n > 1 ? "unnest([" : "");
    for (size_t i = 0; i < n; i++) {
        sm_buf_adds(sql, i > 0 ? ", " : "");
        sm_sql_literal(sql, texts[i]);
    }
    sm_buf_addf(sql, "%s AS t)", n > 1 ? "])" : "");
}

static size_t parse_size(const sm_sv *texts, size_t n)
{
    size_t size = 1024;

    for (size_t i = 0; i < n; i++)
        size += 2 * texts[i].len + 32;
    return size;
}

static sm_code map_texts(sm_session *s, const char *call, const sm_sv *texts, size_t n, sm_arena *a,
                         sm_sv *out, sm_error *err)
{
    sm_rows *r = NULL;
    sm_buf sql;
    sm_code rc;

    if (n == 0)
        return SM_OK;
    sm_buf_init(&sql, parse_size(texts, n));
    each_text(call, texts, n, &sql);
    if ((rc = sm_session_query(s, sm_buf_sv(&sql), &r, err)) == SM_OK)
        for (size_t i = 0; i < n && sm_rows_next(r); i++)
            out[i] = sm_arena_dup(a, sm_rows_sv(r, 0));
    sm_rows_free(r);
    sm_buf_release(&sql);
    return rc;
}

sm_code sm_session_parse(sm_session *s, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                         sm_error *err)
{
    return map_texts(s,
                     "json_serialize_sql(t, skip_null := true, skip_empty := true,"
                     " skip_default := true)",
                     texts, n, a, out, err);
}

sm_code sm_session_parse_whole(sm_session *s, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err)
{
    return map_texts(s,
                     "json_serialize_sql(t, skip_null := true, skip_empty := false,"
                     " skip_default := true)",
                     &text, 1, a, out, err);
}

sm_code sm_session_print(sm_session *s, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                         sm_error *err)
{
    return map_texts(s, "json_deserialize_sql(t)", trees, n, a, out, err);
}
