/* SPDX-License-Identifier: Apache-2.0 */
/* engine_zone.c -- when the distance of a zone from UTC changes.
 *
 * The engine answers what local time is at a moment.  Days at whose ends the distance is another
 * one are looked at by the quarter of an hour, which is how finely zones shift. */
#include "runtime/engine/engine_zone.h"

#include <string.h>

#include "runtime/base/sqltext.h"
#include "runtime/base/suggest.h"

enum { DAY_MS = 86400000, MOST_NAMES = 4096, SQL_MAX = 16 * 1024 };

bool sm_zone_is_utc(sm_sv name)
{
    static const char *const names[] = { "UTC", "Etc/UTC", "GMT", "Z", "Zulu" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sm_sv_eq_nocase(name, sm_sv_cstr(names[i])))
            return true;
    return false;
}

static sm_code exists(sm_session *s, sm_sv name, sm_error *err)
{
    int64_t n = 0;
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, SQL_MAX);
    sm_buf_adds(&sql, "SELECT count(*) FROM pg_timezone_names() WHERE name = ");
    sm_sql_literal(&sql, name);
    rc = sm_session_int64(s, sm_buf_sv(&sql), &n, err);
    sm_buf_release(&sql);
    return rc == SM_OK && n == 0
               ? sm_fail(err, SM_E_NOT_FOUND, 0, "there is no time zone \"%.*s\"", SM_SV_ARG(name))
               : rc;
}

/* Moments and distances, each where it differs from the one before. */
static void shifts_sql(sm_buf *sql, sm_sv name, int64_t from_ms, int64_t to_ms)
{
    sm_buf_addf(sql,
                "WITH days AS (SELECT unnest(range(%lld, %lld, %d)) AS ms), "
                "distances AS (SELECT ms, epoch_ms(timezone(",
                (long long)from_ms, (long long)to_ms, DAY_MS);
    sm_sql_literal(sql, name);
    sm_buf_addf(
        sql,
        ", timezone('UTC', make_timestamp(ms * 1000)))) - ms AS d FROM days), "
        "turns AS (SELECT ms, d, lead(d) OVER (ORDER BY ms) AS next FROM distances), "
        "fine AS (SELECT unnest(range(ms, ms + %d, 900000)) AS ms FROM turns WHERE d <> next "
        "UNION ALL SELECT min(ms) FROM days), "
        "fine_distances AS (SELECT ms, epoch_ms(timezone(",
        DAY_MS + 900000);
    sm_sql_literal(sql, name);
    sm_buf_adds(sql, ", timezone('UTC', make_timestamp(ms * 1000)))) - ms AS d FROM fine), "
                     "changes AS (SELECT ms, d, lag(d) OVER (ORDER BY ms) AS last FROM "
                     "fine_distances) "
                     "SELECT ms, d FROM changes WHERE last IS NULL OR d <> last ORDER BY ms");
}

sm_code sm_session_zone(sm_session *s, sm_sv name, int64_t from_ms, int64_t to_ms, sm_arena *a,
                        sm_zone *out, sm_error *err)
{
    sm_zone_shift *shifts = NULL;
    size_t n = 0, cap = 0;
    sm_rows *rows = NULL;
    sm_buf sql;
    sm_code rc;

    *out = (sm_zone){ 0 };
    if (sm_zone_is_utc(name))
        return SM_OK;
    if ((rc = exists(s, name, err)) != SM_OK)
        return rc;
    from_ms -= from_ms % DAY_MS;
    sm_buf_init(&sql, SQL_MAX);
    shifts_sql(&sql, name, from_ms, to_ms);
    rc = sm_session_query(s, sm_buf_sv(&sql), &rows, err);
    sm_buf_release(&sql);
    while (rc == SM_OK && sm_rows_next(rows)) {
        if (n == cap) {
            sm_zone_shift *more = SM_NEW_N(a, sm_zone_shift, cap == 0 ? 16 : 2 * cap);

            if (n > 0)
                memcpy(more, shifts, n * sizeof *shifts);
            cap = cap == 0 ? 16 : 2 * cap;
            shifts = more;
        }
        shifts[n++] = (sm_zone_shift){ sm_rows_int64(rows, 0), sm_rows_int64(rows, 1) };
    }
    sm_rows_free(rows);
    *out = (sm_zone){ shifts, n, to_ms };
    return rc;
}

sm_code sm_session_zone_near(sm_session *s, sm_sv name, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv *names = SM_NEW_N(a, sm_sv, MOST_NAMES);
    sm_rows *rows = NULL;
    size_t n = 0, near;
    sm_code rc;

    *out = SM_SV("");
    rc = sm_session_query(s, SM_SV("SELECT name FROM pg_timezone_names() ORDER BY name"), &rows,
                          err);
    while (rc == SM_OK && n < MOST_NAMES && sm_rows_next(rows))
        names[n++] = sm_arena_dup(a, sm_rows_sv(rows, 0));
    sm_rows_free(rows);
    for (size_t i = 0; i < n; i++) /* only the case is another one, or the continent is left out */
        if (sm_sv_eq_nocase(names[i], name) ||
            (names[i].len > name.len && names[i].ptr[names[i].len - name.len - 1] == '/' &&
             sm_sv_eq_nocase(sm_sv_sub(names[i], names[i].len - name.len, name.len), name))) {
            *out = names[i];
            return rc;
        }
    if ((near = sm_suggest(name, names, n)) < n)
        *out = names[near];
    return rc;
}
