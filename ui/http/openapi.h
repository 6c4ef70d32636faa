/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.h -- the table of routes as an OpenAPI 3.1 document. */
#ifndef SM_HTTP_OPENAPI_H
#define SM_HTTP_OPENAPI_H

#include "runtime/base/json.h"

/* `base`: what stands before every path, "" or "/data/smelt".  Each operation says its least role
 * as x-smelt-role, and x-smelt-rows when it shows rows.  Lives in `a`. */
sm_json *sm_openapi(sm_sv base, sm_sv version, sm_arena *a);

#endif
