/* SPDX-License-Identifier: Apache-2.0 */
/* args.c -- the command line: words to a command, its options and its arguments. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/base/suggest.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"
#include "ui/cli/help.h"
#include "ui/cli/remote.h"

static const sm_cli_option global_options[] = {
    { "--directory", "-C", "DIR", "work in DIR" },
    { "--target", "-t", "NAME", "work in this target of smelt.yml" },
    { "--var", NULL, "NAME=VALUE", "give a variable a value; repeatable" },
    { "--server", NULL, "URL", "work on the server at URL, not on the files here" },
    { "--token-file", NULL, "F", "with --server: its token is the first line of F" },
    { "--json", NULL, NULL, "print the document as JSON" },
    { "--format", NULL, "F", "text (default) or json" },
    { "--quiet", "-q", NULL, "print only what was asked for" },
    { "--yes", "-y", NULL, "do not ask" },
    { "--no-input", NULL, NULL, "never ask; refuse what would need an answer" },
    { "--debug", NULL, NULL, "log each step on stderr" },
    { "--color", NULL, "WHEN", "auto (default), always or never" },
    { "--help", "-h", NULL, "print this" },
    { NULL, NULL, NULL, NULL },
};

const sm_cli_option *sm_cli_global_options(void)
{
    return global_options;
}

static const sm_cli_option *find_option(const sm_cli_option *list, const char *word, size_t len)
{
    for (; list != NULL && list->name != NULL; list++)
        if ((strlen(list->name) == len && strncmp(list->name, word, len) == 0) ||
            (list->brief != NULL && strlen(list->brief) == len &&
             strncmp(list->brief, word, len) == 0))
            return list;
    return NULL;
}

static const sm_command *find_command(const char *name)
{
    for (const sm_command *const *c = sm_commands(); *c != NULL; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

const char *sm_cli_get(const sm_cli *c, const char *name)
{
    for (size_t i = c->n_options; i > 0; i--)
        if (strcmp(c->options[i - 1].name, name) == 0)
            return c->options[i - 1].value;
    return NULL;
}

bool sm_cli_has(const sm_cli *c, const char *name)
{
    return sm_cli_get(c, name) != NULL;
}

const char *sm_cli_arg(const sm_cli *c, size_t i)
{
    return i < c->n_args ? c->args[i] : NULL;
}

/* The words are compared without their dashes, which are no likeness. */
static void suggest_option(const sm_cli *c, const char *word, sm_buf *b)
{
    const sm_cli_option *lists[2] = { c->command == NULL ? NULL : c->command->options,
                                      global_options };
    const char *bare = word + strspn(word, "-");

    if (c->command == NULL && find_command(bare) != NULL) {
        sm_buf_addf(b, "; did you mean `smelt %s`?", bare);
        return;
    }
    for (size_t k = 0; k < 2; k++)
        for (const sm_cli_option *o = lists[k]; o != NULL && o->name != NULL; o++)
            if (sm_suggest_close(sm_sv_cstr(bare), sm_sv_cstr(o->name + 2))) {
                sm_buf_addf(b, "; did you mean %s?", o->name);
                return;
            }
}

static int unknown_option(const sm_cli *c, const char *word)
{
    sm_buf b;
    int status;

    sm_buf_init(&b, 256);
    suggest_option(c, word, &b);
    status = sm_cli_usage(c, "there is no option %s%s", word, b.ptr);
    sm_buf_release(&b);
    return status;
}

/* One option at argv[*i]; moves *i over its value. 0 or an exit status. */
static int take_option(sm_cli *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t len = equals != NULL && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
    const sm_cli_option *o =
        c->command == NULL ? NULL : find_option(c->command->options, word, len);
    const char *value = "";

    if (o == NULL)
        o = find_option(global_options, word, len);
    if (o == NULL)
        return unknown_option(c, word);
    if (o->value == NULL && word[len] == '=')
        return sm_cli_usage(c, "%s takes no value", o->name);
    if (o->value != NULL && word[len] == '=')
        value = word + len + 1;
    else if (o->value != NULL && *i + 1 < argc)
        value = argv[++*i];
    else if (o->value != NULL)
        return sm_cli_usage(c, "%s needs a value: %s %s", o->name, o->name, o->value);
    if (c->n_options == SM_CLI_MAX_OPTIONS)
        return sm_cli_usage(c, "too many options");
    c->options[c->n_options].name = o->name;
    c->options[c->n_options++].value = value;
    return 0;
}

static int unknown_command(const sm_cli *c, const char *word)
{
    const char *close = NULL;
    size_t best = SIZE_MAX;

    for (const sm_command *const *k = sm_commands(); *k != NULL; k++) {
        size_t d = sm_edit_distance(sm_sv_cstr(word), sm_sv_cstr((*k)->name));

        if (d < best && sm_suggest_close(sm_sv_cstr(word), sm_sv_cstr((*k)->name))) {
            best = d;
            close = (*k)->name;
        }
    }
    if (close != NULL)
        return sm_cli_usage(c, "there is no command \"%s\"; did you mean `smelt %s`?", word, close);
    return sm_cli_usage(c, "there is no command \"%s\"", word);
}

static int parse(sm_cli *c, int argc, char **argv)
{
    bool only_args = false;

    for (int i = 1; i < argc; i++) {
        int status;

        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && argv[i][0] == '-' && argv[i][1] != '\0') {
            if ((status = take_option(c, argc, argv, &i)) != 0)
                return status;
        } else if (c->command == NULL) {
            if ((c->command = find_command(argv[i])) == NULL)
                return unknown_command(c, argv[i]);
        } else if (c->n_args == SM_CLI_MAX_ARGS) {
            return sm_cli_usage(c, "too many arguments");
        } else {
            c->args[c->n_args++] = argv[i];
        }
    }
    return 0;
}

int sm_cli_settle_pipeline(sm_cli *c)
{
    const char *named = sm_cli_get(c, "--pipeline");

    if (named != NULL && c->n_args > 0)
        return sm_cli_usage(c, "name the pipeline once: \"%s\", or -p %s", c->args[0], named);
    if (named != NULL)
        c->args[c->n_args++] = named;
    else if (c->n_args == 1 && c->n_options < SM_CLI_MAX_OPTIONS) {
        c->options[c->n_options].name = "--pipeline";
        c->options[c->n_options++].value = c->args[0];
    }
    return SM_EXIT_DONE;
}

sm_cli *sm_cli_for_pipeline(const sm_cli *c, const char *name)
{
    sm_cli *one = SM_NEW(c->a, sm_cli);

    *one = *c;
    if (one->n_options == SM_CLI_MAX_OPTIONS)
        one->n_options--;
    one->options[one->n_options].name = "--pipeline";
    one->options[one->n_options++].value = name;
    return one;
}

static bool wants_color(const sm_cli *c, int fd)
{
    const char *when = sm_cli_get(c, "--color"), *term = getenv("TERM");
    const char *force = getenv("FORCE_COLOR"), *no = getenv("NO_COLOR");

    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (no != NULL && no[0] != '\0')
        return false;
    if (force != NULL && force[0] != '\0')
        return true;
    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

/* Each --var is NAME=VALUE, as text that a file could hold. */
static int check_vars(const sm_cli *c)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const char *value = c->options[i].value;
        sm_sv text = sm_sv_cstr(value);
        size_t at = 0, n;

        if (strcmp(c->options[i].name, "--var") != 0)
            continue;
        if (value[0] == '=' || strchr(value, '=') == NULL)
            return sm_cli_usage(c, "--var takes NAME=VALUE");
        while (at < text.len && (n = sm_utf8_len(text, at)) > 0)
            at += n;
        if (at < text.len)
            return sm_cli_usage(c, "the value of --var is not UTF-8");
    }
    return 0;
}

/* The global options, once the line is read. 0 or an exit status. */
static int apply_globals(sm_cli *c)
{
    const char *format = sm_cli_get(c, "--format"), *dir = sm_cli_get(c, "--directory");
    const char *color = sm_cli_get(c, "--color"), *term = getenv("TERM");

    if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "text") != 0 &&
        (c->command == NULL || find_option(c->command->options, "--format", 8) == NULL))
        return sm_cli_usage(c, "--format %s is not supported yet; say text or json", format);
    if (color != NULL && strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 &&
        strcmp(color, "never") != 0)
        return sm_cli_usage(c, "--color is auto, always or never");
    c->json = sm_cli_has(c, "--json") || (format != NULL && strcmp(format, "json") == 0);
    c->quiet = sm_cli_has(c, "--quiet");
    c->yes = sm_cli_has(c, "--yes");
    c->no_input = sm_cli_has(c, "--no-input") || !isatty(STDIN_FILENO);
    c->debug = sm_cli_has(c, "--debug");
    c->dry_run = sm_cli_has(c, "--dry-run");
    c->color = wants_color(c, STDOUT_FILENO);
    c->color_err = wants_color(c, STDERR_FILENO);
    c->tty = isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    if (check_vars(c) != 0)
        return SM_EXIT_USAGE;
    if (c->debug)
        sm_log_set_level(SM_LOG_DEBUG);
    if (dir != NULL && chdir(dir) != 0)
        return sm_cli_usage(c, "cannot work in \"%s\": there is no such folder", dir);
    return 0;
}

int sm_cli_main(int argc, char **argv)
{
    sm_cli c = { .a = sm_arena_new("command") };
    int status = parse(&c, argc, argv);

    if (status == 0 && c.command != NULL && c.command->names_pipeline)
        status = sm_cli_settle_pipeline(&c);
    if (status == 0)
        status = apply_globals(&c);
    if (status != 0)
        goto done;
    if (c.command == NULL || sm_cli_has(&c, "--help"))
        status = c.command == NULL ? sm_help_all(&c) : sm_help_command(&c, c.command);
    else if (sm_cli_has(&c, "--server"))
        status = sm_remote_exec(&c);
    else if (sm_cli_has(&c, "--token-file"))
        status = sm_cli_usage(&c, "--token-file goes with --server");
    else
        status = c.command->exec(&c);
done:
    sm_arena_free(c.a);
    return status;
}
