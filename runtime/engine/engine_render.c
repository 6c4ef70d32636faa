/* SPDX-License-Identifier: Apache-2.0 */
/* engine_render.c -- one value of a vector as text or as JSON, of any type.
 *
 * A type becomes a small tree once (sm_value__type), then each value is printed by walking
 * tree and vectors together.  Used for results of queries, and inside smelt_rules for the rows
 * that are kept as samples.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

__extension__ typedef unsigned __int128 value_u128;

/* ---- the tree of a type ---- */

static void value_children(sm_value_type *t, size_t n, sm_arena *a)
{
    t->n = n;
    t->children = SM_NEW_N(a, sm_value_type, n);
}

/* The type is the caller's no more. */
static sm_code value_take(duckdb_logical_type type, sm_arena *a, sm_value_type *out, sm_error *err)
{
    sm_code rc = sm_value__type(type, a, out, err);

    sm_duck.destroy_logical_type(&type);
    return rc;
}

static sm_code value_struct(duckdb_logical_type type, sm_arena *a, sm_value_type *out,
                            sm_error *err)
{
    size_t n = sm_duck.struct_type_child_count(type);
    sm_code rc = SM_OK;

    value_children(out, n, a);
    out->names = SM_NEW_N(a, sm_sv, n);
    for (size_t i = 0; i < n && rc == SM_OK; i++) {
        char *name = sm_duck.struct_type_child_name(type, i);
        out->names[i] = sm_arena_dup(a, sm_sv_cstr(name));
        sm_duck.free(name);
        rc = value_take(sm_duck.struct_type_child_type(type, i), a, &out->children[i], err);
    }
    return rc;
}

/* A map is a list of structs of key and value. */
static sm_code value_map(duckdb_logical_type type, sm_arena *a, sm_value_type *out, sm_error *err)
{
    sm_value_type *pair;
    sm_code rc;

    value_children(out, 1, a);
    pair = &out->children[0];
    pair->id = DUCKDB_TYPE_STRUCT;
    value_children(pair, 2, a);
    pair->names = SM_NEW_N(a, sm_sv, 2);
    pair->names[0] = SM_SV("key");
    pair->names[1] = SM_SV("value");
    rc = value_take(sm_duck.map_type_key_type(type), a, &pair->children[0], err);
    if (rc == SM_OK)
        rc = value_take(sm_duck.map_type_value_type(type), a, &pair->children[1], err);
    return rc;
}

static void value_enum(duckdb_logical_type type, sm_arena *a, sm_value_type *out)
{
    uint32_t n = sm_duck.enum_dictionary_size(type);

    out->internal = sm_duck.enum_internal_type(type);
    out->names = SM_NEW_N(a, sm_sv, n);
    for (uint32_t i = 0; i < n; i++) {
        char *value = sm_duck.enum_dictionary_value(type, i);
        out->names[i] = sm_arena_dup(a, sm_sv_cstr(value));
        sm_duck.free(value);
    }
}

static sm_code value_refuse(duckdb_logical_type type, sm_error *err)
{
    sm_buf b;

    sm_buf_init(&b, 256);
    sm_engine__type_text(type, &b);
    sm_fail(err, SM_E_INVALID, 0, "a value of type %s has no text form here: cast it to VARCHAR",
            b.ptr);
    sm_buf_release(&b);
    return SM_E_INVALID;
}

static bool value_is_json(duckdb_logical_type type)
{
    char *alias = sm_duck.logical_type_get_alias(type);
    bool json = alias != NULL && strcmp(alias, "JSON") == 0;

    sm_duck.free(alias);
    return json;
}

sm_code sm_value__type(duckdb_logical_type type, sm_arena *a, sm_value_type *out, sm_error *err)
{
    *out = (sm_value_type){ .id = sm_duck.get_type_id(type) };
    if (out->id == DUCKDB_TYPE_STRUCT)
        return value_struct(type, a, out, err);
    if (out->id == DUCKDB_TYPE_MAP)
        return value_map(type, a, out, err);
    if (out->id == DUCKDB_TYPE_LIST) {
        value_children(out, 1, a);
        return value_take(sm_duck.list_type_child_type(type), a, out->children, err);
    }
    if (out->id == DUCKDB_TYPE_ARRAY) {
        value_children(out, 1, a);
        out->length = sm_duck.array_type_array_size(type);
        return value_take(sm_duck.array_type_child_type(type), a, out->children, err);
    }
    if (out->id == DUCKDB_TYPE_DECIMAL) {
        out->internal = sm_duck.decimal_internal_type(type);
        out->scale = sm_duck.decimal_scale(type);
    } else if (out->id == DUCKDB_TYPE_ENUM) {
        value_enum(type, a, out);
    } else if (out->id == DUCKDB_TYPE_VARCHAR) {
        out->json = value_is_json(type);
    } else if (out->id == DUCKDB_TYPE_UNION || out->id == DUCKDB_TYPE_BIGNUM ||
               out->id == DUCKDB_TYPE_INVALID || out->id > DUCKDB_TYPE_TIME_NS) {
        return value_refuse(type, err);
    }
    return SM_OK;
}

/* ---- values ---- */

bool sm_value__null(duckdb_vector v, size_t row)
{
    const uint64_t *valid = sm_duck.vector_get_validity(v);

    return valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0;
}

sm_sv sm_value__string(duckdb_vector v, size_t row)
{
    const duckdb_string_t *s = (const duckdb_string_t *)sm_duck.vector_get_data(v) + row;

    if (s->value.inlined.length <= 12)
        return (sm_sv){ s->value.inlined.inlined, s->value.inlined.length };
    return (sm_sv){ s->value.pointer.ptr, s->value.pointer.length };
}

int64_t sm_value__int(duckdb_type stored, const void *data, size_t row)
{
    switch ((int)stored) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_UTINYINT:
        return ((const uint8_t *)data)[row];
    case DUCKDB_TYPE_TINYINT:
        return ((const int8_t *)data)[row];
    case DUCKDB_TYPE_SMALLINT:
        return ((const int16_t *)data)[row];
    case DUCKDB_TYPE_USMALLINT:
        return ((const uint16_t *)data)[row];
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
        return ((const int32_t *)data)[row];
    case DUCKDB_TYPE_UINTEGER:
        return ((const uint32_t *)data)[row];
    default:
        return ((const int64_t *)data)[row];
    }
}

/* `magnitude` with a point before its last `scale` digits. */
static void digits_add(value_u128 magnitude, bool negative, unsigned scale, sm_buf *b)
{
    char text[48];
    size_t at = sizeof text;
    unsigned n = 0;

    do {
        if (n == scale && scale > 0)
            text[--at] = '.';
        text[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
        n++;
    } while (magnitude > 0 || n <= scale);
    if (negative)
        text[--at] = '-';
    sm_buf_add(b, (sm_sv){ text + at, sizeof text - at });
}

static value_u128 value_wide(const void *data, size_t row)
{
    const duckdb_hugeint *h = (const duckdb_hugeint *)data + row;

    return (value_u128)(uint64_t)h->upper << 64 | h->lower;
}

static void hugeint_add(value_u128 bits, bool is_signed, unsigned scale, sm_buf *b)
{
    bool negative = is_signed && (bits >> 127) != 0;

    digits_add(negative ? 0 - bits : bits, negative, scale, b);
}

static void int_add(int64_t v, unsigned scale, sm_buf *b)
{
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    digits_add(magnitude, v < 0, scale, b);
}

static void decimal_add(const sm_value_type *t, const void *data, size_t row, sm_buf *b)
{
    if (t->internal == DUCKDB_TYPE_HUGEINT)
        hugeint_add(value_wide(data, row), true, t->scale, b);
    else
        int_add(sm_value__int(t->internal, data, row), t->scale, b);
}

/* The shortest digits that read back as the same number. */
static void double_add(double v, int least, int most, sm_buf *b)
{
    char text[40];

    for (int digits = least; digits <= most; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (most == 9 ? (float)back == (float)v : !(back < v || back > v))
            break;
    }
    sm_buf_adds(b, text);
    if (strpbrk(text, ".e") == NULL)
        sm_buf_adds(b, ".0");
}

static void float_add(const sm_value_type *t, const void *data, size_t row, bool json, sm_buf *b)
{
    bool single = t->id == DUCKDB_TYPE_FLOAT;
    double v = single ? (double)((const float *)data)[row] : ((const double *)data)[row];

    if (isnan(v))
        sm_buf_adds(b, json ? "\"NaN\"" : "nan");
    else if (isinf(v))
        sm_buf_adds(b,
                    json ? (v > 0 ? "\"Infinity\"" : "\"-Infinity\"") : (v > 0 ? "inf" : "-inf"));
    else if (single)
        double_add(v, 6, 9, b);
    else
        double_add(v, 15, 17, b);
}

/* A number, the same as text and as JSON; false when the type is none. */
static bool number_add(const sm_value_type *t, const void *data, size_t row, bool json, sm_buf *b)
{
    switch ((int)t->id) {
    case DUCKDB_TYPE_BOOLEAN:
        sm_buf_adds(b, ((const uint8_t *)data)[row] != 0 ? "true" : "false");
        return true;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
        int_add(sm_value__int(t->id, data, row), 0, b);
        return true;
    case DUCKDB_TYPE_UBIGINT:
        digits_add(((const uint64_t *)data)[row], false, 0, b);
        return true;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
        hugeint_add(value_wide(data, row), t->id == DUCKDB_TYPE_HUGEINT, 0, b);
        return true;
    case DUCKDB_TYPE_DECIMAL:
        decimal_add(t, data, row, b);
        return true;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
        float_add(t, data, row, json, b);
        return true;
    default:
        return false;
    }
}

static void instant_add(int64_t v, int64_t per_second, sm_buf *b)
{
    int64_t seconds = v / per_second, rest = v % per_second;

    if (v == INT64_MAX || v == -INT64_MAX) {
        sm_buf_adds(b, v > 0 ? "infinity" : "-infinity");
        return;
    }
    if (rest < 0) {
        rest += per_second;
        seconds--;
    }
    sm_value__timestamp(seconds, rest * (1000000000 / per_second), b);
}

static void timetz_add(uint64_t bits, sm_buf *b)
{
    int offset = 16 * 3600 - 1 - (int)(bits & 0xffffff);
    int magnitude = abs(offset);

    sm_value__time((int64_t)(bits >> 24), b);
    sm_buf_addf(b, "%c%02d", offset < 0 ? '-' : '+', magnitude / 3600);
    if (magnitude % 3600 != 0)
        sm_buf_addf(b, ":%02d", magnitude / 60 % 60);
    if (magnitude % 60 != 0)
        sm_buf_addf(b, ":%02d", magnitude % 60);
}

static void uuid_add(value_u128 bits, sm_buf *b)
{
    uint64_t upper = (uint64_t)(bits >> 64) ^ (uint64_t)1 << 63, lower = (uint64_t)bits;

    sm_buf_addf(b, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                upper >> 32, upper >> 16 & 0xffff, upper & 0xffff, lower >> 48,
                lower & 0xffffffffffff);
}

static void blob_add(sm_sv bytes, sm_buf *b)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '\\' && c != '\'' && c != '"')
            sm_buf_addc(b, (char)c);
        else
            sm_buf_addf(b, "\\x%02X", c);
    }
}

/* The first byte says how many bits of the second do not count. */
static void bit_add(sm_sv bytes, sm_buf *b)
{
    size_t skip = bytes.len > 0 ? (unsigned char)bytes.ptr[0] : 0;

    for (size_t i = 8 + skip; i < bytes.len * 8; i++)
        sm_buf_addc(b, ((unsigned char)bytes.ptr[i / 8] >> (7 - i % 8) & 1) != 0 ? '1' : '0');
}

static void interval_add(const duckdb_interval *v, sm_buf *b)
{
    sm_value__interval(v->months, v->days, v->micros, b);
}

/* Everything that is neither number nor nested. */
static void word_add(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    const void *data = sm_duck.vector_get_data(v);

    switch ((int)t->id) {
    case DUCKDB_TYPE_DATE:
        sm_value__date(((const int32_t *)data)[row], b);
        break;
    case DUCKDB_TYPE_TIME:
        sm_value__time(((const int64_t *)data)[row], b);
        break;
    case DUCKDB_TYPE_TIME_NS:
        sm_value__time(((const int64_t *)data)[row] / 1000, b);
        break;
    case DUCKDB_TYPE_TIME_TZ:
        timetz_add(((const uint64_t *)data)[row], b);
        break;
    case DUCKDB_TYPE_TIMESTAMP:
        instant_add(((const int64_t *)data)[row], 1000000, b);
        break;
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        instant_add(((const int64_t *)data)[row], 1000000, b);
        sm_buf_adds(b, "+00");
        break;
    case DUCKDB_TYPE_TIMESTAMP_S:
        instant_add(((const int64_t *)data)[row], 1, b);
        break;
    case DUCKDB_TYPE_TIMESTAMP_MS:
        instant_add(((const int64_t *)data)[row], 1000, b);
        break;
    case DUCKDB_TYPE_TIMESTAMP_NS:
        instant_add(((const int64_t *)data)[row], 1000000000, b);
        break;
    case DUCKDB_TYPE_INTERVAL:
        interval_add((const duckdb_interval *)data + row, b);
        break;
    case DUCKDB_TYPE_UUID:
        uuid_add(value_wide(data, row), b);
        break;
    case DUCKDB_TYPE_ENUM:
        sm_buf_add(b, t->names[sm_value__int(t->internal, data, row)]);
        break;
    case DUCKDB_TYPE_BLOB:
        blob_add(sm_value__string(v, row), b);
        break;
    case DUCKDB_TYPE_BIT:
        bit_add(sm_value__string(v, row), b);
        break;
    default: /* VARCHAR */
        sm_buf_add(b, sm_value__string(v, row));
        break;
    }
}

/* ---- nested values, always as JSON ---- */

static void struct_add(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    sm_buf_addc(b, '{');
    for (size_t i = 0; i < t->n; i++) {
        if (i > 0)
            sm_buf_addc(b, ',');
        sm_buf_add_json_string(b, t->names[i]);
        sm_buf_addc(b, ':');
        sm_value__json(&t->children[i], sm_duck.struct_vector_get_child(v, i), row, b);
    }
    sm_buf_addc(b, '}');
}

static void elements_add(const sm_value_type *t, duckdb_vector child, size_t from, size_t n,
                         sm_buf *b)
{
    sm_buf_addc(b, '[');
    for (size_t i = 0; i < n && !b->over; i++) {
        if (i > 0)
            sm_buf_addc(b, ',');
        sm_value__json(t, child, from + i, b);
    }
    sm_buf_addc(b, ']');
}

static void map_add(const sm_value_type *pair, duckdb_vector child, size_t from, size_t n,
                    sm_buf *b)
{
    duckdb_vector key = sm_duck.struct_vector_get_child(child, 0);
    duckdb_vector value = sm_duck.struct_vector_get_child(child, 1);

    sm_buf_addc(b, '{');
    for (size_t i = 0; i < n && !b->over; i++) {
        if (i > 0)
            sm_buf_addc(b, ',');
        sm_buf_add_json_string(b, sm_value__string(key, from + i));
        sm_buf_addc(b, ':');
        sm_value__json(&pair->children[1], value, from + i, b);
    }
    sm_buf_addc(b, '}');
}

static void list_add(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    const duckdb_list_entry *e = (const duckdb_list_entry *)sm_duck.vector_get_data(v) + row;
    duckdb_vector child = sm_duck.list_vector_get_child(v);

    if (t->id == DUCKDB_TYPE_MAP && t->children[0].children[0].id == DUCKDB_TYPE_VARCHAR)
        map_add(t->children, child, e->offset, e->length, b);
    else
        elements_add(t->children, child, e->offset, e->length, b);
}

static bool nested_add(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    if (t->id == DUCKDB_TYPE_STRUCT)
        struct_add(t, v, row, b);
    else if (t->id == DUCKDB_TYPE_LIST || t->id == DUCKDB_TYPE_MAP)
        list_add(t, v, row, b);
    else if (t->id == DUCKDB_TYPE_ARRAY)
        elements_add(t->children, sm_duck.array_vector_get_child(v), row * t->length, t->length, b);
    else
        return false;
    return true;
}

void sm_value__text(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    if (t->id == DUCKDB_TYPE_SQLNULL || sm_value__null(v, row))
        sm_buf_adds(b, "NULL");
    else if (!nested_add(t, v, row, b) && !number_add(t, sm_duck.vector_get_data(v), row, false, b))
        word_add(t, v, row, b);
}

void sm_value__json(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b)
{
    sm_buf word;

    if (t->id == DUCKDB_TYPE_SQLNULL || sm_value__null(v, row)) {
        sm_buf_adds(b, "null");
        return;
    }
    if (nested_add(t, v, row, b) || number_add(t, sm_duck.vector_get_data(v), row, true, b))
        return;
    if (t->json) {
        sm_buf_add(b, sm_value__string(v, row));
    } else if (t->id == DUCKDB_TYPE_VARCHAR) {
        sm_buf_add_json_string(b, sm_value__string(v, row));
    } else {
        sm_buf_init(&word, b->max);
        word_add(t, v, row, &word);
        sm_buf_add_json_string(b, sm_buf_sv(&word));
        sm_buf_release(&word);
    }
}
