/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c -- smelt explain: what a code of a diagnostic means. */
#include "runtime/base/diag.h"
#include "runtime/base/suggest.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"

static int unknown_code(const sm_cli *c, sm_sv code)
{
    const sm_diag_def *defs;
    sm_sv *names;
    size_t n, close;

    defs = sm_diag_defs(&n);
    names = SM_NEW_N(c->a, sm_sv, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = sm_sv_cstr(defs[i].id);
    close = sm_suggest(code, names, n);
    if (close < n)
        return sm_cli_usage(c, "there is no code \"%.*s\"; did you mean %.*s?", SM_SV_ARG(code),
                            SM_SV_ARG(names[close]));
    return sm_cli_usage(c, "there is no code \"%.*s\"; codes look like SM0203", SM_SV_ARG(code));
}

static sm_json *explain_document(const sm_cli *c, const sm_diag_def *d)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "code", sm_sv_cstr(d->id));
    sm_json_set_string(doc, "area", sm_sv_cstr(sm_diag_area(sm_sv_cstr(d->id))));
    sm_json_set_string(doc, "severity",
                       d->severity == SM_SEVERITY_ERROR ? SM_SV("error") : SM_SV("warning"));
    sm_json_set_string(doc, "title", sm_sv_cstr(d->title));
    sm_json_set_string(doc, "explanation", sm_sv_cstr(d->explanation));
    return doc;
}

static int list_codes(const sm_cli *c)
{
    const sm_diag_def *defs;
    sm_json *list = sm_json_array(c->a);
    sm_buf b;
    size_t n;

    defs = sm_diag_defs(&n);
    sm_buf_init(&b, 1024 * 1024);
    for (size_t i = 0; i < n; i++) {
        sm_json_append(list, explain_document(c, &defs[i]));
        sm_buf_addf(&b, "%s  %s\n", defs[i].id, defs[i].title);
    }
    if (!c->json)
        return sm_cli_out(&b);
    sm_buf_release(&b);
    return sm_cli_out_json(c, list);
}

static sm_sv upper(sm_arena *a, const char *text)
{
    sm_sv s = sm_sv_cstr(text);
    char *out = SM_NEW_N(a, char, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        out[i] = s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? (char)(s.ptr[i] - 'a' + 'A') : s.ptr[i];
    return (sm_sv){ out, s.len };
}

static int explain_exec(sm_cli *c)
{
    const sm_diag_def *d;
    sm_buf b;
    sm_sv code;

    if (c->n_args == 0)
        return list_codes(c);
    if (c->n_args > 1)
        return sm_cli_usage(c, "one code at a time");
    code = upper(c->a, c->args[0]);
    if ((d = sm_diag_lookup(code)) == NULL)
        return unknown_code(c, code);
    if (c->json)
        return sm_cli_out_json(c, explain_document(c, d));
    sm_buf_init(&b, 64 * 1024);
    sm_buf_addf(&b, "%s: %s\n\n%s\n", d->id, d->title, d->explanation);
    return sm_cli_out(&b);
}

const sm_command sm_command_explain = {
    .name = "explain",
    .group = "author",
    .summary = "Explain the code of a diagnostic",
    .usage = "[CODE]",
    .examples = "smelt explain SM0203\nsmelt explain",
    .exec = explain_exec,
};
