/* SPDX-License-Identifier: Apache-2.0 */
/* run_sql.c -- the peer of the benchmarks: run an SQL script in DuckDB, then make the files it
 * wrote durable.
 *
 *     run_sql DIR FILE [TO_SYNC …]
 *
 * The script may read and write below DIR.  It is run by the library that smelt uses, with the
 * settings that a user of DuckDB gets, but for preserve_insertion_order=false, which is
 * faster. */
#include <stdio.h>

#include "runtime/base/fs.h"
#include "runtime/engine/engine.h"

static sm_code run(const char *dir, const char *file, sm_arena *a, sm_error *err)
{
    sm_sv allowed = sm_sv_cstr(dir), sql;
    sm_engine_config config = { .allowed_directories = &allowed,
                                .allowed_count = 1,
                                .temp_directory = allowed };
    sm_engine *e = NULL;
    sm_session *s = NULL;
    sm_code rc;

    if ((rc = sm_fs_read(file, 1 << 20, a, &sql, err)) == SM_OK &&
        (rc = sm_engine_open(&config, &e, err)) == SM_OK &&
        (rc = sm_session_open(e, &s, err)) == SM_OK)
        rc = sm_session_exec(s, sql, err);
    sm_session_close(s);
    sm_engine_close(e);
    return rc;
}

int main(int argc, char **argv)
{
    sm_arena *a = sm_arena_new("script");
    sm_error err;
    sm_code rc;

    if (argc < 3) {
        fprintf(stderr, "usage: run_sql DIR FILE [TO_SYNC …]\n");
        return 2;
    }
    rc = run(argv[1], argv[2], a, &err);
    for (int i = 3; rc == SM_OK && i < argc; i++)
        rc = sm_fs_fsync(argv[i], &err);
    if (rc != SM_OK)
        fprintf(stderr, "run_sql: %s\n", err.msg);
    sm_arena_free(a);
    return rc == SM_OK ? 0 : 1;
}
