/* SPDX-License-Identifier: Apache-2.0 */
/* replay_records.c -- records that could not be decoded go the way of a batch again.
 *
 *     _raw of each record ──▶ a file in staging ──▶ the source of today ──▶ SQL of its flow ──▶
 * rows ▲                                              │ └── without those that are still none
 * ◀────────┘
 *
 * A flow and an input at a time: to that flow the records are what the input has, its other streams
 * have nothing, and what it looks up is there as it is now.  A record is taken whole or not at all:
 * while one of them cannot be decoded it is left out and the others are read once more.
 *
 * The file in staging is no part of what is decided: once the batch is, nothing is read again.  So
 * a replay that dies leaves at most the file, and the next one removes it. */
#include "runtime/base/fs.h"
#include "runtime/base/limit.h"
#include "runtime/base/percent.h"
#include "runtime/base/sqltext.h"
#include "runtime/exec/replay_int.h"

#define JUDGED  SM_REPLAY_JUDGED
#define RECORDS "memory.main._smelt_records"
#define QUERIED "memory.main._smelt_queried"
#define BAD     "_smelt_bad"
enum { STAGE_BUFFER = 1024 * 1024, STAGE_MAX_RECORD = 64 * 1024 * 1024, STAGE_LEFT = 1000 };

/* Records of one flow and one input. */
typedef struct records {
    sm_replay_run *r;
    sm_sv flow_name, input; /* as the rows have them; ptr NULL: they have none */
    int64_t rows, attempt, run;
    sm_flow f;        /* reads them; its arenas, session and plan are borrowed */
    size_t at;        /* the input */
    const char *path; /* staged */
    sm_kept kept;     /* in f.scratch */
} records;

/* ---- which there are ------------------------------------------------------------------- */

static void add_equal(sm_buf *b, const char *column, sm_sv value)
{
    sm_buf_addf(b, " AND %s ", column);
    if (value.ptr == NULL) {
        sm_buf_adds(b, "IS NULL");
        return;
    }
    sm_buf_adds(b, "= ");
    sm_sql_literal(b, value);
}

/* " FROM … WHERE …": the records of the group whose fate is open. */
static void add_from(const records *g, sm_buf *b)
{
    sm_buf_adds(b, " WHERE _smelt_fate = 'record'");
    add_equal(b, "_flow", g->flow_name);
    add_equal(b, "_input", g->input);
}

static sm_sv row_text(const sm_rows *rows, size_t column, sm_arena *a)
{
    return sm_rows_null(rows, column) ? (sm_sv){ NULL, 0 }
                                      : sm_arena_dup(a, sm_rows_sv(rows, column));
}

static sm_code find_groups(sm_replay_run *r, records **out, size_t *n, sm_error *err)
{
    sm_arena *a = r->f.scratch;
    size_t cap = 0;
    sm_rows *rows;
    sm_code rc = sm_session_query(
        r->f.session,
        SM_SV("SELECT _flow, _input, count(*), max(_attempt), max(_run_id) FROM " JUDGED
              " WHERE _smelt_fate = 'record' GROUP BY ALL ORDER BY ALL"),
        &rows, err);

    *n = 0;
    *out = NULL;
    if (rc != SM_OK)
        return rc;
    while (sm_rows_next(rows)) {
        if (*n == cap) {
            records *grown = SM_NEW_N(a, records, cap * 2 + 8);

            for (size_t i = 0; i < *n; i++)
                grown[i] = (*out)[i];
            *out = grown;
            cap = cap * 2 + 8;
        }
        (*out)[(*n)++] = (records){ .r = r,
                                    .flow_name = row_text(rows, 0, a),
                                    .input = row_text(rows, 1, a),
                                    .rows = sm_rows_int64(rows, 2),
                                    .attempt = sm_rows_int64(rows, 3),
                                    .run = sm_rows_int64(rows, 4) };
    }
    sm_rows_free(rows);
    return SM_OK;
}

/* ---- which cannot be judged -------------------------------------------------------------- */

static void tell_stuck(sm_replay_run *r, int64_t rows, sm_sv why)
{
    sm_replay_result *o = r->out;

    for (size_t i = 0; i < o->n_stays; i++) {
        if (sm_sv_eq(o->stays[i].why, why) || i + 1 == SM_REPLAY_MAX_STAYS) {
            o->stays[i].rows += rows;
            return;
        }
    }
    o->stays[o->n_stays++] = (sm_replay_stay){ rows, sm_arena_dup(r->what->a, why) };
}

/* Those of the group of which `condition` holds stay as they are. */
static sm_code set_stuck(records *g, const char *condition, sm_sv why, sm_error *err)
{
    sm_replay_run *r = g->r;
    int64_t n = 0;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "SELECT count(*) FROM " JUDGED);
    add_from(g, &b);
    sm_buf_addf(&b, " AND %s", condition);
    rc = sm_session_int64(r->f.session, sm_buf_sv(&b), &n, err);
    sm_buf_clear(&b);
    if (rc != SM_OK || n == 0) {
        sm_buf_release(&b);
        return rc;
    }
    tell_stuck(r, n, why);
    g->rows -= n;
    sm_buf_adds(&b, "UPDATE " JUDGED " SET _smelt_fate = 'stuck'");
    add_from(g, &b);
    sm_buf_addf(&b, " AND %s", condition);
    return sm_replay__sql(r, &b, err);
}

/* The flow of the table that reads the input as a stream: of that name or, when it has another
 * one now, the only one.  NULL: there is none. */
static const sm_plan_flow *find_flow(const records *g, size_t *at)
{
    const sm_plan *p = g->r->whole;
    const sm_plan_dataset *t = g->r->table;
    const sm_plan_flow *found = NULL;
    size_t n = 0;

    for (size_t i = t->flow; i < t->flow + t->n_flows; i++) {
        const sm_plan_flow *f = &p->flows[i];

        for (size_t k = 0; k < f->n_inputs; k++) {
            if (f->inputs[k].mode != SM_INPUT_STREAM ||
                !sm_sv_eq(p->datasets[f->inputs[k].dataset].name, g->input))
                continue;
            *at = k;
            found = f;
            n++;
            if (sm_sv_eq(f->name, g->flow_name))
                return f;
        }
    }
    return n == 1 ? found : NULL;
}

/* Why none of the group can be judged; "" when some may be. */
static sm_sv why_none(records *g, const sm_plan_flow **flow)
{
    sm_arena *a = g->r->f.scratch;
    const sm_plan_dataset *d;

    if (g->input.ptr == NULL)
        return SM_SV("it is not known of which source they are");
    if (g->r->whole->flows[g->r->table->flow].kind == SM_FLOW_OVERWRITE)
        return SM_SV("the view is computed anew when its source changes, and reads them then");
    if ((*flow = find_flow(g, &g->at)) == NULL)
        return sm_arena_printf(a, "no flow of the table reads \"%.*s\" as a stream any more",
                               SM_SV_ARG(g->input));
    if ((*flow)->n_stages > 0) /* its state and its watermark are those of its own batches */
        return SM_SV("the query remembers rows: let them arrive in a new file");
    d = &g->r->whole->datasets[(*flow)->inputs[g->at].dataset];
    if (sm_source_find(g->r->q->sources, d->source_type)->reread == NULL)
        return sm_arena_printf(a,
                               "source \"%.*s\" has no files that they could be read from: mend "
                               "them where they come from, and let them arrive again",
                               SM_SV_ARG(g->input));
    if (!sm_dataset_decodes(d))
        return sm_arena_printf(a, "source \"%.*s\" has another format now", SM_SV_ARG(g->input));
    return SM_SV("");
}

/* Leave the records out of which not enough was kept. */
static sm_code leave_parts(records *g, sm_error *err)
{
    const sm_flow_input *in = &g->f.inputs[g->at];
    bool header = in->source.ops->needs_header(&in->source);
    bool known = sm_schema_find(&g->r->stored, SM_SV("_source_file")) >= 0;
    const char *unknown = known ? "_source_file.whole IS NULL" : "true";
    sm_sv source = in->dataset->name;
    sm_code rc = SM_OK;

    if (header || in->plan->metadata || !sm_dataset_is_json(in->dataset))
        rc = set_stuck(g, unknown, SM_SV("they were kept before what is needed of their file was"),
                       err);
    if (rc == SM_OK)
        rc = set_stuck(g,
                       known ? "NOT coalesce(_source_file.whole, NOT contains(_raw, chr(65533)))"
                             : "contains(_raw, chr(65533))",
                       SM_SV("`_raw` does not have all of their bytes: let them arrive in a new "
                             "file"),
                       err);
    if (rc == SM_OK && header && known)
        rc = set_stuck(g, "_source_file.header IS NULL",
                       sm_arena_printf(g->r->f.scratch,
                                       "their files had no header, and source \"%.*s\" wants one",
                                       SM_SV_ARG(source)),
                       err);
    return rc;
}

/* ---- staged -------------------------------------------------------------------------------- */

/* RECORDS: those of the group whose fate is open, counted from 0 in `k`. */
static sm_code make_records(records *g, sm_error *err)
{
    bool known = sm_schema_find(&g->r->stored, SM_SV("_source_file")) >= 0;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "CREATE OR REPLACE TABLE " RECORDS
                    " AS SELECT row_number() OVER (ORDER BY header, path, line, _row_id) - 1 AS k, "
                    "* FROM (SELECT _row_id, _raw, _source.path AS path, _source.line AS line, ");
    sm_buf_adds(&b, known ? "_source_file.name AS name, _source_file.size AS size, "
                            "_source_file.modification_time AS modified, _source_file.header AS "
                            "header"
                          : "NULL::VARCHAR AS name, NULL::BIGINT AS size, NULL::TIMESTAMP AS "
                            "modified, NULL::VARCHAR AS header");
    sm_buf_adds(&b, " FROM " JUDGED);
    add_from(g, &b);
    sm_buf_addc(&b, ')');
    return sm_replay__sql(g->r, &b, err);
}

/* The file under construction. */
typedef struct staging {
    const char *path;
    sm_buf text; /* not written yet */
    int64_t size;
    sm_code rc;
} staging;

static void stage_flush(staging *s, sm_error *err)
{
    if (s->rc == SM_OK)
        s->rc = sm_buf_check(&s->text, "the text of a record", err);
    if (s->rc == SM_OK && s->text.len > 0)
        s->rc = sm_fs_append(s->path, sm_buf_sv(&s->text), 0600, err);
    sm_buf_clear(&s->text);
}

/* Put a line; where it begins. */
static int64_t stage_line(staging *s, sm_sv line, sm_error *err)
{
    int64_t at = s->size;

    sm_buf_add(&s->text, line);
    sm_buf_addc(&s->text, '\n');
    s->size += (int64_t)line.len + 1;
    if (s->text.len >= STAGE_BUFFER)
        stage_flush(s, err);
    return at;
}

/* Columns of the query below. */
enum { RAW, PATH, NAME, SIZE, MODIFIED, HEADER };

static sm_sv name_of(const sm_rows *rows, sm_arena *a)
{
    if (!sm_rows_null(rows, NAME))
        return sm_percent_decode(sm_rows_sv(rows, NAME), a);
    return sm_rows_null(rows, PATH) ? SM_SV("") : sm_arena_dup(a, sm_rows_sv(rows, PATH));
}

static void stage_record(staging *s, const sm_rows *rows, sm_arena *a, sm_kept_record *out,
                         sm_error *err)
{
    *out = (sm_kept_record){ .name = name_of(rows, a),
                             .size = sm_rows_int64(rows, SIZE),
                             .mtime_us = sm_rows_int64(rows, MODIFIED),
                             .header = -1 };
    if (!sm_rows_null(rows, HEADER))
        out->header = stage_line(s, sm_rows_sv(rows, HEADER), err);
    out->begin = stage_line(s, sm_rows_sv(rows, RAW), err);
    out->end = s->size;
}

/* RECORDS to the file, and g->kept. */
static sm_code stage(records *g, sm_error *err)
{
    sm_kept_record *items = SM_NEW_N(g->f.scratch, sm_kept_record, (size_t)g->rows + 1);
    staging s = { .path = g->path };
    sm_rows *rows;
    size_t n = 0;

    if ((s.rc = make_records(g, err)) != SM_OK ||
        (s.rc = sm_fs_write(s.path, SM_SV(""), 0600, err)) != SM_OK ||
        (s.rc = sm_session_query(
             g->r->f.session,
             SM_SV("SELECT _raw, path, name, size, modified, header FROM " RECORDS " ORDER BY k"),
             &rows, err)) != SM_OK)
        return s.rc;
    sm_buf_init(&s.text, STAGE_MAX_RECORD);
    while (s.rc == SM_OK && n < (size_t)g->rows && sm_rows_next(rows))
        stage_record(&s, rows, g->f.scratch, &items[n++], err);
    stage_flush(&s, err);
    sm_rows_free(rows);
    sm_buf_release(&s.text);
    g->kept = (sm_kept){ g->path, items, n };
    return s.rc;
}

/* ---- read and queried ------------------------------------------------------------------------ */

static sm_code open_flow(records *g, const sm_plan_flow *flow, sm_error *err)
{
    sm_replay_run *r = g->r;

    g->f = (sm_flow){ .env = &r->env,
                      .index = (size_t)(flow - r->whole->flows),
                      .whole = r->whole,
                      .plan = flow,
                      .target = r->table,
                      .arena = r->f.arena,
                      .scratch = r->f.scratch,
                      .uuid = SM_SV(""),
                      .session = r->f.session,
                      .out = &r->outcome };
    sm_flow__bind_inputs(&g->f);
    sm_flow__set_result(&g->f);
    return sm_flow__open_inputs(&g->f, err);
}

static sm_code show_input(records *g, size_t i, int64_t time_ms, sm_error *err)
{
    sm_flow_input *in = &g->f.inputs[i];
    const sm_json *position = NULL;
    sm_code rc;

    in->source.session = g->f.session;
    in->source.batch_time_ms = time_ms;
    if (i == g->at) {
        in->source.on_decode_error = SM_DECODE_QUARANTINE; /* none is lost, whatever it says now */
        return sm_source_reread(&in->source, &g->kept, in->plan->relation, err);
    }
    if (in->plan->mode == SM_INPUT_STREAM)
        return sm_source_read(&in->source, NULL, NULL, in->plan->relation, err);
    if ((rc = sm_source_position(&in->source, g->f.scratch, &position, err)) != SM_OK)
        return rc;
    return sm_source_snapshot(&in->source, position, in->plan->relation, err);
}

/* The records are read once by themselves: a query may not get to all of them, as one that joins
 * them with a table that is empty. */
static sm_code query(records *g, sm_error *err)
{
    int64_t ignored;
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&b, "SELECT count(*) FROM %.*s", SM_SV_ARG(g->f.plan->inputs[g->at].relation));
    rc = sm_session_int64(g->f.session, sm_buf_sv(&b), &ignored, err);
    sm_buf_clear(&b);
    if (rc != SM_OK) {
        sm_buf_release(&b);
        return rc;
    }
    sm_buf_adds(&b, "CREATE OR REPLACE TABLE " QUERIED " AS ");
    sm_buf_add(&b, sm_flow__query(&g->f));
    return sm_replay__sql(g->r, &b, err);
}

static sm_code verify(records *g, sm_error *err)
{
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < g->f.plan->n_inputs; i++)
        if (g->f.inputs[i].source.session != NULL)
            rc = sm_source_verify(&g->f.inputs[i].source, NULL, NULL, err);
    return rc;
}

/* SM_E_AGAIN: a schema grew. */
static sm_code read_all(records *g, int64_t time_ms, sm_error *err)
{
    sm_error unread;
    sm_code rc = SM_OK;

    for (size_t i = 0; rc == SM_OK && i < g->f.plan->n_inputs; i++)
        rc = show_input(g, i, time_ms, err);
    if (rc == SM_OK)
        rc = query(g, err);
    if (rc == SM_OK)
        rc = verify(g, err);
    else if (verify(g, &unread) != SM_OK) {
        *err = unread;
        rc = unread.code;
    }
    return rc == SM_E_AGAIN ? sm_flow__grow(&g->f, err) : rc;
}

/* Records that are still none are told so, and are in the group no more. */
static sm_code leave_undecoded(records *g, sm_error *err)
{
    sm_flow_input *in = &g->f.inputs[g->at];
    sm_buf b;
    sm_code rc = sm_source_bad_records(&in->source, SM_SV(BAD), err);

    if (rc != SM_OK)
        return rc;
    sm_buf_init(&b, 4096);
    sm_buf_adds(&b, "UPDATE " JUDGED " SET _smelt_fate = 'undecoded', _reason = bad.reason FROM "
                    "(SELECT r._row_id, min(b.reason) AS reason FROM " BAD " b JOIN " RECORDS
                    " r ON r.k = b.file GROUP BY ALL) bad WHERE " JUDGED "._row_id = bad._row_id");
    return sm_replay__sql(g->r, &b, err);
}

static sm_code count_open(records *g, sm_error *err)
{
    sm_buf b;
    sm_code rc;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "SELECT count(*) FROM " JUDGED);
    add_from(g, &b);
    rc = sm_session_int64(g->r->f.session, sm_buf_sv(&b), &g->rows, err);
    sm_buf_release(&b);
    return rc;
}

/* Until all that are left can be decoded. */
static sm_code decode(records *g, int64_t time_ms, sm_error *err)
{
    sm_code rc = SM_OK;

    while (rc == SM_OK && g->rows > 0) {
        if ((rc = stage(g, err)) != SM_OK || (rc = read_all(g, time_ms, err)) != SM_OK ||
            g->f.inputs[g->at].source.report.undecodable == 0 ||
            (rc = leave_undecoded(g, err)) != SM_OK)
            break;
        rc = count_open(g, err);
    }
    return rc;
}

/* ---- judged ------------------------------------------------------------------------------------
 */

static sm_code judge_rows(records *g, sm_error *err)
{
    sm_replay_run *r = g->r;
    sm_replay_again *again = &r->again[r->n_again];
    sm_position position;
    sm_buf b;
    sm_code rc = sm_store_position(r->q->store, r->env.owner.pipeline, g->f.plan->name,
                                   r->f.scratch, &position, err);

    if (rc != SM_OK)
        return rc;
    again->relation = sm_arena_printf(r->f.scratch, "memory.main._smelt_again_%zu", r->n_again);
    again->flow = g->f.plan->name;
    again->generation = sm_arena_dup(r->f.scratch, position.generation.uuid);
    again->result = g->f.result;
    again->attempt = g->attempt;
    again->run = g->run;
    sm_buf_init(&b, SM_LIMIT_BATCH_SQL);
    sm_buf_addf(&b, "CREATE OR REPLACE TABLE %.*s AS ", SM_SV_ARG(again->relation));
    sm_replay__add_judged(r, QUERIED, &b);
    if ((rc = sm_replay__sql(r, &b, err)) != SM_OK)
        return rc;
    r->n_again++;
    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "UPDATE " JUDGED " SET _smelt_fate = 'decoded'");
    add_from(g, &b);
    return sm_replay__sql(r, &b, err);
}

static sm_code replay_group(records *g, int64_t time_ms, sm_error *err)
{
    const sm_plan_flow *flow = NULL;
    sm_sv why = why_none(g, &flow);
    sm_code rc;

    if (why.len > 0)
        return set_stuck(g, "true", why, err);
    if ((rc = open_flow(g, flow, err)) == SM_OK && (rc = leave_parts(g, err)) == SM_OK &&
        (rc = decode(g, time_ms, err)) == SM_OK && g->rows > 0)
        rc = judge_rows(g, err);
    sm_flow__close_inputs(&g->f);
    return rc;
}

/* An empty folder for the files of this replay. */
static sm_code make_folder(sm_replay_run *r, const char **out, sm_error *err)
{
    sm_arena *a = r->f.arena;
    sm_sv name = sm_arena_printf(a, "staging/%.*s.replay", SM_SV_ARG(r->whole->pipeline));
    const char *folder = sm_path_join(a, r->q->state_dir, name);
    sm_code rc = sm_fs_exists(folder) ? sm_fs_remove_tree(folder, STAGE_LEFT, err) : SM_OK;

    *out = folder;
    return rc == SM_OK ? sm_fs_mkdirs(folder, 0700, err) : rc;
}

sm_code sm_replay__records(sm_replay_run *r, int64_t time_ms, sm_error *err)
{
    const char *folder;
    records *groups;
    sm_error ignored;
    size_t n;
    sm_code rc;

    if (r->what->discard)
        return SM_OK;
    if ((rc = find_groups(r, &groups, &n, err)) != SM_OK || n == 0 ||
        (rc = make_folder(r, &folder, err)) != SM_OK)
        return rc;
    r->again = SM_NEW_N(r->f.scratch, sm_replay_again, n);
    for (size_t i = 0; rc == SM_OK && i < n; i++) {
        groups[i].path = sm_path_join(r->f.arena, sm_sv_cstr(folder), SM_SV("records"));
        rc = replay_group(&groups[i], time_ms, err);
    }
    sm_fs_remove_tree(folder, STAGE_LEFT, &ignored);
    return rc;
}

void sm_replay__forget_records(sm_replay_run *r)
{
    sm_error ignored;
    sm_sv text;

    sm_session_exec(r->f.session, SM_SV("DROP TABLE IF EXISTS " RECORDS), &ignored);
    sm_session_exec(r->f.session, SM_SV("DROP TABLE IF EXISTS " QUERIED), &ignored);
    for (size_t i = 0; i < r->n_again; i++) {
        text = sm_arena_printf(r->f.scratch, "DROP TABLE IF EXISTS %.*s",
                               SM_SV_ARG(r->again[i].relation));
        sm_session_exec(r->f.session, text, &ignored);
    }
}
