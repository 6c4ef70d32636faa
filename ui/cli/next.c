/* SPDX-License-Identifier: Apache-2.0 */
/* next.c -- what to type next, so that it finds what this call found. */
#include <string.h>

#include "ui/cli/cli.h"

static void add_word(sm_buf *b, const char *option, const char *word)
{
    bool plain = word[strcspn(word, " \t\n\"'\\$`&|;<>()*?[]{}~#!")] == '\0' && word[0] != '\0';

    sm_buf_adds(b, option);
    if (plain) {
        sm_buf_adds(b, word);
        return;
    }
    sm_buf_addc(b, '\'');
    for (const char *p = word; *p != '\0'; p++)
        if (*p == '\'')
            sm_buf_adds(b, "'\\''");
        else
            sm_buf_addc(b, *p);
    sm_buf_addc(b, '\'');
}

/* The length of the verb at `text`, when its pipeline is an argument and no option. */
static size_t takes_argument(const char *text)
{
    static const char *const verbs[] = { "run", "validate", "resume" };
    size_t n = strcspn(text, " ");

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strlen(verbs[i]) == n && strncmp(text, verbs[i], n) == 0)
            return n;
    return 0;
}

const char *sm_cli_next(const sm_cli *c, const char *command)
{
    const char *pipeline = sm_cli_get(c, "--pipeline");
    const char *dir = sm_cli_get(c, "--directory"), *target = sm_cli_get(c, "--target");
    const char *server = sm_cli_get(c, "--server"), *token = sm_cli_get(c, "--token-file");
    size_t verb;
    sm_buf b;

    if (strncmp(command, "smelt ", 6) != 0 || strncmp(command, "smelt init ", 11) == 0 ||
        (pipeline == NULL && dir == NULL && target == NULL && server == NULL))
        return command;
    command += 6;
    verb = takes_argument(command);
    sm_buf_init(&b, 64 * 1024);
    sm_buf_adds(&b, "smelt ");
    if (dir != NULL) {
        add_word(&b, "-C ", dir);
        sm_buf_addc(&b, ' ');
    }
    sm_buf_addf(&b, "%.*s", (int)verb, command);
    if (pipeline != NULL && verb > 0)
        add_word(&b, " ", pipeline);
    sm_buf_adds(&b, command + verb);
    if (pipeline != NULL && verb == 0)
        add_word(&b, " -p ", pipeline);
    if (target != NULL)
        add_word(&b, " -t ", target);
    if (server != NULL)
        add_word(&b, " --server ", server);
    if (token != NULL)
        add_word(&b, " --token-file ", token);
    command = sm_arena_cstr(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return command;
}
