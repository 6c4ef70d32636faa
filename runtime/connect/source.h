/* SPDX-License-Identifier: Apache-2.0 */
/* source.h -- where rows come from.
 *
 * A source is a log seen through offsets.  A flow asks how far it may go and reads
 * that range, perhaps more than once.  All of it rests on one promise:
 *
 *     read(start, end) yields the same rows every time, until forget(end).
 *
 * A source that cannot keep it (http) spools the range, durably, before newest()
 * counts it as available.
 *
 * An offset is a JSON value in the source's own form; it is stored in the batch record
 * and nobody but the source looks inside.  NULL means "where the source begins".
 *
 * Two ways of reading:
 *     STREAM(x)   newest / latest / read / verify / forget, tracked by offsets
 *     plain x     position / snapshot: everything there is now, untracked
 *
 * Callers use the wrappers of connect.h, never s->ops.
 */
#ifndef SM_CONNECT_SOURCE_H
#define SM_CONNECT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/decode_policy.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/option.h"
#include "runtime/base/sqlgrow.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

struct sm_atomic;
struct sm_connections;
struct sm_owner;
struct sm_session;
struct sm_store;
struct sm_watch;

enum {
    SM_SOURCE_LOOK_MS = 1000,       /* how often a source that tells nothing is asked */
    SM_SOURCE_LOOK_AGAIN_MS = 10000 /* and one that tells: a machine's news do not leave it */
};

/* What became of the records of one read().  Complete after verify(). */
typedef struct sm_read_report {
    int64_t read;        /* records found, undecodable ones included */
    int64_t undecodable; /* records that are none, left out because on_decode_error says so */
    int64_t bytes;       /* of input, as stored */
    int64_t files;
    const sm_json *samples; /* array of {file, line, reason, text}, at most 20; NULL if none */
    /* What the range began or left out otherwise than the one before: an array of {event, message,
     * …}, each an event of the batch; NULL if none. */
    const sm_json *notices;
    /* With SM_E_AGAIN: the schema in force, grown by what the records have besides; the same
     * range is to be read again with it.  NULL: nothing to grow by. */
    const sm_schema *grown;
    /* With `grown`, of a reader that begins: it takes the place of the schema in force, whatever
     * that has besides. */
    bool anew;
} sm_read_report;

/* How far a source is ahead of a flow; -1: not known, or the source does not count in it. */
typedef struct sm_lag {
    int64_t rows, files, bytes;
    int64_t versions; /* of a table */
    int64_t since_ms; /* when the oldest of what is not read came; if only that is known, the time
                       * of the newest record that was read, which is earlier */
} sm_lag;

/* Records that were set aside, in a file of their own. */
typedef struct sm_kept_record {
    sm_sv name;             /* of the file that it came in, as the source tracks it */
    int64_t size, mtime_us; /* of that file */
    int64_t header;         /* begin of that file's header; -1: it is not there */
    int64_t begin, end;     /* of its text; a newline stands behind it, and behind the header,
                             * which stands right before it */
} sm_kept_record;

typedef struct sm_kept {
    const char *path;
    const sm_kept_record *records;
    size_t n;
} sm_kept;

typedef struct sm_source {
    const struct sm_source_ops *ops;
    void *config; /* filled through ops->options before open() */
    void *state;  /* the source's own, between open() and close() */

    sm_sv name;            /* of the dataset, for messages */
    sm_sv flow;            /* the flow that reads, "" outside of one (inference, preview) */
    sm_sv generation;      /* uuid of the flow's checkpoint, "" outside of a flow */
    int64_t generation_id; /* the same in the control store; 0 outside of a flow */
    sm_sv pipeline;        /* whose table it is, when another one's of the project; else "" */
    bool may_be_absent;    /* with `pipeline`: a table that is not there is an empty one */
    bool external;         /* of the user's sources, not a table of the project */
    sm_sv base_dir;        /* relative paths of the configuration begin here */
    const struct sm_connections *connections; /* that it may name; NULL: there are none */
    struct sm_images *images; /* borrowed: which folders are images of buckets; NULL: none */
    const sm_schema *schema;  /* the columns in force; n == 0: not known (infer() only) */
    sm_sv schema_hints;       /* "battery INT, tags MAP(VARCHAR, VARCHAR)" or ""; for infer() */
    bool schema_declared;     /* the user wrote the schema */
    bool metadata;          /* the columns _metadata and _ingested_at follow those of the schema */
    sm_evolution evolution; /* what becomes of fields that `schema` has not */
    sm_decode_policy on_decode_error; /* QUARANTINE: bad_records() is asked after verify() */
    int64_t batch_time_ms;            /* the batch timestamp, for read() */

    /* Is whoever reads asked to stop?  For sources that wait.  NULL: never. */
    bool (*stopping)(void *ctx);
    void *stopping_ctx;
    const struct sm_atomic *give_up; /* from when on calls are given up; as run.h; NULL: never */

    struct sm_session *session;   /* the flow's connection while a batch is running, else NULL */
    struct sm_store *store;       /* the control store, for sources that track what they saw; */
    const struct sm_owner *owner; /* NULL outside of a flow: then nothing is written there */
    sm_arena *arena;              /* lives as long as the source is open */
    sm_read_report report;        /* of the last read(); lives until the next one */
} sm_source;

typedef struct sm_source_ops {
    const char *name, *summary; /* the YAML value of `type:`; a line for `smelt sources` */
    const sm_option *options;   /* ends with a row whose name is NULL */
    size_t config_size;
    const char
        *exclusive; /* option that, unless it is "off", leaves room for one reader; or NULL */
    bool metadata;  /* its rows come from files: it can give _metadata */

    sm_code (*open)(sm_source *s, sm_error *err);

    /* The columns of what is there now, hints and inference applied; n == 0 when there is
     * nothing to look at yet.  s->session is set.  Optional: NULL when the schema is
     * always given. */
    sm_code (*infer)(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);

    /* Look outside: how far the source reaches now, whatever the limits of a batch.  Never
     * needs the engine.  `*out` lives in `a`; NULL while nothing was ever there. */
    sm_code (*newest)(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err);

    /* The furthest end of one batch from `start`, within the limits of the options and
     * not beyond `until` (an answer of newest()); equal to `start` when nothing is new.
     * Never needs the engine.  `*out` lives in `a`. */
    sm_code (*latest)(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                      const sm_json **out, sm_error *err);

    /* How far the source is ahead of `end`, where the batch ends that was read; `until` is the
     * newest() of its run.  Never needs the engine.  May look outside, no more often than every
     * SM_SOURCE_LOOK_MS.  false: not known.  Optional; nothing but what people are told depends
     * on it. */
    bool (*lag)(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out);

    /* Make the rows of (start, end] appear on the session as the relation `view`, with
     * the columns of s->schema, in that order.  start == end is an empty relation.
     * SM_E_AGAIN with s->report.grown: the files say by themselves that there is more. */
    sm_code (*read)(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                    sm_error *err);

    /* After the query: fills s->report; SM_E_AGAIN if a file was rewritten under the
     * attempt, or, with s->report.grown, if the schema has to grow first; SM_E_INVALID naming
     * what a field or record did wrong.  Optional. */
    sm_code (*verify)(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err);

    /* After verify(), with on_decode_error QUARANTINE and report.undecodable > 0: those records
     * appear as the relation `view`, whose columns decode_bad.h says.
     * Once it is read, verify() is asked again.  NULL: every record of it can be decoded. */
    sm_code (*bad_records)(sm_source *s, sm_sv view, sm_error *err);

    /* Records that were set aside appear as the relation `view`, as read() shows those of today;
     * verify() and bad_records(), whose `file` counts the records, follow.  `kept` is borrowed
     * until the next read.  NULL: it keeps none. */
    sm_code (*reread)(sm_source *s, const sm_kept *kept, sm_sv view, sm_error *err);
    /* With reread(): does a record need the header of its file? */
    bool (*needs_header)(const sm_source *s);

    /* Does a query of few columns over the relation of read() or snapshot() cost only those,
     * however often it is asked?  NULL: it costs all of them each time. */
    bool (*columnar)(const sm_source *s);

    /* The batch that ends at `end` is done; nobody asks for it again.  Optional. */
    sm_code (*forget)(sm_source *s, const sm_json *end, sm_error *err);

    /* This generation begins where another one, whose tracking is lost, ended: treat all
     * up to `offset` as read.  Optional: NULL when an offset tells everything itself. */
    sm_code (*adopt)(sm_source *s, const sm_json *offset, sm_error *err);

    /* What snapshot() would read now, as a value that changes when the rows may have;
     * never needs the engine.  NULL ops: plain reads are refused for this source. */
    sm_code (*position)(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err);

    /* Everything at `position` appears as the relation `view`. */
    sm_code (*snapshot)(sm_source *s, const sm_json *position, sm_sv view, sm_error *err);

    /* Have `tag` of `w` told when newest() may say more, as far as that can be had.  What says
     * nothing is looked at every SM_SOURCE_LOOK_MS.  Optional: *told = false then, that is: nothing
     * will be told.  May be called again, when folders came. */
    sm_code (*watch)(sm_source *s, struct sm_watch *w, size_t tag, bool *told, sm_error *err);

    void (*close)(sm_source *s); /* once, also after a failed open() */
} sm_source_ops;

#endif
