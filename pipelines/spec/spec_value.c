/* SPDX-License-Identifier: Apache-2.0 */
/* spec_value.c -- one value of the file into one field: a function per kind of key. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "pipelines/spec/spec_suite.h"
#include "runtime/base/duration.h"
#include "runtime/base/suggest.h"

/* Values, columns and named things that one list or map may hold. */
#define MAX_ITEMS   10000
#define MAX_CHOICES 32

typedef void (*bind_fn)(const sm_bind *b, const sm_key *key, sm_pair p, void *to);

static bool is_scalar(const sm_yaml_node *n)
{
    return n->kind != SM_YAML_LIST && n->kind != SM_YAML_MAP && n->kind != SM_YAML_NULL;
}

void sm_spec__wrong_kind(const sm_bind *b, sm_pair p, const char *wanted)
{
    const sm_yaml_node *name = p.key ? p.key : NULL;

    if (p.value->kind == SM_YAML_NULL && name) {
        sm_diag_add(b->d, "SM0114", sm_yaml_span(name), "`%.*s` has no value",
                    SM_SV_ARG(name->text));
        sm_diag_hint(b->d, "it takes %s", wanted);
        return;
    }
    if (name)
        sm_diag_add(b->d, "SM0113", sm_yaml_span(p.value), "`%.*s` takes %s, not %.*s",
                    SM_SV_ARG(name->text), wanted, SM_SV_ARG(sm_yaml_describe(p.value, b->a)));
    if (name && p.value->kind == SM_YAML_LIST && strcmp(wanted, "a map of names") == 0)
        sm_diag_hint(b->d, "write each as `name:` with its keys below, without a dash");
    else if (name && p.value->kind == SM_YAML_MAP && strcmp(wanted, "a list") == 0)
        sm_diag_hint(b->d, "each item begins with a dash");
    if (!name)
        sm_diag_add(b->d, "SM0113", sm_yaml_span(p.value), "expected %s here, not %.*s", wanted,
                    SM_SV_ARG(sm_yaml_describe(p.value, b->a)));
}

static bool check_form(const sm_bind *b, const sm_key_form *form, sm_pair p, sm_sv text)
{
    if (!form || form->matches(text))
        return true;
    sm_diag_add(b->d, form->code, sm_yaml_span(p.value), "%.*s is not %s",
                SM_SV_ARG(sm_yaml_describe(p.value, b->a)), form->words);
    if (form->hint)
        sm_diag_hint(b->d, "%s", form->hint);
    return false;
}

static void bind_text(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_text text;

    if (sm_spec__text(b, p, &text) && check_form(b, key->form, p, text.text))
        memcpy(to, &text, sizeof(text));
}

static void bind_sql(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    (void)key;
    (void)sm_spec__sql(b, p, to);
}

/* The pair with its scalar filled; false when it has no value, which is told. */
static bool fill(const sm_bind *b, sm_pair *p, bool typed)
{
    p->value = sm_spec__filled(b, p->value, typed);
    return p->value != NULL;
}

static bool known_as_later(const sm_bind *b, sm_pair p, const char *const *later)
{
    if (!sm_key_listed(later, p.value->text))
        return false;
    sm_diag_add(b->d, "SM0117", sm_yaml_span(p.value), "`%.*s: %.*s` is not supported yet",
                SM_SV_ARG(p.key->text), SM_SV_ARG(p.value->text));
    return true;
}

/* The value that comes closest, or that is the first word: DROP ROW is drop. */
static size_t near_choice(sm_sv word, const sm_sv *names, size_t n)
{
    size_t near = sm_suggest(word, names, n);
    ptrdiff_t space = sm_sv_find_char(word, ' ');

    for (size_t i = 0; i < n && near == n && space > 0; i++) {
        if (sm_sv_eq_nocase(names[i], sm_sv_sub(word, 0, (size_t)space)))
            near = i;
    }
    return near;
}

static void tell_choice(const sm_bind *b, sm_pair p, const sm_sv *names, size_t n)
{
    size_t near = near_choice(p.value->text, names, n);
    sm_buf all;

    sm_buf_init(&all, 4096);
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&all, "%s%.*s", i > 0 ? ", " : "", SM_SV_ARG(names[i]));
    sm_diag_add(b->d, "SM0115", sm_yaml_span(p.value), "%.*s is no value of `%.*s`",
                SM_SV_ARG(sm_yaml_describe(p.value, b->a)), SM_SV_ARG(p.key->text));
    if (near < n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"? The values are %s", SM_SV_ARG(names[near]),
                     all.ptr);
    else
        sm_diag_hint(b->d, "the values are %s", all.ptr);
    sm_buf_release(&all);
}

int sm_spec__choice(const sm_bind *b, sm_pair p, const char *const *choices,
                    const char *const *later)
{
    sm_sv names[MAX_CHOICES] = { 0 };
    size_t n = 0;

    if (!fill(b, &p, false))
        return -1;
    if (p.value->kind != SM_YAML_STRING) {
        sm_spec__wrong_kind(b, p, "one word");
        return -1;
    }
    for (; choices[n] && n < MAX_CHOICES; n++) {
        names[n] = sm_sv_cstr(choices[n]);
        if (sm_sv_eq(names[n], p.value->text))
            return (int)n;
    }
    if (!known_as_later(b, p, later))
        tell_choice(b, p, names, n);
    return -1;
}

static void bind_choice(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_text text;

    if (sm_spec__choice(b, p, key->choices, key->later) < 0 || !sm_spec__text(b, p, &text))
        return;
    memcpy(to, &text, sizeof(text));
}

static void bind_enum(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    int choice = sm_spec__choice(b, p, key->choices, key->later);
    sm_spec_enum value = { choice, sm_yaml_span(p.value) };

    if (choice >= 0)
        memcpy(to, &value, sizeof(value));
}

static void bind_int(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_int value;

    if (!fill(b, &p, true))
        return;
    if (p.value->kind != SM_YAML_INT) {
        sm_spec__wrong_kind(b, p, "a whole number");
        return;
    }
    value = (sm_spec_int){ p.value->integer, sm_yaml_span(p.value) };
    if (value.v >= key->min && value.v <= key->max) {
        memcpy(to, &value, sizeof(value));
        return;
    }
    if (key->min == key->max)
        sm_diag_add(b->d, "SM0116", value.at, "`%s` is %lld, and must be %lld", key->name,
                    (long long)value.v, (long long)key->min);
    else
        sm_diag_add(b->d, "SM0116", value.at, "`%s` is %lld, and must be from %lld to %lld",
                    key->name, (long long)value.v, (long long)key->min, (long long)key->max);
}

static void bind_number(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_number value;

    if (!fill(b, &p, true))
        return;
    if (p.value->kind != SM_YAML_INT && p.value->kind != SM_YAML_FLOAT) {
        sm_spec__wrong_kind(b, p, "a number");
        return;
    }
    value.v = p.value->kind == SM_YAML_INT ? (double)p.value->integer : p.value->real;
    value.at = sm_yaml_span(p.value);
    if (value.v > 0 && isfinite(value.v))
        memcpy(to, &value, sizeof(value));
    else
        sm_diag_add(b->d, "SM0116", value.at, "`%s` is %.*s, and must be greater than 0", key->name,
                    SM_SV_ARG(p.value->text));
}

/* 64MiB, 1PiB: in the largest unit that divides it. */
static sm_sv size_words(const sm_bind *b, int64_t bytes)
{
    static const char *const units[] = { "", "KiB", "MiB", "GiB", "TiB", "PiB" };
    size_t unit = 0;

    for (; bytes > 0 && bytes % 1024 == 0 && unit < 5; unit++)
        bytes /= 1024;
    return sm_arena_printf(b->a, "%lld%s", (long long)bytes, units[unit]);
}

static void bind_size(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    const sm_option o = { .name = key->name, .type = SM_TYPE_SIZE };
    sm_spec_int value = { 0, sm_yaml_span(p.value) };
    sm_json *canonical;
    sm_error err;

    if (!fill(b, &p, false))
        return;
    if (!is_scalar(p.value)) {
        sm_spec__wrong_kind(b, p, sm_type_name(SM_TYPE_SIZE));
        return;
    }
    if (sm_option_check(&o, sm_spec__json(b, p.value, false), b->a, &canonical, &err) != SM_OK) {
        sm_diag_add(b->d, "SM0116", value.at, "`%s`: %s", key->name, err.msg);
        return;
    }
    value.v = sm_json_int_value(canonical);
    if (value.v >= key->min && value.v <= key->max)
        memcpy(to, &value, sizeof(value));
    else
        sm_diag_add(b->d, "SM0116", value.at, "`%s` is %.*s, and must be from %.*s to %.*s",
                    key->name, SM_SV_ARG(size_words(b, value.v)),
                    SM_SV_ARG(size_words(b, key->min)), SM_SV_ARG(size_words(b, key->max)));
}

/* A number alone says nothing. */
static void bind_duration(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_int value = { 0, sm_yaml_span(p.value) };
    sm_error err;

    if (!fill(b, &p, false))
        return;
    if (p.value->kind != SM_YAML_STRING) {
        sm_spec__wrong_kind(b, p, sm_type_name(SM_TYPE_TIME));
        if (p.value->kind == SM_YAML_INT)
            sm_diag_hint(b->d, "it has a unit: %.*ss, %.*sm, %.*sh", SM_SV_ARG(p.value->text),
                         SM_SV_ARG(p.value->text), SM_SV_ARG(p.value->text));
        return;
    }
    if (sm_duration_parse(p.value->text, &value.v, &err) != SM_OK)
        sm_diag_add(b->d, "SM0116", value.at, "`%s`: %s", key->name, err.msg);
    else if (value.v < key->min)
        sm_diag_add(b->d, "SM0116", value.at, "`%s` must be longer than that", key->name);
    else
        memcpy(to, &value, sizeof(value));
}

static void bind_bool(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_bool value;

    (void)key;
    if (!fill(b, &p, true))
        return;
    if (p.value->kind != SM_YAML_BOOL) {
        sm_spec__wrong_kind(b, p, "true or false");
        if (p.value->kind == SM_YAML_STRING)
            sm_diag_hint(b->d, "yes, no, on and off are texts in YAML 1.2");
        return;
    }
    value = (sm_spec_bool){ p.value->boolean, sm_yaml_span(p.value) };
    memcpy(to, &value, sizeof(value));
}

static bool is_repeated(const sm_spec_texts *list, sm_sv text)
{
    for (size_t i = 0; i < list->n; i++)
        if (sm_sv_eq_nocase(list->items[i].text, text))
            return true;
    return false;
}

static void bind_texts(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_texts list = { .at = sm_yaml_span(p.value) };

    if (key->single && is_scalar(p.value)) {
        list.items = SM_NEW(b->a, sm_text);
        list.n = sm_spec__text(b, p, list.items) && check_form(b, key->form, p, list.items->text);
        memcpy(to, &list, sizeof(list));
        return;
    }
    if (p.value->kind != SM_YAML_LIST) {
        sm_spec__wrong_kind(b, p, "a list of texts");
        if (is_scalar(p.value))
            sm_diag_hint(b->d, "write [%.*s]", SM_SV_ARG(p.value->text));
        return;
    }
    list.items = SM_NEW_N(b->a, sm_text, p.value->n);
    for (size_t i = 0; i < p.value->n; i++) {
        sm_pair item = { NULL, p.value->items[i] };
        sm_text text;

        if (!sm_spec__text(b, item, &text) || !check_form(b, key->form, item, text.text))
            continue;
        if (is_repeated(&list, text.text))
            sm_diag_add(b->d, "SM0126", text.at, "\"%.*s\" stands in this list twice",
                        SM_SV_ARG(text.text));
        else
            list.items[list.n++] = text;
    }
    memcpy(to, &list, sizeof(list));
}

static const char *type_of(const sm_yaml_node *n)
{
    return n->kind == SM_YAML_INT     ? "BIGINT"
           : n->kind == SM_YAML_FLOAT ? "DOUBLE"
           : n->kind == SM_YAML_BOOL  ? "BOOLEAN"
                                      : "VARCHAR";
}

static void bind_scalar(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_scalar value;

    (void)key;
    if (!is_scalar(p.value)) {
        sm_spec__wrong_kind(b, p, "a text, a number, true or false");
        return;
    }
    if (!fill(b, &p, true))
        return;
    value = (sm_spec_scalar){ sm_yaml_text(p.value), type_of(p.value) };
    memcpy(to, &value, sizeof(value));
}

static void bind_scalars(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_scalars list = { .at = sm_yaml_span(p.value) };

    if (p.value->kind != SM_YAML_LIST) {
        sm_spec__wrong_kind(b, p, "a list of values");
        if (is_scalar(p.value))
            sm_diag_hint(b->d, "write [%.*s]", SM_SV_ARG(p.value->text));
        return;
    }
    if (p.value->n == 0)
        sm_diag_add(b->d, "SM0114", sm_yaml_span(p.value), "`%s` is empty", key->name);
    list.items = SM_NEW_N(b->a, sm_spec_scalar, p.value->n + 1);
    for (size_t i = 0; i < p.value->n; i++) {
        sm_spec_scalar *item = &list.items[list.n];

        bind_scalar(b, key, (sm_pair){ NULL, p.value->items[i] }, item);
        list.n += item->type != NULL;
    }
    memcpy(to, &list, sizeof(list));
}

static void bind_json(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_json value = { sm_spec__json(b, p.value, true), sm_yaml_span(p.value) };

    (void)key;
    memcpy(to, &value, sizeof(value));
}

static void bind_node(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_node value = { p.value, sm_yaml_span(p.key) };

    (void)b;
    (void)key;
    memcpy(to, &value, sizeof(value));
}

static void bind_struct(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec__bind_block(b, key->block, p, to);
}

bool sm_spec__is_map_of_maps(const sm_yaml_node *n)
{
    bool maps = n->kind == SM_YAML_MAP && n->n > 0;

    for (size_t i = 0; maps && i < n->n; i++)
        maps = n->items[2 * i + 1]->kind == SM_YAML_MAP;
    return maps;
}

/* Room for the structs of `count` blocks; NULL after telling that there are too many. */
static char *new_items(const sm_bind *b, const sm_key *key, sm_pair p, size_t count)
{
    if (count <= MAX_ITEMS)
        return sm_arena_alloc(b->a, key->block->size, _Alignof(max_align_t), count);
    sm_diag_add(b->d, "SM0103", sm_yaml_span(p.key), "`%s` has %zu entries, more than %d",
                key->name, count, MAX_ITEMS);
    return NULL;
}

static void bind_named(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_items list = { .at = sm_yaml_span(p.key) };
    char *items;

    if (key->unnamed && !sm_spec__is_map_of_maps(p.value)) {
        list.items = items = new_items(b, key, p, list.n = 1);
        sm_spec__bind_block(b, key->block, p, items);
        memcpy(to, &list, sizeof(list));
        return;
    }
    if (p.value->kind != SM_YAML_MAP) {
        sm_spec__wrong_kind(b, p, "a map of names");
        return;
    }
    items = new_items(b, key, p, p.value->n);
    if (!items)
        return;
    list.items = items;
    for (; list.n < p.value->n; list.n++) {
        sm_pair item = { p.value->items[2 * list.n], p.value->items[2 * list.n + 1] };
        sm_text name = sm_yaml_text(item.key);

        memcpy(items + list.n * key->block->size, &name, sizeof(name));
        sm_spec__bind_block(b, key->block, item, items + list.n * key->block->size);
    }
    memcpy(to, &list, sizeof(list));
}

static void bind_list(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_items list = { .at = sm_yaml_span(p.key) };
    char *items;

    if (p.value->kind != SM_YAML_LIST) {
        sm_spec__wrong_kind(b, p, "a list");
        return;
    }
    items = new_items(b, key, p, p.value->n);
    if (!items)
        return;
    list.items = items;
    for (; list.n < p.value->n; list.n++) {
        sm_pair item = { NULL, p.value->items[list.n] };

        sm_spec__bind_block(b, key->block, item, items + list.n * key->block->size);
    }
    memcpy(to, &list, sizeof(list));
}

/* ${secret.x}, of a secret that smelt.yml declares. */
static void bind_secret(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_sv t = p.value->text, name;
    sm_text text;

    if (p.value->kind != SM_YAML_STRING || !sm_sv_starts(t, SM_SV("${secret.")) ||
        t.ptr[t.len - 1] != '}') {
        sm_diag_add(b->d, "SM0902", sm_yaml_span(p.value),
                    "`%s` is a secret, and a file holds none", key->name);
        sm_diag_hint(b->d, "write ${secret.name}, and under `secrets` where it is kept");
        return;
    }
    name = sm_sv_sub(t, 9, t.len - 10);
    if (!b->reading->secrets || b->reading->secrets->kind != SM_YAML_MAP ||
        !sm_yaml_get(b->reading->secrets, sm_arena_cstr(b->a, name))) {
        sm_diag_add(b->d, "SM0903", sm_yaml_span(p.value), "there is no secret `%.*s`",
                    SM_SV_ARG(name));
        sm_diag_hint(b->d, "declare it: secrets: {%.*s: {environment: NAME}}", SM_SV_ARG(name));
        return;
    }
    text = (sm_text){ .text = name, .at = sm_yaml_span(p.value) };
    memcpy(to, &text, sizeof(text));
}

/* Is it an option of some source type? */
static bool is_option(const sm_bind *b, const sm_block *block, sm_sv name)
{
    for (const sm_spec_unit *u = block->units ? b->env->units : NULL; u && u->name; u++)
        if (sm_option_find(u->options, name))
            return true;
    return false;
}

static void bind_merged(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_json value = { NULL, sm_yaml_span(p.value) };

    if (p.value->kind != SM_YAML_MAP) {
        sm_spec__wrong_kind(b, p, "a map of keys");
        return;
    }
    for (size_t i = 0; i < p.value->n; i++) {
        sm_pair own = { p.value->items[2 * i], p.value->items[2 * i + 1] };
        sm_sv name = own.key->text;
        bool known = sm_key_find(key->block, name) || is_option(b, key->block, name);

        if (sm_sv_eq(name, SM_SV("type")) || sm_key_listed(key->block->one_of, name))
            sm_diag_add(b->d, "SM0153", sm_yaml_span(own.key), "`%.*s` cannot be a default",
                        SM_SV_ARG(name));
        else if (!known && sm_key_listed(key->block->later, name))
            sm_diag_add(b->d, "SM0111", sm_yaml_span(own.key), "`%.*s` is not supported yet",
                        SM_SV_ARG(name));
        else if (!known)
            sm_spec__tell_unknown(b, key->block, NULL, own);
    }
    memcpy(to, &value, sizeof(value));
}

static const bind_fn binders[] = {
    [SM_KEY_TEXT] = bind_text,
    [SM_KEY_SQL] = bind_sql,
    [SM_KEY_CHOICE] = bind_choice,
    [SM_KEY_ENUM] = bind_enum,
    [SM_KEY_INT] = bind_int,
    [SM_KEY_SIZE] = bind_size,
    [SM_KEY_DURATION] = bind_duration,
    [SM_KEY_BOOL] = bind_bool,
    [SM_KEY_NUMBER] = bind_number,
    [SM_KEY_TEXTS] = bind_texts,
    [SM_KEY_JSON] = bind_json,
    [SM_KEY_BLOCK] = bind_struct,
    [SM_KEY_MAP] = bind_named,
    [SM_KEY_LIST] = bind_list,
    [SM_KEY_SCALAR] = bind_scalar,
    [SM_KEY_SECRET] = bind_secret,
    [SM_KEY_MERGED] = bind_merged,
    [SM_KEY_SCALARS] = bind_scalars,
    [SM_KEY_PROPERTIES] = sm_spec__properties,
    [SM_KEY_NODE] = bind_node,
};

void sm_spec__bind_value(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec__bind_default(b, key, to);
    binders[key->kind](b, key, p, to);
}

static void default_block(const sm_bind *b, const sm_block *block, void *to)
{
    for (const sm_key *k = block->keys; k->name; k++)
        sm_spec__bind_default(b, k, (char *)to + k->offset);
}

int64_t sm_spec__fallback_int(const sm_key *key)
{
    int64_t v = 0;
    bool ok = sm_sv_to_int64(sm_sv_cstr(key->fallback), &v);

    assert(ok); /* the table is ours */
    (void)ok;
    return v;
}

void sm_spec__bind_default(const sm_bind *b, const sm_key *key, void *to)
{
    const char *fallback = key->fallback ? key->fallback : "";
    sm_text text = { .text = sm_sv_cstr(fallback) };
    sm_spec_enum choice = { 0 };
    sm_spec_int number = { 0 };
    sm_spec_bool truth = { .v = strcmp(fallback, "true") == 0 };
    sm_spec_number none = { 0 };

    switch (key->kind) {
    case SM_KEY_TEXT:
    case SM_KEY_SQL:
    case SM_KEY_CHOICE:
    case SM_KEY_SECRET:
        memcpy(to, &text, sizeof(text));
        return;
    case SM_KEY_ENUM:
        while (key->fallback && strcmp(key->choices[choice.v], fallback) != 0)
            choice.v++;
        memcpy(to, &choice, sizeof(choice));
        return;
    case SM_KEY_INT:
    case SM_KEY_SIZE:
    case SM_KEY_DURATION:
        number.v = key->fallback ? sm_spec__fallback_int(key) : 0;
        memcpy(to, &number, sizeof(number));
        return;
    case SM_KEY_NUMBER:
        memcpy(to, &none, sizeof(none));
        return;
    case SM_KEY_BLOCK:
        default_block(b, key->block, to);
        return;
    case SM_KEY_BOOL:
        memcpy(to, &truth, sizeof(truth));
        return;
    case SM_KEY_SCALAR:
    case SM_KEY_MERGED:
    case SM_KEY_SCALARS:
    case SM_KEY_TEXTS:
    case SM_KEY_JSON:
    case SM_KEY_NODE:
    case SM_KEY_PROPERTIES:
    case SM_KEY_MAP:
    case SM_KEY_LIST:
        return;
    }
}
