/* SPDX-License-Identifier: Apache-2.0 */
/* spec_keys_server.c -- the keys of `server` in smelt.yml. */
#include "pipelines/spec/spec.h"
#include "pipelines/spec/spec_keys.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

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
      .doc = "What stands before all paths, behind a proxy." },
    { .name = "hosts",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, hosts),
      .doc = "Names that the server is reached by, besides that of `listen`." },
    { .name = "trusted_proxies",
      .kind = SM_KEY_TEXTS,
      .offset = offsetof(sm_spec_server, trusted_proxies),
      .doc = "Addresses whose X-Forwarded-For is believed." },
    { .name = "reload",
      .kind = SM_KEY_ENUM,
      .offset = offsetof(sm_spec_server, reload),
      .fallback = "signal",
      .choices = LIST("signal", "watch"),
      .doc = "When changed files are loaded: at SIGHUP, or as soon as they change." },
    END,
};

const sm_block sm_block_server = {
    .name = "server",
    .what = "`server`",
    .doc = "What `smelt serve` is like.",
    .size = sizeof(sm_spec_server),
    .at = offsetof(sm_spec_server, at),
    .keys = server_keys,
    .later = LIST("roots", "egress", "environment_allow", "price_per_cpu_hour"),
};
