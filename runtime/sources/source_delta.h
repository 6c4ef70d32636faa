/* SPDX-License-Identifier: Apache-2.0 */
/* source_delta.h -- reading a Delta table: as a log of batches, or as it is now.
 *
 * AN OFFSET says what has been read:
 *
 *     {"table_id":…, "version":12, "index":-1}      all of version 12 and before
 *     {"table_id":…, "version":12, "index":3}       before 12, and the first 3 files of 12
 *     … "snapshot":true                             the first `index` files of the table as
 *                                                   it stood at that version
 *     … "from":5                                    of a first batch: it began with version 5
 *
 * A reader without an offset begins with the table as it stands, or with a version that the
 * options name, then follows the log.  Only
 * files that bring new rows count (dataChange); a commit that takes rows away stops the
 * reader, naming version and operation.
 *
 * A POSITION (plain reads) is {"version":n, "time":ms}, with version -1 while there is no
 * table; it changes with every commit.
 */
#ifndef SM_SOURCES_SOURCE_DELTA_H
#define SM_SOURCES_SOURCE_DELTA_H

#include "runtime/connect/source.h"

extern const sm_source_ops sm_source_delta;

#endif
