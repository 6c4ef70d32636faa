/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_scalar.c -- what a plain scalar is, by the YAML 1.2 core schema.
 *
 *     null    nothing, ~, null, Null, NULL
 *     bool    true, True, TRUE, false, False, FALSE      (no, on, yes are strings)
 *     int     [-+]?[0-9]+   0o[0-7]+   0x[0-9a-fA-F]+
 *     float   [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?   [-+]?.inf   .nan
 *
 * A whole number that does not fit in 64 bits is a float.
 */
#include "pipelines/spec/yaml_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct word {
    const char *text;
    sm_yaml_kind kind;
    bool boolean;
    double real;
} word;

static const word words[] = {
    { .text = "", .kind = SM_YAML_NULL },
    { .text = "~", .kind = SM_YAML_NULL },
    { .text = "null", .kind = SM_YAML_NULL },
    { .text = "Null", .kind = SM_YAML_NULL },
    { .text = "NULL", .kind = SM_YAML_NULL },
    { .text = "true", .kind = SM_YAML_BOOL, .boolean = true },
    { .text = "True", .kind = SM_YAML_BOOL, .boolean = true },
    { .text = "TRUE", .kind = SM_YAML_BOOL, .boolean = true },
    { .text = "false", .kind = SM_YAML_BOOL },
    { .text = "False", .kind = SM_YAML_BOOL },
    { .text = "FALSE", .kind = SM_YAML_BOOL },
    { .text = ".nan", .kind = SM_YAML_FLOAT, .real = NAN },
    { .text = ".NaN", .kind = SM_YAML_FLOAT, .real = NAN },
    { .text = ".NAN", .kind = SM_YAML_FLOAT, .real = NAN },
    { .text = ".inf", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = ".Inf", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = ".INF", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = "+.inf", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = "+.Inf", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = "+.INF", .kind = SM_YAML_FLOAT, .real = INFINITY },
    { .text = "-.inf", .kind = SM_YAML_FLOAT, .real = -INFINITY },
    { .text = "-.Inf", .kind = SM_YAML_FLOAT, .real = -INFINITY },
    { .text = "-.INF", .kind = SM_YAML_FLOAT, .real = -INFINITY },
};

static bool resolve_word(sm_yaml_node *n)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (n->text.len != strlen(words[i].text) ||
            memcmp(n->text.ptr, words[i].text, n->text.len) != 0)
            continue;
        n->kind = words[i].kind;
        if (n->kind == SM_YAML_BOOL)
            n->boolean = words[i].boolean;
        if (n->kind == SM_YAML_FLOAT)
            n->real = words[i].real;
        return true;
    }
    return false;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Digits of `base` from s to its end; *fits is false when int64_t is too small. */
static bool read_digits(sm_sv s, int base, bool negative, int64_t *out, bool *fits)
{
    int64_t v = 0;

    *fits = true;
    for (size_t i = 0; i < s.len; i++) {
        int digit = digit_of(s.ptr[i]);

        if (digit >= base)
            return false;
        *fits = *fits && !__builtin_mul_overflow(v, base, &v) &&
                !(negative ? __builtin_sub_overflow(v, digit, &v)
                           : __builtin_add_overflow(v, digit, &v));
    }
    *out = v;
    return s.len > 0;
}

static bool resolve_int(sm_yaml_node *n)
{
    sm_sv s = n->text;
    int base = 10;
    bool negative = false, fits;
    int64_t v;

    if (s.len > 2 && s.ptr[0] == '0' && (s.ptr[1] == 'x' || s.ptr[1] == 'o')) {
        base = s.ptr[1] == 'x' ? 16 : 8;
        s = (sm_sv){ s.ptr + 2, s.len - 2 };
    } else if (s.ptr[0] == '-' || s.ptr[0] == '+') {
        negative = s.ptr[0] == '-';
        s = (sm_sv){ s.ptr + 1, s.len - 1 };
    }
    if (!read_digits(s, base, negative, &v, &fits))
        return false;
    n->kind = fits ? SM_YAML_INT : SM_YAML_FLOAT;
    if (fits)
        n->integer = v;
    else
        n->real = strtod(n->text.ptr, NULL);
    return true;
}

static size_t skip_digits(sm_sv s, size_t i)
{
    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    return i;
}

static bool resolve_float(sm_yaml_node *n)
{
    sm_sv s = n->text;
    size_t i = s.ptr[0] == '-' || s.ptr[0] == '+' ? 1 : 0, whole = skip_digits(s, i), end = whole;

    if (end < s.len && s.ptr[end] == '.')
        end = skip_digits(s, end + 1);
    if (whole == i && end <= whole + 1) /* no digit before the point and none behind */
        return false;
    if (end < s.len && (s.ptr[end] == 'e' || s.ptr[end] == 'E')) {
        size_t from = end + 1;

        if (from < s.len && (s.ptr[from] == '-' || s.ptr[from] == '+'))
            from++;
        end = skip_digits(s, from);
        if (end == from)
            return false;
    }
    if (end != s.len)
        return false;
    n->kind = SM_YAML_FLOAT;
    n->real = strtod(s.ptr, NULL);
    return true;
}

void sm_yaml__resolve(sm_yaml_node *n)
{
    n->kind = SM_YAML_STRING;
    if (resolve_word(n))
        return;
    if (strchr("+-.0123456789", n->text.ptr[0]) && !resolve_int(n))
        (void)resolve_float(n);
}
