/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_error.c -- what libyaml stumbled over, in words that say what to do.
 *
 * libyaml speaks of its own states ("mapping values are not allowed in this context").  Each
 * of its sentences is a row here: ours, the fix, and which of its two marks is the place to
 * look at.  Where one sentence covers several mistakes a function looks at the file.
 */
#include "pipelines/spec/yaml_int.h"

#include <string.h>

typedef struct look {
    const sm_yaml_doc *doc;
    const sm_yaml_fault *fault;
    sm_diags *d;
} look;

typedef struct sentence {
    const char *what; /* libyaml's context, or a part of it; NULL: any */
    const char *why;  /* libyaml's problem, or a part of it; NULL: any */
    const char *code;
    bool at_context; /* place it where the thing began, not where it went wrong */
    const char *text, *hint;
    void (*tell)(const look *l); /* instead of text and hint */
} sentence;

static char char_at(const sm_yaml_doc *doc, uint32_t byte)
{
    return byte < doc->src.len ? doc->src.ptr[byte] : '\0';
}

static uint32_t line_start(const sm_yaml_doc *doc, uint32_t byte)
{
    while (byte > 0 && doc->src.ptr[byte - 1] != '\n')
        byte--;
    return byte;
}

static uint32_t line_end(const sm_yaml_doc *doc, uint32_t byte)
{
    while (byte < doc->src.len && !strchr("\r\n", doc->src.ptr[byte]))
        byte++;
    return byte;
}

/* From `byte` to the end of its word, at least one character. */
static sm_span word_at(const sm_yaml_doc *doc, uint32_t byte)
{
    uint32_t end = byte;

    while (end < doc->src.len && !strchr(" \t\r\n,]}", doc->src.ptr[end]))
        end++;
    return sm_yaml__span(doc, byte, end > byte || end == doc->src.len ? end : byte + 1);
}

/* True when only blanks stand before `byte` on its line. */
static bool first_on_line(const sm_yaml_doc *doc, uint32_t byte)
{
    for (uint32_t i = line_start(doc, byte); i < byte; i++)
        if (doc->src.ptr[i] != ' ' && doc->src.ptr[i] != '\t')
            return false;
    return true;
}

static void tell_character(const look *l)
{
    uint32_t at = l->fault->problem;
    char c = char_at(l->doc, at);

    if (c == '\t') {
        sm_diag_add(l->d, "SM0101", sm_yaml__span(l->doc, at, at + 1),
                    "a tab stands where YAML indents, and YAML indents with spaces only");
        sm_diag_hint(l->d, "replace the tab with spaces");
        return;
    }
    sm_diag_add(l->d, "SM0101", word_at(l->doc, at), "a value cannot begin with \"%c\"", c);
    sm_diag_hint(l->d, "put the value in quotes");
}

static void tell_second_colon(const look *l)
{
    uint32_t at = l->fault->problem, start = line_start(l->doc, at);
    const char *line = l->doc->src.ptr + start;
    bool second = false;

    for (uint32_t i = 0; start + i + 1 < at; i++)
        second = second || (line[i] == ':' && line[i + 1] == ' ');
    if (second) {
        sm_diag_add(l->d, "SM0101", sm_yaml__span(l->doc, at, at + 1),
                    "a second \": \" in a value that is not in quotes");
        sm_diag_hint(l->d, "put the value in quotes, or begin a new line");
        return;
    }
    while (start < at && char_at(l->doc, start) == ' ')
        start++;
    sm_diag_add(l->d, "SM0101", sm_yaml__span(l->doc, start, at),
                "this key stands deeper than the line above allows");
    sm_diag_hint(l->d, "keys of one map begin in the same column; a key that has a value on its "
                       "own line has no keys below it");
}

static void tell_no_colon(const look *l)
{
    uint32_t at = l->fault->context, end = line_end(l->doc, at), colon = at;
    sm_span span = sm_yaml__span(l->doc, at, end);

    while (colon < end && char_at(l->doc, colon) != ':')
        colon++;
    if (colon < end && char_at(l->doc, colon + 1) != ' ' && colon + 1 < end) {
        sm_diag_add(l->d, "SM0101", span,
                    "no space after the colon, so this is no key with a value");
        sm_diag_hint(l->d, "write \"%.*s: …\"", (int)(colon - at), l->doc->src.ptr + at);
        return;
    }
    sm_diag_add(l->d, "SM0101", span, "this line is no \"key: value\"");
    sm_diag_hint(l->d, "a key is followed by a colon and a space; a text of several lines stands "
                       "below \"|\", indented");
}

static void tell_more_text(const look *l, sm_span span)
{
    uint32_t at = l->fault->problem;
    char c = char_at(l->doc, at);

    if (c == '}' || c == ']') {
        sm_diag_add(l->d, "SM0101", span, "this \"%c\" closes nothing", c);
        sm_diag_hint(l->d, "remove it, or put the value in quotes");
        return;
    }
    sm_diag_add(l->d, "SM0101", span, "more text behind a value that had ended");
    if (at > 0 && strchr("'\"", char_at(l->doc, at - 1)))
        sm_diag_hint(l->d, "put the whole value in one pair of quotes, inside '…' a quote is "
                           "written twice; or a quote further up is not closed");
    else
        sm_diag_hint(l->d, "put the whole value in one pair of quotes");
}

static void tell_no_key(const look *l)
{
    uint32_t at = l->fault->problem, from = l->fault->context;
    sm_span span = word_at(l->doc, at), map = sm_yaml__span(l->doc, from, from);

    if (!first_on_line(l->doc, at)) {
        tell_more_text(l, span);
        return;
    }
    if (span.column == map.column) {
        sm_diag_add(l->d, "SM0101", span, "expected \"key: value\" here");
        sm_diag_hint(l->d, "a list and keys cannot be mixed on one level");
        return;
    }
    sm_diag_add(l->d, "SM0101", span, "this line begins in column %u, and no level around it does",
                span.column);
    sm_diag_hint(l->d, "keys and items of one level begin in the same column");
    sm_diag_see(l->d, map, "the level around it begins here");
}

static void tell_not_closed(const look *l)
{
    sm_span opened = sm_yaml__span(l->doc, l->fault->context, l->fault->context + 1);
    sm_span stopped = word_at(l->doc, l->fault->problem);
    const char *close = strstr(l->fault->why, "]") ? "]" : "}";

    if (opened.line == stopped.line && l->fault->problem < l->doc->src.len) {
        sm_diag_add(l->d, "SM0101", stopped, "expected \",\" or \"%s\" here", close);
        sm_diag_hint(l->d, "put a value in quotes that has a comma, a bracket or \": \" in it");
        return;
    }
    sm_diag_add(l->d, "SM0101", opened, "this \"%c\" is never closed",
                char_at(l->doc, l->fault->context));
    sm_diag_hint(l->d, "add the missing \"%s\"", close);
}

static void tell_escape(const look *l)
{
    uint32_t at = l->fault->problem;

    while (at > 0 && char_at(l->doc, at) != '\\')
        at--;
    sm_diag_add(l->d, "SM0101", sm_yaml__span(l->doc, at, at + 2),
                "\"\\%c\" means nothing in double quotes", char_at(l->doc, at + 1));
    sm_diag_hint(l->d, "use single quotes, where a backslash is a backslash, or write \"\\\\\"");
}

static const sentence sentences[] = {
    { .why = "found character that cannot start any token", .tell = tell_character },
    { .why = "mapping values are not allowed", .tell = tell_second_colon },
    { .why = "could not find expected ':'", .tell = tell_no_colon },
    { .why = "did not find expected key", .tell = tell_no_key },
    { .why = "did not find expected '-' indicator", .tell = tell_no_key },
    { .why = "did not find expected ',' or", .tell = tell_not_closed },
    { .why = "found unknown escape character", .tell = tell_escape },
    { .what = "while scanning a quoted scalar",
      .why = "found unexpected",
      .at_context = true,
      .text = "this quote is never closed",
      .hint = "add the missing quote; inside '…' a quote is written twice" },
    { .what = "while parsing a quoted scalar",
      .text = "\\x, \\u and \\U are followed by 2, 4 and 8 hexadecimal digits of a character",
      .hint = "use single quotes, where a backslash is a backslash" },
    { .what = "while scanning an alias",
      .at_context = true,
      .text = "\"*\" begins the name of an anchor, and no name follows",
      .hint = "put a value in quotes that begins with \"*\"" },
    { .what = "while scanning an anchor",
      .at_context = true,
      .text = "\"&\" begins the name of an anchor, and no name follows",
      .hint = "put a value in quotes that begins with \"&\"" },
    { .what = " a tag",
      .code = "SM0107",
      .at_context = true,
      .text = "\"!\" begins a tag, and tags are not allowed",
      .hint = "put a value in quotes that begins with \"!\"" },
    { .what = "while parsing a node",
      .why = "tag handle",
      .code = "SM0107",
      .at_context = true,
      .text = "\"!\" begins a tag, and tags are not allowed",
      .hint = "put a value in quotes that begins with \"!\"" },
    { .what = "while scanning a block scalar",
      .why = "tab character",
      .text = "a tab stands where YAML indents, and YAML indents with spaces only",
      .hint = "replace the tab with spaces" },
    { .what = "while scanning a block scalar",
      .text = "nothing but a comment may follow \"|\" or \">\" on its line",
      .hint = "begin the text on the next line, indented" },
    { .what = "while scanning a plain scalar",
      .why = "tab character",
      .text = "a tab stands where YAML indents, and YAML indents with spaces only",
      .hint = "replace the tab with spaces" },
    { .what = "while scanning a plain scalar",
      .why = "found unexpected ':'",
      .text = "a colon without a space in a value that is not in quotes",
      .hint = "put the value in quotes" },
    { .what = "directive",
      .at_context = true,
      .text = "\"%\" in the first column begins a directive of YAML, and this is none",
      .hint = "remove the line, or put the value in quotes" },
    { .why = "directive", .text = "a directive of YAML stands here twice", .hint = "remove it" },
    { .why = "incompatible YAML document",
      .text = "this is a directive for another version of YAML; smelt reads 1.2",
      .hint = "remove the line" },
    { .why = "block sequence entries are not allowed",
      .text = "a list cannot begin here",
      .hint = "begin each \"- item\" on a line of its own, below the key" },
    { .why = "mapping keys are not allowed",
      .text = "a \"?\" cannot stand here",
      .hint = "put a value in quotes that begins with \"? \"" },
    { .why = "did not find expected node content",
      .text = "a value is missing before this character",
      .hint = "put a value in quotes that begins with one of , [ ] { }" },
    { .why = "did not find expected <document start>",
      .text = "the file goes on behind its end: this line stands further left than its first key",
      .hint = "keys of the top level begin in the first column" },
};

static bool matches(const char *part, const char *libyaml)
{
    return !part || (libyaml && strstr(libyaml, part));
}

void sm_yaml__tell(const sm_yaml_doc *doc, const sm_yaml_fault *fault, sm_diags *d)
{
    look l = { doc, fault, d };

    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        const sentence *s = &sentences[i];

        if (!matches(s->what, fault->what) || !matches(s->why, fault->why))
            continue;
        if (s->tell) {
            s->tell(&l);
            return;
        }
        sm_diag_add(d, s->code ? s->code : "SM0101",
                    word_at(doc, s->at_context ? fault->context : fault->problem), "%s", s->text);
        sm_diag_hint(d, "%s", s->hint);
        return;
    }
    sm_diag_add(d, "SM0101", word_at(doc, fault->problem), "not valid YAML: %s", fault->why);
}
