/* SPDX-License-Identifier: Apache-2.0 */
/* source_http_spool.c -- pages on the disk.
 *
 *     <state.path>/spool/<generation>/<source>/
 *         00000000000000000007-93.page    {"spool":…,"state":{…}}\n   then the records, a line each
 *         head.json                       {"page":7,"spool":…,"state":{…}}
 *
 * The 93 is where the records begin.  What stands behind a page says what to ask next; the head
 * says it of the last page anew, when nothing came with what was asked, or when the page itself has
 * gone. A page appears whole, by its name, and is never written again. */
#include <stdlib.h>
#include <string.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/sources/source_http_int.h"

#define HEAD "head.json"

enum { LINE_MAX = 1024 * 1024, PAGE_MAX = 128 * 1024 * 1024 };

/* --- What to ask next, as JSON --- */

static const sm_json *json_of(const sm_endpoint_state *s, sm_arena *a)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_bool(o, "inside", s->inside);
    sm_json_set_string(o, "at", s->at);
    sm_json_set_int(o, "number", s->number);
    sm_json_set_int(o, "skip", s->skip);
    sm_json_set_string(o, "digest", s->digest);
    sm_json_set_string(o, "from", s->from);
    sm_json_set_string(o, "last", s->last);
    sm_json_set(o, "of_from", sm_json_copy(a, s->of_from));
    sm_json_set(o, "of_last", sm_json_copy(a, s->of_last));
    return o;
}

static sm_endpoint_state state_of(const sm_json *o)
{
    return (sm_endpoint_state){
        .inside = sm_json_get_bool(o, "inside", false),
        .at = sm_json_get_sv(o, "at", SM_SV("")),
        .number = sm_json_get_int(o, "number", 0),
        .skip = sm_json_get_int(o, "skip", 0),
        .digest = sm_json_get_sv(o, "digest", SM_SV("")),
        .from = sm_json_get_sv(o, "from", SM_SV("")),
        .last = sm_json_get_sv(o, "last", SM_SV("")),
        .of_from = sm_json_get(o, "of_from"),
        .of_last = sm_json_get(o, "of_last"),
    };
}

/* --- The folder --- */

/* "<seq>-<begin>.page". */
static bool is_page(sm_sv name, sm_endpoint_file *out)
{
    sm_sv rest = sm_sv_sub(name, 0, name.len - (name.len > 5 ? 5 : 0)), seq;

    return sm_sv_ends(name, SM_SV(".page")) && sm_sv_next(&rest, '-', &seq) &&
           sm_sv_to_int64(seq, &out->seq) && sm_sv_to_int64(rest, &out->begin);
}

static int by_seq(const void *x, const void *y)
{
    int64_t a = ((const sm_endpoint_file *)x)->seq, b = ((const sm_endpoint_file *)y)->seq;

    return a < b ? -1 : a > b;
}

sm_code sm_endpoint__spool_list(const sm_source *s, int64_t from, int64_t to, sm_arena *a,
                                sm_endpoint_file **out, size_t *n, sm_error *err)
{
    const sm_endpoint_source *h = s->state;
    sm_fs_entry *entries;
    size_t count;
    sm_code rc;

    *n = 0;
    *out = NULL;
    if (!sm_fs_exists(h->folder.ptr))
        return SM_OK;
    if ((rc = sm_fs_list(h->folder.ptr, true, a, &entries, &count, err)) != SM_OK)
        return rc;
    *out = SM_NEW_N(a, sm_endpoint_file, count + 1);
    for (size_t i = 0; i < count; i++) {
        sm_endpoint_file f;

        if (!is_page(entries[i].name, &f) || f.seq <= from || f.seq > to)
            continue;
        f.path = sm_path_join(a, h->folder, entries[i].name);
        f.size = entries[i].stat.size;
        (*out)[(*n)++] = f;
    }
    qsort(*out, *n, sizeof **out, by_seq);
    return SM_OK;
}

static sm_code read_head(sm_endpoint_source *h, sm_arena *a, sm_error *err)
{
    const char *path = sm_path_join(a, h->folder, SM_SV(HEAD));
    sm_json *head;
    sm_endpoint_state state;
    sm_sv text;
    sm_code rc = sm_fs_read(path, LINE_MAX, a, &text, err);

    if (rc == SM_E_NOT_FOUND)
        return SM_OK;
    if (rc != SM_OK || (rc = sm_json_parse(text, a, &head, err)) != SM_OK)
        return rc;
    h->seq = h->head_seq = sm_json_get_int(head, "page", 0);
    h->spool = sm_arena_dup(h->own, sm_json_get_sv(head, "spool", SM_SV("")));
    state = state_of(sm_json_get(head, "state"));
    sm_endpoint__keep(h, &state);
    return SM_OK;
}

static sm_code read_last(sm_endpoint_source *h, const sm_endpoint_file *last, sm_arena *a,
                         sm_error *err)
{
    sm_json *line;
    sm_endpoint_state state;
    sm_sv text;
    sm_code rc = sm_fs_read(last->path, PAGE_MAX, a, &text, err);

    if (rc != SM_OK ||
        (rc = sm_json_parse(sm_sv_sub(text, 0, (size_t)last->begin), a, &line, err)) != SM_OK)
        return rc;
    h->spool = sm_arena_dup(h->own, sm_json_get_sv(line, "spool", SM_SV("")));
    state = state_of(sm_json_get(line, "state"));
    sm_endpoint__keep(h, &state);
    h->seq = last->seq;
    return SM_OK;
}

sm_code sm_endpoint__spool_load(sm_source *s, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_arena *a;
    sm_endpoint_file *files;
    size_t n;
    sm_code rc;

    if (h->loaded)
        return SM_OK;
    a = sm_arena_new("http spool");
    if ((rc = sm_endpoint__spool_list(s, 0, INT64_MAX, a, &files, &n, err)) == SM_OK)
        rc = read_head(h, a, err);
    if (rc == SM_OK && n > 0 && files[n - 1].seq > h->seq)
        rc = read_last(h, &files[n - 1], a, err);
    if (rc == SM_OK && h->spool.len == 0)
        h->spool = sm_uuid4(h->own);
    h->spooled = 0;
    for (size_t i = 0; i < n; i++)
        h->spooled += files[i].size;
    h->loaded = rc == SM_OK;
    sm_arena_free(a);
    return rc == SM_OK ? rc : sm_wrap(err, "the spool %s", h->folder.ptr);
}

void sm_endpoint__add_line(sm_buf *b, sm_sv record)
{
    size_t begin = b->len;

    sm_buf_add(b, record);
    for (size_t i = begin; i < b->len; i++)
        if (b->ptr[i] == '\n' || b->ptr[i] == '\r')
            b->ptr[i] = ' '; /* between the parts of a record only */
    sm_buf_addc(b, '\n');
}

sm_code sm_endpoint__spool_put(sm_source *s, const sm_sv *records, size_t n,
                               const sm_endpoint_state *state, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_arena *a = sm_arena_new("http spool");
    sm_json *line = sm_json_object(a);
    sm_buf text;
    sm_code rc;

    sm_json_set_string(line, "spool", h->spool);
    sm_json_set(line, "state", json_of(state, a));
    sm_buf_init(&text, PAGE_MAX);
    sm_buf_add(&text, sm_json_text(line, a));
    sm_buf_addc(&text, '\n');
    const char *path = sm_path_join(
        a, h->folder, sm_arena_printf(a, "%020lld-%zu.page", (long long)h->seq + 1, text.len));
    for (size_t i = 0; i < n; i++)
        sm_endpoint__add_line(&text, records[i]);
    sm_failpoint("http.before_spool");
    if ((rc = sm_buf_check(&text, "a page", err)) == SM_OK &&
        (rc = sm_fs_mkdirs(h->folder.ptr, 0700, err)) == SM_OK)
        rc = sm_fs_write_durable(path, sm_buf_sv(&text), 0600, err);
    sm_failpoint("http.after_spool");
    if (rc == SM_OK) {
        h->seq++;
        h->spooled += (int64_t)text.len;
        sm_endpoint__keep(h, state);
    } else {
        h->loaded = false; /* only a look can tell what is there */
        h->seq = 0;
    }
    sm_buf_release(&text);
    sm_arena_free(a);
    return rc;
}

sm_code sm_endpoint__spool_head(sm_source *s, const sm_endpoint_state *state, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_arena *a = sm_arena_new("http spool");
    const sm_json *now = json_of(state, a);
    sm_json *head = sm_json_object(a);
    sm_code rc = SM_OK;

    if (h->seq == h->head_seq && sm_json_equal(now, json_of(&h->state, a)))
        goto out;
    sm_json_set_int(head, "page", h->seq);
    sm_json_set_string(head, "spool", h->spool);
    sm_json_set(head, "state", now);
    if ((rc = sm_fs_mkdirs(h->folder.ptr, 0700, err)) == SM_OK)
        rc = sm_fs_write_durable(sm_path_join(a, h->folder, SM_SV(HEAD)), sm_json_text(head, a),
                                 0600, err);
    if (rc == SM_OK) {
        h->head_seq = h->seq;
        sm_endpoint__keep(h, state);
    }
out:
    sm_arena_free(a);
    return rc;
}

sm_code sm_endpoint__spool_forget(sm_source *s, int64_t end, sm_error *err)
{
    sm_endpoint_source *h = s->state;
    sm_arena *a;
    sm_endpoint_file *files;
    size_t n;
    sm_code rc = sm_endpoint__spool_load(s, err);

    if (rc != SM_OK)
        return rc;
    a = sm_arena_new("http spool");
    if (end >= h->seq && h->head_seq != h->seq) /* the last page goes, and not what it says */
        rc = sm_endpoint__spool_head(s, &h->state, err);
    if (rc == SM_OK)
        rc = sm_endpoint__spool_list(s, 0, end, a, &files, &n, err);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        rc = sm_fs_unlink(files[i].path, err);
        h->spooled -= files[i].size;
    }
    sm_arena_free(a);
    return rc;
}
