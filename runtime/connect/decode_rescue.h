/* SPDX-License-Identifier: Apache-2.0 */
/* decode_rescue.h -- what a record has and its columns cannot take.
 *
 *     record   {"id": 7, "price": "$100", "Site": "x", "p": {"q": 1, "r": 2}}
 *     columns  id BIGINT, price DOUBLE, site VARCHAR, p STRUCT(q BIGINT)
 *     row      7 | NULL | NULL | {q: 1}
 *     rescued  {"price":"$100","Site":"x","p":{"r":2},"_file_path":"in/a.json"}
 *
 * Two columns that no field of the data feeds:
 *
 *     rescued   a JSON object of the fields that no column has and of the values that do not fit
 *               theirs (the column is NULL then), as they were written; NULL when there are none.
 *               A null is nothing to rescue.  Of a list or a map in which something does not
 *               fit, the whole value.
 *     corrupt   the text of a record that is none; its other columns are NULL
 *
 * A field whose name differs from a column only in case is rescued, and is no unknown field.
 */
#ifndef SM_CONNECT_DECODE_RESCUE_H
#define SM_CONNECT_DECODE_RESCUE_H

#include "runtime/connect/decode_block.h"

#define SM_DECODE_FILE_PATH "_file_path"

/* What a decoder is told beside its columns; all borrowed. */
typedef struct sm_decode_aside {
    const sm_decode_file *files;               /* NULL: the records come from no file */
    const sm_decode_column *rescued, *corrupt; /* of the columns; NULL: there is none */
} sm_decode_aside;

/* The object of one row under construction. */
typedef struct sm_rescue {
    sm_buf text; /* members, a comma behind each */
} sm_rescue;

void sm_rescue_init(sm_rescue *r);
void sm_rescue_release(sm_rescue *r);

static inline bool sm_rescue_any(const sm_rescue *r)
{
    return r->text.len > 0;
}

void sm_rescue_clear(sm_rescue *r);

/* A member whose value is JSON as it was written. */
void sm_rescue_json(sm_rescue *r, sm_sv name, sm_sv value);
/* A member whose value is text (valid UTF-8). */
void sm_rescue_text(sm_rescue *r, sm_sv name, sm_sv value);

/* Members from here on belong to the object `name`; it vanishes if there are none. */
size_t sm_rescue_open(sm_rescue *r, sm_sv name);
void sm_rescue_close(sm_rescue *r, size_t mark);
/* Forget what came since the text was `len` long. */
void sm_rescue_rewind(sm_rescue *r, size_t len);

/* The whole object, of a record of `file`, or of none, in `a`; `r` is empty again. */
void sm_rescue_put(sm_rescue *r, const sm_decode_file *file, sm_arena *a, sm_decode_string *out);

/* Append `text`, what is no UTF-8 replaced by U+FFFD. */
void sm_rescue_add_utf8(sm_buf *b, sm_sv text);

/* The text of an undecodable record, what is no UTF-8 replaced by U+FFFD; in `a`. */
void sm_rescue_raw(sm_sv record, sm_arena *a, sm_decode_string *out);

/* Is `name` one of the columns but for its case? */
bool sm_rescue_differs_in_case(const sm_decode_column *columns, size_t n, sm_sv name);

#endif
