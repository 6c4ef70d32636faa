/* SPDX-License-Identifier: Apache-2.0 */
/* store_disk.c -- see store_disk.h: a VFS of SQLite over the real one. */
#include "tests/unit/store_disk.h"

#include "runtime/base/str.h"
#include "runtime/store/store_int.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 16, PATH_BYTES = 1024, SECTOR = 512 };

typedef struct change { /* a write, or a truncation when data is NULL */
    size_t offset, len;
    unsigned char *data;
} change;

typedef struct image {
    char path[PATH_BYTES]; /* "" = a free slot */
    unsigned char *synced; /* what a power cut leaves for sure */
    size_t len, room;
    change *changes; /* since the last sync */
    size_t n, changes_room;
} image;

typedef struct disk_file {
    sqlite3_file base;
    image *img;
    sqlite3_file *real;
} disk_file;

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    image images[FILES_MAX];
    int fail_in, fail_code;
} disk;

/* ---- images ---- */

static void make_room(image *img, size_t len)
{
    if (len <= img->room)
        return;
    img->room = 2 * len + 65536;
    img->synced = realloc(img->synced, img->room);
    assert_non_null(img->synced);
}

/* The part [from, to) of a change. */
static void apply(image *img, const change *c, size_t from, size_t to)
{
    size_t end = c->data ? c->offset + to : c->offset;

    make_room(img, end);
    if (end > img->len)
        memset(img->synced + img->len, 0, end - img->len);
    if (c->data == NULL || end > img->len)
        img->len = end;
    if (c->data != NULL)
        memcpy(img->synced + c->offset + from, c->data + from, to - from);
}

static void drop_changes(image *img)
{
    for (size_t i = 0; i < img->n; i++)
        free(img->changes[i].data);
    img->n = 0;
}

static void drop_image(image *img)
{
    drop_changes(img);
    free(img->changes);
    free(img->synced);
    *img = (image){ .n = 0 };
}

static void add_change(image *img, const void *data, size_t len, size_t offset)
{
    change c = { .offset = offset, .len = len };

    if (data != NULL) {
        c.data = malloc(len);
        assert_non_null(c.data);
        memcpy(c.data, data, len);
    }
    if (img->n == img->changes_room) {
        img->changes_room = 2 * img->n + 64;
        img->changes = realloc(img->changes, img->changes_room * sizeof *img->changes);
        assert_non_null(img->changes);
    }
    img->changes[img->n++] = c;
}

/* The image of a path; a file that we did not see being written is taken as synced. */
static image *image_of(const char *path)
{
    image *unused = NULL;
    FILE *f;

    for (size_t i = 0; i < FILES_MAX; i++) {
        if (strcmp(disk.images[i].path, path) == 0)
            return &disk.images[i];
        if (disk.images[i].path[0] == '\0')
            unused = &disk.images[i];
    }
    assert_non_null(unused);
    snprintf(unused->path, sizeof unused->path, "%s", path);
    if ((f = fopen(path, "rbe")) != NULL) {
        unsigned char sector[SECTOR];
        size_t got;

        while ((got = fread(sector, 1, sizeof sector, f)) > 0)
            apply(unused, &(change){ .offset = unused->len, .data = sector }, 0, got);
        fclose(f);
    }
    return unused;
}

/* ---- files ---- */

static disk_file *of(sqlite3_file *f)
{
    return (disk_file *)f;
}

static int fault(void)
{
    return disk.fail_in > 0 && --disk.fail_in == 0 ? disk.fail_code : SQLITE_OK;
}

static int disk_close(sqlite3_file *f)
{
    return of(f)->real->pMethods->xClose(of(f)->real);
}

static int disk_read(sqlite3_file *f, void *data, int len, sqlite3_int64 offset)
{
    return of(f)->real->pMethods->xRead(of(f)->real, data, len, offset);
}

static int disk_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset)
{
    int rc = fault();

    if (rc != SQLITE_OK) { /* half of it arrives */
        if (of(f)->real->pMethods->xWrite(of(f)->real, data, len / 2, offset) == SQLITE_OK)
            add_change(of(f)->img, data, (size_t)len / 2, (size_t)offset);
        return rc;
    }
    add_change(of(f)->img, data, (size_t)len, (size_t)offset);
    return of(f)->real->pMethods->xWrite(of(f)->real, data, len, offset);
}

static int disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = fault();

    if (rc != SQLITE_OK)
        return rc;
    add_change(of(f)->img, NULL, 0, (size_t)size);
    return of(f)->real->pMethods->xTruncate(of(f)->real, size);
}

static int disk_sync(sqlite3_file *f, int flags)
{
    image *img = of(f)->img;
    int rc = fault();

    (void)flags;
    if (rc != SQLITE_OK)
        return rc == SQLITE_FULL ? rc : SQLITE_IOERR_FSYNC;
    for (size_t i = 0; i < img->n; i++)
        apply(img, &img->changes[i], 0, img->changes[i].len);
    drop_changes(img);
    return SQLITE_OK;
}

static int disk_size(sqlite3_file *f, sqlite3_int64 *out)
{
    return of(f)->real->pMethods->xFileSize(of(f)->real, out);
}

static int disk_lock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xLock(of(f)->real, level);
}

static int disk_unlock(sqlite3_file *f, int level)
{
    return of(f)->real->pMethods->xUnlock(of(f)->real, level);
}

static int disk_reserved(sqlite3_file *f, int *out)
{
    return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, out);
}

static int disk_control(sqlite3_file *f, int op, void *arg)
{
    return of(f)->real->pMethods->xFileControl(of(f)->real, op, arg);
}

static int disk_sector(sqlite3_file *f)
{
    (void)f;
    return SECTOR;
}

static int disk_traits(sqlite3_file *f)
{
    (void)f;
    return 0; /* promises nothing: no atomic write, no safe append */
}

static int disk_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return of(f)->real->pMethods->xShmLock(of(f)->real, offset, n, flags);
}

static void disk_shm_barrier(sqlite3_file *f)
{
    of(f)->real->pMethods->xShmBarrier(of(f)->real);
}

static int disk_shm_unmap(sqlite3_file *f, int delete_it)
{
    return of(f)->real->pMethods->xShmUnmap(of(f)->real, delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
    int rc;

    (void)vfs;
    of(f)->real = (sqlite3_file *)(of(f) + 1);
    rc = disk.real->xOpen(disk.real, path, of(f)->real, flags, out);
    f->pMethods = of(f)->real->pMethods ? &methods : NULL;
    of(f)->img = path ? image_of(path) : NULL;
    return rc;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    drop_image(image_of(path));
    return disk.real->xDelete(disk.real, path, sync);
}

/* ---- for the tests ---- */

void disk_install(void)
{
    if (sqlite3_vfs_find("disk") != NULL)
        disk_remove(); /* a test before this one failed */
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "disk";
    disk.vfs.szOsFile = (int)sizeof(disk_file) + disk.real->szOsFile;
    disk.vfs.xOpen = disk_open;
    disk.vfs.xDelete = disk_delete;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

void disk_remove(void)
{
    sqlite3_vfs_unregister(&disk.vfs);
    for (size_t i = 0; i < FILES_MAX; i++)
        drop_image(&disk.images[i]);
    disk.fail_in = 0;
}

void disk_fail(int nth, int sqlite_code)
{
    disk.fail_in = nth;
    disk.fail_code = sqlite_code;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A change survives whole, torn at a sector, or not at all. */
static void survive(image *copy, const change *c, uint64_t *seed)
{
    uint64_t fate = next_random(seed) % 4;

    if (fate == 0)
        return;
    if (fate == 1 && c->len > SECTOR) {
        size_t cut = next_random(seed) % (c->len / SECTOR) * SECTOR;

        if (next_random(seed) % 2)
            apply(copy, c, 0, cut);
        else
            apply(copy, c, cut, c->len);
        return;
    }
    apply(copy, c, 0, c->len);
}

static void cut_image(const image *img, const char *to, uint64_t *seed)
{
    char path[2 * PATH_BYTES];
    image copy = { .len = img->len };
    FILE *f;

    make_room(&copy, img->len + 1);
    if (img->len > 0)
        memcpy(copy.synced, img->synced, img->len);
    for (size_t i = 0; i < img->n; i++)
        survive(&copy, &img->changes[i], seed);
    snprintf(path, sizeof path, "%s/%s", to, strrchr(img->path, '/') + 1);
    sm_test_write(path, "");
    f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(copy.synced, 1, copy.len, f), copy.len);
    assert_int_equal(fclose(f), 0);
    free(copy.synced);
}

void disk_cut(const char *from, const char *to, uint64_t seed)
{
    seed = (seed + 1) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (sm_sv_starts(sm_sv_cstr(disk.images[i].path), sm_sv_cstr(from)))
            cut_image(&disk.images[i], to, &seed);
    }
}
