/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c -- any bytes as a pipeline file: tree, bind, check, print, schema of values. */
#include <stdint.h>

#include "pipelines/spec/spec.h"
#include "tests/support/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every part of a text has a place. */
static void map_text(const sm_text *t)
{
    for (size_t i = 0; i <= t->text.len; i += 1 + t->text.len / 16)
        (void)sm_text_span(t, i, 3);
}

static void look_at(const sm_spec *spec, sm_arena *a)
{
    (void)sm_spec_resolved(spec, SM_SV(""), a);
    for (size_t i = 0; i < spec->tables.n && i < 100; i++) {
        map_text(&spec->tables.items[i].sql);
        map_text(&spec->tables.items[i].description);
        (void)sm_spec_resolved(spec, spec->tables.items[i].name.text, a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sm_arena *a = sm_arena_new("fuzz");
    sm_diags *d = sm_diags_new(a);
    const sm_spec *spec =
        sm_spec_parse("pipeline.yml", (sm_sv){ (const char *)data, size }, &sm_test_env, a, d);
    sm_buf out;

    sm_buf_init(&out, (size_t)64 * 1024 * 1024);
    sm_diags_print(d, false, &out);
    if (spec)
        look_at(spec, a);
    sm_buf_release(&out);
    sm_arena_free(a);
    return 0;
}
