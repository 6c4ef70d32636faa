/* SPDX-License-Identifier: Apache-2.0 */
/* report_github.c -- findings as workflow commands, which GitHub shows beside the lines.
 *
 *     ::error file=pipeline.yml,line=41,col=21,title=SM0203%3A an unknown column::message */
#include "ui/view/report.h"

/* In a message % \r \n, in a property also : and , */
static void add_escaped(sm_buf *b, sm_sv s, bool property)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            sm_buf_addf(b, "%%%02X", (unsigned)(unsigned char)c);
        else
            sm_buf_addc(b, c);
    }
}

/* Foreign control characters must not drive the terminal of who reads the log. */
static void add_text(sm_buf *b, sm_sv s, bool property)
{
    sm_sv rest = s, line;
    sm_buf safe;

    for (bool first = true; sm_sv_next(&rest, '\n', &line); first = false) {
        if (!first)
            add_escaped(b, SM_SV("\n"), property);
        sm_buf_init(&safe, 256 * 1024);
        sm_buf_add_safe(&safe, line);
        add_escaped(b, sm_buf_sv(&safe), property);
        sm_buf_release(&safe);
    }
}

static void add_place(const sm_report *r, const sm_json *at, sm_buf *b)
{
    sm_sv file = sm_json_get_sv(at, "file", SM_SV(""));
    int64_t line = sm_json_get_int(at, "line", 0), column = sm_json_get_int(at, "column", 0);

    if (file.len == 0)
        return;
    sm_buf_adds(b, "file=");
    add_text(b, sm_report_file(r, file), true);
    if (line > 0)
        sm_buf_addf(b, ",line=%lld", (long long)line);
    if (line > 0 && column > 0)
        sm_buf_addf(b, ",col=%lld", (long long)column);
    sm_buf_addc(b, ',');
}

void sm_report_github(const sm_report *r, sm_buf *out)
{
    const sm_finding *found;
    size_t n;

    sm_report_findings(r, &found, &n);
    for (size_t i = 0; i < n; i++) {
        const sm_finding *f = &found[i];

        sm_buf_addf(out, "::%s ", strcmp(f->level, "note") == 0 ? "notice" : f->level);
        add_place(r, f->at, out);
        sm_buf_adds(out, "title=");
        if (r->of == SM_REPORT_OF_VALIDATE) {
            add_text(out, f->rule, true);
            add_escaped(out, SM_SV(": "), true);
        }
        add_text(out, f->title, true);
        sm_buf_adds(out, "::");
        add_text(out, f->message, false);
        if (f->hint.len > 0) {
            add_escaped(out, SM_SV("\nhint: "), false);
            add_text(out, f->hint, false);
        }
        sm_buf_addc(out, '\n');
    }
}
