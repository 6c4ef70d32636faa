/* SPDX-License-Identifier: Apache-2.0 */
/* specifiers.c -- see the header.
 *
 * No parser: a word `from` or `import`, perhaps a bracket, then a quoted text that is exactly a
 * name of the list. */
#include "ui/web/specifiers.h"

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.';
}

static bool word_at(sm_sv s, size_t at, sm_sv word)
{
    return (at == 0 || !is_name(s.ptr[at - 1])) && sm_sv_starts(sm_sv_sub(s, at, s.len), word);
}

static size_t skip_space(sm_sv s, size_t at)
{
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\n'))
        at++;
    return at;
}

/* Where the quoted text behind an import begins; 0: there is none at `at`. */
static size_t quoted_at(sm_sv s, size_t at)
{
    size_t i;

    if (word_at(s, at, SM_SV("from")))
        i = skip_space(s, at + 4);
    else if (word_at(s, at, SM_SV("import")))
        i = skip_space(s, at + 6);
    else
        return 0;
    if (i < s.len && s.ptr[i] == '(')
        i = skip_space(s, i + 1);
    return i < s.len && (s.ptr[i] == '"' || s.ptr[i] == '\'') ? i + 1 : 0;
}

static const sm_specifier *named(const sm_specifier *list, sm_sv s, size_t at)
{
    for (; list->name != NULL; list++) {
        sm_sv name = sm_sv_cstr(list->name);
        size_t end = at + name.len;

        if (end < s.len && s.ptr[end] == s.ptr[at - 1] &&
            sm_sv_eq(sm_sv_sub(s, at, name.len), name))
            return list;
    }
    return NULL;
}

static void add_relative(sm_sv from, const char *to, sm_buf *out)
{
    bool deeper = false;

    for (size_t i = 0; i < from.len; i++) {
        if (from.ptr[i] != '/')
            continue;
        sm_buf_adds(out, "../");
        deeper = true;
    }
    sm_buf_addf(out, "%s%s", deeper ? "" : "./", to);
}

void sm_specifiers_rewrite(sm_sv script, sm_sv path, const sm_specifier *list, sm_buf *out)
{
    size_t done = 0;

    for (size_t i = 0; i < script.len; i++) {
        size_t at = script.ptr[i] == 'f' || script.ptr[i] == 'i' ? quoted_at(script, i) : 0;
        const sm_specifier *s = at == 0 ? NULL : named(list, script, at);

        if (s == NULL)
            continue;
        sm_buf_add(out, sm_sv_sub(script, done, at - done));
        add_relative(path, s->path, out);
        done = at + strlen(s->name);
        i = done;
    }
    sm_buf_add(out, sm_sv_sub(script, done, script.len));
}
