/* SPDX-License-Identifier: Apache-2.0 */
/* option.h -- tables of options: one row parses, checks, documents. */
#ifndef SM_BASE_OPTION_H
#define SM_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

/* What a value is, and the field in the config struct that holds it. */
typedef enum sm_type {
    SM_TYPE_STRING, /* sm_sv */
    SM_TYPE_BOOL,   /* bool */
    SM_TYPE_INT,    /* int64_t */
    SM_TYPE_SIZE,   /* int64_t, bytes: 64MiB */
    SM_TYPE_TIME,   /* int64_t, milliseconds: 10s */
    SM_TYPE_DOUBLE, /* double */
    SM_TYPE_ENUM,   /* int, index into choices */
    SM_TYPE_LIST,   /* sm_sv_list of strings */
    SM_TYPE_MAP,    /* const sm_json *, an object of anything */
    SM_TYPE_WORD,   /* const sm_json *, a text or such an object */
} sm_type;

typedef struct sm_sv_list {
    sm_sv *items;
    size_t n;
} sm_sv_list;

typedef struct sm_option {
    const char *name;
    sm_type type;
    size_t offset;                               /* where the value goes in the config struct */
    const char *fallback;                        /* as YAML text; NULL makes the key required */
    int64_t min, max;                            /* for INT, SIZE, TIME; both 0 means any */
    const char *const *choices;                  /* for ENUM, ends with NULL */
    sm_code (*check)(sm_sv text, sm_error *err); /* STRING, WORD: more than any text; or NULL */
    bool secret;                                 /* may hold ${secret.x}; printed as *** */
    const char *doc;                             /* one sentence, with its period */
} sm_option;

const sm_option *sm_option_find(const sm_option *options, sm_sv name); /* NULL: none */
const char *sm_type_name(sm_type type); /* "a duration such as 10s" */

/* One value, a JSON string, number, bool, array or object as YAML gave it, in its canonical
 * form: sizes and times as numbers, enums as their word.  SM_E_INVALID: what is wrong and
 * what is allowed, without the name of the option. Lives in `a`. */
sm_code sm_option_check(const sm_option *o, const sm_json *value, sm_arena *a, sm_json **out,
                        sm_error *err);
/* The default in canonical form; NULL when the key is required. */
sm_json *sm_option_default(const sm_option *o, sm_arena *a);

/* Fill `config` (zeroed before, of the unit's config_size) from `values`; what is missing
 * takes its default.  Unknown keys are SM_E_INVALID.  Strings live in `a`. */
sm_code sm_options_fill(const sm_option *options, const sm_json *values, void *config, sm_arena *a,
                        sm_error *err);

#endif
