/* SPDX-License-Identifier: Apache-2.0 */
/* audit_log.c -- GET /api/v1/audit: what was done through this server. */
#include "runtime/base/clock.h"
#include "runtime/store/store_audit.h"
#include "ui/http/http_int.h"

static sm_json *audit_row(sm_call *c, const sm_audit_rec *r)
{
    sm_json *o = sm_json_object(c->a), *details;
    sm_error ignored;

    sm_json_set_int(o, "id", r->id);
    sm_json_set_string(o, "time", sm_time_rfc3339(r->time_ms, c->a));
    sm_json_set_string(o, "by", r->by);
    sm_json_set_string(o, "address", r->address);
    sm_json_set_string(o, "act", r->act);
    if (r->pipeline.len > 0)
        sm_json_set_string(o, "pipeline", r->pipeline);
    if (r->subject.len > 0)
        sm_json_set_string(o, "subject", r->subject);
    if (sm_json_parse(r->details, c->a, &details, &ignored) == SM_OK)
        sm_json_set(o, "details", details);
    sm_json_set(o, "outcome", r->outcome.len > 0 ? sm_json_string(c->a, r->outcome) : NULL);
    if (r->ended_ms != 0)
        sm_json_set_int(o, "duration_ms", r->ended_ms - r->time_ms);
    return o;
}

sm_code sm_http__audit(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a), *list = sm_json_array(c->a);
    sm_audit_rec *rows = NULL;
    size_t n = 0;
    sm_code rc =
        sm_store_audit_list(c->server->store, sm_call__query_int(c, "before", 0),
                            (size_t)sm_call__query_int(c, "limit", 100), c->a, &rows, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++)
        sm_json_append(list, audit_row(c, &rows[i]));
    sm_json_set(doc, "audit", list);
    if (rc == SM_OK)
        c->answer.doc = doc;
    c->answer.cache = "no-store";
    return rc;
}
