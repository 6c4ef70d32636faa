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

#include "runtime/base/str.h"

typedef enum sm_key_kind {
    SM_KEY_TEXT,       /* sm_text: any scalar, as text */
    SM_KEY_SQL,        /* sm_text: SQL, never interpolated */
    SM_KEY_CHOICE,     /* sm_text: one of `choices` */
    SM_KEY_ENUM,       /* sm_spec_enum: the number of one of `choices` */
    SM_KEY_INT,        /* sm_spec_int */
    SM_KEY_NUMBER,     /* sm_spec_number: above zero, perhaps with a fraction */
    SM_KEY_SIZE,       /* sm_spec_int, bytes */
    SM_KEY_DURATION,   /* sm_spec_int, microseconds: a text */
    SM_KEY_BOOL,       /* sm_spec_bool */
    SM_KEY_TEXTS,      /* sm_spec_texts: a list of texts */
    SM_KEY_SCALAR,     /* sm_spec_scalar: any scalar, with its type */
    SM_KEY_SCALARS,    /* sm_spec_scalars: a list of them */
    SM_KEY_SECRET,     /* sm_text: ${secret.x} and nothing else; the name of the secret */
    SM_KEY_MERGED,     /* sm_spec_json: keys of `block`, merged into such blocks before binding */
    SM_KEY_JSON,       /* sm_spec_json: free space */
    SM_KEY_NODE,       /* sm_spec_node: as it stands there; judged by whoever reads it */
    SM_KEY_PROPERTIES, /* sm_spec_json: properties of a Delta table, texts by name */
    SM_KEY_BLOCK,      /* a struct, described by `block` */
    SM_KEY_MAP,        /* sm_spec_items of structs by name, described by `block` */
    SM_KEY_LIST,       /* sm_spec_items of structs in order, described by `block` */
} sm_key_kind;

/* What a text has to look like. */
typedef struct sm_key_form {
    const char *pattern; /* as JSON Schema says it */
    const char *words;   /* completes "… is not …" */
    const char *hint;    /* or NULL */
    const char *code;    /* of the diagnostic */
    bool (*matches)(sm_sv text);
} sm_key_form;

extern const sm_key_form sm_form_name;      /* orders: a name of ours */
extern const sm_key_form sm_form_reference; /* orders, or iot.orders */
extern const sm_key_form sm_form_tag;       /* what the selection `tag:x` can say */
extern const sm_key_form sm_form_local;     /* a folder of this machine */
extern const sm_key_form sm_form_storage;   /* the same, or a bucket */
extern const sm_key_form sm_form_beside;    /* a file of the project */
extern const sm_key_form sm_form_threshold; /* "> 100", ">= 0.5%" */

struct sm_block;

typedef struct sm_key {
    const char *name;
    sm_key_kind kind;
    size_t offset; /* of the value in the struct */
    bool required;
    bool single;          /* TEXTS: a text is short for a list of it */
    bool listed;          /* MAP: a list of names, tags and maps is a form too (spec_project.c) */
    bool unnamed;         /* MAP: the block by itself is short for a map of one without a name */
    bool optional;        /* BLOCK: where it is not written there is none */
    bool early;           /* bound before the others, which may refer to it by `${…}` */
    const char *fallback; /* as YAML text; NULL: zero, "" or empty */
    const char *fallback_doc;     /* when the default is computed: "the pipeline's name" */
    int64_t min, max;             /* INT and SIZE, both inclusive; DURATION: min */
    const char *const *choices;   /* CHOICE and ENUM, in the order of the C enum, ends with NULL */
    const char *const *later;     /* CHOICE and ENUM: values without code yet, ends with NULL */
    const sm_key_form *form;      /* TEXT and TEXTS; `unnamed`: of the names */
    const char *shape;            /* NODE: what may stand there, as JSON Schema */
    const struct sm_block *block; /* BLOCK, MAP and LIST */
    unsigned except;              /* bit n: not in a block whose variant is choice n */
    unsigned single_in; /* `unnamed`, bit n: no map in a block whose variant is choice n */
    unsigned needed;    /* bit n: required in a block whose variant is choice n */
    const char *doc;    /* one sentence, with its period */
} sm_key;

/* Blocks of a MAP are structs that begin with `sm_text name`, the key; those of a LIST and of
 * a MAP have `sm_span at`. */
typedef struct sm_block {
    const char *name; /* as in `smelt schema NAME` */
    const char *what; /* "a table", for messages */
    const char *doc;
    size_t size;                  /* of the struct */
    size_t at;                    /* offset of its sm_span */
    size_t broken;                /* offset of its bool `broken`; 0: it has none */
    const sm_key *keys;           /* ends with a row whose name is NULL */
    const char *const *later;     /* known keys without code yet, ends with NULL */
    const char *const *elsewhere; /* keys of smelt.yml, for a hint, ends with NULL */
    const char *const *one_of;    /* exactly one of these keys is there, ends with NULL */
    const char *shorthand;        /* a scalar in place of the map is the value of this key */
    const char *variant; /* the ENUM that says which keys there are; NULL: none does.  When it is
                          * the shorthand too, {choice: {…}} is {variant: choice, …} */
    bool extensions;     /* `x-…` is free space */
    bool units;          /* `type` names a unit, whose options are keys too */
} sm_block;

extern const sm_block sm_block_pipeline, sm_block_state, sm_block_engine, sm_block_source,
    sm_block_column, sm_block_table, sm_block_flow, sm_block_expectation, sm_block_variable,
    sm_block_project, sm_block_target, sm_block_defaults, sm_block_secret, sm_block_connection,
    sm_block_test, sm_block_table_column, sm_block_foreign_key, sm_block_row_count,
    sm_block_watermark, sm_block_deduplicate, sm_block_suite, sm_block_suite_test, sm_block_trigger,
    sm_block_table_trigger, sm_block_retry, sm_block_server, sm_block_freshness,
    sm_block_notification, sm_block_sink, sm_block_sink_batch, sm_block_sink_retry;

/* The row of a key, NULL if there is none. */
const sm_key *sm_key_find(const sm_block *block, sm_sv name);

/* The row of block->variant; NULL if it has none. */
const sm_key *sm_key_variant(const sm_block *block);

/* True when `name` stands in a list that ends with NULL; the list may be NULL. */
bool sm_key_listed(const char *const *list, sm_sv name);

#endif
