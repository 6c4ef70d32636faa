/* SPDX-License-Identifier: Apache-2.0 */
/* plan_select.c -- which datasets a selection names (cli.md, dbt's grammar).
 *
 *     selection = part { " " part }          union
 *     part      = term { "," term }          intersection
 *     term      = [ "@" | [number] "+" ] match [ "+" [number] ]
 *     match     = name with * and ? | "tag:" glob | "layer:" glob | "state:" state
 *
 * `+x` adds what x needs, `x+` what needs x, a number how many steps of it, `@x` x, what
 * needs x, and everything that those need.
 */
#include "pipelines/plan/plan_int.h"
#include "runtime/base/suggest.h"

typedef struct selector {
    const sm_plan *p;
    const sm_plan_states *states;
    sm_arena *a; /* scratch */
    sm_error *err;
} selector;

typedef struct term {
    sm_sv text, match;
    bool up, down, around;
    size_t up_steps, down_steps;
} term;

/* ---- the words of a term ------------------------------------------------------- */

static bool is_number(sm_sv s, size_t *out)
{
    int64_t n;

    if (s.len == 0 || s.ptr[0] < '0' || s.ptr[0] > '9' || !sm_sv_to_int64(s, &n))
        return false;
    *out = (size_t)n;
    return true;
}

/* "2+x+1": a plus counts as an operator when only a number, or nothing, stands outside. */
static void read_term(sm_sv text, term *t)
{
    ptrdiff_t plus = sm_sv_find_char(text, '+');
    size_t last = text.len;

    *t = (term){ .text = text, .match = text, .up_steps = SIZE_MAX, .down_steps = SIZE_MAX };
    if (text.len > 0 && text.ptr[0] == '@') {
        t->around = true;
        t->match = sm_sv_sub(text, 1, text.len);
        return;
    }
    if (plus == 0 || (plus > 0 && is_number(sm_sv_sub(text, 0, (size_t)plus), &t->up_steps))) {
        t->up = true;
        t->match = sm_sv_sub(text, (size_t)plus + 1, text.len);
    }
    last = t->match.len;
    while (last > 0 && t->match.ptr[last - 1] != '+')
        last--;
    if (last > 0 && (last == t->match.len ||
                     is_number(sm_sv_sub(t->match, last, t->match.len), &t->down_steps))) {
        t->down = true;
        t->match = sm_sv_sub(t->match, 0, last - 1);
    }
}

/* ---- what matches -------------------------------------------------------------- */

static bool has_tag(const sm_plan_dataset *ds, sm_sv pattern)
{
    for (size_t i = 0; i < ds->tags.n; i++) {
        if (sm_sv_glob(pattern, ds->tags.items[i]))
            return true;
    }
    return false;
}

static sm_sv lower(sm_arena *a, sm_sv s)
{
    char *out = SM_NEW_N(a, char, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] - 'A' + 'a') : s.ptr[i];
    return (sm_sv){ out, s.len };
}

static sm_code refuse(const selector *s, const term *t, const char *why)
{
    return sm_fail(s->err, SM_E_INVALID, 0, "selection \"%.*s\": %s", SM_SV_ARG(t->text), why);
}

/* `*rest` is what follows `word`, when the match begins with it. */
static bool method(const term *t, sm_sv word, sm_sv *rest)
{
    *rest = sm_sv_sub(t->match, word.len, t->match.len);
    return sm_sv_starts(t->match, word);
}

static sm_code match_term(const selector *s, const term *t, bool *found)
{
    static const char *const known[] = { "failed", "stale", "modified", "new" };
    bool tag, layer = false, state = false;
    sm_sv arg;

    tag = method(t, SM_SV("tag:"), &arg);
    layer = !tag && method(t, SM_SV("layer:"), &arg);
    state = !tag && !layer && method(t, SM_SV("state:"), &arg);
    if (!tag && !layer && !state) {
        if (sm_sv_find_char(t->match, ':') >= 0)
            return refuse(s, t, "before the colon stands tag, layer or state");
        arg = lower(s->a, t->match);
    }
    if (arg.len == 0)
        return refuse(s, t, "a name is missing");
    if (state) {
        bool ok = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok |= sm_sv_eq_str(arg, known[i]);
        if (!ok)
            return refuse(s, t, "the states are failed, stale, modified and new");
        if (!s->states || !s->states->is)
            return refuse(s, t, "states are not known here");
    }
    for (size_t i = 0; i < s->p->n_datasets; i++) {
        const sm_plan_dataset *ds = &s->p->datasets[i];

        found[i] = tag     ? has_tag(ds, arg)
                   : layer ? sm_sv_glob(arg, ds->layer)
                   : state ? s->states->is(s->states->ctx, ds, arg)
                           : sm_sv_glob(arg, lower(s->a, ds->name));
    }
    return SM_OK;
}

static bool any(const bool *marked, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (marked[i])
            return true;
    }
    return false;
}

/* What could have been meant by `match`: names, or layers or tags behind their word. */
static size_t candidates(const selector *s, bool layer, bool tag, const sm_sv **out)
{
    size_t n = 0, most = 0;
    sm_sv *names;

    for (size_t i = 0; i < s->p->n_datasets; i++)
        most += s->p->datasets[i].tags.n + 1;
    *out = names = SM_NEW_N(s->a, sm_sv, most + 1);
    for (size_t i = 0; i < s->p->n_datasets; i++) {
        const sm_plan_dataset *ds = &s->p->datasets[i];

        for (size_t k = 0; tag && k < ds->tags.n; k++)
            names[n++] = ds->tags.items[k];
        if (layer && ds->layer.len > 0)
            names[n++] = ds->layer;
        if (!layer && !tag)
            names[n++] = ds->name;
    }
    return n;
}

static sm_code not_found(const selector *s, const term *t)
{
    const sm_sv *names;
    sm_sv match;
    bool layer = method(t, SM_SV("layer:"), &match);
    bool tag = !layer && method(t, SM_SV("tag:"), &match);
    size_t n = candidates(s, layer, tag, &names);
    size_t i = sm_suggest(layer || tag ? match : t->match, names, n);

    if (i < n)
        return sm_fail(s->err, SM_E_NOT_FOUND, 0,
                       "selection \"%.*s\" matches nothing; did you mean \"%s%.*s\"?",
                       SM_SV_ARG(t->text),
                       layer ? "layer:"
                       : tag ? "tag:"
                             : "",
                       SM_SV_ARG(names[i]));
    return sm_fail(s->err, SM_E_NOT_FOUND, 0,
                   "selection \"%.*s\" matches nothing; `smelt ls` prints what there is",
                   SM_SV_ARG(t->text));
}

/* ---- terms, parts, selections -------------------------------------------------- */

/* Everything reached from the marked ones in one direction, added to `out`. */
static void widen(const selector *s, const bool *from, bool up, size_t steps, bool *out)
{
    for (size_t i = 0; i < s->p->n_datasets; i++) {
        if (from[i])
            sm_plan__reach(s->p, i, up, steps, out);
    }
}

static sm_code select_term(const selector *s, sm_sv text, bool *out)
{
    size_t n = s->p->n_datasets;
    bool *found = SM_NEW_N(s->a, bool, n + 1);
    term t;
    sm_code rc;

    read_term(text, &t);
    if ((rc = match_term(s, &t, found)) != SM_OK)
        return rc;
    /* nothing in a state is an answer; a name or tag that nothing has is a slip */
    if (!any(found, n) && !sm_sv_starts(t.match, SM_SV("state:")))
        return not_found(s, &t);
    memcpy(out, found, n * sizeof *out);
    if (t.up)
        widen(s, found, true, t.up_steps, out);
    if (t.down)
        widen(s, found, false, t.down_steps, out);
    if (t.around) {
        bool *below = SM_NEW_N(s->a, bool, n + 1);

        widen(s, found, false, SIZE_MAX, out);
        memcpy(below, out, n * sizeof *out);
        widen(s, below, true, SIZE_MAX, out);
    }
    return SM_OK;
}

static sm_code select_part(const selector *s, sm_sv part, bool *out)
{
    size_t n = s->p->n_datasets;
    bool *one = SM_NEW_N(s->a, bool, n + 1);
    bool first = true;
    sm_sv rest = part, text;

    while (sm_sv_next(&rest, ',', &text)) {
        sm_code rc = select_term(s, text, one);

        if (rc != SM_OK)
            return rc;
        for (size_t i = 0; i < n; i++)
            out[i] = one[i] && (first || out[i]);
        first = false;
    }
    return SM_OK;
}

static sm_code select_all(const selector *s, sm_sv selection, bool *out)
{
    size_t n = s->p->n_datasets;
    bool *one = SM_NEW_N(s->a, bool, n + 1);
    sm_sv rest = selection, part;

    while (sm_sv_next(&rest, ' ', &part)) {
        sm_code rc;

        if (part.len == 0)
            continue;
        if ((rc = select_part(s, part, one)) != SM_OK)
            return rc;
        for (size_t i = 0; i < n; i++)
            out[i] |= one[i];
    }
    return SM_OK;
}

sm_code sm_plan_select(const sm_plan *p, sm_sv select, sm_sv exclude, const sm_plan_states *states,
                       sm_arena *a, bool *selected, sm_error *err)
{
    selector s = { p, states, a, err };
    bool *taken = SM_NEW_N(a, bool, p->n_datasets + 1);
    sm_code rc;

    for (size_t i = 0; i < p->n_datasets; i++)
        selected[i] = sm_sv_trim(select).len == 0;
    if ((rc = select_all(&s, select, selected)) != SM_OK)
        return rc;
    if ((rc = select_all(&s, exclude, taken)) != SM_OK)
        return rc;
    for (size_t i = 0; i < p->n_datasets; i++)
        selected[i] = selected[i] && !taken[i];
    return SM_OK;
}
