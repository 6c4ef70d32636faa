/* SPDX-License-Identifier: Apache-2.0 */
/* decode_tally.h -- what became of the records: counts, samples, unknown fields.
 *
 * A thread tallies its own block and adds it to the shared tally when the block ends.
 * What is kept does not depend on which thread was first: of undecodable records the
 * SM_DECODE_SAMPLES with the lowest (file, offset), of an unknown field its first place.
 */
#ifndef SM_CONNECT_DECODE_TALLY_H
#define SM_CONNECT_DECODE_TALLY_H

#include "runtime/base/json.h"
#include "runtime/connect/decode_bad.h"

enum {
    SM_DECODE_SAMPLES = 20,
    SM_DECODE_SAMPLE_TEXT = 1024, /* bytes of a sample's text */
    SM_DECODE_UNKNOWN = 100,      /* names of unknown fields that are kept */
    SM_DECODE_NAME = 128,         /* bytes of one of them; a longer one is cut */
};

typedef struct sm_decode_sample {
    sm_decode_place at;
    char reason[200];
} sm_decode_sample;

typedef struct sm_decode_unknown {
    sm_decode_place at;
    size_t len;
    char name[SM_DECODE_NAME];
} sm_decode_unknown;

typedef struct sm_decode_tally {
    int64_t records; /* undecodable ones included */
    int64_t undecodable;
    int64_t misfits; /* records with a value that does not fit its column, rescued */
    int64_t bytes;
    sm_decode_bads *bads; /* all undecodable records, owned by whoever has set it; NULL: the
                           * samples are enough */
    size_t n_samples, n_unknown;
    sm_decode_sample samples[SM_DECODE_SAMPLES];  /* by place */
    sm_decode_unknown unknown[SM_DECODE_UNKNOWN]; /* as they came */
} sm_decode_tally;

/* Count an undecodable record of `len` bytes (or SM_DECODE_NO_END); `reason` is copied unless
 * sm_decode_tally_quiet(). */
void sm_decode_tally_bad(sm_decode_tally *t, sm_decode_place at, int64_t len, const char *reason);

/* Nobody will look at the reason of another undecodable record. */
static inline bool sm_decode_tally_quiet(const sm_decode_tally *t)
{
    return t->n_samples == SM_DECODE_SAMPLES && t->bads == NULL;
}

/* A field that no column has. */
void sm_decode_tally_unknown(sm_decode_tally *t, sm_sv name, sm_decode_place at);

/* Add `part` to `t`, and empty `part`; both keep all undecodable records, or neither does. */
void sm_decode_tally_merge(sm_decode_tally *t, sm_decode_tally *part);

/* [{"file":…,"line":n,"reason":…,"text":…}]; NULL without samples.  Reads the files again
 * for lines and texts: a place that cannot be read has neither. */
const sm_json *sm_decode_tally_samples(const sm_decode_tally *t, const sm_decode_file *files,
                                       sm_arena *a);

/* The line, from 1, that `at` is in; 0 if it cannot be told. */
int64_t sm_decode_line(const sm_decode_file *files, sm_decode_place at);

#endif
