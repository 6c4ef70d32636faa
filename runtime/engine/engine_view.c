/* SPDX-License-Identifier: Apache-2.0 */
/* engine_view.c -- views of a session: names that stand for the text of a SELECT.
 *
 * A view of DuckDB's catalog is a statement of its own, which binds the SELECT; the query that
 * names the view binds it again.  A batch makes one for each of its inputs, so here nothing is
 * made:
 *
 *     query ─▶ DuckDB meets a table that it does not have
 *           ─▶ sm_engine__view_named() says: query('<the SELECT>'), DuckDB's own function, in whose
 *              place the SELECT stands
 *
 * DuckDB binds on the thread that asks, so the session that asks hangs on the thread. */
#include <stdlib.h>

#include "runtime/engine/engine_int.h"

typedef struct sm_session_name {
    sm_sv name, select; /* on the heap, the SELECT terminated */
    struct sm_session_name *next;
} sm_session_name;

/* The session that this thread asks something. */
static _Thread_local const sm_session *view_session;

const sm_session *sm_engine__asks(const sm_session *s)
{
    const sm_session *before = view_session;

    view_session = s;
    return before;
}

static sm_session_name *view_find(const sm_session *s, sm_sv name)
{
    sm_session_name *v = s->views;

    while (v != NULL && !sm_sv_eq_nocase(v->name, name))
        v = v->next;
    return v;
}

void sm_engine__view_named(duckdb_replacement_scan_info info, const char *name)
{
    const sm_session_name *v = view_session ? view_find(view_session, sm_sv_cstr(name)) : NULL;
    duckdb_value text;

    if (v == NULL)
        return;
    text = sm_duck.create_varchar_length(v->select.ptr, v->select.len);
    sm_duck.replacement_scan_set_function_name(info, "query");
    sm_duck.replacement_scan_add_parameter(info, text);
    sm_duck.destroy_value(&text);
}

static sm_sv view_text(sm_sv text)
{
    char *copy = sm_xmalloc(text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (sm_sv){ copy, text.len };
}

void sm_session_view(sm_session *s, sm_sv name, sm_sv select)
{
    sm_session_name *v = view_find(s, name);

    if (v == NULL) {
        v = sm_xcalloc(1, sizeof *v);
        v->name = view_text(name);
        v->next = s->views;
        s->views = v;
    }
    free((char *)(uintptr_t)v->select.ptr);
    v->select = view_text(select);
}

void sm_engine__views_free(sm_session *s)
{
    for (sm_session_name *v = s->views, *next; v != NULL; v = next) {
        next = v->next;
        free((char *)(uintptr_t)v->name.ptr);
        free((char *)(uintptr_t)v->select.ptr);
        free(v);
    }
    s->views = NULL;
}
