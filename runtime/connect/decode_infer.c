/* SPDX-License-Identifier: Apache-2.0 */
/* decode_infer.c -- columns from what the first records look like.
 *
 * A node remembers which kinds of value were seen in its place, as bits; the type is
 * computed from the bits at the end, so the order of the records does not matter. */
#include "runtime/connect/decode_infer.h"

#include <stdio.h>

#include "runtime/base/sqltext.h"
#include "runtime/connect/decode_constant.h"
#include "runtime/connect/decode_value.h"

enum {
    SEEN_BOOLEAN = 1,
    SEEN_INTEGER = 2, /* fits BIGINT */
    SEEN_HUGE = 4,    /* whole, does not fit */
    SEEN_NUMBER = 8,  /* neither */
    SEEN_DATE = 16,
    SEEN_TIMESTAMP = 32,
    SEEN_OBJECT = 64,
    SEEN_ARRAY = 128,
    SEEN_TEXT = 256, /* or what cannot be kept apart */
};

typedef struct infer_node {
    unsigned seen;
    int whole, scale; /* digits of numbers before and behind the point; whole < 0: no DECIMAL */
    sm_sv name;
    struct infer_node *fields; /* of objects */
    size_t n, cap;
    struct infer_node *element; /* of arrays */
} infer_node;

struct sm_infer {
    sm_arena *arena;
    sm_infer_rules rules;
    infer_node root;
    size_t records, bad;
    sm_decode_place first_bad;
    sm_decode_fault fault;
    char reason[200];
};

sm_infer *sm_infer_new(sm_arena *a, const sm_infer_rules *rules)
{
    sm_infer *in = SM_NEW(a, sm_infer);
    in->arena = a;
    in->rules = *rules;
    return in;
}

/* --- Looking --- */

/* The field `name` of `node`; `guess` is where it probably is.  NULL: too many. */
static infer_node *infer_field(sm_infer *in, infer_node *node, sm_sv name, size_t guess, size_t max)
{
    if (guess < node->n && sm_sv_eq(node->fields[guess].name, name))
        return &node->fields[guess];
    for (size_t i = 0; i < node->n; i++) {
        if (sm_sv_eq(node->fields[i].name, name))
            return &node->fields[i];
    }
    if (node->n == max)
        return NULL;
    if (node->n == node->cap) {
        infer_node *grown = SM_NEW_N(in->arena, infer_node, node->cap * 2 + 8);
        if (node->n > 0)
            memcpy(grown, node->fields, node->n * sizeof *grown);
        node->fields = grown;
        node->cap = node->cap * 2 + 8;
    }
    infer_node *field = &node->fields[node->n++];
    *field = (infer_node){ .name = sm_arena_dup(in->arena, name) };
    return field;
}

static unsigned infer_number(const sm_decode_number *n)
{
    sm_decode_column bigint = { .kind = SM_DECODE_INT64, .size = 8 };
    sm_decode_column decimal = { .kind = SM_DECODE_DECIMAL, .size = 16, .width = 38 };
    sm_decode_fault quiet = { .quiet = true };
    uint64_t slot[2];
    bool point = memchr(n->text, '.', n->len) != NULL || memchr(n->text, 'e', n->len) != NULL ||
                 memchr(n->text, 'E', n->len) != NULL;
    if (point)
        return SEEN_NUMBER;
    if (sm_decode__put_number(&bigint, n, slot, &quiet))
        return SEEN_INTEGER;
    return sm_decode__put_number(&decimal, n, slot, &quiet) ? SEEN_HUGE : SEEN_NUMBER;
}

/* Remember how wide a DECIMAL has to be for the number. */
static void infer_digits(infer_node *node, const sm_decode_number *n)
{
    const char *dot = memchr(n->text, '.', n->len);
    int digits = (int)n->len - n->negative, scale = 0;
    if (dot != NULL) {
        scale = (int)(n->text + n->len - dot) - 1;
        digits -= scale + 1;
    }
    if (n->len > 60 || memchr(n->text, 'e', n->len) != NULL || memchr(n->text, 'E', n->len) != NULL)
        node->whole = -1;
    else if (node->whole >= 0 && digits > node->whole)
        node->whole = digits;
    if (scale > node->scale)
        node->scale = scale;
}

static unsigned infer_text(const char *p, size_t len)
{
    int32_t days;
    int64_t us;
    if (sm_decode__date(p, len, &days))
        return SEEN_DATE;
    return sm_decode__timestamp(p, len, &us) ? SEEN_TIMESTAMP : SEEN_TEXT;
}

static char *infer_value(sm_infer *in, infer_node *node, char *p, int depth);

static char *infer_string(sm_infer *in, infer_node *node, char *p)
{
    bool escaped = false;
    char *end = sm_decode__string_end(p + 1, &escaped, &in->fault);
    if (end == NULL)
        return NULL;
    node->seen |= escaped ? SEEN_TEXT : infer_text(p + 1, (size_t)(end - p - 1));
    return end + 1;
}

static char *infer_array(sm_infer *in, infer_node *node, char *p, int depth)
{
    node->seen |= SEEN_ARRAY;
    if (node->element == NULL)
        node->element = SM_NEW(in->arena, infer_node);
    p = sm_decode__space(p + 1);
    if (*p == ']')
        return p + 1;
    for (;;) {
        if ((p = infer_value(in, node->element, sm_decode__space(p), depth)) == NULL)
            return NULL;
        p = sm_decode__space(p);
        if (*p == ']')
            return p + 1;
        if (*p != ',')
            return sm_decode__unexpected(&in->fault, p, "\",\" or \"]\"");
        p++;
    }
}

static char *infer_object(sm_infer *in, infer_node *node, char *p, int depth)
{
    size_t max = depth == 0 ? SM_DECODE_MAX_COLUMNS : SM_INFER_MAX_FIELDS;
    node->seen |= SEEN_OBJECT;
    p = sm_decode__space(p + 1);
    if (*p == '}')
        return p + 1;
    for (size_t i = 0;; i++) {
        bool escaped = false;
        char *name = p + 1, *end;
        if (*p != '"')
            return sm_decode__unexpected(&in->fault, p, "a key");
        if ((end = sm_decode__string_end(name, &escaped, &in->fault)) == NULL)
            return NULL;
        p = sm_decode__space(end + 1);
        if (*p != ':')
            return sm_decode__unexpected(&in->fault, p, "\":\"");
        size_t len = (size_t)(end - name);
        sm_sv key = { name, escaped ? sm_decode__unescape(name, len) : len };
        infer_node *field = infer_field(in, node, key, i, max);
        p = sm_decode__space(p + 1);
        if (field == NULL)
            node->seen |= SEEN_TEXT;
        p = field == NULL ? sm_decode__skip(p, &in->fault) : infer_value(in, field, p, depth + 1);
        if (p == NULL)
            return NULL;
        p = sm_decode__space(p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return sm_decode__unexpected(&in->fault, p, "\",\" or \"}\"");
        p = sm_decode__space(p + 1);
    }
}

static char *infer_value(sm_infer *in, infer_node *node, char *p, int depth)
{
    sm_decode_number n;
    if (*p == '"')
        return infer_string(in, node, p);
    if (*p == '-' || sm_decode__digit(*p)) {
        if ((p = sm_decode__number(p, &n, &in->fault)) != NULL) {
            node->seen |= infer_number(&n);
            infer_digits(node, &n);
        }
        return p;
    }
    if ((*p == '{' || *p == '[') && depth >= SM_INFER_MAX_DEPTH)
        node->seen |= SEEN_TEXT;
    else if (*p == '{')
        return infer_object(in, node, p, depth);
    else if (*p == '[')
        return infer_array(in, node, p, depth + 1);
    else if (*p == 't' || *p == 'f')
        node->seen |= SEEN_BOOLEAN;
    return sm_decode__skip(p, &in->fault);
}

/* Note what became of the record at `p`, which is none if `end` is NULL. */
static void infer_note(sm_infer *in, const sm_decode_block *block, const char *p, const char *end)
{
    if (end != NULL) {
        in->records++;
    } else if (in->bad++ == 0) {
        in->first_bad = (sm_decode_place){ block->file, block->offset + (p - block->data) };
        snprintf(in->reason, sizeof in->reason, "%s", in->fault.reason);
    }
}

/* The same of a line; behind its newline. */
static char *infer_line_end(sm_infer *in, const sm_decode_block *block, char *p, const char *end)
{
    infer_note(in, block, p, end);
    p += in->fault.behind - p;
    return (char *)memchr(p, '\n', (size_t)(block->end - p) + 1) + 1;
}

/* The block's file has more that is no record. */
static void infer_left_out(sm_infer *in, const sm_decode_block *block)
{
    if (block->left_out < 0 || in->bad++ > 0)
        return;
    in->first_bad = (sm_decode_place){ block->file, block->left_out };
    snprintf(in->reason, sizeof in->reason, "%s", block->why);
}

void sm_infer_ndjson(sm_infer *in, const sm_decode_block *block)
{
    for (char *p = block->data; p < block->end;) {
        char *start = sm_decode__space(p), *end;
        if (*start == '\n') {
            p = start + 1;
            continue;
        }
        in->fault.behind = start;
        if (*start == '{')
            end = infer_object(in, &in->root, start, 0);
        else
            end = sm_decode__unexpected(&in->fault, start, "\"{\"");
        if (end != NULL && *(end = sm_decode__space(end)) != '\n')
            end = sm_decode__fault(&in->fault, end, "more text behind the record");
        p = infer_line_end(in, block, p, end);
    }
    infer_left_out(in, block);
}

/* --- CSV --- */

static unsigned infer_csv_text(sm_csv_field field, const sm_csv_dialect *dialect)
{
    sm_decode_fault quiet = { .quiet = true };
    sm_decode_number n;
    double special;
    sm_sv text = sm_sv_trim((sm_sv){ field.text, field.len });
    if (!field.quoted && sm_sv_eq((sm_sv){ field.text, field.len }, dialect->null_value))
        return 0;
    if (text.len == 0)
        return field.quoted ? SEEN_TEXT : 0;
    if (sm_csv_special(dialect, text, &special))
        return SEEN_NUMBER;
    if (sm_sv_eq_nocase(text, SM_SV("true")) || sm_sv_eq_nocase(text, SM_SV("false")))
        return SEEN_BOOLEAN;
    char *start = field.text + (text.ptr - field.text);
    if (sm_decode__number(start, &n, &quiet) == start + text.len)
        return infer_number(&n);
    return infer_text(text.ptr, text.len);
}

static char *infer_csv_record(sm_infer *in, const sm_csv_dialect *dialect, char *p, const char *end,
                              infer_node **nodes, size_t n)
{
    for (size_t i = 0;; i++) {
        sm_csv_field field;
        if ((p = sm_csv_take(dialect, p, end, &field, &in->fault)) == NULL)
            return NULL;
        if (i < n)
            nodes[i]->seen |= infer_csv_text(field, dialect);
        if (*p == '\n')
            return i + 1 == n ? p
                              : sm_decode__fault(&in->fault, p, "%zu fields where %zu should be",
                                                 i + 1, n);
        p++;
    }
}

static sm_code infer_too_many(sm_error *err)
{
    return sm_fail(err, SM_E_LIMIT, 0, "more than %d fields; at most that many can be read",
                   (int)SM_DECODE_MAX_COLUMNS);
}

sm_code sm_infer_csv(sm_infer *in, const sm_csv_dialect *dialect, const sm_decode_block *block,
                     const sm_sv *names, size_t n, sm_error *err)
{
    infer_node **nodes = SM_NEW_N(in->arena, infer_node *, n + 1);
    char *p = block->data;
    for (size_t i = 0; i < n; i++) /* all first: a new field moves the others */
        (void)infer_field(in, &in->root, names[i], i, SM_DECODE_MAX_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        nodes[i] = infer_field(in, &in->root, names[i], i, SM_DECODE_MAX_COLUMNS);
        if (nodes[i] == NULL)
            return infer_too_many(err);
    }
    if (dialect->header && block->first && (p = sm_csv_begins(dialect, p, block->end)) < block->end)
        p = sm_csv_ends(dialect, p, block->end) + 1;
    while ((p = sm_csv_begins(dialect, p, block->end)) < block->end) {
        char *end = sm_csv_ends(dialect, p, block->end);
        infer_note(in, block, p, infer_csv_record(in, dialect, p, end, nodes, n));
        p = end + 1;
    }
    infer_left_out(in, block);
    return SM_OK;
}

sm_code sm_infer_text(sm_infer *in, sm_sv name, sm_sv text, sm_error *err)
{
    const sm_csv_dialect plain = { .null_value = SM_SV("") };
    infer_node *node = infer_field(in, &in->root, name, 0, SM_DECODE_MAX_COLUMNS);
    sm_csv_field field = { .text = SM_NEW_N(in->arena, char, text.len + SM_DECODE_PADDING) };
    if (node == NULL)
        return infer_too_many(err);
    text = sm_decode_plain_number(text);
    field.len = text.len;
    memcpy(field.text, text.ptr, text.len);
    field.text[text.len] = '\n';
    node->seen |= infer_csv_text(field, &plain);
    return SM_OK;
}

/* --- Telling --- */

static void infer_type(const sm_infer *in, const infer_node *node, sm_buf *out);

/* A nested object can be a STRUCT when SQL can tell its fields apart. */
static bool infer_is_struct(const infer_node *node)
{
    for (size_t i = 0; i < node->n; i++) {
        if (node->fields[i].name.len == 0)
            return false;
        for (size_t j = 0; j < i; j++) {
            if (sm_sv_eq_nocase(node->fields[i].name, node->fields[j].name))
                return false;
        }
    }
    return node->n > 0;
}

static void infer_struct(const sm_infer *in, const infer_node *node, sm_buf *out)
{
    sm_buf_adds(out, "STRUCT(");
    for (size_t i = 0; i < node->n; i++) {
        if (i > 0)
            sm_buf_adds(out, ", ");
        sm_sql_ident(out, node->fields[i].name);
        sm_buf_addc(out, ' ');
        infer_type(in, &node->fields[i], out);
    }
    sm_buf_addc(out, ')');
}

static bool infer_is_decimal(const infer_node *node)
{
    return (node->seen & SEEN_NUMBER) != 0 &&
           (node->seen & ~(unsigned)(SEEN_INTEGER | SEEN_HUGE | SEEN_NUMBER)) == 0 &&
           node->whole > 0 && node->whole + node->scale <= 38;
}

static void infer_type(const sm_infer *in, const infer_node *node, sm_buf *out)
{
    static const struct {
        unsigned only; /* no other bits than these */
        const char *type;
    } scalars[] = {
        { SEEN_BOOLEAN, "BOOLEAN" },
        { SEEN_INTEGER, "BIGINT" },
        { SEEN_INTEGER | SEEN_HUGE, "DECIMAL(38,0)" },
        { SEEN_INTEGER | SEEN_HUGE | SEEN_NUMBER, "DOUBLE" },
        { SEEN_DATE, "DATE" },
        { SEEN_DATE | SEEN_TIMESTAMP, "TIMESTAMP" },
    };
    if (node->seen == 0 || !in->rules.types ||
        (in->rules.primitives_as_string && (node->seen & (SEEN_OBJECT | SEEN_ARRAY)) == 0)) {
        sm_buf_adds(out, "VARCHAR");
        return;
    }
    if (in->rules.prefers_decimal && infer_is_decimal(node)) {
        sm_buf_addf(out, "DECIMAL(%d,%d)", node->whole + node->scale, node->scale);
        return;
    }
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        if ((node->seen & ~scalars[i].only) == 0) {
            sm_buf_adds(out, scalars[i].type);
            return;
        }
    }
    if (node->seen == SEEN_OBJECT && infer_is_struct(node)) {
        infer_struct(in, node, out);
    } else if (node->seen == SEEN_ARRAY) {
        infer_type(in, node->element, out);
        sm_buf_adds(out, "[]");
    } else {
        sm_buf_adds(out, "VARCHAR");
    }
}

static sm_code infer_nothing(sm_infer *in, const sm_decode_file *files, sm_error *err)
{
    if (in->bad == 0)
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0,
                   "no line is a record that columns could be inferred from; "
                   "%s:%lld: %s",
                   files[in->first_bad.file].name, (long long)sm_decode_line(files, in->first_bad),
                   in->reason);
}

sm_code sm_infer_schema(sm_infer *in, const sm_decode_file *files, sm_schema *out, sm_error *err)
{
    const infer_node *root = &in->root;
    sm_buf type;
    *out = (sm_schema){ 0 };
    if (in->records == 0 && root->n == 0)
        return infer_nothing(in, files, err);
    if ((root->seen & SEEN_TEXT) != 0)
        return infer_too_many(err);
    for (size_t i = 0; i < root->n; i++) {
        if (root->fields[i].name.len == 0)
            return sm_fail(err, SM_E_INVALID, 0,
                           "a field has the empty name, which no column can have; list the columns "
                           "that you want in `schema`");
        for (size_t j = 0; j < i; j++) {
            if (sm_sv_eq_nocase(root->fields[i].name, root->fields[j].name))
                return sm_fail(
                    err, SM_E_INVALID, 0,
                    "fields \"%.*s\" and \"%.*s\" differ only in case; name the one that "
                    "you want in `schema`",
                    SM_SV_ARG(root->fields[j].name), SM_SV_ARG(root->fields[i].name));
        }
    }
    sm_buf_init(&type, SM_SQLTYPE_MAX_TEXT);
    out->columns = SM_NEW_N(in->arena, sm_column, root->n + 1);
    for (out->n = 0; out->n < root->n; out->n++) {
        sm_buf_clear(&type);
        infer_type(in, &root->fields[out->n], &type);
        out->columns[out->n] = (sm_column){
            .name = root->fields[out->n].name,
            .type = type.over ? SM_SV("VARCHAR") : sm_arena_dup(in->arena, sm_buf_sv(&type)),
            .nullable = true,
        };
    }
    sm_buf_release(&type);
    return SM_OK;
}

sm_code sm_infer_add_column(sm_sv name, const char *option, const char *has, sm_arena *a,
                            sm_schema *out, sm_error *err)
{
    ptrdiff_t at = name.len > 0 ? sm_schema_find(out, name) : -1;
    sm_column *columns;

    if (name.len == 0)
        return SM_OK;
    if (at >= 0)
        return sm_fail(err, SM_E_INVALID, 0,
                       "%s a field \"%.*s\"; give `%s` another name, or \"\" for no such column",
                       has, SM_SV_ARG(out->columns[at].name), option);
    columns = SM_NEW_N(a, sm_column, out->n + 1);
    if (out->n > 0)
        memcpy(columns, out->columns, out->n * sizeof *columns);
    columns[out->n] =
        (sm_column){ .name = sm_arena_dup(a, name), .type = SM_SV("VARCHAR"), .nullable = true };
    out->columns = columns;
    out->n++;
    return SM_OK;
}
