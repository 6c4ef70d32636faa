/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_int.h -- what the files of the YAML tree share. */
#ifndef SM_SPEC_YAML_INT_H
#define SM_SPEC_YAML_INT_H

#include "pipelines/spec/yaml_tree.h"

/* How a scalar was written; sm_yaml_node.style. */
enum {
    SM_YAML_PLAIN,
    SM_YAML_SINGLE,
    SM_YAML_DOUBLE,
    SM_YAML_LITERAL,
    SM_YAML_FOLDED,
    SM_YAML_MADE, /* not written: its text stands for what was */
    SM_YAML_TOLD, /* nothing, in the place of something that was told to be wrong */
};

/* One byte offset is kept for this many characters; see sm_yaml__byte_of(). */
#define SM_YAML_STRIDE 64

/* The file as bytes, and the way from a place in it to line and column. */
struct sm_yaml_doc {
    const char *file;
    sm_sv src;       /* the file behind its byte order mark */
    uint32_t *lines; /* the byte at which each line begins */
    size_t n_lines;
    bool ascii;      /* a character is a byte */
    uint32_t *chars; /* not ASCII: the byte of each SM_YAML_STRIDEth character */
    size_t n_chars;
};

/* Check the bytes of `text` and index its lines.  False when it is no text that YAML could
 * be made of: `d` says why. */
bool sm_yaml__doc_init(sm_yaml_doc *doc, const char *file, sm_sv text, sm_arena *a, sm_diags *d);

/* The byte at which character `index` (as libyaml counts) begins. */
uint32_t sm_yaml__byte_of(const sm_yaml_doc *doc, size_t index);

/* Bytes [start, end) as lines and columns. */
sm_span sm_yaml__span(const sm_yaml_doc *doc, uint32_t start, uint32_t end);

/* The kind of a plain scalar by the core schema; sets its value in `n`. */
void sm_yaml__resolve(sm_yaml_node *n);

/* A fault of libyaml in our words.  `context` is where what it was reading began, `problem`
 * where it stumbled (bytes); `what` and `why` are libyaml's context and problem. */
typedef struct sm_yaml_fault {
    const char *what, *why;
    uint32_t context, problem;
} sm_yaml_fault;

void sm_yaml__tell(const sm_yaml_doc *doc, const sm_yaml_fault *fault, sm_diags *d);

#endif
