/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h -- where a batch goes.
 *
 * A sink never sees rows, only the text of a SELECT and the relations on the flow's
 * session.  What it would do is data before it is done:
 *
 *     prepare   run the SELECT, write files under final, unique names, sync them and
 *               their directories, add to `m` what publishing them means
 *     publish   make `m` visible, all or nothing; what is there already is success.
 *               k->session is NULL once the batch is decided: no query can run
 *     discard   remove what prepare() wrote; it was never decided
 *
 * The first batch into a target that does not exist yet creates it, even with no rows, so
 * that its readers find a typed, empty table.
 *
 * Callers use the wrappers of connect.h, never k->ops.
 */
#ifndef SM_CONNECT_SINK_H
#define SM_CONNECT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/option.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"
#include "runtime/connect/manifest.h"

struct sm_connections;
struct sm_images;
struct sm_session;

typedef enum sm_delivery {
    SM_AT_LEAST_ONCE,
    SM_EXACTLY_ONCE,
} sm_delivery;

/* What one batch does to the rows that are already in the target. */
typedef enum sm_write_mode {
    SM_WRITE_APPEND,
    SM_WRITE_OVERWRITE, /* materialized view; batch 0 of a full refresh */
    /* By key: what the target has of the keys that the batch touched goes, and the rows of the
     * batch come.  Only sinks that say `merges`. */
    SM_WRITE_MERGE,
} sm_write_mode;

/* What the target says of a generation (exactly-once.md, section 3). */
typedef struct sm_target_state {
    bool exists;
    sm_sv table_id;        /* changes when the table is re-created */
    int64_t version;       /* newest; -1 if it does not exist */
    int64_t batch;         /* the last batch of the generation asked for; -1 none */
    bool other_generation; /* it carries batches of this flow under another generation ... */
    sm_sv other_id;        /* ... the newest of them, with its last batch and where it ended */
    int64_t other_batch;
    const sm_json *other_offsets; /* NULL: not written down */
} sm_target_state;

typedef struct sm_sink {
    const struct sm_sink_ops *ops;
    void *config; /* filled through ops->options, or by the flow */
    void *state;  /* the sink's own, between open() and close() */

    sm_sv name;       /* of the table or sink, for messages */
    bool outside;     /* it is a sink of the pipeline, and not a table */
    sm_sv flow;       /* which flow writes */
    sm_sv pipeline;   /* whose flow it is */
    sm_sv generation; /* its generation, "" when only looking */
    sm_sv path;       /* absolute folder of the target; of a sink outside, what it may
                       * keep files in until they are published */
    const struct sm_connections *connections; /* that its configuration may name; or NULL */
    struct sm_images *images; /* borrowed: which folders are images of buckets; NULL: none */
    const sm_schema *schema;  /* columns of the query's result, in stored types; a target may have
                               * more, and takes new ones at its end */
    const sm_sv *partition_by;
    size_t partition_count;
    sm_sv description;
    const sm_json *properties; /* of the table, an object of texts; NULL: none */
    sm_write_mode mode;
    /* With MERGE: the columns of `schema`, one or more, that tell rows apart.  NULL is a value
     * like any other there: NULL equals NULL.  A target has at most one row per key, as long as
     * nobody else writes to it. */
    const sm_sv *merge_keys;
    size_t merge_key_count;
    /* With MERGE, while prepare() runs: a SELECT of the columns `merge_keys`, over relations of
     * the session, that gives every key whose row may have changed, in any order, also more
     * than once.  It is run once, and before the SELECT of the rows.  That one gives at most one
     * row per key; of a touched key that it does not give the row is deleted.  A row whose key is
     * not touched is a fault of the caller: prepare() fails. */
    sm_sv touched;
    bool replace_schema; /* with OVERWRITE: the schema may change (full refresh) */
    /* This target follows another one of the same batch and is published after it, so it may
     * not stand in the way: what others did to the table meanwhile is no conflict. */
    bool side;
    bool keeps_types; /* columns do not take wider types */

    /* Is whoever writes asked to stop?  For sinks that wait.  NULL: never. */
    bool (*stopping)(void *ctx);
    void *stopping_ctx;
    const struct sm_atomic *give_up; /* from when on calls are given up; as run.h; NULL: never */

    int64_t synced_us; /* set by prepare(): how much of its time went into making files durable */

    struct sm_session *session; /* while a batch is running or maintenance runs, else NULL */
    sm_arena *arena;            /* lives as long as the sink is open */
    /* What the control store remembers of the target for the sink, in the sink's own form;
     * publish(), inspect() and maintain() may put a newer one here (it lives in `arena`),
     * and the flow stores it. NULL: nothing is remembered.  A stale one is never wrong,
     * only slow. */
    const sm_json *memory;
} sm_sink;

typedef struct sm_sink_ops {
    const char *name, *summary;
    const sm_option *options; /* NULL: it has none */
    size_t config_size;
    sm_delivery strongest; /* `smelt plan` prints it, a crash test proves it */
    bool merges;           /* it knows SM_WRITE_MERGE */

    sm_code (*open)(sm_sink *k, sm_error *err);
    /* `rows_out`, `bytes_out`, `files_out`: what was written. */
    sm_code (*prepare)(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                       int64_t *bytes_out, sm_error *err);
    /* SM_E_AGAIN: a foreign commit removed a file that `m` removes, or came between a batch
     * that read the target and its publishing.  `*version_out` is the version that holds the
     * batch, also when it was there before. */
    sm_code (*publish)(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err);
    void (*discard)(sm_sink *k, const sm_manifest *m); /* what it misses is an orphan */
    /* What the target says of k->generation.  Strings live in `a`. */
    sm_code (*inspect)(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err);
    /* The cheap check of an idle run: does the target still stand exactly where `memory`
     * says?  Needs no engine.  Optional: NULL means inspect() each time. */
    sm_code (*unchanged)(sm_sink *k, bool *out, sm_error *err);
    /* Does the target, as `memory` has it, say of itself what `description`, the columns of
     * `schema` and `properties` say?  Needs no engine.  Optional, with describe(). */
    bool (*described)(sm_sink *k);
    /* Add to `m` what makes it say so; nothing when it does already. */
    sm_code (*describe)(sm_sink *k, sm_manifest *m, sm_error *err);
    /* Between batches, with the engine: log checkpoints and the like.  Optional. */
    sm_code (*maintain)(sm_sink *k, sm_error *err);
    void (*close)(sm_sink *k);
} sm_sink_ops;

#endif
