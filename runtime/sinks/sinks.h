/* SPDX-License-Identifier: Apache-2.0 */
/* sinks.h -- the list of sinks.  Adding one is adding one word in sinks.c. */
#ifndef SM_SINKS_SINKS_H
#define SM_SINKS_SINKS_H

#include "runtime/connect/connect.h"

sm_sink_list sm_sinks(void);

#endif
