/* SPDX-License-Identifier: Apache-2.0 */
/* decode_rescue.c -- what a record has and its columns cannot take. */
#include "runtime/connect/decode_rescue.h"

#include "runtime/connect/decode_value.h"

/* A byte of a record becomes six at most ("\u0001"), and its text comes once. */
#define RESCUE_MAX ((size_t)7 * SM_DECODE_MAX_RECORD)

void sm_rescue_init(sm_rescue *r)
{
    sm_buf_init(&r->text, RESCUE_MAX);
}

void sm_rescue_release(sm_rescue *r)
{
    sm_buf_release(&r->text);
}

void sm_rescue_clear(sm_rescue *r)
{
    sm_buf_clear(&r->text);
}

static void rescue_name(sm_rescue *r, sm_sv name)
{
    sm_decode__quote(&r->text, name.ptr, name.len);
    sm_buf_addc(&r->text, ':');
}

void sm_rescue_json(sm_rescue *r, sm_sv name, sm_sv value)
{
    rescue_name(r, name);
    sm_buf_add(&r->text, value);
    sm_buf_addc(&r->text, ',');
}

void sm_rescue_text(sm_rescue *r, sm_sv name, sm_sv value)
{
    rescue_name(r, name);
    sm_decode__quote(&r->text, value.ptr, value.len);
    sm_buf_addc(&r->text, ',');
}

size_t sm_rescue_open(sm_rescue *r, sm_sv name)
{
    size_t mark = r->text.len;
    rescue_name(r, name);
    sm_buf_addc(&r->text, '{');
    return mark;
}

void sm_rescue_close(sm_rescue *r, size_t mark)
{
    sm_buf *b = &r->text;
    if (b->ptr[b->len - 1] == '{') {
        sm_rescue_rewind(r, mark);
        return;
    }
    b->ptr[b->len - 1] = '}';
    sm_buf_addc(b, ',');
}

void sm_rescue_rewind(sm_rescue *r, size_t len)
{
    r->text.len = len;
}

void sm_rescue_add_utf8(sm_buf *b, sm_sv text)
{
    while (text.len > 0) {
        size_t good = sm_utf8_check(text);
        sm_buf_add(b, (sm_sv){ text.ptr, good });
        if (good == text.len)
            return;
        sm_buf_adds(b, "\xef\xbf\xbd");
        text = (sm_sv){ text.ptr + good + 1, text.len - good - 1 };
    }
}

/* A copy of what was built, with what a string has to be followed by. */
static void rescue_deliver(sm_sv text, sm_arena *a, sm_decode_string *out)
{
    char *copy = sm_arena_alloc(a, 1, 1, text.len + 16);
    memcpy(copy, text.ptr, text.len);
    sm_decode__put_string(out, copy, text.len);
}

/* The member that says which file it was. */
static void rescue_add_file(sm_buf *all, const sm_decode_file *file)
{
    sm_buf path;
    sm_buf_init(&path, RESCUE_MAX);
    sm_rescue_add_utf8(&path, sm_sv_cstr(file->name));
    sm_buf_adds(all, "\"" SM_DECODE_FILE_PATH "\":");
    sm_decode__quote(all, path.ptr, path.len);
    sm_buf_release(&path);
}

void sm_rescue_put(sm_rescue *r, const sm_decode_file *file, sm_arena *a, sm_decode_string *out)
{
    sm_sv members = sm_buf_sv(&r->text);
    sm_buf all;
    sm_buf_init(&all, 2 * RESCUE_MAX);
    sm_buf_addc(&all, '{');
    if (file == NULL)
        sm_buf_add(&all, sm_sv_sub(members, 0, members.len - 1)); /* without its last comma */
    else
        sm_buf_add(&all, members);
    if (file != NULL)
        rescue_add_file(&all, file);
    sm_buf_addc(&all, '}');
    rescue_deliver(sm_buf_sv(&all), a, out);
    sm_buf_release(&all);
    sm_rescue_clear(r);
}

void sm_rescue_raw(sm_sv record, sm_arena *a, sm_decode_string *out)
{
    sm_buf text;
    sm_buf_init(&text, RESCUE_MAX);
    sm_rescue_add_utf8(&text, record);
    rescue_deliver(sm_buf_sv(&text), a, out);
    sm_buf_release(&text);
}

bool sm_rescue_differs_in_case(const sm_decode_column *columns, size_t n, sm_sv name)
{
    for (size_t i = 0; i < n; i++) {
        if (sm_sv_eq_nocase(columns[i].name, name))
            return true;
    }
    return false;
}
