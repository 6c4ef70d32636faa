/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta.c -- reading a Delta table: as a log of batches, or as it is now.
 *
 * A table of this project, or (src->external) one that another program writes: with deletion
 * vectors, with columns that files call otherwise, with columns that come and go.
 *
 *     newest    one or two looks for the next commit file; nothing is parsed
 *     latest    reads the commits after `start`, counting files up to the limits
 *     read      reads the same commits again and shows their files as one relation
 *
 * Why the commits are read twice: between the two calls the process may have died, and the
 * batch record holds only offsets.  A commit file never changes, so both see the same.
 */
#include "runtime/sources/source_delta.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/sqltext.h"
#include "runtime/base/watch.h"
#include "runtime/delta/delta_deleted.h"
#include "runtime/delta/delta_files.h"
#include "runtime/delta/delta_head.h"
#include "runtime/delta/delta_log.h"
#include "runtime/delta/delta_schema.h"
#include "runtime/delta/delta_select.h"
#include "runtime/delta/delta_snapshot.h"
#include "runtime/engine/engine.h"
#include "runtime/io/object_store.h"
#include "runtime/sources/source_delta_int.h"

enum { LAG_COMMITS = 32, LAG_FILES = 10000 }; /* to look at for the lag */

typedef struct delta_source {
    sm_delta_table *table;
    sm_delta_head *head;         /* NULL until something new is read */
    sm_delta_snapshot *snapshot; /* of the last look at the whole table */
    sm_delta_deleted *deleted;   /* rows that are gone from the files of the last read; or NULL */
    int64_t newest;              /* a version that exists; -1: not known */
} delta_source;

/* ---- offsets ---- */

typedef struct delta_offset {
    sm_sv table_id;
    int64_t version; /* -1: before the first */
    int64_t index;   /* files taken of it; -1: all */
    bool snapshot;   /* of the table as it stood then, not of the commit */
    int64_t from;    /* of a first batch: it began with that version; -1: with a snapshot */
} delta_offset;

static delta_offset offset_read(const sm_json *j)
{
    return (delta_offset){
        .table_id = sm_json_get_sv(j, "table_id", SM_SV("")),
        .version = sm_json_get_int(j, "version", -1),
        .index = sm_json_get_int(j, "index", -1),
        .snapshot = sm_json_get_bool(j, "snapshot", false),
        .from = sm_json_get_int(j, "from", -1),
    };
}

static const sm_json *offset_write(const delta_offset *o, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set_string(j, "table_id", o->table_id);
    sm_json_set_int(j, "version", o->version);
    sm_json_set_int(j, "index", o->index);
    if (o->snapshot)
        sm_json_set_bool(j, "snapshot", true);
    if (o->from >= 0)
        sm_json_set_int(j, "from", o->from);
    return j;
}

/* ---- the files between two offsets ---- */

typedef struct range {
    sm_arena *a;
    const sm_delta_file **files;
    size_t n, cap;
    int64_t bytes;
    int64_t max_files, max_bytes; /* 0: no limit */
    bool full;
    bool skip_changes; /* commits that take rows away give none */
} range;

/* Takes the file unless the limits are reached; the first one always. */
static bool range_take(range *r, const sm_delta_file *f)
{
    bool too_many = r->max_files > 0 && (int64_t)r->n >= r->max_files;
    bool too_much = r->max_bytes > 0 && r->n > 0 && r->bytes + f->size > r->max_bytes;

    if (too_many || too_much) {
        r->full = true;
        return false;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap == 0 ? 64 : r->cap * 2;
        const sm_delta_file **wider = SM_NEW_N(r->a, const sm_delta_file *, cap);
        if (r->n > 0)
            memcpy(wider, r->files, r->n * sizeof *wider);
        r->files = wider;
        r->cap = cap;
    }
    sm_delta_file *copy = SM_NEW(r->a, sm_delta_file);
    *copy = sm_delta_file_copy(f, r->a);
    r->files[r->n++] = copy;
    r->bytes += f->size;
    return true;
}

typedef struct commit_walk {
    range *r;
    int64_t skip, limit; /* files of this commit to pass; how many to end at, -1 all */
    int64_t seen;        /* files with new rows so far */
    int64_t taken_to;    /* the last one taken, counted from 1 */
    bool removes;
    sm_sv operation;
} commit_walk;

static sm_code walk_action(void *ctx, const sm_delta_action *action, sm_error *err)
{
    commit_walk *w = ctx;

    (void)err;
    if (action->kind == SM_DELTA_COMMIT_INFO)
        w->operation =
            sm_arena_dup(w->r->a, sm_json_get_sv(action->u.info, "operation", SM_SV("a change")));
    if (action->kind == SM_DELTA_REMOVE && action->u.file.data_change)
        w->removes = true;
    if (action->kind != SM_DELTA_ADD || !action->u.file.data_change)
        return SM_OK;
    w->seen++;
    bool wanted = w->seen > w->skip && (w->limit < 0 || w->seen <= w->limit) && !w->r->full;
    if (wanted && range_take(w->r, &action->u.file))
        w->taken_to = w->seen;
    return SM_OK;
}

/* Take what is new in commit `version`, from file `skip` on; *at becomes where that ended. */
static sm_code take_commit(sm_source *src, range *r, int64_t version, int64_t skip, int64_t limit,
                           delta_offset *at, sm_error *err)
{
    const delta_source *s = src->state;
    sm_arena *scratch = sm_arena_new("delta commit");
    const range before = *r;
    commit_walk w = { .r = r, .skip = skip, .limit = limit, .taken_to = skip };
    sm_code rc = sm_delta_each(s->table, version, scratch, walk_action, &w, err);

    sm_arena_free(scratch);
    if (rc == SM_E_NOT_FOUND)
        return sm_delta_source__commit_gone(src, version, err);
    if (rc != SM_OK)
        return rc;
    if (w.removes && r->skip_changes) {
        *r = before;
        w.taken_to = w.seen;
    } else if (w.removes)
        return sm_delta_source__rows_removed(src, version, w.operation, err);
    at->snapshot = false;
    at->version = version;
    at->index = w.taken_to < w.seen ? w.taken_to : -1;
    return SM_OK;
}

/* Forward from `at` through the commits up to (version, index). */
static sm_code take_commits(sm_source *src, range *r, delta_offset *at, int64_t version,
                            int64_t index, sm_error *err)
{
    bool inside = at->index >= 0;
    int64_t v = inside ? at->version : at->version + 1;
    sm_code rc = SM_OK;

    for (; v <= version && !r->full && rc == SM_OK; v++) {
        delta_offset before = *at;
        range had = *r;
        rc = take_commit(src, r, v, inside ? at->index : 0, v == version ? index : -1, at, err);
        inside = false;
        /* Nothing taken of a commit at the limit: it was not begun.  And what lies before a
         * commit that stops the reader is read first. */
        if (rc == SM_OK && r->full && at->index == 0)
            *at = before;
        if (rc == SM_E_INVALID && had.n > 0) {
            *at = before;
            *r = had;
            return SM_OK;
        }
    }
    return rc;
}

/* ---- the table as it stood ---- */

static sm_code load_snapshot(sm_source *src, int64_t version, sm_error *err)
{
    delta_source *s = src->state;

    if (s->snapshot != NULL && s->snapshot->version > version) {
        sm_delta_snapshot_free(s->snapshot);
        s->snapshot = NULL;
    }
    if (s->snapshot != NULL)
        return sm_delta_snapshot_advance(s->snapshot, s->table, version, err);
    return sm_delta_snapshot_load(s->table, version, src->session, &s->snapshot, err);
}

/* From file `at->index` of the snapshot up to file `index` (-1: the last). */
static sm_code take_snapshot(sm_source *src, range *r, delta_offset *at, int64_t index,
                             sm_error *err)
{
    delta_source *s = src->state;
    int64_t i = at->index < 0 ? 0 : at->index;
    sm_code rc;

    if ((rc = load_snapshot(src, at->version, err)) != SM_OK)
        return rc;
    int64_t n = (int64_t)s->snapshot->file_count, end = index < 0 || index > n ? n : index;
    while (i < end && range_take(r, s->snapshot->files[i]))
        i++;
    at->table_id = sm_arena_dup(r->a, s->snapshot->metadata.id);
    at->index = i == n ? -1 : i;
    at->snapshot = i < n;
    return SM_OK;
}

/* Can the files of the table be told without the engine?  Not when the first commits are gone
 * and only a log checkpoint knows them. */
static sm_code can_list(sm_source *src, bool *out, sm_error *err)
{
    delta_source *s = src->state;

    *out = src->session != NULL || s->snapshot != NULL;
    return *out ? SM_OK : sm_delta_probe(s->table, 0, out, err);
}

/* ---- a table of another pipeline ---- */

/* Its pipeline may write while we read: then the plan was made for other columns. */
static sm_code check_columns(const sm_source *src, const sm_delta_metadata *m, sm_error *err)
{
    sm_arena *a;
    sm_schema now;
    sm_code rc;

    if (src->pipeline.len == 0)
        return SM_OK;
    a = sm_arena_new("delta columns");
    rc = sm_delta_metadata_schema(m, a, &now, err);
    if (rc == SM_OK && !sm_schema_equal(&now, src->schema))
        rc = sm_fail(err, SM_E_CONFLICT, 0,
                     "pipeline \"%.*s\" changed the columns of the table while this run was under "
                     "way; run again",
                     SM_SV_ARG(src->pipeline));
    sm_arena_free(a);
    return rc;
}

static sm_code no_table(const sm_source *src, sm_error *err)
{
    const delta_source *s = src->state;

    return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no Delta table in \"%.*s\"",
                   SM_SV_ARG(sm_delta_root(s->table)));
}

/* Nothing there: its pipeline has to run first, or the table of others is gone. */
static sm_code check_written(const sm_source *src, int64_t version, sm_error *err)
{
    if (version >= 0)
        return SM_OK;
    if (src->external)
        return no_table(src, err);
    if (src->pipeline.len == 0 || src->may_be_absent)
        return SM_OK;
    return sm_fail(err, SM_E_NOT_FOUND, 0,
                   "the table was not written yet; run its pipeline first: smelt run %.*s",
                   SM_SV_ARG(src->pipeline));
}

/* ---- is it still the same table? ---- */

static sm_code check_table(sm_source *src, const delta_offset *start, sm_error *err)
{
    delta_source *s = src->state;
    bool first = true;
    sm_error why;
    sm_code rc;

    if (s->head == NULL)
        rc = sm_delta_head_load(s->table, NULL, src->session, &s->head, &why);
    else
        rc = sm_delta_head_advance(s->head, s->table, &why);
    if (rc == SM_E_CORRUPT && src->session == NULL && s->head == NULL &&
        sm_delta_probe(s->table, 0, &first, err) == SM_OK && !first)
        return SM_OK; /* only a checkpoint knows, and read() has the engine to ask it */
    if (rc != SM_OK) {
        *err = why;
        return rc;
    }
    if ((rc = sm_delta_protocol_check(&s->head->protocol, false, err)) != SM_OK)
        return rc;
    if (start->table_id.len > 0 && !sm_sv_eq(start->table_id, s->head->metadata.id))
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "the table in \"%.*s\" was replaced: it has id %.*s, the reader knows "
                       "%.*s%.*s",
                       SM_SV_ARG(sm_delta_root(s->table)), SM_SV_ARG(s->head->metadata.id),
                       SM_SV_ARG(start->table_id), SM_SV_ARG(sm_delta_source__anew(src)));
    return check_columns(src, &s->head->metadata, err);
}

/* ---- the operations ---- */

static sm_code delta_open(sm_source *src, sm_error *err)
{
    const sm_delta_source_config *c = src->config;
    delta_source *s = SM_NEW(src->arena, delta_source);
    sm_code rc;

    s->newest = -1;
    src->state = s;
    if ((rc = sm_delta_source__check_config(src, err)) != SM_OK)
        return rc;
    return sm_delta_open(sm_sv_cstr(sm_path_join(src->arena, src->base_dir, c->path)), src->images,
                         &s->table, err);
}

static void delta_close(sm_source *src)
{
    delta_source *s = src->state;

    if (s == NULL)
        return;
    sm_delta_deleted_free(s->deleted);
    sm_delta_snapshot_free(s->snapshot);
    sm_delta_head_free(s->head);
    sm_delta_close(s->table);
    src->state = NULL;
}

static sm_code find_newest(delta_source *s, sm_error *err)
{
    return sm_delta_newest(s->table, s->newest, &s->newest, err);
}

static sm_code delta_newest(sm_source *src, sm_arena *a, const sm_json **out, sm_error *err)
{
    delta_source *s = src->state;
    sm_code rc;

    *out = NULL;
    if ((rc = find_newest(s, err)) != SM_OK || (rc = check_written(src, s->newest, err)) != SM_OK)
        return rc;
    if (s->newest >= 0) {
        delta_offset o = { .table_id = { "", 0 }, .version = s->newest, .index = -1, .from = -1 };
        *out = offset_write(&o, a);
    }
    return SM_OK;
}

/* Where a reader begins that has read nothing: `end` is the newest version. */
static sm_code begin_at(const sm_source *src, int64_t end, delta_offset *at, sm_error *err)
{
    const sm_delta_source_config *c = src->config;
    const delta_source *s = src->state;
    int64_t time_ms = 0, from = c->starting_version;
    sm_code rc;

    if (c->starting_timestamp.len > 0 &&
        ((rc = sm_time_parse(c->starting_timestamp, &time_ms, err)) != SM_OK ||
         (rc = sm_delta_version_at(s->table, time_ms, &from, err)) != SM_OK))
        return rc;
    if (from >= 0)
        *at = (delta_offset){ .version = from - 1, .index = -1, .from = from };
    else
        *at = (delta_offset){ .version = end, .index = 0, .snapshot = true, .from = -1 };
    return SM_OK;
}

/* Commits without new rows are passed over for good: who writes the table may take them away, and a
 * reader that still stood before them would miss them.  Nobody takes away those of the project. */
static bool passed_over(const sm_source *src, const sm_json *start, const delta_offset *at)
{
    const delta_offset was = offset_read(start);

    return src->external && at->version > was.version;
}

static sm_code delta_latest(sm_source *src, const sm_json *start, const sm_json *until, sm_arena *a,
                            const sm_json **out, sm_error *err)
{
    const sm_delta_source_config *c = src->config;
    delta_source *s = src->state;
    int64_t end = sm_json_get_int(until, "version", -1);
    range r = { .a = a,
                .max_files = c->max_files,
                .max_bytes = c->max_bytes,
                .skip_changes = c->skip_change_commits };
    delta_offset at = offset_read(start);
    bool listed = true;
    sm_code rc;

    *out = start;
    if (end < 0 || (start != NULL && at.version == end && at.index < 0))
        return SM_OK;
    if (start != NULL && at.version > end && !at.snapshot)
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "the table in \"%.*s\" is at version %lld, the reader was at %lld: it was "
                       "replaced, or set back%.*s",
                       SM_SV_ARG(sm_delta_root(s->table)), (long long)end, (long long)at.version,
                       SM_SV_ARG(sm_delta_source__anew(src)));
    if ((rc = check_table(src, &at, err)) != SM_OK)
        return rc;
    at.from = -1;
    if (start == NULL && (rc = begin_at(src, end, &at, err)) != SM_OK)
        return rc;
    if (at.from > end)
        return SM_OK; /* that version is still to come */
    if (at.snapshot && (rc = can_list(src, &listed, err)) != SM_OK)
        return rc;
    if (!listed) /* one batch of whatever read() will find */
        at = (delta_offset){ .version = at.version, .index = -1, .from = -1 };
    else if (at.snapshot)
        rc = take_snapshot(src, &r, &at, -1, err);
    else
        rc = take_commits(src, &r, &at, end, -1, err);
    if (rc != SM_OK)
        return rc;
    if (s->head != NULL)
        at.table_id = s->head->metadata.id;
    if (r.n > 0 || start == NULL || !listed || passed_over(src, start, &at))
        *out = offset_write(&at, a);
    return SM_OK;
}

/* ---- how far it is ahead ---- */

/* Files that are not read of the table as it stood, if it is still in memory. */
static bool rest_of_snapshot(const delta_source *s, const delta_offset *at, range *r)
{
    if (s->snapshot == NULL || s->snapshot->version != at->version ||
        s->snapshot->file_count > LAG_FILES)
        return false;
    for (size_t i = at->index < 0 ? 0 : (size_t)at->index; i < s->snapshot->file_count; i++)
        (void)range_take(r, s->snapshot->files[i]);
    return true;
}

/* The files behind `at`.  false: they are too many to look at, or a commit stops the reader. */
static bool unread_files(sm_source *src, const delta_offset *end, range *r)
{
    const delta_source *s = src->state;
    delta_offset at = *end;
    sm_error ignored;

    if (s->newest - at.version > LAG_COMMITS)
        return false;
    if (at.snapshot && !rest_of_snapshot(s, &at, r))
        return false;
    if (at.snapshot)
        at = (delta_offset){ .version = at.version, .index = -1, .from = -1 };
    return take_commits(src, r, &at, s->newest, -1, &ignored) == SM_OK && at.version >= s->newest;
}

static void count_unread(const range *r, sm_lag *out)
{
    out->files = (int64_t)r->n;
    out->bytes = r->bytes;
    out->rows = 0;
    for (size_t i = 0; i < r->n && out->rows >= 0; i++) {
        int64_t more = sm_delta_file_rows(r->files[i], r->a);

        out->rows = more < 0 ? -1 : out->rows + more;
    }
}

/* Rows by the statistics of the files; time by the first commit that is not read whole. */
static bool delta_lag(sm_source *src, const sm_json *end, const sm_json *until, sm_lag *out)
{
    delta_source *s = src->state;
    delta_offset at = offset_read(end);
    sm_arena *a = sm_arena_new("delta lag");
    range r = { .a = a,
                .skip_changes =
                    ((const sm_delta_source_config *)src->config)->skip_change_commits };
    int64_t first = at.index >= 0 ? at.version : at.version + 1;
    bool there = false, known;
    sm_error ignored;

    (void)until;
    known = find_newest(s, &ignored) == SM_OK && s->newest >= 0;
    if (known) {
        out->versions = s->newest >= first ? s->newest - first + 1 : 0;
        if (unread_files(src, &at, &r))
            count_unread(&r, out);
        if (out->versions > 0 &&
            (sm_delta_probe_time(s->table, first, &there, &out->since_ms, &ignored) != SM_OK ||
             !there))
            out->since_ms = -1;
    }
    sm_arena_free(a);
    return known;
}

/* ---- rows ---- */

static sm_code reading_of(const sm_source *src, const sm_delta_metadata *m, const range *r,
                          sm_delta_reading *out, sm_error *err)
{
    delta_source *s = src->state;
    sm_code rc;

    *out = (sm_delta_reading){
        .root = sm_delta_root(s->table),
        .schema = src->schema,
        .files = r->files,
        .n = r->n,
    };
    sm_delta_deleted_free(s->deleted);
    s->deleted = NULL;
    if (m == NULL)
        return SM_OK;
    if ((rc = sm_delta_metadata_partitions(m, r->a, &out->partition_by, &out->partition_count,
                                           err)) != SM_OK ||
        (rc = sm_delta_mapping_of(m, src->external, r->a, &out->mapping, err)) != SM_OK ||
        (rc = sm_delta_deleted_open(s->table, r->files, r->n, false, src->session, &s->deleted,
                                    err)) != SM_OK)
        return rc;
    out->deleted = sm_delta_deleted_sql(s->deleted);
    return SM_OK;
}

static sm_code show(sm_source *src, sm_sv view, const sm_delta_metadata *m, const range *r,
                    sm_error *err)
{
    const delta_source *s = src->state;
    sm_delta_reading reading;
    sm_sv sql;
    sm_code rc;

    if ((rc = reading_of(src, m, r, &reading, err)) != SM_OK ||
        (rc = sm_delta_files_fetch(s->table, r->files, r->n, err)) != SM_OK ||
        (rc = sm_delta_reading_select(&reading, r->a, &sql, err)) != SM_OK)
        return rc;
    sm_session_view(src->session, view, sql);
    return SM_OK;
}

/* Rows by the statistics of the files; a file that does not say is counted. */
static sm_code count_rows(sm_source *src, sm_sv view, const range *r, sm_error *err)
{
    int64_t rows = 0;
    sm_buf sql;
    sm_code rc;

    src->report.files = (int64_t)r->n;
    src->report.bytes = r->bytes;
    for (size_t i = 0; i < r->n && rows >= 0; i++) {
        int64_t more = sm_delta_file_rows(r->files[i], r->a);
        rows = more < 0 ? -1 : rows + more;
    }
    src->report.read = rows;
    if (rows >= 0)
        return SM_OK;
    sm_buf_init(&sql, 4096);
    sm_buf_add(&sql, SM_SV("SELECT count(*) FROM "));
    sm_sql_ident(&sql, view);
    rc = sm_session_int64(src->session, sm_buf_sv(&sql), &src->report.read, err);
    sm_buf_release(&sql);
    return rc;
}

static sm_code take_range(sm_source *src, range *r, const sm_json *start, const sm_json *end,
                          sm_error *err)
{
    delta_offset at = offset_read(start), to = offset_read(end);
    sm_code rc;

    if (end == NULL || sm_json_equal(start, end))
        return SM_OK;
    if ((rc = check_table(src, &to, err)) != SM_OK)
        return rc;
    if (start == NULL && to.from >= 0)
        at = (delta_offset){ .version = to.from - 1, .index = -1, .from = -1 };
    else if (start == NULL)
        at = (delta_offset){ .version = to.version, .index = 0, .snapshot = true, .from = -1 };
    if (at.snapshot)
        return take_snapshot(src, r, &at, to.snapshot ? to.index : -1, err);
    return take_commits(src, r, &at, to.version, to.index, err);
}

static sm_code delta_read(sm_source *src, const sm_json *start, const sm_json *end, sm_sv view,
                          sm_error *err)
{
    delta_source *s = src->state;
    sm_arena *a = sm_arena_new("delta read");
    range r = { .a = a,
                .skip_changes =
                    ((const sm_delta_source_config *)src->config)->skip_change_commits };
    sm_code rc;

    if ((rc = take_range(src, &r, start, end, err)) != SM_OK)
        goto done;
    if (r.n > 0 && src->external &&
        (rc = sm_delta_source__columns(src, &s->head->metadata,
                                       start == NULL ? SM_DELTA_BEGINS : SM_DELTA_GOES_ON, a,
                                       err)) != SM_OK)
        goto done;
    if ((rc = show(src, view, r.n == 0 ? NULL : &s->head->metadata, &r, err)) != SM_OK)
        goto done;
    rc = count_rows(src, view, &r, err);
done:
    sm_arena_free(a);
    return rc;
}

static sm_code delta_position(sm_source *src, sm_arena *a, const sm_json **out, sm_error *err)
{
    delta_source *s = src->state;
    sm_json *j = sm_json_object(a);
    int64_t time_ms = 0;
    bool there = false;
    sm_code rc;

    if ((rc = find_newest(s, err)) != SM_OK || (rc = check_written(src, s->newest, err)) != SM_OK)
        return rc;
    if (s->newest >= 0 &&
        (rc = sm_delta_probe_time(s->table, s->newest, &there, &time_ms, err)) != SM_OK)
        return rc;
    sm_json_set_int(j, "version", s->newest);
    sm_json_set_int(j, "time", time_ms);
    *out = j;
    return SM_OK;
}

static sm_code delta_snapshot(sm_source *src, const sm_json *position, sm_sv view, sm_error *err)
{
    delta_source *s = src->state;
    int64_t version = sm_json_get_int(position, "version", -1);
    sm_arena *a = sm_arena_new("delta snapshot view");
    range r = { .a = a };
    sm_code rc = SM_OK;

    if (version >= 0 && ((rc = load_snapshot(src, version, err)) != SM_OK ||
                         (rc = check_columns(src, &s->snapshot->metadata, err)) != SM_OK))
        goto done;
    if (version >= 0 && src->external &&
        (rc = sm_delta_source__columns(src, &s->snapshot->metadata, SM_DELTA_LOOKS, a, err)) !=
            SM_OK)
        goto done;
    for (size_t i = 0; version >= 0 && i < s->snapshot->file_count; i++)
        (void)range_take(&r, s->snapshot->files[i]);
    if ((rc = show(src, view, r.n == 0 ? NULL : &s->snapshot->metadata, &r, err)) != SM_OK)
        goto done;
    rc = count_rows(src, view, &r, err);
done:
    sm_arena_free(a);
    return rc;
}

static sm_code delta_watch(sm_source *src, struct sm_watch *w, size_t tag, bool *told,
                           sm_error *err)
{
    const delta_source *s = src->state;
    const char *log = sm_path_join(src->arena, sm_delta_root(s->table), SM_SV("_delta_log"));
    sm_error none;

    (void)err;
    *told = !sm_object_store_is_remote(sm_delta_store(s->table)) &&
            sm_watch_add(w, log, tag, &none) == SM_OK;
    return SM_OK;
}

static bool delta_columnar(const sm_source *s)
{
    (void)s;
    return true;
}

/* ---- its columns ---- */

static sm_code delta_infer(sm_source *src, sm_arena *a, sm_schema *out, sm_error *err)
{
    const delta_offset nowhere = { .table_id = { "", 0 } };
    delta_source *s = src->state;
    sm_code rc;

    if ((rc = find_newest(s, err)) != SM_OK)
        return rc;
    if (s->newest < 0)
        return no_table(src, err);
    if ((rc = check_table(src, &nowhere, err)) != SM_OK)
        return rc;
    return sm_delta_source__schema(&s->head->metadata, a, out, err);
}

const sm_source_ops sm_source_delta = {
    .name = "delta",
    .summary = "Delta Lake tables, also of other writers",
    .options = sm_delta_source__options,
    .config_size = sizeof(sm_delta_source_config),
    .open = delta_open,
    .infer = delta_infer,
    .newest = delta_newest,
    .latest = delta_latest,
    .lag = delta_lag,
    .read = delta_read,
    .columnar = delta_columnar,
    .position = delta_position,
    .snapshot = delta_snapshot,
    .watch = delta_watch,
    .close = delta_close,
};
