/* SPDX-License-Identifier: Apache-2.0 */
/* store_tables.h -- datasets, the schemas in force, and what is waiting to be deleted. */
#ifndef SM_STORE_STORE_TABLES_H
#define SM_STORE_STORE_TABLES_H

#include "runtime/store/store.h"

typedef struct sm_table_rec {
    int64_t pipeline;       /* given by the store */
    sm_sv name;             /* unique in the pipeline */
    sm_sv kind;             /* "streaming_table", "materialized_view", "view", "source" */
    sm_sv path;             /* the table's folder or URL, resolved; empty = not stored */
    sm_sv table_id;         /* Delta metaData.id; empty = not created yet */
    sm_sv schema;           /* JSON of the schema in force; empty = not known */
    int64_t schema_version; /* of the newest row of schema_versions; 0 = none */
    sm_sv fingerprint;      /* of the definition it was last written by */
    bool active;            /* false: gone from the pipeline's file; kept, readable, listed */
    int64_t changed_ms;

    /* What was last seen of the table, for the cheap check of an idle run. */
    int64_t version;   /* -1 = nothing seen */
    sm_sv version_txn; /* txnId of that version's commit */
    sm_sv delta_state; /* JSON, delta's own cache of the snapshot; may be empty */
} sm_table_rec;

/* Say what the pipeline's file declares now: puts name, kind, path, fingerprint of each, makes
 * those it does not name inactive.  What was seen stays.  SM_E_DENIED: another pipeline
 * of this store owns a path (active or not), naming both; nothing is changed then.
 * Nothing is written when nothing differs. */
sm_code sm_store_tables_declare(sm_store *s, const sm_owner *o, const sm_table_rec *tables,
                                size_t n, sm_error *err);

/* Remember what was seen of a table after a commit or a check (empty table_id or delta_state:
 * as it was). */
sm_code sm_store_table_seen(sm_store *s, const sm_owner *o, sm_sv name, sm_sv table_id,
                            int64_t version, sm_sv version_txn, sm_sv delta_state, sm_error *err);

/* What was looked at when all checks of the table last held or only warned, in the words of the
 * caller; "" when that was never.  SM_E_NOT_FOUND: never declared. */
sm_code sm_store_table_checked(sm_store *s, int64_t pipeline, sm_sv name, sm_arena *a, sm_sv *out,
                               sm_error *err);
sm_code sm_store_table_set_checked(sm_store *s, const sm_owner *o, sm_sv name, sm_sv checked,
                                   sm_error *err);

/* The folder of an inactive table was deleted: forget it with all its records. */
sm_code sm_store_table_forget(sm_store *s, const sm_owner *o, sm_sv name, sm_error *err);

/* SM_E_NOT_FOUND: never declared. */
sm_code sm_store_table(sm_store *s, int64_t pipeline, sm_sv name, sm_arena *a, sm_table_rec *out,
                       sm_error *err);
/* By name, inactive ones included. */
sm_code sm_store_tables(sm_store *s, int64_t pipeline, sm_arena *a, sm_table_rec **out, size_t *n,
                        sm_error *err);

/* ---- schema versions: of a source pinned at its first run, of a table as it grows ---- */

typedef struct sm_schema_version {
    sm_sv dataset;
    int64_t version; /* 1, 2, … */
    sm_sv schema;    /* JSON array [{name, type, …}] */
    sm_sv why;       /* "inferred", "new field", "schema_hints" */
    int64_t created_ms;
} sm_schema_version;

/* Add version k+1, durable.  The same schema again adds nothing; `*version` is the one in
 * force then.  `dataset` must be declared. */
sm_code sm_store_schema_pin(sm_store *s, const sm_owner *o, sm_sv dataset, sm_sv schema, sm_sv why,
                            int64_t *version, sm_error *err);
/* `version` 0 = the newest.  SM_E_NOT_FOUND: nothing pinned. */
sm_code sm_store_schema(sm_store *s, int64_t pipeline, sm_sv dataset, int64_t version, sm_arena *a,
                        sm_schema_version *out, sm_error *err);
/* Oldest first. */
sm_code sm_store_schemas(sm_store *s, int64_t pipeline, sm_sv dataset, sm_arena *a,
                         sm_schema_version **out, size_t *n, sm_error *err);

/* ---- old state named for deletion, in the transaction that made it old ---- */

typedef struct sm_deletion {
    int64_t id;
    sm_sv path; /* as it was named in sm_decision.delete_paths */
    sm_sv why;
    int64_t created_ms;
} sm_deletion;

sm_code sm_store_deletions(sm_store *s, int64_t pipeline, sm_arena *a, sm_deletion **out, size_t *n,
                           sm_error *err);
sm_code sm_store_deletion_done(sm_store *s, const sm_owner *o, int64_t id, sm_error *err);

#endif
