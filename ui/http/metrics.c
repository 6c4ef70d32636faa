/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c -- numbers as Prometheus reads them, and whether the server is ready.
 *
 * Numbers of tables are those of the newest run or batch: the control store has them, so they are
 * the same after a restart.  One family after the other, as the format wants it: the documents are
 * made once, then each family walks over them. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "ui/http/http_int.h"

enum { TEXT_MAX = 32 * 1024 * 1024 };

typedef struct scrape {
    sm_call *c;
    sm_buf out;
    size_t n;
    const sm_json **rows, **status, **flows; /* by pipeline */
} scrape;

static void family(scrape *s, const char *name, const char *type, const char *help)
{
    sm_buf_addf(&s->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslash, quote and line break are escaped; other control characters become "?". */
static void add_label(sm_buf *b, const char *name, sm_sv value)
{
    sm_buf_addf(b, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        char ch = value.ptr[i];

        if (ch == '\\' || ch == '"')
            sm_buf_addc(b, '\\');
        sm_buf_addc(b, (unsigned char)ch < 32 || ch == 127 ? '?' : ch);
    }
    sm_buf_addc(b, '"');
}

/* name{pipeline="p",key="value",…} v */
static void sample(scrape *s, const char *name, sm_sv pipeline, const char *key, sm_sv value,
                   const char *key2, sm_sv value2, double v)
{
    sm_buf_addf(&s->out, "%s{", name);
    add_label(&s->out, "pipeline", pipeline);
    if (key != NULL) {
        sm_buf_addc(&s->out, ',');
        add_label(&s->out, key, value);
    }
    if (key2 != NULL) {
        sm_buf_addc(&s->out, ',');
        add_label(&s->out, key2, value2);
    }
    sm_buf_addf(&s->out, "} %.17g\n", v);
}

static sm_sv name_of(const scrape *s, size_t i)
{
    return sm_json_get_sv(s->rows[i], "pipeline", SM_SV(""));
}

static double seconds_of(const sm_json *o, const char *key)
{
    int64_t ms = 0;
    sm_error ignored;

    (void)sm_time_parse(sm_json_get_sv(o, key, SM_SV("")), &ms, &ignored);
    return (double)ms / 1000;
}

/* ---- pipelines ----------------------------------------------------------------------------- */

typedef double (*pipeline_number)(const sm_json *row);

static double is_running(const sm_json *row)
{
    const sm_json *run = sm_json_get(row, "run");

    return run != NULL && !sm_json_is_null(run) && sm_json_get(run, "ended") == NULL &&
           !sm_sv_eq_str(sm_json_get_sv(run, "state", SM_SV("")), "interrupted");
}

static double is_paused(const sm_json *row)
{
    return sm_json_get_bool(row, "paused", false);
}

static double failing(const sm_json *row)
{
    return (double)sm_json_len(sm_json_get(row, "failing"));
}

static double reload_failed(const sm_json *row)
{
    return sm_json_is_string(sm_json_get(row, "reload_error"));
}

static double run_number(const sm_json *row)
{
    return (double)sm_json_get_int(sm_json_get(row, "run"), "number", 0);
}

static double run_ended(const sm_json *row)
{
    return seconds_of(sm_json_get(row, "run"), "ended");
}

static double run_seconds(const sm_json *row)
{
    return (double)sm_json_get_int(sm_json_get(row, "run"), "duration_ms", 0) / 1000;
}

static double run_succeeded(const sm_json *row)
{
    return sm_sv_eq_str(sm_json_get_sv(sm_json_get(row, "run"), "state", SM_SV("")), "completed");
}

static const struct {
    const char *name, *help;
    pipeline_number number;
} pipeline_families[] = {
    { "smelt_pipeline_running", "1 while a run is going on.", is_running },
    { "smelt_pipeline_paused", "1 when only a person starts runs.", is_paused },
    { "smelt_pipeline_failing_tables", "Tables whose newest run failed.", failing },
    { "smelt_pipeline_reload_failed", "1 when newer files are not in force.", reload_failed },
    { "smelt_run_number", "Number of the newest run; 0 when there is none.", run_number },
    { "smelt_run_succeeded", "1 when the newest run succeeded, perhaps with warnings.",
      run_succeeded },
    { "smelt_run_end_timestamp_seconds", "When the newest run ended; 0 while it goes on.",
      run_ended },
    { "smelt_run_duration_seconds", "How long the newest run took.", run_seconds },
};

static void add_pipelines(scrape *s)
{
    for (size_t k = 0; k < sizeof pipeline_families / sizeof pipeline_families[0]; k++) {
        family(s, pipeline_families[k].name, "gauge", pipeline_families[k].help);
        for (size_t i = 0; i < s->n; i++)
            sample(s, pipeline_families[k].name, name_of(s, i), NULL, SM_SV(""), NULL, SM_SV(""),
                   pipeline_families[k].number(s->rows[i]));
    }
}

/* ---- tables -------------------------------------------------------------------------------- */

typedef void (*table_samples)(scrape *s, sm_sv pipeline, const sm_json *table);

static void each_table(scrape *s, table_samples samples)
{
    for (size_t i = 0; i < s->n; i++) {
        const sm_json *tables = sm_json_get(s->status[i], "tables");

        for (size_t k = 0; k < sm_json_len(tables); k++)
            samples(s, name_of(s, i), sm_json_at(tables, k));
    }
}

static sm_sv table_name(const sm_json *table)
{
    return sm_json_get_sv(table, "name", SM_SV(""));
}

static void add_failed(scrape *s, sm_sv pipeline, const sm_json *table)
{
    sm_sv state = sm_json_get_sv(table, "state", SM_SV(""));

    sample(s, "smelt_table_failed", pipeline, "table", table_name(table), NULL, SM_SV(""),
           sm_sv_eq_str(state, "failed") || sm_sv_eq_str(state, "interrupted"));
}

static void add_written(scrape *s, sm_sv pipeline, const sm_json *table)
{
    if (sm_json_get(table, "written") != NULL)
        sample(s, "smelt_table_written_timestamp_seconds", pipeline, "table", table_name(table),
               NULL, SM_SV(""), seconds_of(table, "written"));
}

/* Of tables that have a `freshness`, and were written. */
static void add_behind(scrape *s, sm_sv pipeline, const sm_json *table)
{
    const sm_json *f = sm_json_get(table, "freshness");

    if (f != NULL)
        sample(s, "smelt_table_lag_seconds", pipeline, "table", table_name(table), NULL, SM_SV(""),
               (double)sm_json_get_int(f, "lag_seconds", 0));
}

static void add_waiting(scrape *s, sm_sv pipeline, const sm_json *table)
{
    int64_t rows = sm_json_get_int(sm_json_get(table, "freshness"), "lag_rows", -1);

    if (rows >= 0)
        sample(s, "smelt_table_lag_rows", pipeline, "table", table_name(table), NULL, SM_SV(""),
               (double)rows);
}

static void add_stale(scrape *s, sm_sv pipeline, const sm_json *table)
{
    const sm_json *f = sm_json_get(table, "freshness");
    sm_sv state = sm_json_get_sv(f, "state", SM_SV(""));
    int how = sm_sv_eq_str(state, "stale") ? 2 : sm_sv_eq_str(state, "late");

    if (f != NULL)
        sample(s, "smelt_table_stale", pipeline, "table", table_name(table), NULL, SM_SV(""), how);
}

static const char *const fates[] = { "read",        "written", "dropped",   "quarantined",
                                     "undecodable", "late",    "duplicate", "filtered" };

static void add_rows(scrape *s, sm_sv pipeline, const sm_json *table)
{
    const sm_json *flows = sm_json_get(table, "flows");

    for (size_t k = 0; sm_json_len(flows) > 0 && k < sizeof fates / sizeof fates[0]; k++) {
        int64_t rows = 0;

        for (size_t i = 0; i < sm_json_len(flows); i++)
            rows += sm_json_get_int(sm_json_get(sm_json_at(flows, i), "counters"), fates[k], 0);
        sample(s, "smelt_table_rows", pipeline, "table", table_name(table), "fate",
               sm_sv_cstr(fates[k]), (double)rows);
    }
}

static void add_rules(scrape *s, sm_sv pipeline, const sm_json *table)
{
    const sm_json *flows = sm_json_get(table, "flows");

    for (size_t i = 0; i < sm_json_len(flows); i++) {
        const sm_json *rules = sm_json_get(sm_json_at(flows, i), "expectations");

        for (size_t k = 0; i == 0 && k < sm_json_len(rules); k++) {
            const sm_json *rule = sm_json_at(rules, k);

            sample(s, "smelt_expectation_failed_rows", pipeline, "table", table_name(table),
                   "expectation", sm_json_get_sv(rule, "name", SM_SV("")),
                   (double)sm_json_get_int(rule, "failed", 0));
        }
    }
}

static void add_tables(scrape *s)
{
    family(s, "smelt_table_failed", "gauge", "1 when the newest run of the table failed.");
    each_table(s, add_failed);
    family(s, "smelt_table_written_timestamp_seconds", "gauge",
           "When the newest batch of the table was decided.");
    each_table(s, add_written);
    family(s, "smelt_table_lag_seconds", "gauge",
           "How far the table is behind, of those that have a freshness.");
    each_table(s, add_behind);
    family(s, "smelt_table_lag_rows", "gauge",
           "Rows that its sources had and its newest batches left, of those whose sources say it.");
    each_table(s, add_waiting);
    family(s, "smelt_table_stale", "gauge",
           "1 when the table is late (warn_after is over), 2 when it is stale (error_after is).");
    each_table(s, add_stale);
    family(s, "smelt_table_rows", "gauge", "Rows of the newest run of the table, by fate.");
    each_table(s, add_rows);
    family(s, "smelt_expectation_failed_rows", "gauge",
           "Rows of the newest run that broke the expectation.");
    each_table(s, add_rules);
}

/* ---- what flows remember ------------------------------------------------------------------- */

static void add_state(scrape *s, const char *name, const char *key)
{
    for (size_t i = 0; i < s->n; i++) {
        const sm_json *flows = sm_json_get(s->flows[i], "checkpoints");

        for (size_t k = 0; k < sm_json_len(flows); k++) {
            const sm_json *f = sm_json_at(flows, k), *stages = sm_json_get(f, "stages");
            int64_t sum = 0;

            for (size_t m = 0; m < sm_json_len(stages); m++)
                sum += sm_json_get_int(sm_json_at(stages, m), key, 0);
            if (sm_json_len(stages) > 0)
                sample(s, name, name_of(s, i), "flow", sm_json_get_sv(f, "flow", SM_SV("")), NULL,
                       SM_SV(""), (double)sum);
        }
    }
}

/* How far the sources of flows were ahead, by source. */
static void add_lag(scrape *s, const char *name, const char *key)
{
    for (size_t i = 0; i < s->n; i++) {
        const sm_json *flows = sm_json_get(s->flows[i], "checkpoints");

        for (size_t k = 0; k < sm_json_len(flows); k++) {
            const sm_json *f = sm_json_at(flows, k), *lag = sm_json_get(f, "lag");

            for (sm_json_iter it = sm_json_first(lag); sm_json_valid(&it); sm_json_next(&it))
                if (sm_json_get(it.value, key) != NULL)
                    sample(s, name, name_of(s, i), "flow", sm_json_get_sv(f, "flow", SM_SV("")),
                           "source", it.key, (double)sm_json_get_int(it.value, key, 0));
        }
    }
}

static void add_lags(scrape *s)
{
    family(s, "smelt_source_lag_rows", "gauge",
           "Rows that the source had and the newest batch of the flow left.");
    add_lag(s, "smelt_source_lag_rows", "rows");
    family(s, "smelt_source_lag_files", "gauge", "Files, likewise.");
    add_lag(s, "smelt_source_lag_files", "files");
    family(s, "smelt_source_lag_bytes", "gauge", "Bytes of these files.");
    add_lag(s, "smelt_source_lag_bytes", "bytes");
    family(s, "smelt_source_lag_seconds", "gauge",
           "How long the flow was behind the source at its newest batch.");
    add_lag(s, "smelt_source_lag_seconds", "seconds");
}

static void add_flows(scrape *s)
{
    family(s, "smelt_flow_watermark_timestamp_seconds", "gauge", "The event-time horizon.");
    for (size_t i = 0; i < s->n; i++) {
        const sm_json *flows = sm_json_get(s->flows[i], "checkpoints");

        for (size_t k = 0; k < sm_json_len(flows); k++) {
            const sm_json *f = sm_json_at(flows, k);

            if (sm_json_get(f, "watermark") != NULL)
                sample(s, "smelt_flow_watermark_timestamp_seconds", name_of(s, i), "flow",
                       sm_json_get_sv(f, "flow", SM_SV("")), NULL, SM_SV(""),
                       seconds_of(f, "watermark"));
        }
    }
    family(s, "smelt_flow_state_rows", "gauge", "Rows that the flow remembers.");
    add_state(s, "smelt_flow_state_rows", "rows");
    family(s, "smelt_flow_state_bytes", "gauge", "Bytes of what the flow remembers.");
    add_state(s, "smelt_flow_state_bytes", "bytes");
}

/* ---- the program --------------------------------------------------------------------------- */

static double resident_bytes(sm_arena *a)
{
    sm_sv text, pages;
    sm_error ignored;
    int64_t n = 0;

    if (sm_fs_read("/proc/self/statm", 4096, a, &text, &ignored) != SM_OK)
        return 0;
    (void)sm_sv_next(&text, ' ', &pages);
    (void)sm_sv_next(&text, ' ', &pages);
    (void)sm_sv_to_int64(pages, &n);
    return (double)n * (double)sysconf(_SC_PAGESIZE);
}

static void add_program(scrape *s)
{
    sm_http *h = s->c->server;
    struct rusage u;

    family(s, "smelt_build_info", "gauge", "1, with the version of the program.");
    sm_buf_adds(&s->out, "smelt_build_info{");
    add_label(&s->out, "version", h->config.version);
    sm_buf_adds(&s->out, "} 1\n");
    family(s, "smelt_http_requests_total", "counter", "Answers, by class of their status.");
    for (int i = 1; i < 6; i++)
        sm_buf_addf(&s->out, "smelt_http_requests_total{status=\"%dxx\"} %lld\n", i,
                    (long long)sm_atomic_get(&h->requests[i]));
    family(s, "smelt_http_connections", "gauge", "Open connections.");
    sm_buf_addf(&s->out, "smelt_http_connections %zu\n", sm_connections_count(h->connections));
    family(s, "smelt_http_streams", "gauge", "Open streams of events.");
    sm_buf_addf(&s->out, "smelt_http_streams %zu\n", sm_connections_streams(h->connections));
    family(s, "process_start_time_seconds", "gauge", "When the server started.");
    sm_buf_addf(&s->out, "process_start_time_seconds %.3f\n", (double)h->started_ms / 1000);
    if (getrusage(RUSAGE_SELF, &u) == 0) {
        family(s, "process_cpu_seconds_total", "counter", "User and system time.");
        sm_buf_addf(&s->out, "process_cpu_seconds_total %.3f\n",
                    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                        (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    }
    family(s, "process_resident_memory_bytes", "gauge", "Memory in use.");
    sm_buf_addf(&s->out, "process_resident_memory_bytes %.17g\n", resident_bytes(s->c->a));
}

/* ---- the routes ---------------------------------------------------------------------------- */

static sm_code look(scrape *s, sm_sv name, size_t i, sm_error *err)
{
    const sm_site *site = s->c->server->site;
    sm_json *row = NULL, *status = NULL, *flows = NULL;
    sm_view_deployed d;
    void *hold = NULL;
    sm_view v;
    sm_code rc;

    if ((rc = sm_call__deployed(s->c, name, &d, err)) != SM_OK ||
        (rc = site->open(site->ctx, name, s->c->a, &v, &hold, err)) != SM_OK)
        return rc;
    if ((rc = sm_view_deployment(&v, &d, &row, err)) == SM_OK &&
        (rc = sm_view_status(&v, &status, err)) == SM_OK)
        rc = sm_view_checkpoints(&v, &flows, err);
    s->rows[i] = row;
    s->status[i] = status;
    s->flows[i] = flows;
    site->close(site->ctx, hold);
    return rc;
}

sm_code sm_http__metrics(sm_call *c, sm_error *err)
{
    const sm_site *site = c->server->site;
    scrape s = { .c = c };
    sm_sv *names;
    sm_code rc = site->names(site->ctx, c->a, &names, &s.n, err);

    if (rc != SM_OK)
        return rc;
    s.rows = SM_NEW_N(c->a, const sm_json *, s.n + 1);
    s.status = SM_NEW_N(c->a, const sm_json *, s.n + 1);
    s.flows = SM_NEW_N(c->a, const sm_json *, s.n + 1);
    for (size_t i = 0; rc == SM_OK && i < s.n; i++)
        rc = look(&s, names[i], i, err);
    if (rc != SM_OK)
        return rc;
    sm_buf_init(&s.out, TEXT_MAX);
    add_program(&s);
    add_pipelines(&s);
    add_tables(&s);
    add_flows(&s);
    add_lags(&s);
    c->answer.body = sm_arena_dup(c->a, sm_buf_sv(&s.out));
    c->answer.type = "text/plain; version=0.0.4; charset=utf-8";
    c->answer.cache = "no-store";
    sm_buf_release(&s.out);
    return SM_OK;
}

/* Why it cannot do its work. */
static void find_reasons(sm_call *c, sm_json *reasons)
{
    const sm_site *site = c->server->site;
    sm_sv *names;
    size_t n = 0;
    sm_error err;

    if (site->names(site->ctx, c->a, &names, &n, &err) != SM_OK)
        sm_json_append_string(reasons, sm_sv_cstr(err.msg));
    for (size_t i = 0; i < n; i++) {
        void *hold = NULL;
        sm_view v;
        int64_t last;

        if (site->open(site->ctx, names[i], c->a, &v, &hold, &err) != SM_OK ||
            (v.store != NULL && sm_store_events_last(v.store, &last, &err) != SM_OK))
            sm_json_append_string(reasons,
                                  sm_arena_printf(c->a, "%.*s: %s", SM_SV_ARG(names[i]), err.msg));
        if (hold != NULL)
            site->close(site->ctx, hold);
    }
}

sm_code sm_http__readyz(sm_call *c, sm_error *err)
{
    sm_json *doc = sm_json_object(c->a), *reasons = sm_json_array(c->a);
    bool ready;

    (void)err;
    find_reasons(c, reasons);
    ready = sm_json_len(reasons) == 0;
    c->answer.status = ready ? 200 : 503;
    c->answer.cache = "no-store";
    if (c->who.role == SM_ROLE_NONE) {
        c->answer.body = ready ? SM_SV("ok\n") : SM_SV("not\n");
        c->answer.type = "text/plain; charset=utf-8";
        return SM_OK;
    }
    sm_json_set_bool(doc, "ready", ready);
    sm_json_set(doc, "reasons", reasons);
    c->answer.doc = doc;
    return SM_OK;
}
