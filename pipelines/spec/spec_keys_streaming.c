/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_streaming.c -- the keys of streams that remember: watermarks and duplicates. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const sm_key watermark_keys[] = {
    { .name = "column",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_watermark, column),
      .required = true,
      .doc = "The TIMESTAMP column that tells when a row happened." },
    { .name = "delay",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_watermark, delay),
      .required = true,
      .doc = "How far behind the greatest event time rows may come, as 10 minutes, 2h or 0s." },
    { .name = "idle_timeout",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_watermark, idle_timeout),
      .min = 1,
      .fallback_doc = "it always does",
      .doc = "Without rows for so long, this input does not hold back the watermark of others." },
    { .name = "max_future",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_watermark, max_future),
      .fallback_doc = "none",
      .doc = "Rows further ahead of the clock than this do not move the watermark." },
    END,
};

const sm_block sm_block_watermark = {
    .name = "watermark",
    .what = "a watermark",
    .doc = "Which column is the event time, and how late rows may come.",
    .size = sizeof(sm_spec_watermark),
    .at = offsetof(sm_spec_watermark, at),
    .keys = watermark_keys,
};

static const sm_key deduplicate_keys[] = {
    { .name = "keys",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_deduplicate, keys),
      .single = true,
      .fallback_doc = "all columns",
      .doc = "Columns of the result: of rows with the same values the first one is taken." },
    { .name = "within_watermark",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_deduplicate, within_watermark),
      .fallback = "false",
      .doc = "Remember a key only as long after its first row as the watermark allows rows to be "
             "late." },
    END,
};

const sm_block sm_block_deduplicate = {
    .name = "deduplicate",
    .what = "`deduplicate`",
    .doc = "Of rows with the same key the first one is taken.",
    .size = sizeof(sm_spec_deduplicate),
    .at = offsetof(sm_spec_deduplicate, at),
    .keys = deduplicate_keys,
};
