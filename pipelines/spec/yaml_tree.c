/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_tree.c -- libyaml's events become a tree.
 *
 * A FILE AND ITS TREE
 *
 *     base: &b {type: files}          MAP
 *     sources:                         ├ "base"    → MAP ─ "type" → "files"       ← anchor b
 *       x:                             └ "sources" → MAP ─ "x" → MAP ─ "path" → "a"
 *         <<: *b                                                     └ "type" → "files"
 *         path: a
 *
 * A map keeps its pairs in file order as key, value, key, value.  An alias is the node of its
 * anchor itself, not a copy: the tree is a DAG, and a place in it is the place of the anchor.
 * `<<` disappears: its pairs stand behind the map's own, without those the map has itself.
 *
 * WHAT BOUNDS IT, since the file may be hostile
 *
 *     bytes     4 MiB, and only valid UTF-8 without odd characters (yaml_source.c)
 *     nodes     1,000,000 made from the file
 *     depth     64, through aliases too: a node knows its height, and an alias is refused
 *               where depth + height would be more
 *     aliases   10,000 nodes in all.  A node knows its weight, the number of nodes in it with
 *               every alias spelled out; the weights of all aliases are summed up
 *
 * INVARIANTS
 *
 *     (1) height is 0 exactly while a node is being built; an alias to such a node would make
 *         a circle and is refused.  So the DAG has none.
 *     (2) The sum of what any walk of the tree meets is at most
 *         SM_YAML_MAX_NODES + SM_YAML_MAX_ALIAS_NODES.
 *     (3) A map has no two pairs with the same key, and every key is a scalar.
 *     (4) Every node has [start, end) inside the file.
 *
 * What goes wrong in one place only (a duplicate key, a tag, an alias without anchor) is told,
 * and the tree goes on without it, so that one pass finds all faults.  What YAML itself cannot
 * go on after ends the parse: there is no tree.
 *
 * Deliberately absent: comments (nobody asks), several documents, tags, YAML 1.1 words.
 */
#include "pipelines/spec/yaml_int.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "runtime/base/strmap.h"

/* Maps up to this size look for a duplicate key one by one. */
#define SMALL_MAP 16

typedef struct build {
    yaml_parser_t parser;
    yaml_event_t event; /* the one at hand */
    bool has_event;
    const sm_yaml_doc *doc;
    sm_arena *a;
    sm_diags *d;
    sm_strmap *anchors; /* name -> index in anchored */
    sm_yaml_node **anchored;
    size_t n_anchored, cap_anchored;
    sm_yaml_node **stack; /* children of the collections being built */
    size_t n_stack, cap_stack;
    size_t nodes, alias_nodes;
} build;

static bool build_node(build *b, size_t depth, sm_yaml_node **out);

static void push(build *b, sm_yaml_node ***items, size_t *n, size_t *cap, sm_yaml_node *item)
{
    if (*n == *cap) {
        size_t more = *cap ? *cap * 2 : 64;
        sm_yaml_node **grown = SM_NEW_N(b->a, sm_yaml_node *, more);

        if (*n > 0)
            memcpy(grown, *items, *n * sizeof(*grown));
        *items = grown;
        *cap = more;
    }
    (*items)[(*n)++] = item;
}

static void push_child(build *b, sm_yaml_node *child)
{
    push(b, &b->stack, &b->n_stack, &b->cap_stack, child);
}

static uint32_t byte_at(const build *b, yaml_mark_t mark)
{
    return sm_yaml__byte_of(b->doc, mark.index);
}

static sm_span event_span(const build *b)
{
    uint32_t start = byte_at(b, b->event.start_mark), end = byte_at(b, b->event.end_mark);

    return sm_yaml__span(b->doc, start, end > start ? end : start);
}

/* Go on to the next event; false when libyaml cannot. */
static bool next_event(build *b)
{
    sm_yaml_fault fault;

    if (b->has_event)
        yaml_event_delete(&b->event);
    b->has_event = yaml_parser_parse(&b->parser, &b->event) != 0;
    if (b->has_event)
        return true;
    fault = (sm_yaml_fault){
        .what = b->parser.context,
        .why = b->parser.problem ? b->parser.problem : "no reason given",
        .context = byte_at(b, b->parser.context_mark),
        .problem = byte_at(b, b->parser.problem_mark),
    };
    sm_yaml__tell(b->doc, &fault, b->d);
    return false;
}

static bool limit_nodes(build *b)
{
    if (++b->nodes <= SM_YAML_MAX_NODES)
        return true;
    sm_diag_add(b->d, "SM0103", event_span(b), "the file has more than %d values",
                SM_YAML_MAX_NODES);
    return false;
}

static bool limit_depth(build *b, size_t depth)
{
    if (depth <= SM_YAML_MAX_DEPTH)
        return true;
    sm_diag_add(b->d, "SM0103", event_span(b), "nested deeper than %d levels", SM_YAML_MAX_DEPTH);
    return false;
}

static sm_yaml_node *new_node(build *b, sm_yaml_kind kind)
{
    sm_yaml_node *n = SM_NEW(b->a, sm_yaml_node);

    n->kind = kind;
    n->doc = b->doc;
    n->start = byte_at(b, b->event.start_mark);
    n->end = byte_at(b, b->event.end_mark);
    return n;
}

static void drop_tag(build *b, const yaml_char_t *tag)
{
    if (!tag)
        return;
    sm_diag_add(b->d, "SM0107", event_span(b), "tags are not allowed");
    sm_diag_hint(b->d, "remove the tag, or put a value in quotes that begins with \"!\"");
}

static void keep_anchor(build *b, const yaml_char_t *anchor, sm_yaml_node *n)
{
    sm_sv name;

    if (!anchor)
        return;
    name = sm_arena_dup(b->a, (sm_sv){ (const char *)anchor, strlen((const char *)anchor) });
    sm_strmap_set(b->anchors, name, b->n_anchored); /* a later anchor hides the first */
    push(b, &b->anchored, &b->n_anchored, &b->cap_anchored, n);
}

/* Move the start behind "&name" and "!tag", which libyaml counts as part of the node. */
static void skip_properties(sm_yaml_node *n)
{
    const char *s = n->doc->src.ptr;

    while (n->start < n->end && (s[n->start] == '&' || s[n->start] == '!')) {
        while (n->start < n->end && !strchr(" \t\r\n", s[n->start]))
            n->start++;
        while (n->start < n->end && strchr(" \t\r\n", s[n->start]))
            n->start++;
    }
}

static uint8_t style_of(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE:
        break;
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return SM_YAML_SINGLE;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return SM_YAML_DOUBLE;
    case YAML_LITERAL_SCALAR_STYLE:
        return SM_YAML_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE:
        return SM_YAML_FOLDED;
    }
    return SM_YAML_PLAIN;
}

static sm_yaml_node *build_scalar(build *b)
{
    sm_yaml_node *n = new_node(b, SM_YAML_STRING);
    const char *value = (const char *)b->event.data.scalar.value;

    n->style = style_of(b->event.data.scalar.style);
    n->text = sm_arena_dup(b->a, (sm_sv){ value, b->event.data.scalar.length });
    n->height = 1;
    n->weight = 1;
    if (n->style == SM_YAML_PLAIN)
        sm_yaml__resolve(n);
    if (b->event.data.scalar.anchor || b->event.data.scalar.tag)
        skip_properties(n);
    if (memchr(n->text.ptr, '\0', n->text.len))
        sm_diag_add(b->d, "SM0102", sm_yaml_span(n), "a text may not hold the character U+0000");
    drop_tag(b, b->event.data.scalar.tag);
    keep_anchor(b, b->event.data.scalar.anchor, n);
    return n;
}

/* A null in the place of something that was told to be wrong. */
static sm_yaml_node *build_nothing(build *b)
{
    sm_yaml_node *n = new_node(b, SM_YAML_NULL);

    n->style = SM_YAML_TOLD;
    n->text = SM_SV("");
    n->height = 1;
    n->weight = 1;
    return n;
}

static bool build_alias(build *b, size_t depth, sm_yaml_node **out)
{
    const char *name = (const char *)b->event.data.alias.anchor;
    size_t found;
    sm_yaml_node *n;

    if (!sm_strmap_get(b->anchors, (sm_sv){ name, strlen(name) }, &found)) {
        sm_diag_add(b->d, "SM0108", event_span(b), "no anchor \"&%s\" stands before this alias",
                    name);
        *out = build_nothing(b);
        return true;
    }
    n = b->anchored[found];
    if (n->height == 0) {
        sm_diag_add(b->d, "SM0108", event_span(b), "\"*%s\" stands inside of what it names", name);
        *out = build_nothing(b);
        return true;
    }
    if (!limit_depth(b, depth + n->height - 1))
        return false;
    b->alias_nodes += n->weight;
    if (b->alias_nodes > SM_YAML_MAX_ALIAS_NODES) {
        sm_diag_add(b->d, "SM0103", event_span(b), "aliases stand for more than %d values in all",
                    SM_YAML_MAX_ALIAS_NODES);
        return false;
    }
    *out = n;
    return true;
}

/* Take the children pushed since `from` as those of n, which gets its height and weight. */
static void take_children(build *b, sm_yaml_node *n, size_t from)
{
    size_t count = b->n_stack - from;
    uint8_t height = 0;

    n->items = SM_NEW_N(b->a, sm_yaml_node *, count);
    if (count > 0)
        memcpy(n->items, b->stack + from, count * sizeof(*n->items));
    b->n_stack = from;
    n->n = n->kind == SM_YAML_MAP ? count / 2 : count;
    n->weight = 1;
    for (size_t i = 0; i < count; i++) {
        n->weight += n->items[i]->weight;
        if (n->items[i]->height > height)
            height = n->items[i]->height;
    }
    n->height = (uint8_t)(height + 1);
}

static bool build_list(build *b, size_t depth, sm_yaml_node **out)
{
    sm_yaml_node *n = new_node(b, SM_YAML_LIST), *child;
    bool block = b->event.data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE;
    size_t from = b->n_stack;

    drop_tag(b, b->event.data.sequence_start.tag);
    keep_anchor(b, b->event.data.sequence_start.anchor, n);
    for (;;) {
        if (!next_event(b))
            return false;
        if (b->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (!build_node(b, depth + 1, &child))
            return false;
        push_child(b, child);
    }
    if (!block)
        n->end = byte_at(b, b->event.end_mark);
    else
        n->end = n->start < b->doc->src.len ? n->start + 1 : n->start;
    take_children(b, n, from);
    *out = n;
    return true;
}

static bool same_text(const sm_yaml_node *a, const sm_yaml_node *b)
{
    return sm_sv_eq(a->text, b->text);
}

/* Keys seen so far in one map, or in one map with what it merges. */
typedef struct seen {
    sm_yaml_node **pairs; /* key, value, …, grown by the caller */
    size_t n;
    sm_strmap *map; /* NULL while it is small: key -> pair */
} seen;

/* The pair with the key of `key`, or s->n. */
static size_t seen_find(const seen *s, const sm_yaml_node *key)
{
    size_t at;

    if (s->map)
        return sm_strmap_get(s->map, key->text, &at) ? at : s->n;
    for (at = 0; at < s->n; at++)
        if (same_text(s->pairs[2 * at], key))
            break;
    return at;
}

static void seen_add(build *b, seen *s, sm_yaml_node *key, sm_yaml_node *value)
{
    s->pairs[2 * s->n] = key;
    s->pairs[2 * s->n + 1] = value;
    s->n++;
    if (s->map) {
        (void)sm_strmap_put(s->map, key->text, s->n - 1);
    } else if (s->n > SMALL_MAP) {
        s->map = sm_strmap_new(b->a);
        for (size_t i = 0; i < s->n; i++)
            (void)sm_strmap_put(s->map, s->pairs[2 * i]->text, i);
    }
}

static bool is_merge(const sm_yaml_node *key)
{
    return key->style == SM_YAML_PLAIN && sm_sv_eq_str(key->text, "<<");
}

/* Keep the first pair of each key, tell the others; invariant (3). */
static void drop_duplicates(build *b, sm_yaml_node *n)
{
    seen s = { .pairs = n->items };

    for (size_t i = 0; i < n->n; i++) {
        sm_yaml_node *key = n->items[2 * i], *value = n->items[2 * i + 1];
        size_t first;

        if (key->kind == SM_YAML_LIST || key->kind == SM_YAML_MAP || key->text.len == 0) {
            sm_diag_add(b->d, "SM0109", sm_yaml_span(key), "a key is a word, not %s",
                        key->kind == SM_YAML_LIST  ? "a list"
                        : key->kind == SM_YAML_MAP ? "a map"
                                                   : "nothing");
            continue;
        }
        first = seen_find(&s, key);
        if (first == s.n) {
            seen_add(b, &s, key, value);
            continue;
        }
        sm_diag_add(b->d, "SM0106", sm_yaml_span(key), "the key `%.*s` stands here twice",
                    SM_SV_ARG(key->text));
        sm_diag_see(b->d, sm_yaml_span(s.pairs[2 * first]), "it stands here first");
    }
    n->n = s.n;
}

/* Collect the maps that the value of `<<` names into `maps`; how many. */
static size_t merge_sources(build *b, sm_yaml_node *value, sm_yaml_node ***maps)
{
    size_t n = 0;

    if (value->kind == SM_YAML_MAP) {
        *maps = SM_NEW(b->a, sm_yaml_node *);
        **maps = value;
        return 1;
    }
    if (value->kind == SM_YAML_LIST) {
        *maps = SM_NEW_N(b->a, sm_yaml_node *, value->n);
        while (n < value->n && value->items[n]->kind == SM_YAML_MAP) {
            (*maps)[n] = value->items[n];
            n++;
        }
        if (n == value->n)
            return n;
    }
    if (value->style == SM_YAML_TOLD)
        return 0;
    sm_diag_add(b->d, "SM0108", sm_yaml_span(value), "`<<` takes a map, or a list of maps");
    sm_diag_hint(b->d, "write `<<: *name`, where &name stands before a map");
    return 0;
}

/* Replace the pair `at`, whose key is `<<`, by what it names. */
static void merge_pair(build *b, sm_yaml_node *n, size_t at)
{
    sm_yaml_node **maps = NULL;
    size_t n_maps = merge_sources(b, n->items[2 * at + 1], &maps), most = n->n;
    seen s = { 0 };

    for (size_t i = 0; i < n_maps; i++)
        most += maps[i]->n;
    s.pairs = SM_NEW_N(b->a, sm_yaml_node *, 2 * most);
    for (size_t i = 0; i < n->n; i++)
        if (i != at)
            seen_add(b, &s, n->items[2 * i], n->items[2 * i + 1]);
    for (size_t i = 0; i < n_maps; i++)
        for (size_t k = 0; k < maps[i]->n; k++)
            if (seen_find(&s, maps[i]->items[2 * k]) == s.n)
                seen_add(b, &s, maps[i]->items[2 * k], maps[i]->items[2 * k + 1]);
    n->items = s.pairs;
    n->n = s.n;
}

static void finish_map(build *b, sm_yaml_node *n)
{
    drop_duplicates(b, n);
    for (size_t i = 0; i < n->n; i++) {
        if (!is_merge(n->items[2 * i]))
            continue;
        merge_pair(b, n, i);
        break;
    }
}

static bool build_map(build *b, size_t depth, sm_yaml_node **out)
{
    sm_yaml_node *n = new_node(b, SM_YAML_MAP), *child;
    bool block = b->event.data.mapping_start.style != YAML_FLOW_MAPPING_STYLE;
    size_t from = b->n_stack;

    drop_tag(b, b->event.data.mapping_start.tag);
    keep_anchor(b, b->event.data.mapping_start.anchor, n);
    for (;;) {
        if (!next_event(b))
            return false;
        if (b->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!build_node(b, depth + 1, &child))
            return false;
        push_child(b, child);
    }
    if (!block)
        n->end = byte_at(b, b->event.end_mark);
    else if (b->n_stack > from && b->stack[from]->start >= n->start)
        n->end = b->stack[from]->end;
    take_children(b, n, from);
    finish_map(b, n);
    *out = n;
    return true;
}

/* The node that begins with the event at hand; false when the parse is over. */
static bool build_node(build *b, size_t depth, sm_yaml_node **out)
{
    if (!limit_nodes(b) || !limit_depth(b, depth))
        return false;
    switch (b->event.type) {
    case YAML_ALIAS_EVENT:
        return build_alias(b, depth, out);
    case YAML_SCALAR_EVENT:
        *out = build_scalar(b);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        return build_list(b, depth, out);
    case YAML_MAPPING_START_EVENT:
        return build_map(b, depth, out);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        break;
    }
    return false; /* libyaml's grammar gives none of these here */
}

static void check_directives(build *b)
{
    const yaml_version_directive_t *v = b->event.data.document_start.version_directive;

    if (!v || (v->major == 1 && v->minor == 2))
        return;
    sm_diag_add(b->d, "SM0101", event_span(b), "the file says it is YAML %d.%d; smelt reads 1.2",
                v->major, v->minor);
    sm_diag_hint(b->d, "remove the line that begins with \"%%YAML\"");
}

static bool tell_empty(build *b)
{
    sm_diag_add(b->d, "SM0104", (sm_span){ b->doc->file, 1, 1, 1, 1 }, "the file is empty");
    sm_diag_hint(b->d, "`smelt init` writes a first pipeline");
    return false;
}

/* The one document of the stream; false when there is no tree. */
static bool build_document(build *b, sm_yaml_node **root)
{
    if (!next_event(b) || !next_event(b)) /* stream start, document start */
        return false;
    if (b->event.type == YAML_STREAM_END_EVENT)
        return tell_empty(b);
    check_directives(b);
    if (!next_event(b) || !build_node(b, 1, root))
        return false;
    if (!next_event(b) || !next_event(b)) /* document end, and then? */
        return false;
    if (b->event.type == YAML_DOCUMENT_START_EVENT) {
        sm_diag_add(b->d, "SM0105", event_span(b), "a second document begins here");
        sm_diag_hint(b->d, "a file holds one pipeline: remove the \"---\"");
    }
    return (*root)->kind != SM_YAML_NULL || tell_empty(b);
}

const sm_yaml_node *sm_yaml_parse(const char *file, sm_sv text, sm_arena *a, sm_diags *d)
{
    sm_yaml_doc *doc = SM_NEW(a, sm_yaml_doc);
    build b = { .doc = doc, .a = a, .d = d, .anchors = sm_strmap_new(a) };
    sm_yaml_node *root = NULL;
    bool ok;

    if (!sm_yaml__doc_init(doc, file, text, a, d))
        return NULL;
    if (!yaml_parser_initialize(&b.parser))
        abort(); /* out of memory */
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)doc->src.ptr, doc->src.len);
    ok = build_document(&b, &root);
    if (b.has_event)
        yaml_event_delete(&b.event);
    yaml_parser_delete(&b.parser);
    return ok ? root : NULL;
}

sm_span sm_yaml_span(const sm_yaml_node *n)
{
    return sm_yaml__span(n->doc, n->start, n->end);
}

const sm_yaml_node *sm_yaml_get(const sm_yaml_node *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++)
        if (sm_sv_eq_str(map->items[2 * i]->text, key))
            return map->items[2 * i + 1];
    return NULL;
}
