/* SPDX-License-Identifier: Apache-2.0 */
/* sources.c -- the list of source types: adding one is adding one word.
 *
 * `delta` reads the tables of the project themselves, one flow from another; that it is in
 * this list does not make it a `type:` of the language (main.c says which are). */
#include "runtime/sources/sources.h"

#define SOURCES(X) X(files) X(delta) X(generate) X(kafka) X(http)

#define DECLARE(name) extern const sm_source_ops sm_source_##name;
SOURCES(DECLARE)

#define ENTRY(name) &sm_source_##name,
static const sm_source_ops *const sources_all[] = { SOURCES(ENTRY) NULL };

sm_source_list sm_sources(void)
{
    return sources_all;
}
