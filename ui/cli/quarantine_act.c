/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine_act.c -- see the header. */
#include "ui/cli/quarantine_act.h"

#include "runtime/delta/delta.h"

static sm_code columns_of(void *ctx, sm_sv path, sm_arena *a, sm_schema *out, int64_t *version,
                          sm_error *err)
{
    sm_delta_info info;
    sm_code rc =
        sm_delta_describe(path, ((const sm_project *)ctx)->images, -1, NULL, a, &info, err);

    (void)ctx;
    if (rc != SM_OK)
        return rc;
    if (info.version < 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "nothing is in quarantine");
    *out = info.schema;
    *version = info.version;
    return SM_OK;
}

static sm_json *document(const sm_replay_request *what, const sm_replay_result *r, sm_arena *a)
{
    sm_json *doc = sm_json_object(a), *stays = sm_json_array(a);

    sm_json_set_string(doc, "table", what->table);
    sm_json_set_string(doc, "act", what->discard ? SM_SV("discard") : SM_SV("replay"));
    sm_json_set_int(doc, "taken", r->taken);
    sm_json_set_int(doc, "written", r->written);
    sm_json_set_int(doc, "dropped", r->dropped);
    sm_json_set_int(doc, "broken", r->broken);
    sm_json_set_int(doc, "decoded", r->decoded);
    sm_json_set_int(doc, "undecodable", r->records);
    sm_json_set_int(doc, "earlier", r->earlier);
    for (size_t i = 0; i < r->n_stays; i++) {
        sm_json *stay = sm_json_object(a);

        sm_json_set_int(stay, "rows", r->stays[i].rows);
        sm_json_set_string(stay, "why", r->stays[i].why);
        sm_json_append(stays, stay);
    }
    sm_json_set(doc, "stays", stays);
    sm_json_set_int(doc, "discarded", r->discarded);
    sm_json_set_int(doc, "left", r->left);
    return doc;
}

sm_code sm_quarantine_act(sm_project *p, const sm_replay_request *what, sm_arena *a, sm_json **out,
                          sm_error *err)
{
    sm_run_request q = sm_project_request(p);
    sm_replay_request wanted = *what;
    sm_replay_result result;
    sm_code rc;

    wanted.columns = columns_of;
    wanted.ctx = p;
    wanted.a = a;
    if ((rc = sm_replay(&q, &wanted, &result, err)) != SM_OK)
        return rc;
    sm_project_use_plan(p, result.plan);
    *out = document(&wanted, &result, a);
    return SM_OK;
}
