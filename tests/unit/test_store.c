/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c -- the file of the control store: modes, migrations, damage, locks. */
#include "tests/unit/store_fixture.h"

#include "runtime/base/failpoint.h"
#include "runtime/store/store_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sm_code try_open(const char *path, bool read_only, sm_store **out, sm_error *err)
{
    sm_store_config config = { .state_path = sm_sv_cstr(path), .read_only = read_only };

    return sm_store_open(&config, out, err);
}

static unsigned mode_of(const store_fixture *f, const char *file)
{
    char path[1200];
    struct stat st;

    snprintf(path, sizeof path, "%s/control%s", f->path, file);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void test_open__makes_a_private_folder_and_files(void **state)
{
    store_fixture f;

    (void)state;
    store_open(&f, "store");
    assert_int_equal(mode_of(&f, ""), 0700);
    assert_int_equal(mode_of(&f, "/smelt.db"), 0600);
    assert_int_equal(mode_of(&f, "/smelt.db-wal"), 0600);
    store_close(&f);
}

static void test_open__for_reading_makes_nothing_and_writes_nothing(void **state)
{
    store_fixture f;
    char empty[1024];
    sm_store *s;
    sm_owner o;

    (void)state;
    snprintf(empty, sizeof empty, "%s", sm_test_folder("store-empty"));
    sm_assert_code(try_open(empty, true, &s, &f.err), SM_E_NOT_FOUND);
    assert_int_equal(rmdir(empty), 0); /* still empty */
    store_open(&f, "store");
    sm_assert_ok(try_open(f.path, true, &s, &f.err), f.err);
    sm_assert_code(sm_store_acquire(s, SM_SV("x"), SM_SV("x"), &o, NULL, &f.err), SM_E_DENIED);
    sm_store_close(s);
    store_close(&f);
}

/* "there is none yet" would be a lie, where nobody can look. */
static void test_open__for_reading_tells_why_it_cannot_look(void **state)
{
    char loop[1024];
    sm_error err;
    sm_store *s;

    (void)state;
    snprintf(loop, sizeof loop, "%s/loop", sm_test_folder("store-loop"));
    assert_int_equal(symlink("loop", loop), 0);
    sm_assert_code(try_open(loop, true, &s, &err), SM_E_IO);
}

static void test_open__refuses_a_file_that_is_no_store(void **state)
{
    store_fixture f;
    char path[1200];
    sm_store *s;

    (void)state;
    snprintf(f.path, sizeof f.path, "%s", sm_test_folder("store"));
    snprintf(path, sizeof path, "%s/control/smelt.db", f.path);
    sm_test_write(path, "this was never a database, and it is long enough to be judged by its "
                        "first bytes, which are those of a text file");
    sm_assert_code(try_open(f.path, false, &s, &f.err), SM_E_CORRUPT);
    assert_null(s);
    sm_test_remove(f.path);
}

static void raw_sql(const store_fixture *f, const char *sql)
{
    char path[1200];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/control/smelt.db", f->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_open__refuses_the_database_of_another_program(void **state)
{
    store_fixture f;
    sm_store *s;

    (void)state;
    store_open(&f, "store");
    raw_sql(&f, "pragma application_id = 7");
    sm_assert_code(try_open(f.path, false, &s, &f.err), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "not a control store");
    store_close(&f);
}

static void test_open__refuses_a_store_of_a_newer_smelt(void **state)
{
    store_fixture f;
    sm_store *s;

    (void)state;
    store_open(&f, "store");
    raw_sql(&f, "pragma user_version = 9999");
    sm_assert_code(try_open(f.path, false, &s, &f.err), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, "newer smelt");
    sm_test_contains(f.err.msg, "9999");
    raw_sql(&f, "pragma user_version = 1");
    store_close(&f);
}

static void test_damage__is_found_and_named(void **state)
{
    store_fixture f;
    char path[1200];
    char junk[8192];
    int fd;

    (void)state;
    store_open(&f, "store");
    for (int i = 0; i < 50; i++)
        store_run(&f);
    sm_store_close(f.s);
    memset(junk, 0x5a, sizeof junk);
    snprintf(path, sizeof path, "%s/control/smelt.db", f.path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 8192), sizeof junk);
    close(fd);
    f.s = store_again(&f, 0);
    sm_assert_code(sm_store_check(f.s, &f.err), SM_E_CORRUPT);
    sm_test_contains(f.err.msg, path);
    store_close(&f);
}

static void test_check__of_a_sound_store_is_silent(void **state)
{
    store_fixture f;

    (void)state;
    store_open(&f, "store");
    store_run(&f);
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    store_close(&f);
}

static void test_busy__is_a_retryable_conflict(void **state)
{
    store_fixture f;
    sm_store *other;
    sm_owner o;

    (void)state;
    store_open(&f, "store");
    other = store_again(&f, 20);
    sm_assert_ok(sm_store__begin(f.s, NULL, SM_STORE__ORDERED, &f.err), f.err);
    sm_assert_code(sm_store_acquire(other, SM_SV("b"), SM_SV("b"), &o, NULL, &f.err),
                   SM_E_CONFLICT);
    assert_true(f.err.retryable);
    sm_test_contains(f.err.msg, "another process is writing");
    sm_assert_ok(sm_store__end(f.s, SM_OK, &f.err), f.err);
    sm_assert_ok(sm_store_acquire(other, SM_SV("b"), SM_SV("b"), &o, NULL, &f.err), f.err);
    sm_store_close(other);
    store_close(&f);
}

/* ---- migrations ---- */

static const char *const next_step[] = {
    "alter table runs add column host text not null default ''",
    "update runs set host = 'before'",
    NULL,
};

static void next_list(sm_store__migration list[static 16])
{
    size_t n = 0;

    while (sm_store__migrations[n].statements != NULL) {
        list[n] = sm_store__migrations[n];
        n++;
    }
    assert_true(n < 14);
    list[n++] = (sm_store__migration){ next_step };
    list[n] = (sm_store__migration){ NULL };
}

static void test_migrate__keeps_what_is_there(void **state)
{
    store_fixture f;
    sm_store__migration list[16];
    sm_run_rec r;
    int64_t version, before = 0;

    (void)state;
    store_open(&f, "store");
    store_run(&f);
    version = sm_store_version(f.s);
    next_list(list);
    sm_assert_ok(sm_store__migrate(f.s, list, &f.err), f.err);
    assert_int_equal(sm_store_version(f.s), version + 1);
    sm_assert_ok(sm_store_run(f.s, f.o.pipeline, 1, f.a, &r, &f.err), f.err);
    sm_assert_ok(sm_store__number(f.s, "select count(*) from runs where host = 'before'", NULL, 0,
                                  0, &before, &f.err),
                 f.err);
    assert_int_equal(before, 1);
    store_close(&f);
}

static void test_migrate__that_fails_anywhere_changes_nothing(void **state)
{
    store_fixture f;
    sm_store__migration list[16];
    bool failed = true;

    (void)state;
    store_open(&f, "store");
    next_list(list);
    for (int nth = 1; failed; nth++) {
        char spec[64];
        sm_store *s;

        snprintf(spec, sizeof spec, "store.step:%d:EIO", nth);
        sm_failpoint_set(spec);
        failed = sm_store__migrate(f.s, list, &f.err) != SM_OK;
        sm_failpoint_set("");
        assert_true(nth < 40);
        if (!failed)
            break;
        sm_assert_ok(try_open(f.path, false, &s, &f.err), f.err); /* still of our version */
        sm_store_close(s);
    }
    store_close(&f);
}

/* A file as version 1 wrote it is opened by every later smelt. */
static void test_migrate__reads_a_file_of_version_1(void **state)
{
    store_fixture f = { .a = sm_arena_new("test") };
    char *sql = sm_test_read(sm_test_source("tests/unit/data/store_v1.sql"));
    sm_position p;
    sm_pipeline_rec pipeline;
    sm_table_rec table;
    char db[1200];

    (void)state;
    snprintf(f.path, sizeof f.path, "%s", sm_test_folder("store"));
    sm_store_close(store_again(&f, 0)); /* makes the folder */
    snprintf(db, sizeof db, "%s/control/smelt.db", f.path);
    sm_test_remove(db);
    raw_sql(&f, sql);
    free(sql);
    f.s = store_again(&f, 0);
    sm_assert_ok(sm_store_pipeline(f.s, SM_SV("iot"), f.a, &pipeline, &f.err), f.err);
    sm_assert_ok(sm_store_position(f.s, pipeline.id, SM_SV("bronze"), f.a, &p, &f.err), f.err);
    assert_int_equal(p.last.n, 1);
    assert_int_equal(p.last.state, SM_BATCH_DECIDED);
    assert_sv(p.last.manifest, "{\"version\":1}");
    assert_int_equal(p.last_done.n, 0);
    sm_assert_ok(sm_store_table(f.s, pipeline.id, SM_SV("bronze"), f.a, &table, &f.err), f.err);
    assert_int_equal(table.version, 0);
    assert_int_equal(table.schema_version, 1);
    sm_assert_ok(sm_store_check(f.s, &f.err), f.err);
    store_close(&f);
}

/* ---- ballast, plans, pipelines ---- */

static void test_ballast__is_made_once_and_given_back(void **state)
{
    store_fixture f;
    char path[1200];
    struct stat st;
    bool was_there;

    (void)state;
    store_open(&f, "store");
    sm_assert_ok(sm_store_ballast_ensure(f.s, &f.err), f.err);
    sm_assert_ok(sm_store_ballast_ensure(f.s, &f.err), f.err);
    snprintf(path, sizeof path, "%s/control/ballast", f.path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= SM_STORE_BALLAST_BYTES);
    sm_assert_ok(sm_store_ballast_release(f.s, &was_there, &f.err), f.err);
    assert_true(was_there);
    assert_int_not_equal(stat(path, &st), 0);
    sm_assert_ok(sm_store_ballast_release(f.s, &was_there, &f.err), f.err);
    assert_false(was_there);
    store_close(&f);
}

static void test_ballast__that_finds_no_room_leaves_nothing(void **state)
{
    store_fixture f;
    bool was_there;

    (void)state;
    store_open(&f, "store");
    sm_failpoint_set("fs.write:1:ENOSPC");
    sm_assert_code(sm_store_ballast_ensure(f.s, &f.err), SM_E_IO);
    sm_failpoint_set("");
    sm_assert_ok(sm_store_ballast_release(f.s, &was_there, &f.err), f.err);
    assert_false(was_there);
    store_close(&f);
}

static void test_plans__keep_the_newest(void **state)
{
    store_fixture f;
    char key[16];
    sm_sv plan;

    (void)state;
    store_open(&f, "store");
    for (int i = 0; i < SM_STORE_PLANS_KEPT + 1; i++) {
        snprintf(key, sizeof key, "k%d", i);
        sm_assert_ok(sm_store_plan_put(f.s, sm_sv_cstr(key), SM_SV("{}"), &f.err), f.err);
    }
    sm_assert_code(sm_store_plan_get(f.s, SM_SV("k0"), f.a, &plan, &f.err), SM_E_NOT_FOUND);
    sm_assert_ok(sm_store_plan_put(f.s, SM_SV("k1"), SM_SV("{\"a\":1}"), &f.err), f.err);
    sm_assert_ok(sm_store_plan_get(f.s, SM_SV("k1"), f.a, &plan, &f.err), f.err);
    assert_sv(plan, "{\"a\":1}");
    store_close(&f);
}

static void test_acquire__keeps_pipelines_apart(void **state)
{
    store_fixture f;
    sm_owner other;
    sm_pipeline_rec *list;
    size_t n;

    (void)state;
    store_open(&f, "store");
    sm_assert_ok(sm_store_acquire(f.s, SM_SV("billing"), SM_SV("host 1"), &other, NULL, &f.err),
                 f.err);
    assert_int_not_equal(other.pipeline, f.o.pipeline);
    sm_assert_ok(sm_store_owner_check(f.s, &f.o, &f.err), f.err);
    sm_assert_ok(sm_store_pipelines(f.s, f.a, &list, &n, &f.err), f.err);
    assert_int_equal(n, 2);
    assert_sv(list[0].name, "billing");
    assert_sv(list[0].holder, "host 1");
    store_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SM_TEST(test_open__makes_a_private_folder_and_files),
        SM_TEST(test_open__for_reading_makes_nothing_and_writes_nothing),
        SM_TEST(test_open__for_reading_tells_why_it_cannot_look),
        SM_TEST(test_open__refuses_a_file_that_is_no_store),
        SM_TEST(test_open__refuses_the_database_of_another_program),
        SM_TEST(test_open__refuses_a_store_of_a_newer_smelt),
        SM_TEST(test_damage__is_found_and_named),
        SM_TEST(test_check__of_a_sound_store_is_silent),
        SM_TEST(test_busy__is_a_retryable_conflict),
        SM_TEST(test_migrate__keeps_what_is_there),
        SM_TEST(test_migrate__that_fails_anywhere_changes_nothing),
        SM_TEST(test_migrate__reads_a_file_of_version_1),
        SM_TEST(test_ballast__is_made_once_and_given_back),
        SM_TEST(test_ballast__that_finds_no_room_leaves_nothing),
        SM_TEST(test_plans__keep_the_newest),
        SM_TEST(test_acquire__keeps_pipelines_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
