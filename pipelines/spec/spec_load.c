/* SPDX-License-Identifier: Apache-2.0 */
/* spec_load.c -- a file becomes a spec: read, tree, bind, check. */
#include <string.h>

#include "pipelines/spec/spec_int.h"
#include "runtime/base/fs.h"

void sm_spec__add_doc(const sm_bind *b, const char *file, sm_sv text)
{
    sm_spec_reading *r = b->reading;

    if (r->n_docs == r->cap_docs) {
        size_t cap = r->cap_docs ? 2 * r->cap_docs : 8;
        sm_spec_doc *grown = SM_NEW_N(b->a, sm_spec_doc, cap);

        if (r->n_docs)
            memcpy(grown, r->docs, r->n_docs * sizeof *grown);
        r->docs = grown;
        r->cap_docs = cap;
    }
    r->docs[r->n_docs++] = (sm_spec_doc){ file, text };
    sm_diags_source(b->d, file, text);
}

const sm_spec *sm_spec_parse(const char *file, sm_sv text, const sm_spec_env *env, sm_arena *a,
                             sm_diags *d)
{
    sm_spec_reading reading = { 0 };
    sm_bind b = { .file = file, .env = env, .reading = &reading, .a = a, .d = d };
    const sm_yaml_node *root, *project;
    sm_spec *s;

    sm_spec__add_doc(&b, file, text);
    root = sm_yaml_parse(file, text, a, d);
    if (!root)
        return NULL;
    if (root->kind != SM_YAML_MAP) {
        sm_diag_add(d, "SM0104", sm_yaml_span(root), "a pipeline is a map of keys, not %.*s",
                    SM_SV_ARG(sm_yaml_describe(root, a)));
        sm_diag_hint(d, "a file begins with \"version: 1\" and \"pipeline: name\"");
        return NULL;
    }
    s = SM_NEW(a, sm_spec);
    s->file = file;
    reading.spec = s;
    project = sm_spec__project(&b);
    root = sm_spec__merge_project(&b, root, project);
    sm_spec__bind_block(&b, &sm_block_pipeline, (sm_pair){ NULL, root }, s);
    sm_spec__check_project(&b, project, s);
    sm_spec__check(&b, s);
    s->docs = (sm_spec_docs){ reading.docs, reading.n_docs };
    s->outside = reading.outside;
    s->n_outside = reading.n_outside;
    return s;
}

sm_code sm_spec_load(const char *path, const sm_spec_env *env, sm_arena *a, sm_diags *d,
                     const sm_spec **out, sm_error *err)
{
    sm_sv text;
    sm_code rc = sm_fs_read(path, SM_YAML_MAX_BYTES, a, &text, err);

    *out = NULL;
    if (rc != SM_OK)
        return rc;
    *out = sm_spec_parse(path, text, env, a, d);
    return SM_OK;
}
