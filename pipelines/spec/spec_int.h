/* SPDX-License-Identifier: Apache-2.0 */
/* spec_int.h -- what the files of the loader share. */
#ifndef SM_SPEC_SPEC_INT_H
#define SM_SPEC_SPEC_INT_H

#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"
#include "pipelines/spec/yaml_tree.h"

/* What JSON Schema says of sizes and durations that are texts. */
#define SM_SPEC_SIZE_PATTERN     "^ *[0-9]+(\\.[0-9]+)? *([kKmMgGtTpP]([iI]?[bB])?|[bB])? *$"
#define SM_SPEC_TIME_PATTERN     "^ *[0-9]+(\\.[0-9]+)? *(us|ms|s|m|h|d|[a-z]+) *$"
/* Names that smelt keeps for itself. */
#define SM_SPEC_RESERVED_PATTERN "^_smelt|__quarantine$|__late$|^_delta_log$"

/* One load. */
typedef struct sm_bind {
    const char *file;
    const sm_spec_unit *units; /* source types; ends with a row whose name is NULL */
    sm_arena *a;
    sm_diags *d;
} sm_bind;

/* What every MAP and LIST field of spec.h looks like; copied with memcpy. */
typedef struct sm_spec_items {
    void *items;
    size_t n;
    sm_span at;
} sm_spec_items;

/* One key of a block in the file. */
typedef struct sm_pair {
    const sm_yaml_node *key, *value;
} sm_pair;

/* Fill the struct `out` of `block` from the map in `p`, defaults for what is absent.  Faults go
 * to b->d; a block with a field `broken` has it set then. */
void sm_spec__bind_block(const sm_bind *b, const sm_block *block, sm_pair p, void *out);

/* Set one value (spec_value.c); `to` is the field. */
void sm_spec__bind_value(const sm_bind *b, const sm_key *key, sm_pair p, void *to);
void sm_spec__bind_default(const sm_bind *b, const sm_key *key, void *to);

/* The default of an INT or SIZE that has one. */
int64_t sm_spec__fallback_int(const sm_key *key);

/* The scalar of a pair as text, `$$` made `$`, told when it holds `${`.  False when it is no
 * text: told, `*out` untouched. */
bool sm_spec__text(const sm_bind *b, sm_pair p, sm_text *out);

/* The same for SQL, which is taken as it is, and told when it holds `:name`. */
bool sm_spec__sql(const sm_bind *b, sm_pair p, sm_text *out);

/* A node as JSON, its texts as sm_spec__text() makes them. */
sm_json *sm_spec__json(const sm_bind *b, const sm_yaml_node *n);

/* "`key` takes a …, not …". */
void sm_spec__wrong_kind(const sm_bind *b, sm_pair p, const char *wanted);

/* A choice by its number, -1 after telling that it is none. */
int sm_spec__choice(const sm_bind *b, sm_pair p, const char *const *choices,
                    const char *const *later);

/* The pair of a key in a map; both NULL when it is not there. */
sm_pair sm_spec__pair(const sm_yaml_node *map, const char *key);

/* The unit that `type: x` names, NULL after telling (spec_unit.c). */
const sm_spec_unit *sm_spec__unit(const sm_bind *b, sm_pair type);

/* The options of s->unit: fills s->options and s->origins. */
void sm_spec__bind_options(const sm_bind *b, sm_pair source, sm_spec_source *s);

/* An option as JSON Schema. */
sm_json *sm_spec__option_schema(const sm_option *o, sm_arena *a);

/* What tables of keys cannot say: names, what excludes what, limits (spec_check.c). */
void sm_spec__check(const sm_bind *b, sm_spec *s);

#endif
