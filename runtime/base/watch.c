/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c -- inotify, and an eventfd for being woken. */
#include "runtime/base/watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/str.h"
#include "runtime/base/thread.h"

enum {
    WATCH_MASK = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE |
                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
    WATCH_BUFFER = 16 * 1024,
};

typedef struct watch_entry {
    int wd; /* of the kernel; the same for the same folder */
    size_t tag;
    char *folder; /* owned */
} watch_entry;

struct sm_watch {
    int inotify, wake;
    sm_mutex mu;
    watch_entry *entries; /* guarded by mu */
    size_t n, cap;
};

sm_code sm_watch_new(sm_watch **out, sm_error *err)
{
    sm_watch *w = sm_xcalloc(1, sizeof *w);

    sm_mutex_init(&w->mu);
    w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC); /* -1: nothing can be watched */
    *out = w;
    if (w->wake >= 0)
        return SM_OK;
    sm_fail(err, SM_E_LIMIT, errno, "cannot make an eventfd");
    sm_watch_free(w);
    *out = NULL;
    return err->code;
}

void sm_watch_free(sm_watch *w)
{
    if (w == NULL)
        return;
    if (w->inotify >= 0)
        close(w->inotify);
    if (w->wake >= 0)
        close(w->wake);
    sm_mutex_release(&w->mu);
    for (size_t i = 0; i < w->n; i++)
        free(w->entries[i].folder);
    free(w->entries);
    free(w);
}

static bool watch_has(const sm_watch *w, int wd, size_t tag)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->entries[i].wd == wd && w->entries[i].tag == tag)
            return true;
    return false;
}

sm_code sm_watch_add(sm_watch *w, const char *folder, size_t tag, sm_error *err)
{
    sm_code rc = SM_OK;
    int wd;

    sm_mutex_lock(&w->mu);
    if (w->n == SM_WATCH_MAX_FOLDERS) {
        rc = sm_fail(err, SM_E_LIMIT, 0, "more than %d folders to watch", SM_WATCH_MAX_FOLDERS);
    } else if ((wd = inotify_add_watch(w->inotify, folder, WATCH_MASK)) < 0) {
        rc = sm_fail(err, errno == ENOENT || errno == ENOTDIR ? SM_E_NOT_FOUND : SM_E_LIMIT, errno,
                     "cannot watch \"%s\"", folder);
    } else if (!watch_has(w, wd, tag)) {
        if (w->n == w->cap) {
            w->cap = w->cap * 2 + 16;
            w->entries = sm_xrealloc(w->entries, w->cap * sizeof *w->entries);
        }
        w->entries[w->n] = (watch_entry){ wd, tag, sm_xcalloc(1, strlen(folder) + 1) };
        memcpy(w->entries[w->n++].folder, folder, strlen(folder));
    }
    sm_mutex_unlock(&w->mu);
    return rc;
}

/* The kernel lost count: everything may have changed. */
static void watch_tell_all(sm_watch_news *news, size_t n)
{
    for (size_t i = 0; i < n; i++)
        news[i] = (sm_watch_news){ true, true };
}

/* A file that is made says so again when it is closed, with something in it; a link does not. */
static bool watch_is_link(const watch_entry *entry, const struct inotify_event *e)
{
    char path[PATH_MAX];
    struct stat st;
    int len = snprintf(path, sizeof path, "%s/%s", entry->folder, e->len > 0 ? e->name : "");

    return len > 0 && (size_t)len < sizeof path && lstat(path, &st) == 0 &&
           (S_ISLNK(st.st_mode) || st.st_nlink > 1);
}

/* The folder went elsewhere, or is gone: what is watched there now is nobody's. */
static void watch_drop(sm_watch *w, int wd)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (w->entries[i].wd == wd)
            free(w->entries[i].folder);
        else
            w->entries[kept++] = w->entries[i];
    }
    w->n = kept;
}

static void watch_tell(sm_watch *w, const struct inotify_event *e, sm_watch_news *news, size_t n)
{
    const uint32_t gone = IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF;
    bool folder = (e->mask & gone) != 0 || (e->mask & IN_ISDIR) != 0;

    if (e->mask & IN_Q_OVERFLOW) {
        watch_tell_all(news, n);
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        const watch_entry *entry = &w->entries[i];

        if (entry->wd != e->wd || entry->tag >= n)
            continue;
        if (!folder && (e->mask & IN_CREATE) != 0 && !watch_is_link(entry, e))
            continue;
        news[entry->tag].changed = true;
        news[entry->tag].folders |= folder;
    }
    if ((e->mask & IN_MOVE_SELF) != 0)
        inotify_rm_watch(w->inotify, e->wd);
    if ((e->mask & gone) != 0)
        watch_drop(w, e->wd);
}

static void watch_read(sm_watch *w, sm_watch_news *news, size_t n)
{
    _Alignas(struct inotify_event) char buffer[WATCH_BUFFER];
    ssize_t got;

    while ((got = read(w->inotify, buffer, sizeof buffer)) > 0) {
        sm_mutex_lock(&w->mu);
        for (const char *at = buffer; at < buffer + got;) {
            const struct inotify_event *e = (const void *)at;

            watch_tell(w, e, news, n);
            at += sizeof *e + e->len;
        }
        sm_mutex_unlock(&w->mu);
    }
}

void sm_watch_wait(sm_watch *w, int64_t timeout_ms, sm_watch_news *news, size_t n)
{
    struct pollfd fds[2] = { { .fd = w->inotify, .events = POLLIN },
                             { .fd = w->wake, .events = POLLIN } };
    uint64_t count;
    ssize_t ignored;

    if (poll(fds, 2, timeout_ms < 0 ? -1 : (int)(timeout_ms > INT32_MAX ? INT32_MAX : timeout_ms)) <
        0)
        return; /* interrupted: as if it had been woken */
    ignored = read(w->wake, &count, sizeof count);
    (void)ignored;
    watch_read(w, news, n);
}

void sm_watch_wake(sm_watch *w)
{
    const uint64_t one = 1;
    ssize_t ignored = write(w->wake, &one, sizeof one);

    (void)ignored;
}
