/* SPDX-License-Identifier: Apache-2.0 */
/* fs_write.c -- files that are there after a power cut, or not at all.
 *
 *     write     <dir>/.<name>.<random>.tmp     the bytes, under a name that nobody reads
 *     fsync     the file
 *     rename    over the old name, or link() when the name must not be there yet
 *     fsync     the folder                     from here on the new name is durable
 *
 * A temporary file that is left behind begins with a dot and is never read. */
#include "runtime/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"
#include "runtime/base/hash.h"

/* `offset` of -1: where the file is written to next. */
static int write_all(int fd, sm_sv bytes, int64_t offset)
{
    int sys = sm_failpoint_err("fs.write");

    if (sys != 0)
        bytes.len /= 2; /* a disk that gets full takes a part */
    while (bytes.len > 0) {
        ssize_t n = offset < 0 ? write(fd, bytes.ptr, bytes.len)
                               : pwrite(fd, bytes.ptr, bytes.len, (off_t)offset);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            bytes = sm_sv_sub(bytes, (size_t)n, bytes.len);
        if (n > 0 && offset >= 0)
            offset += n;
    }
    return sys;
}

static int fsync_fd(int fd, const char *failpoint)
{
    int sys = sm_failpoint_err(failpoint);

    return sys != 0 ? sys : fsync(fd) == 0 ? 0 : errno;
}

/* 0 or an errno; *fd is -1 then. */
static int open_to_write(const char *path, int flags, unsigned mode, int *fd)
{
    int sys = sm_failpoint_err("fs.open");

    *fd = -1;
    if (sys == 0 && (*fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, (mode_t)mode)) < 0)
        sys = errno;
    return sys;
}

/* Open, write, perhaps fsync, close.  0 or an errno; a file that could not be written
 * whole stays for the caller to remove. */
static int write_file(const char *path, int flags, sm_sv bytes, unsigned mode, bool sync)
{
    int fd, sys = open_to_write(path, flags, mode, &fd);

    if (sys == 0)
        sys = write_all(fd, bytes, -1);
    if (sys == 0 && sync)
        sys = fsync_fd(fd, "fs.fsync");
    if (fd >= 0 && close(fd) != 0 && sys == 0)
        sys = errno;
    return sys;
}

sm_code sm_fs_write(const char *path, sm_sv bytes, unsigned mode, sm_error *err)
{
    int sys = write_file(path, O_TRUNC, bytes, mode, false);

    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not write \"%s\"", path);
}

sm_code sm_fs_append(const char *path, sm_sv bytes, unsigned mode, sm_error *err)
{
    int sys = write_file(path, O_APPEND, bytes, mode, false);

    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not write \"%s\"", path);
}

sm_code sm_fs_open_new(const char *path, unsigned mode, int *fd_out, sm_error *err)
{
    int sys = open_to_write(path, O_EXCL, mode, fd_out);

    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not create \"%s\"", path);
}

sm_code sm_fs_pwrite(int fd, const char *path, sm_sv bytes, int64_t offset, sm_error *err)
{
    int sys = write_all(fd, bytes, offset);

    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not write \"%s\"", path);
}

sm_code sm_fs_close_written(int fd, const char *path, sm_error *err)
{
    return close(fd) == 0 ? SM_OK : sm_fail_errno(err, errno, "could not write \"%s\"", path);
}

static const char *temporary_name(sm_arena *a, const char *path)
{
    sm_sv p = sm_sv_cstr(path);

    return sm_arena_printf(a, "%.*s/.%.*s.%s.tmp", SM_SV_ARG(sm_path_dir(p)),
                           SM_SV_ARG(sm_path_base(p)), sm_uuid4(a).ptr)
        .ptr;
}

static sm_code put_durable(const char *path, sm_sv bytes, unsigned mode, bool replace,
                           sm_error *err)
{
    sm_arena *a = sm_arena_new("durable file");
    const char *tmp = temporary_name(a, path);
    int sys = write_file(tmp, O_EXCL, bytes, mode, true);
    sm_code rc;

    if (sys != 0)
        rc = sm_fail_errno(err, sys, "could not write \"%s\"", path);
    else
        rc = replace ? sm_fs_rename(tmp, path, err) : sm_fs_link(tmp, path, err);
    if (rc != SM_OK || !replace)
        unlink(tmp);
    if (rc == SM_OK)
        rc = sm_fs_fsync_dir(sm_arena_cstr(a, sm_path_dir(sm_sv_cstr(path))), err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_fs_write_durable(const char *path, sm_sv bytes, unsigned mode, sm_error *err)
{
    return put_durable(path, bytes, mode, true, err);
}

sm_code sm_fs_put_if_absent(const char *path, sm_sv bytes, unsigned mode, sm_error *err)
{
    return put_durable(path, bytes, mode, false, err);
}

static sm_code fsync_path(const char *path, int flags, const char *failpoint, sm_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags), sys;

    if (fd < 0)
        return sm_fail_errno(err, errno, "could not open \"%s\" to sync it", path);
    sys = fsync_fd(fd, failpoint);
    close(fd);
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not sync \"%s\"", path);
}

sm_code sm_fs_fsync(const char *path, sm_error *err)
{
    return fsync_path(path, 0, "fs.fsync", err);
}

sm_code sm_fs_fsync_dir(const char *path, sm_error *err)
{
    return fsync_path(path, O_DIRECTORY, "fs.fsync_dir", err);
}

sm_code sm_fs_rename(const char *from, const char *to, sm_error *err)
{
    int sys = sm_failpoint_err("fs.rename");

    if (sys == 0 && rename(from, to) != 0)
        sys = errno;
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not rename to \"%s\"", to);
}

sm_code sm_fs_link(const char *from, const char *to, sm_error *err)
{
    int sys = sm_failpoint_err("fs.link");

    if (sys == 0 && link(from, to) != 0)
        sys = errno;
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not create \"%s\" as a hard link", to);
}

sm_code sm_fs_unlink(const char *path, sm_error *err)
{
    int sys = sm_failpoint_err("fs.unlink");

    if (sys == 0 && unlink(path) != 0 && errno != ENOENT)
        sys = errno;
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not remove \"%s\"", path);
}

sm_code sm_fs_touch(const char *path, sm_error *err)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0
               ? SM_OK
               : sm_fail_errno(err, errno, "could not touch \"%s\"", path);
}

/* One folder, there already or made now. */
static sm_code make_dir(const char *path, unsigned mode, sm_error *err)
{
    int sys = sm_failpoint_err("fs.mkdir");
    struct stat st;

    if (sys == 0 && mkdir(path, (mode_t)mode) != 0)
        sys = errno;
    if (sys == EEXIST && stat(path, &st) == 0)
        sys = S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not make the folder \"%s\"", path);
}

sm_code sm_fs_mkdirs(const char *path, unsigned mode, sm_error *err)
{
    struct stat st;
    sm_arena *a;
    sm_sv p = sm_sv_cstr(path), parent = sm_path_dir(p);
    sm_code rc = SM_OK;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return SM_OK;
    a = sm_arena_new("mkdirs");
    if (parent.len < p.len && !sm_sv_eq_str(parent, ".") && !sm_sv_eq_str(parent, "/"))
        rc = sm_fs_mkdirs(sm_arena_cstr(a, parent), mode, err);
    if (rc == SM_OK)
        rc = make_dir(path, mode, err);
    if (rc == SM_OK) /* also when another process made it: it may not have synced yet */
        rc = sm_fs_fsync_dir(sm_arena_cstr(a, parent), err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_fs_temp_folder(const char *prefix, sm_arena *a, const char **out, sm_error *err)
{
    const char *base = getenv("TMPDIR");
    sm_sv dir = sm_sv_cstr(base == NULL || base[0] != '/' ? "/tmp" : base);
    char *path =
        (char *)(uintptr_t)sm_arena_printf(a, "%.*s/%s-XXXXXX", SM_SV_ARG(dir), prefix).ptr;
    int sys = sm_failpoint_err("fs.mkdir");

    if (sys == 0 && mkdtemp(path) == NULL)
        sys = errno;
    *out = path;
    return sys == 0
               ? SM_OK
               : sm_fail_errno(err, sys, "could not make a folder in \"%.*s\"", SM_SV_ARG(dir));
}

sm_code sm_fs_rmdir(const char *path, sm_error *err)
{
    int sys = sm_failpoint_err("fs.unlink");

    if (sys == 0 && rmdir(path) != 0 && errno != ENOENT)
        sys = errno;
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not remove \"%s\"", path);
}

static sm_code remove_below(const char *path, size_t *left, sm_error *err)
{
    sm_arena *a = sm_arena_new("remove tree");
    sm_fs_entry *e = NULL;
    size_t n = 0;
    sm_code rc = sm_fs_list(path, false, a, &e, &n, err);

    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        const char *child = sm_path_join(a, sm_sv_cstr(path), e[i].name);
        struct stat st;

        if ((*left)-- == 0)
            rc = sm_fail(err, SM_E_LIMIT, 0, "\"%s\" holds more entries than expected", path);
        else if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode))
            rc = remove_below(child, left, err);
        else
            rc = sm_fs_unlink(child, err);
    }
    if (rc == SM_OK)
        rc = sm_fs_rmdir(path, err);
    sm_arena_free(a);
    return rc;
}

sm_code sm_fs_remove_tree(const char *path, size_t max, sm_error *err)
{
    struct stat st;

    if (path[0] == '\0' || strcmp(path, "/") == 0)
        return sm_fail(err, SM_E_DENIED, 0, "\"%s\" is not removed", path);
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return remove_below(path, &max, err);
    return sm_fs_unlink(path, err);
}

sm_code sm_fs_allocate(const char *path, int64_t bytes, unsigned mode, sm_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, (mode_t)mode), sys;

    if (fd < 0)
        return sm_fail_errno(err, errno, "could not open \"%s\"", path);
    sys = sm_failpoint_err("fs.write");
    if (sys == 0)
        sys = posix_fallocate(fd, 0, (off_t)bytes);
    close(fd);
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not reserve \"%s\"", path);
}
