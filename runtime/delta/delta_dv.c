/* SPDX-License-Identifier: Apache-2.0 */
/* delta_dv.c -- deletion vectors: which rows of a data file are gone. */
#include "runtime/delta/delta_dv.h"

#include <string.h>

#include "runtime/base/gzip.h"
#include "runtime/delta/delta_path.h"

enum {
    UUID_TEXT = 20, /* characters of z85 that a UUID takes */
    MOST_INLINE = 64 * 1024 * 1024,
    FILE_VERSION = 1,
    MOST_SIZE = 1024 * 1024 * 1024,
};

/* ---- the descriptor ---- */

bool sm_delta_dv_read(const sm_json *j, sm_arena *a, sm_delta_dv *out)
{
    sm_sv storage = sm_json_get_sv(j, "storageType", SM_SV(""));

    *out = (sm_delta_dv){
        .storage = storage.len == 1 ? storage.ptr[0] : '\0',
        .where = sm_arena_dup(a, sm_json_get_sv(j, "pathOrInlineDv", SM_SV(""))),
        .offset = sm_json_get_int(j, "offset", 0),
        .size = sm_json_get_int(j, "sizeInBytes", -1),
        .cardinality = sm_json_get_int(j, "cardinality", -1),
    };
    return (out->storage == 'i' || out->storage == 'u' || out->storage == 'p') &&
           out->where.len > 0 && out->offset >= 0 && out->size >= 0 && out->size <= MOST_SIZE &&
           out->cardinality >= 0;
}

sm_json *sm_delta_dv_json(const sm_delta_dv *dv, sm_arena *a)
{
    sm_json *j = sm_json_object(a);

    sm_json_set_string(j, "storageType", (sm_sv){ &dv->storage, 1 });
    sm_json_set_string(j, "pathOrInlineDv", dv->where);
    if (dv->storage != 'i')
        sm_json_set_int(j, "offset", dv->offset);
    sm_json_set_int(j, "sizeInBytes", dv->size);
    sm_json_set_int(j, "cardinality", dv->cardinality);
    return j;
}

sm_sv sm_delta_dv_id(const sm_delta_dv *dv, sm_arena *a)
{
    return sm_arena_printf(a, "%c%.*s@%lld", dv->storage, SM_SV_ARG(dv->where),
                           (long long)dv->offset);
}

/* ---- base 85 ---- */

static const char z85_digits[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* Five characters are four bytes, big-endian. */
static bool z85_decode(sm_sv text, sm_arena *a, sm_sv *out)
{
    char *bytes = SM_NEW_N(a, char, text.len / 5 * 4 + 1);

    if (text.len % 5 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 5) {
        uint64_t v = 0;
        for (size_t k = 0; k < 5; k++) {
            const char *digit =
                text.ptr[i + k] == '\0' ? NULL : strchr(z85_digits, text.ptr[i + k]);
            if (digit == NULL)
                return false;
            v = v * 85 + (uint64_t)(digit - z85_digits);
        }
        if (v > UINT32_MAX)
            return false;
        for (size_t k = 0; k < 4; k++)
            bytes[i / 5 * 4 + k] = (char)(v >> (24 - 8 * k));
    }
    *out = (sm_sv){ bytes, text.len / 5 * 4 };
    return true;
}

/* ---- where it is ---- */

static sm_sv uuid_text(sm_sv bytes, sm_arena *a)
{
    sm_buf text;

    sm_buf_init(&text, 64);
    for (size_t i = 0; i < 16; i++)
        sm_buf_addf(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                    (unsigned)(unsigned char)bytes.ptr[i]);
    sm_sv out = sm_arena_dup(a, sm_buf_sv(&text));
    sm_buf_release(&text);
    return out;
}

sm_code sm_delta_dv_key(const sm_delta_dv *dv, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_sv bytes;

    *out = SM_SV("");
    if (dv->storage == 'i')
        return SM_OK;
    if (dv->storage == 'p') {
        *out = sm_delta_path_decode(dv->where, a);
        return SM_OK;
    }
    if (dv->where.len < UUID_TEXT ||
        !z85_decode(sm_sv_sub(dv->where, dv->where.len - UUID_TEXT, dv->where.len), a, &bytes))
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector names no file");
    sm_sv folder = sm_sv_sub(dv->where, 0, dv->where.len - UUID_TEXT);
    *out = sm_arena_printf(a, "%.*s%sdeletion_vector_%.*s.bin", SM_SV_ARG(folder),
                           folder.len > 0 ? "/" : "", SM_SV_ARG(uuid_text(bytes, a)));
    return SM_OK;
}

/* ---- what it holds ---- */

static uint32_t big_endian(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The bytes between size and checksum, which both have to hold. */
static sm_code in_file(const sm_delta_dv *dv, sm_sv file, sm_sv *out, sm_error *err)
{
    uint64_t at = (uint64_t)dv->offset, size = (uint64_t)dv->size;

    if (file.len < 1 || file.ptr[0] != FILE_VERSION)
        return sm_fail(err, SM_E_INVALID, 0, "the file of a deletion vector has version %d",
                       file.len < 1 ? 0 : file.ptr[0]);
    if (at > file.len || file.len - at < size + 8 || big_endian(file.ptr + at) != size)
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector is not where the log says");
    *out = (sm_sv){ file.ptr + at + 4, size };
    if (sm_crc32(*out) != big_endian(file.ptr + at + 4 + size))
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector does not fit its checksum");
    return SM_OK;
}

sm_code sm_delta_dv_bitmap(const sm_delta_dv *dv, sm_sv file, sm_arena *a, sm_delta_bitmap *out,
                           sm_error *err)
{
    sm_sv bytes;
    sm_code rc;

    if (dv->storage != 'i') {
        if ((rc = in_file(dv, file, &bytes, err)) != SM_OK)
            return rc;
    } else if (dv->where.len > MOST_INLINE || !z85_decode(dv->where, a, &bytes) ||
               bytes.len < (size_t)dv->size) {
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector in the log is no base 85");
    } else {
        bytes.len = (size_t)dv->size; /* what fills up to four bytes */
    }
    if ((rc = sm_delta_bitmap_open(bytes, dv->cardinality, out, err)) != SM_OK)
        return rc;
    if (out->count != dv->cardinality)
        return sm_fail(err, SM_E_CORRUPT, 0, "the deletion vector has %lld rows, the log says %lld",
                       (long long)out->count, (long long)dv->cardinality);
    return SM_OK;
}
