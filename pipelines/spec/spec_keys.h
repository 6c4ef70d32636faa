/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys.h -- the language as tables: every key, its type, default, range and sentence.
 *
 * One table drives everything: binding (spec_bind.c), defaults, the list of allowed keys in a
 * message, JSON Schema (spec_schema.c) and `show --resolved` (spec_show.c).  A key of the
 * language that has no code behind it yet is a name in `later`: refused as not supported, and
 * absent from the schema.
 */
#ifndef SM_SPEC_SPEC_KEYS_H
#define SM_SPEC_SPEC_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sm_key_kind {
    SM_KEY_TEXT,     /* sm_text: any scalar, as text */
    SM_KEY_NAME,     /* sm_text: a name of ours, see sm_spec_name_fault() */
    SM_KEY_SQL,      /* sm_text: SQL, never interpolated */
    SM_KEY_ENUM,     /* sm_spec_enum: one of `choices`, or sm_text when `as_text` */
    SM_KEY_INT,      /* sm_spec_int */
    SM_KEY_SIZE,     /* sm_spec_int, bytes */
    SM_KEY_DURATION, /* sm_spec_int, ms */
    SM_KEY_BOOL,     /* sm_spec_bool */
    SM_KEY_TEXTS,    /* sm_spec_texts: a list of texts */
    SM_KEY_ANY,      /* sm_spec_json: free space */
    SM_KEY_BLOCK,    /* a struct, by `block` */
    SM_KEY_MAP,      /* {items, n, at}: named blocks */
    SM_KEY_LIST,     /* {items, n, at}: blocks in order */
} sm_key_kind;

struct sm_block;

typedef struct sm_key {
    const char *name;
    sm_key_kind kind;
    size_t offset;              /* of the value in the struct */
    bool required;
    const char *fallback;       /* as YAML text; NULL: zero, "" or empty */
    int64_t min, max;           /* INT, SIZE, DURATION; both 0 means any */
    const char *const *choices; /* ENUM, in the order of the C enum, ends with NULL */
    const char *const *later;   /* ENUM: values of the language without code yet */
    const struct sm_block *block; /* BLOCK, MAP, LIST */
    const char *doc;            /* one sentence, with its period */
} sm_key;

typedef struct sm_block {
    const char *name; /* as in `smelt schema NAME` and in "allowed keys of a table" */
    const char *doc;
    size_t size;             /* of the struct */
    const sm_key *keys;      /* ends with a row whose name is NULL */
    const char *const *later; /* known keys without code yet, ends with NULL */
} sm_block;

extern const sm_block sm_block_pipeline;

#endif
