/* SPDX-License-Identifier: Apache-2.0 */
/* delta_path.c -- file names, log names and partition values.
 *
 * THREE SPELLINGS OF ONE VALUE, for the partition column p = "a:b é"
 *
 *     value in the log      {"p":"a:b é"}                      partitionValues, never escaped
 *     directory on disk     p=a%3Ab%20%C3%A9                   escaped by the writer (DuckDB)
 *     path in the log       p=a%253Ab%2520%25C3%25A9/part-…    the directory, as a URI
 *
 * The directory means nothing to readers; only the log's value counts.
 */
#include "runtime/delta/delta_path.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/sqltext.h"

/* What RFC 2396 lets stand in a path: unreserved, "/", and ":@&=+$,". */
static bool stays_in_uri(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-_.!~*'()/:@&=+$,", c) != NULL);
}

sm_sv sm_delta_path_encode(sm_sv key, sm_arena *a)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = SM_NEW_N(a, char, key.len * 3 + 1);
    size_t n = 0;

    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];
        if (c < 0x80 && stays_in_uri(key.ptr[i])) {
            out[n++] = key.ptr[i];
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return (sm_sv){ out, n };
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static sm_sv strip_prefix(sm_sv s, sm_sv prefix)
{
    if (s.len >= prefix.len && memcmp(s.ptr, prefix.ptr, prefix.len) == 0)
        return (sm_sv){ s.ptr + prefix.len, s.len - prefix.len };
    return s;
}

sm_sv sm_delta_path_decode(sm_sv path, sm_arena *a)
{
    path = strip_prefix(path, SM_SV("./"));
    if (path.len > 6 && path.ptr[0] != '/' && strip_prefix(path, SM_SV("file:/")).len < path.len) {
        path = strip_prefix(path, SM_SV("file:"));
        while (path.len > 1 && path.ptr[1] == '/')
            path = (sm_sv){ path.ptr + 1, path.len - 1 };
    }
    char *out = SM_NEW_N(a, char, path.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++) {
        int high = -1, low = -1;
        if (path.ptr[i] == '%' && i + 2 < path.len) {
            high = hex_value(path.ptr[i + 1]);
            low = hex_value(path.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0 && (high | low) != 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = path.ptr[i];
        }
    }
    return (sm_sv){ out, n };
}

sm_sv sm_delta_path_join(sm_sv root, sm_sv key, sm_arena *a)
{
    if (key.len > 0 && key.ptr[0] == '/')
        return sm_arena_dup(a, key);
    char *out = SM_NEW_N(a, char, root.len + key.len + 2);
    memcpy(out, root.ptr, root.len);
    out[root.len] = '/';
    memcpy(out + root.len + 1, key.ptr, key.len);
    return (sm_sv){ out, root.len + 1 + key.len };
}

/* ---- names in _delta_log ---- */

static sm_sv log_key(int64_t version, const char *ending, sm_arena *a)
{
    char text[80];
    int n = snprintf(text, sizeof text, "_delta_log/%020lld%s", (long long)version, ending);

    return sm_arena_dup(a, (sm_sv){ text, (size_t)n });
}

sm_sv sm_delta_commit_key(int64_t version, sm_arena *a)
{
    return log_key(version, ".json", a);
}

sm_sv sm_delta_checkpoint_key(int64_t version, sm_arena *a)
{
    return log_key(version, ".checkpoint.parquet", a);
}

sm_sv sm_delta_crc_key(int64_t version, sm_arena *a)
{
    return log_key(version, ".crc", a);
}

/* `digits` decimal digits in front of *s as a number; at most 18 matter. */
static bool take_number(sm_sv *s, size_t digits, int64_t *out)
{
    int64_t v = 0;

    if (s->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = s->ptr[i];
        if (!isdigit((unsigned char)c) || v > INT64_MAX / 10 - 1)
            return false;
        v = v * 10 + (c - '0');
    }
    *s = (sm_sv){ s->ptr + digits, s->len - digits };
    *out = v;
    return true;
}

static bool take_text(sm_sv *s, sm_sv text)
{
    sm_sv rest = strip_prefix(*s, text);

    if (rest.len == s->len)
        return false;
    *s = rest;
    return true;
}

/* "<uuid>.json" or "<uuid>.parquet". */
static bool is_v2(sm_sv name)
{
    enum { UUID = 36 };

    for (size_t i = 0; i < UUID; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (i >= name.len || (hyphen ? name.ptr[i] != '-' : hex_value(name.ptr[i]) < 0))
            return false;
    }
    name = sm_sv_sub(name, UUID, name.len);
    return sm_sv_eq(name, SM_SV(".json")) || sm_sv_eq(name, SM_SV(".parquet"));
}

sm_delta_name sm_delta_name_parse(sm_sv name, int64_t *version, int64_t *part, int64_t *parts)
{
    *part = 1;
    *parts = 1;
    if (!take_number(&name, 20, version))
        return SM_DELTA_NAME_NONE;
    if (sm_sv_eq(name, SM_SV(".json")))
        return SM_DELTA_NAME_COMMIT;
    if (!take_text(&name, SM_SV(".checkpoint.")))
        return SM_DELTA_NAME_NONE;
    if (sm_sv_eq(name, SM_SV("parquet")))
        return SM_DELTA_NAME_CHECKPOINT;
    if (is_v2(name))
        return SM_DELTA_NAME_CHECKPOINT_V2;
    if (take_number(&name, 10, part) && take_text(&name, SM_SV(".")) &&
        take_number(&name, 10, parts) && sm_sv_eq(name, SM_SV(".parquet")) && *part >= 1 &&
        *part <= *parts)
        return SM_DELTA_NAME_CHECKPOINT;
    return SM_DELTA_NAME_NONE;
}

/* ---- partition values ---- */

void sm_delta_partition_sql(sm_sv column, const sm_sqltype *t, sm_buf *sql)
{
    const char *format = NULL; /* of strftime; NULL: the plain text of the type */

    if (t->kind == SM_SQLTYPE_TIMESTAMP)
        format = "%Y-%m-%dT%H:%M:%S.%fZ";
    else if (t->kind == SM_SQLTYPE_TIMESTAMP_NTZ)
        format = "%Y-%m-%d %H:%M:%S.%f";
    if (format != NULL) {
        sm_buf_add(sql, SM_SV("strftime(CAST("));
        sm_sql_ident(sql, column);
        sm_buf_add(sql, SM_SV(" AS TIMESTAMP), "));
        sm_sql_literal(sql, (sm_sv){ format, strlen(format) });
        sm_buf_add(sql, SM_SV(")"));
        return;
    }
    sm_buf_add(sql, SM_SV("nullif(CAST(CAST("));
    sm_sql_ident(sql, column);
    sm_buf_add(sql, SM_SV(" AS "));
    sm_buf_add(sql, t->text);
    sm_buf_add(sql, SM_SV(") AS VARCHAR), '')"));
}

void sm_delta_partition_read_sql(sm_sv text, const sm_sqltype *t, sm_buf *sql)
{
    bool instant = t->kind == SM_SQLTYPE_TIMESTAMP;

    /* A zone in the text ("…Z") must be applied: through TIMESTAMPTZ, at the few distinct
     * values of a partition column the detour costs nothing. */
    sm_buf_add(sql, instant ? SM_SV("make_timestamp(epoch_us(CAST(") : SM_SV("CAST("));
    sm_buf_add(sql, SM_SV("nullif("));
    sm_buf_add(sql, text);
    sm_buf_add(sql, SM_SV(", '') AS "));
    if (instant)
        sm_buf_add(sql, SM_SV("TIMESTAMPTZ)))"));
    else if (t->kind == SM_SQLTYPE_TIMESTAMP_NTZ)
        sm_buf_add(sql, SM_SV("TIMESTAMP)"));
    else {
        sm_buf_add(sql, t->text);
        sm_buf_add(sql, SM_SV(")"));
    }
}
