/* SPDX-License-Identifier: Apache-2.0 */
/* spec_check.c -- what a table of keys cannot say: names, and values that depend on others. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/sqlgrow.h"
#include "runtime/base/strmap.h"

static bool has_prefix(sm_sv s, sm_sv prefix)
{
    return s.len >= prefix.len && sm_sv_eq_nocase(sm_sv_sub(s, 0, prefix.len), prefix);
}

static bool has_suffix(sm_sv s, sm_sv suffix)
{
    return s.len >= suffix.len &&
           sm_sv_eq_nocase(sm_sv_sub(s, s.len - suffix.len, suffix.len), suffix);
}

static bool is_reserved(sm_sv name)
{
    return has_prefix(name, SM_SV("_smelt")) || has_suffix(name, SM_SV("__quarantine")) ||
           has_suffix(name, SM_SV("__late")) || sm_sv_eq_nocase(name, SM_SV("_delta_log"));
}

bool sm_spec__check_name(const sm_bind *b, const sm_text *name, const char *what)
{
    if (!sm_form_name.matches(name->text)) {
        sm_diag_add(b->d, "SM0118", name->at, "\"%.*s\" is not %s", SM_SV_ARG(name->text),
                    sm_form_name.words);
        return false;
    }
    if (is_reserved(name->text)) {
        sm_diag_add(b->d, "SM0119", name->at, "\"%.*s\" is a name that smelt keeps for itself",
                    SM_SV_ARG(name->text));
        sm_diag_hint(b->d,
                     "%s may not begin with _smelt, nor end with __quarantine or __late, "
                     "nor be _delta_log",
                     what);
        return false;
    }
    return true;
}

/* Names of datasets, told apart without regard to case, as SQL does. */
typedef struct datasets {
    sm_strmap *map; /* name -> index in names */
    const sm_text **names;
    const char **kinds;
    size_t n;
} datasets;

static bool add_dataset(const sm_bind *b, datasets *all, const sm_text *name, const char *kind)
{
    size_t first;

    if (sm_strmap_get(all->map, name->text, &first)) {
        sm_diag_add(b->d, "SM0120", name->at, "%s \"%.*s\" has the name of a %s", kind,
                    SM_SV_ARG(name->text), all->kinds[first]);
        sm_diag_hint(b->d,
                     "sources, tables, views and sinks share one set of names, in which case does "
                     "not matter");
        sm_diag_see(b->d, all->names[first]->at, "it is taken here");
        return false;
    }
    (void)sm_strmap_put(all->map, name->text, all->n);
    all->names[all->n] = name;
    all->kinds[all->n++] = kind;
    return true;
}

/* A type that the engine has and a table can hold. */
bool sm_spec__check_type(const sm_bind *b, const sm_text *at, sm_sv name, sm_sv type)
{
    sm_sqltype *tree, *stored;
    sm_error err;

    if (sm_sqltype_parse(type, b->a, &tree, &err) == SM_OK &&
        !sm_sqltype_has(tree, SM_SQLTYPE_OTHER) &&
        sm_sqltype_stored(tree, b->a, &stored, &err) == SM_OK)
        return true;
    sm_diag_add(b->d, "SM0406", at->at,
                "column \"%.*s\": \"%.*s\" is no type that a table can have", SM_SV_ARG(name),
                SM_SV_ARG(type));
    sm_diag_hint(b->d, "types are written as BIGINT, DOUBLE, DECIMAL(10,2), VARCHAR, TIMESTAMP, "
                       "VARCHAR[] or STRUCT(a BIGINT)");
    return false;
}

static bool check_columns(const sm_bind *b, const sm_spec_columns *columns)
{
    sm_strmap *seen = sm_strmap_new_nocase(b->a);
    bool ok = true;

    if (columns->at.line != 0 && columns->n == 0) {
        sm_diag_add(b->d, "SM0404", columns->at, "`schema` has no columns");
        sm_diag_hint(b->d, "leave it out, and the columns are inferred");
        return false;
    }
    for (size_t i = 0; i < columns->n; i++) {
        const sm_text *name = &columns->items[i].name;
        const sm_text *type = &columns->items[i].data_type;
        size_t first;

        if (sm_text_set(type))
            ok = sm_spec__check_type(b, type, name->text, type->text) && ok;
        if (!sm_text_set(name) || sm_strmap_put(seen, name->text, i))
            continue;
        (void)sm_strmap_get(seen, name->text, &first);
        sm_diag_add(b->d, "SM0405", name->at, "column \"%.*s\" stands in this schema twice",
                    SM_SV_ARG(name->text));
        sm_diag_see(b->d, columns->items[first].name.at, "it stands here first");
        ok = false;
    }
    return ok;
}

/* With `on_violation: fail` the first broken row decides, and no threshold is looked at. */
bool sm_spec__check_threshold(const sm_bind *b, const sm_spec_enum *on_violation,
                              const sm_text *threshold, const char *key)
{
    if (on_violation->v != SM_VIOLATION_FAIL || !sm_text_set(threshold))
        return true;
    sm_diag_add(b->d, "SM0608", threshold->at,
                "`%s` never comes into play: with `on_violation: fail` one broken row is enough",
                key);
    sm_diag_see(b->d, on_violation->at, "it stands here");
    sm_diag_hint(b->d, "leave out one of the two");
    return false;
}

/* Fields are rescued into a column: then there is one. */
static bool check_rescue(const sm_bind *b, const sm_spec_source *s)
{
    if (sm_json_get_sv(s->options, "rescued_data_column", SM_SV("_")).len > 0)
        return true;
    sm_diag_add(b->d, "SM0411", s->evolution.at,
                "`schema_evolution_mode: rescue` keeps what no column takes, and "
                "`rescued_data_column: \"\"` says that there is no column for it");
    sm_diag_hint(b->d, "leave `rescued_data_column` out, or ignore such fields with "
                       "`schema_evolution_mode: none`");
    return false;
}

/* The default depends on `schema`; together they say two things. */
static bool check_evolution(const sm_bind *b, sm_spec_source *s)
{
    bool declared = s->schema.at.line != 0;

    if (s->evolution.at.line == 0)
        s->evolution.v = declared ? SM_EVOLUTION_NONE : SM_EVOLUTION_ADD;
    if (s->evolution.v == SM_EVOLUTION_RESCUE)
        return check_rescue(b, s);
    if (!declared || !sm_evolution_grows((sm_evolution)s->evolution.v))
        return true;
    sm_diag_add(b->d, "SM0409", s->evolution.at,
                "`schema` says which columns there are, and `schema_evolution_mode: %s` that "
                "they grow",
                sm_evolution_name((sm_evolution)s->evolution.v));
    sm_diag_hint(b->d, "leave `schema` out, and give the types that you know as `schema_hints`");
    sm_diag_see(b->d, s->schema.at, "the columns are declared here");
    return false;
}

bool sm_spec__check_rules(const sm_bind *b, sm_spec_rules *rules)
{
    bool ok = true;

    for (size_t i = 0; i < rules->n; i++) {
        sm_spec_rule *r = &rules->items[i];

        r->broken = !sm_spec__check_name(b, &r->name, "the name of an expectation") || r->broken;
        r->broken =
            !sm_spec__check_threshold(b, &r->on_violation, &r->fail_if, "fail_if") || r->broken;
        r->broken =
            !sm_spec__check_threshold(b, &r->on_violation, &r->warn_if, "warn_if") || r->broken;
        r->broken = !sm_spec__check_rule_whole(b, r) || r->broken;
        ok = ok && !r->broken;
    }
    return ok;
}

/* What stands in the file, when the text does not stand here. */
static bool fill_sql(const sm_bind *b, const sm_text *path, sm_text *sql)
{
    return !sm_text_set(path) || sm_text_set(sql) || sm_spec__sql_file(b, path, sql);
}

static bool check_flows(const sm_bind *b, sm_spec_flows *flows)
{
    bool ok = true;

    if (flows->at.line != 0 && flows->n == 0) {
        sm_diag_add(b->d, "SM0114", flows->at, "`flows` is empty");
        return false;
    }
    for (size_t i = 0; i < flows->n; i++) {
        sm_spec_flow *f = &flows->items[i];

        f->broken = !sm_spec__check_name(b, &f->name, "the name of a flow") || f->broken;
        f->broken = f->broken || !fill_sql(b, &f->sql_file, &f->sql);
        ok = ok && !f->broken;
    }
    return ok;
}

static void check_sources(const sm_bind *b, sm_spec *s, datasets *all)
{
    for (size_t i = 0; i < s->sources.n; i++) {
        sm_spec_source *source = &s->sources.items[i];
        bool ok = sm_spec__check_name(b, &source->name, "the name of a source");

        ok = add_dataset(b, all, &source->name, "source") && ok;
        ok = check_columns(b, &source->schema) && ok;
        ok = sm_spec__check_hints(b, &source->schema_hints) && ok;
        ok = check_evolution(b, source) && ok;
        source->broken = source->broken || !ok;
    }
}

static const char *kind_of(const sm_spec_table *t)
{
    static const char *const kinds[] = {
        [SM_TABLE_STREAMING] = "table",
        [SM_TABLE_MATERIALIZED_VIEW] = "materialized view",
        [SM_TABLE_VIEW] = "view",
    };

    return kinds[t->type.v];
}

static void check_tables(const sm_bind *b, sm_spec *s, datasets *all)
{
    for (size_t i = 0; i < s->tables.n; i++) {
        sm_spec_table *t = &s->tables.items[i];
        bool ok = sm_spec__check_name(b, &t->name, "the name of a table");

        ok = add_dataset(b, all, &t->name, kind_of(t)) && ok;
        ok = check_flows(b, &t->flows) && ok;
        ok = sm_spec__check_rules(b, &t->expectations) && ok;
        ok = sm_spec__check_columns(b, t) && ok;
        ok = fill_sql(b, &t->sql_file, &t->sql) && ok;
        ok = sm_spec__check_streaming(b, t) && ok;
        t->broken = t->broken || !ok;
    }
    if (s->tables.at.line != 0 && s->tables.n == 0 && sm_diags_errors(b->d) == 0) {
        sm_diag_add(b->d, "SM0114", s->tables.at, "`tables` is empty");
        sm_diag_hint(b->d, "a pipeline without tables does nothing");
    }
}

static void check_sinks(const sm_bind *b, sm_spec *s, datasets *all)
{
    for (size_t i = 0; i < s->sinks.n; i++) {
        sm_spec_sink *k = &s->sinks.items[i];
        bool ok = sm_spec__check_name(b, &k->name, "the name of a sink");

        ok = add_dataset(b, all, &k->name, "sink") && ok;
        ok = k->broken || (sm_spec__check_sink(b, s, k) && ok);
        k->broken = k->broken || !ok;
    }
}

/* Rules and tables that are not enabled are checked like any other, and then taken out. */
static void take_out_rules(sm_spec_rules *rules)
{
    size_t n = 0;

    for (size_t i = 0; i < rules->n; i++)
        if (rules->items[i].enabled.v || rules->items[i].broken)
            rules->items[n++] = rules->items[i];
    rules->n = n;
}

static void take_out_disabled(const sm_bind *b, sm_spec *s)
{
    size_t n = 0;

    s->disabled.items = SM_NEW_N(b->a, sm_spec_table, s->tables.n + 1);
    for (size_t i = 0; i < s->tables.n; i++) {
        sm_spec_table *t = &s->tables.items[i];

        take_out_rules(&t->expectations);
        if (t->enabled.v || t->broken)
            s->tables.items[n++] = *t;
        else
            s->disabled.items[s->disabled.n++] = *t;
    }
    s->tables.n = n;
}

static void fill_defaults(const sm_bind *b, sm_spec *s)
{
    if (!sm_text_set(&s->schema))
        s->schema.text = s->pipeline.text;
    if (sm_spec_is_remote(s))
        return; /* state.path: the same for all, were it guessed */
    if (!sm_text_set(&s->state.path) && sm_text_set(&s->storage)) {
        size_t len = s->storage.text.len;

        while (len > 1 && s->storage.text.ptr[len - 1] == '/')
            len--;
        s->state.path.text = sm_arena_printf(b->a, "%.*s/.smelt", (int)len, s->storage.text.ptr);
    }
}

/* A path of smelt.yml begins at the folder of smelt.yml. */
static void rebase(const sm_bind *b, sm_text *path)
{
    bool project = b->env->project_file && sm_text_set(path) &&
                   strcmp(path->at.file, b->env->project_file) == 0;

    if (!project || path->text.len == 0 || path->text.ptr[0] == '/' ||
        sm_sv_starts(path->text, SM_SV("s3://")))
        return;
    if (b->env->project_way.len > 0 && sm_sv_starts(path->text, SM_SV("./")))
        path->text = sm_sv_sub(path->text, 2, path->text.len);
    if (b->env->project_way.len > 0)
        path->text = sm_arena_printf(b->a, "%.*s%.*s", SM_SV_ARG(b->env->project_way),
                                     SM_SV_ARG(path->text));
}

/* Everybody who reaches the address may do everything: so only this machine may reach it. */
static void check_server(const sm_bind *b, const sm_spec_server *s)
{
    sm_sv listen = s->listen.text;
    bool here = listen.len == 0 || sm_sv_starts(listen, SM_SV("127.")) ||
                sm_sv_starts(listen, SM_SV("localhost:")) || sm_sv_starts(listen, SM_SV("[::1]:"));

    if (s->auth.v != SM_SERVER_NO_AUTH || here)
        return;
    sm_diag_add(b->d, "SM0904", sm_text_set(&s->listen) ? s->listen.at : s->at,
                "`auth` is none, and `listen` is an address that other machines reach");
    sm_diag_hint(b->d, "listen on 127.0.0.1:8480, or let people come in with a token");
}

void sm_spec__check(const sm_bind *b, sm_spec *s)
{
    size_t most = s->sources.n + s->tables.n + s->sinks.n;
    datasets all = {
        .map = sm_strmap_new_nocase(b->a),
        .names = SM_NEW_N(b->a, const sm_text *, most),
        .kinds = SM_NEW_N(b->a, const char *, most),
    };

    rebase(b, &s->storage);
    rebase(b, &s->state.path);
    rebase(b, &s->engine.temp_directory);
    rebase(b, &s->server.tls.certificate);
    rebase(b, &s->server.tls.key);
    for (size_t i = 0; i < s->server.roots.n; i++)
        rebase(b, &s->server.roots.items[i]);
    check_server(b, &s->server);
    if (sm_text_set(&s->pipeline))
        (void)sm_spec__check_name(b, &s->pipeline, "the name of a pipeline");
    if (sm_text_set(&s->schema))
        (void)sm_spec__check_name(b, &s->schema, "a schema");
    check_sources(b, s, &all);
    check_tables(b, s, &all);
    check_sinks(b, s, &all);
    sm_spec__check_trigger(b, s);
    take_out_disabled(b, s);
    fill_defaults(b, s);
    if (sm_spec_is_remote(s))
        sm_spec__check_bucket(b, s);
    sm_spec__check_source_buckets(b, s);
}
