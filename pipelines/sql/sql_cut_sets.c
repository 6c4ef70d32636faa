/* SPDX-License-Identifier: Apache-2.0 */
/* sql_cut_sets.c -- GROUPING SETS, ROLLUP and CUBE over a stream.
 *
 * A row counts once in each set, so it becomes as many rows; which set a row is for is a key like
 * any other, and a key that is not of the set is NULL:
 *
 *     rows     SELECT CASE WHEN k2 & 1 <> 0 THEN k0 END AS k0, …, k2
 *              FROM (SELECT a AS k0, b AS k1, unnest([3, 4294967297, 8589934592]) AS k2 FROM t)
 *
 * The number of a set is its place in the list, above SM_SETS_KEYS bits that say which keys it has:
 * so two equal sets stay two. */
#include "pipelines/sql/sql_cut_int.h"

enum { SM_SETS_KEYS = 32 };

bool sm_cut__read_sets(cutter *c, const sm_json *select, const size_t *key_of, cut_sets *out)
{
    const sm_json *sets = sm_ast_get(select, "group_sets");
    sm_json *numbers = sm_json_array(c->a);

    *out = (cut_sets){ .in_all = UINT32_MAX };
    if (sm_ast_count(sets) < 2)
        return true;
    for (size_t i = 0; i < sm_ast_count(sets); i++) {
        const sm_json *set = sm_ast_item(sets, i);
        uint32_t keys = 0;

        for (size_t k = 0; k < sm_ast_count(set); k++) {
            size_t key = key_of[(size_t)sm_json_int_value(sm_ast_item(set, k))];

            if (key >= SM_SETS_KEYS) {
                sm_cut__refuse(c, "SM0535", sm_ast_get(select, "group_expressions"),
                               "GROUPING SETS over a stream take up to %d columns, and no session",
                               SM_SETS_KEYS);
                return false;
            }
            keys |= UINT32_C(1) << key;
        }
        out->in_all &= keys;
        sm_json_append(numbers, sm_tree_int(c->a, (int64_t)((uint64_t)i << SM_SETS_KEYS | keys)));
    }
    out->each =
        sm_tree_call(c->a, "unnest", (const sm_json *const[]){ sm_tree_list(c->a, numbers) }, 1);
    return true;
}

bool sm_cut__judge_sets(cutter *c, const cut_sets *s, int event, sm_stage_mode mode,
                        const sm_json *where)
{
    if (mode == SM_STAGE_UPDATE) {
        sm_cut__refuse(c, "SM0535", where,
                       "GROUPING SETS, ROLLUP and CUBE over a stream in output mode update");
        sm_cut__hint(
            c, "Rows are updated by the columns of GROUP BY, and a set has NULL for those that it "
               "leaves out; use append, complete, or a materialized view.");
        return false;
    }
    if (mode == SM_STAGE_APPEND && event >= 0 && !(s->in_all >> event & 1)) {
        sm_cut__refuse(c, "SM0535", where, "a set of this GROUP BY has no event time");
        sm_cut__hint(c, "Only the watermark tells when a group is final: GROUP BY window(…), "
                        "ROLLUP (a, b) has the window in each set.");
        return false;
    }
    return true;
}

static const sm_json *bit(cutter *c, const sm_json *number, size_t key)
{
    const sm_json *shifted = sm_tree_operator(c->a, ">>", number, sm_tree_int(c->a, (int64_t)key));

    return sm_tree_operator(c->a, "&", shifted, sm_tree_int(c->a, 1));
}

const sm_json *sm_cut__in_set(cutter *c, const cut_sets *s, const sm_json *number, size_t key,
                              const sm_json *x)
{
    if (s->in_all >> key & 1)
        return x;
    return sm_tree_when(
        c->a, sm_tree_compare(c->a, "COMPARE_EQUAL", bit(c, number, key), sm_tree_int(c->a, 1)), x);
}

const sm_json *sm_cut__grouping_bits(cutter *c, const sm_json *number, const size_t *keys, size_t n)
{
    const sm_json *sum = sm_tree_int(c->a, 0);

    for (size_t i = 0; number && i < n; i++) {
        const sm_json *without =
            sm_tree_operator(c->a, "-", sm_tree_int(c->a, 1), bit(c, number, keys[i]));

        sum = sm_tree_operator(c->a, "+", sm_tree_operator(c->a, "*", sum, sm_tree_int(c->a, 2)),
                               without);
    }
    return sm_tree_cast(c->a, sum, "BIGINT");
}
