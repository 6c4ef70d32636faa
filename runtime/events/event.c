/* SPDX-License-Identifier: Apache-2.0 */
/* event.c -- the table of event types, and the check of an event against it. */
#include "runtime/events/event.h"

#include "runtime/base/json.h"

#include <assert.h>
#include <string.h>

#define EVENT_ROW(type, usual, sentence, list)                                                     \
    [SM_EVENT_##                                                                                   \
        type] = { .name = #type, .level = SM_EVENT_##usual, .meaning = sentence, .fields = list },
static const sm_event_type_def types[] = { SM_EVENT_TYPES(EVENT_ROW) };
#undef EVENT_ROW

const sm_event_type_def *sm_event_type_get(sm_event_type type)
{
    assert(type < SM_EVENT_TYPE_COUNT);
    return &types[type];
}

sm_event_type sm_event_type_find(sm_sv name)
{
    int i = 0;

    while (i < SM_EVENT_TYPE_COUNT && !sm_sv_eq(name, sm_sv_cstr(types[i].name)))
        i++;
    return (sm_event_type)i;
}

sm_event_rec sm_event_make(sm_event_type type, int64_t run, sm_sv message)
{
    const sm_event_type_def *t = sm_event_type_get(type);

    return (sm_event_rec){
        .run = run,
        .level = t->level,
        .type = sm_sv_cstr(t->name),
        .batch = -1,
        .message = message,
    };
}

sm_event_rec sm_event_make_flow(sm_event_type type, int64_t run, sm_sv dataset, sm_sv flow,
                                int64_t batch, sm_sv message)
{
    sm_event_rec e = sm_event_make(type, run, message);

    e.dataset = dataset;
    e.flow = flow;
    e.batch = batch;
    return e;
}

/* ---- the check ---- */

/* The next "name type" of a field list; false at its end. */
static bool next_field(sm_sv *rest, sm_sv *name, bool *optional, sm_sv *type)
{
    sm_sv field;

    if (!sm_sv_next(rest, ',', &field))
        return false;
    field = sm_sv_trim(field);
    sm_sv_next(&field, ' ', name);
    *type = sm_sv_trim(field);
    *optional = sm_sv_ends(*name, SM_SV("?"));
    if (*optional)
        name->len--;
    return true;
}

static bool has_type(const sm_json *value, sm_sv type)
{
    static const struct {
        const char *name;
        bool (*is)(const sm_json *);
    } kinds[] = {
        { "int", sm_json_is_int },   { "num", sm_json_is_number }, { "text", sm_json_is_string },
        { "bool", sm_json_is_bool }, { "list", sm_json_is_array }, { "object", sm_json_is_object },
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sm_sv_eq_str(type, kinds[i].name))
            return kinds[i].is(value);
    }
    return false;
}

static sm_code check_field(const sm_event_type_def *t, const sm_json *details, sm_sv name,
                           bool optional, sm_sv type, sm_error *err)
{
    const sm_json *value = sm_json_get_by(details, name);

    if (value == NULL && optional)
        return SM_OK;
    if (value == NULL)
        return sm_fail(err, SM_E_INVALID, 0, "event \"%s\" has no field \"%.*s\"", t->name,
                       SM_SV_ARG(name));
    if (!has_type(value, type))
        return sm_fail(err, SM_E_INVALID, 0, "field \"%.*s\" of event \"%s\" is not %.*s",
                       SM_SV_ARG(name), t->name, SM_SV_ARG(type));
    return SM_OK;
}

static bool is_declared(const sm_event_type_def *t, sm_sv key)
{
    sm_sv rest = sm_sv_cstr(t->fields);
    sm_sv name;
    sm_sv type;
    bool optional;

    while (next_field(&rest, &name, &optional, &type)) {
        if (sm_sv_eq(name, key))
            return true;
    }
    return false;
}

static sm_code check_details(const sm_event_type_def *t, const sm_json *details, sm_error *err)
{
    sm_sv rest = sm_sv_cstr(t->fields);
    sm_sv name;
    sm_sv type;
    bool optional;
    sm_code rc;

    while (next_field(&rest, &name, &optional, &type)) {
        if ((rc = check_field(t, details, name, optional, type, err)) != SM_OK)
            return rc;
    }
    for (sm_json_iter it = sm_json_first(details); sm_json_valid(&it); sm_json_next(&it)) {
        if (!is_declared(t, it.key) && !sm_sv_eq(it.key, SM_SV("truncated")))
            return sm_fail(err, SM_E_INVALID, 0, "event \"%s\" declares no field \"%.*s\"", t->name,
                           SM_SV_ARG(it.key));
    }
    return SM_OK;
}

sm_code sm_event_check(const sm_event_rec *e, sm_error *err)
{
    sm_event_type type = sm_event_type_find(e->type);
    sm_arena *a = NULL;
    sm_json *details = NULL;
    sm_code rc;

    if (type == SM_EVENT_TYPE_COUNT)
        return sm_fail(err, SM_E_INVALID, 0, "there is no event type \"%.*s\"", SM_SV_ARG(e->type));
    a = sm_arena_new("event check");
    rc = sm_json_parse(e->details.len ? e->details : SM_SV("{}"), a, &details, err);
    if (rc == SM_OK && !sm_json_is_object(details))
        rc = sm_fail(err, SM_E_INVALID, 0, "details of event \"%.*s\" are no object",
                     SM_SV_ARG(e->type));
    if (rc == SM_OK)
        rc = check_details(&types[type], details, err);
    sm_arena_free(a);
    return rc;
}
