/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_trigger.c -- the keys that say when a pipeline runs. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const sm_key trigger_keys[] = {
    { .name = "mode",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_trigger, mode),
      .fallback = "available_now",
      .choices = LIST("available_now"),
      .later = LIST("continuous"),
      .doc = "available_now: one run when the server starts, which catches up with everything "
             "new, and afterwards one whenever a person asks." },
    { .name = "interval",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_trigger, interval),
      .min = 1000000,
      .fallback_doc = "none",
      .doc = "A run each time so long after the start of the one before, as 10s, 5m or 1h." },
    { .name = "paused",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_trigger, paused),
      .fallback = "false",
      .doc = "True: it runs only when a person asks." },
    END,
};

const sm_block sm_block_trigger = {
    .name = "trigger",
    .what = "a trigger",
    .doc = "When `smelt serve` runs a pipeline. A word is short for {mode: word}.",
    .size = sizeof(sm_spec_trigger),
    .at = offsetof(sm_spec_trigger, at),
    .keys = trigger_keys,
    .shorthand = "mode",
    .later = LIST("schedule", "timezone", "catchup", "when"),
};
