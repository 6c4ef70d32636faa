/* SPDX-License-Identifier: Apache-2.0 */
/* spec_bind.c -- a tree and the tables of keys become typed structs.
 *
 * The walk is the same for every block: each pair of the map finds its row and binds its
 * value, each row without a pair gets its default.  A fault is told and the walk goes on, so
 * that one pass finds them all; the struct that has one is marked `broken`.
 */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/suggest.h"

/* Keys listed in a message about an unknown one. */
#define MAX_NAMES 64

typedef struct names {
    sm_sv items[MAX_NAMES];
    size_t n;
} names;

static void add_name(names *list, const char *name)
{
    if (list->n < MAX_NAMES)
        list->items[list->n++] = sm_sv_cstr(name);
}

static void add_keys(names *list, const sm_block *block, const sm_spec_unit *unit)
{
    for (const sm_key *k = block->keys; k->name; k++)
        add_name(list, k->name);
    for (const sm_option *o = unit ? unit->options : NULL; o && o->name; o++)
        add_name(list, o->name);
}

static const char *joined(const sm_bind *b, const names *list)
{
    sm_buf buf;
    const char *text;

    sm_buf_init(&buf, 8192);
    for (size_t i = 0; i < list->n; i++)
        sm_buf_addf(&buf, "%s%.*s", i ? ", " : "", SM_SV_ARG(list->items[i]));
    text = sm_arena_cstr(b->a, sm_buf_sv(&buf));
    sm_buf_release(&buf);
    return text;
}

void sm_spec__tell_unknown(const sm_bind *b, const sm_block *block, const sm_spec_unit *unit,
                           sm_pair p)
{
    const sm_yaml_node *key = p.key;
    names list = { .n = 0 };
    const char *habit;
    size_t near;

    add_keys(&list, block, unit);
    if (unit)
        sm_diag_add(b->d, "SM0110", sm_yaml_span(key), "%s of type `%s` has no key `%.*s`",
                    block->what, unit->name, SM_SV_ARG(key->text));
    else
        sm_diag_add(b->d, "SM0110", sm_yaml_span(key), "%s has no key `%.*s`", block->what,
                    SM_SV_ARG(key->text));
    habit = sm_spec__habit(block->what, key->text);
    near = sm_suggest(key->text, list.items, list.n);
    if (near == list.n)
        near = sm_suggest(sm_spec__snake(key->text, b->a), list.items, list.n);
    if (sm_key_listed(block->elsewhere, key->text))
        sm_diag_hint(b->d, "it stands in smelt.yml, for all pipelines of the project");
    else if (p.value->start == key->end) /* no colon: it stands in { } */
        sm_diag_hint(b->d, "inside { } a comma ends a value: put the value in quotes");
    else if (habit)
        sm_diag_hint(b->d, "%s", habit);
    else if (near < list.n)
        sm_diag_hint(b->d, "did you mean `%.*s`? Its keys are %s", SM_SV_ARG(list.items[near]),
                     joined(b, &list));
    else
        sm_diag_hint(b->d, "its keys are %s", joined(b, &list));
}

static bool is_extension(const sm_block *block, sm_sv key)
{
    return block->extensions && key.len > 2 && memcmp(key.ptr, "x-", 2) == 0;
}

/* A pair whose key is not in the table of the block. */
static void bind_other(const sm_bind *b, const sm_block *block, const sm_spec_unit *unit, sm_pair p)
{
    if (is_extension(block, p.key->text) || (unit && sm_option_find(unit->options, p.key->text)))
        return;
    if (block->units && !unit)
        return; /* without its type nobody knows the keys of a source */
    if (sm_key_listed(block->later, p.key->text)) {
        sm_diag_add(b->d, "SM0111", sm_yaml_span(p.key), "`%.*s` is not supported yet",
                    SM_SV_ARG(p.key->text));
        return;
    }
    sm_spec__tell_unknown(b, block, unit, p);
}

/* True when a key is there that is not supported yet: perhaps the one that seems missing. */
static bool has_later(const sm_block *block, const sm_yaml_node *map)
{
    for (size_t i = 0; i < map->n; i++)
        if (sm_key_listed(block->later, map->items[2 * i]->text))
            return true;
    return false;
}

static sm_span place_of(sm_pair p)
{
    return sm_yaml_span(p.key ? p.key : p.value);
}

static void bind_missing(const sm_bind *b, const sm_block *block, sm_pair p, void *out)
{
    for (const sm_key *k = block->keys; k->name; k++) {
        if (sm_yaml_get(p.value, k->name))
            continue;
        if (k->required && !(k->kind == SM_KEY_SQL && has_later(block, p.value))) {
            sm_diag_add(b->d, "SM0112", place_of(p), "%s needs `%s`", block->what, k->name);
            sm_diag_hint(b->d, "%s", k->doc);
        }
        sm_spec__bind_default(b, k, (char *)out + k->offset);
    }
}

/* What others refer to, before them. */
static void bind_early(const sm_bind *b, const sm_block *block, const sm_yaml_node *map, void *out)
{
    if (block != &sm_block_pipeline)
        return;
    for (size_t i = 0; i < map->n; i++) {
        const sm_key *key = sm_key_find(block, map->items[2 * i]->text);

        if (key && key->early)
            sm_spec__bind_value(b, key, (sm_pair){ map->items[2 * i], map->items[2 * i + 1] },
                                (char *)out + key->offset);
    }
    sm_spec__set_variables(b, out);
}

static void bind_pairs(const sm_bind *b, const sm_block *block, const sm_spec_unit *unit,
                       const sm_yaml_node *map, void *out)
{
    bind_early(b, block, map, out);
    for (size_t i = 0; i < map->n; i++) {
        sm_pair p = { map->items[2 * i], map->items[2 * i + 1] };
        const sm_key *key = sm_key_find(block, p.key->text);

        if (!key)
            bind_other(b, block, unit, p);
        else if (!key->early)
            sm_spec__bind_value(b, key, p, (char *)out + key->offset);
    }
}

sm_pair sm_spec__pair(const sm_yaml_node *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++)
        if (sm_sv_eq_str(map->items[2 * i]->text, key))
            return (sm_pair){ map->items[2 * i], map->items[2 * i + 1] };
    return (sm_pair){ NULL, NULL };
}

/* Exactly one of the keys in block->one_of. */
static void check_one_of(const sm_bind *b, const sm_block *block, sm_pair p)
{
    sm_pair first = { NULL, NULL };
    names list = { .n = 0 };

    for (const char *const *k = block->one_of; k && *k; k++) {
        sm_pair found = sm_spec__pair(p.value, *k);

        add_name(&list, *k);
        if (found.key && first.key) {
            sm_diag_add(b->d, "SM0123", sm_yaml_span(found.key),
                        "%s has `%.*s` and `%.*s`, and takes only one of them", block->what,
                        SM_SV_ARG(first.key->text), SM_SV_ARG(found.key->text));
            sm_diag_see(b->d, sm_yaml_span(first.key), "the other one stands here");
        }
        if (!first.key)
            first = found;
    }
    if (!block->one_of || first.key || has_later(block, p.value))
        return;
    sm_diag_add(b->d, "SM0123", place_of(p), "%s needs one of %s", block->what, joined(b, &list));
}

/* Keys that this variant of the block does not have, and those that it cannot do without. */
static void check_variant(const sm_bind *b, const sm_block *block, sm_pair p, const void *out)
{
    const sm_key *type = sm_key_variant(block);
    sm_spec_enum kind;

    if (!type)
        return;
    memcpy(&kind, (const char *)out + type->offset, sizeof(kind));
    for (const sm_key *k = block->keys; k->name; k++) {
        sm_pair found = sm_spec__pair(p.value, k->name);

        if (found.key && (k->except >> kind.v & 1U) && block == &sm_block_connection)
            sm_diag_add(b->d, "SM0124", sm_yaml_span(found.key),
                        "a connection of type `%s` has no `%s`", type->choices[kind.v], k->name);
        else if (found.key && (k->except >> kind.v & 1U))
            sm_diag_add(b->d, "SM0124", sm_yaml_span(found.key), "a %s has no `%s`",
                        type->choices[kind.v], k->name);
        if (found.key && (k->single_in >> kind.v & 1U) && sm_spec__is_map_of_maps(found.value))
            sm_diag_add(b->d, "SM0124", sm_yaml_span(found.key),
                        "a %s has one `%s`, and no map of them", type->choices[kind.v], k->name);
        if (!found.key && (k->needed >> kind.v & 1U) && kind.at.line != 0) {
            sm_diag_add(b->d, "SM0112", place_of(p), "%s `%s` needs `%s`", block->what,
                        type->choices[kind.v], k->name);
            sm_diag_hint(b->d, "%s", k->doc);
        }
    }
}

/* A node that reads `text` in the place of `n`: the key that somebody left out. */
static const sm_yaml_node *key_in_place(const sm_bind *b, const sm_yaml_node *n, const char *text)
{
    return sm_yaml_made(n, sm_sv_cstr(text), false, b->a);
}

/* {regex: {pattern: x}} is {test: regex, pattern: x}, where the choice of the variant is known. */
static const sm_yaml_node *unfold(const sm_bind *b, const sm_block *block, const sm_yaml_node *map)
{
    const sm_key *variant = sm_key_variant(block);
    const sm_yaml_node *inner;
    sm_yaml_node *made;

    if (!variant || !block->shorthand || strcmp(block->shorthand, variant->name) != 0 ||
        map->n != 1)
        return map;
    inner = map->items[1];
    if (!(sm_key_listed(variant->choices, map->items[0]->text) ||
          sm_key_listed(variant->later, map->items[0]->text)) ||
        (inner->kind != SM_YAML_MAP && inner->kind != SM_YAML_NULL) ||
        (inner->kind == SM_YAML_MAP && sm_yaml_get(inner, variant->name)))
        return map;
    made = SM_NEW(b->a, sm_yaml_node);
    *made = *map;
    made->n = 1 + (inner->kind == SM_YAML_MAP ? inner->n : 0);
    made->items = SM_NEW_N(b->a, sm_yaml_node *, 2 * made->n);
    made->items[0] = (sm_yaml_node *)(uintptr_t)key_in_place(b, map->items[0], variant->name);
    made->items[1] = map->items[0];
    if (made->n > 1)
        memcpy(made->items + 2, inner->items, 2 * inner->n * sizeof(*made->items));
    return made;
}

/* A scalar where the block has a short form. */
static void bind_shorthand(const sm_bind *b, const sm_block *block, sm_pair p, void *out)
{
    if (!p.key) /* an item of a list */
        p.key = key_in_place(b, p.value, block->shorthand);
    for (const sm_key *k = block->keys; k->name; k++)
        if (strcmp(k->name, block->shorthand) == 0)
            sm_spec__bind_value(b, k, p, (char *)out + k->offset);
        else
            sm_spec__bind_default(b, k, (char *)out + k->offset);
}

/* A source: which keys it has depends on its type. */
static const sm_spec_unit *bind_unit(const sm_bind *b, sm_pair p, sm_spec_source *s)
{
    sm_pair type = sm_spec__pair(p.value, "type");

    if (!type.key)
        return NULL;
    s->unit = sm_spec__unit(b, type);
    if (s->unit)
        sm_spec__bind_options(b, p, s);
    return s->unit;
}

static void bind_map(const sm_bind *b, const sm_block *block, sm_pair p, void *out)
{
    const sm_spec_unit *unit = block->units ? bind_unit(b, p, out) : NULL;

    p.value = unfold(b, block, p.value);
    bind_pairs(b, block, unit, p.value, out);
    bind_missing(b, block, p, out);
    check_variant(b, block, p, out);
    check_one_of(b, block, p);
}

void sm_spec__bind_block(const sm_bind *b, const sm_block *block, sm_pair p, void *out)
{
    size_t before = sm_diags_errors(b->d);
    sm_span at = place_of(p);
    bool broken;

    memcpy((char *)out + block->at, &at, sizeof(at));
    if (p.value->kind == SM_YAML_MAP)
        bind_map(b, block, p, out);
    else if (block->shorthand && p.value->kind != SM_YAML_LIST && p.value->kind != SM_YAML_NULL)
        bind_shorthand(b, block, p, out);
    else
        sm_spec__wrong_kind(b, p,
                            block == &sm_block_expectation ? "SQL as text, or a map of keys"
                            : block->shorthand             ? "a value, or a map of keys"
                                                           : "a map of keys");
    broken = sm_diags_errors(b->d) > before;
    if (block->broken)
        memcpy((char *)out + block->broken, &broken, sizeof(broken));
}
