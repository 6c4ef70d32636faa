/* SPDX-License-Identifier: Apache-2.0 */
/* fs.h -- every file-system call of smelt.
 *
 * What claims to be durable is: the bytes are fsynced, then the name, by an fsync of the
 * folder.  Errors name the path and what can be done; a full disk is retryable.  Each
 * call passes a failpoint of its kind (failpoint.h), so a test can let the nth one fail.
 * Paths are C strings; any thread may call anything here. */
#ifndef SM_BASE_FS_H
#define SM_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

typedef struct sm_fs_stat {
    bool is_dir, is_file;
    int64_t size;     /* bytes */
    int64_t mtime_ns; /* since 1970 */
    int64_t inode, device;
} sm_fs_stat;

/* SM_E_NOT_FOUND when it is not there; follows links. */
sm_code sm_fs_stat_path(const char *path, sm_fs_stat *out, sm_error *err);
bool sm_fs_exists(const char *path); /* false also when it cannot be told */

/* ---- reading ---- */
sm_code sm_fs_open_read(const char *path, int *fd_out, sm_error *err);
/* Up to `len` bytes at `offset`; *got is less only at the end. `path` is for the message. */
sm_code sm_fs_pread(int fd, const char *path, void *buffer, size_t len, int64_t offset, size_t *got,
                    sm_error *err);
void sm_fs_close(int fd); /* < 0 is fine */
/* The whole file, lives in `a`, terminated.  SM_E_LIMIT above `max` bytes; SM_E_INVALID when
 * it is a folder, a pipe or a device. */
sm_code sm_fs_read(const char *path, size_t max, sm_arena *a, sm_sv *out, sm_error *err);

/* ---- writing ---- */

/* Replace `path`, durably and at once: a reader sees the old or the new bytes. */
sm_code sm_fs_write_durable(const char *path, sm_sv bytes, unsigned mode, sm_error *err);
/* Create `path` with these bytes unless it is there (SM_E_CONFLICT), durably and at once:
 * a temporary file beside it, fsync, link(), unlink, fsync of the folder.  After another
 * failure it may be there, whole: only a look can tell. */
sm_code sm_fs_put_if_absent(const char *path, sm_sv bytes, unsigned mode, sm_error *err);
/* Create or replace, not durable by itself. */
sm_code sm_fs_write(const char *path, sm_sv bytes, unsigned mode, sm_error *err);
sm_code sm_fs_append(const char *path, sm_sv bytes, unsigned mode, sm_error *err);
/* A file to write to; `*fd_out` is owned: sm_fs_close_written, which tells what a file system says
 * only at the end.  SM_E_CONFLICT: it is there. */
sm_code sm_fs_open_new(const char *path, unsigned mode, int *fd_out, sm_error *err);
sm_code sm_fs_pwrite(int fd, const char *path, sm_sv bytes, int64_t offset, sm_error *err);
sm_code sm_fs_close_written(int fd, const char *path, sm_error *err);

sm_code sm_fs_fsync(const char *path, sm_error *err); /* a file that somebody wrote */
sm_code sm_fs_fsync_dir(const char *path, sm_error *err);
sm_code sm_fs_rename(const char *from, const char *to, sm_error *err);
sm_code sm_fs_link(const char *from, const char *to, sm_error *err); /* SM_E_CONFLICT: there */
sm_code sm_fs_unlink(const char *path, sm_error *err);               /* not there is fine */
sm_code sm_fs_touch(const char *path, sm_error *err);                /* it was modified now */
/* All missing folders, each made durable in its parent. */
sm_code sm_fs_mkdirs(const char *path, unsigned mode, sm_error *err);
/* A new folder of nobody else's below $TMPDIR or /tmp, whose name begins with `prefix`. */
sm_code sm_fs_temp_folder(const char *prefix, sm_arena *a, const char **out, sm_error *err);
sm_code sm_fs_rmdir(const char *path, sm_error *err); /* not there is fine */
/* Everything below `path` and `path` itself, links not followed; refuses "/", "" and more than
 * `max` entries. */
sm_code sm_fs_remove_tree(const char *path, size_t max, sm_error *err);
/* Reserve `bytes` of disk for `path`. */
sm_code sm_fs_allocate(const char *path, int64_t bytes, unsigned mode, sm_error *err);

/* ---- listing ---- */
typedef struct sm_fs_entry {
    sm_sv name; /* terminated */
    sm_fs_stat stat;
    bool gone; /* it vanished between readdir and stat */
} sm_fs_entry;

/* The entries of a folder but "." and "..", in no order.  with_stat = false leaves stat empty
 * but for is_dir and is_file, and costs no call per entry.  Lives in `a`. */
sm_code sm_fs_list(const char *dir, bool with_stat, sm_arena *a, sm_fs_entry **out, size_t *n,
                   sm_error *err);

/* One entry as the folder tells it: no call per entry, but for links, which are followed. */
typedef struct sm_fs_name {
    const char *name; /* lives until the visitor returns */
    bool is_dir, is_file, is_link;
} sm_fs_name;

/* Show each entry but "." and ".." to `visit`, in no order; what it fails with ends the walk.
 * Nothing is kept, so a folder of any size costs no memory here. */
sm_code sm_fs_each(const char *dir, sm_code (*visit)(void *ctx, const sm_fs_name *e, sm_error *err),
                   void *ctx, sm_error *err);

/* ---- paths ---- */
const char *sm_path_join(sm_arena *a, sm_sv dir, sm_sv name); /* an absolute `name` wins */
sm_sv sm_path_dir(sm_sv path);  /* "a/b" -> "a"; "a" -> "."; "/a" -> "/" */
sm_sv sm_path_base(sm_sv path); /* "a/b" -> "b" */
bool sm_path_is_absolute(sm_sv path);
/* Absolute, without "." and "..", links not followed; relative to the working folder. */
const char *sm_path_absolute(sm_arena *a, const char *path, sm_error *err);
/* realpath() of the longest prefix that exists, the rest appended. NULL with *err. */
const char *sm_path_real(sm_arena *a, const char *path, sm_error *err);

/* ---- locks ---- */
typedef struct sm_fs_lock sm_fs_lock;

/* An OFD lock on `path`, made if missing; the kernel releases it with the process.
 * SM_E_CONFLICT: somebody holds it. `*out` is owned: sm_fs_lock_release. */
sm_code sm_fs_lock_take(const char *path, sm_fs_lock **out, sm_error *err);
/* Does somebody hold the lock?  False also when it was never taken. */
bool sm_fs_lock_held(const char *path);
void sm_fs_lock_release(sm_fs_lock *lock); /* NULL is fine */

#endif
