/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_tree.h -- a YAML file as a tree whose nodes know where they stand.
 *
 * The first of three steps (tree, bind, check).  The tree knows YAML and nothing of
 * pipelines: it is the only place that sees libyaml, and the only one that turns its marks
 * into lines and columns.  Scalars carry the type that the YAML 1.2 core schema gives them:
 * `no`, `on` and `yes` are strings.
 *
 * Everything lives in the arena given to sm_yaml_parse() and is read-only afterwards.
 */
#ifndef SM_SPEC_YAML_TREE_H
#define SM_SPEC_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/diag.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define SM_YAML_MAX_BYTES       ((size_t)4 * 1024 * 1024)
#define SM_YAML_MAX_DEPTH       64
#define SM_YAML_MAX_NODES       1000000
#define SM_YAML_MAX_ALIAS_NODES 10000

typedef enum sm_yaml_kind {
    SM_YAML_NULL, /* nothing, `~` or `null`, not quoted */
    SM_YAML_BOOL,
    SM_YAML_INT,
    SM_YAML_FLOAT,
    SM_YAML_STRING,
    SM_YAML_LIST,
    SM_YAML_MAP,
} sm_yaml_kind;

typedef struct sm_yaml_doc sm_yaml_doc;
typedef struct sm_yaml_node sm_yaml_node;

struct sm_yaml_node {
    sm_yaml_kind kind;
    uint8_t style;       /* how a scalar was written; private, as height and weight */
    uint8_t height;      /* of the tree below, 1 for a scalar; 0 while it is being built */
    uint32_t weight;     /* nodes in it, each alias counted as what it stands for */
    uint32_t start, end; /* bytes of the file */
    sm_sv text;          /* of any scalar, as written after unquoting; terminated */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            sm_yaml_node **items; /* LIST: items.  MAP: key, value, key, value … in file order */
            size_t n;             /* LIST: items.  MAP: pairs */
        };
    };
    const sm_yaml_doc *doc;
};

/* Parse `text` (borrowed: lives as long as `a`).  `file` names it in diagnostics.  Faults go to
 * `d`; NULL when there is no tree to go on with (syntax, encoding, a limit, an empty file).
 * A duplicate key or a tag is a fault, but the tree goes on without it. */
const sm_yaml_node *sm_yaml_parse(const char *file, sm_sv text, sm_arena *a, sm_diags *d);

/* Where a node stands.  A map or list in block form is placed at its first line. */
sm_span sm_yaml_span(const sm_yaml_node *n);

/* The scalar with the way back to the file. */
sm_text sm_yaml_text(const sm_yaml_node *n);

/* A scalar with another text (lives as long as the tree) in the place of `n`; messages mean all
 * of `n`.  `typed`: it is what the core schema makes of the text, else a text.  Lives in `a`. */
const sm_yaml_node *sm_yaml_made(const sm_yaml_node *n, sm_sv text, bool typed, sm_arena *a);

/* An empty map with room for `most` pairs, in the place of `n`; fill it with sm_yaml_put(), which
 * does not look for doubles.  Lives in `a`. */
sm_yaml_node *sm_yaml_made_map(const sm_yaml_node *n, size_t most, sm_arena *a);
void sm_yaml_put(sm_yaml_node *map, const sm_yaml_node *key, const sm_yaml_node *value);

/* "a map", "a list", "the number 3", "the text \"x\"": for "expected …, found …". */
sm_sv sm_yaml_describe(const sm_yaml_node *n, sm_arena *a);

/* The value of `key` in a map, NULL if it has none. */
const sm_yaml_node *sm_yaml_get(const sm_yaml_node *map, const char *key);

#endif
