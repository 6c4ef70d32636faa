/* SPDX-License-Identifier: Apache-2.0 */
/* report_sarif.c -- findings as SARIF 2.1.0 (OASIS): one run of one tool.
 *
 * The rules of validate are the table of codes, all of it; those of a run are the expectations
 * that did not hold.  Columns count characters, as ours do. */
#include "runtime/base/diag.h"
#include "ui/view/report.h"

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static sm_json *text_object(sm_arena *a, sm_sv text)
{
    sm_json *o = sm_json_object(a);

    sm_json_set_string(o, "text", text);
    return o;
}

/* ---- rules ------------------------------------------------------------------------- */

static sm_json *rule_object(sm_arena *a, sm_sv id, sm_sv title, sm_sv help, const char *level)
{
    sm_json *o = sm_json_object(a), *how = sm_json_object(a);

    sm_json_set_string(o, "id", id);
    sm_json_set(o, "shortDescription", text_object(a, title));
    if (help.len > 0) {
        sm_json_set(o, "fullDescription", text_object(a, help));
        sm_json_set(o, "help", text_object(a, help));
    }
    sm_json_set_string(how, "level", sm_sv_cstr(level));
    sm_json_set(o, "defaultConfiguration", how);
    return o;
}

static void add_codes(sm_arena *a, sm_json *rules)
{
    size_t n;
    const sm_diag_def *defs = sm_diag_defs(&n);

    for (size_t i = 0; i < n; i++) {
        sm_sv id = sm_sv_cstr(defs[i].id);
        sm_json *tags = sm_json_array(a), *properties = sm_json_object(a);
        sm_json *o = rule_object(a, id, sm_sv_cstr(defs[i].title), sm_sv_cstr(defs[i].explanation),
                                 defs[i].severity == SM_SEVERITY_ERROR ? "error" : "warning");

        sm_json_append_string(tags, sm_sv_cstr(sm_diag_area(id)));
        sm_json_set(properties, "tags", tags);
        sm_json_set(o, "properties", properties);
        sm_json_append(rules, o);
    }
}

/* The number of the rule, which is added when it is not there yet. */
static size_t index_of(sm_arena *a, sm_json *rules, const sm_finding *f)
{
    for (size_t i = 0; i < sm_json_len(rules); i++)
        if (sm_sv_eq(sm_json_get_sv(sm_json_at(rules, i), "id", SM_SV("")), f->rule))
            return i;
    sm_json_append(rules, rule_object(a, f->rule, f->title, SM_SV(""), f->level));
    return sm_json_len(rules) - 1;
}

/* ---- places ------------------------------------------------------------------------ */

static bool stays_in_uri(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("-._~/", c) != NULL;
}

static sm_sv uri(const sm_report *r, sm_sv path)
{
    sm_sv out;
    sm_buf b;

    sm_buf_init(&b, 64 * 1024);
    if (sm_sv_starts(path, SM_SV("/")))
        sm_buf_adds(&b, "file://");
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] != '\0' && stays_in_uri(path.ptr[i]))
            sm_buf_addc(&b, path.ptr[i]);
        else
            sm_buf_addf(&b, "%%%02X", (unsigned)(unsigned char)path.ptr[i]);
    out = sm_arena_dup(r->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

static sm_json *region(sm_arena *a, const sm_json *at)
{
    int64_t line = sm_json_get_int(at, "line", 0), column = sm_json_get_int(at, "column", 0);
    int64_t end_line = sm_json_get_int(at, "end_line", 0);
    int64_t end_column = sm_json_get_int(at, "end_column", 0);
    sm_json *o = sm_json_object(a);

    sm_json_set_int(o, "startLine", line);
    if (column > 0)
        sm_json_set_int(o, "startColumn", column);
    if (column > 0 && end_column > 0 &&
        (end_line > line || (end_line == line && end_column >= column))) {
        sm_json_set_int(o, "endLine", end_line);
        sm_json_set_int(o, "endColumn", end_column);
    }
    return o;
}

static sm_json *location(const sm_report *r, const sm_json *at)
{
    sm_json *where = sm_json_object(r->a), *physical = sm_json_object(r->a);
    sm_json *o = sm_json_object(r->a);
    sm_sv file = sm_report_file(r, sm_json_get_sv(at, "file", SM_SV("")));

    sm_json_set_string(where, "uri", uri(r, file));
    if (!sm_sv_starts(file, SM_SV("/")))
        sm_json_set_string(where, "uriBaseId", SM_SV("%SRCROOT%"));
    sm_json_set(physical, "artifactLocation", where);
    if (sm_json_get_int(at, "line", 0) > 0)
        sm_json_set(physical, "region", region(r->a, at));
    sm_json_set(o, "physicalLocation", physical);
    return o;
}

static bool has_place(const sm_json *at)
{
    return sm_json_get_sv(at, "file", SM_SV("")).len > 0;
}

/* ---- results ----------------------------------------------------------------------- */

static sm_json *result(const sm_report *r, const sm_finding *f, size_t rule)
{
    sm_json *o = sm_json_object(r->a), *at = sm_json_array(r->a), *see = sm_json_array(r->a);
    sm_sv text = f->message;

    if (f->hint.len > 0)
        text = sm_arena_printf(r->a, "%.*s\nhint: %.*s", SM_SV_ARG(text), SM_SV_ARG(f->hint));
    sm_json_set_string(o, "ruleId", f->rule);
    sm_json_set_int(o, "ruleIndex", (int64_t)rule);
    sm_json_set_string(o, "level", sm_sv_cstr(f->level));
    sm_json_set(o, "message", text_object(r->a, text));
    if (has_place(f->at))
        sm_json_append(at, location(r, f->at));
    sm_json_set(o, "locations", at);
    for (size_t i = 0; i < sm_json_len(f->see); i++) {
        const sm_json *note = sm_json_at(f->see, i);
        sm_json *place = has_place(note) ? location(r, note) : sm_json_object(r->a);

        sm_json_set(place, "message", text_object(r->a, sm_json_get_sv(note, "label", SM_SV(""))));
        sm_json_append(see, place);
    }
    if (sm_json_len(see) > 0)
        sm_json_set(o, "relatedLocations", see);
    return o;
}

void sm_report_sarif(const sm_report *r, sm_buf *out)
{
    sm_arena *a = r->a;
    sm_json *log = sm_json_object(a), *runs = sm_json_array(a), *run = sm_json_object(a);
    sm_json *tool = sm_json_object(a), *driver = sm_json_object(a), *rules = sm_json_array(a);
    sm_json *results = sm_json_array(a);
    const sm_finding *found;
    size_t n;

    if (r->of == SM_REPORT_OF_VALIDATE)
        add_codes(a, rules);
    sm_report_findings(r, &found, &n);
    for (size_t i = 0; i < n; i++)
        sm_json_append(results, result(r, &found[i], index_of(a, rules, &found[i])));
    sm_json_set_string(driver, "name", SM_SV("smelt"));
    sm_json_set_string(driver, "version", sm_sv_cstr(r->version));
    sm_json_set_string(driver, "semanticVersion", sm_sv_cstr(r->version));
    sm_json_set(driver, "rules", rules);
    sm_json_set(tool, "driver", driver);
    sm_json_set(run, "tool", tool);
    sm_json_set_string(run, "columnKind", SM_SV("unicodeCodePoints"));
    sm_json_set(run, "results", results);
    sm_json_append(runs, run);
    sm_json_set_string(log, "$schema", SM_SV(SCHEMA));
    sm_json_set_string(log, "version", SM_SV("2.1.0"));
    sm_json_set(log, "runs", runs);
    sm_buf_add(out, sm_json_dump(log, SM_JSON_PRETTY, a));
    sm_buf_addc(out, '\n');
}
