/* SPDX-License-Identifier: Apache-2.0 */
/* decode_value.c -- scalars: what decode.h's table says, exactly.
 *
 * A double is exact without strtod() when the mantissa is below 2^53 and the power of ten
 * is one that a double holds exactly (Clinger): then one multiplication or division
 * rounds once, as the definition asks. */
#include "runtime/connect/decode_value.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "runtime/base/thread.h"
#include "runtime/base/values.h"

__extension__ typedef __int128 decode_int128;

/* --- Types --- */

static bool value_decimal_size(int width, uint8_t *out)
{
    if (width < 1 || width > 38)
        return false;
    *out = width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16;
    return true;
}

bool sm_decode__kind(const sm_sqltype *t, sm_decode_kind *out)
{
    static const signed char kinds[] = {
        [SM_SQLTYPE_BOOLEAN] = SM_DECODE_BOOLEAN + 1,
        [SM_SQLTYPE_TINYINT] = SM_DECODE_INT8 + 1,
        [SM_SQLTYPE_SMALLINT] = SM_DECODE_INT16 + 1,
        [SM_SQLTYPE_INTEGER] = SM_DECODE_INT32 + 1,
        [SM_SQLTYPE_BIGINT] = SM_DECODE_INT64 + 1,
        [SM_SQLTYPE_UTINYINT] = SM_DECODE_UINT8 + 1,
        [SM_SQLTYPE_USMALLINT] = SM_DECODE_UINT16 + 1,
        [SM_SQLTYPE_UINTEGER] = SM_DECODE_UINT32 + 1,
        [SM_SQLTYPE_UBIGINT] = SM_DECODE_UINT64 + 1,
        [SM_SQLTYPE_FLOAT] = SM_DECODE_FLOAT + 1,
        [SM_SQLTYPE_DOUBLE] = SM_DECODE_DOUBLE + 1,
        [SM_SQLTYPE_DECIMAL] = SM_DECODE_DECIMAL + 1,
        [SM_SQLTYPE_VARCHAR] = SM_DECODE_VARCHAR + 1,
        [SM_SQLTYPE_JSON] = SM_DECODE_JSON + 1,
        [SM_SQLTYPE_DATE] = SM_DECODE_DATE + 1,
        [SM_SQLTYPE_TIMESTAMP] = SM_DECODE_TIMESTAMP + 1,
        [SM_SQLTYPE_TIMESTAMPTZ] = SM_DECODE_TIMESTAMP + 1,
        [SM_SQLTYPE_TIMESTAMP_NTZ] = SM_DECODE_TIMESTAMP + 1,
        [SM_SQLTYPE_LIST] = SM_DECODE_NESTED + 1,
        [SM_SQLTYPE_STRUCT] = SM_DECODE_NESTED + 1,
        [SM_SQLTYPE_MAP] = SM_DECODE_NESTED + 1,
    };
    if ((size_t)t->kind >= sizeof kinds || kinds[t->kind] == 0)
        return false;
    *out = (sm_decode_kind)(kinds[t->kind] - 1);
    return true;
}

bool sm_decode__fit(const sm_sqltype *t, sm_decode_column *c)
{
    static const uint8_t sizes[] = {
        [SM_DECODE_BOOLEAN] = 1, [SM_DECODE_INT8] = 1,      [SM_DECODE_INT16] = 2,
        [SM_DECODE_INT32] = 4,   [SM_DECODE_INT64] = 8,     [SM_DECODE_UINT8] = 1,
        [SM_DECODE_UINT16] = 2,  [SM_DECODE_UINT32] = 4,    [SM_DECODE_UINT64] = 8,
        [SM_DECODE_FLOAT] = 4,   [SM_DECODE_DOUBLE] = 8,    [SM_DECODE_DECIMAL] = 0,
        [SM_DECODE_DATE] = 4,    [SM_DECODE_TIMESTAMP] = 8, [SM_DECODE_VARCHAR] = 16,
        [SM_DECODE_JSON] = 16,   [SM_DECODE_NESTED] = 16,
    };
    if (!sm_decode__kind(t, &c->kind))
        return false;
    c->type = t;
    c->width = (uint8_t)t->width;
    c->scale = (uint8_t)t->scale;
    c->size = sizes[c->kind];
    return c->kind != SM_DECODE_DECIMAL || value_decimal_size(t->width, &c->size);
}

/* All leaves of `t` can be read; else the one that cannot. */
static const sm_sqltype *value_unreadable(const sm_sqltype *t)
{
    sm_decode_column ignored;
    if (!sm_decode__fit(t, &ignored))
        return t;
    if (t->kind == SM_SQLTYPE_MAP && sm_decode__fit(t->fields[0].type, &ignored) &&
        (ignored.kind == SM_DECODE_JSON || ignored.kind == SM_DECODE_NESTED))
        return t; /* a key of an object is one scalar */
    for (size_t i = 0; i < t->n; i++) {
        const sm_sqltype *bad = value_unreadable(t->fields[i].type);
        if (bad != NULL)
            return bad;
    }
    return NULL;
}

static sm_code value_column(const sm_column *column, sm_arena *a, sm_decode_column *c,
                            sm_error *err)
{
    sm_sqltype *type;
    const sm_sqltype *bad;
    sm_code rc = sm_sqltype_parse(column->type, a, &type, err);
    if (rc != SM_OK)
        return sm_wrap(err, "column \"%.*s\"", SM_SV_ARG(column->name));
    if ((bad = value_unreadable(type)) != NULL)
        return sm_fail(err, SM_E_INVALID, 0,
                       "column \"%.*s\": type %.*s cannot be read from text; "
                       "read it as VARCHAR and cast it in the query",
                       SM_SV_ARG(column->name), SM_SV_ARG(bad->text));
    sm_decode__fit(type, c);
    c->name = column->name;
    c->type_text = column->type;
    return SM_OK;
}

sm_code sm_decode_columns(const sm_schema *schema, sm_arena *a, sm_decode_column **out,
                          sm_error *err)
{
    if (schema->n > SM_DECODE_MAX_COLUMNS)
        return sm_fail(err, SM_E_LIMIT, 0, "%zu columns; at most %d can be read", schema->n,
                       (int)SM_DECODE_MAX_COLUMNS);
    sm_decode_column *columns = SM_NEW_N(a, sm_decode_column, schema->n + 1);
    for (size_t i = 0; i < schema->n; i++) {
        sm_code rc = value_column(&schema->columns[i], a, &columns[i], err);
        if (rc != SM_OK)
            return rc;
    }
    *out = columns;
    return SM_OK;
}

sm_sv sm_decode_physical_type(const sm_decode_column *c)
{
    switch (c->kind) {
    case SM_DECODE_JSON:
    case SM_DECODE_NESTED:
        return SM_SV("VARCHAR");
    case SM_DECODE_TIMESTAMP:
        return SM_SV("TIMESTAMP");
    case SM_DECODE_BOOLEAN:
    case SM_DECODE_INT8:
    case SM_DECODE_INT16:
    case SM_DECODE_INT32:
    case SM_DECODE_INT64:
    case SM_DECODE_UINT8:
    case SM_DECODE_UINT16:
    case SM_DECODE_UINT32:
    case SM_DECODE_UINT64:
    case SM_DECODE_FLOAT:
    case SM_DECODE_DOUBLE:
    case SM_DECODE_DECIMAL:
    case SM_DECODE_DATE:
    case SM_DECODE_VARCHAR:
        break;
    }
    return c->type_text;
}

/* --- Faults --- */

static bool value_misfit(const sm_decode_column *c, const char *p, size_t len, const char *why,
                         sm_decode_fault *f)
{
    int shown = len > 40 ? 40 : (int)len;
    sm_decode__fault(f, NULL, SM_VALUES_FIELD "%.*s\": %.*s%s %s %.*s",
                     (int)(c->name.len > 60 ? 60 : c->name.len), c->name.ptr, shown, p,
                     len > 40 ? "…" : "", why, (int)(c->type_text.len > 40 ? 40 : c->type_text.len),
                     c->type_text.ptr);
    return false;
}

/* --- Numbers --- */

static uint64_t value_power(unsigned n)
{
    static const uint64_t powers[] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    return powers[n];
}

/* The whole number that `n` is: -1 not whole, 0 out of range, 1 found. */
static int value_whole(const sm_decode_number *n, uint64_t *out)
{
    uint64_t m = n->mantissa;
    if (m == 0 && !n->lossy) {
        *out = 0;
        return 1;
    }
    if (n->exponent < 0) {
        if (n->lossy || n->exponent < -19 || m % value_power((unsigned)-n->exponent) != 0)
            return -1;
        *out = m / value_power((unsigned)-n->exponent);
        return 1;
    }
    if (n->lossy || n->exponent > 19)
        return 0;
    return !__builtin_mul_overflow(m, value_power((unsigned)n->exponent), out);
}

static bool value_put_int(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                          sm_decode_fault *f)
{
    static const struct {
        uint64_t max, min; /* of the magnitude */
    } ranges[] = {
        [SM_DECODE_INT8] = { INT8_MAX, 128 },
        [SM_DECODE_INT16] = { INT16_MAX, 32768 },
        [SM_DECODE_INT32] = { INT32_MAX, UINT64_C(2147483648) },
        [SM_DECODE_INT64] = { INT64_MAX, UINT64_C(9223372036854775808) },
        [SM_DECODE_UINT8] = { UINT8_MAX, 0 },
        [SM_DECODE_UINT16] = { UINT16_MAX, 0 },
        [SM_DECODE_UINT32] = { UINT32_MAX, 0 },
        [SM_DECODE_UINT64] = { UINT64_MAX, 0 },
    };
    uint64_t v = n->mantissa;
    int whole = n->exponent == 0 && !n->lossy ? 1 : value_whole(n, &v);
    if (whole < 0)
        return value_misfit(c, n->text, n->len, "is not a whole number for", f);
    if (whole == 0 || v > (n->negative ? ranges[c->kind].min : ranges[c->kind].max))
        return value_misfit(c, n->text, n->len, "is out of range for", f);
    if (n->negative)
        v = 0 - v;
    memcpy(slot, &v, c->size); /* little-endian: the low bytes come first */
    return true;
}

static sm_once value_locale_once = SM_ONCE_INIT;
static locale_t value_c_locale;

static void value_make_locale(void)
{
    value_c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* What strtod() says; the text is followed by a byte that no number has. */
static double value_strtod(const sm_decode_number *n)
{
    sm_once_run(&value_locale_once, value_make_locale);
    return strtod_l(n->text, NULL, value_c_locale);
}

static bool value_put_double(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                             sm_decode_fault *f)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    double v;
    if (n->mantissa <= (UINT64_C(1) << 53) && !n->lossy && n->exponent >= -22 &&
        n->exponent <= 22) {
        v = (double)n->mantissa;
        v = n->exponent < 0 ? v / powers[-n->exponent] : v * powers[n->exponent];
        v = n->negative ? -v : v;
    } else {
        v = value_strtod(n);
    }
    if (isinf(v))
        return value_misfit(c, n->text, n->len, "is out of range for", f);
    memcpy(slot, &v, sizeof v);
    return true;
}

static bool value_put_float(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                            sm_decode_fault *f)
{
    sm_once_run(&value_locale_once, value_make_locale);
    float v = strtof_l(n->text, NULL, value_c_locale);
    if (isinf(v))
        return value_misfit(c, n->text, n->len, "is out of range for", f);
    memcpy(slot, &v, sizeof v);
    return true;
}

/* Digits beyond the 38 that any DECIMAL has: only the first of them can matter. */
typedef struct value_digits {
    decode_int128 v; /* the number is v * 10^exponent, then `next` and so on */
    long exponent;
    int next;
} value_digits;

static value_digits value_all_digits(const sm_decode_number *n)
{
    value_digits d = { (decode_int128)n->mantissa, n->exponent, 0 };
    const char *p = n->text + n->negative;
    int count = 0;
    bool behind = false;
    if (!n->lossy)
        return d;
    for (d = (value_digits){ .next = -1 }; sm_decode__digit(*p) || *p == '.'; p++) {
        if (*p == '.') {
            behind = true;
        } else if (count < 38) {
            d.v = d.v * 10 + (*p - '0');
            count += d.v != 0;
            d.exponent -= behind;
        } else {
            d.next = d.next < 0 ? *p - '0' : d.next;
            d.exponent += !behind;
        }
    }
    if (*p == 'e' || *p == 'E') {
        long e = strtol(p + 1, NULL, 10);
        d.exponent += e > 1000000000 ? 1000000000 : e < -1000000000 ? -1000000000 : e;
    }
    return d;
}

/* The number times 10^scale, rounded half away from zero; false if it has more than
 * `width` digits. */
static bool value_scaled(const sm_decode_number *n, int width, int scale, decode_int128 *out)
{
    value_digits d = value_all_digits(n);
    decode_int128 limit = 1;
    bool up = d.next >= 5;
    for (int i = 0; i < width; i++)
        limit *= 10;
    for (d.exponent += scale; d.exponent > 0 && d.v != 0; d.exponent--) {
        if (d.v >= limit / 10)
            return false;
        d.v *= 10;
        up = false;
    }
    for (; d.exponent < 0 && (d.v != 0 || up); d.exponent++) {
        up = d.v % 10 >= 5;
        d.v /= 10;
    }
    d.v += up;
    *out = n->negative ? -d.v : d.v;
    return d.v < limit;
}

static bool value_put_decimal(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                              sm_decode_fault *f)
{
    decode_int128 v;
    if (!value_scaled(n, c->width, c->scale, &v))
        return value_misfit(c, n->text, n->len, "is out of range for", f);
    memcpy(slot, &v, c->size); /* little-endian */
    return true;
}

void sm_decode__decimal_text(const void *slot, int width, int scale, char *out)
{
    char digits[48];
    int n = 0;
    int16_t v2;
    int32_t v4;
    int64_t v8;
    decode_int128 v;
    if (width <= 4)
        v = (memcpy(&v2, slot, 2), v2);
    else if (width <= 9)
        v = (memcpy(&v4, slot, 4), v4);
    else if (width <= 18)
        v = (memcpy(&v8, slot, 8), v8);
    else
        memcpy(&v, slot, 16);
    if (v < 0) {
        *out++ = '-';
        v = -v;
    }
    for (; v != 0 || n <= scale; v /= 10) {
        if (n == scale && scale > 0)
            digits[n++] = '.', scale = -1;
        digits[n++] = (char)('0' + (int)(v % 10));
    }
    while (n > 0)
        *out++ = digits[--n];
    *out = '\0';
}

bool sm_decode__put_number(const sm_decode_column *c, const sm_decode_number *n, void *slot,
                           sm_decode_fault *f)
{
    switch (c->kind) {
    case SM_DECODE_INT8:
    case SM_DECODE_INT16:
    case SM_DECODE_INT32:
    case SM_DECODE_INT64:
    case SM_DECODE_UINT8:
    case SM_DECODE_UINT16:
    case SM_DECODE_UINT32:
    case SM_DECODE_UINT64:
        return value_put_int(c, n, slot, f);
    case SM_DECODE_FLOAT:
        return value_put_float(c, n, slot, f);
    case SM_DECODE_DOUBLE:
        return value_put_double(c, n, slot, f);
    case SM_DECODE_DECIMAL:
        return value_put_decimal(c, n, slot, f);
    case SM_DECODE_VARCHAR:
    case SM_DECODE_JSON:
        sm_decode__put_string(slot, n->text, n->len);
        return true;
    case SM_DECODE_BOOLEAN:
    case SM_DECODE_DATE:
    case SM_DECODE_TIMESTAMP:
    case SM_DECODE_NESTED:
        break;
    }
    return value_misfit(c, n->text, n->len, "is no", f);
}

/* --- Quoted values --- */

static bool value_text_boolean(const char *p, size_t len, bool *out)
{
    *out = len == 4;
    return (len == 4 && strncasecmp(p, "true", 4) == 0) ||
           (len == 5 && strncasecmp(p, "false", 5) == 0);
}

static bool value_text_special(const sm_decode_column *c, const char *p, size_t len, void *slot)
{
    double v;
    if (c->kind != SM_DECODE_DOUBLE && c->kind != SM_DECODE_FLOAT)
        return false;
    if (len == 3 && memcmp(p, "NaN", 3) == 0)
        v = (double)NAN;
    else if (len == 8 && memcmp(p, "Infinity", 8) == 0)
        v = (double)INFINITY;
    else if (len == 9 && memcmp(p, "-Infinity", 9) == 0)
        v = -(double)INFINITY;
    else
        return false;
    float narrow = (float)v;
    if (c->kind == SM_DECODE_DOUBLE)
        memcpy(slot, &v, sizeof v);
    else
        memcpy(slot, &narrow, sizeof narrow);
    return true;
}

static bool value_text_number(const sm_decode_column *c, char *p, size_t len, void *slot,
                              sm_decode_fault *f)
{
    sm_decode_number n;
    sm_decode_fault ignored = { .quiet = true };
    if (value_text_special(c, p, len, slot))
        return true;
    /* the byte behind the text is a quote, a separator or a newline: no part of a number */
    if (sm_decode__number(p, &n, &ignored) != p + len)
        return value_misfit(c, p, len, "is no", f);
    return sm_decode__put_number(c, &n, slot, f);
}

bool sm_decode__text(const sm_decode_column *c, char *p, size_t len, void *slot,
                     sm_decode_context *x)
{
    bool fits = false;
    switch (c->kind) {
    case SM_DECODE_VARCHAR:
        sm_decode__put_string(slot, p, len);
        return true;
    case SM_DECODE_TIMESTAMP:
        fits = sm_decode__timestamp(p, len, slot);
        break;
    case SM_DECODE_DATE:
        fits = sm_decode__date(p, len, slot);
        break;
    case SM_DECODE_BOOLEAN:
        fits = value_text_boolean(p, len, slot);
        break;
    case SM_DECODE_JSON:
    case SM_DECODE_NESTED:
        return sm_decode__json_text(c, p, len, slot, x);
    case SM_DECODE_INT8:
    case SM_DECODE_INT16:
    case SM_DECODE_INT32:
    case SM_DECODE_INT64:
    case SM_DECODE_UINT8:
    case SM_DECODE_UINT16:
    case SM_DECODE_UINT32:
    case SM_DECODE_UINT64:
    case SM_DECODE_FLOAT:
    case SM_DECODE_DOUBLE:
    case SM_DECODE_DECIMAL:
        return value_text_number(c, p, len, slot, &x->fault);
    }
    return fits ? true : value_misfit(c, p, len, "is no", &x->fault);
}

/* --- JSON values --- */

char *sm_decode__copy(const char *p, size_t len, sm_arena *a)
{
    char *copy = sm_arena_alloc(a, 1, 1, len + SM_DECODE_PADDING);
    memcpy(copy, p, len);
    copy[len] = '\n';
    return copy;
}

static char *value_string(const sm_decode_column *c, char *p, void *slot, sm_decode_context *x)
{
    bool escaped = false;
    char *text = p + 1, *end = sm_decode__string_end(text, &escaped, &x->fault);
    if (end == NULL)
        return NULL;
    if (c->kind == SM_DECODE_JSON) {
        sm_decode__put_string(slot, p, (size_t)(end + 1 - p));
        return end + 1;
    }
    size_t len = (size_t)(end - text);
    if (escaped && c->kind != SM_DECODE_VARCHAR)
        text = sm_decode__copy(text, len, x->scratch); /* it may be wanted as it was written */
    if (escaped) {
        len = sm_decode__unescape(text, len);
        text[len] = '"'; /* what follows a text is never part of it */
    }
    if (c->kind == SM_DECODE_VARCHAR) {
        sm_decode__put_string(slot, text, len);
        return end + 1;
    }
    if (c->kind == SM_DECODE_NESTED) {
        value_misfit(c, text, len, "is no", &x->fault);
        return NULL;
    }
    return sm_decode__text(c, text, len, slot, x) ? end + 1 : NULL;
}

static char *value_word(const sm_decode_column *c, char *p, void *slot, sm_decode_context *x)
{
    bool yes = memcmp(p, "true", 4) == 0;
    size_t len = yes ? 4 : 5;
    if (!yes && memcmp(p, "false", 5) != 0)
        return sm_decode__unexpected(&x->fault, p, "a value");
    if (c->kind == SM_DECODE_BOOLEAN) {
        memcpy(slot, &yes, 1);
    } else if (c->kind == SM_DECODE_VARCHAR || c->kind == SM_DECODE_JSON) {
        sm_decode__put_string(slot, p, len);
    } else {
        value_misfit(c, p, len, "is no", &x->fault);
        return NULL;
    }
    return p + len;
}

static char *value_container(const sm_decode_column *c, char *p, void *slot, sm_decode_context *x)
{
    if (c->kind == SM_DECODE_NESTED)
        return sm_decode__nested(c, p, slot, x);
    char *end = sm_decode__skip(p, &x->fault);
    if (end == NULL)
        return NULL;
    if (c->kind != SM_DECODE_VARCHAR && c->kind != SM_DECODE_JSON) {
        value_misfit(c, p, (size_t)(end - p), "is no", &x->fault);
        return NULL;
    }
    sm_decode__put_string(slot, p, (size_t)(end - p));
    return end;
}

char *sm_decode__json(const sm_decode_column *c, char *p, void *slot, sm_decode_context *x)
{
    sm_decode_number n;
    if (*p == '"')
        return value_string(c, p, slot, x);
    if (*p == '-' || sm_decode__digit(*p)) {
        p = sm_decode__number(p, &n, &x->fault);
        return p != NULL && sm_decode__put_number(c, &n, slot, &x->fault) ? p : NULL;
    }
    if (*p == '{' || *p == '[')
        return value_container(c, p, slot, x);
    return value_word(c, p, slot, x);
}
