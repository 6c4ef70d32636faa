/* SPDX-License-Identifier: Apache-2.0 */
/* spec_properties.c -- `properties` of a table: what the Delta table says of itself.
 *
 * Names of one's own are free.  Of delta.… only those are taken that tell other tools how to
 * treat the table; those that ask its writers for something that smelt does not do would leave
 * a table that smelt itself must refuse (runtime/delta/delta_schema.c). */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/suggest.h"

const char *const sm_spec__delta_properties[] = {
    "delta.logRetentionDuration",     "delta.deletedFileRetentionDuration",
    "delta.enableExpiredLogCleanup",  "delta.dataSkippingNumIndexedCols",
    "delta.dataSkippingStatsColumns", "delta.targetFileSize",
    "delta.tuneFileSizesForRewrites", "delta.autoOptimize.optimizeWrite",
    "delta.autoOptimize.autoCompact", NULL,
};

/* Why one is refused that Delta has. */
static const struct {
    const char *name; /* or how it begins, when it ends with a point */
    const char *why;
} refused[] = {
    { "delta.appendOnly", "a full refresh could not remove rows any more" },
    { "delta.constraints.", "write it as an expectation, which says what becomes of the rows" },
    { "delta.enableChangeDataFeed", "smelt writes no change data" },
    { "delta.columnMapping.", "smelt writes no mapped columns" },
    { "delta.enableDeletionVectors", "smelt writes no deletion vectors" },
    { "delta.enableTypeWidening", "smelt writes no widened types" },
    { "delta.enableRowTracking", "smelt writes no row ids" },
    { "delta.enableInCommitTimestamps", "smelt writes no timestamps into commits" },
    { "delta.checkpointPolicy", "smelt writes classic checkpoints" },
    { "delta.checkpointInterval", "smelt writes checkpoints when they pay" },
    { "delta.setTransactionRetentionDuration", "batches are recognised by those transactions" },
    { "delta.minReaderVersion",
      "smelt chooses the oldest protocol that can say what the table is" },
    { "delta.minWriterVersion",
      "smelt chooses the oldest protocol that can say what the table is" },
    { "delta.feature.", "smelt chooses the oldest protocol that can say what the table is" },
};

static bool is_named(sm_sv name, sm_sv known)
{
    bool prefix = known.ptr[known.len - 1] == '.';

    return prefix ? name.len > known.len && sm_sv_eq_nocase(sm_sv_sub(name, 0, known.len), known)
                  : sm_sv_eq_nocase(name, known);
}

static bool tell_refused(const sm_bind *b, const sm_yaml_node *key)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (is_named(key->text, sm_sv_cstr(refused[i].name))) {
            sm_diag_add(b->d, "SM0316", sm_yaml_span(key), "property `%.*s` cannot be set: %s",
                        SM_SV_ARG(key->text), refused[i].why);
            return true;
        }
    return false;
}

static void tell_unknown(const sm_bind *b, const sm_yaml_node *key)
{
    sm_sv names[sizeof sm_spec__delta_properties / sizeof *sm_spec__delta_properties];
    size_t n = 0, near;

    for (; sm_spec__delta_properties[n]; n++)
        names[n] = sm_sv_cstr(sm_spec__delta_properties[n]);
    sm_diag_add(b->d, "SM0316", sm_yaml_span(key), "there is no property `%.*s` that can be set",
                SM_SV_ARG(key->text));
    near = sm_suggest(key->text, names, n);
    if (near < n)
        sm_diag_hint(b->d, "did you mean `%.*s`?", SM_SV_ARG(names[near]));
    else
        sm_diag_hint(b->d, "names that begin with delta. are those of Delta; your own are free");
}

static bool check_name(const sm_bind *b, const sm_yaml_node *key)
{
    if (key->text.len < 6 || !sm_sv_eq_nocase(sm_sv_sub(key->text, 0, 6), SM_SV("delta.")) ||
        sm_key_listed(sm_spec__delta_properties, key->text))
        return true;
    if (!tell_refused(b, key))
        tell_unknown(b, key);
    return false;
}

static bool is_value(const sm_yaml_node *n)
{
    return n->kind != SM_YAML_MAP && n->kind != SM_YAML_LIST && n->kind != SM_YAML_NULL;
}

void sm_spec__properties(const sm_bind *b, const sm_key *key, sm_pair p, void *to)
{
    sm_spec_json value = { NULL, sm_yaml_span(p.value) };
    sm_json *o = sm_json_object(b->a);

    (void)key;
    if (p.value->kind != SM_YAML_MAP) {
        sm_spec__wrong_kind(b, p, "a map of names and values");
        return;
    }
    for (size_t i = 0; i < p.value->n; i++) {
        sm_pair own = { p.value->items[2 * i], p.value->items[2 * i + 1] };
        const sm_yaml_node *text;

        if (!check_name(b, own.key))
            continue;
        if (!is_value(own.value))
            sm_spec__wrong_kind(b, own, "a text, a number, true or false");
        else if ((text = sm_spec__filled(b, own.value, false)) != NULL)
            sm_json_set_sv(o, own.key->text, sm_json_string(b->a, text->text));
    }
    value.v = p.value->n > 0 ? o : NULL;
    memcpy(to, &value, sizeof(value));
}
