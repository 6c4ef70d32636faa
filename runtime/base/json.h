/* SPDX-License-Identifier: Apache-2.0 */
/* json.h -- control-plane JSON, over jansson.
 *
 * Every value lives in an arena: the one given to its constructor or to the parser.  A
 * value put into a container is shared with it and lives at least as long as the
 * container; values that come out of getters are borrowed from the container.  Objects
 * keep the order in which keys were set.  A NULL value is as good as a missing one in
 * every getter, and setting or appending NULL puts a JSON null.
 *
 * A tree is built by one thread; once nobody changes it any thread may read it.  It must
 * not share values with a tree that another thread changes or frees: sm_json_copy(). */
#ifndef SM_BASE_JSON_H
#define SM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_json sm_json;

enum { SM_JSON_MAX_DEPTH = 2040 }; /* an expression of 1,000 terms is two levels a term */

/* ---- make ---- */
sm_json *sm_json_object(sm_arena *a);
sm_json *sm_json_array(sm_arena *a);
sm_json *sm_json_string(sm_arena *a, sm_sv s); /* what is no UTF-8, and NUL, become U+FFFD */
sm_json *sm_json_int(sm_arena *a, int64_t v);
sm_json *sm_json_real(sm_arena *a, double v); /* NaN and infinities become null */
sm_json *sm_json_bool(sm_arena *a, bool v);
sm_json *sm_json_null(sm_arena *a);

/* A deep copy that shares nothing; NULL becomes null. */
sm_json *sm_json_copy(sm_arena *a, const sm_json *j);

/* ---- change ---- */
void sm_json_set(sm_json *o, const char *key, const sm_json *v);
void sm_json_set_sv(sm_json *o, sm_sv key, const sm_json *v);
void sm_json_set_string(sm_json *o, const char *key, sm_sv v);
void sm_json_set_int(sm_json *o, const char *key, int64_t v);
void sm_json_set_real(sm_json *o, const char *key, double v);
void sm_json_set_bool(sm_json *o, const char *key, bool v);
void sm_json_remove(sm_json *o, const char *key);
void sm_json_append(sm_json *array, const sm_json *v);
void sm_json_append_string(sm_json *array, sm_sv v);

/* ---- look ---- */
bool sm_json_is_object(const sm_json *j);
bool sm_json_is_array(const sm_json *j);
bool sm_json_is_string(const sm_json *j);
bool sm_json_is_int(const sm_json *j);
bool sm_json_is_real(const sm_json *j);
bool sm_json_is_number(const sm_json *j); /* int or real */
bool sm_json_is_bool(const sm_json *j);
bool sm_json_is_null(const sm_json *j); /* also of NULL */

size_t sm_json_len(const sm_json *j);                      /* of an array or object; 0 otherwise */
const sm_json *sm_json_at(const sm_json *array, size_t i); /* NULL beyond the end */
const sm_json *sm_json_get(const sm_json *o, const char *key); /* NULL when missing */
const sm_json *sm_json_get_by(const sm_json *o, sm_sv key);
sm_json *sm_json_get_mut(sm_json *o, const char *key);
sm_json *sm_json_at_mut(sm_json *array, size_t i);

sm_sv sm_json_sv(const sm_json *j);          /* "" when it is no string */
int64_t sm_json_int_value(const sm_json *j); /* 0 when it is no number */
double sm_json_real_value(const sm_json *j);
bool sm_json_bool_value(const sm_json *j);

sm_sv sm_json_get_sv(const sm_json *o, const char *key, sm_sv fallback);
int64_t sm_json_get_int(const sm_json *o, const char *key, int64_t fallback);
double sm_json_get_real(const sm_json *o, const char *key, double fallback);
bool sm_json_get_bool(const sm_json *o, const char *key, bool fallback);

/* Same type and value, deep; objects ignoring the order of keys.  NULL equals null. */
bool sm_json_equal(const sm_json *x, const sm_json *y);

/* The pairs of an object, in order:
 *   for (sm_json_iter it = sm_json_first(o); sm_json_valid(&it); sm_json_next(&it))
 *       use(it.key, it.value); */
typedef struct sm_json_iter {
    sm_sv key;
    const sm_json *value;
    void *at;
    const sm_json *object;
} sm_json_iter;

sm_json_iter sm_json_first(const sm_json *o);
bool sm_json_valid(const sm_json_iter *it);
void sm_json_next(sm_json_iter *it);

/* ---- text ---- */

/* One JSON value of any kind.  SM_E_INVALID with line and column; duplicate keys, NUL in
 * strings, trailing text and depth above SM_JSON_MAX_DEPTH are refused. */
sm_code sm_json_parse(sm_sv text, sm_arena *a, sm_json **out, sm_error *err);
/* The same for texts whose numbers may have any number of digits: every number is a double,
 * infinite ones are refused still. */
sm_code sm_json_parse_reals(sm_sv text, sm_arena *a, sm_json **out, sm_error *err);

typedef enum sm_json_style {
    SM_JSON_COMPACT,
    SM_JSON_SORTED, /* compact, keys sorted: for hashing and comparing */
    SM_JSON_PRETTY, /* two spaces */
} sm_json_style;

/* Lives in `a`, terminated.  NULL prints as null; 0.1 as 0.1, 2.0 as 2.0. */
sm_sv sm_json_dump(const sm_json *j, sm_json_style style, sm_arena *a);
sm_sv sm_json_text(const sm_json *j, sm_arena *a); /* compact */

/* Append `s` as a JSON string with its quotes. */
void sm_buf_add_json_string(sm_buf *b, sm_sv s);

#endif
