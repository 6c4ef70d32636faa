/* SPDX-License-Identifier: Apache-2.0 */
/* s3_xml.h -- the XML that object stores answer with: elements and text.
 *
 * Strict: tags must match, a document type is refused, entities are the five of XML and numbers.
 * Attributes, comments and what stands between elements are passed over. */
#ifndef SM_IO_S3_XML_H
#define SM_IO_S3_XML_H

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

/* At the end of each element: its name, the name of the one around it ("" of the outermost) and
 * its text, trimmed and decoded; all lives in the arena. */
typedef sm_code (*sm_s3_xml_fn)(void *ctx, sm_sv parent, sm_sv name, sm_sv text, sm_error *err);

/* SM_E_REMOTE: it is no such document. */
sm_code sm_s3_xml_each(sm_sv text, sm_arena *a, sm_s3_xml_fn fn, void *ctx, sm_error *err);

#endif
