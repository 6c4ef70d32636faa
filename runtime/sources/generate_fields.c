/* SPDX-License-Identifier: Apache-2.0 */
/* generate_fields.c -- row i as a pure function of (seed, i).
 *
 * The random number of row i is splitmix64 at position i of the field's stream: no state
 * is carried from row to row, so any thread can make any row. */
#include "runtime/sources/generate_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock.h"

enum { GENERATE_MAX_FIELDS = 1000, GENERATE_MAX_STRING = 10000, GENERATE_MAX_CHOICES = 10000 };

typedef enum generate_kind {
    GENERATE_SEQUENCE,
    GENERATE_INT,
    GENERATE_DOUBLE,
    GENERATE_CHOICE,
    GENERATE_TIMESTAMP,
    GENERATE_UUID,
    GENERATE_STRING,
} generate_kind;

typedef enum choice_type { CHOICE_TEXT, CHOICE_INT, CHOICE_DOUBLE, CHOICE_BOOL } choice_type;

typedef struct generate_field {
    generate_kind kind;
    uint64_t stream;
    int64_t start, step; /* sequence; timestamp in microseconds */
    int64_t min;         /* int */
    uint64_t span;       /* int: max - min + 1, 0 for all of them; choice: how many */
    double low, high;    /* double */
    int64_t length;      /* string */
    choice_type choices;
    sm_sv *texts; /* choice */
    int64_t *ints;
    double *doubles;
} generate_field;

struct sm_generate_fields {
    sm_schema schema;
    generate_field *fields;
};

/* --- Random numbers --- */

static uint64_t generate_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t generate_random(const generate_field *f, int64_t row)
{
    return generate_mix(f->stream + ((uint64_t)row + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* `r` scaled to [0, span). */
static uint64_t generate_scale(uint64_t r, uint64_t span)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)r * span) >> 64);
}

static uint64_t generate_stream(int64_t seed, sm_sv name)
{
    uint64_t h = generate_mix((uint64_t)seed + UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; i < name.len; i++)
        h = generate_mix(h ^ (unsigned char)name.ptr[i]);
    return h;
}

/* --- Reading the description --- */

/* One field under description. */
typedef struct generate_spec {
    sm_sv name;
    const sm_json *json; /* an object, or a word */
    sm_arena *a;
    const char *type; /* of the column */
} generate_spec;

static sm_code generate_bad(const generate_spec *spec, sm_error *err, const char *what)
{
    return sm_fail(err, SM_E_INVALID, 0, "fields: \"%.*s\" %s", SM_SV_ARG(spec->name), what);
}

/* What an option of a field takes. */
typedef enum key_kind { KEY_INT, KEY_NUMBER, KEY_TEXT, KEY_LIST } key_kind;

typedef struct generate_key {
    const char *name;
    key_kind kind;
} generate_key;

static const struct {
    bool (*takes)(const sm_json *value);
    const char *what;
} key_kinds[] = {
    [KEY_INT] = { sm_json_is_int, "a whole number" },
    [KEY_NUMBER] = { sm_json_is_number, "a number" },
    [KEY_TEXT] = { sm_json_is_string, "a text" },
    [KEY_LIST] = { sm_json_is_array, "a list" },
};

/* Only the keys of `allowed` (and `type`) may be there. */
static sm_code generate_keys(const generate_spec *spec, const generate_key *allowed, sm_error *err)
{
    if (!sm_json_is_object(spec->json))
        return SM_OK;
    for (sm_json_iter it = sm_json_first(spec->json); sm_json_valid(&it); sm_json_next(&it)) {
        const generate_key *k = allowed;
        if (sm_sv_eq_str(it.key, "type"))
            continue;
        while (k->name != NULL && !sm_sv_eq_str(it.key, k->name))
            k++;
        if (k->name == NULL)
            return sm_fail(err, SM_E_INVALID, 0, "fields: \"%.*s\" has no option \"%.*s\"",
                           SM_SV_ARG(spec->name), SM_SV_ARG(it.key));
        if (!key_kinds[k->kind].takes(it.value))
            return sm_fail(err, SM_E_INVALID, 0, "fields: \"%.*s\": `%s` takes %s",
                           SM_SV_ARG(spec->name), k->name, key_kinds[k->kind].what);
    }
    return SM_OK;
}

static sm_code generate_sequence(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "start", KEY_INT },
                                         { "step", KEY_INT },
                                         { NULL, KEY_INT } };
    f->start = sm_json_get_int(spec->json, "start", 0);
    f->step = sm_json_get_int(spec->json, "step", 1);
    spec->type = "BIGINT";
    return generate_keys(spec, keys, err);
}

static sm_code generate_int(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "min", KEY_INT },
                                         { "max", KEY_INT },
                                         { NULL, KEY_INT } };
    int64_t max = sm_json_get_int(spec->json, "max", INT32_MAX);
    f->min = sm_json_get_int(spec->json, "min", 0);
    if (max < f->min)
        return generate_bad(spec, err, "has a max below its min");
    f->span = (uint64_t)max - (uint64_t)f->min + 1;
    spec->type = "BIGINT";
    return generate_keys(spec, keys, err);
}

static sm_code generate_double(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "min", KEY_NUMBER },
                                         { "max", KEY_NUMBER },
                                         { NULL, KEY_INT } };
    f->low = sm_json_get_real(spec->json, "min", 0);
    f->high = sm_json_get_real(spec->json, "max", 1);
    if (f->high < f->low)
        return generate_bad(spec, err, "has a max below its min");
    spec->type = "DOUBLE";
    return generate_keys(spec, keys, err);
}

static choice_type generate_choice_type(const sm_json *values)
{
    bool ints = true, numbers = true, bools = true;
    for (size_t i = 0; i < sm_json_len(values); i++) {
        const sm_json *v = sm_json_at(values, i);
        ints = ints && sm_json_is_int(v);
        numbers = numbers && sm_json_is_number(v);
        bools = bools && sm_json_is_bool(v);
    }
    if (bools)
        return CHOICE_BOOL;
    return ints ? CHOICE_INT : numbers ? CHOICE_DOUBLE : CHOICE_TEXT;
}

static sm_code generate_choice(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "values", KEY_LIST }, { NULL, KEY_INT } };
    static const char *const types[] = {
        [CHOICE_TEXT] = "VARCHAR",
        [CHOICE_INT] = "BIGINT",
        [CHOICE_DOUBLE] = "DOUBLE",
        [CHOICE_BOOL] = "BOOLEAN",
    };
    const sm_json *values = sm_json_get(spec->json, "values");
    size_t n = sm_json_len(values);
    if (!sm_json_is_array(values) || n == 0 || n > GENERATE_MAX_CHOICES)
        return generate_bad(spec, err, "needs `values`, a list of 1 to 10,000");
    f->span = n;
    f->choices = generate_choice_type(values);
    f->texts = SM_NEW_N(spec->a, sm_sv, n);
    f->ints = SM_NEW_N(spec->a, int64_t, n);
    f->doubles = SM_NEW_N(spec->a, double, n);
    for (size_t i = 0; i < n; i++) {
        const sm_json *v = sm_json_at(values, i);
        f->ints[i] = f->choices == CHOICE_BOOL ? sm_json_bool_value(v) : sm_json_int_value(v);
        f->doubles[i] = sm_json_real_value(v);
        f->texts[i] =
            sm_arena_dup(spec->a, sm_json_is_string(v) ? sm_json_sv(v) : sm_json_text(v, spec->a));
    }
    spec->type = types[f->choices];
    return generate_keys(spec, keys, err);
}

static sm_code generate_timestamp(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "start", KEY_TEXT },
                                         { "step", KEY_TEXT },
                                         { NULL, KEY_INT } };
    sm_sv start = sm_json_get_sv(spec->json, "start", SM_SV("2026-01-01T00:00:00Z"));
    sm_sv step = sm_json_get_sv(spec->json, "step", SM_SV("1s"));
    int64_t start_ms, step_ms;
    if (sm_time_parse(start, &start_ms, err) != SM_OK)
        return generate_bad(spec, err, "needs a `start` such as 2026-01-01T00:00:00Z");
    if (sm_parse_duration(step, &step_ms, err) != SM_OK || step_ms < 0)
        return generate_bad(spec, err, "needs a `step` such as 500ms or 10s");
    f->start = start_ms * 1000;
    f->step = step_ms * 1000;
    spec->type = "TIMESTAMP";
    return generate_keys(spec, keys, err);
}

static sm_code generate_uuid(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { NULL, KEY_INT } };
    (void)f;
    spec->type = "VARCHAR";
    return generate_keys(spec, keys, err);
}

static sm_code generate_string(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const generate_key keys[] = { { "length", KEY_INT }, { NULL, KEY_INT } };
    f->length = sm_json_get_int(spec->json, "length", 16);
    if (f->length < 0 || f->length > GENERATE_MAX_STRING)
        return generate_bad(spec, err, "needs a `length` from 0 to 10,000");
    spec->type = "VARCHAR";
    return generate_keys(spec, keys, err);
}

static sm_code generate_parse_field(generate_spec *spec, generate_field *f, sm_error *err)
{
    static const struct {
        const char *word;
        sm_code (*parse)(generate_spec *spec, generate_field *f, sm_error *err);
    } kinds[] = {
        [GENERATE_SEQUENCE] = { "sequence", generate_sequence },
        [GENERATE_INT] = { "int", generate_int },
        [GENERATE_DOUBLE] = { "double", generate_double },
        [GENERATE_CHOICE] = { "choice", generate_choice },
        [GENERATE_TIMESTAMP] = { "timestamp", generate_timestamp },
        [GENERATE_UUID] = { "uuid", generate_uuid },
        [GENERATE_STRING] = { "string", generate_string },
    };
    sm_sv word = sm_json_is_string(spec->json) ? sm_json_sv(spec->json)
                                               : sm_json_get_sv(spec->json, "type", SM_SV(""));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sm_sv_eq_str(word, kinds[i].word)) {
            f->kind = (generate_kind)i;
            return kinds[i].parse(spec, f, err);
        }
    }
    return generate_bad(spec, err,
                        "needs a type: sequence, int, double, choice, timestamp, uuid "
                        "or string");
}

sm_code sm_generate_parse(const sm_json *fields, int64_t seed, sm_arena *a,
                          sm_generate_fields **out, sm_error *err)
{
    sm_generate_fields *g = SM_NEW(a, sm_generate_fields);
    if (sm_json_len(fields) == 0) {
        sm_json *plain = sm_json_object(a);
        sm_json_set_string(plain, "value", SM_SV("sequence"));
        fields = plain;
    }
    size_t n = sm_json_len(fields);
    if (n > GENERATE_MAX_FIELDS)
        return sm_fail(err, SM_E_LIMIT, 0, "fields: %zu of them, at most %d", n,
                       (int)GENERATE_MAX_FIELDS);
    g->fields = SM_NEW_N(a, generate_field, n);
    g->schema = (sm_schema){ SM_NEW_N(a, sm_column, n), 0 };
    for (sm_json_iter it = sm_json_first(fields); sm_json_valid(&it); sm_json_next(&it)) {
        generate_spec spec = { .name = it.key, .json = it.value, .a = a };
        generate_field *f = &g->fields[g->schema.n];
        sm_code rc = generate_parse_field(&spec, f, err);
        if (rc != SM_OK)
            return rc;
        f->stream = generate_stream(seed, it.key);
        g->schema.columns[g->schema.n++] = (sm_column){
            .name = sm_arena_dup(a, it.key),
            .type = sm_sv_cstr(spec.type),
            .nullable = true,
        };
    }
    *out = g;
    return SM_OK;
}

const sm_schema *sm_generate_schema(const sm_generate_fields *f)
{
    return &f->schema;
}

/* --- Rows --- */

static void generate_put(sm_reader_string *out, sm_sv s)
{
    *out = (sm_reader_string){ .len = (uint32_t)s.len };
    if (s.len <= 12) {
        char bytes[12] = { 0 };
        memcpy(bytes, s.ptr, s.len);
        memcpy(out->head, bytes, 4);
        memcpy(out->u.tail, bytes + 4, 8);
        return;
    }
    memcpy(out->head, s.ptr, 4);
    out->u.ptr = s.ptr;
}

static sm_sv generate_uuid_text(const generate_field *f, int64_t row, sm_arena *a)
{
    uint64_t high = generate_random(f, row), low = generate_mix(high ^ f->stream);
    high = (high & ~UINT64_C(0xf000)) | 0x4000;               /* version 4 */
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62); /* its variant */
    return sm_arena_printf(a, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
                           (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xffff,
                           (unsigned)(low >> 48), (unsigned long long)low & 0xffffffffffff);
}

static sm_sv generate_letters(const generate_field *f, int64_t row, sm_arena *a)
{
    char *text = sm_arena_alloc(a, 1, 1, (size_t)f->length + 1);
    uint64_t r = generate_random(f, row);
    for (int64_t i = 0; i < f->length; i++) {
        text[i] = (char)('a' + generate_scale(r, 26));
        r = generate_mix(r + UINT64_C(0x9e3779b97f4a7c15));
    }
    return (sm_sv){ text, (size_t)f->length };
}

static void generate_choose(const generate_field *f, int64_t row, size_t i, void *data)
{
    size_t k = (size_t)generate_scale(generate_random(f, row), f->span);
    switch (f->choices) {
    case CHOICE_TEXT:
        generate_put((sm_reader_string *)data + i, f->texts[k]);
        break;
    case CHOICE_INT:
        ((int64_t *)data)[i] = f->ints[k];
        break;
    case CHOICE_DOUBLE:
        ((double *)data)[i] = f->doubles[k];
        break;
    case CHOICE_BOOL:
        ((uint8_t *)data)[i] = (uint8_t)f->ints[k];
        break;
    }
}

/* Value of one row; sums that leave the range wrap, as the integers of SQL do not. */
static void generate_one(const generate_field *f, int64_t row, size_t i, void *data, sm_arena *a)
{
    uint64_t r;
    switch (f->kind) {
    case GENERATE_SEQUENCE:
    case GENERATE_TIMESTAMP:
        ((int64_t *)data)[i] = (int64_t)((uint64_t)f->start + (uint64_t)row * (uint64_t)f->step);
        break;
    case GENERATE_INT:
        r = generate_random(f, row);
        r = f->span == 0 ? r : generate_scale(r, f->span);
        ((int64_t *)data)[i] = (int64_t)((uint64_t)f->min + r);
        break;
    case GENERATE_DOUBLE:
        ((double *)data)[i] =
            f->low + (f->high - f->low) * ((double)(generate_random(f, row) >> 11) * 0x1p-53);
        break;
    case GENERATE_CHOICE:
        generate_choose(f, row, i, data);
        break;
    case GENERATE_UUID:
        generate_put((sm_reader_string *)data + i, generate_uuid_text(f, row, a));
        break;
    case GENERATE_STRING:
        generate_put((sm_reader_string *)data + i, generate_letters(f, row, a));
        break;
    }
}

void sm_generate_fill(const sm_generate_fields *g, size_t field, int64_t row, size_t n, void *data,
                      sm_arena *a)
{
    for (size_t i = 0; i < n; i++)
        generate_one(&g->fields[field], row + (int64_t)i, i, data, a);
}
