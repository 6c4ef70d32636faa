/* SPDX-License-Identifier: Apache-2.0 */
/* decode_stream.h -- one file from begin to end, as blocks of whole records.
 *
 * For files that cannot be entered in the middle: compressed ones, and those in which a newline
 * does not end a record (decode_frame).  Who opens the stream takes all blocks of the file, so such
 * files are read in parallel by file.  Bytes and offsets are those of the unpacked text.  The
 * stream is used by decode_block only.
 */
#ifndef SM_CONNECT_DECODE_STREAM_H
#define SM_CONNECT_DECODE_STREAM_H

#include "runtime/connect/decode_block.h"
#include "runtime/connect/decode_unpack.h"

/* All of the file's text, as bytes.  Owned: free with sm_unpack_free(). */
sm_code sm_decode_text(const sm_decode_file *file, sm_unpack **out, sm_error *err);

typedef struct sm_decode_stream sm_decode_stream;

/* Does the file need a stream? */
bool sm_decode_stream_needed(const sm_decode_file *file);

/* `file` is borrowed.  Owned: free with sm_decode_stream_free(). */
sm_code sm_decode_stream_new(const sm_decode_file *file, sm_decode_stream **out, sm_error *err);
void sm_decode_stream_free(sm_decode_stream *s); /* NULL is fine */

/* The next block, of about `size` bytes; *more is false behind the last.  Where the file
 * cannot be unpacked any further, the rest is left out of the block and told there. */
sm_code sm_decode_stream_next(sm_decode_stream *s, size_t size, sm_decode_block *block, bool *more,
                              sm_error *err);

#endif
