/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/units.h"

#include <string.h>

typedef struct files_config {
    sm_sv path;
    int format;
    int64_t max_files, max_bytes;
    bool header;
    sm_sv sep;
    int clean_source;
    sm_sv rescued_column, connection;
} files_config;

static const sm_option files_options[] = {
    { .name = "path",
      .type = SM_TYPE_STRING,
      .offset = offsetof(files_config, path),
      .doc = "Files to read, with * and ? in names." },
    { .name = "connection",
      .type = SM_TYPE_STRING,
      .offset = offsetof(files_config, connection),
      .fallback = "",
      .doc = "Of a bucket." },
    { .name = "format",
      .type = SM_TYPE_ENUM,
      .offset = offsetof(files_config, format),
      .choices = (const char *const[]){ "json", "csv", "parquet", "text", NULL },
      .doc = "How the files are written." },
    { .name = "max_files_per_trigger",
      .type = SM_TYPE_INT,
      .offset = offsetof(files_config, max_files),
      .fallback = "1000",
      .min = 1,
      .max = 1000000,
      .doc = "The most files of one batch." },
    { .name = "max_bytes_per_trigger",
      .type = SM_TYPE_SIZE,
      .offset = offsetof(files_config, max_bytes),
      .fallback = "128MiB",
      .min = 1,
      .max = INT64_C(1) << 50,
      .doc = "Stop a batch behind the file with which it reaches this size." },
    { .name = "header",
      .type = SM_TYPE_BOOL,
      .offset = offsetof(files_config, header),
      .fallback = "true",
      .doc = "The first line of a CSV file names its columns." },
    { .name = "sep",
      .type = SM_TYPE_STRING,
      .offset = offsetof(files_config, sep),
      .fallback = "",
      .doc = "What stands between two fields of a CSV file." },
    { .name = "clean_source",
      .type = SM_TYPE_ENUM,
      .offset = offsetof(files_config, clean_source),
      .choices = (const char *const[]){ "off", "delete", "move", NULL },
      .fallback = "off",
      .doc = "What becomes of files that were read." },
    { .name = "rescued_data_column",
      .type = SM_TYPE_STRING,
      .offset = offsetof(files_config, rescued_column),
      .fallback = "_rescued_data",
      .doc = "The column for what no column takes." },
    { .name = NULL },
};

typedef struct generate_config {
    int64_t rows, every;
    double share;
    sm_sv_list names;
    const sm_json *fields;
} generate_config;

static const sm_option generate_options[] = {
    { .name = "rows_per_second",
      .type = SM_TYPE_INT,
      .offset = offsetof(generate_config, rows),
      .fallback = "100",
      .min = 1,
      .max = 1000000,
      .doc = "How many rows appear in a second." },
    { .name = "every",
      .type = SM_TYPE_TIME,
      .offset = offsetof(generate_config, every),
      .fallback = "1s",
      .doc = "How often rows appear." },
    { .name = "share",
      .type = SM_TYPE_DOUBLE,
      .offset = offsetof(generate_config, share),
      .fallback = "0.5",
      .doc = "The share of rows that are odd." },
    { .name = "names",
      .type = SM_TYPE_LIST,
      .offset = offsetof(generate_config, names),
      .fallback = "",
      .doc = "Words to take values from." },
    { .name = "fields",
      .type = SM_TYPE_MAP,
      .offset = offsetof(generate_config, fields),
      .fallback = "",
      .doc = "The columns, by name." },
    { .name = NULL },
};

const sm_spec_unit sm_test_units[] = {
    { .name = "files",
      .summary = "Files of a folder",
      .options = files_options,
      .config_size = sizeof(files_config),
      .exclusive = "clean_source",
      .metadata = true,
      .supported = true },
    { .name = "generate",
      .summary = "Rows out of nothing",
      .options = generate_options,
      .config_size = sizeof(generate_config),
      .supported = true },
    { .name = "kafka", .summary = "Topics of Kafka" },
    { .name = "delta", .summary = "Tables made elsewhere" },
    { .name = "http", .summary = "An endpoint that is polled" },
    { .name = NULL },
};

static const char *variable(const char *name)
{
    if (strcmp(name, "LAKE") == 0)
        return "lake";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static sm_sv commit(const char *file, sm_arena *a)
{
    (void)file;
    (void)a;
    return SM_SV("c0ffee");
}

const sm_spec_env sm_test_env = { .units = sm_test_units, .variable = variable, .commit = commit };
