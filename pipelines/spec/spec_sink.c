/* SPDX-License-Identifier: Apache-2.0 */
/* spec_sink.c -- which keys a sink may have, by its type. */
#include "pipelines/spec/spec_int.h"

enum { KAFKA = 1 << SM_SINK_KAFKA, FILES = 1 << SM_SINK_FILES, DELTA = 1 << SM_SINK_DELTA };

static const char *const type_names[] = { "kafka", "files", "delta" };

static const struct sink_key {
    const char *name;
    size_t offset; /* of its sm_text */
    unsigned types, needed_by;
} sink_keys[] = {
    { "path", offsetof(sm_spec_sink, path), FILES | DELTA, FILES | DELTA },
    { "topic", offsetof(sm_spec_sink, topic), KAFKA, KAFKA },
    { "brokers", offsetof(sm_spec_sink, brokers), KAFKA, 0 },
    { "connection", offsetof(sm_spec_sink, connection), KAFKA, 0 },
    { "key", offsetof(sm_spec_sink, key), KAFKA, 0 },
    { "marks_topic", offsetof(sm_spec_sink, marks_topic), KAFKA, 0 },
};

static bool not_of_type(const sm_bind *b, const sm_spec_sink *k, const char *key, const sm_span *at)
{
    sm_diag_add(b->d, "SM0417", *at, "a sink of type %s has no `%s`", type_names[k->type.v], key);
    sm_diag_hint(b->d, "`smelt sinks %s` says which options there are", type_names[k->type.v]);
    return false;
}

static bool check_keys(const sm_bind *b, const sm_spec_sink *k)
{
    unsigned type = 1u << k->type.v;
    bool ok = true;

    for (size_t i = 0; i < sizeof sink_keys / sizeof *sink_keys; i++) {
        const struct sink_key *row = &sink_keys[i];
        const sm_text *text = (const sm_text *)((const char *)k + row->offset);

        if ((row->types & type) == 0 && text->at.line != 0)
            ok = not_of_type(b, k, row->name, &text->at);
        if ((row->needed_by & type) == 0 || sm_text_set(text))
            continue;
        sm_diag_add(b->d, "SM0417", k->at, "sink \"%.*s\" lacks the key `%s`",
                    SM_SV_ARG(k->name.text), row->name);
        sm_diag_hint(b->d, "a sink of type %s needs it", type_names[k->type.v]);
        ok = false;
    }
    if (k->options.v != NULL && type != KAFKA)
        ok = not_of_type(b, k, "options", &k->options.at);
    return ok;
}

/* What a type cannot do is no matter of options. */
static bool check_values(const sm_bind *b, sm_spec_sink *k)
{
    static const char *const promises[] = { "exactly_once", "at_least_once" };
    int only = k->type.v == SM_SINK_FILES ? 1 : 0;

    if (k->type.v == SM_SINK_DELTA && k->format.at.line != 0)
        return not_of_type(b, k, "format", &k->format.at);
    if (k->type.v == SM_SINK_KAFKA && k->format.v != 0) {
        sm_diag_add(b->d, "SM0417", k->format.at, "a sink of type kafka writes json only");
        return false;
    }
    if (k->type.v != SM_SINK_KAFKA && k->delivery.at.line != 0 && k->delivery.v != only) {
        sm_diag_add(b->d, "SM0417", k->delivery.at, "a sink of type %s delivers %s",
                    type_names[k->type.v], promises[only]);
        sm_diag_hint(b->d, "leave `delivery` out");
        return false;
    }
    if (k->type.v != SM_SINK_KAFKA)
        k->delivery.v = only;
    return true;
}

bool sm_spec__check_sink(const sm_bind *b, sm_spec_sink *k)
{
    bool ok = check_keys(b, k);

    return check_values(b, k) && ok;
}
