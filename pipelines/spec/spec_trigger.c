/* SPDX-License-Identifier: Apache-2.0 */
/* spec_trigger.c -- what a trigger says, as far as the file alone tells. */
#include "pipelines/spec/spec_int.h"

typedef struct form { /* of a trigger: one of them is enough */
    const char *key;
    sm_span at;
} form;

void sm_spec__check_trigger(const sm_bind *b, const sm_spec_trigger *t)
{
    const form forms[] = { { "mode", t->mode.at }, { "interval", t->interval.at } };
    const form *first = NULL;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].at.line == 0)
            continue;
        if (first == NULL) {
            first = &forms[i];
            continue;
        }
        sm_diag_add(b->d, "SM0123", forms[i].at,
                    "a trigger has `%s` and `%s`, and takes only one of them", first->key,
                    forms[i].key);
        sm_diag_see(b->d, first->at, "the other one stands here");
    }
}
