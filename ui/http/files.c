/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- the files of the page: from the program, or with --dev from the folder ui/web.
 *
 * A path is looked up by its exact name, so nothing but what was packed can be asked for; --dev is
 * for those who write the page.  Every address that is no file and no API is the page, which reads
 * the address itself; {{base}} in it becomes the base path. */
#include "runtime/base/fs.h"
#include "runtime/base/gzip.h"
#include "runtime/base/hash.h"
#include "ui/http/http_int.h"
#include "ui/web/assets.h"

#define ASSET_MAX ((size_t)16 * 1024 * 1024)

static const sm_asset *find(sm_sv path)
{
    for (const sm_asset *f = sm_web_assets; f->path != NULL; f++)
        if (sm_sv_eq_str(path, f->path))
            return f;
    return NULL;
}

/* The bytes of an asset as they were. */
static sm_sv unpack(sm_arena *a, const sm_asset *f)
{
    sm_sv bytes = { (const char *)f->bytes, f->len };
    sm_error ignored;

    if (f->packed && sm_gunzip(bytes, ASSET_MAX, a, &bytes, &ignored) != SM_OK)
        bytes = SM_SV(""); /* cannot be: it was packed while building */
    return bytes;
}

static bool from_folder(sm_call *c, sm_sv path, sm_sv *bytes)
{
    sm_sv dev = c->server->config.dev;
    sm_error ignored;
    sm_buf b;

    if (dev.len == 0 ||
        sm_fs_read(sm_path_join(c->a, dev, path), ASSET_MAX, c->a, bytes, &ignored) != SM_OK)
        return false;
    if (!sm_asset_is_script(path))
        return true;
    sm_buf_init(&b, 2 * ASSET_MAX);
    sm_specifiers_rewrite(*bytes, path, sm_web_specifiers, &b);
    *bytes = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return true;
}

static sm_sv with_base(sm_call *c, sm_sv html)
{
    sm_sv hole = SM_SV("{{base}}"), rest = html, out;
    ptrdiff_t at;
    sm_buf b;

    sm_buf_init(&b, ASSET_MAX);
    while ((at = sm_sv_find(rest, hole)) >= 0) {
        sm_buf_add(&b, sm_sv_sub(rest, 0, (size_t)at));
        sm_buf_addf(&b, "%.*s/", SM_SV_ARG(c->base));
        rest = sm_sv_sub(rest, (size_t)at + hole.len, rest.len);
    }
    sm_buf_add(&b, rest);
    out = sm_arena_dup(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

sm_code sm_http__page(sm_call *c, sm_error *err)
{
    const sm_asset *asset = find(SM_SV("index.html"));
    sm_sv html;

    if (!from_folder(c, SM_SV("index.html"), &html)) {
        if (asset == NULL)
            return sm_fail(err, SM_E_NOT_FOUND, 0, "the page is not supported yet");
        html = unpack(c->a, asset);
    }
    c->answer.body = with_base(c, html);
    c->answer.type = sm_asset_type(SM_SV("index.html"));
    c->answer.etag = sm_arena_printf(c->a, "\"%.32s\"", sm_sha256_hex(c->answer.body, c->a).ptr);
    return SM_OK;
}

/* "assets/" and a path, as one text; false when a part was cut by a "%2f", which names nothing. */
static bool path_below_assets(sm_call *c, sm_sv *out)
{
    *out = SM_SV("");
    for (size_t i = 1; i < c->uri.n_segments; i++) {
        if (sm_sv_find_char(c->uri.segments[i], '/') >= 0)
            return false;
        *out = sm_arena_printf(c->a, "%.*s%s%.*s", SM_SV_ARG(*out), i > 1 ? "/" : "",
                               SM_SV_ARG(c->uri.segments[i]));
    }
    return out->len > 0;
}

static void give_asset(sm_call *c, const sm_asset *asset)
{
    c->answer.packed = asset->packed && sm_call__accepts_gzip(c);
    c->answer.body =
        c->answer.packed ? (sm_sv){ (const char *)asset->bytes, asset->len } : unpack(c->a, asset);
    c->answer.etag = sm_sv_cstr(asset->etag);
}

sm_code sm_http__asset(sm_call *c, sm_error *err)
{
    const sm_asset *asset;
    sm_sv path;

    if (!path_below_assets(c, &path) || sm_asset_type(path) == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no such file");
    c->answer.type = sm_asset_type(path);
    if (from_folder(c, path, &c->answer.body)) {
        c->answer.cache = "no-store";
        return SM_OK;
    }
    if ((asset = find(path)) == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "there is no file \"%.*s\"", SM_SV_ARG(path));
    give_asset(c, asset);
    return SM_OK;
}
