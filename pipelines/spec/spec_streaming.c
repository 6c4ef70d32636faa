/* SPDX-License-Identifier: Apache-2.0 */
/* spec_streaming.c -- what a table says of its streams, as far as the file alone tells. */
#include "pipelines/spec/spec_int.h"

static bool check_names(const sm_bind *b, const sm_spec_watermarks *list)
{
    bool ok = true;

    for (size_t i = 0; i < list->n; i++) {
        const sm_text *name = &list->items[i].name;

        if (!sm_text_set(name) || sm_form_reference.matches(name->text))
            continue;
        sm_diag_add(b->d, "SM0118", name->at, "\"%.*s\" is not %s", SM_SV_ARG(name->text),
                    sm_form_reference.words);
        ok = false;
    }
    return ok;
}

bool sm_spec__check_streaming(const sm_bind *b, const sm_spec_table *t)
{
    const sm_spec_texts *keys = &t->deduplicate.keys;
    bool ok = check_names(b, &t->watermark);

    if (keys->at.line == 0 || keys->n > 0)
        return ok;
    sm_diag_add(b->d, "SM0114", keys->at, "`keys` is empty");
    sm_diag_hint(b->d, "leave it out, and all columns are the key");
    return false;
}
