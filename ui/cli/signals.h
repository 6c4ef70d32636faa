/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h -- Ctrl-C: the first lets the run end well, the second ends it now. */
#ifndef SM_CLI_SIGNALS_H
#define SM_CLI_SIGNALS_H

#include "runtime/exec/run.h"

/* From now on SIGINT and SIGTERM cancel `run`; its batches that are decided are finished.  A
 * second one ends the process at once, which loses nothing either. */
void sm_signals_begin(sm_run *run);
/* Before the run is freed.  The first signal that came, 0 if none. */
int sm_signals_end(void);

#endif
