/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_trigger.c -- the keys that say when a pipeline runs, and how often it is tried. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Durations are counted in microseconds. */
enum { SECOND = 1000000 };

static const sm_key file_arrival_keys[] = {
    { .name = "source",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_when, source),
      .required = true,
      .form = &sm_form_name,
      .doc = "A source of this pipeline whose rows come from files." },
    END,
};

static const sm_block file_arrival_block = {
    .name = "file_arrival",
    .what = "`file_arrival`",
    .doc = "Files of a source arrive. A name is short for {source: name}.",
    .size = sizeof(sm_spec_when),
    .at = offsetof(sm_spec_when, file_at),
    .keys = file_arrival_keys,
    .shorthand = "source",
};

static const sm_key table_updated_keys[] = {
    { .name = "table",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_when, table),
      .required = true,
      .form = &sm_form_reference,
      .doc = "A table of another pipeline of the project, as schema.table." },
    END,
};

static const sm_block table_updated_block = {
    .name = "table_updated",
    .what = "`table_updated`",
    .doc = "A table of another pipeline has a new version. A name is short for {table: name}.",
    .size = sizeof(sm_spec_when),
    .at = offsetof(sm_spec_when, table_at),
    .keys = table_updated_keys,
    .shorthand = "table",
};

static const sm_key webhook_keys[] = {
    { .name = "name",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_when, hook),
      .fallback = "run",
      .form = &sm_form_name,
      .doc = "The last part of its address." },
    { .name = "secret",
      .kind = SM_KEY_SECRET,
      .offset = offsetof(sm_spec_when, secret),
      .required = true,
      .doc = "What its requests are signed with." },
    END,
};

static const sm_block webhook_block = {
    .name = "webhook",
    .what = "`webhook`",
    .doc = "Somebody sends a signed request to the server.",
    .size = sizeof(sm_spec_when),
    .at = offsetof(sm_spec_when, hook_at),
    .keys = webhook_keys,
};

static const sm_key when_keys[] = {
    { .name = "file_arrival",
      .kind = SM_KEY_BLOCK,
      .block = &file_arrival_block,
      .optional = true,
      .doc = "Files of a source arrive." },
    { .name = "table_updated",
      .kind = SM_KEY_BLOCK,
      .block = &table_updated_block,
      .optional = true,
      .doc = "A table of another pipeline has a new version." },
    { .name = "webhook",
      .kind = SM_KEY_BLOCK,
      .block = &webhook_block,
      .optional = true,
      .doc = "Somebody sends a signed request to the server." },
    END,
};

static const sm_block when_block = {
    .name = "when",
    .what = "an event",
    .doc = "What a run waits for.",
    .size = sizeof(sm_spec_when),
    .at = offsetof(sm_spec_when, at),
    .keys = when_keys,
    .one_of = LIST("file_arrival", "table_updated", "webhook"),
};

static const sm_key trigger_keys[] = {
    { .name = "mode",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_trigger, mode),
      .fallback = "available_now",
      .choices = LIST("available_now", "continuous"),
      .doc = "available_now: one run when the server starts, which catches up with everything "
             "new, and afterwards one whenever a person asks. continuous: a run that goes on." },
    { .name = "interval",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_trigger, interval),
      .min = SECOND,
      .fallback_doc = "none",
      .doc = "A run each time so long after the start of the one before, as 10s, 5m or 1h." },
    { .name = "schedule",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_trigger, schedule),
      .doc =
          "A timetable of five fields: minute, hour, day of the month, month, day of the week." },
    { .name = "timezone",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_trigger, timezone),
      .fallback = "UTC",
      .doc = "Whose time `schedule` is, as Europe/Berlin." },
    { .name = "catchup",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_trigger, catchup),
      .fallback = "false",
      .doc = "True: each slot that was missed while no server was there gets a run of its own. "
             "False: one run for all of them." },
    { .name = "when",
      .kind = SM_KEY_LIST,
      .offset = offsetof(sm_spec_trigger, when),
      .block = &when_block,
      .doc = "A run when any of these happens." },
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
};

static const sm_key table_trigger_keys[] = {
    { .name = "interval",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_table_trigger, interval),
      .required = true,
      .min = SECOND,
      .doc = "The table is written at most once in this time, by runs of its own, as 5m or 1h." },
    END,
};

const sm_block sm_block_table_trigger = {
    .name = "table_trigger",
    .what = "the trigger of a table",
    .doc = "When `smelt serve` writes a table that is not to be written by each run.",
    .size = sizeof(sm_spec_table_trigger),
    .at = offsetof(sm_spec_table_trigger, at),
    .keys = table_trigger_keys,
};

static const sm_key freshness_keys[] = {
    { .name = "warn_after",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_freshness, warn_after),
      .min = SECOND,
      .fallback_doc = "never",
      .doc = "A table that nothing was written to for so long is late, as 1h or 2 days." },
    { .name = "error_after",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_freshness, error_after),
      .min = SECOND,
      .fallback_doc = "never",
      .doc = "And after so long it is stale." },
    END,
};

const sm_block sm_block_freshness = {
    .name = "freshness",
    .what = "`freshness`",
    .doc = "How old the rows of a table may be.",
    .size = sizeof(sm_spec_freshness),
    .at = offsetof(sm_spec_freshness, at),
    .keys = freshness_keys,
};

static const sm_key retry_keys[] = {
    { .name = "max_attempts",
      .kind = SM_KEY_INT,
      .offset = offsetof(sm_spec_retry, max_attempts),
      .fallback_doc = "3 in a server, 1 in `smelt run`",
      .min = 1,
      .max = 100,
      .doc = "How often a run is tried that something outside made fail." },
    { .name = "backoff",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_retry, backoff),
      .fallback = "5000000",
      .min = 1000,
      .doc = "How long the second attempt waits; each further one waits twice as long." },
    { .name = "backoff_max",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_retry, backoff_max),
      .fallback = "300000000",
      .min = 1000,
      .doc = "The longest that an attempt waits." },
    END,
};

const sm_block sm_block_retry = {
    .name = "retry",
    .what = "`retry`",
    .doc = "What a server does with a run that something outside made fail.",
    .size = sizeof(sm_spec_retry),
    .at = offsetof(sm_spec_retry, at),
    .keys = retry_keys,
};
