/* SPDX-License-Identifier: Apache-2.0 */
/* decode_nested.c -- STRUCT, LIST and MAP: JSON checked against a type and rewritten.
 *
 * The cast from JSON text to a nested type happens in SQL, and DuckDB's cast has its own
 * mind: an offset in a timestamp is dropped, a DECIMAL goes through a double, a missing
 * key is an error.  So the text is made canonical here, by the rules of decode.h: every
 * field is there, every leaf has been read by the same code as a top-level column, and the
 * cast has nothing left to decide or to fail on. */
#include "runtime/connect/decode_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct nested_job {
    const sm_decode_column *column; /* for messages */
    sm_decode_context *x;
    int closed; /* lists and maps around the value: inside them nothing is rescued alone */
    bool lost;  /* … so something was left out that the whole of them has to be rescued for */
} nested_job;

static char *nested_value(nested_job *job, const sm_sqltype *t, char *p);

static char *nested_misfit(nested_job *job, const sm_sqltype *t)
{
    const sm_decode_column *c = job->column;
    return sm_decode__fault(&job->x->fault, NULL, "field \"%.*s\": a value inside is no %.*s",
                            (int)(c->name.len > 60 ? 60 : c->name.len), c->name.ptr,
                            (int)(t->text.len > 60 ? 60 : t->text.len), t->text.ptr);
}

/* --- Leaves --- */

void sm_decode__quote(sm_buf *b, const char *s, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    sm_buf_addc(b, '"');
    for (size_t i = 0, from = 0; i <= len; i++) {
        unsigned char c = i < len ? (unsigned char)s[i] : '"';
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        sm_buf_add(b, (sm_sv){ s + from, i - from });
        from = i + 1;
        if (i == len)
            break;
        if (c < 0x20) {
            char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            sm_buf_add(b, (sm_sv){ escape, sizeof escape });
        } else {
            char escape[2] = { '\\', (char)c };
            sm_buf_add(b, (sm_sv){ escape, sizeof escape });
        }
    }
    sm_buf_addc(b, '"');
}

static void nested_add_double(sm_buf *b, double v, int digits)
{
    if (isnan(v))
        sm_buf_adds(b, "\"NaN\"");
    else if (isinf(v))
        sm_buf_adds(b, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        sm_buf_addf(b, "%.*e", digits, v);
}

static void nested_add_int(sm_buf *b, const sm_decode_column *leaf, const void *slot)
{
    uint64_t v = 0;
    unsigned unused = 64 - 8u * leaf->size;
    memcpy(&v, slot, leaf->size);
    if (leaf->kind >= SM_DECODE_UINT8)
        sm_buf_addf(b, "%" PRIu64, v);
    else
        sm_buf_addf(b, "%" PRId64, (int64_t)(v << unused) >> unused);
}

/* What stands in `slot` as canonical JSON. */
static void nested_add_leaf(sm_buf *b, const sm_decode_column *leaf, const void *slot)
{
    char text[48];
    double wide;
    float narrow;
    int32_t days;
    int64_t us;
    switch (leaf->kind) {
    case SM_DECODE_BOOLEAN:
        sm_buf_adds(b, *(const char *)slot ? "true" : "false");
        return;
    case SM_DECODE_INT8:
    case SM_DECODE_INT16:
    case SM_DECODE_INT32:
    case SM_DECODE_INT64:
    case SM_DECODE_UINT8:
    case SM_DECODE_UINT16:
    case SM_DECODE_UINT32:
    case SM_DECODE_UINT64:
        nested_add_int(b, leaf, slot);
        return;
    case SM_DECODE_FLOAT:
        memcpy(&narrow, slot, sizeof narrow);
        nested_add_double(b, (double)narrow, 8);
        return;
    case SM_DECODE_DOUBLE:
        memcpy(&wide, slot, sizeof wide);
        nested_add_double(b, wide, 16);
        return;
    case SM_DECODE_DECIMAL:
        sm_decode__decimal_text(slot, leaf->width, leaf->scale, text);
        break;
    case SM_DECODE_DATE:
        memcpy(&days, slot, sizeof days);
        sm_decode__date_text(days, text);
        break;
    case SM_DECODE_TIMESTAMP:
        memcpy(&us, slot, sizeof us);
        sm_decode__timestamp_text(us, text);
        break;
    case SM_DECODE_VARCHAR:
    case SM_DECODE_JSON:
    case SM_DECODE_NESTED:
        return; /* nested_text() */
    }
    sm_decode__quote(b, text, strlen(text));
}

/* A value that stays text: a string as its own token, anything else in quotes. */
static char *nested_text(nested_job *job, bool json, char *p)
{
    sm_buf *b = &job->x->text;
    char *end = sm_decode__skip(p, &job->x->fault);
    if (end == NULL)
        return NULL;
    if (json || *p == '"')
        sm_buf_add(b, (sm_sv){ p, (size_t)(end - p) });
    else
        sm_decode__quote(b, p, (size_t)(end - p));
    return end;
}

static void nested_leaf_column(nested_job *job, const sm_sqltype *t, sm_decode_column *leaf)
{
    *leaf = (sm_decode_column){ .name = job->column->name, .type_text = t->text };
    sm_decode__fit(t, leaf);
}

static char *nested_leaf(nested_job *job, const sm_sqltype *t, char *p)
{
    sm_decode_column leaf;
    uint64_t slot[2];
    nested_leaf_column(job, t, &leaf);
    if (leaf.kind == SM_DECODE_VARCHAR || leaf.kind == SM_DECODE_JSON)
        return nested_text(job, leaf.kind == SM_DECODE_JSON, p);
    if ((p = sm_decode__json(&leaf, p, slot, job->x)) != NULL)
        nested_add_leaf(&job->x->text, &leaf, slot);
    return p;
}

/* --- Containers --- */

static char *nested_list(nested_job *job, const sm_sqltype *t, char *p)
{
    sm_buf *b = &job->x->text;
    sm_buf_addc(b, '[');
    job->closed++;
    p = sm_decode__space(p + 1);
    if (*p != ']') {
        for (;;) {
            if ((p = nested_value(job, t->fields[0].type, sm_decode__space(p))) == NULL)
                return NULL;
            p = sm_decode__space(p);
            if (*p != ',')
                break;
            sm_buf_addc(b, ',');
            p++;
        }
        if (*p != ']')
            return sm_decode__unexpected(&job->x->fault, p, "\",\" or \"]\"");
    }
    sm_buf_addc(b, ']');
    job->closed--;
    return p + 1;
}

/* Take the key at `p` and its colon; the value's place.  `*key` is followed by a quote, and a
 * copy if it has escapes: the record stays as it was written. */
static char *nested_key(nested_job *job, char *p, char **key, size_t *len)
{
    bool escaped = false;
    sm_decode_fault *f = &job->x->fault;
    p = sm_decode__space(p);
    if (*p != '"')
        return sm_decode__unexpected(f, p, "a key");
    char *end = sm_decode__string_end(p + 1, &escaped, f);
    if (end == NULL)
        return NULL;
    *key = p + 1;
    *len = (size_t)(end - (p + 1));
    if (escaped) {
        *key = sm_decode__copy(*key, *len, job->x->scratch);
        *len = sm_decode__unescape(*key, *len);
        (*key)[*len] = '"';
    }
    p = sm_decode__space(end + 1);
    return *p == ':' ? sm_decode__space(p + 1) : sm_decode__unexpected(f, p, "\":\"");
}

/* After a member: 1 another follows, 0 the object ends, -1 fault; *p moves behind it. */
static int nested_more(nested_job *job, char **p)
{
    *p = sm_decode__space(*p);
    if (**p == ',' || **p == '}')
        return *(*p)++ == ',';
    sm_decode__unexpected(&job->x->fault, *p, "\",\" or \"}\"");
    return -1;
}

static bool nested_differs_in_case(const sm_sqltype *t, sm_sv key)
{
    for (size_t i = 0; i < t->n; i++) {
        if (sm_sv_eq_nocase(t->fields[i].name, key))
            return true;
    }
    return false;
}

/* A field that `t` has not; its value is [value, end). */
static void nested_unknown(nested_job *job, const sm_sqltype *t, sm_sv key, const char *value,
                           const char *end)
{
    sm_decode_context *x = job->x;
    char path[256];
    if (x->rescue != NULL && *value != 'n') { /* null is nothing */
        if (job->closed > 0)
            job->lost = true;
        else
            sm_rescue_json(x->rescue, key, (sm_sv){ value, (size_t)(end - value) });
    }
    if (x->unknown == NULL || (x->rescue != NULL && nested_differs_in_case(t, key)))
        return;
    int n = snprintf(path, sizeof path, "%.*s.%.*s", (int)job->column->name.len,
                     job->column->name.ptr, (int)(key.len > 128 ? 128 : key.len), key.ptr);
    x->unknown(x->arg, (sm_sv){ path, n < (int)sizeof path ? (size_t)n : sizeof path - 1 }, value);
}

/* Where the value of each field begins; the last of a repeated key counts. */
static char *nested_members(nested_job *job, const sm_sqltype *t, char *p, char **values)
{
    int more = 1;
    p = sm_decode__space(p + 1);
    if (*p == '}')
        return p + 1;
    while (more > 0) {
        char *name;
        size_t len, i = 0;
        char *value = nested_key(job, p, &name, &len);
        if (value == NULL || (p = sm_decode__skip(value, &job->x->fault)) == NULL)
            return NULL;
        sm_sv key = { name, len };
        while (i < t->n && !sm_sv_eq(t->fields[i].name, key))
            i++;
        if (i < t->n)
            values[i] = value;
        else
            nested_unknown(job, t, key, value, p);
        more = nested_more(job, &p);
    }
    return more < 0 ? NULL : p;
}

/* The value of the field or column `name`: what is inside and does not fit is rescued.  NULL when
 * it does not fit itself. */
static char *nested_part(nested_job *job, sm_sv name, const sm_sqltype *t, char *p)
{
    sm_rescue *r = job->x->rescue;
    if (r == NULL || job->closed > 0)
        return nested_value(job, t, p);
    bool object = t->kind == SM_SQLTYPE_STRUCT;
    size_t before = r->text.len;
    size_t mark = object ? sm_rescue_open(r, name) : 0;
    char *end = nested_value(job, t, p);
    if (end == NULL || job->lost)
        sm_rescue_rewind(r, before);
    else if (object)
        sm_rescue_close(r, mark);
    if (end != NULL && job->lost)
        sm_rescue_json(r, name, (sm_sv){ p, (size_t)(end - p) });
    job->lost = false;
    job->closed = 0;
    return end;
}

/* The field of a STRUCT, whose text was passed over before and is JSON. */
static bool nested_field(nested_job *job, const sm_sqltype_field *field, char *p)
{
    sm_decode_context *x = job->x;
    size_t before = x->text.len;
    bool rescue = x->rescue != NULL && job->closed == 0;
    if (nested_part(job, field->name, field->type, p) != NULL)
        return true;
    char *end = rescue ? sm_decode__skip(p, &x->fault) : NULL;
    if (end == NULL)
        return false;
    sm_rescue_json(x->rescue, field->name, (sm_sv){ p, (size_t)(end - p) });
    x->misfit = true;
    x->text.len = before;
    sm_buf_adds(&x->text, "null");
    return true;
}

static char *nested_struct(nested_job *job, const sm_sqltype *t, char *p)
{
    sm_buf *b = &job->x->text;
    char **values = SM_NEW_N(job->x->scratch, char *, t->n + 1);
    char *end = nested_members(job, t, p, values);
    if (end == NULL)
        return NULL;
    for (size_t i = 0; i < t->n; i++) {
        sm_buf_addc(b, i == 0 ? '{' : ',');
        sm_decode__quote(b, t->fields[i].name.ptr, t->fields[i].name.len);
        sm_buf_addc(b, ':');
        if (values[i] == NULL)
            sm_buf_adds(b, "null");
        else if (!nested_field(job, &t->fields[i], values[i]))
            return NULL;
    }
    sm_buf_addc(b, '}');
    return end;
}

static int nested_compare_keys(const void *x, const void *y)
{
    const sm_sv *a = x, *b = y;
    int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* A key as the text of its type; `*key` becomes what was written, for the comparison. */
static bool nested_map_key(nested_job *job, const sm_sqltype *t, sm_sv *key, char *at)
{
    sm_buf *b = &job->x->text;
    sm_decode_column leaf;
    uint64_t slot[2];
    nested_leaf_column(job, t, &leaf);
    size_t from = b->len;
    if (leaf.kind == SM_DECODE_VARCHAR) {
        sm_decode__quote(b, key->ptr, key->len);
    } else {
        if (!sm_decode__text(&leaf, at, key->len, slot, job->x))
            return false;
        nested_add_leaf(b, &leaf, slot);
        if (b->ptr[from] != '"') { /* numbers and booleans: keys of objects are strings */
            sm_sv bare = { b->ptr + from, b->len - from };
            char text[64];
            memcpy(text, bare.ptr, bare.len);
            b->len = from;
            sm_decode__quote(b, text, bare.len);
        }
    }
    size_t len = b->len - from;
    char *copy = sm_arena_alloc(job->x->scratch, 1, 1, len + 1);
    memcpy(copy, b->ptr + from, len);
    *key = (sm_sv){ copy, len };
    return true;
}

static char *nested_map(nested_job *job, const sm_sqltype *t, char *p)
{
    sm_buf *b = &job->x->text;
    size_t n = 0, cap = 0;
    sm_sv *keys = NULL;
    int more = 1;
    sm_buf_addc(b, '{');
    p = sm_decode__space(p + 1);
    if (*p == '}') {
        sm_buf_addc(b, '}');
        return p + 1;
    }
    job->closed++;
    while (more > 0) {
        char *name;
        if (n == cap) {
            sm_sv *grown = SM_NEW_N(job->x->scratch, sm_sv, cap * 2 + 8);
            if (n > 0)
                memcpy(grown, keys, n * sizeof *keys);
            keys = grown;
            cap = cap * 2 + 8;
        }
        if ((p = nested_key(job, p, &name, &keys[n].len)) == NULL)
            return NULL;
        keys[n].ptr = name;
        if (n > 0)
            sm_buf_addc(b, ',');
        if (!nested_map_key(job, t->fields[0].type, &keys[n++], name))
            return NULL;
        sm_buf_addc(b, ':');
        if ((p = nested_value(job, t->fields[1].type, p)) == NULL)
            return NULL;
        more = nested_more(job, &p);
    }
    qsort(keys, n, sizeof *keys, nested_compare_keys);
    for (size_t i = 1; more == 0 && i < n; i++) {
        if (nested_compare_keys(&keys[i - 1], &keys[i]) == 0)
            return sm_decode__fault(&job->x->fault, NULL, "field \"%.*s\": a MAP has a key twice",
                                    SM_SV_ARG(job->column->name));
    }
    sm_buf_addc(b, '}');
    job->closed--;
    return more < 0 ? NULL : p;
}

static char *nested_value(nested_job *job, const sm_sqltype *t, char *p)
{
    if (memcmp(p, "null", 4) == 0) {
        sm_buf_adds(&job->x->text, "null");
        return p + 4;
    }
    if (t->kind == SM_SQLTYPE_LIST)
        return *p == '[' ? nested_list(job, t, p) : nested_misfit(job, t);
    if (t->kind == SM_SQLTYPE_STRUCT)
        return *p == '{' ? nested_struct(job, t, p) : nested_misfit(job, t);
    if (t->kind == SM_SQLTYPE_MAP)
        return *p == '{' ? nested_map(job, t, p) : nested_misfit(job, t);
    return nested_leaf(job, t, p);
}

/* Put what was built into `scratch`. */
static char *nested_deliver(nested_job *job, char *end, sm_decode_string *out)
{
    sm_buf *b = &job->x->text;
    if (b->over)
        return sm_decode__fault(&job->x->fault, NULL, "field \"%.*s\" is too long",
                                SM_SV_ARG(job->column->name));
    size_t len = b->len;
    char *copy = sm_arena_alloc(job->x->scratch, 1, 1, len + 16);
    memcpy(copy, b->ptr, len);
    sm_decode__put_string(out, copy, len);
    return end;
}

char *sm_decode__nested(const sm_decode_column *c, char *p, sm_decode_string *out,
                        sm_decode_context *x)
{
    nested_job job = { .column = c, .x = x };
    sm_buf_clear(&x->text);
    p = nested_part(&job, c->name, c->type, p);
    return p == NULL ? NULL : nested_deliver(&job, p, out);
}

/* A copy that is followed as decode_lex.h asks; newlines are white space here. */
static char *nested_padded(const char *p, size_t len, sm_arena *a)
{
    char *copy = sm_arena_alloc(a, 1, 1, len + SM_DECODE_PADDING);
    for (size_t i = 0; i < len; i++)
        copy[i] = p[i] == '\n' ? ' ' : p[i];
    copy[len] = '\n';
    return copy;
}

bool sm_decode__json_text(const sm_decode_column *c, const char *p, size_t len, void *slot,
                          sm_decode_context *x)
{
    char *copy = sm_decode__space(nested_padded(p, len, x->scratch)), *end;
    if (c->kind == SM_DECODE_JSON) {
        if ((end = sm_decode__skip(copy, &x->fault)) != NULL)
            sm_decode__put_string(slot, copy, (size_t)(end - copy));
    } else {
        end = sm_decode__nested(c, copy, slot, x);
    }
    if (end == NULL)
        return false;
    end = sm_decode__space(end);
    if (*end == '\n')
        return true;
    sm_decode__unexpected(&x->fault, end, "the end of the value");
    return false;
}
