/* SPDX-License-Identifier: Apache-2.0 */
/* decode_frame.h -- where a record ends, when a newline does not end it.
 *
 *     JSON   {\n  "a": 1\n}\n{"a": 2} {"a": 3}       several documents, printed prettily or not
 *            [ {"a": 1},\n  {"a": 2} ]               an array of records, or several
 *     CSV    1,"two\nlines"\n                        newlines inside quotes
 *
 * JSON is rewritten to one record on each line, byte for byte: what is between records becomes
 * newlines and spaces, newlines inside a record become spaces.  So places stay places, and the
 * decoder of lines reads it.  CSV is left as it is: its decoder asks the same scanner.
 *
 * Brackets are counted and strings are respected, nothing else is checked: what is wrong inside a
 * record is found by who decodes it.  A bracket or quote that is left open takes what follows with
 * it, to the end of the file or the limit of a record.
 */
#ifndef SM_CONNECT_DECODE_FRAME_H
#define SM_CONNECT_DECODE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sm_frame_kind { SM_FRAME_LINES, SM_FRAME_JSON, SM_FRAME_CSV } sm_frame_kind;

/* How the files of a source are cut into records. */
typedef struct sm_framing {
    sm_frame_kind kind;
    char sep, quote, escape, comment; /* CSV; 0: there is none */
    bool trim;                        /* CSV: spaces before a quote are none of the field */
    int64_t skip_lines;               /* at the begin of each file */
} sm_framing;

/* A scan that may stop anywhere and go on; zeroed at the begin of a file or record. */
typedef struct sm_frame {
    int depth; /* JSON: brackets of the record that are open */
    bool array, string, escaped;
    bool behind; /* JSON: a record has ended, what separates it from the next has not come */
    char state;  /* CSV */
} sm_frame;

/* Scan [p, p + n): the bytes up to the end of the record, its newline included, or n; *ended says
 * whether it ended there.  JSON: a record without anything between it and the next ends without a
 * newline. */
size_t sm_frame_scan(const sm_framing *framing, sm_frame *f, char *p, size_t n, bool *ended);

#endif
