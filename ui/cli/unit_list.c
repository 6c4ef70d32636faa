/* SPDX-License-Identifier: Apache-2.0 */
/* unit_list.c -- options of sources and sinks, printed from the tables that parse them. */
#include "ui/cli/unit_list.h"

#include "runtime/base/suggest.h"
#include "ui/cli/grid.h"

static sm_json *options_document(const sm_cli *c, const sm_option *options)
{
    sm_json *list = sm_json_array(c->a);

    for (const sm_option *o = options; o != NULL && o->name != NULL; o++) {
        sm_json *row = sm_json_object(c->a), *choices = sm_json_array(c->a);

        sm_json_set_string(row, "name", sm_sv_cstr(o->name));
        sm_json_set_string(row, "type", sm_sv_cstr(sm_type_name(o->type)));
        sm_json_set_bool(row, "required", o->fallback == NULL);
        if (o->fallback != NULL)
            sm_json_set_string(row, "default", sm_sv_cstr(o->fallback));
        for (const char *const *k = o->choices; k != NULL && *k != NULL; k++)
            sm_json_append_string(choices, sm_sv_cstr(*k));
        if (o->choices != NULL)
            sm_json_set(row, "choices", choices);
        sm_json_set_string(row, "doc", sm_sv_cstr(o->doc));
        sm_json_append(list, row);
    }
    return list;
}

static sm_json *unit_document(const sm_cli *c, const sm_unit *u)
{
    sm_json *doc = sm_json_object(c->a);

    sm_json_set_string(doc, "name", sm_sv_cstr(u->name));
    sm_json_set_string(doc, "summary", sm_sv_cstr(u->summary));
    if (u->delivery != NULL)
        sm_json_set_string(doc, "delivery", sm_sv_cstr(u->delivery));
    sm_json_set(doc, "options", options_document(c, u->options));
    return doc;
}

static int show_all(const sm_cli *c, const char *noun, const sm_unit *units, size_t n)
{
    sm_json *list = sm_json_array(c->a);
    sm_grid *g = sm_grid_new(c, "l");
    sm_buf b;

    for (size_t i = 0; i < n; i++) {
        sm_json_append(list, unit_document(c, &units[i]));
        sm_grid_row(g);
        sm_grid_cell(g, sm_sv_cstr(units[i].name));
        sm_grid_cell(g, sm_sv_cstr(units[i].summary));
    }
    if (c->json)
        return sm_cli_out_json(c, list);
    sm_buf_init(&b, 64 * 1024);
    sm_grid_print(g, 0, &b);
    if (!c->quiet && n > 0)
        sm_buf_addf(&b, "Next: smelt %s %s\n", noun, units[0].name);
    return sm_cli_out(&b);
}

static int show_one(const sm_cli *c, const sm_unit *u)
{
    sm_grid *g = sm_grid_new(c, "l");
    sm_buf b;

    if (c->json)
        return sm_cli_out_json(c, unit_document(c, u));
    sm_buf_init(&b, 64 * 1024);
    sm_buf_addf(&b, "%s: %s\n", u->name, u->summary);
    if (u->delivery != NULL)
        sm_buf_addf(&b, "Delivery: %s\n", u->delivery);
    for (const sm_option *o = u->options; o != NULL && o->name != NULL; o++) {
        sm_grid_row(g);
        sm_grid_cell(g, sm_sv_cstr(o->name));
        sm_grid_cell(g, o->fallback == NULL ? SM_SV("required") : sm_sv_cstr(o->fallback));
        sm_grid_cell(g, sm_sv_cstr(o->doc));
    }
    sm_grid_print(g, 2, &b);
    return sm_cli_out(&b);
}

int sm_units_show(sm_cli *c, const char *noun, const sm_unit *units, size_t n)
{
    const char *name = sm_cli_arg(c, 0);
    sm_sv *names = SM_NEW_N(c->a, sm_sv, n + 1), all = SM_SV("");
    size_t close;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one name at a time");
    if (name == NULL)
        return show_all(c, noun, units, n);
    for (size_t i = 0; i < n; i++) {
        names[i] = sm_sv_cstr(units[i].name);
        if (sm_sv_eq_str(names[i], name))
            return show_one(c, &units[i]);
        all = sm_arena_printf(c->a, "%.*s%s%s", SM_SV_ARG(all), i > 0 ? ", " : "", units[i].name);
    }
    close = sm_suggest(sm_sv_cstr(name), names, n);
    if (close < n)
        return sm_cli_usage(c, "%s has no \"%s\"; did you mean \"%.*s\"?", noun, name,
                            SM_SV_ARG(names[close]));
    return sm_cli_usage(c, "%s has no \"%s\", only %.*s", noun, name, SM_SV_ARG(all));
}
