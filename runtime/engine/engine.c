/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c -- open DuckDB when first needed, and lock it down.
 *
 * An engine goes through three steps and then never changes:
 *
 *     configure   what must be known before the database exists: threads, memory, no
 *                 extension is ever installed or loaded
 *     install     our own functions: smelt_rules, smelt_read, smelt_relation
 *     lock        the folders that SQL may touch, then no other access to the outside, then
 *                 no change of any setting (DuckDB enforces the order)
 *
 * `PRAGMA disable_optimizer` still works after the lock (it belongs to a connection) and is
 * used by engine_bind.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/sqltext.h"
#include "runtime/engine/engine_int.h"

/* What never depends on the caller. */
static const char *const engine_fixed[][2] = {
    { "autoinstall_known_extensions", "false" },
    { "autoload_known_extensions", "false" },
    { "allow_community_extensions", "false" },
    { "preserve_insertion_order", "false" },
    { "enable_external_file_cache", "false" }, /* files are read once; the memory is better spent */
    { "errors_as_json", "true" },              /* engine_error.c reads them */
};

static sm_code config_set(duckdb_config config, const char *name, const char *value, sm_error *err)
{
    if (sm_duck.set_config(config, name, value) != DuckDBSuccess)
        return sm_fail(err, SM_E_INVALID, 0, "the engine does not take \"%s\" as %s", value, name);
    return SM_OK;
}

static sm_code config_set_sv(duckdb_config config, const char *name, sm_sv value, sm_error *err)
{
    char *text = NULL;
    sm_code rc = sm_engine__cstr(value, &text, err);

    if (rc == SM_OK)
        rc = config_set(config, name, text, err);
    free(text);
    return rc;
}

static sm_code config_fill(duckdb_config config, const sm_engine_config *c, sm_error *err)
{
    char threads[16];
    sm_code rc;

    snprintf(threads, sizeof threads, "%d", c->threads > 0 ? c->threads : sm_cpu_count());
    if ((rc = config_set(config, "threads", threads, err)) != SM_OK)
        return rc;
    if (c->memory_limit.len > 0 &&
        (rc = config_set_sv(config, "memory_limit", c->memory_limit, err)) != SM_OK)
        return rc;
    if ((rc = config_set_sv(config, "temp_directory", c->temp_directory, err)) != SM_OK)
        return rc;
    for (size_t i = 0; i < sizeof engine_fixed / sizeof engine_fixed[0]; i++)
        if ((rc = config_set(config, engine_fixed[i][0], engine_fixed[i][1], err)) != SM_OK)
            return rc;
    return SM_OK;
}

static sm_code engine_start(sm_engine *e, const sm_engine_config *c, sm_error *err)
{
    duckdb_config config = NULL;
    char *why = NULL;
    sm_code rc;

    if (sm_duck.create_config(&config) != DuckDBSuccess) {
        rc = sm_fail(err, SM_E_INVALID, 0, "could not configure the engine");
        goto done;
    }
    if ((rc = config_fill(config, c, err)) != SM_OK)
        goto done;
    if (sm_duck.open_ext(NULL, &e->db, config, &why) != DuckDBSuccess) {
        rc = sm_engine__fail(e, why, err);
        sm_wrap(err, "could not open the engine");
        goto done;
    }
    if (sm_duck.connect(e->db, &e->con) != DuckDBSuccess)
        rc = sm_fail(err, SM_E_SQL, 0, "could not connect to the engine");
done:
    sm_duck.free(why);
    sm_duck.destroy_config(&config);
    return rc;
}

static sm_code engine_install(sm_engine *e, sm_error *err)
{
    sm_code rc;

    if ((rc = sm_engine__rules_install(e, err)) == SM_OK &&
        (rc = sm_engine__reader_install(e, err)) == SM_OK)
        rc = sm_engine__bind_install(e, err);
    return rc;
}

/* DuckDB takes 80 % of what the machine or its control group has; ours is 75.  What it says is
 * "12.4 GiB", and it takes the same form. */
static sm_code engine_memory(sm_session *s, const sm_engine_config *c, sm_buf *sql, sm_error *err)
{
    sm_arena *a;
    sm_sv text;
    double n;
    char unit[8];
    sm_code rc;

    if (c->memory_limit.len > 0)
        return SM_OK;
    a = sm_arena_new("memory limit");
    rc = sm_session_text(s, SM_SV("SELECT current_setting('memory_limit')"), a, &text, err);
    if (rc == SM_OK && sscanf(text.ptr, "%lf %7s", &n, unit) == 2)
        sm_buf_addf(sql, "SET GLOBAL memory_limit = '%.1f %s'; ", n * 75 / 80, unit);
    sm_arena_free(a);
    return rc;
}

static sm_code engine_lock(sm_engine *e, const sm_engine_config *c, sm_error *err)
{
    sm_session s = { .e = e, .con = e->con };
    sm_buf sql;
    sm_code rc;

    sm_buf_init(&sql, 1024 * 1024);
    if ((rc = engine_memory(&s, c, &sql, err)) != SM_OK)
        goto done;
    sm_buf_adds(&sql, "SET GLOBAL TimeZone = 'UTC'; SET GLOBAL allowed_directories = ");
    sm_sql_string_list(&sql, c->allowed_directories, c->allowed_count);
    sm_buf_adds(&sql, "; SET GLOBAL allowed_paths = ");
    sm_sql_string_list(&sql, c->allowed_files, c->allowed_file_count);
    sm_buf_adds(&sql, "; SET GLOBAL enable_external_access = false;"
                      " SET GLOBAL lock_configuration = true");
    if ((rc = sm_buf_check(&sql, "list of folders", err)) == SM_OK)
        rc = sm_session_exec(&s, sm_buf_sv(&sql), err);
done:
    sm_buf_release(&sql);
    return rc;
}

sm_code sm_engine_open(const sm_engine_config *config, sm_engine **out, sm_error *err)
{
    sm_engine *e;
    sm_code rc;

    *out = NULL;
    if ((rc = sm_engine__load(config->library, err)) != SM_OK)
        return rc;
    e = sm_xcalloc(1, sizeof *e);
    sm_mutex_init(&e->mu);
    e->arena = sm_arena_new("engine");
    snprintf(e->version, sizeof e->version, "%s", sm_duck.library_version());
    if ((rc = engine_start(e, config, err)) != SM_OK)
        goto done;
    if ((rc = engine_install(e, err)) != SM_OK)
        goto done;
    rc = engine_lock(e, config, err);
done:
    if (rc != SM_OK) {
        sm_engine_close(e);
        return rc;
    }
    *out = e;
    return SM_OK;
}

void sm_engine_close(sm_engine *e)
{
    if (e == NULL)
        return;
    for (sm_engine_type *t = e->types; t != NULL; t = t->next)
        sm_duck.destroy_logical_type(&t->type);
    sm_duck.disconnect(&e->con);
    sm_duck.close(&e->db);
    while (e->entries != NULL)
        sm_engine__unregister(e, e->entries->id);
    sm_arena_free(e->arena);
    sm_mutex_release(&e->mu);
    free(e);
}

const char *sm_engine_version(const sm_engine *e)
{
    return e->version;
}

int64_t sm_engine__register(sm_engine *e, sm_engine_kind kind, void *object)
{
    sm_engine_entry *entry = sm_xcalloc(1, sizeof *entry);

    entry->kind = kind;
    entry->object = object;
    sm_mutex_lock(&e->mu);
    entry->id = ++e->last_id;
    entry->next = e->entries;
    e->entries = entry;
    sm_mutex_unlock(&e->mu);
    return entry->id;
}

void sm_engine__unregister(sm_engine *e, int64_t id)
{
    sm_mutex_lock(&e->mu);
    for (sm_engine_entry **at = &e->entries; *at != NULL; at = &(*at)->next) {
        sm_engine_entry *entry = *at;
        if (entry->id == id) {
            *at = entry->next;
            free(entry);
            break;
        }
    }
    sm_mutex_unlock(&e->mu);
}

void *sm_engine__find(sm_engine *e, sm_engine_kind kind, int64_t id)
{
    void *found = NULL;

    sm_mutex_lock(&e->mu);
    for (const sm_engine_entry *entry = e->entries; entry != NULL; entry = entry->next)
        if (entry->id == id && entry->kind == kind)
            found = entry->object;
    sm_mutex_unlock(&e->mu);
    return found;
}

sm_code sm_engine__cstr(sm_sv text, char **out, sm_error *err)
{
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return sm_fail(err, SM_E_INVALID, 0, "a text with a NUL byte cannot be SQL");
    *out = sm_xmalloc(text.len + 1);
    if (text.len > 0)
        memcpy(*out, text.ptr, text.len);
    (*out)[text.len] = '\0';
    return SM_OK;
}
