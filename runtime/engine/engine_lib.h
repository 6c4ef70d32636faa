/* SPDX-License-Identifier: Apache-2.0 */
/* engine_lib.h -- DuckDB's functions, found when the library is loaded; this module only.
 *
 * `sm_duck.query(…)` is duckdb_query(…).  The table is filled once, by the first engine, and
 * is read-only afterwards; the library stays loaded until the process ends. */
#ifndef SM_ENGINE_LIB_H
#define SM_ENGINE_LIB_H

#include <duckdb.h>

#include "runtime/base/error.h"

/* Every function that smelt calls, without "duckdb_". */
#define SM_DUCK_FUNCTIONS(X)                                                                       \
    X(library_version)                                                                             \
    X(free)                                                                                        \
    X(create_config)                                                                               \
    X(set_config)                                                                                  \
    X(destroy_config)                                                                              \
    X(open_ext)                                                                                    \
    X(close)                                                                                       \
    X(connect)                                                                                     \
    X(disconnect)                                                                                  \
    X(interrupt)                                                                                   \
    X(query)                                                                                       \
    X(prepare)                                                                                     \
    X(prepare_error)                                                                               \
    X(destroy_prepare)                                                                             \
    X(bind_varchar_length)                                                                         \
    X(execute_prepared)                                                                            \
    X(prepared_statement_column_count)                                                             \
    X(prepared_statement_column_name)                                                              \
    X(prepared_statement_column_logical_type)                                                      \
    X(extract_statements)                                                                          \
    X(extract_statements_error)                                                                    \
    X(prepare_extracted_statement)                                                                 \
    X(destroy_extracted)                                                                           \
    X(destroy_result)                                                                              \
    X(result_error)                                                                                \
    X(column_count)                                                                                \
    X(column_name)                                                                                 \
    X(column_logical_type)                                                                         \
    X(fetch_chunk)                                                                                 \
    X(create_data_chunk)                                                                           \
    X(data_chunk_reset)                                                                            \
    X(destroy_data_chunk)                                                                          \
    X(data_chunk_get_size)                                                                         \
    X(data_chunk_set_size)                                                                         \
    X(data_chunk_get_column_count)                                                                 \
    X(data_chunk_get_vector)                                                                       \
    X(vector_get_column_type)                                                                      \
    X(vector_get_data)                                                                             \
    X(vector_get_validity)                                                                         \
    X(vector_ensure_validity_writable)                                                             \
    X(vector_assign_string_element_len)                                                            \
    X(vector_copy_sel)                                                                             \
    X(create_selection_vector)                                                                     \
    X(selection_vector_get_data_ptr)                                                               \
    X(destroy_selection_vector)                                                                    \
    X(appender_create)                                                                             \
    X(append_data_chunk)                                                                           \
    X(appender_error)                                                                              \
    X(appender_close)                                                                              \
    X(appender_destroy)                                                                            \
    X(list_vector_get_child)                                                                       \
    X(array_vector_get_child)                                                                      \
    X(struct_vector_get_child)                                                                     \
    X(get_type_id)                                                                                 \
    X(logical_type_get_alias)                                                                      \
    X(decimal_width)                                                                               \
    X(decimal_scale)                                                                               \
    X(decimal_internal_type)                                                                       \
    X(enum_internal_type)                                                                          \
    X(enum_dictionary_size)                                                                        \
    X(enum_dictionary_value)                                                                       \
    X(list_type_child_type)                                                                        \
    X(array_type_child_type)                                                                       \
    X(array_type_array_size)                                                                       \
    X(map_type_key_type)                                                                           \
    X(map_type_value_type)                                                                         \
    X(struct_type_child_count)                                                                     \
    X(struct_type_child_name)                                                                      \
    X(struct_type_child_type)                                                                      \
    X(create_logical_type)                                                                         \
    X(destroy_logical_type)                                                                        \
    X(create_int64)                                                                                \
    X(create_varchar_length)                                                                       \
    X(get_int64)                                                                                   \
    X(destroy_value)                                                                               \
    X(add_replacement_scan)                                                                        \
    X(replacement_scan_set_function_name)                                                          \
    X(replacement_scan_add_parameter)                                                              \
    X(create_scalar_function)                                                                      \
    X(destroy_scalar_function)                                                                     \
    X(scalar_function_set_name)                                                                    \
    X(scalar_function_set_varargs)                                                                 \
    X(scalar_function_set_special_handling)                                                        \
    X(scalar_function_set_volatile)                                                                \
    X(scalar_function_add_parameter)                                                               \
    X(scalar_function_set_return_type)                                                             \
    X(scalar_function_set_extra_info)                                                              \
    X(scalar_function_set_function)                                                                \
    X(scalar_function_get_extra_info)                                                              \
    X(scalar_function_set_error)                                                                   \
    X(register_scalar_function)                                                                    \
    X(create_table_function)                                                                       \
    X(destroy_table_function)                                                                      \
    X(table_function_set_name)                                                                     \
    X(table_function_add_parameter)                                                                \
    X(table_function_set_extra_info)                                                               \
    X(table_function_set_bind)                                                                     \
    X(table_function_set_init)                                                                     \
    X(table_function_set_local_init)                                                               \
    X(table_function_set_function)                                                                 \
    X(table_function_supports_projection_pushdown)                                                 \
    X(register_table_function)                                                                     \
    X(bind_get_extra_info)                                                                         \
    X(bind_add_result_column)                                                                      \
    X(bind_get_parameter)                                                                          \
    X(bind_set_bind_data)                                                                          \
    X(bind_set_cardinality)                                                                        \
    X(bind_set_error)                                                                              \
    X(init_get_bind_data)                                                                          \
    X(init_set_init_data)                                                                          \
    X(init_get_column_count)                                                                       \
    X(init_get_column_index)                                                                       \
    X(init_set_max_threads)                                                                        \
    X(init_set_error)                                                                              \
    X(function_get_bind_data)                                                                      \
    X(function_get_init_data)                                                                      \
    X(function_get_local_init_data)                                                                \
    X(function_set_error)

/* __typeof__ keeps each pointer equal to the header's declaration. */
typedef struct sm_duck_table {
#define SM_DUCK_FIELD(name) __typeof__(&duckdb_##name) name;
    SM_DUCK_FUNCTIONS(SM_DUCK_FIELD)
#undef SM_DUCK_FIELD
} sm_duck_table;

extern sm_duck_table sm_duck;

/* Load the library unless that was done.  `path` NULL: look where engine.h says. */
sm_code sm_engine__load(const char *path, sm_error *err);

#endif
