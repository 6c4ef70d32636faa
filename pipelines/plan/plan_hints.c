/* SPDX-License-Identifier: Apache-2.0 */
/* plan_hints.c -- `schema_hints` against the columns that a source has in force. */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/sqlhints.h"

typedef struct judged {
    plan_builder *b;
    const sm_text *text;
    const sm_schema *now, *asked; /* in force; as the hints would have it */
} judged;

static sm_span hint_span(const sm_text *text, sm_sv part)
{
    return sm_text_span(text, (size_t)(part.ptr - text->text.ptr), part.len);
}

static bool tell_nowhere(const judged *j, const sm_hint *hint, const sm_sqltype *through,
                         size_t depth)
{
    sm_diags *d = j->b->d;

    sm_diag_add(d, "SM0412", hint_span(j->text, hint->name),
                "`%.*s`: what the data has there, %.*s, has no part \"%.*s\"",
                SM_SV_ARG(hint->name), SM_SV_ARG(sm_sqltype_print(through, j->b->scratch)),
                SM_SV_ARG(hint->path[depth]));
    if (through->kind == SM_SQLTYPE_MAP)
        sm_diag_hint(d, "a MAP has `key` and `value`");
    else if (through->n == 1)
        sm_diag_hint(d, "what a list holds is `element`: `….element.%.*s`",
                     SM_SV_ARG(hint->path[depth]));
    else
        sm_diag_hint(d, "the column is pinned with this type; parts are added to a STRUCT only");
    return false;
}

/* False: a fault, which is told. */
static bool judge_hint(const judged *j, const sm_hint *hint, sm_error *err)
{
    ptrdiff_t at = sm_schema_find(j->now, hint->path[0]);
    const sm_sqltype *through = NULL;
    sm_sqltype *type;
    size_t depth = 0;

    if (at < 0 || sm_sqltype_parse(j->now->columns[at].type, j->b->scratch, &type, err) != SM_OK)
        return true;
    switch (sm_hint_judge(hint, type, &through, &depth)) {
    case SM_HINT_NOWHERE:
        return tell_nowhere(j, hint, through, depth);
    case SM_HINT_DIFFERS:
        if (sm_sv_eq(j->now->columns[at].type, j->asked->columns[at].type))
            return true; /* another hint is more exact */
        sm_diag_add(j->b->d, "SM0413", hint_span(j->text, hint->name),
                    "this changes nothing: the column \"%.*s\" is pinned as %.*s",
                    SM_SV_ARG(hint->path[0]), SM_SV_ARG(j->now->columns[at].type));
        sm_diag_hint(j->b->d, "cast it in the query, or give the source another name, which "
                              "pins its columns anew");
        return true;
    case SM_HINT_HOLDS:
    case SM_HINT_ABSENT:
        break;
    }
    return true;
}

bool sm_plan__judge_hints(plan_builder *b, const sm_text *text, const sm_schema *now)
{
    sm_schema asked = *now;
    judged j = { b, text, now, &asked };
    sm_hints hints;
    sm_error err;
    sm_sv bad;
    bool ok = true;

    if (now->n == 0 || sm_hints_parse(text->text, b->scratch, &hints, &bad, &err) != SM_OK ||
        sm_hints_apply(&hints, SM_HINTS_ALL, b->scratch, &asked, &err) != SM_OK)
        return true;
    for (size_t i = 0; i < hints.n; i++)
        ok = judge_hint(&j, &hints.items[i], &err) && ok;
    return ok;
}
