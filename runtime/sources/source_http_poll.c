/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_poll.c -- from page to page.
 *
 * Behind each page that is kept stands where asking goes on:
 *
 *     there is a next page       that page
 *     there is none, `cursor`    the first page anew, asked with the greatest value that came
 *     there is none              the same page: what it has besides what was taken is new
 *
 * So a list that grows at its end is read without `cursor` too; that the records that were taken
 * still stand before the others is compared.  With `cursor` an endpoint may give records of the
 * value itself again: those that are known by their text are passed over. */
#include <string.h>

#include "runtime/base/hash.h"
#include "runtime/sources/source_http_int.h"

enum {
    PAGES_MAX = 10000,     /* of one poll */
    SAME_MAX = 1000,       /* records that share the greatest value */
    DIGEST = 32,           /* digits */
    LIMIT_SPOOL = 1 << 30, /* bytes that wait: then the rest is asked for later */
};

static sm_sv digest_of(const sm_sv *records, int64_t n, sm_arena *a)
{
    sm_hash *h = sm_hash_new();

    for (int64_t i = 0; i < n; i++)
        sm_hash_add(h, records[i]);
    return sm_sv_sub(sm_hash_hex(h, a), 0, DIGEST);
}

static bool has_digest(const sm_json *list, sm_sv digest)
{
    for (size_t i = 0; i < sm_json_len(list); i++)
        if (sm_sv_eq(sm_json_sv(sm_json_at(list, i)), digest))
            return true;
    return false;
}

/* --- What of a page is new --- */

static sm_code check_taken(const sm_endpoint_state *at, const sm_endpoint_page *page, sm_arena *a,
                           sm_error *err)
{
    if (at->skip == 0 || ((int64_t)page->n >= at->skip &&
                          sm_sv_eq(digest_of(page->records, at->skip, a), at->digest)))
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "the last page does not begin with the %lld records that were taken from it: "
                   "without `cursor` a list has to grow at its end; give `cursor`, or read anew "
                   "with --full-refresh",
                   (long long)at->skip);
}

/* The greatest value so far, and who has it. */
static sm_code see_value(sm_endpoint_state *state, sm_sv value, sm_sv digest, sm_arena *a,
                         sm_error *err)
{
    int order = state->last.len == 0 ? 1 : sm_endpoint__compare(value, state->last);
    sm_json *list;

    if (order < 0)
        return SM_OK;
    list = order > 0 ? sm_json_array(a) : sm_json_copy(a, state->of_last);
    if (sm_json_len(list) >= SAME_MAX)
        return sm_fail(
            err, SM_E_LIMIT, 0,
            "more than %d records have the value \"%.*s\" at `cursor_path`; take a field "
            "that tells them apart",
            SAME_MAX, SM_SV_ARG(sm_sv_sub(value, 0, 64)));
    sm_json_append_string(list, digest);
    state->last = value;
    state->of_last = list;
    return SM_OK;
}

/* Put the new records first, and tell how many they are. */
static sm_code take_new(const sm_endpoint_rules *r, sm_endpoint_state *state,
                        sm_endpoint_page *page, size_t *n_new, sm_arena *a, sm_error *err)
{
    size_t n = 0;
    sm_code rc = SM_OK;

    for (size_t i = (size_t)state->skip; rc == SM_OK && i < page->n; i++) {
        sm_sv record = page->records[i], value = SM_SV(""), digest = SM_SV("");

        if (r->cursor_path.len > 0) {
            value = sm_endpoint__text_at(record, r->cursor_path, a);
            digest = digest_of(&record, 1, a);
        }
        if (value.len > 0 && sm_sv_eq(value, state->from) && has_digest(state->of_from, digest))
            continue;
        page->records[n++] = record;
        if (value.len > 0)
            rc = see_value(state, value, digest, a, err);
        else if (r->cursor_path.len > 0)
            rc = sm_fail(err, SM_E_INVALID, 0, "a record has no value at `cursor_path` %.*s",
                         SM_SV_ARG(r->cursor_path));
    }
    *n_new = n;
    return rc;
}

/* --- Where asking goes on --- */

static void begin_anew(sm_endpoint_state *s)
{
    *s = (sm_endpoint_state){ .from = s->last,
                              .last = s->last,
                              .of_from = s->of_last,
                              .of_last = s->of_last,
                              .at = SM_SV(""),
                              .digest = SM_SV("") };
}

/* The page behind `s`, which had `n` records; false: there is none. */
static sm_code go_on(const sm_source *src, sm_endpoint_state *s, const sm_endpoint_page *page,
                     size_t n, sm_sv url, sm_arena *a, bool *more, sm_error *err)
{
    const sm_endpoint_rules *r = &((const sm_endpoint_source *)src->state)->rules;
    sm_sv next = page->next;
    sm_code rc;

    *more = false;
    if (r->paging == SM_PAGING_PAGE_NUMBER || r->paging == SM_PAGING_OFFSET) {
        bool page_number = r->paging == SM_PAGING_PAGE_NUMBER;

        s->number = s->inside ? s->number : page_number ? r->first : 0;
        s->number += page_number ? n > 0 : (int64_t)n;
        *more = n > 0; /* the other side may give less than it is asked for */
    } else if (next.len > 0) {
        if (r->paging != SM_PAGING_CURSOR &&
            (rc = sm_endpoint__resolve(url, page->next, a, &next, err)) != SM_OK)
            return rc;
        if (sm_sv_eq(next, s->at))
            return sm_fail(err, SM_E_INVALID, 0, "a page names itself as the next one");
        s->at = next;
        *more = true;
    }
    s->inside = true;
    s->skip = 0;
    s->digest = SM_SV("");
    return SM_OK;
}

/* Without `cursor` the last page is asked for again. */
static void stay(const sm_endpoint_rules *r, const sm_endpoint_state *asked, size_t n, sm_sv digest,
                 sm_endpoint_state *out)
{
    if (r->paging == SM_PAGING_OFFSET)
        return; /* goes on behind its last record */
    *out = *asked;
    out->inside = true;
    out->number = asked->inside ? asked->number : r->first;
    out->skip = (int64_t)n;
    out->digest = digest;
}

/* One page.  `asking` becomes the next one; what is kept is where to go on after a crash. */
static sm_code poll_page(sm_source *s, sm_endpoint_state *asking, bool *more, sm_arena *a,
                         sm_error *err)
{
    const sm_endpoint_source *h = s->state;
    const sm_endpoint_rules *r = &h->rules;
    sm_endpoint_state asked = *asking, keep;
    sm_http_answer answer;
    sm_endpoint_page page;
    size_t n, n_new = 0;
    sm_sv url, digest;
    sm_code rc;

    if ((rc = sm_endpoint__ask(s, asking, a, &answer, &url, err)) != SM_OK ||
        (rc = sm_endpoint__page(s->config, r, &answer, a, &page, err)) != SM_OK ||
        (rc = check_taken(asking, &page, a, err)) != SM_OK)
        return rc;
    n = page.n;
    digest = digest_of(page.records, (int64_t)n, a);
    if ((rc = take_new(r, asking, &page, &n_new, a, err)) != SM_OK ||
        (rc = go_on(s, asking, &page, n, url, a, more, err)) != SM_OK)
        return rc;
    keep = *asking;
    if (r->cursor_path.len > 0 && !*more)
        begin_anew(&keep);
    else if (r->cursor_path.len == 0 && (!*more || r->paging == SM_PAGING_PAGE_NUMBER))
        stay(r, &asked, n, digest, &keep);
    if (n_new > 0)
        return sm_endpoint__spool_put(s, page.records, n_new, &keep, err);
    /* an empty page number is not where the list goes on: the one before it may grow */
    if (r->cursor_path.len == 0 && r->paging == SM_PAGING_PAGE_NUMBER && n == 0)
        return SM_OK;
    return sm_endpoint__spool_head(s, &keep, err);
}

sm_endpoint_state sm_endpoint__copy(const sm_endpoint_state *s, sm_arena *a)
{
    sm_endpoint_state own = *s;

    own.at = sm_arena_dup(a, own.at);
    own.digest = sm_arena_dup(a, own.digest);
    own.from = sm_arena_dup(a, own.from);
    own.last = sm_arena_dup(a, own.last);
    own.of_from = sm_json_copy(a, own.of_from);
    own.of_last = sm_json_copy(a, own.of_last);
    return own;
}

sm_code sm_endpoint__poll(sm_source *s, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_arena *a[2] = { sm_arena_new("http page"), sm_arena_new("http page") };
    sm_endpoint_state asking =
        sm_endpoint__copy(&h->state, a[1]); /* keeping a page moves the source's own */
    bool more = true;
    sm_code rc = SM_OK;

    if (!asking.inside && asking.from.len == 0)
        asking.from = h->rules.cursor_initial;
    for (int i = 0; rc == SM_OK && more && i < PAGES_MAX && h->spooled < LIMIT_SPOOL; i++) {
        if (s->stopping != NULL && s->stopping(s->stopping_ctx)) {
            rc = sm_fail(err, SM_E_CANCELLED, 0, "stopped between two pages");
            break;
        }
        sm_arena_reset(a[i % 2]); /* the state may live in the other one */
        rc = poll_page(s, &asking, &more, a[i % 2], err);
        asking = rc == SM_OK ? sm_endpoint__copy(&asking, a[i % 2]) : asking;
    }
    sm_arena_free(a[0]);
    sm_arena_free(a[1]);
    return rc;
}
