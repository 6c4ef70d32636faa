# SPDX-License-Identifier: Apache-2.0
add_executable(gen_readings gen_readings.c)
target_link_libraries(gen_readings PRIVATE sm_flags)
add_executable(bench_run_sql run_sql.c)
target_link_libraries(bench_run_sql PRIVATE sm_flags sm_runtime_engine)
