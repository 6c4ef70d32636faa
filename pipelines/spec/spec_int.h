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

/* A text that is, or holds, `${…}`. */
#define SM_SPEC_REFERENCE_PATTERN    "^\\$\\{[^}]+\\}$"
#define SM_SPEC_INTERPOLATED_PATTERN "\\$\\{"

/* What a load gathers on its way; the lists grow. */
typedef struct sm_spec_reading {
    sm_spec_doc *docs;
    size_t n_docs, cap_docs;
    sm_spec_given *outside;
    size_t n_outside, cap_outside;
    const sm_spec *spec; /* its variables and its name, once `ready` */
    bool ready;
    sm_sv target; /* the name of the one in force */
    bool production;
    const sm_yaml_node *secrets, *connections; /* in force, by name; NULL: there are none */
    const sm_yaml_node *server;                /* in force; NULL: defaults */
} sm_spec_reading;

/* One load. */
typedef struct sm_bind {
    const char *file;
    const sm_spec_env *env;
    sm_spec_reading *reading;
    sm_arena *a;
    sm_diags *d;
    bool lenient; /* what has no value is not told: it belongs to another target, or nobody uses it
                   */
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

/* Names and what they stand for, where the block by itself is a form too? */
bool sm_spec__is_map_of_maps(const sm_yaml_node *n);

/* The default of an INT or SIZE that has one. */
int64_t sm_spec__fallback_int(const sm_key *key);

/* The scalar of a pair as text, with what `${…}` stands for and `$$` made `$`.  False when it
 * is no text: told, `*out` untouched. */
bool sm_spec__text(const sm_bind *b, sm_pair p, sm_text *out);

/* A scalar with what `${…}` stands for (spec_fill.c): the node itself when there is none, NULL
 * when something has no value, which is told.  `typed`: a scalar that is one `${…}` and nothing
 * else is read as YAML, so that it may be a number. */
const sm_yaml_node *sm_spec__filled(const sm_bind *b, const sm_yaml_node *n, bool typed);

/* smelt.yml (spec_project.c): its tree, NULL when there is none; the pipeline's tree with what
 * the project and the target say; and a look at all of it, once the pipeline is bound. */
const sm_yaml_node *sm_spec__project(const sm_bind *b);
const sm_yaml_node *sm_spec__merge_project(const sm_bind *b, const sm_yaml_node *root,
                                           const sm_yaml_node *project);
void sm_spec__check_project(const sm_bind *b, const sm_yaml_node *project, sm_spec *s);

/* Give each variable of the spec its value and check it (spec_variable.c); then `${…}` may
 * stand in other keys. */
void sm_spec__set_variables(const sm_bind *b, sm_spec *s);
/* The declared variable, or NULL after telling that there is none or that it has no value. */
const sm_spec_variable *sm_spec__variable(const sm_bind *b, sm_span at, sm_sv name);

/* The same for SQL, which is taken as it is, and told when it holds `:name`. */
bool sm_spec__sql(const sm_bind *b, sm_pair p, sm_text *out);
/* False when SQL holds `:name`, which is told. */
bool sm_spec__check_sql(const sm_bind *b, const sm_text *t);

/* What stands in the file that a `sql_file` names, as SQL with places of its own; false when
 * it cannot be had: told (spec_sql_file.c). */
bool sm_spec__sql_file(const sm_bind *b, const sm_text *path, sm_text *out);

/* The first byte that is no UTF-8, or text.len. */
size_t sm_spec__not_utf8(sm_sv text);

/* Remember a document of the load, also for the lines of messages. */
void sm_spec__add_doc(const sm_bind *b, const char *file, sm_sv text);

/* A node as JSON, its texts as sm_spec__text() makes them, or as sm_spec__filled() `typed`. */
sm_json *sm_spec__json(const sm_bind *b, const sm_yaml_node *n, bool typed);

/* A key that is not in the table of the block. */
void sm_spec__tell_unknown(const sm_bind *b, const sm_block *block, const sm_spec_unit *unit,
                           sm_pair p);

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

/* False when it is no name, or one that smelt keeps: told.  `what`: "the name of a table". */
bool sm_spec__check_name(const sm_bind *b, const sm_text *name, const char *what);

/* Names and thresholds of rules; false when one has a fault, which is told. */
bool sm_spec__check_rules(const sm_bind *b, sm_spec_rules *rules);
/* A type that the engine has and a table can hold; else told at `at`. */
bool sm_spec__check_type(const sm_bind *b, const sm_text *at, sm_sv name, sm_sv type);

/* `schema_hints`: each fault is told at its place in the list (spec_hints.c). */
bool sm_spec__check_hints(const sm_bind *b, const sm_text *hints);
/* Properties of a Delta table, as texts. */
void sm_spec__properties(const sm_bind *b, const sm_key *key, sm_pair p, void *to);
/* Those of delta.… that may be set, ends with NULL. */
extern const char *const sm_spec__delta_properties[];
/* A check of a whole table takes no row out; `key` is for the message. */
bool sm_spec__check_whole(const sm_bind *b, const sm_spec_enum *on_violation, const char *key);
/* False when a rule is one and has a fault, which is told. */
bool sm_spec__check_rule_whole(const sm_bind *b, sm_spec_rule *r);
/* False when a threshold stands beside `on_violation: fail`, which is told. */
bool sm_spec__check_threshold(const sm_bind *b, const sm_spec_enum *on_violation,
                              const sm_text *threshold, const char *key);
/* Columns, their tests and the contract of a table; names tests (spec_columns.c). */
bool sm_spec__check_columns(const sm_bind *b, sm_spec_table *t);

/* What a table or view says of its streams; false when it has a fault, which is told
 * (spec_streaming.c). */
bool sm_spec__check_streaming(const sm_bind *b, const sm_spec_table *t);

/* When the pipeline runs: one form at most, what it names is there, timetables can be read
 * (spec_trigger.c). */
void sm_spec__check_bucket(const sm_bind *b, const sm_spec *s);
void sm_spec__check_source_buckets(const sm_bind *b, const sm_spec *s);
void sm_spec__check_trigger(const sm_bind *b, const sm_spec *s);

/* What tables of keys cannot say: names, what excludes what, limits (spec_check.c). */
void sm_spec__check(const sm_bind *b, sm_spec *s);

/* ---- habits: spec_habits.c ---- */

/* What says here what another tool says by `key`; NULL when there is nothing to say. */
const char *sm_spec__habit(const char *what, sm_sv key);
/* A key in camelCase, with or without a prefix and a dot, as it is written here. */
sm_sv sm_spec__snake(sm_sv key, sm_arena *a);

/* Keys that its type has, those that it needs, and values that go with it. */
bool sm_spec__check_sink(const sm_bind *b, const sm_spec *s, sm_spec_sink *k);

#endif
