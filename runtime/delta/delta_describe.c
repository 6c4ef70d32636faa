/* SPDX-License-Identifier: Apache-2.0 */
/* delta_describe.c -- description, comments of columns, properties. */
#include "runtime/delta/delta_describe.h"

const sm_json *sm_delta_configuration(const sm_json *configuration, const sm_delta_definition *d,
                                      sm_arena *a)
{
    sm_json *out = configuration == NULL ? sm_json_object(a) : sm_json_copy(a, configuration);

    for (sm_json_iter it = sm_json_first(d->properties); sm_json_valid(&it); sm_json_next(&it))
        sm_json_set_sv(out, it.key, sm_json_copy(a, it.value));
    return out;
}

/* The comment that `d` has for the column; "" when it has none. */
static sm_sv comment_of(const sm_delta_definition *d, sm_sv column)
{
    ptrdiff_t at = sm_schema_find(d->schema, column);

    return at < 0 ? SM_SV("") : d->schema->columns[at].description;
}

bool sm_delta_metadata_described(const sm_delta_metadata *m, const sm_delta_definition *d,
                                 sm_arena *a)
{
    sm_error ignored;
    sm_schema table;

    if (d->description.len > 0 && !sm_sv_eq(m->description, d->description))
        return false;
    for (sm_json_iter it = sm_json_first(d->properties); sm_json_valid(&it); sm_json_next(&it))
        if (!sm_json_equal(sm_json_get_by(m->configuration, it.key), it.value))
            return false;
    if (sm_delta_metadata_schema(m, a, &table, &ignored) != SM_OK)
        return true; /* told where it is read */
    for (size_t i = 0; i < table.n; i++) {
        sm_sv comment = comment_of(d, table.columns[i].name);

        if (comment.len > 0 && !sm_sv_eq(comment, table.columns[i].description))
            return false;
    }
    return true;
}

/* The field with the comment that `d` has for it, besides what else is said of it. */
static sm_json *field_of(const sm_json *was, const sm_delta_definition *d, sm_arena *a)
{
    sm_json *field = sm_json_copy(a, was);
    const sm_json *metadata = sm_json_get(was, "metadata");
    sm_sv comment = comment_of(d, sm_json_get_sv(was, "name", SM_SV("")));
    sm_json *now;

    if (comment.len == 0)
        return field;
    now = metadata == NULL ? sm_json_object(a) : sm_json_copy(a, metadata);
    sm_json_set_string(now, "comment", comment);
    sm_json_set(field, "metadata", now);
    return field;
}

sm_code sm_delta_metadata_describe(const sm_delta_metadata *m, const sm_delta_definition *d,
                                   sm_arena *a, sm_delta_metadata *out, sm_error *err)
{
    sm_json *schema, *fields = sm_json_array(a);
    const sm_json *was;
    sm_code rc = sm_json_parse(m->schema_string, a, &schema, err);

    if (rc != SM_OK)
        return sm_wrap(err, "the table's schema");
    was = sm_json_get(schema, "fields");
    for (size_t i = 0; i < sm_json_len(was); i++)
        sm_json_append(fields, field_of(sm_json_at(was, i), d, a));
    sm_json_set(schema, "fields", fields);
    *out = *m;
    out->schema_string = sm_json_text(schema, a);
    out->configuration = sm_delta_configuration(m->configuration, d, a);
    if (d->description.len > 0)
        out->description = d->description;
    return SM_OK;
}
