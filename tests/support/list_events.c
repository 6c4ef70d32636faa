/* SPDX-License-Identifier: Apache-2.0 */
/* list_events.c -- the types of events for the reference: name, level, meaning, fields, by tabs. */
#include <stdio.h>

#include "runtime/events/event.h"

int main(void)
{
    for (int i = 0; i < SM_EVENT_TYPE_COUNT; i++) {
        const sm_event_type_def *e = sm_event_type_get((sm_event_type)i);
        printf("%s\t%s\t%s\t%s\n", e->name, sm_event_level_name(e->level), e->meaning, e->fields);
    }
    return 0;
}
