/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.c -- frames behind a line that says what they are:
 *
 *     lengths of the key, of the value and of the headers (NONE: there is none), then these
 *
 * Outboxes of before, whose line says 1, have no headers. */
#include "runtime/sinks/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"

#define OUTBOX_HEAD   "smelt outbox 2\n"
#define OUTBOX_BEFORE "smelt outbox 1\n"
#define NONE          UINT32_MAX

enum { BLOCK = 1024 * 1024, PARTS = 3, MODE = 0600 };

struct sm_outbox {
    sm_arena *a;
    const char *path, *unfinished;
    sm_buf block;
    int64_t bytes;
    bool kept;
};

/* --- Writing --- */

static sm_code flush(sm_outbox *o, sm_error *err)
{
    sm_code rc = sm_fs_append(o->unfinished, sm_buf_sv(&o->block), MODE, err);

    o->bytes += (int64_t)o->block.len;
    sm_buf_clear(&o->block);
    return rc;
}

sm_code sm_outbox_new(const char *path, sm_outbox **out, sm_error *err)
{
    sm_outbox *o = sm_xcalloc(1, sizeof *o);
    sm_code rc;

    o->a = sm_arena_new("outbox");
    o->path = sm_arena_cstr(o->a, sm_sv_cstr(path));
    o->unfinished = sm_arena_printf(o->a, "%s.tmp", path).ptr;
    sm_buf_init(&o->block, 64 * (size_t)BLOCK);
    sm_buf_adds(&o->block, OUTBOX_HEAD);
    if ((rc = sm_fs_unlink(o->unfinished, err)) != SM_OK) {
        sm_outbox_free(o);
        return rc;
    }
    *out = o;
    return SM_OK;
}

static void add_length(sm_buf *b, sm_sv part)
{
    uint32_t n = part.ptr == NULL ? NONE : (uint32_t)part.len;
    char bytes[sizeof n];

    memcpy(bytes, &n, sizeof n);
    sm_buf_add(b, (sm_sv){ bytes, sizeof n });
}

sm_code sm_outbox_add(sm_outbox *o, const sm_outbox_message *m, sm_error *err)
{
    const sm_sv parts[PARTS] = { m->key, m->value, m->headers };

    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].len >= 16 * (size_t)BLOCK)
            return sm_fail(err, SM_E_LIMIT, 0, "a message is larger than 16 MiB");
    }
    for (size_t i = 0; i < PARTS; i++)
        add_length(&o->block, parts[i]);
    for (size_t i = 0; i < PARTS; i++)
        sm_buf_add(&o->block, parts[i]);
    return o->block.len < BLOCK ? SM_OK : flush(o, err);
}

sm_code sm_outbox_keep(sm_outbox *o, int64_t *bytes, sm_error *err)
{
    sm_sv folder = sm_path_dir(sm_sv_cstr(o->path));
    sm_code rc = flush(o, err);

    if (rc == SM_OK)
        rc = sm_fs_fsync(o->unfinished, err);
    if (rc == SM_OK)
        rc = sm_fs_rename(o->unfinished, o->path, err);
    if (rc == SM_OK)
        rc = sm_fs_fsync_dir(sm_arena_cstr(o->a, folder), err);
    o->kept = rc == SM_OK;
    *bytes = o->bytes;
    return rc;
}

void sm_outbox_free(sm_outbox *o)
{
    sm_error ignored; /* the next attempt writes over it */

    if (o == NULL)
        return;
    if (!o->kept)
        (void)sm_fs_unlink(o->unfinished, &ignored);
    sm_buf_release(&o->block);
    sm_arena_free(o->a);
    free(o);
}

/* --- Reading --- */

typedef struct reading {
    int fd;
    const char *path;
    int64_t at, end;
    char *bytes;
    size_t cap;
    size_t parts; /* of a frame */
} reading;

/* Exactly `n` bytes, to the end of r->bytes. */
static sm_code take_bytes(reading *r, size_t n, sm_error *err)
{
    size_t got = 0;
    sm_code rc;

    if (r->at + (int64_t)n > r->end)
        return sm_fail(err, SM_E_CORRUPT, 0, "\"%s\" breaks off in the middle of a message",
                       r->path);
    if (n > r->cap) {
        r->bytes = sm_xrealloc(r->bytes, n);
        r->cap = n;
    }
    if ((rc = sm_fs_pread(r->fd, r->path, r->bytes, n, r->at, &got, err)) != SM_OK)
        return rc;
    if (got != n)
        return sm_fail(err, SM_E_CORRUPT, 0, "\"%s\" is shorter than it was", r->path);
    r->at += (int64_t)n;
    return SM_OK;
}

static sm_code take_head(reading *r, sm_error *err)
{
    sm_code rc = take_bytes(r, strlen(OUTBOX_HEAD), err);

    if (rc != SM_OK)
        return rc;
    r->parts = memcmp(r->bytes, OUTBOX_BEFORE, strlen(OUTBOX_BEFORE)) == 0 ? PARTS - 1 : PARTS;
    if (r->parts == PARTS && memcmp(r->bytes, OUTBOX_HEAD, strlen(OUTBOX_HEAD)) != 0)
        rc = sm_fail(err, SM_E_CORRUPT, 0, "\"%s\" is no outbox", r->path);
    return rc;
}

static sm_code take_frame(reading *r,
                          sm_code (*take)(void *ctx, const sm_outbox_message *m, sm_error *err),
                          void *ctx, sm_error *err)
{
    uint32_t lengths[PARTS] = { NONE, NONE, NONE };
    sm_sv parts[PARTS] = { { NULL, 0 } };
    size_t all = 0, at = 0;
    sm_code rc = take_bytes(r, r->parts * sizeof lengths[0], err);

    if (rc != SM_OK)
        return rc;
    memcpy(lengths, r->bytes, r->parts * sizeof lengths[0]);
    for (size_t i = 0; i < PARTS; i++)
        all += lengths[i] == NONE ? 0 : lengths[i];
    if ((rc = take_bytes(r, all, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < PARTS; i++) {
        if (lengths[i] == NONE)
            continue;
        parts[i] = (sm_sv){ r->bytes + at, lengths[i] };
        at += lengths[i];
    }
    return take(
        ctx, &(sm_outbox_message){ .key = parts[0], .value = parts[1], .headers = parts[2] }, err);
}

sm_code sm_outbox_each(const char *path, int64_t bytes,
                       sm_code (*take)(void *ctx, const sm_outbox_message *m, sm_error *err),
                       void *ctx, sm_error *err)
{
    reading r = { .fd = -1, .path = path, .end = bytes };
    sm_code rc;

    r.cap = 64 * (size_t)1024;
    r.bytes = sm_xmalloc(r.cap);
    if ((rc = sm_fs_open_read(path, &r.fd, err)) == SM_OK)
        rc = take_head(&r, err);
    while (rc == SM_OK && r.at < r.end)
        rc = take_frame(&r, take, ctx, err);
    sm_fs_close(r.fd);
    free(r.bytes);
    return rc;
}
