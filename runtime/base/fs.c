/* SPDX-License-Identifier: Apache-2.0 */
/* fs.c -- files: reading, listing, paths and locks.  Writing is in fs_write.c. */
#include "runtime/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/failpoint.h"

static sm_fs_stat stat_of(const struct stat *st)
{
    return (sm_fs_stat){
        .is_dir = S_ISDIR(st->st_mode),
        .is_file = S_ISREG(st->st_mode),
        .size = (int64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .inode = (int64_t)st->st_ino,
        .device = (int64_t)st->st_dev,
    };
}

sm_code sm_fs_stat_path(const char *path, sm_fs_stat *out, sm_error *err)
{
    struct stat st;
    int sys = sm_failpoint_err("fs.stat");

    if (sys == 0 && stat(path, &st) != 0)
        sys = errno;
    if (sys != 0)
        return sm_fail_errno(err, sys, "could not look at \"%s\"", path);
    *out = stat_of(&st);
    return SM_OK;
}

bool sm_fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

sm_code sm_fs_open_read(const char *path, int *fd_out, sm_error *err)
{
    int sys = sm_failpoint_err("fs.open"), fd = -1;

    *fd_out = -1;
    /* O_NONBLOCK: a FIFO of that name must not make us wait for its writer. */
    if (sys == 0 && (fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        sys = errno;
    if (sys != 0)
        return sm_fail_errno(err, sys, "could not open \"%s\"", path);
    *fd_out = fd;
    return SM_OK;
}

sm_code sm_fs_pread(int fd, const char *path, void *buffer, size_t len, int64_t offset, size_t *got,
                    sm_error *err)
{
    int sys = sm_failpoint_err("fs.read");

    *got = 0;
    while (sys == 0 && *got < len) {
        ssize_t n = pread(fd, (char *)buffer + *got, len - *got, (off_t)offset + (off_t)*got);

        if (n < 0 && errno != EINTR)
            sys = errno;
        else if (n == 0)
            break;
        else if (n > 0)
            *got += (size_t)n;
    }
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not read \"%s\"", path);
}

void sm_fs_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The size of the file that is open, which may have another name by now. */
static sm_code size_to_read(int fd, const char *path, size_t max, sm_fs_stat *out, sm_error *err)
{
    int sys = sm_failpoint_err("fs.stat");
    struct stat st;

    if (sys == 0 && fstat(fd, &st) != 0)
        sys = errno;
    if (sys != 0)
        return sm_fail_errno(err, sys, "could not look at \"%s\"", path);
    *out = stat_of(&st);
    if (!out->is_file)
        return sm_fail(err, SM_E_INVALID, 0, "\"%s\" is %s", path,
                       out->is_dir ? "a folder" : "no regular file");
    if ((uint64_t)out->size > max)
        return sm_fail(err, SM_E_LIMIT, 0, "\"%s\" has %lld bytes, more than the %zu allowed", path,
                       (long long)out->size, max);
    return SM_OK;
}

sm_code sm_fs_read(const char *path, size_t max, sm_arena *a, sm_sv *out, sm_error *err)
{
    sm_fs_stat st = { 0 };
    char *bytes;
    size_t got;
    sm_code rc;
    int fd = -1;

    if ((rc = sm_fs_open_read(path, &fd, err)) != SM_OK)
        return rc;
    if ((rc = size_to_read(fd, path, max, &st, err)) != SM_OK)
        goto done;
    bytes = sm_arena_alloc(a, 1, 1, (size_t)st.size + 1);
    if ((rc = sm_fs_pread(fd, path, bytes, (size_t)st.size, 0, &got, err)) == SM_OK)
        *out = (sm_sv){ bytes, got };
done:
    sm_fs_close(fd);
    return rc;
}

/* ---- listing --------------------------------------------------------------------- */

typedef struct listing {
    sm_arena *a;
    sm_fs_entry *items;
    size_t n, cap;
} listing;

static void listing_add(listing *l, sm_fs_entry e)
{
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 64 : l->cap * 2;
        l->items = sm_xrealloc(l->items, l->cap * sizeof *l->items);
    }
    l->items[l->n++] = e;
}

static sm_fs_entry entry_of(DIR *dir, const struct dirent *d, bool with_stat, sm_arena *a)
{
    sm_fs_entry e = { .name = sm_arena_dup(a, sm_sv_cstr(d->d_name)) };
    struct stat st;

    e.stat.is_dir = d->d_type == DT_DIR;
    e.stat.is_file = d->d_type == DT_REG;
    if (!with_stat && d->d_type != DT_UNKNOWN && d->d_type != DT_LNK)
        return e;
    if (fstatat(dirfd(dir), d->d_name, &st, 0) == 0)
        e.stat = stat_of(&st);
    else
        e.gone = true;
    return e;
}

sm_code sm_fs_list(const char *dir, bool with_stat, sm_arena *a, sm_fs_entry **out, size_t *n,
                   sm_error *err)
{
    listing l = { .a = a };
    const struct dirent *d;
    int sys = sm_failpoint_err("fs.list");
    DIR *handle = sys == 0 ? opendir(dir) : NULL;

    *out = NULL;
    *n = 0;
    if (handle == NULL)
        return sm_fail_errno(err, sys != 0 ? sys : errno, "could not list \"%s\"", dir);
    while (errno = 0, (d = readdir(handle)) != NULL)
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            listing_add(&l, entry_of(handle, d, with_stat, a));
    sys = errno;
    closedir(handle);
    if (sys == 0) {
        *out = SM_NEW_N(a, sm_fs_entry, l.n + 1);
        if (l.n > 0)
            memcpy(*out, l.items, l.n * sizeof *l.items);
        *n = l.n;
    }
    free(l.items);
    return sys == 0 ? SM_OK : sm_fail_errno(err, sys, "could not list \"%s\"", dir);
}

static sm_fs_name name_of(DIR *dir, const struct dirent *d)
{
    sm_fs_name e = { .name = d->d_name,
                     .is_dir = d->d_type == DT_DIR,
                     .is_file = d->d_type == DT_REG,
                     .is_link = d->d_type == DT_LNK };
    struct stat st;

    if ((d->d_type == DT_LNK || d->d_type == DT_UNKNOWN) &&
        fstatat(dirfd(dir), d->d_name, &st, 0) == 0) {
        e.is_dir = S_ISDIR(st.st_mode);
        e.is_file = S_ISREG(st.st_mode);
    }
    if (d->d_type == DT_UNKNOWN)
        e.is_link =
            fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    return e;
}

sm_code sm_fs_each(const char *dir, sm_code (*visit)(void *ctx, const sm_fs_name *e, sm_error *err),
                   void *ctx, sm_error *err)
{
    int sys = sm_failpoint_err("fs.list");
    DIR *handle = sys == 0 ? opendir(dir) : NULL;
    const struct dirent *d;
    sm_code rc = SM_OK;

    if (handle == NULL)
        return sm_fail_errno(err, sys != 0 ? sys : errno, "could not list \"%s\"", dir);
    while (rc == SM_OK && (errno = 0, (d = readdir(handle)) != NULL)) {
        sm_fs_name e = name_of(handle, d);

        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            rc = visit(ctx, &e, err);
    }
    if (rc == SM_OK && errno != 0)
        rc = sm_fail_errno(err, errno, "could not list \"%s\"", dir);
    closedir(handle);
    return rc;
}

/* ---- paths ----------------------------------------------------------------------- */

bool sm_path_is_absolute(sm_sv path)
{
    return path.len > 0 && path.ptr[0] == '/';
}

const char *sm_path_join(sm_arena *a, sm_sv dir, sm_sv name)
{
    if (dir.len == 0 || sm_path_is_absolute(name))
        return sm_arena_cstr(a, name);
    if (dir.ptr[dir.len - 1] == '/')
        dir.len--;
    return sm_arena_printf(a, "%.*s/%.*s", SM_SV_ARG(dir), SM_SV_ARG(name)).ptr;
}

static size_t after_last_slash(sm_sv path)
{
    size_t at = path.len;

    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return at;
}

sm_sv sm_path_dir(sm_sv path)
{
    size_t at = after_last_slash(path);

    if (at == 0)
        return SM_SV(".");
    return sm_sv_sub(path, 0, at == 1 ? 1 : at - 1);
}

sm_sv sm_path_base(sm_sv path)
{
    size_t at = after_last_slash(path);

    return sm_sv_sub(path, at, path.len - at);
}

/* Append the parts of `path` to the absolute path in `out`, resolving "." and "..". */
static void add_parts(sm_buf *out, sm_sv path)
{
    sm_sv rest = path, part;

    while (sm_sv_next(&rest, '/', &part)) {
        if (part.len == 0 || sm_sv_eq_str(part, "."))
            continue;
        if (sm_sv_eq_str(part, "..")) {
            size_t at = after_last_slash(sm_buf_sv(out));

            sm_buf_cut(out, at == 0 ? 0 : at - 1);
            continue;
        }
        sm_buf_addc(out, '/');
        sm_buf_add(out, part);
    }
}

const char *sm_path_absolute(sm_arena *a, const char *path, sm_error *err)
{
    char here[PATH_MAX];
    const char *out;
    sm_buf b;

    sm_buf_init(&b, PATH_MAX);
    if (path[0] != '/') {
        if (getcwd(here, sizeof here) == NULL) {
            sm_fail_errno(err, errno, "could not tell the working folder");
            sm_buf_release(&b);
            return NULL;
        }
        add_parts(&b, sm_sv_cstr(here));
    }
    add_parts(&b, sm_sv_cstr(path));
    if (b.len == 0)
        sm_buf_addc(&b, '/');
    out = sm_buf_check(&b, "a path", err) == SM_OK ? sm_arena_cstr(a, sm_buf_sv(&b)) : NULL;
    sm_buf_release(&b);
    return out;
}

const char *sm_path_real(sm_arena *a, const char *path, sm_error *err)
{
    const char *whole = sm_path_absolute(a, path, err), *rest = "";
    sm_sv head = whole == NULL ? SM_SV("") : sm_sv_cstr(whole);
    char real[PATH_MAX];

    while (head.len > 0 && realpath(sm_arena_cstr(a, head), real) == NULL) {
        if (errno != ENOENT && errno != ENOTDIR) {
            sm_fail_errno(err, errno, "could not resolve \"%s\"", path);
            return NULL;
        }
        rest = rest[0] == '\0' ? sm_arena_cstr(a, sm_path_base(head))
                               : sm_path_join(a, sm_path_base(head), sm_sv_cstr(rest));
        head = sm_path_dir(head);
    }
    if (head.len == 0)
        return NULL;
    return rest[0] == '\0' ? sm_arena_cstr(a, sm_sv_cstr(real))
                           : sm_path_join(a, sm_sv_cstr(real), sm_sv_cstr(rest));
}

/* ---- locks ----------------------------------------------------------------------- */

struct sm_fs_lock {
    int fd;
};

sm_code sm_fs_lock_take(const char *path, sm_fs_lock **out, sm_error *err)
{
    struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    *out = NULL;
    if (fd < 0)
        return sm_fail_errno(err, errno, "could not open the lock \"%s\"", path);
    if (fcntl(fd, F_OFD_SETLK, &want) != 0) {
        int sys = errno;

        close(fd);
        if (sys == EAGAIN || sys == EACCES)
            return sm_fail(err, SM_E_CONFLICT, sys, "another process holds \"%s\"", path);
        return sm_fail_errno(err, sys, "could not lock \"%s\"", path);
    }
    *out = sm_xcalloc(1, sizeof **out);
    (*out)->fd = fd;
    return SM_OK;
}

bool sm_fs_lock_held(const char *path)
{
    struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &want) == 0 && want.l_type != F_UNLCK;

    if (fd >= 0)
        close(fd);
    return held;
}

void sm_fs_lock_release(sm_fs_lock *lock)
{
    if (lock == NULL)
        return;
    close(lock->fd);
    free(lock);
}
