/* SPDX-License-Identifier: Apache-2.0 */
/* source_http.c -- an endpoint that answers in pages of JSON.
 *
 *     poll ──▶ request ──▶ page ──▶ spool (fsync, rename, fsync of the folder) ──▶ newest()
 *
 * What an endpoint said cannot be asked for again, so each page is kept on the disk, with the
 * request that follows it, before it counts; the offset is the number of the last page that was
 * read.  After a crash a page that was not kept is asked for again, and was never decided.  Each
 * flow asks for itself. */
#include "runtime/sources/source_http.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/sources/source_http_int.h"
#include "runtime/store/store.h"

static const char *const methods[] = { "GET", "POST", NULL };

static sm_code check_word(sm_sv text, sm_error *err)
{
    return text.len == 0 || sm_sv_eq_str(text, "single_page")
               ? SM_OK
               : sm_fail(err, SM_E_INVALID, 0, "expected a map such as {type: page_number}");
}

static const sm_option http_options[] = {
    {
        .name = "url",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_endpoint_config, url),
        .doc = "Address to ask, with http or https; with `connection` what is added to its "
               "base_url.",
    },
    {
        .name = "connection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_endpoint_config, connection),
        .fallback = "",
        .doc = "Name of a connection of smelt.yml of type http, which has base_url, headers and "
               "how to log in.",
    },
    {
        .name = "method",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_endpoint_config, method),
        .choices = methods,
        .fallback = "GET",
        .doc = "How to ask.",
    },
    {
        .name = "headers",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_endpoint_config, headers),
        .fallback = "{}",
        .doc = "Headers of each request, as {Name: value}; none that is a secret.",
    },
    {
        .name = "params",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_endpoint_config, params),
        .fallback = "{}",
        .doc = "Parameters of the query of each first request, as {name: value}.",
    },
    {
        .name = "body",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_endpoint_config, body),
        .fallback = "{}",
        .doc = "POST: what is sent, as JSON.",
    },
    {
        .name = "records_path",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_endpoint_config, records_path),
        .fallback = "",
        .doc = "Where the records stand in an answer, such as data.items; empty: the answer is the "
               "list, or one record.",
    },
    {
        .name = "pagination",
        .type = SM_TYPE_WORD,
        .offset = offsetof(sm_endpoint_config, pagination),
        .fallback = "single_page",
        .check = check_word,
        .doc = "How the next page is found: single_page, or a map whose `type` is json_link, "
               "header_link, page_number, offset or cursor.",
    },
    {
        .name = "cursor",
        .type = SM_TYPE_MAP,
        .offset = offsetof(sm_endpoint_config, cursor),
        .fallback = "{}",
        .doc = "What only news are asked by, as {cursor_path: updated_at, param: since, "
               "initial_value: \"2026-01-01\"}.",
    },
    {
        .name = "poll_interval",
        .type = SM_TYPE_TIME,
        .offset = offsetof(sm_endpoint_config, poll_ms),
        .fallback = "1m",
        .min = 1,
        .max = 366LL * 24 * 3600 * 1000,
        .doc = "How long a continuous run waits from one poll to the next.",
    },
    {
        .name = "max_pages_per_trigger",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_endpoint_config, max_pages),
        .fallback = "1000",
        .min = 1,
        .max = 100000,
        .doc = "Pages of one batch.",
    },
    {
        .name = "infer_column_types",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_endpoint_config, infer_column_types),
        .fallback = "true",
        .doc = "Infer types from the first page; false makes columns VARCHAR.",
    },
    {
        .name = "rescued_data_column",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_endpoint_config, rescued_column),
        .fallback = "_rescued_data",
        .doc = "The column for fields that no column has and values that do not fit theirs, as a "
               "JSON object; empty for none. With `schema` only if it is named here or "
               "`schema_evolution_mode` is rescue.",
    },
    { .name = NULL },
};

/* --- Life --- */

static void set_folder(const sm_source *s, sm_endpoint_source *h)
{
    sm_sv state;

    if (s->store == NULL || s->generation.len == 0)
        return;
    state = sm_path_dir(sm_path_dir(sm_sv_cstr(sm_store_path(s->store))));
    h->folder = sm_arena_printf(s->arena, "%.*s/spool/%.*s/%.*s", SM_SV_ARG(state),
                                SM_SV_ARG(s->generation), SM_SV_ARG(s->name));
}

static sm_code http_open(sm_source *s, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    sm_endpoint_source *h = SM_NEW(s->arena, sm_endpoint_source);
    sm_code rc;

    s->state = h;
    h->head_seq = -1;
    h->own = s->arena;
    h->read = sm_arena_new("http read");
    h->kept[0] = sm_arena_new("http state");
    h->kept[1] = sm_arena_new("http state");
    set_folder(s, h);
    if ((rc = sm_endpoint__rules(config, s->arena, &h->rules, err)) != SM_OK)
        return rc;
    return sm_http_endpoint_open(&h->end, s->connections, config->connection, config->url,
                                 config->headers, s->arena, err);
}

static void http_close(sm_source *s)
{
    sm_endpoint_source *h = s->state;

    if (h == NULL)
        return;
    sm_decode_relation_free(h->relation);
    sm_http_endpoint_close(&h->end);
    sm_arena_free(h->read);
    sm_arena_free(h->kept[0]);
    sm_arena_free(h->kept[1]);
    s->state = NULL;
}

void sm_endpoint__keep(sm_endpoint_source *h, const sm_endpoint_state *state)
{
    sm_arena *a = h->kept[1];

    sm_arena_reset(a);
    h->state = sm_endpoint__copy(state, a);
    h->kept[1] = h->kept[0];
    h->kept[0] = a;
}

/* --- Looks --- */

/* Nobody tracks what is seen: it may be time for another poll. */
static void look_only(const sm_source *s, sm_arena *a, const sm_json **out)
{
    const sm_endpoint_config *config = s->config;
    sm_json *slot = sm_json_object(a);

    sm_json_set_int(slot, "slot", sm_clock_now_ms() / config->poll_ms);
    *out = slot;
}

static sm_code http_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    sm_endpoint_source *h = s->state;
    sm_json *end;
    sm_code rc;

    if (s->store != NULL && s->owner == NULL) {
        look_only(s, a, out);
        return SM_OK;
    }
    if (h->folder.len == 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "what an endpoint says is read by a flow; ask the table that it fills");
    if ((rc = sm_endpoint__spool_load(s, err)) != SM_OK)
        return rc;
    if (h->polled_ms == 0 || sm_clock_boot_ms() - h->polled_ms >= config->poll_ms) {
        if ((rc = sm_endpoint__poll(s, err)) != SM_OK)
            return rc;
        h->polled_ms = sm_clock_boot_ms();
    }
    if (h->seq == 0)
        return SM_OK;
    end = sm_json_object(a);
    sm_json_set_int(end, "page", h->seq);
    sm_json_set_string(end, "spool", h->spool);
    *out = end;
    return SM_OK;
}

static sm_code http_latest(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                           const sm_json **out, sm_error *err)
{
    const sm_endpoint_config *config = s->config;
    const sm_endpoint_source *h = s->state;
    int64_t from = sm_json_get_int(start, "page", 0), to = sm_json_get_int(until, "page", 0);
    sm_json *end;

    *out = start;
    if (to < from || (from > 0 && !sm_sv_eq(sm_json_get_sv(start, "spool", SM_SV("")),
                                            sm_json_get_sv(until, "spool", SM_SV("")))))
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "page %lld was read, and what it came from is not in %s any more: bring the "
                       "state folder back, or read anew with --full-refresh",
                       (long long)from, h->folder.ptr);
    if (to == from)
        return SM_OK;
    end = sm_json_object(a);
    sm_json_set_int(end, "page", to - from > config->max_pages ? from + config->max_pages : to);
    sm_json_set_string(end, "spool", sm_json_get_sv(until, "spool", SM_SV("")));
    *out = end;
    return SM_OK;
}

static sm_code http_forget(sm_source *s, const sm_json *end, sm_error *err)
{
    const sm_endpoint_source *h = s->state;

    return h->folder.len == 0 ? SM_OK
                              : sm_endpoint__spool_forget(s, sm_json_get_int(end, "page", 0), err);
}

static sm_code http_adopt(sm_source *s, const sm_json *offset, sm_error *err)
{
    (void)s;
    (void)offset;
    return sm_fail(err, SM_E_INVALID, 0,
                   "the pages of an endpoint and what to ask next are in the state folder only: "
                   "bring it back, or read anew with --full-refresh");
}

const sm_source_ops sm_source_http = {
    .name = "http",
    .summary = "an endpoint that answers in pages of JSON, polled",
    .options = http_options,
    .config_size = sizeof(sm_endpoint_config),
    .open = http_open,
    .infer = sm_endpoint__infer,
    .newest = http_newest,
    .latest = http_latest,
    .read = sm_endpoint__read,
    .verify = sm_endpoint__verify,
    .bad_records = sm_endpoint__bad_records,
    .forget = http_forget,
    .adopt = http_adopt,
    .close = http_close,
};
