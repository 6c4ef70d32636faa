/* SPDX-License-Identifier: Apache-2.0 */
/* ops_files.c -- a log of rows on disk: one Parquet file for each batch that added some.
 *
 *     tier 0    |a|b|c|d| … 15 files     the sixteenth batch writes its rows with theirs,
 *     tier 1    |aaaa…aaaa|              combined, as one file of tier 1; fifteen of those and
 *     tier 2    |a………………………………a|        the next one become a file of tier 2
 *
 * So a row is written once for each tier, and a log of n batches has at most 15 files a tier.
 * Older files stand before younger ones in the record, and only a run of the youngest is ever
 * combined, so the order of batches is kept.  A file whose every row is dead is named no more,
 * without being read.
 *
 * Types that Parquet does not keep as they are (HUGEINT becomes a DOUBLE there) are written as
 * text and cast back. */
#include "runtime/ops/ops_int.h"

#include "runtime/base/failpoint.h"
#include "runtime/base/fs.h"
#include "runtime/base/hash.h"
#include "runtime/base/limit.h"
#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_copy.h"

#include <stdio.h>
#include <stdlib.h>

void sm_ops__files_add(sm_ops__files *list, const sm_ops__file *f)
{
    if (list->n == list->cap) {
        list->cap = list->cap * 2 + 16;
        list->items = sm_xrealloc(list->items, list->cap * sizeof *list->items);
    }
    list->items[list->n++] = *f;
}

static bool has_file(const sm_ops__files *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    return false;
}

void sm_ops__log_release(sm_ops__log *l)
{
    free(l->files.items);
    free(l->next.items);
    free(l->attempt.items);
    free(l->gone.items);
}

static const char *log_folder(const sm_ops *o, const sm_ops__log *l)
{
    return sm_path_join(o->scratch, o->c.folder, l->name);
}

static const char *file_path(const sm_ops *o, const sm_ops__log *l, const char *name)
{
    return sm_path_join(o->scratch, sm_sv_cstr(log_folder(o, l)), sm_sv_cstr(name));
}

/* ---- types ----------------------------------------------------------------------- */

static bool keeps_kind(sm_sqltype_kind k)
{
    switch (k) {
    case SM_SQLTYPE_HUGEINT:
    case SM_SQLTYPE_UHUGEINT:
    case SM_SQLTYPE_INTERVAL:
    case SM_SQLTYPE_TIME:
    case SM_SQLTYPE_TIMETZ:
    case SM_SQLTYPE_OTHER:
        return false;
    default:
        return true;
    }
}

/* The type with text where a file would not give back what was written. */
static sm_sqltype *file_type(const sm_sqltype *t, sm_arena *a)
{
    sm_sqltype *out = SM_NEW(a, sm_sqltype);

    *out = *t;
    if (!keeps_kind(t->kind)) {
        *out = (sm_sqltype){ .kind = SM_SQLTYPE_VARCHAR, .text = SM_SV("VARCHAR") };
        return out;
    }
    out->fields = SM_NEW_N(a, sm_sqltype_field, t->n);
    for (size_t i = 0; i < t->n; i++)
        out->fields[i] = (sm_sqltype_field){ t->fields[i].name, file_type(t->fields[i].type, a) };
    return out;
}

/* As they go into a file. */
static sm_code add_file_columns(const sm_ops *o, const sm_ops__log *l, sm_buf *sql, sm_error *err)
{
    for (size_t i = 0; i < l->schema.n; i++) {
        const sm_column *c = &l->schema.columns[i];
        sm_sqltype *t;

        if (sm_sqltype_parse(c->type, o->scratch, &t, err) != SM_OK)
            return err->code;
        sm_buf_adds(sql, i > 0 ? ", CAST(" : "CAST(");
        sm_sql_ident(sql, c->name);
        sm_buf_addf(sql, " AS %.*s) AS ",
                    SM_SV_ARG(sm_sqltype_print(file_type(t, o->scratch), o->scratch)));
        sm_sql_ident(sql, c->name);
    }
    return SM_OK;
}

/* What column `name` of the log is called in the files of an era; "": they do not have it. */
static sm_sv name_then(const sm_ops__log *l, size_t era, sm_sv name)
{
    const sm_stage_era *now = &l->eras.items[l->eras.now];

    for (size_t i = 0; i < now->n && era != l->eras.now; i++) {
        const sm_stage_column *c = &now->columns[i], *old;

        if (!sm_sv_eq(c->at, name))
            continue;
        old = sm_stage_era_find(&l->eras.items[era], c->name);
        return old ? old->at : SM_SV("");
    }
    return name;
}

/* As they come out of the files of an era. */
static void add_read_columns(const sm_ops__log *l, size_t era, sm_buf *sql)
{
    for (size_t i = 0; i < l->schema.n; i++) {
        const sm_column *c = &l->schema.columns[i];
        sm_sv then = l->eras.n > 0 ? name_then(l, era, c->name) : c->name;

        sm_buf_adds(sql, i > 0 ? ", CAST(" : "CAST(");
        if (then.len > 0)
            sm_sql_ident(sql, then);
        else
            sm_buf_adds(sql, "NULL");
        sm_buf_addf(sql, " AS %.*s) AS ", SM_SV_ARG(c->type));
        sm_sql_ident(sql, c->name);
    }
}

/* ---- reading --------------------------------------------------------------------- */

sm_code sm_ops__files_fault(const sm_ops__stage *s, sm_error *err)
{
    const sm_ops_config *c = &s->ops->c;

    if (err->code == SM_E_CANCELLED || err->code == SM_E_LIMIT ||
        (err->code == SM_E_IO && err->sys != 0)) /* the disk says so, not the file */
        return err->code;
    return sm_fail(err, SM_E_CORRUPT, 0,
                   "the state of stage \"%.*s\" cannot be read: %.200s; nothing was changed. Bring "
                   "the file back, or rebuild with `smelt run --full-refresh %.*s`",
                   SM_SV_ARG(s->plan->name), sm_arena_cstr(s->ops->scratch, sm_sv_cstr(err->msg)),
                   SM_SV_ARG(c->table));
}

static void add_paths(const sm_ops *o, const sm_ops__log *l, const sm_ops__file *files, size_t n,
                      sm_buf *sql)
{
    sm_sv *paths = SM_NEW_N(o->scratch, sm_sv, n);

    for (size_t i = 0; i < n; i++)
        paths[i] = sm_sv_cstr(file_path(o, l, files[i].name));
    sm_buf_adds(sql, " FROM read_parquet(");
    sm_sql_string_list(sql, paths, n);
    sm_buf_adds(sql, ", hive_partitioning = false)");
}

void sm_ops__files_select(sm_ops__stage *s, const sm_ops__log *l, const sm_ops__file *files,
                          size_t n, sm_buf *sql)
{
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        while (end < n && files[end].era == files[i].era)
            end++;
        sm_buf_adds(sql, i > 0 ? " UNION ALL SELECT " : "SELECT ");
        add_read_columns(l, files[i].era, sql);
        add_paths(s->ops, l, files + i, end - i, sql);
    }
}

static sm_code check_sizes(const sm_ops__stage *s, const sm_ops__log *l, int64_t *rows,
                           sm_error *err)
{
    for (size_t i = 0; i < l->files.n; i++) {
        const sm_ops__file *f = &l->files.items[i];
        const char *path = file_path(s->ops, l, f->name);
        sm_fs_stat st;

        if (sm_fs_stat_path(path, &st, err) != SM_OK)
            return sm_ops__files_fault(s, err);
        if (st.size != f->bytes) {
            sm_fail(err, SM_E_CORRUPT, 0, "file \"%s\" has %lld bytes, and %lld were written", path,
                    (long long)st.size, (long long)f->bytes);
            return sm_ops__files_fault(s, err);
        }
        *rows += f->rows;
    }
    return SM_OK;
}

sm_code sm_ops__files_check(sm_ops__stage *s, const sm_ops__log *l, const sm_ops_batch *b,
                            sm_error *err)
{
    int64_t rows = 0, found = 0;
    sm_buf sql;
    sm_code rc = check_sizes(s, l, &rows, err);

    if (rc != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&sql, "SELECT count(*)");
    add_paths(s->ops, l, l->files.items, l->files.n, &sql);
    if ((rc = sm_buf_check(&sql, "the SQL of a stage", err)) == SM_OK)
        rc = sm_session_int64(b->session, sm_buf_sv(&sql), &found, err);
    sm_buf_release(&sql);
    if (rc == SM_OK && found == rows)
        return SM_OK;
    if (rc == SM_OK)
        sm_fail(err, SM_E_CORRUPT, 0, "its files have %lld rows, and %lld were written",
                (long long)found, (long long)rows);
    return sm_ops__files_fault(s, err);
}

/* ---- writing --------------------------------------------------------------------- */

/* Which of the youngest files the next one takes in, and the tier that it gets. */
static size_t files_taken(const sm_ops__files *list, int *tier)
{
    size_t left = list->n;

    for (*tier = 0;; ++*tier) {
        size_t n = 0;

        while (n < left && list->items[left - n - 1].tier == *tier)
            n++;
        if (n + 1 < SM_OPS_TIER_FILES)
            return list->n - left;
        left -= n;
    }
}

/* The rows of the file: those of the files that it takes in, then those of the batch. */
static sm_code file_rows(sm_ops__stage *s, const sm_ops__log *l, size_t taken, sm_buf *sql,
                         sm_error *err)
{
    sm_buf from;
    sm_code rc;

    sm_buf_init(&from, SM_LIMIT_BATCH_SQL);
    sm_buf_adds(&from, "(SELECT * FROM (");
    if (taken > 0) {
        sm_ops__files_select(s, l, l->next.items + l->next.n - taken, taken, &from);
        sm_buf_adds(&from, " UNION ALL ");
    }
    sm_buf_adds(&from, "SELECT ");
    sm_ops__add_columns(l, &from);
    sm_buf_addf(&from, " FROM %.*s) WHERE ", SM_SV_ARG(l->added));
    sm_ops__add_alive(l, s->final_us, &from);
    sm_buf_addc(&from, ')');
    rc = sm_buf_check(&from, "the SQL of a stage", err);
    sm_buf_adds(sql, "SELECT ");
    if (rc == SM_OK)
        rc = add_file_columns(s->ops, l, sql, err);
    sm_buf_adds(sql, " FROM ");
    if (taken > 0)
        sm_buf_addc(sql, '(');
    if (taken > 0)
        sm_ops__add_combined(l, sm_buf_sv(&from), sql);
    else
        sm_buf_add(sql, sm_buf_sv(&from));
    if (taken > 0)
        sm_buf_addc(sql, ')');
    sm_buf_release(&from);
    return rc;
}

static void read_times(const sm_ops__log *l, const sm_copy_file *file, sm_ops__file *f)
{
    f->min_us = f->max_us = SM_OPS_NO_TIME;
    f->lasting = true;
    for (size_t i = 0; l->dies && i < file->n_stats; i++) {
        const sm_copy_stat *st = &file->stats[i];

        if (st->path_len != 1 || !sm_sv_eq_str(st->path[0], "_smelt_t"))
            continue;
        if (!sm_sv_to_int64(st->min, &f->min_us) || !sm_sv_to_int64(st->max, &f->max_us))
            f->min_us = f->max_us = SM_OPS_NO_TIME;
        else
            f->lasting = st->null_count != 0;
    }
}

/* The file is named in l->next from before its first byte, so that sm_ops_drop() finds it. */
static sm_code write_file(sm_ops__stage *s, sm_ops__log *l, size_t taken, sm_ops__file *f,
                          const sm_ops_batch *b, sm_error *err)
{
    const char *folder = log_folder(s->ops, l);
    sm_copy_options to = { .folder = sm_sv_cstr(folder),
                           .stem = sm_sv_sub(sm_sv_cstr(f->name), 0, strlen(f->name) - 8),
                           .codec = SM_SV("zstd") };
    sm_copied copied;
    sm_buf sql;
    sm_code rc = sm_fs_mkdirs(folder, 0700, err);

    if (rc != SM_OK)
        return rc;
    sm_buf_init(&sql, SM_LIMIT_BATCH_SQL);
    if ((rc = file_rows(s, l, taken, &sql, err)) == SM_OK)
        rc = sm_session_copy(b->session, sm_buf_sv(&sql), &to, s->ops->scratch, &copied, err);
    sm_buf_release(&sql);
    if (rc != SM_OK)
        return rc;
    f->rows = copied.rows;
    f->bytes = copied.bytes;
    if (copied.n_files > 0)
        read_times(l, &copied.files[0], f);
    if ((rc = sm_fs_fsync(file_path(s->ops, l, f->name), err)) == SM_OK)
        rc = sm_fs_fsync_dir(folder, err);
    sm_failpoint("ops.after_state");
    return rc;
}

/* What is not dead once this batch is decided. */
static void next_from_files(const sm_ops__stage *s, sm_ops__log *l)
{
    l->next.n = 0;
    for (size_t i = 0; i < l->files.n; i++) {
        const sm_ops__file *f = &l->files.items[i];

        if (f->lasting || s->final_us == SM_OPS_NO_TIME || f->max_us > s->final_us)
            sm_ops__files_add(&l->next, f);
    }
}

sm_code sm_ops__log_save(sm_ops__stage *s, sm_ops__log *l, const sm_ops_batch *b, sm_error *err)
{
    sm_ops__file f = { .batch = b->n, .era = l->eras.now };
    size_t taken;
    sm_code rc;

    next_from_files(s, l);
    if (l->n_added == 0)
        return SM_OK;
    taken = files_taken(&l->next, &f.tier);
    snprintf(f.name, sizeof f.name, "%lld-%.8s.parquet", (long long)b->n,
             sm_uuid4(s->ops->scratch).ptr);
    sm_ops__files_add(&l->attempt, &f);
    if ((rc = write_file(s, l, taken, &f, b, err)) != SM_OK)
        return rc;
    l->next.n -= taken;
    if (f.rows > 0)
        sm_ops__files_add(&l->next, &f);
    return SM_OK;
}

/* ---- what becomes of files ----------------------------------------------------------- */

void sm_ops__log_keep(const sm_ops *o, sm_ops__log *l)
{
    sm_ops__files before = l->files;

    (void)o;
    for (size_t i = 0; i < before.n; i++)
        if (!has_file(&l->next, before.items[i].name))
            sm_ops__files_add(&l->gone, &before.items[i]);
    for (size_t i = 0; i < l->attempt.n; i++)
        if (!has_file(&l->next, l->attempt.items[i].name))
            sm_ops__files_add(&l->gone, &l->attempt.items[i]);
    l->files = l->next;
    l->next = before;
    l->next.n = l->attempt.n = 0;
}

static void unlink_all(const sm_ops *o, const sm_ops__log *l, sm_ops__files *list)
{
    sm_error ignored; /* what stays is found by sm_ops__sweep_folders() */

    for (size_t i = 0; i < list->n; i++)
        sm_fs_unlink(file_path(o, l, list->items[i].name), &ignored);
    list->n = 0;
}

void sm_ops__log_sweep(const sm_ops *o, sm_ops__log *l)
{
    unlink_all(o, l, &l->gone);
}

void sm_ops__log_drop(const sm_ops *o, sm_ops__log *l)
{
    unlink_all(o, l, &l->attempt);
    l->next.n = 0;
}

/* ---- orphans ------------------------------------------------------------------------- */

static sm_code list_folder(sm_ops *o, const char *path, sm_fs_entry **out, size_t *n, sm_error *err)
{
    sm_code rc = sm_fs_list(path, false, o->scratch, out, n, err);

    if (rc == SM_E_NOT_FOUND)
        *n = 0;
    return rc == SM_E_NOT_FOUND ? SM_OK : rc;
}

static sm_code sweep_log(sm_ops *o, const sm_ops__log *l, sm_error *err)
{
    sm_fs_entry *found;
    size_t n;
    sm_code rc = list_folder(o, log_folder(o, l), &found, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        if (!has_file(&l->files, found[i].name.ptr))
            rc = sm_fs_unlink(file_path(o, l, found[i].name.ptr), err);
    return rc;
}

sm_code sm_ops__sweep_folders(sm_ops *o, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < o->c.n_stages; i++)
        for (size_t k = 0; rc == SM_OK && k < o->stages[i].n_logs; k++)
            rc = sweep_log(o, &o->stages[i].logs[k], err);
    return rc;
}
