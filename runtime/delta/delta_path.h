/* SPDX-License-Identifier: Apache-2.0 */
/* delta_path.h -- file names, log names and partition values. */
#ifndef SM_DELTA_PATH_H
#define SM_DELTA_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/sqltype.h"
#include "runtime/base/str.h"

/* A key below the root as the log writes it: a URI, every byte that RFC 2396 does not allow
 * as %XX.  A directory that holds an escape itself is so encoded twice: the directory
 * "p=a%3Ab" is "p=a%253Ab". */
sm_sv sm_delta_path_encode(sm_sv key, sm_arena *a);

/* Back: every %XX decoded, "./" in front removed, "file://" of an absolute URI removed.  A
 * broken escape stays as it is written. */
sm_sv sm_delta_path_decode(sm_sv path, sm_arena *a);

/* The folder where `key` lies: root + "/" + key, or `key` itself when it is absolute. */
sm_sv sm_delta_path_join(sm_sv root, sm_sv key, sm_arena *a);

/* "_delta_log/00000000000000000012.json" and ".checkpoint.parquet", ".crc". */
sm_sv sm_delta_commit_key(int64_t version, sm_arena *a);
sm_sv sm_delta_checkpoint_key(int64_t version, sm_arena *a);
sm_sv sm_delta_crc_key(int64_t version, sm_arena *a);

/* The kinds of names in _delta_log that mean something to us. */
typedef enum sm_delta_name {
    SM_DELTA_NAME_COMMIT,
    SM_DELTA_NAME_CHECKPOINT,    /* classic: one file, or `part` of `parts` */
    SM_DELTA_NAME_CHECKPOINT_V2, /* with a UUID in its name, Parquet or JSON */
    SM_DELTA_NAME_NONE,
} sm_delta_name;

/* What a name (without folder) in _delta_log is. */
sm_delta_name sm_delta_name_parse(sm_sv name, int64_t *version, int64_t *part, int64_t *parts);

/* SQL for the partition value of column `column` of stored type `t`, as the log writes it:
 * VARCHAR, with NULL for null and for the empty string. */
void sm_delta_partition_sql(sm_sv column, const sm_sqltype *t, sm_buf *sql);

/* SQL that turns such a text, the SQL expression `text`, back into a value of type `t`. */
void sm_delta_partition_read_sql(sm_sv text, const sm_sqltype *t, sm_buf *sql);

#endif
