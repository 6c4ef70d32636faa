/* SPDX-License-Identifier: Apache-2.0 */
/* live_engine.c -- one real engine for a whole test program. */
#include "tests/support/live_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/engine/engine.h"
#include "runtime/engine/engine_parse.h"

static sm_engine *engine;
static sm_session *session;

static sm_code parse(void *ctx, const sm_sv *texts, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    (void)ctx;
    return sm_session_parse(session, texts, n, a, out, err);
}

static sm_code bind(void *ctx, sm_sv text, const sm_sql_relation *relations, size_t n, sm_arena *a,
                    sm_schema *out, sm_sql_error *why, sm_error *err)
{
    sm_bind_relation *list = SM_NEW_N(a, sm_bind_relation, n + 1);
    sm_bind_error fault = { 0 };
    sm_code rc;

    (void)ctx;
    for (size_t i = 0; i < n; i++)
        list[i] = (sm_bind_relation){ relations[i].name, relations[i].schema };
    rc = sm_session_bind(session, text, list, n, a, out, &fault, err);
    *why = (sm_sql_error){ fault.offset, fault.message, fault.candidates, fault.n_candidates };
    return rc;
}

static sm_code parse_whole(void *ctx, sm_sv text, sm_arena *a, sm_sv *out, sm_error *err)
{
    (void)ctx;
    return sm_session_parse_whole(session, text, a, out, err);
}

static sm_code print(void *ctx, const sm_sv *trees, size_t n, sm_arena *a, sm_sv *out,
                     sm_error *err)
{
    (void)ctx;
    return sm_session_print(session, trees, n, a, out, err);
}

static const sm_sql_engine functions = {
    .parse = parse, .bind = bind, .parse_whole = parse_whole, .print = print
};

const sm_sql_engine *sm_test_live_engine(void)
{
    sm_engine_config config = { .threads = 1, .memory_limit = SM_SV("1GiB") };
    sm_error err;

    if (session)
        return &functions;
    if (sm_engine_open(&config, &engine, &err) != SM_OK ||
        sm_session_open(engine, &session, &err) != SM_OK) {
        fprintf(stderr, "the engine does not open: %s\n", err.msg);
        exit(1);
    }
    return &functions;
}

void sm_test_live_close(void)
{
    sm_session_close(session);
    sm_engine_close(engine);
    session = NULL;
    engine = NULL;
}

const char *sm_test_live_exec(const char *sql)
{
    static sm_error err;

    (void)sm_test_live_engine();
    return sm_session_exec(session, sm_sv_cstr(sql), &err) == SM_OK ? "" : err.msg;
}

sm_sv sm_test_live_value(sm_sv sql, sm_arena *a)
{
    sm_sv out = SM_SV("");
    sm_error err;

    (void)sm_test_live_engine();
    if (sm_session_text(session, sql, a, &out, &err) != SM_OK)
        return sm_arena_dup(a, sm_sv_cstr(err.msg));
    return out;
}
