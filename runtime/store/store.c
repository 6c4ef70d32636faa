/* SPDX-License-Identifier: Apache-2.0 */
/* store.c -- the control store's file: open, check, close, ballast.
 *
 *     <state.path>/control/smelt.db        SQLite, WAL; 0600 in a folder 0700
 *                          smelt.db-wal    its log while it is open, or after a crash
 *                          smelt.db-shm
 *                          ballast         16 MiB to give back when the disk is full
 *
 * One connection per process serves readers and writers, one call at a time: a call is a few
 * point look-ups or one small transaction.  Other processes (`smelt status` beside a run) have
 * a connection of their own; WAL lets them read while we write, and `begin immediate` with a
 * busy timeout makes writers wait for each other.
 *
 * Nothing here holds SQLite's read lock between two calls, so the log can always be folded back
 * and stays small. */
#include "runtime/store/store_int.h"

#include "runtime/base/fs.h"

#include <assert.h>
#include <stdlib.h>

enum { PATH_BYTES_MAX = 4096 };

static const char pragmas_of_writers[] = "pragma journal_mode=wal;"
                                         "pragma synchronous=full;"
                                         "pragma foreign_keys=on;"
                                         "pragma trusted_schema=off;"
                                         "pragma temp_store=memory;"
                                         "pragma journal_size_limit=4194304;";

static const char pragmas_of_readers[] = "pragma query_only=on;"
                                         "pragma trusted_schema=off;"
                                         "pragma temp_store=memory;";

/* ---- open and close ---- */

static sm_code set_paths(sm_store *s, sm_sv state_path, sm_buf *folder, sm_error *err)
{
    sm_buf_addf(folder, "%.*s/control", SM_SV_ARG(state_path));
    sm_buf_addf(&s->path, "%s/smelt.db", folder->ptr);
    sm_buf_addf(&s->ballast_path, "%s/ballast", folder->ptr);
    if (folder->over || s->path.over || s->ballast_path.over)
        return sm_fail(err, SM_E_LIMIT, 0, "state path has more than %d bytes",
                       (int)PATH_BYTES_MAX);
    return SM_OK;
}

/* SQLite would make the file readable for all and give its mode to the log: make it first. */
static sm_code make_file(const sm_store *s, const char *folder, sm_error *err)
{
    sm_fs_stat st;
    sm_code rc;

    if (s->read_only) {
        rc = sm_fs_stat_path(s->path.ptr, &st, err);
        return rc != SM_E_NOT_FOUND
                   ? rc
                   : sm_fail(err, rc, 0, "there is no control store \"%s\" yet", s->path.ptr);
    }
    if (sm_fs_exists(s->path.ptr))
        return SM_OK;
    if ((rc = sm_fs_mkdirs(folder, 0700, err)) != SM_OK)
        return rc;
    return sm_fs_append(s->path.ptr, SM_SV(""), 0600, err);
}

static sm_code connect_file(sm_store *s, int64_t busy_ms, sm_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(s->path.ptr, &s->db, flags, NULL);
    sm_code rc;

    if (code != SQLITE_OK)
        return sm_store__fail(s, code, "open", err);
    sqlite3_busy_timeout(s->db, (int)(busy_ms > 0 ? busy_ms : SM_STORE_BUSY_MS));
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = sm_store__script(s, s->read_only ? pragmas_of_readers : pragmas_of_writers, err);
    s->sync = 2;
    return rc;
}

sm_code sm_store_open(const sm_store_config *config, sm_store **out, sm_error *err)
{
    sm_store *s = sm_xcalloc(1, sizeof *s);
    sm_buf folder;
    sm_code rc;

    *out = NULL;
    sm_mutex_init(&s->mu);
    sm_buf_init(&s->path, PATH_BYTES_MAX);
    sm_buf_init(&s->ballast_path, PATH_BYTES_MAX);
    sm_buf_init(&folder, PATH_BYTES_MAX);
    s->read_only = config->read_only;
    if ((rc = set_paths(s, config->state_path, &folder, err)) != SM_OK)
        goto done;
    if ((rc = make_file(s, folder.ptr, err)) != SM_OK)
        goto done;
    if ((rc = connect_file(s, config->busy_ms, err)) != SM_OK)
        goto done;
    if ((rc = sm_store__migrate(s, sm_store__migrations, err)) != SM_OK)
        goto done;
    *out = s;
    s = NULL;
done:
    sm_buf_release(&folder);
    sm_store_close(s);
    return rc;
}

void sm_store_close(sm_store *s)
{
    int code;

    if (s == NULL)
        return;
    sm_store__finalize_all(s);
    sm_store__close_replica(s);
    code = sqlite3_close(s->db);
    assert(code == SQLITE_OK && "a statement outlived its call");
    (void)code;
    sm_buf_release(&s->path);
    sm_buf_release(&s->ballast_path);
    sm_mutex_release(&s->mu);
    free(s);
}

const char *sm_store_path(const sm_store *s)
{
    return s->path.ptr;
}

int64_t sm_store_version(const sm_store *s)
{
    return s->version;
}

/* ---- check ---- */

static sm_code read_word(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err)
{
    (void)err;
    *(sm_sv *)record = sm_store__col_text(stmt, 0, a);
    return SM_OK;
}

/* The first row of a checking pragma; `good` (empty: no row) is what a sound file answers. */
static sm_code check_with(sm_store *s, const char *pragma, sm_sv good, sm_error *err)
{
    sm_store__query q = { .sql = pragma, .read = read_word, .size = sizeof(sm_sv) };
    sm_arena *a = sm_arena_new("store check");
    sm_store__rows rows;
    sm_code rc = sm_store__rows_in(s, &q, a, &rows, err);
    const sm_sv *found = rows.list;

    if (rc == SM_OK && rows.n > 0 && !sm_sv_eq(found[0], good))
        rc = sm_fail(err, SM_E_CORRUPT, 0, "control store \"%s\" is damaged: %.*s", s->path.ptr,
                     SM_SV_ARG(found[0]));
    sm_arena_free(a);
    return rc;
}

sm_code sm_store_check(sm_store *s, sm_error *err)
{
    sm_code rc = sm_store__read(s, err);

    if (rc != SM_OK)
        return rc;
    if ((rc = check_with(s, "pragma integrity_check(1)", SM_SV("ok"), err)) == SM_OK)
        rc = check_with(s, "pragma foreign_key_check", SM_SV(""), err);
    return sm_store__end(s, rc, err);
}

/* ---- ballast ---- */

sm_code sm_store_ballast_ensure(sm_store *s, sm_error *err)
{
    sm_fs_stat st;
    sm_error ignored;
    sm_code rc;

    if (sm_fs_stat_path(s->ballast_path.ptr, &st, &ignored) == SM_OK &&
        st.size == SM_STORE_BALLAST_BYTES)
        return SM_OK;
    rc = sm_fs_allocate(s->ballast_path.ptr, SM_STORE_BALLAST_BYTES, 0600, err);
    if (rc != SM_OK) /* a part of it would only take the room that is left */
        (void)sm_fs_unlink(s->ballast_path.ptr, &ignored);
    return rc;
}

sm_code sm_store_ballast_release(sm_store *s, bool *out, sm_error *err)
{
    *out = sm_fs_exists(s->ballast_path.ptr);
    return *out ? sm_fs_unlink(s->ballast_path.ptr, err) : SM_OK;
}
