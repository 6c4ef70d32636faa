/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sql_engine.h"

#include <stdlib.h>

#include "runtime/engine/engine.h"
#include "runtime/engine/engine_parse.h"
#include "runtime/engine/engine_zone.h"

typedef struct opened {
    sm_engine *engine;
    sm_session *session;
} opened;

static sm_code parse(void *ctx, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    return sm_session_parse(((opened *)ctx)->session, texts, n, a, out, err);
}

static sm_code bind(void *ctx, sm_sv text, const sm_sql_relation *relations, size_t n, sm_arena *a,
                    sm_schema *out, sm_sql_error *why, sm_error *err)
{
    sm_bind_relation *given = SM_NEW_N(a, sm_bind_relation, n);
    sm_bind_error told = { .offset = SM_BIND_NOWHERE };
    sm_code rc;

    for (size_t i = 0; i < n; i++)
        given[i] = (sm_bind_relation){ relations[i].name, relations[i].schema };
    rc = sm_session_bind(((opened *)ctx)->session, text, given, n, a, out, &told, err);
    *why = (sm_sql_error){
        .offset = told.offset == SM_BIND_NOWHERE ? SM_SQL_NOWHERE : told.offset,
        .message = told.message,
        .candidates = told.candidates,
        .n_candidates = told.n_candidates,
    };
    return rc;
}

static sm_code parse_whole(void *ctx, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err)
{
    return sm_session_parse_whole(((opened *)ctx)->session, text, a, out, err);
}

static sm_code print(void *ctx, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    return sm_session_print(((opened *)ctx)->session, trees, n, a, out, err);
}

sm_code sm_test_sql_zone(const sm_sql_engine *e, sm_sv name, sm_arena *a, bool *known, sm_sv *near,
                         sm_error *err)
{
    sm_session *s = ((opened *)e->ctx)->session;
    sm_zone zone;
    sm_code rc = sm_session_zone(s, name, 0, 1, a, &zone, err);

    *known = rc == SM_OK;
    return rc == SM_E_NOT_FOUND ? sm_session_zone_near(s, name, a, near, err) : rc;
}

void sm_test_sql_close(sm_sql_engine *e)
{
    opened *o = e->ctx;

    if (!o)
        return;
    sm_session_close(o->session);
    sm_engine_close(o->engine);
    free(o);
    e->ctx = NULL;
}

sm_code sm_test_sql_open(sm_sql_engine *out, sm_error *err)
{
    sm_engine_config config = { .threads = 1, .memory_limit = SM_SV("1GiB") };
    opened *o = sm_xcalloc(1, sizeof(*o));
    sm_code rc;

    *out = (sm_sql_engine){
        .ctx = o, .parse = parse, .bind = bind, .parse_whole = parse_whole, .print = print
    };
    if ((rc = sm_engine_open(&config, &o->engine, err)) != SM_OK)
        goto done;
    rc = sm_session_open(o->engine, &o->session, err);
done:
    if (rc != SM_OK)
        sm_test_sql_close(out);
    return rc;
}
