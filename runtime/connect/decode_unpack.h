/* SPDX-License-Identifier: Apache-2.0 */
/* decode_unpack.h -- the bytes of a file, unpacked while they are read.
 *
 *     name ends with   bytes
 *     --------------   --------------------------------------------------------------
 *     .gz              of all members, one behind the other (RFC 1952)
 *     .zst             of all frames (RFC 8878), skippable ones passed over
 *     anything else    as they are
 *
 * An empty file has no bytes, whatever its name.  Memory: one buffer of input and what
 * the codec needs, for zstd at most a window of 2^SM_UNPACK_MAX_WINDOW_LOG bytes.
 */
#ifndef SM_CONNECT_DECODE_UNPACK_H
#define SM_CONNECT_DECODE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

enum {
    SM_UNPACK_MAX_RATIO = 200,         /* unpacked bytes for each byte of the file, … */
    SM_UNPACK_FREE = 16 * 1024 * 1024, /* … judged from this many on */
    SM_UNPACK_MAX_WINDOW_LOG = 27,     /* of zstd: 128 MiB */
};
#define SM_UNPACK_MAX_SIZE (INT64_C(64) << 30) /* bytes that one file may become */

typedef enum sm_unpack_codec { SM_UNPACK_NONE, SM_UNPACK_GZIP, SM_UNPACK_ZSTD } sm_unpack_codec;

typedef struct sm_unpack_limits {
    int64_t max_ratio, free, max_size;
} sm_unpack_limits;

/* Those above. */
extern const sm_unpack_limits sm_unpack_usual;

sm_unpack_codec sm_unpack_codec_of(sm_sv name);

typedef struct sm_unpack sm_unpack;

/* The first `size` bytes of `path`, which is borrowed, as `name` says they are packed (and for
 * messages).  Owned: free with sm_unpack_free(). */
sm_code sm_unpack_new(const char *path, const char *name, int64_t size,
                      const sm_unpack_limits *limits, sm_unpack **out, sm_error *err);
void sm_unpack_free(sm_unpack *u); /* NULL is fine */

/* Before the first read, of what is not packed: the `size` bytes begin there. */
void sm_unpack_from(sm_unpack *u, int64_t begin);

/* Up to `cap` bytes; *got is 0 at the end, and where the bytes cannot be unpacked any
 * further: then sm_unpack_broken() says why.  SM_E_AGAIN when the file became shorter. */
sm_code sm_unpack_read(sm_unpack *u, char *buffer, size_t cap, size_t *got, sm_error *err);

/* "" while all is well. */
const char *sm_unpack_broken(const sm_unpack *u);

#endif
