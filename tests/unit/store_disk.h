/* SPDX-License-Identifier: Apache-2.0 */
/* store_disk.h -- a disk under SQLite that fails when told to, and can lose power.
 *
 * While installed, every store is opened on it.  It knows for each file what was synced and
 * what was only written; a power cut keeps the first and any part of the second, in any order,
 * torn at sectors. */
#ifndef SM_TESTS_STORE_DISK_H
#define SM_TESTS_STORE_DISK_H

#include <stdint.h>

void disk_install(void);
void disk_remove(void); /* and forget all files */

/* The nth write, truncation or sync from now fails with this SQLite code; 0: none. */
void disk_fail(int nth, int sqlite_code);

/* Write the files of folder `from` to folder `to` as they may be after a power cut now. */
void disk_cut(const char *from, const char *to, uint64_t seed);

#endif
