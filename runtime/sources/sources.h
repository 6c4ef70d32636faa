/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h -- the list of source types. */
#ifndef SM_SOURCES_SOURCES_H
#define SM_SOURCES_SOURCES_H

#include "runtime/connect/connect.h"

/* What the composition root hands down; ends with NULL. */
sm_source_list sm_sources(void);

#endif
