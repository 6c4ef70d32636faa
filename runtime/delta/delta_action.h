/* SPDX-License-Identifier: Apache-2.0 */
/* delta_action.h -- the lines of a Delta commit as structs, and back.
 *
 * A commit is newline-delimited JSON, one action per line.  What we do not know is skipped,
 * as the protocol asks; what we know must have its required fields.  Strings and JSON values
 * are borrowed from the arena that the text was parsed into.
 */
#ifndef SM_DELTA_ACTION_H
#define SM_DELTA_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"
#include "runtime/delta/delta_dv.h"

enum {
    SM_DELTA_MAX_LINE = 64 * 1024 * 1024, /* bytes of one action */
    SM_DELTA_MAX_COMMIT = 1024 * 1024 * 1024,
};

typedef enum sm_delta_kind {
    SM_DELTA_ADD,
    SM_DELTA_REMOVE,
    SM_DELTA_METADATA,
    SM_DELTA_PROTOCOL,
    SM_DELTA_TXN,
    SM_DELTA_COMMIT_INFO,
    SM_DELTA_SIDECAR, /* of a checkpoint: where its files stand */
    SM_DELTA_OTHER,   /* cdc, domainMetadata, and what the future brings */
} sm_delta_kind;

/* A data file that came (add) or went (remove). */
typedef struct sm_delta_file {
    sm_sv path;                      /* as in the log: a URI */
    sm_sv key;                       /* decoded: below the root, or absolute; files compare by it */
    const sm_json *partition_values; /* object; NULL: not given (remove) */
    int64_t size;                    /* bytes; -1: not given (remove) */
    int64_t time_ms;                 /* modificationTime, or deletionTimestamp (0: not given) */
    bool data_change;
    const sm_delta_dv *dv; /* rows of it that are gone; NULL: none */
    sm_sv stats;           /* JSON text; empty: none */
    const sm_json *tags;   /* object or NULL */
} sm_delta_file;

typedef struct sm_delta_metadata {
    sm_sv id, name, description;
    sm_sv schema_string;
    const sm_json *partition_columns; /* array of strings */
    const sm_json *configuration;     /* object */
    int64_t created_ms;               /* 0: not given */
} sm_delta_metadata;

typedef struct sm_delta_protocol {
    int64_t min_reader, min_writer;
    const sm_json *reader_features, *writer_features; /* arrays of strings, or NULL */
} sm_delta_protocol;

typedef struct sm_delta_txn {
    sm_sv app_id;
    int64_t version;
    int64_t updated_ms; /* 0: not given */
} sm_delta_txn;

typedef struct sm_delta_action {
    sm_delta_kind kind;
    union {
        sm_delta_file file;
        sm_delta_metadata metadata;
        sm_delta_protocol protocol;
        sm_delta_txn txn;
        sm_sv sidecar;       /* name of a file in _delta_log/_sidecars */
        const sm_json *info; /* commitInfo, or the value of an OTHER action */
    } u;
} sm_delta_action;

/* One line.  A blank line gives kind OTHER with a NULL value. */
sm_code sm_delta_action_parse(sm_sv line, sm_arena *a, sm_delta_action *out, sm_error *err);

/* An action that is a JSON value already, as a manifest holds it: {"add":{…}}. */
sm_code sm_delta_action_read(const sm_json *j, sm_arena *a, sm_delta_action *out, sm_error *err);

/* All lines of a commit; `fn` may stop by returning another code than SM_OK, which is then
 * returned.  An error says which line. */
typedef sm_code (*sm_delta_action_fn)(void *ctx, const sm_delta_action *action, sm_error *err);
sm_code sm_delta_actions_parse(sm_sv text, sm_arena *a, sm_delta_action_fn fn, void *ctx,
                               sm_error *err);

/* Takes the first line off *text; false at the end.  "\n" ends a line, the last may lack it. */
bool sm_delta_next_line(sm_sv *text, sm_sv *line);

/* A copy of `f` whose strings and values live in `a`. */
sm_delta_file sm_delta_file_copy(const sm_delta_file *f, sm_arena *a);
sm_delta_metadata sm_delta_metadata_copy(const sm_delta_metadata *m, sm_arena *a);
sm_delta_protocol sm_delta_protocol_copy(const sm_delta_protocol *p, sm_arena *a);

/* {"add":{…}} and so on, with every field that readers ask for; lives in `a`. */
sm_json *sm_delta_add_json(const sm_delta_file *f, sm_arena *a);
/* `f` as a removal at `now_ms`, with extendedFileMetadata when the file was described. */
sm_json *sm_delta_remove_json(const sm_delta_file *f, int64_t now_ms, bool data_change,
                              sm_arena *a);
sm_json *sm_delta_metadata_json(const sm_delta_metadata *m, sm_arena *a);
sm_json *sm_delta_protocol_json(const sm_delta_protocol *p, sm_arena *a);
sm_json *sm_delta_txn_json(const sm_delta_txn *t, sm_arena *a);

/* Rows of a file by its stats, without those that its deletion vector takes; -1 when they do not
 * say. */
int64_t sm_delta_file_rows(const sm_delta_file *f, sm_arena *a);

#endif
