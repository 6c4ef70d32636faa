/* SPDX-License-Identifier: Apache-2.0 */
/* project_bucket.c -- tables and files in a bucket.
 *
 * What the connection does not say, the environment does: AWS_ACCESS_KEY_ID and its like, as with
 * any other tool.  A server goes to the hosts of declared connections and of server: egress: only;
 * a person who runs a pipeline gives the address by hand. */
#include "ui/cli/project_bucket.h"

#include <stdlib.h>

#include "runtime/base/connection.h"
#include "runtime/base/fs.h"
#include "runtime/io/object_images.h"
#include "ui/cli/project_durable.h"

enum { TRIM_MS = 10 * 60 * 1000 };

#define GIB ((int64_t)1024 * 1024 * 1024)

/* What the client borrows, as long as the project. */
typedef struct bucket {
    sm_project *p;
    const sm_spec_connection *c; /* NULL: the environment alone */
    sm_sv name, prefix;
    sm_secret *id, *key, *token;
    sm_mutex mutex; /* guards s3 and the secrets, until they are there */
    sm_s3 *s3;      /* NULL: not asked for yet */
} bucket;

static void forget_keys(bucket *b)
{
    sm_secret_free(b->id);
    sm_secret_free(b->key);
    sm_secret_free(b->token);
    b->id = b->key = b->token = NULL;
}

static void free_bucket(void *arg)
{
    bucket *b = arg;

    sm_s3_close(b->s3);
    sm_mutex_release(&b->mutex);
    forget_keys(b);
}

static sm_sv variable(const char *name)
{
    return sm_sv_cstr(getenv(name));
}

/* ---- credentials ------------------------------------------------------------------- */

/* The value `key` of the connection, or a variable says it. */
static sm_code read_one(const bucket *b, const sm_connection *declared, const char *key,
                        const char *otherwise, sm_secret **out, sm_error *err)
{
    return declared != NULL ? sm_connection_secret(b->p->connections, declared, key, out, err)
                            : sm_secret_from_environment(otherwise, out, err);
}

static sm_code read_keys(bucket *b, sm_error *err)
{
    const sm_connection *declared = NULL;
    sm_code rc;

    if (b->c != NULL && b->c->access_key_id.text.len > 0 &&
        (rc = sm_connection_find(b->p->connections, b->c->name.text, "s3", &declared, err)) !=
            SM_OK)
        return rc;
    if (declared == NULL &&
        (variable("AWS_ACCESS_KEY_ID").len == 0 || variable("AWS_SECRET_ACCESS_KEY").len == 0))
        return sm_fail(err, SM_E_DENIED, 0,
                       "nothing says who asks for s3://%.*s: give a connection of smelt.yml an "
                       "access_key_id and a secret_access_key, or set AWS_ACCESS_KEY_ID and "
                       "AWS_SECRET_ACCESS_KEY",
                       SM_SV_ARG(b->name));
    if ((rc = read_one(b, declared, "access_key_id", "AWS_ACCESS_KEY_ID", &b->id, err)) != SM_OK ||
        (rc = read_one(b, declared, "secret_access_key", "AWS_SECRET_ACCESS_KEY", &b->key, err)) !=
            SM_OK)
        return rc;
    if (b->id == NULL || b->key == NULL)
        return sm_fail(err, SM_E_DENIED, 0,
                       "connection \"%.*s\" has only one of access_key_id and secret_access_key",
                       SM_SV_ARG(b->c->name.text));
    if (declared == NULL && variable("AWS_SESSION_TOKEN").len == 0)
        return SM_OK;
    return read_one(b, declared, "session_token", "AWS_SESSION_TOKEN", &b->token, err);
}

/* ---- where it is --------------------------------------------------------------------- */

static sm_sv first_set(sm_sv declared, const char *const *names)
{
    for (; declared.len == 0 && *names != NULL; names++)
        declared = variable(*names);
    return declared;
}

static sm_sv region_of(const bucket *b)
{
    static const char *const names[] = { "AWS_REGION", "AWS_DEFAULT_REGION", NULL };

    return first_set(b->c != NULL ? b->c->region.text : SM_SV(""), names);
}

static sm_sv endpoint_of(const bucket *b)
{
    static const char *const names[] = { "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", NULL };

    return first_set(b->c != NULL ? b->c->endpoint.text : SM_SV(""), names);
}

/* "https://host:9000/" is host:9000; Amazon's hosts are those of the region. */
static sm_sv host_of(sm_sv endpoint, sm_sv region, sm_arena *a)
{
    ptrdiff_t at = sm_sv_find(endpoint, SM_SV("://"));
    sm_sv host = at < 0 ? endpoint : sm_sv_sub(endpoint, (size_t)at + 3, endpoint.len);

    if (endpoint.len == 0)
        return sm_arena_printf(a, "s3.%.*s.amazonaws.com",
                               SM_SV_ARG(region.len > 0 ? region : SM_SV("us-east-1")));
    if (host.len > 0 && host.ptr[host.len - 1] == '/')
        host.len--;
    return host;
}

/* ---- where this process may go --------------------------------------------------------- */

static sm_egress egress_of(const bucket *b)
{
    const sm_spec *spec = b->p->spec;
    sm_arena *a = b->p->a;
    sm_sv *patterns = SM_NEW_N(a, sm_sv, spec->server.egress.n + 2);
    sm_egress e = { .patterns = patterns };

    if (b->p->c->stores == NULL) { /* not a server: a person runs it */
        e.any = true;
        return e;
    }
    for (size_t i = 0; i < spec->server.egress.n; i++)
        patterns[e.n++] = spec->server.egress.items[i].text;
    if (b->c != NULL) {
        sm_sv host = host_of(b->c->endpoint.text, region_of(b), a);

        patterns[e.n++] = host;
        patterns[e.n++] = sm_arena_printf(a, "*.%.*s", SM_SV_ARG(host));
    }
    return e;
}

static sm_code open_client(bucket *b, sm_error *err)
{
    static const char *const encryptions[] = { "", "AES256", "aws:kms" };
    sm_s3_config config = { .bucket = b->name,
                            .prefix = b->prefix,
                            .endpoint = endpoint_of(b),
                            .region = region_of(b),
                            .stop = &b->p->give_up,
                            .egress = egress_of(b) };
    sm_code rc = read_keys(b, err);

    if (rc != SM_OK) {
        forget_keys(b);
        return rc;
    }
    config.access_key_id = b->id;
    config.secret_access_key = b->key;
    config.session_token = b->token;
    if (b->c != NULL) {
        config.path_style = b->c->path_style.v;
        config.encryption = sm_sv_cstr(encryptions[b->c->server_side_encryption.v]);
        config.kms_key_id = b->c->kms_key_id.text;
        if (b->c->ca_file.text.len > 0)
            config.ca_file =
                sm_path_join(b->p->a, sm_path_dir(sm_sv_cstr(b->c->at.file)), b->c->ca_file.text);
    }
    return sm_s3_open(&config, &b->s3, err);
}

static sm_code connect_bucket(void *ctx, sm_s3 **out, sm_error *err)
{
    bucket *b = ctx;
    sm_code rc = SM_OK;

    sm_mutex_lock(&b->mutex);
    if (b->s3 == NULL)
        rc = open_client(b, err);
    *out = b->s3;
    sm_mutex_unlock(&b->mutex);
    return rc;
}

/* ---- the image ------------------------------------------------------------------------- */

static void free_images(void *arg)
{
    sm_images_free(arg);
}

static sm_images *images_of(sm_project *p)
{
    if (p->images == NULL) {
        p->images = sm_images_new(SM_IMAGE_MAX * GIB, TRIM_MS);
        sm_arena_defer(p->a, free_images, p->images);
    }
    return p->images;
}

/* <state>/<kind>/<host>/<bucket>/<prefix>: a folder of its own for each place. */
static sm_sv folder_of(const bucket *b, const char *kind)
{
    sm_sv host = host_of(endpoint_of(b), region_of(b), b->p->a);
    char *copy = (char *)sm_arena_dup(b->p->a, host).ptr; /* memory of ours */

    for (size_t i = 0; i < host.len; i++)
        if (strchr(":[]", copy[i]) != NULL)
            copy[i] = '_';
    return sm_arena_printf(b->p->a, "%.*s/%s/%s/%.*s%s%.*s", SM_SV_ARG(b->p->state_dir), kind, copy,
                           SM_SV_ARG(b->name), b->prefix.len > 0 ? "/" : "", SM_SV_ARG(b->prefix));
}

sm_code sm_project_bucket(sm_project *p, sm_error *err)
{
    bucket *b = SM_NEW(p->a, bucket);
    sm_code rc;

    *b = (bucket){ .p = p, .c = sm_spec_storage_connection(p->spec) };
    if ((rc = sm_s3_parse(p->spec->storage.text, &b->name, &b->prefix, err)) != SM_OK)
        return rc;
    sm_mutex_init(&b->mutex);
    sm_arena_defer(p->a, free_bucket, b);
    p->storage_dir = folder_of(b, "images");
    p->bucket = b;
    sm_images_add(images_of(p), p->storage_dir, b->name, b->prefix, connect_bucket, b);
    if (p->spec->state.durable.v)
        sm_project_durable(p, b->name, b->prefix, connect_bucket, b);
    return SM_OK;
}

static bucket bucket_of_source(sm_project *p, const sm_spec_source *source)
{
    sm_sv path = sm_json_get_sv(source->options, "path", SM_SV("")), name = SM_SV("");

    path = sm_sv_sub(path, sizeof "s3://" - 1, path.len);
    (void)sm_sv_next(&path, '/', &name);
    return (bucket){
        .p = p, .c = sm_spec_source_connection(p->spec, source), .name = name, .prefix = SM_SV("")
    };
}

sm_sv sm_project_bucket_copies(sm_project *p, const sm_spec_source *source)
{
    bucket b = bucket_of_source(p, source);

    return folder_of(&b, "copies");
}

sm_code sm_project_bucket_sources(sm_project *p)
{
    for (size_t i = 0; p->spec != NULL && i < p->spec->sources.n; i++) {
        const sm_spec_source *source = &p->spec->sources.items[i];
        bucket *b;

        if (!sm_spec_source_is_remote(source))
            continue;
        b = SM_NEW(p->a, bucket);
        *b = bucket_of_source(p, source);
        sm_mutex_init(&b->mutex);
        sm_arena_defer(p->a, free_bucket, b);
        sm_images_add_reading(images_of(p), folder_of(b, "copies"),
                              sm_json_get_sv(source->options, "connection", SM_SV("")), b->name,
                              connect_bucket, b);
    }
    return SM_OK;
}

void sm_project_bucket_share(sm_project *p, sm_project *other)
{
    bucket *b = other->bucket;
    sm_arena *a;

    if (b == NULL || p == other)
        return;
    a = sm_arena_new("shared bucket");
    if (p->images == NULL ||
        sm_sv_eq(sm_images_shown(p->images, other->storage_dir, a), other->storage_dir))
        sm_images_add(images_of(p), other->storage_dir, b->name, b->prefix, connect_bucket, b);
    sm_arena_free(a);
}

void sm_project_bucket_trim(sm_project *p)
{
    sm_images_trim(p->images);
}
