/* SPDX-License-Identifier: Apache-2.0 */
/* connect.h -- the one way to call a source or a sink.
 *
 * Each wrapper asserts the contract, names who was doing it in the error, and is the
 * place where faults are injected (`source.after_read` and friends).
 */
#ifndef SM_CONNECT_CONNECT_H
#define SM_CONNECT_CONNECT_H

#include "runtime/connect/sink.h"
#include "runtime/connect/source.h"

/* A NULL-ended list, handed down from the composition root. */
typedef const sm_source_ops *const *sm_source_list;
typedef const sm_sink_ops *const *sm_sink_list;

const sm_source_ops *sm_source_find(sm_source_list list, sm_sv name); /* NULL: none */
const sm_sink_ops *sm_sink_find(sm_sink_list list, sm_sv name);

sm_code sm_source_open(sm_source *s, sm_error *err);
sm_code sm_source_infer(sm_source *s, sm_arena *a, sm_schema *out, sm_error *err);
sm_code sm_source_newest(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err);
sm_code sm_source_latest(sm_source *s, const sm_json *start, const sm_json *until, sm_arena *a,
                         const sm_json **out, sm_error *err);
/* false: it does not say. */
bool sm_source_lag(sm_source *s, const sm_json *end, const sm_json *until, sm_lag *out);
sm_code sm_source_read(sm_source *s, const sm_json *start, const sm_json *end, sm_sv view,
                       sm_error *err);
sm_code sm_source_verify(sm_source *s, const sm_json *start, const sm_json *end, sm_error *err);
sm_code sm_source_bad_records(sm_source *s, sm_sv view, sm_error *err);
sm_code sm_source_reread(sm_source *s, const sm_kept *kept, sm_sv view, sm_error *err);
bool sm_source_columnar(const sm_source *s);
sm_code sm_source_forget(sm_source *s, const sm_json *end, sm_error *err);
sm_code sm_source_adopt(sm_source *s, const sm_json *offset, sm_error *err);
sm_code sm_source_position(sm_source *s, sm_arena *a, const sm_json **out, sm_error *err);
sm_code sm_source_snapshot(sm_source *s, const sm_json *position, sm_sv view, sm_error *err);
/* *told: `tag` of `w` will be told of news; else ask every SM_SOURCE_LOOK_MS. */
sm_code sm_source_watch(sm_source *s, struct sm_watch *w, size_t tag, bool *told, sm_error *err);
void sm_source_close(sm_source *s);

sm_code sm_sink_open(sm_sink *k, sm_error *err);
sm_code sm_sink_prepare(sm_sink *k, sm_sv select, sm_manifest *m, int64_t *rows_out,
                        int64_t *bytes_out, sm_error *err);
sm_code sm_sink_publish(sm_sink *k, const sm_manifest *m, int64_t *version_out, sm_error *err);
void sm_sink_discard(sm_sink *k, const sm_manifest *m);
sm_code sm_sink_inspect(sm_sink *k, sm_arena *a, sm_target_state *out, sm_error *err);
/* false when the sink cannot tell. */
sm_code sm_sink_unchanged(sm_sink *k, bool *out, sm_error *err);
/* true when the sink cannot tell, or nothing is remembered of the target. */
bool sm_sink_described(sm_sink *k);
sm_code sm_sink_describe(sm_sink *k, sm_manifest *m, sm_error *err);
sm_code sm_sink_maintain(sm_sink *k, sm_error *err);
void sm_sink_close(sm_sink *k);

#endif
