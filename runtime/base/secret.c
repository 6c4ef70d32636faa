/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c -- read from where it is kept, and cleared behind its use. */
#include "runtime/base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/fs.h"

#define MAX_SECRET ((size_t)64 * 1024)

struct sm_secret {
    size_t len;
    char bytes[];
};

static sm_secret *keep(sm_sv value)
{
    sm_secret *s = sm_xcalloc(1, sizeof *s + value.len + 1);

    s->len = value.len;
    if (value.len > 0)
        memcpy(s->bytes, value.ptr, value.len);
    return s;
}

static sm_code read_first_line(int fd, const char *path, sm_secret **out, sm_error *err)
{
    char *buffer = sm_xcalloc(1, MAX_SECRET + 1);
    size_t got = 0;
    sm_code rc = sm_fs_pread(fd, path, buffer, MAX_SECRET, 0, &got, err);
    sm_sv rest = { buffer, got }, line = { buffer, 0 };

    if (rc == SM_OK && sm_sv_next(&rest, '\n', &line) && line.len > 0 &&
        line.ptr[line.len - 1] == '\r')
        line.len--;
    if (rc == SM_OK && line.len == 0)
        rc = sm_fail(err, SM_E_INVALID, 0, "\"%s\" has no secret in its first line", path);
    if (rc == SM_OK)
        *out = keep(line);
    explicit_bzero(buffer, MAX_SECRET);
    free(buffer);
    return rc;
}

sm_code sm_secret_from_file(const char *path, sm_secret **out, sm_error *err)
{
    int fd = -1;
    sm_code rc = sm_fs_open_read(path, &fd, err);

    *out = NULL;
    if (rc != SM_OK)
        return rc;
    rc = read_first_line(fd, path, out, err);
    sm_fs_close(fd);
    return rc;
}

sm_code sm_secret_from_environment(const char *name, sm_secret **out, sm_error *err)
{
    const char *value = getenv(name);

    *out = NULL;
    if (value == NULL)
        return sm_fail(err, SM_E_NOT_FOUND, 0, "the environment has no %s", name);
    if (value[0] == '\0')
        return sm_fail(err, SM_E_INVALID, 0, "%s is empty in the environment", name);
    *out = keep(sm_sv_cstr(value));
    return SM_OK;
}

sm_sv sm_secret_reveal(const sm_secret *s)
{
    return (sm_sv){ s->bytes, s->len };
}

void sm_secret_free(sm_secret *s)
{
    if (s == NULL)
        return;
    explicit_bzero(s->bytes, s->len);
    free(s);
}
