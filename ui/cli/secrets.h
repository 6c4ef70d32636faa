/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h -- secrets of smelt.yml, read where it says that they are kept. */
#ifndef SM_CLI_SECRETS_H
#define SM_CLI_SECRETS_H

#include "pipelines/spec/spec.h"
#include "runtime/base/secret.h"

/* As sm_secret_from_file() and sm_secret_from_environment(). */
sm_code sm_secrets_read(const sm_spec_secret *secret, sm_secret **out, sm_error *err);

/* The one with that name, in force; NULL: there is none. */
const sm_spec_secret *sm_secrets_find(const sm_spec *spec, sm_sv name);

#endif
