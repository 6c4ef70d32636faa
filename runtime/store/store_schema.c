/* SPDX-License-Identifier: Apache-2.0 */
/* store_schema.c -- the tables of the control store, and how an older file becomes a new one.
 *
 * `pragma user_version` says how many steps of the list below a file has gone through.  A step
 * is never edited once released: a change is a new step.  All steps run in one transaction, so
 * a file is always of a whole version.
 *
 *     pipelines ─┬─ datasets ── schema_versions
 *                ├─ generations ─┬─ batches ── manifests, batch_targets
 *                │               └─ source_files, source_streams
 *                ├─ runs ── run_flows
 *                ├─ events
 *                └─ deletions                                   plans
 *     tokens ── sessions          audit          notices          notice_cursors
 *
 * Times (…_ms) are milliseconds since 1970, UTC; 0 = never.  JSON is text.  States are words,
 * so that the file can be read with any tool.  */
#include "runtime/store/store_int.h"

#include <stdio.h>

static const char *const step_1[] = {
    "create table pipelines ("
    "  id integer primary key,"
    "  name text not null unique,"
    "  epoch integer not null," /* grows at each acquisition; guards every write */
    "  holder text not null,"
    "  acquired_ms integer not null,"
    "  created_ms integer not null"
    ") strict",

    "create table datasets ("
    "  id integer primary key,"
    "  pipeline_id integer not null references pipelines (id),"
    "  name text not null,"
    "  kind text not null,"
    "  path text not null,"     /* '' = not stored */
    "  table_id text not null," /* Delta metaData.id; '' = not created yet */
    "  fingerprint text not null,"
    "  active integer not null," /* 0 = gone from the pipeline's file */
    "  changed_ms integer not null,"
    "  version integer not null default -1," /* last seen of the table; -1 = nothing */
    "  version_txn text not null default '',"
    "  delta_state text not null default '',"
    "  unique (pipeline_id, name)"
    ") strict",
    "create index datasets_path on datasets (path) where path <> ''",

    "create table schema_versions ("
    "  dataset_id integer not null references datasets (id) on delete cascade,"
    "  version integer not null," /* 1, 2, ... */
    "  schema text not null,"
    "  why text not null,"
    "  created_ms integer not null,"
    "  primary key (dataset_id, version)"
    ") strict",

    "create table generations ("
    "  id integer primary key,"
    "  pipeline_id integer not null references pipelines (id),"
    "  flow text not null,"
    "  target text not null,"
    "  uuid text not null unique," /* the Delta appId */
    "  number integer not null,"   /* 1, 2, ... per flow */
    "  why text not null check (why in ('first', 'full_refresh', 'reset', 'adopt')),"
    "  state text not null check (state in ('reserved', 'current', 'old', 'dropped')),"
    "  started_ms integer not null,"
    "  ended_ms integer not null,"
    "  unique (pipeline_id, flow, number)"
    ") strict",
    "create unique index generations_current on generations (pipeline_id, flow)"
    "  where state = 'current'",

    "create table batches ("
    "  id integer primary key,"
    "  generation_id integer not null references generations (id) on delete cascade,"
    "  n integer not null,"
    "  state text not null check (state in ('intended', 'decided', 'done')),"
    "  step integer not null," /* id of the first record decided in the same transaction */
    "  run_id integer references runs (id) on delete set null,"
    "  attempt integer not null,"
    "  timestamp_ms integer not null,"
    "  start_offsets text not null,"
    "  end_offsets text not null,"
    "  read_versions text,"
    "  watermarks text,"
    "  plan_fingerprint text not null,"
    "  schema_version integer not null,"
    "  counters text,"
    "  expectations text,"
    "  started_ms integer not null,"
    "  decided_ms integer not null,"
    "  done_ms integer not null,"
    "  unique (generation_id, n)"
    ") strict",
    "create index batches_open on batches (generation_id, n) where state <> 'done'",
    "create index batches_run on batches (run_id, id)",

    /* Apart from batches: megabytes that only recovery reads, and only of the newest. */
    "create table manifests ("
    "  batch_id integer primary key references batches (id) on delete cascade,"
    "  generation_id integer not null,"
    "  n integer not null,"
    "  body text not null,"
    "  unique (generation_id, n)"
    ") strict",

    "create table batch_targets (" /* targets for which a manifest has actions */
    "  generation_id integer not null,"
    "  target text not null,"
    "  n integer not null,"
    "  batch_id integer not null references batches (id) on delete cascade,"
    "  primary key (generation_id, target, n)"
    ") strict, without rowid",
    "create index batch_targets_batch on batch_targets (batch_id)",

    "create table source_files ("
    "  generation_id integer not null references generations (id) on delete cascade,"
    "  source text not null,"
    "  seq integer not null," /* the offset */
    "  path text not null,"
    "  size integer not null,"
    "  mtime_ns integer not null,"
    "  inode integer not null,"
    "  etag text,"
    "  batch integer," /* n of the batch that read it, once decided */
    "  primary key (generation_id, source, seq)"
    ") strict, without rowid",
    "create index source_files_path on source_files (generation_id, source, path)",

    "create table runs ("
    "  id integer primary key,"
    "  pipeline_id integer not null references pipelines (id),"
    "  number integer not null," /* 1, 2, ... per pipeline */
    "  state text not null,"
    "  warnings integer not null,"
    "  cause text not null,"
    "  git_commit text,"
    "  target text,"
    "  selection text,"
    "  options text,"
    "  plan_fingerprint text,"
    "  created_ms integer not null,"
    "  started_ms integer not null,"
    "  ended_ms integer not null,"
    "  summary text,"
    "  error text,"
    "  event_seq integer not null default 0," /* of the run's last event */
    "  unique (pipeline_id, number)"
    ") strict",
    "create index runs_open on runs (pipeline_id, id) where ended_ms = 0",

    "create table run_flows ("
    "  id integer primary key,"
    "  pipeline_id integer not null references pipelines (id),"
    "  run_id integer not null references runs (id) on delete cascade,"
    "  flow text not null,"
    "  dataset text not null,"
    "  state text not null,"
    "  reason text,"
    "  counters text,"
    "  expectations text,"
    "  batches integer not null,"
    "  started_ms integer not null,"
    "  ended_ms integer not null,"
    "  duration_ms integer not null,"
    "  error text,"
    "  unique (run_id, flow)"
    ") strict",
    "create index run_flows_latest on run_flows (pipeline_id, flow, run_id)"
    "  where state <> 'excluded'",

    "create table events ("
    "  id integer primary key autoincrement," /* never used twice */
    "  pipeline_id integer not null,"
    "  run_id integer,"
    "  seq integer not null," /* 1, 2, ... within the run; 0 outside */
    "  time_ms integer not null,"
    "  level integer not null," /* 0 debug, 1 info, 2 warn, 3 error */
    "  type text not null,"
    "  dataset text,"
    "  flow text,"
    "  batch integer,"
    "  message text not null,"
    "  details text"
    ") strict",
    "create index events_run on events (run_id, id)",
    "create index events_dataset on events (dataset, id) where dataset is not null",

    "create table deletions (" /* old state that nothing needs any more */
    "  id integer primary key,"
    "  pipeline_id integer not null references pipelines (id),"
    "  path text not null,"
    "  why text not null,"
    "  created_ms integer not null"
    ") strict",

    "create table plans (" /* compiled plans; the newest few are kept */
    "  id integer primary key,"
    "  key text not null unique,"
    "  plan text not null,"
    "  created_ms integer not null"
    ") strict",
    NULL,
};

static const char *const step_2[] = {
    "create table source_streams (" /* a flow has taken its first look at a source */
    "  generation_id integer not null references generations (id) on delete cascade,"
    "  source text not null,"
    "  begun_ms integer not null,"
    "  primary key (generation_id, source)"
    ") strict, without rowid",
    "insert into source_streams (generation_id, source, begun_ms)"
    "  select distinct generation_id, source, 0 from source_files",
    NULL,
};

static const char *const step_3[] = {
    "alter table source_files add column found_ms integer not null default 0",
    "alter table source_files add column cleaned_ms integer not null default 0",
    "alter table source_files add column cleaned_to text", /* null: deleted */
    NULL,
};

static const char *const step_4[] = {
    "alter table datasets add column checked text not null default ''", /* '' = never */
    NULL,
};

static const char *const step_5[] = {
    "alter table batches add column stages text", /* null: nothing is remembered, or not any more */
    NULL,
};

static const char *const step_6[] = {
    "alter table batches add column lateness text", /* like stages */
    NULL,
};

static const char *const step_7[] = {
    "create table schedules ("
    "  pipeline text primary key," /* by name: it may not have run yet */
    "  paused integer not null default 0,"
    "  paused_by text not null default '',"
    "  changed_ms integer not null default 0,"
    "  slot_ms integer not null default 0"
    ") strict, without rowid",
    NULL,
};

static const char *const step_8[] = {
    "create table tokens ("
    "  id text primary key,"
    "  hash text not null unique," /* SHA-256; the token itself is nowhere */
    "  role text not null,"
    "  label text not null,"
    "  made_by text not null,"
    "  created_ms integer not null,"
    "  used_ms integer not null,"
    "  expires_ms integer not null,"
    "  revoked_ms integer not null"
    ") strict",
    "create table sessions (" /* browsers that logged in */
    "  hash text primary key,"
    "  token_id text not null references tokens (id),"
    "  csrf text not null,"
    "  created_ms integer not null,"
    "  used_ms integer not null"
    ") strict",
    "create table audit ("
    "  id integer primary key autoincrement,"
    "  time_ms integer not null,"
    "  ended_ms integer not null,"
    "  made_by text not null,"
    "  address text not null,"
    "  act text not null,"
    "  pipeline text not null,"
    "  subject text not null,"
    "  details text not null,"
    "  outcome text not null" /* '' = the process died in the act */
    ") strict",
    NULL,
};

static const char *const step_9[] = {
    "create table notices (" /* what people are told; see store_notices.h */
    "  pipeline text not null,"
    "  id text not null,"
    "  target text not null,"
    "  kind text not null,"
    "  dataset text not null,"
    "  message text not null,"
    "  event integer not null,"
    "  first_ms integer not null,"
    "  last_ms integer not null,"
    "  count integer not null,"
    "  open integer not null,"
    "  due_ms integer not null,"
    "  told_ms integer not null,"
    "  attempts integer not null,"
    "  primary key (pipeline, id)"
    ") strict, without rowid",
    "create table notice_cursors ("
    "  pipeline text primary key,"
    "  event integer not null"
    ") strict, without rowid",
    NULL,
};

static const char *const step_10[] = {
    "create table durable_log (" /* one row: the newest entry of the log outside; none: no log */
    "  id integer primary key check (id = 1),"
    "  number integer not null"
    ") strict",
    NULL,
};

static const char *const step_11[] = {
    "alter table batches add column lag text", /* null: not known */
    NULL,
};

static const char *const step_12[] = {
    "alter table batches add column phases text", /* null: not known, as all of these */
    "alter table batches add column cpu_us integer",
    "alter table run_flows add column phases text",
    "alter table run_flows add column cpu_us integer",
    "alter table runs add column stop_by text", /* who asked it to stop; null: nobody */
    NULL,
};

const sm_store__migration sm_store__migrations[] = {
    { step_1 }, { step_2 }, { step_3 },  { step_4 },  { step_5 },  { step_6 }, { step_7 },
    { step_8 }, { step_9 }, { step_10 }, { step_11 }, { step_12 }, { NULL },
};

enum { APPLICATION_ID = 0x736d6c74 }; /* "smlt", in the header of the file */

static sm_code read_header(sm_store *s, int64_t *application, int64_t *version, int64_t *objects,
                           sm_error *err)
{
    sm_code rc;

    if ((rc = sm_store__number(s, "pragma application_id", NULL, 0, 0, application, err)) != SM_OK)
        goto done;
    if ((rc = sm_store__number(s, "pragma user_version", NULL, 0, 0, version, err)) != SM_OK)
        goto done;
    rc = SM_OK;
    if (*version == 0)
        rc = sm_store__number(s, "select count(*) from sqlite_schema", NULL, 0, 0, objects, err);
done:
    return rc;
}

/* Is this a store, and of which version? */
static sm_code judge_header(sm_store *s, int64_t last, int64_t *version, sm_error *err)
{
    int64_t application = 0;
    int64_t objects = 0;
    sm_code rc;

    if ((rc = read_header(s, &application, version, &objects, err)) != SM_OK)
        return rc;
    if (*version == 0 && objects == 0)
        return SM_OK; /* a fresh file */
    if (application != APPLICATION_ID || *version <= 0)
        return sm_fail(err, SM_E_CORRUPT, 0, "file \"%s\" is not a control store of smelt",
                       s->path.ptr);
    if (*version > last)
        return sm_fail(err, SM_E_CORRUPT, 0,
                       "control store \"%s\" has version %lld and was written by a newer smelt; "
                       "this one knows versions up to %lld",
                       s->path.ptr, (long long)*version, (long long)last);
    return SM_OK;
}

static sm_code migrate_steps(sm_store *s, const sm_store__migration *list, int64_t from, int64_t to,
                             sm_error *err)
{
    char pragma[96];
    sm_code rc;

    for (int64_t i = from; i < to; i++) {
        for (const char *const *sql = list[i].statements; *sql != NULL; sql++) {
            if ((rc = sm_store__script(s, *sql, err)) != SM_OK)
                return sm_wrap(err, "migration to version %lld", (long long)(i + 1));
        }
    }
    snprintf(pragma, sizeof pragma, "pragma application_id = %d; pragma user_version = %lld",
             (int)APPLICATION_ID, (long long)to);
    return sm_store__script(s, pragma, err);
}

sm_code sm_store__migrate(sm_store *s, const sm_store__migration *list, sm_error *err)
{
    int64_t last = 0;
    int64_t version = 0;
    sm_code rc;

    while (list[last].statements != NULL)
        last++;
    if ((rc = judge_header(s, last, &version, err)) != SM_OK)
        return rc;
    s->version = version;
    if (version == last)
        return SM_OK;
    if (s->read_only && version == 0)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "control store \"%s\" is empty", s->path.ptr);
    if (s->read_only)
        return sm_store__refuse(
            err,
            "control store \"%s\" has version %lld, older than this smelt (%lld); "
            "the next run brings it up to date",
            s->path.ptr, (long long)version, (long long)last);
    /* Another process may have done it meanwhile: look again, inside the transaction. */
    if ((rc = sm_store__begin(s, NULL, SM_STORE__DURABLE, err)) != SM_OK)
        return rc;
    if ((rc = judge_header(s, last, &version, err)) == SM_OK)
        rc = migrate_steps(s, list, version, last, err);
    rc = sm_store__end(s, rc, err);
    if (rc == SM_OK)
        s->version = last;
    return rc;
}
