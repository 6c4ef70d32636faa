/* SPDX-License-Identifier: Apache-2.0 */
/* replay_earlier.c -- rows that were set aside before their table was rebuilt.
 *
 * A rebuild reads the sources again and sets the same rows aside again, beside those of before,
 * which stay.  To judge both would write such a row twice.  So each row knows the generation of its
 * flow, and what is not of one since the flow began anew is passed over.  An adopted generation
 * goes on where another one ended: it is no beginning. */
#include "runtime/base/sqltext.h"
#include "runtime/exec/replay_int.h"

/* " OR _flow = … AND _generation NOT IN (…)".  A flow whose beginning this store does not know is
 * left out: its rows are as good as any. */
static void add_flow(const sm_generation *life, size_t n, sm_buf *b)
{
    size_t begun = 0;

    while (begun < n && life[begun].why == SM_GENERATION_ADOPT)
        begun++;
    if (begun == n)
        return;
    sm_buf_adds(b, " OR _flow = ");
    sm_sql_literal(b, life[0].flow);
    sm_buf_adds(b, " AND _generation NOT IN (");
    for (size_t i = 0; i <= begun; i++) {
        sm_buf_adds(b, i > 0 ? ", " : "");
        sm_sql_literal(b, life[i].uuid);
    }
    sm_buf_addc(b, ')');
}

sm_code sm_replay__find_earlier(sm_replay_run *r, sm_error *err)
{
    sm_store *s = r->q->store;
    sm_arena *a = r->f.scratch;
    sm_generation *now, *life;
    size_t n, k;
    sm_buf b;
    sm_code rc = sm_store_generations(s, r->env.owner.pipeline, SM_SV(""), a, &now, &n, err);

    r->earlier = SM_SV("false");
    if (rc != SM_OK || sm_schema_find(&r->stored, SM_SV("_generation")) < 0)
        return rc;
    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "coalesce(false");
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        if (!sm_sv_eq(now[i].target, r->table->name) || sm_sv_eq(now[i].flow, r->side.name))
            continue;
        rc = sm_store_generations(s, r->env.owner.pipeline, now[i].flow, a, &life, &k, err);
        if (rc == SM_OK)
            add_flow(life, k, &b);
    }
    sm_buf_adds(&b, ", false)");
    if (rc == SM_OK && (rc = sm_buf_check(&b, "the SQL of a replay", err)) == SM_OK)
        r->earlier = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return rc;
}
