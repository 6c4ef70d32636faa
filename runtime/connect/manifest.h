/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h -- the effect of one batch as data, before it has any.
 *
 *     {"format":1, "flow":…, "generation":…, "batch":n, "time":ms, "end_offsets":{…},
 *      "targets":[{"sink":"delta", "name":…, …, "actions":[…], "rows":n, "bytes":n}]}
 *
 * A sink fills its own target in prepare() and reads it back in publish(), perhaps in
 * another process: the control store keeps the text.  A decided manifest never changes.
 * A manifest without targets, or whose targets have no actions, publishes nothing.
 */
#ifndef SM_CONNECT_MANIFEST_H
#define SM_CONNECT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

/* Which batch; every string is borrowed and must outlive the manifest. */
typedef struct sm_batch_id {
    sm_sv flow;
    sm_sv generation; /* uuid; the Delta appId */
    int64_t n;
    int64_t time_ms;            /* the batch timestamp */
    const sm_json *end_offsets; /* object: relation -> offset; never NULL */
} sm_batch_id;

typedef struct sm_manifest {
    sm_arena *arena; /* borrowed; everything below lives in it */
    sm_batch_id id;
    sm_json *json;
    int64_t actions; /* over all targets */
    int64_t bytes;   /* of the actions' text, as an estimate */
} sm_manifest;

enum {
    SM_MANIFEST_MAX_ACTIONS = 100000,
    SM_MANIFEST_MAX_BYTES = 64 * 1024 * 1024,
};

/* Lives in `a`. */
sm_manifest *sm_manifest_new(sm_arena *a, const sm_batch_id *id);

/* The target object of `name`, made when it is not there; lives in the manifest.  The
 * sink may set keys of its own on it besides "sink", "name", "actions". */
sm_json *sm_manifest_target(sm_manifest *m, sm_sv sink, sm_sv name);
const sm_json *sm_manifest_find_target(const sm_manifest *m, sm_sv name); /* NULL: none */

/* Append to target["actions"].  SM_E_LIMIT beyond the maxima, with advice. */
sm_code sm_manifest_add_action(sm_manifest *m, sm_json *target, sm_json *action, sm_error *err);

/* Does the target of `name` have an action? */
bool sm_manifest_changes(const sm_manifest *m, sm_sv name);

/* No target has an action: there is nothing to publish. */
bool sm_manifest_is_empty(const sm_manifest *m);

/* One line of JSON, lives in the manifest's arena. */
sm_sv sm_manifest_text(const sm_manifest *m);

/* SM_E_CORRUPT when `text` is no manifest.  Lives in `a`. */
sm_code sm_manifest_parse(sm_arena *a, sm_sv text, sm_manifest **out, sm_error *err);

#endif
