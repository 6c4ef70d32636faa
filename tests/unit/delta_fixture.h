/* SPDX-License-Identifier: Apache-2.0 */
/* delta_fixture.h -- a table in a scratch folder, with commits made by hand. */
#ifndef SM_TESTS_DELTA_FIXTURE_H
#define SM_TESTS_DELTA_FIXTURE_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/json.h"
#include "runtime/delta/delta_commit.h"
#include "runtime/delta/delta_log.h"

typedef struct delta_fixture {
    sm_arena *arena;
    sm_delta_table *table;
    char *root; /* absolute */
    sm_error err;
} delta_fixture;

/* A fresh, empty folder; what sm_delta_open() gives of it. */
void delta_fixture_init(delta_fixture *f, const char *name);
void delta_fixture_release(delta_fixture *f);

/* protocol and metaData of a table (a BIGINT), as lines of a commit. */
#define DELTA_CREATE                                                                               \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"                             \
    "{\"metaData\":{\"id\":\"table-1\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"      \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\","     \
    "\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","                    \
    "\"partitionColumns\":[],\"configuration\":{},\"createdTime\":1}}\n"
#define DELTA_ADD(name)                                                                            \
    "{\"add\":{\"path\":\"" name "\",\"partitionValues\":{},\"size\":3,\"modificationTime\":5,"    \
    "\"dataChange\":true}}\n"
#define DELTA_REMOVE(name) "{\"remove\":{\"path\":\"" name "\",\"dataChange\":true}}\n"
#define DELTA_TXN(app, n)  "{\"txn\":{\"appId\":\"" app "\",\"version\":" n "}}\n"
#define DELTA_INFO(id, more)                                                                       \
    "{\"commitInfo\":{\"timestamp\":1000,\"operation\":\"TEST\",\"txnId\":\"" id "\"" more "}}\n"

/* Write commit `version` as another writer would. */
void delta_fixture_put(delta_fixture *f, int64_t version, const char *text);

/* The commit's text, in the arena; fails the test when it is not there. */
const char *delta_fixture_text(delta_fixture *f, int64_t version);

/* An append of one file by `app`, batch `n`; `creates` adds protocol and metaData. */
sm_delta_change delta_fixture_append(delta_fixture *f, const char *app, int64_t n, const char *file,
                                     bool creates);

#endif
