/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_conf.c -- from a connection and options to a configuration of librdkafka.
 *
 * Its options are taken by an allow-list: among the others are such that load code, read files
 * or change what is promised of offsets and transactions. */
#include <stdio.h>
#include <string.h>

#include "runtime/io/kafka_int.h"

static const char *const allowed[] = {
    "batch.num.messages",
    "batch.size",
    "broker.address.family",
    "broker.address.ttl",
    "check.crcs",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "delivery.timeout.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "linger.ms",
    "max.partition.fetch.bytes",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.max.age.ms",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.endpoint.identification.algorithm",
    "transaction.timeout.ms",
    NULL,
};

/* What is said elsewhere, or is ours to say. */
static const struct {
    const char *name, *instead;
} elsewhere[] = {
    { "bootstrap.servers", "`brokers` says it" },
    { "metadata.broker.list", "`brokers` says it" },
    { "isolation.level", "`isolation` says it" },
    { "auto.offset.reset", "`starting_offsets` says where to begin, and nothing is skipped later" },
    { "group.id", "smelt keeps its offsets itself and joins no group" },
    { "security.protocol", "`security_protocol` of the connection says it" },
    { "sasl.mechanism", "`sasl_mechanism` of the connection says it" },
    { "sasl.mechanisms", "`sasl_mechanism` of the connection says it" },
    { "sasl.username", "`username` of the connection says it" },
    { "sasl.password", "`password` of the connection says it, as ${secret.name}" },
    { "ssl.ca.location", "`ca_file` of the connection says it" },
    { "ssl.certificate.location", "`certificate` of the connection says it" },
    { "ssl.key.location", "`key` of the connection says it, as ${secret.name}" },
};

static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext", "sasl_ssl", NULL };
static const char *const mechanisms[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", NULL };

static bool is_one_of(const char *const *words, sm_sv text)
{
    while (*words != NULL && !sm_sv_eq_nocase(sm_sv_cstr(*words), text))
        words++;
    return *words != NULL;
}

/* --- Judging --- */

static sm_code check_option(sm_sv name, sm_error *err)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (sm_sv_eq_str(name, elsewhere[i].name))
            return sm_fail(err, SM_E_INVALID, 0, "`options`: `%.*s` cannot be set there: %s",
                           SM_SV_ARG(name), elsewhere[i].instead);
    if (!is_one_of(allowed, name))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`options`: `%.*s` is none of the options of librdkafka that may be set; "
                       "docs/guide/kafka.md lists them",
                       SM_SV_ARG(name));
    return SM_OK;
}

static sm_code check_options(const sm_json *options, sm_error *err)
{
    sm_code rc = SM_OK;

    for (sm_json_iter it = sm_json_first(options); rc == SM_OK && sm_json_valid(&it);
         sm_json_next(&it)) {
        rc = check_option(it.key, err);
        if (rc == SM_OK && !sm_json_is_string(it.value) && !sm_json_is_number(it.value) &&
            !sm_json_is_bool(it.value))
            rc = sm_fail(err, SM_E_INVALID, 0,
                         "`options`: `%.*s` takes a text, a number or a "
                         "boolean",
                         SM_SV_ARG(it.key));
    }
    return rc;
}

static sm_code check_connection(const sm_connection *c, sm_error *err)
{
    sm_sv protocol = sm_json_get_sv(c->values, "security_protocol", SM_SV("plaintext"));
    sm_sv mechanism = sm_json_get_sv(c->values, "sasl_mechanism", SM_SV(""));

    if (sm_json_get_sv(c->values, "brokers", SM_SV("")).len == 0)
        return sm_fail(err, SM_E_INVALID, 0, "it has no `brokers`");
    if (!is_one_of(protocols, protocol))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`security_protocol` is plaintext, ssl, sasl_plaintext or sasl_ssl and not "
                       "\"%.*s\"",
                       SM_SV_ARG(protocol));
    if (mechanism.len > 0 && !is_one_of(mechanisms, mechanism))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`sasl_mechanism` is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 and not \"%.*s\"",
                       SM_SV_ARG(mechanism));
    if (mechanism.len > 0 && !sm_sv_eq_nocase(sm_sv_sub(protocol, 0, 4), SM_SV("sasl")))
        return sm_fail(err, SM_E_INVALID, 0,
                       "`sasl_mechanism` needs `security_protocol: sasl_ssl` or sasl_plaintext");
    return check_options(sm_json_get(c->values, "options"), err);
}

static sm_code find_connection(const sm_kafka_settings *s, const sm_connection **out, sm_error *err)
{
    sm_code rc;

    *out = NULL;
    if (s->connection.len > 0 && s->brokers.len > 0)
        return sm_fail(err, SM_E_INVALID, 0, "give `connection` or `brokers`, not both");
    if (s->connection.len == 0)
        return s->brokers.len > 0
                   ? SM_OK
                   : sm_fail(err, SM_E_INVALID, 0,
                             "give `connection`, the name of one of smelt.yml, or `brokers`");
    if ((rc = sm_connection_find(s->connections, s->connection, "kafka", out, err)) != SM_OK)
        return rc;
    if ((rc = check_connection(*out, err)) != SM_OK)
        return sm_wrap(err, "connection \"%.*s\"", SM_SV_ARG(s->connection));
    return rc;
}

sm_code sm_kafka_check(const sm_kafka_settings *s, sm_error *err)
{
    const sm_connection *c;
    sm_code rc = find_connection(s, &c, err);

    return rc == SM_OK ? check_options(s->options, err) : rc;
}

/* --- Making --- */

sm_code sm_kafka__set(rd_kafka_conf_t *conf, const char *name, const char *value, sm_error *err)
{
    char why[300];

    if (sm_rdkafka.conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return SM_OK;
    return sm_fail(err, SM_E_INVALID, 0, "librdkafka %s refuses %s: %s", sm_rdkafka.version_str(),
                   name, why);
}

/* What newer libraries know; older ones do without. */
static void set_if_known(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[300];

    (void)sm_rdkafka.conf_set(conf, name, value, why, sizeof why);
}

static sm_code set_sv(rd_kafka_conf_t *conf, const char *name, sm_sv value, sm_error *err)
{
    sm_arena *a = sm_arena_new("kafka option");
    sm_code rc = sm_kafka__set(conf, name, sm_arena_cstr(a, value), err);

    sm_arena_free(a);
    return rc;
}

static sm_code set_options(rd_kafka_conf_t *conf, const sm_json *options, sm_error *err)
{
    sm_arena *a = sm_arena_new("kafka options");
    sm_code rc = SM_OK;

    for (sm_json_iter it = sm_json_first(options); rc == SM_OK && sm_json_valid(&it);
         sm_json_next(&it)) {
        sm_sv value =
            sm_json_is_string(it.value) ? sm_json_sv(it.value) : sm_json_text(it.value, a);

        rc = sm_kafka__set(conf, sm_arena_cstr(a, it.key), sm_arena_cstr(a, value), err);
    }
    sm_arena_free(a);
    return rc;
}

/* A secret that is PEM itself, or the path of a file that is. */
static sm_code set_key(rd_kafka_conf_t *conf, sm_sv key, sm_error *err)
{
    bool pem = sm_sv_starts(key, SM_SV("-----BEGIN"));

    /* a secret ends with NUL, and is not to be copied to where nobody wipes it */
    return sm_kafka__set(conf, pem ? "ssl.key.pem" : "ssl.key.location", key.ptr, err);
}

static sm_code set_secret(rd_kafka_conf_t *conf, const sm_kafka_settings *s, const sm_connection *c,
                          const char *key, sm_error *err)
{
    sm_secret *secret;
    sm_code rc = sm_connection_secret(s->connections, c, key, &secret, err);

    if (rc == SM_OK && secret != NULL)
        rc = strcmp(key, "key") == 0
                 ? set_key(conf, sm_secret_reveal(secret), err)
                 : sm_kafka__set(conf, "sasl.password", sm_secret_reveal(secret).ptr, err);
    sm_secret_free(secret);
    return rc;
}

static sm_code set_connection(rd_kafka_conf_t *conf, const sm_kafka_settings *s,
                              const sm_connection *c, sm_error *err)
{
    static const struct {
        const char *key, *name;
    } texts[] = {
        { "brokers", "bootstrap.servers" },     { "security_protocol", "security.protocol" },
        { "sasl_mechanism", "sasl.mechanism" }, { "username", "sasl.username" },
        { "ca_file", "ssl.ca.location" },       { "certificate", "ssl.certificate.location" },
    };
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < sizeof texts / sizeof *texts; i++) {
        sm_sv value = sm_json_get_sv(c->values, texts[i].key, SM_SV(""));

        if (value.len > 0)
            rc = set_sv(conf, texts[i].name, value, err);
    }
    if (rc == SM_OK)
        rc = set_secret(conf, s, c, "password", err);
    if (rc == SM_OK)
        rc = set_secret(conf, s, c, "key", err);
    return rc == SM_OK ? set_options(conf, sm_json_get(c->values, "options"), err) : rc;
}

/* What each client has, before the options of the user. */
static sm_code set_usual(rd_kafka_conf_t *conf, sm_error *err)
{
    static const struct {
        const char *name, *value;
    } usual[] = {
        { "client.id", "smelt" },
        { "log_level", "3" },
        { "socket.keepalive.enable", "true" },
        { "reconnect.backoff.max.ms", "1000" },
        { "allow.auto.create.topics", "false" },
        /* The library looks once a second whether a full queue has room again; so it holds what
         * is read in more than one. */
        { "queued.min.messages", "10000000" },
        /* A range may end in records that are no messages: the answer that says so must not wait
         * for more of them. */
        { "fetch.wait.max.ms", "20" },
    };
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < sizeof usual / sizeof *usual; i++)
        rc = sm_kafka__set(conf, usual[i].name, usual[i].value, err);
    set_if_known(conf, "enable.metrics.push", "false");
    set_if_known(conf, "fetch.queue.backoff.ms", "5");
    return rc;
}

sm_code sm_kafka__conf(const sm_kafka_settings *s, rd_kafka_conf_t **out, sm_error *err)
{
    const sm_connection *c;
    rd_kafka_conf_t *conf;
    sm_code rc;

    if ((rc = sm_kafka_check(s, err)) != SM_OK || (rc = sm_rdkafka__load(err)) != SM_OK ||
        (rc = find_connection(s, &c, err)) != SM_OK)
        return rc;
    conf = sm_rdkafka.conf_new();
    if ((rc = set_usual(conf, err)) == SM_OK)
        rc = c != NULL ? set_connection(conf, s, c, err)
                       : set_sv(conf, "bootstrap.servers", s->brokers, err);
    if (rc == SM_OK)
        rc = set_options(conf, s->options, err);
    if (rc != SM_OK) {
        sm_rdkafka.conf_destroy(conf);
        return rc;
    }
    *out = conf;
    return SM_OK;
}

bool sm_kafka__uses_scram(const sm_kafka_settings *s)
{
    const sm_connection *c;
    sm_error ignored;

    return find_connection(s, &c, &ignored) == SM_OK && c != NULL &&
           sm_sv_starts(sm_json_get_sv(c->values, "sasl_mechanism", SM_SV("")), SM_SV("SCRAM"));
}
