/* SPDX-License-Identifier: Apache-2.0 */
/* engine_int.h -- shared by the files of runtime/engine only. */
#ifndef SM_ENGINE_INT_H
#define SM_ENGINE_INT_H

#include "runtime/base/json.h"
#include "runtime/base/limit.h"
#include "runtime/base/thread.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_lib.h"

/* Bytes of one value as text: a string that DuckDB can hold is at most this, escaped. */
#define SM_ENGINE_MAX_VALUE ((size_t)1 << 30)

/* Rows of one vector at most. */
enum { SM_ENGINE_VECTOR = 2048 };

/* What SQL finds by a number: smelt_rules(<id>, …), smelt_read(<id>). */
typedef enum sm_engine_kind {
    SM_ENGINE_RULES,
    SM_ENGINE_READER,
} sm_engine_kind;

typedef struct sm_engine_entry {
    int64_t id;
    sm_engine_kind kind;
    void *object;
    struct sm_engine_entry *next;
} sm_engine_entry;

typedef struct sm_engine_type {
    sm_sv text;
    duckdb_logical_type type;
    struct sm_engine_type *next;
} sm_engine_type;

struct sm_engine {
    duckdb_database db;
    duckdb_connection con; /* of the engine itself; guarded by mu */
    char version[32];
    sm_mutex mu; /* guards all below */
    int64_t last_id;
    sm_engine_entry *entries;
    sm_engine_type *types; /* every type text that was asked for */
    sm_arena *arena;       /* of types */
};

struct sm_session {
    sm_engine *e;
    duckdb_connection con;
    bool plain; /* the optimizer is off: this session only binds */
    struct sm_session_name *views;
    int64_t time_ms;
    bool times;     /* a text that it was given reads the clock of the batch */
    bool time_late; /* time_ms is not the variable yet */
};

/* ---- engine.c ---- */

/* `id` of a new entry for `object`. */
int64_t sm_engine__register(sm_engine *e, sm_engine_kind kind, void *object);
void sm_engine__unregister(sm_engine *e, int64_t id);
/* NULL when there is none of this kind. */
void *sm_engine__find(sm_engine *e, sm_engine_kind kind, int64_t id);
/* `text` terminated, on the heap; SM_E_INVALID when it holds a NUL. */
sm_code sm_engine__cstr(sm_sv text, char **out, sm_error *err);

/* ---- engine_error.c ---- */

/* What DuckDB's error text says; texts live in the arena. */
typedef struct sm_engine_fault {
    sm_code code;
    int sys;
    sm_sv message;    /* all lines, without prefix */
    sm_sv candidates; /* comma-separated; "" if none */
    int64_t position; /* -1: none */
    bool quotes;      /* the message quotes a value of the data */
} sm_engine_fault;

void sm_engine__fault(const char *text, sm_arena *a, sm_engine_fault *out);
/* Fill *err from DuckDB's error text (NULL is a text too); returns the code. */
sm_code sm_engine__fail(sm_engine *e, const char *text, sm_error *err);

/* ---- engine_reader.c ---- */
sm_code sm_engine__reader_install(sm_engine *e, sm_error *err);
/* The text with which a failed reader stops its query, and the way back from it: the error is
 * kept by the reader.  False when `message` is no such text or the reader is gone. */
bool sm_engine__reader_error(sm_engine *e, sm_sv message, sm_error *err);

/* ---- engine_rules.c ---- */
sm_code sm_engine__rules_install(sm_engine *e, sm_error *err);

/* ---- engine_view.c ---- */

/* The session that this thread asks something from now on, NULL for none; returns the one before.
 */
const sm_session *sm_engine__asks(const sm_session *s);
/* A replacement scan: is it a view of the session that asks? */
void sm_engine__view_named(duckdb_replacement_scan_info info, const char *name);
void sm_engine__views_free(sm_session *s);

/* ---- engine_bind.c ---- */
sm_code sm_engine__bind_install(sm_engine *e, sm_error *err);

/* ---- engine_session.c ---- */

/* Before any text is run or prepared: the clock that it may read is set. */
sm_code sm_session__begin(sm_session *s, sm_sv sql, sm_error *err);
/* Run and keep the result, which is destroyed also after a failure of the caller's. */
sm_code sm_session__query(sm_session *s, sm_sv sql, duckdb_result *out, sm_error *err);

/* ---- engine_type.c ---- */

/* The type of a type text; borrowed, lives as long as the engine. */
sm_code sm_engine__type(sm_engine *e, sm_sv text, duckdb_logical_type *out, sm_error *err);
/* The text of a type, as DuckDB prints it, struct names always in quotes. */
void sm_engine__type_text(duckdb_logical_type type, sm_buf *b);

/* ---- engine_render.c: values of vectors as text ---- */

/* A vector and what is needed to print its values: the tree of its type, of which each node
 * has its own data.  Lives in an arena; borrows from the vector. */
typedef struct sm_value_type {
    duckdb_type id;
    duckdb_type internal; /* DECIMAL, ENUM: how it is stored */
    uint8_t scale;        /* DECIMAL */
    bool json;            /* VARCHAR that is JSON */
    size_t n;             /* children: LIST 1, ARRAY 1, MAP 1 (a struct), STRUCT n */
    struct sm_value_type *children;
    sm_sv *names;  /* STRUCT: of the children; ENUM: its dictionary */
    size_t length; /* ARRAY */
} sm_value_type;

/* SM_E_INVALID naming a type that has no text form here. */
sm_code sm_value__type(duckdb_logical_type type, sm_arena *a, sm_value_type *out, sm_error *err);
bool sm_value__null(duckdb_vector v, size_t row);
sm_sv sm_value__string(duckdb_vector v, size_t row); /* borrowed from the vector */
/* An integer of up to 64 bits, by how it is stored. */
int64_t sm_value__int(duckdb_type stored, const void *data, size_t row);
void sm_value__json(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b);
void sm_value__text(const sm_value_type *t, duckdb_vector v, size_t row, sm_buf *b);

/* ---- engine_civil.c: days and microseconds as text ---- */
void sm_value__date(int32_t days, sm_buf *b);
void sm_value__time(int64_t micros, sm_buf *b);
/* `nanos` of 1970; prints as many digits of the fraction as are needed, at most 9. */
void sm_value__timestamp(int64_t seconds, int64_t nanos, sm_buf *b);
void sm_value__interval(int32_t months, int32_t days, int64_t micros, sm_buf *b);

#endif
