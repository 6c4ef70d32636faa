# SPDX-License-Identifier: Apache-2.0
sm_unit_test(test_store runtime/store SOURCES store_fixture.c LIBS sqlite3)
sm_unit_test(test_store_batches runtime/store SOURCES store_fixture.c LABELS unit fault)
sm_unit_test(test_store_events runtime/store SOURCES store_fixture.c)
sm_unit_test(test_store_files runtime/store SOURCES store_fixture.c)
sm_unit_test(test_store_runs runtime/store SOURCES store_fixture.c)
sm_unit_test(test_store_tables runtime/store SOURCES store_fixture.c)
sm_unit_test(test_store_trim runtime/store SOURCES store_fixture.c)
sm_unit_test(test_store_disk runtime/store SOURCES store_fixture.c store_disk.c LIBS sqlite3 LABELS fault)
