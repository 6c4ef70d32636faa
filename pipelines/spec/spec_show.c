/* SPDX-License-Identifier: Apache-2.0 */
/* spec_show.c -- a spec with all its defaults, each value with where it came from. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/duration.h"

typedef struct show {
    sm_arena *a;
    sm_json *rows;
} show;

static sm_sv origin_of(const show *s, sm_span at)
{
    if (at.line == 0)
        return SM_SV("default");
    return sm_arena_printf(s->a, "%s:%u:%u", at.file, at.line, at.column);
}

static void add_row(const show *s, sm_sv key, sm_json *value, sm_sv origin)
{
    sm_json *row = sm_json_object(s->a);

    sm_json_set(row, "key", sm_json_string(s->a, key));
    sm_json_set(row, "value", value);
    sm_json_set(row, "origin", sm_json_string(s->a, origin));
    sm_json_append(s->rows, row);
}

static void show_block(const show *s, const sm_block *block, sm_sv prefix, const void *from);

static void show_text(const show *s, sm_sv name, const void *from)
{
    const sm_text *t = from;

    add_row(s, name, sm_json_string(s->a, t->text), origin_of(s, t->at));
}

static void show_texts(const show *s, sm_sv name, const void *from)
{
    const sm_spec_texts *list = from;
    sm_json *items = sm_json_array(s->a);

    for (size_t i = 0; i < list->n; i++)
        sm_json_append(items, sm_json_string(s->a, list->items[i].text));
    add_row(s, name, items, origin_of(s, list->at));
}

static void show_scalar(const show *s, sm_sv name, const void *from)
{
    const sm_spec_scalar *value = from;

    if (value->type)
        show_text(s, name, &value->text);
}

static void show_scalars(const show *s, sm_sv name, const void *from)
{
    const sm_spec_scalars *list = from;
    sm_json *items = sm_json_array(s->a);

    for (size_t i = 0; i < list->n; i++)
        sm_json_append(items, sm_json_string(s->a, list->items[i].text.text));
    add_row(s, name, items, origin_of(s, list->at));
}

/* The values of spec.h that end with a place. */
static void show_plain(const show *s, const sm_key *key, sm_sv name, const void *from)
{
    const sm_spec_int *number = from;
    const sm_spec_number *amount = from;
    const sm_spec_enum *choice = from;
    const sm_spec_bool *boolean = from;
    const sm_spec_json *json = from;

    if (key->kind == SM_KEY_ENUM)
        add_row(s, name, sm_json_string(s->a, sm_sv_cstr(key->choices[choice->v])),
                origin_of(s, choice->at));
    else if (key->kind == SM_KEY_BOOL)
        add_row(s, name, sm_json_bool(s->a, boolean->v), origin_of(s, boolean->at));
    else if ((key->kind == SM_KEY_JSON || key->kind == SM_KEY_PROPERTIES) && json->v)
        add_row(s, name, sm_json_copy(s->a, json->v), origin_of(s, json->at));
    else if (key->kind == SM_KEY_NUMBER)
        add_row(s, name, amount->v > 0 ? sm_json_real(s->a, amount->v) : sm_json_null(s->a),
                origin_of(s, amount->at));
    else if ((key->kind == SM_KEY_INT || key->kind == SM_KEY_DURATION) && key->fallback_doc &&
             number->at.line == 0)
        add_row(s, name, sm_json_null(s->a), origin_of(s, number->at));
    else if (key->kind == SM_KEY_INT || key->kind == SM_KEY_SIZE)
        add_row(s, name, sm_json_int(s->a, number->v), origin_of(s, number->at));
    else if (key->kind == SM_KEY_DURATION)
        add_row(s, name, sm_json_string(s->a, sm_duration_text(number->v, s->a)),
                origin_of(s, number->at));
}

static void show_items(const show *s, const sm_key *key, sm_sv name, const void *from)
{
    sm_spec_items list;

    memcpy(&list, from, sizeof(list));
    for (size_t i = 0; i < list.n; i++) {
        const char *item = (const char *)list.items + i * key->block->size;
        sm_text own;

        memcpy(&own, item, sizeof(own)); /* both kinds begin with their name */
        show_block(s, key->block,
                   sm_arena_printf(s->a, "%.*s.%.*s%s", SM_SV_ARG(name), SM_SV_ARG(own.text),
                                   own.text.len > 0 ? "." : ""),
                   item);
    }
}

/* Its name; what it is stands nowhere. */
static void show_secret(const show *s, sm_sv name, const void *from)
{
    const sm_text *t = from;

    if (sm_text_set(t))
        add_row(s, name,
                sm_json_string(s->a, sm_arena_printf(s->a, "${secret.%.*s}", SM_SV_ARG(t->text))),
                origin_of(s, t->at));
}

static void show_value(const show *s, const sm_key *key, sm_sv name, const void *from)
{
    switch (key->kind) {
    case SM_KEY_TEXT:
    case SM_KEY_SQL:
    case SM_KEY_CHOICE:
        show_text(s, name, from);
        return;
    case SM_KEY_ENUM:
    case SM_KEY_INT:
    case SM_KEY_NUMBER:
    case SM_KEY_SIZE:
    case SM_KEY_DURATION:
    case SM_KEY_BOOL:
    case SM_KEY_JSON:
    case SM_KEY_PROPERTIES:
        show_plain(s, key, name, from);
        return;
    case SM_KEY_TEXTS:
        show_texts(s, name, from);
        return;
    case SM_KEY_SECRET:
        show_secret(s, name, from);
        return;
    case SM_KEY_SCALAR:
        show_scalar(s, name, from);
        return;
    case SM_KEY_SCALARS:
        show_scalars(s, name, from);
        return;
    case SM_KEY_MERGED:
    case SM_KEY_NODE:
        return;
    case SM_KEY_BLOCK:
        show_block(s, key->block, sm_arena_printf(s->a, "%.*s.", SM_SV_ARG(name)), from);
        return;
    case SM_KEY_MAP:
    case SM_KEY_LIST:
        show_items(s, key, name, from);
        return;
    }
}

/* A key that this block could not have is not shown, nor one of several that was not taken. */
static bool is_shown(const sm_block *block, const sm_key *key, const void *from)
{
    const sm_key *type = sm_key_variant(block);
    sm_spec_enum kind;
    sm_spec_texts texts;
    sm_text text;
    sm_span at;

    if (sm_key_listed(block->one_of, sm_sv_cstr(key->name)) && key->kind == SM_KEY_TEXTS) {
        memcpy(&texts, (const char *)from + key->offset, sizeof(texts));
        return texts.at.line != 0;
    }
    if (key->kind == SM_KEY_BLOCK &&
        (key->optional || sm_key_listed(block->one_of, sm_sv_cstr(key->name)))) {
        memcpy(&at, (const char *)from + key->offset + key->block->at, sizeof(at));
        return at.line != 0;
    }
    if (sm_key_listed(block->one_of, sm_sv_cstr(key->name)) && key->kind != SM_KEY_MAP) {
        memcpy(&text, (const char *)from + key->offset, sizeof(text));
        return sm_text_set(&text);
    }
    if (!type)
        return true;
    memcpy(&kind, (const char *)from + type->offset, sizeof(kind));
    return (key->except >> kind.v & 1U) == 0;
}

static void show_block(const show *s, const sm_block *block, sm_sv prefix, const void *from)
{
    for (const sm_key *k = block->keys; k->name; k++)
        if (is_shown(block, k, from))
            show_value(s, k, sm_arena_printf(s->a, "%.*s%s", SM_SV_ARG(prefix), k->name),
                       (const char *)from + k->offset);
}

static void show_options(const show *s, const sm_spec_source *source)
{
    for (const sm_option *o = source->unit ? source->unit->options : NULL; o && o->name; o++)
        add_row(s, sm_sv_cstr(o->name), sm_json_copy(s->a, sm_json_get(source->options, o->name)),
                sm_json_get_sv(source->origins, o->name, SM_SV("default")));
}

static void show_variables(const show *s, const sm_spec_variables *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const sm_spec_variable *v = &list->items[i];

        add_row(s, sm_arena_printf(s->a, "variables.%.*s", SM_SV_ARG(v->name.text)),
                v->has_value ? sm_json_string(s->a, v->value) : sm_json_null(s->a), v->origin);
    }
}

/* What is shared and not merged into the keys of the pipeline. */
static void show_project(const show *s, const sm_spec *spec)
{
    const struct {
        const char *key;
        const void *from;
    } maps[] = { { "secrets", &spec->secrets }, { "connections", &spec->connections } };

    if (spec->target.len > 0)
        add_row(s, SM_SV("target"), sm_json_string(s->a, spec->target), SM_SV("smelt.yml"));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        show_value(s, sm_key_find(&sm_block_project, sm_sv_cstr(maps[i].key)),
                   sm_sv_cstr(maps[i].key), maps[i].from);
}

static void show_pipeline(const show *s, const sm_spec *spec)
{
    for (const sm_key *k = sm_block_pipeline.keys; k->name; k++)
        if (k->kind != SM_KEY_MAP)
            show_value(s, k, sm_sv_cstr(k->name), (const char *)spec + k->offset);
    show_variables(s, &spec->variables);
    show_project(s, spec);
}

sm_json *sm_spec_resolved(const sm_spec *spec, sm_sv name, sm_arena *a)
{
    show s = { a, sm_json_array(a) };

    if (name.len == 0) {
        show_pipeline(&s, spec);
        return s.rows;
    }
    for (size_t i = 0; i < spec->sources.n; i++) {
        if (!sm_sv_eq_nocase(spec->sources.items[i].name.text, name))
            continue;
        show_block(&s, &sm_block_source, SM_SV(""), &spec->sources.items[i]);
        show_options(&s, &spec->sources.items[i]);
        return s.rows;
    }
    for (size_t i = 0; i < spec->tables.n; i++) {
        if (!sm_sv_eq_nocase(spec->tables.items[i].name.text, name))
            continue;
        show_block(&s, &sm_block_table, SM_SV(""), &spec->tables.items[i]);
        return s.rows;
    }
    for (size_t i = 0; i < spec->sinks.n; i++) {
        if (!sm_sv_eq_nocase(spec->sinks.items[i].name.text, name))
            continue;
        show_block(&s, &sm_block_sink, SM_SV(""), &spec->sinks.items[i]);
        return s.rows;
    }
    return NULL;
}
