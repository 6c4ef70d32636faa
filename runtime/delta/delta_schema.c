/* SPDX-License-Identifier: Apache-2.0 */
/* delta_schema.c -- metaData and protocol: composing ours, judging what is there.
 *
 * Our tables stay at the oldest protocol that can say what they are: reader 1, writer 2.
 * Only a column without a zone (timestamp_ntz) asks for table features, (3,7).  A table that
 * another writer moved further is read if we know every reader feature, and written only if
 * it asks for nothing that we do not do.
 */
#include "runtime/delta/delta_schema.h"

#include <string.h>

#include "runtime/base/hash.h"
#include "runtime/delta/delta_describe.h"

/* ---- protocol ---- */

/* What a table may ask for; `active` features must be done when writing, the others only
 * constrain tables that use them, which sm_delta_protocol_check() cannot see.  Who writes, reads
 * too: by what the list of writers has. */
static const char *const reader_features[] = { "timestampNtz",         "vacuumProtocolCheck",
                                               "deletionVectors",      "columnMapping",
                                               "v2Checkpoint",         "typeWidening",
                                               "typeWidening-preview", NULL };
static const char *const writer_features[] = { "appendOnly", "invariants", "timestampNtz",
                                               "vacuumProtocolCheck", NULL };

/* What takes a feature away, by those who have it. */
static const struct feature_fix {
    const char *name, *fix;
} feature_fixes[] = {
    { "variantType", "give readers a copy without VARIANT columns" },
    { "variantType-preview", "give readers a copy without VARIANT columns" },
    { "variantShredding-preview", "give readers a copy without VARIANT columns" },
    { "catalogManaged", "its commits are known to its catalog alone; read a copy" },
    { "catalogOwned-preview", "its commits are known to its catalog alone; read a copy" },
    { NULL, "take it away with ALTER TABLE … DROP FEATURE, or read a copy without it" },
};

static bool has_ntz(const sm_schema *schema, sm_arena *a)
{
    sm_error ignored;
    sm_sqltype *t;

    for (size_t i = 0; i < schema->n; i++)
        if (sm_sqltype_parse(schema->columns[i].type, a, &t, &ignored) == SM_OK &&
            sm_sqltype_has(t, SM_SQLTYPE_TIMESTAMP_NTZ))
            return true;
    return false;
}

sm_delta_protocol sm_delta_protocol_make(const sm_schema *schema, sm_arena *a)
{
    if (!has_ntz(schema, a))
        return (sm_delta_protocol){ .min_reader = 1, .min_writer = 2 };
    sm_json *reader = sm_json_array(a), *writer = sm_json_array(a);
    sm_json_append(reader, sm_json_string(a, SM_SV("timestampNtz")));
    sm_json_append(writer, sm_json_string(a, SM_SV("timestampNtz")));
    return (sm_delta_protocol){ 3, 7, reader, writer };
}

static const char *fix_of(sm_sv feature)
{
    size_t i = 0;

    while (feature_fixes[i].name != NULL && !sm_sv_eq_str(feature, feature_fixes[i].name))
        i++;
    return feature_fixes[i].fix;
}

static sm_code check_features(const sm_json *list, const char *const *known, const char *what,
                              sm_error *err)
{
    for (size_t i = 0; list != NULL && i < sm_json_len(list); i++) {
        const sm_json *v = sm_json_at(list, i);
        sm_sv name = sm_json_is_string(v) ? sm_json_sv(v) : SM_SV("?");
        size_t k = 0;
        while (known[k] != NULL && !sm_sv_eq_str(name, known[k]))
            k++;
        if (known[k] == NULL)
            return sm_fail(err, SM_E_INVALID, 0,
                           "the table needs the Delta %s feature \"%.*s\", which is not "
                           "supported; %s",
                           what, SM_SV_ARG(name), fix_of(name));
    }
    return SM_OK;
}

sm_code sm_delta_protocol_check(const sm_delta_protocol *p, bool writing, sm_error *err)
{
    if (p->min_reader > 3 || (writing && p->min_reader == 2))
        return sm_fail(err, SM_E_INVALID, 0, "the table needs Delta reader version %lld",
                       (long long)p->min_reader);
    if (p->min_reader == 3 && p->reader_features == NULL)
        return sm_fail(err, SM_E_CORRUPT, 0, "the table's protocol names no reader features");
    sm_code rc = check_features(p->reader_features, writing ? writer_features : reader_features,
                                "reader", err);
    if (rc != SM_OK || !writing)
        return rc;
    if (p->min_writer > 2 && p->min_writer != 7)
        return sm_fail(err, SM_E_INVALID, 0, "the table needs Delta writer version %lld",
                       (long long)p->min_writer);
    return check_features(p->writer_features, writer_features, "writer", err);
}

/* ---- metaData ---- */

static sm_code check_partitions(const sm_delta_definition *d, sm_arena *a, sm_error *err)
{
    for (size_t i = 0; i < d->partition_count; i++) {
        sm_sv name = d->partition_by[i];
        ptrdiff_t at = sm_schema_find(d->schema, name);
        sm_sqltype *t;
        sm_code rc;

        if (at < 0)
            return sm_fail(err, SM_E_INVALID, 0, "partition column \"%.*s\" is no column",
                           SM_SV_ARG(name));
        if ((rc = sm_sqltype_parse(d->schema->columns[at].type, a, &t, err)) != SM_OK)
            return rc;
        if (t->n > 0 || t->kind == SM_SQLTYPE_BLOB)
            return sm_fail(err, SM_E_INVALID, 0,
                           "partition column \"%.*s\" has type %.*s, which no directory can name",
                           SM_SV_ARG(name), SM_SV_ARG(t->text));
        for (size_t j = 0; j < i; j++)
            if (sm_sv_eq_nocase(d->partition_by[j], name))
                return sm_fail(err, SM_E_INVALID, 0, "partition column \"%.*s\" is named twice",
                               SM_SV_ARG(name));
    }
    if (d->partition_count > 0 && d->partition_count == d->schema->n)
        return sm_fail(err, SM_E_INVALID, 0, "every column is a partition column");
    return SM_OK;
}

/* The names as the schema spells them. */
static sm_json *partition_names(const sm_delta_definition *d, sm_arena *a)
{
    sm_json *names = sm_json_array(a);

    for (size_t i = 0; i < d->partition_count; i++) {
        ptrdiff_t at = sm_schema_find(d->schema, d->partition_by[i]);
        sm_json_append(names, sm_json_string(a, d->schema->columns[at].name));
    }
    return names;
}

sm_code sm_delta_metadata_make(const sm_delta_definition *d, sm_sv id, int64_t now_ms, sm_arena *a,
                               sm_delta_metadata *out, sm_error *err)
{
    sm_json *schema;
    sm_code rc;

    if ((rc = check_partitions(d, a, err)) != SM_OK)
        return rc;
    if ((rc = sm_schema_to_delta(d->schema, a, &schema, err)) != SM_OK)
        return rc;
    *out = (sm_delta_metadata){
        .id = id.len > 0 ? sm_arena_dup(a, id) : sm_uuid4(a),
        .name = d->name,
        .description = d->description,
        .schema_string = sm_json_text(schema, a),
        .partition_columns = partition_names(d, a),
        .configuration = sm_delta_configuration(NULL, d, a),
        .created_ms = now_ms,
    };
    return SM_OK;
}

sm_code sm_delta_metadata_check(const sm_delta_metadata *m, bool removing, sm_arena *a,
                                sm_error *err)
{
    sm_sv append_only = sm_json_get_sv(m->configuration, "delta.appendOnly", SM_SV(""));
    sm_schema schema;
    sm_code rc;

    for (sm_json_iter it = sm_json_first(m->configuration); sm_json_valid(&it); sm_json_next(&it))
        if (sm_sv_starts(it.key, SM_SV("delta.constraints.")))
            return sm_fail(err, SM_E_INVALID, 0, "the table has constraint \"%.*s\"",
                           SM_SV_ARG(it.key));
    if (removing && sm_sv_eq_nocase(append_only, SM_SV("true")))
        return sm_fail(err, SM_E_INVALID, 0, "the table takes appends only (delta.appendOnly)");
    if (sm_sv_find(m->schema_string, SM_SV("delta.invariants")) >= 0)
        return sm_fail(err, SM_E_INVALID, 0, "the table has invariants on its columns");
    if ((rc = sm_delta_metadata_schema(m, a, &schema, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < schema.n; i++)
        if (!schema.columns[i].nullable)
            return sm_fail(err, SM_E_INVALID, 0, "column \"%.*s\" of the table is NOT NULL",
                           SM_SV_ARG(schema.columns[i].name));
    return SM_OK;
}

sm_code sm_delta_metadata_schema(const sm_delta_metadata *m, sm_arena *a, sm_schema *out,
                                 sm_error *err)
{
    sm_json *j;
    sm_code rc;

    if ((rc = sm_json_parse(m->schema_string, a, &j, err)) != SM_OK ||
        (rc = sm_schema_from_delta(j, a, out, err)) != SM_OK)
        return sm_wrap(err, "the table's schema");
    return SM_OK;
}

sm_code sm_delta_metadata_partitions(const sm_delta_metadata *m, sm_arena *a, const sm_sv **out,
                                     size_t *n, sm_error *err)
{
    size_t count = sm_json_len(m->partition_columns);
    sm_sv *names = SM_NEW_N(a, sm_sv, count + 1);

    for (size_t i = 0; i < count; i++) {
        const sm_json *v = sm_json_at(m->partition_columns, i);
        if (!sm_json_is_string(v))
            return sm_fail(err, SM_E_CORRUPT, 0, "the table's partition columns are no names");
        names[i] = sm_arena_dup(a, sm_json_sv(v));
    }
    *out = names;
    *n = count;
    return SM_OK;
}

static bool same_partitions(const sm_sv *x, size_t n, const sm_delta_definition *d)
{
    if (n != d->partition_count)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!sm_sv_eq_nocase(x[i], d->partition_by[i]))
            return false;
    return true;
}

bool sm_delta_same_partitions(const sm_delta_metadata *m, const sm_delta_definition *d, sm_arena *a)
{
    sm_error ignored;
    const sm_sv *partitions;
    size_t n;

    return sm_delta_metadata_partitions(m, a, &partitions, &n, &ignored) == SM_OK &&
           same_partitions(partitions, n, d);
}

bool sm_delta_metadata_fits(const sm_delta_metadata *m, const sm_delta_definition *d, sm_arena *a)
{
    sm_error ignored;
    sm_schema schema;
    const sm_sv *partitions;
    size_t n;

    return sm_delta_metadata_schema(m, a, &schema, &ignored) == SM_OK &&
           sm_delta_metadata_partitions(m, a, &partitions, &n, &ignored) == SM_OK &&
           sm_schema_equal(&schema, d->schema) && same_partitions(partitions, n, d);
}

/* "a BIGINT, b VARCHAR, partitioned by b". */
static sm_sv definition_text(const sm_schema *s, const sm_sv *partition_by, size_t n, sm_arena *a)
{
    sm_buf buf;

    sm_buf_init(&buf, 16 * 1024 * 1024);
    for (size_t i = 0; i < s->n; i++)
        sm_buf_addf(&buf, "%s%.*s %.*s", i > 0 ? ", " : "", SM_SV_ARG(s->columns[i].name),
                    SM_SV_ARG(s->columns[i].type));
    for (size_t i = 0; i < n; i++)
        sm_buf_addf(&buf, "%s%.*s", i > 0 ? ", " : " partitioned by ", SM_SV_ARG(partition_by[i]));
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&buf));
    sm_buf_release(&buf);
    return text;
}

/* The first column in which the two differ, so that a wide table's message stays short. */
static sm_sv first_difference(const sm_schema *was, const sm_schema *now, sm_arena *a)
{
    sm_buf buf;

    sm_buf_init(&buf, 16 * 1024 * 1024);
    for (size_t i = 0; i < was->n || i < now->n; i++) {
        const sm_column *x = i < was->n ? &was->columns[i] : NULL;
        const sm_column *y = i < now->n ? &now->columns[i] : NULL;
        if (x != NULL && y != NULL && sm_sv_eq(x->name, y->name) && sm_sv_eq(x->type, y->type))
            continue;
        sm_buf_addf(&buf, "column %zu is ", i + 1);
        if (x != NULL)
            sm_buf_addf(&buf, "%.*s %.*s in the table, ", SM_SV_ARG(x->name), SM_SV_ARG(x->type));
        else
            sm_buf_addf(&buf, "not in the table, ");
        if (y != NULL)
            sm_buf_addf(&buf, "%.*s %.*s in the query", SM_SV_ARG(y->name), SM_SV_ARG(y->type));
        else
            sm_buf_addf(&buf, "not in the query");
        break;
    }
    sm_sv text = sm_arena_dup(a, sm_buf_sv(&buf));
    sm_buf_release(&buf);
    return text;
}

sm_code sm_delta_metadata_refuse(const sm_delta_metadata *m, const sm_delta_definition *d,
                                 sm_arena *a, sm_error *err)
{
    sm_schema schema;
    const sm_sv *partitions;
    size_t n;
    sm_code rc;

    if ((rc = sm_delta_metadata_schema(m, a, &schema, err)) != SM_OK ||
        (rc = sm_delta_metadata_partitions(m, a, &partitions, &n, err)) != SM_OK)
        return rc;
    sm_sv was = definition_text(&schema, partitions, n, a);
    sm_sv now = definition_text(d->schema, d->partition_by, d->partition_count, a);
    if (was.len + now.len > 300 && !sm_schema_equal(&schema, d->schema))
        return sm_fail(err, SM_E_INVALID, 0,
                       "the definition changed: %.*s; rebuild the table with --full-refresh",
                       SM_SV_ARG(first_difference(&schema, d->schema, a)));
    return sm_fail(err, SM_E_INVALID, 0,
                   "the definition changed: the table has (%.*s), the query gives (%.*s); "
                   "rebuild the table with --full-refresh",
                   SM_SV_ARG(was), SM_SV_ARG(now));
}
