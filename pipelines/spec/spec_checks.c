/* SPDX-License-Identifier: Apache-2.0 */
/* spec_checks.c -- checks of whole tables: unique, foreign_key, row_count.
 *
 * They look at what is written already, so no row can be taken out any more. */
#include "pipelines/spec/spec_int.h"

bool sm_spec__check_whole(const sm_bind *b, const sm_spec_enum *on_violation, const char *key)
{
    bool drops = on_violation->v == SM_VIOLATION_DROP;

    if (!drops && on_violation->v != SM_VIOLATION_QUARANTINE)
        return true;
    sm_diag_add(b->d, "SM0610", on_violation->at,
                "`%s` looks at the whole table when its rows are written, and cannot %s rows any "
                "more",
                key, drops ? "drop" : "quarantine");
    sm_diag_hint(b->d,
                 "use warn or fail; what leaves rows out is the query, or a rule over one row");
    return false;
}

static bool check_unique(const sm_bind *b, const sm_spec_texts *columns, const char *key)
{
    if (columns->n > 0)
        return true;
    sm_diag_add(b->d, "SM0114", columns->at, "`%s` is empty", key);
    return false;
}

static bool check_foreign_key(const sm_bind *b, sm_spec_foreign_key *k)
{
    if (!check_unique(b, &k->columns, "columns"))
        return false;
    if (k->field.at.line == 0)
        k->field = (sm_spec_texts){ k->columns.items, k->columns.n, k->columns.at };
    if (k->columns.n == k->field.n)
        return true;
    sm_diag_add(b->d, "SM0613", k->field.at, "`columns` has %zu name%s and `field` %zu",
                k->columns.n, k->columns.n == 1 ? "" : "s", k->field.n);
    sm_diag_see(b->d, k->columns.at, "`columns` stands here");
    sm_diag_hint(b->d, "each column has its partner in `field`, in the same order");
    return false;
}

static bool check_row_count(const sm_bind *b, const sm_spec_row_count *c)
{
    if (c->min.at.line == 0 && c->max.at.line == 0) {
        sm_diag_add(b->d, "SM0112", c->at, "a `row_count` needs `min` or `max`");
        return false;
    }
    if (c->min.at.line == 0 || c->max.at.line == 0 || c->min.v <= c->max.v)
        return true;
    sm_diag_add(b->d, "SM0116", c->min.at, "`min` is %lld, and `max` only %lld",
                (long long)c->min.v, (long long)c->max.v);
    sm_diag_see(b->d, c->max.at, "`max` stands here");
    return false;
}

/* It is one number that fits or does not: there is no share of it. */
static bool check_no_threshold(const sm_bind *b, const sm_text *threshold, const char *key)
{
    if (!sm_text_set(threshold))
        return true;
    sm_diag_add(b->d, "SM0608", threshold->at,
                "`%s` never comes into play: `row_count` has `min` and `max` for it", key);
    return false;
}

bool sm_spec__check_rule_whole(const sm_bind *b, sm_spec_rule *r)
{
    bool unique = r->unique.at.line != 0, foreign = r->foreign_key.at.line != 0;
    bool count = r->row_count.at.line != 0, ok = true;

    if (r->broken || !(unique || foreign || count))
        return true;
    if (unique)
        ok = check_unique(b, &r->unique, "unique");
    else if (foreign)
        ok = check_foreign_key(b, &r->foreign_key);
    else
        ok = check_row_count(b, &r->row_count) & check_no_threshold(b, &r->fail_if, "fail_if") &
             check_no_threshold(b, &r->warn_if, "warn_if");
    return sm_spec__check_whole(b, &r->on_violation,
                                unique    ? "unique"
                                : foreign ? "foreign_key"
                                          : "row_count") &&
           ok;
}
