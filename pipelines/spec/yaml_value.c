/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_value.c -- a node as words for a message, and a node made of another one. */
#include "pipelines/spec/yaml_int.h"

/* Texts in messages are cut to this many bytes. */
#define SHOWN 40

sm_sv sm_yaml_describe(const sm_yaml_node *n, sm_arena *a)
{
    size_t shown = n->text.len < SHOWN ? n->text.len : SHOWN;

    while (shown > 0 && shown < n->text.len && (n->text.ptr[shown] & 0xC0) == 0x80)
        shown--;
    switch (n->kind) {
    case SM_YAML_NULL:
        return SM_SV("nothing");
    case SM_YAML_LIST:
        return SM_SV("a list");
    case SM_YAML_MAP:
        return SM_SV("a map");
    case SM_YAML_BOOL:
        return n->boolean ? SM_SV("true") : SM_SV("false");
    case SM_YAML_INT:
    case SM_YAML_FLOAT:
        return sm_arena_printf(a, "the number %.*s", (int)shown, n->text.ptr);
    case SM_YAML_STRING:
        break;
    }
    return sm_arena_printf(a, "the text \"%.*s%s\"", (int)shown, n->text.ptr,
                           shown < n->text.len ? "…" : "");
}

const sm_yaml_node *sm_yaml_made(const sm_yaml_node *n, sm_sv text, bool typed, sm_arena *a)
{
    sm_yaml_node *made = SM_NEW(a, sm_yaml_node);

    *made = *n;
    made->kind = SM_YAML_STRING;
    made->text = text;
    made->style = SM_YAML_MADE;
    if (typed)
        sm_yaml__resolve(made);
    return made;
}

sm_yaml_node *sm_yaml_made_map(const sm_yaml_node *n, size_t most, sm_arena *a)
{
    sm_yaml_node *made = SM_NEW(a, sm_yaml_node);

    *made = *n;
    made->kind = SM_YAML_MAP;
    made->text = SM_SV("");
    made->items = SM_NEW_N(a, sm_yaml_node *, 2 * most + 1);
    made->n = 0;
    return made;
}

void sm_yaml_put(sm_yaml_node *map, const sm_yaml_node *key, const sm_yaml_node *value)
{
    /* trees are read-only behind the loader; the cast only drops the word */
    map->items[2 * map->n] = (sm_yaml_node *)key;
    map->items[2 * map->n + 1] = (sm_yaml_node *)value;
    map->n++;
}
