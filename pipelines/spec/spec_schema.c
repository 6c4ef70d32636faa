/* SPDX-License-Identifier: Apache-2.0 */
/* spec_schema.c -- the tables of keys as JSON Schema.
 *
 * Blocks are written out where they stand, without references: the language is not deep, and
 * `smelt schema tables` is then a schema by itself.  What depends on `type` (the options of a
 * source, keys that a view does not have) is a list of if/then.
 */
#include "pipelines/spec/spec_schema.h"

#include <assert.h>
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/duration.h"
#include "runtime/base/limit.h"

typedef struct maker {
    const sm_spec_unit *units;
    sm_arena *a;
} maker;

static sm_json *block_schema(const maker *m, const sm_block *block);

static sm_json *text(const maker *m, const char *s)
{
    return sm_json_string(m->a, sm_sv_cstr(s));
}

static sm_json *object_with(const maker *m, const char *key, sm_json *value)
{
    sm_json *o = sm_json_object(m->a);

    sm_json_set(o, key, value);
    return o;
}

static sm_json *of_type(const maker *m, const char *type)
{
    return object_with(m, "type", text(m, type));
}

static sm_json *list_of(const maker *m, const char *const *words)
{
    sm_json *list = sm_json_array(m->a);

    for (; *words; words++)
        sm_json_append(list, text(m, *words));
    return list;
}

static sm_json *text_schema(const maker *m, const sm_key_form *form)
{
    sm_json *s = of_type(m, "string");

    if (form)
        sm_json_set(s, "pattern", text(m, form->pattern));
    return s;
}

static sm_json *range_schema(const maker *m, int64_t min, int64_t max)
{
    sm_json *s = of_type(m, "integer");

    if (min != 0 || max != 0) {
        sm_json_set(s, "minimum", sm_json_int(m->a, min));
        sm_json_set(s, "maximum", sm_json_int(m->a, max));
    }
    return s;
}

static sm_json *number_schema(const maker *m)
{
    sm_json *s = of_type(m, "number");

    sm_json_set(s, "exclusiveMinimum", sm_json_int(m->a, 0));
    return s;
}

static sm_json *either(const maker *m, sm_json *one, sm_json *other)
{
    sm_json *list = sm_json_array(m->a);

    sm_json_append(list, one);
    sm_json_append(list, other);
    return object_with(m, "anyOf", list);
}

/* A size or a duration: a number, or a number with a unit. */
static sm_json *unit_schema(const maker *m, int64_t min, int64_t max, const char *pattern)
{
    sm_json *s = of_type(m, "string");

    sm_json_set(s, "pattern", text(m, pattern));
    return either(m, range_schema(m, min, max), s);
}

static sm_json *sql_schema(const maker *m)
{
    sm_json *s = of_type(m, "string");

    sm_json_set(s, "pattern", text(m, "\\S"));
    sm_json_set(s, "maxLength", sm_json_int(m->a, (int64_t)SM_LIMIT_SQL_BYTES));
    return s;
}

static sm_json *or_reference(const maker *m, sm_json *s, const char *pattern)
{
    sm_json *reference;

    if (!pattern)
        return s;
    reference = of_type(m, "string");
    sm_json_set(reference, "pattern", text(m, pattern));
    return either(m, s, reference);
}

static sm_json *texts_schema(const maker *m, const sm_key_form *form)
{
    sm_json *s = of_type(m, "array");

    sm_json_set(s, "items",
                or_reference(m, text_schema(m, form), form ? SM_SPEC_INTERPOLATED_PATTERN : NULL));
    sm_json_set(s, "uniqueItems", sm_json_bool(m->a, true));
    return s;
}

static sm_json *named_schema(const maker *m, const sm_block *block)
{
    sm_json *s = of_type(m, "object"), *names = text_schema(m, &sm_form_name);

    sm_json_set(names, "not", object_with(m, "pattern", text(m, SM_SPEC_RESERVED_PATTERN)));
    sm_json_set(s, "propertyNames", names);
    sm_json_set(s, "additionalProperties", block_schema(m, block));
    return s;
}

/* Watermarks: one, or a map of them by the names of inputs. */
static sm_json *unnamed_schema(const maker *m, const sm_key *key)
{
    sm_json *s = of_type(m, "object");

    sm_json_set(s, "propertyNames", text_schema(m, key->form));
    sm_json_set(s, "additionalProperties", block_schema(m, key->block));
    sm_json_set(s, "minProperties", sm_json_int(m->a, 1));
    return either(m, block_schema(m, key->block), s);
}

static sm_json *duration_schema(const maker *m)
{
    sm_json *s = of_type(m, "string");

    sm_json_set(s, "pattern", text(m, SM_DURATION_PATTERN));
    return s;
}

static sm_json *list_schema(const maker *m, const sm_block *block)
{
    sm_json *s = of_type(m, "array");

    sm_json_set(s, "items", block_schema(m, block));
    sm_json_set(s, "minItems", sm_json_int(m->a, 1));
    return s;
}

static sm_json *scalar_schema(const maker *m)
{
    static const char *const types[] = { "string", "number", "boolean", NULL };

    return object_with(m, "type", list_of(m, types));
}

static sm_json *scalars_schema(const maker *m)
{
    sm_json *s = of_type(m, "array");

    sm_json_set(s, "items", scalar_schema(m));
    sm_json_set(s, "minItems", sm_json_int(m->a, 1));
    return s;
}

/* Names of rules, tags, and rules themselves. */
static sm_json *listed_schema(const maker *m, const sm_block *block)
{
    sm_json *s = of_type(m, "array");

    sm_json_set(s, "items", either(m, of_type(m, "string"), named_schema(m, block)));
    return s;
}

static sm_json *secret_schema(const maker *m)
{
    sm_json *s = of_type(m, "string");

    sm_json_set(s, "pattern", text(m, "^\\$\\{secret\\.[A-Za-z_][A-Za-z0-9_]*\\}$"));
    return s;
}

static sm_json *key_schema(const maker *m, const sm_key *key);

/* Keys of a block, and the options of all its types: none has to be there. */
static sm_json *merged_schema(const maker *m, const sm_block *block)
{
    sm_json *properties = sm_json_object(m->a), *s = of_type(m, "object");

    for (const sm_key *k = block->keys; k->name; k++)
        if (strcmp(k->name, "type") != 0 && !sm_key_listed(block->one_of, sm_sv_cstr(k->name)))
            sm_json_set(properties, k->name, key_schema(m, k));
    for (const sm_spec_unit *u = m->units; block->units && u->name; u++)
        for (const sm_option *o = u->options; o && o->name; o++)
            sm_json_set(properties, o->name, sm_spec__option_schema(o, m->a));
    sm_json_set(s, "properties", properties);
    sm_json_set(s, "additionalProperties", sm_json_bool(m->a, false));
    return s;
}

static sm_json *properties_schema(const maker *m)
{
    sm_json *s = of_type(m, "object");
    sm_json *ours = object_with(m, "enum", list_of(m, sm_spec__delta_properties));
    sm_json *others =
        object_with(m, "not", object_with(m, "pattern", text(m, "^[Dd][Ee][Ll][Tt][Aa]\\.")));

    sm_json_set(s, "propertyNames", either(m, ours, others));
    sm_json_set(s, "additionalProperties", scalar_schema(m));
    return s;
}

static sm_json *node_schema(const maker *m, const sm_key *key)
{
    sm_json *s = NULL;
    sm_error err;
    sm_code rc = sm_json_parse(sm_sv_cstr(key->shape), m->a, &s, &err);

    assert(rc == SM_OK); /* the table is ours */
    (void)rc;
    return s;
}

static sm_json *plain_schema(const maker *m, const sm_key *key)
{
    switch (key->kind) {
    case SM_KEY_TEXT:
        return text_schema(m, key->form);
    case SM_KEY_SQL:
        return sql_schema(m);
    case SM_KEY_CHOICE:
    case SM_KEY_ENUM:
        return object_with(m, "enum", list_of(m, key->choices));
    case SM_KEY_INT:
        return range_schema(m, key->min, key->max);
    case SM_KEY_NUMBER:
        return number_schema(m);
    case SM_KEY_SIZE:
        return unit_schema(m, key->min, key->max, SM_SPEC_SIZE_PATTERN);
    case SM_KEY_BOOL:
        return of_type(m, "boolean");
    case SM_KEY_TEXTS:
        return key->single ? either(m, text_schema(m, key->form), texts_schema(m, key->form))
                           : texts_schema(m, key->form);
    case SM_KEY_BLOCK:
        return block_schema(m, key->block);
    case SM_KEY_DURATION:
        return duration_schema(m);
    case SM_KEY_MAP:
        if (key->unnamed)
            return unnamed_schema(m, key);
        return key->listed ? either(m, named_schema(m, key->block), listed_schema(m, key->block))
                           : named_schema(m, key->block);
    case SM_KEY_SECRET:
        return secret_schema(m);
    case SM_KEY_MERGED:
        return merged_schema(m, key->block);
    case SM_KEY_LIST:
        return list_schema(m, key->block);
    case SM_KEY_SCALAR:
        return scalar_schema(m);
    case SM_KEY_SCALARS:
        return scalars_schema(m);
    case SM_KEY_PROPERTIES:
        return properties_schema(m);
    case SM_KEY_NODE:
        return node_schema(m, key);
    case SM_KEY_JSON:
        break;
    }
    return sm_json_object(m->a);
}

/* The pattern of a text that stands for a value, or holds what does; NULL: any text does. */
static const char *reference_pattern(const sm_key *key)
{
    switch (key->kind) {
    case SM_KEY_TEXT:
        return key->form ? SM_SPEC_INTERPOLATED_PATTERN : NULL;
    case SM_KEY_CHOICE:
    case SM_KEY_ENUM:
    case SM_KEY_SIZE:
    case SM_KEY_DURATION:
        return SM_SPEC_INTERPOLATED_PATTERN;
    case SM_KEY_INT:
    case SM_KEY_NUMBER:
    case SM_KEY_BOOL:
        return SM_SPEC_REFERENCE_PATTERN;
    case SM_KEY_SQL:
    case SM_KEY_TEXTS:
    case SM_KEY_SCALAR:
    case SM_KEY_SECRET:
    case SM_KEY_MERGED:
    case SM_KEY_SCALARS:
    case SM_KEY_JSON:
    case SM_KEY_NODE:
    case SM_KEY_PROPERTIES:
    case SM_KEY_BLOCK:
    case SM_KEY_MAP:
    case SM_KEY_LIST:
        break;
    }
    return NULL;
}

static sm_json *value_schema(const maker *m, const sm_key *key)
{
    return or_reference(m, plain_schema(m, key), reference_pattern(key));
}

static sm_json *default_value(const maker *m, const sm_key *key)
{
    if (key->kind == SM_KEY_BOOL)
        return sm_json_bool(m->a, strcmp(key->fallback, "true") == 0);
    if (key->kind == SM_KEY_INT || key->kind == SM_KEY_SIZE)
        return sm_json_int(m->a, sm_spec__fallback_int(key));
    if (key->kind == SM_KEY_DURATION)
        return sm_json_string(m->a, sm_duration_text(sm_spec__fallback_int(key), m->a));
    return text(m, key->fallback);
}

static sm_json *key_schema(const maker *m, const sm_key *key)
{
    sm_json *s = value_schema(m, key);
    sm_sv doc = sm_sv_cstr(key->doc);

    if (key->fallback_doc)
        doc = sm_arena_printf(m->a, "%s Default: %s.", key->doc, key->fallback_doc);
    sm_json_set(s, "description", sm_json_string(m->a, doc));
    if (key->fallback && !key->required)
        sm_json_set(s, "default", default_value(m, key));
    return s;
}

/* {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then} */
static sm_json *when(const maker *m, const char *key, const char *value, sm_json *then)
{
    sm_json *constant = object_with(m, "const", text(m, value)), *test, *s;

    test = object_with(m, "properties", object_with(m, key, constant));
    sm_json_set(test, "required", list_of(m, (const char *const[]){ key, NULL }));
    s = object_with(m, "if", test);
    sm_json_set(s, "then", then);
    return s;
}

/* The keys that a block of this variant has not, and those that it needs; NULL: as any other. */
static sm_json *variant_rule(const maker *m, const sm_block *block, unsigned variant)
{
    sm_json *never = sm_json_object(m->a), *needed = sm_json_array(m->a), *s;

    for (const sm_key *k = block->keys; k->name; k++) {
        if (k->except >> variant & 1U)
            sm_json_set(never, k->name, sm_json_bool(m->a, false));
        if (k->single_in >> variant & 1U)
            sm_json_set(never, k->name, block_schema(m, k->block));
        if (k->needed >> variant & 1U)
            sm_json_append(needed, text(m, k->name));
    }
    if (sm_json_len(never) == 0 && sm_json_len(needed) == 0)
        return NULL;
    s = object_with(m, "properties", never);
    if (sm_json_len(needed) > 0)
        sm_json_set(s, "required", needed);
    return s;
}

static void add_variants(const maker *m, const sm_block *block, sm_json *s)
{
    const sm_key *variant = sm_key_variant(block);
    sm_json *rules = sm_json_array(m->a);

    if (!variant)
        return;
    for (unsigned i = 0; variant->choices[i]; i++) {
        sm_json *rule = variant_rule(m, block, i);

        if (rule)
            sm_json_append(rules, when(m, variant->name, variant->choices[i], rule));
    }
    sm_json_set(s, "allOf", rules);
}

static void add_one_of(const maker *m, const sm_block *block, sm_json *s)
{
    sm_json *ways = sm_json_array(m->a);

    if (!block->one_of)
        return;
    for (const char *const *k = block->one_of; *k; k++)
        sm_json_append(ways,
                       object_with(m, "required", list_of(m, (const char *const[]){ *k, NULL })));
    sm_json_set(s, "oneOf", ways);
}

static void add_keys(const maker *m, const sm_block *block, sm_json *properties, sm_json *required)
{
    for (const sm_key *k = block->keys; k->name; k++) {
        sm_json_set(properties, k->name, key_schema(m, k));
        if (k->required)
            sm_json_append(required, text(m, k->name));
    }
}

static sm_json *closed_object(const maker *m, const char *doc, sm_json *properties,
                              sm_json *required)
{
    sm_json *s = of_type(m, "object");

    sm_json_set(s, "description", text(m, doc));
    sm_json_set(s, "properties", properties);
    if (sm_json_len(required) > 0)
        sm_json_set(s, "required", required);
    sm_json_set(s, "additionalProperties", sm_json_bool(m->a, false));
    return s;
}

static sm_json *unit_keys(const maker *m, const sm_block *block, const sm_spec_unit *unit)
{
    sm_json *properties = sm_json_object(m->a), *required = sm_json_array(m->a), *type;

    add_keys(m, block, properties, required);
    type = object_with(m, "const", text(m, unit->name));
    sm_json_set(type, "description", text(m, unit->summary));
    sm_json_set(properties, "type", type);
    for (const sm_option *o = unit->options; o && o->name; o++) {
        sm_json_set(properties, o->name, sm_spec__option_schema(o, m->a));
        if (!o->fallback)
            sm_json_append(required, text(m, o->name));
    }
    return closed_object(m, unit->summary, properties, required);
}

/* A block whose keys depend on which unit its `type` names. */
static sm_json *units_schema(const maker *m, const sm_block *block)
{
    sm_json *s = of_type(m, "object"), *types = sm_json_array(m->a), *rules = sm_json_array(m->a);

    for (const sm_spec_unit *u = m->units; u->name; u++) {
        if (!u->supported)
            continue;
        sm_json_append(types, text(m, u->name));
        sm_json_append(rules, when(m, "type", u->name, unit_keys(m, block, u)));
    }
    sm_json_set(s, "description", text(m, block->doc));
    sm_json_set(s, "properties", object_with(m, "type", object_with(m, "enum", types)));
    sm_json_set(s, "required", list_of(m, (const char *const[]){ "type", NULL }));
    sm_json_set(s, "allOf", rules);
    return s;
}

/* {choice: {…}} for {variant: choice, …}. */
static sm_json *folded_form(const maker *m, const sm_block *block)
{
    const sm_key *variant = sm_key_variant(block);
    sm_json *choices = sm_json_object(m->a), *s;

    for (unsigned i = 0; variant->choices[i]; i++) {
        sm_json *properties = sm_json_object(m->a), *required = sm_json_array(m->a);
        sm_json *rule = variant_rule(m, block, i), *inside;

        for (const sm_key *k = block->keys; k->name; k++)
            if (k != variant && !(k->except >> i & 1U))
                sm_json_set(properties, k->name, key_schema(m, k));
        if (rule && sm_json_get(rule, "required"))
            required = sm_json_copy(m->a, sm_json_get(rule, "required"));
        inside = closed_object(m, block->doc, properties, required);
        sm_json_set(choices, variant->choices[i], inside);
    }
    s = closed_object(m, block->doc, choices, sm_json_array(m->a));
    sm_json_set(s, "minProperties", sm_json_int(m->a, 1));
    sm_json_set(s, "maxProperties", sm_json_int(m->a, 1));
    return s;
}

static sm_json *short_form(const maker *m, const sm_block *block, sm_json *s)
{
    const sm_key *key = sm_key_find(block, sm_sv_cstr(block->shorthand));

    if (sm_key_variant(block) == key)
        s = either(m, s, folded_form(m, block));
    return either(m, key_schema(m, key), s);
}

static sm_json *block_schema(const maker *m, const sm_block *block)
{
    sm_json *properties = sm_json_object(m->a), *required = sm_json_array(m->a), *s;

    if (block->units)
        return units_schema(m, block);
    add_keys(m, block, properties, required);
    s = closed_object(m, block->doc, properties, required);
    add_variants(m, block, s);
    add_one_of(m, block, s);
    if (block->extensions)
        sm_json_set(s, "patternProperties", object_with(m, "^x-.", sm_json_object(m->a)));
    return block->shorthand ? short_form(m, block, s) : s;
}

static const sm_block *const blocks[] = {
    &sm_block_pipeline,  &sm_block_state,       &sm_block_engine,       &sm_block_source,
    &sm_block_table,     &sm_block_flow,        &sm_block_expectation,  &sm_block_column,
    &sm_block_variable,  &sm_block_project,     &sm_block_target,       &sm_block_defaults,
    &sm_block_secret,    &sm_block_connection,  &sm_block_table_column, &sm_block_test,
    &sm_block_watermark, &sm_block_deduplicate, &sm_block_suite,        &sm_block_trigger,
    &sm_block_freshness, &sm_block_retry,       &sm_block_server,       &sm_block_sink,
};

#define N_BLOCKS (sizeof(blocks) / sizeof(blocks[0]))

const char *const *sm_spec_schema_blocks(sm_arena *a)
{
    const char **names = SM_NEW_N(a, const char *, N_BLOCKS + 1);

    for (size_t i = 0; i < N_BLOCKS; i++)
        names[i] = blocks[i]->name;
    return names;
}

static sm_json *find_schema(const maker *m, sm_sv name)
{
    if (name.len == 0)
        return block_schema(m, &sm_block_pipeline);
    for (size_t i = 0; i < N_BLOCKS; i++)
        if (sm_sv_eq_str(name, blocks[i]->name))
            return block_schema(m, blocks[i]);
    for (const sm_spec_unit *u = m->units; u->name; u++)
        if (u->supported && sm_sv_eq_str(name, u->name))
            return unit_keys(m, &sm_block_source, u);
    return NULL;
}

sm_json *sm_spec_schema(const sm_spec_unit *units, sm_sv block, sm_arena *a)
{
    maker m = { units, a };
    sm_json *s = find_schema(&m, block);

    if (s)
        sm_json_set(s, "$schema", text(&m, "https://json-schema.org/draft/2020-12/schema"));
    return s;
}
