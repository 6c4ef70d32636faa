/* SPDX-License-Identifier: Apache-2.0 */
/* glob.h -- patterns of file names, as Hadoop and Spark write them.
 *
 *     *        any bytes, also none          {a,b}    a or b, which may be patterns themselves
 *     ?        one character                 [abc]    one of these; [a-z] a range
 *     \x       x itself                      [^a]     any character but these; also [!a]
 *
 * A pattern is one part of a path: it has no `/` and matches none.  Characters are those of
 * UTF-8.  Pure. */
#ifndef SM_BASE_GLOB_H
#define SM_BASE_GLOB_H

#include <stdbool.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

enum { SM_GLOB_MAX_DEPTH = 8 /* of braces in braces */ };

/* SM_E_INVALID with what is wrong and where: an open bracket, an empty class, a lone `\`. */
sm_code sm_glob_check(sm_sv pattern, sm_error *err);

/* Has it a wildcard?  False: it matches the one name that sm_glob_plain() gives. */
bool sm_glob_is_pattern(sm_sv s);

/* Without the backslashes, at most s.len bytes into `out`; returns how many. */
size_t sm_glob_plain(sm_sv s, char *out);

/* The whole name.  A pattern that sm_glob_check() refuses matches nothing that it should not. */
bool sm_glob(sm_sv pattern, sm_sv name);

#endif
