/* SPDX-License-Identifier: Apache-2.0 */
/* store_int.h -- what the files of the store share: statements, transactions, rows.
 *
 * Everything here is called with the store's mutex held, between sm_store__begin (or
 * sm_store__read) and sm_store__end.  One failing call makes the transaction fail: pass its
 * code to sm_store__end, which rolls back. */
#ifndef SM_STORE_STORE_INT_H
#define SM_STORE_STORE_INT_H

#include "runtime/base/thread.h"
#include "runtime/store/store.h"
#include "runtime/store/store_batches.h"
#include "runtime/store/store_durable.h"
#include "runtime/store/store_events.h"
#include "runtime/store/store_files.h"
#include "runtime/store/store_fit.h"
#include "runtime/store/store_runs.h"
#include "runtime/store/store_tables.h"

#include <sqlite3.h>

enum { SM_STORE__STATEMENTS = 128 }; /* slots of the cache, a power of two */

typedef struct sm_store__cached {
    const char *sql; /* a literal: found by address */
    sqlite3_stmt *stmt;
} sm_store__cached;

struct sm_store {
    sm_mutex mu; /* guards all below */
    sqlite3 *db;
    sm_buf path;         /* of smelt.db; never changes */
    sm_buf ballast_path; /* never changes */
    bool read_only;
    bool writing; /* between begin and end */
    int sync;     /* value of `pragma synchronous` in force: 1 normal, 2 full */
    int64_t version;
    sm_store_log log; /* zeroed: none */
    sqlite3 *replica; /* what the log says; NULL: not opened */
    void *entry;      /* put by the transaction that is open, of sqlite3_malloc; NULL: none */
    int entry_len;
    sm_store__cached cache[SM_STORE__STATEMENTS];
};

/* ---- values that go into a statement ---- */

typedef struct sm_store__arg {
    enum { SM_STORE__NULL, SM_STORE__INT, SM_STORE__TEXT } kind;
    int64_t i;
    sm_sv t;
} sm_store__arg;

static inline sm_store__arg sm_store__int(int64_t i)
{
    return (sm_store__arg){ .kind = SM_STORE__INT, .i = i };
}

static inline sm_store__arg sm_store__text(sm_sv t)
{
    return (sm_store__arg){ .kind = SM_STORE__TEXT, .t = t };
}

/* An empty text and 0 mean "none" in the records, and are NULL in the tables. */
static inline sm_store__arg sm_store__text_or_null(sm_sv t)
{
    return (sm_store__arg){ .kind = t.len ? SM_STORE__TEXT : SM_STORE__NULL, .t = t };
}

static inline sm_store__arg sm_store__id_or_null(int64_t i)
{
    return (sm_store__arg){ .kind = i > 0 ? SM_STORE__INT : SM_STORE__NULL, .i = i };
}

#define SM_STORE__ARGS(...)                                                                        \
    (const sm_store__arg[]){ __VA_ARGS__ },                                                        \
        sizeof((const sm_store__arg[]){ __VA_ARGS__ }) / sizeof(sm_store__arg)

/* The same inside the braces of an sm_store__query. */
#define SM_STORE__WITH(...)                                                                        \
    .args = (const sm_store__arg[]){ __VA_ARGS__ },                                                \
    .n_args = sizeof((const sm_store__arg[]){ __VA_ARGS__ }) / sizeof(sm_store__arg)

/* ---- statements (store_sql.c) ---- */

/* SQLite's code and text as an error: "<doing> the control store \"path\": why". */
sm_code sm_store__fail(const sm_store *s, int sqlite_code, const char *doing, sm_error *err);

/* A statement ready to be stepped; `sql` is a literal and stays compiled.  The texts bound are
 * borrowed until it is reset. */
sm_code sm_store__prepare(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                          sqlite3_stmt **out, sm_error *err);
/* The next row: `*row` = false at the end, when the statement is reset, as after a failure. */
sm_code sm_store__step(sm_store *s, sqlite3_stmt *stmt, bool *row, sm_error *err);
void sm_store__reset(sqlite3_stmt *stmt);
/* A statement without rows; `changed` (may be NULL) = rows it changed. */
sm_code sm_store__run(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                      int64_t *changed, sm_error *err);
/* The first column of the first row, `fallback` if there is no row or it is NULL. */
sm_code sm_store__number(sm_store *s, const char *sql, const sm_store__arg *args, size_t n,
                         int64_t fallback, int64_t *out, sm_error *err);
/* Several statements at once, not cached: pragmas and migrations. */
sm_code sm_store__script(sm_store *s, const char *sql, sm_error *err);
void sm_store__finalize_all(sm_store *s);

sm_sv sm_store__col_text(sqlite3_stmt *stmt, int col, sm_arena *a); /* NULL is empty */
int64_t sm_store__col_int(sqlite3_stmt *stmt, int col, int64_t null);

/* ---- rows as records in an arena (store_sql.c) ---- */

/* Fill `*record` (zeroed) from the row that `stmt` stands on. */
typedef sm_code (*sm_store__reader)(sqlite3_stmt *stmt, sm_arena *a, void *record, sm_error *err);

typedef struct sm_store__rows {
    void *list; /* lives in the arena; NULL if there are none */
    size_t n;
} sm_store__rows;

typedef struct sm_store__query {
    const char *sql;
    const sm_store__arg *args;
    size_t n_args;
    sm_store__reader read;
    size_t size; /* of a record */
} sm_store__query;

/* All rows of a query, inside a transaction. */
sm_code sm_store__rows_in(sm_store *s, const sm_store__query *q, sm_arena *a, sm_store__rows *out,
                          sm_error *err);
/* The same as a call of its own: takes the mutex. */
sm_code sm_store__rows_of(sm_store *s, const sm_store__query *q, sm_arena *a, sm_store__rows *out,
                          sm_error *err);

/* ---- transactions (store_sql.c) ---- */

typedef enum sm_store__durability {
    SM_STORE__ORDERED, /* durable with the next durable one */
    SM_STORE__DURABLE, /* durable at sm_store__end */
} sm_store__durability;

/* Lock, begin to write, check the epoch (`o` NULL: no owner needed).  On failure nothing is
 * held; on success sm_store__end must follow. */
sm_code sm_store__begin(sm_store *s, const sm_owner *o, sm_store__durability d, sm_error *err);
/* Inside any transaction: SM_E_CONFLICT when the epoch has moved on. */
sm_code sm_store__check_epoch(sm_store *s, const sm_owner *o, sm_error *err);
/* Lock, and begin to read one consistent state with several statements. */
sm_code sm_store__read(sm_store *s, sm_error *err);
/* Commit if `rc` is SM_OK, else roll back; unlock.  Returns `rc`, or why the commit failed. */
sm_code sm_store__end(sm_store *s, sm_code rc, sm_error *err);

/* ---- the schema (store_schema.c) ---- */

typedef struct sm_store__migration {
    const char *const *statements; /* ends with NULL */
} sm_store__migration;

/* [i] leads from version i to i + 1; ends with a row without statements. */
extern const sm_store__migration sm_store__migrations[];

/* Bring the file to the end of `list`; SM_E_CORRUPT if it is ahead of it. */
sm_code sm_store__migrate(sm_store *s, const sm_store__migration *list, sm_error *err);

/* ---- the log outside (store_durable.c) ---- */

/* In the transaction of a decision, before its commit: put what it changes. */
sm_code sm_store__put_decision(sm_store *s, sm_error *err);
/* At the end of any transaction, with the mutex still held: the replica takes what was put. */
void sm_store__put_end(sm_store *s, bool committed);
void sm_store__close_replica(sm_store *s);

/* ---- parts of a transaction, used by more than one file ---- */

sm_code sm_store__put_events(sm_store *s, const sm_owner *o, const sm_event_rec *events, size_t n,
                             int64_t *last, sm_error *err);
sm_code sm_store__put_run_flows(sm_store *s, const sm_owner *o, int64_t run,
                                const sm_run_flow_rec *flows, size_t n, sm_error *err);
sm_code sm_store__put_generation(sm_store *s, const sm_owner *o, const sm_generation_switch *w,
                                 int64_t *id, sm_error *err);
sm_code sm_store__generation(sm_store *s, int64_t id, sm_arena *a, sm_generation *out,
                             sm_error *err);
/* `*found` = false: the flow never ran. */
sm_code sm_store__current_generation(sm_store *s, int64_t pipeline, sm_sv flow, sm_arena *a,
                                     sm_generation *out, bool *found, sm_error *err);
sm_code sm_store__put_deletions(sm_store *s, const sm_owner *o, const sm_sv *paths, size_t n,
                                sm_sv why, sm_error *err);
sm_code sm_store__close_dead_runs(sm_store *s, const sm_owner *o, int64_t *closed, sm_error *err);

/* SM_E_CONFLICT that no retry heals: somebody else is ahead of us. */
SM_PRINTF(2, 3)
sm_code sm_store__refuse(sm_error *err, const char *fmt, ...);

/* SM_E_LIMIT when a text is longer than `max`. */
sm_code sm_store__bounded(sm_sv text, size_t max, const char *what, sm_error *err);
/* The index of a stored word in its list; a word that is not in it is a damaged store. */
sm_code sm_store__find_word(sm_sv word, const char *const *list, size_t n, size_t *out,
                            sm_error *err);

#define SM_STORE__FIND_WORD(word, list, out, err)                                                  \
    sm_store__find_word(word, list, sizeof(list) / sizeof((list)[0]), out, err)

#endif
