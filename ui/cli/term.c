/* SPDX-License-Identifier: Apache-2.0 */
/* term.c -- what a command prints with. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"

static void say(const char *fmt, va_list ap)
{
    sm_buf b, safe;

    sm_buf_init(&b, 64 * 1024);
    sm_buf_init(&safe, 256 * 1024);
    sm_buf_addv(&b, fmt, ap);
    sm_buf_add_safe(&safe, sm_buf_sv(&b));
    fprintf(stderr, "smelt: %s\n", safe.ptr);
    sm_buf_release(&b);
    sm_buf_release(&safe);
}

void sm_cli_say(const sm_cli *c, const char *fmt, ...)
{
    va_list ap;

    (void)c;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

int sm_cli_fail(const sm_cli *c, const sm_error *err, const char *next)
{
    sm_cli_say(c, "%s", err->msg);
    if (next != NULL)
        fprintf(stderr, "Next: %s\n", sm_cli_next(c, next));
    return sm_exit_code(err->code);
}

int sm_cli_usage(const sm_cli *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    if (c->command != NULL)
        fprintf(stderr, "Next: smelt %s -h\n", c->command->name);
    else
        fprintf(stderr, "Next: smelt -h\n");
    return SM_EXIT_USAGE;
}

int sm_cli_out(sm_buf *b)
{
    bool ok = fwrite(b->ptr, 1, b->len, stdout) == b->len && fflush(stdout) == 0;

    if (ok && b->over)
        fprintf(stderr, "smelt: the answer was longer than %zu bytes and is cut\n", b->max);
    sm_buf_release(b);
    return ok ? SM_EXIT_DONE : SM_EXIT_OUTSIDE;
}

int sm_cli_out_json(const sm_cli *c, const sm_json *doc)
{
    sm_sv text = sm_json_dump(doc, SM_JSON_PRETTY, c->a);

    fwrite(text.ptr, 1, text.len, stdout);
    return fputc('\n', stdout) == EOF || fflush(stdout) != 0 ? SM_EXIT_OUTSIDE : SM_EXIT_DONE;
}

bool sm_cli_confirm(const sm_cli *c, const char *what, const char *word)
{
    char answer[256];

    if (c->yes)
        return true;
    if (c->no_input) {
        sm_cli_say(c, "%s; nobody can be asked here: say --yes", what);
        return false;
    }
    fprintf(stderr, "%s.\nType %s to go on: ", what, word);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        return false;
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, word) == 0)
        return true;
    sm_cli_say(c, "not confirmed; nothing was changed");
    return false;
}
