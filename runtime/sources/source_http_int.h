/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_int.h -- what the parts of the http source share.
 *
 *     source_http.c         options, life, the list of operations
 *     source_http_ask.c     one request, and links to the next page
 *     source_http_page.c    an answer: its records, and what the next request is; pure
 *     source_http_poll.c    from page to page
 *     source_http_spool.c   pages on the disk
 *     source_http_read.c    spooled pages as a relation, and columns from them */
#ifndef SM_SOURCES_SOURCE_HTTP_INT_H
#define SM_SOURCES_SOURCE_HTTP_INT_H

#include "runtime/connect/decode_relation.h"
#include "runtime/connect/source.h"
#include "runtime/io/http_endpoint.h"

typedef enum sm_endpoint_paging {
    SM_PAGING_SINGLE,
    SM_PAGING_JSON_LINK,
    SM_PAGING_HEADER_LINK,
    SM_PAGING_PAGE_NUMBER,
    SM_PAGING_OFFSET,
    SM_PAGING_CURSOR,
} sm_endpoint_paging;

typedef struct sm_endpoint_config {
    sm_sv url, connection;
    int method; /* 1: POST */
    const sm_json *headers, *body, *params, *pagination, *cursor;
    sm_sv records_path, rescued_column;
    int64_t poll_ms, max_pages;
    bool infer_column_types;
} sm_endpoint_config;

/* `pagination` and `cursor`, checked. */
typedef struct sm_endpoint_rules {
    sm_endpoint_paging paging;
    sm_sv next_path;   /* json_link, cursor: where the next link or token stands */
    sm_sv param;       /* page_number, offset, cursor: of the query */
    sm_sv limit_param; /* offset */
    int64_t first;     /* page_number: its number */
    int64_t limit;     /* offset: records of a page */
    sm_sv cursor_path, cursor_param, cursor_initial; /* "": no cursor */
} sm_endpoint_rules;

/* Where asking goes on.  Texts live in the arena of whoever made it. */
typedef struct sm_endpoint_state {
    bool inside;                      /* of a list of pages; else it begins anew */
    sm_sv at;                         /* the link or token of the page */
    int64_t number;                   /* of the page, or of its first record */
    int64_t skip;                     /* records of that page that are taken, */
    sm_sv digest;                     /* and theirs */
    sm_sv from;                       /* the value that `cursor` is asked with, */
    sm_sv last;                       /* the greatest that came, */
    const sm_json *of_from, *of_last; /* and digests of the records that have these */
} sm_endpoint_state;

/* --- source_http_page.c --- */

typedef struct sm_endpoint_page {
    sm_sv *records; /* as they came */
    size_t n;
    sm_sv next; /* link or token; "": there is none */
} sm_endpoint_page;

/* SM_E_INVALID: `pagination` or `cursor` is not of its form. */
sm_code sm_endpoint__rules(const sm_endpoint_config *config, sm_arena *a, sm_endpoint_rules *out,
                           sm_error *err);

/* What an answer holds; all of it borrows from the answer or lives in `a`.  SM_E_INVALID: it is no
 * JSON, or has nothing at records_path. */
sm_code sm_endpoint__page(const sm_endpoint_config *config, const sm_endpoint_rules *rules,
                          const sm_http_answer *answer, sm_arena *a, sm_endpoint_page *out,
                          sm_error *err);

/* The scalar at `path` (names with points) of a record as text, "" for null or nothing. */
sm_sv sm_endpoint__text_at(sm_sv json, sm_sv path, sm_arena *a);

/* Numbers by value, texts by bytes. */
int sm_endpoint__compare(sm_sv x, sm_sv y);

/* --- source_http_ask.c --- */

/* The address of a link that an answer to `url` gave.  SM_E_DENIED: it leads to another host. */
sm_code sm_endpoint__resolve(sm_sv url, sm_sv link, sm_arena *a, sm_sv *out, sm_error *err);

/* The answer to the request of `state`, of status 2xx; `*url` is what was asked.  Both in `a`. */
sm_code sm_endpoint__ask(const sm_source *s, const sm_endpoint_state *state, sm_arena *a,
                         sm_http_answer *out, sm_sv *url, sm_error *err);

/* --- source_http_spool.c --- */

typedef struct sm_endpoint_file {
    int64_t seq, begin, size; /* the records are behind `begin` */
    const char *path;
} sm_endpoint_file;

/* The pages of (from, to], in their order, in `a`. */
sm_code sm_endpoint__spool_list(const sm_source *s, int64_t from, int64_t to, sm_arena *a,
                                sm_endpoint_file **out, size_t *n, sm_error *err);
/* Fill seq and state from the disk, once. */
sm_code sm_endpoint__spool_load(sm_source *s, sm_error *err);
/* Records as the next page, durably, with what follows it. */
sm_code sm_endpoint__spool_put(sm_source *s, const sm_sv *records, size_t n,
                               const sm_endpoint_state *state, sm_error *err);
/* What follows the last page is `state`, durably. */
sm_code sm_endpoint__spool_head(sm_source *s, const sm_endpoint_state *state, sm_error *err);
sm_code sm_endpoint__spool_forget(sm_source *s, int64_t end, sm_error *err);

/* Append a record as a line. */
void sm_endpoint__add_line(sm_buf *b, sm_sv record);

/* --- source_http_poll.c --- */

sm_endpoint_state sm_endpoint__copy(const sm_endpoint_state *s, sm_arena *a);

/* Ask from page to page until there is none, and spool what came. */
sm_code sm_endpoint__poll(sm_source *s, sm_error *err);

/* --- source_http_read.c --- */

sm_code sm_endpoint__infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);
sm_code sm_endpoint__read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                          sm_error *err);
sm_code sm_endpoint__verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err);
sm_code sm_endpoint__bad_records(sm_source *s, sm_sv view, sm_error *err);

/* --- source_http.c --- */

typedef struct sm_endpoint_source {
    sm_endpoint_rules rules;
    sm_http_endpoint end;
    sm_sv folder; /* of the spool; "" outside of a flow */
    bool loaded;
    sm_sv spool;             /* its own name: another one has other pages under the same numbers */
    int64_t seq, head_seq;   /* of the last page; of that which the head follows */
    int64_t spooled;         /* bytes on the disk */
    sm_endpoint_state state; /* behind `seq` */
    int64_t polled_ms;       /* on the boot clock; 0: not yet */
    sm_arena *kept[2];       /* `state` lives in the first */
    sm_arena *own;           /* borrowed: the source's */
    sm_arena *read;          /* until the next read */
    sm_decode_file *files;
    size_t n_files;
    sm_decode_relation *relation;
} sm_endpoint_source;

/* Make `state`, which may live in what is kept now, the source's own. */
void sm_endpoint__keep(sm_endpoint_source *h, const sm_endpoint_state *state);

#endif
