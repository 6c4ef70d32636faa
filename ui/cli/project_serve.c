/* SPDX-License-Identifier: Apache-2.0 */
/* project_serve.c -- see the header.
 *
 * A folder is where it really is: links are followed, as far as it is there already.  smelt.yml
 * itself is trusted: whoever writes it decides what the server may do. */
#include "ui/cli/project_serve.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"
#include "runtime/base/tls_pair.h"
#include "runtime/io/egress.h"

void sm_project_note_variable(void *project, sm_sv name, sm_span at)
{
    sm_project *p = project;
    sm_used_variable *u = SM_NEW(p->a, sm_used_variable);

    for (const sm_used_variable *v = p->used; v != NULL; v = v->next)
        if (v->at.line == at.line && v->at.column == at.column && v->at.file == at.file)
            return; /* a document is read more than once */
    *u = (sm_used_variable){ p->used, sm_arena_dup(p->a, name), at };
    p->used = u;
}

static bool is_listed(const sm_spec_texts *list, sm_sv name)
{
    for (size_t i = 0; i < list->n; i++)
        if (sm_sv_eq(list->items[i].text, name))
            return true;
    return false;
}

static void check_variables(sm_project *p)
{
    const sm_spec_texts *allowed = &p->spec->server.environment_allow;

    for (const sm_used_variable *u = p->used; u != NULL; u = u->next) {
        bool trusted = p->root != NULL && u->at.file != NULL && strcmp(u->at.file, p->root) == 0;

        if (trusted || is_listed(allowed, u->name))
            continue;
        sm_diag_add(p->diags, "SM0906", u->at,
                    "the server gives no variable \"%.*s\" of its environment to pipelines",
                    SM_SV_ARG(u->name));
        sm_diag_hint(p->diags, "list it in smelt.yml: server: {environment_allow: [%.*s]}",
                     SM_SV_ARG(u->name));
    }
}

/* The real path of the longest part that is there, with the rest as it is written. */
static sm_sv real_path(sm_arena *a, sm_sv path)
{
    char real[PATH_MAX];
    sm_sv there = path;

    while (there.len > 1 && realpath(sm_arena_cstr(a, there), real) == NULL)
        there = sm_path_dir(there);
    if (there.len <= 1)
        return path;
    return sm_arena_printf(a, "%s%.*s", real, (int)(path.len - there.len), path.ptr + there.len);
}

static bool is_below(sm_arena *a, sm_sv path, sm_sv root)
{
    sm_sv real = real_path(a, path), base = real_path(a, root);

    while (base.len > 1 && base.ptr[base.len - 1] == '/')
        base.len--;
    return sm_sv_eq(real, base) || base.len <= 1 ||
           (sm_sv_starts(real, base) && real.ptr[base.len] == '/');
}

static sm_sv absolute(const sm_project *p, sm_sv path)
{
    sm_error ignored;
    const char *joined = sm_path_is_absolute(path) ? sm_arena_cstr(p->a, path)
                                                   : sm_path_join(p->a, p->base_dir, path);
    const char *out = sm_path_absolute(p->a, joined, &ignored);

    return out == NULL ? sm_sv_cstr(joined) : sm_sv_cstr(out);
}

/* Of smelt.yml; without one, of the pipeline. */
static sm_sv project_folder(const sm_project *p)
{
    sm_error ignored;
    const char *file = p->root == NULL ? NULL : sm_path_absolute(p->a, p->root, &ignored);

    return file == NULL ? p->base_dir : sm_path_dir(sm_sv_cstr(file));
}

static bool is_allowed(const sm_project *p, sm_sv path)
{
    const sm_spec_texts *roots = &p->spec->server.roots;

    for (size_t i = 0; i < roots->n; i++)
        if (is_below(p->a, path, absolute(p, roots->items[i].text)))
            return true;
    if (roots->n > 0)
        return false;
    return is_below(p->a, path, project_folder(p));
}

static void check_folder(sm_project *p, sm_sv path, sm_span at, const char *what)
{
    if (path.len == 0 || sm_sv_find(path, SM_SV("://")) >= 0 || is_allowed(p, path))
        return;
    sm_diag_add(p->diags, "SM0905", at, "%s lies outside of the folders that the server may go to",
                what);
    sm_diag_hint(p->diags, "list its folder in smelt.yml: server: {roots: [., %.*s]}",
                 SM_SV_ARG(path));
}

/* The folders before the first wildcard. */
static sm_sv fixed_part(sm_sv path)
{
    size_t n = 0, slash = 0;

    while (n < path.len && strchr("*?[{", path.ptr[n]) == NULL) {
        if (path.ptr[n] == '/')
            slash = n;
        n++;
    }
    return n == path.len ? path : sm_sv_sub(path, 0, slash);
}

static void check_source(sm_project *p, const sm_spec_source *s)
{
    sm_sv path = sm_json_get_sv(s->options, "path", SM_SV(""));

    if (path.len == 0 || sm_sv_find(path, SM_SV("://")) >= 0)
        return;
    path = fixed_part(path);
    check_folder(p, path.len == 0 ? p->base_dir : absolute(p, path), s->name.at,
                 sm_arena_printf(p->a, "what source \"%.*s\" reads", SM_SV_ARG(s->name.text)).ptr);
}

/* host:port, with commas; a host in brackets may have colons. */
static void check_brokers(sm_project *p, sm_sv brokers, sm_span at, const char *what)
{
    const sm_spec_texts *listed = &p->spec->server.egress;
    sm_sv *patterns = SM_NEW_N(p->a, sm_sv, listed->n + 1), rest = brokers, broker;
    sm_egress e = { .patterns = patterns };
    sm_error ignored;

    for (size_t i = 0; i < listed->n; i++)
        patterns[e.n++] = listed->items[i].text;
    while (sm_sv_next(&rest, ',', &broker)) {
        size_t colon = broker.len;
        int64_t port = 9092;

        while (colon > 0 && broker.ptr[colon - 1] != ':' && broker.ptr[colon - 1] != ']')
            colon--;
        if (colon > 0 && broker.ptr[colon - 1] == ':')
            (void)sm_sv_to_int64(sm_sv_sub(broker, colon, broker.len), &port);
        else
            colon = broker.len + 1;
        broker = sm_sv_trim(sm_sv_sub(broker, 0, colon - 1));
        if (broker.len == 0 || sm_egress_host(&e, broker, (int)port, &ignored) == SM_OK)
            continue;
        sm_diag_add(p->diags, "SM0907", at,
                    "%s names the broker \"%.*s\", which the server does not "
                    "go to",
                    what, SM_SV_ARG(broker));
        sm_diag_hint(p->diags,
                     "name a connection of smelt.yml, or list the host there: server: "
                     "{egress: [\"%.*s\"]}",
                     SM_SV_ARG(broker));
    }
}

static void check_sources(sm_project *p)
{
    for (size_t i = 0; i < p->spec->sources.n; i++) {
        const sm_spec_source *s = &p->spec->sources.items[i];

        check_source(p, s);
        check_brokers(p, sm_json_get_sv(s->options, "brokers", SM_SV("")), s->name.at,
                      sm_arena_printf(p->a, "source \"%.*s\"", SM_SV_ARG(s->name.text)).ptr);
    }
}

void sm_project_check_served(sm_project *p)
{
    const sm_spec *s = p->spec;

    check_variables(p);
    check_folder(p, p->storage_dir, s->storage.at, "`storage`");
    check_folder(p, p->state_dir, s->state.path.at, "`state.path`");
    check_sources(p);
    for (size_t i = 0; i < s->sinks.n; i++)
        check_brokers(
            p, s->sinks.items[i].brokers.text, s->sinks.items[i].brokers.at,
            sm_arena_printf(p->a, "sink \"%.*s\"", SM_SV_ARG(s->sinks.items[i].name.text)).ptr);
}

void sm_project_check_tls(sm_project *p)
{
    const sm_spec_tls *tls = &p->spec->server.tls;
    sm_sv certificate, key;
    sm_error err;

    if (tls->certificate.text.len == 0 || tls->key.text.len == 0 ||
        sm_tls_pair_read(sm_path_join(p->a, p->base_dir, tls->certificate.text),
                         sm_path_join(p->a, p->base_dir, tls->key.text), p->a, &certificate, &key,
                         &err) == SM_OK)
        return;
    sm_diag_add(p->diags, "SM0908", tls->at, "`smelt serve` could not start: %s", err.msg);
}
