/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h -- be woken when something changes in a folder.
 *
 * A hint, never the truth: who is woken looks for himself, and who must not miss anything looks
 * once in a while anyway, for folders of other machines tell nothing.  What counts is a file that
 * was closed after writing, moved in or out, or removed, and a folder that was made.
 *
 *     sm_watch_add      by anybody, also while another thread waits
 *     sm_watch_wait     by one thread
 *     sm_watch_wake     by anybody
 *
 * A folder may be watched under several tags. */
#ifndef SM_BASE_WATCH_H
#define SM_BASE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"

enum { SM_WATCH_MAX_FOLDERS = 4096 };

typedef struct sm_watch sm_watch;

/* *out is owned: free with sm_watch_free().  Where the kernel gives no inotify (its number for a
 * user is limited) it is made all the same, and every sm_watch_add() fails. */
sm_code sm_watch_new(sm_watch **out, sm_error *err);
void sm_watch_free(sm_watch *w); /* nobody may be waiting; NULL is fine */

/* SM_E_NOT_FOUND: there is no such folder; SM_E_LIMIT: too many, here or in the kernel.  Adding
 * one again changes nothing. */
sm_code sm_watch_add(sm_watch *w, const char *folder, size_t tag, sm_error *err);

typedef struct sm_watch_news {
    bool changed; /* something happened below a tag */
    bool folders; /* a folder was made, or one that was watched is gone: add what is there now */
} sm_watch_news;

/* Block until something changed, sm_watch_wake() was called, or `timeout_ms` passed (< 0: never).
 * news[tag] is set for tags below `n`, others are left out; the caller clears them. */
void sm_watch_wait(sm_watch *w, int64_t timeout_ms, sm_watch_news *news, size_t n);
void sm_watch_wake(sm_watch *w);

#endif
