/* SPDX-License-Identifier: Apache-2.0 */
/* spec_project.c -- smelt.yml: what the pipelines of a project share, and its targets.
 *
 * Merging happens between trees, before anything is bound: the pipeline's own map gets the pairs
 * that the target sets (they win) and those that the project has (they fill gaps).  Each pair
 * keeps the place where it was written, so a message and `show --resolved` name the right file.
 *
 *     target  >  pipeline file  >  project, defaults
 */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/suggest.h"

/* ---- maps ---------------------------------------------------------------------------- */

static const sm_yaml_node *map_of(const sm_yaml_node *map, const char *key)
{
    const sm_yaml_node *value = map ? sm_yaml_get(map, key) : NULL;

    return value && value->kind == SM_YAML_MAP ? value : NULL;
}

/* The pairs of `high`, and those of `low` that it has not; what both have as maps is merged to
 * `depth` levels.  Either may be NULL; what is no map wins as it is. */
static const sm_yaml_node *merged(const sm_bind *b, const sm_yaml_node *high,
                                  const sm_yaml_node *low, int depth)
{
    sm_yaml_node *out;

    if (!high || !low || high->kind != SM_YAML_MAP || low->kind != SM_YAML_MAP)
        return high ? high : low;
    out = sm_yaml_made_map(high, high->n + low->n, b->a);
    for (size_t i = 0; i < high->n; i++) {
        sm_yaml_node *key = high->items[2 * i], *value = high->items[2 * i + 1];
        const sm_yaml_node *below = depth > 0 ? sm_yaml_get(low, key->text.ptr) : NULL;

        sm_yaml_put(out, key, merged(b, value, below, depth - 1));
    }
    for (size_t i = 0; i < low->n; i++)
        if (!sm_yaml_get(high, low->items[2 * i]->text.ptr))
            sm_yaml_put(out, low->items[2 * i], low->items[2 * i + 1]);
    return out;
}

/* `map` with one value set, where it stands or at its end; `key` is the node of its name. */
static const sm_yaml_node *with(const sm_bind *b, const sm_yaml_node *map, const sm_yaml_node *key,
                                const sm_yaml_node *value)
{
    sm_yaml_node *out = sm_yaml_made_map(map, map->n + 1, b->a);
    bool found = false;

    for (size_t i = 0; i < map->n; i++) {
        bool here = sm_sv_eq(map->items[2 * i]->text, key->text);

        found = found || here;
        sm_yaml_put(out, map->items[2 * i], here ? value : map->items[2 * i + 1]);
    }
    if (!found)
        sm_yaml_put(out, key, value);
    return out;
}

/* ---- the target ------------------------------------------------------------------------ */

static bool is_default(const sm_yaml_node *target)
{
    const sm_yaml_node *value = target->kind == SM_YAML_MAP ? sm_yaml_get(target, "default") : NULL;

    return value && value->kind == SM_YAML_BOOL && value->boolean;
}

static void tell_target(const sm_bind *b, const sm_yaml_node *targets)
{
    sm_span at = { .file = "--target" };
    sm_sv name = b->env->target;
    size_t n = targets ? targets->n : 0, near;
    sm_sv *names = SM_NEW_N(b->a, sm_sv, n + 1);

    for (size_t i = 0; i < n; i++)
        names[i] = targets->items[2 * i]->text;
    near = sm_suggest(name, names, n);
    sm_diag_add(b->d, "SM0150", at, "there is no target \"%.*s\"", SM_SV_ARG(name));
    if (near < n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(b->d, "targets stand in smelt.yml, under `targets`");
}

/* The map of the target in force; NULL when there is none. */
static const sm_yaml_node *find_target(const sm_bind *b, const sm_yaml_node *project)
{
    const sm_yaml_node *targets = map_of(project, "targets"), *found = NULL;
    const sm_yaml_node *first = NULL;

    for (size_t i = 0; targets && i < targets->n; i++) {
        const sm_yaml_node *name = targets->items[2 * i], *value = targets->items[2 * i + 1];

        if (is_default(value) && first) {
            sm_diag_add(b->d, "SM0151", sm_yaml_span(name), "a second target is the default");
            sm_diag_see(b->d, sm_yaml_span(first), "the first one stands here");
        } else if (is_default(value)) {
            first = name;
        }
        if (b->env->target.len > 0 ? sm_sv_eq(name->text, b->env->target) : first == name) {
            found = value;
            b->reading->target = name->text;
        }
    }
    if (b->env->target.len > 0 && !found)
        tell_target(b, targets);
    return found && found->kind == SM_YAML_MAP ? found : NULL;
}

/* ---- variables ------------------------------------------------------------------------- */

/* Each scalar of the map as {default: scalar}. */
static const sm_yaml_node *long_form(const sm_bind *b, const sm_yaml_node *variables)
{
    sm_yaml_node *out;

    if (!variables || variables->kind != SM_YAML_MAP)
        return variables;
    out = sm_yaml_made_map(variables, variables->n, b->a);
    for (size_t i = 0; i < variables->n; i++) {
        sm_yaml_node *value = variables->items[2 * i + 1], *map;

        if (value->kind == SM_YAML_MAP || value->kind == SM_YAML_LIST ||
            value->kind == SM_YAML_NULL) {
            sm_yaml_put(out, variables->items[2 * i], value);
            continue;
        }
        map = sm_yaml_made_map(value, 1, b->a);
        sm_yaml_put(map, sm_yaml_made(value, SM_SV("default"), false, b->a), value);
        sm_yaml_put(out, variables->items[2 * i], map);
    }
    return out;
}

/* ---- defaults -------------------------------------------------------------------------- */

static const sm_spec_unit *unit_of(const sm_bind *b, const sm_yaml_node *source)
{
    const sm_yaml_node *type = sm_yaml_get(source, "type");

    for (const sm_spec_unit *u = b->env->units; type && u->name; u++)
        if (sm_sv_eq_str(type->text, u->name))
            return u;
    return NULL;
}

/* May this block, as its `type` says, have the key? */
static bool takes(const sm_bind *b, const sm_block *block, const sm_yaml_node *map, sm_sv name)
{
    const sm_key *key = sm_key_find(block, name), *type = sm_key_find(block, SM_SV("type"));
    const sm_spec_unit *unit = block->units ? unit_of(b, map) : NULL;
    const sm_yaml_node *given = sm_yaml_get(map, "type");
    unsigned kind = 0;

    if (unit && sm_option_find(unit->options, name))
        return true;
    if (!key || key == type || sm_key_listed(block->one_of, name))
        return false;
    while (given && type->choices && type->choices[kind] &&
           !sm_sv_eq_str(given->text, type->choices[kind]))
        kind++;
    return kind > 31 || (key->except >> kind & 1U) == 0;
}

/* Each block of `blocks` with what `defaults` has and it has not. */
static const sm_yaml_node *with_defaults(const sm_bind *b, const sm_block *block,
                                         const sm_yaml_node *blocks, const sm_yaml_node *defaults)
{
    sm_yaml_node *out;

    if (!blocks || blocks->kind != SM_YAML_MAP || !defaults)
        return blocks;
    out = sm_yaml_made_map(blocks, blocks->n, b->a);
    for (size_t i = 0; i < blocks->n; i++) {
        const sm_yaml_node *own = blocks->items[2 * i + 1];
        sm_yaml_node *fit = sm_yaml_made_map(defaults, defaults->n, b->a);

        for (size_t k = 0; own->kind == SM_YAML_MAP && k < defaults->n; k++)
            if (takes(b, block, own, defaults->items[2 * k]->text))
                sm_yaml_put(fit, defaults->items[2 * k], defaults->items[2 * k + 1]);
        sm_yaml_put(out, blocks->items[2 * i],
                    own->kind == SM_YAML_MAP ? merged(b, own, fit, 0) : own);
    }
    return out;
}

/* ---- rules by name --------------------------------------------------------------------- */

static bool has_tag(const sm_yaml_node *rule, sm_sv tag)
{
    const sm_yaml_node *tags = rule->kind == SM_YAML_MAP ? sm_yaml_get(rule, "tags") : NULL;

    for (size_t i = 0; tags && tags->kind == SM_YAML_LIST && i < tags->n; i++)
        if (sm_sv_eq(tags->items[i]->text, tag))
            return true;
    return false;
}

static void tell_rule(const sm_bind *b, const sm_yaml_node *item, const sm_yaml_node *library)
{
    size_t n = library ? library->n : 0, near;
    sm_sv *names = SM_NEW_N(b->a, sm_sv, n + 1);

    for (size_t i = 0; i < n; i++)
        names[i] = library->items[2 * i]->text;
    near = sm_suggest(item->text, names, n);
    if (sm_sv_starts(item->text, SM_SV("tag:")))
        sm_diag_add(b->d, "SM0152", sm_yaml_span(item),
                    "no rule of the project has the tag \"%.*s\"",
                    SM_SV_ARG(sm_sv_sub(item->text, 4, item->text.len)));
    else
        sm_diag_add(b->d, "SM0152", sm_yaml_span(item), "the project has no rule \"%.*s\"",
                    SM_SV_ARG(item->text));
    if (near < n)
        sm_diag_hint(b->d, "did you mean \"%.*s\"?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(b->d, "rules to take by name stand in smelt.yml, under `rules`");
}

/* A rule of the library that is taken once, however often it is named. */
static void put_rule(const sm_bind *b, sm_yaml_node *out, const sm_yaml_node *name,
                     const sm_yaml_node *at, const sm_yaml_node *rule)
{
    if (!sm_yaml_get(out, name->text.ptr))
        sm_yaml_put(out, sm_yaml_made(at, name->text, false, b->a), rule);
}

static void take_rules(const sm_bind *b, const sm_yaml_node *item, const sm_yaml_node *library,
                       sm_yaml_node *out)
{
    bool tag = sm_sv_starts(item->text, SM_SV("tag:")), found = false;
    sm_sv word = tag ? sm_sv_sub(item->text, 4, item->text.len) : item->text;

    for (size_t i = 0; library && i < library->n; i++) {
        const sm_yaml_node *name = library->items[2 * i], *rule = library->items[2 * i + 1];

        if (tag ? !has_tag(rule, word) : !sm_sv_eq(name->text, word))
            continue;
        put_rule(b, out, name, item, rule);
        found = true;
    }
    if (!found)
        tell_rule(b, item, library);
}

/* A map of rules by their names, and not one rule with its name inside. */
static bool is_rules(const sm_yaml_node *item)
{
    return item->kind == SM_YAML_MAP && !sm_yaml_get(item, "expect");
}

static void tell_rule_form(const sm_bind *b, const sm_yaml_node *item)
{
    const sm_yaml_node *name = sm_yaml_get(item, "name");
    bool named = name && name->kind == SM_YAML_STRING;

    sm_diag_add(b->d, "SM0113", sm_yaml_span(item->items[0]),
                "a rule in a list stands below its name");
    sm_diag_hint(b->d, "write %.*s: {expect: …}", SM_SV_ARG(named ? name->text : SM_SV("name")));
}

/* A list of names, tags and maps as one map of rules. */
static const sm_yaml_node *rules_of(const sm_bind *b, const sm_yaml_node *list,
                                    const sm_yaml_node *library)
{
    size_t most = list->n * (1 + (library ? library->n : 0));
    sm_yaml_node *out;

    for (size_t i = 0; i < list->n; i++)
        most += list->items[i]->kind == SM_YAML_MAP ? list->items[i]->n : 0;
    out = sm_yaml_made_map(list, most, b->a);
    for (size_t i = 0; i < list->n; i++) {
        const sm_yaml_node *item = list->items[i];

        if (item->kind == SM_YAML_STRING)
            take_rules(b, item, library, out);
        else if (item->kind != SM_YAML_MAP)
            sm_spec__wrong_kind(b, (sm_pair){ NULL, item }, "the name of a rule, tag:x or a rule");
        else if (sm_yaml_get(item, "expect"))
            tell_rule_form(b, item);
        for (size_t k = 0; is_rules(item) && k < item->n; k++)
            put_rule(b, out, item->items[2 * k], item->items[2 * k], item->items[2 * k + 1]);
    }
    return out;
}

static bool has_lists(const sm_yaml_node *tables)
{
    for (size_t i = 0; i < tables->n; i++) {
        const sm_yaml_node *table = tables->items[2 * i + 1], *rules = NULL;

        if (table->kind == SM_YAML_MAP)
            rules = sm_yaml_get(table, "expectations");
        if (rules && rules->kind == SM_YAML_LIST)
            return true;
    }
    return false;
}

static const sm_yaml_node *with_rules(const sm_bind *b, const sm_yaml_node *tables,
                                      const sm_yaml_node *library)
{
    sm_yaml_node *out;

    if (!tables || tables->kind != SM_YAML_MAP || !has_lists(tables))
        return tables;
    out = sm_yaml_made_map(tables, tables->n, b->a);
    for (size_t i = 0; i < tables->n; i++) {
        const sm_yaml_node *table = tables->items[2 * i + 1];
        sm_pair rules = { NULL, NULL };

        if (table->kind == SM_YAML_MAP)
            rules = sm_spec__pair(table, "expectations");
        if (rules.key && rules.value->kind == SM_YAML_LIST)
            table = with(b, table, rules.key, rules_of(b, rules.value, library));
        sm_yaml_put(out, tables->items[2 * i], table);
    }
    return out;
}

/* ---- all of it ------------------------------------------------------------------------- */

/* `key` of the root: the target's value over the pipeline's over the project's. */
static const sm_yaml_node *merge_key(const sm_bind *b, const sm_yaml_node *root, const char *key,
                                     const sm_yaml_node *target, const sm_yaml_node *project)
{
    sm_pair high = target ? sm_spec__pair(target, key) : (sm_pair){ NULL, NULL };
    sm_pair own = sm_spec__pair(root, key);
    sm_pair low = project ? sm_spec__pair(project, key) : (sm_pair){ NULL, NULL };
    const sm_yaml_node *name = own.key ? own.key : high.key ? high.key : low.key;
    bool variables = strcmp(key, "variables") == 0;

    if (!high.key && !low.key)
        return root;
    if (variables) {
        high.value = long_form(b, high.value);
        own.value = long_form(b, own.value);
        low.value = long_form(b, low.value);
    }
    return with(b, root, name,
                merged(b, merged(b, high.value, own.value, 1), low.value, variables ? 1 : 0));
}

static const sm_yaml_node *replace(const sm_bind *b, const sm_yaml_node *root, const char *key,
                                   const sm_yaml_node *value)
{
    sm_pair own = sm_spec__pair(root, key);

    return own.key && own.value != value ? with(b, root, own.key, value) : root;
}

const sm_yaml_node *sm_spec__merge_project(const sm_bind *b, const sm_yaml_node *root,
                                           const sm_yaml_node *project)
{
    const sm_yaml_node *target = find_target(b, project);
    const sm_yaml_node *defaults =
        merged(b, map_of(target, "defaults"), map_of(project, "defaults"), 1);
    const sm_yaml_node *library = merged(b, map_of(target, "rules"), map_of(project, "rules"), 0);

    b->reading->secrets = merged(b, map_of(target, "secrets"), map_of(project, "secrets"), 0);
    b->reading->connections =
        merged(b, map_of(target, "connections"), map_of(project, "connections"), 0);
    b->reading->production = target && sm_yaml_get(target, "mode") &&
                             sm_sv_eq(sm_yaml_get(target, "mode")->text, SM_SV("production"));
    root = merge_key(b, root, "variables", target, project);
    b->reading->server = merged(b, map_of(target, "server"), map_of(project, "server"), 1);
    root = merge_key(b, root, "engine", target, project);
    root = merge_key(b, root, "retry", target, project);
    root = merge_key(b, root, "state", target, project);
    root = merge_key(b, root, "storage", target, defaults);
    root = merge_key(b, root, "storage_connection", target, defaults);
    root = merge_key(b, root, "schema", target, NULL);
    root = replace(b, root, "sources",
                   with_defaults(b, &sm_block_source, sm_yaml_get(root, "sources"),
                                 map_of(defaults, "sources")));
    root = replace(
        b, root, "tables",
        with_defaults(b, &sm_block_table, sm_yaml_get(root, "tables"), map_of(defaults, "tables")));
    return replace(b, root, "tables", with_rules(b, sm_yaml_get(root, "tables"), library));
}

const sm_yaml_node *sm_spec__project(const sm_bind *b)
{
    const sm_yaml_node *project;

    if (!b->env->project_file)
        return NULL;
    sm_spec__add_doc(b, b->env->project_file, b->env->project_text);
    project = sm_yaml_parse(b->env->project_file, b->env->project_text, b->a, b->d);
    if (!project || project->kind == SM_YAML_MAP)
        return project;
    sm_diag_add(b->d, "SM0104", sm_yaml_span(project), "a project is a map of keys, not %.*s",
                SM_SV_ARG(sm_yaml_describe(project, b->a)));
    return NULL;
}

/* What is in force of a map of the project, into the spec. */
static void bind_in_force(const sm_bind *b, const char *key, const sm_yaml_node *map, void *to)
{
    if (map)
        sm_spec__bind_value(b, sm_key_find(&sm_block_project, sm_sv_cstr(key)),
                            (sm_pair){ map, map }, to);
}

/* Named things of smelt.yml, each a struct that begins with its name. */
static void check_names(const sm_bind *b, const void *list, size_t size, const char *what)
{
    sm_spec_items items;

    memcpy(&items, list, sizeof(items));
    for (size_t i = 0; i < items.n; i++)
        (void)sm_spec__check_name(
            b, (const sm_text *)(const void *)((const char *)items.items + i * size), what);
}

void sm_spec__check_project(const sm_bind *b, const sm_yaml_node *project, sm_spec *s)
{
    sm_bind lenient = *b;

    s->target = b->reading->target;
    s->production = b->reading->production;
    sm_spec__bind_default(b, sm_key_find(&sm_block_project, SM_SV("server")), &s->server);
    if (!project)
        return;
    lenient.file = b->env->project_file;
    lenient.lenient = true;
    sm_spec__bind_block(&lenient, &sm_block_project, (sm_pair){ NULL, project }, &s->project);
    bind_in_force(&lenient, "secrets", b->reading->secrets, &s->secrets);
    bind_in_force(&lenient, "connections", b->reading->connections, &s->connections);
    bind_in_force(&lenient, "server", b->reading->server, &s->server);
    (void)sm_spec__check_rules(b, &s->project.rules);
    check_names(b, &s->project.secrets, sizeof(sm_spec_secret), "the name of a secret");
    check_names(b, &s->project.connections, sizeof(sm_spec_connection), "the name of a connection");
    check_names(b, &s->project.targets, sizeof(sm_spec_target), "the name of a target");
}
