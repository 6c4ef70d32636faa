/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_server.c -- the keys of `server` in smelt.yml. */
#include <string.h>

#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static bool is_egress(sm_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("/@ \t", text.ptr[i]) != NULL)
            return false;
    return text.len > 0;
}

static const sm_key_form form_egress = {
    .pattern = "^[^/@ \\t]+$",
    .words = "a host, perhaps with * and a port",
    .hint = "write hooks.example.com, *.example.com, 10.1.2.3 or localhost:9000",
    .code = "SM0161",
    .matches = is_egress,
};

/* "host:port", "[v6]:port", ":port". */
static bool is_listen(sm_sv text)
{
    size_t colon = text.len;
    int64_t port;

    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0 || !sm_sv_to_int64(sm_sv_sub(text, colon, text.len), &port) || port < 0 ||
        port > 65535)
        return false;
    return colon == 1 || text.ptr[0] == '[' ? colon == 1 || text.ptr[colon - 2] == ']'
                                            : sm_sv_find_char(text, ':') == (ptrdiff_t)colon - 1;
}

static const sm_key_form form_listen = {
    .pattern = "^[^ ]*:[0-9]{1,5}$",
    .words = "an address to listen on",
    .hint = "write host:port, say 127.0.0.1:8480, or :8480 for all addresses",
    .code = "SM0164",
    .matches = is_listen,
};

static bool is_base_path(sm_sv text)
{
    return text.len == 0 || text.ptr[0] == '/';
}

static const sm_key_form form_base_path = {
    .pattern = "^(/.*)?$",
    .words = "a path",
    .hint = "it begins with /",
    .code = "SM0164",
    .matches = is_base_path,
};

/* "10.1.2.3", "10.0.0.0/8", "fd00::/8": what is none would never match, and nobody would know. */
static bool is_range(sm_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789abcdefABCDEF.:/", text.ptr[i]) == NULL)
            return false;
    return sm_sv_find_char(text, '.') > 0 || sm_sv_find_char(text, ':') >= 0;
}

static const sm_key_form form_range = {
    .pattern = "^[0-9a-fA-F.:/]+$",
    .words = "an address or a range of them",
    .hint = "write 127.0.0.1 or 10.0.0.0/8",
    .code = "SM0164",
    .matches = is_range,
};

static bool is_variable(sm_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_",
                   text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

static const sm_key_form form_variable = {
    .pattern = "^[A-Za-z0-9_]+$",
    .words = "the name of a variable of the environment",
    .code = "SM0164",
    .matches = is_variable,
};

static const sm_key tls_keys[] = {
    { .name = "certificate",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_tls, certificate),
      .required = true,
      .form = &sm_form_local,
      .doc =
          "File with the certificate and those between it and its root, relative to this file." },
    { .name = "key",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_tls, key),
      .required = true,
      .form = &sm_form_local,
      .doc = "File with its private key, relative to this file." },
    END,
};

static const sm_block tls_block = {
    .name = "tls",
    .what = "`tls`",
    .doc = "What the server proves itself with.",
    .size = sizeof(sm_spec_tls),
    .at = offsetof(sm_spec_tls, at),
    .keys = tls_keys,
};

static const sm_key server_keys[] = {
    { .name = "listen",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_server, listen),
      .fallback = "127.0.0.1:8480",
      .form = &form_listen,
      .doc = "Address and port of the page and the API." },
    { .name = "auth",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_server, auth),
      .fallback = "token",
      .choices = LIST("token", "none"),
      .doc = "Who may come in: those with a token, or everybody who reaches the address of this "
             "machine." },
    { .name = "public_read",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_server, public_read),
      .fallback = "false",
      .doc = "True: what a viewer sees needs no token." },
    { .name = "public_metrics",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_server, public_metrics),
      .fallback = "false",
      .doc = "True: /metrics needs no token." },
    { .name = "allow_preview",
      .kind = SM_KEY_BOOL,
      .offset = offsetof(sm_spec_server, allow_preview),
      .fallback = "false",
      .doc = "True: viewers may look at rows." },
    { .name = "tls",
      .kind = SM_KEY_BLOCK,
      .offset = offsetof(sm_spec_server, tls),
      .block = &tls_block,
      .optional = true,
      .doc = "Certificate and key, for HTTPS." },
    { .name = "base_path",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_server, base_path),
      .fallback = "/",
      .form = &form_base_path,
      .doc = "What stands before all paths, behind a proxy." },
    { .name = "hosts",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, hosts),
      .doc = "Names that the server is reached by, besides that of `listen`." },
    { .name = "trusted_proxies",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, trusted_proxies),
      .form = &form_range,
      .doc = "Addresses whose X-Forwarded-For is believed." },
    { .name = "egress",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, egress),
      .form = &form_egress,
      .doc = "Hosts that pipelines may have the server connect to, besides those that smelt.yml "
             "names: *.example.com, 10.1.2.3, localhost:9000." },
    { .name = "roots",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, roots),
      .form = &sm_form_local,
      .fallback_doc = "the folder of this file",
      .doc = "Folders, relative to this file, in which the tables, the state and the files that "
             "pipelines read may lie." },
    { .name = "environment_allow",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, environment_allow),
      .form = &form_variable,
      .fallback_doc = "none",
      .doc = "Variables of the environment that files of pipelines may name by ${env.X}; this file "
             "may name any." },
    { .name = "reload",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_server, reload),
      .fallback = "signal",
      .choices = LIST("signal", "watch"),
      .doc = "When changed files are loaded: at SIGHUP, or as soon as they change." },
    { .name = "price_per_cpu_hour",
      .kind = SM_KEY_NUMBER,
      .offset = offsetof(sm_spec_server, price_per_cpu_hour),
      .fallback_doc = "none",
      .doc = "What an hour of one processor costs, in any currency: then advice says what runs "
             "cost." },
    END,
};

const sm_block sm_block_server = {
    .name = "server",
    .what = "`server`",
    .doc = "What `smelt serve` is like.",
    .size = sizeof(sm_spec_server),
    .at = offsetof(sm_spec_server, at),
    .keys = server_keys,
};

/* ---- notifications --------------------------------------------------------------- */

static bool is_webhook(sm_sv text)
{
    return sm_sv_starts(text, SM_SV("http://")) || sm_sv_starts(text, SM_SV("https://"));
}

static const sm_key_form form_webhook = {
    .pattern = "^https?://",
    .words = "the address of a webhook",
    .hint = "it begins with https:// or http://",
    .code = "SM0161",
    .matches = is_webhook,
};

static bool is_occasion(sm_sv text)
{
    static const char *const all[] = { "failed", "recovered",          "expectation_failed",
                                       "stale",  "quarantine_growing", "schema_changed" };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (sm_sv_eq_str(text, all[i]))
            return true;
    return false;
}

static const sm_key_form form_occasion = {
    .pattern = "^(failed|recovered|expectation_failed|stale|quarantine_growing|schema_changed)$",
    .words = "what somebody can be told of",
    .hint = "those are failed, recovered, expectation_failed, stale, quarantine_growing and "
            "schema_changed; falling_behind is not supported yet",
    .code = "SM0161",
    .matches = is_occasion,
};

static const sm_key notification_keys[] = {
    { .name = "url",
      .kind = SM_KEY_TEXT,
      .offset = offsetof(sm_spec_notification, url),
      .required = true,
      .form = &form_webhook,
      .doc = "Where the message is sent to, by POST, as JSON." },
    { .name = "on",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_notification, on),
      .form = &form_occasion,
      .fallback_doc = "failed, recovered and expectation_failed",
      .doc = "What it is told of." },
    { .name = "group_by",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_notification, group_by),
      .fallback = "pipeline",
      .choices = LIST("pipeline", "table"),
      .doc = "One message for all tables of a pipeline, or one for each." },
    { .name = "repeat_after",
      .kind = SM_KEY_DURATION,
      .offset = offsetof(sm_spec_notification, repeat_after),
      .fallback = "14400000000",
      .doc = "How often to say again what is not over; 0s: never." },
    END,
};

const sm_block sm_block_notification = {
    .name = "notifications",
    .what = "a notification",
    .doc = "Somebody who is told, by webhook.",
    .size = sizeof(sm_spec_notification),
    .at = offsetof(sm_spec_notification, at),
    .keys = notification_keys,
    .later = LIST("connection"),
};
