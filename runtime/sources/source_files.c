/* SPDX-License-Identifier: Apache-2.0 */
/* source_files.c -- files that appear in a folder, each read once.
 *
 * A file gets a number (seq) in the control store when it is first seen, in the order of
 * (modification time, name) within one look; the offset is the last number read:
 *
 *     {"seq": 17, "mtime_ns": 1767225600000000000}
 *
 * mtime_ns is the greatest of all files up to seq; only adopt() looks at it.  A path is
 * read once for ever: changed content under an old name is not seen, unless allow_overwrites
 * says that a path with another size or time is another file.  Numbers are recorded before they
 * are read, so a second look after a crash finds the same file under the same number and
 * read(start, end) is the same set of files each time.
 *
 * Size and time of each file are taken before reading and compared after (verify): a file
 * that was rewritten meanwhile discards the attempt with SM_E_AGAIN.  The clock is never
 * asked.
 *
 * How files are found: source_files_list.c and source_files_discover.c; of a bucket:
 * source_files_bucket.c.
 *
 * A plain read is not tracked: position() is a hash over the listing, and snapshot() says
 * SM_E_AGAIN when the listing has another one by then. */
#include "runtime/sources/source_files.h"

#include <string.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/glob.h"
#include "runtime/base/hash.h"
#include "runtime/sources/source_files_int.h"
#include "runtime/store/store_files.h"

enum { FILES_PAGE = 1000 };

static const char *const files_formats[] = { "json", "csv", "parquet", "text", NULL };
static const char *const files_encodings[] = { "UTF-8", NULL };

static sm_code files_check_filter(sm_sv text, sm_error *err)
{
    if (sm_sv_find_char(text, '/') >= 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "it is a pattern of names, without folders; those stand in `path`");
    return sm_glob_check(text, err);
}

static sm_code files_check_time(sm_sv text, sm_error *err)
{
    int64_t ms;
    return text.len == 0 ? SM_OK : sm_time_parse(text, &ms, err);
}

static sm_code files_check_detection(sm_sv text, sm_error *err)
{
    if (sm_sv_eq(text, SM_SV("listing")))
        return SM_OK;
    if (sm_sv_eq(text, SM_SV("notification")))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`notification` is not supported yet; `listing` finds every file");
    return sm_fail(err, SM_E_INVALID, 0, "expected listing");
}

static const char *const files_cleanings[] = { "off", "delete", "move", NULL };

static const sm_option files_options[] = {
    {
        .name = "path",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, path),
        .check = sm_files__check_path,
        .doc = "A file, a folder, or a pattern of them, relative to the pipeline file: *, ?, [ab], "
               "{a,b}, and ** for any number of folders; or s3://bucket/… of the same form.",
    },
    {
        .name = "connection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, connection),
        .fallback = "",
        .doc = "Of a bucket: the connection of smelt.yml that reaches it; without it the only one "
               "of type s3, and where there is none the environment says it.",
    },
    {
        .name = "format",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_files_config, format),
        .choices = files_formats,
        .doc = "How the files are written; json is one object on each line, or see multi_line.",
    },
    {
        .name = "path_glob_filter",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, path_glob_filter),
        .fallback = "",
        .check = files_check_filter,
        .doc = "Only files whose name, without its folders, matches this pattern.",
    },
    {
        .name = "recursive_file_lookup",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, recursive_file_lookup),
        .fallback = "false",
        .doc = "Look into all folders below the ones that `path` names.",
    },
    {
        .name = "include_existing_files",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, include_existing_files),
        .fallback = "true",
        .doc = "Read what is there when the stream starts for the first time; later it says "
               "nothing.",
    },
    {
        .name = "allow_overwrites",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, allow_overwrites),
        .fallback = "false",
        .doc = "Read a file again, whole, when its modification time or size changed; of a bucket, "
               "its ETag or size.",
    },
    {
        .name = "use_incremental_listing",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, use_incremental_listing),
        .fallback = "false",
        .doc = "Of a bucket where new names always come behind all old ones: list only what "
               "comes behind the greatest name that is known.",
    },
    {
        .name = "modified_after",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, modified_after),
        .fallback = "",
        .check = files_check_time,
        .doc = "Only files modified after this time, as 2026-01-31T12:00:00Z.",
    },
    {
        .name = "modified_before",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, modified_before),
        .fallback = "",
        .check = files_check_time,
        .doc = "Only files modified before this time.",
    },
    {
        .name = "partition_columns",
        .type = SM_TYPE_LIST,
        .offset = offsetof(sm_files_config, partition_columns),
        .fallback = "[]",
        .doc = "Columns that k=v folders give, NULL where one is missing; without the option those "
               "that are there; [\"\"] takes none.",
    },
    {
        .name = "clean_source",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_files_config, clean_source),
        .choices = files_cleanings,
        .fallback = "off",
        .doc = "What becomes of files that were read, a batch later and after the retention; only "
               "for a source with one reader.",
    },
    {
        .name = "clean_source_retention",
        .type = SM_TYPE_TIME,
        .offset = offsetof(sm_files_config, clean_source_retention),
        .fallback = "30d",
        .min = 0,
        .max = INT64_MAX / 4,
        .doc = "How long after its batch a file stays; more than 7 days where it is deleted.",
    },
    {
        .name = "clean_source_move_destination",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, clean_source_move_destination),
        .fallback = "",
        .doc = "Folder that files move to, with their folders, relative to the pipeline file.",
    },
    {
        .name = "detection",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, detection),
        .fallback = "listing",
        .check = files_check_detection,
        .doc = "How files are found: listing looks into the folders at each run.",
    },
    {
        .name = "backfill_interval",
        .type = SM_TYPE_TIME,
        .offset = offsetof(sm_files_config, backfill_interval),
        .fallback = "0s",
        .doc =
            "With `use_incremental_listing`: list everything at the first look of a run, and this "
            "often; 0s: never.  Without it each look does.",
    },
    {
        .name = "max_files_per_trigger",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_files_config, max_files),
        .fallback = "1000",
        .min = 1,
        .max = 1000000,
        .doc = "Files of one batch, at most.",
    },
    {
        .name = "max_bytes_per_trigger",
        .type = SM_TYPE_SIZE,
        .offset = offsetof(sm_files_config, max_bytes),
        .fallback = "128MiB",
        .min = 1,
        .max = INT64_MAX,
        .doc = "Bytes of one batch; the file that reaches it is still taken whole.",
    },
    {
        .name = "infer_column_types",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, infer_column_types),
        .fallback = "true",
        .doc = "Infer types from the first records; false makes JSON and CSV columns VARCHAR.",
    },
    {
        .name = "header",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, header),
        .fallback = "true",
        .doc = "CSV: the first line of each file names its fields.",
    },
    {
        .name = "sep",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, sep),
        .fallback = ",",
        .check = sm_files__check_character,
        .doc = "CSV: the character between fields.",
    },
    {
        .name = "quote",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, quote),
        .fallback = "\"",
        .check = sm_files__check_character,
        .doc = "CSV: the character around fields; empty when there is none.",
    },
    {
        .name = "escape",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, escape),
        .fallback = "\"",
        .check = sm_files__check_character,
        .doc = "CSV: what stands before a quote inside quotes, the quote itself or a backslash.",
    },
    {
        .name = "null_value",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, null_value),
        .fallback = "",
        .doc = "CSV: the unquoted text that means NULL.",
    },
    {
        .name = "comment",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, comment),
        .fallback = "",
        .check = sm_files__check_character,
        .doc =
            "CSV: the character that begins a line which is no record; empty when there is none.",
    },
    {
        .name = "empty_value",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, empty_value),
        .fallback = "",
        .doc = "CSV: what an empty field in quotes stands for.",
    },
    {
        .name = "nan_value",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, nan_value),
        .fallback = "NaN",
        .doc = "CSV: the text that means not a number, beside NaN.",
    },
    {
        .name = "positive_inf",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, positive_inf),
        .fallback = "Inf",
        .doc = "CSV: the text that means infinity, beside Infinity.",
    },
    {
        .name = "negative_inf",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, negative_inf),
        .fallback = "-Inf",
        .doc = "CSV: the text that means minus infinity, beside -Infinity.",
    },
    {
        .name = "skip_rows",
        .type = SM_TYPE_INT,
        .offset = offsetof(sm_files_config, skip_rows),
        .fallback = "0",
        .min = 0,
        .max = 1000000,
        .doc = "CSV: lines at the begin of each file that are passed over, before the header.",
    },
    {
        .name = "ignore_leading_white_space",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, trim_left),
        .fallback = "false",
        .doc = "CSV: spaces and tabs before a field are no part of it.",
    },
    {
        .name = "ignore_trailing_white_space",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, trim_right),
        .fallback = "false",
        .doc = "CSV: spaces and tabs behind a field are no part of it.",
    },
    {
        .name = "multi_line",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, multi_line),
        .fallback = "false",
        .doc =
            "JSON: records over several lines, and files that are arrays of records; CSV: newlines "
            "inside quotes. Each file is then read by one thread.",
    },
    {
        .name = "primitives_as_string",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, primitives_as_string),
        .fallback = "false",
        .doc = "JSON: infer VARCHAR for all but objects and arrays.",
    },
    {
        .name = "prefers_decimal",
        .type = SM_TYPE_BOOL,
        .offset = offsetof(sm_files_config, prefers_decimal),
        .fallback = "false",
        .doc = "JSON: infer DECIMAL, where one is wide enough, for numbers with a decimal point.",
    },
    {
        .name = "encoding",
        .type = SM_TYPE_ENUM,
        .offset = offsetof(sm_files_config, encoding),
        .fallback = "UTF-8",
        .choices = files_encodings,
        .doc = "Of text; a byte order mark at the begin of a file is passed over.",
    },
    {
        .name = "rescued_data_column",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, rescued_column),
        .fallback = "_rescued_data",
        .doc = "Not for text: the column for fields that no column has and values that do not fit "
               "theirs, as a JSON object; empty for none. With `schema` only "
               "if it is named here or `schema_evolution_mode` is rescue.",
    },
    {
        .name = "corrupt_record_column",
        .type = SM_TYPE_STRING,
        .offset = offsetof(sm_files_config, corrupt_column),
        .fallback = "",
        .doc = "JSON and CSV: the column that keeps the text of a record that is none, in a row of "
               "its own; empty for none.",
    },
    { .name = NULL },
};

/* --- Life --- */

/* What is to be rescued has a column to go to. */
static sm_code files_check_rescue(const sm_source *s, sm_error *err)
{
    const sm_files_config *config = s->config;
    if (s->evolution != SM_EVOLUTION_RESCUE || s->schema == NULL || s->schema->n == 0 ||
        config->format == SM_FILES_TEXT || sm_files__extra_column(s, config->rescued_column) >= 0)
        return SM_OK;
    return sm_fail(
        err, SM_E_INVALID, 0,
        "`schema_evolution_mode: rescue` needs the column \"%.*s\", and the columns that "
        "are pinned have none of that name that is VARCHAR",
        SM_SV_ARG(config->rescued_column));
}

static sm_code files_open(sm_source *s, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_state *f = SM_NEW(s->arena, sm_files_state);
    sm_code rc = SM_OK;
    s->state = f;
    f->read = sm_arena_new("files read");
    if ((rc = sm_files__check_path(config->path, err)) != SM_OK)
        return sm_wrap(err, "option \"path\"");
    if ((rc = sm_files__check_clean(s, err)) != SM_OK || (rc = files_check_rescue(s, err)) != SM_OK)
        return rc;
    if (config->format == SM_FILES_CSV &&
        (rc = sm_files__dialect(config, s->arena, &f->dialect, err)) != SM_OK)
        return rc;
    f->framing = sm_files__framing(config, &f->dialect, config->skip_rows, s->arena);
    f->of_kept = sm_files__framing(config, &f->dialect, 0, s->arena);
    return rc;
}

static void files_close(sm_source *s)
{
    sm_files_state *f = s->state;
    if (f == NULL)
        return;
    sm_decode_relation_free(f->relation);
    (void)sm_files__fetch_end(f->fetch);
    sm_arena_free(f->read);
    s->state = NULL;
}

/* Forget what the last read() left. */
static sm_files_state *files_begin_read(sm_source *s)
{
    sm_files_state *f = s->state;
    sm_decode_relation_free(f->relation);
    f->relation = NULL;
    f->overwritten = sm_files__fetch_end(f->fetch);
    f->fetch = NULL;
    sm_arena_reset(f->read);
    f->files = (sm_files){ 0 };
    f->kept = NULL;
    f->rows = 0;
    f->unknown = false;
    f->faults = NULL;
    s->report = (sm_read_report){ 0 };
    return f;
}

/* --- Offsets --- */

static int64_t files_seq(const sm_json *offset)
{
    return sm_json_get_int(offset, "seq", 0);
}

static const sm_json *files_offset(sm_arena *a, int64_t seq, int64_t mtime_ns)
{
    sm_json *o = sm_json_object(a);
    sm_json_set_int(o, "seq", seq);
    sm_json_set_int(o, "mtime_ns", mtime_ns);
    return o;
}

static sm_files_key files_key(const sm_source *s)
{
    return (sm_files_key){ s->generation_id, s->name };
}

/* --- Discovery --- */

static sm_code files_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    const sm_files_config *config = s->config;
    int64_t last;
    sm_code rc;
    if (config->clean_source != SM_FILES_CLEAN_OFF && s->owner != NULL && s->generation_id != 0)
        sm_files__clean(s);
    rc = sm_files__discover(s, &last, err);
    *out = rc == SM_OK && last > 0 ? files_offset(a, last, 0) : NULL;
    return rc;
}

static sm_code files_latest(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                            const sm_json **out, sm_error *err)
{
    const sm_files_config *config = s->config;
    int64_t begin = files_seq(start), end = begin, limit = files_seq(until), bytes = 0;
    int64_t mtime_ns = sm_json_get_int(start, "mtime_ns", 0);
    sm_arena *scratch = sm_arena_new("files batch");
    sm_code rc = SM_OK;
    bool full = false;
    *out = start;
    while (!full && end < limit) {
        sm_source_file *page;
        size_t n;
        rc = sm_store_files_range(s->store, files_key(s), end, limit, FILES_PAGE, scratch, &page,
                                  &n, err);
        if (rc != SM_OK || n == 0)
            break;
        for (size_t i = 0; i < n && !full; i++) {
            end = page[i].seq;
            bytes += page[i].size;
            mtime_ns = page[i].mtime_ns > mtime_ns ? page[i].mtime_ns : mtime_ns;
            full = end - begin >= config->max_files || bytes >= config->max_bytes;
        }
        sm_arena_reset(scratch);
    }
    sm_arena_free(scratch);
    if (rc == SM_OK && end > begin)
        *out = files_offset(a, end, mtime_ns);
    return rc;
}

/* --- Reading --- */

/* The tracked files of (begin, end]. */
static sm_code files_of_range(sm_source *s, int64_t begin, int64_t end, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_source_file *page;
    size_t n, cap = 0;
    while (begin < end) {
        sm_code rc = sm_store_files_range(s->store, files_key(s), begin, end, FILES_PAGE, f->read,
                                          &page, &n, err);
        if (rc != SM_OK)
            return rc;
        if (n == 0)
            return sm_fail(err, SM_E_CORRUPT, 0,
                           "the control store does not have files %lld to %lld of this source",
                           (long long)begin + 1, (long long)end);
        if (f->files.n + n > cap) {
            sm_file *grown = SM_NEW_N(f->read, sm_file, cap * 2 + n);
            if (f->files.n > 0)
                memcpy(grown, f->files.items, f->files.n * sizeof *grown);
            f->files.items = grown;
            cap = cap * 2 + n;
        }
        for (size_t i = 0; i < n; i++) {
            f->files.items[f->files.n++] = (sm_file){
                .name = sm_arena_cstr(f->read, page[i].path),
                .path = sm_files__path(s, f->read, page[i].path),
                .size = page[i].size,
                .mtime_ns = page[i].mtime_ns,
                .inode = page[i].inode,
                .etag = page[i].etag,
                .seq = page[i].seq,
            };
        }
        begin = page[n - 1].seq;
    }
    return SM_OK;
}

/* The files that were looked at appear as `view`.  Without one there is nothing to verify. */
static sm_code files_make_view(sm_source *s, bool at_once, sm_sv view, sm_error *err)
{
    const sm_files_config *config = s->config;
    sm_files_state *f = s->state;
    sm_code rc = config->format == SM_FILES_PARQUET ? sm_files__read_parquet(s, view, err)
                                                    : sm_files__read_text(s, at_once, view, err);
    if (rc != SM_OK)
        f->files.n = 0;
    return rc;
}

static sm_code files_read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                          sm_error *err)
{
    sm_files_state *f = files_begin_read(s);
    sm_code rc = files_of_range(s, files_seq(start), files_seq(end), err);
    if (rc == SM_OK)
        rc = sm_files__look(s, err);
    if (rc != SM_OK) {
        f->files.n = 0;
        return rc;
    }
    return files_make_view(s, false, view, err);
}

static sm_code files_verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err)
{
    sm_files_state *f = s->state;
    sm_code rc = f->kept == NULL ? sm_files__verify(s, err) : SM_OK;
    (void)start;
    (void)end;
    if (rc != SM_OK)
        return rc;
    for (size_t i = 0; f->kept == NULL && i < f->files.n; i++)
        s->report.bytes += f->files.items[i].size;
    s->report.files = (int64_t)f->files.n;
    s->report.read = f->rows;
    return f->relation == NULL ? SM_OK : sm_files__judge_text(s, err);
}

static sm_code files_bad_records(sm_source *s, sm_sv view, sm_error *err)
{
    const sm_files_state *f = s->state;
    return sm_decode_relation_bad(f->relation, s->session, view, err);
}

/* Each record is a file, which stands in one with the others. */
static sm_code files_reread(sm_source *s, const sm_kept *kept, sm_sv view, sm_error *err)
{
    sm_files_state *f = files_begin_read(s);
    f->kept = kept;
    f->files = (sm_files){ SM_NEW_N(f->read, sm_file, kept->n + 1), kept->n };
    for (size_t i = 0; i < kept->n; i++)
        f->files.items[i] = (sm_file){
            .name = sm_arena_cstr(f->read, kept->records[i].name),
            .path = sm_files__path(s, f->read, kept->records[i].name),
            .size = kept->records[i].size,
            .mtime_ns = kept->records[i].mtime_us * 1000,
        };
    return files_make_view(s, false, view, err);
}

static bool files_needs_header(const sm_source *s)
{
    const sm_files_config *config = s->config;
    return config->format == SM_FILES_CSV && config->header;
}

static bool files_columnar(const sm_source *s)
{
    return ((const sm_files_config *)s->config)->format == SM_FILES_PARQUET;
}

/* --- Adoption --- */

/* Number the files that the lost tracking had: those up to the offset's time.  Numbers of
 * files that were deleted since are used up by entries that nobody reads. */
static sm_code files_adopt(sm_source *s, const sm_json *offset, sm_error *err)
{
    int64_t seq = files_seq(offset), until = sm_json_get_int(offset, "mtime_ns", 0), last = 0;
    sm_arena *a = sm_arena_new("files adoption");
    sm_files files = { 0 };
    sm_code rc = sm_store_files_last(s->store, files_key(s), &last, err);
    if (rc != SM_OK || last > 0) {
        rc = rc != SM_OK ? rc : sm_fail(err, SM_E_CONFLICT, 0, "this checkpoint has files already");
        goto done;
    }
    if ((rc = sm_files__list(s, a, &files, err)) != SM_OK)
        goto done;
    while (files.n > 0 && files.items[files.n - 1].mtime_ns > until)
        files.n--;
    if ((int64_t)files.n > seq) {
        rc = sm_fail(err, SM_E_CONFLICT, 0,
                     "%zu files are as old as the %lld that were read: which were read cannot be "
                     "told; use --full-refresh",
                     files.n, (long long)seq);
        goto done;
    }
    sm_files all = { SM_NEW_N(a, sm_file, (size_t)seq + 1), (size_t)seq };
    size_t gone = (size_t)seq - files.n;
    for (size_t i = 0; i < gone; i++)
        all.items[i].name = sm_arena_printf(a, "deleted file %zu", i + 1).ptr;
    if (files.n > 0)
        memcpy(all.items + gone, files.items, files.n * sizeof *files.items);
    if ((rc = sm_files__track(s, &all, err)) == SM_OK)
        rc = sm_store_files_begin(s->store, s->owner, files_key(s), err);
done:
    sm_arena_free(a);
    return rc;
}

/* --- Plain reads --- */

static const sm_json *files_position_of(const sm_files *files, sm_arena *a)
{
    sm_hash *h = sm_hash_new();
    sm_json *o = sm_json_object(a);
    for (size_t i = 0; i < files->n; i++) {
        const sm_file *f = &files->items[i];
        int64_t numbers[] = { f->size, f->mtime_ns, f->inode };
        sm_hash_add(h, sm_sv_cstr(f->name));
        sm_hash_add(h, (sm_sv){ (const char *)numbers, sizeof numbers });
    }
    sm_json_set_int(o, "files", (int64_t)files->n);
    sm_json_set_string(o, "hash", sm_hash_hex(h, a));
    return o;
}

static sm_code files_position(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err)
{
    sm_arena *scratch = sm_arena_new("files position");
    sm_files files;
    sm_code rc = sm_files__list(s, scratch, &files, err);
    if (rc == SM_OK)
        *out = files_position_of(&files, a);
    sm_arena_free(scratch);
    return rc;
}

/* Copies; *same: all are as listed. */
static sm_code files_fetch_listed(sm_source *s, bool *same, sm_error *err)
{
    sm_files_state *f = s->state;
    bool *changed = SM_NEW_N(f->read, bool, f->files.n + 1);
    sm_code rc = sm_files__fetch(s, f->read, &f->files, changed, err);
    for (size_t i = 0; rc == SM_OK && i < f->files.n; i++)
        *same = *same && !changed[i];
    return rc;
}

static sm_code files_snapshot(sm_source *s, const sm_json *position, sm_sv view, sm_error *err)
{
    sm_files_state *f = files_begin_read(s);
    sm_code rc = sm_files__list(s, f->read, &f->files, err);
    bool same = rc != SM_OK || position == NULL ||
                sm_json_equal(position, files_position_of(&f->files, f->read));
    if (rc == SM_OK && same && sm_files__in_bucket(s))
        rc = files_fetch_listed(s, &same, err);
    if (rc != SM_OK) {
        f->files.n = 0;
        return rc;
    }
    if (position != NULL && !same) {
        f->files.n = 0;
        return sm_fail(err, SM_E_AGAIN, 0, "the files changed while the batch was planned");
    }
    return files_make_view(s, true, view, err);
}

const sm_source_ops sm_source_files = {
    .name = "files",
    .summary = "JSON, CSV, Parquet or text files that appear in a folder",
    .options = files_options,
    .config_size = sizeof(sm_files_config),
    .exclusive = "clean_source",
    .metadata = true,
    .open = files_open,
    .infer = sm_files__infer,
    .newest = files_newest,
    .latest = files_latest,
    .lag = sm_files__lag,
    .read = files_read,
    .verify = files_verify,
    .bad_records = files_bad_records,
    .reread = files_reread,
    .needs_header = files_needs_header,
    .columnar = files_columnar,
    .adopt = files_adopt,
    .position = files_position,
    .snapshot = files_snapshot,
    .watch = sm_files__watch,
    .close = files_close,
};
